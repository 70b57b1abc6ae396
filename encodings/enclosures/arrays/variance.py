"""The variance of the numbers along the last axis, over boxes."""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    absolute,
    add,
    centre,
    divide,
    maximum,
    multiply,
    square,
    subtract,
    total,
)
from suffice.hardware_specs.upward import Array, keeping_subnormals

LARGEST = float(np.finfo(np.float64).max)

STEPS = 40
"""Steps of the search for the middle with the least mean square distance."""


def variance(x: Intervals) -> Intervals:
    """The population variance along the last axis, which is dropped.

    The least: n var(x) = min over m of sum_j (x_j - m)^2, so its minimum over the box is that of phi(m) = sum_j dist(m, [lo_j, hi_j])^2.
    phi is convex: phi(m) >= phi(c) + phi'(c) (m - c) for any c, and if it is nowhere 0 its minimum lies between the least hi and the
    largest lo.
    The largest: n var(x) <= sum_j max((lo_j - m)^2, (hi_j - m)^2) for any m.
    """
    mean = middle_of_rows(x)
    most = total(square(subtract(x, mean))).hi
    least = _least_sum(x, mean)
    return divide(Intervals(least, np.maximum(most, least)), float(x.shape[-1]))


def middle_of_rows(x: Intervals) -> Array:
    """A finite number close to the mean of the centres, of length 1 along the last axis. Not rigorous."""
    with np.errstate(all="ignore"):
        found = (centre(x) / x.shape[-1]).sum(axis=-1, keepdims=True)
    return np.where(np.isfinite(found), found, 0.0)


def _least_sum(x: Intervals, mean: Array) -> Array:
    """A lower bound of phi by its tangent at a number close to where it is least. Infinite ends may move to the largest number."""
    with keeping_subnormals(), np.errstate(all="ignore"):
        lo, hi = np.maximum(x.lo, -LARGEST), np.minimum(x.hi, LARGEST)
        first, last = hi.min(axis=-1, keepdims=True), lo.max(axis=-1, keepdims=True)
        middle = _flattest(lo, hi, np.clip(mean, first, np.maximum(first, last)))
    below, above = maximum(subtract(lo, middle), 0.0), maximum(subtract(middle, hi), 0.0)
    slope = multiply(absolute(subtract(total(above), total(below))), 2.0)
    far = maximum(subtract(last, middle), subtract(middle, first))[..., 0]
    bound = subtract(total(square(add(below, above))), multiply(slope, far))
    with keeping_subnormals():
        return np.where((first < last)[..., 0], np.maximum(bound.lo, 0.0), 0.0)


def _flattest(lo: Array, hi: Array, start: Array) -> Array:
    """A number near the minimum of phi, by Newton's steps kept within the part of the line where the minimum lies. Not rigorous."""
    first, last = hi.min(axis=-1, keepdims=True), lo.max(axis=-1, keepdims=True)
    middle = start
    for _ in range(STEPS):
        rise = (np.maximum(middle - hi, 0.0) - np.maximum(lo - middle, 0.0)).sum(axis=-1, keepdims=True)
        outside = ((middle >= hi) | (middle <= lo)).sum(axis=-1, keepdims=True)
        first, last = np.where(rise < 0, middle, first), np.where(rise > 0, middle, last)
        step = middle - rise / np.maximum(outside, 1)
        following = np.where((step == middle) | (step > first) & (step < last), step, 0.5 * first + 0.5 * last)
        following = np.where((rise == 0) | (first >= last), middle, following)
        if bool((abs(following - middle) <= 1e-15 * (abs(middle) + abs(last - first))).all()):
            break
        middle = following
    return np.where(np.isfinite(middle), middle, start)
