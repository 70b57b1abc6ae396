"""Elementary functions and their derivatives on arrays, against power series in Arb."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from flint import arb, ctx

from suffice.encodings.enclosures.arrays import functions
from suffice.encodings.enclosures.arrays.functions import UNARY, leaky_relu
from suffice.encodings.enclosures.arrays.intervals import Intervals, add, divide, negate, point, square
from suffice.encodings.enclosures.arrays.pieces import Map, Shape, both_sides
from suffice.errors import DomainError
from suffice.hardware_specs.upward import Array, rounding_up, stepped, upward
from tests.encodings.enclosures.arrays.jets import DEFINITIONS, derivatives
from tests.prover.engine.test_upward import flushing, needs_mxcsr

POSITIVE = ("log", "sqrt", "rsqrt")

BITS, NEGLIGIBLE = 1400, 2.0**-1074
"""Of the series, and what their rounding stays far below."""


def points_for(name: str, random: np.random.Generator, count: int) -> Array:
    """Points of ordinary size, close to zero, and far out."""
    plain = random.standard_normal(count) * random.choice([1e-3, 1.0, 3.0, 12.0], count)
    some = np.array([0.0, 5e-324, -5e-324, 2.0**-1022, -1e-300, 1e-17, -1e-9, 30.0, -30.0, 100.0, -100.0, 2.0, -2.0, 1.0])
    mixed = np.concatenate([some, plain])
    return np.abs(mixed) + (2.0**-1000 if name != "sqrt" else 2.0**-400) if name in POSITIVE else mixed


def is_inside(value: arb, lo: float, hi: float) -> bool:
    """Whether lo <= value <= hi, up to the rounding of the series."""
    room = arb(NEGLIGIBLE) / 2**64
    return bool(value - arb(lo) > -room) if hi == math.inf else bool(value - arb(lo) > -room) and bool(arb(hi) - value > -room)


def ranges(name: str, x: Intervals) -> tuple[Intervals, Intervals, Array]:
    return UNARY[name].range(x), UNARY[name].slope(x), UNARY[name].curvature(x)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_values_at_points_are_enclosed_tightly(name: str) -> None:
    x = points_for(name, np.random.default_rng(len(name)), 400)
    value, slope, curvature = ranges(name, point(x))
    with ctx.workprec(BITS):
        for k in range(len(x)):
            exact = derivatives(name, arb(x[k]))
            assert is_inside(exact[0], value.lo[k], value.hi[k]), (name, x[k])
            assert is_inside(exact[1], slope.lo[k], slope.hi[k]), (name, x[k])
            assert is_inside(abs(exact[2]), 0.0, curvature[k]), (name, x[k])
            for width, size in ((value.hi[k] - value.lo[k], exact[0]), (slope.hi[k] - slope.lo[k], exact[1])):
                allowed = (abs(float(size)) * (40 + 4 * x[k] * x[k]) + 16 * min(1.0, abs(x[k]) + 2.0**-1022)) * 2.0**-52 + 2.0**-1070
                assert width <= allowed or not math.isfinite(float(size)), (name, x[k], width, allowed)
            room = (abs(float(exact[2])) * (40 + 4 * x[k] * x[k]) + 16 * min(1.0, abs(x[k]))) * 2.0**-52 + 2.0**-1070
            assert curvature[k] <= abs(float(exact[2])) + room or not math.isfinite(float(exact[2])), (name, x[k])


def some_intervals(name: str, random: np.random.Generator, count: int) -> Intervals:
    first = random.standard_normal(count) * random.choice([0.5, 2.0, 5.0], count)
    second = first + random.exponential(size=count) * random.choice([1e-9, 1e-2, 1.0, 6.0], count)
    return Intervals(np.abs(first) + 0.01, np.abs(first) + 0.01 + (second - first)) if name in POSITIVE else Intervals(first, second)


def violations(function: Map, order: int, name: str, x: Intervals) -> int:
    """How many sampled values of a derivative lie outside the range of it on the intervals."""
    found, shares = function(x), np.linspace(0.0, 1.0, 9)
    with ctx.workprec(BITS):
        return sum(
            not is_inside(derivatives(name, arb(min(max(lo + share * (hi - lo), lo), hi)))[order], found.lo[k], found.hi[k])
            for k, (lo, hi) in enumerate(zip(x.lo, x.hi, strict=True))
            for share in shares
        )


def second_derivative(name: str) -> Map:
    return lambda x: Intervals(-UNARY[name].curvature(x), UNARY[name].curvature(x))


@pytest.mark.parametrize("name", DEFINITIONS)
def test_ranges_hold_what_is_between_the_ends(name: str) -> None:
    x = some_intervals(name, np.random.default_rng(7 + len(name)), 60)
    for order, function in enumerate((UNARY[name].range, UNARY[name].slope, second_derivative(name))):
        assert violations(function, order, name, x) == 0


@pytest.mark.parametrize(("name", "order"), [*((name, order) for name in ("silu", "gelu", "gelu_tanh") for order in (0, 1)), ("tanh", 1)])
def test_a_forgotten_turning_point_is_caught(name: str, order: int) -> None:
    shape = (UNARY[name].range, UNARY[name].slope)[order]
    assert isinstance(shape, Shape)
    x = some_intervals(name, np.random.default_rng(7), 60)
    assert violations(shape, order, name, x) == 0
    assert violations(replace(shape, turns=()), order, name, x) > 0


@pytest.mark.parametrize("name", DEFINITIONS)
def test_ranges_are_not_wider_than_needed(name: str) -> None:
    x = some_intervals(name, np.random.default_rng(31), 40)
    samples = x.lo[:, None] + (x.hi - x.lo)[:, None] * np.linspace(0.0, 1.0, 3000)
    samples[:, -1] = x.hi
    values = ranges(name, point(samples))
    value, slope, curvature = ranges(name, x)
    steps = (((x.hi - x.lo) / 3000) ** 2) * np.maximum(1.0, np.max(values[2], axis=1)) + 1e-12
    for found, reached in ((value, values[0]), (slope, values[1])):
        sizes = np.maximum(1.0, np.maximum(abs(found.lo), abs(found.hi)))
        assert (found.hi <= reached.hi.max(axis=1) + 4 * steps * sizes).all()
        assert (found.lo >= reached.lo.min(axis=1) - 4 * steps * sizes).all()
    assert (curvature <= values[2].max(axis=1) * (1 + 1e-4) + 4 * steps).all()


TURNS = {
    ("sigmoid", 1): functions.ZERO,
    ("sigmoid", 2): both_sides(*functions.SIGMOID_SECOND_TURN),
    ("tanh", 1): functions.ZERO,
    ("tanh", 2): both_sides(*functions.TANH_SECOND_TURN),
    ("erf", 1): functions.ZERO,
    ("erf", 2): both_sides(*functions.ERF_SECOND_TURN),
    ("silu", 0): (functions.SILU_TURN,),
    ("silu", 1): both_sides(*functions.SILU_SLOPE_TURN),
    ("silu", 2): (*functions.ZERO, *both_sides(*functions.SILU_SECOND_TURN)),
    ("gelu", 0): (functions.GELU_TURN,),
    ("gelu", 1): both_sides(*functions.GELU_SLOPE_TURN),
    ("gelu", 2): (*functions.ZERO, *both_sides(2.0, 2.0)),
    ("gelu_tanh", 0): (functions.GELU_TANH_TURN,),
    ("gelu_tanh", 1): both_sides(*functions.GELU_TANH_SLOPE_TURN),
    ("gelu_tanh", 2): (*functions.ZERO, *both_sides(*functions.GELU_TANH_SECOND_TURN)),
}
"""Where a derivative of each order turns."""


def sign_between(name: str, order: int, low: arb, high: arb, depth: int = 90) -> int:
    """The sign that a derivative has everywhere on [low, high], 0 where it is not shown to have one."""
    with suppress(ValueError):
        value = derivatives(name, arb(low).union(arb(high)), order + 1)[order]
        if value > 0 or value < 0:
            return 1 if value > 0 else -1
    if depth == 0:
        return 0
    middle = (arb(low) + arb(high)) / 2
    first = sign_between(name, order, low, middle, depth - 1)
    return first if first and sign_between(name, order, middle, high, depth - 1) == first else 0


@pytest.mark.parametrize(("name", "order"), TURNS)
def test_turning_points_are_where_they_are_said_to_be_and_nowhere_else(name: str, order: int) -> None:
    """On [-9, 9] by a cover; what lies beyond is the argument in the module's docstring."""
    turns = sorted(TURNS[name, order])
    edges = [-9.0, *(end for turn in turns for end in turn), 9.0]
    gap = [2.0**-40 if low == high else 0.0 for low, high in turns]
    with ctx.workprec(256):
        signs = []
        for place, (low, high) in enumerate(zip(edges[::2], edges[1::2], strict=True)):
            below = gap[place - 1] if place > 0 else 0.0
            above = gap[place] if place < len(turns) else 0.0
            signs.append(sign_between(name, order + 1, low + below, high - above))
        for (low, high), near in zip(turns, gap, strict=True):
            if near:
                assert low == high and derivatives(name, arb(low), order + 2)[order + 1].contains(0)
                assert sign_between(name, order + 2, low - near, high + near) != 0
    assert 0 not in signs
    assert all(first == -second for first, second in pairwise(signs))


def test_a_turning_point_in_the_wrong_place_is_noticed() -> None:
    low, high = functions.SILU_TURN
    with ctx.workprec(256):
        assert sign_between("silu", 1, -9.0, low) == -1
        assert sign_between("silu", 1, -9.0, math.nextafter(high, 0.0)) == 0


def test_the_tail_of_gelu_tanh_has_no_further_turning_point() -> None:
    x, b = 8.0, 0.044715
    v = 1 + 3 * b * x * x
    u = math.sqrt(2 / math.pi) * (x + b * x**3)
    assert 3 * math.tanh(u) ** 2 - 1 >= 1.99 and 1 + 9 * b * x * x <= 3 * v
    assert 1.99 * math.sqrt(2 / math.pi) * v >= 2 * 9 / x


def test_pi_lies_between_its_neighbours() -> None:
    with ctx.workprec(100):
        around = functions._pi()
        assert arb(float(around.lo)) < arb.pi() < arb(float(around.hi))
        assert float(around.hi) == math.nextafter(float(around.lo), 4.0)


def test_functions_far_out_and_on_the_whole_line() -> None:
    far = Intervals(np.array([-np.inf, -1e308, 1e308, -np.inf, 750.0]), np.array([np.inf, -1e307, np.inf, -800.0, 760.0]))
    for name in ("silu", "gelu", "gelu_tanh"):
        value, slope, curvature = ranges(name, far)
        assert value.lo[0] > -0.28 and value.hi[0] == np.inf
        assert value.lo[1] > -1e-300 and value.hi[1] == 0.0
        assert value.lo[2] > 9e307 and slope.lo[2] > 0.9 and slope.hi[2] < 1.01
        assert abs(slope.lo[1]) < 1e-290 and curvature[1] < 1e-290
        assert curvature[0] < 0.8
        assert 749.99 < value.lo[4] <= 750.0
    for name in ("sigmoid", "tanh", "erf", "softplus"):
        value, slope, _ = ranges(name, far)
        assert value.lo[0] in (0.0, -1.0) and slope.hi[0] <= 1.13 and slope.lo[0] == 0.0
    assert UNARY["exp"].range(far).hi.tolist()[2:4] == [np.inf, 5e-324]


def test_limits_bound_what_is_not_evaluated() -> None:
    bell = Shape(lambda x: divide(1.0, add(1.0, square(x))), functions.ZERO, left=0.0, right=0.0)
    risen = Shape(lambda x: negate(bell.at(x)), functions.ZERO, left=0.0, right=0.0)
    x = Intervals(np.array([-2000.0, 1000.0, -np.inf, -1e5]), np.array([-1000.0, np.inf, np.inf, 3.0]))
    for found in (bell(x), negate(risen(x))):
        assert found.lo.tolist() == [0.0, 0.0, 0.0, 0.0]
        assert 1e-6 <= found.hi[0] == found.hi[1] <= 1e-5 and found.hi[2:].tolist() == [1.0, 1.0]


def test_what_is_outside_a_domain_is_refused() -> None:
    for name, low in (("log", 0.0), ("rsqrt", 0.0), ("sqrt", -5e-324), ("log", -1.0)):
        x = Intervals(np.array([1.0, low]), np.array([2.0, 1.0]))
        for function in (UNARY[name].range, UNARY[name].slope, UNARY[name].curvature):
            with pytest.raises(DomainError, match="not defined on an interval that reaches"):
                function(x)
    at_zero = UNARY["sqrt"].slope(Intervals(np.array([0.0, 0.0]), np.array([0.0, 4.0])))
    assert (at_zero.hi == np.inf).all() and 0.2499 < at_zero.lo[1] <= 0.25
    with pytest.raises(DomainError, match="zero or below"):
        UNARY["sqrt"].curvature(point(0.0))


def test_kinks() -> None:
    x = Intervals(np.array([-2.0, -1.0, 0.0, 1.0, -3.0]), np.array([-1.0, 2.0, 5.0, 1.0, 0.0]))
    relu, leaky, upside = UNARY["relu"], leaky_relu(0.25), leaky_relu(-0.5)
    assert relu.range(x).lo.tolist() == [0, 0, 0, 1, 0] and relu.range(x).hi.tolist() == [0, 2, 5, 1, 0]
    assert relu.slope(x).lo.tolist() == [0, 0, 0, 1, 0] and relu.slope(x).hi.tolist() == [0, 1, 1, 1, 1]
    assert relu.curvature(x).tolist() == [0, np.inf, np.inf, 0, np.inf]
    assert leaky.range(x).lo.tolist() == [-0.5, -0.25, 0, 1, -0.75] and leaky.slope(x).lo.tolist() == [0.25, 0.25, 0.25, 1, 0.25]
    assert upside.range(x).lo.tolist() == [0.5, 0, 0, 1, 0] and upside.range(x).hi.tolist() == [1, 2, 5, 1, 1.5]
    assert upside.slope(x).lo.tolist() == [-0.5, -0.5, -0.5, 1, -0.5]
    assert UNARY["leaky_relu"].slope(x).lo[0] == 0.01


def test_the_library_is_not_called_in_a_directed_mode() -> None:
    if upward() == stepped():
        pytest.skip("the mode does not reach NumPy here")
    with rounding_up(), pytest.raises(AssertionError, match="directed rounding mode"):
        UNARY["tanh"].range(point(0.5))


def test_shapes_are_kept() -> None:
    for shape in ((), (1,), (2, 3, 4), (0, 5)):
        x = point(np.full(shape, 0.5))
        for function in UNARY.values():
            assert function.range(x).shape == function.slope(x).shape == function.curvature(x).shape == shape


@needs_mxcsr
def test_a_process_that_flushes_subnormals_gets_the_same() -> None:
    x = Intervals(np.array([-5e-324, 2.0**-1023, -740.0, -3.0]), np.array([5e-324, 2.0**-1022, -730.0, 2.0]))
    kept = [ranges(name, x) for name in ("exp", "tanh", "gelu", "silu")]
    with flushing():
        flushed = [ranges(name, x) for name in ("exp", "tanh", "gelu", "silu")]
    for first, second in zip(kept, flushed, strict=True):
        for one, other in zip(first[:2], second[:2], strict=True):
            assert one.lo.tobytes() == other.lo.tobytes() and one.hi.tobytes() == other.hi.tobytes()
