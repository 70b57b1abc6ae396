"""`bounds`: what is known of a function on a box and of the error in each format, no tolerance asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from suffice.encodings.enclosures.bounds import curvature_bounds, range_bounds, slope_bounds
from suffice.encodings.enclosures.extrema import SlopeBounds
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Problem, Tolerance
from suffice.errors import DomainError
from suffice.prover.attempts import (
    DEFAULT_TIMEOUT,
    THOROUGH,
    Attempt,
    amount,
    cross_check,
    open_case,
    read_point,
    search_and_confirm,
    tightest_cover,
)
from suffice.prover.case import Asked
from suffice.prover.dossier import Dossier
from suffice.prover.portfolio import Progress
from suffice.prover.results import Bounds, FormatBounds


def bounds(problem: Problem, formats: Sequence[Asked], *, timeout: float | None = None, progress: Progress | None = None) -> Bounds:
    """Range, slopes and curvatures on the box, and in each format the error bound with a run that nearly reaches it.

    With a relative tolerance errors are relative; with any other, or none, they are absolute. Raises SufficeError.
    """
    if problem.tolerance is None or not problem.tolerance.is_relative:
        problem = replace(problem, tolerance=Tolerance(absolute=Fraction(0)))
    values = range_bounds(problem.expression, problem.box)
    slopes = _each(slope_bounds, problem)
    curvatures = _each(curvature_bounds, problem)
    results = []
    for k, asked in enumerate(formats):
        if progress:
            progress(asked.name, k / len(formats))
        start = time.monotonic()
        case = open_case(problem, asked, values)
        attempt = Attempt(case, Dossier(case), values, start + (DEFAULT_TIMEOUT if timeout is None else timeout), run_all=True)
        search_and_confirm(attempt)
        note = tightest_cover(attempt, THOROUGH, ideal=False) if case.has_program else "the formats leave the program open"
        cross_check(attempt)
        results.append(_bracket(asked.name, attempt, time.monotonic() - start, note))
    return Bounds(
        problem=problem,
        range=(values.outside.lo, values.outside.hi),
        lipschitz={name: found.peak.upper if found else None for name, found in slopes.items()},
        curvature_floor={name: found.floor.lower if found and found.signed else None for name, found in curvatures.items()},
        curvature_peak={name: found.peak.upper if found else None for name, found in curvatures.items()},
        results=tuple(results),
    )


def _each(find: Callable[[Expression, Box], dict[str, SlopeBounds]], problem: Problem) -> dict[str, SlopeBounds | None]:
    try:
        found = find(problem.expression, problem.box)
    except DomainError:
        found = {}
    return {name: found.get(name) for name in problem.box}


def _bracket(name: str, attempt: Attempt, seconds: float, note: str) -> FormatBounds:
    dossier = attempt.dossier
    error = dossier.claims.get("witness_error")
    upper = dossier.value("error_bound")
    derived = dossier.derivations.get("error_bound")
    return FormatBounds(
        format=name,
        error_bound=upper if isinstance(upper, Fraction) else None,
        witness_error=amount(error.value) if error else None,
        witness=read_point(error.evidence["point"]) if error else None,
        leaves=derived.leaves if derived else 0,
        seconds=seconds,
        note="" if derived else note,
    )
