"""What an expression is worth at a point, by the plainest means: exact rationals, or mpmath at many digits."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import mpmath

from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op

FUNCTIONS: dict[Op, Any] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b,
    Op.MUL: lambda a, b: a * b,
    Op.DIV: lambda a, b: a / b,
    Op.NEG: lambda a: -a,
    Op.ABS: abs,
    Op.MIN: min,
    Op.MAX: max,
    Op.FMA: lambda a, b, c: a * b + c,
    Op.CAST: lambda a: a,
    Op.EXP2: lambda a: mpmath.mpf(2) ** a,
    Op.LOG2: lambda a: mpmath.log(a, 2),
    Op.CBRT: lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a)),
    Op.POWR: lambda a, b: mpmath.exp(b * mpmath.log(a)),
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.EQ: lambda a, b: a == b,
    Op.AND: lambda a, b: a and b,
    Op.OR: lambda a, b: a or b,
    Op.NOT: lambda a: not a,
}


def exact_value(expression: Expression, point: Mapping[str, Fraction]) -> Fraction:
    """The value of a rational function. Raises ZeroDivisionError where it has none."""
    values: list[Fraction] = []
    for node in expression.nodes:
        args = [values[argument] for argument in node.args]
        if node.op is Op.CONST:
            assert isinstance(node.payload, Fraction)
            values.append(node.payload)
        elif node.op is Op.VAR:
            values.append(point[str(node.payload)])
        elif node.op is Op.POW:
            assert isinstance(node.payload, int)
            values.append(args[0] ** node.payload)
        else:
            values.append(FUNCTIONS[node.op](*args))
    return values[-1]


def chosen_value(expression: Expression, point: Mapping[str, Fraction]) -> Any:
    """The value of a rational function with branches, by recursion from the root: only what is needed is computed.

    `and` and `or` are decided by one operand that suffices, even where the other has no value.
    """

    def joined(args: tuple[int, ...], decisive: bool) -> bool:
        failed: ZeroDivisionError | None = None
        for position in args:
            try:
                if bool(at(position)) == decisive:
                    return decisive
            except ZeroDivisionError as error:
                failed = error
        if failed is not None:
            raise failed
        return not decisive

    def at(position: int) -> Any:
        node = expression.nodes[position]
        if node.op is Op.IF:
            return at(node.args[1]) if at(node.args[0]) else at(node.args[2])
        if node.op in (Op.AND, Op.OR):
            return joined(node.args, decisive=node.op is Op.OR)
        if node.op is Op.CONST:
            return node.payload
        return point[str(node.payload)] if node.op is Op.VAR else FUNCTIONS[node.op](*map(at, node.args))

    return at(len(expression.nodes) - 1)


def value(expression: Expression, point: Mapping[str, Fraction]) -> Any:
    """The value as an mpmath number of 60 digits."""
    values: list[Any] = []
    with mpmath.workdps(60):
        for node in expression.nodes:
            args = [values[argument] for argument in node.args]
            if node.op in (Op.CONST, Op.VAR):
                exact = Fraction(node.payload) if node.op is Op.CONST else point[str(node.payload)]  # type: ignore[arg-type]
                values.append(mpmath.mpf(exact.numerator) / exact.denominator)
            elif node.op is Op.POW:
                values.append(args[0] ** node.payload)
            elif node.op in (Op.PI, Op.E):
                values.append(+getattr(mpmath, node.op.value))
            else:
                function = FUNCTIONS.get(node.op) or getattr(mpmath, node.op.value)
                values.append(function(*args))
    return values[-1]
