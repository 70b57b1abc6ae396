"""The smallest tolerance for which a format is proved enough, and the tolerances below which it is proved not to be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.enclosures.bounds import RangeBounds, range_bounds
from suffice.encodings.problem import Problem
from suffice.encodings.readers.numbers import read_number
from suffice.proofs.certificate import Certificate
from suffice.proofs.decimals import decimal_above, decimal_below
from suffice.prover.attempts import (
    DEFAULT_TIMEOUT,
    ENGINE,
    THOROUGH,
    Attempt,
    cross_check,
    find_runs,
    open_case,
    precision_for,
    search_and_confirm,
    tightest_cover,
    try_counting,
    try_laws,
    try_range,
)
from suffice.prover.case import Asked
from suffice.prover.dossier import Dossier
from suffice.prover.error_bounds import NEAR, evidence_of, search_bound, towards_run
from suffice.prover.portfolio import Progress
from suffice.prover.restating import at_threshold, restated_claims

DIGITS = 6
"""Tolerances are stated in so many significant decimal digits, rounded to the safe side."""

_SECONDS_OF_RUNS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A tolerance in few digits, and the certificate of what holds there."""

    threshold: Fraction
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """What is proved of one format at the tolerances nearest to where the verdict turns; None: nothing of the kind is proved.

    The program is enough at `sufficient` and at every larger tolerance, and fails at `insufficient` and at every smaller one; some
    algorithm is within `possible` and every larger tolerance, and none is within `impossible` or a smaller one. That is so by the
    definition of the verdicts, so that one certificate each says it. `always_fails`: a run ends in an infinity or NaN, so that the
    program fails at every tolerance; `insufficient` is one of them.
    """

    format: str
    sufficient: Reached | None
    insufficient: Reached | None
    possible: Reached | None
    impossible: Reached | None
    always_fails: bool
    seconds: float
    note: str = ""

    @property
    def certificates(self) -> dict[str, Certificate]:
        """Each certificate once, by the first thing that it proves."""
        named = {name: getattr(self, name) for name in ("sufficient", "insufficient", "possible", "impossible")}
        found: dict[str, Certificate] = {}
        for name, reached in named.items():
            if reached is not None and reached.certificate not in found.values():
                found[name] = reached.certificate
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestTolerances:
    """The answer for several formats."""

    problem: Problem
    results: tuple[Tolerances, ...]


def smallest_tolerances(
    problem: Problem, formats: Sequence[Asked], *, timeout: float | None = None, progress: Progress | None = None
) -> SmallestTolerances:
    """For each format the smallest tolerance proved enough. The problem's own says only whether errors are relative.

    Raises SufficeError.
    """
    relative = problem.tolerance is not None and problem.tolerance.is_relative
    problem = at_threshold(problem, Fraction(int(relative)))
    bounds = range_bounds(problem.expression, problem.box, preconditions=problem.preconditions)
    results = []
    for k, asked in enumerate(formats):
        if progress:
            progress(asked.name, k / len(formats))
        results.append(_tolerances(problem, asked, bounds, DEFAULT_TIMEOUT if timeout is None else timeout))
    return SmallestTolerances(problem=problem, results=tuple(results))


def _tolerances(problem: Problem, asked: Asked, bounds: RangeBounds, seconds: float) -> Tolerances:
    start = time.monotonic()
    case = open_case(problem, asked, bounds)
    attempt = Attempt(case, Dossier(case), bounds, start + seconds, run_all=True)
    note = _bracket(attempt)
    cross_check(attempt)
    value, restated = attempt.dossier.value, _Restated(attempt)
    attainable = [bound for bound in (value("error_bound"), value("floor_upper")) if isinstance(bound, Fraction)]
    possible = _above(min(attainable, default=None))
    always_fails = value("witness_error") == "infinite"
    return Tolerances(
        format=asked.name,
        sufficient=restated.at(_above(value("error_bound"))),
        insufficient=restated.at(possible or Fraction(1) if always_fails else _below(value("witness_error"))),
        possible=restated.at(possible),
        impossible=restated.at(_below(value("floor"))),
        always_fails=always_fails,
        seconds=time.monotonic() - start,
        note=note,
    )


def _bracket(attempt: Attempt) -> str:
    """Both brackets as tight as the effort reaches; the reason where the program has no error bound."""
    case, dossier = attempt.case, attempt.dossier
    try_range(attempt)
    try_counting(attempt)
    try_laws(attempt, search_and_confirm(attempt))
    if not case.has_program:
        return "the formats leave the program open"
    precision = precision_for(attempt)
    bounded = search_bound(case, ENGINE, precision)
    find_runs(attempt, bounded, seconds=_SECONDS_OF_RUNS)
    reached = dossier.value("witness_error")
    if isinstance(reached, Fraction) and reached:
        bounded = towards_run(case, bounded, reached, precision)
    if bounded.value is not None:
        dossier.offer("error_bound", evidence_of(bounded, case, precision))
    if attempt.enumerated:
        tightest_cover(attempt, THOROUGH, ideal=False)
    if not _meet(dossier):
        tightest_cover(attempt, THOROUGH, ideal=True)
    if dossier.value("error_bound") is not None:
        return ""
    return "a run ends in an infinity or NaN" if reached == "infinite" else f"no error bound was found at {bounded.where()}"


def _meet(dossier: Dossier) -> bool:
    """Whether the program is proved to be about as good as any algorithm, so that nothing more can be said of the best one."""
    floor, error = dossier.value("floor") or Fraction(0), dossier.value("error_bound")
    return isinstance(floor, Fraction) and isinstance(error, Fraction) and error <= floor * NEAR


class _Restated:
    """Certificates of the same claims at other tolerances, each made once."""

    def __init__(self, attempt: Attempt) -> None:
        self._problem = attempt.case.problem
        self._whole = attempt.dossier.certificate()
        self._known: dict[Fraction, Reached] = {}

    def at(self, threshold: Fraction | None) -> Reached | None:
        """What is proved with this tolerance."""
        if threshold is None:
            return None
        if threshold not in self._known:
            certificate = restated_claims(self._whole, at_threshold(self._problem, threshold)).certificate()
            self._known[threshold] = Reached(threshold=threshold, certificate=certificate)
        return self._known[threshold]


def _above(bound: Fraction | str | None) -> Fraction | None:
    """The smallest decimal of DIGITS digits at or above an upper bound."""
    return read_number(decimal_above(bound, DIGITS)) if isinstance(bound, Fraction) else None


def _below(bound: Fraction | str | None) -> Fraction | None:
    """A decimal of DIGITS digits, or one digit more, below a lower bound; None where there is no positive one."""
    if not isinstance(bound, Fraction) or bound <= 0:
        return None
    found = read_number(decimal_below(bound, DIGITS))
    return found if found < bound else read_number(decimal_below(bound * (1 - Fraction(1, 10**DIGITS)), DIGITS))
