"""Which modules of a model can be replaced one by one: those whose steps take one result from elsewhere and give one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from suffice.encodings.networks.graph import TensorNode, TensorOp
from suffice.encodings.networks.program import NetworkProgram


@dataclass(frozen=True, slots=True)
class Segment:
    """The steps of one module: positions in their order, the node whose result they take, and the last one, whose result they give."""

    layer: str
    positions: tuple[int, ...]
    source: int

    @property
    def result(self) -> int:
        """The node whose result the module returns."""
        return self.positions[-1]


def segments_of(program: NetworkProgram, modules: Mapping[str, Any]) -> tuple[Segment, ...] | None:
    """A segment for every module that computes something, in the order of computing; None where some steps stand otherwise.

    Each must be a module without parts of its own. Steps outside of them may only move elements.
    """
    nodes = program.network.nodes
    members: dict[str, list[int]] = {}
    for position, node in enumerate(nodes[1:], start=1):
        if node.layer and node.layer in modules and not any(True for _ in modules[node.layer].children()):
            members.setdefault(node.layer, []).append(position)
        elif node.op is not TensorOp.GATHER or program.steps[position].stored is not None:
            return None
    shared = len({id(modules[layer]) for layer in members}) < len(members)
    found = [_segment(nodes, layer, positions) for layer, positions in members.items()]
    return None if shared or any(segment is None for segment in found) else tuple(segment for segment in found if segment is not None)


def _segment(nodes: tuple[TensorNode, ...], layer: str, positions: list[int]) -> Segment | None:
    inside = set(positions)
    taken = {operand for position in positions for operand in nodes[position].operands if operand not in inside}
    given = {operand for position, node in enumerate(nodes) if position not in inside for operand in node.operands if operand in inside}
    is_last = positions[-1] == len(nodes) - 1
    if len(taken) != 1 or not given <= {positions[-1]} or not (given or is_last):
        return None
    return Segment(layer, tuple(positions), taken.pop())
