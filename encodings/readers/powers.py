"""Powers as they are written: of integers, square roots, and real powers of positive numbers, one operation each."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.limits import MAX_POWER
from suffice.encodings.operations import Op
from suffice.errors import InputError

HALF = Fraction(1, 2)


def apply_power(build: ExpressionBuilder, base: int, exponent: int, *, where: str = "") -> int:
    """base^n as one operation for a constant integer n, base^(1/2) as a square root, any other power for base > 0 only.

    Exponents are positions. Raises InputError.
    """
    value = build.node(exponent).payload
    if build.node(exponent).op is not Op.CONST or not is_special_power(value):
        return build.apply(Op.POWR, base, exponent)
    assert isinstance(value, Fraction)
    if value == HALF:
        return build.apply(Op.SQRT, base)
    if abs(value) > MAX_POWER:
        raise InputError("an exponent is too large", where=where, mend=f"use integers within +-{MAX_POWER}")
    return build.power(base, value.numerator)


def is_special_power(exponent: object) -> bool:
    """Whether a constant exponent is written without a real power."""
    return isinstance(exponent, Fraction) and (exponent.denominator == 1 or exponent == HALF)
