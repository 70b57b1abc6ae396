"""Building networks: movements against NumPy, functions against mpmath, networks with and without their batch axis."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.networks import layers, windows
from suffice.encodings.networks.batches import without_batch
from suffice.encodings.networks.builder import NetworkBuilder, Tensor, check_size
from suffice.encodings.networks.evaluate import run_all_float64, run_float64
from suffice.encodings.networks.graph import Array, TensorOp
from suffice.errors import InputError
from tests.mpmath_functions import FUNCTIONS as FUNCTIONS_OF_ONE


def random_movement(draw: random.Random, shape: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """A movement of NumPy that fits a shape."""
    axis = draw.randrange(len(shape))
    order = draw.sample(range(len(shape)), len(shape))
    taken = [draw.randrange(shape[axis]) for _ in range(draw.randint(1, 4))]
    return draw.choice(
        [
            lambda array: array.transpose(order),
            lambda array: np.take(array, taken, axis=axis),
            lambda array: np.flip(array, axis),
            lambda array: array.reshape(-1, shape[axis]),
            lambda array: np.broadcast_to(array, (2, *array.shape)),
        ]
    )


@pytest.mark.parametrize("seed", range(25))
def test_chains_of_movements_become_one_gather(seed: int) -> None:
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    builder = NetworkBuilder("moved")
    first = builder.input((2, 3, 2))
    tensors = [first, builder.unary(TensorOp.NEGATE, first)]
    value = rng.standard_normal((2, 3, 2))
    arrays = [value, -value]
    for _ in range(6):
        place = draw.randrange(len(tensors))
        if draw.random() < 0.3:
            tensors.append(builder.concatenate([tensors[place], tensors[place]], -1))
            arrays.append(np.concatenate([arrays[place], arrays[place]], -1))
        elif draw.random() < 0.2:
            flat = [builder.reshape(tensors[i], (-1,)) for i in (place, 1)]
            tensors.append(builder.concatenate([*flat, flat[0]], 0))
            arrays.append(np.concatenate([arrays[place].ravel(), arrays[1].ravel(), arrays[place].ravel()]))
        else:
            movement = random_movement(draw, tensors[place].shape)
            tensors.append(builder.rearrange(tensors[place], movement))
            arrays.append(movement(arrays[place]))
    network = builder.finish(tensors[-1])
    assert np.array_equal(run_float64(network, value), arrays[-1])
    moving = [node for node in network.nodes if node.op is TensorOp.GATHER]
    assert len(moving) <= 1
    assert not any(network.nodes[operand].op is TensorOp.GATHER for node in moving for operand in node.operands)


def test_padding_stays_zero_through_gathers() -> None:
    builder = NetworkBuilder("padded")
    x = builder.input((3,))
    padded = builder.rearrange(x, lambda index: np.pad(index, 2, constant_values=-1))
    turned = builder.rearrange(padded, lambda index: np.pad(index[::-1], (1, 0), constant_values=-1))
    assert run_float64(builder.finish(turned), np.array([1.0, 2.0, 3.0])).tolist() == [0, 0, 0, 3, 2, 1, 0, 0]


def test_a_movement_that_moves_nothing_is_nothing() -> None:
    builder = NetworkBuilder("still")
    x = builder.input((2, 3))
    assert builder.rearrange(builder.rearrange(x, lambda index: index.T), lambda index: index.T) == x
    assert builder.broadcast(x, (2, 3)) == x
    assert builder.reshape(x, (3, 2)) != x


def test_storing_looks_through_movements_and_stops_at_constants_and_earlier_calls() -> None:
    builder = NetworkBuilder("stored")
    x = builder.input((2,))
    early = builder.unary(TensorOp.RELU, x)
    since = len(builder)
    late = builder.binary(TensorOp.ADD, early, builder.constant(np.array([1.0, 2.0]), "p"))
    builder.store(builder.concatenate([late, early, builder.filled(0.5, (2,))], 0), since=since)
    stored = {node.op: node.stored for node in builder.nodes}
    assert stored == {
        TensorOp.INPUT: True, TensorOp.RELU: False, TensorOp.CONSTANT: False, TensorOp.ADD: True, TensorOp.GATHER: False,
    }  # fmt: skip


def test_rows_of_several_lengths() -> None:
    builder = NetworkBuilder("rows")
    x = builder.input((4, 4))
    allowed = np.array([[1, 0, 0, 0], [1, 1, 0, 1], [0, 0, 1, 0], [1, 1, 1, 1]], dtype=bool)
    value = np.random.default_rng(0).standard_normal((4, 4))
    expected = np.where(allowed, np.exp(value), 0) / np.where(allowed, np.exp(value), 0).sum(-1, keepdims=True)
    network = builder.finish(layers.masked_softmax(builder, x, allowed))
    assert np.abs(run_float64(network, value) - expected).max() < 1e-15
    assert [node.shape for node in network.nodes if node.op is TensorOp.SOFTMAX] == [(2, 1), (1, 3), (1, 4)]
    with pytest.raises(InputError, match="a row has no entry left"):
        layers.masked_softmax(builder, x, np.zeros((4, 4), dtype=bool))


def test_a_convolution_by_its_definition() -> None:
    rng = np.random.default_rng(0)
    builder = NetworkBuilder("convolution")
    x, weight, bias = rng.standard_normal((1, 4, 6, 5)), rng.standard_normal((2, 2, 2, 3)), rng.standard_normal(2)
    result = windows.convolution(
        builder, builder.input(x.shape), weight, bias, stride=(2, 1), padding=((1, 0), (0, 2)), dilation=(2, 1), groups=2
    )
    padded = np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 2)))
    expected = np.zeros(result.shape)
    for out, i, j in np.ndindex(*result.shape[1:]):
        patch = padded[0, 2 * out : 2 * out + 2, 2 * i : 2 * i + 3 : 2, j : j + 3]
        expected[0, out, i, j] = (patch * weight[out]).sum() + bias[out]
    assert np.abs(run_float64(builder.finish(result), x) - expected).max() < 1e-14


FUNCTIONS = FUNCTIONS_OF_ONE | {TensorOp.LEAKY_RELU: lambda x: x if x >= 0 else x / 4}


@pytest.mark.parametrize("op", FUNCTIONS)
def test_functions_follow_their_definitions(op: TensorOp) -> None:
    x = np.array([1e-9, 0.3, 1.0, 2.5, 7.0, 30.0])
    if op not in (TensorOp.SQRT, TensorOp.RSQRT, TensorOp.LOG):
        x = np.concatenate([-x, [0.0], x])
    builder = NetworkBuilder("function")
    network = builder.finish(builder.unary(op, builder.input(x.shape), Fraction(1, 4)))
    found = run_float64(network, x)
    with mpmath.workdps(40):
        for number, result in zip(x, found, strict=True):
            exact = FUNCTIONS[op](mpmath.mpf(float(number)))
            assert abs(mpmath.mpf(float(result)) - exact) <= 1e-12 * abs(exact)


@pytest.mark.parametrize(("op", "mean"), [(TensorOp.LAYER_NORM, True), (TensorOp.RMS_NORM, False)])
def test_norms_follow_their_definitions(op: TensorOp, mean: bool) -> None:
    x = [0.5, -1.0, 2.0, 4.0]
    builder = NetworkBuilder("norm")
    found = run_float64(builder.finish(builder.unary(op, builder.input((4,)), Fraction(1, 8))), np.array(x))
    centred = [number - sum(x) / 4 if mean else number for number in x]
    scale = mpmath.sqrt(sum(number * number for number in centred) / 4 + 1 / 8)
    assert all(abs(result - number / scale) < 1e-15 for result, number in zip(found, centred, strict=True))


def test_softmax_is_stable_and_its_logarithm_its_own() -> None:
    x = np.array([1000.0, 1001.0, -1000.0])
    builder = NetworkBuilder("softmax")
    first = builder.input((3,))
    rows = [builder.reshape(builder.unary(op, first), (1, 3)) for op in (TensorOp.SOFTMAX, TensorOp.LOG_SOFTMAX)]
    softmax, logarithm = run_float64(builder.finish(builder.concatenate(rows, 0)), x)
    assert np.abs(softmax - [1 / (1 + np.e), np.e / (1 + np.e), 0]).max() < 1e-15
    assert np.abs(logarithm - [-np.log1p(np.e), 1 - np.log1p(np.e), -2000 - np.log1p(np.e)]).max() < 1e-12


def random_network(seed: int) -> NetworkBuilder:
    """A builder that holds a random network on (1, 3, 4), its last node the output."""
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    builder = NetworkBuilder("random")
    x = builder.input((1, 3, 4))
    choices: list[Callable[[Tensor], Tensor]] = [
        lambda x: builder.linear(x, rng.standard_normal((4, x.shape[-1])), rng.standard_normal(4)),
        lambda x: layers.reduce_axes(builder, TensorOp.MEAN, x, (draw.choice([1, -1]),), True),
        lambda x: builder.rearrange(x, lambda index: np.swapaxes(index, 0, 1)),
        lambda x: builder.binary(TensorOp.ADD, x, builder.constant(rng.standard_normal(x.shape[-1]), "p")),
        lambda x: builder.matmul(x, builder.rearrange(x, lambda index: np.swapaxes(index, -1, -2))),
        lambda x: builder.unary(draw.choice([TensorOp.SOFTMAX, TensorOp.TANH, TensorOp.LAYER_NORM]), x, Fraction(1, 8)),
        lambda x: builder.reshape(x, (1, -1)) if draw.random() < 0.5 else builder.reshape(x, (1, 1, -1)),
        lambda x: builder.reshape(builder.reduce(TensorOp.SUM, x), (1, *x.shape[:-1])),
    ]
    for _ in range(6):
        x = builder.reshape(x, (1, *x.shape)) if len(x.shape) < 2 else x
        x = draw.choice(choices)(x)
    builder.unary(TensorOp.TANH, x)
    return builder


@pytest.mark.parametrize("seed", range(60))
def test_leaving_out_the_batch_axis_changes_nothing_else(seed: int) -> None:
    builder = random_network(seed)
    last = builder.nodes[-1]
    network = builder.finish(Tensor(len(builder) - 1, last.shape))
    single = without_batch(network)
    value = np.random.default_rng(seed).standard_normal((5, 1, 3, 4))
    assert single.input.shape == (3, 4)
    assert single.output.shape == (last.shape[1:] if len(last.shape) > 1 and last.shape[0] == 1 else last.shape)
    wanted, found = run_float64(network, value), run_float64(single, value[:, 0])
    assert np.allclose(wanted.reshape(found.shape), found, rtol=1e-12, atol=1e-12)
    assert [node.op for node in network.nodes if node.op is not TensorOp.GATHER] == [
        node.op for node in single.nodes if node.op is not TensorOp.GATHER
    ]


def test_many_inputs_are_run_at_once() -> None:
    builder = random_network(3)
    network = builder.finish(Tensor(len(builder) - 1, builder.nodes[-1].shape))
    value = np.random.default_rng(0).standard_normal((4, 1, 3, 4))
    together = run_all_float64(network, value)
    for place, one in enumerate(value):
        alone = run_all_float64(network, one)
        assert all(np.allclose(both[place], single, rtol=1e-13) for both, single in zip(together, alone, strict=True))
        assert [single.shape for single in alone] == [node.shape for node in network.nodes]
    with pytest.raises(InputError, match=r"the input has the shape \(3, 4\), not \(1, 3, 4\)"):
        run_float64(network, value[0, 0])


def test_what_does_not_fit_is_refused() -> None:
    builder = NetworkBuilder("refused")
    x = builder.input((2, 3))
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: builder.reshape(x, (4, -1)), r"\(2, 3\) has no shape \(4, -1\)"),
        (lambda: builder.broadcast(x, (2, 4)), r"\(2, 3\) cannot be repeated to \(2, 4\)"),
        (lambda: builder.binary(TensorOp.ADD, x, builder.constant(np.ones(2))), r"add of the shapes"),
        (lambda: builder.matmul(x, x), r"matmul of the shapes"),
        (lambda: builder.linear(x, np.ones((1, 2))), r"a matrix \(1, 2\) acts on \(2, 3\)"),
        (lambda: builder.linear(x, np.full((1, 3), np.inf)), "a weight is not finite"),
        (lambda: builder.constant(np.nan, "p"), "p: a constant is not finite"),
        (lambda: builder.broadcast(x, (1 << 30, 2, 3)), "has more than 67108864 elements"),
        (lambda: windows.windows(builder.positions(x), (3, 3), (1, 1), (1, 1), ((0, 0), (0, 0))), "does not fit into"),
        (lambda: check_size((3, 0), "here"), "is empty"),
    ]
    for act, message in wrong:
        with pytest.raises(InputError, match=message):
            act()


def test_all_tensors_together_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suffice.encodings.networks.builder.MAX_ALL_ELEMENTS", 10)
    builder = NetworkBuilder("large")
    x: Tensor = builder.unary(TensorOp.TANH, builder.input((5,)))
    with pytest.raises(InputError, match="more than 10 elements together"):
        builder.unary(TensorOp.TANH, x)


def test_arrays_that_are_given_are_exact() -> None:
    value: Array = np.array([0.1, 2.0**-1074, -0.0])
    builder = NetworkBuilder("exact")
    builder.input((1,))
    network = builder.finish(builder.constant(value, "p"))
    assert network.output.value is not None and network.output.value.tolist() == value.tolist()
    assert network.nodes[0].op is TensorOp.INPUT and network.output.parameter == "p"
