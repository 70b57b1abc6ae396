"""Values at points and over boxes, against mpmath and exact rationals."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.encodings.enclosures.arb import enclose, enclose_at, node_enclosures
from suffice.encodings.enclosures.crosscheck import evaluate_mpmath, mpmath_interval
from suffice.encodings.problem import Interval
from suffice.errors import DomainError
from tests.encodings.formula import box, inputs
from tests.encodings.random_expressions import random_problem

SEEDS = st.integers(0, 10**6)


def rational(value: object) -> Fraction:
    return Fraction(*map(int, mpmath.libmp.to_rational(value._mpf_)))  # type: ignore[attr-defined]


def test_polynomials_are_exact_at_points() -> None:
    x, y = inputs("x y")
    polynomial = (x * x - 2 * x * y + y**3 / 7 - "1/10").done()
    at = {"x": Fraction(1, 3), "y": Fraction(-22, 7)}
    value = Fraction(1, 9) - 2 * Fraction(1, 3) * Fraction(-22, 7) + Fraction(-22, 7) ** 3 / 7 - Fraction(1, 10)
    assert enclose_at(polynomial, at) == Interval(value, value)


def test_rational_values_of_functions_are_exact() -> None:
    (x,) = inputs("x")
    value = ((1 - 9 * x * x).call("sqrt") + (3 * x - 1).call("exp") + (x - "1/3").call("sin")).done()
    assert enclose_at(value, {"x": Fraction(1, 3)}) == Interval(Fraction(1), Fraction(1))


@pytest.mark.parametrize("bits", [20, 64, 300])
def test_points_have_the_accuracy_asked_for(bits: int) -> None:
    (x,) = inputs("x")
    cancelling = (x.call("exp") - 1 - x - x * x / 2).done()
    got = enclose_at(cancelling, {"x": Fraction(1, 10**12)}, bits)
    with mpmath.workdps(250):
        t = mpmath.mpf(1) / 10**12
        truth = rational(mpmath.exp(t) - 1 - t - t * t / 2)
    assert got.lo <= truth <= got.hi
    assert 0 < got.hi - got.lo <= truth / 2**bits


def test_a_value_that_cannot_be_told_from_zero_gets_a_tiny_enclosure() -> None:
    (x,) = inputs("x")
    zero = (x.call("sin") ** 2 + x.call("cos") ** 2 - 1).done()
    got = enclose_at(zero, {"x": Fraction(1, 3)})
    assert got.lo <= 0 <= got.hi and got.hi - got.lo <= Fraction(1, 2**500)


def test_undefined_points_are_named() -> None:
    (x,) = inputs("x")
    with pytest.raises(DomainError, match="div could not be shown to be defined at x = 2; shrink the box"):
        enclose_at((1 / (x - 2)).done(), {"x": Fraction(2)})
    with pytest.raises(DomainError, match="log could not be shown to be defined on the box"):
        enclose(x.call("log").done(), box(x=(0, 1)))
    with pytest.raises(DomainError, match="too large"):
        enclose_at((x**9).call("exp").done(), {"x": Fraction(10)})


def test_natural_enclosures_of_every_node() -> None:
    (x,) = inputs("x")
    nodes = node_enclosures((x * x - x).done(), box(x=(-1, 3)))
    assert nodes == [Interval(Fraction(-1), Fraction(3)), Interval(Fraction(0), Fraction(9)), Interval(Fraction(-3), Fraction(10))]


def test_shares_are_tight() -> None:
    x, y, z = inputs("x y z")
    ex, ey, ez = (v.call("exp") for v in (x, y, z))
    got = enclose((ey / (ex + ey + ez)).done(), box(x=(-1, 1), y=(-1, 1), z=(-1, 1)))
    with mpmath.workdps(40):
        lowest = rational(1 / (1 + 2 * mpmath.exp(2)))
        highest = rational(1 / (1 + 2 * mpmath.exp(-2)))
    assert abs(got.lo - lowest) < Fraction(1, 10**25) and abs(got.hi - highest) < Fraction(1, 10**25)
    assert enclose((x / (x + y)).done(), box(x=(-2, -1), y=(4, 5))).lo <= -1


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.lists(st.integers(0, 2**20), min_size=2, max_size=2))
def test_random_expressions_enclose_mpmath_values(seed: int, where: list[int]) -> None:
    expression, sides = random_problem(seed)
    point = {
        name: side.lo + (side.hi - side.lo) * Fraction(k, 2**20) for (name, side), k in zip(sorted(sides.items()), where, strict=False)
    }
    try:
        exactly = enclose_at(expression, point, 80)
    except DomainError as error:
        assert "too large" in error.what
        return
    truth = mpmath_interval(expression, point, 60)
    assert truth is not None
    assert truth.lo <= exactly.hi and exactly.lo <= truth.hi
    assert exactly.hi - exactly.lo <= max(abs(exactly.lo), Fraction(1, 2**400)) / 2**79


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_random_boxes_hold_what_mpmath_samples(seed: int) -> None:
    expression, sides = random_problem(seed)
    try:
        whole = enclose(expression, sides)
    except DomainError:
        return
    for k in range(9):
        point = {name: side.lo + (side.hi - side.lo) * Fraction((k * (i + 3)) % 9, 8) for i, (name, side) in enumerate(sides.items())}
        value = rational(evaluate_mpmath(expression, {name: min(p, sides[name].hi) for name, p in point.items()}, 60))
        slack = (1 + abs(value)) / 10**40
        assert whole.lo - slack <= value <= whole.hi + slack


def test_mpmath_iv_agrees_on_wide_boxes() -> None:
    (x,) = inputs("x")
    got = enclose((x.call("exp").call("sin") / (2 + x.call("cos"))).done(), box(x=(0, 2)))
    with mpmath.workdps(30):
        side = mpmath.iv.mpf([0, 2])
        reference = mpmath.iv.sin(mpmath.iv.exp(side)) / (2 + mpmath.iv.cos(side))
        lo, hi = rational(mpmath.mpf(reference.a)), rational(mpmath.mpf(reference.b))
    assert abs(got.lo - lo) < Fraction(1, 10**12) and abs(got.hi - hi) < Fraction(1, 10**12)
