"""Layers that mix the numbers along the last axis: softmax, log_softmax, layer_norm and rms_norm, without affine parts.

Each has its range over a box. `*_adjoint` multiplies an adjoint a (a row, or rows before the last axis; shapes broadcast) by the
Jacobian at the points whose values y, and scales s, lie in the given intervals. Rows that reach infinity get what holds anywhere.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.arrays.functions import exp, log, sqrt
from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    Operand,
    add,
    centre,
    constant,
    divide,
    intersection,
    intervals_of,
    is_point,
    magnitude,
    maximum,
    mean,
    mignitude,
    minimum,
    multiply,
    negate,
    point,
    radius,
    square,
    subtract,
    total,
    widen,
)
from suffice.encodings.enclosures.arrays.others import total_of_others
from suffice.encodings.enclosures.arrays.pieces import Map, Shape, call
from suffice.encodings.enclosures.arrays.simplex import weighted_mean
from suffice.encodings.enclosures.arrays.variance import middle_of_rows, variance
from suffice.errors import DomainError
from suffice.hardware_specs.upward import Array, keeping_subnormals

PAIRS = 4_000_000
"""Pairs of numbers of a row that are looked at one by one."""

_SPREAD = Shape(lambda y: multiply(y, subtract(1.0, y)), ((0.5, 0.5),))
"""y (1 - y)."""


def softmax(x: Intervals) -> Intervals:
    """e^x_i / sum_j e^x_j = 1 / (1 + r_i), r_i = sum over j != i of e^(x_j - x_i), which is monotone in each argument: sharp."""
    return _where_bounded(x, lambda inner: divide(1.0, add(1.0, _others_to_own(inner))), 0.0, 1.0)


def log_softmax(x: Intervals) -> Intervals:
    """-log(1 + r_i), r_i as in softmax: sharp; and x_i - log sum_j e^x_j, which helps where r_i has no float64 number."""

    def inside(inner: Intervals) -> Intervals:
        sharp = negate(call("log1p", _others_to_own(inner)))
        least = subtract(inner.lo, _log_sum_exp(inner.hi)).lo
        most = subtract(inner.hi, _log_sum_exp(inner.lo)).hi
        return intersection(sharp, Intervals(least, most))

    return minimum(_where_bounded(x, inside, -np.inf, 0.0), 0.0)


def softmax_adjoint(y: Intervals, a: Operand) -> Intervals:
    """y_i t_i, t_i = a_i - sum_j y_j a_j, for y >= 0 with sum_j y_j = 1.

    t_i falls with every other a_j, and a_i has the coefficient 1 - y_i >= 0 in it. With w_i the width of a_i, t_i lies in
    [lo a_i - max sum_j y_j hi a_j + lo(y_i) w_i, hi a_i - min sum_j y_j lo a_j - lo(y_i) w_i]. Also y_i t_i = y_i (1 - y_i) (a_i - m),
    where m is a mean of the other a_j.
    """
    weights = minimum(maximum(y, 0.0), 1.0)

    def inside(adjoint: Intervals) -> Intervals:
        average = weighted_mean(weights, adjoint)[..., None]
        shared = multiply(weights.lo, subtract(adjoint.hi, adjoint.lo)).lo
        least = add(subtract(adjoint.lo, average), shared).lo
        most = subtract(subtract(adjoint.hi, average), shared).hi
        return intersection(
            multiply(weights, Intervals(least, most)),
            multiply(_SPREAD(weights), subtract(adjoint, _hull_of_rows(adjoint))),
        )

    return _where_bounded(intervals_of(a), inside, -np.inf, np.inf)


def log_softmax_adjoint(y: Intervals, a: Operand) -> Intervals:
    """a_i - y_i sum_j a_j = (1 - y_i) a_i - y_i (sum over j != i of a_j), for y the softmax."""
    weights = minimum(maximum(y, 0.0), 1.0)

    def inside(adjoint: Intervals) -> Intervals:
        return intersection(
            subtract(adjoint, multiply(weights, total(adjoint)[..., None])),
            subtract(multiply(subtract(1.0, weights), adjoint), multiply(weights, total_of_others(adjoint))),
        )

    return _where_bounded(intervals_of(a), inside, -np.inf, np.inf)


def layer_norm_scale(x: Intervals, eps: Fraction | float) -> Intervals:
    """sqrt(var(x) + eps), of length 1 along the last axis. Raises DomainError where it may be zero."""
    return _scale(variance(x)[..., None], eps)


def rms_norm_scale(x: Intervals, eps: Fraction | float) -> Intervals:
    """sqrt(mean of x_j^2 + eps), of length 1 along the last axis. Raises DomainError where it may be zero."""
    return _scale(mean(square(x))[..., None], eps)


def layer_norm(x: Intervals, eps: Fraction | float) -> Intervals:
    """y_i = (x_i - mean x) / s, by the quotient of ranges, the mean value form around the centre, and |y_i| <= sqrt(n - 1).

    dy_i/dx_j = (delta_ij - (1 + y_i y_j) / n) / s.
    """
    length = float(x.shape[-1])
    anywhere = sqrt(point(length - 1.0)).hi

    def inside(inner: Intervals) -> Intervals:
        scale = layer_norm_scale(inner, eps)
        crude = _clipped(divide(_from_mean(inner), scale), anywhere)
        if is_point(inner):
            return crude
        middle = point(centre(inner))
        around = divide(_from_mean(middle), layer_norm_scale(middle, eps))
        reach = point(radius(inner, middle.lo))
        own = maximum(subtract(1.0, divide(add(1.0, square(point(mignitude(crude)))), length)), 0.0)
        moved = divide(add(multiply(reach, own), divide(_mixed(crude, reach), length)), scale)
        return intersection(crude, widen(around, moved.hi))

    return _where_bounded(x, inside, -float(anywhere), float(anywhere))


def layer_norm_adjoint(y: Intervals, s: Intervals, a: Operand) -> Intervals:
    """(a_i - mean a - y_i mean(a y)) / s for y of layer_norm and s of layer_norm_scale.

    As sum_j y_j = 0, a constant may be taken from a. With b what is left, this is (c_i b_i - (B_i + y_i C_i) / n) / s, where
    c_i = 1 - (1 + y_i^2) / n lies in [0, 1 - 1/n], B_i and C_i are the sums of b_j and b_j y_j over j != i, and
    C_i^2 <= (sum over j != i of b_j^2) (n - y_i^2).
    """
    length = float(y.shape[-1])

    def inside(adjoint: Intervals) -> Intervals:
        left = subtract(adjoint, middle_of_rows(adjoint))
        squares = maximum(subtract(length, square(point(mignitude(y)))), 0.0)
        cauchy = sqrt(maximum(multiply(total_of_others(square(left)), squares), 0.0)).hi
        cross = _clipped(total_of_others(multiply(left, y)), cauchy)
        own = subtract(1.0, divide(add(1.0, square(y)), length))
        own = minimum(maximum(own, 0.0), divide(length - 1.0, length))
        mixed = divide(add(total_of_others(left), multiply(y, cross)), length)
        return divide(subtract(multiply(own, left), mixed), s)

    return _where_bounded(intervals_of(a), inside, -np.inf, np.inf)


def _mixed(y: Intervals, reach: Intervals) -> Intervals:
    """An upper bound of sum over j != i of |1 + y_i y_j| reach_j: by pairs where they are few, else by 1 + |y_i| |y_j|."""
    if y.lo.size * y.shape[-1] > PAIRS:
        size = point(magnitude(y))
        return add(total_of_others(reach), multiply(size, total_of_others(multiply(size, reach))))
    factors = magnitude(add(1.0, multiply(y[..., :, None], y[..., None, :])))
    factors[..., np.arange(y.shape[-1]), np.arange(y.shape[-1])] = 0.0
    return total(multiply(factors, reach[..., None, :]))


def rms_norm(x: Intervals, eps: Fraction | float) -> Intervals:
    """y_i = x_i / sqrt(mean of x_j^2 + eps), which grows with x_i and shrinks in size with every other |x_j|: sharp."""
    length = float(x.shape[-1])
    anywhere = sqrt(point(length)).hi

    def inside(inner: Intervals) -> Intervals:
        others = total_of_others(square(inner))

        def with_own(own: Intervals) -> Intervals:
            return divide(own, _scale(divide(add(square(own), others), length), eps))

        return _clipped(Intervals(with_own(point(inner.lo)).lo, with_own(point(inner.hi)).hi), anywhere)

    return _where_bounded(x, inside, -float(anywhere), float(anywhere))


def rms_norm_adjoint(y: Intervals, s: Intervals, a: Operand) -> Intervals:
    """(a_i - y_i mean(a y)) / s for y of rms_norm and s of rms_norm_scale.

    It is ((1 - y_i^2 / n) a_i - y_i (sum over j != i of a_j y_j) / n) / s.
    """
    length = float(y.shape[-1])

    def inside(adjoint: Intervals) -> Intervals:
        own = maximum(subtract(1.0, divide(square(y), length)), 0.0)
        mixed = divide(multiply(y, total_of_others(multiply(adjoint, y))), length)
        return divide(subtract(multiply(own, adjoint), mixed), s)

    return _where_bounded(intervals_of(a), inside, -np.inf, np.inf)


def _others_to_own(x: Intervals) -> Intervals:
    """The sum over j != i of e^(x_j - x_i), the exponents taken from the largest one."""
    top = x.hi.max(axis=-1, keepdims=True)
    upper = multiply(total_of_others(exp(subtract(x.hi, top))), exp(subtract(top, x.lo)))
    if is_point(x):
        return upper
    top = x.lo.max(axis=-1, keepdims=True)
    lower = multiply(total_of_others(exp(subtract(x.lo, top))), exp(subtract(top, x.hi)))
    return Intervals(lower.lo, upper.hi)


def _log_sum_exp(x: Array) -> Intervals:
    top = x.max(axis=-1, keepdims=True)
    return add(top, log(total(exp(subtract(x, top)))[..., None]))


def _scale(squares: Intervals, eps: Fraction | float) -> Intervals:
    found = sqrt(maximum(add(squares, constant(Fraction(eps))), 0.0))
    with keeping_subnormals():
        if not bool((found.lo > 0).all()):
            raise DomainError("a normalisation may divide by zero", mend="give a positive eps, or shrink the intervals")
    return found


def _from_mean(x: Intervals) -> Intervals:
    """x_i - mean x = ((n - 1) x_i - sum of the others) / n: sharp."""
    length = float(x.shape[-1])
    return divide(subtract(multiply(x, length - 1.0), total_of_others(x)), length)


def _clipped(x: Intervals, largest: Array) -> Intervals:
    return intersection(x, Intervals(np.asarray(-largest), np.asarray(largest)))


def _hull_of_rows(x: Intervals) -> Intervals:
    with keeping_subnormals():
        return Intervals(x.lo.min(axis=-1, keepdims=True), x.hi.max(axis=-1, keepdims=True))


def _where_bounded(x: Intervals, function: Map, least: float, most: float) -> Intervals:
    """The function on the rows without infinite ends, [least, most] on the others."""
    bounded = (np.isfinite(x.lo) & np.isfinite(x.hi)).all(axis=-1, keepdims=True)
    if bool(bounded.all()):
        return function(x)
    found = function(Intervals(np.where(bounded, x.lo, 0.0), np.where(bounded, x.hi, 0.0)))
    return Intervals(np.where(bounded, found.lo, least), np.where(bounded, found.hi, most))
