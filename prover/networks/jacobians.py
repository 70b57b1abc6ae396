"""What an operation does to small changes: interval slopes times deviations (forward), and adjoints times interval slopes (reverse).

Slopes are generalised derivatives over the ranges given, so that both are rigorous by the mean value theorem (THEORY S1).
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays import composites
from suffice.encodings.enclosures.arrays.functions import UNARY
from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    add,
    constant,
    divide,
    hull,
    intersection,
    magnitude,
    multiply,
    negate,
    outward,
    rearranged,
    square,
    subtract,
    total,
)
from suffice.encodings.enclosures.arrays.linear import gamma, products, times_matrix
from suffice.encodings.enclosures.arrays.simplex import weighted_mean
from suffice.encodings.networks.graph import UNARY as UNARY_OPS
from suffice.encodings.networks.graph import Index, TensorNode, TensorOp
from suffice.prover.networks.ranges import gathered, grouped_products, linear_image

ROWS = frozenset({TensorOp.SOFTMAX, TensorOp.LOG_SOFTMAX, TensorOp.LAYER_NORM, TensorOp.RMS_NORM})


def pushed(node: TensorNode, values: list[Intervals], deviations: list[Intervals]) -> Intervals:
    """A superset of the changes of the result, where the operands stay within `values` and change by `deviations`."""
    match node.op:
        case TensorOp.CONSTANT | TensorOp.INPUT:
            change = Intervals(np.zeros(node.shape), np.zeros(node.shape))
        case TensorOp.GATHER:
            change = gathered(node, deviations)
        case TensorOp.LINEAR:
            assert node.weight is not None
            change = linear_image(node.weight, None, deviations[0])
        case TensorOp.MATMUL:
            change = add(products(deviations[0], values[1]), products(values[0], deviations[1]))
        case TensorOp.SUM | TensorOp.MEAN:
            change = total(deviations[0])
            change = divide(change, float(values[0].shape[-1])) if node.op is TensorOp.MEAN else change
        case TensorOp.MAX:
            candidates = _candidates(values[0])
            lo = np.where(candidates, deviations[0].lo, np.inf).min(axis=-1)
            change = Intervals(lo, np.where(candidates, deviations[0].hi, -np.inf).max(axis=-1))
        case op if op in ROWS:
            change = _rows_forward(node, values[0], deviations[0])
        case op if op in UNARY_OPS:
            change = multiply(slope(node, values[0]), deviations[0])
            if op is TensorOp.SQRT:
                change = intersection(change, _root_of_change(deviations[0]))
        case _:
            first, second = partial_slopes(node, values)
            change = add(multiply(first, deviations[0]), multiply(second, deviations[1]))
    return change.reshape(*node.shape)


def pulled(node: TensorNode, values: list[Intervals], adjoint: Intervals) -> list[Intervals]:
    """The adjoints of the operands from that of the result, whose leading axis counts outputs. Slopes without bound count as zero here:
    `unbounded_slopes` tells where.
    """
    rows = adjoint.shape[0]
    match node.op:
        case TensorOp.CONSTANT | TensorOp.INPUT:
            return []
        case TensorOp.GATHER:
            return scattered(node, [value.shape for value in values], adjoint)
        case TensorOp.LINEAR:
            assert node.weight is not None
            weight = Intervals(node.weight, node.weight)
            return [times_matrix(adjoint, weight) if node.weight.ndim == 2 else grouped_products(adjoint, weight)]
        case TensorOp.MATMUL:
            first, second = (rearranged(value, lambda ends: np.swapaxes(ends, -1, -2)) for value in values)
            return [products(adjoint, second), products(first, adjoint)]
        case TensorOp.SUM | TensorOp.MEAN | TensorOp.MAX:
            shape = (rows, *values[0].shape)
            spread = rearranged(adjoint.reshape(rows, *values[0].shape[:-1], 1), lambda ends: np.broadcast_to(ends, shape))
            if node.op is TensorOp.SUM:
                return [spread]
            if node.op is TensorOp.MEAN:
                return [divide(spread, float(values[0].shape[-1]))]
            return [multiply(spread, _weights_of_maximum(values[0]))]
        case op if op in ROWS:
            return [_rows_reverse(node, values[0], adjoint)]
        case op if op in UNARY_OPS:
            return [multiply(_bounded(slope(node, values[0])), adjoint)]
        case _:
            return [multiply(part, adjoint) for part in partial_slopes(node, values)]


def slope(node: TensorNode, x: Intervals) -> Intervals:
    """The derivative's range of an elementwise operation of one operand, perhaps without an upper end."""
    one = np.ones(x.shape)
    match node.op:
        case TensorOp.NEGATE:
            return Intervals(-one, -one)
        case TensorOp.ABSOLUTE:
            return Intervals(np.where(x.lo > 0, 1.0, -1.0), np.where(x.hi < 0, -1.0, 1.0))
        case TensorOp.SQUARE:
            return multiply(x, 2.0)
        case TensorOp.LEAKY_RELU:
            below, decided = constant(node.parameter_value), (x.lo > 0) | (x.hi < 0)
            lo, hi = np.where(x.lo > 0, 1.0, below.lo), np.where(x.lo > 0, 1.0, below.hi)
            either = hull(below, 1.0)
            return Intervals(np.where(decided, lo, either.lo), np.where(decided, hi, either.hi))
        case _:
            return UNARY[node.op.value].slope(x)


def unbounded_slopes(node: TensorNode, values: list[Intervals]) -> NDArray[np.bool_] | None:
    """Where the reverse pass stops, as an array of truths; None if nowhere."""
    if node.op is not TensorOp.SQRT:
        return None
    return np.isinf(slope(node, values[0]).hi)


def partial_slopes(node: TensorNode, values: list[Intervals]) -> tuple[Intervals, Intervals]:
    """The partial derivatives of an elementwise operation of two operands."""
    a, b = values
    one = Intervals(np.ones(a.shape), np.ones(a.shape))
    match node.op:
        case TensorOp.ADD:
            return one, one
        case TensorOp.SUBTRACT:
            return one, negate(one)
        case TensorOp.MULTIPLY:
            return b, a
        case _:
            return divide(1.0, b), negate(divide(a, square(b)))


def scattered(node: TensorNode, shapes: list[tuple[int, ...]], adjoint: Intervals) -> list[Intervals]:
    """Adjoints of a gather's operands: every element sums those of its copies."""
    assert node.index is not None
    sizes = [prod(shape) for shape in shapes]
    rows = adjoint.shape[0]
    index = node.index.reshape(-1)
    used = index >= 0
    flat = rearranged(adjoint.reshape(rows, -1), lambda ends: ends[:, used])
    summed = _scatter_add(flat, index[used], sum(sizes))
    ends = np.cumsum([0, *sizes])
    parts = [summed[:, start:end] for start, end in pairwise(ends)]
    return [part.reshape(rows, *shape) for part, shape in zip(parts, shapes, strict=True)]


def _scatter_add(flat: Intervals, index: Index, size: int) -> Intervals:
    """Sums of the columns by index: in nearest mode, each within gamma of the sum of sizes."""
    rows = flat.shape[0]
    lo, hi = np.zeros((rows, size)), np.zeros((rows, size))
    counts = np.bincount(index, minlength=size)
    if counts.max(initial=0) <= 1:
        lo[:, index], hi[:, index] = flat.lo, flat.hi
        return Intervals(lo, hi)
    order = np.argsort(index, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])[counts > 0]
    largest = magnitude(flat)[:, order]
    share = gamma(int(counts.max()) + 2) * 2
    slack = np.add.reduceat(largest, starts, axis=1) * share + 2.0**-1000
    found_lo = np.add.reduceat(flat.lo[:, order], starts, axis=1)
    found_hi = np.add.reduceat(flat.hi[:, order], starts, axis=1)
    with outward() as up:
        lo[:, counts > 0] = -up.add(-found_lo, slack)
        hi[:, counts > 0] = up.add(found_hi, slack)
    unknown = ~(np.isfinite(lo) & np.isfinite(hi))
    return Intervals(np.where(unknown, -np.inf, lo), np.where(unknown, np.inf, hi))


def _candidates(x: Intervals) -> NDArray[np.bool_]:
    """Which elements of a row can be its maximum."""
    return np.asarray(x.hi >= x.lo.max(axis=-1, keepdims=True))


def _weights_of_maximum(x: Intervals) -> Intervals:
    """Generalised derivatives of a row's maximum: weights in [0, 1] that sum to one."""
    candidates = _candidates(x)
    alone = candidates & (candidates.sum(axis=-1, keepdims=True) == 1)
    return Intervals(alone.astype(np.float64), candidates.astype(np.float64))


def _bounded(slopes: Intervals) -> Intervals:
    infinite = np.isinf(slopes.hi)
    if not infinite.any():
        return slopes
    return Intervals(np.where(infinite, 0.0, slopes.lo), np.where(infinite, 0.0, slopes.hi))


def _root_of_change(deviations: Intervals) -> Intervals:
    """|sqrt a - sqrt b| <= sqrt |a - b|."""
    from suffice.encodings.enclosures.arrays.functions import sqrt

    largest = magnitude(deviations)
    finite = np.where(np.isfinite(largest), largest, 0.0)
    root = np.where(np.isfinite(largest), sqrt(Intervals(finite, finite)).hi, np.inf)
    return Intervals(-root, root)


def _rows_forward(node: TensorNode, x: Intervals, change: Intervals) -> Intervals:
    """Symmetric Jacobians but for log_softmax: d_i - sum_j y_j d_j."""
    if node.op is TensorOp.LOG_SOFTMAX:
        return subtract(change, weighted_mean(composites.softmax(x), change).reshape(*change.shape[:-1], 1))
    return _rows_reverse(node, x, change)


def _rows_reverse(node: TensorNode, x: Intervals, adjoint: Intervals) -> Intervals:
    match node.op:
        case TensorOp.SOFTMAX:
            return composites.softmax_adjoint(composites.softmax(x), adjoint)
        case TensorOp.LOG_SOFTMAX:
            return composites.log_softmax_adjoint(composites.softmax(x), adjoint)
        case TensorOp.LAYER_NORM:
            eps = node.parameter_value
            return composites.layer_norm_adjoint(composites.layer_norm(x, eps), composites.layer_norm_scale(x, eps), adjoint)
        case _:
            eps = node.parameter_value
            return composites.rms_norm_adjoint(composites.rms_norm(x, eps), composites.rms_norm_scale(x, eps), adjoint)
