"""Whole arrays of runs in float64: fast, approximate, and never evidence. Search uses it; the kernel confirms what it finds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box
from suffice.hardware_specs.format import MAX_INTEGER_BITS, CodeFormat, ExactFormat, FloatFormat, Format, IntFormat
from suffice.hardware_specs.vectorised import fits_float64, round_array

Array = NDArray[np.floating]


def evaluate(expression: Expression, inputs: dict[str, Array]) -> Array:
    """f over arrays of inputs, in extended precision where the machine has it."""
    return evaluate_float(expression, {name: np.asarray(x, dtype=np.longdouble) for name, x in inputs.items()})


def run_program(expression: Expression, formats: tuple[Format, ...], output: Format, inputs: dict[str, Array]) -> Array:
    """The program over arrays of input codes; results are rounded twice where float64 cannot hold an operation exactly."""
    result = evaluate_float(expression, inputs, lambda k, value: _round(formats[k], value))
    return _round(output, result)


def to_float64(value: Array) -> NDArray[np.float64]:
    """Extended precision cut to float64; what is too large is infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(value, dtype=np.float64)


def _round(fmt: Format, value: Array) -> Array:
    if isinstance(fmt, ExactFormat) or (isinstance(fmt, FloatFormat) and fmt.p == 53 and fmt.emin == -1022):
        return value
    return np.reshape(round_array(fmt, np.atleast_1d(to_float64(value))), np.shape(value))


_RANGE = Fraction(2) ** 1000
"""Magnitudes from 1 / _RANGE to _RANGE leave float64 room for a few operations."""


def can_emulate(formats: tuple[Format, ...], box: Box) -> bool:
    """Whether float64 holds the numbers of every format, nearly enough for a search, and points of the box."""
    return can_sample(box) and all(_is_near_float64(fmt) for fmt in formats)


def can_sample(box: Box) -> bool:
    """Whether the box lies within the range of float64."""
    return all(max(abs(side.lo), abs(side.hi)) < _RANGE for side in box.values())


def _is_near_float64(fmt: Format) -> bool:
    if isinstance(fmt, IntFormat):
        return fmt.scale is None or fmt.zero is None or 1 / _RANGE < fmt.scale < _RANGE / (abs(fmt.zero) + (1 << MAX_INTEGER_BITS))
    return isinstance(fmt, ExactFormat | CodeFormat) or fits_float64(fmt)
