"""What an operation demands of its operands, and the errors of operands that do not meet it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import enclose_at
from suffice.encodings.enclosures.exact import readable, written
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval
from suffice.errors import DomainError

MEND = "shrink the box, or rewrite the formula"


class UndefinedPointError(DomainError):
    """The function is not defined at `point`, which gives the inputs that matter."""

    def __init__(self, what: str, point: Mapping[str, Fraction]) -> None:
        super().__init__(what, mend=MEND)
        self.point = dict(point)


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

    @property
    def strict(self) -> bool:
        """Whether zero is forbidden."""
        return self.condition is not Condition.NONNEGATIVE

    @property
    def either_sign(self) -> bool:
        """Whether negative values are allowed."""
        return self.condition is Condition.NONZERO


def requirements_of(expression: Expression) -> Iterator[tuple[int, Requirement]]:
    """With the positions of the operations, in topological order: when a requirement is reached, those of its operand have been proved."""
    algebra = Algebra()
    positions = algebra.include(expression)
    one = algebra.constant(1)
    for index, node in enumerate(expression.nodes):
        if not node.args:
            continue
        operand = positions[node.args[0 if node.op is Op.POWR else -1]]
        for quantity, condition in _demands(algebra, node, [positions[a] for a in node.args], operand, one):
            yield index, Requirement(node.op.value, algebra.build(operand), algebra.build(quantity), condition)


def _demands(algebra: Algebra, node: Node, args: list[int], operand: int, one: int) -> list[tuple[int, Condition]]:
    match node.op:
        case Op.DIV:
            return [(operand, Condition.NONZERO)]
        case Op.POW if isinstance(node.payload, int) and node.payload < 0:
            return [(operand, Condition.NONZERO)]
        case Op.TAN:
            return [(algebra.apply(Op.COS, operand), Condition.NONZERO)]
        case Op.LOG | Op.LOG2 | Op.LOG10 | Op.POWR:
            return [(operand, Condition.POSITIVE)]
        case Op.LOG1P:
            return [(algebra.add(one, operand), Condition.POSITIVE)]
        case Op.SQRT:
            return [(operand, Condition.NONNEGATIVE)]
        case Op.ASIN | Op.ACOS:
            above, below = algebra.add(one, operand), algebra.add(one, algebra.negate(operand))
            return [(above, Condition.NONNEGATIVE), (below, Condition.NONNEGATIVE)]
        case Op.ATANH:
            above, below = algebra.add(one, operand), algebra.add(one, algebra.negate(operand))
            return [(above, Condition.POSITIVE), (below, Condition.POSITIVE)]
        case Op.ACOSH:
            return [(algebra.subtract(operand, one), Condition.NONNEGATIVE)]
        case Op.ATAN2:  # x + hypot(x, y) is zero on the cut y = 0 >= x, and positive elsewhere
            return [(algebra.add(args[1], algebra.apply(Op.HYPOT, *args)), Condition.POSITIVE)]
    return []


def violates(requirement: Requirement, value: Interval) -> bool:
    """Whether a quantity in this interval surely breaks the requirement."""
    if value.lo == value.hi == 0:
        return requirement.strict
    return value.hi < 0 and not requirement.either_sign


def refuted(requirement: Requirement, point: Mapping[str, Fraction]) -> UndefinedPointError:
    """The error of an operation that is not defined at a point."""
    if requirement.condition is Condition.NONZERO and requirement.operation == Op.DIV:
        what = f"the divisor {text_of(requirement.operand)} is zero"
    else:
        everywhere = {name: point.get(name, Fraction(0)) for name in requirement.operand.variables}
        value = readable(enclose_at(requirement.operand, everywhere).lo)
        what = f"{requirement.operation} is not defined: its operand {text_of(requirement.operand)} is {value}"
    return UndefinedPointError(f"{what} at {written(point) or 'every input'}", point)


def naming(requirement: Requirement) -> str:
    """The operation and its operand, for messages."""
    if requirement.operation == Op.DIV:
        return f"the division by {text_of(requirement.operand)}"
    return f"{requirement.operation} of {text_of(requirement.operand)}"


def text_of(expression: Expression) -> str:
    """The formula, for messages."""
    from suffice.encodings.writers.text import to_short_text

    return to_short_text(expression)
