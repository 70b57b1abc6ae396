"""Rounding, numbers and cells of a format over NumPy arrays of float64.

Everything here is exact for a format that `fits_float64`: it equals `rounding.round_exact` and `rounding.cell`. Integer codes
whose scale does not fit (1/3, say) are computed too, to within the rounding of float64: good enough to search with,
never evidence.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, ldexp

import numpy as np
from numpy.typing import NDArray

from suffice.errors import FormatError
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.hardware_specs.grid import affine, code_value, flushed_ordinals, ordinal
from suffice.hardware_specs.rounding import Special, neighbours, round_special

Array = NDArray[np.float64]

MAX_NUMBERS = 1 << 26
"""Most numbers that `numbers_array` lists."""

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)
_MIRROR = {mode: mode for mode in Rounding} | {Rounding.UP: Rounding.DOWN, Rounding.DOWN: Rounding.UP}
_CODE_SHIFTS = {
    Rounding.NEAREST_EVEN: (-0.5, 0.5),
    Rounding.NEAREST_AWAY: (-0.5, 0.5),
    Rounding.UP: (-1.0, 0.0),
    Rounding.DOWN: (0.0, 1.0),
}
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)


def fits_float64(fmt: Format) -> bool:
    """Whether float64 holds the numbers of the format, and those of integer codes with the midpoints between them."""
    if isinstance(fmt, FloatFormat):
        return fmt.p <= 53 and fmt.emin >= -1022 and fmt.emax <= 1023 and fmt.emin <= 900
    if not isinstance(fmt, IntFormat) or fmt.scale is None or fmt.zero is None:
        return False
    widest = max(abs(fmt.qmin - fmt.zero), abs(fmt.qmax - fmt.zero)) + 2
    numerator, denominator = fmt.scale.as_integer_ratio()
    odd_part = numerator // (numerator & -numerator)
    dyadic = denominator & (denominator - 1) == 0
    return dyadic and (4 * widest * odd_part).bit_length() <= 53 and max(numerator, denominator) < 1 << 900


def round_array(fmt: Format, x: Array) -> Array:
    """Each element rounded to the format; -0, infinities and NaN are special values that meet it (docs/semantics.md).

    Raises FormatError for float formats that do not fit in float64, and for formats without definite numbers.
    """
    x = np.ascontiguousarray(x, dtype=np.float64)
    with np.errstate(all="ignore"):
        if isinstance(fmt, FloatFormat):
            _check_fits(fmt)
            return _round_floats(fmt, x)
        if isinstance(fmt, IntFormat):
            return _round_codes(fmt, x)
    round_special(fmt, Special.NAN)
    return x.copy()


def numbers_array(fmt: FloatFormat | IntFormat, lo: Fraction, hi: Fraction, *, negative_zero: bool = False) -> Array:
    """The finite numbers in [lo, hi], ascending; `negative_zero`: -0 too, before +0, where the format has it.

    Raises FormatError for more than MAX_NUMBERS of them.
    """
    first, last = neighbours(fmt, lo)[1], neighbours(fmt, hi)[0]
    if first is None or last is None or first > last:
        return np.empty(0)
    if isinstance(fmt, IntFormat):
        scale, _ = affine(fmt)
        return _positions(int(first / scale), int(last / scale)).astype(np.float64) * _float_step(fmt)
    _check_fits(fmt)
    positions = _positions(ordinal(fmt, first), ordinal(fmt, last))
    flushed = flushed_ordinals(fmt)
    if flushed:
        positions = positions[(positions == 0) | (np.abs(positions) > flushed)]
    numbers = _numbers_at(fmt, positions)
    if negative_zero and fmt.negative_zero and first <= 0 <= last:
        return np.insert(numbers, np.searchsorted(positions, 0), -0.0)
    return numbers


def cell_ends_array(fmt: FloatFormat | IntFormat, numbers: Array) -> tuple[Array, Array]:
    """The two ends of the cell of each number of the format (-0 has its own), infinite where results saturate.

    For an infinity, the half line that rounds to it; NaN for NaN. A cell that is empty (-0 in mode `down`) is given as the point 0.
    Exact for p <= 51 where the ends are in the range of float64. Elements must be numbers of the format.
    """
    numbers = np.ascontiguousarray(numbers, dtype=np.float64)
    with np.errstate(all="ignore"):
        if isinstance(fmt, IntFormat):
            return _code_cells(fmt, numbers)
        _check_fits(fmt)
        return -_upper_ends(fmt, -numbers, _MIRROR[fmt.rounding]), _upper_ends(fmt, numbers, fmt.rounding)


def _check_fits(fmt: FloatFormat) -> None:
    if not fits_float64(fmt):
        raise FormatError(f"float(p={fmt.p},emin={fmt.emin},emax={fmt.emax}) does not fit in float64", mend="use exact rounding")


def _inward(mode: Rounding, *, positive: bool) -> bool:
    """Whether a directed mode rounds toward zero at this sign."""
    return mode is Rounding.TOWARD_ZERO or mode is (Rounding.DOWN if positive else Rounding.UP)


def _round_floats(fmt: FloatFormat, x: Array) -> Array:
    magnitude = np.abs(x)
    rounded = _round_normal(fmt, x)
    tiny = ldexp(1.0, fmt.emin)
    small = magnitude < tiny
    if small.any():
        rounded[small] = _round_subnormal(fmt, x[small], magnitude[small])
        if fmt.subnormals is Subnormals.FLUSHED:
            rounded[rounded < tiny] = 0.0
    largest = float(fmt.max_finite)
    too_large = rounded > largest
    if too_large.any():
        rounded[too_large] = np.where(x[too_large] > 0, *(_overflow_magnitude(fmt, positive=sign) for sign in (True, False)))
    rounded = np.copysign(rounded, x)
    if not np.isfinite(x.max(initial=0.0)) or not np.isfinite(x.min(initial=0.0)):
        rounded[np.isnan(x)] = np.nan
        for special in (Special.INFINITY, Special.NEGATIVE_INFINITY):
            rounded[x == float(special)] = float(round_special(fmt, special))
    if not fmt.negative_zero:
        rounded += 0.0
    return rounded


def _overflow_magnitude(fmt: FloatFormat, *, positive: bool) -> float:
    if _inward(fmt.rounding, positive=positive) or fmt.overflow is Overflow.SATURATE:
        return float(fmt.max_finite)
    return float("nan") if fmt.overflow is Overflow.NAN else inf


def _round_normal(fmt: FloatFormat, x: Array) -> Array:
    """The magnitude of x rounded to p bits, for normal x, on its code as an integer: a carry runs into the exponent by itself."""
    code = x.view(np.int64) & _MAGNITUDE
    dropped = 53 - fmt.p
    if dropped == 0:
        return code.view(np.float64)
    rest = (1 << dropped) - 1
    half = 1 << (dropped - 1)
    if fmt.rounding is Rounding.NEAREST_EVEN and fmt.p > 1:
        code += ((code >> dropped) & 1) + (half - 1)
    elif fmt.rounding in _NEAREST:
        code += half
    elif fmt.rounding is not Rounding.TOWARD_ZERO:
        upward = np.int64(rest) if fmt.rounding is Rounding.UP else np.int64(0)
        code += np.where(x < 0, np.int64(rest) - upward, upward)
    code &= ~rest
    return code.view(np.float64)


def _round_subnormal(fmt: FloatFormat, x: Array, magnitude: Array) -> Array:
    """The magnitude of x rounded to a multiple of the smallest subnormal, for |x| < 2^emin.

    Adding 2^52 steps rounds to the nearest step, ties to even; what the mode wants otherwise is mended from there.
    """
    step = ldexp(1.0, fmt.emin - fmt.p + 1)
    shifter = ldexp(1.0, fmt.emin - fmt.p + 53)
    nearest = (magnitude + shifter) - shifter
    if fmt.rounding is Rounding.NEAREST_EVEN:
        return nearest
    excess = magnitude - nearest
    if fmt.rounding is Rounding.NEAREST_AWAY:
        return np.where((excess > 0) & (excess == step / 2), nearest + step, nearest)
    inward = np.where(x > 0, _inward(fmt.rounding, positive=True), _inward(fmt.rounding, positive=False))
    down = np.where(excess < 0, nearest - step, nearest)
    up = np.where(excess > 0, nearest + step, nearest)
    return np.where(inward, down, up)


def _float_step(fmt: IntFormat) -> float:
    scale, zero = affine(fmt)
    widest = scale * (abs(zero) + max(abs(fmt.qmin), abs(fmt.qmax)) + 1)
    if widest >= 1 << 1023 or scale.denominator >= scale.numerator << 1000:
        raise FormatError("the scale of the integer codes is out of the range of float64", mend="use exact rounding")
    return float(scale)


def _is_power_of_two(scale: Fraction) -> bool:
    return scale.numerator & (scale.numerator - 1) == 0 and scale.denominator & (scale.denominator - 1) == 0


def _round_codes(fmt: IntFormat, x: Array) -> Array:
    """Codes by a float64 quotient, whose floor can only be too large (rounding is monotone), then by comparing x with exact ends."""
    scale, zero = affine(fmt)
    step = _float_step(fmt)
    lowest, highest = fmt.qmin - zero, fmt.qmax - zero
    if fmt.rounding is Rounding.NEAREST_EVEN and _is_power_of_two(scale):
        return np.clip(np.rint(x / step), lowest, highest) * step + 0.0
    x = np.clip(x, float(code_value(fmt, fmt.qmin)) - step, float(code_value(fmt, fmt.qmax)) + step)
    floor = np.floor(x / step)
    floor -= x < floor * step
    below, middle = floor * step, (floor + 0.5) * step
    if fmt.rounding is Rounding.NEAREST_EVEN:
        steps_up = (x > middle) | ((x == middle) & (floor % 2 == 1))
    elif fmt.rounding is Rounding.NEAREST_AWAY:
        steps_up = (x > middle) | ((x == middle) & (floor >= 0))
    elif fmt.rounding is Rounding.UP:
        steps_up = x > below
    elif fmt.rounding is Rounding.DOWN:
        steps_up = np.zeros_like(x, dtype=bool)
    else:
        steps_up = (x > below) & (floor < 0)
    rounded: Array = np.clip(floor + steps_up, lowest, highest) * step + 0.0
    return rounded


def _positions(first: int, last: int) -> NDArray[np.int64]:
    if last - first >= MAX_NUMBERS:
        raise FormatError(f"{last - first + 1} numbers are too many to list", mend=f"list at most {MAX_NUMBERS}")
    return np.arange(first, last + 1, dtype=np.int64)


def _numbers_at(fmt: FloatFormat, positions: NDArray[np.int64]) -> Array:
    """The numbers with these ordinals (`grid.number_at`)."""
    magnitude = np.abs(positions)
    binades = np.maximum((magnitude >> (fmt.p - 1)) - 1, 0)
    significand = magnitude - (binades << (fmt.p - 1))
    signed = np.where(positions < 0, -significand, significand).astype(np.float64)
    numbers: Array = np.ldexp(signed, binades + (fmt.emin - fmt.p + 1))
    return numbers


def _upper_ends(fmt: FloatFormat, numbers: Array, mode: Rounding) -> Array:
    """The upper end of each cell, under this mode in place of the format's."""
    negative = np.signbit(numbers) & ((numbers != 0) | fmt.negative_zero)
    magnitude = np.abs(numbers)
    outer = _outer_ends(fmt, np.where(np.isinf(magnitude), float(fmt.max_finite), magnitude), mode)
    upper = np.where(negative, -_inner_ends(fmt, magnitude, mode), outer)
    saturates = _inward(mode, positive=True) or fmt.overflow is Overflow.SATURATE
    upper[numbers == inf] = inf
    upper[(numbers == float(fmt.max_finite)) & saturates] = inf
    beyond = numbers == -inf
    if _inward(mode, positive=False) or fmt.overflow is not Overflow.INFINITY:
        upper[beyond] = -inf
    else:
        upper[beyond] = -_outer_ends(fmt, np.array([float(fmt.max_finite)]), _MIRROR[mode])[0]
    return upper


def _outer_ends(fmt: FloatFormat, magnitude: Array, mode: Rounding) -> Array:
    """Where rounding positive reals leaves each magnitude upward."""
    exponent = np.frexp(magnitude)[1] - 1
    step: Array = np.ldexp(1.0, np.where(magnitude == 0, fmt.emin, np.maximum(exponent, fmt.emin)) - (fmt.p - 1))
    if fmt.subnormals is Subnormals.FLUSHED:
        magnitude = np.where(magnitude == 0, ldexp(1.0, fmt.emin) - step, magnitude)
    if mode in _NEAREST:
        return magnitude + step / 2
    return magnitude + step if _inward(mode, positive=True) else magnitude


def _inner_ends(fmt: FloatFormat, magnitude: Array, mode: Rounding) -> Array:
    """Where rounding negative reals leaves each negated magnitude toward zero, negated; 0 for 0."""
    significand, exponent = np.frexp(magnitude)
    below = np.where(significand == 0.5, exponent - 2, exponent - 1)
    step: Array = np.ldexp(1.0, np.maximum(below, fmt.emin) - (fmt.p - 1))
    if mode in _NEAREST:
        inner = magnitude - step / 2
    else:
        inner = magnitude if _inward(mode, positive=False) else magnitude - step
    return np.where(magnitude == 0, np.float64(0), inner)


def _code_cells(fmt: IntFormat, numbers: Array) -> tuple[Array, Array]:
    _, zero = affine(fmt)
    step = _float_step(fmt)
    steps = np.rint(numbers / step)
    lower_shift, upper_shift = (
        (np.where(steps > 0, 0.0, -1.0), np.where(steps < 0, 0.0, 1.0))
        if fmt.rounding is Rounding.TOWARD_ZERO
        else _CODE_SHIFTS[fmt.rounding]
    )
    lower = np.where(steps <= fmt.qmin - zero, -inf, (steps + lower_shift) * step)
    upper = np.where(steps >= fmt.qmax - zero, inf, (steps + upper_shift) * step)
    return lower, upper
