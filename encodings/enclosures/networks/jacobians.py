"""Interval Jacobians of a network by reverse mode.

Over a box, each entry encloses a generalised derivative, so that f(x) - f(x') = J (x - x') for some J in the enclosure, for all x and x'
of the box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, point
from suffice.encodings.enclosures.networks.adjoints import pulled
from suffice.encodings.networks.graph import Network


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
        for operand, part in zip(node.operands, pulled(node, operands, adjoint, ranges[position], stop=False), strict=True):
            waiting[operand] = add(waiting[operand], part) if operand in waiting else part
    return found


def units(shape: tuple[int, ...], start: int, count: int) -> Intervals:
    """Adjoints (count, *shape) that pick the elements from `start` on."""
    rows = np.zeros((count, prod(shape)))
    rows[np.arange(count), start + np.arange(count)] = 1.0
    return point(rows.reshape(count, *shape))
