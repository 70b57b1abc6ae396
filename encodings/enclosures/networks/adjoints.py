"""Adjoints of the operands of a node from that of the node: rows of adjoints times interval slopes.

Slopes are generalised derivatives over the ranges given (in [0, 1] for an undecided relu, weights in [0, 1] for an undecided maximum), so
that the result is rigorous by the mean value theorem (THEORY S1). An adjoint has one more axis than its tensor, which comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    divide,
    magnitude,
    multiply,
    negate,
    outward,
    rearranged,
    square,
)
from suffice.encodings.enclosures.arrays.linear import gamma, products, times_matrix, transposed
from suffice.encodings.enclosures.networks.elementwise import function_of
from suffice.encodings.enclosures.networks.images import grouped_products
from suffice.encodings.enclosures.networks.rowwise import row_adjoint
from suffice.encodings.networks.graph import NORMALISING, Index, TensorNode, TensorOp


def pulled(
    node: TensorNode, operands: Sequence[Intervals], adjoint: Intervals, image: Intervals | None = None, *, stop: bool = True
) -> list[Intervals]:
    """The adjoints of the operands, which lie in the intervals given; `image`, if known, holds the results there.

    Where a slope has no bound (`unbounded_slopes`) the adjoint stops: its part is 0 there, or unbounded too unless `stop`.
    """
    match node.op:
        case TensorOp.INPUT | TensorOp.CONSTANT:
            return []
        case TensorOp.GATHER:
            return scattered(node, [operand.shape for operand in operands], adjoint)
        case TensorOp.LINEAR:
            assert node.weight is not None
            weight = Intervals(node.weight, node.weight)
            return [times_matrix(adjoint, weight) if node.weight.ndim == 2 else grouped_products(adjoint, weight)]
        case TensorOp.MATMUL:
            return [products(adjoint, transposed(operands[1])), products(transposed(operands[0]), adjoint)]
        case TensorOp.SUM:
            return [spread(adjoint, operands[0])]
        case TensorOp.MEAN:
            return [divide(spread(adjoint, operands[0]), float(operands[0].shape[-1]))]
        case TensorOp.MAX:
            return [multiply(spread(adjoint, operands[0]), maximum_weights(operands[0]))]
        case TensorOp.ADD:
            return [adjoint, adjoint]
        case TensorOp.SUBTRACT:
            return [adjoint, negate(adjoint)]
        case TensorOp.NEGATE:
            return [negate(adjoint)]
        case TensorOp.MULTIPLY:
            return [multiply(adjoint, operands[1]), multiply(adjoint, operands[0])]
        case TensorOp.DIVIDE:
            above, below = operands
            return [divide(adjoint, below), negate(multiply(adjoint, divide(above, square(below))))]
        case op if op in NORMALISING:
            return [row_adjoint(node, operands[0], adjoint, image)]
    slope = function_of(node).slope(operands[0])
    return [multiply(adjoint, _bounded(slope) if stop else slope)]


def unbounded_slopes(node: TensorNode, operands: Sequence[Intervals]) -> NDArray[np.bool_] | None:
    """Where adjoints stop, as an array of truths; None if nowhere."""
    if node.op is not TensorOp.SQRT:
        return None
    return np.isinf(function_of(node).slope(operands[0]).hi)


def _bounded(slope: Intervals) -> Intervals:
    infinite = np.isinf(slope.hi)
    if not infinite.any():
        return slope
    return Intervals(np.where(infinite, 0.0, slope.lo), np.where(infinite, 0.0, slope.hi))


def spread(adjoint: Intervals, operand: Intervals) -> Intervals:
    """The adjoint of a sum over the last axis, for every term."""
    shape = (adjoint.shape[0], *operand.shape)
    return rearranged(adjoint.reshape(*shape[:-1], 1), lambda ends: np.broadcast_to(ends, shape))


def candidates(x: Intervals) -> NDArray[np.bool_]:
    """Which elements of a row can be its maximum."""
    return np.asarray(x.hi >= x.lo.max(axis=-1, keepdims=True))


def maximum_weights(x: Intervals) -> Intervals:
    """Generalised derivatives of a row's maximum, which sum to one: 1 for an element that surely is it, [0, 1] for those that may be."""
    possible = candidates(x)
    alone = possible & (possible.sum(axis=-1, keepdims=True) == 1)
    return Intervals(alone.astype(np.float64), possible.astype(np.float64))


def scattered(node: TensorNode, shapes: Sequence[tuple[int, ...]], adjoint: Intervals) -> list[Intervals]:
    """The adjoints of a gather's operands: every element gets the sum of those of its copies."""
    assert node.index is not None
    sizes = [prod(shape) for shape in shapes]
    rows = adjoint.shape[0]
    index = node.index.reshape(-1)
    used = index >= 0
    flat = rearranged(adjoint.reshape(rows, -1), lambda ends: ends[:, used])
    summed = _scatter_add(flat, index[used], sum(sizes))
    parts = [summed[:, start:end] for start, end in pairwise(np.cumsum([0, *sizes]))]
    return [part.reshape(rows, *shape) for part, shape in zip(parts, shapes, strict=True)]


def _scatter_add(flat: Intervals, index: Index, size: int) -> Intervals:
    """Sums of the columns by index: in nearest mode, each of several terms within gamma of the sum of sizes."""
    rows = flat.shape[0]
    lo, hi = np.zeros((rows, size)), np.zeros((rows, size))
    counts = np.bincount(index, minlength=size)
    if counts.max(initial=0) <= 1:
        lo[:, index], hi[:, index] = flat.lo, flat.hi
        return Intervals(lo, hi)
    order = np.argsort(index, kind="stable")
    reached = counts > 0
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])[reached]
    share = gamma(int(counts.max()) + 2) * 2
    sizes = np.add.reduceat(magnitude(flat)[:, order], starts, axis=1)
    slack = np.where(counts[reached] > 1, sizes * share + 2.0**-1000, 0.0)
    found_lo = np.add.reduceat(flat.lo[:, order], starts, axis=1)
    found_hi = np.add.reduceat(flat.hi[:, order], starts, axis=1)
    with outward() as up:
        lo[:, reached] = -up.add(-found_lo, slack)
        hi[:, reached] = up.add(found_hi, slack)
    unknown = ~(np.isfinite(lo) & np.isfinite(hi))
    return Intervals(np.where(unknown, -np.inf, lo), np.where(unknown, np.inf, hi))
