"""A network: an immutable graph of real operations on tensors with exact constants (docs/networks.md gives the meaning of every operation).

The function that a network stands for is over the reals; constants are float64 arrays, exact dyadic rationals. Which number format
holds what, and how sums are added, is the business of `prover/networks/program.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from suffice.errors import InputError

Array = NDArray[np.float64]
Index = NDArray[np.int64]

MAX_ELEMENTS = 1 << 31
"""Most elements of one tensor."""


class TensorOp(StrEnum):
    """The operations. Shapes: `x` is any shape; a contraction or reduction is over the last axis."""

    INPUT = "input"
    CONSTANT = "constant"
    GATHER = "gather"
    LINEAR = "linear"
    MATMUL = "matmul"
    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    NEGATE = "negate"
    ABSOLUTE = "absolute"
    SQUARE = "square"
    SQRT = "sqrt"
    RSQRT = "rsqrt"
    EXP = "exp"
    LOG = "log"
    ERF = "erf"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    GELU = "gelu"
    GELU_TANH = "gelu_tanh"
    SILU = "silu"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    SOFTPLUS = "softplus"
    SOFTMAX = "softmax"
    LOG_SOFTMAX = "log_softmax"
    LAYER_NORM = "layer_norm"
    RMS_NORM = "rms_norm"


BINARY = frozenset({TensorOp.ADD, TensorOp.SUBTRACT, TensorOp.MULTIPLY, TensorOp.DIVIDE})
"""Elementwise operations of two tensors of one shape."""

PIECEWISE_LINEAR = frozenset({TensorOp.NEGATE, TensorOp.ABSOLUTE, TensorOp.RELU, TensorOp.LEAKY_RELU})
"""Elementwise operations without curvature away from their kink."""

SMOOTH = frozenset(
    {
        TensorOp.SQUARE, TensorOp.SQRT, TensorOp.RSQRT, TensorOp.EXP, TensorOp.LOG, TensorOp.ERF, TensorOp.GELU, TensorOp.GELU_TANH,
        TensorOp.SILU, TensorOp.TANH, TensorOp.SIGMOID, TensorOp.SOFTPLUS,
    }
)  # fmt: skip
"""Smooth elementwise operations of one tensor."""

UNARY = PIECEWISE_LINEAR | SMOOTH
REDUCTIONS = frozenset({TensorOp.SUM, TensorOp.MEAN, TensorOp.MAX})
NORMALISING = frozenset({TensorOp.SOFTMAX, TensorOp.LOG_SOFTMAX, TensorOp.LAYER_NORM, TensorOp.RMS_NORM})
"""Operations that act on each row (last axis) as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TensorNode:
    """One operation. `operands` are positions of earlier nodes.

    `layer` is the path of the module it belongs to ("" for the model itself). `stored` says that the framework writes this result to
    memory, so that a program rounds it to the storage format of activations; inside one call (an affine map after a norm, a gather)
    results stay in the format of the arithmetic. Attributes, by operation:

    * gather: `index`, of the shape of the node: positions in the operands' elements, flattened and laid end to end; -1 stands for 0.
    * constant: `value`; `parameter` names it (module path and attribute).
    * linear: `weight` (out, in), or (groups, out, in) for operands (..., groups, in), and `bias` (out) or (groups, out) or None:
      y[..., o] = sum_i weight[o, i] x[..., i] + bias[o].
    * matmul: operands (..., m, k) and (..., k, n), equal leading axes.
    * leaky_relu: `parameter_value` is the slope below zero; layer_norm and rms_norm: the eps added to the variance (the mean square).
    """

    name: str
    op: TensorOp
    operands: tuple[int, ...]
    shape: tuple[int, ...]
    layer: str = ""
    stored: bool = False
    index: Index | None = None
    value: Array | None = None
    weight: Array | None = None
    bias: Array | None = None
    parameter: str = ""
    parameter_value: Fraction = Fraction(0)

    @property
    def size(self) -> int:
        """How many elements the tensor has."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Nodes in an order in which operands come first. The first node is the only input, the last one the output."""

    name: str
    nodes: tuple[TensorNode, ...]
    description: str = field(default="")

    def __post_init__(self) -> None:
        if not self.nodes or self.nodes[0].op is not TensorOp.INPUT or any(n.op is TensorOp.INPUT for n in self.nodes[1:]):
            raise InputError("a network has one input, its first node", where=self.name)
        for position, node in enumerate(self.nodes):
            if any(not 0 <= operand < position for operand in node.operands):
                raise InputError("an operand does not come before the node that uses it", where=node.name)
            check_node(node, tuple(self.nodes[operand] for operand in node.operands))

    @property
    def input(self) -> TensorNode:
        """The input."""
        return self.nodes[0]

    @property
    def output(self) -> TensorNode:
        """The output."""
        return self.nodes[-1]

    @property
    def layers(self) -> tuple[str, ...]:
        """The module paths in the order in which they first compute something."""
        return tuple(dict.fromkeys(node.layer for node in self.nodes if node.op not in (TensorOp.INPUT, TensorOp.CONSTANT)))

    @property
    def parameters(self) -> int:
        """How many numbers the constants hold."""
        arrays = ((node.value, node.weight, node.bias) for node in self.nodes)
        return sum(array.size for group in arrays for array in group if array is not None)


def check_node(node: TensorNode, operands: tuple[TensorNode, ...]) -> None:
    """Whether operands, attributes and shape belong together. Raises InputError."""
    expected = _arity(node.op)
    if expected is not None and len(operands) != expected:
        raise InputError(f"{node.op} takes {expected} operands, not {len(operands)}", where=node.name)
    if not node.shape or min(node.shape) < 1 or node.size > MAX_ELEMENTS:
        raise InputError(f"the shape {node.shape} is empty or too large", where=node.name)
    for array in (node.value, node.weight, node.bias):
        if array is not None and not (array.dtype == np.float64 and np.isfinite(array).all()):
            raise InputError("a constant is not finite, or is not float64", where=node.name, mend="use finite weights")
    if node.shape != _shape(node, operands):
        raise InputError(f"{node.op} of {[operand.shape for operand in operands]} does not have the shape {node.shape}", where=node.name)


def _arity(op: TensorOp) -> int | None:
    if op in (TensorOp.INPUT, TensorOp.CONSTANT):
        return 0
    if op is TensorOp.GATHER:
        return None
    return 2 if op in BINARY or op is TensorOp.MATMUL else 1


def _shape(node: TensorNode, operands: tuple[TensorNode, ...]) -> tuple[int, ...]:
    """The shape that the operation gives; () where attributes do not fit."""
    match node.op:
        case TensorOp.INPUT:
            return node.shape
        case TensorOp.CONSTANT:
            return () if node.value is None else node.value.shape
        case TensorOp.GATHER:
            elements = sum(operand.size for operand in operands)
            fits = node.index is not None and operands and node.index.min() >= -1 and node.index.max() < elements
            return node.index.shape if fits and node.index is not None else ()
        case TensorOp.LINEAR:
            return _linear_shape(node, operands[0].shape)
        case TensorOp.MATMUL:
            a, b = (operand.shape for operand in operands)
            fits = len(a) == len(b) >= 2 and a[:-2] == b[:-2] and a[-1] == b[-2]
            return (*a[:-1], b[-1]) if fits else ()
        case op if op in REDUCTIONS:
            return operands[0].shape[:-1] or (1,)
        case op if op in BINARY:
            return operands[0].shape if operands[0].shape == operands[1].shape else ()
    return operands[0].shape


def _linear_shape(node: TensorNode, shape: tuple[int, ...]) -> tuple[int, ...]:
    if node.weight is None or node.weight.ndim not in (2, 3):
        return ()
    leading = shape[:-1] if node.weight.ndim == 2 else shape[:-2]
    groups = node.weight.shape[:-2]
    fits = shape == (*leading, *groups, node.weight.shape[-1])
    if node.bias is not None:
        fits = fits and node.bias.shape == (*groups, node.weight.shape[-2])
    return (*leading, *groups, node.weight.shape[-2]) if fits else ()
