"""Numbers as a reader of a trace sees them: exact where that is short, and a decimal on the safe side."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.problem import Interval
from suffice.proofs.decimals import decimal_above, decimal_below, decimal_nearest, is_decimal
from suffice.proofs.trace.data import Quantity

_PLAIN = 24
_LONGEST = 60
"""Characters of a rational that is written at once, and of one that is written out at all."""


def exact_text(q: Fraction) -> str:
    """The rational itself, or n * 2^e where it is dyadic and long; where neither can be read, where to find it."""
    if _digits(q.numerator) + _digits(q.denominator) <= _PLAIN:
        return str(q)
    odd, exponent = _odd_part(q)
    if exponent is not None and _digits(odd) <= _PLAIN:
        return f"{odd} * 2^{exponent}" if abs(odd) != 1 else f"{'-' if odd < 0 else ''}2^{exponent}"
    if _digits(q.numerator) + _digits(q.denominator) <= _LONGEST:
        return str(q)
    return f"a rational of {_digits(q.numerator)} by {_digits(q.denominator)} digits, in the certificate"


def at_least(name: str, q: Fraction) -> Quantity:
    """A proved lower bound: its decimal is rounded down."""
    return Quantity(name=name, exact=exact_text(q), decimal=f"at least {decimal_below(q)}")


def at_most(name: str, q: Fraction) -> Quantity:
    """A proved upper bound: its decimal is rounded up."""
    return Quantity(name=name, exact=exact_text(q), decimal=f"at most {decimal_above(q)}")


def equal(name: str, q: Fraction, digits: int = 6) -> Quantity:
    """A given number: its decimal is a nearest one."""
    shown = decimal_nearest(q, 12) if is_decimal(q, 12) else f"about {decimal_nearest(q, digits)}"
    return Quantity(name=name, exact=exact_text(q), decimal="" if shown == exact_text(q) else shown)


def enclosed(name: str, value: Interval, digits: int = 9) -> Quantity:
    """A real known by an enclosure; of it only the decimal is shown."""
    if value.lo == value.hi:
        return equal(name, value.lo, digits)
    return Quantity(name=name, exact="", decimal=f"about {decimal_nearest((value.lo + value.hi) / 2, digits)}")


def _digits(n: int) -> int:
    """Decimal digits of an integer, or very nearly so for a long one."""
    return len(str(abs(n))) if n.bit_length() < 1000 else n.bit_length() * 30103 // 100000


def _odd_part(q: Fraction) -> tuple[int, int | None]:
    """n and e with q = n 2^e and n odd; e is None where q is not dyadic."""
    if q == 0 or q.denominator & (q.denominator - 1):
        return q.numerator, None
    twos = (q.numerator & -q.numerator).bit_length() - 1
    return q.numerator >> twos, twos - (q.denominator.bit_length() - 1)
