"""What makes a claim true: one frozen dataclass for each kind of evidence of docs/certificate.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from suffice.errors import InputError
from suffice.proofs.jsondata import Json, as_choice, as_integer, as_list, as_number, as_object, fields, member, number_text

Point = dict[str, Fraction]
"""A value for each input."""

Split = int | tuple[int, Fraction]
"""A step of a cover in preorder: 0 a leaf, i cuts input i - 1 at its midpoint, (i, c) cuts it at c."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """One or two points in the closure of one cell: every output number has this error at one of them (T1, T2, T7, T8)."""

    kind: ClassVar[str] = "pair"
    points: tuple[Point, ...]
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountEvidence:
    """Two points a and b: |f(a) - f(b)| is divided among all output codes (T3)."""

    kind: ClassVar[str] = "count"
    points: tuple[Point, ...]
    pieces: int
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeEvidence:
    """The ends of a segment along one input with a floor of the slope (T4)."""

    kind: ClassVar[str] = "slope"
    points: tuple[Point, ...]
    pieces: int
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvatureEvidence:
    """The ends of a segment along one input with a floor of the second derivative (T5)."""

    kind: ClassVar[str] = "curvature"
    points: tuple[Point, ...]
    pieces: int
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSlopeEvidence:
    """Two corners of a box inside one cell with a floor of each slope (T2)."""

    kind: ClassVar[str] = "cell_slope"
    points: tuple[Point, ...]
    pieces: int
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCurvatureEvidence:
    """The ends of a segment along one input inside one cell with a floor of the second derivative (T6)."""

    kind: ClassVar[str] = "cell_curvature"
    points: tuple[Point, ...]
    pieces: int
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverEvidence:
    """A cover of the box by leaves, each with its own bound (S1, S2, T0)."""

    kind: ClassVar[str] = "cover"
    splits: tuple[Split, ...]
    pieces: int
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvidence:
    """A point at which the program is run in exact arithmetic (W)."""

    kind: ClassVar[str] = "run"
    point: Point
    precision: int


Evidence = (
    PairEvidence
    | CountEvidence
    | SlopeEvidence
    | CurvatureEvidence
    | CellSlopeEvidence
    | CellCurvatureEvidence
    | CoverEvidence
    | RunEvidence
)

KINDS: dict[str, type[Evidence]] = {
    kind.kind: kind
    for kind in (
        PairEvidence, CountEvidence, SlopeEvidence, CurvatureEvidence, CellSlopeEvidence, CellCurvatureEvidence, CoverEvidence, RunEvidence,
    )
}  # fmt: skip


def evidence_to_json(evidence: Evidence) -> Json:
    """EVIDENCE of docs/certificate.md."""
    members = {field.name: _WRITERS[field.name](getattr(evidence, field.name)) for field in dataclasses.fields(evidence)}
    return {"kind": evidence.kind, **members}


def evidence_from_json(value: Json, where: str) -> Evidence:
    """Read EVIDENCE. Raises InputError."""
    kind = KINDS[as_choice(as_object(value, where).get("kind"), f"{where}.kind", *KINDS)]
    names = [field.name for field in dataclasses.fields(kind)]
    _, *values = fields(value, where, "kind", *names)
    read: dict[str, Any] = {name: _READERS[name](item, f"{where}.{name}") for name, item in zip(names, values, strict=True)}
    if "points" in read and len(read["points"]) not in ((1, 2) if kind is PairEvidence else (2,)):
        raise InputError(f"{len(read['points'])} points stand where two belong", where=f"{where}.points")
    return kind(**read)


def point_to_json(point: Point) -> Json:
    """A point by the names of its inputs."""
    return {name: number_text(value) for name, value in point.items()}


def point_from_json(value: Json, where: str) -> Point:
    """Read a point. Raises InputError."""
    return {name: as_number(number, member(where, name)) for name, number in as_object(value, where).items()}


def _points_to_json(points: tuple[Point, ...]) -> Json:
    return [point_to_json(point) for point in points]


def _points_from_json(value: Json, where: str) -> tuple[Point, ...]:
    return tuple(point_from_json(point, f"{where}[{i}]") for i, point in enumerate(as_list(value, where)))


def splits_to_json(splits: tuple[Split, ...]) -> Json:
    """The cuts of a cover."""
    return [split if isinstance(split, int) else [split[0], number_text(split[1])] for split in splits]


def splits_from_json(value: Json, where: str) -> tuple[Split, ...]:
    """Read the cuts of a cover. Raises InputError."""
    return tuple(_split_from_json(split, f"{where}[{i}]") for i, split in enumerate(as_list(value, where)))


def _split_from_json(value: Json, where: str) -> Split:
    if isinstance(value, list) and len(value) == 2:
        return as_integer(value[0], where), as_number(value[1], where)
    return as_integer(value, where)


def _same(value: Any) -> Json:
    return value  # type: ignore[no-any-return]


_WRITERS: dict[str, Callable[[Any], Json]] = {
    "points": _points_to_json, "point": point_to_json, "splits": splits_to_json,
    "pieces": _same, "precision": _same,
}  # fmt: skip

_READERS: dict[str, Callable[[Json, str], Any]] = {
    "points": _points_from_json, "point": point_from_json, "splits": splits_from_json,
    "pieces": as_integer, "precision": as_integer,
}  # fmt: skip
