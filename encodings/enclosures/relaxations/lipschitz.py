"""Local Lipschitz bounds and curvature of every layer and of a whole network over a box (THEORY sections 3 and 5).

A layer is a run of nodes with one module path, as a map from the tensors that it reads to those that others read from it. Two methods bound
it, and the better one is reported: composition node by node (composing.py), and norms of the interval Jacobian over the box; for the whole
also norms of the Jacobian that zonotopes and linear relaxation enclose (slope_network.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, intersection
from suffice.encodings.enclosures.networks.jacobians import jacobians, units
from suffice.encodings.enclosures.relaxations.composing import Slopes, composed, joint, plus, times
from suffice.encodings.enclosures.relaxations.curving import curvature_by_tails
from suffice.encodings.enclosures.relaxations.norms import row_sum_norm, spectral_norm
from suffice.encodings.enclosures.relaxations.slope_network import jacobian_by_slopes
from suffice.encodings.enclosures.relaxations.tighten import VISIBLE, cost
from suffice.encodings.networks.graph import Network, TensorNode, TensorOp
from suffice.hardware_specs.upward import keeping_subnormals

WORK = 2 * 10**9
"""Multiplications that the Jacobian of one layer, or of the whole, may take."""

ENTRIES = 1 << 22
"""Most entries of one Jacobian."""


class SlopeMethod(StrEnum):
    """What gave the Lipschitz bound in the max norm."""

    COMPOSITION = "composition"
    JACOBIAN = "interval Jacobian"
    RELAXED = "relaxed Jacobian"


@dataclass(frozen=True, slots=True)
class LayerSlopes:
    """Bounds over the box: the hull of a layer's results, Lipschitz bounds in the max norm and the 2-norm, kappa in the 2-norm (None
    where a kink may be crossed), and the method that won."""

    name: str
    range: tuple[float, float]
    lipschitz_max: float
    lipschitz_2: float
    curvature: float | None
    method: SlopeMethod


@dataclass(frozen=True, slots=True)
class NetworkSlopes:
    """All layers in order, the whole, and what C1 alone gives for it: the product of the layers' bounds along the network."""

    layers: tuple[LayerSlopes, ...]
    whole: LayerSlopes
    product_max: float
    product_2: float
    jacobian: Intervals | None


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive nodes of one layer: the tensors outside that it reads, and its tensors that are read outside."""

    name: str
    positions: tuple[int, ...]
    sources: tuple[int, ...]
    outputs: tuple[int, ...]


def layer_slopes(network: Network, ranges: Mapping[int, Intervals], *, work: int = WORK) -> tuple[LayerSlopes, ...]:
    """Bounds of all layers where every node stays in its range."""
    with keeping_subnormals():
        return tuple(bounded(network, ranges, run, work)[0] for run in runs(network))


def network_slopes(network: Network, ranges: Mapping[int, Intervals], *, work: int = WORK) -> NetworkSlopes:
    """Bounds of all layers and of the whole where every node stays in its range; ranges may be wider than the images (C3 needs it)."""
    with keeping_subnormals():
        found, layers = runs(network), layer_slopes(network, ranges, work=work)
        last = len(network.nodes) - 1
        everything = Run("", tuple(range(1, last + 1)), (0,), (last,))
        whole, jacobian = relaxed(network, ranges, *bounded(network, ranges, everything, work), work)
        largest = carried(found, layers, {0: 1.0}, [0.0] * len(found))[last]
        euclidean = _euclidean(found, layers)[last]
        curvature = curvature_by_tails(network, ranges, work) if whole.curvature is not None else None
        whole = replace(
            whole,
            name=network.name,
            lipschitz_max=min(whole.lipschitz_max, largest),
            lipschitz_2=min(whole.lipschitz_2, euclidean),
            curvature=whole.curvature if whole.curvature is None or curvature is None else min(whole.curvature, curvature),
        )
        return NetworkSlopes(layers, whole, largest, euclidean, jacobian)


def relaxed(
    network: Network, ranges: Mapping[int, Intervals], whole: LayerSlopes, jacobian: Intervals | None, work: int
) -> tuple[LayerSlopes, Intervals | None]:
    """The same, with the Jacobian intersected with what the relaxations find for it."""
    other = jacobian_by_slopes(network, ranges, work // 4) if jacobian is not None else None
    if jacobian is None or other is None:
        return whole, jacobian
    both = intersection(jacobian, other)
    largest, euclidean = row_sum_norm(both), spectral_norm(both)
    method = SlopeMethod.RELAXED if largest < whole.lipschitz_max * (1 - VISIBLE) else whole.method
    better = replace(whole, lipschitz_max=min(largest, whole.lipschitz_max), lipschitz_2=min(euclidean, whole.lipschitz_2), method=method)
    return better, both


def runs(network: Network) -> tuple[Run, ...]:
    """The layers, in the order of the nodes; a module that computes again later gets a run of its own."""
    groups: list[list[int]] = []
    constants = {position for position, node in enumerate(network.nodes) if node.op is TensorOp.CONSTANT}
    for position, node in enumerate(network.nodes):
        if position == 0 or position in constants:
            continue
        if groups and network.nodes[groups[-1][-1]].layer == node.layer:
            groups[-1].append(position)
        else:
            groups.append([position])
    found = (_run(network, group, constants) for group in groups)
    return tuple(run for run in found if run.outputs)


def _run(network: Network, group: Sequence[int], constants: set[int]) -> Run:
    inside = set(group)
    last = len(network.nodes) - 1
    read = [operand for position in group for operand in network.nodes[position].operands]
    elsewhere = {operand for position, node in enumerate(network.nodes) if position not in inside for operand in node.operands} | {last}
    used = {operand for operand in read if operand in constants}
    return Run(
        network.nodes[group[0]].layer,
        tuple(sorted(inside | used)),
        tuple(dict.fromkeys(operand for operand in read if operand not in inside | constants)),
        tuple(position for position in group if position in elsewhere),
    )


def bounded(network: Network, ranges: Mapping[int, Intervals], run: Run, work: int) -> tuple[LayerSlopes, Intervals | None]:
    """One layer by both methods, and its Jacobian where that was computed."""
    nodes = network.nodes
    parts = composed(network, ranges, run.positions, run.sources)
    together = joint([parts[position] for position in run.outputs])
    jacobian = run_jacobian(network, ranges, run) if _affordable(network, run, work) else None
    slopes, method = together, SlopeMethod.COMPOSITION
    if jacobian is not None:
        local = Slopes(row_sum_norm(jacobian), spectral_norm(jacobian), together.curvature)
        method = SlopeMethod.JACOBIAN if local.maximum < together.maximum else method
        slopes = Slopes(min(local.maximum, together.maximum), min(local.euclidean, together.euclidean), together.curvature)
    hull = (min(float(ranges[p].lo.min()) for p in run.outputs), max(float(ranges[p].hi.max()) for p in run.outputs))
    name = run.name or nodes[run.positions[0]].layer or network.name
    return LayerSlopes(name, hull, slopes.maximum, slopes.euclidean, slopes.curvature, method), jacobian


def _affordable(network: Network, run: Run, work: int) -> bool:
    """Whether a Jacobian is within reach, and can be better than composition, which is as good for a single operation."""
    mixing = [position for position in run.positions if network.nodes[position].op not in (TensorOp.GATHER, TensorOp.CONSTANT)]
    results = sum(network.nodes[position].size for position in run.outputs)
    entries = results * sum(network.nodes[position].size for position in run.sources)
    steps = results * sum(cost(network.nodes[position], network) for position in run.positions)
    moved = len(run.positions) > len(mixing) and network.nodes[mixing[0]].op is TensorOp.LINEAR if mixing else False
    return bool(run.sources) and (len(mixing) > 1 or moved) and entries <= ENTRIES and steps <= work


def run_jacobian(network: Network, ranges: Mapping[int, Intervals], run: Run) -> Intervals:
    """The interval Jacobian (results, sources), tensors laid flat one after the other."""
    blocks = []
    for output in run.outputs:
        size = network.nodes[output].size
        found = jacobians(network, ranges, {output: units(network.nodes[output].shape, 0, size)}, run.sources)
        blocks.append(beside([found.get(source, _nothing(size, network.nodes[source])) for source in run.sources], axis=1))
    return beside(blocks, axis=0)


def beside(parts: Sequence[Intervals], *, axis: int) -> Intervals:
    """Concatenation."""
    return Intervals(np.concatenate([part.lo for part in parts], axis=axis), np.concatenate([part.hi for part in parts], axis=axis))


def _nothing(rows: int, source: TensorNode) -> Intervals:
    zeros = np.zeros((rows, source.size))
    return Intervals(zeros, zeros)


def carried(found: Sequence[Run], layers: Sequence[LayerSlopes], initial: Mapping[int, float], added: Sequence[float]) -> dict[int, float]:
    """C3 in the max norm: E = L max(E of the tensors read) + what the layer adds, for every tensor that a layer passes on.

    With errors that the layers add, `layers` must hold bounds over images widened by the errors that arrive. With initial 1 and nothing
    added this is the product of C1.
    """
    errors = dict(initial)
    for run, layer, own in zip(found, layers, added, strict=True):
        arriving = max((errors[source] for source in run.sources), default=0.0)
        errors.update(dict.fromkeys(run.outputs, plus(times(layer.lipschitz_max, arriving), own)))
    return errors


def _euclidean(found: Sequence[Run], layers: Sequence[LayerSlopes]) -> dict[int, float]:
    """C1 in the 2-norm."""
    slopes = {0: Slopes(1.0, 1.0, 0.0)}
    for run, layer in zip(found, layers, strict=True):
        arriving = joint([slopes[source] for source in run.sources]) if run.sources else Slopes(0.0, 0.0, 0.0)
        reached = Slopes(0.0, times(layer.lipschitz_2, arriving.euclidean), 0.0)
        slopes.update(dict.fromkeys(run.outputs, reached))
    return {position: slope.euclidean for position, slope in slopes.items()}
