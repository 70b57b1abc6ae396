"""How far quantising to a block format moves the elements of a block whose ranges are known.

Let x_i lie in [lo_i, hi_i], M_i = max |x_i|, and a = max |block|, which lies in [A, B] by the ranges. An element is moved by rounding,
or by saturation if |x_i| is above the largest element c 2^emax times its scale (c < 2), and never by more than |x_i| (zero is an element,
no farther off than a saturated end).

Powers of two. a has an exponent e between those of A and B; the scale is X = 2^(e - emax), e clamped as the format says. A normal quotient
is rounded by at most 2^(k - p) for 2^k < M_i <= 2^(k+1), whatever X is; a subnormal one (or an integer) by half a step times the largest X.
Saturation moves x_i by at most s(e) = min(M_i, 2^(e+1)) - c 2^e, since |x_i| <= a < 2^(e+1), where the upper clamp was not needed; s
grows while 2^(e+1) <= M_i and falls afterwards, so with 2^k <= M_i < 2^(k+1) its largest value over the range of e is at k - 1 or k, moved
into the range. Where the upper clamp is reached it moves x_i by at most M_i - c 2^e too.

NVFP4, with a tensor scale t that is known: the scale X of a block is t e4m3(a / (6 t)), between those of A and B as rounding is
monotone. A normal quotient y is rounded by at most y 2^-p, and by at most half the spacing at min(6, M_i / least X); a subnormal one by
a quarter. Saturation: 6 X >= a - 6 t h, with h half the spacing of e4m3 at B / (6 t), or X = 448 t; so x_i moves by at most
max(6 t h, M_i - 6 * 448 t), and by at most M_i - 6 times the least X.

All is computed in float64: at most eight roundings, each of relative error 2^-53, of quantities that are not negative (differences are
of exact numbers); the factor 1 + 2^-48 at the end is larger than (1 - 2^-53)^-8.
"""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from suffice.errors import FormatError
from suffice.hardware_specs.block_format import BlockFormat, Scale
from suffice.hardware_specs.blocks import LARGEST_POWER, block_largest, block_scales, largest_element
from suffice.hardware_specs.format import FloatFormat

Array = NDArray[np.float64]

_SLACK = 1 + 2.0**-48


def quantisation_bounds(fmt: BlockFormat, lo: Array, hi: Array, *, tensor_scale: float | None = None) -> Array:
    """Bounds of |quantised - x| for all arrays with lo <= x <= hi, in blocks along the last axis; NVFP4 needs a tensor scale."""
    lo, hi = np.broadcast_arrays(np.asarray(lo, dtype=np.float64), np.asarray(hi, dtype=np.float64))
    if not (lo <= hi).all() or not np.isfinite(lo).all() or not np.isfinite(hi).all():
        raise FormatError("a range that is empty or not finite", mend="use lo <= hi, both finite")
    if fmt.tensor_scale and tensor_scale is None:
        raise FormatError(f"{fmt.name} over ranges has no definite tensor scale", mend="give one")
    largest = np.maximum(np.abs(lo), np.abs(hi))
    least = np.where((lo <= 0) & (hi >= 0), 0.0, np.minimum(np.abs(lo), np.abs(hi)))
    below, above = (np.repeat(block_largest(fmt, x), fmt.length, axis=-1)[..., : lo.shape[-1]] for x in (least, largest))
    with np.errstate(all="ignore"):
        if fmt.scale is Scale.POWER_OF_TWO:
            moved = _by_powers(fmt, largest, below, above)
        else:
            assert tensor_scale is not None
            moved = _by_numbers(fmt, largest, below, above, tensor_scale)
        bounds: Array = np.minimum(moved * _SLACK, largest)
    return bounds


def _by_powers(fmt: BlockFormat, largest: Array, below: Array, above: Array) -> Array:
    emax = fmt.emax_element
    ends = (emax - LARGEST_POWER, emax + LARGEST_POWER)
    first, last = (np.clip(_floor_exponent(x, ends[0]), *ends) for x in (below, above))
    top = float(largest_element(fmt)) * 2.0**-emax
    own = _floor_exponent(largest, ends[0])
    saturated = np.zeros_like(largest)
    for power in (own - 1, own):
        at = np.clip(power, first, last)
        saturated = np.maximum(saturated, np.minimum(largest, np.ldexp(2.0, at)) - np.ldexp(top, at))
    clamped = _floor_exponent(above, ends[0]) > ends[1]
    saturated = np.where(clamped, np.maximum(saturated, largest - np.ldexp(top, ends[1])), saturated)
    moved: Array = np.maximum(_rounding(fmt, largest, np.ldexp(1.0, last - emax)), saturated)
    return moved


def _rounding(fmt: BlockFormat, largest: Array, scale: Array) -> Array:
    """Half the spacing of normal quotients at `largest`, or of subnormal ones (of integers) at the largest scale."""
    if not isinstance(fmt.element, FloatFormat):
        assert fmt.element.scale is not None
        return scale * float(fmt.element.scale) / 2
    significand, power = np.frexp(largest)
    normal = np.ldexp(1.0, power - 1 - (significand == 0.5) - fmt.element.p)
    rounding: Array = np.maximum(normal, scale * 2.0 ** (fmt.element.emin - fmt.element.p))
    return rounding


def _by_numbers(fmt: BlockFormat, largest: Array, below: Array, above: Array, tensor_scale: float) -> Array:
    element = fmt.element
    assert isinstance(element, FloatFormat)
    top = float(element.max_finite)
    first, last = (block_scales(fmt, x, tensor_scale) * tensor_scale for x in (below, above))
    quotient = np.minimum(top, np.nextafter(largest / first, inf))
    spacing = np.ldexp(1.0, np.frexp(np.where(np.isnan(quotient), top, quotient))[1] - 1 - element.p)
    rounding = np.maximum(np.minimum(largest * 2.0**-element.p, last * spacing), last * 2.0 ** (element.emin - element.p))
    scale_at = np.nextafter(above / (top * tensor_scale), inf)
    half = np.maximum(np.ldexp(1.0, np.frexp(scale_at)[1] - 1 - 4), 2.0**-10)
    saturated = np.minimum(largest - top * first, np.maximum(top * tensor_scale * half, largest - top * 448 * tensor_scale))
    moved: Array = np.maximum(rounding, saturated)
    return moved


def _floor_exponent(x: Array, least: int) -> NDArray[np.int64]:
    """floor(log2 x); `least` for 0."""
    return np.where(x == 0, least, np.frexp(x)[1].astype(np.int64) - 1)
