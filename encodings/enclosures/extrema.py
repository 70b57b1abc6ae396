"""Infimum and supremum of an expression on a box, and of its absolute value, each bounded from both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.enclosures.arb import enclose_at
from suffice.encodings.enclosures.kinks import KINKED
from suffice.encodings.enclosures.search import Point, Search, Supremum, objective
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval
from suffice.errors import DomainError

WORK = 30_000
"""Nodes that one search evaluates at most, roughly: long expressions get fewer pieces."""

FEWEST_PIECES = 60

LEAST_WORK = 300_000
"""Nodes that the fewest pieces may take together: very long expressions get a single one."""


POINT_BITS = 80
"""Relative accuracy of the values at attained points."""


@dataclass(frozen=True, slots=True)
class Attained:
    """A point of the box and an enclosure of the value there."""

    point: Point
    value: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremum:
    """lower <= an infimum or supremum <= upper (None: no upper bound was found). `point` attains what one of the two says."""

    lower: Fraction
    upper: Fraction | None
    point: Point | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeBounds:
    """Bounds on d, the partial derivative by one input (for curvature: half the second one), over the box.

    `signed` holds every value of d; None where d was not shown to exist and be bounded everywhere: then only `peak.lower` says something.
    `floor` and `peak` are the infimum and supremum of |d|. Slopes of functions with kinks are generalised derivatives:
    |f(b) - f(a)| >= floor |b - a| along the input all the same (Lebourg's mean value theorem), but f is not differentiable everywhere
    unless `smooth`.
    """

    signed: Interval | None
    floor: Extremum
    peak: Extremum
    smooth: bool


UNKNOWN = SlopeBounds(
    signed=None,
    floor=Extremum(lower=Fraction(0), upper=None, point=None),
    peak=Extremum(lower=Fraction(0), upper=None, point=None),
    smooth=False,
)
"""Nothing is known: a choice of branches, say, may jump."""


def search_both(
    expression: Expression,
    box: Box,
    budget: int,
    *,
    kinks: bool = False,
    guards: Sequence[Expression] = (),
    preconditions: Sequence[Expression] = (),
) -> tuple[Supremum, Supremum]:
    """The suprema of minus the expression and of the expression (see search.objective)."""
    target = objective(expression, kinks=kinks, guards=guards, preconditions=preconditions)
    nodes = len((target.with_slopes or target.value).nodes)
    pieces = max(min(FEWEST_PIECES, LEAST_WORK // nodes), min(budget, WORK // nodes), 1)
    return Search(target, box, flipped=True).run(pieces), Search(target, box).run(pieces)


def magnitude(
    expression: Expression,
    box: Box,
    budget: int,
    *,
    kinks: bool = False,
    guards: Sequence[Expression] = (),
    preconditions: Sequence[Expression] = (),
) -> SlopeBounds:
    """Bounds on the absolute value of a derivative where the preconditions hold."""
    below, above = search_both(expression, box, budget, kinks=kinks, guards=guards, preconditions=preconditions)
    at_points = [attained for s in (below, above) if s.point is not None and (attained := attained_at(expression, s.point))]
    largest = max(at_points, key=lambda a: _size(a.value).lo, default=None)
    peak_lower, peak_point = (Fraction(0), None) if largest is None else (_size(largest.value).lo, largest.point)
    if below.upper is None or above.upper is None:
        return replace(UNKNOWN, peak=Extremum(lower=peak_lower, upper=None, point=peak_point))
    signed = Interval(-below.upper, above.upper)
    smooth = not kinks or not any(node.op in KINKED for part in (expression, *guards) for node in part.nodes)
    return SlopeBounds(
        signed=signed,
        floor=_floor(signed, at_points, smooth=smooth and not preconditions),
        peak=Extremum(lower=peak_lower, upper=_size(signed).hi, point=peak_point),
        smooth=smooth,
    )


def attained_at(expression: Expression, point: Point) -> Attained | None:
    """The value at a point, to POINT_BITS; None where it cannot be computed."""
    try:
        return Attained(point, enclose_at(expression, point, POINT_BITS))
    except DomainError:
        return None


def _size(value: Interval) -> Interval:
    """The range of |v| for v in the interval."""
    low, high = sorted((abs(value.lo), abs(value.hi)))
    return Interval(Fraction(0) if value.lo <= 0 <= value.hi else low, high)


def _floor(signed: Interval, at_points: Sequence[Attained], *, smooth: bool) -> Extremum:
    """The infimum of |d| for values d in `signed` of which some are attained; zero is one of them if d is continuous and changes sign."""
    if smooth and any(a.value.lo >= 0 for a in at_points) and any(a.value.hi <= 0 for a in at_points):
        return Extremum(lower=Fraction(0), upper=Fraction(0), point=None)
    least = min(at_points, key=lambda a: _size(a.value).hi, default=None)
    upper, point = (None, None) if least is None else (_size(least.value).hi, least.point)
    return Extremum(lower=_size(signed).lo, upper=upper, point=point)
