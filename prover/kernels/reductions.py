"""Sums, means, running sums, casts and quantisation (K1, K2, K11)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import Format, IntFormat
from suffice.prover.kernels.contract import Kernel
from suffice.prover.kernels.linear_maps import Inputs
from suffice.prover.kernels.sums import Terms, adding_error, scaled, total
from suffice.prover.kernels.tracked import Tracked, delivered, exactly, quantised, rounded
from suffice.prover.kernels.upper import Array, add, growth, multiply


def sum_of(kernel: Kernel, given: Inputs, *, axis: int = -1) -> Tracked:
    """The sum over an axis."""
    return delivered(_total(kernel, given["x"], axis), kernel, kernel.accumulation.accumulator)


def mean(kernel: Kernel, given: Inputs, *, axis: int = -1) -> Tracked:
    """The sum over n, or times a rounded 1/n: two roundings more."""
    x = given["x"]
    summed = _total(kernel, x, axis)
    count = float(x.shape[axis])
    divided = Tracked(iv.divide(summed.exact, count), multiply(summed.error, above_reciprocal(x.shape[axis])))
    return delivered(scaled(divided, kernel, 2), kernel)


def above_reciprocal(count: int) -> float:
    """An upper bound of 1/n."""
    return float(np.nextafter(1.0 / count, np.inf))


def cumsum(kernel: Kernel, given: Inputs, *, axis: int = -1) -> Tracked:
    """All sums of the first k elements: each the root of a tree of its own."""
    x = iv.rearranged(given["x"], lambda ends: np.moveaxis(ends, axis, -1))
    count = x.shape[-1]
    sizes = _running(iv.magnitude(x), count)
    error = np.stack([adding_error(kernel, k + 1, sizes[..., k], Terms.NUMBERS) for k in range(count)], axis=-1)
    around = multiply(sizes, growth_of_float64(count))
    exact = iv.widen(np.cumsum(iv.centre(x), axis=-1), add(around, _running(iv.radius(x), count)))
    return delivered(Tracked(exact, error), kernel, kernel.accumulation.accumulator).arranged(lambda ends: np.moveaxis(ends, -1, axis))


def cast(kernel: Kernel, given: Inputs, *, through: str | Format | None = None) -> Tracked:
    """One rounding to the output's format; two with `through`, the format that lies between."""
    between = parse_format(through) if isinstance(through, str) else through
    return rounded(exactly(given["x"]), between, kernel.output)


def quantise(kernel: Kernel, given: Inputs) -> Tracked:
    """K11: scale (clamp(round(x / scale + zero)) - zero), the quotient computed with three roundings."""
    codes = kernel.output
    if not isinstance(codes, IntFormat) or codes.scale is None or codes.zero is None:
        raise InputError("the result is not in integer codes", where="quantise", mend='give output="int8(scale=...,zero=...)"')
    return quantised(exactly(given["x"]), kernel, codes)


def growth_of_float64(count: int) -> float:
    """The relative rounding of a running sum in float64."""
    return growth(Fraction(1, 1 << 52), count)


def _total(kernel: Kernel, x: Intervals, axis: int) -> Tracked:
    return total(exactly(x), kernel, axis)


def _running(sizes: Array, count: int) -> Array:
    """Upper bounds of the running sums of sizes: float64's own, more than their rounding larger."""
    return multiply(np.cumsum(sizes, axis=-1), add(1.0, growth_of_float64(count)))
