"""Sharper bounds for a chain of additions, from bounds of its actual partial sums.

Let the terms be added one by one, in the order of a chain, T_k >= |t_k| and P_k >= |t_1 + ... + t_k|, both exact. For a number x <= B
that is rounded to nearest, |fl(x) - x| <= h(B) := 2^(max(k, emin) - p) with 2^k < B <= 2^(k+1): the spacing below 2^(k+1) is
2^(k-p+1), and x = 2^(k+1) itself is exact. With E_k the error after k terms:

  a product that is rounded errs by r_k = h(T_k) (0 if all products fit); E_1 = r_1;
  x_k = computed sum + product has |x_k| <= B_k = P_k + E_(k-1) + r_k, so E_k = E_(k-1) + r_k + min(h(B_k), T_k + r_k),

the last since the computed sum is a number of the format, no farther from x_k than the product (fact d of `accumulation_bounds`). A
fused product has r_k = 0, but its first addition (to zero) rounds it: E_1 = h(T_1). `either` has the larger, that of rounded products.
If 2^unit divides every product, then a product, or a sum of products that was exact so far, of at most `exact_total` is exact. Where
results are flushed, a step may lose min(B_k, 2^emin) instead, a product min(T_k, 2^emin). No B_k above max_finite: else no bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import NDArray

from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products, exact_total
from suffice.hardware_specs.format import FloatFormat, power_of_two
from suffice.hardware_specs.grid import exponent
from suffice.hardware_specs.vectorised import fits_float64

Array = NDArray[np.float64]


def chain_order(accumulation: Accumulation, count: int) -> NDArray[np.intp]:
    """The indices of the products in the order in which a chain adds them. Raises FormatError for orders that are no chain."""
    _chain_format(accumulation)
    indices = np.arange(count)
    if accumulation.order is Order.SEQUENTIAL:
        return indices
    swapped: NDArray[np.intp] = np.minimum(indices ^ 1, count - 1)
    return swapped


def chain_error_bound(
    accumulation: Accumulation, terms: Sequence[Fraction], partial_sums: Sequence[Fraction], *, bias: bool = False, unit: int | None = None
) -> Fraction | None:
    """The error of a chain from bounds of its terms and partial sums, in the order of `chain_order`; `bias`: the last term is one."""
    fmt = _chain_format(accumulation)
    error, on_grid = Fraction(0), exact_total(accumulation, unit)
    for k, (term, partial) in enumerate(zip(terms, partial_sums, strict=True)):
        is_bias = bias and k == len(terms) - 1
        exact = accumulation.products_fit or is_bias or term <= on_grid or (k > 0 and accumulation.products is Products.FUSED)
        product = Fraction(0) if exact else _loss(accumulation, fmt, term, term)
        reach = partial + error + product
        if max(reach, term + product) > fmt.max_finite:
            return None
        exact_sum = k == 0 or (error == product == 0 and reach <= on_grid and not is_bias)
        error += product + (Fraction(0) if exact_sum else _loss(accumulation, fmt, reach, term + product))
    return error + _bias_flush(accumulation, fmt, bias=bias)


def chain_error_bounds(
    accumulation: Accumulation, terms: Array, partial_sums: Array, *, bias: bool = False, unit: int | None = None
) -> Array:
    """`chain_error_bound` along the last axis, in float64 rounded upward; infinite where it is None."""
    fmt = _chain_format(accumulation)
    if not fits_float64(fmt):
        raise FormatError("the accumulator does not fit in float64", mend="use chain_error_bound")
    terms, partial_sums = np.broadcast_arrays(np.asarray(terms, dtype=np.float64), np.asarray(partial_sums, dtype=np.float64))
    largest = float(fmt.max_finite)
    with np.errstate(all="ignore"):
        error = np.zeros(terms.shape[:-1])
        overflow = np.zeros(terms.shape[:-1], dtype=bool)
        on_grid = float(exact_total(accumulation, unit))
        for k in range(terms.shape[-1]):
            term, partial = terms[..., k], partial_sums[..., k]
            product = np.zeros_like(error)
            is_bias = bias and k == terms.shape[-1] - 1
            if not (accumulation.products_fit or is_bias) and (k == 0 or accumulation.products is not Products.FUSED):
                product = np.where(term <= on_grid, 0.0, _losses(accumulation, fmt, term, term))
            reach, moved = _plus(_plus(partial, error), product), _plus(term, product)
            overflow |= ~(np.maximum(reach, moved) <= largest)
            exact_sum = (error == 0) & (product == 0) & (reach <= on_grid) & (not is_bias)
            error = _plus(error, product)
            if k:
                error = _plus(error, np.where(exact_sum, 0.0, _losses(accumulation, fmt, reach, moved)))
        flushed = float(_bias_flush(accumulation, fmt, bias=bias))
        return np.where(overflow, inf, _plus(error, np.full_like(error, flushed)))


def _chain_format(accumulation: Accumulation) -> FloatFormat:
    fmt = accumulation.accumulator
    if accumulation.kind is not Kind.ADDITIONS or not isinstance(fmt, FloatFormat):
        raise FormatError(f"{accumulation.kind} is no chain of additions", mend="use error_bound")
    if accumulation.order not in (Order.SEQUENTIAL, Order.ODD_EVEN):
        raise FormatError(f"the order {accumulation.order} is no chain of additions", mend="use error_bound")
    return fmt


def _bias_flush(accumulation: Accumulation, fmt: FloatFormat, *, bias: bool) -> Fraction:
    """A subnormal bias may be read as zero: the sum moves by less than 2^emin."""
    return power_of_two(fmt.emin) if bias and (accumulation.flushes_inputs or accumulation.flushes_results) else Fraction(0)


def _loss(accumulation: Accumulation, fmt: FloatFormat, reach: Fraction, smaller: Fraction) -> Fraction:
    """The rounding of a number up to `reach`, and (if kept) not beyond `smaller`."""
    if reach == 0:
        return Fraction(0)
    below = exponent(reach) - (reach == power_of_two(exponent(reach)))
    half = min(power_of_two(max(below, fmt.emin) - fmt.p), smaller)
    return max(half, min(reach, power_of_two(fmt.emin))) if accumulation.flushes_results else half


def _losses(accumulation: Accumulation, fmt: FloatFormat, reach: Array, smaller: Array) -> Array:
    """`_loss` for arrays: powers of two and minima, exact."""
    significand, power = np.frexp(reach)
    below = power - 1 - (significand == 0.5)
    half = np.minimum(np.ldexp(1.0, np.maximum(below, fmt.emin) - fmt.p), smaller)
    if accumulation.flushes_results:
        half = np.maximum(half, np.minimum(reach, 2.0**fmt.emin))
    loss: Array = np.where(reach == 0, 0.0, half)
    return loss


def _plus(x: Array, y: Array) -> Array:
    """At least x + y, and x itself where y = 0."""
    total: Array = np.where(y == 0, x, np.nextafter(x + y, inf))
    return total
