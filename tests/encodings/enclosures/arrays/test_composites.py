"""Softmax, normalisations, weighted means and variances over boxes, against Arb at points of the boxes and against exact rationals."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_series, ctx

from suffice.encodings.enclosures.arrays import composites
from suffice.encodings.enclosures.arrays import variance as variance_module
from suffice.encodings.enclosures.arrays.composites import (
    layer_norm,
    layer_norm_adjoint,
    layer_norm_scale,
    log_softmax,
    log_softmax_adjoint,
    rms_norm,
    rms_norm_adjoint,
    rms_norm_scale,
    softmax,
    softmax_adjoint,
)
from suffice.encodings.enclosures.arrays.intervals import Intervals, point
from suffice.encodings.enclosures.arrays.others import total_of_others
from suffice.encodings.enclosures.arrays.simplex import weighted_mean
from suffice.encodings.enclosures.arrays.variance import variance
from suffice.errors import DomainError, InputError
from suffice.hardware_specs.upward import Array
from tests.encodings.enclosures.arrays.oracle import boxes, fractions, holds, is_tight, narrow

EPS = 1e-5
BITS = 256

Row = list[Any]


def exact_softmax(x: Row) -> Row:
    powers = [value.exp() for value in x]
    total = sum(powers[1:], powers[0])
    return [power / total for power in powers]


def exact_log_softmax(x: Row) -> Row:
    return [value.log() for value in exact_softmax(x)]


def exact_rms_norm(x: Row) -> Row:
    squares = [value * value for value in x]
    scale = (sum(squares[1:], squares[0]) / len(x) + arb(EPS)).sqrt()
    return [value / scale for value in x]


def exact_layer_norm(x: Row) -> Row:
    middle = sum(x[1:], x[0]) / len(x)
    return exact_rms_norm([value - middle for value in x])


LAYERS: dict[str, tuple[Callable[[Intervals], Intervals], Callable[[Row], Row], Callable[[Intervals, Intervals], Intervals]]] = {
    "softmax": (softmax, exact_softmax, lambda x, a: softmax_adjoint(softmax(x), a)),
    "log_softmax": (log_softmax, exact_log_softmax, lambda x, a: log_softmax_adjoint(softmax(x), a)),
    "layer_norm": (
        lambda x: layer_norm(x, EPS),
        exact_layer_norm,
        lambda x, a: layer_norm_adjoint(layer_norm(x, EPS), layer_norm_scale(x, EPS), a),
    ),
    "rms_norm": (lambda x: rms_norm(x, EPS), exact_rms_norm, lambda x, a: rms_norm_adjoint(rms_norm(x, EPS), rms_norm_scale(x, EPS), a)),
}


def inside(value: arb, lo: float, hi: float) -> bool:
    room = arb(2.0**-200) * (1 + abs(value))
    return (lo == -np.inf or bool(value - arb(lo) > -room)) and (hi == np.inf or bool(arb(hi) - value > -room))


def pick(random: np.random.Generator, x: Intervals) -> Array:
    """A point of every interval, often an end."""
    shares = np.clip(random.random(x.shape) * 2 - 0.5, 0.0, 1.0)
    return np.clip(x.lo + (x.hi - x.lo) * shares, x.lo, x.hi)


def product_with_jacobian(layer: Callable[[Row], Row], x: Array, adjoint: Array) -> Row:
    """sum_i a_i df_i/dx_j for every j, from the layer's definition on power series."""
    found = []
    for j in range(len(x)):
        moved = layer([arb_series([arb(value), int(k == j)], prec=2) for k, value in enumerate(x)])
        found.append(sum((arb(a) * series[1] for a, series in zip(adjoint, moved, strict=True)), arb(0)))
    return found


WIDTHS = [0.0, 1e-12, 1e-3, 0.2, 3.0]


def violations(name: str, function: Callable[[Intervals], Intervals], seed: int = 1) -> int:
    exact, random, count = LAYERS[name][1], np.random.default_rng(seed), 0
    for length, width, size in itertools.product((1, 2, 3, 8, 17), WIDTHS, (1.0, 20.0)):
        x = narrow(random, (6, length), width)
        x = Intervals(x.lo * size, x.hi * size)
        found = function(x)
        assert found.shape == x.shape
        with ctx.workprec(BITS):
            for _ in range(4):
                for k, row in enumerate(pick(random, x)):
                    values = exact([arb(value) for value in row])
                    count += sum(not inside(value, *ends) for value, *ends in zip(values, found.lo[k], found.hi[k], strict=True))
    return count


@pytest.mark.parametrize("name", LAYERS)
def test_ranges_hold_the_values(name: str) -> None:
    assert violations(name, LAYERS[name][0]) == 0


@pytest.mark.parametrize("name", LAYERS)
def test_ranges_that_are_a_little_too_small_are_caught(name: str) -> None:
    def shrunk(x: Intervals) -> Intervals:
        found = LAYERS[name][0](x)
        middle = 0.5 * found.lo + 0.5 * found.hi
        return Intervals(0.7 * found.lo + 0.3 * middle, 0.7 * found.hi + 0.3 * middle)

    assert violations(name, shrunk) > 0


@pytest.mark.parametrize("name", LAYERS)
def test_products_with_jacobians_hold_the_values(name: str) -> None:
    _, exact, adjoint_of = LAYERS[name]
    random = np.random.default_rng(2)
    for length, width in itertools.product((1, 2, 5, 9), WIDTHS):
        x, a = narrow(random, (4, length), width), narrow(random, (4, length), random.choice([0.0, width]))
        found = adjoint_of(x, a)
        with ctx.workprec(BITS):
            for _ in range(3):
                for k, (row, adjoint) in enumerate(zip(pick(random, x), pick(random, a), strict=True)):
                    for value, *ends in zip(product_with_jacobian(exact, row, adjoint), found.lo[k], found.hi[k], strict=True):
                        assert inside(value, *ends), (name, length, width)


@pytest.mark.parametrize("name", LAYERS)
def test_points_have_narrow_results(name: str) -> None:
    random = np.random.default_rng(3)
    function, _, adjoint_of = LAYERS[name]
    x, a = point(random.standard_normal((50, 12)) * 3), point(random.standard_normal((50, 12)))
    values, product = function(x), adjoint_of(x, a)
    assert ((values.hi - values.lo) <= 64 * 2.0**-52 * np.maximum(1.0, abs(values.lo))).all()
    assert ((product.hi - product.lo) <= 256 * 2.0**-52 * np.maximum(1.0, abs(product.lo))).all()


MOST = {"softmax": (1.15, 1.7), "log_softmax": (1.15, 1.35), "layer_norm": (1.3, 2.6), "rms_norm": (1.25, 1.7)}
"""How much wider than what was sampled the median range and product may be."""


@pytest.mark.parametrize("name", LAYERS)
def test_ranges_over_boxes_are_close_to_what_is_reached(name: str) -> None:
    random = np.random.default_rng(4)
    function, _, adjoint_of = LAYERS[name]
    x, a = narrow(random, (200, 6), 0.01), narrow(random, (200, 6), 0.01)
    reached = [[np.full(x.shape, np.inf), np.full(x.shape, -np.inf)] for _ in range(2)]
    for _ in range(150):
        ends = [np.where(random.random(x.shape) < 0.5, box.lo, box.hi) for box in (x, a)]
        for (lo, hi), got in zip(reached, (function(point(ends[0])), adjoint_of(point(ends[0]), point(ends[1]))), strict=True):
            np.minimum(lo, got.lo, out=lo)
            np.maximum(hi, got.hi, out=hi)
    for (lo, hi), got, most in zip(reached, (function(x), adjoint_of(x, a)), MOST[name], strict=True):
        assert np.median((got.hi - got.lo) / (hi - lo)) <= most


def test_softmax_far_apart_and_unbounded() -> None:
    far = softmax(point(np.array([[0.0, 800.0], [-1000.0, 0.0], [5e307, -5e307]])))
    assert (far.lo >= 0).all() and (far.hi <= 1).all()
    assert min(far.lo[0, 1], far.lo[1, 1], far.lo[2, 0]) >= 1 - 2.0**-52 and far.hi[0, 0] <= 1e-307
    logarithms = log_softmax(point(np.array([[0.0, 800.0, -5000.0]])))
    assert abs(logarithms.lo - [-800.0, 0.0, -5800.0]).max() < 1e-9 and abs(logarithms.hi - [-800.0, 0.0, -5800.0]).max() < 1e-9
    unbounded = Intervals(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[np.inf, 1.0], [0.0, 1.0]]))
    assert softmax(unbounded).lo[0].tolist() == [0, 0] and softmax(unbounded).hi[0].tolist() == [1, 1]
    assert softmax(unbounded).lo[1].tolist() == softmax(point(np.array([0.0, 1.0]))).lo.tolist()
    assert log_softmax(unbounded).lo[0].tolist() == [-np.inf] * 2 and log_softmax(unbounded).hi[0].tolist() == [0, 0]
    adjoint = softmax_adjoint(softmax(point(np.array([0.0, 1.0]))), unbounded)
    assert adjoint.hi[0].tolist() == [np.inf] * 2 and np.isfinite(adjoint.hi[1]).all()


def test_adjoints_have_rows_before_the_last_axis() -> None:
    random = np.random.default_rng(5)
    x, a = narrow(random, (2, 4), 0.1), narrow(random, (2, 3, 4), 0.1)
    for adjoint_of in (LAYERS[name][2] for name in LAYERS):
        found = adjoint_of(x[:, None, :], a)
        assert found.shape == (2, 3, 4)
        alone = adjoint_of(x[1:], a[1:, 2])
        assert np.allclose(found.lo[1, 2], alone.lo[0], rtol=1e-12, atol=1e-12)


def test_softmax_adjoints_never_exceed_the_global_norm() -> None:
    """|J| = 1/2 from the max norm to itself, whatever the logits: one entry of the product moves by a quarter of the spread at most."""
    wide = Intervals(np.full((1, 5), -50.0), np.full((1, 5), 50.0))
    found = softmax_adjoint(softmax(wide), Intervals(np.full((1, 5), -1.0), np.full((1, 5), 1.0)))
    assert found.hi.max() <= 0.5 + 1e-12 and found.lo.min() >= -0.5 - 1e-12


def vertices_of_weights(lo: list[Fraction], hi: list[Fraction]) -> list[list[Fraction]]:
    """The vertices of {lo <= w <= hi, sum w = 1}: all weights but one lie at an end."""
    found = []
    for free in range(len(lo)):
        ends = [[(low, high) for low, high in zip(lo, hi, strict=True)][k] for k in range(len(lo)) if k != free]
        for chosen in itertools.product(*ends):
            last = 1 - sum(chosen, Fraction(0))
            if lo[free] <= last <= hi[free]:
                found.append([*chosen[:free], last, *chosen[free:]])
    return found


def test_weighted_means_are_the_optimum_of_the_linear_programme() -> None:
    random = np.random.default_rng(6)
    for _ in range(150):
        length = int(random.integers(1, 6))
        true = random.dirichlet(np.ones(length))
        reach = random.random(length) * random.choice([0.01, 0.3])
        weights = Intervals(np.maximum(true - reach, 0.0), np.minimum(true + reach + 1e-15, 1.0))
        values = narrow(random, (length,), float(random.choice([0.0, 0.5])))
        found = weighted_mean(weights, values)
        vertices = vertices_of_weights(fractions(weights.lo), fractions(weights.hi))
        least = min(sum(w * v for w, v in zip(vertex, fractions(values.lo), strict=True)) for vertex in vertices)
        most = max(sum(w * v for w, v in zip(vertex, fractions(values.hi), strict=True)) for vertex in vertices)
        assert holds(float(found.lo), float(found.hi), (least, most))
        assert least - Fraction(float(found.lo)) <= Fraction(1, 2**45) and Fraction(float(found.hi)) - most <= Fraction(1, 2**45)


def test_sums_of_others() -> None:
    random = np.random.default_rng(7)
    for length in (1, 2, 3, 7, 16, 33):
        a = boxes(random, (4, length), special=0.1, spread=10)
        found = total_of_others(a)
        for k in range(4):
            low, high = fractions(a.lo[k]), fractions(a.hi[k])
            for i in range(length):
                assert holds(found.lo[k, i], found.hi[k, i], (sum(low) - low[i], sum(high) - high[i]))
    whole = total_of_others(point(np.arange(9.0)))
    assert whole.lo.tolist() == whole.hi.tolist() == (36.0 - np.arange(9.0)).tolist()


def exact_variance(row: list[Fraction]) -> Fraction:
    middle = sum(row, Fraction(0)) / len(row)
    return sum(((value - middle) ** 2 for value in row), Fraction(0)) / len(row)


def test_variances_hold_those_of_all_points_and_are_tight() -> None:
    random = np.random.default_rng(8)
    for length, width in itertools.product((1, 2, 3, 6), (0.0, 1e-9, 0.1, 2.0)):
        x = narrow(random, (8, length), width)
        found = variance(x)
        for k in range(8):
            ends = zip(fractions(x.lo[k]), fractions(x.hi[k]), strict=True)
            corners = [exact_variance(list(corner)) for corner in itertools.product(*ends)]
            middles = np.concatenate([x.lo[k], x.hi[k], np.linspace(x.hi[k].min(), x.lo[k].max(), 200)])
            clipped = [exact_variance(fractions(np.clip(middle, x.lo[k], x.hi[k]))) for middle in middles]
            assert holds(found.lo[k], found.hi[k], corners + clipped)
            if length > 1:
                assert found.hi[k] <= float(max(corners)) * (1 + 1e-12) * (1.0 if width < 1e-3 else 2.0) + 1e-15
            assert found.lo[k] >= float(min(clipped)) * (1 - 1e-2) - 1e-4 * width**2 - 1e-15


def test_a_variance_bound_without_its_slope_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a middle that is not the best one, phi alone is no lower bound."""
    x = point(np.array([[0.0, 1.0, 5.0]]))
    monkeypatch.setattr(variance_module, "_flattest", lambda _lo, _hi, start: start + 0.5)
    exact = exact_variance([Fraction(0), Fraction(1), Fraction(5)])
    assert holds(variance(x).lo[0], variance(x).hi[0], [exact])
    monkeypatch.setattr(variance_module, "absolute", lambda a: Intervals(a.lo * 0.0, a.hi * 0.0))
    with pytest.raises((AssertionError, DomainError)):
        assert holds(variance(x).lo[0], variance(x).hi[0], [exact])


def test_variances_of_unbounded_rows() -> None:
    found = variance(Intervals(np.array([-np.inf, 0.0, 5.0]), np.array([1.0, 2.0, np.inf])))
    assert is_tight(float(found.lo), float(found.lo), Fraction(float(found.lo)), Fraction(float(found.lo))) and found.hi == np.inf
    assert float(found.lo) == pytest.approx(26 / 9, rel=1e-14) and Fraction(float(found.lo)) <= Fraction(26, 9)


def test_normalisations_that_may_divide_by_zero_are_refused() -> None:
    constant = Intervals(np.array([[1.0, 0.9]]), np.array([[1.2, 1.1]]))
    for function in (layer_norm, layer_norm_scale):
        with pytest.raises(DomainError, match="may divide by zero; give a positive eps"):
            function(constant, 0)
    with pytest.raises(DomainError, match="may divide by zero"):
        rms_norm_scale(point(np.zeros((1, 3))), 0.0)
    assert (layer_norm(constant, Fraction(1, 10**12)).hi <= 1.0 + 1e-15).all()
    assert np.isfinite(layer_norm(point(np.array([[1.0, 2.0]])), 0).hi).all()
    unbounded = Intervals(np.array([[-np.inf, 1.0, 2.0]]), np.array([[0.0, 1.0, 2.0]]))
    assert (layer_norm(unbounded, EPS).hi >= np.sqrt(2.0)).all() and (rms_norm(unbounded, EPS).hi <= 1.7320509).all()


def test_both_forms_of_the_mean_value_bound_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """By pairs where rows are short, by sizes elsewhere."""
    x = narrow(np.random.default_rng(9), (5, 6), 0.01)
    pairs = layer_norm(x, EPS)
    monkeypatch.setattr(composites, "PAIRS", 0)
    sizes = layer_norm(x, EPS)
    assert (sizes.hi - sizes.lo >= pairs.hi - pairs.lo).all()
    assert violations("layer_norm", LAYERS["layer_norm"][0]) == 0


def test_numbers_that_are_not_finite_are_refused_as_points() -> None:
    with pytest.raises(InputError, match="NaN or an infinity"):
        softmax_adjoint(softmax(point(np.zeros(2))), np.array([np.nan, 1.0]))
