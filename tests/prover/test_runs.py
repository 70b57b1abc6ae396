"""The search for runs against exhaustive truth, brute force by NumPy, and published worst cases."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf

import numpy as np
import pytest

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval, Problem, Tolerance
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import Format
from suffice.prover.case import Asked, Case, make_case
from suffice.prover.dossier import Dossier
from suffice.prover.engine import Effort, bound_error
from suffice.prover.laws import write_point
from suffice.prover.runs import RunSearch, search_runs
from suffice.prover.witnesses.inputs import make_inputs
from tests.oracle.random_branching import branching_case
from tests.oracle.random_problems import case as random_case
from tests.prover.asking import asked, case, problem

SECONDS = 3.0


def confirmed(asking: Case, found: RunSearch) -> list[float]:
    """What the kernel derives from each candidate; those that it rejects are left out."""
    dossier = Dossier(asking)
    offers = [{"kind": "run", "point": write_point(candidate.points[0]), "precision": 1024} for candidate in found.candidates]
    derived = [dossier.offer("witness_error", offer) for offer in offers]
    return [inf if isinstance(one.value, str) else float(one.value) for one in derived if one is not None]


def opened(question: Problem, source: Format, compute: Format, output: Format, **others: object) -> Case:
    """The case of concrete formats."""
    named = Asked(name="random", input=source, compute=compute, output=output)
    made = make_case(question, named, [None] * len(question.expression.nodes))
    return replace(made, formats=replace(made.formats, **others))  # type: ignore[arg-type]


def step_function() -> ExpressionBuilder:
    """if x/3 < y then x else y + 1."""
    builder = ExpressionBuilder()
    x, y = builder.variable("x"), builder.variable("y")
    less = builder.apply(Op.LT, builder.apply(Op.DIV, x, builder.constant(3)), y)
    builder.apply(Op.IF, less, x, builder.apply(Op.ADD, y, builder.constant(1)))
    return builder


def test_random_problems_against_exhaustive_truth() -> None:
    """Small formats of all kinds, absolute and relative and mixed tolerance, real and representable inputs."""
    near = 0
    for seed in range(100):
        known = random_case(seed)
        asking = opened(known.problem, known.source, known.compute, known.output)
        found = search_runs(asking, upper=float(known.truth.program.hi), seconds=0.2, seed=seed)
        best = max(confirmed(asking, found), default=0.0)
        assert best <= float(known.truth.program.hi) * (1 + 1e-12), seed
        near += best >= 0.97 * float(known.truth.program.lo)
    assert near >= 95


def test_random_branches_against_exhaustive_truth() -> None:
    """Conditionals, preconditions, and a format for each operation."""
    near = 0
    for seed in range(40):
        known = branching_case(seed)
        asking = opened(known.problem, known.source, known.compute, known.output, inputs=known.inputs, operations=known.operations)
        found = search_runs(asking, upper=float(known.truth.program.hi), seconds=0.2, seed=seed)
        best = max(confirmed(asking, found), default=0.0)
        assert best <= float(known.truth.program.hi) * (1 + 1e-12), seed
        near += best >= 0.97 * float(known.truth.program.lo) or bool(known.accuracy)
    assert near >= 34


@pytest.mark.parametrize("fmt", ["fp64", "fp32", "bf16", "float(p=40,emin=-126,emax=127)", "float(p=53,emin=-1022,emax=1023,rounding=up)"])
@pytest.mark.parametrize("expr", ["(x + y)*(x - y) + x/y", "exp(x)*y - sqrt(x)", "fma(x, y, x^3) - sin(y)"])
def test_the_kernel_finds_the_errors_that_the_search_expects(expr: str, fmt: str) -> None:
    asking = case(problem(expr, "1e-30", x=("0.7", "1.9"), y=("1.1", "2.7")), asked(fmt))
    found = search_runs(asking, upper=None, seconds=0.2)
    best = confirmed(asking, found)
    assert len(best) == len(found.candidates) == 8
    assert best[0] == pytest.approx(found.candidates[0].value, rel=2e-3)


def test_the_worst_product_of_fp32() -> None:
    """x * y in [1, 2]: three roundings, of x, y and the product, each half an ulp at most: 2^-24 (2 + 2 + 2) where x = y = 2, nearly."""
    asking = case(problem("x*y", "1e-30", x=("1", "2"), y=("1", "2")), asked("fp32"))
    found = search_runs(asking, upper=6 * 2.0**-24, seconds=SECONDS)
    assert 0.98 * 6 * 2.0**-24 < max(confirmed(asking, found)) <= 6 * 2.0**-24 * (1 + 1e-6)


def test_the_errors_of_many_operations_add_up() -> None:
    """Nine roundings in fp64: lattices bring 0.9998 of S1's bound, mutation and crossover alone 0.991 in the same time."""
    asking = case(problem("(x*y + y*z)*(z*x + x*y)", "1e-30", x=("1", "1.9"), y=("1.1", "1.9"), z=("1.2", "1.9")), asked("fp64"))
    bound = bound_error(asking, Effort()).bound
    assert 0.996 * bound < max(confirmed(asking, search_runs(asking, upper=None, seconds=SECONDS))) <= bound


@pytest.mark.parametrize("expr", ["exp(x)", "log10(x)", "atanh(x/3)"])
def test_no_candidate_is_a_tie_that_extended_precision_cannot_tell(expr: str) -> None:
    asking = case(problem(expr, "1e-30", inputs="representable", x=("1.1", "1.9")), asked("fp64"))
    found = search_runs(asking, upper=None, seconds=0.3)
    assert confirmed(asking, found) == pytest.approx([candidate.value for candidate in found.candidates], rel=0.02)


def test_the_worst_run_of_a_polynomial_in_fp16_by_numpy() -> None:
    """x*x*x - x on [0.5, 2] over all codes, the program run by NumPy's own float16, inputs representable."""
    codes = np.arange(0x3800, 0x4001, dtype=np.uint16).view(np.float16)
    program = (codes * codes * codes - codes).astype(np.float64)
    exact = codes.astype(np.float64)
    worst = np.abs(program - (exact**3 - exact)).max()
    asking = case(problem("x*x*x - x", "1e-30", inputs="representable", x=("0.5", "2")), asked("fp16"))
    assert max(confirmed(asking, search_runs(asking, upper=None, seconds=SECONDS))) == worst


def test_the_same_seed_finds_the_same() -> None:
    asking = case(problem("x*y + x/y", "1e-30", x=("1", "2"), y=("3", "5")), asked("fp64"))
    first = search_runs(asking, upper=1e-15, seconds=60.0, seed=3)
    assert first == search_runs(asking, upper=1e-15, seconds=60.0, seed=3)
    assert first != search_runs(asking, upper=1e-15, seconds=60.0, seed=4)


def test_it_stops_where_the_upper_bound_is_reached() -> None:
    asking = case(problem("x*y + x/y", "1e-30", x=("1", "2"), y=("3", "5")), asked("fp64"))
    thorough = search_runs(asking, upper=None, seconds=60.0)
    content = search_runs(asking, upper=thorough.candidates[0].value / 2, seconds=60.0)
    assert content.evaluations < thorough.evaluations / 4


@pytest.mark.parametrize("fmt", ["fp64", "fp16"])
def test_points_satisfy_the_preconditions(fmt: str) -> None:
    """The largest error of x*y lies at the corner (2, 2), which x + y <= 3 cuts off."""
    builder = ExpressionBuilder()
    total = builder.apply(Op.ADD, builder.variable("x"), builder.variable("y"))
    condition = builder.build(builder.apply(Op.LE, total, builder.constant(3)))
    free = problem("x*y", "1e-30", x=("1", "2"), y=("1", "2"))
    made = parse_format(fmt)
    held, unheld = (opened(replace(free, preconditions=given), made, made, made) for given in ((condition,), ()))
    points = [c.points[0] for c in search_runs(held, upper=None, seconds=SECONDS).candidates]
    assert len(points) == 8 and all(p["x"] + p["y"] <= 3 for p in points)
    assert any(c.points[0]["x"] + c.points[0]["y"] > 3 for c in search_runs(unheld, upper=None, seconds=SECONDS).candidates)


def test_both_sides_of_a_branch() -> None:
    """Where x/3 = y nearly, the program takes the other branch: its error is the jump x - (y + 1), up to 3 at x = 6."""
    sides = {"x": Interval(Fraction(0), Fraction(6)), "y": Interval(Fraction(0), Fraction(3))}
    builder = step_function()
    question = Problem(expression=builder.build(len(builder._nodes) - 1), box=sides, tolerance=Tolerance(absolute=Fraction(0)))
    asking = opened(question, *[parse_format("fp64")] * 3)
    assert max(confirmed(asking, search_runs(asking, upper=3.0, seconds=SECONDS))) > 2.9


@pytest.mark.parametrize(
    ("expr", "side", "fmt"),
    [("x*x", ("1", "300"), "fp16"), ("1/(x - 1)", ("1.00000000001", "3"), "fp32"), ("x", ("1", "70000"), "fp16"),
     ("log(x - 1/3)", ("0.33333333333333334", "1"), "fp64")],
)  # fmt: skip
def test_runs_that_end_in_no_number(expr: str, side: tuple[str, str], fmt: str) -> None:
    asking = case(problem(expr, "1", x=side), asked(fmt))
    assert max(confirmed(asking, search_runs(asking, upper=None, seconds=SECONDS))) == inf


def test_what_cannot_be_run_has_no_candidates() -> None:
    huge = case(problem("x", "1", x=("1", "1e400")), asked("float(p=24,emin=-9000,emax=9000)"))
    assert search_runs(huge, upper=None, seconds=SECONDS) == RunSearch((), 0)
    between = case(problem("x", "1", inputs="representable", x=("1.0001", "1.0002")), asked("fp8_e4m3"))
    assert search_runs(between, upper=None, seconds=SECONDS) == RunSearch((), 0)


def test_codes_beside_a_format_whose_overflow_is_nan() -> None:
    """Points beyond the largest number, at the largest and none at all have codes within the box."""
    question = problem("x", "1", x=("-3072", "3072"))
    fp8 = parse_format("fp8_e4m3")
    inputs = make_inputs(opened(question, fp8, fp8, fp8))
    assert inputs is not None
    assert inputs[0].codes(np.array([-1e4, -448.0, np.nan, 3072.0, np.inf])).tolist() == [-448, -448, -448, 448, 448]


def test_a_search_among_the_least_numbers_of_float64_ends() -> None:
    """A lattice of steps there has a basis that float64 cannot hold."""
    question = problem("x/y", "1/100", x=(str(Fraction(7, 2**1046)), str(Fraction(1, 2**1030))), y=("0.27", "1.34"))
    fp64 = parse_format("fp64")
    found = search_runs(opened(question, fp64, fp64, fp64), upper=None, seconds=0.5)
    assert max(confirmed(opened(question, fp64, fp64, fp64), found)) >= 2.0**-1076


def test_a_point_that_float64_does_not_hold_has_no_candidates() -> None:
    """An exact input that is 1/3 alone, and never rounded before the output."""
    exact, fp16 = parse_format("exact"), parse_format("fp16")
    assert not search_runs(opened(problem("x/3", "1", x=("1/3", "1/3")), exact, exact, fp16), upper=None, seconds=0.5).candidates
