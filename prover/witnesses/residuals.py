"""Operations in float64 with what float64 lost: the exact result is `value + residual`, to about 100 bits.

Error-free transforms (Knuth's sum, Dekker's product) for arithmetic, extended precision for functions. Where products leave the range
of float64 a residual is NaN, and counts as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.operations import Op

Array = NDArray[np.float64]

_SPLIT = 2.0**27 + 1


def sum_exactly(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def product_exactly(a: Array, b: Array) -> tuple[Array, Array]:
    """a b (Dekker)."""
    product = a * b
    a_high, b_high = _high_half(a), _high_half(b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _high_half(a: Array) -> Array:
    scaled = a * _SPLIT
    return scaled - (scaled - a)


def _quotient(a: Array, b: Array) -> tuple[Array, Array]:
    quotient = a / b
    product, rest = product_exactly(quotient, b)
    return quotient, ((a - product) - rest) / b


def _root(a: Array) -> tuple[Array, Array]:
    root = np.sqrt(a)
    square, rest = product_exactly(root, root)
    return root, ((a - square) - rest) / (2 * root)


def _fused(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    product, rest = product_exactly(a, b)
    total, lost = sum_exactly(product, c)
    return sum_exactly(total, lost + rest)


_EXACT: dict[Op, Callable[..., tuple[Array, Array]]] = {
    Op.ADD: sum_exactly,
    Op.SUB: lambda a, b: sum_exactly(a, -b),
    Op.MUL: product_exactly,
    Op.DIV: _quotient,
    Op.SQRT: _root,
    Op.FMA: _fused,
}

_PLAIN: dict[Op, Callable[..., Array]] = {
    Op.ADD: np.add, Op.SUB: np.subtract, Op.MUL: np.multiply, Op.DIV: np.divide, Op.SQRT: np.sqrt, Op.NEG: np.negative, Op.ABS: np.abs,
    Op.EXP: np.exp, Op.EXPM1: np.expm1, Op.LOG: np.log, Op.LOG1P: np.log1p, Op.SIN: np.sin, Op.COS: np.cos, Op.TAN: np.tan,
    Op.ASIN: np.arcsin, Op.ACOS: np.arccos, Op.ATAN: np.arctan, Op.SINH: np.sinh, Op.COSH: np.cosh, Op.TANH: np.tanh,
    Op.EXP2: np.exp2, Op.LOG2: np.log2, Op.LOG10: np.log10, Op.CBRT: np.cbrt, Op.ASINH: np.arcsinh, Op.ACOSH: np.arccosh,
    Op.ATANH: np.arctanh, Op.HYPOT: np.hypot, Op.ATAN2: np.arctan2, Op.POWR: np.power,
    Op.MIN: np.minimum, Op.MAX: np.maximum, Op.FMA: lambda a, b, c: a * b + c, Op.CAST: np.positive,
}  # fmt: skip

_NEAR_TIE = 0.498
"""Beyond so many ulps extended precision does not tell to which side a function's result rounds: such runs count as if it were exact."""

_NEVER_ROUNDS = (Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.CAST)


def operate(op: Op, args: Sequence[Array], exponent: int = 0) -> Array:
    """The operation in float64; `exponent` is that of a power."""
    return np.power(args[0], float(exponent)) if op is Op.POW else _PLAIN[op](*args)


def operate_exactly(op: Op, args: Sequence[Array], exponent: int = 0) -> tuple[Array, Array | float]:
    """The operation in float64 with its residual."""
    if op in _NEVER_ROUNDS:
        return _PLAIN[op](*args), 0.0
    if op is Op.POW and exponent == 2:
        value, residual = product_exactly(args[0], args[0])
    elif op in _EXACT:
        value, residual = _EXACT[op](*args)
    else:
        wide = [np.asarray(a, dtype=np.longdouble) for a in args]
        exact = np.power(wide[0], np.longdouble(exponent)) if op is Op.POW else _PLAIN[op](*wide)
        value = np.asarray(exact, dtype=np.float64)
        residual = np.asarray(exact - value, dtype=np.float64)
        residual = np.where(np.abs(residual) > _NEAR_TIE * np.spacing(np.abs(value)), 0.0, residual)
    return value, np.where(np.isfinite(residual), residual, 0.0)
