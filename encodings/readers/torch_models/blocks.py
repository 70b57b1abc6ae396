"""Rules of convolutions, pooling and norms."""

from __future__ import annotations

from typing import Any

from suffice.encodings.networks import layers, windows
from suffice.encodings.networks.builder import Tensor
from suffice.encodings.networks.graph import TensorOp
from suffice.encodings.readers.torch_models.calls import Call, rule


@rule("aten.conv1d", "aten.conv2d", "aten.conv3d", "aten.convolution")
def convolution(call: Call) -> Tensor:
    """Known kernels; padding by numbers, "same" or "valid"."""
    x, weight, bias = call.tensor("input"), call.array("weight"), call.array("bias")
    if weight is None or (bias is None and call.get("bias") is not None):
        raise call.error("the kernel is computed", "store it as a parameter (torch.nn.utils.parametrize.remove_parametrizations)")
    if call.get("transposed"):
        raise call.error("a transposed convolution")
    axes = weight.ndim - 2
    stride, dilation = call.integers("stride", axes, 1), call.integers("dilation", axes, 1)
    return windows.convolution(
        call.builder,
        x,
        weight,
        bias,
        stride=stride,
        padding=_padding(call, weight.shape[2:], dilation),
        dilation=dilation,
        groups=int(call.get("groups", 1)),
        parameter=call.parameter("weight"),
    )


def _padding(call: Call, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> list[tuple[int, int]]:
    given = call.get("padding")
    if given == "valid":
        return [(0, 0)] * len(kernel)
    if given == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(p, p) for p in call.integers("padding", len(kernel))]


@rule("aten.max_pool1d", "aten.max_pool2d", "aten.max_pool3d", "aten.max_pool2d_with_indices", "aten.max_pool3d_with_indices")
def max_pool(call: Call) -> Any:
    """The maximum of windows; that of indices is not read."""
    axes = _axes(call)
    kernel = call.integers("kernel_size", axes)
    result = windows.max_pool(
        call.builder,
        call.tensor("self"),
        kernel,
        stride=call.integers("stride", axes) if call.get("stride") else kernel,
        padding=[(p, p) for p in call.integers("padding", axes)],
        dilation=call.integers("dilation", axes, 1),
        ceil_mode=bool(call.get("ceil_mode")),
    )
    return (result, None) if "indices" in call.operator else result


def _axes(call: Call) -> int:
    return next(n for n in (1, 2, 3) if f"{n}d" in call.operator)


@rule("aten.avg_pool1d", "aten.avg_pool2d", "aten.avg_pool3d")
def average_pool(call: Call) -> Tensor:
    """The mean of windows."""
    axes = _axes(call)
    kernel = call.integers("kernel_size", axes)
    return windows.average_pool(
        call.builder,
        call.tensor("self"),
        kernel,
        stride=call.integers("stride", axes) if call.get("stride") else kernel,
        padding=[(p, p) for p in call.integers("padding", axes)],
        ceil_mode=bool(call.get("ceil_mode")),
        count_padding=bool(call.get("count_include_pad", True)),
        divisor=call.get("divisor_override"),
    )


@rule("aten.adaptive_avg_pool1d", "aten.adaptive_avg_pool2d", "aten._adaptive_avg_pool2d", "aten.adaptive_avg_pool3d")
def adaptive_average_pool(call: Call) -> Tensor:
    """The mean of windows that cover the operand."""
    return windows.adaptive_pool(call.builder, TensorOp.MEAN, call.tensor("self"), call.integers("output_size", _axes(call)))


@rule("aten.adaptive_max_pool1d", "aten.adaptive_max_pool2d")
def adaptive_max_pool(call: Call) -> Any:
    """The maximum of windows that cover the operand; that of indices is not read."""
    return windows.adaptive_pool(call.builder, TensorOp.MAX, call.tensor("self"), call.integers("output_size", _axes(call))), None


@rule("aten.layer_norm", "aten.native_layer_norm")
def layer_norm(call: Call) -> Any:
    """Over the last axes, then the affine map."""
    axes = len(call.get("normalized_shape"))
    weight, bias = call.optional("weight"), call.optional("bias")
    x = call.tensor("input")
    result = layers.norm(call.builder, TensorOp.LAYER_NORM, x, axes, call.number("eps", 1e-5), weight, bias)
    return (result, None, None) if "native" in call.operator else result


@rule("aten.rms_norm", "aten._fused_rms_norm")
def rms_norm(call: Call) -> Any:
    """Over the last axes, then the weight. Without an eps it is that of the type of the arithmetic: float32 also for 16-bit operands."""
    import torch

    axes = len(call.get("normalized_shape"))
    eps = call.get("eps")
    eps = torch.finfo(torch.promote_types(call.dtype, torch.float32)).eps if eps is None else float(eps)
    result = layers.norm(call.builder, TensorOp.RMS_NORM, call.tensor("input"), axes, eps, call.optional("weight"), None)
    return (result, None) if "fused" in call.operator else result


@rule("aten.batch_norm", "aten._native_batch_norm_legit_no_training", "aten._native_batch_norm_legit")
def batch_norm(call: Call) -> Any:
    """In evaluation, with the statistics that training left."""
    if call.get("running_mean") is None or call.get("running_var") is None or call.get("training"):
        raise call.error("batch normalisation by the batch itself", "use track_running_stats=True")
    x, weight, bias = call.tensor("input"), call.optional("weight"), call.optional("bias")
    mean, variance = call.tensor("running_mean"), call.tensor("running_var")
    result = layers.batch_norm(call.builder, x, mean, variance, call.number("eps", 1e-5), weight, bias)
    return (result, None, None) if "native" in call.operator else result


@rule("aten.group_norm", "aten.instance_norm")
def group_norm(call: Call) -> Tensor:
    """layer_norm over groups of channels; instance normalisation has a group for every channel."""
    x, weight, bias = call.tensor("input"), call.optional("weight"), call.optional("bias")
    if "instance" in call.operator and not call.get("use_input_stats"):
        mean, variance = call.tensor("running_mean"), call.tensor("running_var")
        return layers.batch_norm(call.builder, x, mean, variance, call.number("eps", 1e-5), weight, bias)
    groups = int(call.get("num_groups", x.shape[1]))
    return layers.group_norm(call.builder, x, groups, call.number("eps", 1e-5), weight, bias)
