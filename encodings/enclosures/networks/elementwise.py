"""The function that an elementwise operation of one operand applies, with its slope and curvature."""

from __future__ import annotations

import numpy as np

from suffice.encodings.enclosures.arrays.functions import UNARY, leaky_relu
from suffice.encodings.enclosures.arrays.intervals import Intervals, absolute, constant, multiply, negate, square
from suffice.encodings.enclosures.arrays.pieces import Function
from suffice.encodings.networks.graph import TensorNode, TensorOp
from suffice.hardware_specs.upward import Array


def function_of(node: TensorNode, slope: Array | None = None) -> Function:
    """The function of a node; `slope` may stand in place of leaky_relu's own below zero."""
    if node.op is TensorOp.LEAKY_RELU:
        return leaky_relu(constant(node.parameter_value) if slope is None else slope.reshape(()))
    return ELEMENTWISE[node.op]


def _absolute_slope(x: Intervals) -> Intervals:
    return Intervals(np.where(x.lo > 0, 1.0, -1.0), np.where(x.hi < 0, -1.0, 1.0))


def _absolute_curvature(x: Intervals) -> Array:
    return np.where((x.lo > 0) | (x.hi < 0), 0.0, np.inf)


def _minus_one(x: Intervals) -> Intervals:
    ends = np.full(x.shape, -1.0)
    return Intervals(ends, ends)


ELEMENTWISE: dict[TensorOp, Function] = {
    **{TensorOp(name): function for name, function in UNARY.items()},
    TensorOp.SQUARE: Function(square, lambda x: multiply(x, 2.0), lambda x: np.full(x.shape, 2.0)),
    TensorOp.ABSOLUTE: Function(absolute, _absolute_slope, _absolute_curvature),
    TensorOp.NEGATE: Function(negate, _minus_one, lambda x: np.zeros(x.shape)),
}
"""The elementwise functions of one operand; leaky_relu with a slope of its own is made by `function_of`."""
