"""Elementary functions of arrays of intervals, and their derivatives: crival's tight enclosures (SOLVERS), NaN outside the domain.

Called within `rounding_up`; the library itself runs in the nearest mode.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suffice.encodings.operations import Op
from suffice.hardware_specs.upward import Array, Upward, rounding_to_nearest
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.intervals import Pair

_LIBRARY_NAMES = {
    Op.EXP: "exp", Op.EXPM1: "expm1", Op.LOG: "log", Op.LOG1P: "log1p", Op.SIN: "sin", Op.COS: "cos", Op.TAN: "tan", Op.ASIN: "asin",
    Op.ACOS: "acos", Op.ATAN: "atan", Op.SINH: "sinh", Op.COSH: "cosh", Op.TANH: "tanh", Op.SQRT: "sqrt",
    Op.EXP2: "exp2", Op.LOG2: "log2", Op.LOG10: "log10", Op.CBRT: "cbrt", Op.ASINH: "asinh", Op.ACOSH: "acosh", Op.ATANH: "atanh",
}  # fmt: skip

_LEAST = {
    Op.SQRT: 0.0, Op.LOG: 0.0, Op.LOG1P: -1.0, Op.LOG2: 0.0, Op.LOG10: 0.0, Op.ASIN: -1.0, Op.ACOS: -1.0, Op.ACOSH: 1.0, Op.ATANH: -1.0,
}  # fmt: skip
"""The least operand, itself outside the domain of open functions."""

_GREATEST = {Op.ASIN: 1.0, Op.ACOS: 1.0, Op.ATANH: 1.0}
_OPEN = (Op.LOG, Op.LOG1P, Op.LOG2, Op.LOG10, Op.ATANH)

_LN2, _LN10 = 0.6931471805599453, 2.302585092994046
"""ln 2 and ln 10, to the nearest number."""


def is_function(op: Op) -> bool:
    """Whether `apply` knows the operation."""
    return op in _LIBRARY_NAMES


def apply(op: Op, a: Pair) -> Pair:
    """The range of a function on the intervals."""
    low, high = call_library(_LIBRARY_NAMES[op], a)
    inside = np.ones(low.shape, dtype=bool)
    if op in _LEAST:
        inside &= (-a[0] > _LEAST[op]) if op in _OPEN else (-a[0] >= _LEAST[op])
    if op in _GREATEST:
        inside &= (a[1] < _GREATEST[op]) if op in _OPEN else (a[1] <= _GREATEST[op])
    if op is Op.TAN:
        inside &= np.isfinite(low) & np.isfinite(high)
    return np.where(inside, -low, np.nan), np.where(inside, high, np.nan)


def power(a: Pair, exponent: int) -> Pair:
    """a^n for an integer n, NaN for a negative n where a may be zero."""
    if exponent == 0:
        one = np.where(np.isnan(a[0]) | np.isnan(a[1]), np.nan, 1.0)
        return -one, one
    low, high = call_library("pown", a, exponent)
    if exponent < 0:
        outside = (a[0] >= 0) & (a[1] >= 0)
        low, high = np.where(outside, np.nan, low), np.where(outside, np.nan, high)
    return -low, high


def call_library(name: str, a: Pair, *others: Pair | int) -> tuple[Array, Array]:
    """The least and the largest values of a function of crival on intervals, and on an exponent where it takes one."""
    import ival

    with rounding_to_nearest():
        function: Any = getattr(ival, name)
        found = function(ival.Interval(-a[0], a[1]), *(b if isinstance(b, int) else ival.Interval(-b[0], b[1]) for b in others))
        return np.asarray(found.lo, dtype=np.float64), np.asarray(found.hi, dtype=np.float64)


def derivative(up: Upward, op: Op, a: Pair, value: Pair) -> Pair:
    """f'(a) for a unary function with f(a) in `value`."""
    one = (np.full(1, -1.0), np.full(1, 1.0))
    match op:
        case Op.SQRT:
            return iv.divide(up, one, iv.add(up, value, value), iv.POSITIVE)
        case Op.EXP:
            return value
        case Op.EXPM1:
            return apply(Op.EXP, a)
        case Op.LOG:
            return iv.divide(up, one, a, iv.POSITIVE)
        case Op.LOG1P:
            return iv.divide(up, one, iv.add(up, one, a), iv.POSITIVE)
        case Op.SIN:
            return apply(Op.COS, a)
        case Op.COS:
            return iv.negate(apply(Op.SIN, a))
        case Op.TAN:
            return iv.add(up, one, iv.square(up, value))
        case Op.ASIN | Op.ACOS:
            root = apply(Op.SQRT, iv.subtract(up, one, iv.square(up, a)))
            slope = iv.divide(up, one, root, iv.POSITIVE)
            return slope if op is Op.ASIN else iv.negate(slope)
        case Op.ATAN:
            return iv.divide(up, one, iv.add(up, one, iv.square(up, a)), iv.POSITIVE)
        case Op.SINH:
            return apply(Op.COSH, a)
        case Op.COSH:
            return apply(Op.SINH, a)
        case Op.TANH:
            return iv.subtract(up, one, iv.square(up, value))
        case Op.EXP2:
            return iv.multiply(up, value, _around(_LN2))
        case Op.LOG2 | Op.LOG10:
            scale = _around(_LN2 if op is Op.LOG2 else _LN10)
            return iv.divide(up, one, iv.multiply(up, a, scale), iv.POSITIVE)
        case Op.CBRT:
            three = (np.full(1, -3.0), np.full(1, 3.0))
            return iv.divide(up, one, iv.multiply(up, three, iv.square(up, value)), iv.POSITIVE)
        case Op.ASINH:
            return iv.divide(up, one, apply(Op.SQRT, iv.add(up, one, iv.square(up, a))), iv.POSITIVE)
        case Op.ACOSH:
            return iv.divide(up, one, apply(Op.SQRT, iv.subtract(up, iv.square(up, a), one)), iv.POSITIVE)
        case Op.ATANH:
            return iv.divide(up, one, iv.subtract(up, one, iv.square(up, a)), iv.POSITIVE)
    raise AssertionError(op)


def _around(nearest: float) -> Pair:
    """The neighbours of the number nearest to a constant enclose it."""
    return np.full(1, -np.nextafter(nearest, 0.0)), np.full(1, np.nextafter(nearest, np.inf))
