"""Reading ONNX files: every operator computes what ONNX's reference implementation and PyTorch compute, hostile files give one line."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed: make test-torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from suffice.encodings.networks.evaluate import run_float64  # noqa: E402
from suffice.encodings.networks.graph import Network, TensorOp  # noqa: E402
from suffice.encodings.readers.onnx_models import read_onnx, register_onnx  # noqa: E402
from suffice.encodings.readers.onnx_models_calls import REGISTERED, OnnxCall  # noqa: E402
from suffice.errors import InputError  # noqa: E402

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"


def model(
    nodes: list[Any],
    shape: tuple[Any, ...],
    constants: dict[str, np.ndarray] | None = None,
    *,
    opset: int = 23,
    dtype: int = TensorProto.DOUBLE,
    outputs: tuple[str, ...] = ("y",),
) -> bytes:
    """A file from x to y."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info(name, dtype, ("any",)) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    return bytes(made.SerializeToString())


def node(operator: str, *operands: str, out: str = "y", **attributes: Any) -> Any:
    """One node."""
    return helper.make_node(operator, list(operands), [out], name=f"the {operator}", **attributes)


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    """Random float64 numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def positive(*shape: int) -> np.ndarray:
    """Random float64 numbers in [1/2, 3/2]."""
    return np.random.default_rng(1).random(shape) + 0.5


def whole(*numbers: int) -> np.ndarray:
    """An array of int64."""
    return np.array(numbers, dtype=np.int64)


BAND = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) < 2
CAST = node("Cast", "c", out="d", to=TensorProto.DOUBLE)
LAST = [("Softmax", {}), ("LogSoftmax", {}), ("Softmax", {"axis": 1})]

Case = tuple[list[Any], tuple[int, ...], dict[str, np.ndarray]]
NODES: dict[str, Case] = {
    "Gemm": ([node("Gemm", "x", "w", "b", transB=1)], (1, 5), {"w": drawn(3, 5), "b": drawn(3)}),
    "Gemm scaled": ([node("Gemm", "x", "w", "b", alpha=0.5, beta=2.0)], (1, 5), {"w": drawn(5, 3), "b": drawn(1, 3)}),
    "Gemm without bias": ([node("Gemm", "x", "w")], (1, 5), {"w": drawn(5, 3)}),
    "Gemm of a number": ([node("Gemm", "x", "w", "b")], (1, 5), {"w": drawn(5, 3), "b": np.array(0.3)}),
    "MatMul": ([node("MatMul", "x", "w")], (1, 4, 5), {"w": drawn(5, 3)}),
    "MatMul of stacks": ([node("MatMul", "w", "x")], (1, 5, 4), {"w": drawn(2, 3, 5)}),
    "MatMul with a vector": ([node("MatMul", "x", "w")], (1, 4, 5), {"w": drawn(5)}),
    "Conv": ([node("Conv", "x", "w", "b", pads=[1, 0, 0, 1], strides=[2, 1])], (1, 2, 5, 4), {"w": drawn(3, 2, 3, 2), "b": drawn(3)}),
    "Conv in groups": ([node("Conv", "x", "w", group=2, dilations=[2])], (1, 4, 6), {"w": drawn(4, 2, 2)}),
    "Conv SAME_LOWER": ([node("Conv", "x", "w", auto_pad="SAME_LOWER")], (1, 1, 4, 4), {"w": drawn(2, 1, 2, 2)}),
    "Conv VALID": ([node("Conv", "x", "w", auto_pad="VALID", strides=[2])], (1, 1, 7), {"w": drawn(2, 1, 2)}),
    "BatchNormalization": (
        [node("BatchNormalization", "x", "w", "b", "m", "v", epsilon=0.125)],
        (1, 3, 2, 2),
        {"w": drawn(3), "b": drawn(3, seed=1), "m": drawn(3, seed=2), "v": positive(3)},
    ),
    "LayerNormalization": ([node("LayerNormalization", "x", "w", "b", epsilon=0.125)], (1, 3, 4), {"w": drawn(4), "b": drawn(4, seed=1)}),
    "LayerNormalization over two": ([node("LayerNormalization", "x", "w", axis=1)], (1, 3, 4), {"w": drawn(3, 4)}),
    "RMSNormalization": ([node("RMSNormalization", "x", "w")], (1, 3, 4), {"w": drawn(4)}),
    "InstanceNormalization": ([node("InstanceNormalization", "x", "w", "b")], (1, 3, 4), {"w": drawn(3), "b": drawn(3, seed=1)}),
    "GroupNormalization": (
        [node("GroupNormalization", "x", "w", "b", num_groups=2)],
        (1, 4, 3),
        {"w": drawn(4), "b": drawn(4, seed=1)},
    ),
    **{
        operator: ([node(operator, "x")], (1, 7), {})
        for operator in ("Relu", "Gelu", "Sigmoid", "Tanh", "Softplus", "Neg", "Abs", "Exp", "Erf", "Identity", "Dropout", "Reciprocal")
    },
    "LeakyRelu": ([node("LeakyRelu", "x", alpha=0.3)], (1, 7), {}),
    "PRelu": ([node("PRelu", "x", "a")], (1, 7), {"a": np.array([0.3])}),
    "Gelu by tanh": ([node("Gelu", "x", approximate="tanh")], (1, 7), {}),
    "Clip": ([node("Clip", "x", "lo", "hi")], (1, 9), {"lo": np.array(-0.5), "hi": np.array(0.25)}),
    "Clip above": ([node("Clip", "x", "", "hi")], (1, 9), {"hi": np.array(0.25)}),
    **{f"{operator} {attributes}": ([node(operator, "x", **attributes)], (1, 3, 4), {}) for operator, attributes in LAST},
    "MaxPool": ([node("MaxPool", "x", kernel_shape=[2, 3], strides=[2, 1], pads=[0, 1, 0, 1])], (1, 2, 4, 5), {}),
    "MaxPool over the end": ([node("MaxPool", "x", kernel_shape=[2], strides=[2], ceil_mode=1)], (1, 2, 5), {}),
    "AveragePool": ([node("AveragePool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], (1, 2, 4, 5), {}),
    "AveragePool counted": ([node("AveragePool", "x", kernel_shape=[3], pads=[1, 1], count_include_pad=1)], (1, 2, 5), {}),
    "GlobalAveragePool": ([node("GlobalAveragePool", "x")], (1, 2, 4, 5), {}),
    "GlobalMaxPool": ([node("GlobalMaxPool", "x")], (1, 2, 4, 5), {}),
    "Flatten": ([node("Flatten", "x")], (1, 3, 4), {}),
    "Reshape": ([node("Reshape", "x", "s")], (1, 3, 4), {"s": whole(0, -1, 2)}),
    "Transpose": ([node("Transpose", "x", perm=[0, 2, 1])], (1, 3, 4), {}),
    "Concat": ([node("Concat", "x", "c", "x", axis=2)], (1, 3, 4), {"c": drawn(1, 3, 2)}),
    "Slice": ([node("Slice", "x", "s", "e", "a", "t")], (1, 3, 9), {"s": whole(7), "e": whole(1), "a": whole(2), "t": whole(-2)}),
    "Gather": ([node("Gather", "x", "i", axis=1)], (1, 3, 4), {"i": whole(2, 0, -1)}),
    "Expand": ([node("Expand", "x", "s")], (1, 1, 4), {"s": whole(1, 3, 4)}),
    "Tile": ([node("Tile", "x", "s")], (1, 2, 3), {"s": whole(1, 2, 2)}),
    "Pad": ([node("Pad", "x", "p")], (1, 2, 3), {"p": whole(0, 0, 1, 0, 1, 2)}),
    "Pad by a number": ([node("Pad", "x", "p", "v")], (1, 2, 3), {"p": whole(0, 0, 1, 0, 1, 2), "v": np.array(3.0)}),
    "Pad mirrored": ([node("Pad", "x", "p", mode="reflect")], (1, 2, 4), {"p": whole(0, 0, 1, 0, 0, 2)}),
    "Split": ([helper.make_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=2), node("Mul", "a", "b")], (1, 4, 2), {}),
    "Squeeze, Unsqueeze": ([node("Squeeze", "x", "a", out="s"), node("Unsqueeze", "s", "b")], (1, 1, 4), {"a": whole(1), "b": whole(-1)}),
    "DepthToSpace": ([node("DepthToSpace", "x", blocksize=2)], (1, 4, 2, 3), {}),
    "Where": ([node("Where", "c", "x", "k")], (1, 4, 4), {"c": BAND, "k": np.array(2.0)}),
    "Add, Sub, Mul, Div": (
        [node("Add", "x", "c", out="a"), node("Sub", "c", "a", out="s"), node("Mul", "s", "x", out="m"), node("Div", "m", "c")],
        (1, 3, 4),
        {"c": positive(4)},
    ),
    "Sqrt, Log": ([node("Exp", "x", out="e"), node("Sqrt", "e", out="s"), node("Log", "s")], (1, 4), {}),
    "Pow": ([node("Pow", "x", "p", out="s"), node("Pow", "s", "r")], (1, 4), {"p": np.array(2.0), "r": np.array([0.5])}),
    "Max, Min, Sum": (
        [node("Max", "x", "c", out="a"), node("Min", "x", "c", out="b"), node("Sum", "a", "b", "x")],
        (1, 4),
        {"c": drawn(4)},
    ),
    "ReduceMean": ([node("ReduceMean", "x", "a", keepdims=0)], (1, 3, 4), {"a": whole(-1)}),
    "ReduceSum": ([node("ReduceSum", "x", "a")], (1, 3, 4), {"a": whole(1, 2)}),
    "ReduceMax of all": ([node("ReduceMax", "x")], (1, 3, 4), {}),
    "Einsum": ([node("Einsum", "x", "w", equation="bij,kj->bki")], (1, 3, 4), {"w": drawn(2, 4)}),
    "Constant": ([node("Constant", out="c", value=numpy_helper.from_array(np.array(0.75))), node("Mul", "x", "c")], (1, 4), {}),
    "Shape": (
        [node("Shape", "x", start=1, out="s"), node("ConstantOfShape", "s", out="c"), CAST, node("Add", "x", "d")],
        (1, 3, 4),
        {},
    ),
    "mask": (
        [node("Where", "c", "x", "k", out="m"), node("Add", "m", "n", out="a"), node("Softmax", "a")],
        (1, 4, 4),
        {"c": BAND, "k": np.array(-np.inf), "n": np.where(np.tri(4) > 0, 0.5, -np.inf)},
    ),
}  # fmt: skip


IN_FLOAT32 = {"GroupNormalization", "Gelu", "Gelu by tanh", "Erf"}
"""Operators that the reference implementation computes in float32, whatever the types; PyTorch is their oracle in float64."""


@pytest.mark.parametrize("label", NODES)
def test_an_operator_computes_what_the_reference_computes(label: str) -> None:
    nodes, shape, constants = NODES[label]
    data = model(nodes, shape, constants)
    x = drawn(*shape, seed=7)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        (wanted,) = ReferenceEvaluator(onnx.load_model_from_string(data)).run(None, {"x": x})
    found = run_float64(read_onnx(data, batched=False), x)
    assert found.reshape(wanted.shape).shape == wanted.shape
    assert np.abs(found.reshape(wanted.shape) - wanted).max() < (1e-6 if label in IN_FLOAT32 else 1e-12)
    network = read_onnx(data)
    assert network.input.shape == shape[1:]
    assert np.array_equal(run_float64(network, x[0]).ravel(), found.ravel())


def test_a_wrong_weight_is_noticed() -> None:
    nodes, shape, constants = NODES["Gemm"]
    x = drawn(*shape)
    (wanted,) = ReferenceEvaluator(onnx.load_model_from_string(model(nodes, shape, constants))).run(None, {"x": x})
    constants = {**constants, "w": constants["w"] + 1e-9}
    assert np.abs(run_float64(read_onnx(model(nodes, shape, constants)), x[0]) - wanted).max() > 1e-12


def test_softmax_of_old_versions_runs_over_all_later_axes() -> None:
    data = model([node("Softmax", "x")], (1, 3, 4), opset=11)
    x = drawn(1, 3, 4)
    found = run_float64(read_onnx(data), x[0])
    assert np.abs(found - np.exp(x[0]) / np.exp(x[0]).sum()).max() < 1e-12


def test_attributes_of_old_versions() -> None:
    x = drawn(1, 2, 3)
    padded = run_float64(read_onnx(model([node("Pad", "x", pads=[0, 0, 1, 0, 0, 1], value=2.0)], (1, 2, 3), opset=10)), x[0])
    assert np.array_equal(padded, np.pad(x[0], ((0, 0), (1, 1)), constant_values=2.0))
    clipped = run_float64(read_onnx(model([node("Clip", "x", min=-0.5, max=0.25)], (1, 2, 3), opset=10)), x[0])
    assert np.array_equal(clipped, np.clip(x[0], -0.5, 0.25))
    mean = run_float64(read_onnx(model([node("ReduceMean", "x", axes=[2], keepdims=0)], (1, 2, 3), opset=10)), x[0])
    assert np.abs(mean - x[0].mean(1)).max() < 1e-15


def test_what_old_versions_meant_otherwise_is_refused() -> None:
    norm = {"w": drawn(3), "b": drawn(3), "m": drawn(3), "v": positive(3)}
    with pytest.raises(InputError, match="BatchNormalization: it is in training"):
        read_onnx(model([node("BatchNormalization", "x", "w", "b", "m", "v")], (1, 3), norm, opset=6))
    assert read_onnx(model([node("BatchNormalization", "x", "w", "b", "m", "v", is_test=1)], (1, 3), norm, opset=6))
    with pytest.raises(InputError, match="along an axis; convert the file"):
        read_onnx(model([node("Add", "x", "c", broadcast=1, axis=1)], (1, 3, 3), {"c": drawn(3)}, opset=6))


STORED = [
    "AvgPool1d_stride", "AvgPool2d", "BatchNorm1d_3d_input_eval", "BatchNorm2d_momentum_eval", "BatchNorm3d_eval", "ConstantPad2d",
    "Conv1d_dilated", "Conv1d_groups", "Conv1d_pad2size1", "Conv2d", "Conv2d_depthwise_with_multiplier", "Conv2d_dilated",
    "Conv2d_strided", "Conv3d_dilated_strided", "GLU", "LeakyReLU_with_negval", "Linear", "Linear_no_bias", "LogSoftmax",
    "MaxPool1d_stride_padding_dilation", "MaxPool2d_stride_padding_dilation", "MaxPool3d", "PReLU_2d", "PixelShuffle", "ReLU",
    "ReflectionPad2d", "ReplicationPad2d", "Sigmoid", "Softmax", "Softplus", "Tanh", "ZeroPad2d", "softmax_functional_dim3",
]  # fmt: skip


@pytest.mark.parametrize("name", STORED)
def test_the_stored_outputs_of_onnx_are_found(name: str) -> None:
    folder = DATA / "pytorch-converted" / f"test_{name}"
    stored = []
    for kind in ("input", "output"):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / "test_data_set_0" / f"{kind}_0.pb").read_bytes())
        stored.append(numpy_helper.to_array(tensor).astype(np.float64))
    x, wanted = stored
    found = run_float64(read_onnx(folder / "model.onnx", x.shape, batched=False), x)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 1e-5 * max(1.0, np.abs(wanted).max())


def exported(module: Any, example: Any) -> bytes:
    """A file that PyTorch writes."""
    torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (example,), buffer, dynamo=False)
    return buffer.getvalue()


def modules() -> dict[str, tuple[Callable[[], Any], tuple[int, ...]]]:
    """Models as PyTorch writes them."""
    from torch import nn

    from examples import digits_models

    eps = 2.0**-17
    return {
        "mlp": (lambda: nn.Sequential(nn.Linear(6, 4), nn.GELU(), nn.LayerNorm(4, eps=eps), nn.Dropout(), nn.Linear(4, 3)), (6,)),
        "cnn": (
            lambda: nn.Sequential(
                nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2, eps=eps), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
            ),
            (1, 4, 4),
        ),
        "transformer": (digits_models.Transformer, (8, 8)),
    }


@pytest.mark.parametrize("name", ["mlp", "cnn", "transformer"])
def test_files_that_pytorch_writes_are_read(name: str) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")
    make, shape = modules()[name]
    torch.manual_seed(0)
    module = make().double().eval()
    x = torch.randn(1, *shape, dtype=torch.float64)
    for part in module.modules():
        if isinstance(part, torch.nn.LayerNorm):
            part.eps = 2.0**-17  # a float32 number: files hold no others
    with torch.no_grad():
        network = read_onnx(exported(module, x))
        wanted = module(x)[0].numpy()
    assert network.input.shape == shape
    assert np.abs(run_float64(network, x[0].numpy()) - wanted).max() < 1e-12
    assert {"mlp": "4", "cnn": "5", "transformer": "mlp.2"}[name] in network.layers


def test_weights_are_exact_layers_named_and_results_stored() -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "body.fc.weight", "body.fc.bias"], ["h"], name="/body/fc/Gemm", transB=1),
        helper.make_node("LayerNormalization", ["h", "norm.weight"], ["n"]),
        helper.make_node("Relu", ["n"], ["y"], name="/Relu"),
    ]
    constants = {"body.fc.weight": drawn(3, 5), "body.fc.bias": drawn(3), "norm.weight": drawn(3)}
    constants = {name: value.astype(np.float32) for name, value in constants.items()}
    network = read_onnx(model(nodes, (1, 5), constants, dtype=TensorProto.FLOAT))
    silent = (TensorOp.INPUT, TensorOp.CONSTANT, TensorOp.GATHER)
    found = [(one.layer, one.op.value, one.stored) for one in network.nodes if one.op not in silent]
    assert found == [("body.fc", "linear", True), ("norm", "layer_norm", False), ("norm", "multiply", True), ("", "relu", True)]
    linear = network.nodes[1]
    assert linear.weight is not None and linear.parameter == "body.fc.weight"
    assert linear.weight.ravel().tolist() == constants["body.fc.weight"].ravel().tolist()


def test_initialisers_are_parameters_and_single_constants_literals() -> None:
    numbers = [("c", np.array(0.3)), ("d", np.array([0.3, 0.1, 0.7]))]
    nodes = [helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name)) for name, value in numbers]
    nodes += [node("Mul", "x", "c", out="a"), node("Mul", "a", "d", out="b"), node("Mul", "b", "gain")]
    network = read_onnx(model(nodes, (1, 3), {"gain": np.array(0.3)}))
    assert [one.parameter for one in network.nodes if one.op is TensorOp.CONSTANT] == ["", "d", "gain"]


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16])
def test_initialisers_of_every_width_are_exact(kind: int) -> None:
    numbers = [0.5, -1.25, 3.0, 2.0**-14]
    tensor = helper.make_tensor("w", kind, (4,), numbers)
    graph = helper.make_graph(
        [node("Mul", "x", "w")],
        "g",
        [helper.make_tensor_value_info("x", kind, ("batch", 4))],
        [helper.make_tensor_value_info("y", kind, ("any", 4))],
        [tensor],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10).SerializeToString()
    assert run_float64(read_onnx(bytes(data)), np.ones(4)).tolist() == numbers


def test_open_lengths_are_taken_from_the_example() -> None:
    data = model([node("Softmax", "x")], ("batch", "length", 3))
    assert read_onnx(data, (1, 4, 3)).input.shape == (4, 3)
    assert read_onnx(model([node("Relu", "x")], ("batch", 3))).input.shape == (3,)
    with pytest.raises(InputError, match=r"the input x has the shape .*; give example_shape=\(1, ...\)"):
        read_onnx(data)
    with pytest.raises(InputError, match="the input x has the shape"):
        read_onnx(data, (1, 4, 5))
    with pytest.raises(InputError, match="the input holds 2 samples"):
        read_onnx(data, (2, 4, 3))


def test_any_tensor_can_be_the_output_and_what_it_does_not_need_is_not_read() -> None:
    nodes = [node("Relu", "x", out="h"), node("Elu", "h", out="u"), node("Neg", "h")]
    data = onnx.load_model_from_string(model(nodes, (1, 3), outputs=("y", "u")))
    data.graph.input.append(helper.make_tensor_value_info("state", TensorProto.DOUBLE, (1, 3)))
    for output, factor in (("h", 1.0), (0, -1.0), ("y", -1.0)):
        assert run_float64(read_onnx(data.SerializeToString(), output=output), np.arange(3.0)).tolist() == [0.0, factor, 2 * factor]
    with pytest.raises(InputError, match="Elu: it has no rule"):
        read_onnx(data.SerializeToString(), output=1)
    with pytest.raises(InputError, match="the model takes 0 tensors"):
        read_onnx(data.SerializeToString(), output="absent")


def big(*lengths: int) -> dict[str, np.ndarray]:
    """Lengths as a constant."""
    return {"s": whole(*lengths)}


ERRORS: dict[str, tuple[Callable[[], bytes], str]] = {
    "no rule": (lambda: model([node("Elu", "x")], (1, 3)), r"^node the Elu: Elu: it has no rule; give one: .*register_onnx\('Elu'"),
    "not a model": (lambda: b"\x08\x07garbage", "^the bytes: it is no ONNX model that can be read: "),
    "empty": (lambda: b"", "it is no ONNX model that can be read"),
    "cycle": (lambda: model([node("Add", "x", "z"), node("Relu", "y", out="z")], (1, 3)), "it is no ONNX model that can be read"),
    "unknown operator": (lambda: model([node("Nonsense", "x")], (1, 3)), "it is no ONNX model that can be read"),
    "several outputs": (
        lambda: model([node("Relu", "x"), node("Neg", "x", out="z")], (1, 3), outputs=("y", "z")),
        "returns 2 tensors; say which: output=0",
    ),
    "integer input": (lambda: model([node("Neg", "x")], (1, 3), dtype=TensorProto.INT64), "the input x holds no floating numbers"),
    "not finite": (lambda: model([node("Mul", "x", "w")], (1, 1), {"w": np.array([np.nan])}), "not finite"),
    "huge": (lambda: model([node("Expand", "x", "s")], (1, 3), big(10**9, 10**9, 3)), "has more than 67108864 elements"),
    "huge constant": (
        lambda: model([node("ConstantOfShape", "s", out="c"), CAST, node("Add", "x", "d")], (1, 3), big(10**15)),
        "has more than 67108864 elements",
    ),
    "huge range": (
        lambda: model([node("Range", "a", "b", "a", out="r"), node("Add", "x", "r")], (1, 3), {"a": np.array(1.0), "b": np.array(1e15)}),
        "has more than 67108864 elements",
    ),
    "huge padding": (
        lambda: model([node("Conv", "x", "w", pads=[10**6] * 4)], (1, 1, 3, 3), {"w": drawn(1, 1, 2, 2)}),
        "has more than 67108864 elements",
    ),
    "shapes": (lambda: model([node("MatMul", "x", "w")], (1, 3), {"w": drawn(4, 2)}), r"a matrix \(2, 4\) acts on \(1, 3\)"),
    "reshape": (lambda: model([node("Reshape", "x", "s")], (1, 3), big(2, 2)), "^node the Reshape: Reshape: .*cannot reshape"),
    "axis": (lambda: model([node("Concat", "x", "x", axis=7)], (1, 3)), "^node the Concat: Concat: "),
    "no space": (lambda: model([node("GlobalAveragePool", "x")], (1, 3)), "has not samples, channels and some axes of space"),
    "another space": (lambda: model([node("MaxPool", "x", kernel_shape=[2, 2])], (1, 3, 3)), "channels and 2 axes of space"),
    "name that is no text": (
        lambda: model([node("Elu", "x")], (1, 3)).replace(b"the Elu", b"\xffhe Elu"),
        "he Elu: Elu: it has no rule",
    ),
    "zero stride": (lambda: model([node("MaxPool", "x", kernel_shape=[1], strides=[0])], (1, 1, 3)), r"strides = \[0\] does not fit"),
    "padding counted": (
        lambda: model([node("AveragePool", "x", kernel_shape=[2], strides=[2], ceil_mode=1, count_include_pad=1)], (1, 1, 3)),
        "which implementations read differently",
    ),
    "condition": (
        lambda: model([node("Greater", "x", "w", out="c"), node("Where", "c", "x", "w")], (1, 1), {"w": drawn(1)}),
        "Greater: it has no rule",
    ),
    "training": (
        lambda: model([node("Dropout", "x", "r", "t")], (1, 3), {"r": np.array(0.5), "t": np.array(True)}),
        "dropout in training is random",
    ),
    "infinity": (
        lambda: model([node("Add", "x", "w", out="m"), node("Exp", "m")], (1, 2), {"w": np.array([0.0, -math.inf])}),
        "-infinity, which only a softmax may read",
    ),
    "name of two lines": (lambda: model([helper.make_node("Elu", ["x"], ["y"], name="a\nb")], (1, 3)), "^node a b: Elu"),
}  # fmt: skip


@pytest.mark.parametrize("label", ERRORS)
def test_hostile_files_give_one_line(label: str) -> None:
    make, message = ERRORS[label]
    with pytest.raises(InputError, match=message) as caught:
        read_onnx(make())
    assert "\n" not in str(caught.value)


def test_missing_files_and_sparse_weights_give_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.onnx: it is no ONNX model that can be read: FileNotFoundError"):
        read_onnx(tmp_path / "absent.onnx")
    made = onnx.load_model_from_string(model([node("Gemm", "x", "w", "b")], (1, 3), {"w": drawn(3, 2)}))
    values = helper.make_tensor("b", TensorProto.DOUBLE, (1,), [4.0])
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(values, helper.make_tensor("i", TensorProto.INT64, (1,), [1]), [2]))
    with pytest.raises(InputError, match="its operand b is not known"):
        read_onnx(made.SerializeToString())


def agrees_with_the_reference(data: bytes, network: Network) -> bool:
    """Whether network and file compute the same at one input; files that the reference implementation cannot run count as agreeing."""
    given = onnx.load_model_from_string(data)
    kind = helper.tensor_dtype_to_np_dtype(given.graph.input[0].type.tensor_type.elem_type)
    x = drawn(*network.input.shape).astype(kind)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            wanted = np.asarray(ReferenceEvaluator(given).run(None, {given.graph.input[0].name: x})[0], dtype=np.float64)
    except Exception:  # of many kinds
        return True
    found = run_float64(network, x.astype(np.float64))
    near = np.allclose(found.ravel(), wanted.ravel(), rtol=1e-3, atol=1e-3) if found.size == wanted.size else False
    return bool(near or not np.isfinite(found).all())


def test_altered_files_are_refused_in_one_line_or_read_as_they_stand() -> None:
    draw = np.random.default_rng(5)
    labels = [label for label in NODES if "MaxPool" not in label and label not in ("Expand", "Tile")]  # reference: no default strides; huge
    outcomes = []
    for _ in range(400):
        data = bytearray(model(*NODES[labels[int(draw.integers(len(labels)))]]))
        for place in draw.integers(0, len(data), int(draw.integers(1, 3))):
            data[place] = int(draw.integers(256))
        cut = int(draw.integers(1, len(data))) if draw.random() < 0.1 else len(data)
        try:
            network = read_onnx(bytes(data[:cut]), batched=False)
        except InputError as error:
            assert "\n" not in str(error)
            outcomes.append(False)
        else:
            assert agrees_with_the_reference(bytes(data[:cut]), network)
            outcomes.append(True)
    assert outcomes.count(True) > 20
    assert outcomes.count(False) > 100


def test_a_network_that_disagrees_is_noticed() -> None:
    nodes, shape, constants = NODES["Gemm"]
    assert agrees_with_the_reference(model(nodes, shape, constants), read_onnx(model(nodes, shape, constants), batched=False))
    other = read_onnx(model(nodes, shape, {**constants, "w": constants["w"] + 0.1}), batched=False)
    assert not agrees_with_the_reference(model(nodes, shape, constants), other)


def test_rules_can_be_registered() -> None:
    def negated(call: OnnxCall) -> Any:
        return call.builder.unary(TensorOp.NEGATE, call.tensor(0))

    try:
        register_onnx("Elu", negated)
        network = read_onnx(model([node("Elu", "x")], (1, 3)))
    finally:
        REGISTERED.pop("Elu", None)
    assert run_float64(network, np.arange(3.0)).tolist() == [0.0, -1.0, -2.0]
    with pytest.raises(InputError, match="does not name an operator"):
        register_onnx("", negated)
