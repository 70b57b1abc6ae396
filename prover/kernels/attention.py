"""Scaled dot-product attention (K10)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.functions import UNARY
from suffice.encodings.enclosures.arrays.linear import products
from suffice.errors import InputError
from suffice.prover.kernels.contract import Kernel, underflow_of, unit_of, unless_overflow
from suffice.prover.kernels.linear_maps import Inputs
from suffice.prover.kernels.softmaxes import rescaled, spread, spread_array, weights
from suffice.prover.kernels.sums import Terms, adding_error, flushed_factors, largest_product, matrix_product, size_of_product
from suffice.prover.kernels.tracked import Tracked, delivered, exactly, ratio_error, rounded
from suffice.prover.kernels.upper import Array, above, add, divide, growth, lowered_difference, multiply
from suffice.prover.kernels.upper import total as upper_total

SCALING = 5
"""Roundings between the sum of products and the exponent: the scale, its product with q or the sum, a mask's sum, a change of base."""


def attention(
    kernel: Kernel,
    given: Inputs,
    *,
    causal: bool = False,
    mask: NDArray[np.bool_] | None = None,
    scale: float | None = None,
    algorithm: str = "any",
    rescalings: int | None = None,
) -> Tracked:
    """softmax(scale q k^T) v over the last two axes; `causal` keeps key j for query i where j <= i, `mask` where it is true.

    The scale is 1 / sqrt(the length of q's rows) where none is given.
    """
    k, v = given["k"], given["v"]
    scores = _scores(kernel, given, scale)
    kept = _kept(scores.exact.shape, causal, mask)
    rescales = rescaled(k.shape[-2], algorithm, rescalings)
    found = weights(kernel, scores, kept, rescales)
    terms = _stored_probabilities(kernel, found.terms, found.sum)
    size_v = iv.magnitude(v)
    sizes = size_of_product(terms.reach, size_v)
    error = size_of_product(np.broadcast_to(terms.error, terms.exact.shape), size_v)
    largest = largest_product(kernel, terms.reach, size_v)
    error = add(
        error,
        adding_error(kernel, k.shape[-2], sizes, Terms.VALUES, interleaved=True, largest=largest),
        flushed_factors(kernel, terms.reach, size_v),
    )
    exact = products(iv.minimum(iv.divide(found.terms.exact, spread(found.sum.exact)), 1.0), v)
    total = Tracked(spread(found.sum.exact), spread_array(found.sum.error))
    quotient = ratio_error(Tracked(exact, error), total, iv.magnitude(exact))
    reach = divide(sizes, lowered_difference(total.exact.lo, total.error))
    lost = multiply(above(kernel.tiny), add(2.0 + 2 * rescales, upper_total(size_v, -2)[..., None, :]))
    quotient = add(quotient, multiply(reach, growth(kernel.unit, 2)), lost)
    return delivered(Tracked(exact, quotient), kernel)


def _scores(kernel: Kernel, given: Inputs, scale: float | None) -> Tracked:
    """K3 and K4: scale q k^T, each product once rounded more for every rounding of SCALING; rounded to `scores` where that is given."""
    q, k = given["q"], given["k"]
    product = matrix_product(exactly(q), exactly(iv.rearranged(k, lambda ends: np.swapaxes(ends, -1, -2))), kernel)
    if scale is None:
        factor = UNARY["rsqrt"].range(iv.point(float(q.shape[-1])))
    else:
        factor = iv.constant(Fraction(scale))
    size = iv.magnitude(factor)
    sizes = add(size_of_product(iv.magnitude(q), iv.magnitude(iv.rearranged(k, lambda ends: np.swapaxes(ends, -1, -2)))), product.error)
    error = add(
        multiply(product.error, size), multiply(multiply(sizes, size), growth(kernel.unit, SCALING)), above(2 * SCALING * kernel.tiny)
    )
    found = Tracked(iv.multiply(product.exact, factor), error)
    scaled_first = multiply(multiply(iv.magnitude(q).max(axis=-1)[..., None], add(1.0, size)), 2.0)
    error = unless_overflow(kernel, found.error, np.maximum(found.reach, scaled_first))
    return rounded(Tracked(found.exact, error), kernel.scores)


def _stored_probabilities(kernel: Kernel, terms: Tracked, total: Tracked) -> Tracked:
    """Each weight once rounded to `probabilities`, over the sum or not: relative to it, and what underflows over the sum."""
    fmt = kernel.probabilities
    if fmt is None:
        return terms
    lost = multiply(spread_array(total.reach), above(underflow_of(fmt)))
    more = add(multiply(terms.reach, above(unit_of(fmt))), np.where(terms.reach > 0, lost, 0.0))
    return terms.with_error(more)


def _kept(shape: tuple[int, ...], causal: bool, mask: NDArray[np.bool_] | None) -> Array | None:
    """Which keys each query sees; None: all. Raises InputError for a query that sees none."""
    if not causal and mask is None:
        return None
    kept = np.ones(shape[-2:], dtype=bool) if not causal else np.tri(shape[-2], shape[-1]) > 0
    if mask is not None:
        given = np.asarray(mask)
        if given.dtype != np.bool_:
            raise InputError(f"a mask of type {given.dtype}", where="attention", mend="give true where a key is seen")
        kept = kept & given
    if not kept.any(axis=-1).all():
        raise InputError("a query sees no key", where="attention", mend="give every row of the mask one true element")
    return np.asarray(np.broadcast_to(kept, shape))
