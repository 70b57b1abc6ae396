"""Single small sizes in the gaps between regions: members written out, and proved like single problems (docs/theory.md, Families: F11)."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from suffice.encodings.enclosures.bounds import range_bounds
from suffice.encodings.family import Family
from suffice.encodings.instances import common_box, instance
from suffice.encodings.problem import Box, Problem
from suffice.errors import SufficeError
from suffice.proofs.certificate import Verdict
from suffice.prover.attempts import Attempt, find_runs, open_case, precision_for
from suffice.prover.dossier import Dossier
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import search_bound
from suffice.prover.families.desk import Desk
from suffice.prover.families.extents import Extent
from suffice.prover.families.proposals import covers_of
from suffice.prover.families.results import ProvedRegion
from suffice.prover.families.survey import Survey

MOST_STEPS = 16
"""Members with more steps are left to evidence about many sizes."""

_SECONDS = 20.0
"""For one member."""

_BOUND_SECONDS = 1.5
"""For the error bound that says where to look for runs."""


def fill_gaps(survey: Survey, desk: Desk) -> None:
    """Prove what can be proved of single sizes that no region covers, as long as there is time. Parameters must be known there."""
    if not desk.case.has_program:
        return
    gaps, survey.gaps = survey.gaps, []
    waiting = sum(len(_small_sizes(gap)) for gap in gaps)
    for gap in gaps:
        rest: list[Extent] = [gap]
        for size in _small_sizes(gap):
            found = _prove_member(desk, Extent(gap.parameters, (size, size)), waiting)
            waiting -= 1
            if found is not None:
                survey.regions.append(found)
                rest = [*rest[:-1], *_without(rest[-1], size)]
        survey.gaps += rest


def needs_members(family: Family) -> bool:
    """Whether single sizes are all that can be proved: the steps of the fold are no sums."""
    return family.fold is not None and family.fold.is_step


def _small_sizes(gap: Extent) -> range:
    """The sizes of a gap that are written out."""
    if gap.sizes is None or any(side.lo < side.hi for side in gap.parameters.values()):
        return range(0)
    low, high = gap.sizes
    return range(low, min(MOST_STEPS, MOST_STEPS if high is None else high) + 1)


def _without(extent: Extent, size: int) -> list[Extent]:
    """What is left of an extent below and above a size."""
    assert extent.sizes is not None
    low, high = extent.sizes
    below = [Extent(extent.parameters, (low, size - 1))] if low < size else []
    return [*below, *([Extent(extent.parameters, (size + 1, high))] if high is None or size < high else [])]


def _prove_member(desk: Desk, extent: Extent, waiting: int) -> ProvedRegion | None:
    """The region of one size: runs first, then covers; `waiting` members share the time that is left."""
    start = time.monotonic()
    seconds = min(_SECONDS, (desk.deadline - start) / waiting)
    if seconds <= 0:
        return None
    with suppress(SufficeError):
        attempt = _attempt(desk, extent, start + seconds)
        bounded = search_bound(attempt.case, Effort(seconds=min(_BOUND_SECONDS, seconds / 4)), precision_for(attempt))
        find_runs(attempt, bounded, seconds=seconds / 2)
        if attempt.dossier.exceeds("witness_error"):
            run = attempt.dossier.claims["witness_error"].evidence
            return desk.offer(extent, Verdict.INSUFFICIENT, _of_member(run), start)
        return desk.first_proved(extent, Verdict.SUFFICIENT, map(_of_member, covers_of(attempt)))
    return None


def _of_member(evidence: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "member", "of": evidence}


def _attempt(desk: Desk, extent: Extent, deadline: float) -> Attempt:
    """The member as an ordinary question in the family's formats."""
    problem = _problem(desk, extent)
    known = range_bounds(problem.expression, problem.box, preconditions=problem.preconditions)
    case = open_case(problem, replace(desk.case.asked.asked, override=False), known)
    return Attempt(case, Dossier(case), known, deadline, run_all=False)


def _problem(desk: Desk, extent: Extent) -> Problem:
    """The member, its box with every input, as the kernel has it."""
    family, fold = desk.case.family, desk.case.family.fold
    assert fold is not None
    assert extent.sizes is not None
    size = extent.sizes[0]
    parameters = {name: side.lo for name, side in extent.parameters.items()}
    problem = instance(family, parameters, size, desk.case.formats.accumulate)
    box: Box = {}
    for name, side in common_box(family, extent.parameters).items():
        box |= {f"{name}_{step}": side for step in range(1, size + 1)} if name in fold.elements else {name: side}
    return replace(problem, box=box)
