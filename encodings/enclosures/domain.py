"""Is every operation defined on the whole closed box? Proved by subdivision, or refuted by a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

from flint import ctx

from suffice.encodings.enclosures.arb import WORKING_BITS, enclose_at, spans_of_box
from suffice.encodings.enclosures.conditions import is_branching
from suffice.encodings.enclosures.exact import written
from suffice.encodings.enclosures.guarded import check_guarded
from suffice.encodings.enclosures.requirements import (
    MEND,
    Condition,
    Requirement,
    UndefinedPointError,
    naming,
    refuted,
    requirements_of,
    text_of,
    violates,
)
from suffice.encodings.enclosures.search import Point, Search, Supremum, objective
from suffice.encodings.enclosures.spans import UndefinedError
from suffice.encodings.enclosures.tape import join
from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box
from suffice.errors import DomainError

BUDGET = 1000
"""Pieces of the box that are looked at for one operation."""

MOST_CORNERS = 64


def check_domain(expression: Expression, box: Box, preconditions: Sequence[Expression] = ()) -> None:
    """Proves that the expression is defined on the whole closed box, or at those of its points where the preconditions hold.

    Raises UndefinedPointError naming the operation and a point where it is not defined, inside the box rather than on its border; or
    DomainError naming two points between which its operand passes through the forbidden value (intermediate value theorem: what lies
    below is continuous), or saying that neither could be shown.
    """
    if preconditions or any(map(is_branching, expression.nodes)):
        check_guarded(expression, box, preconditions)
        return
    if _is_plainly_defined(expression, box):
        return
    at_border: UndefinedPointError | None = None
    for _, requirement in requirements_of(expression):
        try:
            if at_border is None:
                _prove(requirement, box)
            else:
                _look_inside(requirement, box)
        except UndefinedPointError as error:
            if _is_inside(error, box):
                raise
            at_border = at_border or error
    if at_border is not None:
        raise at_border


def _is_inside(error: UndefinedPointError, box: Box) -> bool:
    """Whether the point lies off the border of the box."""
    return all(box[name].lo < x < box[name].hi for name, x in error.point.items() if box[name].lo < box[name].hi)


def _look_inside(requirement: Requirement, box: Box) -> None:
    """Raises UndefinedPointError for a simple point that refutes the requirement; its operand need not be defined elsewhere."""
    for point in _probes({name: box[name] for name in requirement.quantity.variables}):
        try:
            value = enclose_at(requirement.quantity, point)
        except DomainError:
            continue
        if violates(requirement, value):
            raise refuted(requirement, point)


def _is_plainly_defined(expression: Expression, box: Box) -> bool:
    with ctx.workprec(WORKING_BITS):
        try:
            join([expression]).evaluate(spans_of_box(box))
        except UndefinedError:
            return False
    return True


def _prove(requirement: Requirement, box: Box) -> None:
    box = {name: box[name] for name in requirement.quantity.variables}
    signs = _Signs(requirement)
    for point in _probes(box):
        signs.look_at(point)
    strict = requirement.strict

    def is_proved(known: Supremum) -> bool:
        """Minus the quantity stays below zero (or at most zero)."""
        return known.upper is not None and (known.upper < 0 or (known.upper == 0 and not strict))

    def is_settled(known: Supremum) -> bool:
        return is_proved(known) or (known.lower is not None and (known.lower > 0 or (known.lower == 0 and strict)))

    prove_negative = requirement.condition is Condition.NONZERO and signs.negative is not None
    search = Search(objective(requirement.quantity), box, flipped=not prove_negative, exact=True)
    known = search.run(BUDGET, is_settled)
    if is_proved(known):
        return
    if known.point is not None:
        signs.look_at(known.point)
        signs.look_at(_simplified(known.point, box))
    raise DomainError(f"{naming(requirement)} could not be shown to be defined on the whole box", mend=MEND)


@dataclass(slots=True)
class _Signs:
    """Points where the quantity is surely negative or positive; raises DomainError as soon as they refute the requirement."""

    requirement: Requirement
    negative: Point | None = None
    positive: Point | None = None

    def look_at(self, point: Point) -> None:
        value, condition = enclose_at(self.requirement.quantity, point), self.requirement.condition
        if value.hi < 0:
            self.negative = self.negative or point
        elif value.lo > 0:
            self.positive = self.positive or point
        if violates(self.requirement, value):
            raise refuted(self.requirement, point)
        if condition is Condition.NONZERO and self.negative is not None and self.positive is not None:
            raise _changes_sign(self.requirement, self.negative, self.positive)


def _probes(box: Box) -> Iterator[Point]:
    """Zero, the corners and the centre of the box."""
    yield {name: min(max(Fraction(0), side.lo), side.hi) for name, side in box.items()}
    for corner in islice(product(*((side.lo, side.hi) for side in box.values())), MOST_CORNERS):
        yield dict(zip(box, corner, strict=True))
    yield {name: (side.lo + side.hi) / 2 for name, side in box.items()}


def _simplified(point: Point, box: Box) -> Point:
    """A nearby point of the box with short coordinates, which may hit a zero exactly."""
    short = {name: value.limit_denominator(64) for name, value in point.items()}
    return {name: min(max(value, box[name].lo), box[name].hi) for name, value in short.items()}


def _changes_sign(requirement: Requirement, first: Point, second: Point) -> DomainError:
    low, high = sorted((first, second), key=lambda point: sorted(point.items()))
    if requirement.operation == Op.DIV:
        what = f"the divisor {text_of(requirement.operand)} changes sign"
    else:
        what = f"{requirement.operation} has a pole: {text_of(requirement.quantity)} changes sign"
    return DomainError(f"{what} between {written(low)} and {written(high)}", mend=MEND)
