"""f at a point by mpmath: another reading of the operations, for tests of the oracle itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from mpmath import mp, mpf

from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op

PYTHON: dict[Op, Callable[..., mpf]] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b,
    Op.MUL: lambda a, b: a * b,
    Op.DIV: lambda a, b: a / b,
    Op.FMA: lambda a, b, c: a * b + c,
    Op.NEG: lambda a: -a,
    Op.ABS: abs,
    Op.MIN: min,
    Op.MAX: max,
}


def value_at(expression: Expression, point: Mapping[str, Fraction]) -> Fraction:
    """f at a point, in arithmetic of 140 bits."""
    mp.prec = 140
    values: list[mpf] = []
    for node in expression.nodes:
        x = [values[a] for a in node.args]
        if node.op is Op.CONST or node.op is Op.VAR:
            r = node.payload if isinstance(node.payload, Fraction) else point[str(node.payload)]
            values.append(mpf(r.numerator) / r.denominator)
        elif node.op in (Op.PI, Op.E):
            values.append(+(mp.pi if node.op is Op.PI else mp.e))
        elif node.op is Op.POW:
            values.append(x[0] ** node.payload)
        elif node.op in PYTHON:
            values.append(PYTHON[node.op](*x))
        else:
            values.append(getattr(mp, node.op.value)(*x))
    sign, significand, exponent, _ = values[-1]._mpf_
    size = int(significand) * Fraction(2) ** int(exponent)
    return -size if sign else size
