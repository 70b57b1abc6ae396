"""The constants of a program: rounded weights and biases, and how far they lie from the exact ones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import Intervals, constant, point, subtract
from suffice.encodings.networks.graph import TensorNode, TensorOp
from suffice.encodings.networks.program import NetworkProgram, Step, Storage
from suffice.errors import FormatError
from suffice.hardware_specs.block_bounds import quantisation_bounds
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.blocks import block_largest, default_tensor_scale, quantise
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat
from suffice.hardware_specs.rounding import round_exact
from suffice.hardware_specs.vectorised import fits_float64, round_array

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constants:
    """What a program holds in place of the constants of one node: exact float64 numbers, and (rounded - exact) of each."""

    weight: Array | None = None
    weight_change: Intervals | None = None
    bias: Array | None = None
    bias_change: Intervals | None = None


def constants(program: NetworkProgram) -> tuple[Constants, ...]:
    """The constants of every node. Raises FormatError where a rounded constant is not a finite float64 number."""
    return tuple(constants_of(node, step) for node, step in program.pairs())


def constants_of(node: TensorNode, step: Step) -> Constants:
    """The constants of one node; `weight` is the value of a constant, and the slope of leaky_relu."""
    if node.op is TensorOp.LEAKY_RELU:
        return _slope(node, step)
    exact = node.value if node.op is TensorOp.CONSTANT else node.weight
    if exact is None:
        return Constants()
    weight = rounded_constant(exact, step.weights, step.scales, node.name)
    if node.bias is None:
        return Constants(weight=weight, weight_change=change(weight, exact))
    bias = rounded_constant(node.bias, step.bias, (), node.name)
    return Constants(weight=weight, weight_change=change(weight, exact), bias=bias, bias_change=change(bias, node.bias))


def rounded_constant(exact: Array, stored: Storage | None, scales: tuple[Fraction, ...], where: str) -> Array:
    """The numbers that are stored; `scales` are those of the channels (the axis before the last) where `stored` has integer codes."""
    if stored is None:
        return exact
    if isinstance(stored, BlockFormat):
        rounded = quantised_blocks(stored, exact)
    elif isinstance(stored, IntFormat) and scales:
        rounded = _rounded_channels(exact, stored, scales, where)
    else:
        rounded = _rounded(stored, exact, where)
    if not np.isfinite(rounded).all():
        raise FormatError("a rounded constant overflows", where=where, mend="use a format with a wider range, or one that saturates")
    return rounded


def change(rounded: Array, exact: Array) -> Intervals:
    """rounded - exact: a point wherever float64 holds the difference."""
    return subtract(point(rounded), point(exact))


def quantised_blocks(fmt: BlockFormat, x: Array) -> Array:
    """The numbers that stand for x in blocks of its last axis."""
    return quantise(fmt, x).values


def block_errors(fmt: BlockFormat, values: Intervals) -> Intervals:
    """What storing values of these intervals in blocks of the last axis adds."""
    bound = _with_any_tensor_scale(fmt, values) if fmt.tensor_scale else quantisation_bounds(fmt, values.lo, values.hi)
    return Intervals(-bound, bound)


def _with_any_tensor_scale(fmt: BlockFormat, values: Intervals) -> Array:
    """A bound where the scale t of the tensor is found at run time: t <= T, that of the largest possible number.

    A block with largest magnitude m has the scale s = e4m3(m / (c t)), c the largest element: s t <= m/c (1 + 2^-4) + 2^-10 t. An element
    is rounded to within h s t, h half the widest spacing of elements, or saturates: c s t >= m (1 - 2^-4) - c 2^-10 t, also where s is 0;
    where m / (c t) exceeds 448, by the rounding of t alone, that is less than m 2^-20.
    """
    assert isinstance(fmt.element, FloatFormat)
    sizes = np.maximum(np.abs(values.lo), np.abs(values.hi))
    top = float(fmt.element.max_finite)
    tensor = default_tensor_scale(fmt, float(sizes.max())) * (1 + 2.0**-20)
    largest = np.repeat(block_largest(fmt, sizes), fmt.length, axis=-1)[..., : sizes.shape[-1]]
    half = 2.0 ** (fmt.element.emax - fmt.element.p)
    rounded = half * (largest / top * (1 + 2.0**-4) + 2.0**-10 * tensor)
    saturated = largest * (2.0**-4 + 2.0**-20) + top * 2.0**-10 * tensor
    return np.asarray(np.maximum(rounded, saturated) * (1 + 2.0**-40) + 2.0**-1000)


def symmetric_scales(weight: Array, codes: int = 127) -> tuple[Fraction, ...]:
    """One scale for every output channel (the axis before the last): max |w| / codes rounded up to a number of fp32; 1 for zeros."""
    channels = weight.shape[-2] if weight.ndim > 1 else 1
    largest = np.abs(weight).reshape(-1, channels, weight.shape[-1]).max(axis=(0, 2))
    return tuple(scale_above(Fraction(float(size)) / codes) for size in largest)


def scale_above(value: Fraction) -> Fraction:
    """The least positive normal number of fp32 that is not below a rational; 1 for 0."""
    if value == 0:
        return Fraction(1)
    nearest = np.float32(max(float(value), 2.0**-126))
    if Fraction(float(nearest)) < value:
        nearest = np.nextafter(nearest, np.float32(np.inf))
    if not np.isfinite(nearest):
        raise FormatError("a scale of integer codes overflows fp32")
    return Fraction(float(nearest))


def _rounded(stored: Format, exact: Array, where: str) -> Array:
    if isinstance(stored, IntFormat) and not fits_float64(stored):
        raise FormatError("the numbers of integer codes do not fit in float64", where=where, mend="use a scale with fewer bits")
    return round_array(stored, exact)


def _rounded_channels(exact: Array, stored: IntFormat, scales: tuple[Fraction, ...], where: str) -> Array:
    channels = exact.shape[-2] if exact.ndim > 1 else 1
    if len(scales) != channels:
        raise FormatError(f"{len(scales)} scales for {channels} channels", where=where, mend="give one for each output channel")
    rows = exact.reshape(-1, channels, exact.shape[-1])
    rounded = np.empty_like(rows)
    for channel, scale in enumerate(scales):
        codes = IntFormat(qmin=stored.qmin, qmax=stored.qmax, bits=stored.bits, scale=scale, zero=0, rounding=stored.rounding)
        rounded[:, channel] = _rounded(codes, np.ascontiguousarray(rows[:, channel]), where)
    assert rounded.size == prod(exact.shape)
    return rounded.reshape(exact.shape)


def _slope(node: TensorNode, step: Step) -> Constants:
    rounded = round_exact(step.compute, node.parameter_value)
    if not isinstance(rounded, Fraction):
        raise FormatError("the slope below zero overflows", where=node.name, mend="compute in a wider format")
    number = np.array([float(rounded)])
    return Constants(weight=number, weight_change=subtract(point(number), constant(node.parameter_value).reshape(1)))
