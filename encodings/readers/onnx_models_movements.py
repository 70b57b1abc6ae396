"""Nodes that move elements, and nodes whose operands are all known: ONNX's reference implementation moves an array of positions."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.builder import Tensor, check_size
from suffice.encodings.networks.layers import Masked, masked
from suffice.encodings.readers.onnx_models_calls import Known, OnnxCall, Value, one_line, rule

MOVED: dict[str, tuple[int, ...] | None] = {
    "Reshape": (0,), "Flatten": (0,), "Transpose": (0,), "Squeeze": (0,), "Unsqueeze": (0,), "Slice": (0,), "Split": (0,), "Gather": (0,),
    "GatherElements": (0,), "GatherND": (0,), "Expand": (0,), "Tile": (0,), "Trilu": (0,), "DepthToSpace": (0,), "SpaceToDepth": (0,),
    "Concat": None, "Where": (1, 2), "Pad": (0,),
}  # fmt: skip
"""Operators that compute nothing, and which of their operands they move (None: all); the others say where."""

EXACT = (MOVED.keys() - {"Pad"}) | {
    "ConstantOfShape", "Range", "Shape", "Size", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Abs",
    "Neg", "Min", "Max",
}  # fmt: skip
"""Operators that round nothing, whatever they are given."""

INTEGER = frozenset({"Add", "Sub", "Mul", "Div", "Mod", "ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin", "NonZero"})
"""Operators that are exact on whole numbers."""


def reference(call: OnnxCall, operands: list[NDArray[Any] | None]) -> list[NDArray[Any]]:
    """What ONNX's reference implementation makes of arrays; padding is by 0."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    names = [f"operand{position}" if array is not None else "" for position, array in enumerate(operands)]
    node = type(call.proto)()
    node.CopyFrom(call.proto)
    del node.input[:]
    if call.operator == "Pad":  # positions are padded by 0, whatever the file pads by
        kept = [attribute for attribute in call.proto.attribute if attribute.name != "value"]
        del node.attribute[:]
        node.attribute.extend(kept)
    node.input.extend(names)
    fed = {name: array for name, array in zip(names, operands, strict=True) if array is not None}
    try:
        given = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), None) for name, array in fed.items()]
        results = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in node.output if name]
        graph = helper.make_graph([node], "one node", given, results)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", call.opset)])
        found = ReferenceEvaluator(model).run(None, fed)
    except MemoryError:
        raise
    except Exception as error:  # the implementation raises errors of many kinds
        raise call.error(f"{type(error).__name__}: {one_line(str(error))}") from None
    return [np.asarray(result) for result in found]


def fold(call: OnnxCall) -> Any:
    """The known result of a node without rounding; None where it may round or depends on the input."""
    known = [value for value in call.operands if value is not None]
    if not all(isinstance(value, Known) for value in known):
        return None
    arrays = [value.array if isinstance(value, Known) else None for value in call.operands]
    whole = call.operator in INTEGER and all(array.dtype.kind in "iub" for array in arrays if array is not None)
    if not known or not (call.operator in EXACT or whole):
        return None
    _check_growth(call, arrays)
    names = [value.name for value in known if isinstance(value, Known) and value.name and value.is_float]
    results = tuple(Known(array, names[0] if names else "") for array in reference(call, arrays))
    return results[0] if len(results) == 1 else results


def _check_growth(call: OnnxCall, arrays: list[NDArray[Any] | None]) -> None:
    """Raises InputError before a result is made that is too large to be read."""
    given = [array for array in arrays if array is not None]
    first = given[0]
    match call.operator:
        case "ConstantOfShape":
            size = prod(int(length) for length in first.ravel())
        case "Expand":
            size = prod(np.maximum.reduce([_trailing(first.shape, 64), _trailing(given[1].ravel(), 64)]).tolist())
        case "Tile":
            size = first.size * prod(int(number) for number in given[1].ravel())
        case "Range":
            start, limit, step = (float(array.ravel()[0]) for array in given)
            size = int(max(0, (limit - start) / step if step else 0)) + 1
        case "Pad":
            pads = call.attributes.get("pads", given[1] if len(given) > 1 else ())
            size = prod(length + sum(abs(int(p)) for p in np.ravel(pads)) for length in first.shape)
        case "Gather":
            axis = int(call.attributes.get("axis", 0))
            size = given[1].size * first.size // max(1, first.shape[axis] if -first.ndim <= axis < first.ndim else 1)
        case "GatherND":
            size = given[1].size * first.size
        case _:
            size = sum(array.size for array in given) ** (2 if call.operator in INTEGER else 1)
    check_size((max(size, 1),), where=f"node {call.name}")


def _trailing(shape: Any, axes: int) -> Any:
    """A shape with leading ones, so that shapes can be compared."""
    lengths = [int(length) for length in shape][-axes:]
    return np.array([1] * (axes - len(lengths)) + lengths, dtype=object)


@rule(*MOVED)
def move(call: OnnxCall) -> Any:
    """The rule of all MOVED."""
    if call.operator == "Where" and (found := _masked_choice(call)) is not None:
        return found
    if call.operator == "Pad" and (fill := call.number(2, "value", 0.0)):
        return _padded(call, fill)
    operands: list[Tensor] = []
    moving: list[NDArray[Any] | None] = []
    count = 0
    moved = MOVED[call.operator]
    for position, value in enumerate(call.operands):
        if moved is None or position in moved:
            tensor = value.tensor if isinstance(value, Masked) else call.lift(value)
            moving.append(np.arange(count + 1, count + tensor.size + 1, dtype=np.int64).reshape(tensor.shape))
            operands.append(tensor)
            count += tensor.size
        elif value is None or isinstance(value, Known):
            fills = call.operator == "Pad" and position == 2
            moving.append(None if value is None or fills else value.array)
        else:
            raise call.error("where elements go depends on the input")
    _check_growth(call, moving)
    results = [_gathered(call, operands, index) for index in reference(call, moving)]
    return results[0] if len(results) == 1 else tuple(results)


def _gathered(call: OnnxCall, operands: list[Tensor], index: NDArray[Any]) -> Tensor | Masked:
    if index.min(initial=0) < 0 or index.max(initial=0) > sum(operand.size for operand in operands):
        raise call.error("it does more than move elements")
    result = call.builder.gather(operands, index - 1)
    held = [value for value in call.operands if isinstance(value, Masked)]
    if not held:
        return result
    if len(operands) > 1 or (index == 0).any():
        raise call.error("a tensor with -infinities is joined or padded")
    return Masked(result, held[0].allowed.ravel()[index - 1])


def _masked_choice(call: OnnxCall) -> Masked | None:
    """Where one branch is -infinity."""
    condition, yes, no = (call.get(position) for position in range(3))
    if not isinstance(condition, Known):
        raise call.error("the condition depends on the input")
    allowed = condition.array.astype(bool)
    for branch, other, kept in ((no, yes, allowed), (yes, no, ~allowed)):
        if isinstance(branch, Known) and branch.masks and (branch.array.astype(np.float64) == -np.inf).all():
            return masked(call.builder, other if isinstance(other, Masked) else call.lift(other), kept)
    return None


def _padded(call: OnnxCall, fill: float) -> Tensor:
    """Padding by a number that is not 0."""
    if call.attributes.get("mode", b"constant") not in (b"constant", "constant"):
        raise call.error("a number to fill with, which this mode does not use")
    x = call.tensor(0)
    positions = np.arange(1, x.size + 1, dtype=np.int64).reshape(x.shape)
    others = [value.array if isinstance(value, Known) and place != 2 else None for place, value in enumerate(call.operands)]
    _check_growth(call, [positions, *others[1:]])
    (index,) = reference(call, [positions, *others[1:]])
    return call.builder.gather((x, call.builder.constant(fill)), np.where(index == 0, x.size, index - 1))


@rule("Identity", "Dropout")
def same(call: OnnxCall) -> Value | None:
    """The operand itself; dropout outside of training does nothing."""
    training = call.array(2) if call.operator == "Dropout" else None
    if training is not None and training.any():
        raise call.error("dropout in training is random", "export the model in evaluation mode")
    return call.get(0)


@rule("Shape", "Size")
def shape(call: OnnxCall) -> Known:
    """The shape of a tensor, or its size."""
    lengths = call.tensor(0).shape
    if call.operator == "Size":
        return Known(np.array(prod(lengths), dtype=np.int64))
    window = slice(call.attributes.get("start", 0), call.attributes.get("end"))
    return Known(np.array(lengths[window], dtype=np.int64))


@rule("Cast", "CastLike")
def cast(call: OnnxCall) -> Value | None:
    """A cast between floating types changes no real number; known whole numbers and truth values are cast for good."""
    from onnx import TensorProto
    from onnx.helper import tensor_dtype_to_np_dtype

    value = call.get(0)
    if call.operator == "CastLike":
        other = call.get(1)
        to_float = not isinstance(other, Known) or other.is_float
        wanted = np.dtype(np.float64) if to_float or not isinstance(other, Known) else other.array.dtype
    else:
        wanted = tensor_dtype_to_np_dtype(call.attributes.get("to", TensorProto.FLOAT))
        to_float = wanted.kind in "fV"
    if not isinstance(value, Known):
        if not to_float:
            raise call.error("a tensor that depends on the input is cast to integers")
        return value
    if to_float:
        return value if value.is_float else Known(value.array.astype(np.float64), value.name)
    return Known(value.array.astype(wanted), value.name)
