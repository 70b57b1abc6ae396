"""The accepting function: re-derive every claim and the verdict from the evidence alone (THEORY section 6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from . import limits
from .allocation import least_cost
from .budget import Budget
from .cover import Cover
from .derivation import INFINITE, Derivation
from .failures import LeafFailure, Rejection
from .jsonvalues import boolean, choice, fields, integer, listed, load, number, quoted
from .laws import cell_curvature_floor, cell_slope_floor, count_floor, curvature_floor, slope_floor
from .question import ELEMENTARY, Point, Question
from .reading import read_point, read_question
from .refutations import check_refutations, without_refutations
from .script import script
from .witnesses import pair_floor, witness_run

BOUNDS = ("floor", "floor_upper", "error_bound", "witness_error")

SHOWN_REGIONS = 8
"""Regions of a family that a report names on its line."""

Law = Callable[[Question, list[Point], int, int, Budget], Derivation]
LAWS: dict[str, Law] = {
    "count": count_floor,
    "slope": slope_floor,
    "curvature": curvature_floor,
    "cell_slope": cell_slope_floor,
    "cell_curvature": cell_curvature_floor,
}
"""Rules over segments and cells, by kind of evidence."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A bound as the certificate states it."""

    bound: str
    value: Fraction | str
    statement: str
    evidence: Any


@dataclass(frozen=True, slots=True)
class RegionReport:
    """A verdict about members of a family: which, on one line, and by which statement."""

    members: str
    verdict: str
    statement: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of checking; the rest speaks of accepted certificates. The verdict about a family is that of each of its regions.

    `refuted` counts the SMT-LIB scripts that no solver is needed for: their multipliers were checked (Farkas).
    """

    status: str
    reason: str = ""
    verdict: str = ""
    statement: str = ""
    possible: bool = False
    assumptions: tuple[str, ...] = ()
    derivations: dict[str, Derivation] = field(default_factory=dict)
    regions: tuple[RegionReport, ...] = ()
    refuted: int = 0

    @property
    def summary(self) -> str:
        """What was proved, on one line."""
        if not self.regions:
            return f"{self.verdict} by {self.statement}".removesuffix(" by ")
        shown = [f"{region.members} {region.verdict} by {region.statement}" for region in self.regions[:SHOWN_REGIONS]]
        more = len(self.regions) - len(shown)
        return f"{self.verdict}: {'; '.join(shown)}{f'; and {more} more regions' if more else ''}"


def check(data: bytes) -> Report:
    """Check a certificate. A rejection says which rule is broken; nothing else is raised for any input."""
    try:
        return _check(load(data), data)
    except (Rejection, LeafFailure) as failure:
        return Report("rejected", str(failure))
    except (RecursionError, MemoryError) as failure:
        return Report("rejected", f"checking ran out of resources ({type(failure).__name__})")


def _check(document: Any, data: bytes) -> Report:
    if isinstance(document, dict) and "network" in document:
        return _check_network(document, data)
    if len(data) > limits.MAX_BYTES:
        raise Rejection(f"the file has {len(data)} bytes, more than {limits.MAX_BYTES}")
    if isinstance(document, dict) and "allocation" in document:
        return _check_allocation(document, data)
    if isinstance(document, dict) and "family" in document:
        return _check_family(document, data)
    version, problem, formats, claims, verdict, statement, possible, assumptions, smt = fields(
        document, "the certificate", "version", "problem", "formats", "claims", "verdict", "statement", "possible", "assumptions", "smt"
    )
    if type(version) is not int or version != 1:
        raise Rejection("this kernel reads version 1 only")
    if canonical(document) != data:
        raise Rejection("the file is not canonical JSON (RFC 8785)")
    question = read_question(problem, formats)
    stated = read_claims(claims)
    budget = Budget()
    derivations = {claim.bound: accept(question, claim, budget) for claim in stated}
    decided = decide(question, stated)
    if (verdict, statement, boolean(possible, "possible")) != decided:
        raise Rejection(f"the claims prove {decided[0]} by {decided[1] or 'nothing'}, possible: {decided[2]}; the file says otherwise")
    expected = list(assumptions_of(question, stated))
    if assumptions != expected:
        raise Rejection("the assumptions are not those that the evidence rests on")
    if canonical(without_refutations(smt)) != canonical(scripts(question, stated, derivations)):
        raise Rejection("the SMT-LIB scripts are not those of the claims")
    refuted = check_refutations(smt, budget)
    return Report("accepted", "", *decided, tuple(expected), derivations, refuted=refuted)


def _check_allocation(document: Any, data: bytes) -> Report:
    version, allocation = fields(document, "the certificate", "version", "allocation")
    if type(version) is not int or version != 1:
        raise Rejection("this kernel reads version 1 only")
    if canonical(document) != data:
        raise Rejection("the file is not canonical JSON (RFC 8785)")
    return Report("accepted", verdict=f"cost {least_cost(allocation, Budget())} is the least within the limits")


def _check_family(document: Any, data: bytes) -> Report:
    from .families import check_family

    if canonical(document) != data:
        raise Rejection("the file is not canonical JSON (RFC 8785)")
    return check_family(document)


def _check_network(document: Any, data: bytes) -> Report:
    from .networks.checking import check_network

    if canonical(document) != data:
        raise Rejection("the file is not canonical JSON (RFC 8785)")
    outcome = check_network(document)
    return Report(
        "accepted", "", outcome.verdict, outcome.statement, outcome.possible, outcome.assumptions, outcome.derivations
    )  # fmt: skip


def canonical(document: Any) -> bytes:
    """RFC 8785 for objects whose keys are ASCII and whose numbers are small integers."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def read_claims(value: Any, bounds: tuple[str, ...] = BOUNDS) -> list[Claim]:
    """The claims: at most one of each of the bounds, in their order."""
    claims = []
    for item in listed(value, "claims", 0, len(bounds)):
        bound, claimed, label, evidence = fields(item, "a claim", "bound", "value", "statement", "evidence")
        kind = choice(bound, "claim.bound", bounds)
        amount: Fraction | str = INFINITE
        if not (kind == "witness_error" and claimed == INFINITE):
            amount = number(claimed, f"the value of {kind}")
            if amount < 0:
                raise Rejection(f"the value of {kind} is negative")
        claims.append(Claim(kind, amount, label, evidence))
    order = [bounds.index(claim.bound) for claim in claims]
    if order != sorted(set(order)):
        raise Rejection(f"claims are in the order {', '.join(bounds)}, each at most once")
    return claims


def accept(question: Question, claim: Claim, budget: Budget) -> Derivation:
    """The one gate: what the evidence proves must be at least as strong as what is claimed, under the same label."""
    derived = derive(question, claim, budget)
    if not supports(claim, derived):
        raise Rejection(f"the evidence does not prove {claim.bound} = {str(claim.value)[:60]}")
    if claim.statement != derived.label:
        raise Rejection(f"{claim.bound} is proved by {derived.label}, not by {quoted(claim.statement)}")
    return derived


def supports(claim: Claim, derived: Derivation) -> bool:
    """Whether what is derived is at least as strong as what is claimed."""
    if derived.value == INFINITE:
        return True
    if claim.value == INFINITE:
        return False
    assert isinstance(claim.value, Fraction)
    assert isinstance(derived.value, Fraction)
    if claim.bound in ("floor", "witness_error"):
        return claim.value <= derived.value
    return claim.value >= derived.value


def derive(question: Question, claim: Claim, budget: Budget) -> Derivation:
    """What the evidence of a claim proves."""
    evidence = claim.evidence
    kind = evidence.get("kind") if isinstance(evidence, dict) else None
    if claim.bound == "floor":
        return derive_floor(question, claim, budget)
    if claim.bound == "witness_error":
        if kind != "run":
            raise Rejection("witness_error is proved by a run")
        _, point, precision = fields(evidence, "evidence", "kind", "point", "precision")
        return witness_run(question, read_point(point, "point", tuple(question.box)), read_precision(precision), budget)
    if kind != "cover":
        raise Rejection(f"{claim.bound} is proved by a cover")
    _, splits, pieces, precision = fields(evidence, "evidence", "kind", "splits", "pieces", "precision")
    cover = Cover(question, read_precision(precision), read_pieces(pieces), budget, ideal=claim.bound == "floor_upper")
    return cover.derive(splits)


def derive_floor(question: Question, claim: Claim, budget: Budget) -> Derivation:
    """What the evidence of a claimed floor proves."""
    evidence = claim.evidence
    kind = evidence.get("kind") if isinstance(evidence, dict) else None
    names = tuple(question.box)
    if kind == "pair":
        _, points, precision = fields(evidence, "evidence", "kind", "points", "precision")
        given = [read_point(point, "point", names) for point in listed(points, "points", 1, 2)]
        assert isinstance(claim.value, Fraction)
        return pair_floor(question, given, read_precision(precision), claim.value, budget)
    if not isinstance(kind, str) or kind not in LAWS:
        raise Rejection("floor is proved by a pair, count, slope, curvature, cell_slope or cell_curvature")
    _, points, pieces, precision = fields(evidence, "evidence", "kind", "points", "pieces", "precision")
    given = [read_point(point, "point", names) for point in listed(points, "points", 2, 2)]
    return LAWS[kind](question, given, read_pieces(pieces), read_precision(precision), budget)


def read_precision(value: Any) -> int:
    """The fixed-point bits that evidence asks for."""
    return integer(value, "precision", limits.MIN_PRECISION, limits.MAX_PRECISION)


def read_pieces(value: Any) -> int:
    """Into how many parts a range or a segment is cut."""
    return integer(value, "pieces", 1, limits.MAX_PIECES)


def decide(question: Question, claims: list[Claim]) -> tuple[str, str, bool]:
    """Verdict, the statement that decides, and `possible`, from accepted claims (docs/semantics.md)."""
    by_bound = {claim.bound: claim for claim in claims}
    threshold = question.threshold

    def within(bound: str) -> bool:
        claim = by_bound.get(bound)
        return claim is not None and isinstance(claim.value, Fraction) and claim.value <= threshold

    def beyond(bound: str) -> bool:
        return bound in by_bound and not within(bound)

    possible = within("floor_upper") or within("error_bound")
    for verdict, bound, proved in (
        ("impossible", "floor", beyond("floor")),
        ("insufficient", "witness_error", beyond("witness_error")),
        ("sufficient", "error_bound", within("error_bound")),
    ):
        if proved:
            return verdict, by_bound[bound].statement, possible
    return "undecided", "", possible


def assumptions_of(question: Question, claims: list[Claim]) -> tuple[str, ...]:
    """What the claims about a program take for granted."""
    if not any(claim.bound in ("error_bound", "witness_error") for claim in claims):
        return ()
    used = sorted({node.op for node in question.nodes} & ELEMENTARY)
    rounded = [name for name in used if name not in question.accuracy]
    stated = [f"correctly rounded in every format of the program: {', '.join(rounded)}"] if rounded else []
    return (*stated, *(f"{name} within {ulps} ulp in every format of the program" for name, ulps in sorted(question.accuracy.items())))


def scripts(question: Question, claims: list[Claim], derivations: dict[str, Derivation]) -> list[dict[str, Any]]:
    """The SMT-LIB scripts of the claims that decide against the threshold."""
    result = []
    for position, claim in enumerate(claims):
        if not isinstance(claim.value, Fraction) or (claim.value > question.threshold) != (claim.bound == "floor"):
            continue
        text = script(question, claim.bound, derivations[claim.bound])
        if text is not None:
            result.append({"claim": position, "script": text})
    return result
