"""Layers that several operations make up: reductions over axes, norms with affine maps, softmax, attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import Array, TensorOp
from suffice.errors import InputError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A tensor with -infinity wherever `allowed` is false, on its way into a softmax."""

    tensor: Tensor
    allowed: Mask


def masked(b: NetworkBuilder, value: Tensor | Masked, allowed: Mask) -> Masked:
    """`value` with -infinity also wherever `allowed` is false."""
    x, before = (value.tensor, value.allowed) if isinstance(value, Masked) else (value, np.ones((), dtype=bool))
    shape = np.broadcast_shapes(x.shape, allowed.shape)
    return Masked(b.broadcast(x, shape), np.broadcast_to(allowed, shape) & np.broadcast_to(before, shape))


def split_mask(b: NetworkBuilder, mask: Array, parameter: str = "") -> tuple[Mask, Tensor | None]:
    """A summand with -infinities as what it allows and the finite numbers that it adds there, None where these are all 0."""
    allowed = mask != -np.inf
    finite = np.where(allowed, mask, 0.0)
    return allowed, b.constant(finite, parameter) if (finite != 0).any() else None


def add_mask(b: NetworkBuilder, value: Tensor | Masked, mask: Array, parameter: str = "") -> Masked:
    """`value` plus a known summand with -infinities."""
    allowed, added = split_mask(b, mask, parameter)
    x = value.tensor if isinstance(value, Masked) else value
    total = x if added is None else b.binary(TensorOp.ADD, x, added)
    before = value.allowed if isinstance(value, Masked) else np.ones((), dtype=bool)
    return masked(b, Masked(total, np.broadcast_to(before, total.shape)), allowed)


def real_axes(x: Tensor, axes: Sequence[int] | None) -> tuple[int, ...]:
    """Axes counted from the front; all of them for None or none. Raises InputError for one that `x` does not have."""
    count = len(x.shape)
    if not axes:
        return tuple(range(count))
    if any(not -max(count, 1) <= axis < max(count, 1) for axis in axes):
        raise InputError(f"a tensor of shape {x.shape} has no axis {tuple(axes)}")
    return tuple(sorted({axis % count for axis in axes})) if count else ()


def reduce_axes(b: NetworkBuilder, op: TensorOp, x: Tensor, axes: Sequence[int] | None, keep: bool) -> Tensor:
    """Sum, mean or max over several axes."""
    over = real_axes(x, axes)
    kept = [axis for axis in range(len(x.shape)) if axis not in over]
    leading = tuple(x.shape[axis] for axis in kept)
    length = prod(x.shape[axis] for axis in over)
    rows = b.rearrange(x, lambda index: index.transpose(*kept, *over).reshape(*leading, length))
    result = b.reduce(op, rows)
    return b.reshape(result, tuple(1 if axis in over else n for axis, n in enumerate(x.shape))) if keep else result


def along(b: NetworkBuilder, op: TensorOp, x: Tensor, axis: int) -> Tensor:
    """An operation of rows (softmax) along any axis."""
    if not x.shape:
        x = b.reshape(x, (1,))
    (place,) = real_axes(x, (axis,))
    result = b.unary(op, b.move_last(x, place))
    return b.rearrange(result, lambda index: np.moveaxis(index, -1, place))


def masked_softmax(b: NetworkBuilder, x: Tensor, allowed: Mask, axis: int = -1) -> Tensor:
    """Softmax over the allowed entries alone, 0 elsewhere: exactly what -infinity added to the others gives, without infinities."""
    rows = np.moveaxis(np.where(np.broadcast_to(allowed, x.shape), b.positions(x), -1), axis, -1)
    result = b.rows(x, rows, lambda part: b.unary(TensorOp.SOFTMAX, part))
    return b.rearrange(result, lambda index: np.moveaxis(index, -1, axis))


def affine(b: NetworkBuilder, x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """x weight + bias, element by element."""
    x = x if weight is None else b.binary(TensorOp.MULTIPLY, x, weight)
    return x if bias is None else b.binary(TensorOp.ADD, x, bias)


def norm(b: NetworkBuilder, op: TensorOp, x: Tensor, axes: int, eps: float, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """layer_norm or rms_norm over the last `axes` axes, then the affine map."""
    rows = b.reshape(x, (*x.shape[: len(x.shape) - axes], prod(x.shape[len(x.shape) - axes :])))
    normalised = b.reshape(b.unary(op, rows, Fraction(eps)), x.shape)
    return affine(b, normalised, weight, bias)


def per_channel(b: NetworkBuilder, x: Tensor, channels: Tensor | None) -> Tensor | None:
    """A tensor (channels) in a shape that goes with (samples, channels, *space)."""
    return None if channels is None else b.reshape(channels, (channels.size, *[1] * (len(x.shape) - 2)))


def batch_norm(
    b: NetworkBuilder, x: Tensor, mean: Tensor, variance: Tensor, eps: float, weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    """In evaluation, in the order in which PyTorch computes: alpha = 1/sqrt(variance + eps) weight; y = x alpha + (bias - mean alpha)."""
    deviation = b.unary(TensorOp.SQRT, b.binary(TensorOp.ADD, variance, b.constant(eps)))
    alpha = affine(b, reciprocal(b, deviation), weight, None)
    shift = b.binary(TensorOp.MULTIPLY, mean, alpha)
    shift = b.unary(TensorOp.NEGATE, shift) if bias is None else b.binary(TensorOp.SUBTRACT, bias, shift)
    return affine(b, x, per_channel(b, x, alpha), per_channel(b, x, shift))


def group_norm(b: NetworkBuilder, x: Tensor, groups: int, eps: float, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """layer_norm over every group of channels of (samples, channels, *space), then the affine map of channels."""
    rows = b.reshape(x, (x.shape[0], groups, -1))
    normalised = b.reshape(b.unary(TensorOp.LAYER_NORM, rows, Fraction(eps)), x.shape)
    return affine(b, normalised, per_channel(b, x, weight), per_channel(b, x, bias))


def attention(
    b: NetworkBuilder, query: Tensor, key: Tensor, value: Tensor, scale: float, *, added: Tensor | None = None, allowed: Mask | None = None
) -> Tensor:
    """softmax(query key^T scale + added) value over the last two axes; scores that are not `allowed` count as -infinity."""
    scores = b.matmul(query, b.rearrange(key, lambda index: np.swapaxes(index, -1, -2)))
    scores = b.binary(TensorOp.MULTIPLY, scores, b.constant(scale))
    if added is not None:
        scores = b.binary(TensorOp.ADD, scores, added)
    weights = b.unary(TensorOp.SOFTMAX, scores) if allowed is None else masked_softmax(b, scores, allowed)
    return b.matmul(weights, value)


def linear(b: NetworkBuilder, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x weight^T + bias, where the weight is itself computed."""
    matrix = x if len(x.shape) > 1 else b.reshape(x, (1, *x.shape))
    product = b.matmul(matrix, b.rearrange(weight, lambda index: np.swapaxes(index, -1, -2)))
    product = b.reshape(product, (*x.shape[:-1], product.shape[-1]))
    return product if bias is None else b.binary(TensorOp.ADD, product, bias)


def product(b: NetworkBuilder, x: Tensor, y: Tensor) -> Tensor:
    """The product of matrices, vectors and stacks of matrices as NumPy's matmul."""
    left = x if len(x.shape) > 1 else b.reshape(x, (1, -1))
    right = y if len(y.shape) > 1 else b.reshape(y, (-1, 1))
    result = b.matmul(left, right)
    shape = (*result.shape[:-2], *(x.shape[-2:-1] if len(x.shape) > 1 else ()), *(y.shape[-1:] if len(y.shape) > 1 else ()))
    return b.reshape(result, shape)


def larger(b: NetworkBuilder, x: Tensor, y: Tensor) -> Tensor:
    """The larger of two, element by element; exact."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    ends = [b.reshape(b.broadcast(end, shape), (*shape, 1)) for end in (x, y)]
    return b.reduce(TensorOp.MAX, b.concatenate(ends, -1))


def smaller(b: NetworkBuilder, x: Tensor, y: Tensor) -> Tensor:
    """The smaller of two, element by element; exact."""
    negated = larger(b, b.unary(TensorOp.NEGATE, x), b.unary(TensorOp.NEGATE, y))
    return b.unary(TensorOp.NEGATE, negated)


def clamp(b: NetworkBuilder, x: Tensor, least: float | None, most: float | None) -> Tensor:
    """min(max(x, least), most), exact; None: no limit."""
    if least == 0:
        x = b.unary(TensorOp.RELU, x)
    elif least is not None and least != -np.inf:
        x = larger(b, x, b.constant(least))
    return x if most is None or most == np.inf else smaller(b, x, b.constant(most))


def power(b: NetworkBuilder, x: Tensor, exponent: float) -> Tensor:
    """x to the power of 1, 2, 3, 1/2, -1/2 or -1. Raises InputError for another."""
    simple = {2.0: TensorOp.SQUARE, 0.5: TensorOp.SQRT, -0.5: TensorOp.RSQRT}
    if exponent == 1:
        return x
    if exponent in simple:
        return b.unary(simple[exponent], x)
    if exponent == 3:
        return b.binary(TensorOp.MULTIPLY, b.unary(TensorOp.SQUARE, x), x)
    if exponent == -1:
        return reciprocal(b, x)
    raise InputError(f"the power {exponent}", mend="write it with products and square roots")


def reciprocal(b: NetworkBuilder, x: Tensor) -> Tensor:
    """1 / x."""
    return b.binary(TensorOp.DIVIDE, b.constant(1.0), x)


def softplus(b: NetworkBuilder, x: Tensor, beta: float) -> Tensor:
    """log(1 + e^(beta x)) / beta."""
    if beta == 1:
        return b.unary(TensorOp.SOFTPLUS, x)
    scaled = b.unary(TensorOp.SOFTPLUS, b.binary(TensorOp.MULTIPLY, x, b.constant(beta)))
    return b.binary(TensorOp.DIVIDE, scaled, b.constant(beta))
