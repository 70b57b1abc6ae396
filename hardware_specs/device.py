"""Named hardware: which formats it stores and multiplies, and how it adds up products."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from suffice.errors import FormatError
from suffice.hardware_specs.format import Rounding, Subnormals

ANY_ORDER = "any"
"""The order of the groups is not documented: a bound must hold for every order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulation:
    """How products of some input formats are added up.

    `group` products are added at once with the accumulator, aligned to the largest exponent and cut to the accumulator's
    fraction bits plus `extra_bits` (None: exact inside the group), then rounded to the accumulator's format.
    """

    inputs: tuple[str, ...]
    accumulator: str
    group: int
    extra_bits: int | None
    rounding: Rounding
    subnormals: Subnormals
    order: str
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
    """A piece of hardware. Formats are catalogue names; `cost_order` lists them from cheap to dear."""

    name: str
    title: str
    stores: tuple[str, ...]
    multiplies: tuple[str, ...]
    accumulations: tuple[Accumulation, ...]
    functions: FunctionTable | None
    cost_order: tuple[str, ...]
    source: str


@cache
def devices() -> tuple[Device, ...]:
    """Every known device."""
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


def _function_table(table: Mapping[str, Any]) -> FunctionTable:
    return FunctionTable(name=table["name"], format=table["format"], ulps=tuple(table["ulps"].items()), source=table["source"])


def _device(table: Mapping[str, Any], functions: Mapping[str, FunctionTable]) -> Device:
    return Device(
        name=table["name"],
        title=table["title"],
        stores=tuple(table["stores"]),
        multiplies=tuple(table["multiplies"]),
        accumulations=tuple(_accumulation(entry) for entry in table["accumulations"]),
        functions=functions[table["functions"]] if "functions" in table else None,
        cost_order=tuple(table["cost_order"]),
        source=table["source"],
    )


def _accumulation(entry: Mapping[str, Any]) -> Accumulation:
    return Accumulation(
        inputs=tuple(entry["inputs"]),
        accumulator=entry["accumulator"],
        group=entry["group"],
        extra_bits=entry.get("extra_bits"),
        rounding=Rounding(entry["rounding"]),
        subnormals=Subnormals(entry["subnormals"]),
        order=entry.get("order", ANY_ORDER),
        source=entry["source"],
    )
