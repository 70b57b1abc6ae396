"""Boxes of parameters and sizes: cut, joined and measured. An axis is a parameter's name, or SIZE."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt

from suffice.encodings.family import Family
from suffice.encodings.problem import Box, Interval
from suffice.prover.case import round_down

SIZE = ""
"""The axis of the fold's size; no parameter has this name."""

FARTHEST_SIZE = 1 << 32
"""An open range of sizes is cut no farther out than here."""

_LONG = 4
"""An interval of positive numbers whose ends have at least this ratio is cut near their geometric mean."""

_CUT_BITS = 16
"""Significant bits of a place where an interval is cut."""


@dataclass(frozen=True, slots=True)
class Extent:
    """An interval for every parameter, and the sizes from `sizes[0]` to `sizes[1]` (None: all from there on); None without a fold."""

    parameters: Box = field(hash=False)
    sizes: tuple[int, int | None] | None = None

    def axes(self) -> list[str]:
        """The axes along which the extent is wide."""
        wide = [name for name, side in self.parameters.items() if side.lo < side.hi]
        return wide + ([SIZE] if self.sizes is not None and self.sizes[0] != self.sizes[1] else [])


def declared(family: Family) -> Extent:
    """All parameters and sizes of a family."""
    return Extent(dict(family.parameters), (family.fold.least, family.fold.greatest) if family.fold else None)


def cut(extent: Extent, axis: str) -> tuple[Extent, Extent] | None:
    """Two halves; None where nothing lies between the ends. Parameters share the cut, sizes do not."""
    if axis != SIZE:
        side = extent.parameters[axis]
        at = _middle(side)
        if at is None:
            return None
        return _with_side(extent, axis, Interval(side.lo, at)), _with_side(extent, axis, Interval(at, side.hi))
    assert extent.sizes is not None
    low, high = extent.sizes
    last = _last_of_half(low, high)
    if last is None:
        return None
    return Extent(extent.parameters, (low, last)), Extent(extent.parameters, (last + 1, high))


def _middle(side: Interval) -> Fraction | None:
    """A short number strictly inside: near the geometric mean of a long interval of one sign, else near the middle."""
    lo, hi = side.lo, side.hi
    if hi < 0:
        at = _middle(Interval(-hi, -lo))
        return None if at is None else -at
    exact = (lo + hi) / 2
    if lo > 0 and hi >= _LONG * lo:
        square = lo * hi
        scale = 1 << 128
        exact = Fraction(isqrt(int(square * scale * scale)), scale) or exact
    for bits in (_CUT_BITS, 4 * _CUT_BITS):
        short = round_down(exact, bits) if exact > 0 else exact
        if lo < short < hi:
            return short
    return exact if lo < exact < hi else None


def _last_of_half(low: int, high: int | None) -> int | None:
    """The last size of the lower half."""
    if high is None:
        return 4 * low - 1 if low <= FARTHEST_SIZE else None
    if low >= high:
        return None
    if high >= _LONG * low:
        return max(low, min(isqrt(low * high), high - 1))
    return (low + high) // 2 if low + 1 < high else low


def _with_side(extent: Extent, axis: str, side: Interval) -> Extent:
    return Extent({**extent.parameters, axis: side}, extent.sizes)


def join(a: Extent, b: Extent) -> Extent | None:
    """The union of two extents that differ along one axis and touch there; None for others."""
    differing = [name for name in a.parameters if a.parameters[name] != b.parameters[name]]
    if a.sizes != b.sizes:
        differing.append(SIZE)
    if len(differing) != 1:
        return None
    axis = differing[0]
    first, second = sorted((a, b), key=lambda extent: ends(extent, axis)[0])
    if not touch(first, second, axis):
        return None
    if axis == SIZE:
        assert first.sizes is not None
        assert second.sizes is not None
        return Extent(a.parameters, (first.sizes[0], second.sizes[1]))
    return _with_side(a, axis, Interval(first.parameters[axis].lo, second.parameters[axis].hi))


def subtract(extent: Extent, part: Extent, axis: str) -> list[Extent]:
    """What lies before and behind a part along an axis."""
    (low, high), (first, last) = ends(extent, axis), ends(part, axis)
    if axis == SIZE:
        before = [Extent(extent.parameters, (int(low), int(first) - 1))] if low < first else []
        after = last is not None and (high is None or last < high)
        return before + (
            [Extent(extent.parameters, (int(last) + 1, None if high is None else int(high)))] if after and last is not None else []
        )
    assert high is not None
    assert last is not None
    sides = [Interval(a, b) for a, b in ((low, first), (last, high)) if a < b]
    return [_with_side(extent, axis, side) for side in sides]


def touch(first: Extent, second: Extent, axis: str) -> bool:
    """Whether nothing lies between the end of the first and the beginning of the second."""
    end, begin = ends(first, axis)[1], ends(second, axis)[0]
    return end is not None and begin == end + (1 if axis == SIZE else 0)


def meet(a: Extent, b: Extent) -> bool:
    """Whether two extents have members in common."""
    axes = [*a.parameters, *([SIZE] if a.sizes is not None else [])]
    return all(_overlap(ends(a, axis), ends(b, axis)) for axis in axes)


def _overlap(a: tuple[Fraction, Fraction | None], b: tuple[Fraction, Fraction | None]) -> bool:
    return (b[1] is None or a[0] <= b[1]) and (a[1] is None or b[0] <= a[1])


def ends(extent: Extent, axis: str) -> tuple[Fraction, Fraction | None]:
    """The two ends along an axis; None for a range of sizes without end."""
    if axis != SIZE:
        return extent.parameters[axis].lo, extent.parameters[axis].hi
    assert extent.sizes is not None
    low, high = extent.sizes
    return Fraction(low), None if high is None else Fraction(high)


def position(extent: Extent) -> list[Fraction]:
    """Where an extent begins, to put extents in order."""
    return [ends(extent, axis)[0] for axis in (*extent.parameters, *([SIZE] if extent.sizes is not None else []))]


def is_fine(extent: Extent, axis: str, resolution: Fraction) -> bool:
    """Whether an extent is too narrow along an axis to be cut: a single size, or a parameter known to the relative `resolution`."""
    low, high = ends(extent, axis)
    if axis == SIZE:
        return high == low
    assert high is not None
    return high - low <= resolution * max(abs(low), abs(high))


def widest(extent: Extent, whole: Extent, resolution: Fraction) -> str | None:
    """The axis that is largest beside the whole and not yet fine."""
    axes = [axis for axis in extent.axes() if not is_fine(extent, axis, resolution)]
    return max(axes, key=lambda axis: _share(extent, whole, axis), default=None)


def _share(extent: Extent, whole: Extent, axis: str) -> float:
    """The part of the whole along an axis, measured as it is cut: by ratios or by differences."""
    (low, high), (least, most) = ends(extent, axis), ends(whole, axis)
    top, most = high if high is not None else low * 16, most if most is not None else Fraction(FARTHEST_SIZE)
    if least > 0 and most >= _LONG * least:
        return _octaves(top, low) / _octaves(most, least)
    return float((top - low) / (most - least))


def _octaves(high: Fraction, low: Fraction) -> float:
    from math import log2

    return log2(high / low) if high > low else 0.0
