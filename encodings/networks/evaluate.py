"""Evaluate a network in NumPy's float64: for search and tests. Nothing that is claimed may rest on it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from suffice.encodings.networks.graph import Array, Network, TensorNode, TensorOp
from suffice.errors import InputError

GELU_CUBIC = 0.044715


def run_float64(network: Network, x: Array) -> Array:
    """The output at `x`, of the input's shape; or the outputs at many inputs counted by one more, leading axis."""
    return run_all_float64(network, x)[-1]


def run_all_float64(network: Network, x: Array) -> list[Array]:
    """The values of all nodes, in their order, at one input or at many."""
    x = np.asarray(x, dtype=np.float64)
    shape = network.input.shape
    if x.shape != shape and x.shape[1:] != shape:
        raise InputError(f"the input has the shape {x.shape}, not {shape}", where=network.name)
    batched = x.reshape(-1, *shape)
    values: list[Array] = []
    with np.errstate(all="ignore"):
        for node in network.nodes:
            values.append(batched if node.op is TensorOp.INPUT else _apply(node, [values[p] for p in node.operands], len(batched)))
    return [value.reshape(node.shape) for node, value in zip(network.nodes, values, strict=True)] if x.shape == shape else values


def _apply(node: TensorNode, operands: list[Array], count: int) -> Array:
    """One operation on operands with one more, leading axis of length `count`."""
    if node.op is TensorOp.CONSTANT and node.value is not None:
        return np.broadcast_to(node.value, (count, *node.shape))
    if node.op is TensorOp.GATHER and node.index is not None:
        laid: Array = np.concatenate([*(operand.reshape(count, -1) for operand in operands), np.zeros((count, 1))], axis=1)
        return np.asarray(laid[:, node.index])
    if node.op is TensorOp.LINEAR and node.weight is not None:
        grouped = node.weight.ndim == 3
        product: Array = np.einsum("...gi,goi->...go", operands[0], node.weight) if grouped else operands[0] @ node.weight.T
        return np.asarray(product if node.bias is None else product + node.bias)
    if node.op in PARAMETRIC:
        return PARAMETRIC[node.op](operands[0], float(node.parameter_value))
    return np.asarray(FUNCTIONS[node.op](*operands)).reshape(count, *node.shape)


def _erf(x: Array) -> Array:
    return np.array([math.erf(number) for number in x.ravel()]).reshape(x.shape)


def _erfc(x: Array) -> Array:
    return np.array([math.erfc(number) for number in x.ravel()]).reshape(x.shape)


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1 + small))


def _gelu_tanh(x: Array) -> Array:
    return np.asarray(x * _sigmoid(2 * math.sqrt(2 / math.pi) * (x + GELU_CUBIC * x**3)))


def _shifted(x: Array) -> Array:
    return np.asarray(x - x.max(axis=-1, keepdims=True))


def _softmax(x: Array) -> Array:
    raised = np.exp(_shifted(x))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _log_softmax(x: Array) -> Array:
    shifted = _shifted(x)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _normalised(x: Array, eps: float) -> Array:
    return np.asarray(x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps))


PARAMETRIC: dict[TensorOp, Callable[[Array, float], Array]] = {
    TensorOp.LEAKY_RELU: lambda x, slope: np.where(x >= 0, x, slope * x),
    TensorOp.LAYER_NORM: lambda x, eps: _normalised(x - x.mean(axis=-1, keepdims=True), eps),
    TensorOp.RMS_NORM: _normalised,
}
"""Operations with a number of their own: the slope below zero, the eps."""

FUNCTIONS: dict[TensorOp, Callable[..., Array]] = {
    TensorOp.MATMUL: np.matmul,
    TensorOp.SUM: lambda x: x.sum(axis=-1),
    TensorOp.MEAN: lambda x: x.mean(axis=-1),
    TensorOp.MAX: lambda x: x.max(axis=-1),
    TensorOp.ADD: np.add,
    TensorOp.SUBTRACT: np.subtract,
    TensorOp.MULTIPLY: np.multiply,
    TensorOp.DIVIDE: np.divide,
    TensorOp.NEGATE: np.negative,
    TensorOp.ABSOLUTE: np.abs,
    TensorOp.SQUARE: np.square,
    TensorOp.SQRT: np.sqrt,
    TensorOp.RSQRT: lambda x: 1 / np.sqrt(x),
    TensorOp.EXP: np.exp,
    TensorOp.LOG: np.log,
    TensorOp.ERF: _erf,
    TensorOp.RELU: lambda x: np.maximum(x, 0.0),
    TensorOp.GELU: lambda x: 0.5 * x * _erfc(-x / math.sqrt(2)),
    TensorOp.GELU_TANH: _gelu_tanh,
    TensorOp.SILU: lambda x: x * _sigmoid(x),
    TensorOp.TANH: np.tanh,
    TensorOp.SIGMOID: _sigmoid,
    TensorOp.SOFTPLUS: lambda x: np.logaddexp(x, 0.0),
    TensorOp.SOFTMAX: _softmax,
    TensorOp.LOG_SOFTMAX: _log_softmax,
}
"""Operations by name, on arrays with a leading axis that counts inputs."""
