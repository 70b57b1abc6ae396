"""Single operations on float64 arrays, rounded correctly to a format as docs/networks.md says; for runs, never evidence.

An exact result r is brought to float64 rounded to odd: where it is not a float64 number, to the neighbour with an odd last bit. Rounding
that to a format of at most 51 bits gives what rounding r gives (Boldo and Melquiond, IEEE Trans. Computers 57, 2008).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.evaluate import FUNCTIONS as FLOAT64_FUNCTIONS
from suffice.encodings.networks.graph import TensorOp
from suffice.hardware_specs.format import FloatFormat, Format
from suffice.hardware_specs.rounding import round_exact
from suffice.hardware_specs.vectorised import round_array

Array = NDArray[np.float64]

_SPLITTER = 2.0**27 + 1
_RELATIVE_ERROR = 2.0**-40
"""More than NumPy's functions and the formulas of `evaluate` err by, relative to the result."""


def is_double(fmt: Format) -> bool:
    """Whether the format is float64 itself, whose operations are the processor's."""
    return isinstance(fmt, FloatFormat) and fmt.p == 53


def add(fmt: Format, a: Array, b: Array) -> Array:
    """fl(a + b)."""
    found = a + b
    if is_double(fmt):
        return found
    part = found - a
    return round_array(fmt, _to_odd(found, (a - (found - part)) + (b - part)))


def multiply(fmt: Format, a: Array, b: Array) -> Array:
    """fl(a b)."""
    found = a * b
    return found if is_double(fmt) else round_array(fmt, _to_odd(found, _product_error(a, b, found)))


def divide(fmt: Format, a: Array, b: Array) -> Array:
    """fl(a / b)."""
    quotient = a / b
    if is_double(fmt):
        return quotient
    product = quotient * b
    rest = (a - product) - _product_error(quotient, b, product)
    return round_array(fmt, _to_odd(quotient, rest * np.sign(b)))


def sqrt(fmt: Format, a: Array) -> Array:
    """fl(sqrt a)."""
    root = np.sqrt(a)
    if is_double(fmt):
        return root
    product = root * root
    return round_array(fmt, _to_odd(root, (a - product) - _product_error(root, root, product)))


def constant(fmt: Format, value: Fraction) -> float:
    """fl(value) of a rational."""
    return float(round_exact(fmt, value))


def apply(op: TensorOp, fmt: Format, x: Array) -> Array:
    """A function of one operand, correctly rounded: float64's value decides unless it lies too close to where rounding changes."""
    if op is TensorOp.SQRT:
        return sqrt(fmt, x)
    if op is TensorOp.SQUARE:
        return multiply(fmt, x, x)
    value = FLOAT64_FUNCTIONS[op](x)
    margin = np.abs(value) * _RELATIVE_ERROR + 2.0**-1070
    low, high = round_array(fmt, value - margin), round_array(fmt, value + margin)
    close = (low != high) & np.isfinite(value)
    if close.any():
        low = low.copy()
        low[close] = [_settled(op, fmt, float(number)) for number in x[close]]
    return np.where(np.isfinite(value), low, round_array(fmt, value))


def _settled(op: TensorOp, fmt: Format, x: float) -> float:
    import mpmath

    with mpmath.workprec(400):
        value = PRECISE[op](mpmath, mpmath.mpf(x))
        magnitude = Fraction(int(value.man)) * Fraction(2) ** int(value.exp)
        return float(round_exact(fmt, -magnitude if value < 0 else magnitude))


def _to_odd(found: Array, rest: Array) -> Array:
    """found + rest rounded to odd, where found is the float64 number nearest to it. Infinities and NaN stay."""
    found = np.asarray(found, dtype=np.float64)
    even = (found.view(np.int64) & 1) == 0 if found.ndim else (found.reshape(1).view(np.int64) & 1)[0] == 0
    move = even & (rest != 0) & np.isfinite(found) & np.isfinite(rest)
    if not np.any(move):
        return found
    return np.where(move, np.nextafter(found, np.where(rest > 0, np.inf, -np.inf)), found)


def _product_error(a: Array, b: Array, product: Array) -> Array:
    """a b - product, exactly where nothing under- or overflows (Dekker)."""
    a_high, b_high = _high(a), _high(b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _high(a: Array) -> Array:
    scaled = _SPLITTER * a
    return scaled - (scaled - a)


def _sigmoid(mp: Any, x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


PRECISE: dict[TensorOp, Callable[[Any, Any], Any]] = {
    TensorOp.RSQRT: lambda mp, x: 1 / mp.sqrt(x),
    TensorOp.EXP: lambda mp, x: mp.exp(x),
    TensorOp.LOG: lambda mp, x: mp.log(x),
    TensorOp.ERF: lambda mp, x: mp.erf(x),
    TensorOp.GELU: lambda mp, x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    TensorOp.GELU_TANH: lambda mp, x: x * _sigmoid(mp, 2 * mp.sqrt(2 / mp.pi) * (x + x**3 * mp.mpf(44715) / 10**6)),
    TensorOp.SILU: lambda mp, x: x * _sigmoid(mp, x),
    TensorOp.TANH: lambda mp, x: mp.tanh(x),
    TensorOp.SIGMOID: _sigmoid,
    TensorOp.SOFTPLUS: lambda mp, x: mp.log1p(mp.exp(x)),
}
"""Functions to 400 bits."""

