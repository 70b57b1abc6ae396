"""Evidence to offer for regions of families without a fold, found by the strategies for single problems at the region's hardest member."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from suffice.errors import SufficeError
from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.proofs.certificate import Verdict
from suffice.prover.attempts import Attempt, find_runs, precision_for, search_and_confirm, try_counting, try_range
from suffice.prover.covers import CoverFound, build_cover
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import evidence_of, search_bound
from suffice.prover.families.desk import Desk, Searched
from suffice.prover.families.extents import Extent
from suffice.prover.families.question import bound_attempt, floor_attempt

Evidence = dict[str, Any]

_SEARCH_SECONDS = 2.5
"""For one error bound of one region."""

_GAPS = (0.1, 0.002)
"""How near to its own maximum a bound is brought, first roughly, then where the tolerance lies between."""

_NEAR = Fraction(3, 2)
"""Cells of several inputs are visited where S1 comes within this factor of the tolerance."""

_RUN_SECONDS = 1.5
_CELL_SECONDS = 4.0
_CELL_LEAVES = 4000
_COARSE_BITS = 11
"""Inputs of such a precision at most are cut into cells where S1 does not reach."""

_JUST_BELOW = 1 - 2.0**-40


def propose(desk: Desk, extent: Extent, verdict: Verdict) -> Iterator[Evidence]:
    """Evidence that may prove the verdict on the extent: what proved it elsewhere, then what a search finds."""
    yield from list(desk.remembered.get(verdict, ()))
    try:
        if verdict is Verdict.SUFFICIENT:
            yield from covers(desk, extent)
        else:
            yield from points(desk, extent, verdict)
    except SufficeError:
        return


def points(desk: Desk, extent: Extent, verdict: Verdict) -> Iterator[Evidence]:
    """Pairs, laws and runs of the member in the middle, on the box that all members share, to the greatest tolerance."""
    if verdict is Verdict.INSUFFICIENT and not desk.case.has_program:
        return
    yield from found_at(desk, extent, None, verdict)


def found_at(desk: Desk, extent: Extent, size: int | None, verdict: Verdict) -> Iterator[Evidence]:
    """What the strategies for single problems claim of one member; it is searched once for both verdicts."""
    key = repr((sorted(extent.parameters.items()), size))
    if key not in desk.searched:
        desk.searched[key] = _search(floor_attempt(desk.case, extent.parameters, size, desk.deadline))
    found = desk.searched[key]
    if verdict is Verdict.IMPOSSIBLE:
        yield from found.floors
        return
    if not found.attempt.dossier.exceeds("witness_error"):
        bounded = search_bound(found.attempt.case, Effort(seconds=_RUN_SECONDS), precision_for(found.attempt))
        find_runs(found.attempt, bounded, seconds=_RUN_SECONDS)
    if found.attempt.dossier.exceeds("witness_error"):
        yield found.attempt.dossier.claims["witness_error"].evidence


def _search(attempt: Attempt) -> Searched:
    """Every strategy for floors, counting first: it is weaker at one member, and holds for more."""
    floors: list[Evidence] = []
    for strategy in (try_counting, try_range, search_and_confirm):
        strategy(attempt)
        claim = attempt.dossier.claims.get("floor")
        if claim is not None and attempt.dossier.exceeds("floor") and claim.evidence not in floors:
            floors.insert(0, claim.evidence)
    return Searched(attempt, tuple(floors))


def covers(desk: Desk, extent: Extent) -> Iterator[Evidence]:
    """A cover of the box of all members, with the parameters as further inputs, to the least tolerance."""
    if not desk.case.has_program:
        return
    attempt = bound_attempt(desk.case, extent.parameters, desk.deadline)
    yield from covers_of(attempt)


def covers_of(attempt: Attempt) -> Iterator[Evidence]:
    """The cover of the search for error bounds; where it comes near, one of whole cells if the inputs' formats are coarse."""
    precision, threshold = precision_for(attempt), attempt.dossier.threshold
    target = float(threshold) * _JUST_BELOW
    for gap in _GAPS:
        bounded = search_bound(attempt.case, Effort(gap=gap, target=target, seconds=_SEARCH_SECONDS), precision)
        if bounded.value is not None and bounded.value <= threshold:
            yield evidence_of(bounded, attempt.case, precision)
            break
        if bounded.found.reached > target:
            break
    rounded = [attempt.case.inputs[name] for name, side in attempt.case.problem.box.items() if side.lo < side.hi]
    if len(rounded) > 1 and (bounded.value is None or bounded.value > _NEAR * threshold):
        return
    if all(isinstance(fmt, IntFormat) or (isinstance(fmt, FloatFormat) and fmt.p <= _COARSE_BITS) for fmt in rounded):
        deadline = min(attempt.deadline, time.monotonic() + _CELL_SECONDS)
        built = build_cover(
            attempt.case, ideal=False, target=threshold, precision=precision, pieces=1, deadline=deadline, max_leaves=_CELL_LEAVES
        )
        if isinstance(built, CoverFound):
            yield built.evidence
