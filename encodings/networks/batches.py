"""Leave out the batch axis of a network that computes one sample at a time."""

from __future__ import annotations

from dataclasses import replace

from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import REDUCTIONS, Network, TensorNode, TensorOp


def without_batch(network: Network) -> Network:
    """The same function, input and output without their leading axis of length 1; so are tensors inside, as far as their operations allow.

    The order of elements in every tensor is kept, hence also the indices of gathers.
    """
    dropped = _droppable(network)
    made: list[Tensor] = []
    builder = NetworkBuilder(network.name)
    for position, node in enumerate(network.nodes):
        operands = [made[operand] for operand in node.operands]
        shape = node.shape[1:] if position in dropped else node.shape
        builder.layer = node.layer
        if node.index is not None:
            made.append(builder.gather(operands, node.index.reshape(shape)))
        elif node.op is TensorOp.INPUT:
            made.append(builder.reshape(_copy(builder, node, [], node.shape[1:] if _has_batch(node) else node.shape), shape))
        else:
            made.append(_copy(builder, node, operands, shape))
    output = made[-1]
    builder.layer = network.output.layer
    if _has_batch(network.output):
        output = builder.reshape(output, network.output.shape[1:])
    return builder.finish(output, description=network.description)


def _has_batch(node: TensorNode) -> bool:
    return len(node.shape) > 1 and node.shape[0] == 1


def _copy(builder: NetworkBuilder, node: TensorNode, operands: list[Tensor], shape: tuple[int, ...]) -> Tensor:
    value = None if node.value is None else node.value.reshape(shape)
    builder.nodes.append(replace(node, operands=tuple(x.position for x in operands), shape=shape, value=value))
    return Tensor(len(builder.nodes) - 1, shape)


def _droppable(network: Network) -> set[int]:
    """The largest set of nodes that can lose their leading axis together: what an operation keeps in step stays in step."""
    least = {TensorOp.MATMUL: 3}
    dropped = {position for position, node in enumerate(network.nodes) if _has_batch(node)}
    changed = True
    while changed:
        before = len(dropped)
        for position, node in enumerate(network.nodes):
            together = [position, *node.operands]
            if node.op is TensorOp.GATHER or (node.op in REDUCTIONS and len(network.nodes[node.operands[0]].shape) < 3):
                continue
            axes = 3 if node.weight is not None and node.weight.ndim == 3 else least.get(node.op, 2)
            fits = all(p in dropped and (len(network.nodes[p].shape) >= axes or p == position) for p in together)
            if not fits:
                dropped.difference_update(together)
        changed = len(dropped) < before
    return dropped
