"""One step of a program as readable JSON: formats by their names, exact numbers as strings."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.networks.graph import TensorNode
from suffice.encodings.networks.program import Step
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.catalogue import format_name, parse_format
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat
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

MAX_NAME = 4000
"""Longest name of a format that is read."""

_OPTIONAL = ("stored", "weights", "bias", "scales", "accumulation", "ulps")
_ACCUMULATION = (
    "kind", "accumulator", "order", "products", "group", "extra_bits", "presummed", "flushes_inputs", "smallest_exponents", "products_fit",
)  # fmt: skip


def step_to_json(step: Step, node: TensorNode) -> Json:
    """A step; what it does not have is left out. Raises InputError for block formats."""
    result: dict[str, Json] = {"compute": format_name(step.compute)}
    for name, fmt in (("stored", step.stored), ("weights", step.weights), ("bias", step.bias)):
        if isinstance(fmt, BlockFormat):
            raise InputError("configurations hold float formats and integer codes only", where=node.name)
        if fmt is not None:
            result[name] = format_name(fmt)
    if step.scales:
        result["scales"] = [number_text(scale) for scale in step.scales]
    if step.accumulation is not None:
        result["accumulation"] = _accumulation_to_json(step.accumulation)
    if step.ulps:
        result["ulps"] = step.ulps
    return result


def step_from_json(value: Json, where: str) -> Step:
    """Read a step. Raises InputError and FormatError."""
    given = [name for name in _OPTIONAL if name in as_object(value, where)]
    compute, *rest = fields(value, where, "compute", *given)
    found = dict(zip(given, rest, strict=True))

    def named(name: str) -> Format | None:
        return _format(found[name], f"{where}: {name}") if name in found else None

    ulps = as_integer(found.get("ulps", 0), f"{where}: ulps")
    if ulps < 0:
        raise InputError(f"{ulps} ulps", where=where, mend="give no negative number")
    return Step(
        compute=_format(compute, f"{where}: compute"),
        stored=named("stored"),
        weights=named("weights"),
        bias=named("bias"),
        scales=tuple(_scale(scale, f"{where}: scales") for scale in as_list(found.get("scales", []), f"{where}: scales")),
        accumulation=_accumulation_from_json(found["accumulation"], f"{where}: accumulation") if "accumulation" in found else None,
        ulps=ulps,
    )


def _format(value: Json, where: str) -> Format:
    text = as_text(value, where)
    if len(text) > MAX_NAME:
        raise InputError(f"a name of {len(text)} characters", where=where, mend="name a format")
    try:
        return parse_format(text)
    except FormatError as error:
        raise InputError(error.what, where=where, mend=error.mend) from None


def _scale(value: Json, where: str) -> Fraction:
    scale = as_number(value, where)
    if scale <= 0:
        raise InputError(f"the scale {scale} is not positive", where=where)
    return scale


def _accumulation_to_json(added: Accumulation) -> Json:
    return {
        "kind": added.kind.value,
        "accumulator": format_name(added.accumulator),
        "order": added.order.value,
        "products": added.products.value,
        "group": added.group,
        "extra_bits": added.extra_bits,
        "presummed": added.presummed,
        "flushes_inputs": added.flushes_inputs,
        "smallest_exponents": list(added.smallest_exponents),
        "products_fit": added.products_fit,
    }


def _accumulation_from_json(value: Json, where: str) -> Accumulation:
    kind, accumulator, order, products, group, extra, presummed, flushes, exponents, fit = fields(value, where, *_ACCUMULATION)
    fmt = _format(accumulator, f"{where}: accumulator")
    if not isinstance(fmt, FloatFormat | IntFormat):
        raise InputError("the accumulator is no format of sums", where=where)
    both = [as_integer(exponent, where) for exponent in as_list(exponents, where)]
    if len(both) != 2:
        raise InputError(f"{len(both)} smallest exponents", where=where, mend="give one for each factor")
    try:
        return Accumulation(
            kind=Kind(as_choice(kind, f"{where}: kind", *Kind)),
            accumulator=fmt,
            order=Order(as_choice(order, f"{where}: order", *Order)),
            products=Products(as_choice(products, f"{where}: products", *Products)),
            group=as_integer(group, where),
            extra_bits=as_integer(extra, where),
            presummed=as_integer(presummed, where),
            flushes_inputs=as_boolean(flushes, where),
            smallest_exponents=(both[0], both[1]),
            products_fit=as_boolean(fit, where),
        )
    except FormatError as error:
        raise InputError(error.what, where=where, mend=error.mend) from None
