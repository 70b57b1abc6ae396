"""Bounds on value, slope and curvature: known constants, dense sampling, and mpmath on random expressions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from time import perf_counter

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.encodings.enclosures.bounds import curvature_bounds, range_bounds, slope_bounds
from suffice.encodings.enclosures.crosscheck import Claims, crosscheck_bounds, evaluate_mpmath
from suffice.encodings.enclosures.extrema import Extremum
from suffice.encodings.enclosures.norms import curvature_norm, lipschitz
from suffice.encodings.problem import Interval
from suffice.errors import DomainError
from tests.encodings.formula import Formula, box, inputs
from tests.encodings.random_expressions import random_problem


def rational(value: object) -> Fraction:
    """An mpmath number, exactly."""
    with mpmath.workdps(60):
        return Fraction(*map(int, mpmath.libmp.to_rational(mpmath.mpf(value)._mpf_)))


def holds(extremum: Extremum, truth: object, tightness: float) -> None:
    """The extremum encloses the truth (an mpmath number) and is as tight as stated, relatively."""
    value = rational(truth)
    slack = abs(value) / 10**13
    assert extremum.upper is not None
    assert extremum.lower - slack <= value <= extremum.upper + slack
    assert extremum.upper - extremum.lower <= Fraction(tightness) * abs(value)


def sigmoid(x: Formula) -> Formula:
    return 1 / (1 + (-x).call("exp"))


def silu_slope(x: object) -> object:
    share = 1 / (1 + mpmath.exp(-x))  # type: ignore[operator]
    return share + x * share * (1 - share)


with mpmath.workdps(30):
    SILU_SLOPE = silu_slope(mpmath.findroot(lambda x: mpmath.diff(silu_slope, x), 2.4))

LAYERS: dict[str, tuple[Callable[[Formula], Formula], tuple[int | str, int | str], object, object]] = {
    "sigmoid": (sigmoid, (-8, 8), mpmath.mpf(1) / 4, 1 / (12 * mpmath.sqrt(3))),
    "tanh": (lambda x: x.call("tanh"), (-8, 8), 1, 2 / (3 * mpmath.sqrt(3))),
    "silu": (lambda x: x * sigmoid(x), (-8, 8), SILU_SLOPE, mpmath.mpf(1) / 4),
    "exp": (lambda x: x.call("exp"), (-1, 3), mpmath.exp(3), mpmath.exp(3) / 2),
    "reciprocal": (lambda x: 1 / x, ("1/100", 1), 10**4, 10**6),
    "sqrt": (lambda x: x.call("sqrt"), (4, 9), mpmath.mpf(1) / 4, mpmath.mpf(1) / 64),
    "log": (lambda x: x.call("log"), (2, 9), mpmath.mpf(1) / 2, mpmath.mpf(1) / 8),
}


@pytest.mark.parametrize("name", LAYERS)
def test_constants_of_layers(name: str) -> None:
    """THEORY section 5."""
    layer, side, slope, curvature = LAYERS[name]
    (x,) = inputs("x")
    expression, sides = layer(x).done(), box(x=side)
    holds(slope_bounds(expression, sides)["x"].peak, slope, 1e-6)
    holds(curvature_bounds(expression, sides)["x"].peak, curvature, 1e-6)
    holds(lipschitz(expression, sides).euclidean, slope, 1e-6)
    holds(lipschitz(expression, sides).max_norm, slope, 1e-6)
    holds(curvature_norm(expression, sides), curvature, 1e-6)


def test_floors_of_slope_and_curvature() -> None:
    (x,) = inputs("x")
    expression, sides = x.call("exp").done(), box(x=(-1, 3))
    holds(slope_bounds(expression, sides)["x"].floor, mpmath.exp(-1), 1e-9)
    holds(curvature_bounds(expression, sides)["x"].floor, mpmath.exp(-1) / 2, 1e-9)
    downward = slope_bounds((-(x.call("exp"))).done(), sides)["x"]
    holds(downward.floor, mpmath.exp(-1), 1e-9)
    assert downward.signed is not None and downward.signed.hi < 0
    bent = slope_bounds((x * x).done(), sides)["x"]
    assert bent.floor.lower == bent.floor.upper == 0 and bent.signed == Interval(Fraction(-2), Fraction(6))


def test_softmax_of_two_logits() -> None:
    x, y = inputs("x y")
    share = (x.call("exp") / (x.call("exp") + y.call("exp"))).done()
    sides = box(x=(-8, 8), y=(-8, 8))
    values = range_bounds(share, sides)
    lowest = 1 / (1 + mpmath.exp(16))
    assert abs(float(values.outside.lo) / float(lowest) - 1) < 1e-9 and values.outside.hi < 1
    for name in "xy":
        holds(slope_bounds(share, sides)[name].peak, mpmath.mpf(1) / 4, 1e-9)
    constants = lipschitz(share, sides)
    holds(constants.euclidean, mpmath.sqrt(2) / 4, 1e-9)
    holds(constants.max_norm, mpmath.mpf(1) / 2, 1e-9)
    half_hessian = rational(mpmath.mpf(2) / (12 * mpmath.sqrt(3)))
    bounded = curvature_norm(share, sides)
    assert bounded.lower <= half_hessian * (1 + Fraction(1, 10**9))
    assert bounded.upper is not None and half_hessian <= bounded.upper <= 6 * half_hessian


def test_log_sum_exp() -> None:
    x, y = inputs("x y")
    expression = (x.call("exp") + y.call("exp")).call("log").done()
    bounded = curvature_norm(expression, box(x=(-4, 4), y=(-4, 4)))
    holds(bounded, mpmath.mpf(1) / 4, 0.1)
    assert bounded.lower > Fraction(249, 1000)


def test_product_has_the_exact_hessian_norm() -> None:
    x, y = inputs("x y")
    bounded = curvature_norm((x * y).done(), box(x=(-3, 2), y=(-1, 5)))
    assert bounded.lower == bounded.upper == Fraction(1, 2)
    three = curvature_norm((inputs("x y z")[0] ** 2).done(), box(x=(0, 1)))
    assert three.lower == three.upper == 1


def test_three_inputs_by_frobenius_and_gershgorin() -> None:
    x, y, z = inputs("x y z")
    bounded = curvature_norm((x * y + y * z + x * z).done(), box(x=(0, 1), y=(0, 1), z=(0, 1)))
    assert bounded.upper is not None and bounded.lower <= 1 <= bounded.upper <= Fraction(123, 100)


def test_polynomials_are_exact_at_their_ends() -> None:
    (x,) = inputs("x")
    values = range_bounds((x**2 - 2 * x).done(), box(x=(-1, 3)))
    assert values.highest.value == Interval(Fraction(3), Fraction(3)) and values.outside.hi == 3
    assert values.lowest.value.lo == -1 == values.outside.lo and values.lowest.point == {"x": 1}
    assert values.inside == Interval(Fraction(-1), Fraction(3))


def test_a_constant_has_no_inside_but_a_tight_outside() -> None:
    (x,) = inputs("x")
    values = range_bounds((x * 0 + (x * 0 + 2).call("sqrt")).done(), box(x=(-1, 3)))
    assert values.inside is None and values.outside.hi - values.outside.lo < Fraction(1, 2**80)
    assert slope_bounds((x * 0 + 2).done(), box(x=(-1, 3)))["x"].peak.upper == 0


def test_kinks_bound_slopes_and_never_curvature() -> None:
    (x,) = inputs("x")
    ramp = x.call("max", 0).done()
    across = slope_bounds(ramp, box(x=(-1, 2)))["x"]
    assert across.signed == Interval(Fraction(0), Fraction(1)) and not across.smooth and across.floor.lower == 0
    assert lipschitz(ramp, box(x=(-1, 2))).euclidean.upper == 1
    unknown = curvature_bounds(ramp, box(x=(-1, 2)))["x"]
    assert unknown.signed is None and unknown.peak.upper is None and unknown.floor.lower == 0
    assert curvature_norm(ramp, box(x=(-1, 2))).upper is None
    beside = curvature_bounds(ramp, box(x=(0, 2)))["x"]
    assert beside.signed == Interval(Fraction(0), Fraction(0)) and slope_bounds(ramp, box(x=(0, 2)))["x"].smooth


def test_a_kink_far_from_zero_slope_keeps_its_floor() -> None:
    (x,) = inputs("x")
    bent = slope_bounds((3 * x + abs(x)).done(), box(x=(-1, 2)))["x"]
    assert bent.floor.lower == 2 and bent.peak.upper == 4


@pytest.mark.parametrize("formula", [lambda x: x.call("sqrt"), lambda x: (1 - x * x).call("sqrt"), lambda x: (x - x * x).call("sqrt")])
def test_infinite_slopes_are_unbounded(formula: Callable[[Formula], Formula]) -> None:
    (x,) = inputs("x")
    unknown = slope_bounds(formula(x).done(), box(x=(0, 1)))["x"]
    assert unknown.signed is None and unknown.peak.upper is None and unknown.floor.lower == 0
    assert unknown.peak.lower > 1000


def test_a_hidden_kink_has_no_curvature() -> None:
    (x,) = inputs("x")
    assert curvature_bounds((x * x).call("sqrt").done(), box(x=(-1, 2)))["x"].signed is None
    assert slope_bounds((x * x).call("sqrt").done(), box(x=(-1, 2)))["x"].signed is None


def test_undefined_boxes_are_refused() -> None:
    (x,) = inputs("x")
    for bounds in (range_bounds, slope_bounds, curvature_bounds, lipschitz, curvature_norm):
        with pytest.raises(DomainError):
            bounds((1 / x).done(), box(x=(-1, 1)))


def test_two_inputs_take_under_a_second() -> None:
    x, y = inputs("x y")
    expression = ((x * y).call("sin") + (x - y).call("cos")).done()
    start = perf_counter()
    slope_bounds(expression, box(x=(-3, 2), y=(-1, 5)))
    range_bounds(expression, box(x=(-3, 2), y=(-1, 5)))
    assert perf_counter() - start < 3


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_random_expressions_agree_with_mpmath(seed: int) -> None:
    expression, sides = random_problem(seed)
    claims = Claims(
        values=range_bounds(expression, sides, 60),
        slopes=slope_bounds(expression, sides, 40),
        curvatures=curvature_bounds(expression, sides, 30),
    )
    crosscheck_bounds(expression, sides, claims, samples=6, seed=seed)
    assert claims.slopes is not None and claims.curvatures is not None
    for bounded in (*claims.slopes.values(), *claims.curvatures.values()):
        for extremum in (bounded.floor, bounded.peak):
            assert extremum.upper is None or extremum.lower <= extremum.upper


def test_the_maximum_of_equal_terms_is_smooth_in_truth_and_bounded_at_least() -> None:
    (x,) = inputs("x")
    same = slope_bounds(x.call("max", x).done(), box(x=(-1, 1)))["x"]
    assert same.signed is not None and same.signed.lo <= 1 <= same.signed.hi


@pytest.mark.parametrize("seed", range(12))
def test_ranges_hold_dense_samples(seed: int) -> None:
    expression, sides = random_problem(seed, variables="x")
    values = range_bounds(expression, sides)
    points = [{name: side.lo + (side.hi - side.lo) * Fraction(k, 200) for name, side in sides.items()} for k in range(201)]
    samples = [rational(evaluate_mpmath(expression, point, 40)) for point in points]
    slack = max(abs(s) for s in samples) / 10**30
    assert values.outside.lo - slack <= min(samples) and max(samples) <= values.outside.hi + slack
    assert values.lowest.value.lo <= min(samples) + slack + (max(samples) - min(samples)) / 1000
    assert values.highest.value.hi >= max(samples) - slack - (max(samples) - min(samples)) / 1000
