"""FPCore 2.0 (https://fpbench.org/spec/fpcore-2.0.html), the part that is one real function on a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box
from suffice.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class FPCoreProblem:
    """A function on a box; `precision` is the file's default format, None if it names none."""

    name: str
    expression: Expression
    box: Box
    precision: str | None
    properties: Mapping[str, str]


def read_fpcore(text: str) -> FPCoreProblem:
    """The first and only core of a text. Raises InputError."""
    raise InputError(f"FPCore is not read yet ({len(text)} characters)", mend="give a .toml file")
