"""Local errors of softmax, log_softmax, layer_norm and rms_norm (docs/networks.md, "Local errors", where each line is proved).

Upper bounds of non-negative numbers, in the nearest mode, then raised.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays import functions, intervals
from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude
from suffice.encodings.enclosures.arrays.variance import variance
from suffice.encodings.networks.graph import Array, TensorNode, TensorOp
from suffice.encodings.networks.program import Step, Storage
from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import Accumulation
from suffice.hardware_specs.accumulation_bounds import affine_bound, error_bounds
from suffice.hardware_specs.format import ExactFormat, FloatFormat
from suffice.hardware_specs.upward import above
from suffice.prover.networks.local_errors_rounding import function_errors, half_spacing, keeps, raised, unit_roundoffs


def row_errors(node: TensorNode, step: Step, x: Intervals, value: Intervals, held: Storage | None) -> Array:
    """|computed - exact| for operands in x; `value` holds the exact results."""
    if isinstance(step.compute, ExactFormat):
        return np.zeros(x.shape)
    if not isinstance(step.compute, FloatFormat):
        raise FormatError("arithmetic in integer codes", where=node.name, mend="compute in a float format")
    if node.op in (TensorOp.LAYER_NORM, TensorOp.RMS_NORM):
        return _norm_errors(node, step, step.compute, x, value, held)
    return _softmax_errors(node, step, x, value)


def _softmax_errors(node: TensorNode, step: Step, x: Intervals, value: Intervals) -> Array:
    count = x.shape[-1]
    u, eta = (1 + 2 * step.ulps) * np.array(unit_roundoffs(step.compute))
    relative, absolute = _relative_sum(step.accumulation, count)
    spread = raised(np.maximum(x.hi.max(axis=-1, keepdims=True) - x.lo.min(axis=-1, keepdims=True), 0.0), 1)
    shift = half_spacing(step.compute, spread)
    scaled = _raised_power(shift, u)
    total = raised(compounded(scaled + count * eta, relative) + absolute)
    known = total < 0.5
    total, scaled = np.where(known, total, 0.5), np.where(known, scaled, 0.0)
    if node.op is TensorOp.LOG_SOFTMAX:
        lost = raised(total / (1 - total))
        log_count = functions.log(intervals.point(float(count))).hi
        of_log = raised(lost + function_errors(step.compute, raised(log_count + lost), step.ulps))
        error = raised(shift + of_log + half_spacing(step.compute, raised(spread + log_count + shift + of_log)))
        return np.where(known, np.broadcast_to(error, x.shape), np.inf)
    largest = np.minimum(np.maximum(value.hi, 0.0), 1.0)
    growth = raised((scaled + total) / (1 - total))
    before = raised(largest * growth + eta / (1 - total))
    error = raised(before + half_spacing(step.compute, raised(largest + before)), 4)
    return np.where(known, error, np.inf)


def _norm_errors(node: TensorNode, step: Step, compute: FloatFormat, x: Intervals, value: Intervals, held: Storage | None) -> Array:
    count = x.shape[-1]
    u, eta = unit_roundoffs(compute)
    u_root, eta_root = (1 + 2 * step.ulps) * u, (1 + 2 * step.ulps) * eta
    relative, absolute = _relative_sum(step.accumulation, count)
    size = magnitude(x)
    eps = above(node.parameter_value)
    least, most, centred = _second_moment(node, x)
    if node.op is TensorOp.LAYER_NORM:
        accumulation = _accumulation(step)
        leaves = accumulation if keeps(accumulation.accumulator, held) else replace(accumulation, products_fit=False)
        sums = error_bounds(leaves, count, raised(size.sum(axis=-1, keepdims=True), count + 2))
        total = magnitude(intervals.total(x))[..., None]
        shift = raised(sums / count + half_spacing(compute, raised((total + sums) / count)))
        single = half_spacing(compute, raised(magnitude(centred) + shift))
        spread = raised(np.sqrt((single * single).mean(axis=-1, keepdims=True)), count + 8)
        reach = raised(magnitude(centred) + shift + single)
    else:
        shift, single, spread, reach = np.zeros((*x.shape[:-1], 1)), np.zeros(x.shape), np.zeros((*x.shape[:-1], 1)), size
    positive = least > 0
    floor = np.where(positive, least, 1.0)
    root = np.sqrt(floor) * (1 - 2.0**-50)
    uneven = raised((shift + spread) ** 2 / floor + 2 * spread / root)
    grown = compounded(uneven, u, u, relative, u)
    width = raised(grown + (8 * eta + 2 * absolute) / floor)
    known = positive & (width < 0.5) & ~_overflows(compute, reach, most, eps, floor)
    width = np.where(known, width, 0.5)
    scale = raised(compounded(width / (2 * (1 - width)), u_root) + eta_root * np.sqrt(raised(most)))
    largest = np.minimum(magnitude(value), np.sqrt(count) * (1 + 2.0**-50))
    before = raised(largest * scale + (shift + single) * (1 + scale) / root)
    error = raised(before + half_spacing(compute, raised(largest + before)), 4)
    return np.where(known, error, np.inf)


def _second_moment(node: TensorNode, x: Intervals) -> tuple[Array, Array, Intervals]:
    """Lower and upper bounds of variance + eps (mean square + eps) of every row, and the intervals of x - mean."""
    eps = intervals.constant(node.parameter_value)
    if node.op is TensorOp.RMS_NORM:
        moment, centred = intervals.mean(intervals.square(x)), x
    else:
        mean = intervals.mean(x)
        moment, centred = variance(x), intervals.subtract(x, mean.reshape(*mean.shape, 1))
    shifted = intervals.add(moment, eps)
    return shifted.lo[..., None], shifted.hi[..., None], centred


def _overflows(compute: FloatFormat, reach: Array, most: Array, eps: float, floor: Array) -> NDArray[np.bool_]:
    """Whether a square, a sum of squares or a reciprocal root may leave the format."""
    end = float(compute.max_finite) / 4
    squares = raised((reach * reach).sum(axis=-1, keepdims=True), reach.shape[-1] + 4)
    return np.asarray((squares > end) | (most > end) | (eps > end) | (1 / np.sqrt(floor) > end))


def _raised_power(exponent: Array, u: float) -> Array:
    """e^a (1 + u) - 1 at most, by e^a <= 1 + a + a^2 for a <= 1; infinite for larger a."""
    a = np.where(exponent <= 1, exponent, 1.0)
    return np.where(exponent <= 1, compounded(a + a * a, u), np.inf)


def compounded(*parts: Array | float) -> Array:
    """(1 + a)(1 + b)... - 1 at most, for non-negative numbers."""
    result = np.zeros(1)
    for part in parts:
        result = result + part + result * part
    return raised(result)


def _accumulation(step: Step) -> Accumulation:
    if step.accumulation is None:
        raise FormatError("a sum without an accumulation", mend="give Step.accumulation")
    return step.accumulation


def _relative_sum(accumulation: Accumulation | None, count: int) -> tuple[float, float]:
    """g and h: a sum of n numbers of one sign errs by at most g times it, and h."""
    if accumulation is None:
        raise FormatError("a sum without an accumulation", mend="give Step.accumulation")
    slope, constant = affine_bound(accumulation, count, bias=False)
    return above(slope), above(constant)
