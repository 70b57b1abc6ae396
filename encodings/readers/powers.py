"""Powers as they are written: which are one operation, and what to write instead of the others."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.limits import MAX_POWER
from suffice.encodings.operations import Op
from suffice.errors import InputError

HALF = Fraction(1, 2)


def apply_power(build: ExpressionBuilder, base: int, exponent: Fraction, *, where: str = "") -> int:
    """base^n as one operation for an integer n, base^(1/2) as a square root. Raises InputError."""
    if exponent == HALF:
        return build.apply(Op.SQRT, base)
    if exponent.denominator != 1:
        mend = "write a power of sqrt(a)" if exponent.denominator == 2 else "write exp(b*log(a)) for a^b"
        raise InputError("an exponent is not an integer", where=where, mend=mend)
    if abs(exponent) > MAX_POWER:
        raise InputError("an exponent is too large", where=where, mend=f"use integers within +-{MAX_POWER}")
    return build.power(base, exponent.numerator)
