"""Exact ranges of every node of a network over a box, by intervals; other methods may tighten them."""

from __future__ import annotations

from collections.abc import Mapping

from suffice.encodings.enclosures.arrays.intervals import Intervals, intersection
from suffice.encodings.enclosures.networks.images import image
from suffice.encodings.networks.graph import Network, TensorOp
from suffice.encodings.networks.inputs import InputBox


def exact_ranges(network: Network, box: InputBox, tightened: Mapping[int, Intervals] | None = None) -> tuple[Intervals, ...]:
    """Intervals that hold every element of every node of the exact network, for all inputs of the box; each also within `tightened`."""
    found: list[Intervals] = []
    for position, node in enumerate(network.nodes):
        if node.op is TensorOp.INPUT:
            value = Intervals(box.lo.reshape(node.shape), box.hi.reshape(node.shape))
        else:
            value = image(node, [found[operand] for operand in node.operands])
        if tightened is not None and position in tightened:
            value = intersection(value, tightened[position])
        found.append(value)
    return tuple(found)
