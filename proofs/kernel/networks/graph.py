"""The function: operations on tensors with exact constants (docs/networks.md, "The function")."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from .. import limits
from ..failures import Rejection
from ..jsonvalues import choice, fields, integer, listed, number, optional
from .arrays import Exact, decode, decode_index

BINARY = ("add", "subtract", "multiply", "divide")
PIECEWISE = ("negate", "absolute", "relu", "leaky_relu")
FUNCTIONS = ("sqrt", "rsqrt", "exp", "log", "erf", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", "softplus")
UNARY = (*PIECEWISE, "square", *FUNCTIONS)
REDUCTIONS = ("sum", "mean", "max")
ROWS = ("softmax", "log_softmax", "layer_norm", "rms_norm")
OPERATIONS = ("input", "constant", "gather", "linear", "matmul", *REDUCTIONS, *BINARY, *UNARY, *ROWS)

_ATTRIBUTES = {
    "constant": ("value",), "gather": ("index",), "linear": ("weight",), "leaky_relu": ("parameter",), "layer_norm": ("parameter",),
    "rms_norm": ("parameter",),
}  # fmt: skip
"""What a node has beside name, layer, operands and shape; `linear` may have a bias and has the shape of its weight."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation on earlier nodes. The shape of a weight is (groups, out, in)."""

    name: str
    layer: str
    op: str
    operands: tuple[int, ...]
    shape: tuple[int, ...]
    index: tuple[int, ...] = ()
    value: Exact | None = None
    weight: Exact | None = None
    weight_shape: tuple[int, int, int] = (0, 0, 0)
    bias: Exact | None = None
    parameter: Fraction = Fraction(0)

    @property
    def size(self) -> int:
        """How many elements the tensor has."""
        return prod(self.shape)


def read_network(value: Any) -> tuple[Node, ...]:
    """The nodes in topological order: the first is the only input, the last the output, and each is used."""
    name, items = fields(value, "network", "name", "nodes")
    label(name, "network.name")
    nodes: list[Node] = []
    elements = parameters = 0
    for position, item in enumerate(listed(items, "network.nodes", 1, limits.MAX_NETWORK_NODES)):
        node = _read_node(item, nodes, f"network.nodes[{position}]")
        if (node.op == "input") != (position == 0):
            raise Rejection("the first node of a network, and no other, is its input")
        elements += node.size
        parameters += prod(node.weight_shape) + (node.size if node.op == "constant" else 0)
        if elements > limits.MAX_NETWORK_ELEMENTS or parameters > limits.MAX_NETWORK_PARAMETERS:
            most = f"{limits.MAX_NETWORK_ELEMENTS} elements, or {limits.MAX_NETWORK_PARAMETERS} parameters"
            raise Rejection(f"the network has more than {most}")
        nodes.append(node)
    used = {operand for node in nodes for operand in node.operands} | {len(nodes) - 1}
    if len(used) != len(nodes):
        raise Rejection("the network has a node that is not used")
    return tuple(nodes)


def label(value: Any, where: str) -> str:
    """A text that proves nothing."""
    if not isinstance(value, str) or len(value) > limits.MAX_LABEL:
        raise Rejection(f"{where} is not a text of at most {limits.MAX_LABEL} characters")
    return value


def _read_node(item: Any, nodes: list[Node], where: str) -> Node:
    op = choice(item.get("op") if isinstance(item, dict) else None, f"{where}.op", OPERATIONS)
    wanted = _ATTRIBUTES.get(op, ())
    maybe = optional(item, "bias") if op == "linear" else []
    extra = ("weight_shape",) if op == "linear" else ()
    _, name, layer, operands, shape, *rest = fields(item, where, "op", "name", "layer", "operands", "shape", *wanted, *extra, *maybe)
    found = dict(zip((*wanted, *extra, *maybe), rest, strict=True))
    positions = tuple(
        integer(o, f"{where}.operands", 0, len(nodes) - 1) for o in listed(operands, f"{where}.operands", 0, limits.MAX_NETWORK_NODES)
    )
    if len(positions) != _arity(op, len(positions)):
        raise Rejection(f"{where}: {op} does not take {len(positions)} operands")
    dims = _shape(shape, f"{where}.shape")
    attributes: dict[str, Any] = {}
    if op == "linear":
        weight_shape = tuple(
            integer(d, f"{where}.weight_shape", 1, limits.MAX_NETWORK_PARAMETERS) for d in listed(found["weight_shape"], where, 2, 3)
        )
        if prod(weight_shape) > limits.MAX_NETWORK_PARAMETERS:
            raise Rejection(f"{where}.weight_shape is too large")
        attributes["weight"] = decode(found["weight"], prod(weight_shape), f"{where}.weight")
        attributes["weight_shape"] = (1, *weight_shape)[-3:]
        if "bias" in found:
            attributes["bias"] = decode(found["bias"], prod(weight_shape[:-1]), f"{where}.bias")
        expected = _linear_shape(nodes[positions[0]].shape, weight_shape)
    else:
        expected = _expected(op, dims, [nodes[p].shape for p in positions], where)
    if dims != expected:
        raise Rejection(f"{where}: {op} does not give this shape")
    if op == "constant":
        attributes["value"] = decode(found["value"], prod(dims), f"{where}.value")
    if op == "gather":
        index = decode_index(found["index"], prod(dims), f"{where}.index")
        if min(index) < -1 or max(index) >= sum(nodes[p].size for p in positions):
            raise Rejection(f"{where}.index points outside the operands")
        attributes["index"] = tuple(index)
    if "parameter" in found:
        attributes["parameter"] = _parameter(op, found["parameter"], where)
    return Node(label(name, f"{where}.name"), label(layer, f"{where}.layer"), op, positions, dims, **attributes)


def _parameter(op: str, value: Any, where: str) -> Fraction:
    amount = number(value, f"{where}.parameter")
    if op != "leaky_relu" and amount <= 0:
        raise Rejection(f"{where}.parameter, the eps of a norm, is not positive")
    return amount


def _arity(op: str, given: int) -> int:
    if op in ("input", "constant"):
        return 0
    if op == "gather":
        return max(given, 1)
    return 2 if op in BINARY or op == "matmul" else 1


def _shape(value: Any, where: str) -> tuple[int, ...]:
    dims = tuple(integer(d, where, 1, limits.MAX_NETWORK_ELEMENTS) for d in listed(value, where, 1, limits.MAX_NETWORK_AXES))
    if prod(dims) > limits.MAX_NETWORK_ELEMENTS:
        raise Rejection(f"{where} has more than {limits.MAX_NETWORK_ELEMENTS} elements")
    return dims


def _expected(op: str, dims: tuple[int, ...], shapes: list[tuple[int, ...]], where: str) -> tuple[int, ...]:
    """The shape that the operation gives; that of input, constant and gather is their own."""
    if op in ("input", "constant", "gather"):
        return dims
    if op == "matmul":
        a, b = shapes
        if not (len(a) == len(b) >= 2 and a[:-2] == b[:-2] and a[-1] == b[-2]):
            raise Rejection(f"{where}: the operands of matmul do not fit")
        return (*a[:-1], b[-1])
    if op in REDUCTIONS:
        return shapes[0][:-1] or (1,)
    if op in BINARY and shapes[0] != shapes[1]:
        raise Rejection(f"{where}: the operands of {op} differ in shape")
    return shapes[0]


def _linear_shape(shape: tuple[int, ...], weight: tuple[int, ...]) -> tuple[int, ...]:
    """() where the operand does not fit."""
    groups = weight[:-2]
    leading = shape[: len(shape) - 1 - len(groups)]
    return (*leading, *groups, weight[-2]) if shape == (*leading, *groups, weight[-1]) else ()
