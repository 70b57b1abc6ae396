"""Lines below and above functions of one number: slope z + offset, slopes and offsets in units of 2^-places.

Any slope s will do, and the offset carries the proof: f(z) <= s z + sup (f - s z). Where f is linear between a few points, f - s z is
largest and least at one of them. Elsewhere the interval is cut into pieces with f' in [d-, d+] on each: f - s z rises at most at the rate
p = (d+ - s)^+ and falls at most at the rate q = (s - d-)^+, so that on a piece of length h it exceeds its larger end by at most
h p q / (p + q), and nothing where it is monotone; and likewise downward, with p and q exchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from ..fixed import FixedPoint, Interval
from ..series import DomainFailure, TooLarge
from .graph import Node
from .ranges import unary
from .slopes import slope

KINKED = ("relu", "leaky_relu", "absolute")

CURVED = ("square", "exp", "erf", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", "softplus")

PIECES = 16


class Line(NamedTuple):
    """slope z + offset."""

    slope: int
    offset: int


class Pair(NamedTuple):
    """A line below a function on an interval, and one above."""

    below: Line
    above: Line


class Choice(NamedTuple):
    """Lines of least area, and parallel ones as close to each other as can be."""

    areas: Pair
    band: Pair


class Cut(NamedTuple):
    """Points of an interval, enclosures of the function at them and of its slopes between them (none where it is linear there)."""

    points: list[int]
    values: list[Interval]
    slopes: list[Interval]


def lines(node: Node, fixed: FixedPoint, lo: int, hi: int) -> Choice:
    """Lines on [lo, hi] with the best of the slopes that are tried; level ones where the slopes of the function are not known."""
    low, high = unary(node, fixed, lo, hi)
    level = Pair(Line(0, low), Line(0, high))
    if lo == hi:
        return Choice(level, level)
    try:
        cut = _cut(node, fixed, lo, hi)
    except (DomainFailure, TooLarge):
        return Choice(level, level)
    return chosen(cut, fixed.bits, [d[0] + d[1] >> 1 for d in cut.slopes] or _sides(node, fixed))


def largest_of(lo: int, hi: int, rest: int, places: int) -> Choice:
    """Lines of max(z, rest) on [lo, hi]."""
    points = sorted({lo, min(max(rest, lo), hi), hi})
    return chosen(Cut(points, [(max(x, rest),) * 2 for x in points], []), places, [0, 1 << places])


def chosen(cut: Cut, places: int, slopes: Iterable[int]) -> Choice:
    """The lines that are highest and lowest at the middle, and those nearest to each other, of given slopes and that of the chord."""
    first, last = cut.points[0], cut.points[-1]
    chord = (sum(cut.values[-1]) - sum(cut.values[0]) << places - 1) // max(last - first, 1)
    found = [(s, *offsets(cut, s, places)) for s in {chord, *slopes}]
    below = max(found, key=lambda each: (each[0] * (first + last) >> places + 1) + each[1])
    above = min(found, key=lambda each: (each[0] * (first + last) >> places + 1) + each[2])
    band = min(found, key=lambda each: each[2] - each[1])
    return Choice(Pair(Line(below[0], below[1]), Line(above[0], above[2])), Pair(Line(band[0], band[1]), Line(band[0], band[2])))


def offsets(cut: Cut, s: int, places: int) -> Interval:
    """A lower bound of inf (f - s z), and an upper bound of sup (f - s z)."""
    heights = [(lo - -(-s * z >> places), hi - (s * z >> places)) for z, (lo, hi) in zip(cut.points, cut.values, strict=True)]
    if not cut.slopes:
        return min(lo for lo, _ in heights), max(hi for _, hi in heights)
    low, high = heights[0]
    for (a, b), (x, y), d in zip(pairwise(heights), pairwise(cut.points), cut.slopes, strict=True):
        rise, fall = max(d[1] - s, 0), max(s - d[0], 0)
        excess = -(-(y - x) * rise * fall // (rise + fall << places)) if rise and fall else 0
        low, high = min(low, min(a[0], b[0]) - excess), max(high, max(a[1], b[1]) + excess)
    return low, high


def _cut(node: Node, fixed: FixedPoint, lo: int, hi: int) -> Cut:
    if node.op in KINKED:
        points = sorted({lo, min(max(lo, 0), hi), hi})
        return Cut(points, [unary(node, fixed, x, x) for x in points], [])
    points = sorted({lo + (hi - lo) * k // PIECES for k in range(PIECES + 1)})
    return Cut(points, [unary(node, fixed, x, x) for x in points], [slope(node.op, fixed, x, y) for x, y in pairwise(points)])


def _sides(node: Node, fixed: FixedPoint) -> list[int]:
    """The slopes below and above zero, or about these."""
    one = 1 << fixed.bits
    return [-unary(node, fixed, -one, -one)[0], one]
