"""The staircase: for each of several tolerances the significands that are proved impossible, possible and sufficient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.problem import Problem
from suffice.proofs.certificate import Verdict
from suffice.prover.case import Asked
from suffice.prover.portfolio import Progress, prove
from suffice.prover.restating import at_threshold, restated
from suffice.prover.results import Result
from suffice.prover.significand import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """One scan of p for each tolerance, the largest tolerance first.

    Between two tolerances more is known than at them: what is impossible at one is so at every smaller one, and what is sufficient or
    possible at one is so at every larger one, by the definition of the verdicts.
    """

    problem: Problem
    thresholds: tuple[Fraction, ...]
    scans: tuple[Scan, ...]

    @property
    def is_relative(self) -> bool:
        """Whether the tolerances are relative."""
        tolerance = self.scans[0].problem.tolerance
        return tolerance is not None and tolerance.is_relative


def staircase(
    problem: Problem, thresholds: Sequence[Fraction], formats: Sequence[Asked], *, timeout: float | None = None,
    progress: Progress | None = None,
) -> Staircase:  # fmt: skip
    """A scan of p = 1, 2, ... for every tolerance; `formats[p - 1]` is the format of p.

    Bounds found at a larger tolerance are put to the kernel again at a smaller one before anything is searched anew. Raises SufficeError.
    """
    ordered = sorted(set(thresholds), reverse=True)
    found: dict[str, Result] = {}
    scans = []
    for k, threshold in enumerate(ordered):
        told = _within(progress, k, len(ordered))
        scans.append(_scan(at_threshold(problem, threshold), formats, found, timeout, told))
        found |= {result.format: result for result in scans[-1].results}
    return Staircase(problem=problem, thresholds=tuple(ordered), scans=tuple(scans))


def _scan(problem: Problem, formats: Sequence[Asked], found: dict[str, Result], timeout: float | None, progress: Progress | None) -> Scan:
    known: dict[str, Result] = {}
    asked: list[Asked] = []
    for fmt in formats:
        again = restated(found[fmt.name], problem) if fmt.name in found else None
        if again is None:
            asked.append(fmt)
            continue
        known[fmt.name] = again
        if again.verdict is Verdict.SUFFICIENT:
            break
    proof = prove(problem, asked, timeout=timeout, progress=progress, until=Verdict.SUFFICIENT) if asked else None
    known |= {result.format: result for result in proof.results} if proof else {}
    results: list[Result] = []
    for fmt in formats:
        results.append(known[fmt.name])
        if results[-1].verdict is Verdict.SUFFICIENT:
            break
    return Scan(problem=problem, quantity="p", values=tuple(range(1, len(results) + 1)), results=tuple(results))


def _within(progress: Progress | None, done: int, count: int) -> Progress | None:
    """What one tolerance tells of, as a part of the whole."""
    if progress is None:
        return None

    def tell(stage: str, fraction: float) -> None:
        progress(stage, (done + fraction) / count)

    return tell
