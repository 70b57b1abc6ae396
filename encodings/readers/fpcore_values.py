"""What the terms of an FPCore stand for: numbers, truths and tensors; and how truths that are known fold away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.errors import InputError
from suffice.hardware_specs.format import EXACT, Format


@dataclass(frozen=True, slots=True)
class Number:
    """A position in the DAG; `integer` where the value is known to be that integer, whatever the inputs are."""

    position: int
    integer: int | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """A position in the DAG, or a truth that is known."""

    position: int | None
    known: bool | None = None


Value = Number | Truth | tuple["Value", ...]
"""A tensor is the tuple of its parts."""

TRUE, FALSE = Truth(None, known=True), Truth(None, known=False)

_COMPARISONS = {"<": Op.LT, "<=": Op.LE, ">": Op.LT, ">=": Op.LE, "==": Op.EQ}
COMPARISONS = (*_COMPARISONS, "!=")


def numbers(values: Sequence[Value]) -> list[Number]:
    """The values, if all are numbers. Raises InputError."""
    result = [value for value in values if isinstance(value, Number)]
    if len(result) < len(values):
        raise InputError("a truth or a tensor stands where a number is needed", mend="give numbers")
    return result


def truths(values: Sequence[Value]) -> list[Truth]:
    """The values, if all are truths. Raises InputError."""
    result = [value for value in values if isinstance(value, Truth)]
    if len(result) < len(values):
        raise InputError("a number or a tensor stands where a truth is needed", mend="compare it, as in (< x 0)")
    return result


def shape(value: Value, known: dict[int, tuple[int, ...]] | None = None) -> tuple[int, ...]:
    """The dimensions of a tensor, none of a number or a truth; `known` are those of parts already seen.

    Raises InputError for a ragged one.
    """
    if not isinstance(value, tuple):
        return ()
    known = {} if known is None else known
    for part in value:
        if id(part) not in known:
            known[id(part)] = shape(part, known)
    parts = {known[id(part)] for part in value}
    if len(parts) != 1:
        raise InputError("the parts of an array differ in their dimensions", mend="make them alike")
    return (len(value), *parts.pop())


def compare(build: ExpressionBuilder, relation: str, operands: Sequence[Number]) -> Truth:
    """`(< a b c)`: each against the next; `(!= a b c)`: each against each."""
    if relation == "!=":
        return conjunction(build, [negation(build, _compared(build, Op.EQ, a, b)) for a, b in combinations(operands, 2)])
    ordered = operands if relation[0] != ">" else operands[::-1]
    return conjunction(build, [_compared(build, _COMPARISONS[relation], a, b) for a, b in pairwise(ordered)])


def _compared(build: ExpressionBuilder, op: Op, a: Number, b: Number) -> Truth:
    if a.integer is None or b.integer is None:
        return Truth(build.apply(op, a.position, b.position))
    known = {Op.LT: a.integer < b.integer, Op.LE: a.integer <= b.integer, Op.EQ: a.integer == b.integer}
    return TRUE if known[op] else FALSE


def conjunction(build: ExpressionBuilder, parts: Sequence[Truth]) -> Truth:
    """All of them."""
    return _joined(build, Op.AND, parts, neutral=True)


def disjunction(build: ExpressionBuilder, parts: Sequence[Truth]) -> Truth:
    """One of them or more."""
    return _joined(build, Op.OR, parts, neutral=False)


def _joined(build: ExpressionBuilder, op: Op, parts: Sequence[Truth], *, neutral: bool) -> Truth:
    if any(part.known is (not neutral) for part in parts):
        return FALSE if neutral else TRUE
    positions = [part.position for part in parts if part.position is not None]
    if not positions:
        return TRUE if neutral else FALSE
    result = positions[0]
    for position in positions[1:]:
        result = build.apply(op, result, position)
    return Truth(result)


def negation(build: ExpressionBuilder, truth: Truth) -> Truth:
    """The opposite."""
    if truth.position is None:
        return FALSE if truth.known else TRUE
    return Truth(build.apply(Op.NOT, truth.position))


def select(build: ExpressionBuilder, condition: Truth, yes: Value, no: Value) -> Value:
    """`if`: a value that is known to be taken stands for itself; tensors are chosen from part by part. Raises InputError.

    FPCore's `if` rounds nothing: where a branch was computed in another format than the builder's, the node is exact.
    """
    if condition.position is None:
        return yes if condition.known else no
    match yes, no:
        case Number(), Number():
            kept = build.format
            build.format = _format_of_choice(build, yes, no)
            position = build.apply(Op.IF, condition.position, yes.position, no.position)
            build.format = kept
            return yes if yes == no else Number(position)
        case Truth(), Truth():
            chosen = conjunction(build, [condition, yes])
            otherwise = conjunction(build, [negation(build, condition), no])
            return disjunction(build, [chosen, otherwise])
        case tuple(), tuple() if len(yes) == len(no):
            return tuple(select(build, condition, a, b) for a, b in zip(yes, no, strict=True))
    raise InputError("the branches of if are of different kinds", mend="make both a number, a truth, or tensors of one shape")


def _format_of_choice(build: ExpressionBuilder, yes: Number, no: Number) -> Format | None:
    formats = {build.node(value.position).format for value in (yes, no)}
    return build.format if formats == {build.format} else EXACT
