"""A sharper bound of what binary trees of additions lose, from the terms' intervals (docs/networks.md, "Any order, term by term").

**Statement.** Terms t_1 .. t_n (products, and a bias that is a number of the accumulator), each in a known interval, are added by any
binary tree, rounding to nearest without flushing; products are rounded first, or enter their first addition exactly. Let T_k = max |t_k|; n
counts the terms with T_k > 0; M_i is the larger of the sum of the i largest max(t_k, 0) and that of the i largest max(-t_k, 0); h(m) =
half_F(m) bounds one rounding; E any bound of the error of the whole and of every part of it. Then

    error <= sum over products of h(T_k) (0 if products fit) + sum_{i=2..n} h(M_i + E).

*Proof.* Terms that are zero change nothing: y + 0 is y for a number y of the accumulator, and rounds a product that is alone (once). So
take the tree over the other n terms: n - 1 additions, at most one rounding of each product alone. An addition over s terms rounds a number
no larger than the sum of these terms, at most M_s, and the error below it, at most E. Order the additions by s. One over s terms stands
above s - 2 others over fewer, so the r-th has s <= r + 1, and h and M grow: it loses at most h(M_(r+1) + E). The error is at most the sum
of what is lost.
"""

from __future__ import annotations

from math import prod

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.networks.graph import Array
from suffice.hardware_specs.accumulation import NEAREST, Accumulation, Kind
from suffice.hardware_specs.format import FloatFormat
from suffice.prover.networks.local_errors_rounding import half_spacing, raised

MOST_PRODUCTS = 1 << 25
"""Most products of one node that are looked at one by one."""

_CHUNK = 1 << 20


def tree_errors(accumulation: Accumulation, x: Intervals, weight: Intervals, bias: Array | None, known: Array) -> Array:
    """The bound for y[.., o] = sum_i x[.., i] weight[.., o, i] + bias[o], no larger than `known`, which is E of the statement.

    Leading axes of `weight` are those of x less the last but one (a batch of matrices), or none.
    """
    accumulator = accumulation.accumulator
    count = x.shape[-1]
    if (
        accumulation.kind is not Kind.ADDITIONS
        or not isinstance(accumulator, FloatFormat)
        or accumulator.rounding not in NEAREST
        or accumulation.flushes_inputs
        or accumulation.flushes_results
        or known.size * count > MOST_PRODUCTS
        or not np.isfinite(known).all()
    ):
        return known
    batched = weight.lo.ndim > 2
    rows = prod(x.shape[:-1])
    lo, hi = x.lo.reshape(rows, count), x.hi.reshape(rows, count)
    outputs = weight.lo.shape[-2]
    limits = known.reshape(rows, outputs)
    result = np.empty_like(limits)
    row_chunk = max(1, _CHUNK // (outputs * count))
    column_chunk = max(1, _CHUNK // (row_chunk * count))
    matrix_rows = x.shape[-2] if batched else 1
    w_lo, w_hi = (end.reshape(-1, outputs, count) for end in (weight.lo, weight.hi))
    for start in range(0, rows, row_chunk):
        chosen = np.arange(start, min(start + row_chunk, rows))
        matrices = chosen // matrix_rows if batched else np.zeros(1, dtype=np.int64)
        for first in range(0, outputs, column_chunk):
            columns = slice(first, first + column_chunk)
            terms = _products(lo[chosen, None], hi[chosen, None], w_lo[matrices, columns], w_hi[matrices, columns])
            offset = None if bias is None else bias[columns]
            result[chosen, columns] = _lost(accumulator, *terms, offset, limits[chosen, columns], accumulation.products_fit)
    return np.minimum(known, result.reshape(known.shape))


def _products(x_lo: Array, x_hi: Array, w_lo: Array, w_hi: Array) -> tuple[Array, Array]:
    """The largest max(t, 0) and max(-t, 0) of every product, up to their rounding."""
    corners = [x_lo * w_lo, x_hi * w_lo]
    if w_lo is not w_hi:
        corners += [x_lo * w_hi, x_hi * w_hi]
    most, least = corners[0], corners[0]
    for corner in corners[1:]:
        most, least = np.maximum(most, corner), np.minimum(least, corner)
    return np.maximum(most, 0.0), np.maximum(-least, 0.0)


def _lost(accumulator: FloatFormat, positive: Array, negative: Array, bias: Array | None, known: Array, fit: bool) -> Array:
    largest = np.maximum(positive, negative)
    lost = np.zeros_like(known) if fit else half_spacing(accumulator, _above(largest)).sum(axis=-1)
    count = (largest > 0).sum(axis=-1)
    if bias is not None:
        column = np.broadcast_to(bias[:, None], (*known.shape, 1))
        positive = np.concatenate([positive, np.maximum(column, 0.0)], axis=-1)
        negative = np.concatenate([negative, np.maximum(-column, 0.0)], axis=-1)
        count = count + (bias != 0)
    length = positive.shape[-1]
    partial = np.maximum(*(np.cumsum(-np.sort(-side, axis=-1), axis=-1) for side in (positive, negative)))
    reached = half_spacing(accumulator, raised(partial + known[..., None], length + 8))
    places = np.arange(1, length + 1)
    counted = (places >= 2) & (places <= count[..., None])
    return raised(lost + np.where(counted, reached, 0.0).sum(axis=-1), 2 * length + 8)


def _above(largest: Array) -> Array:
    """An upper bound of products, 0 where they are 0."""
    return np.where(largest > 0, raised(largest, 1), 0.0)
