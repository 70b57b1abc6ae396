"""Operations on arrays of intervals, each interval held as (-lo, hi) and rounded outward (hardware_specs/upward.py).

NaN at an end stands for an operation that is not defined on all of its operands; it spreads to what depends on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suffice.hardware_specs.upward import Array, Upward

Pair = tuple[Array, Array]
"""(-lo, hi)."""

Truths = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Whether it can be true, and whether it can be false."""

UNKNOWN, POSITIVE, NEGATIVE = 0, 1, -1
"""What is known of the sign of all numbers of an interval: nothing, none is negative, none is positive."""


def add(up: Upward, a: Pair, b: Pair) -> Pair:
    """a + b."""
    return up.add(a[0], b[0]), up.add(a[1], b[1])


def subtract(up: Upward, a: Pair, b: Pair) -> Pair:
    """a - b."""
    return up.add(a[0], b[1]), up.add(a[1], b[0])


def negate(a: Pair) -> Pair:
    """-a."""
    return a[1], a[0]


def multiply(up: Upward, a: Pair, b: Pair, sign_a: int = UNKNOWN, sign_b: int = UNKNOWN) -> Pair:
    """a b. Known signs save products."""
    if sign_a == NEGATIVE:
        return negate(multiply(up, negate(a), b, POSITIVE, sign_b))
    if sign_b == NEGATIVE:
        return negate(multiply(up, a, negate(b), sign_a, POSITIVE))
    if sign_a == UNKNOWN and sign_b == POSITIVE:
        return multiply(up, b, a, POSITIVE, UNKNOWN)
    mul = up.multiply
    if sign_a == POSITIVE:
        low = -a[0]
        if sign_b == POSITIVE:
            return mul(a[0], -b[0]), mul(a[1], b[1])
        return np.maximum(mul(a[1], b[0]), mul(low, b[0])), np.maximum(mul(a[1], b[1]), mul(low, b[1]))
    minus_a0, minus_a1, minus_b0 = -a[0], -a[1], -b[0]
    low = np.maximum(np.maximum(mul(minus_a0, b[0]), mul(a[0], b[1])), np.maximum(mul(a[1], b[0]), mul(minus_a1, b[1])))
    high = np.maximum(np.maximum(mul(a[0], b[0]), mul(a[1], b[1])), np.maximum(mul(minus_a0, b[1]), mul(minus_b0, a[1])))
    return low, high


def square(up: Upward, a: Pair) -> Pair:
    """a^2."""
    least, largest = mignitude(a), magnitude(a)
    return up.multiply(-least, least), up.multiply(largest, largest)


def divide(up: Upward, a: Pair, b: Pair, sign_b: int = UNKNOWN) -> Pair:
    """a / b, NaN where b may be zero."""
    if sign_b == NEGATIVE:
        return negate(divide(up, a, negate(b), POSITIVE))
    if sign_b == UNKNOWN:
        below = b[1] < 0
        low, high = np.where(below, -b[1], -b[0]), np.where(below, b[0], b[1])
        a = np.where(below, a[1], a[0]), np.where(below, a[0], a[1])
    else:
        low, high = -b[0], b[1]
    low = np.where(low > 0, low, np.nan)
    div = up.divide
    return np.maximum(div(a[0], low), div(a[0], high)), np.maximum(div(a[1], low), div(a[1], high))


def absolute(a: Pair) -> Pair:
    """|a|."""
    return -mignitude(a), magnitude(a)


def magnitude(a: Pair) -> Array:
    """The largest absolute value."""
    return np.maximum(a[0], a[1])


def mignitude(a: Pair) -> Array:
    """The least absolute value."""
    return np.maximum(np.maximum(-a[0], -a[1]), 0.0)


def is_finite(a: Pair) -> NDArray[np.bool_]:
    """Whether both ends are finite."""
    return np.isfinite(a[0]) & np.isfinite(a[1])


def minimum(a: Pair, b: Pair) -> Pair:
    """min(a, b)."""
    return np.maximum(a[0], b[0]), np.minimum(a[1], b[1])


def maximum(a: Pair, b: Pair) -> Pair:
    """max(a, b)."""
    return np.minimum(a[0], b[0]), np.maximum(a[1], b[1])


def hull(a: Pair, b: Pair) -> Pair:
    """The smallest interval that holds both."""
    return np.maximum(a[0], b[0]), np.maximum(a[1], b[1])


def widen(up: Upward, a: Pair, radius: Array) -> Pair:
    """a + [-radius, radius]."""
    return up.add(a[0], radius), up.add(a[1], radius)


def less(a: Pair, b: Pair) -> Truths:
    """a < b."""
    return ~(-a[0] >= b[1]), ~(a[1] < -b[0])


def at_most(a: Pair, b: Pair) -> Truths:
    """a <= b."""
    return ~(-a[0] > b[1]), ~(a[1] <= -b[0])


def equal(a: Pair, b: Pair) -> Truths:
    """a = b."""
    apart = (-a[0] > b[1]) | (a[1] < -b[0])
    same = (-a[0] == a[1]) & (-b[0] == b[1]) & (a[1] == b[1])
    return ~apart, ~same


def select(condition: Truths, a: Pair, b: Pair) -> Pair:
    """a where the condition is surely true, b where it is surely false, else the hull of both."""
    true, false = condition
    both = hull(a, b)
    return (
        np.where(true & false, both[0], np.where(true, a[0], b[0])),
        np.where(true & false, both[1], np.where(true, a[1], b[1])),
    )


def sign_of(a: Pair) -> int:
    """What is known of the sign over all the intervals together."""
    if bool((a[0] <= 0).all()):
        return POSITIVE
    return NEGATIVE if bool((a[1] <= 0).all()) else UNKNOWN
