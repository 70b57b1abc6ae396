"""Slopes and curvature over boxes: against pairs of points, second differences, known constants and NumPy's norms."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.intervals import Intervals, point
from suffice.encodings.enclosures.networks.jacobians import jacobians, units
from suffice.encodings.enclosures.relaxations import composing, norms
from suffice.encodings.enclosures.relaxations.lipschitz import LayerSlopes, NetworkSlopes, SlopeMethod, carried, network_slopes, runs
from suffice.encodings.enclosures.relaxations.slope_network import jacobian_by_slopes
from suffice.encodings.enclosures.relaxations.tighten import tighten
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Array, Network, TensorOp
from suffice.encodings.networks.inputs import InputBox
from tests.encodings.enclosures.relaxations.random_networks import (
    SMOOTH,
    perceptron,
    points_of,
    pooled_network,
    random_case,
    random_network,
)


def slopes_of(network: Network, box: InputBox) -> NetworkSlopes:
    return network_slopes(network, tighten(network, box))


def steepest(network: Network, box: InputBox, rng: np.random.Generator) -> tuple[float, float]:
    """The largest quotients of differences of pairs of points, in the max norm and in the 2-norm."""
    first, second = points_of(box, 120, rng), points_of(box, 120, rng)
    second = np.where(rng.uniform(size=(120, *[1] * box.lo.ndim)) < 0.5, second, first + 0.01 * (second - first))
    moved = (run_float64(network, first) - run_float64(network, second)).reshape(120, -1)
    steps = (first - second).reshape(120, -1)
    used = np.abs(steps).max(axis=1) > 1e-5
    if not used.any():
        return 0.0, 0.0
    largest = np.abs(moved[used]).max(axis=1) / np.abs(steps[used]).max(axis=1)
    euclidean = np.linalg.norm(moved[used], axis=1) / np.linalg.norm(steps[used], axis=1)
    return float(largest.max()), float(euclidean.max())


def exceeded(network: Network, box: InputBox, whole: LayerSlopes, rng: np.random.Generator) -> bool:
    largest, euclidean = steepest(network, box, rng)
    allowed = 1 + 1e-6
    return largest > whole.lipschitz_max * allowed + 1e-6 or euclidean > whole.lipschitz_2 * allowed + 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_no_pair_of_points_is_steeper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(8):
        network, box = random_case(rng)
        found = slopes_of(network, box)
        assert not exceeded(network, box, found.whole, rng)
        assert found.whole.lipschitz_max <= found.product_max and found.whole.lipschitz_2 <= found.product_2


def test_a_slope_that_is_too_small_is_seen() -> None:
    rng = np.random.default_rng(0)
    network = perceptron([3, 4, 2], TensorOp.TANH, rng)
    box = InputBox(lo=np.full(3, -0.01), hi=np.full(3, 0.01))
    whole = slopes_of(network, box).whole
    assert not exceeded(network, box, whole, rng)
    assert exceeded(network, box, replace(whole, lipschitz_max=0.5 * whole.lipschitz_max), rng)
    assert exceeded(network, box, replace(whole, lipschitz_2=0.5 * whole.lipschitz_2), rng)


def bend(network: Network, box: InputBox, rng: np.random.Generator) -> float:
    """The largest half second difference quotient along segments of the box, in the 2-norm."""
    middle = points_of(box, 200, rng)
    middle = 0.5 * (box.lo + box.hi) + 0.7 * (middle - 0.5 * (box.lo + box.hi))
    step = rng.normal(size=middle.shape)
    step = step / np.abs(step).max(axis=tuple(range(1, step.ndim)), keepdims=True) * 0.1 * (box.hi - box.lo)
    values = [run_float64(network, middle + share * step).reshape(200, -1) for share in (-1.0, 0.0, 1.0)]
    second = np.linalg.norm(values[0] - 2 * values[1] + values[2], axis=1)
    return float((second / 2 / np.square(np.linalg.norm(step.reshape(200, -1), axis=1))).max())


@pytest.mark.parametrize("seed", range(3))
def test_no_segment_bends_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bent = 0
    for _ in range(12):
        network = random_network(rng) if rng.integers(3) else perceptron([3, 4, 4, 2], SMOOTH, rng)
        shape = network.input.shape
        middle = rng.normal(size=shape)
        box = InputBox(lo=middle - 0.1, hi=middle + 0.1)
        curvature = slopes_of(network, box).whole.curvature
        seen = bend(network, box, rng)
        assert curvature is None or seen <= curvature * (1 + 1e-6) + 1e-8
        bent += curvature is not None and seen > curvature / 100
    assert bent >= 3


def test_a_root_that_reaches_zero_has_no_bound_and_is_no_error() -> None:
    found = one_function(TensorOp.SQRT, 0.0, 2.0)
    assert found.lipschitz_max == found.lipschitz_2 == math.inf and found.curvature is None
    assert one_function(TensorOp.SQRT, 0.25, 2.0).curvature == pytest.approx(1.0)


def test_a_linear_layer_has_the_norms_of_its_matrix() -> None:
    rng = np.random.default_rng(1)
    network = perceptron([6, 5], TensorOp.RELU, rng)
    weight = network.nodes[1].weight
    assert weight is not None
    box = InputBox(lo=np.zeros(6), hi=np.ones(6))
    whole = slopes_of(network, box).whole
    assert whole.lipschitz_max == pytest.approx(np.abs(weight).sum(axis=1).max(), rel=1e-14)
    assert whole.lipschitz_2 == pytest.approx(np.linalg.norm(weight, 2), rel=1e-12)
    assert whole.lipschitz_max >= float(max(sum(abs(Fraction(w)) for w in row) for row in weight))
    assert whole.curvature == 0.0


def one_function(op: TensorOp, lo: float, hi: float, shape: tuple[int, ...] = (2,), value: Fraction = Fraction(0)) -> LayerSlopes:
    build = NetworkBuilder("one")
    network = build.finish(build.unary(op, build.input(shape), value))
    box = InputBox(lo=np.full(shape, lo), hi=np.full(shape, hi))
    return slopes_of(network, box).whole


@pytest.mark.parametrize(
    ("op", "lo", "hi", "slope", "curvature"),
    [
        (TensorOp.TANH, -2.0, 2.0, 1.0, 2 / (3 * math.sqrt(3))),
        (TensorOp.SIGMOID, -4.0, 4.0, 0.25, 1 / (12 * math.sqrt(3))),
        (TensorOp.GELU, -4.0, 4.0, 1.1289041, 1 / math.sqrt(2 * math.pi)),
        (TensorOp.SILU, -6.0, 6.0, 1.0998393, 0.25),
        (TensorOp.TANH, 1.0, 2.0, 1 - math.tanh(1.0) ** 2, math.tanh(1.0) * (1 - math.tanh(1.0) ** 2)),
        (TensorOp.SQUARE, -1.0, 3.0, 6.0, 1.0),
        (TensorOp.RELU, 1.0, 3.0, 1.0, 0.0),
        (TensorOp.RELU, -3.0, -1.0, 0.0, 0.0),
        (TensorOp.RELU, -1.0, 3.0, 1.0, None),
        (TensorOp.ABSOLUTE, -1.0, 3.0, 1.0, None),
    ],
)
def test_known_slopes_and_curvatures(op: TensorOp, lo: float, hi: float, slope: float, curvature: float | None) -> None:
    found = one_function(op, lo, hi)
    assert found.lipschitz_max == found.lipschitz_2 == pytest.approx(slope, rel=1e-6)
    assert found.curvature == (None if curvature is None else pytest.approx(curvature, rel=1e-6))


def test_softmax_and_norms_fall_back_on_their_constants() -> None:
    wide = one_function(TensorOp.SOFTMAX, -50.0, 50.0, (3, 6))
    assert wide.lipschitz_max == wide.lipschitz_2 == 0.5 and wide.curvature == pytest.approx(math.sqrt(2) / 4)
    near = one_function(TensorOp.SOFTMAX, -0.01, 0.01, (3, 6))
    assert 2 * (1 / 6) * (5 / 6) <= near.lipschitz_max <= 0.29 and 1 / 6 <= near.lipschitz_2 <= 0.29
    eps = Fraction(1, 100)
    norm = one_function(TensorOp.LAYER_NORM, -1.0, 1.0, (5,), eps)
    assert norm.lipschitz_2 == pytest.approx(10.0) and norm.curvature == pytest.approx(24 / (25 * math.sqrt(25) * 0.01), rel=1e-9)
    log = one_function(TensorOp.LOG_SOFTMAX, -9.0, 9.0, (4,))
    assert log.lipschitz_2 <= 2.0 + 1e-9 and log.curvature == pytest.approx(0.5)


def test_the_curvature_of_a_norm_on_a_box_is_reached_nearly() -> None:
    """1 / (sqrt(3 n) s^2) at points where |x|^2 is large against eps."""
    build = NetworkBuilder("norm")
    network = build.finish(build.unary(TensorOp.RMS_NORM, build.input((4,)), Fraction(1, 10**6)))
    middle = np.array([2.0, 0.0, 0.0, 0.0])
    box = InputBox(lo=middle - 1e-3, hi=middle + 1e-3)
    curvature = slopes_of(network, box).whole.curvature
    step = 5e-4 * np.array([math.sqrt(1 / 3), math.sqrt(2 / 3), 0.0, 0.0])
    values = [run_float64(network, middle + share * step) for share in (-1.0, 0.0, 1.0)]
    seen = float(np.linalg.norm(values[0] - 2 * values[1] + values[2])) / 2 / 5e-4**2
    assert curvature is not None and seen <= curvature <= 1.01 * seen


def test_composition_through_a_product_and_a_quotient() -> None:
    """f(x) = x (1 + x)/(2 + x) on [0, 1]: slopes by C1 and C2 hold, and the Jacobian is tighter."""
    build = NetworkBuilder("quotient")
    x = build.input((1,))
    above = build.binary(TensorOp.MULTIPLY, x, build.binary(TensorOp.ADD, x, build.filled(1.0, (1,))))
    network = build.finish(build.binary(TensorOp.DIVIDE, above, build.binary(TensorOp.ADD, x, build.filled(2.0, (1,)))))
    found = slopes_of(network, InputBox(lo=np.zeros(1), hi=np.ones(1))).whole
    grid = np.linspace(0, 1, 2001)[:, None]
    values = run_float64(network, grid)
    assert np.abs(np.diff(values, axis=0)).max() / np.diff(grid, axis=0).min() <= found.lipschitz_max <= 2.0
    assert found.curvature is not None and 0.24 <= found.curvature <= 10.0


def test_interval_jacobians_hold_derivatives() -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        network = random_network(rng)
        middle = rng.normal(size=network.input.shape)
        box = InputBox(lo=middle - 0.05, hi=middle + 0.05)
        last = len(network.nodes) - 1
        size = network.output.size
        found = jacobians(network, tighten(network, box), {last: units(network.output.shape, 0, size)}, (0,))[0]
        x = points_of(box, 9, rng)
        for element in range(network.input.size):
            step = np.zeros(network.input.size)
            step[element] = 1e-6
            moved = run_float64(network, x + step.reshape(x.shape[1:])) - run_float64(network, x - step.reshape(x.shape[1:]))
            slope = moved.reshape(len(x), -1) / 2e-6
            allowed = 1e-6 * (1 + np.abs(slope))
            kinked = np.abs(slope - np.median(slope, axis=0)) > 1e6
            assert bool(((slope >= found.lo[:, element] - allowed) & (slope <= found.hi[:, element] + allowed) | kinked).all())


def test_the_relaxed_jacobian_holds_derivatives_and_is_tighter() -> None:
    rng = np.random.default_rng(8)
    gained = 0
    for network in (*(perceptron([6, 8, 8, 3], [act], rng) for act in (TensorOp.RELU, TensorOp.TANH, TensorOp.GELU)), pooled_network(rng)):
        shape = network.input.shape
        middle = rng.normal(size=shape)
        box = InputBox(lo=middle - 0.05, hi=middle + 0.05)
        ranges = tighten(network, box)
        found = jacobian_by_slopes(network, ranges, 10**9)
        last = len(network.nodes) - 1
        crude = jacobians(network, ranges, {last: units(network.output.shape, 0, network.output.size)}, (0,))[0]
        assert found is not None
        gained += norms.row_sum_norm(found) < 0.999 * norms.row_sum_norm(crude)
        size = int(np.prod(shape))
        x = points_of(box, 30, rng)
        for element in range(size):
            step = np.zeros(size)
            step[element] = 1e-7
            moved = run_float64(network, x + step.reshape(shape)) - run_float64(network, x - step.reshape(shape))
            slope = moved.reshape(len(x), -1) / 2e-7
            assert bool((slope >= found.lo[:, element] - 1e-6).all()) and bool((slope <= found.hi[:, element] + 1e-6).all())
    assert gained >= 2


def test_layers_are_runs_of_one_path_and_multiply_to_c1() -> None:
    rng = np.random.default_rng(4)
    network = perceptron([4, 6, 6, 3], TensorOp.RELU, rng)
    box = InputBox(lo=np.full(4, -1.0), hi=np.full(4, 1.0))
    found = slopes_of(network, box)
    assert [layer.name for layer in found.layers] == ["0", "1", "2"]
    product = math.prod(layer.lipschitz_max for layer in found.layers)
    assert found.product_max == pytest.approx(product, rel=1e-12) and found.product_max >= product * (1 - 1e-15)
    assert found.whole.method is SlopeMethod.RELAXED and found.whole.lipschitz_max < found.product_max
    errors = carried(runs(network), found.layers, {0: 0.0}, [1.0, 0.0, 0.5])
    assert errors[len(network.nodes) - 1] == pytest.approx(0.5 + found.layers[1].lipschitz_max * found.layers[2].lipschitz_max)


def test_residual_branches_add() -> None:
    """x + A x has at most the slope 1 + |A|, and its Jacobian |I + A|."""
    matrix = np.array([[-0.5, 0.25], [0.0, -0.5]])
    build = NetworkBuilder("residual")
    x = build.input((2,))
    build.layer = "branch"
    y = build.linear(x, matrix)
    build.layer = "join"
    network = build.finish(build.binary(TensorOp.ADD, x, y))
    found = slopes_of(network, InputBox(lo=np.zeros(2), hi=np.ones(2)))
    assert found.product_max == pytest.approx(2.0) and found.whole.lipschitz_max == pytest.approx(0.75)
    assert found.whole.lipschitz_2 == pytest.approx(np.linalg.norm(np.eye(2) + matrix, 2))


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (7, 3), (20, 20), (64, 10)])
def test_spectral_norms_are_bounded_closely(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    for scale in (1.0, 1e-9, 1e9):
        matrix = scale * rng.normal(size=shape)
        truth = float(np.linalg.norm(matrix, 2))
        assert truth * (1 - 1e-13) <= norms.spectral_norm(point(matrix)) <= truth * (1 + 1e-9)
    wide = Intervals(matrix - 1e8, matrix + 1e8)
    inside = [matrix + 1e8 * rng.choice([-1.0, 1.0], size=shape) for _ in range(50)]
    assert max(float(np.linalg.norm(one, 2)) for one in inside) <= norms.spectral_norm(wide)


def test_a_matrix_with_a_known_norm() -> None:
    """The Hadamard matrix of order 4 has the norm 2, its Gram matrix is 4 I; and a guess of eigenvectors that is useless gives no bound."""
    hadamard = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=np.float64)
    assert norms.spectral_norm(point(hadamard)) == pytest.approx(2.0, rel=1e-12)
    assert norms.spectral_norm(point(hadamard)) >= 2.0


def test_wrong_eigenvectors_prove_no_smaller_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(4, 6))
    truth = float(np.linalg.norm(matrix, 2))

    def turned(given: Array) -> tuple[Array, Array]:
        return np.zeros(4), np.linalg.qr(rng.normal(size=given.shape))[0]

    def shrunk(given: Array) -> tuple[Array, Array]:
        return np.zeros(4), 0.1 * np.eye(len(given))

    for wrong in (turned, shrunk):
        monkeypatch.setattr(np.linalg, "eigh", wrong)
        assert norms.verified(matrix) >= truth


def test_scalar_sums_and_products_are_rounded_up() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        numbers = [float(value) for value in rng.uniform(size=4)]
        assert Fraction(composing.plus(*numbers)) >= sum(Fraction(value) for value in numbers)
        assert Fraction(composing.times(*numbers)) >= math.prod(Fraction(value) for value in numbers)
    assert composing.times(0.0, math.inf) == 0.0
