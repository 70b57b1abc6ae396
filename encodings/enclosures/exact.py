"""Values at points, as exact rationals wherever they are rational: the border of a domain is then decided, not blurred."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isqrt

from suffice.encodings.enclosures.conditions import is_false, is_true
from suffice.encodings.enclosures.spans import Span, UndefinedError, span_of
from suffice.encodings.enclosures.tape import Tape, UndefinedAtError, culprit, lazy_value
from suffice.encodings.expression import Node
from suffice.encodings.operations import Op

LARGEST_EXACT_BITS = 1 << 14
"""Longer rationals continue as spans."""

_ZERO, _ONE, _TWO = Fraction(0), Fraction(1), Fraction(2)

RATIONAL_VALUES: dict[Op, dict[Fraction, Fraction]] = {
    Op.EXP: {_ZERO: _ONE},
    Op.EXPM1: {_ZERO: _ZERO},
    Op.LOG: {_ONE: _ZERO},
    Op.LOG1P: {_ZERO: _ZERO},
    Op.SIN: {_ZERO: _ZERO},
    Op.COS: {_ZERO: _ONE},
    Op.TAN: {_ZERO: _ZERO},
    Op.ASIN: {_ZERO: _ZERO},
    Op.ACOS: {_ONE: _ZERO},
    Op.ATAN: {_ZERO: _ZERO},
    Op.SINH: {_ZERO: _ZERO},
    Op.COSH: {_ZERO: _ONE},
    Op.TANH: {_ZERO: _ZERO},
    Op.ASINH: {_ZERO: _ZERO},
    Op.ACOSH: {_ONE: _ZERO},
    Op.ATANH: {_ZERO: _ZERO},
    Op.LOG10: {_ONE: _ZERO},
}
"""Rational arguments at which these functions have rational values: the only ones (Lindemann-Weierstrass), but for log10."""


def readable(value: Fraction) -> str:
    """The number for messages: exact if short, else a decimal approximation."""
    if _bits(value) <= 64:
        return str(value)
    try:
        return f"about {float(value):.6g}"
    except OverflowError:
        return f"about {'-' if value < 0 else ''}2^{value.numerator.bit_length() - value.denominator.bit_length()}"


def written(point: Mapping[str, Fraction]) -> str:
    """The point for messages."""
    return ", ".join(f"{name} = {readable(value)}" for name, value in sorted(point.items()))


def point_values(tape: Tape, point: Mapping[str, Fraction]) -> list[Fraction | Span | None]:
    """Every node's value at the point: a Fraction where the value is known to be rational, else a span at the current precision.

    None where a value is not defined. Raises UndefinedAtError where an expression asked for is not.
    """
    exact: list[Fraction | None] = []
    values: list[Span | None] = []
    for position, (node, step) in enumerate(zip(tape.nodes, tape.steps, strict=True)):
        try:
            rational = _chosen(node, exact, values) if node.op is Op.IF else _rational(node, [exact[a] for a in node.args], point)
        except UndefinedError:
            rational, step = None, _undefined
        if rational is not None:
            values.append(span_of(rational, rational))
        elif isinstance(step, str):
            values.append(span_of(point[step], point[step]))
        else:
            values.append(lazy_value(node, step, values))
        if values[-1] is None and not tape.branching:
            raise UndefinedAtError(position)
        exact.append(rational)
    for root in tape.roots:
        if values[root] is None:
            raise UndefinedAtError(culprit(tape.nodes, values, root))
    return [value if rational is None else rational for value, rational in zip(values, exact, strict=True)]


def holds(condition: Tape, point: Mapping[str, Fraction]) -> bool:
    """Whether every condition on the tape is surely true at the point."""
    try:
        values = point_values(condition, point)
    except UndefinedError:
        return False
    return all(value == 1 if isinstance(value, Fraction) else is_true(value) for value in (values[root] for root in condition.roots))


def _undefined(values: list[Span]) -> Span:  # noqa: ARG001 - stands for a step
    raise UndefinedError


def _chosen(node: Node, exact: list[Fraction | None], values: list[Span | None]) -> Fraction | None:
    """The rational value of the branch that is surely taken."""
    condition, yes, no = node.args
    if is_true(values[condition]):
        return exact[yes]
    return exact[no] if is_false(values[condition]) else None


def _rational(node: Node, operands: list[Fraction | None], point: Mapping[str, Fraction]) -> Fraction | None:
    if node.op is Op.VAR:
        return point[str(node.payload)]
    if node.op is Op.CONST:
        assert isinstance(node.payload, Fraction)
        return node.payload
    known = [value for value in operands if value is not None]
    if not known or len(known) < len(operands):
        return None
    result = _power(known[0], node.payload) if node.op is Op.POW else _apply(node.op, known)
    if result is not None and _bits(result) > LARGEST_EXACT_BITS:
        return None
    return result


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _power(base: Fraction, exponent: Fraction | str | int | None) -> Fraction | None:
    assert isinstance(exponent, int)
    if base == 0 and exponent < 0:
        raise UndefinedError
    if _bits(base) * abs(exponent) > 4 * LARGEST_EXACT_BITS:
        return None
    return base**exponent


def _apply(op: Op, operands: list[Fraction]) -> Fraction | None:
    match op, operands:
        case Op.ADD, [a, b]:
            return a + b
        case Op.SUB, [a, b]:
            return a - b
        case Op.MUL, [a, b]:
            return a * b
        case Op.DIV, [a, b]:
            if b == 0:
                raise UndefinedError
            return a / b
        case Op.NEG, [a]:
            return -a
        case Op.ABS, [a]:
            return abs(a)
        case Op.MIN, [a, b]:
            return min(a, b)
        case Op.MAX, [a, b]:
            return max(a, b)
        case Op.FMA, [a, b, c]:
            return a * b + c
        case Op.CAST, [a]:
            return a
        case Op.SQRT, [a]:
            return _rational_root(a)
        case Op.HYPOT, [a, b]:
            return _rational_root(a * a + b * b)
        case Op.ATAN2, [a, b]:
            if a == 0 and b <= 0:
                raise UndefinedError
            return _ZERO if a == 0 else None
        case Op.POWR, [a, b]:
            return _real_power(a, b)
        case Op.EXP2, [a]:
            return _power(_TWO, a.numerator) if a.denominator == 1 else None
        case Op.LOG2, [a]:
            return _whole_binary_logarithm(a)
        case Op.CBRT, [a]:
            return _cube_root(a)
        case Op.LT, [a, b]:
            return Fraction(a < b)
        case Op.LE, [a, b]:
            return Fraction(a <= b)
        case Op.EQ, [a, b]:
            return Fraction(a == b)
        case Op.AND, [a, b]:
            return min(a, b)
        case Op.OR, [a, b]:
            return max(a, b)
        case Op.NOT, [a]:
            return 1 - a
        case _, [a]:
            return RATIONAL_VALUES[op].get(a)
    raise AssertionError(op)


def _real_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """The rational powers among those with an integer or a half as exponent."""
    if base <= 0:
        raise UndefinedError
    root = base if exponent.denominator == 1 else _rational_root(base) if exponent.denominator == 2 else None
    return None if root is None else _power(root, exponent.numerator)


def _whole_binary_logarithm(a: Fraction) -> Fraction | None:
    if a <= 0:
        raise UndefinedError
    exponent = a.numerator.bit_length() - a.denominator.bit_length()
    return Fraction(exponent) if a in (1 << max(exponent, 0), Fraction(1, 1 << max(-exponent, 0))) else None


def _cube_root(a: Fraction) -> Fraction | None:
    """The rational cube root, where float arithmetic guesses it."""
    try:
        root = Fraction(*(round(n ** (1 / 3)) for n in (abs(a.numerator), a.denominator)))
    except OverflowError:
        return None
    return None if root**3 != abs(a) else root if a >= 0 else -root


def _rational_root(a: Fraction) -> Fraction | None:
    if a < 0:
        raise UndefinedError
    root = Fraction(isqrt(a.numerator), isqrt(a.denominator))
    return root if root * root == a else None
