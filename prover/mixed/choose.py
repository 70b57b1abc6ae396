"""The cheapest program in mixed formats whose error is proved to be within tolerance (docs/mixed.md)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Problem
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import EXACT, FloatFormat, Format
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.proofs.allocation import Table, canonical_bytes
from suffice.proofs.decimals import decimal_above
from suffice.proofs.kernel import check
from suffice.prover.cell_leaves import Refined
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import Bounded
from suffice.prover.mixed.chooser import Assignment, Chooser
from suffice.prover.mixed.grouping import Group, groups_of
from suffice.prover.mixed.model import Model, Modeller, leaves_of, node_formats
from suffice.prover.mixed.program import Program, asked_of, case_of, with_input_format
from suffice.prover.mixed.proving import proved
from suffice.prover.mixed.results import GroupShare, Minimality, Mixed, Uniform
from suffice.prover.mixed.smt import cheaper_script
from suffice.prover.mixed.solve import Choice, Solved, certificate_of, solve
from suffice.prover.shares import shares_of
from suffice.prover.solvers import confirm

DEFAULT_SECONDS = 60.0

_COVER = Effort(gap=0.03, leaves=160, seconds=2.0)
"""How finely the box is cut for the rows of the model."""

_SPREADS = (1.0, 0.25, 2.0**-5, 2.0**-9)
"""Formats whose own share is larger are left out of a model: the fewer there are, the less their errors widen the slopes."""

_MOST_ROWS = 48
"""Rows of one table, added where the cheapest choice so far exceeds them."""

_SOLVER_SECONDS = 5.0

_SEARCH = 0.7
"""The part of the time that is for the search; the rest is for the proof."""

_HOPELESS = 16
"""A program whose first bound is so many times what is allowed is not bounded again on more leaves."""

_LEAST_SECONDS, _LONGEST = 5.0, 10.0
"""Seconds for the bound of the program that is proved."""


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The cheapest choice of a model, with the rows that it took to find it."""

    model: Model
    table: Table
    solved: Solved
    seconds: float

    @property
    def assignment(self) -> Assignment:
        """The format of every group."""
        return self.model.assignment(self.solved.choice)

    @property
    def cost(self) -> Fraction:
        """What it costs."""
        return self.table.cost(self.solved.choice) * self.table.unit


@keeping_subnormals()
def choose(
    problem: Problem,
    formats: Mapping[str, Format],
    costs: Mapping[Format, Fraction],
    *,
    named: Mapping[str, Sequence[Expression]] | None = None,
    input_format: Format | None = None,
    accuracy: Mapping[Op, Fraction] | None = None,
    timeout: float | None = None,
) -> Mixed:
    """The cheapest assignment of the formats that is proved to be within tolerance. Raises SufficeError for what cannot be asked.

    `costs` are those of one value in each format; `named` groups of operations get one format each; `input_format` is that in which
    inputs come, else they are rounded to a format of choice.
    """
    start = time.monotonic()
    if problem.tolerance is None:
        raise InputError("the problem has no tolerance", mend="add --eps, or eps in the problem file")
    if input_format is None and problem.inputs is InputModel.REPRESENTABLE:
        raise InputError("representable inputs have a format", mend="name it with --in, or leave inputs real")
    if input_format is not None:
        problem = with_input_format(problem, input_format)
    groups = groups_of(problem, list(formats.values()), named or {})
    chooser = Chooser(problem, groups, _all_costs(groups, costs), accuracy or {}, start + _SEARCH * (timeout or DEFAULT_SECONDS))
    uniforms = tuple(_uniform(chooser, fmt) for fmt in formats.values())
    modeller = modeller_of(chooser)
    if modeller is None:
        return _nothing(uniforms, start, "no bound of the error was found in the finest formats")
    return _chosen(chooser, modeller, uniforms, start)


def _all_costs(groups: Sequence[Group], costs: Mapping[Format, Fraction]) -> dict[Format, Fraction]:
    """Formats that the source demands and nobody prices cost nothing: they are no choice."""
    return {fmt: costs.get(fmt, Fraction(0)) for group in groups for fmt in group.formats}


def _uniform(chooser: Chooser, fmt: Format) -> Uniform:
    assignment = chooser.uniform(fmt)
    bound = chooser.found(assignment, Effort(gap=0.02, leaves=2000, seconds=1.0))[1].bound
    value = Fraction(bound) if bound < float("inf") else None
    threshold = chooser.threshold
    is_enough = value is not None and (value <= threshold or (value <= _HOPELESS * threshold and chooser.fits(assignment)))
    chooser.bounds[assignment] = is_enough
    return Uniform(format=fmt, cost=chooser.cost(assignment), error_bound=value, is_enough=is_enough)


def modeller_of(chooser: Chooser) -> Modeller | None:
    """The leaves of a cover of the program in the finest formats, or in those that reach farthest; None where neither has a bound."""
    for fineness in (_fineness, _reach):
        finest = tuple(max(group.formats, key=fineness) for group in chooser.groups)
        case, found = chooser.found(finest, _COVER)
        if found.bound < float("inf"):
            reference = _unrounded_twice(chooser, finest)
            leaves = leaves_of(found.tree, sorted(case.problem.box))
            return Modeller(case_of(reference, asked_of(reference, chooser.accuracy)), chooser.groups, finest, chooser.costs, leaves)
    return None


def _unrounded_twice(chooser: Chooser, assignment: Assignment) -> Program:
    """The problem with its formats and without casts, which the sweep accounts for itself."""
    formats = node_formats(chooser.groups, assignment, len(chooser.problem.expression.nodes))
    nodes = zip(chooser.problem.expression.nodes, formats, strict=True)
    expression = Expression(tuple(replace(node, format=None if fmt == EXACT else fmt) for node, fmt in nodes))
    return Program(replace(chooser.problem, expression=expression), ())


def _fineness(fmt: Format) -> tuple[int, int]:
    assert isinstance(fmt, FloatFormat)
    return fmt.p, fmt.emax


def _reach(fmt: Format) -> tuple[int, int]:
    assert isinstance(fmt, FloatFormat)
    return fmt.emax, fmt.p


def _chosen(chooser: Chooser, modeller: Modeller, uniforms: tuple[Uniform, ...], start: float) -> Mixed:
    """The cheapest choice of the models, and what is proved of its cost while a program is proved."""
    worst = modeller.worst_parts()
    cheapest = _cheapest(modeller, worst, chooser.deadline)
    with ThreadPoolExecutor(max_workers=1) as beside:
        minimality = None if cheapest is None else beside.submit(minimality_of, cheapest)
        return _proved(chooser, worst, cheapest, minimality, uniforms, start)


def _proved(
    chooser: Chooser,
    worst: list[list[float]],
    cheapest: Cheapest | None,
    minimality: Future[Minimality] | None,
    uniforms: tuple[Uniform, ...],
    start: float,
) -> Mixed:
    """The cheapest choice, improved, or a uniform one that is cheaper; the first that is proved."""
    candidates = [chooser.uniform(uniform.format) for uniform in uniforms if uniform.is_enough]
    candidates += [cheapest.assignment] if cheapest is not None and chooser.fits(cheapest.assignment) else []
    candidates.sort(key=chooser.cost)
    path = chooser.improved(candidates[0], worst) if candidates else []
    for assignment in dict.fromkeys([*path[:1], *path[len(path) // 2 :: 4], *candidates]):
        seconds = max(chooser.deadline - time.monotonic(), _LEAST_SECONDS)
        result = proved(chooser.program(assignment), chooser.accuracy, seconds=min(seconds, _LONGEST))
        if result is not None:
            return Mixed(
                program=chooser.program(assignment),
                result=result,
                shares=_shares(chooser, assignment),
                cost=chooser.cost(assignment),
                uniforms=uniforms,
                minimality=None if minimality is None else minimality.result(),
                seconds=time.monotonic() - start,
            )
    return _nothing(uniforms, start, _why_not(uniforms))


def _nothing(uniforms: tuple[Uniform, ...], start: float, note: str) -> Mixed:
    return Mixed(
        program=None, result=None, shares=(), cost=Fraction(0), uniforms=uniforms, minimality=None, seconds=time.monotonic() - start,
        note=note,
    )  # fmt: skip


def _why_not(uniforms: Sequence[Uniform]) -> str:
    known = [uniform for uniform in uniforms if uniform.error_bound is not None]
    if not known:
        return "no bound of the error was found in any of the formats"
    best = min(known, key=lambda uniform: uniform.error_bound or Fraction(0))
    bound = decimal_above(best.error_bound or Fraction(0), 6)
    return f"nothing is proved to be enough: all in {format_name(best.format)} has the error bound {bound}"


def _cheapest(modeller: Modeller, worst: list[list[float]], deadline: float) -> Cheapest | None:
    """The cheapest choice of models that leave out ever more formats, until that makes it dearer."""
    best: Cheapest | None = None
    for spread in _SPREADS:
        model = modeller.model(worst, spread)
        found = None if model is None else cheapest_of(model, modeller.finest, deadline)
        if found is not None and best is not None and found.cost >= best.cost:
            break
        best = found or best
    return best


def cheapest_of(model: Model, finest: Assignment, deadline: float) -> Cheapest | None:
    """The cheapest choice of one model, over as few of its rows as decide; None where none was found."""
    start = time.monotonic()
    first: Choice = tuple(formats.index(fmt) for formats, fmt in zip(model.formats, finest, strict=True))
    used = [0]
    while len(used) <= _MOST_ROWS:
        table = model.with_rows(used)
        solved = solve(table, seconds=max(deadline - time.monotonic(), 0.5), first=first)
        if solved is None:
            return None
        beyond = _worst_row(model, solved.choice)
        if beyond is None:
            return Cheapest(model, table, solved, time.monotonic() - start)
        used.append(beyond)
    return None


def _worst_row(model: Model, choice: Choice) -> int | None:
    """The row that a choice exceeds most, None if it keeps to all."""
    excess = [sum(uses[o] for uses, o in zip(row.uses, choice, strict=True)) - row.limit for row in model.rows]
    largest = max(excess)
    return excess.index(largest) if largest > 0 else None


def minimality_of(cheapest: Cheapest) -> Minimality:
    certificate = certificate_of(cheapest.table, cheapest.solved)
    if certificate is not None:
        report = check(canonical_bytes(certificate))
        assert report.status == "accepted", f"the kernel rejects its own rules: {report.reason}"
    script = cheaper_script(cheapest.table, cheapest.table.cost(cheapest.solved.choice))
    runs = confirm([script], solvers=("z3",), timeout=_SOLVER_SECONDS)[0] if certificate is not None else []
    return Minimality(
        cost=cheapest.cost, certificate=certificate, solvers=tuple(runs), rows=len(cheapest.model.rows), seconds=cheapest.seconds,
    )  # fmt: skip


def _shares(chooser: Chooser, assignment: Assignment) -> tuple[GroupShare, ...]:
    """Every group's part of the bound on the leaf where it is largest."""
    case, found = chooser.found(assignment, Effort(gap=0.02, leaves=2000, seconds=1.0))
    parts: dict[int, Fraction] = {share.position: share.part for share in shares_of(case, Bounded(found, Refined({}, None), 0.0))}
    places = chooser.program(assignment).places
    return tuple(
        GroupShare(
            name=group.name,
            members=len(group.members),
            format=format_name(fmt),
            cost=chooser.costs[fmt] * len(group.members),
            part=sum((_part(parts, places, k) for k in group.members), Fraction(0)),
        )
        for group, fmt in zip(chooser.groups, assignment, strict=True)
    )


def _part(parts: Mapping[int, Fraction], places: Sequence[int], k: int) -> Fraction:
    """The share of one node, its cast included."""
    first = places[k - 1] + 1 if k else 0
    return sum((parts.get(place, Fraction(0)) for place in range(first, places[k] + 1)), Fraction(0))
