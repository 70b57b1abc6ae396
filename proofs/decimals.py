"""Rationals as short decimals for reading, rounded in a stated direction by exact integer arithmetic."""

from __future__ import annotations

from fractions import Fraction

_PLAIN = range(-2, 6)
"""Exponents of ten that are written without "e"."""


def decimal_below(q: Fraction, digits: int = 3) -> str:
    """The largest decimal of so many significant digits that is <= q, such as "1.22e-3"."""
    return _signed(q, digits, up=q < 0)


def decimal_above(q: Fraction, digits: int = 3) -> str:
    """The smallest decimal of so many significant digits that is >= q."""
    return _signed(q, digits, up=q > 0)


def decimal_nearest(q: Fraction, digits: int = 3) -> str:
    """A nearest decimal of so many significant digits; of two, the one that is even."""
    return _signed(q, digits, up=None)


def is_decimal(q: Fraction, digits: int = 3) -> bool:
    """Whether q has no more than so many significant digits."""
    exponent = _exponent(abs(q)) if q else 0
    return _scaled(abs(q), digits - 1 - exponent).denominator == 1


def _signed(q: Fraction, digits: int, *, up: bool | None) -> str:
    """The decimal of q whose magnitude is rounded up, down, or (None) to nearest."""
    if q == 0:
        return "0"
    exponent = _exponent(abs(q))
    scaled = _scaled(abs(q), digits - 1 - exponent)
    significand = round(scaled) if up is None else -(-scaled // 1) if up else scaled // 1
    if significand == 10**digits:
        significand, exponent = 10 ** (digits - 1), exponent + 1
    return ("-" if q < 0 else "") + _written(str(significand).rstrip("0"), exponent)


def _written(digits: str, exponent: int) -> str:
    """d.ddd 10^exponent, without "e" where that is short."""
    if exponent not in _PLAIN:
        return f"{digits[0]}.{digits[1:]}e{exponent}" if digits[1:] else f"{digits}e{exponent}"
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole, part = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{whole}.{part}" if part else whole


def _scaled(q: Fraction, power: int) -> Fraction:
    """q 10^power."""
    return q * Fraction(10) ** power


def _exponent(q: Fraction) -> int:
    """The e with 10^e <= q < 10^(e+1), for q > 0."""
    bits = q.numerator.bit_length() - q.denominator.bit_length()
    guess = bits * 30103 // 100000
    while _scaled(q, -guess) < 1:
        guess -= 1
    while _scaled(q, -guess) >= 10:
        guess += 1
    return guess
