"""What a certificate is about, as the kernel holds it: expression, box, tolerance, input model and formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


LOGICAL = frozenset({"lt", "le", "eq", "and", "or", "not"})
"""Operations whose result is true or false, and is never rounded."""

ELEMENTARY = frozenset({
    "pow", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "asinh", "acosh", "atanh", "cbrt", "hypot", "atan2", "powr",
})  # fmt: skip
"""Operations that a library computes: correctly rounded, or to an accuracy that the certificate names."""


@dataclass(frozen=True, slots=True)
class Program:
    """The expression with a format at every rounding: of each input, of each node (exact where it is logical), of the output."""

    inputs: dict[str, Format]
    nodes: tuple[Format, ...]
    output: Format


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a program holds for an input that it has worked out before: a number from lo to hi, at most `error` from the real input, a
    multiple of 2^granule, and m 2^j with |m| <= 2^digits.
    """

    lo: Fraction
    hi: Fraction
    error: Fraction
    granule: int
    digits: int


@dataclass(frozen=True, slots=True)
class Question:
    """A problem with formats. Those of inputs and output may be free (any scale, any code); `program` is None where none is given.

    Only points count at which every precondition is true. `accuracy` is the largest error of functions that are not correctly rounded,
    in units in the last place of their exact results.

    `parameters` are names that stand for one number each, known to whoever answers, anywhere in its interval: what is derived holds for
    every such number. `arrivals` are the inputs that do not arrive rounded from the reals.
    """

    nodes: tuple[Node, ...]
    box: Box
    preconditions: tuple[tuple[Node, ...], ...]
    absolute: Fraction
    relative: Fraction
    representable: bool
    inputs: dict[str, Format]
    output: Format | Code
    accuracy: dict[str, Fraction]
    program: Program | None
    parameters: Box = field(default_factory=dict)
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)

    @property
    def is_relative(self) -> bool:
        """Whether the measure is the relative error (docs/semantics.md)."""
        return self.absolute == 0 and self.relative > 0

    @property
    def threshold(self) -> Fraction:
        """The largest value of the measure within tolerance."""
        return self.relative if self.is_relative else self.absolute
