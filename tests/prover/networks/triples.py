"""Random small networks, programs and inputs, and the errors of their runs against bounds: (network, format, input) triples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.evaluate import run_all_float64, run_float64
from suffice.encodings.networks.graph import Array, Network, TensorOp
from suffice.encodings.networks.inputs import InputBox, InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.networks.analysis import Analysis
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.placing import uniform

FORMATS = (
    "fp32", "tf32", "bf16", "fp16", "fp8_e4m3", "fp8_e5m2", "int8", "float(p=6,emin=-10,emax=10)", "float(p=9,emin=-5,emax=8)",
    "fp16(rounding=toward_zero)", "bf16(subnormals=flushed)", "mxfp8_e4m3", "nvfp4",
)  # fmt: skip

SMOOTH = (TensorOp.GELU, TensorOp.GELU_TANH, TensorOp.SILU, TensorOp.TANH, TensorOp.SIGMOID, TensorOp.SOFTPLUS, TensorOp.ERF, TensorOp.EXP)
KINKS = (TensorOp.RELU, TensorOp.ABSOLUTE, TensorOp.NEGATE)


@dataclass(frozen=True, slots=True)
class Case:
    """A program over one box."""

    program: NetworkProgram
    box: InputBox
    model: InputModel = InputModel.REAL

    @property
    def inputs(self) -> InputSet:
        return InputSet(boxes=(self.box,), model=self.model)


def random_network(rng: np.random.Generator, layers: int = 4) -> Network:
    """A few layers of any kind on 3 to 6 inputs, residual connections among them."""
    builder = NetworkBuilder("random")
    width = int(rng.integers(3, 7))
    x = builder.input((width,))
    for number in range(layers):
        builder.layer = str(number)
        x = _layer(builder, rng, x)
        if rng.random() < 0.7:
            builder.store(x)
    builder.layer = "head"
    x = builder.linear(x, _weights(rng, 2, x.shape[-1]), _weights(rng, 2, 1)[:, 0])
    builder.store(x)
    return builder.finish(x)


def _weights(rng: np.random.Generator, *shape: int) -> Array:
    return (rng.normal(size=shape) * rng.choice([0.3, 0.7, 1.0])).astype(np.float32).astype(np.float64)


def _layer(builder: NetworkBuilder, rng: np.random.Generator, x: Tensor) -> Tensor:
    width = x.shape[-1]
    kind = int(rng.integers(0, 13))
    if kind <= 2:
        bias = _weights(rng, width, 1)[:, 0] if rng.random() < 0.7 else None
        return builder.linear(x, _weights(rng, width, width), bias)
    if kind <= 4:
        op = SMOOTH[int(rng.integers(0, len(SMOOTH)))]
        return builder.unary(op, builder.linear(x, 0.5 * _weights(rng, width, width)) if op is TensorOp.EXP else x)
    if kind == 5:
        return builder.unary(KINKS[int(rng.integers(0, len(KINKS)))], x)
    if kind == 6:
        return builder.unary(TensorOp.LEAKY_RELU, x, Fraction(1, 100) if rng.random() < 0.5 else Fraction(1, 3))
    if kind == 7:
        op = (TensorOp.SOFTMAX, TensorOp.LOG_SOFTMAX)[int(rng.integers(0, 2))]
        return builder.unary(op, x)
    if kind == 8:
        op = (TensorOp.LAYER_NORM, TensorOp.RMS_NORM)[int(rng.integers(0, 2))]
        return builder.unary(op, x, Fraction(1, 16))
    if kind == 9:
        branch = builder.linear(x, _weights(rng, width, width))
        return builder.binary((TensorOp.ADD, TensorOp.SUBTRACT, TensorOp.MULTIPLY)[int(rng.integers(0, 3))], x, branch)
    if kind == 10:
        constant = builder.constant(_weights(rng, width, 1)[:, 0], parameter="scale" if rng.random() < 0.5 else "")
        return builder.binary(TensorOp.MULTIPLY, x, constant)
    return _attention(builder, rng, x) if kind == 11 else _of_positive_numbers(builder, rng, x)


def _of_positive_numbers(builder: NetworkBuilder, rng: np.random.Generator, x: Tensor) -> Tensor:
    """Functions that are defined on positive numbers only."""
    positive = builder.binary(TensorOp.ADD, builder.unary(TensorOp.SIGMOID, x), builder.filled(0.5, x.shape))
    op = (TensorOp.SQRT, TensorOp.RSQRT, TensorOp.LOG, TensorOp.DIVIDE, TensorOp.SQUARE)[int(rng.integers(0, 5))]
    return builder.binary(op, x, positive) if op is TensorOp.DIVIDE else builder.unary(op, positive)


def _attention(builder: NetworkBuilder, rng: np.random.Generator, x: Tensor) -> Tensor:
    """Products of two tensors, pooling and means."""
    width = x.shape[-1]
    index = rng.integers(0, width, size=(2, width))
    rows = builder.gather((x,), index)
    scores = builder.matmul(rows, builder.rearrange(rows, lambda positions: positions.T))
    mixed = builder.matmul(builder.unary(TensorOp.SOFTMAX, scores), rows)
    op = (TensorOp.MEAN, TensorOp.SUM, TensorOp.MAX)[int(rng.integers(0, 3))]
    return builder.reduce(op, builder.rearrange(mixed, lambda positions: positions.T))


def random_box(rng: np.random.Generator, network: Network) -> InputBox:
    """A point, a small ball or a wide box."""
    centre = rng.uniform(-1, 1, network.input.shape)
    radius = float(rng.choice([0.0, 0.0, 0.01, 0.1, 0.5]))
    return InputBox(lo=centre - radius, hi=centre + radius)


def random_case(rng: np.random.Generator, fmt: str) -> Case:
    """A random network held in one format."""
    network = random_network(rng, int(rng.integers(1, 6)))
    box = random_box(rng, network)
    ranges = exact_ranges(network, box)
    device = "generic_sequential" if rng.random() < 0.2 else "generic"
    return Case(uniform(network, fmt, ranges=ranges, device=device), box)


def inputs_of(case: Case, rng: np.random.Generator, count: int) -> Array:
    """Inputs of the box: random ones, corners, and mixtures; numbers of the input's format where they are representable."""
    lo, hi = case.box.lo, case.box.hi
    shape = (count, *lo.shape)
    found = np.where(rng.random(shape) < 0.5, rng.uniform(lo, hi, shape), np.where(rng.random(shape) < 0.5, lo, hi))
    stored = case.program.steps[0].stored
    if case.model is InputModel.REPRESENTABLE and stored is not None:
        found = round_array(stored, found)  # type: ignore[arg-type]  # no block format here
    return found


def errors_of(case: Case, x: Array) -> tuple[Array, Array]:
    """|computed - exact| of every output at every input, and how far float64's evaluation of the exact network may be off."""
    network = case.program.network
    exact = run_float64(network, x).reshape(len(x), -1)
    largest = max(float(np.abs(value).max()) for value in run_all_float64(network, x))
    machine = emulate(case.program, x).reshape(len(x), -1)
    errors = np.where(np.isfinite(machine), np.abs(machine - exact), np.inf)
    return errors, np.full(errors.shape[1], 1e-11 * max(largest, 1.0))


def exceeding(case: Case, analyse: Callable[[NetworkProgram, InputSet], Analysis], x: Array) -> int:
    """How many inputs have an output whose error exceeds its bound."""
    bound = analyse(case.program, case.inputs)
    errors, slack = errors_of(case, x)
    return int((errors > bound.outputs + slack).any(axis=1).sum())
