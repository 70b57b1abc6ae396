"""S1's bound on leaves as linear limits: what each rounding adds at most, for every format that it may be in (THEORY S1).

On a leaf let C_k be the hull of what node k may hold under any assignment of the formats that are left, e_k(f) the largest rounding error
in format f of what the operands may hold, and s_k the largest slope over the leaf widened by the errors of all formats left. S1 with
r_k = e_k(f_k) then bounds every assignment's error by sum_k s_k e_k(f_k), since its own ranges lie within those hulls: nothing of second
order is left over. Where an operation is computed in a wider format first (program.py), e_k(f) is the sum of both roundings, at worst.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.format import Format
from suffice.hardware_specs.upward import Array, below
from suffice.prover.case import Case, is_truth
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.constants import Constant, constant_of
from suffice.prover.engine.intervals import Pair, Truths
from suffice.prover.engine.operate import Numbers, Values, known, operate
from suffice.prover.engine.roundoff import (
    NO_ERROR,
    NO_GRANULE,
    FloatRounder,
    Rounded,
    holds,
    rounder,
)
from suffice.prover.engine.sweep import Boxes, Sweep
from suffice.prover.mixed.program import KEPT, evaluated_in

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Choices:
    """For every node its group, and for every group the formats that are measured and, of these, those that may occur."""

    group_of: tuple[int, ...]
    measured: tuple[tuple[Format, ...], ...]
    occurring: tuple[frozenset[Format], ...]

    def sharing(self, k: int, fmt: Format, argument: int) -> Iterable[Format]:
        """What the format of an operand may be where that of node k is `fmt`."""
        return (fmt,) if self.group_of[argument] == self.group_of[k] else self.occurring[self.group_of[argument]]


@dataclass(frozen=True, slots=True)
class LeafRows:
    """For each row: what each format of each group adds at most to the error (NaN where it may overflow), what adds in any case (NaN
    where there is no bound), and the error that is allowed.
    """

    parts: list[list[Array]]
    constant: Array
    allowed: Array


class SharingSweep(Sweep):
    """A sweep over all assignments of formats at once. Made in the nearest mode; `rows` is called within `rounding_up`."""

    def __init__(self, case: Case, choices: Choices) -> None:
        super().__init__(case)
        self.choices = choices
        self._computed = {}
        self._paths = [self._paths_of(k, node) for k, node in enumerate(self.nodes)]
        self._rules = {fmt: rounder(fmt, self.up) for paths in self._paths for path in paths for inner, own in path for fmt in (inner, own)}
        self._by_format = {k: [self._held_constant(k, fmt) for fmt in self._measured(k)] for k in self.constants}
        for k, found in self._by_format.items():
            self.constants[k] = _merged([constant for constant, fmt in zip(found, self._measured(k), strict=True) if self._occurs(k, fmt)])
        self._errors: list[list[Array]] = [[] for _ in self.nodes]
        self._overflows: list[list[Mask]] = [[] for _ in self.nodes]
        self._outcomes: list[list[tuple[Array, Array]]] = []
        tolerance = case.problem.tolerance
        assert tolerance is not None
        self._absolute, self._part = np.full(1, -below(tolerance.absolute)), np.full(1, below(tolerance.relative))

    def _measured(self, k: int) -> tuple[Format, ...]:
        return () if is_truth(self.nodes[k]) else self.choices.measured[self.choices.group_of[k]]

    def _occurs(self, k: int, fmt: Format) -> bool:
        return fmt in self.choices.occurring[self.choices.group_of[k]]

    def _paths_of(self, k: int, node: Node) -> list[list[tuple[Format, Format]]]:
        """For every format measured, the pairs of the format computed in and that format itself; none where nothing rounds."""
        found = []
        for fmt in self._measured(k):
            given = [list(self.choices.sharing(k, fmt, a)) for a in node.args if not is_truth(self.nodes[a])]
            is_kept = node.op in KEPT and all(holds(fmt, other) for formats in given for other in formats)
            inner = [] if is_kept else sorted({evaluated_in(node.op, fmt, operands) for operands in product(*given)}, key=repr)
            found.append([(wider, fmt) for wider in inner])
        return found

    def _held_constant(self, k: int, fmt: Format) -> Constant:
        node = self.nodes[k]
        if node.op is Op.VAR:
            node = Node(Op.CONST, (), self.case.problem.box[str(node.payload)].lo)
        return constant_of(node, (fmt,))

    def _hold(self, k: int, node: Node, boxes: Boxes, pairs: Numbers, truths: dict[int, Truths], granules: list[Array]) -> Rounded:
        """What the node may hold in any format that may occur; the errors in all that are measured are noted."""
        if k in self.constants:
            found = [Rounded(constant.held, constant.error, constant.granule) for constant in self._by_format[k]]
            self._note(k, found, self.constants[k].real)
            return self._occurring(k, found)
        if node.op is Op.VAR:
            exact, granule = (-boxes.low[str(node.payload)], boxes.high[str(node.payload)]), NO_GRANULE
        else:
            exact, granule = operate(self.up, node, pairs, truths, self._signs), self._granule(node, granules)
        found = [self._along(node, path, exact, granule) for path in self._paths[k]]
        self._note(k, found, exact)
        return self._occurring(k, found)

    def _occurring(self, k: int, found: Sequence[Rounded]) -> Rounded:
        """The formats that may occur, together; slopes are asked for wherever any format that is measured rounds."""
        together = _together([rounded for rounded, fmt in zip(found, self._measured(k), strict=True) if self._occurs(k, fmt)])
        if together.error is NO_ERROR and any(rounded.error is not NO_ERROR for rounded in found):
            return Rounded(together.values, np.zeros(1), together.granule)
        return together

    def _note(self, k: int, found: Sequence[Rounded], exact: Pair) -> None:
        self._errors[k] = [rounded.error for rounded in found]
        self._overflows[k] = [~iv.is_finite(rounded.values) & iv.is_finite(exact) for rounded in found]

    def _along(self, node: Node, path: list[tuple[Format, Format]], exact: Pair, granule: Array) -> Rounded:
        """One format, by every way of computing in another first."""
        return _together([self._twice(node, *step, exact, granule) for step in path]) if path else Rounded(exact, NO_ERROR, granule)

    def _twice(self, node: Node, inner: Format, own: Format, exact: Pair, granule: Array) -> Rounded:
        rules = self._rules[inner]
        if node.op is Op.VAR and self.case.problem.inputs is InputModel.REPRESENTABLE:
            return Rounded(exact, NO_ERROR, rules.granule_of(exact, NO_GRANULE) if isinstance(rules, FloatRounder) else NO_GRANULE)
        if node.op in self._accuracy and isinstance(rules, FloatRounder):
            first = rules.within(exact, self._accuracy[node.op])
        else:
            first = rules.round(exact, granule)
        if inner == own:
            return first
        second = self._rules[own].round(first.values, first.granule)
        return Rounded(second.values, self.up.add(first.error, second.error), second.granule)

    def _total(self, swept: Values, errors: list[Array], *, shares: bool) -> tuple[Array, list[tuple[Array, Array]]]:
        total, parts = super()._total(swept, errors, shares=shares)
        self._outcomes.append(parts)
        return total, parts

    def rows(self, boxes: Boxes) -> list[LeafRows]:
        """A row for every box on which some point counts, once for every outcome of conditions that are open there."""
        self._outcomes = []
        held, errors = self._held(boxes)
        rounding = list(errors)
        swept = self._values(boxes, errors, held)
        total, _ = self._worst_total(swept, errors, shares=True)
        width = max((len(column) for column in boxes.low.values()), default=1)
        empty: Mask = np.zeros(width, dtype=bool)
        for condition in self._conditions:
            empty |= condition.is_surely_false(boxes.low, boxes.high)
        bounded: Mask = np.broadcast_to(self._is_defined(held, swept) & np.isfinite(total), (width,))
        least = iv.mignitude(known(swept.pairs[-1]))
        allowed = np.broadcast_to(-self.up.add(self._absolute, self.up.multiply(-least, self._part)), (width,))
        return [self._row(parts, errors, rounding, bounded, allowed, ~empty) for parts in self._outcomes]

    def _row(
        self, parts: list[tuple[Array, Array]], errors: list[Array], rounding: list[Array], bounded: Mask, allowed: Array, counts: Mask
    ) -> LeafRows:
        """The errors times the slopes, added up by group; a jump between branches adds whatever the formats are."""
        up, width = self.up, len(counts)
        constant = np.where(bounded, 0.0, np.nan)
        sums: list[list[Array]] = [[np.zeros(width) for _ in formats] for formats in self.choices.measured]
        for k, (_, size) in enumerate(parts):
            jumps = errors[k] > rounding[k]
            whole = np.where((size == 0) | ~jumps, 0.0, up.multiply(errors[k], size))
            constant = up.add(constant, whole)
            for o, (error, overflows) in enumerate(zip(self._errors[k], self._overflows[k], strict=True)):
                part = np.where((size == 0) | jumps | (error == 0), 0.0, up.multiply(error, size))
                group = sums[self.choices.group_of[k]]
                group[o] = up.add(group[o], np.where(overflows, np.nan, part))
        return LeafRows([[column[counts] for column in group] for group in sums], constant[counts], allowed[counts])


def _together(found: Sequence[Rounded]) -> Rounded:
    """The hull of what is held, the largest error, and the granule that all have."""
    values, error, granule = found[0].values, found[0].error, found[0].granule
    for other in found[1:]:
        values = iv.hull(values, other.values)
        error = error if other.error is NO_ERROR else other.error if error is NO_ERROR else np.maximum(error, other.error)
        granule = NO_GRANULE if granule is NO_GRANULE or other.granule is NO_GRANULE else np.minimum(granule, other.granule)
    return Rounded(values, error, granule)


def _merged(found: Sequence[Constant]) -> Constant:
    """A constant that may be held in several formats."""
    together = _together([Rounded(constant.held, constant.error, constant.granule) for constant in found])
    widened = _together([Rounded(constant.widened, NO_ERROR, NO_GRANULE) for constant in found])
    first = found[0]
    is_one = all(constant.code == first.code for constant in found)
    return Constant(
        held=together.values,
        real=first.real,
        widened=widened.values,
        error=together.error,
        granule=together.granule,
        inverse_power=first.inverse_power if is_one else 0.0,
        code=first.code if is_one else None,
    )
