"""Named hardware: which formats it stores and multiplies, and how it adds up products."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import Accumulation as Accumulation
from suffice.hardware_specs.accumulation import Kind, Order, Products, holds, products_fit
from suffice.hardware_specs.block_format import BlockFormat, block_format, block_formats
from suffice.hardware_specs.catalogue import format_name, parse_format
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAccumulation:
    """How a device adds up products of two numbers of one of the formats `inputs`, or (`mixed`) of any two of them.

    The accumulation's `smallest_exponents` and `products_fit` are filled in by `accumulation_for`, which knows the factors.
    """

    inputs: tuple[str, ...]
    mixed: bool
    accumulation: Accumulation
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTable:
    """The largest distance, in ulps, of each function's result from the correctly rounded one in `format`: an assumption, not a theorem."""

    name: str
    format: str
    ulps: tuple[tuple[str, int], ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A piece of hardware. Formats are catalogue names; `blocks` names block formats; `cost_order` lists formats from cheap to dear."""

    name: str
    title: str
    stores: tuple[str, ...]
    multiplies: tuple[str, ...]
    blocks: tuple[str, ...]
    accumulations: tuple[DeviceAccumulation, ...]
    functions: FunctionTable | None
    cost_order: tuple[str, ...]
    source: str


@cache
def devices() -> tuple[Device, ...]:
    """Every known device, the generic ones first."""
    data = tomllib.loads(Path(__file__).with_name("devices.toml").read_text(encoding="utf-8"))
    tables = {table["name"]: _function_table(table) for table in data["functions"]}
    return tuple(_device(table, tables) for table in data["device"])


def device(name: str) -> Device:
    """The device of this name. Raises FormatError."""
    known = {entry.name: entry for entry in devices()}
    if name.lower() in known:
        return known[name.lower()]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    raise FormatError(f"unknown device {name[:60]!r}", mend=f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}")


def accumulation_for(machine: Device, left: Format | BlockFormat, right: Format | BlockFormat) -> Accumulation:
    """How a device adds up products of numbers of two formats.

    The first entry that multiplies just these formats; else the first one that multiplies a format that holds both (a conversion to
    it is exact). Rules on rounding, overflow and subnormals in the two formats do not matter, their numbers do. Raises FormatError.
    """
    for entry in machine.accumulations:
        if _takes(entry, left, right):
            return _for_factors(entry.accumulation, left, right)
    for entry in machine.accumulations:
        for name in entry.inputs:
            common = _input(name)
            if not isinstance(common, BlockFormat) and all(not isinstance(f, BlockFormat) and holds(common, f) for f in (left, right)):
                aligned = entry.accumulation.kind is Kind.GROUPS or entry.accumulation.flushes_inputs
                return _for_factors(entry.accumulation, *((common, common) if aligned else (left, right)))
    raise FormatError(
        f"multiplies no format that holds both {_name(left)} and {_name(right)}",
        where=f"device {machine.name}",
        mend="convert to one of its formats first: " + ", ".join(dict.fromkeys(n for entry in machine.accumulations for n in entry.inputs)),
    )


def _takes(entry: DeviceAccumulation, left: Format | BlockFormat, right: Format | BlockFormat) -> bool:
    inputs = [_input(name) for name in entry.inputs]
    if entry.mixed:
        return all(any(_same(f, known) for known in inputs) for f in (left, right))
    return any(_same(left, known) and _same(right, known) for known in inputs)


def _same(given: Format | BlockFormat, known: Format | BlockFormat) -> bool:
    """Whether both have the same numbers; integer codes need only lie within the known ones."""
    if isinstance(given, BlockFormat) or isinstance(known, BlockFormat):
        return given == known
    return holds(known, given) and (isinstance(given, IntFormat) or holds(given, known))


@cache
def _input(name: str) -> Format | BlockFormat:
    return block_format(name) if name in {fmt.name for fmt in block_formats()} else parse_format(name)


def _for_factors(accumulation: Accumulation, left: Format | BlockFormat, right: Format | BlockFormat) -> Accumulation:
    exponents = (_smallest_exponent(left), _smallest_exponent(right))
    if isinstance(left, BlockFormat) or isinstance(right, BlockFormat):
        return replace(accumulation, smallest_exponents=exponents)
    return replace(
        accumulation,
        smallest_exponents=exponents,
        products_fit=products_fit(left, right, accumulation.accumulator),
    )


def _smallest_exponent(fmt: Format | BlockFormat) -> int:
    if isinstance(fmt, BlockFormat):
        return fmt.smallest_exponent
    return fmt.emin if isinstance(fmt, FloatFormat) else 0


def _name(fmt: Format | BlockFormat) -> str:
    return fmt.name if isinstance(fmt, BlockFormat) else format_name(fmt)


def _function_table(table: Mapping[str, Any]) -> FunctionTable:
    return FunctionTable(name=table["name"], format=table["format"], ulps=tuple(table["ulps"].items()), source=table["source"])


def _device(table: Mapping[str, Any], functions: Mapping[str, FunctionTable]) -> Device:
    return Device(
        name=table["name"],
        title=table["title"],
        stores=tuple(table["stores"]),
        multiplies=tuple(table["multiplies"]),
        blocks=tuple(table.get("blocks", ())),
        accumulations=tuple(_accumulation(entry) for entry in table["accumulations"]),
        functions=functions[table["functions"]] if "functions" in table else None,
        cost_order=tuple(table["cost_order"]),
        source=table["source"],
    )


def _accumulation(entry: Mapping[str, Any]) -> DeviceAccumulation:
    accumulator = parse_format(entry["accumulator"])
    assert isinstance(accumulator, FloatFormat | IntFormat)
    accumulation = Accumulation(
        kind=Kind(entry["kind"]),
        accumulator=accumulator,
        order=Order(entry.get("order", Order.ANY)),
        products=Products(entry.get("products", Products.EITHER)),
        group=entry.get("group", 1),
        extra_bits=entry.get("extra_bits", 0),
        presummed=entry.get("presummed", 1),
        flushes_inputs=entry.get("flushes_inputs", False),
    )
    return DeviceAccumulation(
        inputs=tuple(entry["inputs"]), mixed=entry.get("mixed", False), accumulation=accumulation, source=entry["source"]
    )
