"""Sums over the last axis that leave one term out, without cancellation."""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, outward
from suffice.hardware_specs.upward import Array, Upward


def total_of_others(a: Intervals) -> Intervals:
    """For each i the sum of a_j over all j but i, along the last axis."""
    with outward() as up:
        hi = _upper(up, a.hi)
        return Intervals(-_upper(up, -a.lo), hi)


def _upper(up: Upward, terms: Array) -> Array:
    """Sums of the terms before, and of the terms after, added."""
    none = np.zeros((*terms.shape[:-1], 1))
    before = np.concatenate([none, _running(up, terms)[..., :-1]], axis=-1)
    after = np.concatenate([_running(up, terms[..., ::-1])[..., -2::-1], none], axis=-1)
    return up.add(before, after)


def _running(up: Upward, terms: Array) -> Array:
    """Sums of the first terms, by doubling (Hillis and Steele)."""
    shift = 1
    while shift < terms.shape[-1]:
        terms = np.concatenate([terms[..., :shift], up.add(terms[..., shift:], terms[..., :-shift])], axis=-1)
        shift *= 2
    return terms
