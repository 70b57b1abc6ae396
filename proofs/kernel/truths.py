"""Truths over a box: true, false or not decided; and what stands where an operation may not be defined."""

from __future__ import annotations

from collections.abc import Sequence

from .question import Node

Interval = tuple[int, int]
"""The ends of an interval of numbers in fixed point, or of truths, 0 false and 1 true."""

FALSE: Interval = (0, 0)
TRUE: Interval = (1, 1)
OPEN: Interval = (0, 1)
"""False at some points perhaps, true at others."""

UNDEFINED: Interval = (1, 0)
"""Stands where an operation may not be defined: an empty interval that nothing computes with."""


def decide(op: str, args: Sequence[Interval]) -> Interval:
    """A logical operation on intervals of numbers, or on truths.

    `and` and `or` are decided by one operand that suffices, even where the other is undefined.
    """
    if op == "and" and FALSE in args:
        return FALSE
    if op == "or" and TRUE in args:
        return TRUE
    if UNDEFINED in args:
        return UNDEFINED
    a = args[0]
    match op:
        case "not":
            return 1 - a[1], 1 - a[0]
        case "and":
            return min(a[0], args[1][0]), min(a[1], args[1][1])
        case "or":
            return max(a[0], args[1][0]), max(a[1], args[1][1])
    b = args[1]
    match op:
        case "lt":
            return _truth(never=a[0] >= b[1], always=a[1] < b[0])
        case "le":
            return _truth(never=a[0] > b[1], always=a[1] <= b[0])
        case "eq":
            return _truth(never=a[0] > b[1] or a[1] < b[0], always=a[0] == a[1] == b[0] == b[1])
    raise AssertionError(op)


def _truth(*, never: bool, always: bool) -> Interval:
    return FALSE if never else TRUE if always else OPEN


def used_operands(node: Node, values: Sequence[Interval]) -> tuple[int, ...]:
    """The operands that a node's value depends on: of an `if`, the condition and the branches that it may take."""
    if node.op != "if":
        return node.args
    condition, first, second = node.args
    truth = values[condition]
    if truth == UNDEFINED:
        return (condition,)
    return (condition, *([first] if truth[1] else []), *([second] if not truth[0] else []))


def union(a: Interval, b: Interval) -> Interval:
    """The hull of two intervals."""
    return min(a[0], b[0]), max(a[1], b[1])


def distance(a: Interval, b: Interval) -> int:
    """The largest |x - y| with x in a and y in b."""
    return max(a[1] - b[0], b[1] - a[0])
