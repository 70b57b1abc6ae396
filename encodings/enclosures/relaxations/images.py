"""The range of a node from the ranges of its operands, by intervals alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suffice.encodings.enclosures.arrays.functions import UNARY, leaky_relu
from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    absolute,
    add,
    constant,
    divide,
    hull,
    largest,
    mean,
    multiply,
    negate,
    point,
    rearranged,
    square,
    subtract,
    total,
)
from suffice.encodings.enclosures.arrays.linear import affine_image, products
from suffice.encodings.enclosures.arrays.pieces import Function
from suffice.encodings.enclosures.relaxations.rowwise import row_image
from suffice.encodings.networks.graph import NORMALISING, TensorNode, TensorOp
from suffice.hardware_specs.upward import Array

SQUARE = Function(square, lambda x: multiply(x, 2.0), lambda x: np.full(x.shape, 2.0))


def function_of(node: TensorNode) -> Function:
    """The function that an elementwise node of one operand applies, with its slope and curvature."""
    if node.op is TensorOp.LEAKY_RELU:
        slope = constant(node.parameter_value)
        return between(leaky_relu(float(slope.lo)), leaky_relu(float(slope.hi)))
    return ELEMENTWISE[node.op]


def between(first: Function, second: Function) -> Function:
    """A function whose values and slopes lie between those of two others."""
    return Function(
        lambda x: hull(first.range(x), second.range(x)),
        lambda x: hull(first.slope(x), second.slope(x)),
        lambda x: np.asarray(np.maximum(first.curvature(x), second.curvature(x))),
    )


def _absolute_slope(x: Intervals) -> Intervals:
    return Intervals(np.where(x.lo > 0, 1.0, -1.0), np.where(x.hi < 0, -1.0, 1.0))


def _absolute_curvature(x: Intervals) -> Array:
    return np.where((x.lo > 0) | (x.hi < 0), 0.0, np.inf)


ELEMENTWISE: dict[TensorOp, Function] = {
    **{TensorOp(name): function for name, function in UNARY.items()},
    TensorOp.SQUARE: SQUARE,
    TensorOp.ABSOLUTE: Function(absolute, _absolute_slope, _absolute_curvature),
}
"""The elementwise functions of one operand; leaky_relu with a slope of its own is made by `function_of`."""


def image(node: TensorNode, operands: Sequence[Intervals]) -> Intervals:
    """The range of a node that has operands, in its shape. Raises DomainError where the operation is not defined on them."""
    match node.op:
        case TensorOp.LINEAR:
            return linear_image(node, operands[0])
        case TensorOp.GATHER:
            return gather_image(node, operands)
        case TensorOp.ADD:
            return add(*operands)
        case TensorOp.SUBTRACT:
            return subtract(*operands)
        case TensorOp.MULTIPLY:
            return square(operands[0]) if node.operands[0] == node.operands[1] else multiply(*operands)
        case TensorOp.DIVIDE:
            return divide(*operands)
        case TensorOp.MATMUL:
            return products(*operands)
        case TensorOp.NEGATE:
            return negate(operands[0])
        case TensorOp.SUM:
            return total(operands[0]).reshape(*node.shape)
        case TensorOp.MEAN:
            return mean(operands[0]).reshape(*node.shape)
        case TensorOp.MAX:
            return largest(operands[0]).reshape(*node.shape)
        case op if op in NORMALISING:
            return row_image(node, operands[0])
    return function_of(node).range(operands[0])


def linear_image(node: TensorNode, x: Intervals) -> Intervals:
    """weight x + bias."""
    assert node.weight is not None
    if node.weight.ndim == 2:
        return affine_image(node.weight, node.bias, x)
    grouped = rearranged(x, lambda ends: np.moveaxis(ends, -2, 0).reshape(x.shape[-2], -1, x.shape[-1]))
    found = products(grouped, node.weight.swapaxes(-1, -2))
    moved = rearranged(found, lambda ends: np.moveaxis(ends, 0, -2).reshape(node.shape))
    return moved if node.bias is None else add(moved, node.bias)


def gather_image(node: TensorNode, operands: Sequence[Intervals]) -> Intervals:
    """Elements of the operands laid end to end, 0 for -1."""
    assert node.index is not None
    index = np.where(node.index < 0, sum(x.lo.size for x in operands), node.index)
    lo = np.concatenate([*(x.lo.reshape(-1) for x in operands), np.zeros(1)])[index]
    hi = np.concatenate([*(x.hi.reshape(-1) for x in operands), np.zeros(1)])[index]
    return Intervals(lo, hi)


def known(node: TensorNode) -> Intervals:
    """The value of a constant."""
    assert node.value is not None
    return point(node.value)
