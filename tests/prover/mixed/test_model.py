"""The model: above the true error of every assignment, and its cheapest choice that of trying all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest

from suffice import Problem
from suffice.encodings import problem as data
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import Format
from suffice.proofs.allocation import Group, Option, Row, Table, canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.mixed.choose import cheapest_of, modeller_of
from suffice.prover.mixed.chooser import Chooser
from suffice.prover.mixed.grouping import costs_by, groups_of
from suffice.prover.mixed.model import LIMIT, Model, Modeller
from suffice.prover.mixed.rows import SharingSweep
from suffice.prover.mixed.smt import cheaper_script
from suffice.prover.mixed.solve import certificate_of
from suffice.prover.solvers import decide

from .running import worst_error

TINY = "float(p=3,emin=-3,emax=3)"
SMALL = "float(p=5,emin=-6,emax=7)"
MIDDLE = "float(p=7,emin=-6,emax=7)"
ROUGH = "float(p=4,emin=-2,emax=4,rounding=toward_zero)"

CASES: list[tuple[str, dict[str, tuple[str, str]], str, str]] = [
    ("x*x - x/3 + 1/2", {"x": ("1/2", "2")}, "3/4", f"{TINY};{SMALL};{MIDDLE}"),
    ("x*(1 - x)", {"x": ("-1", "5/4")}, "1/2", f"{TINY};{SMALL};{MIDDLE}"),
    ("max(x, 1/3)*x - abs(x)", {"x": ("-1/2", "1")}, "1", f"{TINY};{MIDDLE}"),
    ("(if x < 1 then x*x else 2*x - 1)/3", {"x": ("1/2", "3/2")}, "1/2", f"{TINY};{SMALL};{MIDDLE}"),
    ("(x + 1/3)/(x + 2)", {"x": ("0", "1")}, "1/4", f"fp8_e4m3;fp8_e5m2;{SMALL}"),
    ("x - x*x/8", {"x": ("0", "2")}, "1/2", f"{ROUGH};{SMALL}"),
    ("fma(x, y, 1/5) - y", {"x": ("1/4", "1"), "y": ("1/2", "3/4")}, "1/2", f"{TINY};{SMALL}"),
]


def problem_of(formula: str, box: dict[str, tuple[str, str]], eps: str) -> data.Problem:
    return Problem(formula, box, eps=eps)


def modelled(case: tuple[str, dict[str, tuple[str, str]], str, str]) -> tuple[Chooser, Modeller, Model]:
    formula, box, eps, names = case
    problem = problem_of(formula, box, eps)
    formats = {name: parse_format(name) for name in names.split(";")}
    chooser = Chooser(problem, groups_of(problem, list(formats.values()), {}), costs_by("bits", formats), {}, 1e18)
    modeller = modeller_of(chooser)
    assert modeller is not None
    model = modeller.model(modeller.worst_parts(), 1.0)
    assert model is not None
    return chooser, modeller, model


def assignments(model: Model, most: int, seed: int) -> Iterator[tuple[int, ...]]:
    """All choices of a model, or so many at random."""
    whole = list(product(*(range(len(formats)) for formats in model.formats)))
    yield from whole if len(whole) <= most else Random(seed).sample(whole, most)


def modelled_error(model: Model, choice: Sequence[int], eps: Fraction) -> Fraction:
    """What the rows say of a choice, as an error."""
    used = max(LIMIT - row.limit + sum(uses[o] for uses, o in zip(row.uses, choice, strict=True)) for row in model.rows)
    return Fraction(used, LIMIT) * eps


def falsehoods(case: tuple[str, dict[str, tuple[str, str]], str, str], most: int) -> list[tuple[int, ...]]:
    """The choices whose true error lies above what the model says."""
    chooser, _, model = modelled(case)
    found = []
    for choice in assignments(model, most, 0):
        program = chooser.program(model.assignment(choice)).problem.expression
        if worst_error(chooser.problem, program) > modelled_error(model, choice, Fraction(case[2])):
            found.append(choice)
    return found


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_the_model_is_above_the_true_error(case: tuple[str, dict[str, tuple[str, str]], str, str]) -> None:
    assert falsehoods(case, 8) == []


TWICE = SharingSweep._twice


def test_a_model_that_forgets_the_second_rounding_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(self: Any, node: Any, inner: Any, own: Any, exact: Any, granule: Any) -> Any:  # noqa: ARG001
        return TWICE(self, node, inner, inner, exact, granule)

    monkeypatch.setattr(SharingSweep, "_twice", once)
    assert falsehoods(CASES[0], 8)


@pytest.mark.parametrize("case", CASES[:5], ids=[case[0] for case in CASES[:5]])
def test_the_cheapest_choice_is_that_of_trying_all(case: tuple[str, dict[str, tuple[str, str]], str, str]) -> None:
    _, modeller, model = modelled(case)
    found = cheapest_of(model, modeller.finest, 1e18)
    whole = Table(model.table.groups, model.rows, model.table.unit)
    costs = [whole.cost(choice) for choice in assignments(model, 10**6, 0) if whole.is_feasible(choice)]
    if found is None:
        assert not costs
        return
    assert whole.cost(found.solved.choice) == min(costs)
    certificate = certificate_of(found.table, found.solved)
    assert certificate is not None
    assert check(canonical_bytes(certificate)).status == "accepted"


def test_solvers_agree_that_nothing_is_cheaper_and_that_the_choice_is_there() -> None:
    _, modeller, model = modelled(CASES[0])
    found = cheapest_of(model, modeller.finest, 1e18)
    assert found is not None
    cost = found.table.cost(found.solved.choice)
    answers = decide([cheaper_script(found.table, cost), cheaper_script(found.table, cost + 1)], timeout=20.0)
    assert [{run.answer for run in runs} for runs in answers] == [{"unsat"}, {"sat"}]


def test_the_script_of_groups_that_are_alike_says_what_trying_all_says() -> None:
    """Groups of a kind are counted in it, not named: on tables at random, with either answer."""
    rng, tables = Random(5), []
    for _ in range(12):
        kinds = [
            (tuple(rng.randint(1, 9) for _ in range(3)), [tuple(rng.randint(0, 9) for _ in range(3)) for _ in range(2)]) for _ in range(2)
        ]
        taken = [rng.choice(kinds) for _ in range(5)]
        groups = tuple(Group(f"g{g}", tuple(Option(str(o), cost) for o, cost in enumerate(costs))) for g, (costs, _) in enumerate(taken))
        table = Table(groups, tuple(Row(rng.randint(12, 40), tuple(uses[r] for _, uses in taken)) for r in range(2)))
        feasible = [table.cost(choice) for choice in product(range(3), repeat=5) if table.is_feasible(choice)]
        if feasible:
            tables += [(table, min(feasible) + more, "sat" if more else "unsat") for more in (0, 1)]
    assert len(tables) >= 12
    answers = decide([cheaper_script(table, cost) for table, cost, _ in tables], timeout=20.0)
    assert [{run.answer for run in runs} for runs in answers] == [{wanted} for _, _, wanted in tables]


def test_a_format_that_may_overflow_is_no_choice() -> None:
    """fp16 ends at 65504, bf16 does not."""
    chooser, _, model = modelled(("x*x", {"x": ("1", "300")}, "1000", "fp16;bf16"))
    fp16 = parse_format("fp16")
    by_name = {group.name: formats for group, formats in zip(chooser.groups, model.formats, strict=True)}
    assert fp16 in by_name["x"]
    assert fp16 not in by_name["x*x"]


def test_preconditions_and_relative_errors_make_rows() -> None:
    problem = Problem("x/(x - y)", {"x": (0, 4), "y": (0, 4)}, eps="1/4", relative=True, where=["y + 1 <= x"])
    formats: dict[str, Format] = {name: parse_format(name) for name in ("fp16", "fp32")}
    chooser = Chooser(problem, groups_of(problem, list(formats.values()), {}), costs_by("bits", formats), {}, 1e18)
    modeller = modeller_of(chooser)
    assert modeller is not None
    assert modeller.model(modeller.worst_parts(), 1.0) is not None
