"""Error bounds of random programs against errors that the oracle computes. benchmarks/soundness_bounds.py runs thousands."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf
from statistics import median

import pytest

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT
from suffice.prover.case import Asked
from suffice.prover.engine import sweep
from suffice.prover.engine import upward as upward_module
from suffice.prover.engine.roundoff import FloatRounder
from tests.oracle.random_branching import branching_case
from tests.soundness.bounding import Judged, judge, judge_exhaustively
from tests.soundness.random_programs import Drawn, draw, drawn

BLOCKS = 6
SAMPLED, SMALL, BRANCHING = 84, 144, 24


def block(count: int, number: int) -> range:
    return range(number * count // BLOCKS, (number + 1) * count // BLOCKS)


def wrongs(judgements: list[Judged | None]) -> list[Judged]:
    return [judged for judged in judgements if judged is not None and judged.wrong]


@pytest.mark.parametrize("number", range(BLOCKS))
def test_no_bound_lies_below_an_error_that_a_search_finds(number: int) -> None:
    judgements = [judge(draw(seed), points=40, seconds=0.02) for seed in block(SAMPLED, number)]
    assert wrongs([*judgements]) == []
    assert sum(judged.error > 0 for judged in judgements) >= SAMPLED / BLOCKS / 2


@pytest.mark.parametrize("number", range(BLOCKS))
def test_no_bound_lies_below_the_exact_worst_error(number: int) -> None:
    judgements = [judge_exhaustively(draw(seed, small=True)) for seed in block(SMALL, number)]
    assert wrongs(judgements) == []
    ratios = [float(j.refined / j.error) for j in judgements if j is not None and 0 < j.error < inf and j.refined < inf]
    assert len(ratios) >= SMALL / BLOCKS / 3
    assert median(ratios) < 4


@pytest.mark.parametrize("number", range(BLOCKS))
def test_no_bound_lies_below_the_exact_worst_error_of_branching_programs(number: int) -> None:
    assert wrongs([judge_exhaustively(branching(seed)) for seed in block(BRANCHING, number)]) == []


def branching(seed: int) -> Drawn:
    given = branching_case(seed)
    nodes = tuple(replace(node, format=given.operations.get(k)) for k, node in enumerate(given.problem.expression.nodes))
    expression = replace(given.problem.expression, nodes=nodes)
    box = {name: given.problem.box[name] for name in expression.variables}
    conditions = tuple(condition for condition in given.problem.preconditions if set(condition.variables) <= set(box))
    asked = Asked(name="", input=given.source, compute=given.compute, output=given.output, accuracy=given.accuracy)
    return drawn(seed, replace(given.problem, expression=expression, box=box, preconditions=conditions), asked)


@pytest.mark.parametrize("number", range(2))
def test_results_moved_up_by_one_place_bound_as_well(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stepped = upward_module.stepped()
    for module in (upward_module, sweep):
        monkeypatch.setattr(module, "upward", lambda: stepped)
    assert wrongs([judge(draw(seed), points=30, seconds=0.02) for seed in block(90, number)]) == []
    assert wrongs([judge_exhaustively(draw(seed, small=True)) for seed in block(120, number)]) == []


def test_a_bound_that_is_too_small_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = FloatRounder._error
    monkeypatch.setattr(FloatRounder, "_error", lambda self, exact, values: original(self, exact, values) * 0.5)
    judgements = [judge_exhaustively(draw(seed, small=True)) for seed in range(20)]
    assert any("engine" in judged.wrong for judged in wrongs(judgements))
    assert not any("kernel" in judged.wrong for judged in wrongs(judgements))


# Errors found by such programs, each once


def test_a_constant_of_a_stated_accuracy_may_be_another_number() -> None:
    builder = ExpressionBuilder()
    root = builder.apply(Op.ASIN, builder.power(builder.constant(Fraction(-4, 7)), 2))
    problem = Problem(expression=builder.build(root), box={}, tolerance=Tolerance(absolute=Fraction(1)))
    fmt = parse_format("float(p=2,emin=-2,emax=4)")
    accuracy = {Op.POW: Fraction(7, 2), Op.ASIN: Fraction(1, 2)}
    judged = judge_exhaustively(drawn(0, problem, Asked(name="", input=fmt, compute=fmt, output=EXACT, accuracy=accuracy)))
    assert judged is not None
    assert judged.wrong == ()
    assert judged.error > Fraction(2, 5)


def test_exact_products_of_tiny_numbers_have_no_granule() -> None:
    builder = ExpressionBuilder()
    x = builder.variable("x")
    for _ in range(3):
        x = builder.apply(Op.MUL, x, x)
    builder.format = parse_format("fp64")
    problem = Problem(
        expression=builder.build(builder.apply(Op.CAST, x)), box={"x": Interval(Fraction(3, 1 << 136), Fraction(7, 1 << 136))},
        tolerance=Tolerance(absolute=Fraction(1)), inputs=InputModel.REPRESENTABLE,
    )  # fmt: skip
    asked = Asked(name="", input=parse_format("float(p=2,emin=-200,emax=0)"), compute=EXACT, output=EXACT)
    judged = judge(drawn(0, problem, asked), points=50)
    assert judged.wrong == ()
    assert Fraction(1, 1 << 1076) < judged.error < inf


def test_four_open_conditions_are_not_bounded_by_fewer() -> None:
    """Each of four bends within a spacing of the input may add its steep part."""
    fmt = parse_format("float(p=4,emin=-6,emax=7,rounding=up)")
    builder = ExpressionBuilder(format=EXACT)
    x = builder.variable("x")
    total = builder.constant(0)
    for k in range(4):
        limit = builder.constant(Fraction(k, 64))
        steep = builder.apply(Op.MUL, builder.constant(4 * (k + 1)), builder.apply(Op.SUB, x, limit))
        total = builder.apply(Op.ADD, total, builder.apply(Op.IF, builder.apply(Op.LT, limit, x), steep, builder.constant(0)))
    problem = Problem(
        expression=builder.build(total), box={"x": Interval(Fraction(-1, 8), Fraction(1, 8))}, tolerance=Tolerance(absolute=Fraction(1))
    )
    judged = judge(drawn(0, problem, Asked(name="", input=fmt, compute=EXACT, output=EXACT)), points=100)
    assert judged.wrong == ()
    assert judged.error > 0
