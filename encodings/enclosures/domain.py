"""Is every operation defined on the whole closed box? Proved by subdivision, or refuted by a point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import islice, product

from flint import ctx

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import WORKING_BITS, enclose_at, spans_of_box
from suffice.encodings.enclosures.exact import readable, written
from suffice.encodings.enclosures.search import Point, Search, Supremum, objective
from suffice.encodings.enclosures.spans import UndefinedError
from suffice.encodings.enclosures.tape import join
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box
from suffice.errors import DomainError

BUDGET = 1000
"""Pieces of the box that are looked at for one operation."""

MOST_CORNERS = 64

MEND = "shrink the box, or rewrite the formula"


class Condition(Enum):
    """What an operation demands of a quantity."""

    NONZERO = "nonzero"
    POSITIVE = "positive"
    NONNEGATIVE = "not negative"


@dataclass(frozen=True, slots=True)
class Requirement:
    """`quantity` must satisfy the condition on the whole box, or `operation` is not defined on `operand`."""

    operation: str
    operand: Expression
    quantity: Expression
    condition: Condition


def check_domain(expression: Expression, box: Box) -> None:
    """Proves that the expression is defined on the whole closed box.

    Raises DomainError naming the operation and a point where it is not defined, two points between which its operand passes through the
    forbidden value (intermediate value theorem: what lies below is continuous), or saying that neither could be shown.
    """
    if _is_plainly_defined(expression, box):
        return
    for requirement in _requirements(expression):
        _prove(requirement, box)


def _is_plainly_defined(expression: Expression, box: Box) -> bool:
    with ctx.workprec(WORKING_BITS):
        try:
            join([expression]).evaluate(spans_of_box(box))
        except UndefinedError:
            return False
    return True


def _requirements(expression: Expression) -> Iterator[Requirement]:
    """In topological order: when a requirement is reached, those of its operand have been proved."""
    algebra = Algebra()
    positions = algebra.include(expression)
    one = algebra.constant(1)
    for node in expression.nodes:
        if not node.args:
            continue
        operand = positions[node.args[-1]]
        for quantity, condition in _demands(algebra, node, operand, one):
            yield Requirement(node.op.value, algebra.build(operand), algebra.build(quantity), condition)


def _demands(algebra: Algebra, node: Node, operand: int, one: int) -> list[tuple[int, Condition]]:
    match node.op:
        case Op.DIV:
            return [(operand, Condition.NONZERO)]
        case Op.POW if isinstance(node.payload, int) and node.payload < 0:
            return [(operand, Condition.NONZERO)]
        case Op.TAN:
            return [(algebra.apply(Op.COS, operand), Condition.NONZERO)]
        case Op.LOG:
            return [(operand, Condition.POSITIVE)]
        case Op.LOG1P:
            return [(algebra.add(one, operand), Condition.POSITIVE)]
        case Op.SQRT:
            return [(operand, Condition.NONNEGATIVE)]
        case Op.ASIN | Op.ACOS:
            above, below = algebra.add(one, operand), algebra.add(one, algebra.negate(operand))
            return [(above, Condition.NONNEGATIVE), (below, Condition.NONNEGATIVE)]
    return []


def _prove(requirement: Requirement, box: Box) -> None:
    box = {name: box[name] for name in requirement.quantity.variables}
    signs = _Signs(requirement)
    for point in _probes(box):
        signs.look_at(point)
    strict = requirement.condition is not Condition.NONNEGATIVE

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
    raise DomainError(f"{_naming(requirement)} could not be shown to be defined on the whole box", mend=MEND)


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
        is_zero = value.lo == value.hi == 0
        if (is_zero and condition is not Condition.NONNEGATIVE) or (value.hi < 0 and condition is not Condition.NONZERO):
            raise _refuted(self.requirement, point)
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


def _refuted(requirement: Requirement, point: Point) -> DomainError:
    if requirement.condition is Condition.NONZERO and requirement.operation == Op.DIV:
        what = f"the divisor {_text(requirement.operand)} is zero"
    else:
        everywhere = {name: point.get(name, Fraction(0)) for name in requirement.operand.variables}
        value = readable(enclose_at(requirement.operand, everywhere).lo)
        what = f"{requirement.operation} is not defined: its operand {_text(requirement.operand)} is {value}"
    return DomainError(f"{what} at {written(point) or 'every input'}", mend=MEND)


def _changes_sign(requirement: Requirement, first: Point, second: Point) -> DomainError:
    low, high = sorted((first, second), key=lambda point: sorted(point.items()))
    if requirement.operation == Op.DIV:
        what = f"the divisor {_text(requirement.operand)} changes sign"
    else:
        what = f"{requirement.operation} has a pole: {_text(requirement.quantity)} changes sign"
    return DomainError(f"{what} between {written(low)} and {written(high)}", mend=MEND)


def _naming(requirement: Requirement) -> str:
    if requirement.operation == Op.DIV:
        return f"the division by {_text(requirement.operand)}"
    return f"{requirement.operation} of {_text(requirement.operand)}"


def _text(expression: Expression) -> str:
    from suffice.encodings.writers.text import to_text

    return to_text(expression)
