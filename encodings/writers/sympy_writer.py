"""Expressions as sympy expressions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op

_NAMES = {
    Op.ABS: "Abs", Op.MIN: "Min", Op.MAX: "Max", Op.LT: "StrictLessThan", Op.LE: "LessThan", Op.EQ: "Eq", Op.AND: "And", Op.OR: "Or",
    Op.NOT: "Not",
}  # fmt: skip
"""Functions that sympy names otherwise."""


def to_sympy(expression: Expression) -> Any:
    """The real function as a `sympy.Expr`, unevaluated, so that no power of constants is multiplied out.

    `fma`, `expm1`, `log1p` and others that sympy does not have are written out; a cast is its operand, and `if` a `Piecewise`.
    """
    import sympy

    values: list[Any] = []
    with sympy.evaluate(False):
        for node in expression.nodes:
            values.append(_apply(sympy, node, *(values[argument] for argument in node.args)))
    return values[-1]


def _apply(sympy: Any, node: Node, *args: Any) -> Any:
    match node.op:
        case Op.CONST:
            assert isinstance(node.payload, Fraction)
            return sympy.Rational(node.payload.numerator, node.payload.denominator)
        case Op.VAR:
            return sympy.Symbol(node.payload)
        case Op.PI:
            return sympy.pi
        case Op.E:
            return sympy.E
        case Op.ADD:
            return sympy.Add(*args)
        case Op.SUB:
            return sympy.Add(args[0], sympy.Mul(-1, args[1]))
        case Op.MUL:
            return sympy.Mul(*args)
        case Op.DIV:
            return sympy.Mul(args[0], sympy.Pow(args[1], -1))
        case Op.NEG:
            return sympy.Mul(-1, *args)
        case Op.FMA:
            return sympy.Add(sympy.Mul(args[0], args[1]), args[2])
        case Op.POW:
            return sympy.Pow(args[0], node.payload)
        case Op.SQRT:
            return sympy.Pow(args[0], sympy.Rational(1, 2))
        case Op.EXPM1:
            return sympy.Add(sympy.exp(args[0]), -1)
        case Op.LOG1P:
            return sympy.log(sympy.Add(1, args[0]))
        case Op.EXP2:
            return sympy.Pow(2, args[0])
        case Op.LOG2 | Op.LOG10:
            return sympy.Mul(sympy.log(args[0]), sympy.Pow(sympy.log(2 if node.op is Op.LOG2 else 10), -1))
        case Op.CBRT:
            return sympy.Mul(sympy.sign(args[0]), sympy.Pow(sympy.Abs(args[0]), sympy.Rational(1, 3)))
        case Op.HYPOT:
            return sympy.Pow(sympy.Add(sympy.Pow(args[0], 2), sympy.Pow(args[1], 2)), sympy.Rational(1, 2))
        case Op.POWR:
            return sympy.Pow(*args)
        case Op.CAST:
            return args[0]
        case Op.IF:
            return sympy.Piecewise((args[1], args[0]), (args[2], True))
        case _:
            return getattr(sympy, _NAMES.get(node.op, node.op.value))(*args)
