"""Block formats by name: a few elements of a narrow format that share a scale."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from suffice.errors import FormatError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.hardware_specs.grid import code_value, exponent


class Scale(StrEnum):
    """The format of the scale of a block."""

    POWER_OF_TWO = "e8m0"
    """2^k, -127 <= k <= 127."""
    E4M3 = "fp8_e4m3(overflow=saturate)"
    """A positive number of fp8_e4m3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockFormat:
    """`length` elements of the format `element` share one scale; with `tensor_scale` one fp32 number scales all blocks of a tensor too.

    The value of an element is tensor scale times block scale times element.
    """

    name: str
    element: FloatFormat | IntFormat
    length: int
    scale: Scale
    tensor_scale: bool
    source: str

    @property
    def emax_element(self) -> int:
        """The exponent of the largest element (for integer codes that of the largest power of two: MXINT8 has 0)."""
        if isinstance(self.element, FloatFormat):
            return self.element.emax
        return exponent(code_value(self.element, self.element.qmax))

    @property
    def smallest_exponent(self) -> int:
        """The least exponent with which a product with an element is aligned."""
        return self.element.emin if isinstance(self.element, FloatFormat) else 0


@cache
def block_formats() -> tuple[BlockFormat, ...]:
    """Every known block format."""
    return tuple(_block_format(table) for table in _tables())


def block_format(name: str) -> BlockFormat:
    """The block format of this name. Raises FormatError."""
    wanted = name.strip().lower()
    known = {fmt.name: fmt for fmt in block_formats()}
    known |= {alias: known[table["name"]] for table in _tables() for alias in table.get("aliases", ())}
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=1)
    raise FormatError(f"unknown block format {name[:60]!r}", mend=f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}")


@cache
def _tables() -> tuple[Mapping[str, Any], ...]:
    return tuple(tomllib.loads(Path(__file__).with_name("blocks.toml").read_text(encoding="utf-8"))["block"])


def _block_format(table: Mapping[str, Any]) -> BlockFormat:
    element = parse_format(table["element"])
    assert isinstance(element, FloatFormat | IntFormat)
    return BlockFormat(
        name=table["name"],
        element=element,
        length=table["length"],
        scale=Scale(table["scale"]),
        tensor_scale=table.get("tensor_scale", False),
        source=table["source"],
    )
