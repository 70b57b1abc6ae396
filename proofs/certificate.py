"""Certificates: a problem, the formats, what is claimed and why (docs/certificate.md). Plain data; the kernel alone judges it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.hardware_specs.format import Format
from suffice.proofs.evidence import Evidence, evidence_from_json, evidence_to_json
from suffice.proofs.files import read_bytes, write_atomically
from suffice.proofs.formatdata import format_from_json, format_to_json
from suffice.proofs.jsondata import (
    Json,
    as_boolean,
    as_choice,
    as_integer,
    as_list,
    as_number,
    as_object,
    as_text,
    canonical_json,
    fields,
    member,
    number_text,
    parse_json,
)
from suffice.proofs.kernel.limits import MAX_BYTES
from suffice.proofs.problemdata import problem_from_json, problem_to_json

VERSION = 1
"""The version of the file that this module writes, and the only one that it reads."""


class Verdict(StrEnum):
    """The answer (THEORY, section 0)."""

    SUFFICIENT = "sufficient"
    IMPOSSIBLE = "impossible"
    INSUFFICIENT = "insufficient"
    UNDECIDED = "undecided"


class Bound(StrEnum):
    """The quantity that a claim bounds, in the measure of docs/semantics.md; claims stand in this order."""

    FLOOR = "floor"
    FLOOR_UPPER = "floor_upper"
    ERROR_BOUND = "error_bound"
    WITNESS_ERROR = "witness_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A bound, its value, the label of the statement that it rests on, and the evidence.

    `value` is "infinite" for a run (`witness_error`) that ends in NaN or an infinity.
    """

    bound: Bound
    value: Fraction | Literal["infinite"]
    statement: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """The concrete formats of an integer program: one per input, per node of the expression, and the output's."""

    inputs: dict[str, Format]
    nodes: tuple[Format, ...]
    output: Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """The formats asked about; `instances` exactly where one of them is integer codes with free scale.

    `inputs` and `operations` are the formats of single inputs and nodes (by position) that differ from `input` and `compute`;
    `accuracy` is the largest error, in ulps of the result, of the functions that are not correctly rounded.
    """

    input: Format
    compute: Format
    output: Format
    inputs: Mapping[str, Format] = field(default_factory=dict)
    operations: Mapping[int, Format] = field(default_factory=dict)
    accuracy: Mapping[Op, Fraction] = field(default_factory=dict)
    instances: Instances | None = None

    def of_input(self, name: str) -> Format:
        """The format asked for one input."""
        return self.inputs.get(name, self.input)

    def of_node(self, position: int) -> Format:
        """The format asked for one node."""
        return self.operations.get(position, self.compute)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtScript:
    """The SMT-LIB form of a claim, named by its position among the claims.

    `farkas`: multipliers of assertions whose sum is a contradiction. `cpc`: cvc5's proof. Both are empty where there is none.
    """

    claim: int
    script: str
    farkas: Mapping[str, Fraction] = field(default_factory=dict)
    cpc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A verdict with everything that is needed to check it again."""

    problem: Problem
    formats: Formats
    claims: tuple[Claim, ...]
    verdict: Verdict
    statement: str
    possible: bool
    assumptions: tuple[str, ...] = ()
    smt: tuple[SmtScript, ...] = ()

    def claim(self, bound: Bound) -> Claim | None:
        """The claim of this bound, if there is one."""
        return next((claim for claim in self.claims if claim.bound is bound), None)


def canonical_bytes(certificate: Certificate) -> bytes:
    """The file's bytes: canonical JSON. Raises InputError where a number does not fit the limits."""
    return bytes_of(to_json(certificate))


def bytes_of(document: Json) -> bytes:
    """Canonical JSON. Raises InputError where it is longer than a certificate may be."""
    data = canonical_json(document)
    if len(data) > MAX_BYTES:
        raise InputError(f"the certificate has {len(data)} bytes, more than {MAX_BYTES}", mend="give evidence with fewer leaves")
    return data


def digest(certificate: Certificate) -> str:
    """The certificate's name, "sha256:" and 64 hexadecimal digits."""
    return digest_of(canonical_bytes(certificate))


def digest_of(data: bytes) -> str:
    """The name of a certificate's bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def write(certificate: Certificate, path: str | os.PathLike[str]) -> None:
    """Write the file, whole or not at all. Raises InputError."""
    write_atomically(path, canonical_bytes(certificate))


def read(path: str | os.PathLike[str]) -> Certificate:
    """Read a file that `write` wrote; this proves nothing, the kernel does. Raises InputError."""
    return parse(read_bytes(path, MAX_BYTES), where=os.fspath(path))


def parse(data: bytes, where: str = "certificate") -> Certificate:
    """Read a certificate's bytes. Raises InputError."""
    return from_json(parse_json(data, where), where)


def to_json(certificate: Certificate) -> Json:
    """The whole file as a JSON value."""
    return {
        "version": VERSION,
        "problem": problem_to_json(certificate.problem),
        "formats": formats_to_json(certificate.formats),
        "claims": [_claim_to_json(claim) for claim in certificate.claims],
        "verdict": certificate.verdict.value,
        "statement": certificate.statement,
        "possible": certificate.possible,
        "assumptions": list(certificate.assumptions),
        "smt": [script_to_json(script, "claim") for script in certificate.smt],
    }


def from_json(value: Json, where: str = "certificate") -> Certificate:
    """Read the whole file from a JSON value. Raises InputError."""
    version = as_integer(as_object(value, where).get("version"), f"{where}: version")
    if version != VERSION:
        raise InputError(f"version {version} is unknown", where=where, mend=f"this release reads version {VERSION}")
    names = ("version", "problem", "formats", "claims", "verdict", "statement", "possible", "assumptions", "smt")
    _, problem, formats, claims, verdict, statement, possible, assumptions, smt = fields(value, where, *names)
    at = f"{where}: "
    return Certificate(
        problem=problem_from_json(problem, f"{at}problem"),
        formats=formats_from_json(formats, f"{at}formats"),
        claims=tuple(_claim_from_json(claim, f"{at}claims[{i}]") for i, claim in enumerate(as_list(claims, f"{at}claims"))),
        verdict=Verdict(as_choice(verdict, f"{at}verdict", *Verdict)),
        statement=as_text(statement, f"{at}statement"),
        possible=as_boolean(possible, f"{at}possible"),
        assumptions=tuple(as_text(text, f"{at}assumptions") for text in as_list(assumptions, f"{at}assumptions")),
        smt=tuple(script_from_json(script, "claim", f"{at}smt[{i}]") for i, script in enumerate(as_list(smt, f"{at}smt"))),
    )


def formats_to_json(formats: Formats) -> Json:
    """FORMATS of docs/certificate.md."""
    asked: dict[str, Json] = {name: format_to_json(getattr(formats, name)) for name in ("input", "compute", "output")}
    if formats.inputs:
        asked["inputs"] = {name: format_to_json(fmt) for name, fmt in formats.inputs.items()}
    if formats.operations:
        asked["operations"] = _operations_to_json(formats.operations)
    if formats.accuracy:
        asked["accuracy"] = {op.value: number_text(ulps) for op, ulps in formats.accuracy.items()}
    if formats.instances is None:
        return asked
    instances: Json = {
        "inputs": {name: format_to_json(fmt) for name, fmt in formats.instances.inputs.items()},
        "nodes": [format_to_json(fmt) for fmt in formats.instances.nodes],
        "output": format_to_json(formats.instances.output),
    }
    return {**asked, "instances": instances}


def _operations_to_json(operations: Mapping[int, Format]) -> Json:
    """Positions by format, in the order of the first of each."""
    positions: dict[Format, list[Json]] = {}
    for k in sorted(operations):
        positions.setdefault(operations[k], []).append(k)
    return [[format_to_json(fmt), where] for fmt, where in positions.items()]


def formats_from_json(value: Json, where: str) -> Formats:
    """Read FORMATS. Raises InputError."""
    optional = ("inputs", "operations", "accuracy", "instances")
    given = [name for name in optional if name in as_object(value, where)]
    asked_input, compute, output, *rest = fields(value, where, "input", "compute", "output", *given)
    found = dict(zip(given, rest, strict=True))
    return Formats(
        input=format_from_json(asked_input, f"{where}.input"),
        compute=format_from_json(compute, f"{where}.compute"),
        output=format_from_json(output, f"{where}.output"),
        inputs=_named_from_json(found.get("inputs", {}), f"{where}.inputs"),
        operations=_operations_from_json(found.get("operations", []), f"{where}.operations"),
        accuracy=_accuracy_from_json(found.get("accuracy", {}), f"{where}.accuracy"),
        instances=_instances_from_json(found["instances"], f"{where}.instances") if "instances" in found else None,
    )


def _named_from_json(value: Json, where: str) -> dict[str, Format]:
    return {name: format_from_json(fmt, member(where, name)) for name, fmt in as_object(value, where).items()}


def _operations_from_json(value: Json, where: str) -> dict[int, Format]:
    result: dict[int, Format] = {}
    for i, item in enumerate(as_list(value, where)):
        pair = as_list(item, f"{where}[{i}]")
        if len(pair) != 2:
            raise InputError("not a format with positions", where=f"{where}[{i}]")
        fmt = format_from_json(pair[0], f"{where}[{i}]")
        result.update({as_integer(k, f"{where}[{i}]"): fmt for k in as_list(pair[1], f"{where}[{i}]")})
    return result


def _accuracy_from_json(value: Json, where: str) -> dict[Op, Fraction]:
    return {Op(as_choice(name, where, *Op)): as_number(ulps, member(where, name)) for name, ulps in as_object(value, where).items()}


def _instances_from_json(value: Json, where: str) -> Instances:
    inputs, nodes, output = fields(value, where, "inputs", "nodes", "output")
    return Instances(
        inputs=_named_from_json(inputs, f"{where}.inputs"),
        nodes=tuple(format_from_json(fmt, f"{where}.nodes[{i}]") for i, fmt in enumerate(as_list(nodes, f"{where}.nodes"))),
        output=format_from_json(output, f"{where}.output"),
    )


def _claim_to_json(claim: Claim) -> Json:
    return {
        "bound": claim.bound.value,
        "value": claim.value if isinstance(claim.value, str) else number_text(claim.value),
        "statement": claim.statement,
        "evidence": evidence_to_json(claim.evidence),
    }


def _claim_from_json(value: Json, where: str) -> Claim:
    bound, number, statement, evidence = fields(value, where, "bound", "value", "statement", "evidence")
    return Claim(
        bound=Bound(as_choice(bound, f"{where}.bound", *Bound)),
        value="infinite" if number == "infinite" else as_number(number, f"{where}.value"),
        statement=as_text(statement, f"{where}.statement"),
        evidence=evidence_from_json(evidence, f"{where}.evidence"),
    )


def script_to_json(script: SmtScript, subject: str) -> Json:
    """A script, with the position of what it is about under the key `subject`."""
    written: dict[str, Json] = {subject: script.claim, "script": script.script}
    if script.farkas:
        written["farkas"] = {name: number_text(multiplier) for name, multiplier in script.farkas.items()}
    return written | ({"cpc": script.cpc} if script.cpc else {})


def script_from_json(value: Json, subject: str, where: str) -> SmtScript:
    """Read a script. Raises InputError."""
    given = [name for name in ("farkas", "cpc") if name in as_object(value, where)]
    claim, script, *rest = fields(value, where, subject, "script", *given)
    found = dict(zip(given, rest, strict=True))
    multipliers = as_object(found.get("farkas", {}), f"{where}.farkas")
    return SmtScript(
        claim=as_integer(claim, f"{where}.{subject}"),
        script=as_text(script, f"{where}.script"),
        farkas={name: as_number(number, member(f"{where}.farkas", name)) for name, number in multipliers.items()},
        cpc=as_text(found.get("cpc", ""), f"{where}.cpc"),
    )
