"""The derivation that a certificate about a family makes: the question with its symbols, a table of regions, and each region's argument."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from suffice.encodings.family import Affine, Family, Fold
from suffice.encodings.problem import InputModel, Interval
from suffice.encodings.writers.text import to_short_text
from suffice.proofs.certificate import Bound, Verdict
from suffice.proofs.evidence import CoverEvidence, Evidence, PairEvidence, Point, RunEvidence
from suffice.proofs.families import FamilyCertificate, FamilyRegion, digest
from suffice.proofs.fold_evidence import (
    Blocks,
    FoldCoverEvidence,
    FoldEvidence,
    FoldPointsEvidence,
    FoldRunEvidence,
    Mean,
    MemberEvidence,
    Shift,
    Sizes,
    Zero,
)
from suffice.proofs.trace.claims import cover_shape
from suffice.proofs.trace.data import Quantity, Section, Step, Trace
from suffice.proofs.trace.formats import accumulate_step, formats_section
from suffice.proofs.trace.numbers import at_least, at_most, equal, exact_text
from suffice.proofs.trace.scripts import script_step
from suffice.proofs.trace.statements import described

_MOST_REGIONS = 40
"""Regions whose arguments a trace still writes out."""

_LONGEST_TERM = 400

_MEANINGS = {
    Verdict.SUFFICIENT: "this program stays within the tolerance for every input",
    Verdict.IMPOSSIBLE: "no algorithm whatever stays within the tolerance",
    Verdict.INSUFFICIENT: "this program leaves the tolerance at one input",
}

_BOUNDS = {
    Bound.FLOOR: "floor of all algorithms",
    Bound.ERROR_BOUND: "error bound of this program",
    Bound.WITNESS_ERROR: "error of this program at the witness",
}

_MODELS = {
    InputModel.REAL: "Every real point of the box counts, and is first rounded to the input format.",
    InputModel.REPRESENTABLE: "The inputs are those points of the box that are numbers of the input format.",
}


def family_trace(certificate: FamilyCertificate, latex: str) -> Trace:
    """The derivation region by region. It explains and does not check: whether the evidence holds is for the kernel to say."""
    family, regions = certificate.family, certificate.regions
    shown = regions[:_MOST_REGIONS]
    formats = formats_section(certificate.formats.formats)
    if certificate.formats.accumulate is not None:
        formats = Section(heading=formats.heading, steps=(*formats.steps, accumulate_step(certificate.formats.accumulate)))
    return Trace(
        digest=digest(certificate),
        title=f"A family of problems, decided in {len(regions)} region{'s' * (len(regions) != 1)}",
        answer=" ".join(f"{_capital(members(family, region))}: {region.verdict.value}, by {region.claim.statement}." for region in shown),
        formula_text=to_short_text(family.expression, _LONGEST_TERM),
        formula_latex=latex,
        sections=(
            _assumptions(certificate),
            _question(family),
            formats,
            _table(certificate),
            *(_argument(family, region) for region in shown),
            *([_scripts(certificate)] if certificate.smt else []),
            _change(certificate),
        ),
    )


def members(family: Family, region: FamilyRegion) -> str:
    """Which members of the family a region speaks of."""
    parts = []
    if family.fold is not None and region.size is not None:
        least, greatest = region.size
        name = family.fold.size
        several = f"for every {name} from {least} on" if greatest is None else f"for every {name} from {least} to {greatest}"
        parts.append(f"for {name} = {least}" if least == greatest else several)
    for name, side in sorted(region.parameters.items()):
        lo, hi = exact_text(side.lo), exact_text(side.hi)
        parts.append(f"for {name} = {lo}" if side.lo == side.hi else f"for every {name} from {lo} to {hi}")
    return " and ".join(parts) or "for the whole family"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _assumptions(certificate: FamilyCertificate) -> Section:
    steps = tuple(Step(text=assumption) for assumption in certificate.assumptions)
    return Section(heading="Assumptions", steps=steps or (Step(text="None beyond what the formats say."),))


def _question(family: Family) -> Section:
    sides = tuple(
        Quantity(name=name, exact=f"from {affine_text(low)} to {affine_text(high)}") for name, (low, high) in sorted(family.box.items())
    )
    is_relative = not (family.relative.constant == 0 and not family.relative.coefficients)
    tolerance = family.relative if is_relative else family.absolute
    allowed = Quantity(name="tolerance", exact=affine_text(tolerance))
    steps = [Step(text=_MODELS[family.inputs], quantities=sides)]
    if family.parameters:
        ranges = tuple(Quantity(name=name, exact=_interval(side)) for name, side in sorted(family.parameters.items()))
        text = "Each value of the parameters is a problem of its own; whoever writes a program or an algorithm for it knows them."
        steps.append(Step(text=text, quantities=ranges))
    if family.fold is not None:
        steps.append(_fold_step(family.fold))
    if family.preconditions:
        conditions = " and ".join(to_short_text(condition, _LONGEST_TERM) for condition in family.preconditions)
        steps.append(Step(text=f"Only points count at which this holds: {conditions}."))
    steps.append(Step(text=f"Errors are measured as the {'relative' if is_relative else 'absolute'} error.", quantities=(allowed,)))
    return Section(heading="The question", steps=tuple(steps))


def _fold_step(fold: Fold) -> Step:
    start, term = to_short_text(fold.start, _LONGEST_TERM), to_short_text(fold.term, _LONGEST_TERM)
    upper = "without end" if fold.greatest is None else f"to {fold.greatest}"
    change = f"makes {fold.state} -> {term}" if fold.is_step else f"adds {term} to it"
    return Step(
        text=f"The state {fold.state} begins as {start}. Each of {fold.size} steps {change}, with elements of its own "
        f"({', '.join(fold.elements) or 'none'}) in the box above. "
        f"Sizes {fold.size} go from {fold.least} {upper}. The formula above is about the last state.",
    )


def affine_text(form: Affine) -> str:
    """An affine form as a formula."""
    parts = [exact_text(form.constant)] if form.constant or not form.coefficients else []
    parts += [name if factor == 1 else f"{exact_text(factor)} {name}" for name, factor in sorted(form.coefficients.items())]
    return " + ".join(parts)


def _interval(side: Interval) -> str:
    return exact_text(side.lo) if side.lo == side.hi else f"from {exact_text(side.lo)} to {exact_text(side.hi)}"


def _table(certificate: FamilyCertificate) -> Section:
    steps = [
        Step(
            text=f"{k}. {_capital(members(certificate.family, region))}: {region.verdict.value}, by {region.claim.statement}.",
            quantities=(_value(region),),
        )
        for k, region in enumerate(certificate.regions, 1)
    ]
    return Section(heading="The regions", steps=(*steps, Step(text="What no region speaks of is undecided.")))


def _value(region: FamilyRegion) -> Quantity:
    claim = region.claim
    name = _BOUNDS.get(claim.bound, claim.bound.value)
    if isinstance(claim.value, str):
        return Quantity(name=name, exact=claim.value)
    return at_most(name, claim.value) if claim.bound is Bound.ERROR_BOUND else at_least(name, claim.value)


def _argument(family: Family, region: FamilyRegion) -> Section:
    claim = region.claim
    name, meaning = described(claim.statement)
    label = f"{claim.statement} ({name})" if name else claim.statement
    relation = "at most the least" if region.verdict is Verdict.SUFFICIENT else "more than the greatest"
    follows = f"It is {relation} tolerance of the region, so that {members(family, region)} {_MEANINGS.get(region.verdict, '')}."
    steps = (Step(label=label, meaning=meaning), *_evidence(claim.evidence), Step(quantities=(_value(region),), follows=follows))
    return Section(heading=f"{_capital(members(family, region))}: {region.verdict.value}", steps=steps)


def _evidence(evidence: Evidence | FoldEvidence) -> tuple[Step, ...]:
    match evidence:
        case MemberEvidence():
            text = (
                "F11. The steps of this size are written out, with inputs of their own for every step: an ordinary problem, about which "
                "evidence of an ordinary kind speaks."
            )
            return (Step(text=text), *_evidence(evidence.of))
        case FoldCoverEvidence():
            return (_fold_cover(evidence),)
        case FoldPointsEvidence():
            return (*_evidence(evidence.of), _for_sizes(evidence.sizes))
        case FoldRunEvidence():
            return _fold_run(evidence)
        case CoverEvidence():
            leaves, depth = cover_shape(evidence.splits)
            text = (
                "F1. The parameters that count become inputs that nothing rounds on their way, the intervals of inputs are the hulls "
                "over the region: one question that is at least as hard for the program as every member. Its box is cut into leaves, on "
                "each of which the kernel bounds the error anew."
            )
            return (Step(text=text, quantities=(equal("leaves", Fraction(leaves)), equal("deepest cut", Fraction(depth)))),)
        case RunEvidence():
            text = "F3. Every parameter rounds to one number over the region, so that the program's run at this point is one and the same."
            return (Step(text=text, quantities=_coordinates((evidence.point,))),)
        case PairEvidence() as pair:
            text = (
                "F2. At this point f takes values that no number of the output format is near to, whatever the parameters in the region."
                if len(pair.points) == 1
                else "F2. Both points lie in one cell, or at its ends: they get one answer, which is as far off at one of them, whatever "
                "the parameters in the region."
            )
            return (Step(text=text, quantities=_coordinates(pair.points)),)
        case law:
            text = "F2. The law holds between these points with every enclosure taken over all parameters of the region."
            return (Step(text=text, quantities=_coordinates(law.points)),)


def _fold_cover(evidence: FoldCoverEvidence) -> Step:
    last = evidence.blocks[-1][0] if evidence.blocks else 0
    text = (
        f"F8. The error of the state is followed over {last} steps: each adds the error of a term and that of rounding the sum at the "
        f"largest size it can have. Sizes are cut into {len(evidence.blocks)} ranges, on each of which the formula is bounded over all "
        "states and their errors."
    )
    return Step(text=text, quantities=(equal("last size", Fraction(last)),))


def _for_sizes(sizes: Sizes) -> Step:
    match sizes:
        case Blocks():
            return Step(text=f"F4. All steps take the same elements. This holds on each of {len(sizes.ends)} ranges of sizes.")
        case Mean():
            return Step(text="F5. All steps take the same elements. The size counts only in the mean, which is start / size + term.")
        case Zero():
            text = f"F6. The floor is that of size {sizes.at}. Further steps with these elements add 0: it is one of all larger sizes too."
            return Step(text=text, quantities=_coordinates((sizes.point,)))
        case Shift():
            return Step(
                text=f"F7. The floor is that of size {sizes.at}. Further steps with common elements add one number to f, which changes no "
                "distance between its values: it is one of all larger sizes too."
            )


def _fold_run(evidence: FoldRunEvidence) -> tuple[Step, ...]:
    steps = []
    if evidence.prefix is not None:
        text = f"The first {evidence.prefix.steps} steps take these elements."
        steps.append(Step(text=text, quantities=_coordinates((evidence.prefix.point,))))
    every = "Every" if evidence.prefix is None else "Every further"
    steps.append(
        Step(
            text=f"{every} step takes the elements of this point, and is run exactly as the formats say.",
            quantities=_coordinates((evidence.point,)),
        )
    )
    if evidence.tail is not None:
        text = (
            "F9, F10. From this size on the state no longer moves, while f moves on or stands still: the bound holds for all larger sizes."
        )
        steps.append(Step(text=text, quantities=(equal("tail from size", Fraction(evidence.tail)),)))
    return tuple(steps)


def _coordinates(points: tuple[Mapping[str, Fraction], ...] | tuple[Point, ...]) -> tuple[Quantity, ...]:
    marks = (" at a", " at b") if len(points) == 2 else ("",)
    return tuple(equal(f"{name}{mark}", point[name]) for mark, point in zip(marks, points, strict=False) for name in sorted(point))


def _scripts(certificate: FamilyCertificate) -> Section:
    family = certificate.family
    steps = []
    for member in certificate.smt:
        known = 0 <= member.claim < len(certificate.regions)
        subject = f"for region {member.claim + 1}, {members(family, certificate.regions[member.claim])}" if known else "for no region"
        steps.append(script_step(subject, member.script))
    return Section(heading="The same in SMT-LIB", steps=tuple(steps))


def _change(certificate: FamilyCertificate) -> Section:
    text = "Each region keeps its verdict as long as its value and the tolerances over it stay on their sides of each other."
    steps = [Step(text=text)]
    if certificate.assumptions:
        steps.append(Step(text="Where an assumption above does not hold, what is claimed of programs is not proved."))
    return Section(heading="What would change the verdicts", steps=tuple(steps))
