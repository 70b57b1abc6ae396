"""Operations that mix a row (the last axis): values, interval Jacobians of each row, and the ranges over boxes.

With y the result: softmax has J = diag(y) - y y^T; log_softmax I - 1 softmax^T; layer_norm (I - 1 1^T/n - y y^T/n) / s with
s = sqrt(variance + eps); rms_norm (I - y y^T/n) / s with s = sqrt(mean square + eps).
"""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.functions import rsqrt
from suffice.encodings.enclosures.arrays.intervals import Intervals, add, constant, divide, mean, multiply, negate, square, subtract
from suffice.encodings.enclosures.arrays.variance import variance
from suffice.encodings.networks.graph import NORMALISING, TensorNode, TensorOp

ROWWISE = NORMALISING


def row_image(node: TensorNode, x: Intervals) -> Intervals:
    """The range over boxes of rows."""
    from suffice.encodings.enclosures.arrays.composites import layer_norm, log_softmax, rms_norm, softmax

    match node.op:
        case TensorOp.SOFTMAX:
            return softmax(x)
        case TensorOp.LOG_SOFTMAX:
            return log_softmax(x)
        case TensorOp.LAYER_NORM:
            return layer_norm(x, node.parameter_value)
    return rms_norm(x, node.parameter_value)


def inverse_scale(node: TensorNode, x: Intervals) -> Intervals:
    """1 / s of a norm, one for every row."""
    spread = variance(x) if node.op is TensorOp.LAYER_NORM else mean(square(x))
    return rsqrt(add(spread, constant(node.parameter_value)))


def row_jacobian(node: TensorNode, x: Intervals) -> Intervals:
    """Interval Jacobians (rows, n, n) over boxes of rows (rows, n): element (i, j) encloses the derivative of result i by operand j."""
    length = x.shape[-1]
    identity = np.eye(length)
    match node.op:
        case TensorOp.SOFTMAX:
            y = row_image(node, x)
            own = multiply(y, subtract(1.0, y))
            pairs = negate(multiply(y[..., :, None], y[..., None, :]))
            diagonal = identity.astype(bool)
            return Intervals(np.where(diagonal, own.lo[..., None], pairs.lo), np.where(diagonal, own.hi[..., None], pairs.hi))
        case TensorOp.LOG_SOFTMAX:
            from suffice.encodings.enclosures.arrays.composites import softmax

            return subtract(identity, softmax(x)[..., None, :])
    y = row_image(node, x)
    outer = multiply(y[..., :, None], y[..., None, :])
    squares = square(y)
    diagonal = identity.astype(bool)
    outer = Intervals(np.where(diagonal, squares.lo[..., None], outer.lo), np.where(diagonal, squares.hi[..., None], outer.hi))
    shares = add(outer, 1.0) if node.op is TensorOp.LAYER_NORM else outer
    return multiply(subtract(identity, divide(shares, float(length))), inverse_scale(node, x)[..., None, None])
