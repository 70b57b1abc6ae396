"""The error measures of docs/semantics.md: excess |z - f| - R |f| (never below 0), or the relative error |z - f| / |f|."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .failures import LeafFailure
from .formats import ZERO, Code, Format, is_free

Span = tuple[Fraction, Fraction]
"""An enclosure of f with rational ends."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Which measure, and the R of the excess."""

    is_relative: bool
    relative: Fraction

    def at_least(self, z: Fraction, f: Span) -> Fraction:
        """A lower bound of the measure of answer z over all f in the span."""
        distance = max(f[0] - z, z - f[1], ZERO)
        size = max(abs(f[0]), abs(f[1]))
        if not self.is_relative:
            return max(distance - self.relative * size, ZERO)
        if distance == 0:
            return ZERO
        return distance / size if size else Fraction(1)

    def at_most(self, z: Fraction, f: Span) -> Fraction:
        """An upper bound of the measure of answer z over all f in the span.

        As a function of f the measure is largest at an end, or at f = 0 where |f| has its kink.
        """
        if self.is_relative:
            return self._relative_at_most(z, f)
        points = [f[0], f[1], *([ZERO] if f[0] < 0 < f[1] else [])]
        return max(ZERO, *(abs(z - y) - self.relative * abs(y) for y in points))

    def _relative_at_most(self, z: Fraction, f: Span) -> Fraction:
        if f[0] <= 0 <= f[1]:
            if z == 0:
                return ZERO if f == (ZERO, ZERO) else Fraction(1)
            raise LeafFailure("f is not bounded away from zero, so its relative error is not bounded")
        return max(abs(z - y) / abs(y) for y in f)

    def of_error(self, error: Fraction, size: Fraction) -> Fraction:
        """An upper bound of the measure where |z - f| <= error and |f| >= size."""
        if not self.is_relative:
            return max(error - self.relative * size, ZERO)
        if error == 0:
            return ZERO
        if size == 0:
            raise LeafFailure("f is not bounded away from zero, so its relative error is not bounded")
        return error / size

    def best_pair(self, low: Span, high: Span) -> Fraction:
        """A real z at which the larger of the measures at two values of f is least; the middle of `low` is not above that of `high`.

        The measure at one f is a V with its foot at f, so the larger of two is convex in z, and least where they cross between their feet
        (at a foot where one lies above the other). Spans that overlap have a common z.
        """
        a, b = low[1], high[0]
        if a >= b:
            return max(low[0], b)
        size_a, size_b = (max(abs(span[0]), abs(span[1])) for span in (low, high))
        if self.is_relative:
            if size_a == 0 or size_b == 0:
                return ZERO
            crossing = (a / size_a + b / size_b) / (1 / size_a + 1 / size_b)
        else:
            crossing = (a + b + self.relative * (size_a - size_b)) / 2
        return min(max(crossing, a), b)


def neighbours(output: Format | Code, z: Fraction) -> list[Fraction]:
    """The numbers of the output format next to z; z itself where the format leaves its numbers open."""
    if is_free(output) or isinstance(output, Code):
        return [z]
    return [number for number in (output.below(z), output.above(z)) if number is not None]
