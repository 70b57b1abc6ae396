"""Families: questions with parameters, and sums of any length, for which one verdict holds for many problems at once (THEORY T10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, InputModel, Interval
from suffice.errors import InputError


@dataclass(frozen=True, slots=True)
class Affine:
    """constant + sum of coefficient * parameter; no coefficient is zero."""

    constant: Fraction
    coefficients: Mapping[str, Fraction] = field(default_factory=dict)

    def at(self, parameters: Mapping[str, Fraction]) -> Fraction:
        """The value for these parameters."""
        return self.constant + sum((c * parameters[name] for name, c in self.coefficients.items()), Fraction(0))

    def over(self, parameters: Box) -> Interval:
        """The exact range over a box of parameters."""
        low = high = self.constant
        for name, c in self.coefficients.items():
            ends = sorted((c * parameters[name].lo, c * parameters[name].hi))
            low, high = low + ends[0], high + ends[1]
        return Interval(low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """`size` steps state -> state + term(elements), each step with elements of its own, from `start`; sizes are least to greatest (None:
    any). The size and the state are variables of the family's expression.

    With `is_step` the term is the whole step, state -> term(state, elements), and one more rounding brings it to the state's format.
    """

    size: str
    least: int
    greatest: int | None
    state: str
    start: Expression
    term: Expression
    elements: tuple[str, ...]
    is_step: bool = False

    def __post_init__(self) -> None:
        if self.least < 1 or (self.greatest is not None and self.greatest < self.least):
            raise InputError("the sizes are not a range from 1 on", where="fold.sizes", mend='write sizes = [1, 1024] or [1, "inf"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A question for every value of its parameters (and every size); `name` and `description` are for people and prove nothing.

    For parameters t: f(., t) on the box between the ends at t, to the tolerance at t. The box has an interval for every input, elements
    included, and none for parameters, the size and the state.
    """

    parameters: Box
    expression: Expression
    box: Mapping[str, tuple[Affine, Affine]]
    absolute: Affine
    relative: Affine
    inputs: InputModel = InputModel.REAL
    preconditions: tuple[Expression, ...] = ()
    fold: Fold | None = None
    name: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        for name, (low, high) in self.box.items():
            widths = Affine(high.constant - low.constant, _difference(high, low)).over(self.parameters)
            if widths.lo < 0:
                raise InputError("the interval is empty for some parameters", where=f"box.{name}", mend="write the smaller end first")
        for what, size in (("absolute", self.absolute), ("relative", self.relative)):
            if size.over(self.parameters).lo < 0:
                raise InputError(f"the {what} tolerance is negative for some parameters", where="tolerance", mend="give eps >= 0")


def _difference(high: Affine, low: Affine) -> dict[str, Fraction]:
    names = {*high.coefficients, *low.coefficients}
    return {name: high.coefficients.get(name, Fraction(0)) - low.coefficients.get(name, Fraction(0)) for name in names}
