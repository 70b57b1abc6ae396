"""The range of a node from the ranges of its operands, by intervals alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    Operand,
    add,
    divide,
    intervals_of,
    largest,
    mean,
    multiply,
    point,
    rearranged,
    square,
    subtract,
    total,
)
from suffice.encodings.enclosures.arrays.linear import affine_image, products, transposed
from suffice.encodings.enclosures.networks.elementwise import function_of
from suffice.encodings.enclosures.networks.rowwise import row_image
from suffice.encodings.networks.graph import NORMALISING, TensorNode, TensorOp
from suffice.hardware_specs.upward import Array

OF_TWO: dict[TensorOp, Callable[[Intervals, Intervals], Intervals]] = {
    TensorOp.ADD: add,
    TensorOp.SUBTRACT: subtract,
    TensorOp.MULTIPLY: multiply,
    TensorOp.DIVIDE: divide,
    TensorOp.MATMUL: products,
}

OF_ROWS: dict[TensorOp, Callable[[Intervals], Intervals]] = {TensorOp.SUM: total, TensorOp.MEAN: mean, TensorOp.MAX: largest}


def image(node: TensorNode, operands: Sequence[Intervals], weight: Array | None = None, bias: Array | None = None) -> Intervals:
    """The range of a node other than the input, in its shape. Raises DomainError where the operation is not defined on the operands.

    `weight` (the value of a constant, the slope of leaky_relu) and `bias` may stand in place of the node's own.
    """
    match node.op:
        case TensorOp.CONSTANT:
            value = node.value if weight is None else weight
            assert value is not None
            return point(value)
        case TensorOp.GATHER:
            return gathered(node, operands)
        case TensorOp.LINEAR:
            matrix = node.weight if weight is None else weight
            assert matrix is not None
            return linear_image(matrix, node.bias if bias is None else bias, operands[0])
        case TensorOp.MULTIPLY if node.operands[0] == node.operands[1]:
            return square(operands[0])
        case op if op in OF_TWO:
            return OF_TWO[op](*operands)
        case op if op in OF_ROWS:
            return OF_ROWS[op](operands[0]).reshape(*node.shape)
        case op if op in NORMALISING:
            return row_image(node, operands[0])
    return function_of(node, weight).range(operands[0])


def linear_image(weight: Operand, bias: Operand | None, x: Intervals) -> Intervals:
    """sum_i weight[o, i] x[.., i] + bias[o]; with three axes in `weight`, for every group."""
    matrix = intervals_of(weight)
    if matrix.ndim == 2:
        return affine_image(matrix, bias, x)
    value = grouped_products(x, transposed(matrix))
    return value if bias is None else add(value, bias)


def grouped_products(x: Intervals, matrices: Intervals) -> Intervals:
    """x[.., g, :] times matrices[g] for every group."""
    leading = x.shape[:-2]
    rows = x.reshape(prod(leading), *x.shape[-2:])
    value = products(rearranged(rows, lambda ends: np.swapaxes(ends, 0, 1)), matrices)
    return rearranged(value, lambda ends: np.ascontiguousarray(np.swapaxes(ends, 0, 1)).reshape(*leading, *x.shape[-2:-1], -1))


def gathered(node: TensorNode, operands: Sequence[Intervals]) -> Intervals:
    """Elements of the operands laid end to end, 0 for -1."""
    assert node.index is not None
    none = np.zeros(1)
    lo = np.concatenate([*(operand.lo.reshape(-1) for operand in operands), none])
    hi = np.concatenate([*(operand.hi.reshape(-1) for operand in operands), none])
    return Intervals(lo[node.index], hi[node.index])
