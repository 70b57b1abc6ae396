"""Quantising arrays to block formats, exactly, and how far that moves a number.

OCP Microscaling Formats v1.0, section 6.3: with 2^e <= max |block| < 2^(e+1) the scale is 2^(e - emax of the element), its exponent
clamped to [-127, 127]; each element is x / scale rounded to nearest, ties to even, and saturates. NVFP4: the scale of a tensor is a number
of fp32, by default max |tensor| / (6 * 448); that of a block is e4m3(max |block| / (6 tensor scale)), saturating; each element is x over
both, rounded likewise. A scale of zero makes the block zero. All quotients here are rounded once, as if computed exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ldexp

import numpy as np
from numpy.typing import NDArray

from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import Accumulation
from suffice.hardware_specs.block_format import BlockFormat, Scale
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, IntFormat, power_of_two
from suffice.hardware_specs.grid import exponent
from suffice.hardware_specs.rounding import Special, round_exact
from suffice.hardware_specs.vectorised import numbers_array, round_array

Array = NDArray[np.float64]

LARGEST_POWER = 127
"""Exponents of e8m0 scales lie within this of zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """An array in blocks along its last axis: elements, the block scale of each, and the scale of the tensor (1 where there is none)."""

    format: BlockFormat
    elements: Array
    scales: Array
    tensor_scale: float

    @property
    def factors(self) -> Array:
        """Elements times block scales, exactly: what a machine multiplies; the sum of products is scaled by the tensor scales."""
        return self.elements * self.scales

    @property
    def values(self) -> Array:
        """The numbers that the array stands for, exactly."""
        return self.elements * self.scales * self.tensor_scale


def quantise(fmt: BlockFormat, x: Array, *, tensor_scale: float | None = None) -> Quantised:
    """The array in blocks along its last axis; the last block may be short. Raises FormatError for infinities and NaN."""
    x = np.asarray(x, dtype=np.float64)
    if not np.isfinite(x).all():
        raise FormatError("infinities and NaN in an array to quantise", mend="give finite numbers")
    of_tensor = _tensor_scale(fmt, float(np.abs(x).max(initial=0.0)), tensor_scale)
    scales = _per_element(fmt, block_scales(fmt, block_largest(fmt, np.abs(x)), of_tensor), x.shape[-1])
    return Quantised(format=fmt, elements=_elements(fmt, x, scales * of_tensor), scales=scales, tensor_scale=of_tensor)


def quantise_exactly(fmt: BlockFormat, block: Sequence[Fraction], tensor_scale: Fraction = Fraction(1)) -> tuple[list[Fraction], Fraction]:
    """The elements of one block and its scale, in exact rationals."""
    largest = max(map(abs, block))
    scale = _scale_exactly(fmt, largest, tensor_scale)
    if scale == 0:
        return [Fraction(0)] * len(block), scale
    elements = [round_exact(fmt.element, x / (scale * tensor_scale)) for x in block]
    return [x if isinstance(x, Fraction) else Fraction(0) for x in elements], scale


def default_tensor_scale(fmt: BlockFormat, largest: float) -> float:
    """max |tensor| / (largest element times largest scale), rounded to fp32; 1 for a tensor of zeros and formats without tensor scales."""
    if not fmt.tensor_scale or largest == 0:
        return 1.0
    rounded = round_exact(parse_format("fp32"), Fraction(largest) / (largest_element(fmt) * 448))
    if isinstance(rounded, Special) and rounded is not Special.NEGATIVE_ZERO:
        raise FormatError("the largest number is too large for a tensor scale in fp32", mend="scale the tensor down")
    return float(rounded) or ldexp(1.0, -149)


def block_largest(fmt: BlockFormat, magnitudes: Array) -> Array:
    """The maximum of each block along the last axis."""
    starts = np.arange(0, magnitudes.shape[-1], fmt.length)
    largest: Array = np.maximum.reduceat(magnitudes, starts, axis=-1)
    return largest


def alignment_exponents(accumulation: Accumulation, left: Quantised, right: Quantised) -> NDArray[np.int64]:
    """The exponents by which groups align products of `left.factors` and `right.factors`, whose shapes are broadcast.

    Those of both scales, and of the elements too unless several products are added before they are aligned (MMA-Sim, arXiv 2511.10909).
    """
    scales = _scale_exponents(left) + _scale_exponents(right)
    if accumulation.presummed > 1:
        return scales
    elements = [np.frexp(x.elements)[1].astype(np.int64) - 1 for x in (left, right)]
    kept = [np.maximum(e, least) for e, least in zip(elements, accumulation.smallest_exponents, strict=True)]
    return scales + kept[0] + kept[1]


def aligned_magnitudes(fmt: BlockFormat, elements: Array, scales: Array) -> Array:
    """max(|element|, 2^emin) max(scale, its least normal number), for `Terms.largest`: monotone, so bounds give bounds."""
    aligned: Array = np.maximum(np.abs(elements), 2.0**fmt.smallest_exponent) * np.maximum(scales, _least_normal_scale(fmt))
    return aligned


def _least_normal_scale(fmt: BlockFormat) -> float:
    return 2.0**-LARGEST_POWER if fmt.scale is Scale.POWER_OF_TWO else 2.0**-6


def _scale_exponents(x: Quantised) -> NDArray[np.int64]:
    """floor(log2 scale), of subnormal scales and of zero the least exponent."""
    exponents: NDArray[np.int64] = np.frexp(np.maximum(x.scales, _least_normal_scale(x.format)))[1].astype(np.int64) - 1
    return exponents


def _tensor_scale(fmt: BlockFormat, largest: float, given: float | None) -> float:
    if given is None:
        return default_tensor_scale(fmt, largest)
    if not fmt.tensor_scale:
        raise FormatError(f"{fmt.name} has no tensor scale", mend="leave it out")
    if not given > 0 or round_exact(parse_format("fp32"), Fraction(given)) != Fraction(given):
        raise FormatError(f"a tensor scale of {given}", mend="use a positive number of fp32")
    return given


def largest_element(fmt: BlockFormat) -> Fraction:
    element = fmt.element
    if isinstance(element, FloatFormat):
        return element.max_finite
    assert element.scale is not None
    return element.scale * element.qmax


def _scale_format() -> FloatFormat:
    fmt = parse_format(Scale.E4M3)
    assert isinstance(fmt, FloatFormat)
    return fmt


def _scale_exactly(fmt: BlockFormat, largest: Fraction, tensor_scale: Fraction) -> Fraction:
    if fmt.scale is Scale.POWER_OF_TWO:
        wanted = exponent(largest) - fmt.emax_element if largest else -LARGEST_POWER
        return power_of_two(min(max(wanted, -LARGEST_POWER), LARGEST_POWER))
    rounded = round_exact(_scale_format(), largest / (largest_element(fmt) * tensor_scale))
    assert isinstance(rounded, Fraction)
    return rounded


def block_scales(fmt: BlockFormat, largest: Array, tensor_scale: float) -> Array:
    if fmt.scale is Scale.POWER_OF_TWO:
        wanted = np.where(largest == 0, -LARGEST_POWER, np.frexp(largest)[1] - 1 - fmt.emax_element)
        scales: Array = np.ldexp(1.0, np.clip(wanted, -LARGEST_POWER, LARGEST_POWER))
        return scales
    return _quotient(_scale_format(), largest, np.full_like(largest, float(largest_element(fmt)) * tensor_scale))


def _per_element(fmt: BlockFormat, of_blocks: Array, count: int) -> Array:
    return np.repeat(of_blocks, fmt.length, axis=-1)[..., :count]


def _elements(fmt: BlockFormat, x: Array, scales: Array) -> Array:
    if fmt.scale is Scale.POWER_OF_TWO:
        return round_array(fmt.element, x / scales) + 0.0
    assert not isinstance(fmt.element, IntFormat)
    return np.copysign(_quotient(fmt.element, np.abs(x), scales), x) + 0.0


def _quotient(fmt: FloatFormat, x: Array, unit: Array) -> Array:
    """x / unit >= 0 rounded to a narrow saturating format, ties to even; 0 where unit = 0.

    x is compared with each midpoint times unit: exact, as midpoints have few bits and units at most 30.
    """
    numbers = numbers_array(fmt, Fraction(0), fmt.max_finite)
    rounded = np.zeros_like(x)
    for place, (low, high) in enumerate(pairwise(numbers)):
        middle = (low + high) / 2 * unit
        rounded = np.where((x > middle) | ((x == middle) & (place % 2 == 1)), high, rounded)
    return np.where(unit == 0, 0.0, rounded)
