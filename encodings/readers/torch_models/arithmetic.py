"""Rules of arithmetic, functions of one number, reductions and products."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from suffice.encodings.networks import layers
from suffice.encodings.networks.builder import Tensor
from suffice.encodings.networks.graph import TensorOp
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers.torch_models.calls import Call, rule

FUNCTIONS = {
    "neg": TensorOp.NEGATE, "abs": TensorOp.ABSOLUTE, "square": TensorOp.SQUARE, "sqrt": TensorOp.SQRT, "rsqrt": TensorOp.RSQRT,
    "exp": TensorOp.EXP, "log": TensorOp.LOG, "erf": TensorOp.ERF, "special_erf": TensorOp.ERF, "relu": TensorOp.RELU,
    "silu": TensorOp.SILU, "tanh": TensorOp.TANH, "sigmoid": TensorOp.SIGMOID, "special_expit": TensorOp.SIGMOID,
}  # fmt: skip


@rule(*(f"aten.{name}" for name in FUNCTIONS))
def function(call: Call) -> Tensor:
    """A function of one number."""
    return call.builder.unary(FUNCTIONS[call.operator.split(".")[1]], call.tensor("self"))


@rule("aten.add", "aten.sub", "aten.rsub")
def add(call: Call) -> Any:
    """self + alpha other, self - alpha other, other - alpha self. A known operand with -infinities masks."""
    first, second = call.get("self"), call.get("other")
    alpha = call.number("alpha", 1)
    name = call.operator.split(".")[1]
    if name == "add" and alpha == 1:
        for value, summand in (("self", "other"), ("other", "self")):
            if call.masks(call.get(summand)):
                return layers.add_mask(call.builder, call.masked_or_tensor(value), call.known(summand), call.parameter(summand))
            if isinstance(call.get(value), Masked) and not isinstance(call.get(summand), Masked):
                x = call.get(value)
                total = call.builder.binary(TensorOp.ADD, x.tensor, call.tensor(summand))
                return layers.masked(call.builder, total, x.allowed)
    x, y = call.lift(first), call.lift(second)
    x, y = (y, x) if name == "rsub" else (x, y)
    if alpha != 1:
        y = call.builder.binary(TensorOp.MULTIPLY, y, call.builder.constant(alpha))
    return call.builder.binary(TensorOp.ADD if name == "add" else TensorOp.SUBTRACT, x, y)


@rule("aten.mul", "aten.multiply")
def multiply(call: Call) -> Any:
    """The product; a scaled mask stays a mask."""
    x, y = call.get("self"), call.get("other")
    for value, factor in ((x, y), (y, x)):
        if isinstance(value, Masked) and isinstance(factor, int | float) and factor > 0:
            return Masked(call.builder.binary(TensorOp.MULTIPLY, value.tensor, call.lift(factor)), value.allowed)
    return call.builder.binary(TensorOp.MULTIPLY, call.lift(x), call.lift(y))


@rule("aten.div", "aten.divide", "aten.true_divide")
def divide(call: Call) -> Any:
    """The quotient, not rounded to an integer."""
    if call.get("rounding_mode") is not None:
        raise call.error("a quotient is rounded to an integer")
    x, y = call.get("self"), call.get("other")
    if isinstance(x, Masked) and isinstance(y, int | float) and y > 0:
        return Masked(call.builder.binary(TensorOp.DIVIDE, x.tensor, call.lift(y)), x.allowed)
    return call.builder.binary(TensorOp.DIVIDE, call.lift(x), call.lift(y))


@rule("aten.reciprocal")
def reciprocal(call: Call) -> Tensor:
    """1 / x."""
    return layers.reciprocal(call.builder, call.tensor("self"))


@rule("aten.pow.Tensor_Scalar")
def power(call: Call) -> Tensor:
    """x to the power of 1, 2, 3, 1/2, -1/2 or -1."""
    return layers.power(call.builder, call.tensor("self"), call.get("exponent"))


@rule("aten.leaky_relu")
def leaky_relu(call: Call) -> Tensor:
    """x, or slope x below zero."""
    return call.builder.unary(TensorOp.LEAKY_RELU, call.tensor("self"), Fraction(call.number("negative_slope", 0.01)))


@rule("aten.prelu")
def prelu(call: Call) -> Tensor:
    """The same with one learned slope."""
    slope = call.array("weight")
    if slope is None or slope.size != 1:
        raise call.error("a slope for every channel", "use one slope for all")
    return call.builder.unary(TensorOp.LEAKY_RELU, call.tensor("self"), Fraction(float(slope.ravel()[0])))


@rule("aten.gelu")
def gelu(call: Call) -> Tensor:
    """By erf, or by tanh where `approximate` says so."""
    return call.builder.unary(TensorOp.GELU_TANH if call.get("approximate") == "tanh" else TensorOp.GELU, call.tensor("self"))


@rule("aten.softplus")
def softplus(call: Call) -> Tensor:
    """log(1 + e^(beta x)) / beta. Beyond the threshold (at least 20) PyTorch returns x: below 2.1e-9 away from the function."""
    if call.number("threshold", 20) < 20:
        raise call.error(f"the threshold {call.get('threshold')} changes the function", "use the threshold 20")
    return layers.softplus(call.builder, call.tensor("self"), call.number("beta", 1))


@rule("aten.clamp", "aten.clamp_min", "aten.clamp_max", "aten.hardtanh", "aten.relu6")
def clamp(call: Call) -> Tensor:
    """Kept between two numbers."""
    defaults = {"hardtanh": (-1.0, 1.0), "relu6": (0.0, 6.0)}.get(call.operator.split(".")[1], (None, None))
    least, most = call.get("min", call.get("min_val", defaults[0])), call.get("max", call.get("max_val", defaults[1]))
    if any(limit is not None and not isinstance(limit, int | float) for limit in (least, most)):
        raise call.error("a limit is a tensor", "use minimum and maximum")
    return layers.clamp(call.builder, call.tensor("self"), least, most)


@rule("aten.maximum")
def maximum(call: Call) -> Tensor:
    """The larger of two."""
    return layers.larger(call.builder, call.tensor("self"), call.tensor("other"))


@rule("aten.minimum")
def minimum(call: Call) -> Tensor:
    """The smaller of two."""
    return layers.smaller(call.builder, call.tensor("self"), call.tensor("other"))


@rule("aten.sum", "aten.mean", "aten.amax")
def reduction(call: Call) -> Tensor:
    """Sum, mean or maximum over axes."""
    op = {"sum": TensorOp.SUM, "mean": TensorOp.MEAN, "amax": TensorOp.MAX}[call.operator.split(".")[1]]
    axes = call.get("dim")
    axes = [axes] if isinstance(axes, int) else axes
    return layers.reduce_axes(call.builder, op, call.tensor("self"), axes, bool(call.get("keepdim")))


@rule("aten.max.dim", "aten.max.default")
def largest(call: Call) -> Any:
    """The maximum along one axis (that of indices is not read), or of all elements."""
    axes = None if call.get("dim") is None else [call.get("dim")]
    result = layers.reduce_axes(call.builder, TensorOp.MAX, call.tensor("self"), axes, bool(call.get("keepdim")))
    return result if axes is None else (result, None)


@rule("aten.softmax", "aten._softmax", "aten.log_softmax", "aten._log_softmax", "aten.special_softmax", "aten.special_log_softmax")
def softmax(call: Call) -> Tensor:
    """Along one axis; entries of -infinity get 0."""
    x, axis, logarithm = call.get("self"), int(call.get("dim", 0)), "log" in call.operator
    if isinstance(x, Masked):
        if logarithm:
            raise call.error("the logarithm of a masked softmax is -infinity")
        return layers.masked_softmax(call.builder, x.tensor, x.allowed, axis)
    return layers.along(call.builder, TensorOp.LOG_SOFTMAX if logarithm else TensorOp.SOFTMAX, call.lift(x), axis)
