"""The best proved range of every node of a network over a box: intervals, zonotopes and linear relaxation together.

Ranges are of the exact network. A node's range is the intersection of what the methods give, and the next nodes start from it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, intersection
from suffice.encodings.enclosures.arrays.linear import check_threads
from suffice.encodings.enclosures.networks.images import image
from suffice.encodings.enclosures.relaxations.backward import Rule, range_of
from suffice.encodings.enclosures.relaxations.linearise import Linearised, boxed, linearise
from suffice.encodings.enclosures.relaxations.lines import bounding_lines, maximum_lines
from suffice.encodings.enclosures.relaxations.zonotopes import AffineForm, carry, input_form
from suffice.encodings.networks.graph import UNARY, Network, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.errors import DomainError, InputError
from suffice.hardware_specs.upward import keeping_subnormals

WORK = 2 * 10**10
"""Multiplications that one call may spend on zonotopes and linear relaxation unless told otherwise: some seconds."""

FORM_ENTRIES = 1 << 22
"""Most numbers in the generators of one node."""

ROW_ENTRIES = 1 << 22
"""Most coefficients of one node in one back-substitution."""

BOX_ONLY = frozenset({TensorOp.INPUT, TensorOp.CONSTANT})
CARRIED = frozenset({TensorOp.GATHER, TensorOp.NEGATE}) | UNARY
"""Operations whose image is exact: their range is as good as their operand's."""


class Method(StrEnum):
    """What gave the narrowest range of a node."""

    INTERVAL = "interval"
    ZONOTOPE = "zonotope"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Tightening:
    """The proved range of every node over the box, by position, and the method that won there."""

    ranges: dict[int, Intervals]
    methods: dict[int, Method]


def tighten(network: Network, box: InputBox, *, work: int = WORK) -> dict[int, Intervals]:
    """The proved range of every node over the box, by position. `work` limits the multiplications spent beyond plain intervals.

    Raises DomainError where the network is not surely defined on the box.
    """
    return tightened(network, box, work=work).ranges


def tightened(network: Network, box: InputBox, *, work: int = WORK) -> Tightening:
    """The same, with the method that won at each node."""
    if box.lo.shape != network.input.shape:
        raise InputError(f"the box has shape {box.lo.shape}, the input {network.input.shape}", where=network.name)
    check_threads(os.getpid())
    with keeping_subnormals(), np.errstate(all="ignore"):
        search = _Search(network, work)
        for position, node in enumerate(network.nodes):
            search.visit(position, node, box)
        return Tightening(search.ranges, search.methods)


@dataclass(slots=True)
class _Search:
    """What is known of the nodes visited so far."""

    network: Network
    work: int
    plain: dict[int, Intervals] = field(default_factory=dict)
    ranges: dict[int, Intervals] = field(default_factory=dict)
    methods: dict[int, Method] = field(default_factory=dict)
    forms: dict[int, AffineForm] = field(default_factory=dict)
    bands: dict[int, Rule] = field(default_factory=dict)
    areas: dict[int, Rule] = field(default_factory=dict)
    curved: set[int] = field(default_factory=set)
    symbols: int = 0
    path: int = 0

    def visit(self, position: int, node: TensorNode, box: InputBox) -> None:
        """Find the range of the next node."""
        self.methods[position] = Method.INTERVAL
        if node.op is TensorOp.INPUT:
            self.plain[position] = self.ranges[position] = Intervals(box.lo, box.hi)
            self.forms[position] = input_form(box.lo, box.hi)
            self.symbols = len(self.forms[position].generators)
            return
        if node.op is TensorOp.CONSTANT:
            self.plain[position] = self.ranges[position] = image(node, ())
            rule = boxed(self.ranges[position])
        else:
            self._enclose(position, node)
            rule = self._rule(position, node)
        self.bands[position] = rule
        self.areas[position] = self._lines(node, rule)
        self._carry(position, node, rule)
        if position in self.curved and node.op not in CARRIED | BOX_ONLY:
            self._substitute(position, node)
        self.path += cost(node, self.network)

    def _enclose(self, position: int, node: TensorNode) -> None:
        """By intervals: from the best ranges of the operands, and from their plain ones."""
        best = image(node, [self.ranges[operand] for operand in node.operands])
        try:
            self.plain[position] = image(node, [self.plain[operand] for operand in node.operands])
        except DomainError:
            self.plain[position] = best
        self.ranges[position] = intersection(best, self.plain[position])

    def _rule(self, position: int, node: TensorNode) -> Linearised:
        operands = [self.ranges[operand] for operand in node.operands]
        finite = all(np.isfinite(end).all() for x in (*operands, self.ranges[position]) for end in (x.lo, x.hi))
        rule = linearise(node, operands, self.ranges[position]) if finite else boxed(self.ranges[position])
        if any(operand in self.curved for operand in node.operands) or bool(rule.radius.any()):
            self.curved.add(position)
        return rule

    def _lines(self, node: TensorNode, rule: Linearised) -> Rule:
        if node.op is TensorOp.MAX and rule.map is not None:
            return maximum_lines(self.ranges[node.operands[0]])
        if node.op not in UNARY or rule.map is None or not rule.radius.any():
            return rule
        return bounding_lines(node, self.ranges[node.operands[0]])

    def _carry(self, position: int, node: TensorNode, rule: Linearised) -> None:
        """The zonotope's range; a form that would be too dear starts again from the hull."""
        forms = [self.forms[operand] for operand in node.operands]
        symbols = max((len(form.generators) for form in forms), default=0)
        price = symbols * cost(node, self.network)
        if price > self.work or symbols * node.size > FORM_ENTRIES:
            rule = boxed(self.ranges[position])
        else:
            self.work -= price
        room = max(FORM_ENTRIES // node.size - self.symbols, 0)
        form = carry(rule, forms, self.symbols, room)
        self.symbols = max(self.symbols, len(form.generators))
        self.forms[position] = form
        self._offer(position, form.range().reshape(*node.shape), Method.ZONOTOPE)

    def _substitute(self, position: int, node: TensorNode) -> None:
        """Back-substitution with both choices of lines, as far as the work allows."""
        price = 2 * node.size * (self.path + cost(node, self.network))
        for rules in (self.areas, self.bands):
            if price > self.work:
                return
            self.work -= price
            widest = max(n.size for n in self.network.nodes[: position + 1])
            found = range_of(self.network, rules, self.ranges, position, rows_at_once=max(1, ROW_ENTRIES // (2 * widest)))
            self._offer(position, found.reshape(*node.shape), Method.BACKWARD)

    def _offer(self, position: int, found: Intervals, method: Method) -> None:
        """Intersect; the method wins if the widths add up to visibly less."""
        before = self.ranges[position]
        self.ranges[position] = after = intersection(before, found)
        with np.errstate(all="ignore"):
            if not float((after.hi - after.lo).sum()) >= (1 - VISIBLE) * float((before.hi - before.lo).sum()):
                self.methods[position] = method


VISIBLE = 1e-9


MOVED = 16
"""What moving or adding one number counts for, in multiplications inside products of matrices."""


def cost(node: TensorNode, network: Network) -> int:
    """About how many multiplications it takes to apply a node's linear map to one tensor."""
    operands = [network.nodes[operand] for operand in node.operands]
    moved = MOVED * (node.size + sum(operand.size for operand in operands))
    match node.op:
        case TensorOp.LINEAR:
            return moved + node.size * operands[0].shape[-1]
        case TensorOp.MATMUL:
            return moved + 2 * node.size * operands[0].shape[-1]
        case TensorOp.SOFTMAX | TensorOp.LOG_SOFTMAX | TensorOp.LAYER_NORM | TensorOp.RMS_NORM:
            return moved + node.size * node.shape[-1]
    return moved
