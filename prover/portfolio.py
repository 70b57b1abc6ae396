"""The portfolio: cheap strategies before dear ones, each an offer to the kernel, until the verdict is proved."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from suffice.encodings.enclosures.bounds import RangeBounds, range_bounds
from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.proofs.certificate import Verdict, digest
from suffice.prover.attempts import (
    DEFAULT_TIMEOUT,
    Attempt,
    cross_check,
    find_cover,
    open_case,
    read_point,
    search_and_confirm,
    try_counting,
    try_laws,
    try_range,
)  # fmt: skip
from suffice.prover.bit_precise import seconds_of_solvers, try_bit_precise
from suffice.prover.case import Asked
from suffice.prover.dossier import Dossier
from suffice.prover.heuristic import peak_curvature_bits
from suffice.prover.results import Heuristic, Proof, Result, SolverRun
from suffice.prover.solvers import confirm

Progress = Callable[[str, float], None]


def prove(
    problem: Problem, formats: Sequence[Asked], *, timeout: float | None = None, run_all: bool = False, progress: Progress | None = None,
    until: Verdict | None = None,
) -> Proof:  # fmt: skip
    """A proved verdict for each format, or `undecided` with the bracket that is known; stops after the first that has the verdict `until`.

    `timeout` is in seconds for each format. Raises SufficeError for what cannot be asked.
    """
    if problem.tolerance is None:
        raise InputError("the problem has no tolerance", mend="add --eps, or eps in the problem file")
    bounds = range_bounds(problem.expression, problem.box, preconditions=problem.preconditions)
    heuristic = peak_curvature_bits(problem)
    results: list[Result] = []
    for k, asked in enumerate(formats):
        if progress:
            progress(asked.name, k / len(formats))
        deadline = time.monotonic() + (DEFAULT_TIMEOUT if timeout is None else timeout)
        results.append(_prove_one(problem, asked, bounds, heuristic, deadline, run_all=run_all))
        if results[-1].verdict is until:
            break
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


def _prove_one(
    problem: Problem, asked: Asked, bounds: RangeBounds, heuristic: Heuristic | None, deadline: float, *, run_all: bool
) -> Result:
    start = time.monotonic()
    case = open_case(problem, asked, bounds)
    attempt = Attempt(case, Dossier(case), bounds, deadline, run_all)
    note = _work(attempt)
    cross_check(attempt)
    result = result_of(asked.name, attempt.dossier, start)
    is_open = result.verdict is Verdict.UNDECIDED
    return replace(result, heuristic=heuristic, findings=tuple(attempt.findings), note=note if is_open else "")


def result_of(name: str, dossier: Dossier, start: float) -> Result:
    """The certificate of all claims, made now, as the answer for the format of this name; `start` is when work on it began."""
    certificate = dossier.certificate()
    return Result(
        format=name,
        formats=certificate.formats,
        verdict=certificate.verdict,
        statement=certificate.statement,
        possible=certificate.possible,
        certificate=certificate,
        digest=digest(certificate),
        seconds=time.monotonic() - start,
        **_bracket(dossier),
    )


def _work(attempt: Attempt) -> str:
    """Run strategies in order until one decides; the reason why none did."""
    dossier, case = attempt.dossier, attempt.case

    def is_done() -> bool:
        return not attempt.run_all and dossier.exceeds("floor")

    for strategy in (try_range, try_counting):
        strategy(attempt)
        if is_done():
            return ""
    found = search_and_confirm(attempt)
    if attempt.run_all:
        try_laws(attempt, found)
    if is_done():
        return ""
    if not case.has_program:
        return "the formats leave the program open"
    reason = ""
    if not dossier.exceeds("witness_error"):
        reserved = seconds_of_solvers(attempt)
        attempt.deadline -= reserved
        reason = find_cover(attempt, ideal=False)
        attempt.deadline += reserved
    if attempt.run_all or not (dossier.exceeds("witness_error") or dossier.meets("error_bound")):
        try_bit_precise(attempt)
    if not dossier.meets("error_bound") and not dossier.exceeds("floor"):
        reason = find_cover(attempt, ideal=True) or reason
    return reason


def _bracket(dossier: Dossier) -> dict[str, Any]:
    """The bracket and its witnesses, as the claims hold them."""
    result: dict[str, Any] = {bound: dossier.value(bound) for bound in ("floor", "floor_upper", "error_bound", "witness_error")}
    floor, error = dossier.claims.get("floor"), dossier.claims.get("witness_error")
    points = [read_point(point) for point in floor.evidence["points"]] if floor and floor.evidence["kind"] == "pair" else []
    if len(points) == 2:
        result["witness_pair"] = tuple(points)
    if error and not dossier.exceeds("floor"):
        result["witness"] = read_point(error.evidence["point"])
    elif len(points) == 1:
        result["witness"] = points[0]
    return result
