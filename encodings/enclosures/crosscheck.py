"""A second opinion from mpmath, which shares no code with Arb: disagreement means that nothing may be claimed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from random import Random
from typing import Any

from suffice.encodings.enclosures.bounds import CurvatureBounds, RangeBounds
from suffice.encodings.enclosures.exact import readable, written
from suffice.encodings.enclosures.extrema import SlopeBounds
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, Interval
from suffice.errors import DisagreementError

DIGITS = 50
"""Decimal digits that mpmath computes with when it checks bounds."""

MOST_CORNERS = 8

STEP = Fraction(1, 10**20)
"""The step of difference quotients, as a part of the side."""

QUOTIENT_DIGITS = 90
"""Decimal digits for difference quotients, which lose up to 40 of them."""

GUARD_DIGITS = 30
"""Digits added to see how many of mpmath's first ones are right."""


CANCELLED = (1, 8, 64)
"""How many times DIGITS are tried where the value does not agree."""


_MOST_BITS = 1 << 20
"""Largest magnitude of a binary exponent that is written out."""

_TINY = Fraction(1, 1 << _MOST_BITS - (1 << 16))
"""Larger than any value whose exponent is not written out (mantissas have at most 2^16 bits)."""


class _NoValueError(Exception):
    """mpmath has no real value at this point."""


class _UndecidedError(Exception):
    """Two numbers are too near to one another to say by so many digits which is the smaller."""


def evaluate_mpmath(expression: Expression, point: Mapping[str, Fraction], digits: int = DIGITS) -> Any:
    """The value as an mpmath number, every operation at `digits` decimal digits; raises ValueError or ZeroDivisionError where undefined.

    The branch of an `if` that is not taken need not be defined: an error stands for its value.
    """
    import mpmath

    with mpmath.workdps(digits):
        values: list[Any] = []
        for node in expression.nodes:
            values.append(_apply_lazily(node, [values[a] for a in node.args], point))
        if isinstance(values[-1], Exception):
            raise values[-1]
        return values[-1]


def _apply_lazily(node: Node, operands: list[Any], point: Mapping[str, Fraction]) -> Any:
    """The value of an operation, or the error that it meets."""
    if node.op is Op.IF:
        condition, yes, no = operands
        return condition if isinstance(condition, Exception) else yes if condition else no
    errors = [operand for operand in operands if isinstance(operand, Exception)]
    if errors:
        decisive = node.op in (Op.AND, Op.OR) and any(operand is (node.op is Op.OR) for operand in operands)
        return node.op is Op.OR if decisive else errors[0]
    try:
        return _apply(node, operands, point)
    except (_NoValueError, _UndecidedError, ValueError, ZeroDivisionError, OverflowError) as error:
        return error


def _apply(node: Node, operands: list[Any], point: Mapping[str, Fraction]) -> Any:
    from mpmath import mp

    match node.op, operands:
        case Op.VAR, _:
            return _number(point[str(node.payload)])
        case Op.CONST, _:
            assert isinstance(node.payload, Fraction)
            return _number(node.payload)
        case Op.PI, _:
            return +mp.pi
        case Op.E, _:
            return +mp.e
        case Op.POW, [a]:
            assert isinstance(node.payload, int)
            return a**node.payload
        case Op.ADD, [a, b]:
            return a + b
        case Op.SUB, [a, b]:
            return a - b
        case Op.MUL, [a, b]:
            return a * b
        case Op.DIV, [a, b]:
            return a / b
        case Op.FMA, [a, b, c]:
            return a * b + c
        case Op.MIN, [a, b]:
            return min(a, b)
        case Op.MAX, [a, b]:
            return max(a, b)
        case Op.NEG, [a]:
            return -a
        case Op.ABS, [a]:
            return abs(a)
        case Op.CAST, [a]:
            return a
        case ((Op.LT | Op.LE | Op.EQ), [a, b]):
            return _compare(node.op, a, b)
        case Op.AND, [a, b]:
            return a and b
        case Op.OR, [a, b]:
            return a or b
        case Op.NOT, [a]:
            return not a
        case Op.EXP2, [a]:
            return mp.mpf(2) ** a
        case Op.LOG2, [a]:
            value = mp.log(a, 2)
        case Op.CBRT, [a]:
            return mp.sign(a) * mp.cbrt(abs(a))
        case Op.POWR, [a, b]:
            value = a**b if a > 0 else mp.mpc(0)
        case Op.ATAN2, [a, b]:
            value = mp.atan2(a, b) if a != 0 or b > 0 else mp.mpc(0)
        case _:
            value = getattr(mp, node.op.value)(*operands)
    if isinstance(value, mp.mpc):
        raise _NoValueError
    return value


def _compare(op: Op, a: Any, b: Any) -> bool:
    """The comparison of two numbers that are clearly different, or both written out exactly (small integers are)."""
    from mpmath import mp

    if a != b and abs(a - b) <= max(abs(a), abs(b)) * mp.mpf(10) ** (8 - mp.dps):
        raise _UndecidedError
    if a == b and not (mp.isint(a) and abs(a) < mp.mpf(10) ** 15):
        raise _UndecidedError
    return bool(a < b if op is Op.LT else a <= b if op is Op.LE else a == b)


def _number(value: Fraction) -> Any:
    from mpmath import mp

    return mp.mpf(value.numerator) / value.denominator


def mpmath_interval(expression: Expression, point: Mapping[str, Fraction], digits: int = DIGITS) -> Interval | None:
    """Where mpmath believes the value to be: from two precisions, with their difference (and an ulp) allowed for.

    None: undefined, or beyond 2^_MOST_BITS. Values about as small as _TINY are only known to be so.
    """
    try:
        rough, fine = (_exact(evaluate_mpmath(expression, point, d)) for d in (digits, digits + GUARD_DIGITS))
    except (_NoValueError, _UndecidedError, ValueError, ZeroDivisionError, OverflowError):
        return None
    allowance = 2 * abs(rough - fine) + abs(fine) / 10 ** (digits - 2) + (_TINY if abs(fine) <= _TINY else 0)
    return Interval(fine - allowance, fine + allowance)


def _exact(value: Any) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    if not mantissa and exponent:
        raise ValueError(value)
    if mantissa and exponent < -_MOST_BITS:
        return Fraction(0)
    if exponent > _MOST_BITS:
        raise OverflowError
    signed = -int(mantissa) if sign else int(mantissa)
    return Fraction(signed << exponent) if exponent >= 0 else Fraction(signed, 1 << -exponent)


def crosscheck_value(expression: Expression, point: Mapping[str, Fraction], interval: Interval, *, digits: int = DIGITS) -> None:
    """Raises DisagreementError unless mpmath's value at the point can lie in the interval.

    Where digits cancel, mpmath may be wrong at two precisions alike (1 - tanh 200 is 0): only what it says with many digits counts. It
    has no opinion where a branch hangs on two numbers that it cannot tell apart.
    """
    if _hangs_on_a_tie(expression, point, CANCELLED[-1] * digits):
        return
    for more in CANCELLED[:-1]:
        value = mpmath_interval(expression, point, more * digits)
        if value is not None and _overlap(value, interval):
            return
    value = mpmath_interval(expression, point, CANCELLED[-1] * digits)
    if value is None:
        raise DisagreementError(f"mpmath finds no real value at {written(point)}, where a value was claimed")
    _demand_overlap(value, interval, "value", point)


def _hangs_on_a_tie(expression: Expression, point: Mapping[str, Fraction], digits: int) -> bool:
    if not any(node.op is Op.IF for node in expression.nodes):
        return False
    try:
        evaluate_mpmath(expression, point, digits)
    except _UndecidedError:
        return True
    except (_NoValueError, ValueError, ZeroDivisionError, OverflowError):
        return False
    return False


def _overlap(a: Interval, b: Interval) -> bool:
    return a.lo <= b.hi and b.lo <= a.hi


def _demand_overlap(value: Interval, claimed: Interval, name: str, point: Mapping[str, Fraction]) -> None:
    if not _overlap(value, claimed):
        raise DisagreementError(
            f"the {name} at {written(point)} is {readable(value.lo)} by mpmath, outside [{readable(claimed.lo)}, {readable(claimed.hi)}]",
            mend="this is a defect of suffice or of a library it uses: please report it",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is checked together for one expression on one box; claims are of the points where the preconditions hold."""

    values: RangeBounds | None = None
    slopes: Mapping[str, SlopeBounds] | None = None
    curvatures: Mapping[str, CurvatureBounds] | None = None
    preconditions: tuple[Expression, ...] = ()


def crosscheck_bounds(expression: Expression, box: Box, claims: Claims, *, samples: int = 8, seed: int = 0) -> None:
    """Raises DisagreementError where a claim contradicts mpmath at the attained points, a corner, or a random point.

    Slopes and curvatures are mpmath's own difference quotients of the function, so the derivative formulas are checked as well.
    """
    points = [point for point in _points(box, samples, seed) if _counts(claims.preconditions, point)]
    if claims.values is not None:
        for attained in (claims.values.lowest, claims.values.highest):
            crosscheck_value(expression, attained.point, attained.value)
            crosscheck_value(expression, attained.point, claims.values.outside)
        for point in points:
            crosscheck_value(expression, point, claims.values.outside)
    for order, bounds in ((1, claims.slopes), (2, claims.curvatures)):
        for name, claimed in (bounds or {}).items():
            _crosscheck_derivative(expression, box, name, order, claimed, points)


def _counts(preconditions: tuple[Expression, ...], point: Mapping[str, Fraction]) -> bool:
    """Whether mpmath finds every precondition true."""
    try:
        return all(evaluate_mpmath(condition, point) is True for condition in preconditions)
    except (_NoValueError, _UndecidedError, ValueError, ZeroDivisionError, OverflowError):
        return False


def _points(box: Box, samples: int, seed: int) -> Iterator[dict[str, Fraction]]:
    """Corners and seeded random points."""
    for corner in islice(product(*((side.lo, side.hi) for side in box.values())), MOST_CORNERS):
        yield dict(zip(box, corner, strict=True))
    random = Random(seed)
    for _ in range(samples):
        yield {name: side.lo + (side.hi - side.lo) * Fraction(random.randint(1, 2**20 - 1), 2**20) for name, side in box.items()}


def _crosscheck_derivative(
    expression: Expression, box: Box, name: str, order: int, claimed: SlopeBounds, points: list[dict[str, Fraction]]
) -> None:
    label = f"{'slope' if order == 1 else 'half second derivative'} by {name}"
    attained = [claimed.peak.point] if claimed.peak.point is not None else []
    for point in points + attained:
        quotient = difference_quotient(expression, point, name, order, box[name], STEP)
        if quotient is not None and claimed.signed is not None:
            _demand_overlap(quotient, claimed.signed, label, point)
    for point in attained:
        size = derivative_size(expression, point, name, order, box[name])
        if size is not None and size.hi < claimed.peak.lower:
            _demand_overlap(size, Interval(claimed.peak.lower, claimed.peak.lower), f"size of the {label}", point)


def difference_quotient(
    expression: Expression, point: Mapping[str, Fraction], name: str, order: int, side: Interval, step: Fraction
) -> Interval | None:
    """mpmath's first or half second difference quotient near the point, with all nodes in the box.

    By the mean value theorem the derivative (or half the second one) takes this value on the box. None: undefined, or a side without width.
    """
    reach = step * (side.hi - side.lo)
    if reach == 0:
        return None
    middle = min(max(point[name], side.lo + reach), side.hi - reach)
    nodes = [mpmath_interval(expression, {**point, name: middle + k * reach}, QUOTIENT_DIGITS) for k in (-1, 0, 1)]
    low, centre, high = nodes
    if low is None or centre is None or high is None:
        return None
    if order == 1:
        return Interval((high.lo - low.hi) / (2 * reach), (high.hi - low.lo) / (2 * reach))
    return Interval((low.lo + high.lo - 2 * centre.hi) / (2 * reach**2), (low.hi + high.hi - 2 * centre.lo) / (2 * reach**2))


def derivative_size(expression: Expression, point: Mapping[str, Fraction], name: str, order: int, side: Interval) -> Interval | None:
    """About where |derivative| at the point lies: two difference quotients and four times their distance."""
    coarse = difference_quotient(expression, point, name, order, side, 2 * STEP)
    fine = difference_quotient(expression, point, name, order, side, STEP)
    if coarse is None or fine is None:
        return None
    allowance = 4 * max(abs(coarse.hi - fine.lo), abs(fine.hi - coarse.lo))
    ends = (abs(fine.lo), abs(fine.hi))
    return Interval(max(min(ends) - allowance, Fraction(0)), max(ends) + allowance)
