"""`bounds`: what is known of a function on a box and of the error in each format, no tolerance asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from suffice.encodings.enclosures.bounds import curvature_bounds, range_bounds, slope_bounds
from suffice.encodings.enclosures.extrema import SlopeBounds
from suffice.encodings.problem import Problem, Tolerance
from suffice.errors import DomainError
from suffice.proofs.certificate import Certificate
from suffice.prover.attempts import (
    CONFIRMED_SECONDS,
    DEFAULT_TIMEOUT,
    ENGINE,
    THOROUGH,
    Attempt,
    amount,
    cross_check,
    find_runs,
    open_case,
    precision_for,
    read_point,
    search_and_confirm,
    tightest_cover,
)
from suffice.prover.case import Asked, Case
from suffice.prover.dossier import Dossier
from suffice.prover.error_bounds import NEAR, Bounded, evidence_of, kernel_seconds, search_bound, towards_run
from suffice.prover.portfolio import Progress
from suffice.prover.results import Bounds, FormatBounds
from suffice.prover.run_steps import steps_of_run
from suffice.prover.search import is_listable
from suffice.prover.shares import shares_of

_SECONDS_OF_SEARCH = 3.0
"""For the run that nearly reaches the bound."""


def bounds(
    problem: Problem, formats: Sequence[Asked], *, timeout: float | None = None, explain: bool = False, certify: bool = False,
    progress: Progress | None = None,
) -> Bounds:  # fmt: skip
    """Range, slopes and curvatures on the box, and in each format the error bound with a run that nearly reaches it.

    `explain` adds the roundings' shares, the steps of the run, and the floor of every algorithm; `certify` a certificate that the bound
    as a tolerance is enough.
    With a relative tolerance errors are relative; with any other, or none, they are absolute. Raises SufficeError.
    """
    if problem.tolerance is None or not problem.tolerance.is_relative:
        problem = replace(problem, tolerance=Tolerance(absolute=Fraction(0)))
    values = range_bounds(problem.expression, problem.box, preconditions=problem.preconditions)
    slopes = _each(slope_bounds, problem)
    curvatures = _each(curvature_bounds, problem)
    results = []
    for k, asked in enumerate(formats):
        if progress:
            progress(asked.name, k / len(formats))
        start = time.monotonic()
        case = open_case(problem, asked, values)
        attempt = Attempt(case, Dossier(case), values, start + (DEFAULT_TIMEOUT if timeout is None else timeout), run_all=True)
        results.append(_bracket(asked.name, attempt, start, explain=explain, certify=certify))
    return Bounds(
        problem=problem,
        range=(values.outside.lo, values.outside.hi),
        lipschitz={name: found.peak.upper if found else None for name, found in slopes.items()},
        curvature_floor={name: found.floor.lower if found and found.signed else None for name, found in curvatures.items()},
        curvature_peak={name: found.peak.upper if found else None for name, found in curvatures.items()},
        results=tuple(results),
    )


def _each(find: Callable[..., dict[str, SlopeBounds]], problem: Problem) -> dict[str, SlopeBounds | None]:
    try:
        found = find(problem.expression, problem.box, preconditions=problem.preconditions)
    except DomainError:
        found = {}
    return {name: found.get(name) for name in problem.box}


def _bracket(name: str, attempt: Attempt, start: float, *, explain: bool, certify: bool) -> FormatBounds:
    """Both sides for one format."""
    case = attempt.case
    if not case.has_program:
        return FormatBounds(
            format=name, error_bound=None, witness_error=None, witness=None, leaves=0, seconds=time.monotonic() - start,
            note="the formats leave the program open",
        )  # fmt: skip
    effort = replace(ENGINE, seconds=min(ENGINE.seconds, max(attempt.deadline - start, 0.0)))
    bounded = search_bound(case, effort, precision_for(attempt))
    if explain or is_listable(case):
        search_and_confirm(attempt)
    find_runs(attempt, bounded, seconds=_SECONDS_OF_SEARCH)
    reached = attempt.dossier.value("witness_error")
    if isinstance(reached, Fraction) and reached:
        bounded = towards_run(case, bounded, reached, precision_for(attempt))
    upper, leaves, checked = _upper(attempt, bounded, certify=certify)
    cross_check(attempt)
    error, floor = attempt.dossier.claims.get("witness_error"), attempt.dossier.value("floor")
    point = read_point(error.evidence["point"]) if error else None
    return FormatBounds(
        format=name,
        error_bound=upper,
        witness_error=amount(error.value) if error else None,
        witness=point,
        leaves=leaves,
        checked=checked,
        bound_seconds=bounded.seconds,
        seconds=time.monotonic() - start,
        shares=shares_of(case, bounded) if explain and bounded.value is not None else (),
        run=steps_of_run(case, point) if explain and point is not None else (),
        floor=floor if isinstance(floor, Fraction) else None,
        certificate=_certificate(attempt) if certify else None,
        note="" if upper is not None else _why_unbounded(attempt, bounded),
    )


def _certificate(attempt: Attempt) -> Certificate | None:
    """The claims again, with the error bound as the tolerance."""
    bound, case = attempt.dossier.value("error_bound"), attempt.case
    if not isinstance(bound, Fraction):
        return None
    tolerance = case.problem.tolerance
    relative = tolerance is not None and tolerance.is_relative
    allowed = Tolerance(absolute=Fraction(0), relative=bound) if relative else Tolerance(absolute=bound)
    dossier = Dossier(Case(problem=replace(case.problem, tolerance=allowed), formats=case.formats))
    for name in ("error_bound", "witness_error"):
        if name in attempt.dossier.claims:
            dossier.accept(name, attempt.dossier.claims[name].evidence, attempt.dossier.derivations[name])
    return dossier.certificate()


def _upper(attempt: Attempt, bounded: Bounded, *, certify: bool) -> tuple[Fraction | None, int, bool]:
    """The bound, the leaves of its cover, and whether the kernel derived it too."""
    case, dossier = attempt.case, attempt.dossier
    if bounded.value is not None and (certify or kernel_seconds(bounded, case) <= CONFIRMED_SECONDS):
        dossier.offer("error_bound", evidence_of(bounded, case, precision_for(attempt)))
    reached = dossier.value("witness_error")
    if attempt.enumerated and (bounded.value is None or (isinstance(reached, Fraction) and bounded.value > reached * NEAR)):
        tightest_cover(attempt, THOROUGH, ideal=False)
    derived = dossier.value("error_bound")
    if isinstance(derived, Fraction) and (bounded.value is None or derived <= bounded.value * NEAR):
        return derived, dossier.derivations["error_bound"].leaves, True
    return bounded.value, bounded.leaves if bounded.value is not None else 0, False


def _why_unbounded(attempt: Attempt, bounded: Bounded) -> str:
    """Where no bound was found, or the run that fails."""
    if attempt.dossier.value("witness_error") == "infinite":
        return "that run ends in an infinity or NaN"
    tolerance, values = attempt.case.problem.tolerance, attempt.bounds.outside
    if tolerance is not None and tolerance.is_relative and values.lo <= 0 <= values.hi:
        return "f is zero in the box, or comes near zero, where no relative error is bounded; ask without --relative, or on another box"
    return f"no bound was found at {bounded.where()}"
