"""The tolerances that --against names: a range in equal steps of the exponent, or a list."""

from __future__ import annotations

from fractions import Fraction
from math import log10

from suffice.encodings.readers.numbers import read_number
from suffice.errors import InputError
from suffice.proofs.decimals import decimal_nearest

MOST = 200
"""The most tolerances of one staircase."""

_DIGITS = 2
"""Tolerances between the ends of a range are rounded to so many significant digits."""

_MEND = "write eps=1e-2:1e-8, eps=1e-2:1e-8:13 or eps=1e-2,1e-3"


def read_tolerances(text: str) -> list[Fraction]:
    """`eps=A:B` is A, B and every power of ten between; `eps=A:B:N` N tolerances in equal ratios; `eps=A,B,...` a list.

    Raises InputError.
    """
    name, equals, given = text.partition("=")
    if name.strip() != "eps" or not equals:
        raise InputError(f"{text!r} does not say what to vary", where="--against", mend=_MEND)
    parts = given.split(":")
    if len(parts) == 1:
        return _limited([_positive(part) for part in given.split(",")])
    if len(parts) > 3:
        raise InputError(f"{text!r} has more than three parts", where="--against", mend=_MEND)
    first, last = sorted(map(_positive, parts[:2]))
    return _limited(_powers(first, last) if len(parts) == 2 else _spread(first, last, _count(parts[2])))


def _positive(text: str) -> Fraction:
    value = read_number(text, where="--against")
    if value <= 0:
        raise InputError(f"the tolerance {text.strip()} is not above zero", where="--against", mend=_MEND)
    return value


def _powers(low: Fraction, high: Fraction) -> list[Fraction]:
    bottom, top = (len(str(end.numerator)) - len(str(end.denominator)) for end in (low, high))
    if top - bottom > MOST:
        raise InputError(f"more than {MOST} powers of ten", where="--against", mend="narrow the range")
    powers = [Fraction(10) ** k for k in range(bottom - 1, top + 2)]
    return [low, *(power for power in powers if low < power < high), high]


def _spread(low: Fraction, high: Fraction, count: int) -> list[Fraction]:
    bottom, top = (log10(end.numerator) - log10(end.denominator) for end in (low, high))
    exponents = [bottom + (top - bottom) * k / (count - 1) for k in range(1, count - 1)]
    inner = [read_number(decimal_nearest(_power(exponent), _DIGITS)) for exponent in exponents]
    return [low, *(value for value in inner if low < value < high), high]


def _power(exponent: float) -> Fraction:
    """About 10^exponent."""
    whole = int(exponent // 1)
    return Fraction(10.0 ** (exponent - whole)) * Fraction(10) ** whole


def _count(text: str) -> int:
    if not text.strip().isdecimal() or not 2 <= int(text) <= MOST:
        raise InputError(f"{text.strip()!r} is no number of tolerances", where="--against", mend=f"give 2 to {MOST}")
    return int(text)


def _limited(values: list[Fraction]) -> list[Fraction]:
    if len(values) > MOST:
        raise InputError(f"{len(values)} tolerances", where="--against", mend=f"give {MOST} at most")
    return values
