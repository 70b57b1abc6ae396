"""Questions about families: the file, and the formats that the options put in place of those it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from suffice.encodings.expression import Expression
from suffice.encodings.family import Family
from suffice.errors import InputError
from suffice.hardware_specs.format import CodeFormat, Format
from suffice.questions import Placement, ask, read_format

if TYPE_CHECKING:
    from suffice.prover.families import AskedFamily


@dataclass(frozen=True, slots=True)
class FamilyAsking:
    """A family and the formats asked about."""

    family: Family
    formats: tuple[AskedFamily, ...]


def read_family(
    path: Path,
    formats: str | Format | Iterable[str | Format] | None = None,
    placement: Placement | None = None,
    accumulate: str | Format | None = None,
) -> FamilyAsking:
    """The family of a file, with the formats that it names where none are given. Raises InputError and FormatError."""
    from suffice.encodings.readers.family_toml import read_family_file

    file = read_family_file(path)
    chosen = formats if formats is not None else file.formats
    if not chosen:
        raise InputError("no format is asked about", where=str(path), mend="name one with --format fp16, or formats in the file")
    given = placement or Placement()
    placed = Placement(
        input=given.input or file.input_format,
        compute=given.compute or file.compute,
        output=given.output or file.output,
        override=given.override or file.override,
        accuracy={**{op.value: ulps for op, ulps in file.accuracy.items()}, **given.accuracy},
    )
    if accumulate is not None and file.family.fold is None:
        raise InputError("the family has no fold", where="accumulate", mend="leave it out")
    family = _unannotated(file.family) if placed.override else file.family
    return FamilyAsking(family, ask_family(chosen, placed, accumulate or file.accumulate))


def ask_family(
    formats: str | Format | Iterable[str | Format], placement: Placement | None = None, accumulate: str | Format | None = None
) -> tuple[AskedFamily, ...]:
    """The formats asked about; a fold's state is held in that of the operations, unless `accumulate` names another."""
    from suffice.prover.families import AskedFamily

    state = None if accumulate is None else _of_state(accumulate)
    return tuple(AskedFamily(asked=asked, accumulate=state or asked.compute) for asked in ask(formats, placement))


def _of_state(accumulate: str | Format) -> Format:
    fmt = read_format(accumulate)
    if isinstance(fmt, CodeFormat):
        raise InputError(f"code(bits={fmt.bits}) says nothing of numbers", where="accumulate", mend="use a code for the output only")
    return fmt


def _unannotated(family: Family) -> Family:
    """The family with the formats that its formula demands left out."""
    nodes = tuple(replace(node, format=None) for node in family.expression.nodes)
    return replace(family, expression=Expression(nodes))
