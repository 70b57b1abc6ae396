"""Rules of ONNX operators that compute: arithmetic, functions, reductions, products, convolutions, pooling, norms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from suffice.encodings.networks import einsum as two_operands
from suffice.encodings.networks import layers, windows
from suffice.encodings.networks.builder import Tensor
from suffice.encodings.networks.graph import TensorOp
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers.onnx_models_calls import Known, OnnxCall, rule

FUNCTIONS = {
    "Neg": TensorOp.NEGATE, "Abs": TensorOp.ABSOLUTE, "Sqrt": TensorOp.SQRT, "Exp": TensorOp.EXP, "Log": TensorOp.LOG,
    "Erf": TensorOp.ERF, "Relu": TensorOp.RELU, "Sigmoid": TensorOp.SIGMOID, "Tanh": TensorOp.TANH, "Softplus": TensorOp.SOFTPLUS,
}  # fmt: skip

BINARY = {"Add": TensorOp.ADD, "Sub": TensorOp.SUBTRACT, "Mul": TensorOp.MULTIPLY, "Div": TensorOp.DIVIDE}


@rule(*FUNCTIONS)
def function(call: OnnxCall) -> Tensor:
    """A function of one number."""
    return call.builder.unary(FUNCTIONS[call.operator], call.tensor(0))


@rule(*BINARY)
def binary(call: OnnxCall) -> Any:
    """Arithmetic; a known summand with -infinities masks, and a mask may be scaled or moved by known numbers."""
    b, op, (x, y) = call.builder, BINARY[call.operator], call.operands[:2]
    for value, other in ((x, y), (y, x)):
        if op is TensorOp.ADD and isinstance(other, Known) and other.masks and value is not None:
            whole = value if isinstance(value, Masked) else call.lift(value)
            return layers.add_mask(b, whole, call.exact(other), other.name)
    if (
        isinstance(x, Masked)
        and isinstance(y, Known)
        and (op is not TensorOp.SUBTRACT)
        and (op is TensorOp.ADD or (call.exact(y) > 0).all())
    ):
        return layers.masked(b, b.binary(op, x.tensor, call.lift(y)), x.allowed)
    if call.operator == "Div" and all(isinstance(value, Known) and not value.is_float for value in (x, y)):
        raise call.error("a quotient is rounded to an integer")
    return b.binary(op, call.lift(x), call.lift(y))


@rule("Reciprocal")
def reciprocal(call: OnnxCall) -> Tensor:
    """1 / x."""
    return layers.reciprocal(call.builder, call.tensor(0))


@rule("Pow")
def power(call: OnnxCall) -> Tensor:
    """x to the known power of 1, 2, 3, 1/2, -1/2 or -1."""
    x, exponents = call.tensor(0), call.array(1)
    if exponents is not None and np.broadcast_shapes(exponents.shape, x.shape) != x.shape:
        raise call.error("the exponents have another shape")
    if exponents is None or np.unique(exponents).size != 1 or exponents.ndim > len(x.shape):
        raise call.error("the power of several numbers", "write it with products and square roots")
    return layers.power(call.builder, x, float(exponents.ravel()[0]))


@rule("LeakyRelu")
def leaky_relu(call: OnnxCall) -> Tensor:
    """x, or alpha x below zero."""
    return call.builder.unary(TensorOp.LEAKY_RELU, call.tensor(0), Fraction(float(call.attributes.get("alpha", np.float32(0.01)))))


@rule("PRelu")
def prelu(call: OnnxCall) -> Tensor:
    """The same with one learned slope."""
    slope = call.array(1)
    if slope is None or slope.size != 1:
        raise call.error("a slope for every channel", "use one slope for all")
    return call.builder.unary(TensorOp.LEAKY_RELU, call.tensor(0), Fraction(float(slope.ravel()[0])))


@rule("Gelu")
def gelu(call: OnnxCall) -> Tensor:
    """By erf, or by tanh where `approximate` says so."""
    approximate = call.attributes.get("approximate", b"none")
    return call.builder.unary(TensorOp.GELU_TANH if approximate in (b"tanh", "tanh") else TensorOp.GELU, call.tensor(0))


@rule("Swish")
def swish(call: OnnxCall) -> Tensor:
    """x sigmoid(alpha x)."""
    b, x, alpha = call.builder, call.tensor(0), float(call.attributes.get("alpha", 1.0))
    if alpha == 1:
        return b.unary(TensorOp.SILU, x)
    return b.binary(TensorOp.MULTIPLY, x, b.unary(TensorOp.SIGMOID, b.binary(TensorOp.MULTIPLY, x, b.constant(alpha))))


@rule("Clip")
def clip(call: OnnxCall) -> Tensor:
    """Kept between two known numbers."""
    return layers.clamp(call.builder, call.tensor(0), call.number(1, "min", None), call.number(2, "max", None))


@rule("Max", "Min", "Sum")
def several(call: OnnxCall) -> Tensor:
    """The largest, the smallest or the sum of several tensors."""
    b, result = call.builder, call.tensor(0)
    for position in range(1, len(call.operands)):
        other = call.tensor(position)
        if call.operator == "Sum":
            result = b.binary(TensorOp.ADD, result, other)
        else:
            result = (layers.larger if call.operator == "Max" else layers.smaller)(b, result, other)
    return result


@rule("ReduceMean", "ReduceSum", "ReduceMax")
def reduction(call: OnnxCall) -> Tensor:
    """Mean, sum or maximum over axes; over all where none are named."""
    op = {"ReduceMean": TensorOp.MEAN, "ReduceSum": TensorOp.SUM, "ReduceMax": TensorOp.MAX}[call.operator]
    axes = call.integers(1, "axes")
    if not axes and call.attributes.get("noop_with_empty_axes"):
        return call.tensor(0)
    return layers.reduce_axes(call.builder, op, call.tensor(0), axes, bool(call.attributes.get("keepdims", 1)))


@rule("Softmax", "LogSoftmax")
def softmax(call: OnnxCall) -> Tensor:
    """Along one axis; before version 13 over all axes from `axis` on."""
    b, x, logarithm = call.builder, call.get(0), call.operator == "LogSoftmax"
    op = TensorOp.LOG_SOFTMAX if logarithm else TensorOp.SOFTMAX
    axis = int(call.attributes.get("axis", -1 if call.opset >= 13 else 1))
    tensor = x.tensor if isinstance(x, Masked) else call.lift(x)
    if call.opset < 13 and axis % max(1, len(tensor.shape)) != len(tensor.shape) - 1:
        if isinstance(x, Masked):
            raise call.error("a mask over several axes")
        axis %= len(tensor.shape)
        rows = b.reshape(tensor, (*tensor.shape[:axis], -1))
        return b.reshape(b.unary(op, rows), tensor.shape)
    if isinstance(x, Masked):
        if logarithm:
            raise call.error("the logarithm of a masked softmax is -infinity")
        return layers.masked_softmax(b, x.tensor, x.allowed, axis)
    return layers.along(b, op, tensor, axis)


@rule("MatMul")
def matmul(call: OnnxCall) -> Tensor:
    """A product of matrices; with a known matrix on the right a `linear` node."""
    matrix, x = call.array(1), call.get(0)
    if matrix is not None and matrix.ndim == 2 and isinstance(x, Tensor):
        return call.builder.linear(x, matrix.T, None, call.parameter(1))
    return layers.product(call.builder, call.tensor(0), call.tensor(1))


@rule("Gemm")
def gemm(call: OnnxCall) -> Tensor:
    """alpha A B + beta C, A and B transposed where asked for; a `linear` node where it is one."""
    b, given = call.builder, call.attributes
    alpha, beta = float(given.get("alpha", 1.0)), float(given.get("beta", 1.0))
    left = call.tensor(0)
    left = b.rearrange(left, lambda index: index.T) if given.get("transA") else left
    matrix, bias = call.array(1), call.array(2)
    if matrix is not None and alpha == 1 and (call.get(2) is None or (bias is not None and beta == 1)):
        matrix = matrix if given.get("transB") else matrix.T
        if bias is None or bias.shape in ((matrix.shape[0],), (1, matrix.shape[0])):
            return b.linear(left, matrix, None if bias is None else bias.ravel(), call.parameter(1))
    right = call.tensor(1)
    right = b.rearrange(right, lambda index: index.T) if given.get("transB") else right
    product = b.matmul(left, right)
    product = product if alpha == 1 else b.binary(TensorOp.MULTIPLY, product, b.constant(alpha))
    added = call.optional(2)
    if added is None or beta == 0:
        return product
    added = added if beta == 1 else b.binary(TensorOp.MULTIPLY, added, b.constant(beta))
    return b.binary(TensorOp.ADD, product, added)


@rule("Einsum")
def einsum(call: OnnxCall) -> Tensor:
    """Of two operands."""
    if len(call.operands) != 2:
        raise call.error("it has not two operands")
    equation = call.attributes["equation"]
    return two_operands.einsum(call.builder, equation.decode() if isinstance(equation, bytes) else equation, call.tensor(0), call.tensor(1))


@rule("Conv")
def convolution(call: OnnxCall) -> Tensor:
    """A known kernel."""
    weight, bias = call.array(1), call.array(2)
    if weight is None or (bias is None and call.get(2) is not None) or weight.ndim < 3:
        raise call.error("the kernel is not a known array")
    axes = weight.ndim - 2
    x = _spatial(call, axes)
    stride, dilation = _lengths(call, "strides", axes), _lengths(call, "dilations", axes)
    return windows.convolution(
        call.builder,
        x,
        weight,
        bias,
        stride=stride,
        padding=_pads(call, x, list(weight.shape[2:]), stride, dilation),
        dilation=dilation,
        groups=int(call.attributes.get("group", 1)),
        parameter=call.parameter(1),
    )


def _spatial(call: OnnxCall, axes: int | None = None) -> Tensor:
    """The operand, which has samples, channels and `axes` axes of space (at least one)."""
    x = call.tensor(0)
    if len(x.shape) < 3 or axes not in (None, len(x.shape) - 2):
        raise call.error(f"the shape {x.shape} has not samples, channels and {'some' if axes is None else axes} axes of space")
    return x


def _lengths(call: OnnxCall, name: str, axes: int) -> list[int]:
    lengths = list(call.attributes.get(name) or [1] * axes)
    if len(lengths) != axes or min(lengths) < 1:
        raise call.error(f"{name} = {lengths} does not fit {axes} axes")
    return lengths


def _pads(call: OnnxCall, x: Tensor, kernel: list[int], stride: list[int], dilation: list[int]) -> list[tuple[int, int]]:
    """Padding before and after every axis, also where `auto_pad` leaves it to the reader."""
    axes, how = len(kernel), call.attributes.get("auto_pad", b"NOTSET")
    how = how.decode() if isinstance(how, bytes) else how
    if how in ("SAME_UPPER", "SAME_LOWER"):
        pairs = []
        for n, k, s, d in zip(x.shape[-axes:], kernel, stride, dilation, strict=True):
            total = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
            small = total // 2
            pairs.append((small, total - small) if how == "SAME_UPPER" else (total - small, small))
        return pairs
    pads = list(call.attributes.get("pads") or [0] * 2 * axes) if how == "NOTSET" else [0] * 2 * axes
    if len(pads) != 2 * axes or min(pads) < 0:
        raise call.error(f"pads = {pads} does not fit {axes} axes")
    return list(zip(pads[:axes], pads[axes:], strict=True))


@rule("MaxPool", "AveragePool")
def pool(call: OnnxCall) -> Any:
    """Maximum or mean of windows; that of indices is not read."""
    kernel = list(call.attributes["kernel_shape"])
    x = _spatial(call, len(kernel))
    stride, dilation = _lengths(call, "strides", len(kernel)), _lengths(call, "dilations", len(kernel))
    padding, ceil_mode = _pads(call, x, kernel, stride, dilation), bool(call.attributes.get("ceil_mode", 0))
    if call.operator == "MaxPool":
        return windows.max_pool(call.builder, x, kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
    if set(dilation) != {1}:
        raise call.error("windows with gaps")
    counted = bool(call.attributes.get("count_include_pad", 0))
    if counted and ceil_mode:
        raise call.error("count_include_pad with ceil_mode, which implementations read differently")
    return windows.average_pool(call.builder, x, kernel, stride=stride, padding=padding, ceil_mode=ceil_mode, count_padding=counted)


@rule("GlobalAveragePool", "GlobalMaxPool")
def global_pool(call: OnnxCall) -> Tensor:
    """Mean or maximum over space."""
    x = _spatial(call)
    op = TensorOp.MEAN if call.operator == "GlobalAveragePool" else TensorOp.MAX
    return layers.reduce_axes(call.builder, op, x, range(2, len(x.shape)), True)


@rule("BatchNormalization")
def batch_norm(call: OnnxCall) -> Tensor:
    """In evaluation."""
    if call.attributes.get("training_mode") or call.attributes.get("spatial", 1) != 1:
        raise call.error("normalisation by the batch itself, or for every element", "export the model in evaluation mode")
    x, weight, bias, mean, variance = (call.tensor(position) for position in range(5))
    return layers.batch_norm(call.builder, x, mean, variance, _epsilon(call), weight, bias)


def _epsilon(call: OnnxCall) -> float:
    return float(call.attributes.get("epsilon", np.float32(1e-5)))


@rule("LayerNormalization", "RMSNormalization")
def norm(call: OnnxCall) -> Tensor:
    """Over the axes from `axis` on, then the affine map."""
    x = call.tensor(0)
    (axis,) = layers.real_axes(x, (int(call.attributes.get("axis", -1)),))
    op = TensorOp.LAYER_NORM if call.operator == "LayerNormalization" else TensorOp.RMS_NORM
    bias = call.optional(2) if op is TensorOp.LAYER_NORM else None
    return layers.norm(call.builder, op, x, len(x.shape) - axis, _epsilon(call), call.optional(1), bias)


@rule("GroupNormalization", "InstanceNormalization")
def group_norm(call: OnnxCall) -> Tensor:
    """Over groups of channels, or over every channel."""
    x, weight, bias = (call.tensor(position) for position in range(3))
    groups = int(call.attributes.get("num_groups", x.shape[1]))
    if weight.size != x.shape[1]:
        raise call.error("a weight for every group", "use version 21 of the operators or later")
    return layers.group_norm(call.builder, x, groups, _epsilon(call), weight, bias)
