"""Exact numbers as text: decimals, quotients and hexadecimal floats."""

from __future__ import annotations

import re
from fractions import Fraction

from suffice.errors import FormatError
from suffice.hardware_specs.format import MAX_EXPONENT, scale_by_power

MAX_DIGITS = 4000
"""Most characters of one numeral that a user writes in decimal."""

MAX_CHARACTERS = 16_000
"""Most characters of a number."""

MAX_DECIMAL_EXPONENT = 1000
"""Largest magnitude of a decimal exponent."""

MAX_QUOTIENT_BITS = 24_000
"""Largest numerator and denominator of a number that is not dyadic."""

PLAIN_LIMIT = 1 << 64
"""Numerators and denominators below it are written in decimal, others in hexadecimal."""

_DECIMAL = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?", re.ASCII)
_HEXADECIMAL = re.compile(r"([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d{1,9}))?", re.ASCII)


def read_numeral(text: str) -> Fraction:
    """The exact value of `3`, `0.1`, `1e-8`, `0x1.8p-3` or a quotient of two such. Raises FormatError."""
    stripped = text.strip()
    if len(stripped) > MAX_CHARACTERS:
        raise FormatError(f"a number of {len(stripped)} characters", mend=f"use at most {MAX_CHARACTERS}")
    numerator, slash, denominator = stripped.partition("/")
    value = _read_simple(numerator)
    if slash:
        divisor = _read_simple(denominator)
        if divisor == 0:
            raise FormatError(f"{_shown(stripped)} divides by zero", mend="give a denominator other than 0")
        value /= divisor
    if not _is_dyadic(value) and max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_QUOTIENT_BITS:
        raise FormatError(f"{_shown(stripped)} is too long", mend="use a shorter quotient or a hexadecimal float")
    return value


def _is_dyadic(value: Fraction) -> bool:
    return value.denominator & (value.denominator - 1) == 0


def write_numeral(value: Fraction) -> str:
    """A text that `read_numeral` reads back exactly, short for dyadic numbers of any size."""
    numerator, denominator = value.numerator, value.denominator
    if abs(numerator) < PLAIN_LIMIT and denominator < PLAIN_LIMIT:
        return str(value)
    if _is_dyadic(value):
        exponent = 1 - denominator.bit_length()
        trailing = (numerator & -numerator).bit_length() - 1
        return f"{'-' if value < 0 else ''}0x{abs(numerator) >> trailing:x}p{exponent + trailing}"
    return f"{numerator:#x}/{denominator:#x}"


def _read_simple(text: str) -> Fraction:
    match = _HEXADECIMAL.fullmatch(text.strip())
    base = 16
    if match is None:
        match, base = _DECIMAL.fullmatch(text.strip()), 10
    if match is None or not (match[2] or match[3]):
        raise FormatError(f"{_shown(text)} is not a number", mend="write an integer, 0.1, 1/64, 1e-8 or 0x1.8p-3")
    if base == 10 and len(match[0]) > MAX_DIGITS:
        raise FormatError(f"a number of {len(match[0])} decimal digits", mend=f"use at most {MAX_DIGITS}")
    fraction_digits = match[3] or ""
    digits = int((match[2] or "") + fraction_digits, base)
    exponent = int(match[4] or "0")
    if abs(exponent) > (MAX_DECIMAL_EXPONENT if base == 10 else 2 * MAX_EXPONENT):
        mend = f"use decimal exponents within +-{MAX_DECIMAL_EXPONENT}, binary ones within +-{2 * MAX_EXPONENT}"
        raise FormatError(f"the exponent of {_shown(text)} is too large", mend=mend)
    magnitude = (
        scale_by_power(digits, exponent - 4 * len(fraction_digits))
        if base == 16
        else digits * Fraction(10) ** (exponent - len(fraction_digits))
    )
    return -magnitude if match[1] == "-" else magnitude


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
