"""The accepting function for certificates of families: every region's verdict is derived again from its evidence alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .. import limits
from ..budget import Budget
from ..checking import Claim, RegionReport, Report, canonical, derive_floor, read_precision, supports
from ..checking import derive as derive_claim
from ..derivation import INFINITE, Derivation
from ..failures import Rejection
from ..jsonvalues import fields, listed, quoted
from ..question import ELEMENTARY
from ..reading import read_point
from ..refutations import check_refutations, without_refutations
from ..witnesses import witness_run
from .asking import check_tolerance, common_question, preparing_work, region_question, settled
from .fold_cover import fold_cover
from .fold_points import fold_points
from .fold_run import fold_run
from .member import written_out
from .reading import read_family, read_region
from .regions import Family, Region
from .scripts import region_script, scripting_work

FOLD_RULES = {"floor": ("fold_points", fold_points), "error_bound": ("fold_cover", fold_cover), "witness_error": ("fold_run", fold_run)}
"""The evidence that a bound needs where there is a fold, and its rule."""


def check_family(document: Any) -> Report:
    """Check a certificate about a family, whose bytes are known to be canonical; a Rejection or LeafFailure says what is wrong."""
    version, stated, formats, regions, assumptions, smt = fields(
        document, "the certificate", "version", "family", "formats", "regions", "assumptions", "smt"
    )
    if type(version) is not int or version != 1:
        raise Rejection("this kernel reads version 1 only")
    family = read_family(stated, formats)
    budget = Budget(limits.MAX_FAMILY_WORK)
    read = [read_region(item, family) for item in listed(regions, "regions", 1, limits.MAX_REGIONS)]
    derivations = [_accept(family, region, budget) for region, _ in read]
    kept = [region for region, _ in read]
    expected = assumptions_of(family, kept)
    if assumptions != list(expected):
        raise Rejection("the assumptions are not those that the evidence rests on")
    if canonical(without_refutations(smt)) != canonical(scripts(family, kept, derivations)):
        raise Rejection("the SMT-LIB scripts are not those of the regions")
    refuted = check_refutations(smt, budget)
    found = tuple(_report(family, *item) for item in read)
    return Report("accepted", verdict="family", assumptions=expected, regions=found, refuted=refuted)


def _report(family: Family, region: Region, verdict: str) -> RegionReport:
    return RegionReport(_described(family, region), verdict, region.claim.statement)


def _described(family: Family, region: Region) -> str:
    """The members of a region, on one line."""
    parts = []
    if family.fold is not None:
        name, least, greatest = family.fold.size, region.least, region.greatest
        parts.append(
            f"{name} >= {least}" if greatest is None else f"{name} = {least}" if least == greatest else f"{name} in [{least}, {greatest}]"
        )
    for name, (lo, hi) in region.parameters.items():
        parts.append(f"{name} = {_short(lo)}" if lo == hi else f"{name} in [{_short(lo)}, {_short(hi)}]")
    return ", ".join(parts) or "the whole family"


def _short(q: Fraction) -> str:
    text = str(q)
    return text if len(text) <= 40 else f"{text[:37]}..."


def derive_region(family: Family, region: Region, budget: Budget | None = None) -> Derivation:
    """What the evidence of a region's claim proves of all its members."""
    budget = budget or Budget(limits.MAX_FAMILY_WORK)
    budget.spend(preparing_work(family, region))
    check_tolerance(family, region)
    if family.fold is None:
        return _without_fold(family, region, budget)
    if _kind(region) == "member":
        return _without_fold(*written_out(family, region, budget), budget)
    expected, rule = FOLD_RULES[region.claim.bound]
    if _kind(region) != expected:
        raise Rejection(f"{region.claim.bound} of a fold is proved by a {expected} or a member")
    return rule(family, region, budget)


def _kind(region: Region) -> Any:
    evidence = region.claim.evidence
    return evidence.get("kind") if isinstance(evidence, dict) else None


def _without_fold(family: Family, region: Region, budget: Budget) -> Derivation:
    """F1, F2 and F3."""
    evidence, bound = region.claim.evidence, region.claim.bound
    if bound == "witness_error":
        if _kind(region) != "run":
            raise Rejection("witness_error is proved by a run")
        return _run(family, region, evidence, budget)
    claim = Claim(bound, region.claim.value, region.claim.statement, evidence)
    question = region_question(family, region, bound)
    return derive_floor(question, claim, budget) if bound == "floor" else derive_claim(question, claim, budget)


def _run(family: Family, region: Region, evidence: Any, budget: Budget) -> Derivation:
    """F3: one run for all parameters of the region."""
    _, point, precision = fields(evidence, "evidence", "kind", "point", "precision")
    question = common_question(family, region, family.nodes)
    if question.program is None:
        raise Rejection("a run needs the instances of the formats with free scale")
    nodes = settled(family.nodes, question.program.nodes, region.parameters)
    where = read_point(point, "point", tuple(question.box))
    return witness_run(question, where, read_precision(precision), budget, nodes)


def _accept(family: Family, region: Region, budget: Budget) -> Derivation:
    """The one gate: the evidence supports the claim under its label, and the claim decides for every tolerance of the region."""
    derived, claim = derive_region(family, region, budget), region.claim
    budget.spend(scripting_work(derived))
    stated = Claim(claim.bound, claim.value, claim.statement, claim.evidence)
    if not supports(stated, derived):
        raise Rejection(f"the evidence does not prove {claim.bound} = {str(claim.value)[:60]}")
    if claim.statement != derived.label:
        raise Rejection(f"{claim.bound} is proved by {derived.label}, not by {quoted(claim.statement)}")
    if not decides(family, region):
        raise Rejection(f"{claim.bound} = {str(claim.value)[:60]} does not decide for every tolerance of the region")
    return derived


def decides(family: Family, region: Region) -> bool:
    """Whether the claim is a verdict for every tolerance of the region: within the least, or beyond the greatest."""
    least, greatest = family.tolerance.over(region.parameters)
    value = region.claim.value
    if not isinstance(value, Fraction):
        return value == INFINITE
    return value <= least if region.claim.bound == "error_bound" else value > greatest


def assumptions_of(family: Family, regions: list[Region]) -> tuple[str, ...]:
    """What the claims about programs take for granted."""
    if not any(region.claim.bound in ("error_bound", "witness_error") for region in regions):
        return ()
    used = sorted({node.op for node in family.all_nodes} & ELEMENTARY)
    accuracy = family.asked.accuracy
    rounded = [name for name in used if name not in accuracy]
    stated = [f"correctly rounded in every format of the program: {', '.join(rounded)}"] if rounded else []
    return (*stated, *(f"{name} within {ulps} ulp in every format of the program" for name, ulps in sorted(accuracy.items())))


def scripts(family: Family, regions: list[Region], derivations: list[Derivation]) -> list[dict[str, Any]]:
    """The SMT-LIB scripts of the regions that rest on enclosures."""
    found = (
        (position, region_script(family, region, derived))
        for position, (region, derived) in enumerate(zip(regions, derivations, strict=True))
    )
    return [{"region": position, "script": text} for position, text in found if text is not None]
