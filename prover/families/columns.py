"""Two or more axes: along one of them every column is bisected for the ends of each verdict; where a gap remains the column is cut."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from suffice.encodings.family import Family
from suffice.proofs.certificate import Verdict
from suffice.prover.families.extents import SIZE, Extent, cut, is_fine, subtract, widest
from suffice.prover.families.survey import Survey

_DEPTH = 5
"""Cuts of a column in a row."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A survey along columns. `rising`: more is sufficient the farther up; None where that is not known."""

    survey: Survey
    axis: str
    rising: bool | None

    def run(self) -> None:
        """Find what can be found in time, the widest columns first."""
        waiting = deque([(self.survey.whole, _DEPTH)])
        while waiting:
            extent, depth = waiting.popleft()
            rest = self._column(extent)
            halves = None if rest is None else self._halves(rest, depth)
            if halves is not None:
                waiting += [(half, depth - 1) for half in halves]
            elif rest is not None:
                self.survey.gaps.append(rest)
        self.survey.join_all()

    def _column(self, extent: Extent) -> Extent | None:
        """Bisect from both ends; what is left between them."""
        rest: Extent | None = extent
        for verdict in (Verdict.SUFFICIENT, Verdict.IMPOSSIBLE, Verdict.INSUFFICIENT):
            for from_top in self._directions(verdict):
                rest = None if rest is None else self._bisect(rest, verdict, from_top=from_top)
        return rest

    def _halves(self, extent: Extent, depth: int) -> tuple[Extent, Extent] | None:
        """The column cut across, None where it is not worth it."""
        if depth == 0 or self.survey.is_late() or is_fine(extent, self.axis, self.survey.resolution):
            return None
        across = self._across(extent)
        return None if across is None else cut(extent, across)

    def _directions(self, verdict: Verdict) -> tuple[bool, ...]:
        if self.rising is None:
            return True, False
        return (self.rising == (verdict is Verdict.SUFFICIENT),)

    def _across(self, extent: Extent) -> str | None:
        """The widest other axis."""
        narrow = extent.parameters
        if self.axis != SIZE:
            side = extent.parameters[self.axis]
            narrow = {**narrow, self.axis: type(side)(side.lo, side.lo)}
        sizes = extent.sizes if self.axis != SIZE or extent.sizes is None else (extent.sizes[0], extent.sizes[0])
        return widest(Extent(narrow, sizes), self.survey.whole, self.survey.resolution)

    def _bisect(self, extent: Extent, verdict: Verdict, *, from_top: bool) -> Extent | None:
        """Prove the verdict on the largest part found at one end of the column; what is left of it."""
        target, found = extent, None
        while found is None:
            found = self.survey.try_verdict(target, verdict)
            halves = cut(target, self.axis) if found is None and not is_fine(target, self.axis, self.survey.resolution) else None
            if halves is None:
                break
            target = halves[1] if from_top else halves[0]
        if found is None:
            return extent
        left = subtract(extent, found.extent, self.axis)
        if not left:
            self.survey.regions.append(found)
            return None
        grown, rest = self.survey.grow(found, left[0], self.axis, upward=not from_top)
        self.survey.regions.append(grown)
        return rest


def column_axis(family: Family, whole: Extent) -> tuple[str, bool | None]:
    """The axis to bisect along, and whether more is sufficient farther up: a parameter of the tolerance alone, else the last axis."""
    for name in whole.axes():
        slopes = {size.coefficients.get(name, 0) for size in (family.absolute, family.relative)} - {0}
        if name in _tolerance_only(family) and len(slopes) == 1:
            return name, slopes.pop() > 0
    return whole.axes()[-1], None


def _tolerance_only(family: Family) -> set[str]:
    """Parameters that neither formulas nor the box depend on."""
    fold = family.fold
    formulas = (family.expression, *family.preconditions, *((fold.start, fold.term) if fold else ()))
    used = {name for formula in formulas for name in formula.variables}
    used |= {name for pair in family.box.values() for end in pair for name in end.coefficients}
    return set(family.parameters) - used
