"""The error measures of docs/semantics.md on numbers that are only known to lie in a range, in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

from suffice.encodings.problem import Tolerance
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat

from .enclosures import Bound, Range
from .rounding import neighbours


@dataclass(frozen=True, slots=True)
class Measure:
    """`relative`: |z - y| / |y|; else max(0, |z - y| - share |y|), with share < 1."""

    relative: bool
    share: Fraction

    def __post_init__(self) -> None:
        if not self.relative and self.share >= 1:
            raise NotImplementedError("a relative part of the tolerance of 1 or more")

    def __call__(self, z: Fraction, y: Bound) -> Bound:
        """The error of the answer z where f is y."""
        if isinstance(y, float):
            return inf
        if not self.relative:
            return max(Fraction(0), abs(z - y) - self.share * abs(y))
        if y == 0:
            return Fraction(0) if z == 0 else inf
        return abs(z - y) / abs(y)

    def most(self, z: Fraction, y: Range) -> Bound:
        """The largest error of z for a y in the range (the error falls, then rises with y, except across 0 if relative)."""
        if self.relative and y.lo <= 0 <= y.hi and y.lo < y.hi:
            return Fraction(1) if z == 0 else inf
        return max(self(z, y.lo), self(z, y.hi))

    def least(self, z: Fraction, y: Range) -> Bound:
        """The smallest error of z for a y in the range."""
        if y.lo <= z <= y.hi:
            return Fraction(0)
        if isinstance(y.lo, float) or isinstance(y.hi, float):
            return Fraction(0)
        return min(self(z, y.lo), self(z, y.hi))

    def best_real(self, lo: Fraction, hi: Fraction) -> Fraction:
        """The real z whose larger error at lo and hi is smallest; lo <= hi."""
        if not self.relative:
            return (lo + hi + self.share * (abs(lo) - abs(hi))) / 2
        return Fraction(0) if lo <= 0 <= hi else 2 * lo * hi / (lo + hi)


def measure_of(tolerance: Tolerance) -> Measure:
    """The measure that the tolerance is about."""
    return Measure(tolerance.is_relative, tolerance.relative)


@dataclass(frozen=True, slots=True)
class Image:
    """What f does on a cell: its infimum lies in `low`, its supremum in `high`; f takes all values between if `connected`."""

    low: Range
    high: Range
    connected: bool = True

    def error(self, measure: Measure, z: Fraction) -> Range:
        """A bracket of the supremum of the error of the answer z."""
        below = max(measure.least(z, self.low), measure.least(z, self.high))
        if measure.relative and self.connected and self.low.hi < 0 < self.high.lo:
            below = max(below, Fraction(1) if z == 0 else inf)
        return Range(below, measure.most(z, Range(self.low.lo, self.high.hi)))

    def floor(self, measure: Measure, output: Format) -> Range:
        """A bracket of the smallest such supremum over all answers z of the output format.

        The error is convex in z, so that of all numbers only the neighbours of the best real answer matter.
        """
        upper = self._balanced(measure, self.low.lo, self.high.hi)
        common = max(self.low.lo, self.high.lo)
        if not isinstance(common, Fraction) or common > min(self.low.hi, self.high.hi):
            common = self._balanced(measure, self.low.hi, self.high.lo)
        answers = {z for real in (common, upper) for z in _answers(output, real)}
        errors = [self.error(measure, z) for z in answers]
        return Range(min(e.lo for e in errors), min(e.hi for e in errors))

    @staticmethod
    def _balanced(measure: Measure, lo: Bound, hi: Bound) -> Fraction:
        if isinstance(lo, float) or isinstance(hi, float):
            return Fraction(0)
        return measure.best_real(min(lo, hi), max(lo, hi))


def _answers(output: Format, real: Fraction) -> list[Fraction]:
    if isinstance(output, ExactFormat):
        return [real]
    assert isinstance(output, FloatFormat | IntFormat)
    return neighbours(output, real)
