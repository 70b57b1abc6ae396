"""What rounding to a format does to arrays of intervals: the values held, the largest error, and the granule (THEORY S1).

The same rules as the kernel's (proofs/kernel/roundoff.py), in float64 rounded up. A *granule* is a power of two that divides every value
held, 0 where none is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

import numpy as np

from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.hardware_specs.upward import Array, Upward, above, below
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.intervals import Pair

_EXPONENT_BITS = np.int64(0x7FF0000000000000)
_FLOAT64_BITS = 53
_FLOAT64_EMIN, _FLOAT64_EMAX = -1022, 1023
_LEAST = 5e-324

COARSEST_GRANULE = 2.0**500
FINEST_GRANULE = 2.0**-500
"""Granules beyond these are not followed, so that a product of two is a number of float64."""


NO_GRANULE: Array = np.zeros(1)
"""Stands, by identity, for a granule that nobody asks for or knows."""

NO_ERROR: Array = np.zeros(1)
"""Stands, by identity, for a node that never rounds."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """The values held after rounding, a bound of the rounding error, and the granule."""

    values: Pair
    error: Array
    granule: Array


def below_power(size: Array) -> Array:
    """The largest power of two strictly below a positive normal number."""
    return ((size.view(np.int64) - 1) & _EXPONENT_BITS).view(np.float64)


def at_power(size: Array) -> Array:
    """The largest power of two at or below a positive normal number."""
    return (size.view(np.int64) & _EXPONENT_BITS).view(np.float64)


def within_granules(granule: Array) -> Array:
    """The granule, as far as it is followed."""
    return np.minimum(np.where(granule >= FINEST_GRANULE, granule, 0.0), COARSEST_GRANULE)


class FloatRounder:
    """Rounding to a floating-point format. Exponents below float64's are treated as float64's least, a coarser format. A format whose
    normal numbers all lie beyond float64's has no bounds.
    """

    def __init__(self, fmt: FloatFormat, up: Upward) -> None:
        self.fmt, self.up = fmt, up
        self.is_nearest = fmt.rounding in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)
        self.keeps_subnormals = fmt.subnormals is Subnormals.KEPT
        self._least_normal = _power(max(fmt.emin, _FLOAT64_EMIN))
        self._unit = _power(1 - fmt.p)
        self._quantum = _power(fmt.emin - fmt.p + 1)
        self._reach = _power(fmt.p)
        self._largest = below(fmt.max_finite) if fmt.emin <= _FLOAT64_EMAX else -inf
        self._may_overflow = fmt.overflow is not Overflow.SATURATE

    def round(self, exact: Pair, granule: Array, *, wants_granule: bool = True) -> Rounded:
        """Round the exact results of an operation."""
        values = self._hold(exact)
        error = self._error(exact, values)
        if granule is not NO_GRANULE:
            quantum = self._quantum if self.keeps_subnormals else self._least_normal
            is_exact = (granule >= quantum) & (iv.magnitude(exact) <= granule * self._reach) & ~np.isnan(error)
            error = np.where(is_exact, 0.0, error)
        return Rounded(values, error, self.granule_of(values, granule) if wants_granule else NO_GRANULE)

    def of_quotients(self, exact: Pair, rounded: Rounded, step: Array, odd: int) -> Array:
        """The error of `round` where the exact results are multiples of step / odd, odd >= 3 (rule 10 of the kernel's roundoff.py)."""
        size = iv.magnitude(exact)
        top = np.maximum(iv.magnitude(rounded.values) if self.is_nearest else size, self._least_normal)
        spacing = np.maximum(below_power(top), self._least_normal) * self._unit
        usual = spacing * 0.5 if self.is_nearest else spacing
        is_short = (step >= spacing) & (rounded.error == usual) & ((size <= top) | (at_power(top) != top)) & self.keeps_subnormals
        part = np.full(1, above(Fraction(odd - 1, odd)))
        return np.where(is_short, self.up.multiply(usual, part), rounded.error)

    def granule_of(self, values: Pair, granule: Array) -> Array:
        """The spacing at the smallest value, or the granule of the exact results, whichever is coarser."""
        smallest = np.maximum(iv.mignitude(values), self._least_normal)
        return within_granules(np.maximum(granule, at_power(smallest) * self._unit))

    def within(self, exact: Pair, ulps: float) -> Rounded:
        """The results of a function that errs by at most so many ulps of the exact result, or is correctly rounded."""
        size = np.maximum(iv.magnitude(exact), self._least_normal)
        rounded = self._hold(exact)
        spacing = self.up.multiply(at_power(size), np.full(1, self._unit))
        error = np.maximum(self.up.multiply(spacing, np.full(1, ulps)), self._error(exact, rounded))
        values = iv.hull(rounded, self._inside(self._outward(iv.widen(self.up, exact, error))))
        return Rounded(values, error, self.granule_of(values, NO_GRANULE))

    def _hold(self, exact: Pair) -> Pair:
        if self.is_nearest and self.fmt.p < _FLOAT64_BITS:
            values = self._nearest(exact[0]), self._nearest(exact[1])
        else:
            values = self._outward(exact)
        if not self.keeps_subnormals:
            values = self._flushed(values)
        values = self._inside(values)
        if self._may_overflow:
            return values
        low, high = (np.where(end <= self._largest, value, np.inf) for end, value in zip(exact, values, strict=True))
        return self._inside((low, high))

    def _inside(self, values: Pair) -> Pair:
        """NaN where a value may lie beyond the largest number."""
        inside = (values[0] <= self._largest) & (values[1] <= self._largest)
        return np.where(inside, values[0], np.nan), np.where(inside, values[1], np.nan)

    def _outward(self, exact: Pair) -> Pair:
        """Ends rounded outward to the format, whatever its rounding mode."""
        if self.fmt.p >= _FLOAT64_BITS and self.fmt.emin == _FLOAT64_EMIN:
            return exact
        return self._above(exact[0]), self._above(exact[1])

    def _above(self, end: Array) -> Array:
        """A number of the format (without bounds on its exponent above) that is not below the end: the least where p <= 53."""
        if self.fmt.p >= _FLOAT64_BITS:
            return np.where(np.abs(end) >= self._least_normal, end, self._subnormal_above(end))
        drop = _FLOAT64_BITS - self.fmt.p
        mask = np.int64(-(1 << drop))
        bits = end.view(np.int64)
        moved = np.where(end > 0, bits + np.int64((1 << drop) - 1), bits) & mask
        return np.where(np.abs(end) >= self._least_normal, moved.view(np.float64), self._subnormal_above(end))

    def _nearest(self, end: Array) -> Array:
        """The nearest number of the format, the upper of two."""
        drop = _FLOAT64_BITS - self.fmt.p
        half = 1 << (drop - 1)
        bits = end.view(np.int64)
        moved = (bits + np.where(end > 0, np.int64(half), np.int64(half - 1))) & np.int64(-(1 << drop))
        return np.where(np.abs(end) >= self._least_normal, moved.view(np.float64), self._subnormal_above(end))

    def _subnormal_above(self, end: Array) -> Array:
        if self.fmt.emin < _FLOAT64_EMIN:
            return np.where(end > 0, self._least_normal, 0.0)
        return np.ceil(end / self._quantum) * self._quantum if self._quantum > _LEAST else end

    def _flushed(self, values: Pair) -> Pair:
        """Values below the least normal number may also be held as zero."""
        tiny = iv.mignitude(values) < self._least_normal
        return np.where(tiny, np.maximum(values[0], 0.0), values[0]), np.where(tiny, np.maximum(values[1], 0.0), values[1])

    def _error(self, exact: Pair, values: Pair) -> Array:
        size = iv.magnitude(exact)
        held = np.maximum(iv.magnitude(values), self._least_normal)
        spacing = np.maximum(below_power(held), self._least_normal) * self._unit
        if self.is_nearest:
            error = np.maximum(spacing * 0.5, np.maximum(self.up.add(size, -held), 0.0))
        else:
            error = np.maximum(below_power(np.maximum(size, self._least_normal)), self._least_normal) * self._unit
        if not self.keeps_subnormals:
            smallest = iv.mignitude(exact)
            error = np.where(smallest < self._least_normal, np.maximum(error, np.minimum(size, self._least_normal)), error)
        return np.where(np.isnan(held), np.nan, np.maximum(error, _LEAST))


class IntRounder:
    """Rounding to integer codes with a scale; what lies beyond the codes saturates."""

    def __init__(self, fmt: IntFormat, up: Upward) -> None:
        assert fmt.scale is not None
        assert fmt.zero is not None
        self.up = up
        nearest = fmt.rounding in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)
        self._step = above(fmt.scale / 2 if nearest else fmt.scale)
        low, high = fmt.scale * (fmt.qmin - fmt.zero), fmt.scale * (fmt.qmax - fmt.zero)
        self._ends = -below(low), above(high)
        self._inner = -above(low), below(high)

    def round(self, exact: Pair, granule: Array, *, wants_granule: bool = True) -> Rounded:  # noqa: ARG002
        """Round the exact results of an operation."""
        add = self.up.add
        beyond = np.maximum(add(exact[0], np.full(1, -self._inner[0])), add(exact[1], np.full(1, -self._inner[1])))
        error = np.maximum(beyond, self._step)
        low, high = iv.widen(self.up, exact, np.full(1, self._step))
        # a saturated value is the end itself, also where the exact result lies beyond the other end
        values = np.clip(low, -self._ends[1], self._ends[0]), np.clip(high, -self._ends[0], self._ends[1])
        return Rounded(values, error, NO_GRANULE)


class NoRounder:
    """No rounding."""

    def round(self, exact: Pair, granule: Array, *, wants_granule: bool = True) -> Rounded:  # noqa: ARG002
        """The exact results."""
        return Rounded(exact, NO_ERROR, granule if granule is NO_GRANULE else within_granules(granule))


Rounder = FloatRounder | IntRounder | NoRounder


def rounder(fmt: Format, up: Upward) -> Rounder:
    """The rules of a format with definite numbers."""
    if isinstance(fmt, FloatFormat):
        return FloatRounder(fmt, up)
    if isinstance(fmt, IntFormat):
        return IntRounder(fmt, up)
    assert isinstance(fmt, ExactFormat)
    return NoRounder()


def holds(fmt: Format, other: Format) -> bool:
    """Whether every value of `other` is a value of `fmt`, so that a cast is exact."""
    if isinstance(fmt, ExactFormat):
        return True
    if not isinstance(fmt, FloatFormat) or not isinstance(other, FloatFormat):
        return isinstance(fmt, IntFormat) and fmt == other
    return (
        other.p <= fmt.p
        and other.emin - other.p >= fmt.emin - fmt.p
        and other.max_finite <= fmt.max_finite
        and (fmt.subnormals is Subnormals.KEPT or (other.emin >= fmt.emin and other.subnormals is Subnormals.FLUSHED))
    )


def _power(exponent: int) -> float:
    """2^exponent, not below the least positive and not above the largest power of float64."""
    return 2.0 ** min(max(exponent, -1074), 1023)
