"""Functions of two arguments at exact rationals and at special values: hypot(x, y), atan2(y, x) and powr(x, y) = x^y.

The real functions are x^y for x > 0, and atan2 off its cut y = 0 >= x. Programs follow C23 and IEEE 754-2019 (9.2.1) elsewhere too.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from .composed import integer_root
from .elementary import MAX_EXP_ARGUMENT
from .fixed import FixedPoint, Interval
from .formats import INFINITY, NAN, NEGATIVE_ZERO, ZERO, Value, finite, is_finite, power_of_two, size_of
from .functions import exact_value, refine
from .limits import MAX_RATIONAL_BITS
from .series import MAX_MAGNITUDE_BITS, DomainFailure, TooLarge
from .values import absolute, infinity, is_infinite, is_negative, is_zero, signed

PAIRS: dict[str, Callable[[FixedPoint, Interval, Interval], Interval]] = {
    "hypot": FixedPoint.hypot,
    "atan2": FixedPoint.atan2,
    "powr": FixedPoint.powr,
}
"""The functions of two arguments, by the names that certificates use."""

ONE = Fraction(1)

_LOG_BITS = 128


class Angle(NamedTuple):
    """The real number `turns` pi."""

    turns: Fraction


class Power(NamedTuple):
    """The real number (-1)^negative base^exponent, base > 0, and neither base = 1 nor exponent = 0."""

    base: Fraction
    exponent: Fraction
    negative: bool


def exact_pair(name: str, a: Fraction, b: Fraction) -> Fraction | None:
    """f(a, b) where it is known to be rational, else None: then it is irrational, or longer than MAX_RATIONAL_BITS.

    An angle is rational at 0 alone (Lindemann). In lowest terms x^(n/k) is rational only if x is the k-th power of a rational r, for k
    divides n times each exponent of a prime in x. Raises DomainFailure where f is not defined.
    """
    if name == "hypot":
        return exact_value("sqrt", a * a + b * b)
    if name == "atan2":
        if a == 0 and b <= 0:
            raise DomainFailure("atan2 on its cut, y = 0 and x <= 0")
        return ZERO if a == 0 else None
    if a <= 0:
        raise DomainFailure("a real power of a number that is not positive")
    if a == 1 or b == 0:
        return ONE
    root = _rational_root(a, b.denominator)
    if root is None or (size_of(root) - 1) * abs(b.numerator) > MAX_RATIONAL_BITS:
        return None
    return root**b.numerator


def _rational_root(x: Fraction, k: int) -> Fraction | None:
    """The k-th root of x > 0 where it is rational; that of a number but 1 has an end of at least 2^k."""
    if k > size_of(x):
        return None
    n, d = integer_root(x.numerator, k), integer_root(x.denominator, k)
    return Fraction(n, d) if n**k == x.numerator and d**k == x.denominator else None


def enclose_pair(name: str, a: Fraction, b: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """lo <= f(a, b) <= hi with hi - lo <= about 2^-bits |f(a, b)|; lo = hi where `exact_pair` knows it, else lo < f(a, b) < hi.

    A rational value that `exact_pair` does not know has more digits than any end computed here. Raises as `enclose_function`.
    """
    exact = exact_pair(name, a, b)
    if exact is not None:
        return exact, exact
    if name == "powr" and (a < 1) == (b > 0):
        lo, hi = enclose_pair(name, a, -b, bits)
        return 1 / hi, 1 / lo

    def enclose(arithmetic: FixedPoint) -> Interval:
        return PAIRS[name](arithmetic, arithmetic.from_fraction(a), arithmetic.from_fraction(b))

    zeros = max(x.denominator.bit_length() - x.numerator.bit_length() for x in (a, b) if x)
    return refine(name, enclose, bits, zeros)


def beyond_pair(name: str, a: Fraction, b: Fraction) -> int:
    """As `beyond`, for x^y: 1 where y ln x > MAX_EXP_ARGUMENT is known, -1 where y ln x < -MAX_EXP_ARGUMENT is."""
    if name != "powr" or a <= 0 or a == 1 or abs(b) * size_of(a) < MAX_EXP_ARGUMENT:  # |log2 a| < size_of(a)
        return 0
    bits = _LOG_BITS + size_of(a)  # |ln a| > 2^-size_of(a)
    if bits > 2 * MAX_MAGNITUDE_BITS:
        raise TooLarge("the base of a power is too long")
    arithmetic = FixedPoint(bits)
    ends = [b * end for end in arithmetic.to_fractions(arithmetic.log(arithmetic.from_fraction(a)))]
    if min(ends) > MAX_EXP_ARGUMENT:
        return 1
    return -1 if max(ends) < -MAX_EXP_ARGUMENT else 0


def hypot(a: Value, b: Value) -> Value | None:
    """hypot at special values, None at two finite ones: an infinity decides even beside NaN."""
    if is_infinite(a) or is_infinite(b):
        return INFINITY
    if NAN in (a, b):
        return NAN
    return None


def atan2(y: Value, x: Value) -> Value | Angle | None:
    """atan2 where it is a zero, a multiple of pi/4 by the rules for zeros and infinities, or NaN; None elsewhere."""
    if NAN in (y, x):
        return NAN
    if is_infinite(y):
        turns = Fraction(1, 2) if not is_infinite(x) else Fraction(3, 4) if is_negative(x) else Fraction(1, 4)
    elif is_infinite(x) or is_zero(y):
        if not is_negative(x):
            return NEGATIVE_ZERO if is_negative(y) else ZERO
        turns = ONE
    elif is_zero(x):
        turns = Fraction(1, 2)
    else:
        return None
    return Angle(-turns if is_negative(y) else turns)


def powr(x: Value, y: Value) -> Value | Power:
    """x^y as IEEE 754's pow: x^0 and 1^y are 1, a negative base takes integers y only."""
    if is_zero(y) or x == ONE:
        return ONE
    if NAN in (x, y):
        return NAN
    if is_infinite(y):
        return _infinite_power(x, positive=y == INFINITY)
    exponent = finite(y)
    negative = is_negative(x) and exponent.denominator == 1 and exponent.numerator % 2 == 1
    if is_infinite(x) or is_zero(x):
        large = is_infinite(x) == (exponent > 0)
        return infinity(negative=negative) if large else signed(ZERO, negative=negative)
    base = finite(x)
    if base < 0 and exponent.denominator != 1:
        return NAN
    if base == -1:
        return signed(ONE, negative=negative)
    return Power(abs(base), exponent, negative)


def _infinite_power(x: Value, *, positive: bool) -> Value:
    """x^(+-inf)."""
    size = absolute(x)
    if size == ONE:
        return ONE
    large = is_infinite(size) or (is_finite(size) and finite(size) > 1)
    return INFINITY if large == positive else ZERO


def negated_ends(ends: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """The enclosure of minus a number."""
    return -ends[1], -ends[0]


def far_stand_in(far: int, *, negative: bool) -> Fraction:
    """A number that rounds like a power beyond all formats within limits, or below them."""
    size = power_of_two(far * MAX_MAGNITUDE_BITS)
    return -size if negative else size
