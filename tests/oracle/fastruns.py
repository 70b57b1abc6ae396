"""Many runs of a program at once in float64, each operation rounded to a small format.

Every result of an operation is bracketed; a run in which the two ends of a bracket round differently is given up as unsure, for
`runs.run_codes` to do. So the answers that are given are those of `runs.run_codes` (a test compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals

from .rounding import Value
from .runs import apply

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SLACK = 2.0**-44
"""Relative error allowed to NumPy's functions: 256 units in the last place, where its libraries document at most 4."""

HUGE, TINY = 1e300, 1e-300
"""Stand for finite results that float64 cannot hold; beyond every number of the formats accepted."""


def is_supported(fmt: Format) -> bool:
    """Whether values and their products are exact in float64, and all rounding happens far from its ends."""
    if isinstance(fmt, FloatFormat):
        return fmt.p <= 24 and max(abs(fmt.emin), abs(fmt.emax)) <= 200
    if isinstance(fmt, IntFormat) and fmt.scale is not None and fmt.zero is not None:
        denominator, reach = fmt.scale.denominator, abs(fmt.qmin) + abs(fmt.qmax) + abs(fmt.zero)
        return denominator & (denominator - 1) == 0 and denominator < 1 << 200 and fmt.scale.numerator * reach < 1 << 24
    return False


def to_float(value: Value) -> float:
    """A machine value of a supported format as a float64."""
    return float(value) if isinstance(value, str) else value.numerator / value.denominator


def from_float(number: float) -> Value:
    """The machine value of a float64."""
    if np.isfinite(number):
        return "-0" if number == 0 and np.signbit(number) else Fraction(number)
    return "nan" if np.isnan(number) else "inf" if number > 0 else "-inf"


def run_all(expression: Expression, codes: Mapping[str, Floats], compute: Format, output: Format) -> tuple[Floats, Flags]:
    """Answers for arrays of input codes, and which of them are unsure."""
    assert is_supported(compute) and (is_supported(output) or isinstance(output, ExactFormat))
    length = len(next(iter(codes.values())))
    unsure = np.zeros(length, dtype=np.bool_)
    values: list[Floats] = []
    with np.errstate(all="ignore"):
        for node in expression.nodes:
            if node.op is Op.VAR:
                result, doubt = round_array(codes[str(node.payload)], compute), np.zeros(length, dtype=np.bool_)
            elif not node.args:
                result, doubt = np.full(length, to_float(apply(node, [], compute))), np.zeros(length, dtype=np.bool_)
            else:
                result, doubt = _apply(node, [values[i] for i in node.args], compute)
            values.append(result)
            unsure |= doubt
        return (values[-1] if isinstance(output, ExactFormat) else round_array(values[-1], output)), unsure


def round_array(y: Floats, fmt: Format) -> Floats:
    """Round float64 values (NaN, infinities and signed zeros too), each taken as exact."""
    assert isinstance(fmt, FloatFormat | IntFormat)
    with np.errstate(all="ignore"):
        return _round_float(y, fmt) if isinstance(fmt, FloatFormat) else _round_int(y, fmt)


def has_neighbours(fmt: FloatFormat | IntFormat) -> bool:
    """Whether `neighbours` applies."""
    return isinstance(fmt, IntFormat) or max(abs(fmt.emin), abs(fmt.emax)) + fmt.p <= 900


def neighbours(y: Floats, fmt: FloatFormat | IntFormat) -> tuple[Floats, Floats]:
    """Numbers of the format next below and above finite y (to float64 accuracy; the end of the range beyond it)."""
    if isinstance(fmt, IntFormat):
        assert fmt.scale is not None and fmt.zero is not None
        scale = float(fmt.scale)
        lowest, highest = float(fmt.scale * (fmt.qmin - fmt.zero)), float(fmt.scale * (fmt.qmax - fmt.zero))
        return np.clip(np.floor(y / scale) * scale, lowest, highest), np.clip(np.ceil(y / scale) * scale, lowest, highest)
    most, least = float(fmt.max_finite), 2.0**fmt.emin
    unit = _unit(y, fmt)
    below, above = np.floor(y / unit) * unit, np.ceil(y / unit) * unit
    if fmt.subnormals is Subnormals.FLUSHED:
        below = np.where((np.abs(below) < least), np.where(y < 0, -least, 0.0), below)
        above = np.where((np.abs(above) < least), np.where(y > 0, least, 0.0), above)
    return np.clip(below, -most, most), np.clip(above, -most, most)


def _unit(y: Floats, fmt: FloatFormat) -> Floats:
    exponent = np.maximum(np.frexp(y)[1].astype(np.int64) - 1, fmt.emin)
    return np.asarray(np.ldexp(1.0, exponent - fmt.p + 1))


def _round_whole(q: Floats, mode: Rounding) -> Floats:
    if mode is Rounding.NEAREST_EVEN:
        return np.rint(q)
    if mode is Rounding.UP:
        return np.ceil(q)
    if mode is Rounding.DOWN:
        return np.floor(q)
    whole = np.trunc(q)
    if mode is Rounding.NEAREST_AWAY:
        whole = whole + np.where(np.abs(q - whole) >= 0.5, np.sign(q), 0.0)
    return whole


def _round_float(y: Floats, fmt: FloatFormat) -> Floats:
    most = float(fmt.max_finite)
    finite = np.isfinite(y)
    safe = np.where(finite, y, 0.0)
    unit = _unit(safe, fmt)
    rounded = _round_whole(safe / unit, fmt.rounding) * unit
    over = np.abs(rounded) > most
    if fmt.subnormals is Subnormals.FLUSHED:
        rounded = np.where(np.abs(rounded) < 2.0**fmt.emin, 0.0, rounded)
    rounded = np.copysign(np.abs(rounded), safe)
    if not fmt.negative_zero:
        rounded = np.where(rounded == 0, 0.0, rounded)
    inward = np.full(y.shape, fmt.rounding is Rounding.TOWARD_ZERO)
    inward |= (fmt.rounding is Rounding.UP) & (safe < 0)
    inward |= (fmt.rounding is Rounding.DOWN) & (safe > 0)
    limit = {Overflow.INFINITY: np.inf, Overflow.SATURATE: most, Overflow.NAN: np.nan}[fmt.overflow]
    rounded = np.where(over, np.copysign(np.where(inward, most, limit), safe), rounded)
    return np.where(finite | np.isnan(y), np.where(finite, rounded, np.nan), np.copysign(limit, y))


def _round_int(y: Floats, fmt: IntFormat) -> Floats:
    assert fmt.scale is not None and fmt.zero is not None
    scale = float(fmt.scale)
    steps = np.clip(_round_whole(y / scale, fmt.rounding), fmt.qmin - fmt.zero, fmt.qmax - fmt.zero)
    return np.asarray(steps * scale + 0.0)


def _exact_sum(a: Floats, b: Floats) -> tuple[Floats, Flags]:
    """a + b in float64 and whether that is exact (Knuth's TwoSum)."""
    total = a + b
    shadow = total - a
    error = (a - (total - shadow)) + (b - shadow)
    return total, (error == 0) | ~np.isfinite(total)


def _bracket(y: Floats, exact: Flags) -> tuple[Floats, Floats]:
    slack = np.where(exact, 0.0, np.abs(y) * SLACK)
    return y - slack, y + slack


def _zero_sum(total: Floats, a: Floats, b: Floats, fmt: Format) -> Floats:
    """The sign of an exact zero sum in mode `down`."""
    if isinstance(fmt, FloatFormat) and fmt.rounding is Rounding.DOWN:
        return np.where((total == 0) & (np.signbit(a) | np.signbit(b)), -0.0, total)
    return total


ALGEBRAIC: dict[Op, Callable[..., Floats]] = {
    Op.NEG: np.negative,
    Op.ABS: np.abs,
    Op.MUL: np.multiply,
}
"""Exact in float64 on values of a supported format."""


def _minimum(a: Floats, b: Floats) -> Floats:
    return np.where(a == b, np.where(np.signbit(a), a, b), np.minimum(a, b))


def _apply(node: Node, x: list[Floats], fmt: Format) -> tuple[Floats, Flags]:
    """One operation on arrays: rounded results and which are unsure."""
    op = node.op
    sure = np.ones(x[0].shape, dtype=np.bool_)
    if op in ALGEBRAIC:
        y, exact = ALGEBRAIC[op](*x), sure
    elif op is Op.MIN:
        y, exact = _minimum(*x), sure
    elif op is Op.MAX:
        y, exact = -_minimum(-x[0], -x[1]), sure
    elif op in (Op.ADD, Op.SUB, Op.FMA):
        a, b = (x[0] * x[1], x[2]) if op is Op.FMA else (x[0], x[1] if op is Op.ADD else -x[1])
        y, exact = _exact_sum(a, b)
        y = _zero_sum(y, a, b, fmt)
    else:
        return _inexact(node, x, fmt)
    lo, hi = _bracket(y, exact)
    return _settle(lo, hi, fmt)


def _inexact(node: Node, x: list[Floats], fmt: Format) -> tuple[Floats, Flags]:
    """Division, roots, powers and elementary functions."""
    op, a = node.op, x[0]
    special = ~np.isfinite(a)
    if op is Op.DIV:
        y = a / x[1]
        special |= ~np.isfinite(x[1]) | (x[1] == 0)
        special |= a == 0
    elif op is Op.POW:
        assert isinstance(node.payload, int)
        y = np.power(a, float(node.payload))
        special |= (a == 0) | (node.payload == 0)
    else:
        y = FUNCTIONS[op](a)
        special |= np.isnan(y) | (a == 0) | ((a == -1) & (op is Op.LOG1P))
    y = np.where(~special & np.isinf(y), np.copysign(HUGE, y), y)
    y = np.where(~special & (y == 0), np.copysign(TINY, y), y)
    lo, hi = _bracket(y, special)
    if op in BOUNDED:
        bound = np.where(special, np.inf, np.nextafter(1.0, 0.0))
        lo, hi = np.maximum(lo, -bound), np.minimum(hi, bound)
    if op is Op.EXPM1:
        lo = np.where(special, lo, np.maximum(lo, np.nextafter(-1.0, 0.0)))
    result, unsure = _settle(lo, hi, fmt)
    if op in (Op.LOG, Op.ACOS):
        unsure |= (np.abs(y) == TINY) | (a == 0)
    if op is Op.ATAN:
        unsure |= np.isinf(a)
    return result, unsure


BOUNDED = (Op.SIN, Op.COS, Op.TANH)
"""Of size below 1, except cos 0."""

FUNCTIONS: dict[Op, Callable[[Floats], Floats]] = {
    Op.SQRT: np.sqrt,
    Op.EXP: np.exp,
    Op.EXPM1: np.expm1,
    Op.LOG: np.log,
    Op.LOG1P: np.log1p,
    Op.SIN: np.sin,
    Op.COS: np.cos,
    Op.TAN: np.tan,
    Op.ASIN: np.arcsin,
    Op.ACOS: np.arccos,
    Op.ATAN: np.arctan,
    Op.SINH: np.sinh,
    Op.COSH: np.cosh,
    Op.TANH: np.tanh,
}


def _settle(lo: Floats, hi: Floats, fmt: Format) -> tuple[Floats, Flags]:
    """The rounded value and where the two ends of the bracket disagree."""
    first, second = round_array(lo, fmt), round_array(hi, fmt)
    same = (first == second) & (np.signbit(first) == np.signbit(second)) | (np.isnan(first) & np.isnan(second))
    return first, ~same
