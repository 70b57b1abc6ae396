"""Deciding the branches of abs, min, max and if where one of them holds on a whole box."""

from __future__ import annotations

from collections.abc import Sequence

from flint import ctx

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import WORKING_BITS, spans_of_box
from suffice.encodings.enclosures.conditions import EmptyError, is_false, is_true
from suffice.encodings.enclosures.spans import Span, UndefinedError, subtract
from suffice.encodings.enclosures.tape import join
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box
from suffice.errors import SufficeError

KINKED = (Op.ABS, Op.MIN, Op.MAX)

_BRANCHED = (*KINKED, Op.IF)


class NotSmoothError(SufficeError):
    """A branch of abs, min or max is not the same on the whole box."""


def smooth_on(expression: Expression, box: Box | None) -> Expression:
    """The same function on the box, without abs, min, max and if; raises NotSmoothError where a branch is not constant."""
    decided = expression if box is None else decide_branches(expression, box)
    for node in decided.nodes:
        if node.op in _BRANCHED:
            raise NotSmoothError(f"the branch of {node.op} is not constant on the box", mend="split the box at the kink")
    return decided


def has_choice(expression: Expression) -> bool:
    """Whether the expression has an `if`."""
    return any(node.op is Op.IF for node in expression.nodes)


def decide_branches(expression: Expression, box: Box, preconditions: Sequence[Expression] = ()) -> Expression:
    """The same function where the preconditions hold on the box, with abs, min, max and if replaced by the branch that holds throughout.

    |u| is u where u >= 0 on the box, so a kink at the border of the box is none. The domain must have been checked.
    """
    if not any(node.op in _BRANCHED for node in expression.nodes):
        return expression
    with ctx.workprec(WORKING_BITS):
        try:
            tape = join([expression], defined=True, assuming=preconditions)
            values = tape.evaluate(spans_of_box(box))
        except (UndefinedError, EmptyError):
            return expression
        spans = [values[place] for place in tape.places[0]]
        algebra = Algebra()
        positions: list[int] = []
        for node in expression.nodes:
            branch = _branch(node, spans, positions, algebra)
            positions.append(algebra.copy(node, positions) if branch is None else branch)
    return algebra.build(positions[-1])


def _branch(node: Node, spans: Sequence[Span | None], positions: list[int], algebra: Algebra) -> int | None:
    if node.op is Op.IF:
        condition, yes, no = node.args
        return positions[yes] if is_true(spans[condition]) else positions[no] if is_false(spans[condition]) else None
    if node.op not in KINKED:
        return None
    first, second = node.args[0], node.args[-1]
    left, right = spans[first], spans[second]
    if left is None or right is None:
        return None
    difference = left if node.op is Op.ABS else subtract(left, right)
    if difference[0] < 0 < difference[1]:
        return None
    first_is_larger = difference[0] >= 0
    if node.op is Op.ABS:
        return positions[first] if first_is_larger else algebra.negate(positions[first])
    return positions[first] if first_is_larger is (node.op is Op.MAX) else positions[second]
