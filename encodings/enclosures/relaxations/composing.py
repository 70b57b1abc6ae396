"""Slopes and curvature of nodes by composition: C1 and C2 of THEORY section 3, node by node on computed ranges.

The 2-norm of a tensor is that of all its elements, kappa half the sup of the second derivative's 2-norm. Several sources count as one
joint vector. For z = a + b the bounds add. For z = a b, D^2 z[h, h] / 2 = (a D^2 b[h, h] + b D^2 a[h, h]) / 2 + Da[h] Db[h], hence
kappa <= |a| kappa_b + |b| kappa_a + L_a L_b, with |a| the operator by which it multiplies (the largest element, or the norm of a matrix).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from math import inf, nextafter

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, divide, magnitude, point, square
from suffice.encodings.enclosures.networks.adjoints import maximum_weights
from suffice.encodings.enclosures.networks.elementwise import function_of
from suffice.encodings.enclosures.relaxations.norms import column_sum_norm, root, row_sum_norm, spectral_norm
from suffice.encodings.enclosures.relaxations.row_slopes import row_slopes
from suffice.encodings.networks.graph import NORMALISING, Network, TensorNode, TensorOp
from suffice.errors import DomainError


@dataclass(frozen=True, slots=True)
class Slopes:
    """Lipschitz bounds in the max norm and the 2-norm, and kappa in the 2-norm; None where a kink may be crossed."""

    maximum: float
    euclidean: float
    curvature: float | None


STILL = Slopes(0.0, 0.0, 0.0)
IDENTITY = Slopes(1.0, 1.0, 0.0)


def times(*factors: float) -> float:
    """A product of numbers >= 0, rounded up; 0 if one is 0."""
    return 0.0 if 0.0 in factors else reduce(lambda a, b: a * b if 1.0 in (a, b) else nextafter(a * b, inf), factors)


def plus(*terms: float) -> float:
    """A sum, rounded up."""
    return reduce(lambda a, b: nextafter(a + b, inf) if a and b else a + b, terms, 0.0)


def composed(network: Network, ranges: Mapping[int, Intervals], positions: Sequence[int], sources: Sequence[int]) -> dict[int, Slopes]:
    """The slopes of nodes as functions of the joint sources. Positions ascend and need nothing but each other, sources and constants."""
    found = dict.fromkeys(sources, IDENTITY)
    for position in positions:
        node = network.nodes[position]
        if node.op is TensorOp.CONSTANT:
            found[position] = STILL
            continue
        parts = [found.get(operand, STILL) for operand in node.operands]
        operands = [ranges[operand] for operand in node.operands]
        joined = all(operand in sources for operand in node.operands) and len(set(node.operands)) > 1
        found[position] = through(node, operands, parts, one_vector=joined)
    return found


def through(node: TensorNode, operands: Sequence[Intervals], parts: Sequence[Slopes], *, one_vector: bool) -> Slopes:
    """The slopes of a node from those of its operands; `one_vector`: they are different parts of one vector that moves freely."""
    match node.op:
        case TensorOp.ADD | TensorOp.SUBTRACT:
            total = added(parts)
            return Slopes(total.maximum, root(2.0), total.curvature) if one_vector else total
        case TensorOp.MULTIPLY:
            return multiplied(parts, [greatest(operand) for operand in operands], [greatest(operand) for operand in operands])
        case TensorOp.DIVIDE:
            inverse = divide(1.0, operands[1])
            largest = greatest(inverse)
            slope, curvature = greatest(square(inverse)), times(largest, largest, largest)
            parts = [parts[0], chained(parts[1], Slopes(slope, slope, curvature))]
            return multiplied(parts, [greatest(operands[0]), largest], [greatest(operands[0]), largest])
        case TensorOp.MATMUL:
            left, right = operands
            return multiplied(parts, [row_sum_norm(left), column_sum_norm(right)], [largest_two_norm(left), largest_two_norm(right)])
    return chained(joint(parts, one_vector=one_vector), own_slopes(node, operands[0]))


def own_slopes(node: TensorNode, x: Intervals) -> Slopes:
    """The slopes of an operation of one tensor (or, for a gather, of several laid end to end) on a range."""
    match node.op:
        case TensorOp.LINEAR:
            return weight_slopes(node)
        case TensorOp.GATHER:
            assert node.index is not None
            copies = np.unique(node.index[node.index >= 0], return_counts=True)[1].max(initial=0)
            return Slopes(1.0, root(float(copies)), 0.0)
        case TensorOp.NEGATE:
            return IDENTITY
        case TensorOp.SUM:
            return Slopes(float(x.shape[-1]), root(float(x.shape[-1])), 0.0)
        case TensorOp.MEAN:
            return Slopes(1.0, times(root(float(x.shape[-1])), nextafter(1.0 / x.shape[-1], inf)), 0.0)
        case TensorOp.MAX:
            weights = maximum_weights(x)
            return Slopes(1.0, 1.0, 0.0 if bool((weights.lo == weights.hi).all()) else None)
        case op if op in NORMALISING:
            return Slopes(*row_slopes(node, x))
    function = function_of(node)
    slope = greatest(function.slope(x))
    try:
        curvature = float(function.curvature(x).max())
    except DomainError:
        curvature = inf
    return Slopes(slope, slope, None if curvature == inf else 0.5 * curvature)


@lru_cache(maxsize=256)
def weight_slopes(node: TensorNode) -> Slopes:
    """The norms of a weight, the largest of its groups'."""
    assert node.weight is not None
    groups = node.weight.reshape(-1, *node.weight.shape[-2:])
    return Slopes(row_sum_norm(point(node.weight)), max(spectral_norm(point(group)) for group in groups), 0.0)


def chained(inner: Slopes, outer: Slopes) -> Slopes:
    """C1 and C2: kappa <= kappa_outer L_inner^2 + L_outer kappa_inner. A map that stays still has no kink."""
    curvature = None
    if inner == STILL:
        return STILL
    if inner.curvature is not None and outer.curvature is not None:
        curvature = plus(times(outer.curvature, inner.euclidean, inner.euclidean), times(outer.euclidean, inner.curvature))
    return Slopes(times(outer.maximum, inner.maximum), times(outer.euclidean, inner.euclidean), curvature)


def joint(parts: Sequence[Slopes], *, one_vector: bool = False) -> Slopes:
    """Several tensors as one."""
    if len(parts) == 1 or one_vector:
        return parts[0]
    curvature = _all_or_none([part.curvature for part in parts])
    return Slopes(
        max(part.maximum for part in parts),
        root(plus(*(times(part.euclidean, part.euclidean) for part in parts))),
        None if curvature is None else root(plus(*(times(value, value) for value in curvature))),
    )


def added(parts: Sequence[Slopes]) -> Slopes:
    """The sum of tensors."""
    curvature = _all_or_none([part.curvature for part in parts])
    return Slopes(
        plus(*(part.maximum for part in parts)),
        plus(*(part.euclidean for part in parts)),
        None if curvature is None else plus(*curvature),
    )


def multiplied(parts: Sequence[Slopes], maxima: Sequence[float], norms: Sequence[float]) -> Slopes:
    """A product of two tensors, each the operator on the other with these norms."""
    (a, b), (a_norm, b_norm) = parts, norms
    curvature = _all_or_none([a.curvature, b.curvature])
    if curvature is not None:
        bent = plus(times(a_norm, curvature[1]), times(b_norm, curvature[0]), times(a.euclidean, b.euclidean))
    return Slopes(
        plus(times(maxima[1], a.maximum), times(maxima[0], b.maximum)),
        plus(times(b_norm, a.euclidean), times(a_norm, b.euclidean)),
        None if curvature is None else bent,
    )


def greatest(x: Intervals) -> float:
    """The largest magnitude."""
    return float(magnitude(x).max())


def largest_two_norm(x: Intervals) -> float:
    """The largest 2-norm of the matrices in the last two axes."""
    return max(spectral_norm(matrix) for matrix in _matrices(x))


def _matrices(x: Intervals) -> list[Intervals]:
    stacked = x.reshape(-1, *x.shape[-2:])
    return [stacked[index] for index in range(stacked.shape[0])]


def _all_or_none(values: Sequence[float | None]) -> list[float] | None:
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None
