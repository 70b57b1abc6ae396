"""Activation functions and other elementary functions on arrays of intervals, with the ranges of their derivatives.

The turning points, and why there are no others (s = sigmoid, T = tanh, Phi and phi the normal distribution and its density):

* s(x) = (1 + T(x/2)) / 2, T' = 1 - T^2, T'' = -2 T (1 - T^2), T''' = -2 (1 - T^2) (1 - 3 T^2): T' turns where T = 0, T'' where T^2 = 1/3.
* erf'' = -2 x erf' turns where 1 = 2 x^2.
* silu'' = s' (2 - x T(x/2)), and x T(x/2) grows with |x|: silu' turns at one pair of points; it tends to 0 on the left, so it falls, rises
  and falls to its limit 1 from above, and silu turns once. silu''' = -s' x q with q = 3 T/x + 1/2 - 3/2 T^2 (T at x/2), which falls
  with |x|: silu'' turns at 0 and at one pair of points.
* gelu'' = phi (2 - x^2), gelu''' = phi x (x^2 - 4); gelu turns once, as silu does.
* gelu_tanh = x s(2u), u = a (x + b x^3), a = sqrt(2/pi), b = 0.044715, v = 1 + 3 b x^2, T at u: the second derivative is
  a (1 - T^2) (1 + 6 b x^2 - a x v^2 T); (1 + 6 b x^2) / (x v^2) = (1 - 9 b^2 x^4 / v^2) / x falls for x > 0 while T rises, so it has one
  pair of zeros and gelu_tanh turns once, as silu does. The third is a (1 - T^2) x r with r = 12 b - 3 a v (1 + 9 b x^2) T/x +
  a^2 v^3 (3 T^2 - 1), of which one pair of zeros is shown: for |x| <= 8 the tests cover the line with Arb, and for |x| >= 8 r > 0, since
  3 T^2 - 1 >= 1.99, 1 + 9 b x^2 <= 3 v and 1.99 a v >= 9 / |x| there.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    Operand,
    absolute,
    add,
    constant,
    divide,
    hull,
    intervals_of,
    maximum,
    minimum,
    multiply,
    negate,
    point,
    square,
    subtract,
)
from suffice.encodings.enclosures.arrays.pieces import Function, Shape, both_sides, call, curvature_of, inside_domain
from suffice.hardware_specs.upward import Array, keeping_subnormals

GELU_TANH_CUBIC = Fraction(44715, 10**6)

ZERO = ((0.0, 0.0),)
SILU_TURN = (-1.278464542761074, -1.2784645427610737)
SILU_SLOPE_TURN = (2.3993572805154675, 2.399357280515468)
SILU_SECOND_TURN = (3.4358409935351104, 3.435840993535111)
GELU_TURN = (-0.7517915246935645, -0.7517915246935644)
GELU_SLOPE_TURN = (1.414213562373095, 1.4142135623730951)
GELU_TANH_TURN = (-0.7524614220710163, -0.7524614220710162)
GELU_TANH_SLOPE_TURN = (1.4185040087908283, 1.4185040087908285)
GELU_TANH_SECOND_TURN = (2.013480724624258, 2.0134807246242583)
SIGMOID_SECOND_TURN = (1.3169578969248166, 1.3169578969248168)
TANH_SECOND_TURN = (0.6584789484624083, 0.6584789484624084)
ERF_SECOND_TURN = (0.7071067811865475, 0.7071067811865476)


def exp(x: Intervals) -> Intervals:
    """e^x."""
    return call("exp", x)


def log(x: Intervals) -> Intervals:
    """The natural logarithm, for x > 0."""
    return call("log", inside_domain("log", x, open_at_zero=True))


def sqrt(x: Intervals) -> Intervals:
    """The square root, for x >= 0."""
    return call("sqrt", inside_domain("sqrt", x, open_at_zero=False))


def rsqrt(x: Intervals) -> Intervals:
    """1 / sqrt(x), for x > 0."""
    return call("rsqrt", inside_domain("rsqrt", x, open_at_zero=True))


def sigmoid(x: Intervals) -> Intervals:
    """1 / (1 + e^-x)."""
    return divide(1.0, add(1.0, exp(negate(x))))


def tanh(x: Intervals) -> Intervals:
    """The hyperbolic tangent."""
    return call("tanh", x)


def leaky_relu(negative_slope: Operand) -> Function:
    """max(x, 0) + s min(x, 0) for all s of an interval without axes (a number stands for itself); its slope at 0 holds both sides'.

    Monotone for s >= 0, so that both terms may be added; max(x, s x, 0) for s <= 0.
    """
    below = intervals_of(negative_slope)
    either = hull(below, 1.0)

    def slope(x: Intervals) -> Intervals:
        with keeping_subnormals():
            lo = np.where(x.lo > 0, 1.0, np.where(x.hi < 0, below.lo, either.lo))
            return Intervals(lo, np.where(x.lo > 0, 1.0, np.where(x.hi < 0, below.hi, either.hi)))

    def curvature(x: Intervals) -> Array:
        with keeping_subnormals():
            return np.where((x.lo > 0) | (x.hi < 0), 0.0, np.inf)

    def values(x: Intervals) -> Intervals:
        positive = maximum(x, 0.0)
        if bool(below.hi <= 0):
            return positive if bool(below.lo == 0) else maximum(positive, multiply(x, below))
        return add(positive, multiply(minimum(x, 0.0), below))

    return Function(values, slope, curvature)


def _sigmoid_slope(x: Intervals) -> Intervals:
    return multiply(sigmoid(x), sigmoid(negate(x)))


def _half_tanh(x: Intervals) -> Intervals:
    return tanh(multiply(x, 0.5))


def _sigmoid_second(x: Intervals) -> Intervals:
    return negate(multiply(_sigmoid_slope(x), _half_tanh(x)))


def _tanh_slope(x: Intervals) -> Intervals:
    return divide(1.0, square(call("cosh", x)))


def _tanh_second(x: Intervals) -> Intervals:
    return multiply(multiply(tanh(x), _tanh_slope(x)), -2.0)


def _erf_slope(x: Intervals) -> Intervals:
    return divide(multiply(exp(negate(square(x))), 2.0), _root_of_pi(1))


def _erf_second(x: Intervals) -> Intervals:
    return multiply(multiply(x, _erf_slope(x)), -2.0)


def _softplus(x: Intervals) -> Intervals:
    return add(maximum(x, 0.0), call("log1p", exp(negate(absolute(x)))))


def _silu(x: Intervals) -> Intervals:
    return multiply(x, sigmoid(x))


def _silu_slope(x: Intervals) -> Intervals:
    return multiply(sigmoid(x), add(1.0, multiply(x, sigmoid(negate(x)))))


def _silu_second(x: Intervals) -> Intervals:
    return multiply(_sigmoid_slope(x), subtract(2.0, multiply(x, _half_tanh(x))))


def _normal(x: Intervals) -> Intervals:
    return multiply(call("erfc", negate(multiply(x, _root_of_half()))), 0.5)


def _density(x: Intervals) -> Intervals:
    return divide(exp(multiply(square(x), -0.5)), _root_of_pi(2))


def _gelu(x: Intervals) -> Intervals:
    return multiply(x, _normal(x))


def _gelu_slope(x: Intervals) -> Intervals:
    return add(_normal(x), multiply(x, _density(x)))


def _gelu_second(x: Intervals) -> Intervals:
    return multiply(_density(x), subtract(2.0, square(x)))


def _gelu_tanh(x: Intervals) -> Intervals:
    return multiply(x, sigmoid(_twice_u(x)))


def _gelu_tanh_slope(x: Intervals) -> Intervals:
    inner = _twice_u(x)
    climb = multiply(multiply(x, multiply(_gelu_tanh_scale(), 2.0)), _one_and_squares(x, 3))
    return multiply(sigmoid(inner), add(1.0, multiply(climb, sigmoid(negate(inner)))))


def _gelu_tanh_second(x: Intervals) -> Intervals:
    inner = _twice_u(x)
    climb = multiply(multiply(multiply(x, _gelu_tanh_scale()), square(_one_and_squares(x, 3))), _half_tanh(inner))
    bracket = subtract(_one_and_squares(x, 6), climb)
    return multiply(multiply(multiply(_gelu_tanh_scale(), 4.0), _sigmoid_slope(inner)), bracket)


def _twice_u(x: Intervals) -> Intervals:
    return multiply(multiply(x, multiply(_gelu_tanh_scale(), 2.0)), _one_and_squares(x, 1))


def _one_and_squares(x: Intervals, count: int) -> Intervals:
    """1 + count b x^2."""
    return add(1.0, multiply(square(x), constant(count * GELU_TANH_CUBIC)))


@cache
def _gelu_tanh_scale() -> Intervals:
    return sqrt(divide(2.0, _pi()))


@cache
def _root_of_pi(multiple: int) -> Intervals:
    return sqrt(multiply(_pi(), float(multiple)))


@cache
def _root_of_half() -> Intervals:
    return sqrt(point(0.5))


@cache
def _pi() -> Intervals:
    """pi, between the two numbers next to it."""
    return Intervals(np.array(3.141592653589793), np.array(3.1415926535897936))


def _log_slope(x: Intervals) -> Intervals:
    return divide(1.0, inside_domain("log", x, open_at_zero=True))


def _sqrt_slope(x: Intervals) -> Intervals:
    """1 / (2 sqrt x), with no upper end where x may be zero."""
    inside_domain("sqrt", x, open_at_zero=False)
    with keeping_subnormals():
        reaching = Intervals(x.lo, np.maximum(x.hi, np.finfo(np.float64).smallest_subnormal))
        return multiply(call("rsqrt", reaching), 0.5)


def _rsqrt_slope(x: Intervals) -> Intervals:
    return multiply(divide(rsqrt(x), x), -0.5)


def _second_of_power(name: str, share: float, powers: Callable[[Intervals], Intervals]) -> Callable[[Intervals], Array]:
    """share * powers(x), the size of a second derivative that falls with x > 0, at the lower end."""

    def bound(x: Intervals) -> Array:
        inside_domain(name, x, open_at_zero=True)
        return multiply(powers(Intervals(x.lo, x.lo)), share).hi

    return bound


_SIGMOID_SLOPE = Shape(_sigmoid_slope, ZERO, left=0.0, right=0.0)

UNARY: dict[str, Function] = {
    "exp": Function(exp, exp, lambda x: exp(x).hi),
    "log": Function(log, _log_slope, _second_of_power("log", 1.0, lambda x: divide(divide(1.0, x), x))),
    "sqrt": Function(sqrt, _sqrt_slope, _second_of_power("sqrt", 0.25, lambda x: divide(rsqrt(x), x))),
    "rsqrt": Function(rsqrt, _rsqrt_slope, _second_of_power("rsqrt", 0.75, lambda x: divide(divide(rsqrt(x), x), x))),
    "relu": leaky_relu(0.0),
    "leaky_relu": leaky_relu(0.01),
    "sigmoid": Function(
        sigmoid, _SIGMOID_SLOPE, curvature_of(Shape(_sigmoid_second, both_sides(*SIGMOID_SECOND_TURN), left=0.0, right=0.0))
    ),
    "tanh": Function(
        tanh,
        Shape(_tanh_slope, ZERO, left=0.0, right=0.0),
        curvature_of(Shape(_tanh_second, both_sides(*TANH_SECOND_TURN), left=0.0, right=0.0)),
    ),
    "erf": Function(
        lambda x: call("erf", x),
        Shape(_erf_slope, ZERO, left=0.0, right=0.0),
        curvature_of(Shape(_erf_second, both_sides(*ERF_SECOND_TURN), left=0.0, right=0.0)),
    ),
    "softplus": Function(Shape(_softplus), sigmoid, curvature_of(_SIGMOID_SLOPE)),
    "silu": Function(
        Shape(_silu, (SILU_TURN,), left=0.0),
        Shape(_silu_slope, both_sides(*SILU_SLOPE_TURN), left=0.0, right=1.0),
        curvature_of(Shape(_silu_second, (*ZERO, *both_sides(*SILU_SECOND_TURN)), left=0.0, right=0.0)),
    ),
    "gelu": Function(
        Shape(_gelu, (GELU_TURN,), left=0.0),
        Shape(_gelu_slope, both_sides(*GELU_SLOPE_TURN), left=0.0, right=1.0),
        curvature_of(Shape(_gelu_second, (*ZERO, *both_sides(2.0, 2.0)), left=0.0, right=0.0)),
    ),
    "gelu_tanh": Function(
        Shape(_gelu_tanh, (GELU_TANH_TURN,), left=0.0),
        Shape(_gelu_tanh_slope, both_sides(*GELU_TANH_SLOPE_TURN), left=0.0, right=1.0),
        curvature_of(Shape(_gelu_tanh_second, (*ZERO, *both_sides(*GELU_TANH_SECOND_TURN)), left=0.0, right=0.0)),
    ),
}
"""Function by name. leaky_relu has PyTorch's slope, the float64 number 0.01; others come from `leaky_relu`."""
