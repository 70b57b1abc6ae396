"""Interval Jacobians by reverse mode: rows of adjoints times the interval slopes of one node after another.

Over a box, each entry encloses a generalised derivative (slopes in [0, 1] for an undecided relu, weights in [0, 1] for an undecided
maximum), so that f(x) - f(x') = J (x - x') for some J in the enclosure, for all x and x' of the box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    add,
    divide,
    magnitude,
    multiply,
    negate,
    point,
    rearranged,
    square,
    widen,
)
from suffice.encodings.enclosures.arrays.linear import products, times_matrix
from suffice.encodings.enclosures.relaxations.images import function_of
from suffice.encodings.enclosures.relaxations.maps import gathered
from suffice.encodings.enclosures.relaxations.rounding import greatest, slack, underflow
from suffice.encodings.enclosures.relaxations.rowwise import row_adjoint
from suffice.encodings.networks.graph import NORMALISING, Network, TensorNode, TensorOp


def jacobians(
    network: Network, ranges: Mapping[int, Intervals], outputs: Mapping[int, Intervals], sources: Sequence[int]
) -> dict[int, Intervals]:
    """Adjoints of the `sources` (k, size) from adjoints (k, *shape) of the `outputs`, pulled through all nodes between; sources stop them.

    Unit rows as adjoints of one output give its interval Jacobian.
    """
    waiting = dict(outputs)
    found: dict[int, Intervals] = {}
    for position in range(max(outputs), -1, -1):
        adjoint = waiting.pop(position, None)
        if adjoint is None:
            continue
        if position in sources:
            found[position] = adjoint.reshape(adjoint.shape[0], -1)
            continue
        node = network.nodes[position]
        operands = [ranges[operand] for operand in node.operands]
        for operand, part in zip(node.operands, pulled(node, operands, ranges[position], adjoint), strict=True):
            waiting[operand] = add(waiting[operand], part) if operand in waiting else part
    return found


def units(shape: tuple[int, ...], start: int, count: int) -> Intervals:
    """Adjoints (count, *shape) that pick the elements from `start` on."""
    size = int(np.prod(shape))
    rows = np.zeros((count, size))
    rows[np.arange(count), start + np.arange(count)] = 1.0
    return point(rows.reshape(count, *shape))


def pulled(node: TensorNode, operands: Sequence[Intervals], image: Intervals, adjoint: Intervals) -> list[Intervals]:
    """The adjoints of the operands from that of the node, all with one more, leading axis."""
    count = adjoint.shape[0]
    match node.op:
        case TensorOp.INPUT | TensorOp.CONSTANT:
            return []
        case TensorOp.GATHER:
            return scattered(node, operands, adjoint)
        case TensorOp.LINEAR:
            assert node.weight is not None
            return [times_matrix(adjoint, node.weight) if node.weight.ndim == 2 else times_groups(adjoint, node)]
        case TensorOp.MATMUL:
            return [products(adjoint, transposed(operands[1])), products(transposed(operands[0]), adjoint)]
        case TensorOp.SUM | TensorOp.MEAN | TensorOp.MAX:
            shape = (count, *operands[0].shape)
            spread = rearranged(adjoint.reshape(*shape[:-1], 1), lambda ends: np.broadcast_to(ends, shape))
            if node.op is TensorOp.MEAN:
                return [divide(spread, float(shape[-1]))]
            return [spread if node.op is TensorOp.SUM else multiply(spread, maximum_weights(operands[0]))]
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
            return [row_adjoint(node, operands[0], image, adjoint)]
    return [multiply(adjoint, function_of(node).slope(operands[0]))]


def transposed(x: Intervals) -> Intervals:
    """The last two axes exchanged."""
    return rearranged(x, lambda ends: ends.swapaxes(-1, -2))


def times_groups(adjoint: Intervals, node: TensorNode) -> Intervals:
    """adjoint[..., groups, out] times weight[groups, out, in]."""
    assert node.weight is not None
    *leading, groups, outer = adjoint.shape
    moved = rearranged(adjoint, lambda ends: np.moveaxis(ends, -2, 0).reshape(groups, -1, outer))
    product = products(moved, node.weight)
    inner = node.weight.shape[-1]
    return rearranged(product, lambda ends: np.moveaxis(ends.reshape(groups, *leading, inner), 0, -2))


def maximum_weights(x: Intervals) -> Intervals:
    """Which operands a row's maximum can be: 1 for one that surely is, [0, 1] for those that may be, 0 for the others."""
    possible = x.hi >= x.lo.max(axis=-1, keepdims=True)
    alone = possible & (possible.sum(axis=-1, keepdims=True) == 1)
    return Intervals(alone.astype(np.float64), possible.astype(np.float64))


def scattered(node: TensorNode, operands: Sequence[Intervals], adjoint: Intervals) -> list[Intervals]:
    """Every element of an operand gets the sum of the adjoints of its copies."""
    assert node.index is not None
    count = adjoint.shape[0]
    act = gathered(node.index.reshape(-1), [operand.lo.size for operand in operands])
    flat = adjoint.reshape(count, -1)
    with np.errstate(all="ignore"):
        ends = zip(act.pull(flat.lo), act.pull(flat.hi), act.pull(magnitude(flat)), strict=True)
        parts = [_summed(lo, hi, sizes, act.pull_terms) for lo, hi, sizes in ends]
    return [part.reshape(count, *operand.shape) for part, operand in zip(parts, operands, strict=True)]


def _summed(lo: np.ndarray, hi: np.ndarray, sizes: np.ndarray, terms: int) -> Intervals:
    """Computed sums of ends, and of magnitudes, of so many terms: widened by what rounding may have taken."""
    if not terms:
        return Intervals(lo, hi)
    reach = 2.0 * slack(terms) * sizes + underflow(terms, greatest(sizes))
    known = np.isfinite(lo) & np.isfinite(hi) & np.isfinite(reach)
    return widen(Intervals(np.where(known, lo, -np.inf), np.where(known, hi, np.inf)), np.where(known, reach, 0.0))
