"""NETWORK, PROGRAM and INPUTS of docs/networks.md: networks, their programs and their sets of inputs, as JSON."""

from __future__ import annotations

import base64
import binascii
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.graph import Network, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox, InputSet
from suffice.encodings.networks.program import NetworkProgram, Step
from suffice.encodings.problem import InputModel
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products
from suffice.hardware_specs.format import CodeFormat, ExactFormat, FloatFormat, Format, IntFormat
from suffice.proofs.formatdata import format_from_json, format_to_json
from suffice.proofs.jsondata import (
    Json,
    as_boolean,
    as_choice,
    as_integer,
    as_list,
    as_number,
    as_object,
    as_text,
    fields,
    number_text,
)
from suffice.proofs.kernel.limits import MAX_LABEL

Array = NDArray[np.float64]

_DTYPES = {"float64": "<f8", "float32": "<f4", "int32": "<i4"}


def array_to_json(array: Array) -> str:
    """Base64 of little-endian numbers, as "float32:..." where that is exact, else "float64:..."."""
    values = np.ascontiguousarray(array, dtype=np.float64)
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    kind = "float32" if np.array_equal(short.astype(np.float64), values) else "float64"
    return _encoded(kind, values)


def _encoded(kind: str, values: NDArray[np.generic]) -> str:
    data = np.ascontiguousarray(values).astype(_DTYPES[kind]).tobytes()
    return f"{kind}:{base64.b64encode(data).decode('ascii')}"


def array_from_json(value: Json, shape: tuple[int, ...], where: str) -> Array:
    """Read an array of numbers. Raises InputError."""
    return _decoded(value, shape, where, ("float64", "float32")).astype(np.float64)


def _decoded(value: Json, shape: tuple[int, ...], where: str, kinds: tuple[str, ...]) -> NDArray[np.generic]:
    kind, _, text = as_text(value, where).partition(":")
    if kind not in kinds:
        raise InputError(f"the array is not one of {' or '.join(kinds)}", where=where)
    try:
        data = base64.b64decode(text.encode(), validate=True)
        return np.frombuffer(data, dtype=_DTYPES[kind]).reshape(shape)
    except (binascii.Error, ValueError):
        raise InputError(f"the array does not hold numbers of the shape {shape}", where=where) from None


def network_to_json(network: Network) -> Json:
    """NETWORK of docs/networks.md."""
    return {"name": _label(network.name), "nodes": [_node_to_json(node) for node in network.nodes]}


def _node_to_json(node: TensorNode) -> Json:
    result: dict[str, Json] = {
        "op": node.op.value,
        "name": _label(node.name),
        "layer": _label(node.layer),
        "operands": list(node.operands),
        "shape": list(node.shape),
    }
    if node.op is TensorOp.GATHER and node.index is not None:
        if int(node.index.max()) >= 1 << 31:
            raise InputError("an index does not fit in 32 bits", where=node.name)
        result["index"] = _encoded("int32", node.index)
    if node.op is TensorOp.CONSTANT and node.value is not None:
        result["value"] = array_to_json(node.value)
    if node.op is TensorOp.LINEAR and node.weight is not None:
        result |= {"weight": array_to_json(node.weight), "weight_shape": list(node.weight.shape)}
        if node.bias is not None:
            result["bias"] = array_to_json(node.bias)
    if node.op in (TensorOp.LEAKY_RELU, TensorOp.LAYER_NORM, TensorOp.RMS_NORM):
        result["parameter"] = number_text(node.parameter_value)
    return result


def _label(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 3] + "..."


def network_from_json(value: Json, where: str) -> Network:
    """Read NETWORK. Raises InputError."""
    name, nodes = fields(value, where, "name", "nodes")
    items = enumerate(as_list(nodes, f"{where}.nodes"))
    return Network(name=as_text(name, f"{where}.name"), nodes=tuple(_node_from_json(item, f"{where}.nodes[{k}]") for k, item in items))


_ATTRIBUTES = ("index", "value", "weight", "weight_shape", "bias", "parameter")


def _node_from_json(value: Json, where: str) -> TensorNode:
    given = [name for name in _ATTRIBUTES if name in as_object(value, where)]
    op, name, layer, operands, shape, *rest = fields(value, where, "op", "name", "layer", "operands", "shape", *given)
    found = dict(zip(given, rest, strict=True))
    dims = _shape(shape, f"{where}.shape")
    weight = _shape(found["weight_shape"], f"{where}.weight_shape") if "weight_shape" in found else ()
    return TensorNode(
        name=as_text(name, where),
        op=TensorOp(as_choice(op, f"{where}.op", *TensorOp)),
        operands=tuple(as_integer(o, f"{where}.operands") for o in as_list(operands, f"{where}.operands")),
        shape=dims,
        layer=as_text(layer, where),
        index=_decoded(found["index"], dims, f"{where}.index", ("int32",)).astype(np.int64) if "index" in found else None,
        value=array_from_json(found["value"], dims, f"{where}.value") if "value" in found else None,
        weight=array_from_json(found["weight"], weight, f"{where}.weight") if "weight" in found else None,
        bias=array_from_json(found["bias"], weight[:-1], f"{where}.bias") if "bias" in found else None,
        parameter_value=as_number(found["parameter"], f"{where}.parameter") if "parameter" in found else Fraction(0),
    )


def _shape(value: Json, where: str) -> tuple[int, ...]:
    return tuple(as_integer(length, where) for length in as_list(value, where))


class _Formats:
    """The formats of a program, each once, in the order in which steps first name them."""

    def __init__(self) -> None:
        self.listed: list[Json] = []

    def place(self, fmt: object, where: str) -> int:
        if isinstance(fmt, CodeFormat) or not isinstance(fmt, FloatFormat | IntFormat | ExactFormat):
            raise InputError("certificates of networks hold float formats and integer codes only", where=where)
        data = format_to_json(fmt)
        if data not in self.listed:
            self.listed.append(data)
        return self.listed.index(data)


def program_to_json(program: NetworkProgram) -> Json:
    """PROGRAM of docs/networks.md. Raises InputError for block formats."""
    formats = _Formats()
    steps = [_step_to_json(step, node, formats) for node, step in program.pairs()]
    return {"formats": formats.listed, "steps": steps}


def _step_to_json(step: Step, node: TensorNode, formats: _Formats) -> Json:
    result: dict[str, Json] = {"compute": formats.place(step.compute, node.name)}
    if step.stored is not None:
        result["stored"] = formats.place(step.stored, node.name)
    if step.weights is not None and node.op in (TensorOp.LINEAR, TensorOp.CONSTANT):
        result["weights"] = formats.place(step.weights, node.name)
    if step.bias is not None and node.bias is not None:
        result["bias"] = formats.place(step.bias, node.name)
    if step.scales and node.op is TensorOp.LINEAR:
        scales = np.array([float(scale) for scale in step.scales])
        if any(Fraction(float(s)) != scale for s, scale in zip(scales, step.scales, strict=True)):
            raise InputError("a scale is not a float64 number", where=node.name)
        result["scales"] = array_to_json(scales)
    if step.accumulation is not None and node.op in _ADDING:
        result["accumulation"] = _accumulation_to_json(step.accumulation, node, formats)
    if step.ulps:
        result["ulps"] = step.ulps
    return result


_ADDING = frozenset({
    TensorOp.LINEAR, TensorOp.MATMUL, TensorOp.SUM, TensorOp.MEAN, TensorOp.SOFTMAX, TensorOp.LOG_SOFTMAX, TensorOp.LAYER_NORM,
    TensorOp.RMS_NORM,
})  # fmt: skip


def _accumulation_to_json(accumulation: Accumulation, node: TensorNode, formats: _Formats) -> Json:
    fmt = accumulation.accumulator
    if accumulation.kind is Kind.EXACT and isinstance(fmt, IntFormat):
        codes = IntFormat(qmin=fmt.qmin, qmax=fmt.qmax, scale=Fraction(1), zero=0, rounding=fmt.rounding)
        return {"kind": "exact", "accumulator": formats.place(codes, node.name)}
    return {
        "kind": accumulation.kind.value,
        "accumulator": formats.place(fmt, node.name),
        "order": accumulation.order.value,
        "products": accumulation.products.value,
        "group": accumulation.group,
        "extra_bits": accumulation.extra_bits,
        "presummed": accumulation.presummed,
        "flushes_inputs": accumulation.flushes_inputs,
        "smallest_exponents": list(accumulation.smallest_exponents),
    }


def program_from_json(value: Json, network: Network, where: str) -> NetworkProgram:
    """Read PROGRAM. Raises InputError."""
    given, items = fields(value, where, "formats", "steps")
    formats = [format_from_json(item, f"{where}.formats[{k}]") for k, item in enumerate(as_list(given, f"{where}.formats"))]
    steps = enumerate(as_list(items, f"{where}.steps"))
    try:
        return NetworkProgram(network=network, steps=tuple(_step_from_json(item, formats, f"{where}.steps[{k}]") for k, item in steps))
    except FormatError as error:
        raise InputError(error.what, where=where, mend=error.mend) from None


def _step_from_json(value: Json, formats: list[Format], where: str) -> Step:
    names = [name for name in ("stored", "weights", "bias", "scales", "accumulation", "ulps") if name in as_object(value, where)]
    compute, *rest = fields(value, where, "compute", *names)
    found = dict(zip(names, rest, strict=True))

    def at(name: str) -> Format | None:
        return _at(formats, found[name], f"{where}.{name}") if name in found else None

    bias = at("bias")
    scales = array_from_json(found["scales"], (-1,), f"{where}.scales") if "scales" in found else np.zeros(0)
    return Step(
        compute=_at(formats, compute, f"{where}.compute"),
        stored=at("stored"),
        weights=at("weights"),
        bias=bias,
        scales=tuple(Fraction(float(scale)) for scale in scales),
        accumulation=_accumulation_from_json(found["accumulation"], formats, f"{where}.accumulation") if "accumulation" in found else None,
        ulps=as_integer(found.get("ulps", 0), f"{where}.ulps"),
    )


def _at(formats: list[Format], value: Json, where: str) -> Format:
    place = as_integer(value, where)
    if not 0 <= place < len(formats):
        raise InputError(f"there is no format {place}", where=where)
    return formats[place]


def _accumulation_from_json(value: Json, formats: list[Format], where: str) -> Accumulation:
    kind = Kind(as_choice(as_object(value, where).get("kind"), f"{where}.kind", *Kind))
    if kind is Kind.EXACT:
        _, accumulator = fields(value, where, "kind", "accumulator")
        codes = _at(formats, accumulator, where)
        assert isinstance(codes, IntFormat | FloatFormat)
        return Accumulation(kind=kind, accumulator=codes)
    _, accumulator, order, products, group, extra, presummed, flushes, exponents = fields(
        value, where, "kind", "accumulator", "order", "products", "group", "extra_bits", "presummed", "flushes_inputs", "smallest_exponents"
    )
    fmt = _at(formats, accumulator, where)
    low, high = (as_integer(e, where) for e in as_list(exponents, where))
    if not isinstance(fmt, FloatFormat | IntFormat):
        raise InputError("the accumulator is no format of sums", where=where)
    return Accumulation(
        kind=kind,
        accumulator=fmt,
        order=Order(as_choice(order, f"{where}.order", *Order)),
        products=Products(as_choice(products, f"{where}.products", *Products)),
        group=as_integer(group, where),
        extra_bits=as_integer(extra, where),
        presummed=as_integer(presummed, where),
        flushes_inputs=as_boolean(flushes, where),
        smallest_exponents=(low, high),
    )


def inputs_to_json(inputs: InputSet) -> Json:
    """INPUTS of docs/networks.md."""
    boxes: list[Json] = [{"name": _label(box.name), "lo": array_to_json(box.lo), "hi": array_to_json(box.hi)} for box in inputs.boxes]
    return {"model": inputs.model.value, "boxes": boxes}


def inputs_from_json(value: Json, shape: tuple[int, ...], where: str) -> InputSet:
    """Read INPUTS. Raises InputError."""
    model, items = fields(value, where, "model", "boxes")
    boxes = []
    for k, item in enumerate(as_list(items, f"{where}.boxes")):
        name, lo, hi = fields(item, f"{where}.boxes[{k}]", "name", "lo", "hi")
        ends = (array_from_json(end, shape, f"{where}.boxes[{k}]") for end in (lo, hi))
        low, high = ends
        boxes.append(InputBox(lo=low, hi=high, name=as_text(name, where)))
    return InputSet(boxes=tuple(boxes), model=InputModel(as_choice(model, f"{where}.model", *InputModel)))
