"""The reverse bound (THEORY S1): interval adjoints over the widened ranges, times what each step adds, signed and kept together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, intersection, magnitude, multiply, total
from suffice.encodings.enclosures.arrays.linear import times_matrix
from suffice.encodings.enclosures.networks.adjoints import pulled, unbounded_slopes
from suffice.encodings.networks.graph import NORMALISING, Array, Network, TensorNode, TensorOp
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.local_errors_rounding import raised
from suffice.prover.networks.node_errors import NodeErrors

CUT_BELOW = frozenset({TensorOp.LINEAR, TensorOp.MATMUL, TensorOp.MULTIPLY, TensorOp.MAX}) | NORMALISING
"""Operations whose operands' deviations are tried in place of everything before them."""

CHUNK_ELEMENTS = 1 << 23
"""Most elements of the adjoints of one node that are held at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReverseBound:
    """`errors`: intervals of the error of every output element (flattened).

    For every node: `amplification`, the largest sum of magnitudes of the adjoints of one output, and `contributions`, the largest part of
    the error of one output that is added there.
    """

    errors: Intervals
    amplification: tuple[float, ...]
    contributions: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Amplification and contributions of all nodes, filled in as outputs are treated."""

    amplification: Array
    contributions: Array


def reverse_bound(network: Network, constants: Sequence[Constants], errors: Sequence[NodeErrors]) -> ReverseBound:
    """The bound of every output."""
    table = _Table(np.zeros(len(errors)), np.zeros(len(errors)))
    last = len(errors) - 1
    found = _joined([_pull(network, constants, errors, {last: rows}, table) for rows in unit_rows(network, last)])
    return ReverseBound(
        errors=found, amplification=tuple(map(float, table.amplification)), contributions=tuple(map(float, table.contributions))
    )


def pulled_errors(network: Network, constants: Sequence[Constants], errors: Sequence[NodeErrors], position: int) -> Intervals:
    """What the errors of all earlier nodes change at a node: `errors` holds those of the nodes before it."""
    node = network.nodes[position]
    values = [errors[operand].reached for operand in node.operands]
    parts = []
    for rows in unit_rows(network, position):
        adjoints: dict[int, Intervals] = {}
        send(adjoints, node, values, rows)
        parts.append(_pull(network, constants, errors, adjoints, None))
    return _joined(parts).reshape(*node.shape)


def _pull(
    network: Network, constants: Sequence[Constants], errors: Sequence[NodeErrors], adjoints: dict[int, Intervals], table: _Table | None
) -> Intervals:
    """The sum over all nodes of adjoints times what the node adds; `adjoints` holds those of the last nodes to begin with.

    At every cut the deviations of the nodes reached so far may stand for everything before them: each cut gives an enclosure.
    """
    rows = next(iter(adjoints.values())).shape[0]
    error = Intervals(np.zeros(rows), np.zeros(rows))
    best = _at_cut(error, adjoints, errors)
    for position in range(len(errors) - 1, -1, -1):
        adjoint = adjoints.pop(position, None)
        if adjoint is None:
            continue
        node = network.nodes[position]
        values = [errors[operand].reached for operand in node.operands]
        computed = [errors[operand].computed for operand in node.operands]
        part = contribution(node, constants[position], errors[position], computed, adjoint)
        if part is not None:
            error = add(error, part)
        if table is not None:
            _note(table, position, adjoint, part)
        if not _is_exact(errors[position].carried):
            stopped = unbounded_slopes(node, values)
            if stopped is not None and stopped.any():
                error = add(error, _dot(_masked(adjoint, stopped), errors[position].carried))
            send(adjoints, node, values, adjoint)
            if node.op in CUT_BELOW:
                best = intersection(best, _at_cut(error, adjoints, errors))
        elif table is not None:
            send(adjoints, node, values, adjoint)
    return intersection(best, error)


def _at_cut(error: Intervals, adjoints: dict[int, Intervals], errors: Sequence[NodeErrors]) -> Intervals:
    for position, adjoint in adjoints.items():
        error = add(error, _dot(adjoint, errors[position].deviation))
    return error


def send(adjoints: dict[int, Intervals], node: TensorNode, values: list[Intervals], adjoint: Intervals) -> None:
    """Add what a node's adjoint gives to those of its operands."""
    for operand, part in zip(node.operands, pulled(node, values, adjoint), strict=True):
        adjoints[operand] = add(adjoints[operand], part) if operand in adjoints else part


def _note(table: _Table, position: int, adjoint: Intervals, part: Intervals | None) -> None:
    sizes = magnitude(adjoint).reshape(adjoint.shape[0], -1)
    table.amplification[position] = max(table.amplification[position], raised(sizes.sum(axis=1), sizes.shape[1] + 2).max())
    if part is not None:
        table.contributions[position] = max(table.contributions[position], magnitude(part).max())


def unit_rows(network: Network, position: int) -> Iterator[Intervals]:
    """The adjoints of a node's own elements, some at a time."""
    node = network.nodes[position]
    widest = max(one.size for one in network.nodes[: position + 1])
    count = max(1, min(node.size, CHUNK_ELEMENTS // widest))
    for start in range(0, node.size, count):
        chosen = np.arange(start, min(start + count, node.size))
        rows = np.zeros((len(chosen), node.size))
        rows[np.arange(len(chosen)), chosen] = 1.0
        rows = rows.reshape(len(chosen), *node.shape)
        yield Intervals(rows, rows)


def _joined(parts: list[Intervals]) -> Intervals:
    return Intervals(np.concatenate([part.lo for part in parts]), np.concatenate([part.hi for part in parts]))


def _is_exact(carried: Intervals) -> bool:
    return not (carried.lo.any() or carried.hi.any())


def contribution(
    node: TensorNode, constants: Constants, errors: NodeErrors, computed: list[Intervals], adjoint: Intervals
) -> Intervals | None:
    """adjoint . (what the step adds), for every output."""
    if errors.change is None:
        return None if errors.error is None else _dot(adjoint, errors.error)
    changed = _dot(adjoint, errors.change)
    if node.op is TensorOp.LINEAR and constants.weight_change is not None and constants.weight_change.ndim == 2:
        changed = intersection(changed, _changed_rows(constants, computed[0], adjoint))
    return changed if errors.error is None else add(changed, _dot(adjoint, errors.error))


def _changed_rows(constants: Constants, x: Intervals, adjoint: Intervals) -> Intervals:
    """(adjoint (W^ - W)) x^ + adjoint (b^ - b): the same number with the products grouped otherwise."""
    assert constants.weight_change is not None
    changed = _dot(times_matrix(adjoint, constants.weight_change), x)
    if constants.bias_change is None:
        return changed
    bias = np.broadcast_to(constants.bias_change.lo, adjoint.shape[1:]), np.broadcast_to(constants.bias_change.hi, adjoint.shape[1:])
    return add(changed, _dot(adjoint, Intervals(*map(np.ascontiguousarray, bias))))


def _dot(adjoint: Intervals, values: Intervals) -> Intervals:
    """Sums of products over everything but the leading axis of `adjoint`."""
    return total(multiply(adjoint, values).reshape(adjoint.shape[0], -1))


def _masked(adjoint: Intervals, kept: NDArray[np.bool_]) -> Intervals:
    return Intervals(np.where(kept, adjoint.lo, 0.0), np.where(kept, adjoint.hi, 0.0))
