"""A family in one choice of formats, as the proposals and the kernel see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from suffice.encodings.enclosures.bounds import range_bounds
from suffice.encodings.expression import Expression
from suffice.encodings.family import Family
from suffice.encodings.instances import covering_problem, equal_steps
from suffice.encodings.problem import Box, Problem, Tolerance
from suffice.errors import InputError
from suffice.hardware_specs.format import EXACT, CodeFormat, Format
from suffice.proofs.certificate import Formats
from suffice.proofs.families import FamilyFormats, family_formats_to_json, family_to_json
from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.families import Family as FamilyQuestion
from suffice.proofs.kernel.families import read_family
from suffice.prover.attempts import Attempt, open_case
from suffice.prover.case import Asked, Case, is_free, is_truth
from suffice.prover.dossier import Dossier
from suffice.prover.families.extents import Extent
from suffice.prover.families.results import AskedFamily


@dataclass(frozen=True, kw_only=True)
class FamilyCase:
    """A family with the formats asked about."""

    family: Family
    asked: AskedFamily

    @cached_property
    def formats(self) -> FamilyFormats:
        """The formats as a certificate holds them."""
        asked = self.asked.asked
        nodes = () if asked.override else self.family.expression.nodes
        demanded = {k: node.format for k, node in enumerate(nodes) if node.format is not None and not is_truth(node)}
        used = {node.op for expression in self.expressions for node in expression.nodes}
        formats = Formats(
            input=EXACT if isinstance(asked.output, CodeFormat) and isinstance(asked.input, CodeFormat) else asked.input,
            compute=EXACT if isinstance(asked.output, CodeFormat) else asked.compute,
            output=asked.output,
            operations={k: fmt for k, fmt in demanded.items() if fmt != asked.compute},
            accuracy={op: ulps for op, ulps in sorted(asked.accuracy.items()) if op in used},
        )
        return FamilyFormats(formats=formats, accumulate=None if self.family.fold is None else self._accumulate(asked))

    def _accumulate(self, asked: Asked) -> Format:
        return EXACT if isinstance(asked.output, CodeFormat) else self.asked.accumulate

    @cached_property
    def question(self) -> FamilyQuestion:
        """The same, as the kernel reads it. Raises InputError for what no certificate can hold."""
        try:
            return read_family(family_to_json(self.family), family_formats_to_json(self.formats))
        except Rejection as rejection:
            raise InputError(f"no certificate can hold this family: {rejection}", mend="keep within proofs/kernel/limits.py") from None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """All formulas that the program computes."""
        fold = self.family.fold
        return (self.family.expression, fold.start, fold.term) if fold else (self.family.expression,)

    @property
    def has_program(self) -> bool:
        """Whether all formats are concrete, so that there is a program to speak of."""
        formats = self.formats.formats
        return not any(map(is_free, (formats.input, formats.compute, formats.output, self.formats.accumulate or EXACT)))

    def threshold(self, extent: Extent, *, greatest: bool) -> Fraction:
        """The tolerance that counts for an extent: the greatest for floors and runs, the least for bounds."""
        sides = (self.family.absolute.over(extent.parameters), self.family.relative.over(extent.parameters))
        absolute, relative = (side.hi if greatest else side.lo for side in sides)
        return Tolerance(absolute=absolute, relative=relative).threshold


def floor_attempt(case: FamilyCase, parameters: Box, size: int | None, deadline: float) -> Attempt:
    """The ordinary question whose floor is one of f where all steps are equal; without a fold its runs are runs of the program too.

    Raises SufficeError where there is no such question.
    """
    problem = equal_steps(case.family, parameters, size or 1)
    bounds = range_bounds(problem.expression, problem.box, preconditions=problem.preconditions)
    opened = open_case(problem, case.asked.asked, bounds)
    return Attempt(opened, Dossier(opened), bounds, deadline, run_all=False)


def bound_attempt(case: FamilyCase, parameters: Box, deadline: float) -> Attempt:
    """The ordinary question whose error bound holds for all these parameters (a family without a fold). Raises SufficeError."""
    problem = covering_problem(case.family, parameters)
    return attempt_of(case, problem, [name for name in problem.box if name in parameters], deadline)


def attempt_of(
    case: FamilyCase, problem: Problem, exact: list[str], deadline: float, others: Mapping[str, Format] | None = None
) -> Attempt:
    """An attempt at a problem in the family's formats, with some inputs that arrive unrounded, and formats of some others."""
    known = range_bounds(problem.expression, problem.box, preconditions=problem.preconditions)
    formats = case.formats.formats
    inputs = {name: fmt for name, fmt in {**dict.fromkeys(exact, EXACT), **(others or {})}.items() if fmt != formats.input}
    opened = Case(problem=problem, formats=replace(formats, inputs=inputs))
    return Attempt(opened, Dossier(opened), known, deadline, run_all=False)
