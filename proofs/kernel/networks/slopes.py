"""Enclosures of the slopes of functions of one number over an interval (the shapes are proved in `smooth`)."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from ..fixed import FixedPoint, Interval
from .smooth import POINTS, density_point, image, normal_point, sigmoid_point, tanh_argument

TURNS = {
    "gelu": (Fraction(1414213, 10**6), Fraction(1414214, 10**6), Fraction(112890415, 10**8)),
    "silu": (Fraction(2399357, 10**6), Fraction(2399358, 10**6), Fraction(109983933, 10**8)),
}
"""Between which two numbers the slope is largest, and a number just above its largest value."""

_PIECES = 16


def slope(name: str, fixed: FixedPoint, lo: int, hi: int) -> Interval:
    """The slopes over [lo, hi]."""
    match name:
        case "square":
            return 2 * lo, 2 * hi
        case "exp":
            return image("exp", fixed, lo, hi)
        case "softplus":
            return image("sigmoid", fixed, lo, hi)
        case "log":
            one = 1 << fixed.bits
            return fixed.div((one, one), (lo, hi))
        case "sqrt":
            low, high = image("rsqrt", fixed, lo, hi)
            return low >> 1, high + 1 >> 1
        case "rsqrt":
            low, high = fixed.power(image("rsqrt", fixed, lo, hi), 3)
            return -(high + 1 >> 1), -(low >> 1)
        case "tanh" | "sigmoid" | "erf":
            return _bell(name, fixed, lo, hi)
        case "gelu_tanh":
            return _in_pieces(fixed, lo, hi)
    return _turning(name, fixed, lo, hi)


def _bell(name: str, fixed: FixedPoint, lo: int, hi: int) -> Interval:
    """A slope that is even and falls with the magnitude."""
    near, far = fixed.abs((lo, hi))
    return _bell_point(name, fixed, far)[0], _bell_point(name, fixed, near)[1]


def _bell_point(name: str, fixed: FixedPoint, x: int) -> Interval:
    """1 - tanh^2; s (1 - s); 2/sqrt(pi) e^(-x^2)."""
    one = 1 << fixed.bits
    if name == "erf":
        low, high = fixed.power((x, x), 2)
        decay = fixed.exp((-high, -low))
        return fixed.div((2 * decay[0], 2 * decay[1]), fixed.sqrt(fixed.pi()))
    low, high = POINTS[name](fixed, x)
    if name == "tanh":
        square = fixed.power((low, high), 2)
        return one - square[1], one - square[0]
    return fixed.mul((low, high), (one - high, one - low))


def _turning(name: str, fixed: FixedPoint, lo: int, hi: int) -> Interval:
    """gelu and silu: rising between -c and c, falling outside; the largest value is L at c, the least 1 - L at -c."""
    first, last = _slope_point(name, fixed, lo), _slope_point(name, fixed, hi)
    left, right, largest = TURNS[name]
    low, high = min(first[0], last[0]), max(first[1], last[1])
    unit = 1 << fixed.bits
    if lo <= right * unit and hi >= left * unit:
        high = fixed.from_fraction(largest)[1]
    if lo <= -left * unit and hi >= -right * unit:
        low = fixed.from_fraction(1 - largest)[0]
    return low, high


def _slope_point(name: str, fixed: FixedPoint, x: int) -> Interval:
    """Phi + x phi; s (1 + x (1 - s))."""
    if name == "gelu":
        product = fixed.mul((x, x), density_point(fixed, x))
        low, high = normal_point(fixed, x)
        return low + product[0], high + product[1]
    one = 1 << fixed.bits
    low, high = sigmoid_point(fixed, x)
    inner = fixed.mul((x, x), (one - high, one - low))
    return fixed.mul((low, high), (one + inner[0], one + inner[1]))


def _in_pieces(fixed: FixedPoint, lo: int, hi: int) -> Interval:
    """x s(2u): s + x 2u' s (1 - s) over parts of the interval, where the even s (1 - s) falls with |2u|."""
    one = 1 << fixed.bits
    parts = _PIECES if (hi - lo) << 6 > one else 1
    ends = [lo + (hi - lo) * i // parts for i in range(parts + 1)]
    found = []
    for a, b in pairwise(ends):
        argument, derivative = tanh_argument(fixed, (a, b))
        s = sigmoid_point(fixed, argument[0])[0], sigmoid_point(fixed, argument[1])[1]
        bell = _bell("sigmoid", fixed, *argument)
        product = fixed.mul(fixed.mul((a, b), derivative), bell)
        found.append((s[0] + product[0], s[1] + product[1]))
    return min(low for low, _ in found), max(high for _, high in found)
