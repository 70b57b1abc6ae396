"""Matrix products, linear layers and convolutions (K3, K4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from suffice.encodings.enclosures.arrays.intervals import Intervals, rearranged
from suffice.errors import InputError
from suffice.hardware_specs.accumulation import Kind
from suffice.hardware_specs.format import IntFormat
from suffice.prover.kernels.contract import Kernel
from suffice.prover.kernels.sums import matrix_product, scaled
from suffice.prover.kernels.tracked import Tracked, beyond, delivered, exactly, plus, rounded
from suffice.prover.kernels.upper import Array, above, add

REQUANTISING = 6
"""Roundings between an exact integer sum and the real result: the integer's, the scales', their products', the bias's and its sum's."""

Inputs = Mapping[str, Intervals]


def matmul(kernel: Kernel, given: Inputs) -> Tracked:
    """a b over the last two axes, leading axes broadcast."""
    return finished(kernel, matrix_product(exactly(given["a"]), exactly(given["b"]), kernel), None)


def linear(kernel: Kernel, given: Inputs) -> Tracked:
    """x W^T + bias."""
    weight = rearranged(given["weight"], np.transpose)
    return with_bias(kernel, exactly(given["x"]), exactly(weight), given.get("bias"))


def with_bias(kernel: Kernel, x: Tracked, weight: Tracked, bias: Intervals | None) -> Tracked:
    """A product and a bias, which is one more term; between integers, added after; or after the product was rounded to `intermediates`."""
    apart = bias is not None and (kernel.accumulation.kind is Kind.EXACT or kernel.intermediates is not None)
    product = matrix_product(x, weight, kernel, None if apart else bias)
    if not apart:
        return finished(kernel, product, None)
    return finished(kernel, rounded(product, kernel.intermediates), bias)


def finished(kernel: Kernel, product: Tracked, bias: Intervals | None) -> Tracked:
    """The sum with a bias that is still to come, the scaling of exact integer sums (K4), and the rounding to the result's format."""
    size: Array = product.size
    if bias is not None:
        with_it = plus(product, exactly(bias), kernel.compute)
        size, product = add(size, exactly(bias).size), with_it
    if kernel.accumulation.kind is Kind.EXACT:
        return requantised(kernel, product, size)
    return delivered(product, kernel, kernel.compute if bias is not None else kernel.accumulation.accumulator)


def requantised(kernel: Kernel, product: Tracked, size: Array) -> Tracked:
    """K4, K11: an exact integer sum as a real number, and its code. Between codes of scale 1 the sum is its own code."""
    output = kernel.output
    if isinstance(output, IntFormat) and all(isinstance(fmt, IntFormat) and fmt.scale == 1 for fmt in (*kernel.operands.values(), output)):
        return product.with_error(beyond(product, output))
    shift = abs(output.zero or 0) * output.scale if isinstance(output, IntFormat) and output.scale else 0
    return rounded(scaled(product, kernel, REQUANTISING, add(size, above(shift))), output)


def conv(
    kernel: Kernel, given: Inputs, *, dimensions: int, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tracked:
    """Convolution (cross-correlation) of x[N, C, ...] with weight[O, C/groups, ...] and bias[O], as a sum of products for every output.

    Algorithms that form other products (Winograd's, by Fourier transforms) are not covered.
    """
    x, weight = given["x"], given["weight"]
    if x.ndim != dimensions + 2 or weight.ndim != dimensions + 2 or x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise InputError(
            f"x of shape {x.shape} and weight of shape {weight.shape}",
            where=f"conv{dimensions}d",
            mend="use N, C, ... and O, C/groups, ...",
        )
    steps, pads, holes = (_each(value, dimensions) for value in (stride, padding, dilation))
    kernel_size = weight.shape[2:]
    outputs = weight.shape[0] // groups
    size: tuple[int, ...] = ()

    def patches(numbers: Array) -> Array:
        """[N, groups, positions, C/groups * kernel]."""
        nonlocal size
        padded = np.pad(numbers, [(0, 0), (0, 0), *((pad, pad) for pad in pads)])
        reach = tuple(hole * (length - 1) + 1 for hole, length in zip(holes, kernel_size, strict=True))
        windows = sliding_window_view(padded, reach, axis=tuple(range(2, 2 + dimensions)))
        picked = windows[
            (slice(None), slice(None), *(slice(None, None, step) for step in steps), *(slice(None, None, hole) for hole in holes))
        ]
        size = picked.shape[2 : 2 + dimensions]
        order = (0, *range(2, 2 + dimensions), 1, *range(2 + dimensions, 2 + 2 * dimensions))
        flat = np.transpose(picked, order).reshape(x.shape[0], int(np.prod(size)), groups, -1)
        return np.ascontiguousarray(np.moveaxis(flat, 2, 1))

    columns = rearranged(x, patches)
    rows = rearranged(weight, lambda w: np.moveaxis(w.reshape(groups, outputs, -1), 1, 2))
    bias = given.get("bias")
    spread = None if bias is None else rearranged(bias, lambda b: b.reshape(1, groups, 1, outputs))
    found = with_bias(kernel, exactly(columns), exactly(rows), spread)
    return found.arranged(lambda y: np.moveaxis(y, 2, 3).reshape(x.shape[0], groups * outputs, *size))


def _each(value: Any, dimensions: int) -> tuple[int, ...]:
    return tuple(int(v) for v in value) if isinstance(value, Sequence) else (int(value),) * dimensions
