"""Values of a kernel: an enclosure of the exact value, and a bound of the kernel's error (THEORY S1, applied operation by operation).

A kernel's value v^ satisfies |v^ - v| <= error for the exact v of the same inputs, which lies in `exact`. Where inputs range over a box,
the statement holds for each input by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.hardware_specs.accumulation import holds
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Rounding
from suffice.hardware_specs.grid import code_value
from suffice.prover.kernels.contract import Kernel, half
from suffice.prover.kernels.upper import Array, Bound, above, add, divide, growth, lowered_difference, multiply

QUANTISING = 3
"""Roundings of x / scale + zero, with a reciprocal of the scale: of the reciprocal, the product and the sum."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """An exact value in `exact`, which a kernel's value is within `error` of."""

    exact: Intervals
    error: Array

    @property
    def size(self) -> Array:
        """The largest |exact value|."""
        return iv.magnitude(self.exact)

    @property
    def reach(self) -> Array:
        """The largest |kernel's value|."""
        return add(self.size, self.error)

    def with_error(self, *more: Bound) -> Tracked:
        """The same value, further off."""
        error = add(self.error, *more)
        return Tracked(self.exact, np.broadcast_to(error, np.broadcast_shapes(self.exact.shape, error.shape)))

    def arranged(self, arrange: Callable[[Array], Array]) -> Tracked:
        """The same values in other places."""
        return Tracked(iv.rearranged(self.exact, arrange), arrange(np.broadcast_to(self.error, self.exact.shape)))


def exactly(x: Intervals) -> Tracked:
    """Inputs, which are machine numbers."""
    return Tracked(x, np.zeros(x.shape))


def rounded(value: Tracked, *formats: Format | None) -> Tracked:
    """K1: rounded once to each of the formats, in turn."""
    for fmt in formats:
        if isinstance(fmt, IntFormat):
            value = _to_codes(value, fmt)
        elif fmt is not None:
            value = value.with_error(half(fmt, value.reach))
    return value


def delivered(value: Tracked, kernel: Kernel, computed: Format | None = None) -> Tracked:
    """The result: rounded to the kernel's output, unless that has all numbers of the format it was computed in (`compute`)."""
    if holds(kernel.output, kernel.compute if computed is None else computed):
        return value
    return quantised(value, kernel, kernel.output) if isinstance(kernel.output, IntFormat) else rounded(value, kernel.output)


def quantised(value: Tracked, kernel: Kernel, codes: IntFormat) -> Tracked:
    """K11: x/scale + zero with three roundings, relative to |x| + scale |zero|, and the code."""
    assert codes.scale is not None and codes.zero is not None
    shifted = add(value.reach, above(codes.scale * abs(codes.zero)))
    moved = add(multiply(shifted, growth(kernel.unit, QUANTISING)), above(2 * QUANTISING * kernel.tiny * (1 + codes.scale)))
    return rounded(value.with_error(moved), codes)


def times(a: Tracked, b: Tracked, *formats: FloatFormat) -> Tracked:
    """The product: |a^ b^ - a b| <= |a| eb + |b| ea + ea eb (s1_rounded_product)."""
    error = add(multiply(a.size, b.error), multiply(b.size, a.error), multiply(a.error, b.error))
    return rounded(Tracked(iv.multiply(a.exact, b.exact), error), *formats)


def plus(a: Tracked, b: Tracked, *formats: FloatFormat) -> Tracked:
    """The sum (s1_rounded_sum)."""
    return rounded(Tracked(iv.add(a.exact, b.exact), add(a.error, b.error)), *formats)


def constant(value: float | Fraction, fmt: FloatFormat) -> Tracked:
    """An exact constant as the kernel holds it, rounded to its format."""
    enclosure = iv.constant(Fraction(value))
    return rounded(exactly(enclosure), fmt)


def _to_codes(value: Tracked, fmt: IntFormat) -> Tracked:
    """Half a step (a step in directed modes), and the distance by which the value leaves the codes."""
    assert fmt.scale is not None
    step = fmt.scale / 2 if fmt.rounding in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY) else fmt.scale
    return value.with_error(np.maximum(above(step), beyond(value, fmt)))


def beyond(value: Tracked, fmt: IntFormat) -> Array:
    """The distance by which the kernel's value may leave the codes."""
    lowest, highest = code_value(fmt, fmt.qmin), code_value(fmt, fmt.qmax)
    over = np.maximum(add(value.exact.hi, value.error, above(-highest)), add(-value.exact.lo, value.error, above(lowest)))
    return np.maximum(over, 0.0)


def ratio_error(numerator: Tracked, denominator: Tracked, quotient: Array) -> Array:
    """K5: |a^/b^ - a/b| <= (ea + |a/b| eb) / (b - eb) for b - eb > 0, with |a/b| <= quotient."""
    least = lowered_difference(iv.mignitude(denominator.exact), denominator.error)
    return divide(add(numerator.error, multiply(quotient, denominator.error)), least)
