"""What is asked: a function, a box, a tolerance, and how inputs arrive."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from suffice.encodings.expression import Expression
from suffice.errors import InputError


class InputModel(StrEnum):
    """`real`: every point of the box counts and is first rounded; `representable`: inputs are numbers of the input format."""

    REAL = "real"
    REPRESENTABLE = "representable"


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval with exact rational ends."""

    lo: Fraction
    hi: Fraction

    def __post_init__(self) -> None:
        if self.lo > self.hi:
            raise InputError(f"the interval [{self.lo}, {self.hi}] is empty", mend="write the smaller end first")


Box = dict[str, Interval]
"""One interval for each input, keyed by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The error allowed at x: absolute + relative * |f(x)|.

    `threshold` is what an error measure is compared with: the relative error |z - f|/|f| where `absolute` is 0 and `relative` is
    not, else the excess |z - f| - relative |f| (with `relative` 0: the absolute error).
    """

    absolute: Fraction
    relative: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.absolute < 0 or self.relative < 0:
            raise InputError("a tolerance is negative", mend="give eps >= 0")

    @property
    def is_relative(self) -> bool:
        """Whether the measure is the relative error."""
        return self.absolute == 0 and self.relative > 0

    @property
    def threshold(self) -> Fraction:
        """The largest value of the measure that is still within tolerance."""
        return self.relative if self.is_relative else self.absolute


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A question without formats. Hashable parts stay plain data; `name` and `description` are for people and prove nothing.

    Only those points of the box count at which every precondition (an expression that is true or false of the real inputs) is true.
    """

    expression: Expression
    box: Box
    tolerance: Tolerance | None
    inputs: InputModel = InputModel.REAL
    preconditions: tuple[Expression, ...] = ()
    name: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        for expression in (self.expression, *self.preconditions):
            for variable in expression.variables:
                if variable not in self.box:
                    raise InputError(f"the input {variable} has no interval", mend=f"add --var {variable}=LO:HI")
