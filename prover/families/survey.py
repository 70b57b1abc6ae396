"""Where verdicts hold: a range of parameters and sizes is cut until its parts are proved, and what is proved grows as far as it can.

Nothing here is trusted: every region comes from `attempt`, which asks the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from suffice.proofs.certificate import Verdict
from suffice.prover.families.extents import SIZE, Extent, cut, is_fine, join, meet, position, subtract, touch, widest
from suffice.prover.families.results import ProvedRegion

Item = TypeVar("Item", Extent, ProvedRegion)

Attempt = Callable[[Extent, Verdict], ProvedRegion | None]
"""The verdict for the whole extent, None where it was not proved."""

VERDICTS = (Verdict.SUFFICIENT, Verdict.IMPOSSIBLE, Verdict.INSUFFICIENT)

_CUTS_OF_LINE = (3, 2, 2, 2)
"""Cuts in a row before what is proved begins to grow, along one axis: of the whole, then of the gaps that remain."""


@dataclass(slots=True)
class Survey:
    """The regions found so far and the gaps between them."""

    whole: Extent
    attempt: Attempt
    resolution: Fraction
    is_late: Callable[[], bool]
    regions: list[ProvedRegion] = field(default_factory=list)
    gaps: list[Extent] = field(default_factory=list)
    failed: set[tuple[str, Verdict]] = field(default_factory=set)

    def run(self) -> None:
        """Find what can be found in time along one axis at most."""
        axes = self.whole.axes()
        self.gaps = [self.whole]
        for cuts in _CUTS_OF_LINE:
            known = len(self.regions)
            self._subdivide_gaps(cuts)
            self.join_all()
            if len(self.regions) == known:
                break
            for axis in axes:
                self._grow_all(axis)
                self.join_all()
        for axis in axes:
            self._sharpen(axis)
            self._strengthen(axis)

    def is_exact(self) -> bool:
        """Whether what is left between the regions is too narrow to be cut."""
        wide = [axis for axis in self.whole.axes() if axis != SIZE]
        return bool(self.regions) and all(any(is_fine(gap, axis, 2 * self.resolution) for axis in wide) for gap in self.gaps)

    def try_verdict(self, extent: Extent, verdict: Verdict) -> ProvedRegion | None:
        """As `attempt`, but what failed is not tried again, and nothing is tried late."""
        key = repr((extent.parameters, extent.sizes)), verdict
        if key in self.failed or self.is_late() or self._is_contradicted(extent, verdict):
            return None
        found = self.attempt(extent, verdict)
        if found is None:
            self.failed.add(key)
        return found

    def _is_contradicted(self, extent: Extent, verdict: Verdict) -> bool:
        """Whether what is proved already excludes the verdict: a program is not sufficient for a member for which it is insufficient."""
        return any(
            (region.verdict is Verdict.SUFFICIENT) != (verdict is Verdict.SUFFICIENT) and meet(region.extent, extent)
            for region in self.regions
        )

    def _subdivide_gaps(self, cuts: int) -> None:
        gaps, self.gaps = self.gaps, []
        for gap in gaps:
            self._subdivide(gap, cuts)

    def _subdivide(self, extent: Extent, cuts: int) -> None:
        for verdict in VERDICTS:
            found = self.try_verdict(extent, verdict)
            if found is not None:
                self.regions.append(found)
                return
        axis = widest(extent, self.whole, self.resolution)
        halves = cut(extent, axis) if axis is not None and cuts > 0 else None
        if halves is None or self.is_late():
            self.gaps.append(extent)
            return
        near, far = halves
        self._subdivide(near, cuts - 1)
        self._subdivide(far, cuts if _is_open(far) and axis == SIZE else cuts - 1)

    def join_all(self) -> None:
        """Unite neighbours of one verdict where the kernel agrees, and gaps that touch."""
        self.regions = _united(self.regions, self._joined)
        self.gaps = _united(self.gaps, join)

    def _joined(self, a: ProvedRegion, b: ProvedRegion) -> ProvedRegion | None:
        both = join(a.extent, b.extent) if a.verdict is b.verdict else None
        return None if both is None else self.try_verdict(both, a.verdict)

    def _grow_all(self, axis: str) -> None:
        """Extend every region into the gap before and behind it."""
        for k in range(len(self.regions)):
            for upward in (False, True):
                gap = next((gap for gap in self.gaps if _adjoins(self.regions[k].extent, gap, axis, upward=upward)), None)
                if gap is None:
                    continue
                self.gaps.remove(gap)
                self.regions[k], rest = self.grow(self.regions[k], gap, axis, upward=upward)
                self.gaps += [rest] if rest is not None else []

    def _sharpen(self, axis: str) -> None:
        """Look for what is impossible inside what is proved insufficient, and keep both."""
        for region in [region for region in self.regions if region.verdict is Verdict.INSUFFICIENT]:
            found = self._find_impossible(region.extent, axis, _CUTS_OF_LINE[0])
            if found is None:
                continue
            rests = [self.try_verdict(rest, region.verdict) for rest in subtract(region.extent, found.extent, axis)]
            if None not in rests:
                self.regions.remove(region)
                self.regions += [found, *(rest for rest in rests if rest is not None)]

    def _find_impossible(self, extent: Extent, axis: str, cuts: int) -> ProvedRegion | None:
        found = self.try_verdict(extent, Verdict.IMPOSSIBLE)
        halves = cut(extent, axis) if found is None and cuts > 0 and not is_fine(extent, axis, self.resolution) else None
        if halves is None:
            return found
        near, far = halves
        return self._find_impossible(far, axis, cuts if _is_open(far) else cuts - 1) or self._find_impossible(near, axis, cuts - 1)

    def _strengthen(self, axis: str) -> None:
        """Extend what is proved impossible into what is only proved insufficient for this program."""
        for k, region in enumerate(self.regions):
            for upward in (False, True) if region.verdict is Verdict.IMPOSSIBLE else ():
                weaker = next((other for other in self.regions if _is_weaker(other, self.regions[k], axis, upward=upward)), None)
                if weaker is None:
                    continue
                self.regions[k], rest = self.grow(self.regions[k], weaker.extent, axis, upward=upward)
                left = None if rest is None else self.try_verdict(rest, weaker.verdict)
                if rest != weaker.extent and (rest is None or left is not None):
                    self.regions[self.regions.index(weaker)] = left or self.regions[k]
        self.regions = [region for k, region in enumerate(self.regions) if region not in self.regions[:k]]

    def grow(self, region: ProvedRegion, gap: Extent, axis: str, *, upward: bool) -> tuple[ProvedRegion, Extent | None]:
        """Bisect the gap for the farthest end up to which the region's verdict is proved; what is left of the gap."""
        rest: Extent | None = None
        target: Extent | None = gap
        while target is not None:
            halves = None if is_fine(target, axis, self.resolution) and axis != SIZE else cut(target, axis)
            if halves is None and axis != SIZE:
                break
            near, far = (target, None) if halves is None else halves if upward else (halves[1], halves[0])
            grown = self._extended(region, near)
            if grown is not None:
                region, target = grown, far
                continue
            if halves is None:
                break
            rest, target = _union(rest, far), near
        return region, _union(rest, target)

    def _extended(self, region: ProvedRegion, part: Extent) -> ProvedRegion | None:
        both = join(region.extent, part)
        return None if both is None else self.try_verdict(both, region.verdict)


def _is_open(extent: Extent) -> bool:
    return extent.sizes is not None and extent.sizes[1] is None


def _union(a: Extent | None, b: Extent | None) -> Extent | None:
    if a is None or b is None:
        return a or b
    both = join(a, b)
    assert both is not None
    return both


def _adjoins(extent: Extent, gap: Extent, axis: str, *, upward: bool) -> bool:
    return touch(extent, gap, axis) if upward else touch(gap, extent, axis)


def _is_weaker(other: ProvedRegion, region: ProvedRegion, axis: str, *, upward: bool) -> bool:
    return other.verdict is Verdict.INSUFFICIENT and _adjoins(region.extent, other.extent, axis, upward=upward)


def _united(items: list[Item], unite: Callable[[Item, Item], Item | None]) -> list[Item]:
    """Pairs replaced by their union until none can be."""
    done: list[Item] = []
    for item in sorted(items, key=_place):
        current = item
        k = 0
        while k < len(done):
            both = unite(done[k], current)
            if both is not None:
                del done[k]
                current, k = both, 0
            else:
                k += 1
        done.append(current)
    return done


def _place(item: Extent | ProvedRegion) -> list[Fraction]:
    return position(item.extent if isinstance(item, ProvedRegion) else item)
