"""`prove_family`: the regions of parameters and sizes where each verdict holds, with one certificate for each choice of formats."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from suffice.encodings.family import Family
from suffice.errors import InputError
from suffice.proofs.certificate import Verdict
from suffice.proofs.families import FamilyCertificate, digest, family_formats_to_json, family_to_json, parse
from suffice.proofs.kernel import check
from suffice.proofs.kernel.checking import canonical
from suffice.proofs.kernel.families import assumptions_of, derive_region, read_region, scripts
from suffice.prover.families import folds, proposals
from suffice.prover.families.columns import Columns, column_axis
from suffice.prover.families.desk import Desk, claim_json, region_json
from suffice.prover.families.extents import Extent, declared, position
from suffice.prover.families.members import fill_gaps, needs_members
from suffice.prover.families.question import FamilyCase
from suffice.prover.families.results import AskedFamily, FamilyProof, FamilyResult, ProvedRegion
from suffice.prover.families.survey import Survey
from suffice.prover.multipliers import with_multipliers
from suffice.prover.portfolio import Progress
from suffice.prover.results import SolverRun
from suffice.prover.solvers import confirm

DEFAULT_TIMEOUT = 120.0
"""Seconds for one choice of formats."""

DEFAULT_RESOLUTION, PLANE_RESOLUTION = Fraction(1, 1000), Fraction(1, 50)
"""One parameter is told apart down to this relative distance, several down to the other; sizes by themselves always exactly."""


def prove_family(
    family: Family, formats: Sequence[AskedFamily], *, timeout: float | None = None, resolution: Fraction | None = None,
    progress: Progress | None = None,
) -> FamilyProof:  # fmt: skip
    """For each choice of formats the regions of the declared parameters and sizes where a verdict is proved, and the gaps between them.

    `timeout` is in seconds for each choice of formats; `resolution` the relative distance down to which flips are sought. Raises
    SufficeError for what cannot be asked.
    """
    standard = PLANE_RESOLUTION if len(declared(family).axes()) > 1 else DEFAULT_RESOLUTION
    fineness = standard if resolution is None else resolution
    if not 0 < fineness < 1:
        raise InputError(f"a resolution of {fineness}", mend="give a number between 0 and 1, such as 1e-3")
    results = []
    for k, asked in enumerate(formats):
        if progress:
            progress(asked.asked.name, k / len(formats))
        deadline = time.monotonic() + (DEFAULT_TIMEOUT if timeout is None else timeout)
        results.append(_prove_one(FamilyCase(family=family, asked=asked), deadline, fineness))
    return FamilyProof(family=family, results=tuple(_confirmed(results)))


def _prove_one(case: FamilyCase, deadline: float, resolution: Fraction) -> FamilyResult:
    start = time.monotonic()
    desk = Desk(case, deadline)
    propose = proposals.propose if case.family.fold is None else folds.propose

    def attempt(extent: Extent, verdict: Verdict) -> ProvedRegion | None:
        return desk.first_proved(extent, verdict, propose(desk, extent, verdict))

    assert case.question
    survey = Survey(declared(case.family), attempt, resolution, lambda: desk.is_late)
    if needs_members(case.family):
        survey.gaps = [survey.whole]
    elif len(survey.whole.axes()) > 1:
        Columns(survey, *column_axis(case.family, survey.whole)).run()
    else:
        survey.run()
    fill_gaps(survey, desk)
    regions = sorted(survey.regions, key=lambda region: position(region.extent))
    certificate = make_certificate(case, regions) if regions else None
    verdicts = {region.verdict for region in regions}
    return FamilyResult(
        format=case.asked.asked.name,
        regions=tuple(regions),
        gaps=tuple(sorted(survey.gaps, key=position)),
        verdict=verdicts.pop() if len(verdicts) == 1 and not survey.gaps else Verdict.UNDECIDED,
        flip_exact=survey.is_exact(),
        resolution=resolution,
        certificate=certificate,
        digest=digest(certificate) if certificate else None,
        seconds=time.monotonic() - start,
        assumptions=certificate.assumptions if certificate else (),
        note=_note(case, desk, survey),
    )


def _note(case: FamilyCase, desk: Desk, survey: Survey) -> str:
    if not survey.gaps:
        return ""
    if desk.is_late:
        return "time ran out"
    if needs_members(case.family):
        return "a fold whose steps are no sums is proved size by size, where the formats and the parameters are known"
    return "" if case.has_program else "the formats leave the program open: only what is impossible can be proved"


def make_certificate(case: FamilyCase, regions: Sequence[ProvedRegion]) -> FamilyCertificate:
    """The certificate of all regions; it has passed the kernel."""
    question = case.question
    documents: list[dict[str, Any]] = [dict(region_json(region.extent, region.verdict, claim_json(region))) for region in regions]
    read = [read_region(document, question)[0] for document in documents]
    derivations = [derive_region(question, region) for region in read]
    document = {
        "version": 1,
        "family": family_to_json(case.family),
        "formats": family_formats_to_json(case.formats),
        "regions": documents,
        "assumptions": list(assumptions_of(question, read)),
        "smt": with_multipliers(scripts(question, read, derivations)),
    }
    data = canonical(document)
    report = check(data)
    assert report.status == "accepted", f"the kernel rejects its own derivations: {report.reason}"
    return parse(data)


def _confirmed(results: list[FamilyResult]) -> list[FamilyResult]:
    """Every script of every certificate, put to both solvers at once."""
    counts = [len(result.certificate.smt) if result.certificate else 0 for result in results]
    texts = [script.script for result in results if result.certificate for script in result.certificate.smt]
    answers = iter(confirm(texts))
    confirmed = []
    for result, count in zip(results, counts, strict=True):
        runs: list[SolverRun] = [run for _ in range(count) for run in next(answers)]
        confirmed.append(replace(result, solvers=tuple(runs)))
    return confirmed
