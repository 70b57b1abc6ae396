"""The ideal algorithm bounded by branch and bound: what it claims is checked against exhaustive truth, and the kernel has the last word."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from suffice.hardware_specs.format import EXACT, FloatFormat
from suffice.prover import attempts
from suffice.prover.attempts import find_cover
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import search_ideal
from suffice.prover.portfolio import prove
from tests.oracle.truth import truth
from tests.prover.asking import asked, attempt, case, problem, significand

TINY = FloatFormat(p=5, emin=-6, emax=5, max_finite=Fraction(62))
NAME = "float(p=5,emin=-6,emax=5)"


@pytest.mark.parametrize(("expr", "box"), [("exp(x)", ("-3", "1")), ("x*x - x", ("-1", "2")), ("1/(1 + x*x)", ("-4", "4"))])
def test_no_bound_of_the_ideal_algorithm_lies_below_the_floor(expr: str, box: tuple[str, str]) -> None:
    question = problem(expr, "1", x=box)
    bounded = search_ideal(case(question, asked(NAME)), Effort(), 128)
    real = truth(question, TINY, TINY, TINY)
    assert bounded.value is not None
    assert real.floor.lo <= bounded.value <= 3 * real.floor.hi


def test_operations_cost_the_ideal_algorithm_nothing() -> None:
    """(exp(x) - 1)/x cancels: the program's error is far beyond the ideal algorithm's bound. Accuracies count for the program alone."""
    question = problem("(exp(x) - 1)/x", "1e-5", x=("0.001", "1"))
    opened = case(question, asked("fp32"))
    bounded = search_ideal(opened, Effort(), 192)
    (result,) = prove(question, [asked("fp32")]).results
    assert bounded.value is not None
    assert isinstance(result.witness_error, Fraction)
    assert result.witness_error > 100 * bounded.value
    assert opened.formats.compute != EXACT


def test_three_inputs_are_proved_possible_where_cells_cannot_be_visited() -> None:
    question = problem("x/sqrt(x*x + y*y + z*z)", "1e-4", x=("-2", "2"), y=("1", "2"), z=("1", "2"))
    work = attempt(question, asked(significand(16)))
    assert find_cover(work, ideal=True) == ""
    upper = work.dossier.value("floor_upper")
    assert isinstance(upper, Fraction)
    assert upper <= Fraction(1, 10**4)


def test_the_kernel_refuses_a_bound_that_its_cover_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that calls the bound zero: the leaves are given to the kernel, which finds them too coarse."""
    question = problem("x*x", "1e-9", x=("0", "1"))
    honest = search_ideal(case(question, asked("fp32")), Effort(), 192)
    lying = replace(honest, refined=replace(honest.refined, bound=Fraction(0)))
    monkeypatch.setattr(attempts, "search_ideal", lambda *_: lying)
    work = attempt(question, asked("fp32"), seconds=2)
    assert find_cover(work, ideal=True) != ""
    upper = work.dossier.value("floor_upper")
    assert isinstance(upper, Fraction)
    assert upper > Fraction(1, 10**9)
    assert not work.dossier.meets("floor_upper")


def test_a_branch_at_zero_is_reached_by_many_cuts() -> None:
    """On the cell of zero neither branch is certain; it lies 2^-149 below the box's end."""
    question = problem("if 0 <= x then 1/(1 + exp(-x)) else exp(x)/(1 + exp(x))", "1e-3", x=("-30", "30"))
    work = attempt(question, asked(significand(10)))
    assert find_cover(work, ideal=True) == ""
    assert work.dossier.claims["floor_upper"].statement == "S2+T0"
