"""Arithmetic of error bounds: float64 arrays not below zero, every result not below the exact one.

Each operation rounds to nearest and is moved up by one place, unless it is exact because an operand is zero (or one, in products). A
nearest result is within half a place of the exact one, so that the next number above is not below it, also among subnormal numbers.
An infinite bound says that nothing is known, so that 0 times it is infinite too.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.enclosures.arrays.pieces import call
from suffice.hardware_specs.upward import above as above
from suffice.hardware_specs.upward import halved_total

Array = NDArray[np.float64]

Bound = Array | float

FRACTION_BITS = 96
"""Of the fixed-point numbers in which `growth` counts."""


def _quiet(operation: Callable[[Bound, Bound], Bound]) -> Callable[[Bound, Bound], Array]:
    def apply(a: Bound, b: Bound) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(operation(a, b), dtype=np.float64)

    return apply


def raised(numbers: Bound) -> Array:
    """One place up; NaN, which stands for an unknown bound, becomes infinity."""
    return np.asarray(np.where(np.isnan(numbers), np.inf, np.nextafter(numbers, np.inf)), dtype=np.float64)


@_quiet
def _add(a: Bound, b: Bound) -> Bound:
    found = np.add(a, b)
    return np.where((np.equal(a, 0)) | (np.equal(b, 0)), found, raised(found))


@_quiet
def multiply(a: Bound, b: Bound) -> Bound:
    """a b."""
    found = np.multiply(a, b)
    exact = (np.equal(a, 0) & np.isfinite(b)) | (np.equal(b, 0) & np.isfinite(a)) | np.equal(a, 1) | np.equal(b, 1)
    return np.where(exact, found, raised(found))


@_quiet
def divide(a: Bound, b: Bound) -> Bound:
    """a / b, infinite where b is not above zero. `b` is a lower bound of the divisor."""
    found = np.where(np.equal(a, 0), 0.0, raised(np.divide(a, b)))
    return np.where(np.greater(b, 0), found, np.inf)


def add(*bounds: Bound) -> Array:
    """The sum."""
    found = np.asarray(bounds[0], dtype=np.float64)
    for bound in bounds[1:]:
        found = _add(found, bound)
    return found


@_quiet
def lowered_difference(a: Bound, b: Bound) -> Bound:
    """A lower bound of a - b."""
    found = np.subtract(a, b)
    return np.where(np.equal(b, 0), found, np.nextafter(found, -np.inf))


def total(terms: Array, axis: int = -1) -> Array:
    """The sum over an axis, by halving."""
    return halved_total(add, np.asarray(terms), axis)


def root(bound: Bound) -> Array:
    """The square root: that of IEEE 754 is rounded to nearest."""
    return np.asarray(np.where(np.equal(bound, 0), 0.0, raised(np.sqrt(bound))))


@cache
def growth(unit: Fraction, roundings: int) -> float:
    """(1 + unit)^roundings - 1, rounded up: powers by squaring in fixed point, each rounded up. Infinite beyond 2^64."""
    scale = 1 << FRACTION_BITS
    power, base, left = scale, -((-(1 + unit) * scale) // 1), roundings
    while left:
        if left & 1:
            power = -(-power * base // scale)
        base, left = -(-base * base // scale), left >> 1
        if max(power, base if left else 0) > scale << 64:
            return float("inf")
    return above(Fraction(power - scale, scale))


def expm1(exponent: Bound) -> Array:
    """e^exponent - 1 for exponents not below zero."""
    at = np.asarray(exponent, dtype=np.float64)
    finite = np.where(np.isfinite(at), at, 0.0)
    found = call("expm1", Intervals(finite, finite)).hi
    return np.asarray(np.where(np.isfinite(at), np.where(at == 0, 0.0, found), np.inf))
