"""Tiny networks with programs, for certificates: every operation, many formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

import numpy as np

from suffice.encodings.networks.graph import Network, TensorNode, TensorOp
from suffice.encodings.networks.program import NetworkProgram, Step
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat

ADDING = {"linear", "matmul", "sum", "mean", "softmax", "log_softmax", "layer_norm", "rms_norm"}


@dataclass
class Builder:
    """Adds nodes; each call returns the position of the new node."""

    nodes: list[TensorNode] = field(default_factory=list)

    def add(self, op: str, operands: tuple[int, ...], shape: tuple[int, ...], **attributes: object) -> int:
        name = f"{op}{len(self.nodes)}"
        node = TensorNode(name=name, op=TensorOp(op), operands=operands, shape=shape, layer=op, **attributes)  # type: ignore[arg-type]
        self.nodes.append(node)
        return len(self.nodes) - 1

    def shape(self, position: int) -> tuple[int, ...]:
        return self.nodes[position].shape

    def like(self, op: str, *operands: int, **attributes: object) -> int:
        return self.add(op, operands, self.shape(operands[0]), **attributes)

    def linear(self, x: int, weight: np.ndarray, bias: np.ndarray | None) -> int:
        groups = weight.shape[:-2]
        leading = self.shape(x)[: len(self.shape(x)) - 1 - len(groups)]
        return self.add("linear", (x,), (*leading, *groups, weight.shape[-2]), weight=weight, bias=bias)

    def network(self) -> Network:
        return Network(name="tiny", nodes=tuple(self.nodes))


def chain(rng: np.random.Generator, ops: list[str], widths: list[int]) -> Network:
    """Layers `linear, op` with random weights, widths[0] inputs."""
    b = Builder()
    x = b.add("input", (), (widths[0],))
    for op, before, after in zip(ops, widths, widths[1:], strict=False):
        weight = rng.normal(size=(after, before)) / before**0.5
        x = b.linear(x, weight.astype(np.float32).astype(np.float64), rng.normal(size=after) / 4 if rng.random() < 0.7 else None)
        x = operation(b, x, op)
    return b.network()


def operation(b: Builder, x: int, op: str) -> int:
    """One operation after x that is defined on all reals."""
    match op:
        case "none":
            return x
        case "leaky_relu":
            return b.like(op, x, parameter_value=Fraction(1, 100))
        case "layer_norm" | "rms_norm":
            return b.like(op, x, parameter_value=Fraction(1, 1000))
        case "sqrt" | "rsqrt" | "log":
            shifted = b.like("add", b.like("square", x), constant(b, x, 0.5))
            return b.like(op, shifted)
        case "divide":
            return b.like("divide", x, b.like("add", b.like("square", x), constant(b, x, 1.0)))
        case "multiply":
            return b.like("multiply", x, b.like("tanh", x))
        case "subtract":
            return b.like("subtract", b.like("absolute", x), b.like("negate", x))
        case "sum" | "mean" | "max":
            y = b.add(op, (x,), b.shape(x)[:-1] or (1,))
            size = prod(b.shape(x))
            return b.like("add", x, b.add("gather", (y,), b.shape(x), index=np.zeros(b.shape(x), dtype=np.int64))) if size else y
        case "matmul":
            n = b.shape(x)[-1]
            row = b.add("gather", (x,), (1, n), index=np.arange(n).reshape(1, n))
            column = b.add("gather", (x,), (n, 1), index=np.arange(n)[::-1].copy().reshape(n, 1))
            both = b.add("matmul", (column, row), (n, n))
            return b.add("gather", (both,), (n,), index=np.arange(n) * n)
    return b.like(op, x)


def constant(b: Builder, x: int, number: float) -> int:
    return b.add("constant", (), b.shape(x), value=np.full(b.shape(x), number))


def additions(accumulator: Format, order: Order = Order.ANY, products: Products = Products.EITHER) -> Accumulation:
    assert isinstance(accumulator, FloatFormat)
    return Accumulation(kind=Kind.ADDITIONS, accumulator=accumulator, order=order, products=products)


def place(
    network: Network, name: str, *, compute: str = "fp32", accumulation: Accumulation | None = None, ulps: int = 0
) -> NetworkProgram:
    """Weights, biases and activations in one format, arithmetic in another."""
    fmt, arithmetic = parse_format(name), parse_format(compute)
    acc = accumulation or additions(arithmetic)
    steps = []
    for node in network.nodes:
        op = node.op.value
        has_function = op in {
            "sqrt", "rsqrt", "exp", "log", "erf", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", "softplus",
        }  # fmt: skip
        steps.append(
            Step(
                compute=arithmetic,
                stored=fmt,
                weights=fmt if op in ("linear", "constant") else None,
                bias=fmt if node.bias is not None else None,
                accumulation=acc if op in ADDING else None,
                ulps=ulps if has_function else 0,
            )
        )
    return NetworkProgram(network=network, steps=tuple(steps))


def place_codes(network: Network, reach: float) -> NetworkProgram:
    """int8: codes of weights by channel, of activations within +-reach, exact sums."""
    arithmetic = parse_format("fp32")
    codes = IntFormat(qmin=-127, qmax=127, scale=Fraction(1), zero=0)
    stored = IntFormat(qmin=-128, qmax=127, scale=Fraction(float(np.float32(reach / 127))), zero=0)
    int32 = IntFormat(qmin=-(2**31), qmax=2**31 - 1, scale=Fraction(1), zero=0)
    steps = []
    for node in network.nodes:
        op = node.op.value
        scales: tuple[Fraction, ...] = ()
        if node.weight is not None:
            largest = np.abs(node.weight).max(axis=-1).reshape(-1)
            scales = tuple(Fraction(float(np.nextafter(np.float32(max(w, 1e-3) / 127), np.float32(1)))) for w in largest)
        exact = Accumulation(kind=Kind.EXACT, accumulator=int32)
        steps.append(
            Step(
                compute=arithmetic,
                stored=stored,
                weights=codes if op == "linear" else stored if op == "constant" else None,
                scales=scales,
                bias=arithmetic if node.bias is not None else None,
                accumulation=exact if op == "linear" else additions(arithmetic) if op in ADDING else None,
            )
        )
    return NetworkProgram(network=network, steps=tuple(steps))
