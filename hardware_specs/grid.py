"""The numbers of a format, addressed by integers.

The finite numbers of a float format with subnormals kept are counted by *ordinals*: 0 is zero, 1 the smallest positive
number, -1 its negative, and so on without an upper end (the ordinals beyond that of max_finite name the numbers that
overflow).
"""

from __future__ import annotations

from fractions import Fraction

from suffice.errors import FormatError
from suffice.hardware_specs.format import FloatFormat, IntFormat, Subnormals, power_of_two, scale_by_power

ZERO = Fraction(0)


def affine(fmt: IntFormat) -> tuple[Fraction, int]:
    """Scale and zero point. Raises FormatError where they are free."""
    if fmt.scale is None or fmt.zero is None:
        raise FormatError("integer codes with free scale have no definite numbers", mend="give both, as in int8(scale=1/64,zero=0)")
    return fmt.scale, fmt.zero


def code_value(fmt: IntFormat, q: int) -> Fraction:
    """The number that the integer code q stands for."""
    scale, zero = affine(fmt)
    return scale * (q - zero)


def ordinal(fmt: FloatFormat, number: Fraction) -> int:
    """The ordinal of a number; of another real r, that of the number just below |r|, with r's sign."""
    unit = unit_exponent(fmt, number)
    significand = abs(number) // power_of_two(unit)
    position = ((unit - unit_exponent(fmt, ZERO)) << (fmt.p - 1)) + significand
    return position if number >= 0 else -position


def number_at(fmt: FloatFormat, position: int) -> Fraction:
    """The number with this ordinal, as if exponents had no upper end and subnormals were kept."""
    magnitude = abs(position)
    binades = max((magnitude >> (fmt.p - 1)) - 1, 0)
    significand = magnitude - (binades << (fmt.p - 1))
    number = scale_by_power(significand, unit_exponent(fmt, ZERO) + binades)
    return number if position >= 0 else -number


def unit_exponent(fmt: FloatFormat, r: Fraction) -> int:
    """The k of the spacing 2^k at r."""
    return (fmt.emin if r == 0 else max(exponent(r), fmt.emin)) - fmt.p + 1


def exponent(r: Fraction) -> int:
    """The e with 2^e <= |r| < 2^(e+1), for r != 0."""
    n, d = abs(r.numerator), r.denominator
    e = n.bit_length() - d.bit_length()
    reached = n >= d << e if e >= 0 else n << -e >= d
    return e if reached else e - 1


def flushed_ordinals(fmt: FloatFormat) -> int:
    """The largest ordinal that is flushed to zero: that of the largest subnormal, or 0."""
    return (1 << (fmt.p - 1)) - 1 if fmt.subnormals is Subnormals.FLUSHED else 0
