"""An error bound of the program for every size of a fold (THEORY S1; docs/theory.md, Families: F8)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from .. import limits
from ..budget import Budget, interval_work
from ..checking import read_pieces, read_precision
from ..cover import Cover, LeafBound, combine
from ..derivation import Derivation
from ..failures import Rejection
from ..formats import Exact, Float, Format
from ..grid import grid
from ..held import UNKNOWN, Held, hull, magnitude
from ..jsonvalues import fields, listed
from ..question import Arrival, Box, Node, Program, Question
from ..splits import leaves
from ..tape import Interval
from .asking import definite_program, hulls, preparing_work, unrounded
from .fold_points import read_ends
from .regions import Family, Region, names_in
from .steps import check_sums, fold_of

_STEP_OPERATIONS = 16
"""Operations on numbers in fixed point that one step takes, about."""


class Reach(NamedTuple):
    """A quantity over a box: the real values, what runs hold, and a bound of the distance (in finer units, as roundoff.py)."""

    real: Interval
    held: Held
    error: int


def fold_cover(family: Family, region: Region, budget: Budget) -> Derivation:
    """The largest error of the program over all sizes and parameters of the region."""
    check_sums(family)
    _, start, term, blocks, pieces, precision = fields(
        region.claim.evidence, "evidence", "kind", "start", "term", "blocks", "pieces", "precision"
    )
    if region.greatest is not None and region.greatest > limits.MAX_STEPS:
        raise Rejection(f"a fold_cover follows at most {limits.MAX_STEPS} steps")
    pairs = [listed(block, "evidence.blocks", 2, 2) for block in listed(blocks, "evidence.blocks", 1, limits.MAX_BLOCKS)]
    ranges = read_ends([last for last, _ in pairs], region, "evidence.blocks")
    work = FoldCover(family, region, read_precision(precision), read_pieces(pieces), budget)
    states = work.states(work.start(start), work.term(term), ranges)
    return combine(
        bound for sizes, state, (_, splits) in zip(ranges, states, pairs, strict=True) for bound in work.values(sizes, state, splits)
    )


class FoldCover:
    """The three covers of a fold, and the steps between them."""

    def __init__(self, family: Family, region: Region, precision: int, pieces: int, budget: Budget) -> None:
        self.family, self.region, self.fold = family, region, fold_of(family)
        self.precision, self.pieces, self.budget = precision, pieces, budget
        self.program = definite_program(family)
        first, second = len(family.nodes), len(family.nodes) + len(self.fold.start)
        self._formats = self.program.nodes[:first], self.program.nodes[first:second], self.program.nodes[second:]
        accumulate = self.fold.accumulate
        self._guard = 64 + (accumulate.p if isinstance(accumulate, Float) else 0)
        self._grid = grid(accumulate, precision, self._guard)

    def start(self, splits: Any) -> Reach:
        """The state before the first step, rounded to the format of states."""
        real, held, error = self._reach(self.fold.start, self._formats[1], self.fold.accumulate, splits)
        return Reach(real, self._grid.round(held)[0], error)

    def term(self, splits: Any) -> Reach:
        """What one step adds."""
        return self._reach(self.fold.term, self._formats[2], Exact(), splits)

    def _reach(self, nodes: tuple[Node, ...], formats: tuple[Format, ...], output: Format, splits: Any) -> Reach:
        """A part of the fold over all its inputs and parameters."""
        box = self._box(names_in(nodes))
        question = self._question(nodes, formats, output, box)
        cover = Cover(question, self.precision, self.pieces, self.budget, ideal=False)
        found = [
            self._over(cover, leaf) for leaf in leaves(question, listed(splits, "cover.splits", 1, 2 * limits.MAX_LEAVES), self.budget)
        ]
        lo, hi = min(reach.real[0] for reach in found), max(reach.real[1] for reach in found)
        held = found[0].held
        for reach in found[1:]:
            held = hull(held, reach.held)
        return Reach((lo, hi), held, max(reach.error for reach in found))

    def _over(self, cover: Cover, leaf: Box) -> Reach:
        real = cover.tape.fixed.from_ends(*cover.span(leaf))
        return Reach(real, cover.roundoff.errors(leaf)[0][-1], self._units(cover.leaf_bound(leaf).value))

    def _units(self, error: Fraction) -> int:
        return -((-error.numerator << self.precision + self._guard) // error.denominator)

    def _box(self, names: set[str]) -> Box:
        """The intervals of inputs and parameters that a part uses."""
        known = hulls(self.family, self.region) | self.region.parameters
        return {name: known[name] for name in sorted(names) if name in known}

    def _question(self, nodes: tuple[Node, ...], formats: tuple[Format, ...], output: Format, box: Box) -> Question:
        """A part of the fold as a question about absolute errors, without tolerance; parameters arrive unrounded."""
        inputs = {name: fmt for name, fmt in self.program.inputs.items() if name in box}
        inputs |= unrounded({name: ends for name, ends in box.items() if name in self.region.parameters})
        return Question(
            nodes=nodes, box=box, preconditions=(), absolute=Fraction(0), relative=Fraction(0), representable=self.family.representable,
            inputs=inputs, output=output, accuracy=self.family.asked.accuracy, program=Program(inputs, formats, output),
        )  # fmt: skip

    def states(self, start: Reach, term: Reach, ranges: list[tuple[int, int]]) -> Iterator[Reach]:
        """The hull of the states of each range of sizes."""
        state, size = start, 0
        for low, high in ranges:
            over: Reach | None = None
            while size < high:
                state, size = self._step(state, term), size + 1
                if size >= low:
                    over = state if over is None else _union(over, state)
            assert over is not None
            yield over

    def _step(self, state: Reach, term: Reach) -> Reach:
        """F8: one addition, rounded to the format of states."""
        self.budget.spend(_STEP_OPERATIONS * interval_work("add", self.precision + self._guard))
        real = state.real[0] + term.real[0], state.real[1] + term.real[1]
        arriving = state.error + term.error
        exact = _within(_sum(state.held, term.held), real, -(-arriving >> self._guard))
        held, rounding = self._grid.round(exact)
        accumulate = self.fold.accumulate
        if isinstance(accumulate, Float) and accumulate.is_nearest and accumulate.subnormals == "kept":
            rounding = min(rounding, magnitude(term.held.lo, term.held.hi) << self._guard)
            if accumulate.holds(self._formats[2][-1]):
                rounding = min(rounding, magnitude(state.held.lo, state.held.hi) << self._guard)
        apart = max(held.hi - real[0], real[1] - held.lo, 0) << self._guard
        error = min(arriving + rounding, apart)
        return Reach(real, _within(held, real, -(-error >> self._guard)), error)

    def values(self, sizes: tuple[int, int], state: Reach, splits: Any) -> Iterator[LeafBound]:
        """The expression on a range of sizes: the size is known exactly, the state up to its error."""
        fold, family = self.fold, self.family
        self.budget.spend(preparing_work(family, self.region))
        names = names_in(family.nodes, *family.preconditions)
        unit, fine = 1 << self.precision, 1 << self.precision + self._guard
        own = {
            fold.state: (Fraction(state.real[0], unit), Fraction(state.real[1], unit)),
            fold.size: (Fraction(sizes[0]), Fraction(sizes[1])),
        }
        held = state.held
        arrivals = {
            fold.state: Arrival(Fraction(held.lo, unit), Fraction(held.hi, unit), Fraction(state.error, fine), held.granule, held.digits),
            fold.size: Arrival(*own[fold.size], Fraction(0), 0, UNKNOWN),
        }
        box = self._box(names) | {name: ends for name, ends in own.items() if name in names}
        least = family.tolerance.over(self.region.parameters)[0]
        plain = self._question(family.nodes, self._formats[0], self.program.output, box)
        inputs: dict[str, Format] = plain.inputs | {fold.state: fold.accumulate, fold.size: Exact()}
        question = Question(
            nodes=family.nodes, box=box, preconditions=family.preconditions,
            absolute=Fraction(0) if family.is_relative else least, relative=least if family.is_relative else Fraction(0),
            representable=family.representable, inputs={name: inputs[name] for name in box}, output=self.program.output,
            accuracy=family.asked.accuracy, program=Program({name: inputs[name] for name in box}, self._formats[0], self.program.output),
            arrivals={name: arrival for name, arrival in arrivals.items() if name in box},
        )  # fmt: skip
        cover = Cover(question, self.precision, self.pieces, self.budget, ideal=False)
        for leaf in leaves(question, listed(splits, "cover.splits", 1, 2 * limits.MAX_LEAVES), self.budget):
            yield cover.leaf_bound(leaf)


def _sum(a: Held, b: Held) -> Held:
    """All sums; those with zero alone keep their digits."""
    if a.lo == a.hi == 0:
        return b
    return Held(a.lo + b.lo, a.hi + b.hi, min(a.granule, b.granule))


def _within(held: Held, real: Interval, reach: int) -> Held:
    """What is held and at most `reach` from the real numbers."""
    return held._replace(lo=max(held.lo, real[0] - reach), hi=min(held.hi, real[1] + reach))


def _union(a: Reach, b: Reach) -> Reach:
    real = min(a.real[0], b.real[0]), max(a.real[1], b.real[1])
    return Reach(real, hull(a.held, b.held), max(a.error, b.error))
