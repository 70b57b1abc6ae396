"""The reverse bound (THEORY S1): interval adjoints of every output over the widened ranges, times what each step adds, signed and kept together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, intersection, magnitude, multiply, total
from suffice.encodings.enclosures.arrays.linear import times_matrix
from suffice.encodings.networks.graph import Array, Network, TensorNode, TensorOp
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.forward import NodeErrors
from suffice.prover.networks.jacobians import pulled, unbounded_slopes
from suffice.prover.networks.local_errors_rounding import raised

CHUNK_ELEMENTS = 1 << 23
"""Most elements of the adjoints of one node that are held at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReverseBound:
    """`errors`: intervals of the error of every output element (flattened). For every node: `amplification`, the largest sum of magnitudes of
    the adjoints of one output, and `contributions`, the largest part of the error of one output that is added there.
    """

    errors: Intervals
    amplification: tuple[float, ...]
    contributions: tuple[float, ...]


def reverse_bound(network: Network, constants: tuple[Constants, ...], errors: tuple[NodeErrors, ...]) -> ReverseBound:
    """The bound of every output, some outputs at a time."""
    size = network.output.size
    widest = max(node.size for node in network.nodes)
    rows = max(1, min(size, CHUNK_ELEMENTS // widest))
    found: list[Intervals] = []
    amplification = np.zeros(len(network.nodes))
    contributions = np.zeros(len(network.nodes))
    for start in range(0, size, rows):
        outputs = np.arange(start, min(start + rows, size))
        found.append(_chunk(network, constants, errors, outputs, amplification, contributions))
    joined = Intervals(np.concatenate([part.lo for part in found]), np.concatenate([part.hi for part in found]))
    return ReverseBound(errors=joined, amplification=tuple(map(float, amplification)), contributions=tuple(map(float, contributions)))


def _chunk(
    network: Network,
    constants: tuple[Constants, ...],
    errors: tuple[NodeErrors, ...],
    outputs: Array,
    amplification: Array,
    contributions: Array,
) -> Intervals:
    adjoints: dict[int, Intervals] = {len(network.nodes) - 1: _unit_rows(network, outputs)}
    zero = np.zeros(len(outputs))
    error = Intervals(zero, zero)
    for position in range(len(network.nodes) - 1, -1, -1):
        adjoint = adjoints.pop(position, None)
        if adjoint is None:
            continue
        node = network.nodes[position]
        sizes = magnitude(adjoint).reshape(len(outputs), -1)
        amplification[position] = max(amplification[position], raised(sizes.sum(axis=1), sizes.shape[1] + 2).max())
        values = [errors[operand].reached for operand in node.operands]
        part = _contribution(node, constants[position], errors[position], values, adjoint)
        if part is not None:
            contributions[position] = max(contributions[position], magnitude(part).max())
            error = add(error, part)
        stopped = unbounded_slopes(node, values)
        if stopped is not None and stopped.any():
            error = add(error, _dot(_masked(adjoint, stopped), errors[position].carried))
        if node.op in (TensorOp.INPUT, TensorOp.CONSTANT):
            continue
        for operand, pulled_back in zip(node.operands, pulled(node, values, adjoint), strict=True):
            adjoints[operand] = add(adjoints[operand], pulled_back) if operand in adjoints else pulled_back
    return error


def _unit_rows(network: Network, outputs: Array) -> Intervals:
    rows = np.zeros((len(outputs), network.output.size))
    rows[np.arange(len(outputs)), outputs] = 1.0
    rows = rows.reshape(len(outputs), *network.output.shape)
    return Intervals(rows, rows)


def _contribution(
    node: TensorNode, constants: Constants, errors: NodeErrors, values: list[Intervals], adjoint: Intervals
) -> Intervals | None:
    """adjoint . (what the step adds), for every output."""
    if errors.change is None:
        return None if errors.error is None else _dot(adjoint, errors.error)
    changed = _dot(adjoint, errors.change)
    if node.op is TensorOp.LINEAR and constants.weight_change is not None and constants.weight_change.ndim == 2:
        changed = intersection(changed, _changed_rows(constants, values[0], adjoint))
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


def _masked(adjoint: Intervals, kept: Array) -> Intervals:
    return Intervals(np.where(kept, adjoint.lo, 0.0), np.where(kept, adjoint.hi, 0.0))
