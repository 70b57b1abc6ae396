"""Means with weights that are not known exactly, but whose sum is exactly 1."""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, Operand, add, intervals_of, maximum, multiply, negate, subtract, total
from suffice.hardware_specs.upward import Array, keeping_subnormals

LARGEST = float(np.finfo(np.float64).max)


def weighted_mean(weights: Operand, values: Operand) -> Intervals:
    """sum_j w_j v_j along the last axis, for all values in their intervals and all weights w >= 0 in theirs with sum_j w_j = 1.

    A linear programme. For any number t the sum is t + sum_j w_j (v_j - t) >= t + sum_j (lo(w_j) (v_j - t)+ - hi(w_j) (t - v_j)+).
    The best t is the value that the last of the weight falls on when it is given to small values first.
    """
    given, numbers = intervals_of(weights), intervals_of(values)
    shape = np.broadcast_shapes(given.shape, numbers.shape)
    with keeping_subnormals():
        lo, hi = (np.broadcast_to(np.clip(end, 0.0, 1.0), shape) for end in (given.lo, given.hi))
    least = _least(Intervals(lo, hi), np.broadcast_to(numbers.lo, shape))
    most = -_least(Intervals(lo, hi), np.broadcast_to(-numbers.hi, shape))
    return Intervals(least, np.asarray(most))


def _least(weights: Intervals, values: Array) -> Array:
    threshold = _last_filled(weights, values)
    with keeping_subnormals():
        beyond = subtract(Intervals(values, np.maximum(values, -LARGEST)), threshold)
    gained = multiply(weights.lo, maximum(beyond, 0.0))
    lost = multiply(weights.hi, maximum(negate(beyond), 0.0))
    return add(threshold[..., 0], total(subtract(gained, lost))).lo


def _last_filled(weights: Intervals, values: Array) -> Array:
    """The value at which the weights, least values first, reach a sum of 1. Not rigorous, and need not be."""
    order = np.argsort(values, axis=-1)
    room = np.take_along_axis(weights.hi - weights.lo, order, axis=-1)
    reached = weights.lo.sum(axis=-1, keepdims=True) + np.cumsum(room, axis=-1)
    place = np.minimum((reached < 1.0).sum(axis=-1, keepdims=True), values.shape[-1] - 1)
    found = np.take_along_axis(values, np.take_along_axis(order, place, axis=-1), axis=-1)
    return np.clip(found, -LARGEST, LARGEST)
