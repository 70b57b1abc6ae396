"""Operations on the values that a machine holds, as IEEE 754-2019 defines them, before rounding (docs/semantics.md).

A result is exact: a finite rational, negative zero, an infinity or NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from .formats import INFINITY, NAN, NEGATIVE_INFINITY, NEGATIVE_ZERO, ZERO, Value, finite


def is_negative(value: Value) -> bool:
    """The sign bit."""
    return value < 0 if isinstance(value, Fraction) else value in (NEGATIVE_ZERO, NEGATIVE_INFINITY)


def is_infinite(value: Value) -> bool:
    """Whether the value is an infinity."""
    return value in (INFINITY, NEGATIVE_INFINITY)


def is_zero(value: Value) -> bool:
    """Whether the value is a zero of either sign."""
    return value in (NEGATIVE_ZERO, ZERO)


def signed(value: Fraction, *, negative: bool) -> Value:
    """The magnitude `value` with a sign, zeros included."""
    if value == 0:
        return NEGATIVE_ZERO if negative else ZERO
    return -abs(value) if negative else abs(value)


def infinity(*, negative: bool) -> Value:
    """The infinity of a sign."""
    return NEGATIVE_INFINITY if negative else INFINITY


_NEGATIVES: dict[str, Value] = {NAN: NAN, INFINITY: NEGATIVE_INFINITY, NEGATIVE_INFINITY: INFINITY, NEGATIVE_ZERO: ZERO}


def negate(a: Value) -> Value:
    """-a, zeros included."""
    if isinstance(a, Fraction):
        return NEGATIVE_ZERO if a == 0 else -a
    return _NEGATIVES[a]


def absolute(a: Value) -> Value:
    """|a|."""
    return negate(a) if is_negative(a) else a


def add(a: Value, b: Value, *, down: bool) -> Value:
    """a + b; `down`: an exact zero sum of opposite signs is negative zero."""
    if NAN in (a, b):
        return NAN
    if is_infinite(a) or is_infinite(b):
        if is_infinite(a) and is_infinite(b):
            return a if a == b else NAN
        return a if is_infinite(a) else b
    total = finite(a) + finite(b)
    if total != 0:
        return total
    both_negative_zero = is_zero(a) and is_negative(a) and is_negative(b)
    both_positive_zero = is_zero(a) and not is_negative(a) and not is_negative(b)
    return signed(ZERO, negative=both_negative_zero or (down and not both_positive_zero))


def multiply(a: Value, b: Value) -> Value:
    """a b."""
    if NAN in (a, b):
        return NAN
    negative = is_negative(a) != is_negative(b)
    if is_infinite(a) or is_infinite(b):
        return NAN if is_zero(a) or is_zero(b) else infinity(negative=negative)
    return signed(finite(a) * finite(b), negative=negative)


def divide(a: Value, b: Value) -> Value:
    """a / b."""
    if NAN in (a, b) or (is_infinite(a) and is_infinite(b)) or (is_zero(a) and is_zero(b)):
        return NAN
    negative = is_negative(a) != is_negative(b)
    if is_infinite(a) or is_zero(b):
        return infinity(negative=negative)
    if is_infinite(b):
        return signed(ZERO, negative=negative)
    return signed(finite(a) / finite(b), negative=negative)


def fused(a: Value, b: Value, c: Value, *, down: bool) -> Value:
    """a b + c with one rounding to come."""
    return add(multiply(a, b), c, down=down)


def smaller(a: Value, b: Value) -> Value:
    """IEEE 754-2019 minimum: NaN propagates, -0 < +0."""
    if NAN in (a, b):
        return NAN
    return a if _order(a) <= _order(b) else b


def larger(a: Value, b: Value) -> Value:
    """IEEE 754-2019 maximum."""
    return negate(smaller(negate(a), negate(b)))


def compare(op: str, a: Value, b: Value) -> bool:
    """a < b, a <= b or a == b: never true of NaN, and zeros of both signs are equal."""
    if NAN in (a, b):
        return False
    first, second = _order(a)[:2], _order(b)[:2]
    if op == "lt":
        return first < second
    return first <= second if op == "le" else first == second


def _order(a: Value) -> tuple[int, Fraction, int]:
    if is_infinite(a):
        return (-1 if a == NEGATIVE_INFINITY else 1, ZERO, 0)
    return (0, finite(a), -1 if a == NEGATIVE_ZERO else 0)


def power(a: Value, n: int) -> Value:
    """a^n for an integer n."""
    if n == 0:
        return Fraction(1)
    if a == NAN:
        return NAN
    negative = is_negative(a) and n % 2 == 1
    if is_infinite(a):
        return infinity(negative=negative) if n > 0 else signed(ZERO, negative=negative)
    if is_zero(a):
        return signed(ZERO, negative=negative) if n > 0 else infinity(negative=negative)
    return finite(a) ** n


HALF_PI = "pi/2"
"""Stands for the real pi/2 among the limits below."""

LIMITS: dict[str, dict[str, Value]] = {
    "sqrt": {INFINITY: INFINITY, NEGATIVE_ZERO: NEGATIVE_ZERO},
    "exp": {INFINITY: INFINITY, NEGATIVE_INFINITY: ZERO, NEGATIVE_ZERO: Fraction(1)},
    "expm1": {INFINITY: INFINITY, NEGATIVE_INFINITY: Fraction(-1), NEGATIVE_ZERO: NEGATIVE_ZERO},
    "log": {INFINITY: INFINITY, NEGATIVE_ZERO: NEGATIVE_INFINITY},
    "log1p": {INFINITY: INFINITY, NEGATIVE_ZERO: NEGATIVE_ZERO},
    "sin": {NEGATIVE_ZERO: NEGATIVE_ZERO},
    "cos": {NEGATIVE_ZERO: Fraction(1)},
    "tan": {NEGATIVE_ZERO: NEGATIVE_ZERO},
    "asin": {NEGATIVE_ZERO: NEGATIVE_ZERO},
    "acos": {NEGATIVE_ZERO: HALF_PI},
    "atan": {INFINITY: HALF_PI, NEGATIVE_INFINITY: "-" + HALF_PI, NEGATIVE_ZERO: NEGATIVE_ZERO},
    "sinh": {INFINITY: INFINITY, NEGATIVE_INFINITY: NEGATIVE_INFINITY, NEGATIVE_ZERO: NEGATIVE_ZERO},
    "cosh": {INFINITY: INFINITY, NEGATIVE_INFINITY: INFINITY, NEGATIVE_ZERO: Fraction(1)},
    "tanh": {INFINITY: Fraction(1), NEGATIVE_INFINITY: Fraction(-1), NEGATIVE_ZERO: NEGATIVE_ZERO},
    "exp2": {INFINITY: INFINITY, NEGATIVE_INFINITY: ZERO, NEGATIVE_ZERO: Fraction(1)},
    "log2": {INFINITY: INFINITY, NEGATIVE_ZERO: NEGATIVE_INFINITY},
    "log10": {INFINITY: INFINITY, NEGATIVE_ZERO: NEGATIVE_INFINITY},
    "cbrt": {INFINITY: INFINITY, NEGATIVE_INFINITY: NEGATIVE_INFINITY, NEGATIVE_ZERO: NEGATIVE_ZERO},
    "asinh": {INFINITY: INFINITY, NEGATIVE_INFINITY: NEGATIVE_INFINITY, NEGATIVE_ZERO: NEGATIVE_ZERO},
    "acosh": {INFINITY: INFINITY},
    "atanh": {NEGATIVE_ZERO: NEGATIVE_ZERO},
}
"""Elementary functions at special values; what is not listed is NaN."""

POLES: dict[tuple[str, Fraction], Value] = {
    ("log", ZERO): NEGATIVE_INFINITY,
    ("log2", ZERO): NEGATIVE_INFINITY,
    ("log10", ZERO): NEGATIVE_INFINITY,
    ("atanh", Fraction(1)): INFINITY,
    ("atanh", Fraction(-1)): NEGATIVE_INFINITY,
    ("log1p", Fraction(-1)): NEGATIVE_INFINITY,
}
"""Elementary functions at finite poles."""

DOMAINS: dict[str, Callable[[Fraction], bool]] = {
    "sqrt": lambda x: x >= 0,
    "log": lambda x: x > 0,
    "log1p": lambda x: x > -1,
    "asin": lambda x: -1 <= x <= 1,
    "acos": lambda x: -1 <= x <= 1,
    "log2": lambda x: x > 0,
    "log10": lambda x: x > 0,
    "acosh": lambda x: x >= 1,
    "atanh": lambda x: -1 < x < 1,
}
"""Where an elementary function is real; a function not listed is real everywhere (tan has no rational pole)."""
