"""Arrays of intervals: [lo, hi] in units of 2^-places, ends rounded outward; and their products with exact matrices."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from operator import add, mul, neg, sub
from typing import NamedTuple

from .arrays import Exact


class Spans(NamedTuple):
    """An interval for every element of a tensor, flattened."""

    lo: list[int]
    hi: list[int]


def of_pairs(pairs: Iterable[tuple[int, int]]) -> Spans:
    """Intervals given one by one."""
    listed = list(pairs)
    return Spans([p[0] for p in listed], [p[1] for p in listed])


def zeros(size: int) -> Spans:
    """The number 0 everywhere."""
    return Spans([0] * size, [0] * size)


def exact(array: Exact, places: int) -> Spans:
    """The smallest intervals around numbers."""
    shift = array.places - places
    if shift <= 0:
        numbers = array.at(places)
        return Spans(numbers, numbers)
    return Spans([n >> shift for n in array.numbers], [-(-n >> shift) for n in array.numbers])


def plus(a: Spans, b: Spans) -> Spans:
    """a + b."""
    return Spans(list(map(add, a.lo, b.lo)), list(map(add, a.hi, b.hi)))


def minus(a: Spans, b: Spans) -> Spans:
    """a - b."""
    return Spans(list(map(sub, a.lo, b.hi)), list(map(sub, a.hi, b.lo)))


def negated(a: Spans) -> Spans:
    """-a."""
    return Spans(list(map(neg, a.hi)), list(map(neg, a.lo)))


def widened(a: Spans, by: list[int]) -> Spans:
    """[a.lo - by, a.hi + by]."""
    return Spans(list(map(sub, a.lo, by)), list(map(add, a.hi, by)))


def with_zero(a: Spans) -> Spans:
    """The hull of an interval and 0."""
    return Spans([min(x, 0) for x in a.lo], [max(x, 0) for x in a.hi])


def joined(a: Spans, b: Spans) -> Spans:
    """The hull of two intervals, element by element."""
    return Spans(list(map(min, a.lo, b.lo)), list(map(max, a.hi, b.hi)))


def met(a: Spans, b: Spans) -> Spans:
    """The intersection of two enclosures of the same numbers."""
    return Spans(list(map(max, a.lo, b.lo)), list(map(min, a.hi, b.hi)))


def magnitudes(a: Spans) -> list[int]:
    """The largest magnitude in each interval."""
    return [max(-lo, hi) for lo, hi in zip(a.lo, a.hi, strict=True)]


def product(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """The exact product of two intervals, in units of both."""
    if a[0] >= 0 and b[0] >= 0:
        return a[0] * b[0], a[1] * b[1]
    ends = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(ends), max(ends)


def times(a: Spans, b: Spans, places: int) -> Spans:
    """a b, element by element."""
    found = (product((p, q), (r, s)) for p, q, r, s in zip(a.lo, a.hi, b.lo, b.hi, strict=True))
    return of_pairs((lo >> places, -(-hi >> places)) for lo, hi in found)


class Matrix:
    """Exact matrices, one for each group, by which rows of a tensor are multiplied: chunk c of the tensor belongs to group c mod groups."""

    def __init__(self, array: Exact, shape: tuple[int, int, int]) -> None:
        self.groups, self.out, self.into = shape
        self.places = array.places
        n = self.into
        rows = [array.numbers[start : start + n] for start in range(0, len(array.numbers), n)] if n else []
        self.rows = [rows[g * self.out : (g + 1) * self.out] for g in range(self.groups)]

    @cached_property
    def sizes(self) -> list[list[list[int]]]:
        """Magnitudes of the rows."""
        return [[list(map(abs, row)) for row in rows] for rows in self.rows]

    @cached_property
    def columns(self) -> Matrix:
        """The transposed matrices."""
        result = Matrix(Exact([], self.places), (0, 0, 0))
        result.groups, result.out, result.into = self.groups, self.into, self.out
        result.rows = [list(map(list, zip(*rows, strict=True))) for rows in self.rows]
        return result

    def apply(self, x: Spans) -> Spans:
        """The products with rows of intervals, in units of 2^-places of x times 2^-(places + 1) of the matrix: exact."""
        lows: list[int] = []
        highs: list[int] = []
        n = self.into
        for chunk in range(len(x.lo) // n):
            lo, hi = x.lo[chunk * n : (chunk + 1) * n], x.hi[chunk * n : (chunk + 1) * n]
            middle, radius = list(map(add, lo, hi)), list(map(sub, hi, lo))
            group = chunk % self.groups
            centres = [sum(map(mul, row, middle)) for row in self.rows[group]]
            if any(radius):
                radii = [sum(map(mul, row, radius)) for row in self.sizes[group]]
                lows += map(sub, centres, radii)
                highs += map(add, centres, radii)
            else:
                lows += centres
                highs += centres
        return Spans(lows, highs)

    def image(self, x: Spans) -> Spans:
        """The same in the units of x."""
        return shifted(self.apply(x), self.places + 1)

    def reach(self, sizes: list[int]) -> list[int]:
        """The largest sum of magnitudes |w| |x|, in the units of x, rounded up."""
        result: list[int] = []
        n = self.into
        for chunk in range(len(sizes) // n):
            part = sizes[chunk * n : (chunk + 1) * n]
            result += [-(-sum(map(mul, row, part)) >> self.places) for row in self.sizes[chunk % self.groups]]
        return result


def shifted(a: Spans, shift: int) -> Spans:
    """a / 2^shift, ends rounded outward."""
    return Spans([lo >> shift for lo in a.lo], [-(-hi >> shift) for hi in a.hi])
