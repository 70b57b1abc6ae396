"""Convolutions and pooling as gathers of windows: operands (samples, channels, *space), on any builder of networks."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from types import EllipsisType

import numpy as np

from suffice.encodings.networks.builder import NetworkBuilder, Tensor, check_size
from suffice.encodings.networks.graph import Array, Index, TensorOp
from suffice.errors import InputError

Pairs = Sequence[tuple[int, int]]
"""Padding before and after, for every axis of space."""


def windows(index: Index, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], padding: Pairs) -> Index:
    """Positions (*leading, *places, *kernel) of the windows over the last axes of `index`; -1 in the padding."""
    axes = len(kernel)
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    leading = index.ndim - axes
    check_size((*index.shape[:leading], *(n + sum(p) for n, p in zip(index.shape[leading:], padding, strict=True))), where="windows")
    padded = np.pad(index, [(0, 0)] * leading + list(padding), constant_values=-1)
    if any(length < span for length, span in zip(padded.shape[leading:], spans, strict=True)):
        raise InputError(f"a window of {tuple(kernel)} does not fit into {index.shape[leading:]}", mend="use a larger example")
    view = np.lib.stride_tricks.sliding_window_view(padded, spans, tuple(range(leading, index.ndim)))
    steps = [slice(None)] * leading + [slice(None, None, s) for s in stride] + [slice(None, None, d) for d in dilation]
    found: Index = view[tuple(steps)]
    check_size(found.shape, where="windows")
    return found


def convolution(
    b: NetworkBuilder,
    x: Tensor,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    padding: Pairs,
    dilation: Sequence[int],
    groups: int,
    parameter: str = "",
) -> Tensor:
    """The cross-correlation of (samples, channels, *space) with (out, channels / groups, *kernel): patches, then one linear map."""
    if len(x.shape) == weight.ndim - 1:
        single = b.reshape(x, (1, *x.shape))
        result = convolution(b, single, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups, parameter=parameter)
        return b.reshape(result, result.shape[1:])
    kernel, axes = weight.shape[2:], weight.ndim - 2
    samples, channels = x.shape[:2]
    if channels != weight.shape[1] * groups or weight.shape[0] % groups:
        raise InputError(f"{groups} groups of a kernel {weight.shape} do not fit {x.shape}", where=b.layer or b.name)
    patches = windows(b.positions(x), kernel, stride, dilation, padding)
    places = patches.shape[2 : 2 + axes]
    patches = patches.reshape(samples, groups, channels // groups, prod(places), prod(kernel)).transpose(0, 3, 1, 2, 4)
    matrix = weight.reshape(groups, weight.shape[0] // groups, -1)
    if groups == 1:
        gathered = b.gather((x,), patches.reshape(samples, prod(places), -1))
        result = b.linear(gathered, matrix[0], bias, parameter)
    else:
        gathered = b.gather((x,), patches.reshape(samples, prod(places), groups, -1))
        result = b.linear(gathered, matrix, None if bias is None else bias.reshape(groups, -1), parameter)
    out = b.reshape(result, (samples, prod(places), weight.shape[0]))
    return b.rearrange(out, lambda index: index.transpose(0, 2, 1).reshape(samples, weight.shape[0], *places))


def pooled_length(length: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, ceil_mode: bool) -> int:
    """How many windows there are; with `ceil_mode` also those that reach over the end but start inside it or in the padding before it."""
    room = length + sum(padding) - dilation * (kernel - 1) - 1
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= length + padding[0] else count


def _with_overhang(
    x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Pairs, dilation: Sequence[int], ceil_mode: bool
) -> Pairs:
    """The padding, longer at the end where the last window reaches over it."""
    axes = len(kernel)
    pairs = []
    for length, k, s, p, d in zip(x.shape[-axes:], kernel, stride, padding, dilation, strict=True):
        needed = (pooled_length(length, k, s, p, d, ceil_mode) - 1) * s + d * (k - 1) + 1
        pairs.append((p[0], max(p[1], needed - length - p[0])))
    return pairs


def max_pool(
    b: NetworkBuilder,
    x: Tensor,
    kernel: Sequence[int],
    *,
    stride: Sequence[int],
    padding: Pairs,
    dilation: Sequence[int],
    ceil_mode: bool,
) -> Tensor:
    """The maximum of every window; where it reaches into the padding, one of its elements stands there again, which changes nothing."""
    padding = _with_overhang(x, kernel, stride, padding, dilation, ceil_mode)
    patches = windows(b.positions(x), kernel, stride, dilation, padding)
    rows = patches.reshape(*patches.shape[: -len(kernel)], -1)
    present = rows.max(axis=-1, keepdims=True)
    if (present < 0).any():
        raise InputError("a pooling window lies in the padding", where=b.layer or b.name)
    return b.reduce(TensorOp.MAX, b.gather((x,), np.where(rows < 0, present, rows)))


def average_pool(
    b: NetworkBuilder,
    x: Tensor,
    kernel: Sequence[int],
    *,
    stride: Sequence[int],
    padding: Pairs,
    ceil_mode: bool,
    count_padding: bool,
    divisor: int | None = None,
) -> Tensor:
    """The mean of every window, over its elements and, with `count_padding`, the zeros of the padding; or its sum over a given divisor."""
    axes = len(kernel)
    ones = [1] * axes
    whole = _with_overhang(x, kernel, stride, padding, ones, ceil_mode)
    if count_padding:
        leading = len(x.shape) - axes
        check_size((*x.shape[:leading], *(n + sum(p) for n, p in zip(x.shape[leading:], padding, strict=True))), where="windows")
        whole = [(0, overhang[1] - pair[1]) for overhang, pair in zip(whole, padding, strict=True)]
        x = b.rearrange(x, lambda index: np.pad(index, [(0, 0)] * leading + list(padding), constant_values=-1))
    patches = windows(b.positions(x), kernel, stride, ones, whole)
    rows = patches.reshape(*patches.shape[:-axes], -1)
    if divisor is not None:
        return b.binary(TensorOp.DIVIDE, b.reduce(TensorOp.SUM, b.gather((x,), rows)), b.constant(divisor))
    return b.rows(x, rows, lambda part: b.reduce(TensorOp.MEAN, part))


def adaptive_pool(b: NetworkBuilder, op: TensorOp, x: Tensor, places: Sequence[int]) -> Tensor:
    """Mean or max over windows floor(i n / m) <= k < ceil((i + 1) n / m), m windows along every axis of length n."""
    index = b.positions(x)
    axes = len(places)
    leading = x.shape[:-axes]
    bounds = [[(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in zip(x.shape[-axes:], places, strict=True)]
    longest = prod(max(hi - lo for lo, hi in axis) for axis in bounds)
    check_size((*leading, *places, longest), where=b.layer or b.name)
    rows = np.full((*leading, *places, longest), -1, dtype=np.int64)
    for place in np.ndindex(*places):
        window: list[EllipsisType | slice] = [..., *(slice(*axis[i]) for axis, i in zip(bounds, place, strict=True))]
        part = index[tuple(window)].reshape(*leading, -1)
        rows[(..., *place, slice(0, part.shape[-1]))] = part
    return b.rows(x, rows, lambda part: b.reduce(op, part))
