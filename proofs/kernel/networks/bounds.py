"""The error bound of a program over a box (THEORY S1 on tensors; docs/networks.md, "The bound of a network").

For every node, z are the exact values and z^ those of a run at the same input:

* the `range` R holds z, and `held` M holds z^;
* errors p = w + e: w = (W^ - W) x^ + (b^ - b) by rounded constants, e by computing and storing, over machine numbers x^ in M;
* the `change` D holds z^ - z = S (z^ - z of the operands) + p, where S is the mean of the Jacobian on the line between the operands'
  values, so that it lies in the slopes over `wide`, the hull of their R and M. R + D holds z^, and M - R holds z^ - z.

Written out down to the input this is z^ - z = sum over nodes of A p, A products of these S: adjoints over `wide` bound it too, with all
products of one error kept together. They are taken for the output, and where they are cheap for the sums on the way.

Ranges of the nodes that the evidence names are narrowed by back-substitution.
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
from .pulling import pulled_nodes
from .ranges import Weights, evaluate, repeated
from .rounding import round_array
from .spans import Matrix, Spans, exact, joined, magnitudes, met, minus, of_pairs, plus, product, widened, with_zero, zeros
from .substituting import Substitution


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
        self._pulled_at = pulled_nodes(nodes)
        self._exact = [exact_constants(node, places) for node in nodes]
        triples = zip(nodes, program, self._exact, strict=True)
        self._constants = [constants(node, step, known, places) for node, step, known in triples] if runs else []

    def ranges(self, box: Spans) -> list[Spans]:
        """The exact range of every node."""
        found = [box]
        for node, known in zip(self._nodes[1:], self._exact[1:], strict=True):
            found.append(evaluate(node, [found[o] for o in node.operands], known, self._fixed))
        return found

    def errors(self, box: Spans, *, representable: bool, method: str, narrowed: frozenset[int] = frozenset()) -> list[int]:
        """A bound of the error of every output element, in units of 2^-places; the ranges of some nodes are `narrowed`."""
        substitution = Substitution(self._nodes, self._exact, self._fixed)
        substitution.visit(box)
        first = read_input(self._program[0], box, self._fixed, self._nodes[0], representable=representable)
        errors = _between(box, first.spans, first.errors)
        states = [State(box, errors, joined(box, first.spans), Held(first.spans, first.fmt), None, errors, None)]
        for k in range(1, len(self._nodes)):
            operands = [states[o].range for o in self._nodes[k].operands]
            ranges = evaluate(self._nodes[k], operands, self._exact[k], self._fixed)
            ranges = substitution.visited(ranges, is_narrowed=k in narrowed)
            states.append(self._visit(k, states, ranges, method))
        last = states[-1]
        return magnitudes(met(last.change, minus(last.held.spans, last.range)))

    def _visit(self, k: int, states: list[State], ranges: Spans, method: str) -> State:
        node, step, known, fixed = self._nodes[k], self._program[k], self._constants[k], self._fixed
        before = [states[o] for o in node.operands]
        machine = [s.held for s in before]
        exact_held = self._held_range(node, step, machine, known)
        weight_errors = self._weight_errors(node, step, machine, known)
        carried, slopes = zeros(node.size), None
        if before and method != "sets":
            operands = [s.wide for s in before]
            slopes = jacobian(node, operands, evaluate(node, operands, known.exact, fixed), known.exact, fixed)
            carried = slopes.forward([s.change for s in before])
            if method == "reverse" and k in self._pulled_at:
                carried = met(carried, of_pairs(self._pulled(states, k, slopes, j) for j in range(node.size)))
        if method != "sets":
            changed = carried if weight_errors is None else plus(carried, weight_errors)
            exact_held = met(exact_held, plus(ranges, changed))
        result = computed(node, step, machine, exact_held, known.held, fixed)
        kept = stored(step, result, fixed, node)
        errors = plus(_between(exact_held, result.spans, result.errors), _between(result.spans, kept.spans, kept.errors))
        if method == "sets":
            return State(ranges, minus(kept.spans, ranges), ranges, Held(kept.spans, kept.fmt), None, errors, None)
        change = plus(changed, errors)
        held = met(kept.spans, plus(ranges, change))
        change = met(change, minus(held, ranges))
        return State(ranges, change, joined(ranges, held), Held(held, kept.fmt), weight_errors, errors, slopes)

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

    def _pulled(self, states: list[State], last: int, slopes: Jacobian, element: int) -> Interval:
        """What the errors of the nodes before one change one of its elements, by adjoints over `wide`."""
        places = self._fixed.bits
        adjoints: list[Spans | None] = [None] * len(states)
        unit = [0] * self._nodes[last].size
        unit[element] = 1 << places
        self._pass_on(adjoints, last, slopes, Spans(unit, unit))
        low = high = 0
        for k in range(last - 1, -1, -1):
            adjoint, state = adjoints[k], states[k]
            adjoints[k] = None
            if adjoint is None:
                continue
            rounding = _inner(adjoint, state.errors)
            low, high = low + rounding[0], high + rounding[1]
            if state.weight_errors is not None:
                part = self._by_weights(k, state.weight_errors, adjoint, states)
                low, high = low + part[0], high + part[1]
            if state.slopes is not None:
                self._pass_on(adjoints, k, state.slopes, adjoint)
        return low >> places, -(-high >> places)

    def _pass_on(self, adjoints: list[Spans | None], k: int, slopes: Jacobian, adjoint: Spans) -> None:
        for operand, share in zip(self._nodes[k].operands, slopes.backward(adjoint), strict=True):
            known = adjoints[operand]
            adjoints[operand] = share if known is None else plus(known, share)

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
