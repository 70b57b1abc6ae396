"""Rules for whole boxes: a cover of the box by leaves, each with its own bound (THEORY S1, S2, T0)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from . import limits
from .budget import Budget, interval_work, rational_work
from .cells import boundary_denominator, code_between, just_above, just_below
from .derivation import Derivation, Share
from .failures import LeafFailure, Rejection
from .formats import NAN, Exact, Float, Int, Value, finite, is_finite, size_of
from .jsonvalues import listed
from .measure import Measure, Span, neighbours
from .preconditions import Preconditions
from .question import Box, Program, Question
from .roundoff import Roundoff
from .run import run
from .splits import leaves
from .tape import Interval, Tape
from .truths import FALSE, TRUE


@dataclass(frozen=True, slots=True)
class LeafBound:
    """A bound of the measure on a leaf, the statement that proves it, its shares, and a lower bound of |f| there (0 if not needed).

    The shares are worked out only where they are shown; None where there are none.
    """

    value: Fraction
    label: str
    shares: Callable[[], tuple[Share, ...]] | None = None
    size: Fraction = Fraction(0)


SKIPPED = LeafBound(Fraction(0), "")
"""The bound of a leaf on which a precondition is false."""


def combine(bounds: Iterable[LeafBound]) -> Derivation:
    """The largest bound, all the labels, and the shares of the hardest leaf that has some; a Rejection if every leaf is skipped."""
    worst, kinds, count = Fraction(0), set(), 0
    hardest: LeafBound | None = None
    for bound in bounds:
        count += 1
        kinds.add(bound.label)
        worst = max(worst, bound.value)
        if bound.shares and (hardest is None or bound.value > hardest.value):
            hardest = bound
    kinds.discard(SKIPPED.label)
    if not kinds:
        raise Rejection("the preconditions hold nowhere on the cover")
    facts = {"size": hardest.size} if hardest else {}
    return Derivation(worst, "+".join(sorted(kinds)), facts, hardest.shares() if hardest and hardest.shares else (), count)


class Cover:
    """Bounds the error of the program (`ideal` false) or of the best algorithm (`ideal` true) leaf by leaf."""

    def __init__(self, question: Question, precision: int, pieces: int, budget: Budget, *, ideal: bool) -> None:
        if question.program is None:
            raise Rejection("this bound needs the instances of the formats with free scale")
        self.question, self.ideal, self.pieces, self.budget = question, ideal, pieces, budget
        self.program: Program = question.program
        self.tape = Tape(question.nodes, precision, budget)
        self.conditions = Preconditions(question, precision, budget)
        self.measure = Measure(question.is_relative, question.relative)
        self._scale = 1 << precision
        self._answers: dict[tuple[Value, ...], Value] = {}
        self.roundoff = Roundoff(question, self.program, self.tape, budget)
        rounded = [fmt for fmt in self.program.inputs.values() if not isinstance(fmt, Exact)]
        self._finest = max((boundary_denominator(fmt).bit_length() for fmt in rounded), default=1)

    def derive(self, splits: Any) -> Derivation:
        """The largest bound over all leaves of the cover."""
        listed(splits, "cover.splits", 1, 2 * limits.MAX_LEAVES)
        self.budget.demand(splits.count(0) * (self.tape.work + self._cell_work(self._finest)))
        return combine(self.leaf_bound(leaf) for leaf in leaves(self.question, splits, self.budget))

    def _cell_work(self, bits: int) -> int:
        """What it takes to find the codes of a leaf."""
        return 8 * len(self.question.box) * rational_work(bits)

    def leaf_bound(self, leaf: Box) -> LeafBound:
        """A bound of the measure on one leaf, SKIPPED where no point of it counts; LeafFailure where none can be derived."""
        if self.conditions.fail(leaf):
            return SKIPPED
        parts = self._cells(leaf) if self.ideal or not self.question.accuracy else None
        if parts is None:
            return self._ideal(leaf) if self.ideal else self._program(leaf)
        of_cell = self._cell_floor if self.ideal else self._cell_error
        return LeafBound(max(of_cell(part, codes) for part, codes in parts), "T0")

    def _bound(self, leaf: Box, label: str, total: Fraction, shares: Callable[[], tuple[Share, ...]]) -> LeafBound:
        """Turn the absolute error, the sum of the shares, into the measure."""
        f = (Fraction(0), Fraction(0))
        if self.question.relative:
            f = self._to_span(self.tape.ranges(self.tape.box(leaf))[-1])
        size = Fraction(0) if f[0] <= 0 <= f[1] else min(abs(f[0]), abs(f[1]))
        return LeafBound(self.measure.of_error(total, size), label, shares if total else None, size)

    # T0: one cell

    def _cells(self, leaf: Box) -> list[tuple[Box, dict[str, Value]]] | None:
        """A leaf inside one cell with its codes, and those of its faces that have other codes; None where it spans several cells.

        A leaf is closed, and its ends may round to a neighbouring code. Inside the box the neighbouring leaf answers for them. On the
        border of the box there is none, and a code may be that of one real alone (+0 in mode `up`): such a face is a leaf of its own.
        """
        longest = max((size_of(lo) + size_of(hi) for lo, hi in leaf.values()), default=0)
        self.budget.spend(self._cell_work(longest + self._finest))
        codes = self._codes(leaf)
        if codes is None:
            return None
        parts = [(leaf, codes)]
        for name, (lo, hi) in leaf.items():
            for end in {lo, hi} if lo < hi else ():
                if self._is_answered(name, end, codes[name]):
                    continue
                face = self._cells(leaf | {name: (end, end)})
                if face is None:
                    return None
                parts += face
        return parts

    def _codes(self, leaf: Box) -> dict[str, Value] | None:
        """The input codes of the inside of a leaf, None where there are several."""
        codes: dict[str, Value] = {}
        for name, (lo, hi) in leaf.items():
            fmt = self.program.inputs[name]
            if isinstance(fmt, Exact) or name in self.question.arrivals:
                return None
            code = code_between(fmt, lo, hi)
            if code is None or (code == NAN and not self.ideal):
                return None
            if self.ideal and not self.question.representable and not self._is_whole_cell(fmt, leaf, name, code):
                return None
            codes[name] = code
        return codes

    def _is_answered(self, name: str, end: Fraction, code: Value) -> bool:
        """Whether an end of the leaf has the leaf's code, or that of a leaf on its other side."""
        fmt = self.program.inputs[name]
        own = fmt.round(end)
        return own == code or (end not in self.question.box[name] and own in (just_below(fmt, end), just_above(fmt, end)))

    def _is_whole_cell(self, fmt: Float | Int, leaf: Box, name: str, code: Value) -> bool:
        """Whether nothing of the box outside the leaf has this code, so that the answer is chosen for the whole cell."""
        (lo, hi), (left, right) = leaf[name], self.question.box[name]
        ends_left = lo == left or (just_below(fmt, lo) != code)
        ends_right = hi == right or (just_above(fmt, hi) != code)
        if code == NAN and left < 0 < right and NAN in (fmt.round(left), fmt.round(right)):
            return False
        return ends_left and ends_right

    def _cell_error(self, leaf: Box, codes: dict[str, Value]) -> Fraction:
        """T0 for the program: its one answer on these codes against f on the leaf."""
        place = self._representable_place(leaf, codes)
        if place is None:
            return Fraction(0)
        key = tuple(codes.values())
        if key not in self._answers:
            self._answers[key] = run(self.question.nodes, self.program, codes, self.budget)
        answer = self._answers[key]
        if not is_finite(answer):
            raise LeafFailure("the program ends in an infinity or NaN")
        return self.measure.at_most(finite(answer), self.span(place))

    def _cell_floor(self, leaf: Box, codes: dict[str, Value]) -> Fraction:
        """T0 for the best algorithm: one answer for the whole cell."""
        place = self._representable_place(leaf, codes)
        if place is None:
            return Fraction(0)
        f = self.span(place)
        z = self.measure.best_pair((f[0], f[0]), (f[1], f[1]))
        return min(self.measure.at_most(c, f) for c in neighbours(self.program.output, z))

    def _representable_place(self, leaf: Box, codes: dict[str, Value]) -> Box | None:
        """Where f counts on a leaf inside one cell: the leaf; with representable inputs the code itself, None if it lies outside."""
        if not self.question.representable:
            return leaf
        place: Box = {}
        for name, code in codes.items():
            if not is_finite(code) or not leaf[name][0] <= finite(code) <= leaf[name][1]:
                return None
            place[name] = (finite(code), finite(code))
        return place

    # The range of f on a leaf

    def span(self, box: Box) -> Span:
        """An enclosure of f on a box: at two corners where f is monotone in every input, else over parts of the box."""
        parts = self._monotone_parts(box, self.pieces)
        return Fraction(min(lo for lo, _ in parts), self._scale), Fraction(max(hi for _, hi in parts), self._scale)

    def _monotone_parts(self, box: Box, pieces: int) -> list[Interval]:
        wide = [name for name, (lo, hi) in box.items() if lo < hi]
        try:
            return self._enclose(box, wide, is_last=pieces == 1)
        except LeafFailure:
            if pieces == 1 or not wide:
                raise
        name = max(wide, key=lambda n: box[n][1] - box[n][0])
        lo, hi = box[name]
        middle = (lo + hi) / 2
        halves = (box | {name: (lo, middle)}, box | {name: (middle, hi)})
        shares = (pieces // 2, pieces - pieces // 2)
        return [part for half, share in zip(halves, shares, strict=True) for part in self._monotone_parts(half, share)]

    def _enclose(self, box: Box, wide: list[str], *, is_last: bool) -> list[Interval]:
        """f on a box in one evaluation; LeafFailure where it is not defined, or not monotone while the box may still be cut."""
        values = self.tape.ranges(self.tape.box(box))
        natural = values[-1]
        if not wide:
            return [natural]
        slopes = self._slopes_by_input(values)
        if slopes is None:
            if not is_last:
                raise LeafFailure("the slopes of f are not bounded")
            return [natural]
        low, high, is_monotone = self._pinned(box, slopes)
        if not is_monotone and not is_last:
            raise LeafFailure("f is not monotone")
        lo = max(self.tape.ranges(self.tape.box(low))[-1][0], natural[0])
        hi = min(self.tape.ranges(self.tape.box(high))[-1][1], natural[1])
        if is_monotone:
            return [(lo, hi)]
        mean = self._mean_value(box, slopes)
        return [(max(lo, mean[0]), min(hi, mean[1]))]

    def _slopes_by_input(self, values: list[Interval]) -> dict[str, Interval] | None:
        """The enclosures of the partial derivatives, None where they are not bounded."""
        try:
            slopes = self.tape.slopes(values)
        except LeafFailure:
            return None
        return self._by_input(slopes)

    def _by_input(self, slopes: list[Interval]) -> dict[str, Interval]:
        """The slopes by inputs; an input may have several nodes, in several formats."""
        total: dict[str, Interval] = {}
        for node, slope in zip(self.question.nodes, slopes, strict=True):
            if node.op == "var":
                name = str(node.payload)
                total[name] = self.tape.fixed.add(total.get(name, self.tape.zero), slope)
        return total

    def _pinned(self, box: Box, slopes: dict[str, Interval]) -> tuple[Box, Box, bool]:
        """The faces where f is least and largest, as far as the signs of the slopes tell, and whether they tell it for every input."""
        low, high, is_monotone = dict(box), dict(box), True
        for name, slope in slopes.items():
            lo, hi = box[name]
            if slope[0] >= 0:
                low[name], high[name] = (lo, lo), (hi, hi)
            elif slope[1] <= 0:
                low[name], high[name] = (hi, hi), (lo, lo)
            elif lo < hi:
                is_monotone = False
        return low, high, is_monotone

    def _mean_value(self, box: Box, slopes: dict[str, Interval]) -> Interval:
        """The mean value theorem from the middle of the box: |f(x) - f(c)| <= sum of sup|d_i f| |x_i - c_i|."""
        middle = {name: ((lo + hi) / 2, (lo + hi) / 2) for name, (lo, hi) in box.items()}
        centre = self.tape.ranges(self.tape.box(middle))[-1]
        reach = sum((max(-slope[0], slope[1]) * (box[name][1] - box[name][0]) / 2 for name, slope in slopes.items()), Fraction(0))
        radius = -(-reach.numerator // reach.denominator)
        return centre[0] - radius, centre[1] + radius

    # S1: the program on a leaf

    def _program(self, leaf: Box) -> LeafBound:
        """S1: sum over roundings of (largest error there) x (largest slope from there), ranges taken over all such errors."""
        bits, unit_bits = self.tape.fixed.bits, self.roundoff.unit_bits
        self.budget.spend(self.tape.work + 4 * len(self.question.nodes) * interval_work("add", unit_bits))
        held, errors = self.roundoff.errors(leaf)
        widening = [None if error is None else -(-error >> unit_bits - bits) for error in errors]
        values, jumps = self.tape.widened(self.tape.box(leaf), [(value.lo, value.hi) for value in held], widening)
        moved = self._moved(errors, jumps)
        worst: tuple[int, list[tuple[str, int, int]]] = (-1, [])
        for outcome in self._outcomes(values, jumps):
            slopes = [max(-lo, hi) for lo, hi in self.tape.slopes(outcome, moved)]
            rounded = zip(errors[:-1], slopes, strict=True)
            terms = [(f"node_{k}", error, slope) for k, (error, slope) in enumerate(rounded) if error and slope]
            terms += [(f"branch_{k}", jump << unit_bits - bits, slopes[k]) for k, jump in jumps.items()]
            if errors[-1]:
                terms.append(("output", errors[-1], self._scale))
            worst = max(worst, (sum(error * slope for _, error, slope in terms), terms), key=lambda found: found[0])
        total, terms = worst
        return self._bound(leaf, "S1", Fraction(total, 1 << unit_bits + bits), lambda: self._shares(terms))

    def _moved(self, errors: list[int | None], jumps: dict[int, int]) -> list[bool]:
        """Whether an error reaches a node, its own or that of an operand."""
        moved: list[bool] = []
        for k, node in enumerate(self.question.nodes):
            moved.append(errors[k] != 0 or k in jumps or any(moved[a] for a in node.args))
        return moved

    def _outcomes(self, values: list[Interval], jumps: dict[int, int]) -> Iterator[list[Interval]]:
        """The enclosures under each way that the program may take through conditions that are not decided."""
        tests = sorted({self.question.nodes[k].args[0] for k in jumps})
        if len(tests) > limits.MAX_OPEN_CONDITIONS:
            raise LeafFailure(f"more than {limits.MAX_OPEN_CONDITIONS} conditions are open on one leaf")
        for outcome in product((TRUE, FALSE), repeat=len(tests)):
            decided = list(values)
            for test, truth in zip(tests, outcome, strict=True):
                decided[test] = truth
            yield decided

    def _shares(self, terms: list[tuple[str, int, int]]) -> tuple[Share, ...]:
        """Error and slope of every rounding that has a part in the bound."""
        unit = 1 << self.roundoff.unit_bits
        return tuple(Share(name, Fraction(error, unit), Fraction(slope, self._scale)) for name, error, slope in terms if error and slope)

    # S2: the best algorithm on a leaf

    def _ideal(self, leaf: Box) -> LeafBound:
        """S2: answer the output number nearest to f at the rounded input, pulled back into the box."""
        reach: Box = {}
        moves: dict[str, Fraction] = {}
        for name, (lo, hi) in leaf.items():
            left, right = self.question.box[name]
            moves[name] = self.roundoff.input_error(name, leaf)
            reach[name] = max(left, lo - moves[name]), min(right, hi + moves[name])
        values = self.tape.values(self.tape.box(reach))
        slopes = self.tape.slopes(values) if any(moves.values()) else [self.tape.zero] * len(values)
        shares = [Share(f"input_{name}", moves[name], self._size(slope)) for name, slope in self._by_input(slopes).items() if moves[name]]
        gap = self.program.output.gap(*self._to_span(values[-1]))
        if gap is None:
            raise LeafFailure("f leaves the range of the output format")
        if gap:
            shares.append(Share("output", gap, Fraction(1)))
        kept = tuple(share for share in shares if share.slope)
        return self._bound(leaf, "S2", sum((share.rounding * share.slope for share in kept), Fraction(0)), lambda: kept)

    def _size(self, slope: Interval) -> Fraction:
        """The largest magnitude of a slope."""
        return Fraction(max(-slope[0], slope[1]), self._scale)

    def _to_span(self, interval: Interval) -> Span:
        return Fraction(interval[0], self._scale), Fraction(interval[1], self._scale)
