"""Forward propagation of errors through a network (THEORY C3, element by element): exact ranges, deviations, errors of single steps.

Let z be the exact values of a node's operands and z^ those of a run. f(z^) - f(z) = S (z^ - z), S the mean of the Jacobian on the line
between them, which lies in the hull of both ranges. So every deviation is a sum of such products, and only real runs matter: an enclosure
of what the program computes may be used wherever it is found.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, hull, intersection, magnitude, multiply, subtract, widen
from suffice.encodings.enclosures.networks.changes import pushed
from suffice.encodings.enclosures.networks.images import image, linear_image
from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.graph import TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.networks.program import NetworkProgram, Step, Storage
from suffice.encodings.problem import InputModel
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.local_errors import compute_errors, held_format
from suffice.prover.networks.local_errors_rounding import rounding_errors, storing_errors
from suffice.prover.networks.node_errors import NodeErrors
from suffice.prover.networks.reverse import pulled_errors
from suffice.prover.networks.sets import demand_finite, rounded_ends, rounds_once, stored_set

PULLED = frozenset({TensorOp.LINEAR, TensorOp.MATMUL, TensorOp.ADD, TensorOp.SUBTRACT, TensorOp.SUM, TensorOp.MEAN})
"""Operations that mix errors with one cause, which cancel or add up; a reverse pass from them sees that."""

PULL_WORK = 1 << 30
"""Most multiplications of one reverse pass from a node that is not the output."""


def propagate(
    program: NetworkProgram,
    constants: tuple[Constants, ...],
    box: InputBox,
    model: InputModel,
    tightened: Mapping[int, Intervals] | None = None,
    pull_work: int = PULL_WORK,
) -> tuple[NodeErrors, ...]:
    """The errors of every node, operands first. Raises DomainError where the program may overflow or leave the domain of an operation."""
    network = program.network
    exact = exact_ranges(network, box, tightened)
    found: list[NodeErrors] = []
    held: list[Storage | None] = []
    work = 0
    for position, (node, step) in enumerate(program.pairs()):
        operands = [found[operand] for operand in node.operands]
        formats = [held[operand] for operand in node.operands]
        carried = _carried(node, operands)
        work += node.size + (0 if node.weight is None else node.size * node.weight.shape[-1])
        if _gains_by_pulling(node, operands) and node.size * work <= pull_work and position + 1 < len(network.nodes):
            carried = intersection(carried, pulled_errors(network, constants, found, position))
        errors, own = _node_errors(node, step, exact[position], carried, operands, constants[position], formats, model)
        demand_finite(errors.reached, node)
        found.append(errors)
        held.append(own)
    return tuple(found)


def _gains_by_pulling(node: TensorNode, operands: list[NodeErrors]) -> bool:
    """Whether some operand's error comes from elsewhere."""
    return node.op in PULLED and any(operand.carried.lo.any() or operand.carried.hi.any() for operand in operands)


def _node_errors(
    node: TensorNode,
    step: Step,
    exact: Intervals,
    carried: Intervals,
    operands: list[NodeErrors],
    constants: Constants,
    held: list[Storage | None],
    model: InputModel,
) -> tuple[NodeErrors, Storage | None]:
    """computed - exact = (f(z^) - f(z)) + (f^(z^) - f(z^)) + what rounding f^(z^) adds, operands z and z^, f^ with rounded constants."""
    computed = [operand.computed for operand in operands]
    change = constant_change(node, constants, computed)
    value = exact if node.op in (TensorOp.INPUT, TensorOp.CONSTANT) else add(exact, carried)
    if change is not None:
        value = add(value, change)
    if node.op is not TensorOp.INPUT:
        value = intersection(value, image(node, computed, constants.weight, constants.bias))
    own = held_format(node, step, held)
    if node.op is TensorOp.INPUT and model is InputModel.REPRESENTABLE:
        own = step.stored
    computing, before = _computing(node, step, computed, value, constants, held)
    demand_finite(before, node)
    storing = storing_errors(step.stored, before, own)
    error = _sum_unless_exact(computing, storing)
    linear = carried if change is None else add(carried, change)
    linear = linear if error is None else add(linear, error)
    after = stored_set(step.stored, before, own)
    by_sets = subtract(after, exact)
    deviation = intersection(linear, by_sets)
    machine = intersection(after, add(exact, deviation))
    errors = NodeErrors(
        exact=exact,
        computed=machine,
        reached=hull(exact, machine),
        carried=carried,
        change=change,
        error=error,
        deviation=deviation,
        by_sets=bool(magnitude(by_sets).max() < magnitude(linear).max()),
    )
    return errors, own if step.stored is None else step.stored


def _computing(
    node: TensorNode, step: Step, computed: list[Intervals], value: Intervals, constants: Constants, held: list[Storage | None]
) -> tuple[Intervals, Intervals]:
    """What the arithmetic adds to the values of the exact operation, and the results in the format of the arithmetic."""
    if rounds_once(node, step):
        return rounding_errors(step.compute, value), rounded_ends(step.compute, value)
    radius = compute_errors(node, step, computed, value, constants, held)
    return Intervals(-radius, radius), widen(value, radius)


def _sum_unless_exact(first: Intervals, second: Intervals) -> Intervals | None:
    total = add(first, second)
    return total if total.lo.any() or total.hi.any() else None


def constant_change(node: TensorNode, constants: Constants, operands: list[Intervals]) -> Intervals | None:
    """(rounded constants - exact constants) times the machine operands; None where nothing was rounded."""
    weight, bias = (_unless_zero(part) for part in (constants.weight_change, constants.bias_change))
    match node.op:
        case TensorOp.CONSTANT:
            return weight
        case TensorOp.LEAKY_RELU if weight is not None:
            below = Intervals(np.minimum(operands[0].lo, 0.0), np.minimum(operands[0].hi, 0.0))
            return multiply(below, Intervals(weight.lo.reshape(()), weight.hi.reshape(())))
        case TensorOp.LINEAR if weight is not None:
            return linear_image(weight, bias, operands[0]).reshape(*node.shape)
        case TensorOp.LINEAR if bias is not None:
            zero = np.zeros(node.shape)
            return add(Intervals(zero, zero), bias)
    return None


def _unless_zero(part: Intervals | None) -> Intervals | None:
    return None if part is None or not (part.lo.any() or part.hi.any()) else part


def _carried(node: TensorNode, operands: list[NodeErrors]) -> Intervals:
    deviations = [operand.deviation for operand in operands]
    if not any(deviation.lo.any() or deviation.hi.any() for deviation in deviations):
        return Intervals(np.zeros(node.shape), np.zeros(node.shape))
    return pushed(node, [operand.reached for operand in operands], deviations)
