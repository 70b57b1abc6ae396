"""Best-first branch and bound: the largest value of an expression on a box, enclosed from both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from random import Random

from flint import ctx

from suffice.encodings.enclosures.arb import WORKING_BITS
from suffice.encodings.enclosures.conditions import EmptyError
from suffice.encodings.enclosures.derivatives import gradient, zero_expression
from suffice.encodings.enclosures.exact import holds, point_values
from suffice.encodings.enclosures.kinks import has_choice
from suffice.encodings.enclosures.spans import Span, UndefinedError, interval_of, span_of
from suffice.encodings.enclosures.tape import Tape, join
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval

Piece = dict[str, tuple[Fraction, Fraction]]
Point = dict[str, Fraction]

DEEPEST = 48
"""A piece without any upper bound is given up after this many halvings."""

GAP = Fraction(1, 1 << 30)
"""The search ends when its two bounds agree to this part of their size or of the largest value met."""


SCATTERED = 256
"""Points that are tried at first where preconditions say which count."""

CLIMBS = 24
"""How often the step of the final ascent is halved."""

CLIMB_WORK = 1_000_000
"""Nodes that the final ascent evaluates at most."""

LARGEST_WITH_SLOPES = 10_000
"""Expressions of more nodes are searched without their slopes."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What is searched: the value alone, and the value followed by its partial derivatives in the order of `variables`.

    The domain must have been checked. `value` may take generalised derivatives at kinks; `with_slopes` and `at_points` never do. Only
    `value` makes use of the preconditions, whose own tape is `counting`: a segment between two points that count may leave them. An
    expression with an `if`, or a very long one, has no slopes (None).
    """

    variables: tuple[str, ...]
    value: Tape
    with_slopes: Tape | None
    at_points: Tape
    counting: Tape | None


def objective(
    expression: Expression, *, kinks: bool = False, guards: Sequence[Expression] = (), preconditions: Sequence[Expression] = ()
) -> Objective:
    """An objective from an expression.

    `kinks`: generalised derivatives at a kink (see tape.join) count as values of the expression. `guards`: expressions that must be
    defined as well on a piece, or there is no bound on it: the smoothness that simplified derivatives no longer show. Only points count at
    which all `preconditions` are true.
    """
    variables = tuple(sorted({name for part in (expression, *guards, *preconditions) for name in part.variables}))
    return Objective(
        variables,
        join([expression, *guards], defined=True, kinks=kinks, assuming=preconditions),
        None if has_choice(expression) or len(expression.nodes) > LARGEST_WITH_SLOPES else _with_slopes(expression, variables, guards),
        join([expression, *guards], defined=True),
        join(preconditions) if preconditions else None,
    )


def _with_slopes(expression: Expression, variables: Sequence[str], guards: Sequence[Expression]) -> Tape:
    slopes, zero = gradient(expression), zero_expression()
    return join([expression, *(slopes.get(name, zero) for name in variables), *guards], defined=True)


@dataclass(frozen=True, slots=True)
class Supremum:
    """lower <= supremum <= upper, and `point` (with every input of the box) attains at least `lower`.

    None: no point could be evaluated, or no upper bound found.
    """

    lower: Fraction | None
    upper: Fraction | None
    point: Point | None


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A piece, an upper bound of the value on it, and how much each side adds to the spread."""

    piece: Piece
    upper: Fraction | None
    spread: dict[str, Fraction]
    depth: int


class Search:
    """One search for the maximum of an objective, or with `flipped` for that of minus the objective.

    The upper bound of a piece is the least of the natural interval extension, the mean value form about the midpoint, and, where a
    partial derivative keeps its sign, the same on the face where the maximum then lies. `exact` evaluates points in rationals
    where possible (slower), for questions that hang on one exact zero.
    """

    __slots__ = ("_best", "_best_point", "_box", "_elsewhere", "_exact", "_flipped", "_heap", "_pushed", "_scale", "_target", "_unbounded")

    def __init__(self, target: Objective, box: Box, *, flipped: bool = False, exact: bool = False) -> None:
        self._target, self._flipped, self._exact = target, flipped, exact
        self._box: Piece = {name: (box[name].lo, box[name].hi) for name in target.variables}
        self._elsewhere: Point = {name: side.lo for name, side in box.items()}
        self._heap: list[tuple[Fraction, int, _Bounded]] = []
        self._unbounded: list[_Bounded] = []
        self._pushed = 0
        self._best: Fraction | None = None
        self._best_point: Point | None = None
        self._scale = Fraction(0)

    def run(self, budget: int, enough: Callable[[Supremum], bool] = lambda _: False) -> Supremum:
        """Refines until the bounds agree, `enough` holds, the budget of pieces is spent, or a piece is given up."""
        with ctx.workprec(WORKING_BITS):
            if self._target.counting is not None:
                self._scatter()
            self._add(self._box, 0)
            while self._pushed < budget and not self._is_tight() and not enough(self.supremum()):
                if not self._unbounded and not self._heap:
                    break
                worst = self._unbounded.pop() if self._unbounded else heappop(self._heap)[2]
                side = _widest(worst, self._box)
                if side is None or (worst.upper is None and worst.depth >= DEEPEST):
                    self._push(worst)
                    break
                lo, hi = worst.piece[side]
                middle = (lo + hi) / 2
                self._add(worst.piece | {side: (lo, middle)}, worst.depth + 1)
                self._add(worst.piece | {side: (middle, hi)}, worst.depth + 1)
            if not self._is_tight():
                self._climb()
        return self.supremum()

    def _scatter(self) -> None:
        """Looks for points that count, anywhere in the box."""
        random = Random(0)
        for _ in range(SCATTERED):
            steps = {name: Fraction(random.randrange(1 << 16), 1 << 16) for name in self._box}
            self._sample({name: lo + (hi - lo) * steps[name] for name, (lo, hi) in self._box.items()})

    def _climb(self) -> None:
        """Improves the best point by steps along the sides, halved when none of them helps."""
        rounds = CLIMB_WORK // (2 * len(self._box) * len(self._target.at_points.nodes) or 1)
        for halvings in range(3, 3 + min(CLIMBS, rounds)):
            if self._best_point is None:
                return
            for name, (lo, hi) in self._box.items():
                for step in ((hi - lo) / 2**halvings, (lo - hi) / 2**halvings):
                    self._sample({**self._best_point, name: min(max(self._best_point[name] + step, lo), hi)})

    def supremum(self) -> Supremum:
        """What is known now."""
        upper = None if self._unbounded or not self._heap else self._heap[0][2].upper
        point = None if self._best_point is None else {**self._elsewhere, **self._best_point}
        return Supremum(self._best, upper, point)

    def _is_tight(self) -> bool:
        known = self.supremum()
        if known.upper is None or known.lower is None:
            return False
        return known.upper - known.lower <= GAP * max(abs(known.upper), self._scale)

    def _push(self, bounded: _Bounded) -> None:
        self._pushed += 1
        if bounded.upper is None:
            self._unbounded.append(bounded)
        else:
            heappush(self._heap, (-bounded.upper, self._pushed, bounded))

    def _add(self, piece: Piece, depth: int) -> None:
        """Bounds a piece, unless no point of it counts; a face on which a maximum would lie need not count, so it is not turned to then."""
        try:
            among_counting = self._natural(piece) if self._target.counting is not None else None
        except EmptyError:
            return
        upper, slopes = self._bound(piece)
        if self._target.counting is None:
            while (face := _highest_face(piece, slopes)) is not piece:
                piece = face
                upper, slopes = self._bound(piece)
        middle = {name: (lo + hi) / 2 for name, (lo, hi) in piece.items()}
        centre = self._sample(middle)
        spread = {name: max(abs(slope.lo), abs(slope.hi)) * (piece[name][1] - piece[name][0]) / 2 for name, slope in slopes.items()}
        if centre is not None and (slopes or piece_is_point(piece)):
            mean_value = centre.hi + sum(spread.values(), Fraction(0))
            upper = mean_value if upper is None else min(upper, mean_value)
        if among_counting is not None:
            upper = among_counting if upper is None else min(upper, among_counting)
        self._push(_Bounded(piece, upper, spread, depth))

    def _bound(self, piece: Piece) -> tuple[Fraction | None, dict[str, Interval]]:
        """An upper bound on the piece, and enclosures of the partial derivatives on it (none where one is not defined)."""
        box = {name: span_of(lo, hi) for name, (lo, hi) in piece.items()}
        if self._target.with_slopes is not None:
            try:
                spans = self._target.with_slopes.evaluate_roots(box)
                value, *slopes = (self._oriented(interval_of(span)) for span in spans[: 1 + len(box)])
                return value.hi, dict(zip(self._target.variables, slopes, strict=True))
            except UndefinedError:
                pass
        return (None if self._target.counting is not None else self._natural(piece)), {}

    def _natural(self, piece: Piece) -> Fraction | None:
        """An upper bound for the points that count, by interval extension alone; raises EmptyError where none counts."""
        box = {name: span_of(lo, hi) for name, (lo, hi) in piece.items()}
        try:
            return self._oriented(interval_of(self._target.value.evaluate_roots(box)[0])).hi
        except UndefinedError:
            return None

    def _sample(self, point: Point) -> Interval | None:
        """The value at a point, which may become the best one if it counts."""
        try:
            value = self._oriented(self._at(point))
        except UndefinedError:
            return None
        self._scale = max(self._scale, abs(value.lo))
        if (self._best is None or value.lo > self._best) and self._counts(point):
            self._best, self._best_point = value.lo, point
        return value

    def _counts(self, point: Point) -> bool:
        return self._target.counting is None or holds(self._target.counting, point)

    def _at(self, point: Point) -> Interval:
        tape = self._target.at_points
        value: Fraction | Span | None
        if self._exact:
            value = point_values(tape, point)[tape.roots[0]]
        else:
            value = tape.evaluate_roots({name: span_of(x, x) for name, x in point.items()})[0]
        assert value is not None
        return Interval(value, value) if isinstance(value, Fraction) else interval_of(value)

    def _oriented(self, value: Interval) -> Interval:
        return Interval(-value.hi, -value.lo) if self._flipped else value


def piece_is_point(piece: Piece) -> bool:
    """Whether no side has any width."""
    return all(lo == hi for lo, hi in piece.values())


def _highest_face(piece: Piece, slopes: Mapping[str, Interval]) -> Piece:
    """The part of the piece where a maximum lies, given the signs of the partial derivatives on it."""
    face = piece
    for name, slope in slopes.items():
        lo, hi = piece[name]
        if lo < hi and slope.lo >= 0:
            face = face | {name: (hi, hi)}
        elif lo < hi and slope.hi <= 0:
            face = face | {name: (lo, lo)}
    return face


def _widest(bounded: _Bounded, box: Piece) -> str | None:
    """The side to cut: the one that adds most to the spread, else the one widest relative to the box."""
    sides = {name: hi - lo for name, (lo, hi) in bounded.piece.items() if hi > lo}
    if not sides:
        return None
    if any(bounded.spread.get(name) for name in sides):
        return max(sides, key=lambda name: bounded.spread[name])
    return max(sides, key=lambda name: sides[name] / (box[name][1] - box[name][0]))
