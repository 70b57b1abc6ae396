"""The table of an assignment: what every format of every group adds to the error of every output, whatever formats the others have.

One sweep over a box encloses what the programs of *all* assignments compute (docs/networks.md, "A format for every layer"); THEORY S1 on
these enclosures bounds the error of each of them by a sum with one term for each group. There is no remainder of second order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, hull, intersection
from suffice.encodings.enclosures.networks.adjoints import unbounded_slopes
from suffice.encodings.enclosures.networks.changes import pushed
from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.graph import TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.networks.program import Step, Storage
from suffice.encodings.problem import InputModel
from suffice.errors import DomainError, FormatError
from suffice.hardware_specs.device import device as find_device
from suffice.hardware_specs.format import Format
from suffice.prover.networks.assigning_groups import Layout, together
from suffice.prover.networks.assigning_parts import Held, Part, hull_of, joined_part, storing_part, sum_of
from suffice.prover.networks.constants import Constants, constants_of
from suffice.prover.networks.forward import PULL_WORK, PULLED, constant_change
from suffice.prover.networks.local_errors import EXACT_OPS, compute_errors, held_format
from suffice.prover.networks.node_errors import NodeErrors
from suffice.prover.networks.placing import definite, step_of
from suffice.prover.networks.reverse import contribution, pulled_errors, send, unit_rows


@dataclass(frozen=True, slots=True)
class Choices:
    """For every group, the formats that assignments may give it, and those that are measured."""

    occurring: tuple[tuple[Format, ...], ...]
    measured: tuple[tuple[Format, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class BoxTable:
    """Bounds over one box: the error of output j lies in constant[j] + the sum over groups of parts[group][format][j].

    None in place of a part: the format may overflow there.
    """

    constant: Intervals
    parts: tuple[tuple[Intervals | None, ...], ...]


@dataclass(slots=True, eq=False)
class _Sweep:
    """The enclosures of one box, node by node."""

    layout: Layout
    choices: Choices
    box: InputBox
    model: InputModel
    exact: tuple[Intervals, ...]
    found: list[NodeErrors]
    held: list[Held]
    weights: list[dict[Format, Part | None]]
    storing: list[dict[Format, Part | None]]
    fixed: list[Part | None]
    work: int = 0

    def run(self) -> None:
        """Every node, operands first. Raises DomainError where some assignment may overflow."""
        for position, node in enumerate(self.layout.network.nodes):
            self._node(position, node)
            reached = self.found[-1].reached
            if not np.isfinite(reached.lo).all() or not np.isfinite(reached.hi).all():
                raise DomainError("some assignment may overflow", where=node.name, mend="name formats of a wider range")

    def _node(self, position: int, node: TensorNode) -> None:
        carried = self._carried(position, node)
        operands = [self.found[operand].computed for operand in node.operands]
        group = self.layout.weights.get(position)
        plain: Part | None = None
        parts: dict[Format, Part | None] = {}
        if group is None:
            plain = self._computing(position, node, operands, carried, None)
            inside = [plain]
        else:
            parts = {fmt: self._computing(position, node, operands, carried, fmt) for fmt in self._formats(group)}
            inside = [parts[fmt] for fmt in self.choices.occurring[group]]
        value = self.exact[position] if node.op in (TensorOp.INPUT, TensorOp.CONSTANT) else add(self.exact[position], carried)
        added = hull_of(inside, node)
        before = add(value, added)
        held = self._held(node, position)
        storing, plain_storing, held = self._stored(position, node, before, held)
        if storing or plain_storing is not None:
            kept = [storing[fmt] for fmt in self.choices.occurring[self.layout.activations[position]]] if storing else [plain_storing]
            added = add(added, hull_of(kept, node))
        self.weights.append(parts)
        self.storing.append(storing)
        self.fixed.append(sum_of(plain, plain_storing))
        self.held.append(held)
        deviation = add(carried, added)
        computed = add(self.exact[position], deviation)
        self.found.append(
            NodeErrors(
                exact=self.exact[position], computed=computed, reached=hull(self.exact[position], computed), carried=carried, change=None,
                error=added if added.lo.any() or added.hi.any() else None, deviation=deviation,
            )
        )  # fmt: skip

    def _formats(self, group: int) -> tuple[Format, ...]:
        return tuple(dict.fromkeys((*self.choices.occurring[group], *self.choices.measured[group])))

    def _carried(self, position: int, node: TensorNode) -> Intervals:
        operands = [self.found[operand] for operand in node.operands]
        zero = np.zeros(node.shape)
        if not any(operand.deviation.lo.any() or operand.deviation.hi.any() for operand in operands):
            return Intervals(zero, zero)
        carried = pushed(node, [operand.reached for operand in operands], [operand.deviation for operand in operands])
        self.work += node.size + (0 if node.weight is None else node.size * node.weight.shape[-1])
        comes_from_elsewhere = any(operand.carried.lo.any() or operand.carried.hi.any() for operand in operands)
        last = position + 1 == len(self.layout.network.nodes)
        if node.op in PULLED and comes_from_elsewhere and not last and node.size * self.work <= PULL_WORK:
            nothing = [Constants()] * position
            carried = intersection(carried, pulled_errors(self.layout.network, nothing, self.found, position))
        return carried

    def _computing(
        self, position: int, node: TensorNode, operands: list[Intervals], carried: Intervals, weights: Format | None
    ) -> Part | None:
        """What a step adds before its result is stored, for weights in one format and operands in any; None where it may overflow.

        The operands' formats decide how products are added, and so in which format a bias is held.
        """
        if node.op in EXACT_OPS and node.op is not TensorOp.CONSTANT:
            return Part(Constants(), None, None)
        radius = np.zeros(node.shape)
        found: list[tuple[Constants, Intervals | None]] = []
        try:
            for held in product(*(self.held[operand].all for operand in node.operands)):
                step = self._step(node, weights, list(held))
                own = constants_of(node, step)
                change = constant_change(node, own, operands)
                value = self.exact[position] if node.op is TensorOp.CONSTANT else add(self.exact[position], carried)
                value = value if change is None else add(value, change)
                radius = np.maximum(radius, compute_errors(node, step, operands, value, own, list(held)))
                found.append((own, change))
        except FormatError:
            return None
        if not np.isfinite(radius).all():
            return None
        return joined_part(found, node, Intervals(-radius, radius) if radius.any() else None)

    def _step(self, node: TensorNode, weights: Format | None, held: list[Storage | None]) -> Step:
        chosen = together(*(weights or self.choices.occurring[0][0],) * 2)
        return step_of(node, chosen, find_device(self.layout.device), held)

    def _held(self, node: TensorNode, position: int) -> Held:
        """Formats whose numbers the results are before they are stored."""
        operands = [self.held[operand] for operand in node.operands]
        deciding = {held.group for held in operands}
        group = self.layout.weights.get(position)
        weights = self.choices.occurring[group] if group is not None else (None,)

        def after(given: Sequence[frozenset[Storage | None]]) -> frozenset[Storage | None]:
            return frozenset(
                held_format(node, self._step(node, fmt, list(held)), list(held)) for held in product(*given) for fmt in weights
            )

        if node.op in EXACT_OPS and len(deciding) == 1 and None not in deciding:
            options = zip(*(held.formats for held in operands), strict=True)
            return Held(deciding.pop(), tuple(after(option) for option in options))
        return Held(None, (after([held.all for held in operands]),))

    def _stored(
        self, position: int, node: TensorNode, before: Intervals, held: Held
    ) -> tuple[dict[Format, Part | None], Part | None, Held]:
        """What writing the result adds in each format, or in the only one; and whose numbers it is then."""
        group = self.layout.activations.get(position)
        if group is None:
            is_output = position + 1 == len(self.layout.network.nodes) and self.layout.output is not None
            if not is_output:
                return {}, None, held
            stored = definite(self.layout.output, self.layout.ranges, position, node.name)
            part = storing_part(stored, before, held.all)
            if part is None:
                raise DomainError("some assignment may overflow", where=node.name, mend="name an output's format of a wider range")
            return {}, part, Held(None, (frozenset({stored}),))
        storing = {}
        final = []
        for fmt in self._formats(group):
            stored = definite(fmt, self.layout.ranges, position, node.name)
            own = held.all
            if held.group == group and fmt in self.choices.occurring[group]:
                own = held.formats[self.choices.occurring[group].index(fmt)]
            if node.op is TensorOp.INPUT:
                own = frozenset({stored if self.model is InputModel.REPRESENTABLE else None})
            storing[fmt] = storing_part(stored, before, own)
            if fmt in self.choices.occurring[group]:
                final.append(frozenset({stored}))
        return storing, None, Held(group, tuple(final))


def box_table(
    layout: Layout, choices: Choices, box: InputBox, model: InputModel, tightened: Mapping[int, Intervals] | None
) -> BoxTable:
    """The table over one box. Raises DomainError where some assignment may overflow."""
    exact = exact_ranges(layout.network, box, tightened)
    sweep = _Sweep(
        layout=layout, choices=choices, box=box, model=model, exact=exact, found=[], held=[], weights=[], storing=[], fixed=[]
    )  # fmt: skip
    sweep.run()
    collected = [_collect(sweep, rows) for rows in unit_rows(layout.network, len(exact) - 1)]
    parts = tuple(
        tuple(_joined([one.parts[g][o] for one in collected]) for o in range(len(formats))) for g, formats in enumerate(choices.measured)
    )
    constant = _joined([one.constant for one in collected])
    assert constant is not None
    return BoxTable(constant, parts)


def _collect(sweep: _Sweep, rows: Intervals) -> BoxTable:
    """The sums for some outputs: adjoints times what every format adds."""
    count = rows.shape[0]
    zero = Intervals(np.zeros(count), np.zeros(count))
    constant = zero
    parts: list[list[Intervals | None]] = [[zero] * len(formats) for formats in sweep.choices.measured]
    for position, adjoint in _adjoints(sweep, rows):
        node, operands = sweep.layout.network.nodes[position], sweep.layout.network.nodes[position].operands
        computed = [sweep.found[operand].computed for operand in operands]
        errors = sweep.found[position]
        constant = add(constant, _dot(node, sweep.fixed[position], errors, computed, adjoint, zero))
        stopped = unbounded_slopes(node, [sweep.found[operand].reached for operand in operands])
        if stopped is not None and stopped.any():
            masked = Part(Constants(), None, _where(stopped, errors.carried))
            constant = add(constant, _dot(node, masked, errors, computed, adjoint, zero))
        for table, groups in ((sweep.weights, sweep.layout.weights), (sweep.storing, sweep.layout.activations)):
            group = groups.get(position)
            if group is None:
                continue
            for o, fmt in enumerate(sweep.choices.measured[group]):
                part, so_far = table[position][fmt], parts[group][o]
                known = part is not None and so_far is not None
                parts[group][o] = add(so_far, _dot(node, part, errors, computed, adjoint, zero)) if known and so_far is not None else None
    return BoxTable(constant, tuple(map(tuple, parts)))


def _adjoints(sweep: _Sweep, rows: Intervals) -> Iterator[tuple[int, Intervals]]:
    """Every node with the interval adjoints of the outputs in it, the last one first."""
    network = sweep.layout.network
    adjoints = {len(network.nodes) - 1: rows}
    for position in range(len(network.nodes) - 1, -1, -1):
        adjoint = adjoints.pop(position, None)
        if adjoint is None:
            continue
        yield position, adjoint
        node = network.nodes[position]
        send(adjoints, node, [sweep.found[operand].reached for operand in node.operands], adjoint)


def _dot(
    node: TensorNode, part: Part | None, errors: NodeErrors, computed: list[Intervals], adjoint: Intervals, zero: Intervals
) -> Intervals:
    """Adjoints times one part, for every output."""
    assert part is not None
    added = NodeErrors(
        exact=errors.exact, computed=errors.computed, reached=errors.reached, carried=errors.carried, change=part.change, error=part.error,
        deviation=errors.deviation,
    )  # fmt: skip
    return contribution(node, part.constants, added, computed, adjoint) or zero


def _joined(parts: Sequence[Intervals | None]) -> Intervals | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return Intervals(np.concatenate([part.lo for part in known]), np.concatenate([part.hi for part in known]))


def _where(kept: np.ndarray, values: Intervals) -> Intervals:
    return Intervals(np.where(kept, values.lo, 0.0), np.where(kept, values.hi, 0.0))
