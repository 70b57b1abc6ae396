"""One problem with its groups: the programs that assignments of formats make of it, their costs and S1's bounds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem
from suffice.hardware_specs.format import Format
from suffice.prover.case import Case
from suffice.prover.engine import Effort, bound_error
from suffice.prover.engine.branching import Found
from suffice.prover.mixed.grouping import Group
from suffice.prover.mixed.model import node_formats
from suffice.prover.mixed.program import Program, asked_of, build_program, case_of

Assignment = tuple[Format, ...]
"""The format of every group."""

_JUST_BELOW = 1 - 2.0**-40

_SECONDS = 2.0
"""For one bound that is to meet the tolerance."""


@dataclass(slots=True)
class Chooser:
    """The work on one problem."""

    problem: Problem
    groups: tuple[Group, ...]
    costs: Mapping[Format, Fraction]
    accuracy: Mapping[Op, Fraction]
    deadline: float
    bounds: dict[tuple[Format, ...], bool] = field(default_factory=dict)

    @property
    def threshold(self) -> Fraction:
        """The largest measure within tolerance."""
        assert self.problem.tolerance is not None
        return self.problem.tolerance.threshold

    def program(self, assignment: Sequence[Format]) -> Program:
        """The program in which every group has its format."""
        return build_program(self.problem, node_formats(self.groups, assignment, len(self.problem.expression.nodes)))

    def found(self, assignment: Sequence[Format], effort: Effort) -> tuple[Case, Found]:
        """S1's bound of that program."""
        program = self.program(assignment)
        case = case_of(program, asked_of(program, self.accuracy))
        return case, bound_error(case, effort)

    def fits(self, assignment: tuple[Format, ...]) -> bool:
        """Whether S1 bounds its error within tolerance."""
        if assignment not in self.bounds:
            effort = Effort(gap=0.01, target=float(self.threshold) * _JUST_BELOW, leaves=4000, seconds=_SECONDS)
            self.bounds[assignment] = Fraction(self.found(assignment, effort)[1].bound) <= self.threshold
        return self.bounds[assignment]

    def cost(self, assignment: Sequence[Format]) -> Fraction:
        """What the values of all nodes cost."""
        return sum((self.costs[fmt] * len(group.members) for group, fmt in zip(self.groups, assignment, strict=True)), Fraction(0))

    def uniform(self, fmt: Format) -> tuple[Format, ...]:
        """One format for every group that leaves it open."""
        return tuple(fmt if fmt in group.formats else group.formats[0] for group in self.groups)

    def improved(self, assignment: Assignment, worst: Sequence[Sequence[float]]) -> list[Assignment]:
        """Cheaper formats for single groups, one after the other, as long as S1 bounds the program's error within tolerance: the last
        assignment first.
        """
        path = [assignment]
        refused: set[tuple[int, Format]] = set()
        while time.monotonic() < self.deadline:
            moves = [move for move in self._moves(assignment, worst) if move not in refused]
            if not moves:
                break
            group, fmt = moves[0]
            trial = (*assignment[:group], fmt, *assignment[group + 1 :])
            if self.fits(trial):
                assignment = trial
                path.append(trial)
            else:
                refused.add((group, fmt))
        return path[::-1]

    def _moves(self, assignment: Sequence[Format], worst: Sequence[Sequence[float]]) -> list[tuple[int, Format]]:
        """Changes of one group to something cheaper, those first that save most for their share of the error."""
        found = []
        for g, (group, fmt) in enumerate(zip(self.groups, assignment, strict=True)):
            share = dict(zip(group.formats, worst[g], strict=True))
            for other in group.formats:
                saved = (self.costs[fmt] - self.costs[other]) * len(group.members)
                if saved > 0 and share[other] <= 1:
                    found.append((float(saved) / (max(share[other] - share[fmt], 0.0) + 1e-9), g, other))
        return [(g, other) for _, g, other in sorted(found, key=lambda move: -move[0])]
