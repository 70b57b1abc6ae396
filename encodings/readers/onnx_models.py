"""Read an ONNX file as a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suffice.encodings.networks.batches import without_batch
from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers import onnx_models_rules
from suffice.encodings.readers.onnx_models_calls import REGISTERED, RULES, Known, OnnxCall, Value, one_line
from suffice.encodings.readers.onnx_models_calls import register_onnx as register_onnx
from suffice.encodings.readers.onnx_models_movements import fold
from suffice.errors import InputError, SufficeError

if TYPE_CHECKING:
    import onnx

MAX_BYTES = 1 << 31
"""Largest file that is read; ONNX itself allows no larger one."""

MAX_NODES = 1 << 18
"""Most nodes of a graph that is read."""

TABLES = (onnx_models_rules,)
"""Modules whose rules stand in RULES once they are imported."""


def read_onnx(
    source: str | Path | bytes,
    example_shape: Sequence[int] | None = None,
    *,
    name: str | None = None,
    batched: bool = True,
    output: int | str | None = None,
) -> Network:
    """The function of an ONNX file (its path, or its bytes) as a network whose nodes carry the names of modules.

    `example_shape` is the shape of one input where the file leaves lengths open; an open first one counts samples and is 1. `batched`:
    the first axis counts samples and has length 1; the network's input and output do not have it. `output` picks one of several outputs,
    or names any tensor of the graph; what it does not need, inputs included, is not read. Results of ONNX operators are stored: what the
    file writes as one operator is one call. Casts between floating types are left out: which format holds what is the program's business.

    Raises InputError where the file cannot be read, with the node; `register_onnx` adds rules.
    """
    model = _loaded(source)
    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise InputError(f"the graph has {len(graph.node)} nodes, more than {MAX_NODES}", where=_called(source))
    builder = NetworkBuilder(name or (Path(source).stem if not isinstance(source, bytes) else one_line(graph.name) or "onnx"))
    values: dict[str, Value | None] = {}
    try:
        wanted = _wanted(graph, output, builder.name)
        needed = _needed(graph, wanted)
        values.update({tensor.name: Known(_array(tensor), one_line(tensor.name)) for tensor in graph.initializer})
        entry, shape = _input(graph, values, needed, example_shape, batched, builder.name)
        values[entry] = builder.input(shape)
        opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
        with np.errstate(invalid="ignore"):  # NaNs of a file are refused where they stand
            for node in (node for node in graph.node if needed.intersection(node.output)):
                _read_node(builder, node, values, opset)
            network = builder.finish(_output(builder, values, wanted), description=f"read from {_called(source)}")
        return without_batch(network) if batched else network
    except MemoryError:
        raise InputError("its tensors do not fit into memory", where=_called(source)) from None


def _called(source: str | Path | bytes) -> str:
    return "the bytes" if isinstance(source, bytes) else str(source)


def _loaded(source: str | Path | bytes) -> onnx.ModelProto:
    """The parsed and checked model, its own functions written out."""
    try:
        import onnx
        from onnx import checker, inliner
    except ImportError:
        raise InputError("onnx is not installed", mend="pip install 'suffice[onnx]'") from None
    try:
        size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{size} bytes are more than {MAX_BYTES}", where=_called(source))
        model = onnx.load_model_from_string(source) if isinstance(source, bytes) else onnx.load(Path(source))
        checker.check_model(model)
        return inliner.inline_local_functions(model) if model.functions else model
    except SufficeError:
        raise
    except Exception as error:  # onnx and protobuf raise errors of many kinds
        reason = f"{type(error).__name__}: {one_line(str(error))}"
        raise InputError(f"it is no ONNX model that can be read: {reason}", where=_called(source)) from None


def _array(tensor: onnx.TensorProto) -> np.ndarray[Any, Any]:
    """The elements of an initialiser or a constant."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_type in (TensorProto.STRING, TensorProto.COMPLEX64, TensorProto.COMPLEX128, TensorProto.UNDEFINED):
        raise InputError(f"the elements of {one_line(tensor.name)} are no real numbers", where="constant")
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except MemoryError:
        raise
    except Exception as error:
        raise InputError(f"{one_line(tensor.name)} cannot be read: {one_line(str(error))}", where="constant") from None


def _input(
    graph: onnx.GraphProto,
    values: dict[str, Value | None],
    needed: set[str],
    example_shape: Sequence[int] | None,
    batched: bool,
    name: str,
) -> tuple[str, tuple[int, ...]]:
    """The name and the shape of the only input."""
    from onnx import TensorProto

    given = [value for value in graph.input if value.name in needed and value.name not in values]
    if len(given) != 1:
        mend = "make the others initialisers, or name a tensor of the graph that needs one: output='...'"
        raise InputError(f"the model takes {len(given)} tensors", where=name, mend=mend)
    kind = given[0].type.tensor_type
    if kind.elem_type not in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16):
        raise InputError(
            f"the input {one_line(given[0].name)} holds no floating numbers", where=name, mend="cut the model behind its embedding"
        )
    stated = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
    if example_shape is None:
        if batched and stated and stated[0] is None:
            stated[0] = 1
        example_shape = [length or 0 for length in stated]
    shape = tuple(int(length) for length in example_shape)
    fits = len(shape) == len(stated) and all(want in (None, have) for want, have in zip(stated, shape, strict=True))
    if not shape or min(shape) < 1 or (kind.HasField("shape") and not fits):
        raise InputError(
            f"the input {one_line(given[0].name)} has the shape {stated}, not {shape}",
            where=name,
            mend="give example_shape=(1, ...) that fits",
        )
    if batched and len(shape) > 1 and shape[0] != 1:
        raise InputError(f"the input holds {shape[0]} samples", where=name, mend="give example_shape=(1, ...), or batched=False")
    return given[0].name, shape


def _read_node(builder: NetworkBuilder, node: onnx.NodeProto, values: dict[str, Value | None], opset: int) -> None:
    """Add what one node adds; its results are marked as stored."""
    named = one_line(node.name or next(iter(node.output), "?"))
    operator = one_line(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}")
    for operand in node.input:
        if operand and values.get(operand) is None:
            mend = "sort the nodes of the graph, and write sparse initialisers out"
            raise InputError(f"its operand {one_line(operand)} is not known", where=f"node {named}", mend=mend)
    operands = tuple(values[operand] if operand else None for operand in node.input)
    builder.layer = _layer(node, named, operands)
    call = OnnxCall(
        operator=operator,
        name=named,
        layer=builder.layer,
        builder=builder,
        operands=operands,
        attributes=_attributes(node, operator, named),
        opset=opset,
        proto=node,
    )
    before = len(builder)
    result = _apply(call)
    results = result if isinstance(result, tuple) else (result,)
    for part in results:
        if isinstance(part, Tensor | Masked):
            builder.store(part if isinstance(part, Tensor) else part.tensor, since=before)
    values.update(dict.fromkeys(node.output))
    values.update(zip(node.output, results, strict=False))


def _attributes(node: onnx.NodeProto, operator: str, named: str) -> dict[str, Any]:
    from onnx import helper

    if operator == "Constant":
        return {}
    try:
        return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    except ValueError as error:
        raise InputError(f"{operator}: {one_line(str(error))}", where=f"node {named}") from None


def _apply(call: OnnxCall) -> Any:
    """The rule of a node, or its known result."""
    found = REGISTERED.get(call.operator)
    try:
        if found is None:
            _check_version(call)
        if found is None and call.operator == "Constant":
            return _constant(call)
        if found is None and (known := fold(call)) is not None:
            return known
        found = found or RULES.get(call.operator)
        if found is None:
            raise call.error("it has no rule", f"give one: suffice.encodings.readers.onnx_models.register_onnx({call.operator!r}, rule)")
        return found(call)
    except SufficeError as error:
        if error.where.startswith("node "):
            raise
        raise call.error(str(error)) from None
    except (KeyError, IndexError, ValueError, TypeError, ZeroDivisionError) as error:
        raise call.error(f"its operands or attributes do not fit: {type(error).__name__}: {one_line(str(error))}") from error


def _check_version(call: OnnxCall) -> None:
    """Before version 7 some operators meant something else unless attributes, gone since, said otherwise."""
    if call.opset >= 7:
        return
    if call.operator in ("BatchNormalization", "Dropout") and not call.attributes.get("is_test"):
        raise call.error("it is in training", "export the model in evaluation mode")
    if call.operator in ("Add", "Sub", "Mul", "Div", "Pow") and "axis" in call.attributes:
        raise call.error("it repeats its second operand along an axis", "convert the file to version 7 of the operators or later")


def _constant(call: OnnxCall) -> Known:
    """The value of a Constant node; arrays carry the name of their result, single numbers are literals."""
    from onnx import helper

    (attribute,) = call.proto.attribute
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        array = _array(value)
        return Known(array, one_line(call.proto.output[0]) if array.ndim else "")
    if attribute.name in ("value_float", "value_floats"):
        return Known(np.asarray(value, dtype=np.float32), one_line(call.proto.output[0]) if attribute.name == "value_floats" else "")
    if attribute.name in ("value_int", "value_ints"):
        return Known(np.asarray(value, dtype=np.int64))
    raise call.error(f"a constant given as {attribute.name}")


def _layer(node: onnx.NodeProto, named: str, operands: tuple[Value | None, ...]) -> str:
    """The module path: what exporters write into names ("/encoder/fc1/Gemm", or scopes), or what parameters belong to ("fc1.weight")."""
    scopes = next((entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"), None)
    if scopes is not None:
        names = re.findall(r"'([^']*)'", one_line(scopes))
        return names[-2] if len(names) > 1 else ""
    if named.startswith("/"):
        path: list[str] = []
        for scope in named.strip("/").split("/")[:-1]:
            inside = path and scope.startswith(f"{path[-1]}.")  # a Sequential's own scope comes before those of its parts: mlp/mlp.2
            path = [*path[:-1], scope] if inside else [*path, scope]
        return ".".join(path)
    parameters = [value.name for value in operands if isinstance(value, Known) and value.name]
    return parameters[0].rpartition(".")[0] if parameters and "." in parameters[0] else named


def _wanted(graph: onnx.GraphProto, output: int | str | None, name: str) -> str:
    """The name of the tensor that is asked for."""
    names = [value.name for value in graph.output]
    if isinstance(output, str):
        names = [output]
    elif output is not None and -len(names) <= output < len(names):
        names = [names[output]]
    if len(names) != 1:
        raise InputError(f"the model returns {len(names)} tensors", where=name, mend="say which: output=0")
    return str(names[0])


def _needed(graph: onnx.GraphProto, wanted: str) -> set[str]:
    """The names of all tensors that the wanted one needs; nodes come after those that they need."""
    found = {wanted}
    for node in reversed(graph.node):
        if found.intersection(node.output):
            found.update(operand for operand in node.input if operand)
    return found


def _output(builder: NetworkBuilder, values: dict[str, Value | None], wanted: str) -> Tensor:
    """The output."""
    found = values.get(wanted)
    if isinstance(found, Known):
        return builder.constant(np.asarray(found.array, dtype=np.float64), found.name)
    if not isinstance(found, Tensor):
        what = "holds -infinity" if isinstance(found, Masked) else "is not computed"
        raise InputError(f"the output {one_line(wanted)} {what}", where=builder.name, mend="name a tensor of the graph")
    return found
