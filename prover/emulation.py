"""Whole arrays of runs in float64: fast, approximate, and never evidence. Search uses it; the kernel confirms what it finds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.hardware_specs.format import CodeFormat, ExactFormat, FloatFormat, Format, IntFormat
from suffice.hardware_specs.vectorised import fits_float64, round_array

Array = NDArray[np.floating]

_FUNCTIONS: dict[Op, Callable[..., Array]] = {
    Op.ADD: np.add, Op.SUB: np.subtract, Op.MUL: np.multiply, Op.DIV: np.divide, Op.NEG: np.negative, Op.ABS: np.abs,
    Op.MIN: np.minimum, Op.MAX: np.maximum, Op.SQRT: np.sqrt, Op.EXP: np.exp, Op.EXPM1: np.expm1, Op.LOG: np.log, Op.LOG1P: np.log1p,
    Op.SIN: np.sin, Op.COS: np.cos, Op.TAN: np.tan, Op.ASIN: np.arcsin, Op.ACOS: np.arccos, Op.ATAN: np.arctan, Op.SINH: np.sinh,
    Op.COSH: np.cosh, Op.TANH: np.tanh, Op.FMA: lambda a, b, c: a * b + c,
}  # fmt: skip


def evaluate(expression: Expression, inputs: dict[str, Array]) -> Array:
    """f over arrays of inputs, in extended precision where the machine has it."""
    wide = {name: np.asarray(x, dtype=np.longdouble) for name, x in inputs.items()}
    return _evaluate(expression, wide, lambda _, value: value, np.longdouble)


def run_program(expression: Expression, formats: tuple[Format, ...], output: Format, inputs: dict[str, Array]) -> Array:
    """The program over arrays of input codes; results are rounded twice where float64 cannot hold an operation exactly."""
    result = _evaluate(expression, inputs, lambda k, value: _round(formats[k], value), np.float64)
    return _round(output, result)


def _round(fmt: Format, value: Array) -> Array:
    if isinstance(fmt, ExactFormat) or (isinstance(fmt, FloatFormat) and fmt.p == 53 and fmt.emin == -1022):
        return value
    return round_array(fmt, np.asarray(value, dtype=np.float64))


def can_emulate(formats: tuple[Format, ...]) -> bool:
    """Whether float64 holds the numbers of every format."""
    return all(isinstance(fmt, ExactFormat | IntFormat | CodeFormat) or fits_float64(fmt) for fmt in formats)


def _evaluate(expression: Expression, inputs: dict[str, Array], after: Callable[[int, Array], Array], kind: type[np.floating]) -> Array:
    values: list[Array] = []
    with np.errstate(all="ignore"):
        for k, node in enumerate(expression.nodes):
            values.append(after(k, _apply(node, [values[a] for a in node.args], inputs, kind)))
    size = max((np.size(x) for x in inputs.values()), default=1)
    return np.broadcast_to(values[-1], (size,))


def _apply(node: Node, args: list[Array], inputs: dict[str, Array], kind: type[np.floating]) -> Array:
    match node.op:
        case Op.VAR:
            return inputs[str(node.payload)]
        case Op.CONST:
            return np.asarray(_divide(node.payload, kind))
        case Op.PI:
            return np.asarray(4 * np.arctan(kind(1)))
        case Op.E:
            return np.asarray(np.exp(kind(1)))
        case Op.POW:
            assert isinstance(node.payload, int)
            return args[0] ** kind(node.payload)
    return _FUNCTIONS[node.op](*args)


def _divide(value: object, kind: type[np.floating]) -> np.floating:
    """A rational in a floating type, safe for large numerators."""
    assert isinstance(value, Fraction)
    top = float(value)
    rest = value - Fraction(top) if np.isfinite(top) else Fraction(0)
    return kind(top) + kind(float(rest))
