"""Sentences about the measure, the verdict, and what would change it."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.problem import Problem, Tolerance
from suffice.proofs.certificate import Bound, Certificate, Claim, Formats, Verdict
from suffice.proofs.decimals import decimal_above, decimal_below
from suffice.proofs.trace.data import Quantity, Section, Step
from suffice.proofs.trace.formats import name_of
from suffice.proofs.trace.numbers import at_least, at_most, equal
from suffice.proofs.trace.statements import CELL_STATEMENTS


def tolerance_of(problem: Problem) -> Tolerance:
    """The tolerance, which every certificate has."""
    assert problem.tolerance is not None
    return problem.tolerance


def measure_of(problem: Problem) -> str:
    """The error measure of docs/semantics.md."""
    tolerance = tolerance_of(problem)
    if tolerance.is_relative:
        return "relative error"
    return "absolute error" if tolerance.relative == 0 else "excess of the error over the relative tolerance"


def answer(certificate: Certificate) -> str:
    """The verdict in one or two sentences."""
    program = f"this program {_computing(certificate.formats)}"
    sentences = {
        Verdict.IMPOSSIBLE: f"Impossible: no algorithm whatever {_between(certificate.formats)} stays within the tolerance.",
        Verdict.INSUFFICIENT: f"Insufficient: {program} leaves the tolerance at one input.",
        Verdict.SUFFICIENT: f"Sufficient: {program} stays within the tolerance for every input.",
        Verdict.UNDECIDED: f"Undecided: whether {program} is enough is neither proved nor refuted here.",
    }
    possible = " Some algorithm between these formats stays within it for every input." if certificate.possible else ""
    return sentences[certificate.verdict] + (possible if certificate.verdict is not Verdict.SUFFICIENT else "")


def rounded(claim: Claim) -> str:
    """The claimed value as a decimal on the safe side."""
    if isinstance(claim.value, str):
        return claim.value
    return decimal_below(claim.value) if claim.bound in _FROM_BELOW else decimal_above(claim.value)


def bounded(name: str, claim: Claim) -> Quantity:
    """The claimed value, said to be a lower or an upper bound."""
    if isinstance(claim.value, str):
        return Quantity(name=name, exact=claim.value)
    return at_least(name, claim.value) if claim.bound in _FROM_BELOW else at_most(name, claim.value)


def verdict_step(certificate: Certificate) -> Step:
    """How the verdict follows from the claims."""
    threshold, measure = tolerance_of(certificate.problem).threshold, measure_of(certificate.problem)
    allowed = equal("allowed", threshold)
    if certificate.verdict is Verdict.UNDECIDED:
        return Step(text=f"No claim decides about the allowed {measure}.", quantities=(allowed,))
    claim = certificate.claim(_DECISIVE[certificate.verdict])
    if claim is None or _exceeds(claim, threshold) is (certificate.verdict is Verdict.SUFFICIENT):
        return Step(text="The verdict does not follow from the claims: this certificate is not valid.", quantities=(allowed,))
    relation = "is at most" if certificate.verdict is Verdict.SUFFICIENT else "is more than"
    return Step(
        text=f"The {_NAMES[claim.bound]} {relation} the allowed {measure}.",
        quantities=(bounded(_NAMES[claim.bound], claim), allowed),
        follows=f"Hence the verdict is {certificate.verdict.value}, by {certificate.statement}.",
    )


def change_section(certificate: Certificate) -> Section:
    """What would change the verdict: another tolerance, other assumptions, other formats."""
    steps = [Step(text=_tolerance_change(certificate)), _known(certificate)]
    if certificate.assumptions:
        steps.append(Step(text="Where an assumption above does not hold, what is claimed of programs is not proved."))
    floor = certificate.claim(Bound.FLOOR)
    if floor is not None and CELL_STATEMENTS & set(floor.statement.split("+")):
        text = "The floor speaks of cells of this input format: another format, also a smaller one, needs a proof of its own."
        steps.append(Step(text=text))
    return Section(heading="What would change the verdict", steps=tuple(steps))


_FROM_BELOW = (Bound.FLOOR, Bound.WITNESS_ERROR)

_DECISIVE = {
    Verdict.IMPOSSIBLE: Bound.FLOOR,
    Verdict.INSUFFICIENT: Bound.WITNESS_ERROR,
    Verdict.SUFFICIENT: Bound.ERROR_BOUND,
}

_NAMES = {
    Bound.FLOOR: "floor of all algorithms",
    Bound.FLOOR_UPPER: "bound of the best algorithm",
    Bound.ERROR_BOUND: "error bound of this program",
    Bound.WITNESS_ERROR: "error of this program at the witness",
}


def _exceeds(claim: Claim, threshold: Fraction) -> bool:
    return isinstance(claim.value, str) or claim.value > threshold


def _tolerance_change(certificate: Certificate) -> str:
    if certificate.verdict is Verdict.UNDECIDED:
        return "A tighter bound would decide, or a tolerance outside what is known below."
    claim, measure = certificate.claim(_DECISIVE[certificate.verdict]), measure_of(certificate.problem)
    if claim is None:
        return "Nothing can be said: the claim that decides is missing."
    if isinstance(claim.value, str):
        return "No other tolerance would change it: the run fails."
    turning = decimal_above(claim.value)
    return {
        Verdict.IMPOSSIBLE: f"An allowed {measure} of {turning} or more would no longer be proved impossible by this certificate.",
        Verdict.INSUFFICIENT: f"An allowed {measure} of {turning} or more would no longer be refuted by this run.",
        Verdict.SUFFICIENT: f"The verdict stays for every allowed {measure} of {turning} or more; a smaller one needs a tighter bound.",
    }[certificate.verdict]


def _known(certificate: Certificate) -> Step:
    """What is known of the best algorithm's error and of this program's."""
    quantities = [bounded(_NAMES[claim.bound], claim) for claim in certificate.claims]
    upper, lower = certificate.claim(Bound.ERROR_BOUND), certificate.claim(Bound.WITNESS_ERROR)
    if upper and lower and isinstance(upper.value, Fraction) and isinstance(lower.value, Fraction) and lower.value > 0:
        quantities.append(at_most("error bound / error at the witness", upper.value / lower.value))
    text = "What is known. The best algorithm's worst error is never larger than this program's."
    return Step(text=text if quantities else "Nothing is claimed of any error.", quantities=tuple(quantities))


def _between(formats: Formats) -> str:
    source, target = name_of(formats.input), name_of(formats.output)
    return f"with inputs and outputs in {source}" if source == target else f"with inputs in {source} and outputs in {target}"


def _computing(formats: Formats) -> str:
    compute = name_of(formats.compute)
    same = formats.input == formats.compute == formats.output
    return f"in {compute}" if same else f"computing in {compute} {_between(formats)}"
