"""The search finds the worst sites that brute force finds, and lists every code where it says so."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.enclosures.bounds import range_bounds
from suffice.prover.case import Case
from suffice.prover.leading import leading_points
from suffice.prover.results import Point
from suffice.prover.search import Search, search
from tests.oracle.rounding import round_real
from tests.prover.asking import SOFTMAX, asked, case, point, problem, significand

TINY = 2.0**-11


def points_of(found: Search) -> list[Point]:
    return [p for candidate in (*found.pairs, *found.runs) for p in candidate.points]


def worst_of_exp_by_numpy() -> tuple[float, float]:
    """The floor of exp on [0, 1] in fp16 and the largest error of its correctly rounded program, from NumPy's float16 alone."""
    codes = np.arange(0, 0x3C01, dtype=np.uint16).view(np.float16)
    below, above = (np.nextafter(codes, np.float16(end)).astype(np.float64) for end in (-np.inf, np.inf))
    low = np.exp(np.clip((codes + below) / 2, 0, 1))
    high = np.exp(np.clip((codes + above) / 2, 0, 1))
    near = ((low + high) / 2).astype(np.float16)
    answers = [np.nextafter(near, np.float16(end)).astype(np.float64) for end in (0, np.inf)] + [near.astype(np.float64)]
    costs = [np.maximum(np.abs(z - low), np.abs(z - high)) for z in answers]
    program = np.exp(codes.astype(np.float64)).astype(np.float16).astype(np.float64)
    errors = np.maximum(np.abs(program - low), np.abs(program - high))
    return float(np.minimum.reduce(costs).max()), float(errors.max())


def test_every_code_of_fp16_is_visited() -> None:
    found = search(case(problem("exp(x)", "1e-3", x=("0", "1")), asked("fp16")))
    floor, error = worst_of_exp_by_numpy()
    assert (found.complete, found.sites) == (True, 0x3C01 + 1)  # and the negative zero
    assert found.pairs[0].value == pytest.approx(floor, rel=1e-12)
    assert found.runs[0].value == pytest.approx(error, rel=1e-12)
    assert [c.value for c in found.pairs] == sorted((c.value for c in found.pairs), reverse=True)


def test_the_worst_cells_of_softmax_are_found_by_sampling() -> None:
    """Published: the floor of the softmax of two in fp16 is about 1.2e-3, where x - y is about 0.22."""
    found = search(case(problem(SOFTMAX, "1e-3", x=("-8", "8"), y=("-8", "8")), asked("fp16")))
    low, high = found.pairs[0].points
    middle = {name: float(low[name] + high[name]) / 2 for name in low}
    assert abs(middle["x"] - middle["y"]) == pytest.approx(0.22, abs=0.05)
    assert found.pairs[0].value > 1.19e-3
    values = [1 / (1 + mpmath.exp(mpmath.mpf(float(p["y"] - p["x"])))) for p in (low, high)]
    assert abs(values[0] - values[1]) / 2 == pytest.approx(found.pairs[0].value, abs=2.0**-12)  # all but half an ulp of the output
    assert not found.complete


@pytest.mark.parametrize(
    ("expr", "box", "fmt", "complete"),
    [
        ("x", {"x": ("1", "2")}, "bf16", True),
        ("x*y", {"x": ("1", "2"), "y": ("1", "2")}, "fp8_e4m3", True),
        ("x*y", {"x": ("-8", "8"), "y": ("-8", "8")}, "fp16", False),
        ("x", {"x": ("1", "2")}, "fp32", False),
        ("x", {"x": ("1", "2")}, "exact", False),
    ],
)
def test_what_is_complete(expr: str, box: dict[str, tuple[str, str]], fmt: str, complete: bool) -> None:
    found = search(case(problem(expr, "1e-9", box=box), asked(fmt)))
    assert found.complete == complete
    codes = {"bf16": 129, "fp8_e4m3": 81}
    assert not complete or found.sites == codes[fmt]


def test_the_same_search_finds_the_same() -> None:
    asking = case(problem("exp(x)", "1e-9", x=("0", "1")), asked("fp32"))
    assert search(asking) == search(asking)


def test_overflow_to_infinity_is_a_site() -> None:
    """All of [-70000, -65520] rounds to one code; the best answer is -65504."""
    found = search(case(problem("x", "1", x=("-70000", "65504")), asked("fp16")))
    assert found.pairs[0].value == 70000 - 65504
    assert found.pairs[0].points == (point(x="-70000"), point(x="-65520"))
    assert found.runs[0].value == float("inf")
    assert found.complete


def test_overflow_to_nan_is_a_site() -> None:
    """All beyond 464 rounds to NaN; the best answer is 448."""
    found = search(case(problem("x", "1", x=("0", "1000")), asked("fp8_e4m3")))
    assert found.pairs[0].value == 1000 - 448
    assert found.pairs[0].points == (point(x="464"), point(x="1000"))
    assert found.runs[0].value == float("inf")


def test_overflow_to_nan_hides_no_other_site() -> None:
    found = search(case(problem("min(x, 100)", "1", x=("0", "1000")), asked("fp8_e4m3")))
    assert found.sites == 0x7F + 1 + 1  # the finite codes from zero up, the negative zero, NaN
    assert max(candidate.value for candidate in found.pairs) == 4  # the cell of 96, [92, 100], or of 104


def test_zeros_of_both_signs_are_two_sites() -> None:
    """Halves of a cell: with an exact output each costs a quarter of the smallest number, and the whole costs half of it."""
    question = problem("x", "1e-9", x=(str(Fraction(-1, 2048)), str(Fraction(1, 2048))))
    signed = search(case(question, asked("fp8_e4m3", output="exact")))
    unsigned = search(case(question, asked("fp8_e4m3fnuz", output="exact")))
    assert (signed.sites, unsigned.sites) == (2, 1)
    assert (signed.pairs[0].value, unsigned.pairs[0].value) == (TINY / 2, TINY)


def test_representable_inputs_are_points() -> None:
    """13/8 squared is 169/64, between 5/2 and 11/4."""
    found = search(case(problem("x*x", "1e-9", inputs="representable", x=("1", "2")), asked("float(p=4,emin=-6,emax=8)")))
    assert (found.complete, found.sites) == (True, 9)
    assert found.pairs[0].points == (point(x="13/8"),)
    assert found.pairs[0].value == 2.75 - 169 / 64
    assert all(len(candidate.points) == 1 for candidate in found.pairs)


def test_ends_that_are_no_floats_stay_in_the_box() -> None:
    third = Fraction(1, 3)
    for fmt, output in (("fp8_e4m3", "exact"), ("fp16", "exact"), ("fp32", "fp32")):
        found = search(case(problem("1/(x - 1/4)", "1e-9", x=("1/3", "1/2")), asked(fmt, output=output)))
        assert points_of(found)
        assert all(third <= p["x"] <= Fraction(1, 2) for p in points_of(found))
    assert third in {p["x"] for p in points_of(search(case(problem("1/(x - 1/4)", "1e-9", x=("1/3", "1/2")), asked("fp8_e4m3"))))}


def test_boxes_of_no_width() -> None:
    found = search(case(problem("x", "1e-9", x=("1/3", "1/3")), asked("fp16")))
    assert (found.complete, found.sites, found.pairs[0].points) == (True, 1, (point(x="1/3"),))
    assert found.pairs[0].value == pytest.approx(abs(1 / 3 - float(np.float16(1 / 3))), rel=1e-6)
    mixed = search(case(problem("x + y", "1e-9", x=("1/3", "1/3"), y=("1", "2")), asked("fp8_e4m3")))
    assert (mixed.complete, mixed.sites) == (True, 9)


def around(asking: Case) -> list[tuple[Point, ...]]:
    return leading_points(asking, range_bounds(asking.problem.expression, asking.problem.box))


def test_precisions_beyond_float64_by_the_leading_term() -> None:
    """1/(a - 1) near 1 + 1e-8: two points of one cell with 79 bits whose values differ by more than 2e-8."""
    sides = ("100000001/100000000", "50000001/50000000")
    asking = case(problem("1/(a - 1)", "1e-8", a=sides), asked(significand(79)))
    pairs = around(asking)
    assert all(Fraction(sides[0]) <= p["a"] <= Fraction(sides[1]) for pair in pairs for p in pair)
    gaps = []
    for low, high in (pair for pair in pairs if len(pair) == 2):
        a, b = sorted((low["a"], high["a"]))
        inner = (a + (b - a) * Fraction(1, 1 << 20), b - (b - a) * Fraction(1, 1 << 20))
        assert len({round_real(x, asking.formats.input) for x in inner}) == 1
        gaps.append(abs(1 / (a - 1) - 1 / (b - 1)))
    assert max(gaps) > Fraction(2, 10**8)


def test_leading_pairs_lie_at_opposite_corners() -> None:
    """x - y rises with x and falls with y; the cells of [1, 2] with 79 bits are 2^-78 wide."""
    asking = case(problem("x - y", "1e-9", x=("1", "2"), y=("1", "2")), asked(significand(79)))
    steps = {(high["x"] - low["x"], high["y"] - low["y"]) for low, high in (pair for pair in around(asking) if len(pair) == 2)}
    width = Fraction(1, 1 << 78)
    assert (width, -width) in steps


def test_leading_points_of_representable_inputs_are_representable() -> None:
    asking = case(problem("exp(x)", "1e-9", inputs="representable", x=("1/3", "1")), asked("fp16"))
    points = [pair[0] for pair in around(asking)]
    assert points
    assert all(round_real(p["x"], asking.formats.input) == p["x"] for p in points)
