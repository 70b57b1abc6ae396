"""Whole arrays of runs in float64: fast, approximate, and never evidence. Search uses it; the kernel confirms what it finds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.expression import Expression
from suffice.hardware_specs.format import CodeFormat, ExactFormat, FloatFormat, Format, IntFormat
from suffice.hardware_specs.vectorised import fits_float64, round_array

Array = NDArray[np.floating]


def evaluate(expression: Expression, inputs: dict[str, Array]) -> Array:
    """f over arrays of inputs, in extended precision where the machine has it."""
    return evaluate_float(expression, {name: np.asarray(x, dtype=np.longdouble) for name, x in inputs.items()})


def run_program(expression: Expression, formats: tuple[Format, ...], output: Format, inputs: dict[str, Array]) -> Array:
    """The program over arrays of input codes; results are rounded twice where float64 cannot hold an operation exactly."""
    result = evaluate_float(expression, inputs, lambda k, value: _round(formats[k], value))
    return _round(output, result)


def _round(fmt: Format, value: Array) -> Array:
    if isinstance(fmt, ExactFormat) or (isinstance(fmt, FloatFormat) and fmt.p == 53 and fmt.emin == -1022):
        return value
    return round_array(fmt, np.asarray(value, dtype=np.float64))


def can_emulate(formats: tuple[Format, ...]) -> bool:
    """Whether float64 holds the numbers of every format."""
    return all(isinstance(fmt, ExactFormat | IntFormat | CodeFormat) or fits_float64(fmt) for fmt in formats)
