"""Curvature of a whole network from the slopes before and after each node, tighter than C2 layer by layer.

By the chain rule D^2 F[h, h] is the sum over the nodes of T D^2 f[P h, P h], with P the Jacobian of the node's operands and T that of the
output by the node. So kappa <= sum over nodes of |T| kappa_f |P|^2, and for an elementwise function also
sum_i |T_i| sup|f''_i| / 2 |P_i|^2 with column i of T and row i of P. Each Jacobian is enclosed over the box.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import numpy as np

from suffice.encodings.enclosures.arrays.functions import sqrt
from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude, multiply, point, square, total
from suffice.encodings.enclosures.networks.elementwise import function_of
from suffice.encodings.enclosures.networks.jacobians import jacobians, units
from suffice.encodings.enclosures.relaxations.composing import own_slopes, plus, times
from suffice.encodings.enclosures.relaxations.norms import spectral_norm
from suffice.encodings.enclosures.relaxations.tighten import cost
from suffice.encodings.networks.graph import NORMALISING, SMOOTH, Network, TensorOp

BENDING = SMOOTH | NORMALISING
PRODUCTS = frozenset({TensorOp.MULTIPLY, TensorOp.MATMUL})


def curvature_by_tails(network: Network, ranges: Mapping[int, Intervals], work: int) -> float | None:
    """kappa of the output, for a network without kinks on the box; None where it would take too much work."""
    nodes = network.nodes
    last = len(nodes) - 1
    bending = [position for position, node in enumerate(nodes) if node.op in BENDING | PRODUCTS]
    if any(node.op is TensorOp.DIVIDE for node in nodes):
        return None
    rows = sum(nodes[last].size + sum(nodes[operand].size for operand in nodes[p].operands) for p in bending)
    steps = rows * sum(cost(node, network) for node in nodes)
    if steps > work:
        return None
    tails = {
        position: jacobians(network, ranges, {last: units(nodes[last].shape, 0, nodes[last].size)}, (position,)).get(position)
        for position in bending
    }
    bends = [_bend(network, ranges, position, tail) for position, tail in tails.items() if tail is not None]
    found = plus(*bends)
    return found if found < inf else None


def _bend(network: Network, ranges: Mapping[int, Intervals], position: int, tail: Intervals) -> float:
    """What one node contributes."""
    node = network.nodes[position]
    before = [_prefix(network, ranges, operand) for operand in node.operands]
    after = spectral_norm(tail)
    if node.op in PRODUCTS:
        return times(after, spectral_norm(before[0]), spectral_norm(before[1]))
    operand = ranges[node.operands[0]]
    own = own_slopes(node, operand).curvature
    if own is None:
        return inf
    reach = spectral_norm(before[0])
    whole = times(after, own, reach, reach)
    if node.op in NORMALISING:
        return whole
    bends = point(function_of(node).curvature(operand).reshape(-1) * 0.5)
    columns, rows = total(square(point(magnitude(tail))), -2), total(square(point(magnitude(before[0]))), -1)
    each = multiply(multiply(sqrt(columns), bends), rows)
    return min(whole, float(total(each).hi))


def _prefix(network: Network, ranges: Mapping[int, Intervals], position: int) -> Intervals:
    """The Jacobian of a node by the input."""
    node = network.nodes[position]
    found = jacobians(network, ranges, {position: units(node.shape, 0, node.size)}, (0,)).get(0)
    zeros = np.zeros((node.size, network.input.size))
    return found if found is not None else Intervals(zeros, zeros)
