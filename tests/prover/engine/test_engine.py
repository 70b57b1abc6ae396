"""The bound of the engine against exhaustive truth, against the kernel, and against itself on the parts of its cover."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.upward import rounding_up
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.checking import Claim, derive
from suffice.proofs.kernel.splits import leaves
from suffice.prover.case import Asked, Case, make_case
from suffice.prover.engine import Effort, bound_error, splits_of
from suffice.prover.engine.sweep import Boxes, Sweep
from suffice.questions import Problem as problem_of
from tests.oracle.random_problems import case as random_case

QUICK = Effort(seconds=1.0, leaves=300)


def case_of(expression: str, box: dict[str, tuple[str, str]], fmt: str, *, relative: bool = False) -> Case:
    tolerance = {"eps": "1", "relative": True} if relative else {"eps": "0"}
    problem = problem_of(expression, box, **tolerance)  # type: ignore[arg-type]
    given = parse_format(fmt)
    return make_case(problem, Asked(name=fmt, input=given, compute=given, output=given), [])


WHOLE = Boxes({"x": np.full(1, -1.0), "y": np.full(1, 0.1)}, {"x": np.full(1, 2.0), "y": np.full(1, 1.0)})
"""The box of the first problem below."""


@pytest.mark.parametrize("seed", range(150))
def test_the_bound_is_never_below_the_exact_worst_error(seed: int) -> None:
    known = random_case(seed)
    asked = Asked(name="", input=known.source, compute=known.compute, output=known.output)
    case = make_case(known.problem, asked, [None] * len(known.problem.expression.nodes))
    if not case.has_program:
        pytest.skip("the formats leave the program open")
    found = bound_error(case, QUICK)
    worst = known.truth.program.lo
    assert worst is not None
    assert found.bound == np.inf or Fraction(found.bound) >= worst


@pytest.mark.parametrize(
    ("expression", "box", "fmt", "expected"),
    [
        ("x + y", {"x": ("1", "2"), "y": ("1", "2")}, "fp64", 2.0**-53 * 2 + 2.0**-52),
        ("x*x", {"x": ("0", "1")}, "fp64", 2.0**-54 * 2 + 2.0**-54),
        ("x - y", {"x": ("1", "2"), "y": ("1", "2")}, "fp64", 2.0**-53 * 2),  # the difference itself is exact (Sterbenz)
        ("0.5*x", {"x": ("1", "2")}, "fp16", 2.0**-11 / 2),  # scaling by a power of two is exact
        ("x/4", {"x": ("1", "2")}, "fp16", 2.0**-11 / 4),
        ("x/3", {"x": ("1", "2")}, "fp16", 2.0**-11 / 3 + 2.0**-12 * 2 / 3),  # thirds keep away from ties
        ("x/(-10)", {"x": ("1", "2")}, "fp16", 2.0**-11 / 10 + 2.0**-14 * 4 / 5),
        ("(x*x)/3", {"x": ("0", "1")}, "fp16", None),
        ("x + 0.1", {"x": ("1/1024", "1/512")}, "fp16", None),
    ],
)
def test_known_bounds(expression: str, box: dict[str, tuple[str, str]], fmt: str, expected: float | None) -> None:
    found = bound_error(case_of(expression, box, fmt), Effort(gap=1e-6))
    assert np.isfinite(found.bound)
    if expected is not None:
        assert found.bound == pytest.approx(expected, rel=1e-5)


PROBLEMS = [
    ("x*y - x/(y + 3)", {"x": ("-1", "2"), "y": ("1/10", "1")}, "fp32"),
    ("exp(x) - sin(x*y)", {"x": ("-1", "1"), "y": ("0", "2")}, "fp64"),
    ("sqrt(x^2 + y^2)", {"x": ("1", "100"), "y": ("1", "100")}, "bf16"),
    ("max(x, y) - abs(x - y)", {"x": ("-1", "2"), "y": ("-3", "1")}, "fp16"),
    ("(x - 1)^3", {"x": ("0", "3")}, "float(p=8,emin=-126,emax=127,rounding=up)"),
    ("log1p(x)/tanh(x)", {"x": ("1/4", "2")}, "float(p=24,emin=-126,emax=127,subnormals=flushed)"),
]


@pytest.mark.parametrize(("expression", "box", "fmt"), PROBLEMS)
@pytest.mark.parametrize("relative", [False, True])
def test_the_kernel_derives_the_bound_again(expression: str, box: dict[str, tuple[str, str]], fmt: str, *, relative: bool) -> None:
    if relative and expression != PROBLEMS[2][0] and expression != PROBLEMS[5][0]:
        pytest.skip("f has a zero")
    case = case_of(expression, box, fmt, relative=relative)
    found = bound_error(case, Effort(gap=0.01, leaves=4000))
    evidence = {"kind": "cover", "splits": splits_of(found.tree, sorted(case.problem.box), {}), "pieces": 1, "precision": 256}
    derived = derive(case.question, Claim("error_bound", Fraction(0), "", evidence), Budget())
    assert isinstance(derived.value, Fraction)
    assert float(derived.value) <= found.bound * (1 + 1e-6)
    assert float(derived.value) >= found.reached * 0.98
    assert derived.leaves == found.leaves


def test_the_leaves_cover_the_box_and_none_exceeds_the_bound() -> None:
    case = case_of(*PROBLEMS[0])
    found = bound_error(case, Effort(gap=0.05))
    parts = list(leaves(case.question, splits_of(found.tree, ["x", "y"], {}), Budget()))
    area = sum((part["x"][1] - part["x"][0]) * (part["y"][1] - part["y"][0]) for part in parts)
    assert area == 3 * (1 - Fraction(1, 10))
    sweep = Sweep(case)
    low = {name: np.array([float(part[name][0]) for part in parts]) for name in "xy"}
    high = {name: np.array([float(part[name][1]) for part in parts]) for name in "xy"}
    with rounding_up():
        bounds = sweep.evaluate(Boxes(low, high)).bound
    assert bounds.max() <= found.bound * (1 + 1e-12)


def test_shares_add_up_to_the_bound() -> None:
    case = case_of(*PROBLEMS[0])
    with rounding_up():
        swept = Sweep(case).evaluate(WHOLE, shares=True)
    total = sum(float(error[0] * size[0]) for error, size in swept.shares)
    assert total == pytest.approx(float(swept.bound[0]), rel=1e-12)


def test_overflow_and_domains_leave_no_bound() -> None:
    for expression, ends, fmt in (("x*x", ("1", "300"), "fp16"), ("1/x", ("-1", "1"), "fp32"), ("log(x)", ("0", "1"), "fp32")):
        assert bound_error(case_of(expression, {"x": ends}, fmt), Effort(leaves=200)).bound == np.inf
    assert np.isfinite(bound_error(case_of("x*x", {"x": ("1", "255")}, "fp16"), QUICK).bound)


def test_a_target_ends_the_search_early() -> None:
    case = case_of(*PROBLEMS[1])
    tight = bound_error(case, Effort(gap=0.001))
    loose = bound_error(case, Effort(gap=0.001, target=tight.bound * 1.5))
    assert loose.leaves < tight.leaves
    assert loose.bound <= tight.bound * 1.5


def test_several_roots_are_bounded_at_once() -> None:
    case = case_of("x*y - x/(y + 3)", PROBLEMS[0][1], "fp32")
    root = len(case.problem.expression.nodes) - 1
    with rounding_up():
        sweep = Sweep(case, roots=[root, root - 1])
        both = sweep.evaluate(WHOLE).bound
        alone = Sweep(case).evaluate(WHOLE).bound
    assert both[0] == pytest.approx(alone[0])
    assert 0 < both[1] < both[0]
