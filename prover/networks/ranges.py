"""Exact ranges of every node of a network over a box, by intervals; other methods may tighten them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from suffice.encodings.enclosures.arrays import composites, intervals
from suffice.encodings.enclosures.arrays.functions import UNARY
from suffice.encodings.enclosures.arrays.intervals import Intervals, Operand, add, constant, maximum, minimum, multiply, point
from suffice.encodings.enclosures.arrays.linear import affine_image, products
from suffice.encodings.networks.graph import Array, Network, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox

ELEMENTWISE: dict[TensorOp, Callable[..., Intervals]] = {
    TensorOp.ADD: intervals.add,
    TensorOp.SUBTRACT: intervals.subtract,
    TensorOp.MULTIPLY: intervals.multiply,
    TensorOp.DIVIDE: intervals.divide,
    TensorOp.NEGATE: intervals.negate,
    TensorOp.ABSOLUTE: intervals.absolute,
    TensorOp.SQUARE: intervals.square,
    TensorOp.SUM: intervals.total,
    TensorOp.MEAN: intervals.mean,
    TensorOp.MAX: intervals.largest,
}


def exact_ranges(network: Network, box: InputBox, tightened: Mapping[int, Intervals] | None = None) -> tuple[Intervals, ...]:
    """Intervals that hold every element of every node of the exact network, for all inputs of the box; each also within `tightened`."""
    found: list[Intervals] = []
    for position, node in enumerate(network.nodes):
        if node.op is TensorOp.INPUT:
            value = Intervals(box.lo.reshape(node.shape), box.hi.reshape(node.shape))
        else:
            value = image(node, [found[operand] for operand in node.operands])
        if tightened is not None and position in tightened:
            value = intervals.intersection(value, tightened[position])
        found.append(value)
    return tuple(found)


def image(node: TensorNode, operands: list[Intervals], weight: Array | None = None, bias: Array | None = None) -> Intervals:
    """The range of one operation on intervals; `weight` and `bias` may stand in place of its own constants."""
    weight = (node.value if node.op is TensorOp.CONSTANT else node.weight) if weight is None else weight
    match node.op:
        case TensorOp.CONSTANT:
            assert weight is not None
            value = point(weight)
        case TensorOp.GATHER:
            value = gathered(node, operands)
        case TensorOp.LINEAR:
            assert weight is not None
            value = linear_image(weight, node.bias if bias is None else bias, operands[0])
        case TensorOp.MATMUL:
            value = products(*operands)
        case TensorOp.LEAKY_RELU:
            slope = constant(node.parameter_value) if weight is None else point(weight.reshape(()))
            value = add(maximum(operands[0], 0.0), multiply(minimum(operands[0], 0.0), slope))
        case TensorOp.SOFTMAX:
            value = composites.softmax(operands[0])
        case TensorOp.LOG_SOFTMAX:
            value = composites.log_softmax(operands[0])
        case TensorOp.LAYER_NORM:
            value = composites.layer_norm(operands[0], node.parameter_value)
        case TensorOp.RMS_NORM:
            value = composites.rms_norm(operands[0], node.parameter_value)
        case op if op in ELEMENTWISE:
            value = ELEMENTWISE[op](*operands)
        case _:
            value = UNARY[node.op.value].range(operands[0])
    return value.reshape(*node.shape)


def linear_image(weight: Operand, bias: Operand | None, x: Intervals) -> Intervals:
    """sum_i weight[o, i] x[.., i] + bias[o]; with three axes in `weight`, for every group."""
    if weight.ndim == 2:  # type: ignore[union-attr]  # an array or intervals
        return affine_image(weight, bias, x)
    value = grouped_products(x, intervals.rearranged(intervals.intervals_of(weight), lambda ends: np.swapaxes(ends, -1, -2)))
    return value if bias is None else add(value, bias)


def grouped_products(x: Intervals, matrices: Intervals) -> Intervals:
    """x[.., g, :] times matrices[g] for every group."""
    leading = x.shape[:-2]
    rows = x.reshape(prod(leading), *x.shape[-2:])
    value = products(intervals.rearranged(rows, lambda ends: np.swapaxes(ends, 0, 1)), matrices)
    return intervals.rearranged(value, lambda ends: np.ascontiguousarray(np.swapaxes(ends, 0, 1)).reshape(*leading, *x.shape[-2:-1], -1))


def gathered(node: TensorNode, operands: list[Intervals]) -> Intervals:
    """The operands' elements, moved."""
    assert node.index is not None
    none = np.zeros(1)
    lo = np.concatenate([*(operand.lo.reshape(-1) for operand in operands), none])
    hi = np.concatenate([*(operand.hi.reshape(-1) for operand in operands), none])
    return Intervals(lo[node.index], hi[node.index])
