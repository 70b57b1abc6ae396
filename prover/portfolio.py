"""The portfolio: cheap strategies before dear ones, each an offer to the kernel, until the verdict is proved."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from suffice.encodings.enclosures.arb import enclose_at, node_enclosures
from suffice.encodings.enclosures.bounds import RangeBounds, range_bounds
from suffice.encodings.enclosures.crosscheck import crosscheck_value
from suffice.encodings.problem import Interval, Problem
from suffice.errors import DisagreementError, DomainError, InputError
from suffice.hardware_specs.format import EXACT, CodeFormat
from suffice.proofs.certificate import Verdict, digest
from suffice.proofs.kernel.limits import MAX_PRECISION
from suffice.prover.case import Asked, Case, is_free, make_case
from suffice.prover.covers import CoverFailed, build_cover
from suffice.prover.dossier import Dossier
from suffice.prover.emulation import can_emulate
from suffice.prover.heuristic import peak_curvature_bits
from suffice.prover.laws import Law, along_segments, counting, inside_cell, write_point
from suffice.prover.leading import leading_points
from suffice.prover.results import Amount, Finding, Heuristic, Point, Proof, Result, SolverRun
from suffice.prover.search import Candidate, Search, search
from suffice.prover.solvers import confirm

Progress = Callable[[str, float], None]

DEFAULT_TIMEOUT = 60.0
"""Seconds for one format."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long, and whether to go on after the first proof."""

    timeout: float = DEFAULT_TIMEOUT
    run_all: bool = False


@dataclass(slots=True)
class Attempt:
    """The work on one case: what was found by whom, and what is left to know about the problem."""

    case: Case
    dossier: Dossier
    bounds: RangeBounds
    deadline: float
    run_all: bool
    findings: list[Finding] = field(default_factory=list)

    def record(self, strategy: str, start: float, bound: str = "", note: str = "") -> None:
        """Note what a strategy established."""
        claim = self.dossier.claims.get(bound)
        seconds = time.monotonic() - start
        if claim is None:
            self.findings.append(Finding(strategy=strategy, seconds=seconds, note=note))
            return
        self.findings.append(
            Finding(strategy=strategy, bound=bound, statement=claim.statement, value=_amount(claim.value), seconds=seconds, note=note)
        )


def prove(
    problem: Problem, formats: Sequence[Asked], *, timeout: float | None = None, run_all: bool = False, progress: Progress | None = None
) -> Proof:
    """A proved verdict for each format, or `undecided` with the bracket that is known. Raises SufficeError for what cannot be asked."""
    if problem.tolerance is None:
        raise InputError("the problem has no tolerance", mend="add --eps, or eps in the problem file")
    options = Options(DEFAULT_TIMEOUT if timeout is None else timeout, run_all)
    bounds = range_bounds(problem.expression, problem.box)
    heuristic = peak_curvature_bits(problem)
    results = []
    for k, asked in enumerate(formats):
        if progress:
            progress(asked.name, k / len(formats))
        results.append(_prove_one(problem, asked, bounds, heuristic, options))
    return Proof(problem=problem, results=tuple(_confirmed(results)))


def _confirmed(results: list[Result]) -> list[Result]:
    """Every script of every certificate, put to both solvers at once."""
    scripts = [script.script for result in results for script in result.certificate.smt]
    answers = iter(confirm(scripts))
    confirmed = []
    for result in results:
        runs: list[SolverRun] = [run for _ in result.certificate.smt for run in next(answers)]
        confirmed.append(replace(result, solvers=tuple(runs)))
    return confirmed


def _prove_one(problem: Problem, asked: Asked, bounds: RangeBounds, heuristic: Heuristic | None, options: Options) -> Result:
    start = time.monotonic()
    case = open_case(problem, asked, bounds)
    attempt = Attempt(case, Dossier(case), bounds, start + options.timeout, options.run_all)
    note = _work(attempt)
    cross_check(attempt)
    certificate = attempt.dossier.certificate()
    return Result(
        format=asked.name,
        formats=certificate.formats,
        verdict=certificate.verdict,
        statement=certificate.statement,
        possible=certificate.possible,
        certificate=certificate,
        digest=digest(certificate),
        seconds=time.monotonic() - start,
        heuristic=heuristic,
        findings=tuple(attempt.findings),
        note=note if certificate.verdict is Verdict.UNDECIDED else "",
        **_numbers(attempt.dossier),
    )


def open_case(problem: Problem, asked: Asked, bounds: RangeBounds) -> Case:
    """The case of one choice of formats, with scales for free integer codes."""
    if isinstance(asked.output, CodeFormat):
        asked = replace(asked, input=EXACT if isinstance(asked.input, CodeFormat) else asked.input, compute=EXACT)
    ranges: list[Interval | None] = [None] * len(problem.expression.nodes)
    if any(is_free(fmt) for fmt in (asked.input, asked.compute, asked.output)):
        with suppress(DomainError):
            ranges = [*node_enclosures(problem.expression, problem.box)[:-1], bounds.outside]
    return make_case(problem, asked, ranges)


def _work(attempt: Attempt) -> str:
    """Run strategies in order until one decides; the reason why none did."""
    dossier, case = attempt.dossier, attempt.case
    _count(attempt)
    if _is_done(attempt):
        return ""
    found = _search(attempt)
    if attempt.run_all:
        _try_laws(attempt, "laws", [*along_segments(case, precision_for(attempt)), *_cell_laws(attempt, found)])
    if _is_done(attempt):
        return ""
    reason = "the formats leave the program open"
    if case.has_program and (attempt.run_all or not dossier.exceeds("floor")):
        reason = ""
        if not dossier.exceeds("witness_error"):
            reason = _cover(attempt, "error bound", ideal=False)
        if not dossier.meets("error_bound") and not dossier.exceeds("floor"):
            reason = _cover(attempt, "ideal algorithm", ideal=True) or reason
    return reason


def _is_done(attempt: Attempt) -> bool:
    return not attempt.run_all and attempt.dossier.exceeds("floor")


def _count(attempt: Attempt) -> None:
    """T3, which needs no more than two points."""
    _try_laws(attempt, "counting", counting(attempt.case, attempt.bounds, precision_for(attempt)))


def _try_laws(attempt: Attempt, strategy: str, laws: list[Law]) -> None:
    start = time.monotonic()
    for law in laws:
        if attempt.dossier.offer("floor", law.evidence) is not None and law.name == "count":
            break
    attempt.record(strategy, start, "floor")


def _cell_laws(attempt: Attempt, found: Search) -> list[Law]:
    return inside_cell(attempt.case, found.pairs[0].points[0], precision_for(attempt)) if found.pairs else []


def _search(attempt: Attempt) -> Search:
    """Enumeration or sampling, then confirmation of the best pairs and runs."""
    start = time.monotonic()
    case = attempt.case
    found = Search((), (), False, 0)
    if can_emulate(tuple(fmt for fmt in (*case.inputs.values(), *case.nodes, case.output) if not is_free(fmt))):
        found = search(case)
    leading = leading_points(case, attempt.bounds)
    pairs = (*found.pairs, *(Candidate(points, 0.0) for points in leading))
    strategy = f"enumeration of {found.sites} codes" if found.complete else "witness search"
    _confirm(attempt, "floor", pairs)
    attempt.record(strategy, start, "floor")
    if case.has_program and (attempt.run_all or not attempt.dossier.exceeds("floor")):
        start = time.monotonic()
        runs = (*found.runs, *(Candidate((point,), 0.0) for points in leading for point in points))
        _confirm(attempt, "witness_error", runs)
        attempt.record("runs", start, "witness_error")
    return found


def _confirm(attempt: Attempt, bound: str, candidates: Sequence[Candidate]) -> None:
    """Offer candidates to the kernel, best first, with more precision where the first does not resolve f."""
    precision = precision_for(attempt)
    for candidate in candidates:
        points = [write_point(point) for point in candidate.points]
        evidence: dict[str, Any] = {"kind": "pair", "points": points, "precision": precision}
        if bound == "witness_error":
            evidence = {"kind": "run", "point": points[0], "precision": precision}
        attempt.dossier.offer(bound, evidence)


def precision_for(attempt: Attempt) -> int:
    """Fixed-point bits that resolve the threshold, the inputs' last places and the smallest values of f."""
    smallest = [attempt.case.question.threshold or Fraction(1)]
    values = (attempt.bounds.lowest.value, attempt.bounds.highest.value, attempt.bounds.outside)
    smallest += [abs(end) for value in values for end in (value.lo, value.hi) if end]
    if attempt.case.question.is_relative:
        smallest.append(attempt.case.question.threshold * min(smallest))
    bits = max(0, -min(value.numerator.bit_length() - value.denominator.bit_length() for value in smallest))
    significand = max((getattr(fmt, "p", 0) for fmt in (*attempt.case.inputs.values(), attempt.case.output)), default=0)
    return min(MAX_PRECISION, 64 * -(-(64 + bits + 2 * significand) // 64))


def _cover(attempt: Attempt, strategy: str, *, ideal: bool) -> str:
    """A cover whose leaves all meet the threshold; the reason if there is none."""
    start = time.monotonic()
    bound = "floor_upper" if ideal else "error_bound"
    precision = precision_for(attempt)
    built = build_cover(
        attempt.case, ideal=ideal, target=attempt.dossier.threshold, precision=precision, deadline=attempt.deadline
    )
    if isinstance(built, CoverFailed):
        where = ", ".join(f"{name} in [{float(lo):.6g}, {float(hi):.6g}]" for name, (lo, hi) in built.leaf.items())
        attempt.record(strategy, start, note=f"{built.reason} at {where}")
        return f"{built.reason} at {where}"
    attempt.dossier.accept(bound, built.evidence, built.derivation)
    attempt.record(strategy, start, bound)
    return ""


def _amount(value: Fraction | str) -> Amount:
    return value if isinstance(value, Fraction) else "infinite"


def _numbers(dossier: Dossier) -> dict[str, Any]:
    """The bracket and its witnesses, as the claims hold them."""
    result: dict[str, Any] = {bound: dossier.value(bound) for bound in ("floor", "floor_upper", "error_bound", "witness_error")}
    floor, error = dossier.claims.get("floor"), dossier.claims.get("witness_error")
    points = [_read_point(point) for point in floor.evidence["points"]] if floor and floor.evidence["kind"] == "pair" else []
    if len(points) == 2:
        result["witness_pair"] = tuple(points)
    if error and not dossier.exceeds("floor"):
        result["witness"] = _read_point(error.evidence["point"])
    elif len(points) == 1:
        result["witness"] = points[0]
    return result


def _read_point(point: dict[str, str]) -> Point:
    return {name: Fraction(x) for name, x in point.items()}


def cross_check(attempt: Attempt) -> None:
    """mpmath against Arb at every point that the claims rest on, and the two sides of each bracket against each other."""
    problem, dossier = attempt.case.problem, attempt.dossier
    for claim in dossier.claims.values():
        points = claim.evidence.get("points", [claim.evidence["point"]] if "point" in claim.evidence else [])
        for point in points:
            where = _read_point(point)
            crosscheck_value(problem.expression, where, enclose_at(problem.expression, where))
    for lower, upper in (("floor", "floor_upper"), ("floor", "error_bound"), ("witness_error", "error_bound")):
        low, high = dossier.value(lower), dossier.value(upper)
        if low is not None and isinstance(high, Fraction) and (isinstance(low, str) or low > high):
            raise DisagreementError(f"{lower} {low} lies above {upper} {high}", where=problem.name)
