"""What a program of a network errs by, proved: per output, and node by node and layer by layer where the error comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude
from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.graph import Array, TensorOp
from suffice.encodings.networks.inputs import InputBox, InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.encodings.problem import InputModel
from suffice.errors import DomainError
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.constants import constants as constants_of_program
from suffice.prover.networks.forward import propagate
from suffice.prover.networks.node_errors import NodeErrors
from suffice.prover.networks.reverse import ReverseBound, reverse_bound
from suffice.prover.networks.sets import machine_sets, set_deviations

MAX_REVERSE_WORK = 1 << 36
"""Outputs times constants and elements beyond which the reverse pass is left out."""


class Method(StrEnum):
    """How a bound was found."""

    FORWARD = "forward"
    REVERSE = "reverse"
    SETS = "sets"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAnalysis:
    """One node, the worst over all boxes.

    `local_error` is the largest that its step adds to one element, `deviation` the largest distance of a computed element from the exact
    one, found by `method`. `amplification` is the largest sum of |adjoints| of one output, `contribution` the largest part of one output's
    error that this step adds; both None where no reverse pass was made.
    """

    name: str
    op: TensorOp
    layer: str
    lo: float
    hi: float
    local_error: float
    deviation: float
    method: Method
    amplification: float | None
    contribution: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAnalysis:
    """One layer: `lo` and `hi`, `deviation`, `method` and `amplification` of its last node; largest `local_error`, sum of contributions."""

    name: str
    lo: float
    hi: float
    local_error: float
    deviation: float
    method: Method
    amplification: float | None
    contribution: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoxBound:
    """The bound over one box: of every output element, and the method that gave the whole; `reason` says why there is none."""

    name: str
    outputs: Array
    method: Method
    reason: str = ""

    @property
    def bound(self) -> float:
        """The largest error of any output."""
        return float(self.outputs.max())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """The error of a program over a set of inputs: no output element errs by more than that of `outputs`, none by more than `bound`."""

    outputs: Array
    boxes: tuple[BoxBound, ...]
    nodes: tuple[NodeAnalysis, ...]
    layers: tuple[LayerAnalysis, ...]

    @property
    def bound(self) -> float:
        """The largest error of any output over all boxes; infinite where none is proved."""
        return float(self.outputs.max())

    @property
    def method(self) -> Method:
        """What bounded the worst box."""
        return max(self.boxes, key=lambda box: box.bound).method


def analyse(
    program: NetworkProgram, inputs: InputSet | InputBox, tightened: Sequence[Mapping[int, Intervals] | None] | None = None
) -> Analysis:
    """Bound the error of a program over every box; `tightened` gives, for each box, ranges of nodes of the exact network.

    Raises DomainError where the exact network is not surely defined on a box.
    """
    if isinstance(inputs, InputBox):
        inputs = InputSet(boxes=(inputs,))
    constants = constants_of_program(program)
    given = tightened if tightened is not None else [None] * len(inputs.boxes)
    with keeping_subnormals(), np.errstate(all="ignore"):
        found = [
            _analyse_box(program, constants, box, inputs.model, ranges) for box, ranges in zip(inputs.boxes, given, strict=True)
        ]
    outputs = np.max([bound.outputs for bound, _ in found], axis=0)
    nodes = tuple(_worst(versions) for versions in zip(*(nodes for _, nodes in found), strict=True))
    return Analysis(outputs=outputs, boxes=tuple(bound for bound, _ in found), nodes=nodes, layers=_layers(program, nodes))


def _analyse_box(
    program: NetworkProgram, constants: tuple[Constants, ...], box: InputBox, model: InputModel, tightened: Mapping[int, Intervals] | None
) -> tuple[BoxBound, tuple[NodeAnalysis, ...]]:
    try:
        errors = propagate(program, constants, box, model, tightened)
    except DomainError as error:
        return _without_propagation(program, constants, box, tightened, str(error))
    deviations = [magnitude(node.deviation) for node in errors]
    methods = [Method.SETS if node.by_sets else Method.FORWARD for node in errors]
    reverse = None
    bounds = {methods[-1]: deviations[-1].reshape(-1)}
    if _reverse_is_affordable(program):
        reverse = _reverse(program, constants, errors)
        if reverse is not None:
            bounds[Method.REVERSE] = magnitude(reverse.errors)
            if bounds[Method.REVERSE].max() < deviations[-1].max():
                deviations[-1], methods[-1] = bounds[Method.REVERSE], Method.REVERSE
    outputs = np.min(list(bounds.values()), axis=0)
    winner = min(bounds, key=lambda method: bounds[method].max())
    return BoxBound(name=box.name, outputs=outputs, method=winner), _node_table(program, errors, deviations, methods, reverse)


def _sets(
    program: NetworkProgram, constants: tuple[Constants, ...], box: InputBox, exact: tuple[Intervals, ...]
) -> list[Array] | None:
    try:
        return [magnitude(found) for found in set_deviations(exact, machine_sets(program, constants, box))]
    except DomainError:
        return None


def _reverse(program: NetworkProgram, constants: tuple[Constants, ...], errors: tuple[NodeErrors, ...]) -> ReverseBound | None:
    try:
        return reverse_bound(program.network, constants, errors)
    except DomainError:
        return None


def _reverse_is_affordable(program: NetworkProgram) -> bool:
    network = program.network
    per_output = network.parameters + sum(node.size for node in network.nodes)
    return network.output.size * per_output <= MAX_REVERSE_WORK


def _node_table(
    program: NetworkProgram,
    errors: tuple[NodeErrors, ...],
    deviations: list[Array],
    methods: list[Method],
    reverse: ReverseBound | None,
) -> tuple[NodeAnalysis, ...]:
    return tuple(
        NodeAnalysis(
            name=node.name,
            op=node.op,
            layer=node.layer,
            lo=float(found.exact.lo.min()),
            hi=float(found.exact.hi.max()),
            local_error=0.0 if found.added is None else float(magnitude(found.added).max()),
            deviation=float(deviations[position].max()),
            method=methods[position],
            amplification=None if reverse is None else reverse.amplification[position],
            contribution=None if reverse is None else reverse.contributions[position],
        )
        for position, (node, found) in enumerate(zip(program.network.nodes, errors, strict=True))
    )


def _without_propagation(
    program: NetworkProgram, constants: tuple[Constants, ...], box: InputBox, tightened: Mapping[int, Intervals] | None, reason: str
) -> tuple[BoxBound, tuple[NodeAnalysis, ...]]:
    """Where the forward pass may leave the domain of an operation, or overflow: at a point the sets may still bound the error."""
    network = program.network
    exact = exact_ranges(network, box, tightened)
    sets = _sets(program, constants, box, exact) if box.is_point else None
    method = Method.FORWARD if sets is None else Method.SETS
    deviations = [np.full(node.size, np.inf) for node in network.nodes] if sets is None else sets
    nodes = tuple(
        NodeAnalysis(
            name=node.name, op=node.op, layer=node.layer, lo=float(found.lo.min()), hi=float(found.hi.max()), local_error=np.inf,
            deviation=float(deviation.max()), method=method, amplification=None, contribution=None,
        )
        for node, found, deviation in zip(network.nodes, exact, deviations, strict=True)
    )  # fmt: skip
    return BoxBound(name=box.name, outputs=deviations[-1].reshape(-1), method=method, reason=reason if sets is None else ""), nodes


def _worst(versions: tuple[NodeAnalysis, ...]) -> NodeAnalysis:
    worst = max(versions, key=lambda node: node.deviation)
    return NodeAnalysis(
        name=worst.name,
        op=worst.op,
        layer=worst.layer,
        lo=min(node.lo for node in versions),
        hi=max(node.hi for node in versions),
        local_error=max(node.local_error for node in versions),
        deviation=worst.deviation,
        method=worst.method,
        amplification=_largest([node.amplification for node in versions]),
        contribution=_largest([node.contribution for node in versions]),
    )


def _largest(numbers: list[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return max(known) if len(known) == len(numbers) else None


def _layers(program: NetworkProgram, nodes: tuple[NodeAnalysis, ...]) -> tuple[LayerAnalysis, ...]:
    found = []
    for name in program.network.layers:
        members = [node for node in nodes if node.layer == name and node.op not in (TensorOp.INPUT, TensorOp.CONSTANT)]
        parts = [node.contribution for node in nodes if node.layer == name and node.contribution is not None]
        last = members[-1]
        found.append(
            LayerAnalysis(
                name=name, lo=last.lo, hi=last.hi, local_error=max(node.local_error for node in members), deviation=last.deviation,
                method=last.method, amplification=last.amplification, contribution=sum(parts) if last.contribution is not None else None,
            )
        )  # fmt: skip
    return tuple(found)
