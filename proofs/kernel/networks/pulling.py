"""Where adjoints are taken: for the output, and for the sums on the way to it that mix errors with one cause, if that is cheap."""

from __future__ import annotations

from .graph import Node

_MIXING = ("linear", "matmul", "add", "subtract", "sum", "mean")

_MOST_PRODUCTS = 1 << 23
"""Most products of the adjoints of one node that is not the output."""


def products(nodes: tuple[Node, ...], k: int) -> int:
    """Products of intervals that one pass over a node takes, about."""
    node = nodes[k]
    if node.op == "linear":
        return node.size * node.weight_shape[2]
    return 8 * node.size * nodes[node.operands[0]].shape[-1] if node.op == "matmul" else 4 * node.size


def pulled_nodes(nodes: tuple[Node, ...]) -> dict[int, int]:
    """The nodes for whose elements adjoints are taken, and how many products that takes."""
    found = {}
    before = 0
    for k, node in enumerate(nodes):
        before += products(nodes, k)
        comes_from_sums = any(nodes[operand].operands for operand in node.operands)
        is_cheap = node.op in _MIXING and comes_from_sums and node.size * before <= _MOST_PRODUCTS
        if k == len(nodes) - 1 or is_cheap:
            found[k] = node.size * before
    return found
