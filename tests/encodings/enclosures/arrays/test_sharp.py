"""Constants of layers against the largest slopes and curvatures that are found, and those against the constants."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.functions import UNARY
from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude
from suffice.encodings.enclosures.arrays.sharp import (
    ELEMENTWISE,
    SOFTMAX_NORMS,
    attention_shift,
    layer_norm,
    log_softmax,
    root_above,
    root_below,
    softmax,
    softmax_shift,
    tanh_above,
)
from suffice.errors import InputError

LINE = Intervals(np.array(-np.inf), np.array(np.inf))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_constants_of_activations_are_the_suprema_rounded_up(name: str) -> None:
    constants, function = ELEMENTWISE[name], UNARY[name]
    for constant, found in ((constants.lipschitz, magnitude(function.slope(LINE))), (constants.curvature, function.curvature(LINE) / 2)):
        if constant is None:
            assert found == np.inf
        else:
            assert Fraction(float(found)) <= constant * (1 + Fraction(1, 2**50))
            assert constant <= Fraction(float(found)) * (1 + Fraction(2, 10**9))


def softmax_at(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max())
    return np.asarray(powers / powers.sum())


def test_softmax_keeps_to_its_norms_and_comes_close() -> None:
    random = np.random.default_rng(1)
    largest = dict.fromkeys(SOFTMAX_NORMS, 0.0)
    for size in (0.0, 1.0, 5.0, 20.0):
        for length in (2, 3, 8):
            x = random.standard_normal(length) * size
            x[:2] = 20.0 if size == 20.0 else x[0]
            y = softmax_at(x)
            jacobian = np.diag(y) - np.outer(y, y)
            signs = np.sign(random.standard_normal((200, length)))
            signs[:, :2] = [1.0, -1.0]
            images = signs @ jacobian
            for norms, found in {
                ("2", "2"): np.linalg.norm(jacobian, 2),
                ("inf", "inf"): np.abs(jacobian).sum(axis=1).max(),
                ("inf", "1"): np.abs(images).sum(axis=1).max(),
                ("inf", "2"): np.sqrt((images**2).sum(axis=1)).max(),
            }.items():
                largest[norms] = max(largest[norms], float(found))
    for norms, found in largest.items():
        assert 0.99 * SOFTMAX_NORMS[norms] <= found <= float(SOFTMAX_NORMS[norms]) * (1 + 1e-12)
    assert Fraction(1, 8) <= (softmax().curvature or 0) ** 2 <= Fraction(1, 8) * (1 + Fraction(1, 10**8))


def test_log_softmax_is_at_most_as_steep() -> None:
    for length in (1, 2, 9, 100):
        y = softmax_at(np.eye(1, length)[0] * 60.0)
        steepest = np.linalg.norm(np.eye(length) - np.outer(np.ones(length), y), 2)
        constant = log_softmax(length).lipschitz
        assert steepest <= float(constant) * (1 + 1e-12)
        assert length == 1 or float(constant) <= steepest * (1 + 1e-12) * math.sqrt(length / (length - 1))


def second_derivative_of_norm(size: float, angle: float, length: int, eps: float) -> float:
    """|D^2(u, u)| of z / sqrt(|z|^2 / n + eps) at a z of this size, u at this angle to it: all happens in a plane."""
    scale = math.sqrt(size**2 / length + eps)
    along, across = math.cos(angle), math.sin(angle)
    inner = size * along
    shared = -size / (length * scale**3) + 3 * size * inner**2 / (length**2 * scale**5)
    return math.hypot(-2 * along * inner / (length * scale**3) + shared, -2 * across * inner / (length * scale**3))


@pytest.mark.parametrize("length", [2, 16, 768])
@pytest.mark.parametrize(("eps", "least"), [(1e-5, 0.0), (1.0, 0.0), (1e-5, 0.3), (1e-12, 1.0), (0.5, 0.5)])
def test_curvature_of_normalisations_bounds_what_is_found(length: int, eps: float, least: float) -> None:
    sizes = [math.sqrt(length * (least + (eps + least) * share)) for share in np.geomspace(1e-6, 30, 300)]
    found = max(second_derivative_of_norm(size, angle, length, eps) for size in sizes for angle in np.linspace(0, math.pi, 61)) / 2
    constants = layer_norm(length, Fraction(eps), Fraction(least))
    assert constants.curvature is not None
    assert found <= constants.curvature <= found * (1.5 if eps == least else 1.02)
    assert Fraction(1) / constants.lipschitz**2 <= Fraction(eps) + Fraction(least)
    assert constants.lipschitz <= 1 / math.sqrt(eps + least) * (1 + 1e-12)


def test_softmax_moves_no_farther_than_said() -> None:
    random = np.random.default_rng(2)
    for _ in range(300):
        x, d = random.standard_normal(5) * 3, random.uniform(-1, 1, 5) * random.choice([0.01, 1.0, 5.0])
        values, reach = random.standard_normal(5), Fraction(float(abs(d).max()))
        moved = softmax_at(x + d) - softmax_at(x)
        assert abs(moved).sum() <= float(softmax_shift(reach)) + 1e-12
        assert abs(values @ moved) <= float(attention_shift(Fraction(float(np.ptp(values))), reach)) + 1e-12
    x = np.array([-1.0, 1.0])
    assert abs(softmax_at(-x) - softmax_at(x)).sum() == pytest.approx(float(softmax_shift(Fraction(2))), rel=1e-9)


@pytest.mark.parametrize("x", [Fraction(0), Fraction(1, 100), Fraction(1), Fraction(5), Fraction(15, 2), Fraction(12), Fraction(300)])
def test_hyperbolic_tangents_are_rounded_up(x: Fraction) -> None:
    found = tanh_above(x)
    with mpmath.workdps(60):
        exact = mpmath.tanh(mpmath.mpf(x.numerator) / x.denominator)
        above = mpmath.mpf(found.numerator) / found.denominator - exact
        assert -mpmath.mpf(10) ** -55 <= above <= 1e-6


@pytest.mark.parametrize("value", [Fraction(2), Fraction(1, 10**30), Fraction(10**30, 7), Fraction(3, 7), Fraction(9, 4)])
def test_roots_are_on_their_sides(value: Fraction) -> None:
    below, above = root_below(value), root_above(value)
    assert below**2 <= value <= above**2
    assert above - below <= below / 2**55


def test_a_normalisation_without_a_floor_is_refused() -> None:
    for eps, least in ((0, 0), (-1, 1), (1, -1)):
        with pytest.raises(InputError, match="not both 0"):
            layer_norm(4, Fraction(eps), Fraction(least))
    with pytest.raises(InputError, match="at least 1"):
        log_softmax(0)
