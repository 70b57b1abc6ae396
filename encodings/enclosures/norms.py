"""Operator norms of the first and second derivative over a box (THEORY section 5's L and kappa), by the worst piece of a cover."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import combinations_with_replacement

from flint import ctx

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.arb import WORKING_BITS
from suffice.encodings.enclosures.bounds import BUDGET
from suffice.encodings.enclosures.derivatives import gradient, zero_expression
from suffice.encodings.enclosures.domain import check_domain
from suffice.encodings.enclosures.extrema import Extremum, magnitude
from suffice.encodings.enclosures.kinks import decide_branches
from suffice.encodings.enclosures.spans import interval_of, span_of, square_root
from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Lipschitz:
    """The sup of the gradient's norm: `euclidean` for 2-norms, `max_norm` (the sum of |partials|) for inputs measured in the max norm."""

    euclidean: Extremum
    max_norm: Extremum


def lipschitz(expression: Expression, box: Box, budget: int = BUDGET) -> Lipschitz:
    """Lipschitz constants on the box, from both sides; at kinks the generalised gradient is meant, so they hold across them."""
    check_domain(expression, box)
    slopes = list(gradient(decide_branches(expression, box)).values())
    squares, total = _sum_of_squares(slopes), decide_branches(_sum_of_magnitudes(slopes), box)
    return Lipschitz(
        euclidean=_root_of(magnitude(squares, box, budget, kinks=True).peak, Fraction(1)),
        max_norm=magnitude(total, box, budget, kinks=True).peak,
    )


def curvature_norm(expression: Expression, box: Box, budget: int = BUDGET) -> Extremum:
    """Half the sup of the Hessian's 2-norm: exact in one and two inputs, else the better of Frobenius' and Gershgorin's bounds."""
    check_domain(expression, box)
    slopes, zero = gradient(decide_branches(expression, box)), zero_expression()
    guards = tuple(slopes.values())
    second = {name: gradient(slope) for name, slope in slopes.items()}
    names = sorted(slopes)
    entries = {(a, b): second[a].get(b, zero) for a, b in combinations_with_replacement(names, 2)}
    rows = [[entries[min(a, b), max(a, b)] for b in names] for a in names]

    def peak(of: Expression) -> Extremum:
        return magnitude(of, box, budget, guards=guards).peak

    if len(names) <= 1:
        return _scaled(peak(entries[names[0], names[0]] if names else zero), Fraction(1, 2))
    if len(names) == 2:
        return _scaled(peak(_norm_of_pair(rows[0][0], rows[0][1], rows[1][1])), Fraction(1, 2))
    frobenius = _root_of(peak(_sum_of_squares([entry for row in rows for entry in row])), Fraction(1, len(names)))
    gershgorin = [peak(_sum_of_magnitudes(row)).upper for row in rows]
    uppers = [upper for upper in (frobenius.upper, _largest(gershgorin)) if upper is not None]
    best = Extremum(lower=frobenius.lower, upper=min(uppers, default=None), point=frobenius.point)
    return _scaled(best, Fraction(1, 2))


def _largest(values: list[Fraction | None]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _scaled(extremum: Extremum, factor: Fraction) -> Extremum:
    upper = None if extremum.upper is None else factor * extremum.upper
    return Extremum(lower=factor * extremum.lower, upper=upper, point=extremum.point)


def _root_of(squared: Extremum, share: Fraction) -> Extremum:
    """The extremum of the square root; `share` of the attained square is what its lower bound keeps."""
    upper = None if squared.upper is None else _root(squared.upper)[1]
    return Extremum(lower=_root(squared.lower * share)[0], upper=upper, point=squared.point)


def _root(value: Fraction) -> tuple[Fraction, Fraction]:
    with ctx.workprec(WORKING_BITS):
        root = interval_of(square_root(span_of(value, value)))
    return root.lo, root.hi


def _sum_of_squares(parts: list[Expression]) -> Expression:
    algebra = Algebra()
    terms = [algebra.power(algebra.include(part)[-1], 2) for part in parts]
    return algebra.build(reduce(algebra.add, terms, algebra.constant(0)))


def _sum_of_magnitudes(parts: list[Expression]) -> Expression:
    algebra = Algebra()
    terms = [algebra.apply(Op.ABS, algebra.include(part)[-1]) for part in parts]
    return algebra.build(reduce(algebra.add, terms, algebra.constant(0)))


def _norm_of_pair(a: Expression, b: Expression, d: Expression) -> Expression:
    """The 2-norm of [[a, b], [b, d]]: (|a + d| + sqrt((a - d)^2 + 4 b^2)) / 2."""
    algebra = Algebra()
    p, q, r = (algebra.include(part)[-1] for part in (a, b, d))
    half_trace = algebra.apply(Op.ABS, algebra.add(p, r))
    spread = algebra.add(algebra.power(algebra.add(p, algebra.negate(r)), 2), algebra.multiply(algebra.constant(4), algebra.power(q, 2)))
    root = algebra.apply(Op.SQRT, spread)
    return algebra.build(algebra.divide(algebra.add(half_trace, root), algebra.constant(2)))
