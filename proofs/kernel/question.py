"""What a certificate is about, as the kernel holds it: expression, box, tolerance, input model and formats."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .formats import Code, Format

Point = dict[str, Fraction]
"""One value for each input."""

Box = dict[str, tuple[Fraction, Fraction]]
"""One closed interval for each input."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation on earlier nodes; the payload is a constant, a name or an exponent."""

    op: str
    args: tuple[int, ...] = ()
    payload: Fraction | str | int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """The expression with a format at every rounding: of each input, of each node, of the output."""

    inputs: dict[str, Format]
    nodes: tuple[Format, ...]
    output: Format


@dataclass(frozen=True, slots=True)
class Question:
    """A problem with formats. `input` and `output` may be free (any scale, any code); `program` is None where none is given."""

    nodes: tuple[Node, ...]
    box: Box
    absolute: Fraction
    relative: Fraction
    representable: bool
    input: Format
    compute: Format
    output: Format | Code
    program: Program | None

    @property
    def is_relative(self) -> bool:
        """Whether the measure is the relative error (docs/semantics.md)."""
        return self.absolute == 0 and self.relative > 0

    @property
    def threshold(self) -> Fraction:
        """The largest value of the measure within tolerance."""
        return self.relative if self.is_relative else self.absolute
