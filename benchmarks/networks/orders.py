"""Another order of adding, which a device that documents none may take: every sum of products climbs as high as it can.

A network with the same function is made, in which each output of a linear operation has operands and weights of its own, with the terms
that are largest at some input first, then those of the other sign. Its program adds by index, as runs do; the original's may add so where
the order is free, so a run's error is one that the bound for any order has to cover.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from suffice.encodings.networks.evaluate import run_all_float64
from suffice.encodings.networks.graph import Array, Network, TensorNode, TensorOp


def climbing(network: Network, x: Array) -> Network:
    """The network with the sums of its two-dimensional weights in the order that makes partial sums largest at the input x."""
    values = run_all_float64(network, x)
    nodes: list[TensorNode] = []
    moved: list[int] = []
    for node in network.nodes:
        given = replace(node, operands=tuple(moved[operand] for operand in node.operands))
        if node.op is TensorOp.LINEAR and node.weight is not None and node.weight.ndim == 2:
            (operand,) = node.operands
            nodes += _ordered(given, len(nodes), network.nodes[operand], values[operand])
        else:
            nodes.append(given)
        moved.append(len(nodes) - 1)
    return replace(network, nodes=tuple(nodes))


def _ordered(node: TensorNode, position: int, operand: TensorNode, x: Array) -> list[TensorNode]:
    """A gather of the operand for every output, a grouped linear operation, and its results in the shape of the original."""
    assert node.weight is not None
    count = node.weight.shape[-1]
    order = np.argsort(-climb(node.weight * x.reshape(-1, count).mean(axis=0)), axis=-1, kind="stable")
    index = np.arange(operand.size).reshape(operand.shape)[..., order]
    weight = np.take_along_axis(node.weight, order, axis=-1)[:, None, :]
    bias = None if node.bias is None else node.bias[:, None]
    return [
        TensorNode(
            name=f"{node.name} operands", op=TensorOp.GATHER, operands=node.operands, shape=index.shape, layer=node.layer, index=index,
        ),
        replace(node, name=f"{node.name} sums", operands=(position,), shape=(*node.shape, 1), weight=weight, bias=bias),
        TensorNode(
            name=node.name, op=TensorOp.GATHER, operands=(position + 1,), shape=node.shape, layer=node.layer,
            index=np.arange(node.size).reshape(node.shape),
        ),
    ]  # fmt: skip


def climb(terms: Array) -> Array:
    """How early each term comes: those of the sign with the larger sum first, the largest of them before the others."""
    rising = terms.sum(axis=-1, keepdims=True) >= 0
    return np.asarray(np.where(rising, terms, -terms))
