"""Partial derivatives of single operations over arrays of float64, for searching."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.operations import Op

Array = NDArray[np.float64]

FUNCTION_SLOPES: dict[Op, Callable[[Array], Array]] = {
    Op.SQRT: lambda u: 0.5 / np.sqrt(u),
    Op.EXP: np.exp,
    Op.EXPM1: np.exp,
    Op.EXP2: lambda u: np.log(2) * np.exp2(u),
    Op.LOG: np.reciprocal,
    Op.LOG2: lambda u: 1 / (np.log(2) * u),
    Op.LOG10: lambda u: 1 / (np.log(10) * u),
    Op.LOG1P: lambda u: 1 / (1 + u),
    Op.SIN: np.cos,
    Op.COS: lambda u: -np.sin(u),
    Op.TAN: lambda u: 1 + np.tan(u) ** 2,
    Op.ASIN: lambda u: 1 / np.sqrt((1 - u) * (1 + u)),
    Op.ACOS: lambda u: -1 / np.sqrt((1 - u) * (1 + u)),
    Op.ATAN: lambda u: 1 / (1 + u * u),
    Op.SINH: np.cosh,
    Op.COSH: np.sinh,
    Op.TANH: lambda u: 1 / np.cosh(u) ** 2,
    Op.ASINH: lambda u: 1 / np.hypot(u, 1),
    Op.ACOSH: lambda u: 1 / np.sqrt((u - 1) * (u + 1)),
    Op.ATANH: lambda u: 1 / ((1 - u) * (1 + u)),
    Op.CBRT: lambda u: 1 / (3 * np.cbrt(u) ** 2),
}
"""Derivatives of the functions of one number, by their argument."""


def partials(op: Op, args: Sequence[Array], value: Array, exponent: int = 0) -> tuple[Array | float, ...]:
    """The derivatives of an operation's value by its numbers; a condition counts as constant and has none here."""
    match op:
        case Op.ADD:
            return 1.0, 1.0
        case Op.SUB:
            return 1.0, -1.0
        case Op.MUL:
            return args[1], args[0]
        case Op.DIV:
            return 1 / args[1], -value / args[1]
        case Op.FMA:
            return args[1], args[0], 1.0
        case Op.NEG:
            return (-1.0,)
        case Op.CAST:
            return (1.0,)
        case Op.ABS:
            return (np.sign(args[0]),)
        case Op.MIN | Op.MAX:
            first = (args[0] <= args[1]) == (op is Op.MIN)
            return np.where(first, 1.0, 0.0), np.where(first, 0.0, 1.0)
        case Op.POW:
            return (exponent * np.power(args[0], float(exponent - 1)),)
        case Op.HYPOT:
            return args[0] / value, args[1] / value
        case Op.ATAN2:
            square = args[0] ** 2 + args[1] ** 2
            return args[1] / square, -args[0] / square
        case Op.POWR:
            return args[1] * np.power(args[0], args[1] - 1), value * np.log(args[0])
        case Op.IF:
            return 0.0, np.where(args[0], 1.0, 0.0), np.where(args[0], 0.0, 1.0)
        case _:
            return (FUNCTION_SLOPES[op](args[0]),)
