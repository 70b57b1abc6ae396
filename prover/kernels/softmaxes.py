"""Softmax and log-softmax (K5, K6), in two passes or online with rescaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.functions import exp, log
from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.errors import InputError
from suffice.hardware_specs.format import FloatFormat, Subnormals
from suffice.prover.kernels.contract import Kernel, underflow_of, unit_of, unless_overflow
from suffice.prover.kernels.linear_maps import Inputs
from suffice.prover.kernels.sums import Terms, adding_error
from suffice.prover.kernels.tracked import Tracked, delivered, exactly, ratio_error, rounded
from suffice.prover.kernels.upper import Array, above, add, expm1, growth, multiply
from suffice.prover.kernels.upper import total as upper_total

LARGE = 2.0**1000
"""Below it lies minus every score that counts, and no exponent matters beyond."""

ALGORITHMS = ("any", "two_pass", "online")


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """exp(x - max x) over the last axis with a kernel's errors, the largest relative factor of the arithmetic, and the sum of all."""

    terms: Tracked
    sum: Tracked


def softmax(kernel: Kernel, given: Inputs, *, axis: int = -1, algorithm: str = "any", rescalings: int | None = None) -> Tracked:
    """e^(x - max) over its sum, or times the rounded reciprocal of the sum."""
    x = iv.rearranged(given["x"], lambda ends: np.moveaxis(ends, axis, -1))
    found = weights(kernel, exactly(x), None, rescaled(x.shape[-1], algorithm, rescalings), kernel.intermediates)
    exact = iv.minimum(iv.divide(found.terms.exact, spread(found.sum.exact)), 1.0)
    quotient = Tracked(exact, ratio_error(found.terms, spread_tracked(found.sum), iv.magnitude(exact)))
    return delivered(twice_rounded(quotient, kernel), kernel).arranged(lambda ends: np.moveaxis(ends, -1, axis))


def log_softmax(
    kernel: Kernel, given: Inputs, *, axis: int = -1, algorithm: str = "any", rescalings: int | None = None, shifted: bool = False
) -> Tracked:
    """x - max - log(sum), three terms added in any order; `shifted`: x - max first."""
    x = iv.rearranged(given["x"], lambda ends: np.moveaxis(ends, axis, -1))
    found = weights(kernel, exactly(x), None, rescaled(x.shape[-1], algorithm, rescalings), kernel.intermediates)
    logarithm = rounded(_logarithm(kernel, found.sum), kernel.intermediates)
    largest = iv.largest(x)
    distance = iv.maximum(iv.subtract(spread(largest), x), 0.0)
    exact = iv.minimum(iv.subtract(iv.negate(distance), spread(logarithm.exact)), 0.0)
    reach = add(iv.magnitude(distance), spread_array(logarithm.reach))
    if not shifted:
        reach = np.maximum(reach, add(iv.magnitude(x), spread_array(iv.magnitude(largest)), spread_array(logarithm.reach)))
    error = add(spread_array(logarithm.error), multiply(reach, growth(kernel.unit, 2)))
    error = unless_overflow(kernel, error, add(reach, error))
    return delivered(Tracked(exact, error), kernel).arranged(lambda ends: np.moveaxis(ends, -1, axis))


def rescaled(count: int, algorithm: str, rescalings: int | None) -> int:
    """How often a running sum may be rescaled: never in two passes, else before every element after the first at most."""
    if algorithm not in ALGORITHMS:
        raise InputError(f"no algorithm is called {algorithm}", where="softmax", mend=f"known are {', '.join(ALGORITHMS)}")
    if algorithm == "two_pass":
        return 0
    return max(count - 1, 0) if rescalings is None else min(rescalings, max(count - 1, 0))


def weights(kernel: Kernel, x: Tracked, kept: Array | None, rescalings: int, stored: FloatFormat | None = None) -> Weights:
    """exp(x - max) and its sum over the last axis, over the elements kept (all if None), up to one positive factor for the row.

    K5: with D = max - x, the exponents that a kernel takes on x^ sum up to max x^ - x^, each difference rounded once, and the factor
    exp(max x^ - max x) is the row's. What is left is (1 + t) e^(-D + a) + h with |a| <= u (D + 2 max error) + error,
    1 + t <= (1 + f)^(1 + B) (1 + u)^B for B rescalings, and h what underflows. Weights and sum are rounded to `stored` where it is given.
    """
    kept = np.broadcast_to(True if kept is None else kept, x.exact.shape)
    top = iv.largest(Intervals(np.where(kept, x.exact.lo, -LARGE), np.where(kept, x.exact.hi, -LARGE)))
    distance = iv.maximum(iv.subtract(spread(top), x.exact), 0.0)
    exact = iv.minimum(exp(iv.negate(distance)), 1.0)
    exact = Intervals(np.where(kept, exact.lo, 0.0), np.where(kept, exact.hi, 0.0))
    worst = np.where(kept, x.error, 0.0).max(axis=-1, keepdims=True)
    drift = add(multiply(add(distance.hi, worst, worst), above(kernel.unit)), x.error, _flushed_differences(kernel, rescalings))
    factor, count = growth_of_both(kernel, 1 + rescalings, rescalings), int(kept.sum(axis=-1).max(initial=0))
    upward = np.where(kept, _drifted(exact, distance, drift), 0.0)
    error = add(upward, multiply(add(exact.hi, upward), factor))
    if stored is not None:
        error = add(error, multiply(add(exact.hi, error), above(unit_of(stored))), np.where(kept, above(underflow_of(stored)), 0.0))
    lost = multiply(above(kernel.function_tiny * (1 + rescalings * (count + 1))), add(1.0, expm1(worst)))
    lost = multiply(multiply(lost, add(1.0, factor)), add(1.0, factor))
    unseen = multiply(float(count), lost[..., 0])
    sizes = add(upper_total(add(exact.hi, error)), unseen)
    adding = adding_error(kernel, count, sizes, Terms.NUMBERS, interleaved=rescalings > 0)
    total = iv.maximum(iv.total(exact), 1.0)
    summed = Tracked(total, add(upper_total(error), unseen, adding))
    return Weights(Tracked(exact, np.where(kept, add(error, lost), 0.0)), rounded(summed, stored))


def growth_of_both(kernel: Kernel, functions: int, products: int) -> float:
    """(1 + f)^functions (1 + u)^products - 1."""
    first, second = growth(kernel.function_unit, functions), growth(kernel.unit, products)
    return float(add(first, second, multiply(first, second)))


def _flushed_differences(kernel: Kernel, rescalings: int) -> float:
    """What differences lose where subnormal results are flushed."""
    return above(kernel.tiny * (1 + rescalings)) if kernel.compute.subnormals is Subnormals.FLUSHED else 0.0


def _drifted(exact: Intervals, distance: Intervals, drift: Array) -> Array:
    """The largest |e^(-D + a) - e^-D| over |a| <= drift: e^-D (e^drift - 1), and no more than the larger of the two."""
    by_factor = multiply(exact.hi, expm1(drift))
    exponent = np.minimum(drift, LARGE)
    return np.minimum(by_factor, exp(iv.subtract(Intervals(exponent, exponent), distance)).hi)


def twice_rounded(quotient: Tracked, kernel: Kernel) -> Tracked:
    """A quotient that is rounded, or a product with a rounded reciprocal: two roundings."""
    error = add(multiply(quotient.reach, growth(kernel.unit, 2)), above(2 * kernel.tiny))
    return quotient.with_error(error)


def _logarithm(kernel: Kernel, total: Tracked) -> Tracked:
    """log of a sum of at least one: |log S^ - log S| <= -log(1 - e/S) <= e/(S - e), and the accuracy of the function."""
    exact = log(iv.maximum(total.exact, 1.0))
    off = ratio_error(Tracked(total.exact, total.error), total, np.zeros_like(total.error))
    size = add(iv.magnitude(exact), off)
    return Tracked(exact, add(off, multiply(size, above(kernel.function_unit)), above(kernel.function_tiny)))


def spread(x: Intervals) -> Intervals:
    """One interval of a row, beside each of its elements."""
    return iv.rearranged(x, lambda ends: ends[..., None])


def spread_array(x: Array) -> Array:
    """One bound of a row, beside each of its elements."""
    return x[..., None]


def spread_tracked(x: Tracked) -> Tracked:
    """One value of a row, beside each of its elements."""
    return x.arranged(lambda ends: ends[..., None])
