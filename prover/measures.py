"""The error measures of docs/semantics.md over arrays, for search."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.problem import Tolerance
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.case import is_free
from suffice.prover.emulation import to_float64

Array = NDArray[np.floating]


_LARGEST_SHARE = Fraction(2) ** 1000


def _share(tolerance: Tolerance) -> float:
    """The relative part of the tolerance, within the range of float64."""
    return float(min(tolerance.relative, _LARGEST_SHARE))


def measure(tolerance: Tolerance, z: Array, f: Array) -> Array:
    """The measure of answers z where the function is f; infinite for NaN and infinities."""
    with np.errstate(all="ignore"):
        distance = np.abs(z - f)
        if tolerance.is_relative:
            size = np.abs(f)
            value = np.where(distance == 0, 0.0, distance / size)
        else:
            value = np.maximum(distance - _share(tolerance) * np.abs(f), 0)
        return np.where(np.isfinite(to_float64(z)), value, np.inf)


def best_answer(tolerance: Tolerance, low: Array, high: Array) -> Array:
    """The real answer whose larger measure at f = low and f = high is least."""
    with np.errstate(all="ignore"):
        if tolerance.is_relative:
            crossing = (np.sign(low) + np.sign(high)) / (1 / np.abs(low) + 1 / np.abs(high))
            crossing = np.where((low == 0) | (high == 0), 0, crossing)
        else:
            crossing = (low + high + _share(tolerance) * (np.abs(low) - np.abs(high))) / 2
        return np.clip(crossing, low, high)


def least_measure(tolerance: Tolerance, output: Format, low: Array, high: Array) -> Array:
    """What the best answer among the numbers of the output format costs, where f takes all values between low and high."""
    z = best_answer(tolerance, low, high)
    candidates = [z] if isinstance(output, ExactFormat) or is_free(output) else _neighbours(output, to_float64(z))
    costs = [np.maximum(measure(tolerance, c, low), measure(tolerance, c, high)) for c in candidates]
    return costs[0] if len(costs) == 1 else np.minimum(*costs)


def _neighbours(fmt: Format, z: NDArray[np.float64]) -> list[Array]:
    """The numbers next to each z, below and above."""
    below: Array = round_array(_directed(fmt, Rounding.DOWN), z)
    above: Array = round_array(_directed(fmt, Rounding.UP), z)
    if isinstance(fmt, FloatFormat) and fmt.subnormals is Subnormals.FLUSHED:
        tiny = 2.0**fmt.emin
        flushed = np.abs(z) < tiny
        below = np.where(flushed, np.where(z < 0, -tiny, 0.0), below)
        above = np.where(flushed, np.where(z > 0, tiny, 0.0), above)
    return [below, above]


def _directed(fmt: Format, mode: Rounding) -> Format:
    """The same numbers, rounded one way and never to an infinity."""
    if isinstance(fmt, IntFormat):
        return IntFormat(qmin=fmt.qmin, qmax=fmt.qmax, bits=fmt.bits, scale=fmt.scale, zero=fmt.zero, rounding=mode)
    assert isinstance(fmt, FloatFormat)
    return FloatFormat(
        p=fmt.p, emin=fmt.emin, emax=fmt.emax, max_finite=fmt.max_finite, bits=fmt.bits, infinities=fmt.infinities, nan=fmt.nan,
        negative_zero=fmt.negative_zero, subnormals=fmt.subnormals, rounding=mode, overflow=Overflow.SATURATE,
    )  # fmt: skip
