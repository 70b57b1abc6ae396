"""The cheapest proved assignment of a format to every layer of a network (docs/networks.md, "A format for every layer")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from time import monotonic

from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.encodings.problem import InputModel
from suffice.errors import DomainError, InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat
from suffice.proofs.certificate import Bound, Verdict
from suffice.proofs.decimals import decimal_above
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.limits import MAX_NETWORK_WORK
from suffice.proofs.networks import LayersEvidence, claim_of, question_of
from suffice.prover.mixed.choose import Cheapest, cheapest_of, minimality_of
from suffice.prover.networks.analysis import Analysis
from suffice.prover.networks.assigning_groups import Layout, layout
from suffice.prover.networks.assigning_results import AssignedModel as AssignedModel
from suffice.prover.networks.assigning_results import Choice, UniformCost
from suffice.prover.networks.assigning_rows import Tables
from suffice.prover.networks.calibrating import calibrated
from suffice.prover.networks.certifying import Surroundings, certify_program, narrowings
from suffice.prover.networks.searching import SearchBudget

ASSIGNED = "assigned"
"""The label of the result."""

SECONDS = 120.0
"""For the choice, where no time is given; the proof of the last program and the search for a bad input come on top."""

SPREADS = (1.0, 0.25, 2.0**-5, 2.0**-9)
"""Formats whose own share of the tolerance is larger are left out of a model: the fewer there are, the less they widen everything."""

DRAWN_BACK = (Fraction(9, 10), Fraction(7, 10), Fraction(2, 5), Fraction(1, 5))
"""Parts of the tolerance for which a model is asked where the kernel does not confirm what it found for the whole."""

HOPELESS = 4.0
"""A format whose own share is so many times the tolerance is not tried: shares overestimate, but not without end."""

CONTRADICTED = "the proof of the program contradicts the table of the model: nothing is said of the least cost"
UNCERTIFIED = "the program that was chosen is not certified"

Assignment = tuple[Format, ...]
"""The format of every group."""


def assign(
    network: Network,
    inputs: InputSet,
    tolerance: Fraction,
    formats: Sequence[str | Format],
    *,
    device: str = "generic",
    costs: str = "bits",
    input: str | Format | None = None,
    output: str | Format | None = None,
    budget: SearchBudget | None = None,
    timeout: float | None = None,
    known: Surroundings | None = None,
) -> AssignedModel:
    """The cheapest choice of formats that is proved to keep every output within tolerance of the exact network.

    `costs` is "bits" stored, or "device" for the places in the device's order; `input` and `output` fix the formats of the two ends.
    `known` saves time where it was made already. Raises InputError, FormatError, and DomainError where the network is not defined.
    """
    started = monotonic()
    if tolerance <= 0:
        raise InputError(f"the tolerance {tolerance} is not positive", mend="use a tolerance > 0")
    if inputs.model is InputModel.REPRESENTABLE and input is None:
        raise InputError("representable inputs have a format", mend="name it with --in, or leave inputs real")
    known = known or Surroundings(network, inputs)
    groups = layout(network, formats, device=device, costs=costs, input=input, output=output, ranges=known.hulls)
    chooser = _Chooser(groups, known, tolerance, started + (timeout or SECONDS))
    return chooser.chosen(budget or SearchBudget(), costs, started)


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """A program with its analysis, and whether the kernel bounds its error within tolerance."""

    program: NetworkProgram
    analysis: Analysis
    is_enough: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Models:
    """Makes models of one question; `finest` is None where no assignment has a bound."""

    tables: Tables
    finest: Assignment | None
    shares: list[list[float]]

    def cheapest(self, tolerance: Fraction, deadline: float) -> Cheapest | None:
        """The cheapest choice of models that leave out ever more formats, until that makes it dearer."""
        best: Cheapest | None = None
        for spread in SPREADS if self.finest is not None else ():
            assert self.finest is not None
            kept = [
                tuple(fmt for fmt, share in zip(group.formats, own, strict=True) if share <= spread or fmt == last)
                for group, own, last in zip(self.tables.layout.groups, self.shares, self.finest, strict=True)
            ]
            model = self.tables.model(kept, tolerance)
            found = None if model is None else cheapest_of(model, self.finest, deadline)
            if found is not None and best is not None and found.cost >= best.cost:
                break
            best = found or best
        return best


@dataclass(slots=True, eq=False)
class _Chooser:
    """The work on one question."""

    layout: Layout
    known: Surroundings
    tolerance: Fraction
    deadline: float
    tried: dict[Assignment, _Tried] = field(default_factory=dict)

    def chosen(self, budget: SearchBudget, costs: str, started: float) -> AssignedModel:
        """The cheapest choice of the model, or a uniform one that is cheaper, improved as far as the proof of the whole allows."""
        uniforms = self._uniforms()
        models = self._models()
        shares, cheapest = models.shares, models.cheapest(self.tolerance, self.deadline)
        contradicted = cheapest is not None and not self._within(self.try_out(cheapest.assignment).analysis)
        if cheapest is not None and not contradicted:
            self._draw_back(models, cheapest.assignment)
        enough = sorted((assignment for assignment, tried in self.tried.items() if tried.is_enough), key=self.layout.cost)
        minimality = None if cheapest is None or contradicted else minimality_of(cheapest)
        if not enough:
            return AssignedModel(
                choices=(), cost=Fraction(0), costs=costs, uniforms=uniforms, minimality=minimality, result=None,
                seconds=monotonic() - started, note=self._why_not(uniforms),
            )  # fmt: skip
        best = self.improved(enough[0], shares)
        tried = self.try_out(best)
        result = certify_program(
            tried.program, self.known, self.tolerance, label=ASSIGNED, device=self.layout.device, budget=budget, analysis=tried.analysis
        )
        return AssignedModel(
            choices=self._choices(best, shares), cost=self.layout.cost(best), costs=costs, uniforms=uniforms, minimality=minimality,
            result=result, seconds=monotonic() - started,
            note=CONTRADICTED if contradicted else "" if result.verdict is Verdict.SUFFICIENT else UNCERTIFIED,
        )  # fmt: skip

    def try_out(self, assignment: Assignment) -> _Tried:
        """The program of an assignment, proved as a whole."""
        if assignment not in self.tried:
            program, analysis = calibrated(
                lambda ranges: self.layout.program(assignment, ranges), self.known.inputs, self.known.ranges, self.known.hulls
            )
            self.tried[assignment] = _Tried(program, analysis, self._is_enough(program, analysis))
        return self.tried[assignment]

    def _is_enough(self, program: NetworkProgram, analysis: Analysis) -> bool:
        """By the analyser's bound, and then by the kernel's."""
        if not self._within(analysis):
            return False
        try:
            question = question_of(program, self.known.inputs, self.tolerance)
            claim = claim_of(question, LayersEvidence(narrowed=narrowings(question)[0]), Budget(MAX_NETWORK_WORK))
        except InputError:
            return False
        assert claim.bound is Bound.ERROR_BOUND
        return isinstance(claim.value, Fraction) and claim.value <= self.tolerance

    def _within(self, analysis: Analysis) -> bool:
        return isfinite(analysis.bound) and Fraction(analysis.bound) <= self.tolerance

    def improved(self, assignment: Assignment, shares: Sequence[Sequence[float]]) -> Assignment:
        """Cheaper formats for single groups, one after the other, each step proved as a whole, until none is left or time is up."""
        refused: set[tuple[int, Format]] = set()
        while monotonic() < self.deadline:
            move = next((move for move in self._moves(assignment, shares) if move not in refused), None)
            if move is None:
                break
            group, fmt = move
            trial = (*assignment[:group], fmt, *assignment[group + 1 :])
            if self.try_out(trial).is_enough:
                assignment = trial
            else:
                refused.add(move)
        return assignment

    def _moves(self, assignment: Assignment, shares: Sequence[Sequence[float]]) -> list[tuple[int, Format]]:
        """Changes of one group to something cheaper, those first that save most for their share of the error."""
        found = []
        for g, (group, fmt) in enumerate(zip(self.layout.groups, assignment, strict=True)):
            now = group.formats.index(fmt)
            for o, other in enumerate(group.formats):
                saved = group.costs[now] - group.costs[o]
                if saved > 0 and shares[g][o] <= HOPELESS:
                    found.append((float(saved) / (max(shares[g][o] - shares[g][now], 0.0) + 1e-9), g, other))
        return [(g, other) for _, g, other in sorted(found, key=lambda move: -move[0])]

    def _draw_back(self, models: _Models, assignment: Assignment) -> None:
        """Where the kernel's bound of the cheapest choice is larger than the table's: the cheapest choices for smaller tolerances."""
        for part in DRAWN_BACK:
            if self.try_out(assignment).is_enough or monotonic() > self.deadline:
                return
            found = models.cheapest(self.tolerance * part, self.deadline)
            if found is None:
                return
            assignment = found.assignment

    def _models(self) -> _Models:
        """What models are made of: shares of the tolerance, where all else has the finest formats, or those that reach farthest."""
        tables = Tables(self.layout, self.known.inputs, self.known.ranges)
        for fineness in (_fineness, _reach):
            finest = tuple(max(group.formats, key=fineness) for group in self.layout.groups)
            try:
                shares = tables.shares(finest, self.tolerance)
            except DomainError:
                continue
            return _Models(tables, finest, shares)
        return _Models(tables, None, [[float("inf")] * len(group.formats) for group in self.layout.groups])

    def _uniforms(self) -> tuple[UniformCost, ...]:
        found = []
        for fmt in dict.fromkeys(fmt for group in self.layout.groups for fmt in group.formats):
            assignment = self.layout.uniform(fmt)
            if assignment is None:
                continue
            tried = self.try_out(assignment)
            bound = Fraction(tried.analysis.bound) if isfinite(tried.analysis.bound) else None
            found.append(
                UniformCost(format=format_name(fmt), cost=self.layout.cost(assignment), analysed=bound, is_enough=tried.is_enough)
            )  # fmt: skip
        return tuple(found)

    def _choices(self, assignment: Assignment, shares: Sequence[Sequence[float]]) -> tuple[Choice, ...]:
        return tuple(
            Choice(group=group, format=fmt, cost=group.costs[o], share=shares[g][o])
            for g, (group, fmt) in enumerate(zip(self.layout.groups, assignment, strict=True))
            for o in [group.formats.index(fmt)]
        )

    def _why_not(self, uniforms: Sequence[UniformCost]) -> str:
        known = [one for one in uniforms if one.analysed is not None]
        if not known:
            return "no bound of the error was found in any of the formats"
        best = min(known, key=lambda one: one.analysed or Fraction(0))
        return f"nothing is proved to be enough: all in {best.format} has the error bound {decimal_above(best.analysed or Fraction(0), 6)}"


def _fineness(fmt: Format) -> tuple[int, int]:
    """Integer codes come before all floats."""
    return (fmt.p, fmt.emax) if isinstance(fmt, FloatFormat) else (0, _codes(fmt))


def _reach(fmt: Format) -> tuple[int, int]:
    return (fmt.emax, fmt.p) if isinstance(fmt, FloatFormat) else (-(1 << 30), _codes(fmt))


def _codes(fmt: Format) -> int:
    return fmt.bits if isinstance(fmt, IntFormat) else 0
