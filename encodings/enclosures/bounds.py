"""Bounds on value, slope and curvature over a box: each enclosed by an attained point and a cover of the box."""

from __future__ import annotations

from dataclasses import dataclass

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import enclose_at
from suffice.encodings.enclosures.derivatives import gradient, zero_expression
from suffice.encodings.enclosures.domain import check_domain
from suffice.encodings.enclosures.extrema import POINT_BITS, Attained, SlopeBounds, magnitude, search_both
from suffice.encodings.enclosures.kinks import decide_branches
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval
from suffice.errors import DomainError

BUDGET = 500
"""Pieces of the box that one search looks at."""

CurvatureBounds = SlopeBounds
"""Bounds on half the second derivative along one input: the curvature convention of THEORY section 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeBounds:
    """The values on the box lie in `outside`; those at `lowest` and `highest` are attained."""

    outside: Interval
    lowest: Attained
    highest: Attained

    @property
    def inside(self) -> Interval | None:
        """Values that are surely all attained (the function is continuous); None if the two points may have the same value."""
        lo, hi = self.lowest.value.hi, self.highest.value.lo
        return Interval(lo, hi) if lo <= hi else None


def range_bounds(expression: Expression, box: Box, budget: int = BUDGET) -> RangeBounds:
    """The range of the expression on the box; raises DomainError where it is not defined, or could not be bounded."""
    check_domain(expression, box)
    below, above = search_both(decide_branches(expression, box), box, budget)
    if below.point is None or above.point is None or below.upper is None or above.upper is None:
        raise DomainError("the values on the box could not be bounded", mend="shrink the box")
    return RangeBounds(
        outside=Interval(-below.upper, above.upper),
        lowest=Attained(below.point, enclose_at(expression, below.point, POINT_BITS)),
        highest=Attained(above.point, enclose_at(expression, above.point, POINT_BITS)),
    )


def slope_bounds(expression: Expression, box: Box, budget: int = BUDGET) -> dict[str, SlopeBounds]:
    """Bounds on the partial derivative by each input; raises DomainError."""
    check_domain(expression, box)
    decided = decide_branches(expression, box)
    slopes, zero = gradient(decided), zero_expression()
    return {name: magnitude(slopes.get(name, zero), box, budget, kinks=True, guards=(decided,)) for name in expression.variables}


def curvature_bounds(expression: Expression, box: Box, budget: int = BUDGET) -> dict[str, CurvatureBounds]:
    """Bounds on half the second derivative along each input; raises DomainError. A kink inside the box leaves nothing known."""
    check_domain(expression, box)
    slopes, zero = gradient(decide_branches(expression, box)), zero_expression()
    guards = tuple(slopes.values())
    return {
        name: magnitude(half(gradient(slopes.get(name, zero)).get(name, zero)), box, budget, guards=guards) for name in expression.variables
    }


def half(expression: Expression) -> Expression:
    """The expression divided by two."""
    algebra = Algebra()
    return algebra.build(algebra.divide(algebra.include(expression)[-1], algebra.constant(2)))
