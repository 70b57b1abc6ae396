"""Lines around elementwise functions, against mpmath, and how close they come."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.enclosures.relaxations.lines import Lines, bounding_lines, maximum_lines, narrowest_band
from suffice.encodings.networks.graph import TensorNode, TensorOp
from tests.mpmath_functions import FUNCTIONS as FUNCTIONS_OF_ONE

FUNCTIONS = FUNCTIONS_OF_ONE | {TensorOp.LEAKY_RELU: lambda x: max(x, x / 10)}
POSITIVE = {TensorOp.LOG, TensorOp.SQRT, TensorOp.RSQRT}
SMOOTH = [op for op in FUNCTIONS if op not in (TensorOp.RELU, TensorOp.LEAKY_RELU, TensorOp.ABSOLUTE)]


def node_of(op: TensorOp, size: int) -> TensorNode:
    return TensorNode(name="f", op=op, operands=(0,), shape=(size,), parameter_value=Fraction(1, 10))


def intervals(op: TensorOp, rng: np.random.Generator, count: int) -> Intervals:
    """From points to wide intervals; 0 as an end, inside and outside."""
    lo = rng.normal(size=count) * rng.choice([0.1, 1.0, 6.0], size=count)
    hi = lo + rng.choice([0.0, 1e-9, 1e-3, 0.3, 4.0, 12.0], size=count) * rng.uniform(size=count)
    if op in POSITIVE:
        lo, hi = np.exp(lo), np.exp(lo) + (hi - lo)
        if op is TensorOp.SQRT:
            lo[0] = 0.0
    return Intervals(lo, hi)


def violations(op: TensorOp, lines: Lines, x: Intervals, shares: list[float]) -> int:
    """At how many points the function is, visibly to 50 digits, outside its lines."""
    found = 0
    with mpmath.workdps(50):
        for element, (lo, hi) in enumerate(zip(x.lo, x.hi, strict=True)):
            for share in shares:
                z = mpmath.mpf(lo) + share * (mpmath.mpf(hi) - mpmath.mpf(lo))
                value = FUNCTIONS[op](z)
                below = mpmath.mpf(lines.lower_slope[element]) * z + mpmath.mpf(lines.lower_offset[element])
                above = mpmath.mpf(lines.upper_slope[element]) * z + mpmath.mpf(lines.upper_offset[element])
                found += not below <= value + mpmath.mpf(10) ** -45 or not above >= value - mpmath.mpf(10) ** -45
    return found


SHARES = [0.0, 1.0, *np.random.default_rng(0).uniform(size=23).tolist()]


@pytest.mark.parametrize("op", list(FUNCTIONS))
def test_functions_stay_between_their_lines(op: TensorOp) -> None:
    rng = np.random.default_rng(1)
    x = intervals(op, rng, 24)
    for lines in (bounding_lines(node_of(op, 24), x), narrowest_band(node_of(op, 24), x)):
        assert violations(op, lines, x, SHARES) == 0


def test_a_line_that_cuts_a_function_is_seen() -> None:
    x = Intervals(np.array([-1.0]), np.array([1.0]))
    lines = bounding_lines(node_of(TensorOp.TANH, 1), x)
    lowered = Lines(lines.lower_slope, lines.lower_offset, lines.upper_slope, lines.upper_offset - 0.05)
    assert violations(TensorOp.TANH, lowered, x, SHARES) > 0


@pytest.mark.parametrize("op", SMOOTH)
def test_narrow_bands_are_narrow(op: TensorOp) -> None:
    """A band of parallel lines on an interval of width w need not be wider than sup|f''| w^2 / 8; ours is within a third of that."""
    for width in (0.2, 0.02):
        x = Intervals(np.linspace(0.5, 3.0, 30), np.linspace(0.5, 3.0, 30) + width)
        band = narrowest_band(node_of(op, 30), x)
        from suffice.encodings.enclosures.networks.elementwise import function_of

        curvature = function_of(node_of(op, 30)).curvature(x)
        assert bool((band.upper_offset - band.lower_offset <= 1.34 * curvature * width**2 / 8 + 1e-14).all())


def test_an_undecided_relu_has_its_chord_above_and_the_nearer_side_below() -> None:
    x = Intervals(np.array([-1.0, -3.0, -1.0, 2.0, -4.0]), np.array([3.0, 1.0, 0.0, 3.0, -2.0]))
    lines = bounding_lines(node_of(TensorOp.RELU, 5), x)
    np.testing.assert_allclose(lines.upper_slope, [0.75, 0.25, 0.0, 1.0, 0.0])
    np.testing.assert_allclose(lines.upper_offset, [0.75, 0.75, 0.0, 0.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(lines.lower_slope, [1.0, 0.0, 0.0, 1.0, 0.0])
    np.testing.assert_allclose(lines.lower_offset, 0.0, atol=1e-15)
    band = narrowest_band(node_of(TensorOp.RELU, 5), x)
    np.testing.assert_allclose((band.upper_offset - band.lower_offset)[:2], [0.75, 0.75])


def cut_by_maxima(lines: Lines, x: Intervals, rng: np.random.Generator) -> bool:
    """Whether the maximum of a row leaves its lines at a corner or inside, in exact rationals."""
    assert lines.picked is not None
    for _ in range(200):
        shares = rng.choice([0.0, 1.0, 0.5], size=x.shape)
        point = np.clip(x.lo + shares * (x.hi - x.lo), x.lo, x.hi)
        chosen = lines.picked.push([point.reshape(1, -1)])[0]
        for row, z in enumerate(chosen):
            value = max(Fraction(number) for number in point[row])
            below = Fraction(lines.lower_slope[row]) * Fraction(z) + Fraction(lines.lower_offset[row])
            above = Fraction(lines.upper_slope[row]) * Fraction(z) + Fraction(lines.upper_offset[row])
            if not below <= value <= above:
                return True
    return False


def test_a_maximum_stays_between_its_lines() -> None:
    rng = np.random.default_rng(3)
    for length in (1, 2, 4):
        lo = rng.normal(size=(12, length))
        x = Intervals(lo, lo + rng.choice([0.0, 0.1, 1.0], size=lo.shape))
        lines = maximum_lines(x)
        assert not cut_by_maxima(lines, x, rng)
        lowered = Lines(lines.lower_slope, lines.lower_offset, lines.upper_slope, lines.upper_offset - 0.01, lines.picked)
        assert cut_by_maxima(lowered, x, rng)
