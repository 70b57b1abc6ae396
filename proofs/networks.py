"""Certificates about networks, as data: written, read and named like all others (docs/networks.md, "Certificates").

`certify` makes one: the kernel derives the value of every claim from its evidence, so that the file claims what it proves and no more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.errors import InputError
from suffice.proofs.certificate import VERSION, Bound, Verdict, digest_of
from suffice.proofs.files import read_bytes, write_atomically
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
    number_text,
    parse_json,
)
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.limits import MAX_NETWORK_BYTES, MAX_NETWORK_WORK
from suffice.proofs.kernel.networks import checking
from suffice.proofs.kernel.networks.reading import Question, read_question
from suffice.proofs.networkdata import (
    array_from_json,
    array_to_json,
    inputs_from_json,
    inputs_to_json,
    network_from_json,
    network_to_json,
    program_from_json,
    program_to_json,
)

Array = NDArray[np.float64]
PRECISION = 96
"""Fixed-point bits of evidence, unless something else is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkInput:
    """One input, and the position of the box of the set that holds it."""

    box: int
    values: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersEvidence:
    """error_bound by S1, layer by layer: `reverse` (adjoints of every output), `forward` (without) or `sets` (machine numbers alone).

    Back-substitution of linear relaxations narrows the ranges of the nodes at the positions `narrowed`, in order.
    """

    method: Literal["reverse", "forward", "sets"] = "reverse"
    precision: int = PRECISION
    narrowed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkRun:
    """witness_error by W: one run."""

    input: NetworkInput
    precision: int = PRECISION


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkFloor:
    """floor: of a `pair` (one input, or two that arrive as the same numbers; T1, T2, T7) or a `count` (two inputs of a box; T3)."""

    kind: Literal["pair", "count"]
    inputs: tuple[NetworkInput, ...]
    output: int
    precision: int = PRECISION


NetworkEvidence = LayersEvidence | NetworkRun | NetworkFloor
CLAIM_ORDER = (Bound.FLOOR, Bound.ERROR_BOUND, Bound.WITNESS_ERROR)
VALUE_BITS = 64
"""Significant bits of a claim's value."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkClaim:
    """A bound, its value, the label of the statement, and the evidence."""

    bound: Bound
    value: Fraction | Literal["infinite"]
    statement: str
    evidence: NetworkEvidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkCertificate:
    """A verdict about a program of a network, with everything that is needed to check it again."""

    program: NetworkProgram
    inputs: InputSet
    tolerance: Fraction | None
    claims: tuple[NetworkClaim, ...]
    verdict: Verdict
    statement: str = ""
    possible: bool = False
    assumptions: tuple[str, ...] = ()

    def claim(self, bound: Bound) -> NetworkClaim | None:
        """The claim of a bound, if there is one."""
        return next((claim for claim in self.claims if claim.bound is bound), None)


def bound_of(evidence: NetworkEvidence) -> Bound:
    """What a piece of evidence bounds."""
    match evidence:
        case LayersEvidence():
            return Bound.ERROR_BOUND
        case NetworkRun():
            return Bound.WITNESS_ERROR
        case NetworkFloor():
            return Bound.FLOOR


def question_of(program: NetworkProgram, inputs: InputSet, tolerance: Fraction | None) -> Question:
    """The question as the kernel reads it. Raises InputError where it is none, with the kernel's reason."""
    within = None if tolerance is None else number_text(tolerance)
    try:
        return read_question(network_to_json(program.network), program_to_json(program), inputs_to_json(inputs), within)
    except (Rejection, LeafFailure) as failure:
        raise InputError(str(failure), where=program.network.name, mend="ask about another program") from None


def claim_of(question: Question, evidence: NetworkEvidence, budget: Budget) -> NetworkClaim:
    """What the kernel derives from a piece of evidence, as a claim; its value is shortened in the safe direction, within the same side of
    the tolerance.

    Raises InputError where the evidence proves nothing (an overflow is not excluded, say), with the kernel's reason.
    """
    bound = bound_of(evidence)
    claim = checking.Claim(bound.value, Fraction(0), "", evidence_to_json(evidence))
    try:
        derived = checking.derive_safely(question, claim, budget)
        value: Fraction | Literal["infinite"] = "infinite"
        if isinstance(derived.value, Fraction):
            value = _shortened(derived.value, upward=bound is Bound.ERROR_BOUND, tolerance=question.tolerance)
        if bound is Bound.FLOOR:
            derived = checking.derive_safely(question, replace(claim, value=value), budget)
    except (Rejection, LeafFailure) as failure:
        raise InputError(str(failure), where=bound.value, mend="give other evidence") from None
    return NetworkClaim(bound=bound, value=value, statement=derived.label, evidence=evidence)


def assembled(
    program: NetworkProgram, inputs: InputSet, tolerance: Fraction | None, question: Question, claims: Sequence[NetworkClaim]
) -> NetworkCertificate:
    """The certificate of claims that `claim_of` made, at most one for each bound."""
    ordered = sorted(claims, key=lambda claim: CLAIM_ORDER.index(claim.bound))
    found = [checking.Claim(claim.bound.value, claim.value, claim.statement, None) for claim in ordered]
    verdict, statement, possible = checking.decide(question, found)
    return NetworkCertificate(
        program=program, inputs=inputs, tolerance=tolerance, claims=tuple(ordered),
        verdict=Verdict(verdict), statement=statement, possible=possible, assumptions=checking.assumptions_of(question, found),
    )  # fmt: skip


def certify(
    program: NetworkProgram, inputs: InputSet, tolerance: Fraction | None, evidence: Sequence[NetworkEvidence]
) -> NetworkCertificate:
    """The certificate whose claims are what the kernel derives from each piece of evidence. Raises InputError where one proves nothing."""
    question, budget = question_of(program, inputs, tolerance), Budget(MAX_NETWORK_WORK)
    return assembled(program, inputs, tolerance, question, [claim_of(question, piece, budget) for piece in evidence])


def _shortened(value: Fraction, *, upward: bool, tolerance: Fraction | None) -> Fraction:
    """The value in VALUE_BITS bits, rounded up or down, unless that would cross the tolerance."""
    excess = max(value.numerator.bit_length(), 1) - value.denominator.bit_length() - VALUE_BITS
    unit = Fraction(1 << excess) if excess >= 0 else Fraction(1, 1 << -excess)
    short = -(-value // unit) * unit if upward else value // unit * unit
    crossed = tolerance is not None and (short > tolerance) != (value > tolerance)
    return value if crossed else short


def is_network(value: Json) -> bool:
    """Whether a certificate's JSON value is about a network."""
    return isinstance(value, dict) and "network" in value


def to_json(certificate: NetworkCertificate) -> Json:
    """The whole file as a JSON value."""
    return {
        "version": VERSION,
        "network": network_to_json(certificate.program.network),
        "program": program_to_json(certificate.program),
        "inputs": inputs_to_json(certificate.inputs),
        "tolerance": None if certificate.tolerance is None else number_text(certificate.tolerance),
        "claims": [_claim_to_json(claim) for claim in certificate.claims],
        "verdict": certificate.verdict.value,
        "statement": certificate.statement,
        "possible": certificate.possible,
        "assumptions": list(certificate.assumptions),
    }


def from_json(value: Json, where: str = "certificate") -> NetworkCertificate:
    """Read the whole file from a JSON value. Raises InputError."""
    version, network, program, inputs, tolerance, claims, verdict, statement, possible, assumptions = fields(
        value, where,
        "version", "network", "program", "inputs", "tolerance", "claims", "verdict", "statement", "possible", "assumptions",
    )  # fmt: skip
    if as_integer(version, f"{where}: version") != VERSION:
        raise InputError(f"version {version} is unknown", where=where, mend=f"this release reads version {VERSION}")
    known = network_from_json(network, f"{where}: network")
    shape = known.input.shape
    return NetworkCertificate(
        program=program_from_json(program, known, f"{where}: program"),
        inputs=inputs_from_json(inputs, shape, f"{where}: inputs"),
        tolerance=None if tolerance is None else as_number(tolerance, f"{where}: tolerance"),
        claims=tuple(_claim_from_json(item, shape, f"{where}: claims[{k}]") for k, item in enumerate(as_list(claims, f"{where}: claims"))),
        verdict=Verdict(as_choice(verdict, f"{where}: verdict", *Verdict)),
        statement=as_text(statement, f"{where}: statement"),
        possible=as_boolean(possible, f"{where}: possible"),
        assumptions=tuple(as_text(text, f"{where}: assumptions") for text in as_list(assumptions, f"{where}: assumptions")),
    )


def canonical_bytes(certificate: NetworkCertificate) -> bytes:
    """The file's bytes: canonical JSON. Raises InputError where it is longer than the kernel reads."""
    data = canonical_json(to_json(certificate))
    if len(data) > MAX_NETWORK_BYTES:
        raise InputError(f"the certificate has {len(data)} bytes, more than {MAX_NETWORK_BYTES}", mend="ask about a smaller network")
    return data


def digest(certificate: NetworkCertificate) -> str:
    """The certificate's name, "sha256:" and 64 hexadecimal digits."""
    return digest_of(canonical_bytes(certificate))


def write(certificate: NetworkCertificate, path: str | os.PathLike[str]) -> None:
    """Write the file, whole or not at all. Raises InputError."""
    write_atomically(path, canonical_bytes(certificate))


def read(path: str | os.PathLike[str]) -> NetworkCertificate:
    """Read a file that `write` wrote; this proves nothing, the kernel does. Raises InputError."""
    where = os.fspath(path)
    return from_json(parse_json(read_bytes(path, MAX_NETWORK_BYTES), where), where)


def _claim_to_json(claim: NetworkClaim) -> Json:
    return {
        "bound": claim.bound.value,
        "value": claim.value if isinstance(claim.value, str) else number_text(claim.value),
        "statement": claim.statement,
        "evidence": evidence_to_json(claim.evidence),
    }


def _claim_from_json(value: Json, shape: tuple[int, ...], where: str) -> NetworkClaim:
    bound, number, statement, evidence = fields(value, where, "bound", "value", "statement", "evidence")
    return NetworkClaim(
        bound=Bound(as_choice(bound, f"{where}.bound", *Bound)),
        value="infinite" if number == "infinite" else as_number(number, f"{where}.value"),
        statement=as_text(statement, f"{where}.statement"),
        evidence=evidence_from_json(evidence, shape, f"{where}.evidence"),
    )


def evidence_to_json(evidence: NetworkEvidence) -> Json:
    """EVIDENCE of a claim about a network."""
    match evidence:
        case LayersEvidence():
            found: dict[str, Json] = {"kind": "layers", "method": evidence.method, "precision": evidence.precision, "ranges": "intervals"}
            return {**found, "ranges": "relaxations", "nodes": list(evidence.narrowed)} if evidence.narrowed else found
        case NetworkRun():
            return {"kind": "run", "input": _input_to_json(evidence.input), "precision": evidence.precision}
        case NetworkFloor():
            points: list[Json] = [_input_to_json(point) for point in evidence.inputs]
            return {"kind": evidence.kind, "inputs": points, "output": evidence.output, "precision": evidence.precision}


def evidence_from_json(value: Json, shape: tuple[int, ...], where: str) -> NetworkEvidence:
    """Read EVIDENCE of a claim about a network. Raises InputError."""
    kind = as_choice(as_object(value, where).get("kind"), f"{where}.kind", "layers", "run", "pair", "count")
    if kind == "layers":
        relaxed = as_object(value, where).get("ranges") == "relaxations"
        wanted = ("nodes",) if relaxed else ()
        _, method, precision, ranges, *nodes = fields(value, where, "kind", "method", "precision", "ranges", *wanted)
        as_choice(ranges, f"{where}.ranges", "intervals", "relaxations")
        narrowed = tuple(as_integer(k, f"{where}.nodes") for item in nodes for k in as_list(item, f"{where}.nodes"))
        name = as_choice(method, f"{where}.method", "reverse", "forward", "sets")
        chosen: Literal["reverse", "forward", "sets"] = "reverse" if name == "reverse" else "forward" if name == "forward" else "sets"
        return LayersEvidence(method=chosen, precision=as_integer(precision, where), narrowed=narrowed)
    if kind == "run":
        _, point, precision = fields(value, where, "kind", "input", "precision")
        return NetworkRun(input=_input_from_json(point, shape, f"{where}.input"), precision=as_integer(precision, where))
    _, points, output, precision = fields(value, where, "kind", "inputs", "output", "precision")
    return NetworkFloor(
        kind="pair" if kind == "pair" else "count",
        inputs=tuple(_input_from_json(point, shape, f"{where}.inputs") for point in as_list(points, f"{where}.inputs")),
        output=as_integer(output, f"{where}.output"),
        precision=as_integer(precision, f"{where}.precision"),
    )


def _input_to_json(point: NetworkInput) -> Json:
    return {"box": point.box, "values": array_to_json(point.values)}


def _input_from_json(value: Json, shape: tuple[int, ...], where: str) -> NetworkInput:
    box, values = fields(value, where, "box", "values")
    return NetworkInput(box=as_integer(box, f"{where}.box"), values=array_from_json(values, shape, f"{where}.values"))
