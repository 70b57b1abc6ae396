"""What a certificate of a family is about, as the kernel holds it: a question with parameters, perhaps a fold, and regions of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..formats import Format
from ..measure import Span
from ..question import Box, Node
from ..reading import Asked

BOUND_OF = {"impossible": "floor", "insufficient": "witness_error", "sufficient": "error_bound"}
"""Verdicts of regions, and the bounds that decide them."""


@dataclass(frozen=True, slots=True)
class Affine:
    """constant + sum of coefficient * parameter."""

    constant: Fraction
    coefficients: dict[str, Fraction]

    @property
    def is_zero(self) -> bool:
        """Whether it is 0 for all parameters."""
        return self.constant == 0 and not self.coefficients

    def over(self, parameters: Box) -> Span:
        """The exact range: each summand is least at one end of its interval and largest at the other."""
        lo = hi = self.constant
        for name, factor in self.coefficients.items():
            ends = [factor * end for end in parameters[name]]
            lo, hi = lo + min(ends), hi + max(ends)
        return lo, hi

    def minus(self, other: Affine) -> Affine:
        """The difference, whose range tells which is larger."""
        names = self.coefficients.keys() | other.coefficients.keys()
        zero = Fraction(0)
        return Affine(
            self.constant - other.constant,
            {name: self.coefficients.get(name, zero) - other.coefficients.get(name, zero) for name in names},
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """s_0 = start, s_(k+1) = s_k + term with elements of step k; the state after `size` steps. The state is held in `accumulate`.

    `greatest` is None where the size has no upper end. With `is_step` the term is the whole step: s_(k+1) = term(s_k, elements of step k).
    """

    size: str
    least: int
    greatest: int | None
    state: str
    start: tuple[Node, ...]
    term: tuple[Node, ...]
    elements: tuple[str, ...]
    accumulate: Format
    is_step: bool


@dataclass(frozen=True, slots=True)
class Family:
    """A question for every value of the parameters, and every size of the fold.

    `asked` holds the formats; those of nodes are of the expression's, then of the start's and of the term's.
    """

    parameters: Box
    nodes: tuple[Node, ...]
    box: dict[str, tuple[Affine, Affine]]
    preconditions: tuple[tuple[Node, ...], ...]
    absolute: Affine
    relative: Affine
    representable: bool
    asked: Asked
    fold: Fold | None

    @property
    def is_relative(self) -> bool:
        """Whether the measure is the relative error: the absolute tolerance is 0 throughout, and the relative one is not."""
        return self.absolute.is_zero and not self.relative.is_zero

    @property
    def tolerance(self) -> Affine:
        """What the measure is compared with."""
        return self.relative if self.is_relative else self.absolute

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """The nodes that have formats, in the order of their formats."""
        return self.nodes if self.fold is None else (*self.nodes, *self.fold.start, *self.fold.term)


@dataclass(frozen=True, slots=True)
class RegionClaim:
    """A bound as the certificate states it for a region."""

    bound: str
    value: Fraction | str
    statement: str
    evidence: Any


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a family: a box of parameters and, of a fold, the sizes from `least` to `greatest` (None: all), with what is claimed."""

    parameters: Box
    least: int
    greatest: int | None
    claim: RegionClaim


def names_in(*expressions: Iterable[Node]) -> set[str]:
    """The names that expressions use."""
    return {str(node.payload) for nodes in expressions for node in nodes if node.op == "var"}
