"""Smooth functions of one number: enclosures at a point, of the range over an interval, and of the slopes there.

Numbers are integers in units of 2^-bits of a FixedPoint arithmetic, as in ..fixed. Shapes used below:

* The slope of x Phi(x) is Phi + x phi, with the derivative phi (2 - x^2): it rises on [-sqrt 2, sqrt 2] and falls outside. That of silu,
  x s(x), rises where x tanh(x/2) < 2, which is even and rises with |x|. Both satisfy f'(-x) = 1 - f'(x).
* x Phi(x), x s(x) and x s(2u(x)) fall up to one point and rise from there on: for y = -x > 0 the slope has the sign of Q(y)/phi(y) - y,
  1 - y s(y), and 1 - 2 y u'(y) s(2u(y)), and each of these falls as y grows.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ..fixed import FixedPoint, Interval
from ..series import DomainFailure

Point = Callable[[FixedPoint, int], Interval]

_GUARD = 16


def erf_point(fixed: FixedPoint, x: int) -> Interval:
    """erf x = 2/sqrt(pi) e^(-x^2) (x + 2 x^3/3 + 4 x^5/15 + ...), all terms of one sign; 1 - erf x <= e^(-x^2) for x >= 0.

    Each term is 2 x^2/(2n + 1) times the one before. Once that is at most 1/2 for the next, the rest is at most the last term.
    """
    bits, one = fixed.bits, 1 << fixed.bits
    if x < 0:
        low, high = erf_point(fixed, -x)
        return -high, -low
    if x * x >> 2 * bits >= bits + 2:
        return one - 1, one
    guard = _GUARD + bits.bit_length() + 3 * (x * x >> 2 * bits) // 2 + 2
    fine = FixedPoint(bits + guard)
    p = fine.bits
    y = x << guard
    square = y * y  # in units of 2^-2p, exact
    low = high = sum_low = sum_high = y
    n = 0
    while True:
        n += 1
        low = (low * square >> 2 * p - 1) // (2 * n + 1)
        rounded_up = -(-high * square >> 2 * p - 1)
        high = -(-rounded_up // (2 * n + 1))
        sum_low += low
        sum_high += high
        if high <= 1 and 4 * square < (2 * n + 3) << 2 * p:
            break
    decay = fine.exp((-(square >> p) - 1, -(square >> p)))
    total = fine.mul(decay, (sum_low, sum_high + high))
    scaled = fine.div((2 * total[0], 2 * total[1]), fine.sqrt(fine.pi()))
    return max(0, scaled[0] >> guard), min(one, -(-scaled[1] >> guard))


def sigmoid_point(fixed: FixedPoint, x: int) -> Interval:
    """1 / (1 + e^-x)."""
    one = 1 << fixed.bits
    low, high = fixed.exp((-abs(x), -abs(x)))
    if x >= 0:
        return fixed.div((one, one), (one + low, one + high))
    return fixed.div((low, low), (one + low, one + low))[0], fixed.div((high, high), (one + high, one + high))[1]


def softplus_point(fixed: FixedPoint, x: int) -> Interval:
    """max(x, 0) + log(1 + e^-|x|)."""
    low, high = fixed.log1p(fixed.exp((-abs(x), -abs(x))))
    return low + max(x, 0), high + max(x, 0)


def normal_point(fixed: FixedPoint, x: int) -> Interval:
    """Phi(x) = (1 + erf(x / sqrt 2)) / 2."""
    one = 1 << fixed.bits
    low, high = fixed.div((x, x), fixed.sqrt((2 * one, 2 * one)))
    return one + erf_point(fixed, low)[0] >> 1, one + erf_point(fixed, high)[1] + 1 >> 1


def density_point(fixed: FixedPoint, x: int) -> Interval:
    """phi(x) = e^(-x^2/2) / sqrt(2 pi)."""
    square = x * x >> fixed.bits + 1
    low, high = fixed.pi()
    return fixed.div(fixed.exp((-square - 1, -square)), fixed.sqrt((2 * low, 2 * high)))


def tanh_argument(fixed: FixedPoint, x: Interval) -> tuple[Interval, Interval]:
    """2u = 2 sqrt(2/pi) (x + 0.044715 x^3), which rises, and its derivative."""
    one = 1 << fixed.bits
    root = fixed.sqrt(fixed.div((2 * one, 2 * one), fixed.pi()))
    a = fixed.from_fraction(Fraction(44715, 10**6))
    cubic = fixed.mul(a, fixed.power(x, 3))
    slope = fixed.mul((3 * a[0], 3 * a[1]), fixed.power(x, 2))
    argument = fixed.mul(root, (x[0] + cubic[0], x[1] + cubic[1]))
    derivative = fixed.mul(root, (one + slope[0], one + slope[1]))
    return (2 * argument[0], 2 * argument[1]), (2 * derivative[0], 2 * derivative[1])


def _product_point(factor: Point) -> Point:
    def point(fixed: FixedPoint, x: int) -> Interval:
        return fixed.mul((x, x), factor(fixed, x))

    return point


def _tanh_factor(fixed: FixedPoint, x: int) -> Interval:
    low, high = tanh_argument(fixed, (x, x))[0]
    return sigmoid_point(fixed, low)[0], sigmoid_point(fixed, high)[1]


def _rsqrt_point(fixed: FixedPoint, x: int) -> Interval:
    if x <= 0:
        raise DomainFailure("rsqrt of a number that is not positive")
    one = 1 << fixed.bits
    return fixed.div((one, one), fixed.sqrt((x, x))) if fixed.sqrt((x, x))[0] else _raise_small()


def _raise_small() -> Interval:
    raise DomainFailure("rsqrt of a number too near zero")


def _named(function: Callable[[FixedPoint, Interval], Interval]) -> Point:
    def point(fixed: FixedPoint, x: int) -> Interval:
        return function(fixed, (x, x))

    return point


POINTS: dict[str, Point] = {
    "sqrt": _named(FixedPoint.sqrt),
    "rsqrt": _rsqrt_point,
    "exp": _named(FixedPoint.exp),
    "log": _named(FixedPoint.log),
    "erf": erf_point,
    "tanh": _named(FixedPoint.tanh),
    "sigmoid": sigmoid_point,
    "softplus": softplus_point,
    "gelu": _product_point(normal_point),
    "silu": _product_point(sigmoid_point),
    "gelu_tanh": _product_point(_tanh_factor),
}
"""Enclosures at a point."""

MINIMA = {
    "gelu": (Fraction(-751792, 10**6), Fraction(-751791, 10**6), Fraction(-169971208, 10**9)),
    "silu": (Fraction(-1278465, 10**6), Fraction(-1278464, 10**6), Fraction(-278464543, 10**9)),
    "gelu_tanh": (Fraction(-752462, 10**6), Fraction(-752461, 10**6), Fraction(-170040751, 10**9)),
}
"""Between which two numbers a function has its least value, and a number just below that value."""


def image(name: str, fixed: FixedPoint, lo: int, hi: int) -> Interval:
    """The range of a function over [lo, hi]."""
    point = POINTS[name]
    first = point(fixed, lo)
    if lo == hi:
        return first
    last = point(fixed, hi)
    if name not in MINIMA:
        return (last[0], first[1]) if name == "rsqrt" else (first[0], last[1])
    left, right, least = MINIMA[name]
    unit = 1 << fixed.bits
    if lo >= right * unit:
        return first[0], last[1]
    if hi <= left * unit:
        return last[0], first[1]
    return fixed.from_fraction(least)[0], max(first[1], last[1])
