"""The Jacobian as a network of its own, whose inputs are the slopes of the bends: reverse mode, written down as a graph.

For all x, x' of the box f(x) - f(x') = J (x - x'), where J is a product of constant matrices and of slopes s_i in intervals (a difference
quotient of an elementwise function, or the weight of an operand in a maximum). J as a function of the s_i is such a network, and the
methods that bound ranges bound its entries: what several paths have in common then cancels, unlike in interval arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.enclosures.networks.adjoints import maximum_weights
from suffice.encodings.enclosures.networks.elementwise import function_of
from suffice.encodings.enclosures.relaxations.tighten import FORM_ENTRIES, cost, tighten
from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import UNARY, Array, Index, Network, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox

WRITTEN = frozenset(
    {TensorOp.LINEAR, TensorOp.GATHER, TensorOp.ADD, TensorOp.SUBTRACT, TensorOp.SUM, TensorOp.MEAN, TensorOp.MAX, TensorOp.CONSTANT}
)
"""Operations, beside those of one operand, whose reverse is written down."""


def jacobian_by_slopes(network: Network, ranges: Mapping[int, Intervals], work: int) -> Intervals | None:
    """An enclosure (outputs, inputs) of the Jacobian; None where an operation has no reverse here, or nothing bends."""
    if any(node.op not in WRITTEN | UNARY for node in network.nodes[1:]):
        return None
    bends = {p: slope_range(node, ranges[node.operands[0]]) for p, node in enumerate(network.nodes) if node.op in UNARY | {TensorOp.MAX}}
    if not bends or not all(np.isfinite(end).all() for slopes in bends.values() for end in (slopes.lo, slopes.hi)):
        return None
    lo, hi = (np.concatenate([end.reshape(-1) for end in ends]) for ends in zip(*((s.lo, s.hi) for s in bends.values()), strict=True))
    undecided = int((lo < hi).sum())
    widest = max(node.size for node in network.nodes)
    together = min(FORM_ENTRIES // (SHARE * max(undecided, 1) * widest), network.output.size)
    if together == 0 or undecided * network.output.size * sum(cost(node, network) for node in network.nodes) > work:
        return None
    parts = []
    for start in range(0, network.output.size, together):
        rows = np.eye(network.output.size)[start : start + together]
        written = _Reverse(network, bends, rows).written()
        if written is None:
            return None
        found = tighten(written, InputBox(lo=lo, hi=hi), work=work * len(rows) // network.output.size)
        parts.append(found[len(written.nodes) - 1].reshape(len(rows), network.input.size))
    return Intervals(np.concatenate([part.lo for part in parts]), np.concatenate([part.hi for part in parts]))


SHARE = 3
"""Generators that one undecided slope may lead to, those of the products that it takes part in included."""


def slope_range(node: TensorNode, x: Intervals) -> Intervals:
    """The slopes that a bend may have, in the shape of its operand."""
    if node.op is TensorOp.MAX:
        return maximum_weights(x)
    return function_of(node).slope(x)


@dataclass(slots=True)
class _Reverse:
    """The graph under construction: adjoints (outputs, *shape) of the nodes reached."""

    network: Network
    bends: Mapping[int, Intervals]
    rows: Array
    build: NetworkBuilder = field(init=False)
    slopes: Tensor = field(init=False)
    starts: dict[int, int] = field(default_factory=dict)
    adjoints: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        start = 0
        for position, slopes in self.bends.items():
            self.starts[position] = start
            start += slopes.lo.size
        self.build = NetworkBuilder(f"{self.network.name}: Jacobian")
        self.slopes = self.build.input((start,))

    def written(self) -> Network | None:
        """The whole graph; None if the output does not depend on the input."""
        start = self.build.constant(self.rows.reshape(len(self.rows), *self.network.output.shape))
        self.adjoints[len(self.network.nodes) - 1] = start
        for position in range(len(self.network.nodes) - 1, 0, -1):
            if position in self.adjoints:
                self._pass_on(position, self.network.nodes[position], self.adjoints.pop(position))
        return self.build.finish(self.adjoints[0]) if 0 in self.adjoints else None

    def _pass_on(self, position: int, node: TensorNode, adjoint: Tensor) -> None:
        build = self.build
        match node.op:
            case TensorOp.CONSTANT:
                return
            case TensorOp.LINEAR:
                assert node.weight is not None
                parts = [build.linear(adjoint, node.weight.swapaxes(-1, -2))]
            case TensorOp.ADD:
                parts = [adjoint, adjoint]
            case TensorOp.SUBTRACT:
                parts = [adjoint, build.unary(TensorOp.NEGATE, adjoint)]
            case TensorOp.GATHER:
                parts = self._scattered(node, adjoint)
            case TensorOp.SUM | TensorOp.MEAN:
                parts = [self._spread(node, adjoint)]
            case TensorOp.MAX:
                weights = self._summing_to_one(position, self._slopes(position, adjoint.shape[0]))
                parts = [build.binary(TensorOp.MULTIPLY, self._spread(node, adjoint), weights)]
            case _:
                parts = [build.binary(TensorOp.MULTIPLY, adjoint, self._slopes(position, adjoint.shape[0]))]
        for operand, part in zip(node.operands, parts, strict=True):
            before = self.adjoints.get(operand)
            self.adjoints[operand] = part if before is None else build.binary(TensorOp.ADD, before, part)

    def _slopes(self, position: int, count: int) -> Tensor:
        shape = self.bends[position].shape
        index = self.starts[position] + np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        return self.build.gather((self.slopes,), np.broadcast_to(index, (count, *shape)))

    def _summing_to_one(self, position: int, weights: Tensor) -> Tensor:
        """Where a maximum has two candidates, the weight of the second is 1 less that of the first."""
        *_, length = weights.shape
        possible = self.bends[position].hi.reshape(-1, length) > 0
        matrices, offsets = np.tile(np.eye(length), (len(possible), 1, 1)), np.zeros(possible.shape)
        for row in np.flatnonzero(possible.sum(axis=1) == 2):
            first, second = np.flatnonzero(possible[row])
            matrices[row, second, second], matrices[row, second, first], offsets[row, second] = 0.0, -1.0, 1.0
        rows = self.build.reshape(weights, (weights.shape[0], len(possible), length))
        return self.build.reshape(self.build.linear(rows, matrices, offsets), weights.shape)

    def _spread(self, node: TensorNode, adjoint: Tensor) -> Tensor:
        """To every operand of a sum, a mean or a maximum."""
        shape = (adjoint.shape[0], *self.network.nodes[node.operands[0]].shape)
        spread = self.build.broadcast(self.build.reshape(adjoint, (*shape[:-1], 1)), shape)
        if node.op is not TensorOp.MEAN:
            return spread
        return self.build.binary(TensorOp.DIVIDE, spread, self.build.filled(float(shape[-1]), shape))

    def _scattered(self, node: TensorNode, adjoint: Tensor) -> list[Tensor]:
        """Every element of an operand gets the sum of the adjoints of its copies."""
        assert node.index is not None
        count = adjoint.shape[0]
        operands = [self.network.nodes[operand] for operand in node.operands]
        copies = copies_of(node.index.ravel(), sum(operand.size for operand in operands))
        offsets = node.size * np.arange(count, dtype=np.int64).reshape(-1, 1, 1)
        joined = self.build.gather((adjoint,), np.where(copies < 0, -1, copies + offsets))
        summed = self.build.reduce(TensorOp.SUM, joined) if copies.shape[1] > 1 else joined
        parts, start = [], 0
        for operand in operands:
            places = start + np.arange(operand.size, dtype=np.int64) + copies.shape[0] * np.arange(count, dtype=np.int64)[:, None]
            parts.append(self.build.gather((summed,), places.reshape(count, *operand.shape)))
            start += operand.size
        return parts


def copies_of(index: Index, size: int) -> Index:
    """Row k lists the positions in `index` that hold k, filled up with -1."""
    order = np.argsort(index, kind="stable")
    order = order[index[order] >= 0]
    values = index[order]
    counts = np.bincount(values, minlength=size)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    found = np.full((size, max(int(counts.max(initial=1)), 1)), -1, dtype=np.int64)
    found[values, np.arange(len(values)) - starts[values]] = order
    return found
