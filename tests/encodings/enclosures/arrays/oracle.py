"""Random intervals of every size, and what exact arithmetic says of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.hardware_specs.upward import Array

SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.0**-1022, -(2.0**-1023), 2.0**-540, -(2.0**-537), 1e300, -1.7e308, 0.1, 3.0])
"""Subnormal, huge, and in between."""


def numbers(random: np.random.Generator, shape: tuple[int, ...], *, special: float = 0.3, spread: int = 40) -> Array:
    """Normal numbers of very different sizes, and a share of special ones."""
    plain = random.standard_normal(shape) * np.exp2(random.integers(-spread, spread, shape))
    return np.where(random.random(shape) < special, random.choice(SPECIAL, shape), plain)


def boxes(random: np.random.Generator, shape: tuple[int, ...], *, special: float = 0.3, spread: int = 40) -> Intervals:
    """Intervals, a third of them points and a third of them a few places wide."""
    first, second = numbers(random, shape, special=special, spread=spread), numbers(random, shape, special=special, spread=spread)
    kind = random.integers(0, 3, shape)
    second = np.where(kind == 0, first, np.where(kind == 1, np.nextafter(np.nextafter(first, np.inf), np.inf), second))
    return Intervals(np.minimum(first, second), np.maximum(first, second))


def narrow(random: np.random.Generator, shape: tuple[int, ...], width: float) -> Intervals:
    """Intervals around normal numbers, half as wide as `width` times an exponential number, or points for width 0."""
    middle = random.standard_normal(shape)
    reach = width * random.exponential(size=shape)
    return Intervals(middle - reach, middle + reach)


def fractions(array: NDArray[np.float64] | np.float64) -> list[Fraction]:
    """The numbers, exactly."""
    return [Fraction(value) for value in np.ravel(array).tolist()]


def is_tight(lo: float, hi: float, least: Fraction, most: Fraction, places: int = 1) -> bool:
    """Whether [lo, hi] holds [least, most] and would not with an end `places` places farther inside."""
    return holds(lo, hi, (least, most)) and reaches(moved(lo, math.inf, places), least) and reaches(-moved(hi, -math.inf, places), -most)


def holds(lo: float, hi: float, values: Iterable[Fraction | int]) -> bool:
    """Whether all values lie in [lo, hi]."""
    return all((lo == -math.inf or Fraction(lo) <= value) and (hi == math.inf or value <= Fraction(hi)) for value in values)


def reaches(end: float, value: Fraction | int) -> bool:
    return end == math.inf or (end > -math.inf and Fraction(end) >= value)


def moved(end: float, toward: float, places: int) -> float:
    for _ in range(places):
        end = math.nextafter(end, toward)
    return end
