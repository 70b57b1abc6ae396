"""Ranges of functions that are monotone between known turning points, over arrays of intervals.

`call` is the one door to crival, whose functions on arrays are tight and take 20 to 100 ns an interval, so nothing is approximated here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, hull, magnitude, rounds_to_nearest
from suffice.errors import DomainError
from suffice.hardware_specs.upward import Array, keeping_subnormals

Map = Callable[[Intervals], Intervals]

FAR = 800.0
"""Beyond this distance from zero a `Shape` with a limit is no longer evaluated; all turning points lie nearer."""


@dataclass(frozen=True, slots=True)
class Function:
    """A real function applied to each element. `range` encloses its values on intervals, `slope` its derivative's (generalised at kinks),
    `curvature` bounds |f''|, infinite where an interval holds a kink. All raise DomainError outside the domain.
    """

    range: Map
    slope: Map
    curvature: Callable[[Intervals], Array]


@dataclass(frozen=True, slots=True)
class Shape:
    """A function that is monotone between neighbouring turning points, and before the first and after the last.

    `at` is an interval extension that is tight on thin intervals. Each turning point is held by an interval of neighbouring numbers.
    `left` and `right` are the limits at the infinities, where they are finite.
    """

    at: Map
    turns: tuple[tuple[float, float], ...] = ()
    left: float | None = None
    right: float | None = None

    def __call__(self, x: Intervals) -> Intervals:
        """The range on intervals: the hull of the values at both ends, and at the turning points between them."""
        with keeping_subnormals():
            if x.lo is x.hi:
                found = self._at_ends(x.lo)
            else:
                both = self._at_ends(np.stack([x.lo, x.hi]))
                found = hull(both[0], both[1])
            for (low, high), value in zip(self.turns, _at_turns(self), strict=True):
                inside = (x.lo <= high) & (x.hi >= low)
                lo = np.where(inside, np.minimum(found.lo, value.lo), found.lo)
                found = Intervals(lo, np.where(inside, np.maximum(found.hi, value.hi), found.hi))
        return found

    def _at_ends(self, ends: Array) -> Intervals:
        """Values at ends, each between its neighbour at distance FAR and the limit where it lies farther out."""
        least = -np.inf if self.left is None else -FAR
        most = np.inf if self.right is None else FAR
        kept = np.clip(ends, least, most)
        largest = np.finfo(np.float64).max
        value = self.at(Intervals(np.minimum(kept, largest), np.maximum(kept, -largest)))
        for limit, outside in ((self.left, ends < least), (self.right, ends > most)):
            if limit is not None and bool(outside.any()):
                lo = np.where(outside, np.minimum(value.lo, limit), value.lo)
                value = Intervals(lo, np.where(outside, np.maximum(value.hi, limit), value.hi))
        return value


@cache
def _at_turns(shape: Shape) -> tuple[Intervals, ...]:
    return tuple(shape.at(Intervals(np.array(low), np.array(high))) for low, high in shape.turns)


def call(name: str, x: Intervals) -> Intervals:
    """A function of crival. Operands outside its domain are the caller's to refuse."""
    import ival

    assert rounds_to_nearest(), "called in a directed rounding mode"
    with keeping_subnormals():
        function: Any = getattr(ival, name)
        found = function(ival.Interval(x.lo.reshape(-1), x.hi.reshape(-1)))
        lo, hi = (np.asarray(end, dtype=np.float64).reshape(x.shape) for end in (found.lo, found.hi))
    return Intervals(lo, hi)


def inside_domain(name: str, x: Intervals, *, open_at_zero: bool) -> Intervals:
    """x itself. Raises DomainError unless it is positive, or not negative."""
    with keeping_subnormals():
        if not bool(((x.lo > 0) if open_at_zero else (x.lo >= 0)).all()):
            where = "zero or below" if open_at_zero else "below zero"
            raise DomainError(f"{name} is not defined on an interval that reaches {where}", mend="shrink the intervals")
    return x


def curvature_of(second: Map) -> Callable[[Intervals], Array]:
    """The largest |f''|, from the range of f''."""
    return lambda x: magnitude(second(x))


def both_sides(low: float, high: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """A turning point and its mirror image."""
    return (-high, -low), (low, high)
