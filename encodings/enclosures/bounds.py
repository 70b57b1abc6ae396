"""Bounds on value, slope and curvature over a box: each enclosed by an attained point and a cover of the box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import enclose_at
from suffice.encodings.enclosures.derivatives import gradient, zero_expression
from suffice.encodings.enclosures.domain import check_domain
from suffice.encodings.enclosures.extrema import POINT_BITS, UNKNOWN, Attained, SlopeBounds, magnitude, search_both
from suffice.encodings.enclosures.kinks import decide_branches, has_choice
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval
from suffice.errors import DomainError

BUDGET = 500
"""Pieces of the box that one search looks at."""

CurvatureBounds = SlopeBounds
"""Bounds on half the second derivative along one input: the curvature convention of THEORY section 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeBounds:
    """The values on the box lie in `outside`; those at `lowest` and `highest` are attained.

    `connected`: the function is continuous on the whole box, so that every value between is attained too.
    """

    outside: Interval
    lowest: Attained
    highest: Attained
    connected: bool = True

    @property
    def inside(self) -> Interval | None:
        """Values that are surely all attained; None if the two points may have the same value, or a jump may lie between."""
        if not self.connected:
            return None
        lo, hi = self.lowest.value.hi, self.highest.value.lo
        return Interval(lo, hi) if lo <= hi else None


def range_bounds(expression: Expression, box: Box, budget: int = BUDGET, preconditions: Sequence[Expression] = ()) -> RangeBounds:
    """The range of the expression where the preconditions hold; raises DomainError where it is not defined, or could not be bounded."""
    check_domain(expression, box, preconditions)
    decided = decide_branches(expression, box, preconditions)
    below, above = search_both(decided, box, budget, preconditions=preconditions)
    if preconditions and (below.point is None or above.point is None):
        raise DomainError("no point of the box was found that satisfies the preconditions", mend="widen them")
    if below.point is None or above.point is None or below.upper is None or above.upper is None:
        raise DomainError("the values on the box could not be bounded", mend="shrink the box")
    return RangeBounds(
        outside=Interval(-below.upper, above.upper),
        lowest=Attained(below.point, enclose_at(expression, below.point, POINT_BITS)),
        highest=Attained(above.point, enclose_at(expression, above.point, POINT_BITS)),
        connected=not preconditions and not has_choice(decided),
    )


def slope_bounds(
    expression: Expression, box: Box, budget: int = BUDGET, preconditions: Sequence[Expression] = ()
) -> dict[str, SlopeBounds]:
    """Bounds on the partial derivative by each input where the preconditions hold; raises DomainError.

    A branch that is not the same on the whole box leaves nothing known.
    """
    check_domain(expression, box, preconditions)
    decided = decide_branches(expression, box, preconditions)
    if has_choice(decided):
        return dict.fromkeys(expression.variables, UNKNOWN)
    slopes, zero = gradient(decided), zero_expression()
    return {
        name: magnitude(slopes.get(name, zero), box, budget, kinks=True, guards=(decided,), preconditions=preconditions)
        for name in expression.variables
    }


def curvature_bounds(
    expression: Expression, box: Box, budget: int = BUDGET, preconditions: Sequence[Expression] = ()
) -> dict[str, CurvatureBounds]:
    """Bounds on half the second derivative along each input where the preconditions hold; raises DomainError.

    A kink inside the box, or a branch that is not the same on all of it, leaves nothing known.
    """
    check_domain(expression, box, preconditions)
    decided = decide_branches(expression, box, preconditions)
    if has_choice(decided):
        return dict.fromkeys(expression.variables, UNKNOWN)
    slopes, zero = gradient(decided), zero_expression()
    guards = tuple(slopes.values())
    return {
        name: magnitude(half(gradient(slopes.get(name, zero)).get(name, zero)), box, budget, guards=guards, preconditions=preconditions)
        for name in expression.variables
    }


def half(expression: Expression) -> Expression:
    """The expression divided by two."""
    algebra = Algebra()
    return algebra.build(algebra.divide(algebra.include(expression)[-1], algebra.constant(2)))
