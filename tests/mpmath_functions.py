"""The functions of one number in networks, in mpmath from their definitions (docs/networks.md), but for leaky_relu, which has a slope."""

from __future__ import annotations

from collections.abc import Callable

import mpmath

from suffice.encodings.networks.graph import TensorOp


def gelu_tanh(x: mpmath.mpf) -> mpmath.mpf:
    """gelu's approximation by tanh."""
    return x * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf(44715) / 10**6 * x**3))) / 2


FUNCTIONS: dict[TensorOp, Callable[[mpmath.mpf], mpmath.mpf]] = {
    TensorOp.NEGATE: lambda x: -x,
    TensorOp.ABSOLUTE: abs,
    TensorOp.SQUARE: lambda x: x * x,
    TensorOp.SQRT: mpmath.sqrt,
    TensorOp.RSQRT: lambda x: 1 / mpmath.sqrt(x),
    TensorOp.EXP: mpmath.exp,
    TensorOp.LOG: mpmath.log,
    TensorOp.ERF: mpmath.erf,
    TensorOp.RELU: lambda x: max(x, mpmath.mpf(0)),
    TensorOp.GELU: lambda x: x * mpmath.ncdf(x),
    TensorOp.GELU_TANH: gelu_tanh,
    TensorOp.SILU: lambda x: x / (1 + mpmath.exp(-x)),
    TensorOp.TANH: mpmath.tanh,
    TensorOp.SIGMOID: lambda x: 1 / (1 + mpmath.exp(-x)),
    TensorOp.SOFTPLUS: lambda x: mpmath.log1p(mpmath.exp(x)),
}
