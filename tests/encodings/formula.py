"""Formulas written with Python's operators, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, Interval

Number = Fraction | int | str


@dataclass(frozen=True)
class Formula:
    """A position in a builder."""

    builder: ExpressionBuilder
    position: int

    def _lift(self, other: Formula | Number) -> Formula:
        if isinstance(other, Formula):
            return other
        return Formula(self.builder, self.builder.constant(Fraction(other)))

    def call(self, name: str, *others: Formula | Number) -> Formula:
        """An operation by its name, e.g. x.call("exp")."""
        args = [self.position, *(self._lift(other).position for other in others)]
        return Formula(self.builder, self.builder.apply(Op(name), *args))

    def __add__(self, other: Formula | Number) -> Formula:
        return self.call("add", other)

    def __radd__(self, other: Number) -> Formula:
        return self._lift(other).call("add", self)

    def __sub__(self, other: Formula | Number) -> Formula:
        return self.call("sub", other)

    def __rsub__(self, other: Number) -> Formula:
        return self._lift(other).call("sub", self)

    def __mul__(self, other: Formula | Number) -> Formula:
        return self.call("mul", other)

    def __rmul__(self, other: Number) -> Formula:
        return self._lift(other).call("mul", self)

    def __truediv__(self, other: Formula | Number) -> Formula:
        return self.call("div", other)

    def __rtruediv__(self, other: Number) -> Formula:
        return self._lift(other).call("div", self)

    def __neg__(self) -> Formula:
        return self.call("neg")

    def __abs__(self) -> Formula:
        return self.call("abs")

    def __pow__(self, exponent: int) -> Formula:
        return Formula(self.builder, self.builder.power(self.position, exponent))

    def done(self) -> Expression:
        """The expression."""
        return self.builder.build(self.position)


def inputs(names: str) -> list[Formula]:
    """One formula for each name, in one builder."""
    builder = ExpressionBuilder()
    return [Formula(builder, builder.variable(name)) for name in names.split()]


def box(**sides: tuple[Number, Number]) -> Box:
    """A box, its ends read exactly."""
    return {name: Interval(Fraction(lo), Fraction(hi)) for name, (lo, hi) in sides.items()}
