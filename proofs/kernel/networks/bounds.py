"""The error bound of a program over a box (THEORY S1 on tensors; docs/networks.md, "The bound of a network").

For every node: `ranges` R of the exact function; changes D that hold z(t p) - z(0), 0 <= t <= 1, z(p) the function with p_k added at
node k, p any of the errors of a run; `held` M, what the machine holds. Errors p_k = w_k + e_k: w_k = (W^ - W) x^ + (b^ - b) by the
rounded constants, |e_k| <= r_k by computing and storing, over machine numbers x^ in M. The error of output j is the least of
max |D_j|, max |M_j - R_j| and, by the mean value theorem along t, |sum_k A_jk (w_k + e_k)|, with A adjoints over R + D.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..fixed import FixedPoint
from .arrays import Exact
from .graph import Node
from .jacobians import Jacobian, jacobian
from .machine import Held, computed, read_input, rounded_slope, stored
from .program import Step
from .ranges import Weights, evaluate
from .rounding import round_array
from .spans import Matrix, Spans, exact, magnitudes, met, minus, plus, product, widened, with_zero, zeros


@dataclass(frozen=True, slots=True)
class Constants:
    """The constants of a node: of the function, of the program, and how much these differ."""

    exact: Weights
    held: Weights
    change: Weights


def constants(node: Node, step: Step, places: int) -> Constants:
    """Rounds what a step rounds. Raises LeafFailure where it overflows."""
    if node.op == "constant":
        assert node.value is not None
        assert step.weights is not None
        value, held = exact(node.value, places), exact(round_array(step.weights, node.value, node.name), places)
        return Constants(Weights(value=value), Weights(value=held), Weights(value=minus(held, value)))
    if node.op != "linear":
        return Constants(Weights(), Weights(), Weights())
    assert node.weight is not None
    weight = rounded_weight(node, step)
    top = max(weight.places, node.weight.places)
    difference = Exact([a - b for a, b in zip(weight.at(top), node.weight.at(top), strict=True)], top)
    biases: list[Spans | None] = [None, None, None]
    if node.bias is not None:
        assert step.bias is not None
        given, rounded = exact(node.bias, places), exact(round_array(step.bias, node.bias, node.name), places)
        biases = [given, rounded, minus(rounded, given)]
    matrices = (Matrix(array, node.weight_shape) for array in (node.weight, weight, difference))
    return Constants(*(Weights(matrix, bias) for matrix, bias in zip(matrices, biases, strict=True)))


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
    held: Held
    weight_errors: Spans | None
    errors: list[int]
    slopes: Jacobian | None


class Analysis:
    """One pass over a program for one box, at `places` bits."""

    def __init__(self, nodes: tuple[Node, ...], program: tuple[Step, ...], places: int) -> None:
        self._nodes, self._program, self._fixed = nodes, program, FixedPoint(places)
        self._constants = [constants(node, step, places) for node, step in zip(nodes, program, strict=True)]

    def ranges(self, box: Spans) -> list[Spans]:
        """The exact range of every node."""
        found = [box]
        for node, known in zip(self._nodes[1:], self._constants[1:], strict=True):
            found.append(evaluate(node, [found[o] for o in node.operands], known.exact, self._fixed))
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
        change = widened(zeros(len(box.lo)), first.errors)
        states = [State(box, change, Held(first.spans, first.fmt), None, first.errors, None)]
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
        errors = [a + b for a, b in zip(result.errors, kept.errors, strict=True)]
        weight_errors = self._weight_errors(node, step, machine, known)
        if not has_changes:
            return State(ranges, ranges, Held(kept.spans, kept.fmt), None, errors, None)
        total = widened(zeros(node.size), errors)
        added = with_zero(total if weight_errors is None else plus(weight_errors, total))
        change, slopes = added, None
        if before:
            wide = [plus(s.range, with_zero(s.change)) for s in before]
            reached = evaluate(node, wide, known.exact, fixed)
            slopes = jacobian(node, wide, reached, known.exact, fixed)
            change = plus(slopes.forward([s.change for s in before]), added)
            change = met(change, minus(plus(reached, added), ranges))
        held = met(kept.spans, plus(ranges, change))
        return State(ranges, change, Held(held, kept.fmt), weight_errors, errors, slopes)

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
        """|sum over nodes of A (w + e)| for one output element, by adjoints A over R + D."""
        places = self._fixed.bits
        adjoints: list[Spans | None] = [None] * len(states)
        unit = [0] * len(states[-1].errors)
        unit[output] = 1 << places
        adjoints[-1] = Spans(unit, unit)
        low = high = 0
        for k in range(len(states) - 1, -1, -1):
            adjoint, state = adjoints[k], states[k]
            adjoints[k] = None
            assert adjoint is not None
            rounding = sum(size * error for size, error in zip(magnitudes(adjoint), state.errors, strict=True))
            low, high = low - rounding, high + rounding
            if state.weight_errors is not None:
                for a, w in zip(zip(*adjoint, strict=True), zip(*state.weight_errors, strict=True), strict=True):
                    part = product(a, w)
                    low, high = low + part[0], high + part[1]
            if state.slopes is not None:
                for operand, share in zip(self._nodes[k].operands, state.slopes.backward(adjoint), strict=True):
                    known = adjoints[operand]
                    adjoints[operand] = share if known is None else plus(known, share)
        return -(-max(-low, high) >> places)

