"""One pass over an expression for many boxes at once: the bound of S1 on each (THEORY section 4).

Three sweeps over the nodes: forward over the values that runs hold, for the rounding errors; forward over the real values widened by
those errors; backward over the slopes there. The bound is the sum of errors times slopes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.format import FloatFormat, Rounding, Subnormals
from suffice.hardware_specs.upward import Array, Upward, above, below, upward
from suffice.prover.case import Case
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.constants import computed_from, constants_of
from suffice.prover.engine.intervals import Pair, Truths
from suffice.prover.engine.operate import TRUTHS, Numbers, Values, known, operate, truth
from suffice.prover.engine.predicate import Predicate
from suffice.prover.engine.pull_back import PullBack
from suffice.prover.engine.roundoff import (
    NO_ERROR,
    NO_GRANULE,
    FloatRounder,
    Rounded,
    holds,
    rounder,
    within_granules,
)

_KEPT_BY_FLOATS = (Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.IF, Op.CAST)
_KEPT_BY_CODES = (Op.MIN, Op.MAX, Op.IF, Op.CAST)
"""Operations that give back an operand, up to sign (which integer codes may lack)."""

_LEAST_ODD = 3

_MOST_OPEN = 3
"""Conditions that may be open on one box."""

_USES_GRANULES = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.FMA, Op.POW, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.IF, Op.CAST, Op.DIV})


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes by input: lower and upper ends, arrays of the same length."""

    low: Mapping[str, Array]
    high: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Swept:
    """For every box: the bound of the measure (NaN or infinite where there is none), whether no point of it counts, and the shares.

    `shares` holds rounding error and largest slope of every node, and of the output's rounding last.
    """

    bound: Array
    is_empty: NDArray[np.bool_]
    shares: list[tuple[Array, Array]]


class Sweep:
    """S1 for one case. Methods other than the constructor are called within `rounding_up`."""

    def __init__(self, case: Case, *, roots: Sequence[int] | None = None) -> None:
        self.up: Upward = upward()
        self.case = case
        self.nodes = case.problem.expression.nodes
        self.roots = list(roots) if roots is not None else [len(self.nodes) - 1]
        self.constants = constants_of(case)
        self._computed = computed_from(case, self.constants)
        self._rounders = {fmt: rounder(fmt, self.up) for fmt in {*case.inputs.values(), *case.nodes, case.output}}
        self._accuracy = {op: above(ulps) for op, ulps in case.formats.accuracy.items()}
        self._is_real = case.problem.inputs is InputModel.REAL
        self._wants_granule = self._find_granular()
        self._keeps = [self._passes_through(k, node) for k, node in enumerate(self.nodes)]
        self._anchors = [self._held_summands(k, node) for k, node in enumerate(self.nodes)]
        self._signs: list[int] = [iv.UNKNOWN] * len(self.nodes)
        self._slopes = PullBack(self.up, self.nodes, self._signs, self.constants)
        self._conditions = [Predicate(condition, self.up) for condition in case.problem.preconditions]
        self._branches = any(node.op is Op.IF for node in self.nodes)
        tolerance = case.problem.tolerance
        self._is_relative = tolerance is not None and tolerance.is_relative
        self._relative = np.full(1, below(tolerance.relative)) if tolerance is not None and tolerance.relative else None

    def learn_signs(self, boxes: Boxes) -> None:
        """Note the signs of all nodes over the whole box; every later box must lie inside it."""
        held, errors = self._held(boxes)
        values = self._values(boxes, errors, held)
        self._signs[:] = [
            iv.UNKNOWN if real is None or computed is None else iv.sign_of(iv.hull(real, computed))
            for real, computed in zip(values.pairs, held.pairs, strict=True)
        ]

    def evaluate(self, boxes: Boxes, *, shares: bool = False) -> Swept:
        """The bound on every box."""
        held, errors = self._held(boxes)
        swept = self._values(boxes, errors, held)
        total, parts = self._worst_total(swept, errors, shares=shares)
        last = len(self.nodes) - 1
        if not holds(self.case.output, self.case.nodes[last]):
            final = self._rounders[self.case.output].round(known(held.pairs[last]), NO_GRANULE)
            total = self.up.add(total, final.error)
            parts.append((final.error, np.ones(1)))
        width = max((len(column) for column in boxes.low.values()), default=1)
        total = np.broadcast_to(total, (max(width, len(self.roots)),))
        total = np.where(self._is_defined(held, swept), total, np.nan)
        empty = np.zeros(width, dtype=bool)
        for condition in self._conditions:
            empty |= condition.is_surely_false(boxes.low, boxes.high)
        return Swept(self._measure(total, known(swept.pairs[last])), empty, parts)

    def _is_defined(self, held: Values, swept: Values) -> NDArray[np.bool_]:
        """Whether every root has a finite value, in the reals and in runs: then so has all that it depends on."""
        defined = [iv.is_finite(known(held.pairs[root])) & iv.is_finite(known(swept.pairs[root])) for root in self.roots]
        return defined[0] if len(defined) == 1 else np.concatenate(defined)

    def _measure(self, error: Array, f: Pair) -> Array:
        if self._is_relative:
            least = iv.mignitude(f)
            return np.where(error == 0, 0.0, self.up.divide(error, np.where(least > 0, least, np.nan)))
        if self._relative is None:
            return error
        allowed = self.up.multiply(-iv.mignitude(f), self._relative)
        return np.maximum(self.up.add(error, allowed), 0.0)

    def _find_granular(self) -> list[bool]:
        wanted = [False] * len(self.nodes)
        for node in self.nodes:
            if node.op in _USES_GRANULES:
                for argument in node.args:
                    wanted[argument] = True
        return wanted

    # What a run holds

    def _held(self, boxes: Boxes) -> tuple[Values, list[Array]]:
        """The values held at every node by runs from the boxes, and bounds of the rounding errors."""
        pairs: Numbers = []
        truths: dict[int, Truths] = {}
        granules: list[Array] = []
        errors: list[Array] = []
        for k, node in enumerate(self.nodes):
            if node.op in TRUTHS:
                truths[k] = truth(node, pairs, truths)
                pairs.append(None)
                granules.append(NO_GRANULE)
                errors.append(NO_ERROR)
                continue
            rounded = self._hold(k, node, boxes, pairs, truths, granules)
            pairs.append(rounded.values)
            granules.append(rounded.granule)
            errors.append(rounded.error)
        return Values(pairs, truths), errors

    def _hold(
        self, k: int, node: Node, boxes: Boxes, pairs: Numbers, truths: dict[int, Truths], granules: list[Array]
    ) -> Rounded:
        fmt = self.case.nodes[k]
        if k in self.constants or k in self._computed:
            constant = self.constants[k] if k in self.constants else self._computed[k]
            return Rounded(constant.held, constant.error, constant.granule)
        if node.op is Op.VAR:
            return self._read(k, str(node.payload), boxes)
        exact = operate(self.up, node, pairs, truths, self._signs)
        granule = self._granule(node, granules) if node.op in _USES_GRANULES else NO_GRANULE
        if self._keeps[k]:
            return Rounded(exact, NO_ERROR, granule)
        rules = self._rounders[fmt]
        if node.op in self._accuracy and isinstance(rules, FloatRounder):
            return rules.within(exact, self._accuracy[node.op])
        rounded = rules.round(exact, granule, wants_granule=self._wants_granule[k])
        if node.op is Op.DIV and isinstance(rules, FloatRounder):
            return self._of_quotient(node, rules, exact, rounded, granules)
        error = rounded.error
        for anchor in self._anchors[k]:
            error = np.minimum(error, iv.magnitude(known(pairs[node.args[1 - anchor]])))
        return Rounded(rounded.values, error, rounded.granule)

    def _of_quotient(self, node: Node, rules: FloatRounder, exact: Pair, rounded: Rounded, granules: list[Array]) -> Rounded:
        """A quotient by a constant whose odd part leaves no result half way between two numbers."""
        divisor = self.constants.get(node.args[1]) or self._computed.get(node.args[1])
        odd, inverse = divisor.odd_part if divisor is not None else (1, 0.0)
        if odd < _LEAST_ODD:
            return rounded
        error = rules.of_quotients(exact, rounded, granules[node.args[0]] * inverse, odd)
        return Rounded(rounded.values, error, rounded.granule)

    def _passes_through(self, k: int, node: Node) -> bool:
        """Whether the result is a value of an operand up to sign, which the format holds."""
        fmt = self.case.nodes[k]
        if node.op is Op.VAR:
            return holds(fmt, self.case.inputs[str(node.payload)])
        given = node.args[1:] if node.op is Op.IF else node.args
        kept = _KEPT_BY_FLOATS if isinstance(fmt, FloatFormat) else _KEPT_BY_CODES
        return node.op in kept and all(holds(fmt, self.case.nodes[a]) for a in given)

    def _held_summands(self, k: int, node: Node) -> tuple[int, ...]:
        """err(a + b) <= |b| where a is a number of the format, a candidate for the nearest: the positions of such summands."""
        fmt = self.case.nodes[k]
        if node.op not in (Op.ADD, Op.SUB) or not isinstance(fmt, FloatFormat) or fmt.subnormals is Subnormals.FLUSHED:
            return ()
        if fmt.rounding not in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY):
            return ()
        return tuple(i for i, a in enumerate(node.args) if holds(fmt, self.case.nodes[a]))

    def _read(self, k: int, name: str, boxes: Boxes) -> Rounded:
        source, fmt = self.case.inputs[name], self.case.nodes[k]
        exact = -boxes.low[name], boxes.high[name]
        rules = self._rounders[source]
        if self._is_real:
            first = rules.round(exact, NO_GRANULE)
        else:
            granule = rules.granule_of(exact, NO_GRANULE) if isinstance(rules, FloatRounder) else NO_GRANULE
            first = Rounded(exact, NO_ERROR, granule)
        if self._keeps[k]:
            return first
        second = self._rounders[fmt].round(first.values, first.granule)
        return Rounded(second.values, self.up.add(first.error, second.error), second.granule)

    def _granule(self, node: Node, granules: list[Array]) -> Array:
        given = [granules[a] for a in node.args]
        match node.op:
            case Op.ADD | Op.SUB | Op.MIN | Op.MAX:
                return np.minimum(given[0], given[1])
            case Op.IF:
                return np.minimum(given[1], given[2])
            case Op.NEG | Op.ABS | Op.CAST:
                return given[0]
            case Op.MUL:
                return given[0] * given[1]
            case Op.FMA:
                return np.minimum(given[0] * given[1], given[2])
            case Op.POW if node.payload in (2, 3):
                return given[0] * given[0] if node.payload == 2 else within_granules(given[0] * given[0]) * given[0]
            case Op.DIV:
                divisor = self.constants.get(node.args[1])
                return given[0] * divisor.inverse_power if divisor is not None else NO_GRANULE
        return NO_GRANULE

    # Real values, widened

    def _values(self, boxes: Boxes, errors: list[Array], held: Values) -> Values:
        """Enclosures of every node over the boxes, whatever errors within the bounds are added on the way. Adds jumps to `errors`.

        An input moves from a real number to the code held, no farther. A condition is decided where the real numbers and the numbers held
        decide it alike: the real branch is then also the program's.
        """
        real = self._real(boxes)
        pairs: Numbers = []
        truths: dict[int, Truths] = {}
        for k, node in enumerate(self.nodes):
            if node.op in TRUTHS:
                first, second = real.truths[k], held.truths[k]
                truths[k] = first[0] | second[0], first[1] | second[1]
                pairs.append(None)
            elif k in self.constants:
                pairs.append(self.constants[k].widened)
            elif node.op is Op.VAR:
                name = str(node.payload)
                pairs.append(iv.hull((-boxes.low[name], boxes.high[name]), known(held.pairs[k])))
            else:
                value = operate(self.up, node, pairs, truths, self._signs)
                if node.op is Op.IF:
                    errors[k] = self.up.add(errors[k], self._jump(node, real, truths))
                pairs.append(value if errors[k] is NO_ERROR else iv.widen(self.up, value, errors[k]))
        return Values(pairs, truths)

    def _real(self, boxes: Boxes) -> Values:
        """Enclosures of the real function, where there are branches."""
        pairs: Numbers = []
        truths: dict[int, Truths] = {}
        for k, node in enumerate(self.nodes if self._branches else ()):
            if node.op in TRUTHS:
                truths[k] = truth(node, pairs, truths)
                pairs.append(None)
            elif k in self.constants:
                pairs.append(self.constants[k].real)
            elif node.op is Op.VAR:
                pairs.append((-boxes.low[str(node.payload)], boxes.high[str(node.payload)]))
            else:
                pairs.append(operate(self.up, node, pairs, truths, self._signs))
        return Values(pairs, truths)

    def _jump(self, node: Node, real: Values, truths: dict[int, Truths]) -> Array:
        """The largest distance between the real branches where the program may take another than the real function."""
        true, false = truths[node.args[0]]
        distance = iv.magnitude(iv.subtract(self.up, known(real.pairs[node.args[1]]), known(real.pairs[node.args[2]])))
        return np.where(true & false, distance, 0.0)

    # Slopes

    def _worst_total(self, swept: Values, errors: list[Array], *, shares: bool) -> tuple[Array, list[tuple[Array, Array]]]:
        """The largest sum over the ways that the program may take through conditions that are not decided; NaN for too many of them."""
        tests = {node.args[0] for node in self.nodes if node.op is Op.IF}
        open_tests = [k for k in sorted(tests) if bool((swept.truths[k][0] & swept.truths[k][1]).any())]
        worst, parts = self._total(swept, errors, shares=shares) if not open_tests else (np.zeros(1), [])
        for outcomes in product((True, False), repeat=min(len(open_tests), _MOST_OPEN)) if open_tests else ():
            truths = dict(swept.truths)
            for k, outcome in zip(open_tests, outcomes, strict=False):
                true, false = truths[k]
                undecided = true & false
                truths[k] = np.where(undecided, outcome, true), np.where(undecided, not outcome, false)
            total, found = self._total(Values(swept.pairs, truths), errors, shares=shares)
            parts = found if shares and bool((total > worst).any()) else parts or found
            worst = np.maximum(worst, total)
        for k in open_tests[_MOST_OPEN:]:
            worst = np.where(swept.truths[k][0] & swept.truths[k][1], np.nan, worst)
        return worst, parts

    def _total(self, swept: Values, errors: list[Array], *, shares: bool) -> tuple[Array, list[tuple[Array, Array]]]:
        """The sum of errors times slopes, for every box (or for every root, where there are several and one box)."""
        up, nodes = self.up, self.nodes
        slopes: Numbers = [None] * len(nodes)
        count = len(self.roots)
        for position, root in enumerate(self.roots):
            one = np.zeros(count)
            one[position] = 1.0
            first = (-one, one)
            before = slopes[root]
            slopes[root] = first if before is None else iv.add(up, before, first)
        total: Array = np.zeros(1)
        parts: list[tuple[Array, Array]] = [(NO_ERROR, NO_ERROR)] * len(nodes) if shares else []
        for k in range(len(nodes) - 1, -1, -1):
            slope = slopes[k]
            if slope is None:
                continue
            slopes[k] = None
            if errors[k] is not NO_ERROR:
                size = iv.magnitude(slope)
                part = np.where(size == 0, 0.0, up.multiply(errors[k], size)) if self._branches else up.multiply(errors[k], size)
                total = up.add(total, part)
                if shares:
                    parts[k] = errors[k], size
            for argument, contribution in self._slopes.pull_back(k, slope, swept):
                if self._branches:
                    dead = (slope[0] == 0) & (slope[1] == 0)
                    contribution = np.where(dead, 0.0, contribution[0]), np.where(dead, 0.0, contribution[1])
                before = slopes[argument]
                slopes[argument] = contribution if before is None else iv.add(up, before, contribution)
        return total, parts
