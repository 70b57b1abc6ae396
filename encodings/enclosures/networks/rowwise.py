"""Operations that mix a row (the last axis): their ranges, interval Jacobians of each row, and products with adjoints.

With y the result: softmax has J = diag(y) - y y^T; log_softmax I - 1 softmax^T; layer_norm (I - 1 1^T/n - y y^T/n) / s with
s = sqrt(variance + eps); rms_norm (I - y y^T/n) / s with s = sqrt(mean square + eps).
"""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.composites import (
    layer_norm,
    layer_norm_adjoint,
    layer_norm_scale,
    log_softmax,
    log_softmax_adjoint,
    rms_norm,
    rms_norm_adjoint,
    rms_norm_scale,
    softmax,
    softmax_adjoint,
)
from suffice.encodings.enclosures.arrays.intervals import Intervals, add, divide, multiply, negate, square, subtract
from suffice.encodings.enclosures.arrays.simplex import weighted_mean
from suffice.encodings.networks.graph import TensorNode, TensorOp
from suffice.hardware_specs.upward import Array


def row_image(node: TensorNode, x: Intervals) -> Intervals:
    """The range over boxes of rows."""
    match node.op:
        case TensorOp.SOFTMAX:
            return softmax(x)
        case TensorOp.LOG_SOFTMAX:
            return log_softmax(x)
        case TensorOp.LAYER_NORM:
            return layer_norm(x, node.parameter_value)
    return rms_norm(x, node.parameter_value)


def row_scale(node: TensorNode, x: Intervals) -> Intervals:
    """What a norm divides by, of length 1 along the last axis."""
    scale = layer_norm_scale if node.op is TensorOp.LAYER_NORM else rms_norm_scale
    return scale(x, node.parameter_value)


def row_adjoint(node: TensorNode, x: Intervals, adjoint: Intervals, image: Intervals | None = None) -> Intervals:
    """adjoint (k, *shape) times the Jacobians, for operands in x; `image`, if known, holds the results there."""
    if node.op is TensorOp.LOG_SOFTMAX:
        return log_softmax_adjoint(softmax(x), adjoint)
    y = row_image(node, x) if image is None else image
    match node.op:
        case TensorOp.SOFTMAX:
            return softmax_adjoint(y, adjoint)
        case TensorOp.LAYER_NORM:
            return layer_norm_adjoint(y, row_scale(node, x), adjoint)
    return rms_norm_adjoint(y, row_scale(node, x), adjoint)


def row_change(node: TensorNode, x: Intervals, change: Intervals) -> Intervals:
    """The Jacobians times changes of x. They are symmetric but for log_softmax: d_i - sum_j y_j d_j, y the softmax."""
    if node.op is TensorOp.LOG_SOFTMAX:
        return subtract(change, weighted_mean(softmax(x), change)[..., None])
    return row_adjoint(node, x, change)


def row_jacobian(node: TensorNode, x: Intervals) -> Intervals:
    """Interval Jacobians (rows, n, n) over boxes of rows (rows, n): element (i, j) encloses the derivative of result i by operand j."""
    length = x.shape[-1]
    identity = np.eye(length)
    if node.op is TensorOp.LOG_SOFTMAX:
        return subtract(identity, softmax(x)[..., None, :])
    y = row_image(node, x)
    if node.op is TensorOp.SOFTMAX:
        return with_diagonal(negate(pairs(y)), multiply(y, subtract(1.0, y)))
    mixed = with_diagonal(pairs(y), square(y))
    shares = add(mixed, 1.0) if node.op is TensorOp.LAYER_NORM else mixed
    return divide(subtract(identity, divide(shares, float(length))), row_scale(node, x)[..., None])


def pairs(y: Intervals) -> Intervals:
    """y_i y_j."""
    return multiply(y[..., :, None], y[..., None, :])


def with_diagonal(matrices: Intervals, diagonal: Intervals) -> Intervals:
    """Matrices with another diagonal."""
    own = np.eye(matrices.shape[-1], dtype=bool)

    def chosen(off: Array, on: Array) -> Array:
        return np.where(own, on[..., None], off)

    return Intervals(chosen(matrices.lo, diagonal.lo), chosen(matrices.hi, diagonal.hi))
