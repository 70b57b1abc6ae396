"""What one rounding adds, for values in known intervals (docs/networks.md, "Local errors": one rounding, storing).

Bounds of non-negative quantities are computed in the nearest mode and then `raised`; subnormal numbers are to be kept.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude, outward
from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import NEAREST, holds
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat, Overflow, Subnormals
from suffice.hardware_specs.grid import code_value
from suffice.hardware_specs.upward import LARGEST, above, below
from suffice.hardware_specs.vectorised import fits_float64, round_array
from suffice.prover.networks.constants import block_errors

Array = NDArray[np.float64]
Storage = Format | BlockFormat

LEAST = 2.0**-1074
"""The least positive float64 number."""


def raised(values: Array, operations: int = 64) -> Array:
    """An upper bound of non-negative numbers that were computed by so many float64 additions, products, quotients and square roots of
    non-negative numbers: each loses at most the relative error 2^-53, or 2^-1074 by underflow, which factors below 2^60 enlarge later.
    """
    return np.asarray(values * (1 + operations * 2.0**-51) + operations * 2.0**-1000)


def unit_roundoffs(fmt: Format) -> tuple[float, float]:
    """u and eta with |fl(r) - r| <= u |r| + eta for every r in the format's range. Raises FormatError for integer codes."""
    if isinstance(fmt, ExactFormat):
        return 0.0, 0.0
    if not isinstance(fmt, FloatFormat):
        raise FormatError("arithmetic in integer codes", mend="compute in a float format")
    directed = fmt.rounding not in NEAREST
    flushed = fmt.subnormals is Subnormals.FLUSHED
    return 2.0 ** (directed - fmt.p), max(2.0 ** (fmt.emin if flushed else fmt.emin - fmt.p + directed), LEAST)


def half_spacing(fmt: Format, largest: Array) -> Array:
    """half_F(m): a bound of |fl(r) - r| over |r| <= m."""
    if isinstance(fmt, ExactFormat):
        return np.zeros_like(largest)
    if isinstance(fmt, IntFormat):
        step = above(_scale(fmt))
        return np.asarray(np.minimum(largest, step / 2) if fmt.rounding in NEAREST else np.full_like(largest, step))
    if not isinstance(fmt, FloatFormat):
        raise FormatError("code(bits) has no definite numbers", mend="name a float or integer format")
    fraction, exponent = np.frexp(np.where(np.isfinite(largest), largest, 1.0))
    binade = np.maximum(exponent - 1 - (fraction == 0.5), fmt.emin)
    directed = fmt.rounding not in NEAREST
    half = np.maximum(np.ldexp(1.0, binade - fmt.p + directed), LEAST)
    error = np.where(largest > 0, half, 0.0) if directed else np.minimum(half, largest)
    if fmt.subnormals is Subnormals.FLUSHED:
        error = np.maximum(error, np.minimum(largest, 2.0**fmt.emin))
    end = _largest(fmt)
    if fmt.overflow is Overflow.SATURATE:
        return np.where(largest > end, np.maximum(error, raised(np.maximum(largest - end, 0.0), 2)), error)
    return np.where(largest > end, inf, error)


def function_errors(fmt: Format, largest: Array, ulps: int) -> Array:
    """A bound for functions of results |r| <= m within `ulps` units in the last place of fl(r), which is at most m + half_F(m)."""
    error = half_spacing(fmt, largest)
    if ulps == 0 or not isinstance(fmt, FloatFormat):
        return error
    reach = raised(largest + error, 1)
    binade = np.frexp(np.where(np.isfinite(reach), reach, 1.0))[1] - 1
    unit = np.maximum(np.ldexp(1.0, np.maximum(binade, fmt.emin) - fmt.p + 1), LEAST)
    return raised(error + ulps * unit, 2)


def rounding_errors(fmt: Format, values: Intervals) -> Intervals:
    """fl(r) - r for r in the intervals: within half a spacing, and since rounding is monotone, between fl(lo) - hi and fl(hi) - lo."""
    largest = magnitude(values)
    bound = half_spacing(fmt, largest)
    if isinstance(fmt, IntFormat):
        bound = np.maximum(bound, _beyond_codes(fmt, values))
    if not fits_float64(fmt):
        return Intervals(-bound, bound)
    finite = np.isfinite(values.lo) & np.isfinite(values.hi) & np.isfinite(bound)
    low, high = (round_array(fmt, np.where(finite, end, 0.0)) for end in (values.lo, values.hi))
    with outward() as up:
        least = -up.add(np.where(finite, values.hi, 0.0), -low)
        most = up.add(high, -np.where(finite, values.lo, 0.0))
    known = finite & np.isfinite(low) & np.isfinite(high)
    return Intervals(np.where(known, np.maximum(-bound, least), -bound) + 0.0, np.where(known, np.minimum(bound, most), bound))


def storing_errors(stored: Storage | None, values: Intervals, held: Storage | None = None) -> Intervals:
    """What writing values to memory adds; `held` is a format whose numbers they are already."""
    if stored is None or keeps(stored, held):
        zero = np.zeros(values.shape)
        return Intervals(zero, zero)
    if isinstance(stored, BlockFormat):
        return block_errors(stored, values)
    return rounding_errors(stored, values)


def keeps(stored: Storage, held: Storage | None) -> bool:
    """Whether storing leaves every number of the format `held` alone."""
    if held is None or isinstance(stored, BlockFormat) or isinstance(held, BlockFormat):
        return False
    if isinstance(stored, ExactFormat) or (isinstance(stored, IntFormat) and stored == held):
        return True
    return isinstance(stored, FloatFormat) and isinstance(held, FloatFormat) and holds(stored, held)


def _scale(fmt: IntFormat) -> Fraction:
    if fmt.scale is None:
        raise FormatError("integer codes without a scale", mend="give scale and zero")
    return fmt.scale


def _largest(fmt: FloatFormat) -> float:
    """A float64 number that is not above the largest finite one."""
    return below(fmt.max_finite) if fmt.emax <= 1023 else LARGEST


def _beyond_codes(fmt: IntFormat, values: Intervals) -> Array:
    least, most = code_value(fmt, fmt.qmin), code_value(fmt, fmt.qmax)
    below_end = below(most)
    above_start = above(least)
    with outward() as up:
        return np.asarray(np.maximum(np.maximum(up.add(values.hi, -below_end), up.add(above_start, -values.lo)), 0.0))
