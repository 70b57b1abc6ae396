"""What products of norms bound (THEORY C3 with Lipschitz constants of whole layers), to compare with. Float64 without proof.

E_k <= L_k E_(k-1) + e_k, in the max norm and in the 2-norm; L_k is the norm of a weight matrix, or the sharp constant of an activation
on the whole line. The local errors e_k come either from norms too, |x_k| <= L_k |x_(k-1)| + |b_k|, or, which favours products of norms,
from our own analysis of the box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude
from suffice.encodings.enclosures.arrays.sharp import ELEMENTWISE
from suffice.encodings.networks.graph import Array, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram, Step
from suffice.hardware_specs.accumulation import Kind
from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.prover.networks.constants import Constants, constants
from suffice.prover.networks.forward import propagate
from suffice.prover.networks.node_errors import NodeErrors

SLOPE_ONE = {TensorOp.MAX, TensorOp.NEGATE, TensorOp.ABSOLUTE}


@dataclass(frozen=True, slots=True)
class NormBounds:
    """By norms alone, in the max norm and in the 2-norm; and the better of both with the local errors of our analysis."""

    largest: float
    euclidean: float
    with_our_errors: float


def norm_bounds(program: NetworkProgram, inputs: InputSet, ranges: Mapping[int, Intervals]) -> NormBounds:
    """The bounds over the first box, of a chain of operations with one operand each."""
    rounded = constants(program)
    errors = propagate(program, rounded, inputs.boxes[0], inputs.model, ranges)
    steps = list(zip(program.network.nodes, program.steps, rounded, errors, strict=True))
    given = min(_with_our_errors(steps, two=False), _with_our_errors(steps, two=True))
    return NormBounds(largest=_by_norms(steps, two=False), euclidean=_by_norms(steps, two=True), with_our_errors=given)


Steps = list[tuple[TensorNode, Step, Constants, NodeErrors]]


def _with_our_errors(steps: Steps, *, two: bool) -> float:
    total = 0.0
    for node, _, _, found in steps:
        added = np.zeros(1) if found.added is None else magnitude(found.added)
        total = (lipschitz(node, two=two) * total if node.operands else 0.0) + size(added, two=two)
    return total


def _by_norms(steps: Steps, *, two: bool) -> float:
    total, reach = 0.0, 0.0
    for node, step, rounded, found in steps:
        count = np.sqrt(node.size) if two else 1.0
        if not node.operands:
            reach = size(magnitude(found.exact), two=two)
            total = unit(step.stored, reach / count) * count
            continue
        constant, arrived = lipschitz(node, two=two), reach + total
        total *= constant
        reach *= constant
        if node.op is TensorOp.LINEAR:
            copies = np.sqrt(node.size / node.weight.shape[-2]) if two and node.weight is not None else 1.0
            if node.bias is not None:
                reach += size(node.bias, two=two) * copies
            total += _changed(rounded, two=two) * arrived + _accumulated(node, step, two=two) * arrived
        if found.error is not None:
            total += unit(step.stored, reach) * (1.0 if isinstance(step.stored, FloatFormat) else count)
    return total


def _changed(rounded: Constants, *, two: bool) -> float:
    return 0.0 if rounded.weight_change is None else operator_norm(magnitude(rounded.weight_change), two=two)


def _accumulated(node: TensorNode, step: Step, *, two: bool) -> float:
    """n units of the accumulator, relative to the products' absolute values."""
    assert node.weight is not None
    if step.accumulation is None or step.accumulation.kind is Kind.EXACT or not isinstance(step.accumulation.accumulator, FloatFormat):
        return 0.0
    return float(node.weight.shape[-1] * 2.0**-step.accumulation.accumulator.p) * operator_norm(np.abs(node.weight), two=two)


def unit(stored: object, reach: float) -> float:
    """Half the distance of numbers as large as `reach`, in relation to it for floats; half a step of 8-bit codes."""
    if isinstance(stored, FloatFormat):
        return float(2.0**-stored.p) * reach
    return reach / (stored.qmax - stored.qmin) if isinstance(stored, IntFormat) else 0.0


def size(values: Array, *, two: bool) -> float:
    """The 2-norm or the max norm of a vector."""
    return float(np.linalg.norm(values)) if two else float(np.abs(values).max())


def operator_norm(matrix: Array, *, two: bool) -> float:
    """The largest norm of the matrices of the last two axes."""
    matrices = matrix.reshape(-1, *matrix.shape[-2:])
    return max(float(np.linalg.norm(one, 2 if two else np.inf)) for one in matrices)


def lipschitz(node: TensorNode, *, two: bool) -> float:
    """The constant on the whole space."""
    if node.op is TensorOp.LINEAR:
        assert node.weight is not None
        return operator_norm(node.weight, two=two)
    if node.op is TensorOp.GATHER:
        assert node.index is not None
        return float(np.sqrt(np.bincount(node.index[node.index >= 0].reshape(-1)).max())) if two else 1.0
    return 1.0 if node.op in SLOPE_ONE else float(ELEMENTWISE[node.op.value].lipschitz)
