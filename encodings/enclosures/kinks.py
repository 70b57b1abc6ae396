"""Deciding the branches of abs, min and max where one of them holds on a whole box."""

from __future__ import annotations

from flint import ctx

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import WORKING_BITS, spans_of_box
from suffice.encodings.enclosures.spans import Span, UndefinedError, subtract
from suffice.encodings.enclosures.tape import join
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box
from suffice.errors import SufficeError

KINKED = (Op.ABS, Op.MIN, Op.MAX)


class NotSmoothError(SufficeError):
    """A branch of abs, min or max is not the same on the whole box."""


def smooth_on(expression: Expression, box: Box | None) -> Expression:
    """The same function on the box, without abs, min and max; raises NotSmoothError where a branch is not constant."""
    decided = expression if box is None else decide_branches(expression, box)
    for node in decided.nodes:
        if node.op in KINKED:
            raise NotSmoothError(f"the branch of {node.op} is not constant on the box", mend="split the box at the kink")
    return decided


def decide_branches(expression: Expression, box: Box) -> Expression:
    """The same function on the box, with abs, min and max replaced by the branch that holds where one holds throughout.

    |u| is u where u >= 0 on the box, so a kink at the border of the box is none. The domain must have been checked.
    """
    if not any(node.op in KINKED for node in expression.nodes):
        return expression
    with ctx.workprec(WORKING_BITS):
        try:
            spans = join([expression], defined=True).evaluate(spans_of_box(box))
        except UndefinedError:
            return expression
        algebra = Algebra()
        positions: list[int] = []
        for node in expression.nodes:
            branch = _branch(node, spans, positions, algebra)
            positions.append(algebra.copy(node, positions) if branch is None else branch)
    return algebra.build(positions[-1])


def _branch(node: Node, spans: list[Span], positions: list[int], algebra: Algebra) -> int | None:
    if node.op not in KINKED:
        return None
    first, second = node.args[0], node.args[-1]
    difference = spans[first] if node.op is Op.ABS else subtract(spans[first], spans[second])
    if difference[0] < 0 < difference[1]:
        return None
    first_is_larger = difference[0] >= 0
    if node.op is Op.ABS:
        return positions[first] if first_is_larger else algebra.negate(positions[first])
    return positions[first] if first_is_larger is (node.op is Op.MAX) else positions[second]
