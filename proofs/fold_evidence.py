"""Evidence about folds of any size: one frozen dataclass for each of its kinds (docs/certificate.md, Families)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from suffice.errors import InputError
from suffice.proofs.evidence import (
    Evidence,
    Point,
    Split,
    evidence_from_json,
    evidence_to_json,
    point_from_json,
    point_to_json,
    splits_from_json,
    splits_to_json,
)
from suffice.proofs.jsondata import Json, as_choice, as_integer, as_list, as_object, fields

Splits = tuple[Split, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldCoverEvidence:
    """Covers of the start, of one term, and of the expression on consecutive ranges of sizes, each up to its last size (S1)."""

    kind: ClassVar[str] = "fold_cover"
    start: Splits
    term: Splits
    blocks: tuple[tuple[int, Splits], ...]
    pieces: int
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Evidence that holds on each of consecutive ranges of sizes, given by their last ones."""

    by: ClassVar[str] = "blocks"
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The size counts only in state / size, which is start / size + term."""

    by: ClassVar[str] = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zero:
    """A floor at the size `at` holds for all above: further steps take elements where the term is 0."""

    by: ClassVar[str] = "zero"
    at: int
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A floor of differences of the state at the size `at` holds for all above: further steps add one and the same number."""

    by: ClassVar[str] = "shift"
    at: int


Sizes = Blocks | Mean | Zero | Shift
"""How evidence holds for every size of a region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldPointsEvidence:
    """Evidence for a floor where all steps have the same elements, and how it holds for every size."""

    kind: ClassVar[str] = "fold_points"
    of: Evidence
    sizes: Sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """The elements of the first steps."""

    steps: int
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldRunEvidence:
    """A point that every step takes (after the prefix): the program fails at every size; from `tail` on the state stays (W)."""

    kind: ClassVar[str] = "fold_run"
    point: Point
    prefix: Prefix | None = None
    tail: int | None
    precision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEvidence:
    """Evidence about the ordinary problem of a region's only size, its steps written out."""

    kind: ClassVar[str] = "member"
    of: Evidence


FoldEvidence = FoldCoverEvidence | FoldPointsEvidence | FoldRunEvidence | MemberEvidence

FOLD_KINDS = tuple(kind.kind for kind in (FoldCoverEvidence, FoldPointsEvidence, FoldRunEvidence, MemberEvidence))


def fold_evidence_to_json(evidence: FoldEvidence) -> Json:
    """EVIDENCE of a region with sizes."""
    match evidence:
        case FoldCoverEvidence():
            return {
                "kind": evidence.kind,
                "start": splits_to_json(evidence.start),
                "term": splits_to_json(evidence.term),
                "blocks": [[last, splits_to_json(splits)] for last, splits in evidence.blocks],
                "pieces": evidence.pieces,
                "precision": evidence.precision,
            }
        case MemberEvidence():
            return {"kind": evidence.kind, "of": evidence_to_json(evidence.of)}
        case FoldPointsEvidence():
            return {"kind": evidence.kind, "of": evidence_to_json(evidence.of), "sizes": _sizes_to_json(evidence.sizes)}
        case FoldRunEvidence():
            return {
                "kind": evidence.kind,
                "point": point_to_json(evidence.point),
                "prefix": None if evidence.prefix is None else _prefix_to_json(evidence.prefix),
                "tail": evidence.tail,
                "precision": evidence.precision,
            }


def fold_evidence_from_json(value: Json, where: str) -> FoldEvidence:
    """Read EVIDENCE of a region with sizes. Raises InputError."""
    match as_choice(as_object(value, where).get("kind"), f"{where}.kind", *FOLD_KINDS):
        case FoldCoverEvidence.kind:
            _, start, term, blocks, pieces, precision = fields(value, where, "kind", "start", "term", "blocks", "pieces", "precision")
            return FoldCoverEvidence(
                start=splits_from_json(start, f"{where}.start"),
                term=splits_from_json(term, f"{where}.term"),
                blocks=tuple(_block_from_json(item, f"{where}.blocks[{i}]") for i, item in enumerate(as_list(blocks, f"{where}.blocks"))),
                pieces=as_integer(pieces, f"{where}.pieces"),
                precision=as_integer(precision, f"{where}.precision"),
            )
        case MemberEvidence.kind:
            _, of = fields(value, where, "kind", "of")
            return MemberEvidence(of=evidence_from_json(of, f"{where}.of"))
        case FoldPointsEvidence.kind:
            _, of, sizes = fields(value, where, "kind", "of", "sizes")
            return FoldPointsEvidence(of=evidence_from_json(of, f"{where}.of"), sizes=_sizes_from_json(sizes, f"{where}.sizes"))
        case _:
            _, point, prefix, tail, precision = fields(value, where, "kind", "point", "prefix", "tail", "precision")
            return FoldRunEvidence(
                point=point_from_json(point, f"{where}.point"),
                prefix=None if prefix is None else _prefix_from_json(prefix, f"{where}.prefix"),
                tail=None if tail is None else as_integer(tail, f"{where}.tail"),
                precision=as_integer(precision, f"{where}.precision"),
            )


def _block_from_json(value: Json, where: str) -> tuple[int, Splits]:
    parts = as_list(value, where)
    if len(parts) != 2:
        raise InputError("a block is its last size and its cuts", where=where)
    return as_integer(parts[0], where), splits_from_json(parts[1], where)


def _prefix_to_json(prefix: Prefix) -> Json:
    return {"steps": prefix.steps, "point": point_to_json(prefix.point)}


def _prefix_from_json(value: Json, where: str) -> Prefix:
    steps, point = fields(value, where, "steps", "point")
    return Prefix(steps=as_integer(steps, f"{where}.steps"), point=point_from_json(point, f"{where}.point"))


def _sizes_to_json(sizes: Sizes) -> Json:
    match sizes:
        case Blocks():
            return {"by": sizes.by, "ends": list(sizes.ends)}
        case Mean():
            return {"by": sizes.by}
        case Zero():
            return {"by": sizes.by, "at": sizes.at, "point": point_to_json(sizes.point)}
        case Shift():
            return {"by": sizes.by, "at": sizes.at}


def _sizes_from_json(value: Json, where: str) -> Sizes:
    match as_choice(as_object(value, where).get("by"), f"{where}.by", Blocks.by, Mean.by, Zero.by, Shift.by):
        case Blocks.by:
            _, ends = fields(value, where, "by", "ends")
            return Blocks(ends=tuple(as_integer(end, f"{where}.ends") for end in as_list(ends, f"{where}.ends")))
        case Mean.by:
            fields(value, where, "by")
            return Mean()
        case Zero.by:
            _, at, point = fields(value, where, "by", "at", "point")
            return Zero(at=as_integer(at, f"{where}.at"), point=point_from_json(point, f"{where}.point"))
        case _:
            _, at = fields(value, where, "by", "at")
            return Shift(at=as_integer(at, f"{where}.at"))
