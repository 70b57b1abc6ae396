"""What one step adds to the error of its node, before the result is stored (docs/networks.md, "Local errors")."""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude
from suffice.encodings.networks.graph import BINARY, SMOOTH, Array, TensorNode, TensorOp
from suffice.encodings.networks.program import Step, Storage
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.local_errors_rounding import function_errors, half_spacing, keeps
from suffice.prover.networks.local_errors_rows import row_errors
from suffice.prover.networks.local_errors_sums import check_products, linear_errors, matmul_errors, sum_errors

EXACT_OPS = frozenset(
    {TensorOp.INPUT, TensorOp.CONSTANT, TensorOp.GATHER, TensorOp.NEGATE, TensorOp.ABSOLUTE, TensorOp.RELU, TensorOp.MAX}
)
"""Operations whose result is one of the operands' numbers, or its negation."""

SINGLE_ROUNDINGS = BINARY | SMOOTH
"""Operations that round the exact result once."""


def compute_errors(
    node: TensorNode, step: Step, operands: list[Intervals], value: Intervals, constants: Constants, held: list[Storage | None]
) -> Array:
    """A bound of |computed in the step's format - exact operation of the same machine numbers and rounded constants|, element by element.

    Machine numbers lie in `operands`, and are numbers of `held` where that is known; `value` holds the exact results. Infinite where the
    computation may overflow. Raises FormatError for arithmetic that a format does not have.
    """
    if node.op in EXACT_OPS:
        return np.zeros(node.shape)
    if node.op in SINGLE_ROUNDINGS:
        ulps = step.ulps if node.op in SMOOTH and node.op is not TensorOp.SQUARE else 0
        return function_errors(step.compute, magnitude(value), ulps)
    if step.accumulation is not None:
        check_products(node, step, step.accumulation, held)
    match node.op:
        case TensorOp.LEAKY_RELU:
            return np.where(operands[0].lo < 0, half_spacing(step.compute, magnitude(value)), 0.0)
        case TensorOp.LINEAR:
            assert constants.weight is not None
            return linear_errors(step, operands[0], value, constants, held[0])
        case TensorOp.MATMUL:
            return matmul_errors(step, operands, value, held)
        case TensorOp.SUM | TensorOp.MEAN:
            return sum_errors(node, step, operands[0], value)
        case _:
            return row_errors(node, step, operands[0], value, held[0])


def held_format(node: TensorNode, step: Step, operands: list[Storage | None]) -> Storage | None:
    """A format whose numbers the computed values are, before they are stored; None where none is known."""
    if node.op is TensorOp.CONSTANT:
        return None if isinstance(step.weights, IntFormat) and step.scales else step.weights
    if node.op in EXACT_OPS:
        return _common(node, operands)
    if node.op is TensorOp.LEAKY_RELU:
        return step.compute if operands[0] is not None and keeps(step.compute, operands[0]) else None
    if node.op in (TensorOp.LINEAR, TensorOp.MATMUL, TensorOp.SUM) and step.accumulation is not None:
        accumulator = step.accumulation.accumulator
        return accumulator if isinstance(accumulator, FloatFormat) else step.compute
    return step.compute


def _common(node: TensorNode, operands: list[Storage | None]) -> Storage | None:
    """The operands' format, where it is one and has their negations (and 0) too."""
    widest = next((one for one in operands if all(one == other or keeps(one, other) for other in operands if one is not None)), None)
    if widest is None or isinstance(widest, BlockFormat):
        return None
    if isinstance(widest, IntFormat):
        zero_held = widest.zero is not None and widest.qmin <= widest.zero <= widest.qmax
        return widest if zero_held and node.op in (TensorOp.GATHER, TensorOp.RELU, TensorOp.MAX) else None
    return widest
