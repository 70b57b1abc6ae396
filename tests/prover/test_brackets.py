"""The smallest format, and what is known without a tolerance."""

from __future__ import annotations

from fractions import Fraction
from math import e

import numpy as np
import pytest

from suffice.proofs.certificate import Verdict
from suffice.prover.brackets import bounds
from suffice.prover.minimum import minimum
from tests.oracle.truth import truth
from tests.prover.asking import SOFTMAX, asked, problem, significand

SMALL = "float(p=4,emin=-6,emax=7)"
SQUARE = problem("x*x", "1e-3", x=("0", "1"))


def test_the_smallest_format_is_the_first_that_is_enough() -> None:
    found = minimum(SQUARE, [asked("bf16"), asked("fp16"), asked("fp32")])
    assert (found.minimum, found.tight) == ("fp16", True)
    assert [(result.format, result.verdict) for result in found.results] == [("bf16", Verdict.IMPOSSIBLE), ("fp16", Verdict.SUFFICIENT)]


def test_the_order_is_the_askers() -> None:
    found = minimum(SQUARE, [asked("fp32"), asked("fp16")])
    assert (found.minimum, found.tight, len(found.results)) == ("fp32", True, 1)


def test_a_smaller_one_that_is_only_insufficient_leaves_doubt() -> None:
    question = problem("(1 + x) - 1", "1e-5", x=("0", "1/1024"))
    found = minimum(question, [asked("fp16"), asked("fp32")])
    assert [result.verdict for result in found.results] == [Verdict.INSUFFICIENT, Verdict.SUFFICIENT]
    assert (found.minimum, found.tight) == ("fp32", False)


def test_no_format_is_enough() -> None:
    found = minimum(problem("x*x", "1e-9", x=("0", "1")), [asked("bf16"), asked("fp16")])
    assert (found.minimum, found.tight, len(found.results)) == (None, False, 2)


def test_the_minimum_of_the_literature_example() -> None:
    """exp on [-20, 0] to 1e-4: 13 bits, where the peak-curvature formula asks for 21."""
    found = minimum(problem("exp(x)", "1e-4", x=("-20", "0")), [asked(significand(12)), asked(significand(13))])
    assert (found.minimum, found.tight) == (significand(13), True)
    assert found.results[0].heuristic is not None
    assert found.results[0].heuristic.bits == 21


def test_softmax_has_slopes_of_a_quarter() -> None:
    found = bounds(problem(SOFTMAX, x=("-8", "8"), y=("-8", "8")), [])
    for slope in found.lipschitz.values():
        assert slope is not None
        assert Fraction(1, 4) <= slope <= Fraction(1, 4) * (1 + Fraction(1, 10**6))
    assert 0 < found.range[0] < found.range[1] < 1


def test_slope_and_curvature_of_the_exponential() -> None:
    found = bounds(problem("exp(x)", x=("0", "1")), [])
    for known, value in ((found.lipschitz["x"], e), (found.curvature_floor["x"], 0.5), (found.curvature_peak["x"], e / 2)):
        assert known is not None
        assert float(known) == pytest.approx(value, rel=1e-6)
    assert found.range[0] <= 1
    assert found.range[1] >= Fraction(e)
    assert found.curvature_floor["x"] is not None
    assert found.curvature_floor["x"] <= Fraction(1, 2)


def test_a_kink_has_no_curvature() -> None:
    found = bounds(problem("abs(x) + x*y", x=("-1", "1"), y=("0", "1")), [])
    assert found.lipschitz == {"x": Fraction(2), "y": Fraction(1)}
    assert (found.curvature_floor["x"], found.curvature_peak["x"]) == (None, None)
    beside = bounds(problem("abs(x)", x=("1", "2")), [])
    assert beside.curvature_floor == beside.curvature_peak == {"x": Fraction(0)}


@pytest.mark.parametrize(("expr", "relative"), [("x*x - x", "0"), ("exp(x)", "0"), ("exp(x)", "1")])
def test_the_bracket_holds_the_true_error(expr: str, relative: str) -> None:
    question = problem(expr, "0" if relative == "0" else None, relative=relative, x=("1", "2"))
    bracket = bounds(question, [asked(SMALL)]).results[0]
    fmt = asked(SMALL).input
    error = truth(question, fmt, fmt, fmt).program
    assert isinstance(error.hi, Fraction)
    assert isinstance(bracket.witness_error, Fraction)
    assert bracket.error_bound is not None
    assert 0 < bracket.witness_error <= error.hi
    assert error.lo <= bracket.error_bound
    assert bracket.error_bound <= bracket.witness_error * Fraction(1001, 1000)
    assert bracket.witness is not None
    assert 1 <= bracket.witness["x"] <= 2


def test_the_bracket_of_a_sum_in_fp16_holds_numpys_error() -> None:
    bracket = bounds(problem("x + 1/3", x=("1", "2")), [asked("fp16")]).results[0]
    x = np.random.default_rng(0).uniform(1, 2, 20_000)
    error = np.abs((x.astype(np.float16) + np.float16(1 / 3)).astype(np.float64) - (x + 1 / 3)).max()
    assert bracket.error_bound is not None
    assert isinstance(bracket.witness_error, Fraction)
    assert error <= bracket.error_bound
    assert 0.9 * error <= bracket.witness_error


def test_a_run_that_fails_has_no_bound() -> None:
    bracket = bounds(problem("exp(x)", x=("6", "8")), [asked("fp8_e4m3")]).results[0]
    assert (bracket.witness_error, bracket.error_bound, bracket.leaves) == ("infinite", None, 0)
    assert bracket.note


def test_a_code_has_no_program_to_measure() -> None:
    bracket = bounds(problem("x", x=("0", "1")), [asked("code(bits=3)")]).results[0]
    assert (bracket.error_bound, bracket.witness_error, bracket.note) == (None, None, "the formats leave the program open")
