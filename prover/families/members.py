"""Single small sizes in the gaps between regions: members written out, and proved like single problems (docs/theory.md, Families: F11)."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from suffice.encodings.instances import common_box, instance
from suffice.encodings.problem import Box, Problem
from suffice.errors import SufficeError
from suffice.proofs.certificate import Verdict
from suffice.proofs.evidence import evidence_to_json
from suffice.prover.families.desk import BOUNDS, Desk
from suffice.prover.families.extents import Extent
from suffice.prover.families.results import ProvedRegion
from suffice.prover.families.survey import Survey
from suffice.prover.portfolio import prove

MOST_STEPS = 16
"""Members with more steps are left to evidence about many sizes."""

_SECONDS = 30.0
"""For one member."""


def fill_gaps(survey: Survey, desk: Desk) -> None:
    """Prove what can be proved of single sizes that no region covers, as long as there is time. Parameters must be known there."""
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
    """The region of one size, by what the strategies for single problems find; `waiting` members share the time that is left."""
    start = time.monotonic()
    seconds = min(_SECONDS, (desk.deadline - start) / waiting)
    if seconds <= 0:
        return None
    with suppress(SufficeError):
        verdict, evidence = _searched(desk, extent, seconds)
        if evidence is not None:
            return desk.offer(extent, verdict, {"kind": "member", "of": evidence}, start)
    return None


def _searched(desk: Desk, extent: Extent, seconds: float) -> tuple[Verdict, Any]:
    """The verdict for the member of an extent, and the evidence that it rests on."""
    asked = replace(desk.case.asked.asked, override=False)
    result = prove(_problem(desk, extent), [asked], timeout=seconds).results[0]
    bound = BOUNDS.get(result.verdict)
    claim = next((claim for claim in result.certificate.claims if claim.bound.value == bound), None)
    return result.verdict, evidence_to_json(claim.evidence) if claim else None


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
