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
from suffice.hardware_specs import upward as upward_module
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT
from suffice.prover.case import Asked
from suffice.prover.engine import Effort, sweep
from suffice.prover.engine.roundoff import FloatRounder
from suffice.prover.error_bounds import search_bound
from tests.oracle.branching import branching_truth
from tests.oracle.random_branching import branching_case
from tests.prover import asking
from tests.soundness.bounding import PRECISION, Judged, judge, judge_exhaustively
from tests.soundness.random_programs import FUNCTIONS, Drawn, draw, drawn

NEAR_ONE = f"{2**62 + 2**52 + 1}/{2**62}"
P3 = "float(p=3,emin=0,emax=3)"
P4 = "float(p=4,emin=-6,emax=7)"
UPWARD = "float(p=2,emin=-2,emax=8,rounding=up)"
P4UP = "float(p=4,emin=-6,emax=7,rounding=up)"
FLUSHED = "float(p=3,emin=-2,emax=4,subnormals=flushed)"

BLOCKS = 6
SAMPLED, SMALL, BRANCHING = 60, 240, 24


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


ONE_RULE = {
    "accuracy at a power of two": ("x^2", "representable", P4, P4, {"x": ("1", "2")}),
    "accuracy where rounding is coarser": ("x^2", "representable", P4UP, P4UP, {"x": ("3/2", "15/8")}),
    "exact results are flushed": ("x - 1/4", "representable", FLUSHED, FLUSHED, {"x": ("1/4", "1/2")}),
    "a coarser quantum": ("x", "representable", "float(p=2,emin=-6,emax=4)", "float(p=4,emin=-2,emax=4)", {"x": ("1/64", "1/16")}),
    "slopes between the real value and the one held": ("(x*x)*(x*x)", "representable", UPWARD, UPWARD, {"x": ("3", "3")}),
    "granule of the branch taken": ("(if x < 5/4 then 4 else x)*x", "representable", P4, P4, {"x": ("3/2", "15/8")}),
    "granule of what is added": ("fma(4, x, y)", "representable", P4, P4, {"x": ("1", "15/8"), "y": ("1/8", "1/4")}),
    "just above a power of two": ("-x", "real", P4, P4, {"x": ("31/32", "65/64")}),
    "a divisor's error": ("1/x", "real", P4, "exact", {"x": ("1/2", "9/16")}),
    "a product of two signs, below": ("x*y", "representable", P3, P3, {"x": ("-2", "1"), "y": ("-1", "3")}),
    "a product of two signs, above": ("x*y", "representable", P3, P3, {"x": ("-2", "1"), "y": ("-3", "1")}),
    "codes in one direction": ("x", "real", "int8(scale=1/16,zero=0,rounding=up)", "exact", {"x": ("0", "1/2")}),
    "codes lack the other sign": ("-x", "representable", "int8(scale=1/16,zero=0)", "int8(scale=1/16,zero=0)", {"x": ("-8", "-15/2")}),
    "one false operand": ("if 1 < x and x < 0 then 0 else 8*x", "real", P4, "exact", {"x": ("1/2", "2")}),
    "one true operand": ("if 1 < x or x < 3 then 8*x else 0", "real", P4, "exact", {"x": ("1/2", "2")}),
    "opposite slopes": ("-x + (1 - x)", "real", P4, "exact", {"x": ("1/2", "2")}),
    "a product that float64 rounds down": (f"x*{2**52 + 1}/{2**52}", "real", P4, "exact", {"x": (NEAR_ONE, NEAR_ONE)}),
    "slope of a power": ("x^3", "real", P4, "fp32", {"x": ("3/8", "1/2")}),
    "a bend": ("if x < 1 then 0 else 8*(x - 1)", "real", P4, "exact", {"x": ("1/2", "2")}),
}
ONE_RULE |= {f"slope of {op}": (f"{op}(x)", "real", P4, "fp32", {"x": ("3/8", "1/2")}) for op in {*FUNCTIONS, Op.SQRT}}


@pytest.mark.parametrize("name", sorted(ONE_RULE))
def test_the_bound_of_one_rule_holds_and_is_needed(name: str) -> None:
    """In each of these the worst error is near the bound, so that a weaker rule would be noticed."""
    expression, inputs, source, compute, box = ONE_RULE[name]
    problem = asking.problem(expression, "1", inputs=inputs, box=box)
    accuracy = {Op.POW: Fraction(1, 2) if compute == P4UP else Fraction(3)} if name.startswith("accuracy") else {}
    asked = Asked(name=name, input=parse_format(source), compute=parse_format(compute), output=EXACT, accuracy=accuracy)
    judged = judge_exhaustively(drawn(0, problem, asked), most=200)
    assert judged is not None
    assert judged.wrong == ()
    assert judged.refined * Fraction(2, 3) < judged.error < inf


def test_what_may_overflow_in_a_narrower_format_has_no_bound() -> None:
    asked = Asked(name="", input=parse_format("float(p=3,emin=-2,emax=4)"), compute=parse_format("float(p=3,emin=-2,emax=3)"), output=EXACT)
    judged = judge(drawn(0, asking.problem("x", "1", x=("12", "28")), asked))
    assert judged.engine == judged.refined == judged.kernel == inf


def test_what_may_overflow_by_a_stated_accuracy_has_no_bound() -> None:
    """7/8 squared may be held as 15/16, the largest number: within 3 ulps of 49/64."""
    fmt = parse_format("float(p=4,emin=-6,emax=-1)")
    asked = Asked(name="", input=fmt, compute=fmt, output=EXACT, accuracy={Op.POW: Fraction(3)})
    judged = judge(drawn(0, asking.problem("x^2 + 1/16", "1", x=("7/8", "7/8")), asked))
    assert judged.engine == judged.refined == judged.kernel == inf


FINE = "float(p=8,emin=-10,emax=7)"
MIXED = {
    "a summand of another format": (Op.ADD, P3, FINE, FINE, Fraction(1, 256), ("1", "5/4")),
    "a sum that is flushed": (Op.SUB, FLUSHED, FLUSHED, FINE, Fraction(1, 16), ("1/4", "5/16")),
    "the larger of two formats": (Op.MAX, P3, FINE, P3, Fraction(1), ("1", "5/4")),
    "the larger of two formats, the other first": (Op.MAX, P3, P3, FINE, Fraction(9, 8) + Fraction(1, 128), ("1", "5/4")),
}


@pytest.mark.parametrize("name", MIXED)
def test_the_bound_of_operands_in_other_formats_holds_and_is_needed(name: str) -> None:
    """One operation on an input and a constant, each in its own format."""
    op, fmt, of_input, of_constant, value, side = MIXED[name]
    builder = ExpressionBuilder(format=parse_format(of_input))
    x = builder.variable("x")
    builder.format = parse_format(of_constant)
    constant = builder.constant(value)
    builder.format = parse_format(fmt)
    problem = Problem(
        expression=builder.build(builder.apply(op, x, constant)), box={"x": Interval(*map(Fraction, side))},
        tolerance=Tolerance(absolute=Fraction(1)), inputs=InputModel.REPRESENTABLE,
    )  # fmt: skip
    judged = judge_exhaustively(drawn(0, problem, Asked(name=name, input=EXACT, compute=EXACT, output=EXACT)))
    assert judged is not None
    assert judged.wrong == ()
    assert judged.refined * Fraction(2, 3) < judged.error < inf


@pytest.mark.parametrize(
    ("expression", "side"), [("if x < 3/2 then 0 else 8*(x - 3/2)", ("1", "31/16")), ("if x < 3/2 then 8*(x - 3/2) else 0", ("17/16", "2"))]
)
def test_a_leaf_cut_into_cells_is_bounded_on_all_of_them(expression: str, side: tuple[str, str]) -> None:
    """One leaf, on which S1 adds a jump; the worst cell lies in its upper or its lower half."""
    fmt = parse_format(P4)
    given = drawn(0, asking.problem(expression, "1", x=side), Asked(name="", input=fmt, compute=EXACT, output=EXACT))
    bounded = search_bound(given.case, Effort(leaves=1), PRECISION)
    known = branching_truth(given.problem, given.program, EXACT).program
    assert bounded.value is not None
    assert bounded.found.leaves == 1
    assert bounded.found.bound > 2 * known.hi
    assert known.lo <= bounded.value <= known.hi * Fraction(101, 100)
