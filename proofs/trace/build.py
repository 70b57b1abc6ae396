"""From a certificate alone to its trace."""

from __future__ import annotations

import re

from suffice.encodings.expression import Expression
from suffice.encodings.problem import InputModel, Problem
from suffice.encodings.writers.latex import to_latex
from suffice.encodings.writers.text import to_short_text
from suffice.proofs.allocation import AllocationCertificate
from suffice.proofs.certificate import Certificate, digest
from suffice.proofs.families import FamilyCertificate
from suffice.proofs.networks import NetworkCertificate
from suffice.proofs.trace.allocations import allocation_trace
from suffice.proofs.trace.claims import claim_section
from suffice.proofs.trace.data import Quantity, Section, Step, Trace
from suffice.proofs.trace.families import family_trace
from suffice.proofs.trace.formats import formats_section
from suffice.proofs.trace.networks import network_trace
from suffice.proofs.trace.numbers import equal
from suffice.proofs.trace.scripts import scripts_section
from suffice.proofs.trace.words import answer, change_section, measure_of, tolerance_of, verdict_step

_LONGEST_FORMULA = 4000
"""Characters of a formula that a trace shows."""

_LONGEST_DISPLAY = 200
"""Characters of a formula that fits on a line when it is set."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def trace(certificate: Certificate | FamilyCertificate | AllocationCertificate | NetworkCertificate) -> Trace:
    """The derivation that the certificate's evidence makes, assumptions first and what would change the verdict last.

    It explains and does not check: whether the evidence holds is for the kernel to say.
    """
    if isinstance(certificate, NetworkCertificate):
        return network_trace(certificate)
    if isinstance(certificate, AllocationCertificate):
        return allocation_trace(certificate)
    if isinstance(certificate, FamilyCertificate):
        expression = certificate.family.expression
        return family_trace(certificate, _latex(expression, to_short_text(expression, _LONGEST_FORMULA)))
    text = to_short_text(certificate.problem.expression, _LONGEST_FORMULA)
    return Trace(
        digest=digest(certificate),
        title=f"{certificate.verdict.value.capitalize()}{f', by {certificate.statement}' if certificate.statement else ''}",
        answer=answer(certificate),
        formula_text=text,
        formula_latex=_latex(certificate.problem.expression, text),
        sections=(
            _assumptions(certificate),
            _question(certificate.problem),
            formats_section(certificate.formats),
            *(claim_section(certificate, claim) for claim in certificate.claims),
            Section(heading="The verdict", steps=(verdict_step(certificate),)),
            *([scripts_section(certificate)] if certificate.smt else []),
            change_section(certificate),
        ),
    )


def _latex(expression: Expression, text: str) -> str:
    """The formula to be set in LaTeX; "" where it does not fit, or where a name could mean something to LaTeX."""
    plain = all(_PLAIN_NAME.fullmatch(name) for name in expression.variables)
    return to_latex(expression) if plain and len(text) <= _LONGEST_DISPLAY else ""


def _assumptions(certificate: Certificate) -> Section:
    steps = tuple(Step(text=assumption) for assumption in certificate.assumptions)
    return Section(heading="Assumptions", steps=steps or (Step(text="None beyond what the formats say."),))


def _question(problem: Problem) -> Section:
    sides = [quantity for name in sorted(problem.box) for quantity in _side(problem, name)]
    arriving = {
        InputModel.REAL: "Every real point of the box counts, and is first rounded to the input format.",
        InputModel.REPRESENTABLE: "The inputs are those points of the box that are numbers of the input format.",
    }
    tolerance = tolerance_of(problem)
    allowed = [equal("absolute tolerance", tolerance.absolute), equal("relative tolerance", tolerance.relative)]
    return Section(
        heading="The question",
        steps=(
            Step(text=f"The function is continuous on the box. {arriving[problem.inputs]}", quantities=tuple(sides)),
            Step(text=f"Errors are measured as the {measure_of(problem)}.", quantities=tuple(allowed)),
        ),
    )


def _side(problem: Problem, name: str) -> tuple[Quantity, Quantity]:
    return equal(f"{name} from", problem.box[name].lo), equal(f"{name} to", problem.box[name].hi)
