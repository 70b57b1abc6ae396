"""Small random networks of all operations, points of boxes (corners and faces first), and values in exact rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import Array, Network, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox

SMOOTH = [
    TensorOp.TANH,
    TensorOp.SIGMOID,
    TensorOp.GELU,
    TensorOp.GELU_TANH,
    TensorOp.SILU,
    TensorOp.SOFTPLUS,
    TensorOp.ERF,
    TensorOp.SQUARE,
]
KINKED = [TensorOp.RELU, TensorOp.ABSOLUTE]
ROWS = [TensorOp.SOFTMAX, TensorOp.LOG_SOFTMAX, TensorOp.LAYER_NORM, TensorOp.RMS_NORM]


def perceptron(sizes: list[int], act: TensorOp | list[TensorOp], rng: np.random.Generator, *, scale: float = 1.0) -> Network:
    """Linear layers with activations between them."""
    build = NetworkBuilder("perceptron")
    x = build.input((sizes[0],))
    for position, (before, after) in enumerate(pairwise(sizes)):
        build.layer = str(position)
        x = build.linear(x, scale * rng.normal(size=(after, before)) / np.sqrt(before), 0.3 * scale * rng.normal(size=after))
        if position < len(sizes) - 2:
            x = build.unary(act[position % len(act)] if isinstance(act, list) else act, x)
    return build.finish(x)


def random_network(rng: np.random.Generator) -> Network:
    """A graph of up to eight operations on tensors of two axes, all kinds in it, with residual connections."""
    build = NetworkBuilder("random")
    shape = (int(rng.integers(1, 4)), int(rng.integers(2, 5)))
    tensors = [build.input(shape)]
    for step in range(int(rng.integers(2, 9))):
        build.layer = f"layer{step // 2}"
        tensors.append(_next(build, tensors, rng))
    build.layer = "head"
    last = tensors[-1]
    return build.finish(build.linear(last, rng.normal(size=(3, last.shape[-1])), rng.normal(size=3)))


def _next(build: NetworkBuilder, tensors: list[Tensor], rng: np.random.Generator) -> Tensor:
    x = tensors[-1]
    alike = [other for other in tensors if other.shape == x.shape]
    other = alike[int(rng.integers(len(alike)))]
    match int(rng.integers(11)):
        case 0 | 1 | 2:
            width = int(rng.integers(2, 5))
            return build.linear(x, rng.normal(size=(width, x.shape[-1])), rng.normal(size=width))
        case 3 | 4:
            return build.unary(SMOOTH[int(rng.integers(len(SMOOTH)))], x)
        case 5:
            return build.unary(KINKED[int(rng.integers(len(KINKED)))], x)
        case 6:
            return build.unary(TensorOp.LEAKY_RELU, x, Fraction(1, 10))
        case 7:
            return build.unary(ROWS[int(rng.integers(len(ROWS)))], x, Fraction(1, 8))
        case 8:
            return build.binary([TensorOp.ADD, TensorOp.SUBTRACT, TensorOp.MULTIPLY][int(rng.integers(3))], x, other)
        case 9:
            below = build.binary(TensorOp.ADD, build.unary(TensorOp.SQUARE, other), build.filled(0.5, x.shape))
            return build.binary(TensorOp.DIVIDE, x, below)
        case _:
            turned = build.rearrange(other, lambda index: index.swapaxes(0, 1))
            mixed = build.matmul(build.matmul(x, turned), x)
            return build.unary(TensorOp.TANH, mixed)


def pooled_network(rng: np.random.Generator) -> Network:
    """A grouped product, copies of elements, a maximum, a mean and a sum."""
    build = NetworkBuilder("pooled")
    x = build.input((2, 3))
    x = build.linear(x, rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4)))
    x = build.rearrange(x, lambda index: np.concatenate([index, index[::-1], np.full((2, 4), -1)], axis=1)[:, :10].reshape(4, 5))
    parts = [build.reduce(op, build.unary(TensorOp.TANH, x)) for op in (TensorOp.MAX, TensorOp.MEAN, TensorOp.SUM)]
    x = build.concatenate([*parts, build.unary(TensorOp.NEGATE, parts[0])], 0)
    return build.finish(build.linear(x, rng.normal(size=(2, x.shape[-1]))))


def random_case(rng: np.random.Generator) -> tuple[Network, InputBox]:
    """A network, one in eight of them pooled, and a box of its inputs."""
    network = random_network(rng) if rng.integers(8) else pooled_network(rng)
    return network, random_box(network, rng)


def random_box(network: Network, rng: np.random.Generator) -> InputBox:
    """From points to wide boxes; some elements without width."""
    shape = network.input.shape
    middle = rng.normal(size=shape)
    reach = rng.choice([0.0, 1e-6, 0.01, 0.1, 0.5]) * rng.integers(0, 2, size=shape) + rng.choice([0.0, 1e-3, 0.2])
    return InputBox(lo=middle - reach, hi=middle + reach)


def points_of(box: InputBox, count: int, rng: np.random.Generator) -> Array:
    """Corners, points of faces, and points inside."""
    shares = rng.uniform(size=(count, *box.lo.shape))
    third = count // 3
    shares[:third] = np.round(shares[:third])
    shares[third : 2 * third] = np.clip(1.6 * shares[third : 2 * third] - 0.3, 0.0, 1.0)
    found = np.clip(box.lo + shares * (box.hi - box.lo), box.lo, box.hi)
    found[:third] = np.where(shares[:third] > 0.5, box.hi, box.lo)
    return np.asarray(found)


def exact_values(network: Network, x: list[Fraction]) -> list[list[Fraction]]:
    """The values of all nodes of a network of linear, relu, add and gather, exactly."""
    values: list[list[Fraction]] = []
    for node in network.nodes:
        operands = [values[operand] for operand in node.operands]
        values.append(list(x) if node.op is TensorOp.INPUT else _exact(node, operands))
    return values


def _exact(node: TensorNode, operands: list[list[Fraction]]) -> list[Fraction]:
    match node.op:
        case TensorOp.LINEAR:
            assert node.weight is not None
            bias = np.zeros(node.weight.shape[0]) if node.bias is None else node.bias
            rows = zip(node.weight, bias, strict=True)
            return [sum((Fraction(w) * v for w, v in zip(row, operands[0], strict=True)), Fraction(start)) for row, start in rows]
        case TensorOp.RELU:
            return [max(value, Fraction(0)) for value in operands[0]]
        case TensorOp.ADD:
            return [a + b for a, b in zip(*operands, strict=True)]
        case TensorOp.GATHER:
            assert node.index is not None
            joined = [value for operand in operands for value in operand]
            return [joined[index] if index >= 0 else Fraction(0) for index in node.index.ravel()]
    raise AssertionError(node.op)
