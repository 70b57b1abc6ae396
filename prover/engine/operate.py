"""One operation of an expression on arrays of intervals, and what comparisons can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suffice.encodings.expression import Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.hardware_specs.upward import Upward
from suffice.prover.engine import functions
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.intervals import Pair, Truths
from suffice.prover.engine.pairs import apply_pair, is_pair_function

TRUTHS = frozenset(op for op, operation in OPERATIONS.items() if operation.logical)
"""Operations that are true or false."""

Numbers = list[Pair | None]
"""Enclosures by node; None at truths."""


@dataclass(frozen=True, slots=True)
class Values:
    """Enclosures of the numbers among the nodes, and what the truths can be."""

    pairs: Numbers
    truths: dict[int, Truths]


def known(pair: Pair | None) -> Pair:
    """The enclosure of a node that is a number."""
    assert pair is not None
    return pair


def operate(up: Upward, node: Node, pairs: Numbers, truths: Mapping[int, Truths], signs: Sequence[int]) -> Pair:
    """One operation on intervals; `signs` are those of the nodes."""
    if node.op is Op.IF:
        return iv.select(truths[node.args[0]], known(pairs[node.args[1]]), known(pairs[node.args[2]]))
    given = [known(pairs[a]) for a in node.args]
    sign = [signs[a] for a in node.args]
    match node.op:
        case Op.ADD:
            return iv.add(up, given[0], given[1])
        case Op.SUB:
            if node.args[0] == node.args[1]:
                return np.where(np.isnan(given[0][0]), np.nan, 0.0), np.where(np.isnan(given[0][1]), np.nan, 0.0)
            return iv.subtract(up, given[0], given[1])
        case Op.MUL if node.args[0] == node.args[1]:
            return iv.square(up, given[0])
        case Op.MUL:
            return iv.multiply(up, given[0], given[1], sign[0], sign[1])
        case Op.DIV:
            return iv.divide(up, given[0], given[1], sign[1])
        case Op.FMA:
            return iv.add(up, iv.multiply(up, given[0], given[1], sign[0], sign[1]), given[2])
        case Op.NEG:
            return iv.negate(given[0])
        case Op.CAST:
            return given[0]
        case Op.ABS:
            return iv.absolute(given[0])
        case Op.MIN:
            return iv.minimum(given[0], given[1])
        case Op.MAX:
            return iv.maximum(given[0], given[1])
        case Op.POW:
            assert isinstance(node.payload, int)
            return iv.square(up, given[0]) if node.payload == 2 else functions.power(given[0], node.payload)
    if is_pair_function(node.op):
        return apply_pair(node.op, given[0], given[1])
    return functions.apply(node.op, given[0])


def truth(node: Node, pairs: Numbers, truths: Mapping[int, Truths]) -> Truths:
    """What a comparison of numbers or a combination of truths can be."""
    match node.op:
        case Op.LT:
            return iv.less(known(pairs[node.args[0]]), known(pairs[node.args[1]]))
        case Op.LE:
            return iv.at_most(known(pairs[node.args[0]]), known(pairs[node.args[1]]))
        case Op.EQ:
            return iv.equal(known(pairs[node.args[0]]), known(pairs[node.args[1]]))
    given = [truths[a] for a in node.args]
    match node.op:
        case Op.NOT:
            return given[0][1], given[0][0]
        case Op.AND:
            return given[0][0] & given[1][0], given[0][1] | given[1][1]
        case Op.OR:
            return given[0][0] | given[1][0], given[0][1] & given[1][1]
    raise AssertionError(node.op)
