"""Certificates about families: verdicts that hold for whole ranges of parameters and sizes (docs/certificate.md, Families).

What is read here is data; whether it proves anything is for the kernel to say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from suffice.encodings.family import Affine, Family, Fold
from suffice.encodings.problem import Box, InputModel, Interval
from suffice.errors import InputError
from suffice.hardware_specs.format import Format
from suffice.proofs.certificate import (
    VERSION,
    Bound,
    Formats,
    SmtScript,
    Verdict,
    bytes_of,
    digest_of,
    formats_from_json,
    formats_to_json,
    script_from_json,
    script_to_json,
)
from suffice.proofs.evidence import Evidence, evidence_from_json, evidence_to_json
from suffice.proofs.files import read_bytes, write_atomically
from suffice.proofs.fold_evidence import FOLD_KINDS, FoldEvidence, fold_evidence_from_json, fold_evidence_to_json
from suffice.proofs.formatdata import format_from_json, format_to_json
from suffice.proofs.jsondata import (
    Json,
    as_choice,
    as_integer,
    as_list,
    as_number,
    as_object,
    as_text,
    fields,
    member,
    number_text,
    parse_json,
)
from suffice.proofs.kernel.limits import MAX_BYTES
from suffice.proofs.problemdata import expression_from_json, expression_to_json

Sizes = tuple[int, int | None]
"""The least and the greatest size of a region; None: all from the least on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionClaim:
    """A bound that holds for every member of a region, its value, the label of the statement, and the evidence."""

    bound: Bound
    value: Fraction | Literal["infinite"]
    statement: str
    evidence: Evidence | FoldEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRegion:
    """A verdict for every value of the parameters in a box and, of a fold, for every size from the least to the greatest."""

    parameters: Box
    size: Sizes | None
    verdict: Verdict
    claim: RegionClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFormats:
    """The formats asked about, and that of a fold's state (None without a fold).

    Positions of single operations count the nodes of the expression, then those of the fold's start, then those of its term or step.
    """

    formats: Formats
    accumulate: Format | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCertificate:
    """Verdicts for regions of a family, with everything that is needed to check them again. What no region covers is undecided."""

    family: Family
    formats: FamilyFormats
    regions: tuple[FamilyRegion, ...]
    assumptions: tuple[str, ...] = ()
    smt: tuple[SmtScript, ...] = ()


def is_family(value: Json) -> bool:
    """Whether a certificate's JSON value is about a family."""
    return isinstance(value, dict) and "family" in value


def canonical_bytes(certificate: FamilyCertificate) -> bytes:
    """The file's bytes: canonical JSON. Raises InputError where a number does not fit the limits."""
    return bytes_of(to_json(certificate))


def digest(certificate: FamilyCertificate) -> str:
    """The certificate's name, "sha256:" and 64 hexadecimal digits."""
    return digest_of(canonical_bytes(certificate))


def write(certificate: FamilyCertificate, path: str | os.PathLike[str]) -> None:
    """Write the file, whole or not at all. Raises InputError."""
    write_atomically(path, canonical_bytes(certificate))


def read(path: str | os.PathLike[str]) -> FamilyCertificate:
    """Read a file that `write` wrote; this proves nothing, the kernel does. Raises InputError."""
    return parse(read_bytes(path, MAX_BYTES), where=os.fspath(path))


def parse(data: bytes, where: str = "certificate") -> FamilyCertificate:
    """Read a certificate's bytes. Raises InputError."""
    return from_json(parse_json(data, where), where)


def to_json(certificate: FamilyCertificate) -> Json:
    """The whole file as a JSON value."""
    return {
        "version": VERSION,
        "family": family_to_json(certificate.family),
        "formats": family_formats_to_json(certificate.formats),
        "regions": [region_to_json(region) for region in certificate.regions],
        "assumptions": list(certificate.assumptions),
        "smt": [script_to_json(script, "region") for script in certificate.smt],
    }


def from_json(value: Json, where: str = "certificate") -> FamilyCertificate:
    """Read the whole file from a JSON value. Raises InputError."""
    version = as_integer(as_object(value, where).get("version"), f"{where}: version")
    if version != VERSION:
        raise InputError(f"version {version} is unknown", where=where, mend=f"this release reads version {VERSION}")
    _, family, formats, regions, assumptions, smt = fields(value, where, "version", "family", "formats", "regions", "assumptions", "smt")
    at = f"{where}: "
    return FamilyCertificate(
        family=family_from_json(family, f"{at}family"),
        formats=family_formats_from_json(formats, f"{at}formats"),
        regions=tuple(region_from_json(region, f"{at}regions[{i}]") for i, region in enumerate(as_list(regions, f"{at}regions"))),
        assumptions=tuple(as_text(text, f"{at}assumptions") for text in as_list(assumptions, f"{at}assumptions")),
        smt=tuple(script_from_json(script, "region", f"{at}smt[{i}]") for i, script in enumerate(as_list(smt, f"{at}smt"))),
    )


def family_to_json(family: Family) -> Json:
    """FAMILY of docs/certificate.md."""
    result: dict[str, Json] = {
        "parameters": _box_to_json(family.parameters),
        "expression": expression_to_json(family.expression),
        "box": {name: [affine_to_json(low), affine_to_json(high)] for name, (low, high) in family.box.items()},
        "tolerance": {"absolute": affine_to_json(family.absolute), "relative": affine_to_json(family.relative)},
        "inputs": family.inputs.value,
    }
    if family.preconditions:
        result["preconditions"] = [expression_to_json(condition) for condition in family.preconditions]
    if family.fold is not None:
        result["fold"] = _fold_to_json(family.fold)
    return result


def family_from_json(value: Json, where: str) -> Family:
    """Read FAMILY. Raises InputError."""
    given = [name for name in ("preconditions", "fold") if name in as_object(value, where)]
    parameters, expression, box, tolerance, inputs, *rest = fields(
        value, where, "parameters", "expression", "box", "tolerance", "inputs", *given
    )
    found = dict(zip(given, rest, strict=True))
    absolute, relative = fields(tolerance, f"{where}.tolerance", "absolute", "relative")
    conditions = as_list(found.get("preconditions", []), f"{where}.preconditions")
    known = _box_from_json(parameters, f"{where}.parameters")
    return Family(
        parameters=known,
        expression=expression_from_json(expression, f"{where}.expression"),
        box={name: _side_from_json(ends, member(where, name), known) for name, ends in as_object(box, f"{where}.box").items()},
        absolute=affine_from_json(absolute, f"{where}.tolerance.absolute", known),
        relative=affine_from_json(relative, f"{where}.tolerance.relative", known),
        inputs=InputModel(as_choice(inputs, f"{where}.inputs", *InputModel)),
        preconditions=tuple(expression_from_json(item, f"{where}.preconditions[{i}]") for i, item in enumerate(conditions)),
        fold=_fold_from_json(found["fold"], f"{where}.fold") if "fold" in found else None,
    )


def family_formats_to_json(formats: FamilyFormats) -> Json:
    """FORMATS of a family: those of a problem and, with a fold, "accumulate"."""
    asked = as_object(formats_to_json(formats.formats), "formats")
    return asked if formats.accumulate is None else {**asked, "accumulate": format_to_json(formats.accumulate)}


def family_formats_from_json(value: Json, where: str) -> FamilyFormats:
    """Read FORMATS of a family. Raises InputError."""
    asked = dict(as_object(value, where))
    accumulate = asked.pop("accumulate", None)
    return FamilyFormats(
        formats=formats_from_json(asked, where),
        accumulate=None if accumulate is None else format_from_json(accumulate, f"{where}.accumulate"),
    )


def affine_to_json(affine: Affine) -> Json:
    """AFFINE: the constant under "", coefficients under their parameters where they are not 0."""
    return {"": number_text(affine.constant), **{name: number_text(c) for name, c in affine.coefficients.items() if c}}


def affine_from_json(value: Json, where: str, parameters: Box) -> Affine:
    """Read AFFINE in these parameters. Raises InputError."""
    numbers = {name: as_number(number, member(where, name)) for name, number in as_object(value, where).items()}
    if "" not in numbers:
        raise InputError("the constant is missing", where=where)
    constant = numbers.pop("")
    if unknown := sorted(numbers.keys() - parameters.keys()):
        raise InputError(f"{unknown[0][:40]!r} is no parameter", where=where)
    return Affine(constant, numbers)


def region_to_json(region: FamilyRegion) -> Json:
    """REGION of docs/certificate.md."""
    claim = region.claim
    result: dict[str, Json] = {
        "parameters": _box_to_json(region.parameters),
        "verdict": region.verdict.value,
        "claim": {
            "bound": claim.bound.value,
            "value": claim.value if isinstance(claim.value, str) else number_text(claim.value),
            "statement": claim.statement,
            "evidence": region_evidence_to_json(claim.evidence),
        },
    }
    return result if region.size is None else {**result, "size": list(region.size)}


def region_from_json(value: Json, where: str) -> FamilyRegion:
    """Read REGION. Raises InputError."""
    given = [name for name in ("size",) if name in as_object(value, where)]
    parameters, verdict, claim, *size = fields(value, where, "parameters", "verdict", "claim", *given)
    bound, number, statement, evidence = fields(claim, f"{where}.claim", "bound", "value", "statement", "evidence")
    return FamilyRegion(
        parameters=_box_from_json(parameters, f"{where}.parameters"),
        size=_sizes_from_json(size[0], f"{where}.size") if size else None,
        verdict=Verdict(as_choice(verdict, f"{where}.verdict", *Verdict)),
        claim=RegionClaim(
            bound=Bound(as_choice(bound, f"{where}.claim.bound", *Bound)),
            value="infinite" if number == "infinite" else as_number(number, f"{where}.claim.value"),
            statement=as_text(statement, f"{where}.claim.statement"),
            evidence=region_evidence_from_json(evidence, f"{where}.claim.evidence"),
        ),
    )


def region_evidence_to_json(evidence: Evidence | FoldEvidence) -> Json:
    """EVIDENCE of a region."""
    return fold_evidence_to_json(evidence) if isinstance(evidence, FoldEvidence) else evidence_to_json(evidence)


def region_evidence_from_json(value: Json, where: str) -> Evidence | FoldEvidence:
    """Read EVIDENCE of a region. Raises InputError."""
    is_fold = as_object(value, where).get("kind") in FOLD_KINDS
    return fold_evidence_from_json(value, where) if is_fold else evidence_from_json(value, where)


def _fold_to_json(fold: Fold) -> Json:
    return {
        "size": fold.size,
        "sizes": [fold.least, fold.greatest],
        "state": fold.state,
        "start": expression_to_json(fold.start),
        "step" if fold.is_step else "term": expression_to_json(fold.term),
        "elements": list(fold.elements),
    }


def _fold_from_json(value: Json, where: str) -> Fold:
    key = "step" if "step" in as_object(value, where) else "term"
    size, sizes, state, start, term, elements = fields(value, where, "size", "sizes", "state", "start", key, "elements")
    least, greatest = _sizes_from_json(sizes, f"{where}.sizes")
    return Fold(
        size=as_text(size, f"{where}.size"),
        least=least,
        greatest=greatest,
        state=as_text(state, f"{where}.state"),
        start=expression_from_json(start, f"{where}.start"),
        term=expression_from_json(term, f"{where}.{key}"),
        elements=tuple(as_text(name, f"{where}.elements") for name in as_list(elements, f"{where}.elements")),
        is_step=key == "step",
    )


def _sizes_from_json(value: Json, where: str) -> Sizes:
    ends = as_list(value, where)
    if len(ends) != 2:
        raise InputError(f"sizes have two ends, not {len(ends)}", where=where)
    return as_integer(ends[0], where), None if ends[1] is None else as_integer(ends[1], where)


def _side_from_json(value: Json, where: str, parameters: Box) -> tuple[Affine, Affine]:
    ends = as_list(value, where)
    if len(ends) != 2:
        raise InputError(f"an interval has two ends, not {len(ends)}", where=where)
    return affine_from_json(ends[0], where, parameters), affine_from_json(ends[1], where, parameters)


def _box_to_json(box: Mapping[str, Interval]) -> Json:
    return {name: [number_text(side.lo), number_text(side.hi)] for name, side in box.items()}


def _box_from_json(value: Json, where: str) -> Box:
    box: Box = {}
    for name, ends in as_object(value, where).items():
        pair = as_list(ends, member(where, name))
        if len(pair) != 2:
            raise InputError(f"an interval has two ends, not {len(pair)}", where=member(where, name))
        box[name] = Interval(as_number(pair[0], member(where, name)), as_number(pair[1], member(where, name)))
    return box
