"""The accepting function for networks: re-derive every claim and the verdict from the evidence alone (docs/networks.md, "Certificates")."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .. import limits
from ..budget import Budget
from ..checking import Claim as Claim
from ..checking import read_claims, supports
from ..derivation import INFINITE, Derivation
from ..failures import LeafFailure, Rejection
from ..formats import Value, finite, is_finite
from ..jsonvalues import choice, fields, integer, listed, quoted
from ..series import DomainFailure, TooLarge
from .accumulating import NotFinite
from .arrays import Exact
from .bounds import Analysis
from .floors import derive_floor
from .graph import FUNCTIONS
from .overflowing import OverflowingRun
from .reading import Question, read_input, read_question
from .rounding import places_for, round_dyadic
from .running import Run
from .spans import Spans, exact
from .work import bound_work

BOUNDS = ("floor", "error_bound", "witness_error")
METHODS = ("reverse", "forward", "sets")
RANGES = ("intervals", "relaxations")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an accepted certificate proves."""

    verdict: str
    statement: str
    possible: bool
    assumptions: tuple[str, ...]
    derivations: dict[str, Derivation]


def check_network(document: Any) -> Outcome:
    """Check a document whose canonical form is known. Raises Rejection, LeafFailure."""
    version, network, program, inputs, tolerance, claims, verdict, statement, possible, assumptions = fields(
        document, "the certificate",
        "version", "network", "program", "inputs", "tolerance", "claims", "verdict", "statement", "possible", "assumptions",
    )  # fmt: skip
    if type(version) is not int or version != 1:
        raise Rejection("this kernel reads version 1 only")
    question = read_question(network, program, inputs, tolerance)
    stated = read_claims(claims, BOUNDS)
    budget = Budget(limits.MAX_NETWORK_WORK)
    derivations = {claim.bound: accept(question, claim, budget) for claim in stated}
    decided = decide(question, stated)
    if type(possible) is not bool or (verdict, statement, possible) != decided:
        raise Rejection(f"the claims prove {decided[0]} by {decided[1] or 'nothing'}, possible: {decided[2]}; the file says otherwise")
    expected = assumptions_of(question, stated)
    if assumptions != list(expected):
        raise Rejection("the assumptions are not those that the evidence rests on")
    return Outcome(*decided, expected, derivations)


def accept(question: Question, claim: Claim, budget: Budget) -> Derivation:
    """The one gate: what the evidence proves must be at least as strong as what is claimed, under the same label."""
    derived = derive_safely(question, claim, budget)
    if not supports(claim, derived):
        raise Rejection(f"the evidence does not prove {claim.bound} = {str(claim.value)[:60]}")
    if claim.statement != derived.label:
        raise Rejection(f"{claim.bound} is proved by {derived.label}, not by {quoted(claim.statement)}")
    return derived


def derive_safely(question: Question, claim: Claim, budget: Budget) -> Derivation:
    """`derive`, where a domain error is a failure too."""
    try:
        return derive(question, claim, budget)
    except (DomainFailure, TooLarge) as failure:
        raise LeafFailure(f"{claim.bound}: {failure}") from None


def derive(question: Question, claim: Claim, budget: Budget) -> Derivation:
    """What the evidence of a claim proves."""
    evidence = claim.evidence
    kind = evidence.get("kind") if isinstance(evidence, dict) else None
    if claim.bound == "floor":
        assert isinstance(claim.value, Fraction)
        return derive_floor(question, evidence, claim.value, budget)
    if claim.bound == "witness_error":
        if kind != "run":
            raise Rejection("witness_error is proved by a run")
        _, point, precision = fields(evidence, "evidence", "kind", "input", "precision")
        return witness(question, point, read_precision(precision), budget)
    if kind != "layers":
        raise Rejection("error_bound is proved by layers")
    wanted = ("nodes",) if evidence.get("ranges") == "relaxations" else ()
    _, method, precision, ranges, *rest = fields(evidence, "evidence", "kind", "method", "precision", "ranges", *wanted)
    choice(ranges, "evidence.ranges", RANGES)
    narrowed = read_narrowed(rest[0], question) if rest else frozenset()
    return error_bound(question, choice(method, "evidence.method", METHODS), read_precision(precision), budget, narrowed)


def read_narrowed(value: Any, question: Question) -> frozenset[int]:
    """The positions of the nodes whose ranges are narrowed, in order, without the input."""
    last = len(question.nodes) - 1
    found = [integer(k, "evidence.nodes", 1, last) for k in listed(value, "evidence.nodes", 1, last)]
    if found != sorted(set(found)):
        raise Rejection("evidence.nodes are not in order, each once")
    return frozenset(found)


def read_precision(value: Any) -> int:
    """The fixed-point bits that evidence asks for."""
    return integer(value, "precision", limits.MIN_PRECISION, limits.MAX_PRECISION)


def error_bound(question: Question, method: str, precision: int, budget: Budget, narrowed: frozenset[int]) -> Derivation:
    """S1: the largest bound over boxes and outputs."""
    budget.spend(bound_work(question, method, precision, narrowed))
    analysis = Analysis(question.nodes, question.program, precision)
    worst = 0
    for box in question.boxes:
        spans = Spans(exact(box.lo, precision).lo, exact(box.hi, precision).hi)
        worst = max(worst, *analysis.errors(spans, representable=question.representable, method=method, narrowed=narrowed))
    return Derivation(Fraction(worst, 1 << precision), "S1", leaves=len(question.boxes))


def witness(question: Question, value: Any, precision: int, budget: Budget) -> Derivation:
    """W: one run, and an enclosure of the function there."""
    point, _ = read_input(value, question, "evidence.input")
    demand_representable(question, point)
    budget.spend(bound_work(question, "ranges", precision))
    ranges = Analysis(question.nodes, question.program, precision, runs=False).ranges(exact(point, precision))[-1]
    answer = _answer(question, point, budget)
    if not all(is_finite(value) for value in answer):
        return Derivation(INFINITE, "W")
    unit = 1 << precision
    distances = [Fraction(0)]
    for y, lo, hi in zip(map(finite, answer), ranges.lo, ranges.hi, strict=True):
        distances += [Fraction(lo, unit) - y, y - Fraction(hi, unit)]
    return Derivation(max(distances), "W")


def _answer(question: Question, point: Exact, budget: Budget) -> list[Value]:
    """What the program answers; where a number is not finite on the way, by the rules for special values."""
    run = Run(question.nodes, question.program, budget)
    try:
        answer = run.output(point)
    except NotFinite:
        return OverflowingRun(run, budget).output(point)
    return [answer.fraction(k) for k in range(len(answer.numbers))]


def demand_representable(question: Question, point: Exact) -> None:
    """With representable inputs a point must be one."""
    fmt = question.program[0].stored
    if not question.representable or fmt is None:
        return
    places = places_for(fmt, point.places)
    if any(round_dyadic(fmt, n, places) != n for n in point.at(places)):
        raise Rejection("the input is not representable in its format")


def decide(question: Question, claims: list[Claim]) -> tuple[str, str, bool]:
    """Verdict, the statement that decides, and `possible`, from accepted claims."""
    by_bound = {claim.bound: claim for claim in claims}
    tolerance = question.tolerance

    def within(bound: str) -> bool:
        claim = by_bound.get(bound)
        return claim is not None and tolerance is not None and isinstance(claim.value, Fraction) and claim.value <= tolerance

    def beyond(bound: str) -> bool:
        return bound in by_bound and tolerance is not None and not within(bound)

    possible = within("error_bound")
    for verdict, bound, proved in (
        ("impossible", "floor", beyond("floor")),
        ("insufficient", "witness_error", beyond("witness_error")),
        ("sufficient", "error_bound", possible),
    ):
        if proved:
            return verdict, by_bound[bound].statement, possible
    return "undecided", "", possible


def assumptions_of(question: Question, claims: list[Claim]) -> tuple[str, ...]:
    """What the claims about a program take for granted."""
    bounds = {claim.bound for claim in claims}
    if not bounds & {"error_bound", "witness_error"}:
        return ()
    inner = {"softmax": ("exp",), "log_softmax": ("exp", "log"), "layer_norm": ("rsqrt",), "rms_norm": ("rsqrt",)}
    accuracy: dict[int, set[str]] = {}
    for node, step in zip(question.nodes, question.program, strict=True):
        accuracy.setdefault(step.ulps, set()).update((node.op,) if node.op in FUNCTIONS else inner.get(node.op, ()))
    lines = []
    for ulps, names in sorted(accuracy.items()):
        stated = f"within {ulps} ulp of correct rounding" if ulps else "correctly rounded"
        lines += [f"{stated}: {', '.join(sorted(names))}"] if names else []
    sums = [step.accumulation for step in question.program if step.accumulation is not None and step.accumulation.kind != "exact"]
    if "witness_error" in bounds and any(acc.order == "any" for acc in sums):
        lines.append("the run adds in the order of the index, where any order is allowed")
    if "witness_error" in bounds and any(acc.kind == "additions" and acc.products == "either" for acc in sums):
        lines.append("the run rounds products before it adds them, where they may also be added exactly")
    return tuple(lines)
