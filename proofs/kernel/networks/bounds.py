"""The error bound of a program over a box (THEORY S1 on tensors; docs/networks.md, "The bound of a network").

For every node k, z(p) being the function with p_k added at node k, and p the errors of a run:

* the `range` R of the exact function z(0), and `held` M, what the machine holds, z(p);
* errors p_k = w_k + e_k: w_k = (W^ - W) x^ + (b^ - b) by rounded constants, e_k by computing and storing, over machine numbers x^ in M;
* the `change` D, which holds (z(t p) - z(0)) / t for 0 < t <= 1: by the mean value theorem D = J D_operands + p_k, slopes J over `wide`;
* `wide`, which holds z(t p) for 0 <= t <= 1: it lies in R + t D, and in t p_k + the operation on the `wide` of the operands.

The error of output j is the least of |D_j|, |M_j - R_j| and, again by the mean value theorem, |sum_k A_jk p_k|, A adjoints over `wide`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import add, mul, sub

from ..fixed import FixedPoint, Interval
from .arrays import Exact, reduced
from .graph import Node
from .jacobians import Jacobian, jacobian
from .machine import Held, computed, read_input, rounded_slope, stored
from .program import Step
from .ranges import Weights, evaluate, repeated
from .rounding import round_array
from .spans import Matrix, Spans, exact, magnitudes, met, minus, plus, product, widened, with_zero, zeros


@dataclass(frozen=True, slots=True)
class Constants:
    """The constants of a node: of the function, of the program, and how much these differ."""

    exact: Weights
    held: Weights
    change: Weights


def exact_constants(node: Node, places: int) -> Weights:
    """The constants of the function."""
    if node.op == "constant":
        assert node.value is not None
        return Weights(value=exact(node.value, places))
    if node.weight is None:
        return Weights()
    return Weights(Matrix(node.weight, node.weight_shape), None if node.bias is None else exact(node.bias, places))


def constants(node: Node, step: Step, known: Weights, places: int) -> Constants:
    """Rounds what a step rounds. Raises LeafFailure where it overflows."""
    if node.op == "constant":
        assert node.value is not None
        assert step.weights is not None
        assert known.value is not None
        held = exact(round_array(step.weights, node.value, node.name), places)
        return Constants(known, Weights(value=held), Weights(value=minus(held, known.value)))
    if node.weight is None:
        return Constants(known, known, known)
    weight = rounded_weight(node, step)
    top = max(weight.places, node.weight.places)
    difference = reduced(list(map(sub, weight.at(top), node.weight.at(top))), top)
    bias, change = None, None
    if node.bias is not None:
        assert step.bias is not None
        assert known.bias is not None
        bias = exact(round_array(step.bias, node.bias, node.name), places)
        change = minus(bias, known.bias)
    return Constants(known, Weights(Matrix(weight, node.weight_shape), bias), Weights(Matrix(difference, node.weight_shape), change))


def rounded_weight(node: Node, step: Step) -> Exact:
    """A weight as the program holds it: rounded, or codes times the scale of their channel."""
    assert node.weight is not None
    assert step.weights is not None
    if step.scales is None:
        return round_array(step.weights, node.weight, node.name)
    into = node.weight_shape[2]
    scales, fmt = step.scales, step.weights
    codes = []
    for row in range(len(node.weight.numbers) // into):
        scale = scales.numbers[row % len(scales.numbers)]
        for n in node.weight.numbers[row * into : (row + 1) * into]:
            code = fmt.round_ratio(n << scales.places, scale << node.weight.places)
            assert not isinstance(code, str)
            codes.append(int(code) * scale)
    return Exact(codes, scales.places)


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a node over a box."""

    range: Spans
    change: Spans
    wide: Spans
    held: Held
    weight_errors: Spans | None
    errors: Spans
    slopes: Jacobian | None


class Analysis:
    """One pass over a program for one box, at `places` bits."""

    def __init__(self, nodes: tuple[Node, ...], program: tuple[Step, ...], places: int, *, runs: bool = True) -> None:
        """Without `runs` the constants of the program are not looked at, and only `ranges` may be asked for."""
        self._nodes, self._program, self._fixed = nodes, program, FixedPoint(places)
        self._exact = [exact_constants(node, places) for node in nodes]
        triples = zip(nodes, program, self._exact, strict=True)
        self._constants = [constants(node, step, known, places) for node, step, known in triples] if runs else []

    def ranges(self, box: Spans) -> list[Spans]:
        """The exact range of every node."""
        found = [box]
        for node, known in zip(self._nodes[1:], self._exact[1:], strict=True):
            found.append(evaluate(node, [found[o] for o in node.operands], known, self._fixed))
        return found

    def errors(self, box: Spans, *, representable: bool, method: str) -> list[int]:
        """A bound of the error of every output element, in units of 2^-places."""
        states = self._forward(box, representable=representable, has_changes=method != "sets")
        last = states[-1]
        distances = minus(last.held.spans, last.range)
        bounds = magnitudes(distances)
        if method == "sets":
            return bounds
        bounds = list(map(min, bounds, magnitudes(last.change)))
        if method == "reverse":
            bounds = [min(bound, self._reverse(states, j)) for j, bound in enumerate(bounds)]
        return bounds

    def _forward(self, box: Spans, *, representable: bool, has_changes: bool) -> list[State]:
        first = read_input(self._program[0], box, self._fixed, self._nodes[0], representable=representable)
        errors = _between(box, first.spans, first.errors)
        states = [State(box, errors, plus(box, with_zero(errors)), Held(first.spans, first.fmt), None, errors, None)]
        for k in range(1, len(self._nodes)):
            states.append(self._visit(k, states, has_changes=has_changes))
        return states

    def _visit(self, k: int, states: list[State], *, has_changes: bool) -> State:
        node, step, known, fixed = self._nodes[k], self._program[k], self._constants[k], self._fixed
        before = [states[o] for o in node.operands]
        ranges = evaluate(node, [s.range for s in before], known.exact, fixed)
        machine = [s.held for s in before]
        exact_held = self._held_range(node, step, machine, known)
        result = computed(node, step, machine, exact_held, known.held, fixed)
        kept = stored(step, result, fixed, node)
        errors = plus(_between(exact_held, result.spans, result.errors), _between(result.spans, kept.spans, kept.errors))
        weight_errors = self._weight_errors(node, step, machine, known)
        if not has_changes:
            return State(ranges, errors, ranges, Held(kept.spans, kept.fmt), None, errors, None)
        change = errors if weight_errors is None else plus(weight_errors, errors)
        added, slopes, wide = with_zero(change), None, plus(ranges, with_zero(change))
        if before:
            operands = [s.wide for s in before]
            reached = evaluate(node, operands, known.exact, fixed)
            slopes = jacobian(node, operands, reached, known.exact, fixed)
            change = plus(slopes.forward([s.change for s in before]), change)
            wide = met(plus(ranges, with_zero(change)), plus(reached, added))
        held = met(kept.spans, plus(ranges, change))
        return State(ranges, change, wide, Held(held, kept.fmt), weight_errors, errors, slopes)

    def _held_range(self, node: Node, step: Step, machine: list[Held], known: Constants) -> Spans:
        """The range of the exact operation on machine numbers, with the constants of the program."""
        operands = [held.spans for held in machine]
        if node.op == "leaky_relu":
            slope = rounded_slope(node, step)
            return evaluate(replace(node, parameter=slope), operands, known.held, self._fixed)
        return evaluate(node, operands, known.held, self._fixed)

    def _weight_errors(self, node: Node, step: Step, machine: list[Held], known: Constants) -> Spans | None:
        """w: what rounded constants change."""
        if node.op == "leaky_relu":
            change = rounded_slope(node, step) - node.parameter
            low = with_zero(machine[0].spans).lo
            ends = [(x * change.numerator // change.denominator, -(-x * change.numerator // change.denominator)) for x in low]
            return Spans([min(a, 0) for a, _ in ends], [max(b, 0) for _, b in ends])
        if node.op not in ("linear", "constant"):
            return None
        return evaluate(node, [held.spans for held in machine], known.change, self._fixed)

    def _reverse(self, states: list[State], output: int) -> int:
        """|sum over nodes of A (w + e)| for one output element, by adjoints A over `wide`."""
        places = self._fixed.bits
        adjoints: list[Spans | None] = [None] * len(states)
        unit = [0] * len(states[-1].errors.lo)
        unit[output] = 1 << places
        adjoints[-1] = Spans(unit, unit)
        low = high = 0
        for k in range(len(states) - 1, -1, -1):
            adjoint, state = adjoints[k], states[k]
            adjoints[k] = None
            assert adjoint is not None
            rounding = _inner(adjoint, state.errors)
            low, high = low + rounding[0], high + rounding[1]
            if state.weight_errors is not None:
                part = self._by_weights(k, state.weight_errors, adjoint, states)
                low, high = low + part[0], high + part[1]
            if state.slopes is not None:
                for operand, share in zip(self._nodes[k].operands, state.slopes.backward(adjoint), strict=True):
                    known = adjoints[operand]
                    adjoints[operand] = share if known is None else plus(known, share)
        return -(-max(-low, high) >> places)

    def _by_weights(self, k: int, weight_errors: Spans, adjoint: Spans, states: list[State]) -> Interval:
        """A w; of a linear node also (A (W^ - W)) x^ + A (b^ - b), the same number with the products grouped otherwise."""
        found = _inner(adjoint, weight_errors)
        change = self._constants[k].change
        if change.matrix is None:
            return found
        low, high = _inner(change.matrix.columns.image(adjoint), states[self._nodes[k].operands[0]].held.spans)
        if change.bias is not None:
            added = _inner(adjoint, repeated(change.bias, len(adjoint.lo)))
            low, high = low + added[0], high + added[1]
        return max(found[0], low), min(found[1], high)


def _between(before: Spans, after: Spans, errors: list[int]) -> Spans:
    """What a rounding adds: at most its error, and no more than leads from one interval to the other."""
    return met(widened(zeros(len(errors)), errors), minus(after, before))


def _inner(a: Spans, b: Spans) -> Interval:
    """The inner product of two tensors of intervals, in the units of both."""
    middle, radius = list(map(add, b.lo, b.hi)), list(map(sub, b.hi, b.lo))
    if a.lo == a.hi:
        centre, spread = sum(map(mul, a.lo, middle)), sum(map(mul, map(abs, a.lo), radius))
        return centre - spread >> 1, -(-(centre + spread) >> 1)
    parts = list(map(product, zip(*a, strict=True), zip(*b, strict=True)))
    return sum(lo for lo, _ in parts), sum(hi for _, hi in parts)
