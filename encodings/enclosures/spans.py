"""Interval arithmetic on spans: pairs of exact Arb numbers, every result rounded outward at the current Arb precision.

A ball of Arb has a 30-bit radius, which blurs wide boxes. A span keeps both ends as exact numbers and uses Arb at the ends only:
monotone functions need no more, so spans of wide boxes are as tight as those of narrow ones.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval

Ball = Any
Span = tuple[Ball, Ball]
"""The ends (lo, hi), both exact and finite, lo <= hi."""

LARGEST_EXPONENT = 1 << 20
"""Ends beyond 2^LARGEST_EXPONENT are refused, nonzero ends below its inverse move outward to it."""

ZERO, ONE = arb(0), arb(1)
UNIT: Span = (-ONE, ONE)


class UndefinedError(Exception):
    """An operation could not be shown to be defined (or to be of reasonable size) on its operand."""


def span_of(lo: Fraction, hi: Fraction) -> Span:
    """The tightest span at the current precision that holds [lo, hi]; exact for short dyadic ends."""
    low = _span_of_number(lo, ctx.prec)
    return low if lo is hi else (low[0], _span_of_number(hi, ctx.prec)[1])


@lru_cache(maxsize=4096)
def span_of_constant(value: Fraction, precision: int) -> Span:
    """The span of one number at the current precision, kept."""
    assert precision == ctx.prec
    return _span_of_number(value, precision)


def _span_of_number(value: Fraction, precision: int) -> Span:
    denominator = value.denominator
    if denominator & (denominator - 1) == 0:
        exact = arb((fmpz(value.numerator), 1 - denominator.bit_length()))
        if value.numerator.bit_length() <= precision:
            return exact, exact
        return exact.lower(), exact.upper()
    ball = arb(fmpq(value.numerator, denominator))
    return ball.lower(), ball.upper()


def interval_of(span: Span) -> Interval:
    """The span's ends as exact rationals; raises UndefinedError where they are absurdly large."""
    return Interval(_fraction(span[0], downward=True), _fraction(span[1], downward=False))


def _fraction(end: Ball, *, downward: bool) -> Fraction:
    if not end.is_finite():
        raise UndefinedError
    mantissa, exponent = (int(part) for part in end.man_exp())
    size = exponent + mantissa.bit_length()
    if mantissa and size > LARGEST_EXPONENT:
        raise UndefinedError
    if mantissa and size < -LARGEST_EXPONENT:
        smallest = Fraction(1, 1 << LARGEST_EXPONENT)
        if (mantissa > 0) is downward:
            return Fraction(0)
        return -smallest if downward else smallest
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def magnitude(a: Span) -> Ball:
    """The largest absolute value in the span."""
    return -a[0] if -a[0] > a[1] else a[1]


def add(a: Span, b: Span) -> Span:
    """a + b."""
    return (a[0] + b[0]).lower(), (a[1] + b[1]).upper()


def subtract(a: Span, b: Span) -> Span:
    """a - b."""
    return (a[0] - b[1]).lower(), (a[1] - b[0]).upper()


def negate(a: Span) -> Span:
    """-a, exact."""
    return -a[1], -a[0]


def multiply(a: Span, b: Span) -> Span:
    """a * b."""
    if a[0] >= 0 and b[0] >= 0:
        return (a[0] * b[0]).lower(), (a[1] * b[1]).upper()
    products = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]]
    return _least([p.lower() for p in products]), _greatest([p.upper() for p in products])


def divide(a: Span, b: Span) -> Span:
    """a / b; undefined where b may be zero."""
    if b[0] <= 0 <= b[1]:
        raise UndefinedError
    if b[1] < 0:
        return divide(negate(a), negate(b))
    low = a[0] / b[1] if a[0] >= 0 else a[0] / b[0]
    high = a[1] / b[0] if a[1] >= 0 else a[1] / b[1]
    return low.lower(), high.upper()


def fused_multiply_add(a: Span, b: Span, c: Span) -> Span:
    """a * b + c."""
    return add(multiply(a, b), c)


def absolute(a: Span) -> Span:
    """|a|, exact."""
    if a[0] >= 0:
        return a
    return negate(a) if a[1] <= 0 else (ZERO, magnitude(a))


def minimum(a: Span, b: Span) -> Span:
    """min(a, b), exact."""
    return _least([a[0], b[0]]), _least([a[1], b[1]])


def maximum(a: Span, b: Span) -> Span:
    """max(a, b), exact."""
    return _greatest([a[0], b[0]]), _greatest([a[1], b[1]])


def square(a: Span) -> Span:
    """a^2, tight where a holds zero."""
    low, high = absolute(a)
    return (low * low).lower(), (high * high).upper()


def power(a: Span, exponent: int) -> Span:
    """a^n for an integer n, tight where a holds zero; undefined for n < 0 where a may be zero."""
    if exponent < 0:
        return divide((ONE, ONE), power(a, -exponent))
    if exponent == 0:
        return ONE, ONE
    low, high = a if exponent % 2 else absolute(a)
    return _finite(((low**exponent).lower(), (high**exponent).upper()))


def sign(a: Span) -> Span | None:
    """The sign of a where it is the same nonzero one throughout, else None."""
    if a[0] > 0:
        return ONE, ONE
    return (-ONE, -ONE) if a[1] < 0 else None


def hull(a: Span, b: Span) -> Span:
    """The least span that holds both."""
    return _least([a[0], b[0]]), _greatest([a[1], b[1]])


def is_below(a: Span, b: Span) -> Span:
    """The truth of a < b."""
    return (ONE if a[1] < b[0] else ZERO), (ZERO if a[0] >= b[1] else ONE)


def is_at_most(a: Span, b: Span) -> Span:
    """The truth of a <= b."""
    return (ONE if a[1] <= b[0] else ZERO), (ZERO if a[0] > b[1] else ONE)


def is_equal(a: Span, b: Span) -> Span:
    """The truth of a = b."""
    one_point = a[0] == a[1] == b[0] == b[1]
    return (ONE if one_point else ZERO), (ZERO if a[1] < b[0] or b[1] < a[0] else ONE)


def _same(a: Span) -> Span:
    return a


def _opposite(truth: Span) -> Span:
    return ONE - truth[1], ONE - truth[0]


def _least(ends: list[Ball]) -> Ball:
    least = ends[0]
    for end in ends[1:]:
        if end < least:
            least = end
    return least


def _greatest(ends: list[Ball]) -> Ball:
    greatest = ends[0]
    for end in ends[1:]:
        if end > greatest:
            greatest = end
    return greatest


def _finite(span: Span) -> Span:
    if not (span[0].is_finite() and span[1].is_finite()):
        raise UndefinedError
    return span


def _increasing(name: str, least: int | None = None, greatest: int | None = None) -> Callable[[Span], Span]:
    """Arb's function of this name at both ends, clipped to its known range."""
    function = getattr(arb, name)

    def enclose(a: Span) -> Span:
        low, high = function(a[0]).lower(), function(a[1]).upper()
        if least is not None and low < least:
            low = arb(least)
        if greatest is not None and high > greatest:
            high = arb(greatest)
        return _finite((low, high))

    return enclose


def _intersected(a: Span, least: Ball, greatest: Ball | None) -> Span:
    """What of `a` is within the closed domain: used where the true operand is known to be within it."""
    low = a[0] if a[0] >= least else least
    high = a[1] if greatest is None or a[1] <= greatest else greatest
    if low > high:
        raise UndefinedError
    return low, high


def square_root(a: Span) -> Span:
    """sqrt(a), undefined where a may be negative."""
    if a[0] < 0:
        raise UndefinedError
    return _ROOT(a)


def logarithm(a: Span) -> Span:
    """log(a), undefined where a may be <= 0."""
    if a[0] <= 0:
        raise UndefinedError
    return _LOG(a)


def logarithm_plus_one(a: Span) -> Span:
    """log(1 + a), undefined where a may be <= -1."""
    if a[0] <= -1:
        raise UndefinedError
    return _LOG1P(a)


def arc_sine(a: Span) -> Span:
    """asin(a), undefined where |a| may exceed 1."""
    if a[0] < -1 or a[1] > 1:
        raise UndefinedError
    return _ASIN(a)


def arc_cosine(a: Span) -> Span:
    """acos(a), decreasing, undefined where |a| may exceed 1."""
    if a[0] < -1 or a[1] > 1:
        raise UndefinedError
    return _greatest([a[1].acos().lower(), ZERO]), a[0].acos().upper()


def exponential_of_two(a: Span) -> Span:
    """2^a."""
    return _finite(((_TWO ** a[0]).lower(), (_TWO ** a[1]).upper()))


def _logarithm_to(base: int) -> Callable[[Span], Span]:
    """The logarithm to a base, undefined where the operand may be <= 0."""

    def enclose(a: Span) -> Span:
        if a[0] <= 0:
            raise UndefinedError
        return _finite((a[0].log_base(base).lower(), a[1].log_base(base).upper()))

    return enclose


def cube_root(a: Span) -> Span:
    """The cube root, odd."""
    return _cube_root(a[0])[0], _cube_root(a[1])[1]


def _cube_root(end: Ball) -> Span:
    if end == 0:
        return ZERO, ZERO
    root = abs(end).root(3)
    return (root.lower(), root.upper()) if end > 0 else (-root.upper(), -root.lower())


def inverse_hyperbolic_cosine(a: Span) -> Span:
    """acosh(a), undefined where a may be below 1."""
    if a[0] < 1:
        raise UndefinedError
    return _ACOSH(a)


def inverse_hyperbolic_tangent(a: Span) -> Span:
    """atanh(a), undefined where |a| may be 1 or more."""
    if a[0] <= -1 or a[1] >= 1:
        raise UndefinedError
    return _ATANH(a)


def hypotenuse(a: Span, b: Span) -> Span:
    """sqrt(a^2 + b^2), rising with |a| and |b|."""
    return square_root(add(square(a), square(b)))


def angle(y: Span, x: Span) -> Span:
    """atan2(y, x): monotone along lines that miss the cut y = 0 >= x, so extreme at corners; undefined where the cut may be met."""
    if y[0] <= 0 <= y[1] and x[0] <= 0:
        raise UndefinedError
    corners = [arb.atan2(first, second) for first in y for second in x]
    return _finite((_least([c.lower() for c in corners]), _greatest([c.upper() for c in corners])))


def real_power(a: Span, b: Span) -> Span:
    """a^b, monotone in both, so extreme at corners; undefined where a may be <= 0."""
    if a[0] <= 0:
        raise UndefinedError
    corners = [first**second for first in a for second in b]
    return _finite((_greatest([_least([c.lower() for c in corners]), ZERO]), _greatest([c.upper() for c in corners])))


def hyperbolic_cosine(a: Span) -> Span:
    """cosh(a), even."""
    return _COSH(absolute(a))


@cache
def _pi(precision: int) -> Ball:
    assert precision == ctx.prec
    return arb.pi()


def _may_hold_integer(low: Ball, high: Ball) -> bool:
    """Whether some integer may lie between the two balls' values."""
    return bool(low.lower().ceil() <= high.upper().floor())


def _turns(a: Span, shift: Ball) -> bool:
    """Whether a may hold a number (2 k + shift) pi, k an integer."""
    pi = _pi(ctx.prec)
    return _may_hold_integer((a[0] / pi - shift) / 2, (a[1] / pi - shift) / 2)


def _wave(name: str, crest: Ball) -> Callable[[Span], Span]:
    """sin or cos: the two ends, and +-1 where a crest or trough may be inside."""
    function = getattr(arb, name)

    def enclose(a: Span) -> Span:
        at_ends = [function(a[0]), function(a[1])]
        low = -ONE if _turns(a, crest + 1) else _greatest([_least([v.lower() for v in at_ends]), -ONE])
        high = ONE if _turns(a, crest) else _least([_greatest([v.upper() for v in at_ends]), ONE])
        return _finite((low, high))

    return enclose


def tangent(a: Span) -> Span:
    """tan(a), undefined where a pole may be inside."""
    pi = _pi(ctx.prec)
    if _may_hold_integer(a[0] / pi - arb("0.5"), a[1] / pi - arb("0.5")):
        raise UndefinedError
    return _finite((a[0].tan().lower(), a[1].tan().upper()))


_ROOT = _increasing("sqrt", least=0)
_LOG = _increasing("log")
_LOG1P = _increasing("log1p")
_ASIN = _increasing("asin")
_COSH = _increasing("cosh", least=1)
_ACOSH = _increasing("acosh", least=0)
_ATANH = _increasing("atanh")
_TWO = arb(2)

UNARY: dict[Op, Callable[[Span], Span]] = {
    Op.CAST: _same,
    Op.NOT: _opposite,
    Op.NEG: negate,
    Op.ABS: absolute,
    Op.SQRT: square_root,
    Op.EXP: _increasing("exp", least=0),
    Op.EXPM1: _increasing("expm1", least=-1),
    Op.LOG: logarithm,
    Op.LOG1P: logarithm_plus_one,
    Op.SIN: _wave("sin", arb("0.5")),
    Op.COS: _wave("cos", ZERO),
    Op.TAN: tangent,
    Op.ASIN: arc_sine,
    Op.ACOS: arc_cosine,
    Op.ATAN: _increasing("atan"),
    Op.SINH: _increasing("sinh"),
    Op.COSH: hyperbolic_cosine,
    Op.TANH: _increasing("tanh", least=-1, greatest=1),
    Op.EXP2: exponential_of_two,
    Op.LOG2: _logarithm_to(2),
    Op.LOG10: _logarithm_to(10),
    Op.ASINH: _increasing("asinh"),
    Op.ACOSH: inverse_hyperbolic_cosine,
    Op.ATANH: inverse_hyperbolic_tangent,
    Op.CBRT: cube_root,
}

BINARY: dict[Op, Callable[[Span, Span], Span]] = {
    Op.ADD: add,
    Op.SUB: subtract,
    Op.MUL: multiply,
    Op.DIV: divide,
    Op.MIN: minimum,
    Op.MAX: maximum,
    Op.HYPOT: hypotenuse,
    Op.ATAN2: angle,
    Op.POWR: real_power,
    Op.LT: is_below,
    Op.LE: is_at_most,
    Op.EQ: is_equal,
    Op.AND: minimum,
    Op.OR: maximum,
}

CLIPPED: dict[Op, Callable[[Span], Span]] = {
    Op.SQRT: lambda a: square_root(_intersected(a, ZERO, None)),
    Op.ASIN: lambda a: arc_sine(_intersected(a, -ONE, ONE)),
    Op.ACOS: lambda a: arc_cosine(_intersected(a, -ONE, ONE)),
    Op.ACOSH: lambda a: inverse_hyperbolic_cosine(_intersected(a, ONE, None)),
}
"""Functions with a closed domain, for operands known to lie in it: what rounding pushed outside is cut off."""


def named_constant(op: Op) -> Span:
    """pi or e."""
    ball = arb.pi() if op is Op.PI else arb.const_e()
    return ball.lower(), ball.upper()
