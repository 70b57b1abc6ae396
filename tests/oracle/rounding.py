"""Rounding, numbers and cells, written from docs/semantics.md alone.

A machine value is a Fraction (0 is +0) or one of the strings "-0", "inf", "-inf", "nan".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals

Value = Fraction | str
ZERO = Fraction(0)
SPECIAL = ("-0", "inf", "-inf", "nan")


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval of reals; each end may or may not belong to it."""

    lo: Fraction
    hi: Fraction
    lo_closed: bool = True
    hi_closed: bool = True


def round_real(r: Fraction, fmt: Format) -> Value:
    """The value that the real r becomes in the format."""
    if isinstance(fmt, FloatFormat):
        return _round_float(r, fmt)
    if isinstance(fmt, IntFormat):
        return _round_int(r, fmt)
    if isinstance(fmt, ExactFormat):
        return r
    raise NotImplementedError(f"no rounding to {fmt}")


def convert(value: Value, fmt: Format) -> Value:
    """The value that any machine value becomes in the format."""
    if isinstance(value, Fraction):
        return round_real(value, fmt)
    if value == "nan" or isinstance(fmt, ExactFormat):
        return value
    if isinstance(fmt, IntFormat):
        if value == "-0":
            return _round_int(ZERO, fmt)
        return _int_value(fmt.qmax if value == "inf" else fmt.qmin, fmt)
    assert isinstance(fmt, FloatFormat)
    if value == "-0":
        return "-0" if fmt.negative_zero else ZERO
    if fmt.overflow is Overflow.SATURATE:
        return fmt.max_finite if value == "inf" else -fmt.max_finite
    return value if fmt.overflow is Overflow.INFINITY and fmt.infinities else "nan"


def to_fraction(value: Value) -> Fraction | None:
    """The real that a value stands for; None for infinities and NaN."""
    if isinstance(value, Fraction):
        return value
    return ZERO if value == "-0" else None


def _round_half(twice: int, size: int, quotient: int, mode: Rounding) -> bool:
    """Whether a nearest mode goes to quotient + 1, for a remainder of twice / (2 size)."""
    if twice != size:
        return twice > size
    return mode is Rounding.NEAREST_AWAY or quotient % 2 == 1


def _magnitude(n: int, d: int, mode: Rounding, *, negative: bool) -> int:
    """n / d >= 0 rounded to an integer, where the number rounded has the sign given."""
    quotient, rest = divmod(n, d)
    if rest == 0:
        return quotient
    if mode in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY):
        return quotient + _round_half(2 * rest, d, quotient, mode)
    outward = {Rounding.TOWARD_ZERO: False, Rounding.UP: not negative, Rounding.DOWN: negative}[mode]
    return quotient + outward


def _power(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def _scaled(significand: int, exponent: int) -> Fraction:
    """significand 2^exponent."""
    return Fraction(significand << exponent) if exponent >= 0 else Fraction(significand, 1 << -exponent)


def _floor_log2(r: Fraction) -> int:
    """The e with 2^e <= r < 2^(e+1), for r > 0."""
    guess = r.numerator.bit_length() - r.denominator.bit_length()
    below = r.numerator < r.denominator << guess if guess >= 0 else r.numerator << -guess < r.denominator
    return guess - below


def _round_float(r: Fraction, fmt: FloatFormat) -> Value:
    if r == 0:
        return ZERO
    negative, size = r < 0, abs(r)
    unit = max(_floor_log2(size), fmt.emin) - fmt.p + 1
    n, d = size.numerator, size.denominator
    n, d = (n, d << unit) if unit >= 0 else (n << -unit, d)
    significand = _magnitude(n, d, fmt.rounding, negative=negative)
    result = _scaled(significand, unit)
    if result > fmt.max_finite:
        inward = fmt.rounding is Rounding.TOWARD_ZERO or fmt.rounding is (Rounding.UP if negative else Rounding.DOWN)
        if inward or fmt.overflow is Overflow.SATURATE:
            return -fmt.max_finite if negative else fmt.max_finite
        if fmt.overflow is Overflow.NAN:
            return "nan"
        return "-inf" if negative else "inf"
    if fmt.subnormals is Subnormals.FLUSHED and result < _power(fmt.emin):
        result = ZERO
    if result == 0:
        return "-0" if negative and fmt.negative_zero else ZERO
    return -result if negative else result


def _affine(fmt: IntFormat) -> tuple[Fraction, int]:
    if fmt.scale is None or fmt.zero is None:
        raise NotImplementedError("integer codes of free scale")
    return fmt.scale, fmt.zero


def _int_value(q: int, fmt: IntFormat) -> Fraction:
    scale, zero = _affine(fmt)
    return scale * (q - zero)


def _round_int(r: Fraction, fmt: IntFormat) -> Fraction:
    scale, zero = _affine(fmt)
    steps = abs(r) / scale
    q = _magnitude(steps.numerator, steps.denominator, fmt.rounding, negative=r < 0)
    return _int_value(min(max((-q if r < 0 else q) + zero, fmt.qmin), fmt.qmax), fmt)


def _grid_number(i: int, fmt: FloatFormat) -> Fraction:
    """The i-th number above zero (below, for negative i) were there no flushing and no upper end of exponents."""
    if i < 0:
        return -_grid_number(-i, fmt)
    binade, offset = divmod(i, 1 << (fmt.p - 1))
    if binade == 0:
        return _scaled(offset, fmt.emin - fmt.p + 1)
    return _scaled(offset + (1 << (fmt.p - 1)), fmt.emin + binade - fmt.p)


def _grid_index(r: Fraction, fmt: FloatFormat) -> int:
    """An i with |grid number i| <= |r| < |the next outward|, of r's sign."""
    if r < 0:
        return -_grid_index(-r, fmt)
    if r == 0:
        return 0
    e = max(_floor_log2(r), fmt.emin)
    return int(r / _power(e - fmt.p + 1)) + (e - fmt.emin) * (1 << (fmt.p - 1))


def _grid(fmt: FloatFormat | IntFormat, lo: Fraction, hi: Fraction) -> Iterator[Fraction]:
    """Numbers of the grid from below lo to above hi, as far as the first that overflows on each side."""
    if isinstance(fmt, FloatFormat):
        last = _grid_index(fmt.max_finite, fmt) + 1
        first = max(_grid_index(lo, fmt) - 2, -last)
        for i in range(first, min(_grid_index(hi, fmt) + 2, last) + 1):
            yield _grid_number(i, fmt)
        return
    scale, zero = _affine(fmt)
    first, last = max(fmt.qmin - 1, lo // scale + zero - 1), min(fmt.qmax + 1, hi // scale + zero + 2)
    for q in range(first, last + 1):
        yield _int_value(q, fmt)


def numbers(fmt: FloatFormat | IntFormat, lo: Fraction, hi: Fraction) -> list[Fraction]:
    """The finite numbers of the format in [lo, hi], ascending."""
    return [v for v in _grid(fmt, lo, hi) if lo <= v <= hi and round_real(v, fmt) == v]


def span(fmt: FloatFormat | IntFormat, lo: Fraction, hi: Fraction) -> int:
    """About how many numbers of the format lie in [lo, hi]."""
    if isinstance(fmt, IntFormat):
        return min(int((hi - lo) / _affine(fmt)[0]), fmt.qmax - fmt.qmin) + 1
    last = _grid_index(fmt.max_finite, fmt)
    return min(_grid_index(hi, fmt), last) - max(_grid_index(lo, fmt), -last) + 1


def neighbours(fmt: FloatFormat | IntFormat, r: Fraction) -> list[Fraction]:
    """The numbers of the format next to r, on each side where there is one; r alone if it is one."""
    if isinstance(fmt, IntFormat):
        scale, zero = _affine(fmt)
        codes = {min(max(q, fmt.qmin), fmt.qmax) for q in (r // scale + zero, -(-r // scale) + zero)}
        return sorted(_int_value(q, fmt) for q in codes)
    size = min(abs(r), fmt.max_finite)
    i, smallest = _grid_index(size, fmt), _power(fmt.emin)
    around = [_grid_number(i, fmt)] if _grid_number(i, fmt) == size else [_grid_number(i, fmt), _grid_number(i + 1, fmt)]
    if fmt.subnormals is Subnormals.FLUSHED and 0 < size < smallest:
        around = [ZERO, smallest]
    return sorted(-v if r < 0 else v for v in around)


def cells(fmt: FloatFormat | IntFormat, lo: Fraction, hi: Fraction) -> dict[Value, list[Piece]]:
    """For each code that a real of [lo, hi] rounds to, the set of those reals.

    Rounding is constant between neighbouring cuts, where cuts are the midpoints between grid numbers in nearest modes and the grid
    numbers in directed modes: each cut and one point between neighbouring cuts is rounded, and equal neighbours are joined.
    """
    grid = list(_grid(fmt, lo, hi))
    nearest = fmt.rounding in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)
    places = [(a + b) / 2 for a, b in pairwise(grid)] if nearest else grid
    ordered = sorted([lo, hi, *(c for c in (*places, ZERO) if lo < c < hi)])
    cuts = [lo, *(b for a, b in pairwise(ordered) if a != b)]
    parts: list[tuple[Value, Piece]] = []
    for i, cut in enumerate(cuts):
        _append(parts, round_real(cut, fmt), Piece(cut, cut))
        if i + 1 < len(cuts):
            _append(parts, round_real((cut + cuts[i + 1]) / 2, fmt), Piece(cut, cuts[i + 1], False, False))
    found: dict[Value, list[Piece]] = {}
    for value, piece in parts:
        found.setdefault(value, []).append(piece)
    return found


def _append(parts: list[tuple[Value, Piece]], value: Value, piece: Piece) -> None:
    """Append a piece, joined with the last where both have the same code."""
    if parts and parts[-1][0] == value:
        last = parts[-1][1]
        parts[-1] = (value, Piece(last.lo, piece.hi, last.lo_closed, piece.hi_closed))
    else:
        parts.append((value, piece))
