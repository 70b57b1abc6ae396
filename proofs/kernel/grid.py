"""Rounding of what a run may hold: the values that a format makes of it, and how far they move (rules 2, 3, 5, 8, 9 of roundoff.py).

Intervals are integers in units of 2^-bits, errors in finer units of 2^-(bits + guard).
"""

from __future__ import annotations

from fractions import Fraction

from .failures import LeafFailure
from .fixed import FixedPoint
from .formats import Exact, Float, Format, Int, finite, round_integer
from .held import UNKNOWN, ZERO, Held, magnitude, mignitude, point, valuation


class Overflow(LeafFailure):
    """A result that may lie beyond the largest number."""


Rounded = tuple[Held, int]
"""What is held after rounding, and a bound of the rounding error."""


class Grid:
    """The numbers of a float format, seen from fixed point."""

    def __init__(self, fmt: Float, bits: int, guard: int) -> None:
        self.p = fmt.p
        self._bits, self._guard, self._emin, self._mode = bits, guard, fmt.emin, fmt.rounding
        self._is_half_even = fmt.rounding == "nearest_even"
        self._flushes = fmt.subnormals == "flushed"
        self._quantum = fmt.emin - fmt.p + 1
        self._least_shift = self._quantum + bits
        self._error_shift = bits + guard + 1 - fmt.p - fmt.is_nearest
        self._tiny = 1 << max(bits + fmt.emin, 0)
        """The least normal number, rounded up."""
        self._largest = (fmt.max_finite.numerator << bits) // fmt.max_finite.denominator

    def round(self, exact: Held) -> Rounded:
        """Rounding, once, of exact results; Overflow where one may (rules 2, 3 and 5 of roundoff.py)."""
        lo, hi, granule, digits = exact
        size = hi if hi > -lo else -lo
        if size == 0:
            return ZERO, 0
        if digits > self.p and granule > -UNKNOWN:
            digits = min(digits, max((size - 1).bit_length() - self._bits - granule, 0))
        if digits <= self.p and granule >= self._quantum and not self._may_flush(lo, hi, granule):
            if size > self._largest:
                self._exclude_overflow(self._rounded(lo), self._rounded(hi))
            return Held(lo, hi, max(granule, self._spacing(mignitude(lo, hi))), digits), 0
        low, high = self._rounded(lo), self._rounded(hi)
        if size > self._largest:
            self._exclude_overflow(low, high)
        if low == high:
            return point(low, self._bits), max(abs(lo - low), abs(hi - low)) << self._guard
        spacing = self._spacing(mignitude(low, high))
        error = self._error(lo, hi, high if high > -low else -low)
        return Held(low, high, granule if granule > spacing else spacing, self.p), error

    def of_quotients(self, exact: Held, held: Held, error: int, step: int, odd: int) -> int:
        """The error of `round` where the exact results are multiples of 2^step / odd, odd >= 3 (rule 10 of roundoff.py)."""
        size, top = magnitude(exact.lo, exact.hi), magnitude(held.lo, held.hi)
        is_power = top & (top - 1) == 0
        if self._flushes or (is_power and size > top):
            return error
        spacing = self._spacing(top - 1 if is_power else top)
        usual = 1 << max(spacing + self.p - 1 + self._error_shift, 0)
        if step < spacing or error != usual:
            return error
        return -(-error * (odd - 1) // odd)

    def approximate(self, exact: Held, ulps: Fraction) -> Rounded:
        """A result within so many units in the last place of the exact one, or correctly rounded (rule 8 of roundoff.py)."""
        lo, hi = exact.lo, exact.hi
        unit = self._spacing(magnitude(lo, hi)) + self._bits + self._guard
        scaled = ulps.numerator << max(unit, 0)
        error = max(-(-scaled // (ulps.denominator << max(-unit, 0))), self.round(exact)[1])
        reach = -(-error >> self._guard)
        low, high = lo - reach, hi + reach
        if magnitude(low, high) > self._largest:
            raise Overflow
        return Held(low, high, self._spacing(mignitude(low, high)), self.p), error

    def numbers(self, lo: int, hi: int) -> Held:
        """Numbers of the format between two ends."""
        return Held(lo, hi, self._spacing(mignitude(lo, hi)), self.p)

    def _rounded(self, n: int) -> int:
        """n / 2^bits rounded as if exponents had no upper end. Where the spacing is finer than 2^-bits, it is a number of the format."""
        shift = n.bit_length() - self.p
        if shift < self._least_shift:
            shift = self._least_shift
        if shift > 0:
            n = (round_half_even(n, shift) if self._is_half_even else round_integer(n, 1 << shift, self._mode)) << shift
        return 0 if self._flushes and -self._tiny < n < self._tiny else n

    def _spacing(self, size: int) -> int:
        """The exponent of the spacing at a magnitude: every number of the format from there on is a multiple of it."""
        return (max(size.bit_length() - 1 - self._bits, self._emin) if size else self._emin) - self.p + 1

    def _may_flush(self, lo: int, hi: int, granule: int) -> bool:
        """Whether a result may be flushed to zero."""
        return self._flushes and granule < self._emin and mignitude(lo, hi) < self._tiny

    def _exclude_overflow(self, low: int, high: int) -> None:
        if magnitude(low, high) > self._largest:
            raise Overflow

    def _error(self, lo: int, hi: int, held: int) -> int:
        """Half a spacing (a whole one in directed modes) at the largest magnitude that is not rounded to the power of two below it."""
        size = magnitude(lo, hi)
        top, beyond = size.bit_length() - 1, 0
        if held == 1 << top:
            top, beyond = top - 1, size - held
        exponent = max(top - self._bits, self._emin) + self._error_shift
        error = max(1 << max(exponent, 0), beyond << self._guard)
        if self._may_flush(lo, hi, -UNKNOWN):
            error = max(error, min(size, self._tiny) << self._guard)
        return error


def round_half_even(n: int, shift: int) -> int:
    """The integer nearest to n / 2^shift (shift > 0), of two the even one."""
    q = n + (1 << shift - 1) >> shift
    return q - 1 if q & 1 and (q << shift) - n == 1 << shift - 1 else q


class Codes:
    """Integer codes with a scale, seen from fixed point."""

    def __init__(self, fmt: Int, bits: int, guard: int) -> None:
        self._fmt, self._fixed, self._guard = fmt, FixedPoint(bits), guard
        assert fmt.scale is not None
        self._granule = valuation(fmt.scale)

    def round(self, exact: Held) -> Rounded:
        """Rounding to the nearest code, saturation included."""
        lo, hi = self._fixed.to_fractions((exact.lo, exact.hi))
        error = self._fmt.error(lo, hi) * (1 << self._fixed.bits + self._guard)
        ends = self._fixed.from_ends(finite(self._fmt.round(lo)), finite(self._fmt.round(hi)))
        return self.numbers(*ends), -(-error.numerator // error.denominator)

    def approximate(self, exact: Held, ulps: Fraction) -> Rounded:  # noqa: ARG002
        """Codes have no last place: correctly rounded."""
        return self.round(exact)

    def numbers(self, lo: int, hi: int) -> Held:
        """Codes between two ends."""
        return Held(lo, hi, self._granule)


class Continuum:
    """The reals: nothing is rounded."""

    def round(self, exact: Held) -> Rounded:
        """The exact results."""
        return exact, 0

    def approximate(self, exact: Held, ulps: Fraction) -> Rounded:  # noqa: ARG002
        """The reals have no last place: exact."""
        return exact, 0

    def numbers(self, lo: int, hi: int) -> Held:
        """Reals between two ends."""
        return Held(lo, hi)


def grid(fmt: Format, bits: int, guard: int) -> Grid | Codes | Continuum:
    """The numbers of a format with definite numbers."""
    if isinstance(fmt, Float):
        return Grid(fmt, bits, guard)
    return Continuum() if isinstance(fmt, Exact) else Codes(fmt, bits, guard)

