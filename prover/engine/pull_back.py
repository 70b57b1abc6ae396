"""The backward sweep of S1, operation by operation: from the slope by a node to the slopes by its operands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.hardware_specs.upward import Upward
from suffice.prover.engine import functions
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.constants import Constant
from suffice.prover.engine.intervals import Pair
from suffice.prover.engine.operate import Values, known
from suffice.prover.engine.pairs import derivatives
from suffice.prover.engine.roundoff import NO_ERROR

Contributions = list[tuple[int, Pair]]
"""Operands with what is added to their slopes."""


class PullBack:
    """The chain rule over enclosures; `signs` of the nodes may be learnt later."""

    def __init__(self, up: Upward, nodes: Sequence[Node], signs: Sequence[int], constants: Mapping[int, Constant]) -> None:
        self._up, self._nodes, self._signs, self._constants = up, nodes, signs, constants

    def pull_back(self, k: int, slope: Pair, swept: Values) -> Contributions:
        """What the slope by a node adds to the slopes by its operands."""
        node = self._nodes[k]
        if not node.args:
            return []
        up, args = self._up, node.args
        first = args[0]
        match node.op:
            case Op.ADD:
                return [(args[0], slope), (args[1], slope)]
            case Op.SUB:
                return [] if args[0] == args[1] else [(args[0], slope), (args[1], iv.negate(slope))]
            case Op.NEG:
                return [(first, iv.negate(slope))]
            case Op.CAST:
                return [(first, slope)]
            case Op.MUL | Op.FMA if args[0] == args[1]:
                doubled = known(swept.pairs[first])
                twice = doubled[0] * 2, doubled[1] * 2
                found = [(first, iv.multiply(up, slope, twice, iv.UNKNOWN, self._signs[first]))]
                return found if node.op is Op.MUL else [*found, (args[2], slope)]
            case Op.MUL | Op.FMA:
                found = [
                    (a, iv.multiply(up, slope, known(swept.pairs[b]), iv.UNKNOWN, self._signs[b]))
                    for a, b in ((args[0], args[1]), (args[1], args[0]))
                    if self._reacts(a)
                ]
                return found if node.op is Op.MUL else [*found, (args[2], slope)]
            case Op.DIV:
                return self._of_quotient(k, node, slope, swept)
            case Op.ABS | Op.MIN | Op.MAX | Op.IF:
                return self._of_choice(node, slope, swept)
            case Op.POW:
                assert isinstance(node.payload, int)
                if node.payload == 0:
                    return []
                partial = self._power_slope(known(swept.pairs[first]), node.payload)
                return [(first, iv.multiply(up, slope, partial))]
            case Op.HYPOT | Op.ATAN2 | Op.POWR:
                return self._of_pair(k, node, slope, swept)
        value = known(swept.pairs[k])
        return [(first, iv.multiply(up, slope, functions.derivative(up, node.op, known(swept.pairs[first]), value)))]

    def _of_pair(self, k: int, node: Node, slope: Pair, swept: Values) -> Contributions:
        a, b = (known(swept.pairs[argument]) for argument in node.args)
        partials = derivatives(self._up, node.op, a, b, known(swept.pairs[k]))
        return [
            (argument, iv.multiply(self._up, slope, partial))
            for argument, partial in zip(node.args, partials, strict=True)
            if self._reacts(argument)
        ]

    def _reacts(self, k: int) -> bool:
        """Whether any rounding error can reach the node."""
        constant = self._constants.get(k)
        return constant is None or constant.error is not NO_ERROR

    def _power_slope(self, a: Pair, exponent: int) -> Pair:
        below = a if exponent == 2 else functions.power(a, exponent - 1)
        factor = np.full(1, float(exponent))
        return iv.multiply(self._up, below, (-factor, factor))

    def _of_quotient(self, k: int, node: Node, slope: Pair, swept: Values) -> Contributions:
        if node.args[0] == node.args[1]:
            return []
        divisor = known(swept.pairs[node.args[1]])
        sign = self._signs[node.args[1]]
        over = iv.divide(self._up, slope, divisor, sign)
        found = [(node.args[0], over)] if self._reacts(node.args[0]) else []
        if self._reacts(node.args[1]):
            found.append((node.args[1], iv.negate(iv.multiply(self._up, over, known(swept.pairs[k]), iv.UNKNOWN, self._signs[k]))))
        return found

    def _of_choice(self, node: Node, slope: Pair, swept: Values) -> Contributions:
        zero = (np.zeros(1), np.zeros(1))
        if node.op is Op.ABS:
            a = known(swept.pairs[node.args[0]])
            return [(node.args[0], iv.select((~(a[1] < 0), ~(a[0] < 0)), slope, iv.negate(slope)))]
        if node.op is Op.IF:
            choice, first, second = swept.truths[node.args[0]], node.args[1], node.args[2]
        else:
            first, second = node.args
            above = iv.less(known(swept.pairs[second]), known(swept.pairs[first]))
            choice = above if node.op is Op.MAX else (above[1], above[0])
        return [(first, iv.select(choice, slope, zero)), (second, iv.select(choice, zero, slope))]
