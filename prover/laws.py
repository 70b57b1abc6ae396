"""Proposing laws of range, slope and curvature (T2-T6) where they are likely to bite; the kernel derives what they prove."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from suffice.encodings.enclosures.bounds import RangeBounds
from suffice.encodings.problem import Box, InputModel
from suffice.prover.case import Case, cell_within
from suffice.prover.results import Point

_PIECES = (1, 16, 256)


@dataclass(frozen=True, slots=True)
class Law:
    """Evidence for a floor, to be offered to the kernel."""

    evidence: dict[str, Any]

    @property
    def name(self) -> str:
        """The kind of evidence."""
        return str(self.evidence["kind"])


def counting(case: Case, bounds: RangeBounds, precision: int) -> list[Law]:
    """T3 between the two attained points that lie farthest apart in value."""
    points = [bounds.lowest.point, bounds.highest.point]
    if not _applies(case) or points[0] == points[1]:
        return []
    return [_law("count", points, pieces, precision) for pieces in _PIECES]


def along_segments(case: Case, precision: int) -> list[Law]:
    """T4 and T5 along every input, through the middle of the box."""
    if not _applies(case):
        return []
    middle = {name: (ends.lo + ends.hi) / 2 for name, ends in case.problem.box.items()}
    laws = []
    for name, ends in case.problem.box.items():
        if ends.lo == ends.hi:
            continue
        points = [middle | {name: ends.lo}, middle | {name: ends.hi}]
        laws += [_law(kind, points, 64, precision) for kind in ("slope", "curvature")]
    return laws


def inside_cell(case: Case, point: Point, precision: int) -> list[Law]:
    """T2 and T6 on the cell of a point."""
    if not _applies(case):
        return []
    cell: Box = {name: cell_within(case.inputs[name], ends, point[name]) for name, ends in case.problem.box.items()}
    low = {name: ends.lo for name, ends in cell.items()}
    high = {name: ends.hi for name, ends in cell.items()}
    laws = [_law("cell_slope", [low, high], 16, precision)] if low != high else []
    middle = {name: (ends.lo + ends.hi) / 2 for name, ends in cell.items()}
    wide = [name for name in cell if low[name] != high[name]]
    curved = [_law("cell_curvature", [middle | {name: low[name]}, middle | {name: high[name]}], 16, precision) for name in wide]
    return laws + curved


def _applies(case: Case) -> bool:
    tolerance = case.problem.tolerance
    return case.problem.inputs is InputModel.REAL and tolerance is not None and tolerance.relative == 0


def _law(kind: str, points: list[Point], pieces: int, precision: int) -> Law:
    return Law({"kind": kind, "points": [write_point(point) for point in points], "pieces": pieces, "precision": precision})


def write_point(point: dict[str, Fraction]) -> dict[str, str]:
    """A point as it stands in a certificate."""
    return {name: str(x) for name, x in point.items()}
