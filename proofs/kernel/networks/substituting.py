"""Ranges of nodes by back-substitution (docs/networks.md, "Certificates").

A row of coefficients of one node is replaced by one of the nodes before it, down to the input. The invariant is

    row . target >= sum over nodes n of A_n . n + constant        at every input of the box,

where A_n are integers in units of 2^-places, *any* integers: what rounding takes from a coefficient, at most one unit downward, is
multiplied by the least value of its element and goes into the constant. Affine operations are replaced as they are; functions of one number
by the line below where the coefficient is positive and the line above where it is negative; all others by the ends of their ranges.
"""

from __future__ import annotations

from operator import mul, neg

from ..fixed import FixedPoint
from .graph import Node
from .lines import CURVED, KINKED, Pair, largest_of, lines
from .ranges import Weights, repeated, row_length
from .spans import Spans, met

_AFFINE = ("linear", "gather", "add", "subtract", "negate", "sum", "mean")

_MOST_SIZE = 4
"""Coefficients and ends of ranges that are not smaller than 2^((this - 1) places) are not followed."""

Rows = dict[int, list[int]]


def constant_nodes(nodes: tuple[Node, ...]) -> list[bool]:
    """Which nodes do not depend on the input."""
    found: list[bool] = []
    for node in nodes:
        found.append(node.op != "input" and all(found[o] for o in node.operands))
    return found


def farthest(nodes: tuple[Node, ...]) -> list[int]:
    """For each node the first one that a substitution from it may come to."""
    constant, found = constant_nodes(nodes), list(range(len(nodes)))
    for k, node in enumerate(nodes):
        is_affine = node.op in _AFFINE or (node.op == "multiply" and any(constant[o] for o in node.operands))
        if is_affine or node.op in (*KINKED, *CURVED, "max"):
            found[k] = min(found[o] for o in node.operands)
    return found


class Substitution:
    """Back-substitution over one box: knows the ranges of the nodes that were visited."""

    def __init__(self, nodes: tuple[Node, ...], constants: list[Weights], fixed: FixedPoint) -> None:
        self._nodes, self._constants, self._fixed = nodes, constants, fixed
        self._is_constant = constant_nodes(nodes)
        self._ranges: list[Spans] = []
        self._limit = 1 << _MOST_SIZE * fixed.bits
        self._are_small = True
        self._losses: list[int] = []
        self._lines: dict[int, tuple[list[Pair], list[Pair]]] = {}
        self._picked: dict[int, list[int]] = {}

    def visited(self, found: Spans, *, is_narrowed: bool) -> Spans:
        """The range of the next node: the one given, or what is left of it."""
        self.visit(found)
        if is_narrowed and self._are_small:
            self._narrow(found)
        return self._ranges[-1]

    def visit(self, found: Spans) -> None:
        """The range of the next node."""
        self._ranges.append(found)
        self._are_small &= self._is_small(found.lo) and self._is_small(found.hi)
        self._losses.append(sum(min(lo, 0) for lo in found.lo))

    def _narrow(self, found: Spans) -> None:
        k, one = len(self._ranges) - 1, 1 << self._fixed.bits
        lows, highs = [], []
        for element in range(len(found.lo)):
            row = [0] * len(found.lo)
            row[element] = one
            lows.append(self._least(k, row))
            highs.append(-self._least(k, list(map(neg, row))))
        self._ranges[-1] = met(found, Spans(lows, highs))
        self._losses[-1] = sum(min(lo, 0) for lo in self._ranges[-1].lo)

    def _least(self, target: int, row: list[int]) -> int:
        """A lower bound of row . target."""
        return max(self._bound(target, row, band=band) for band in (False, True))

    def _bound(self, target: int, row: list[int], *, band: bool) -> int:
        waiting: Rows = {target: row}
        constant = 0
        for k in range(target, -1, -1):
            current = waiting.pop(k, None)
            if current is None:
                continue
            replaced = self._replace(k, current, waiting, band=band) if self._is_small(current) else None
            constant += self._at_ends(current, self._ranges[k]) if replaced is None else replaced
            if not waiting:
                break
        return constant >> self._fixed.bits

    def _at_ends(self, row: list[int], values: Spans) -> int:
        return sum(a * lo if a > 0 else a * hi for a, lo, hi in zip(row, values.lo, values.hi, strict=True) if a)

    def _is_small(self, row: list[int]) -> bool:
        return -self._limit < min(row) and max(row) < self._limit

    def _replace(self, k: int, row: list[int], waiting: Rows, *, band: bool) -> int | None:
        """Puts coefficients of the operands in the place of those of a node: what that adds to the constant, None where it is not done."""
        node = self._nodes[k]
        match node.op:
            case "linear":
                return self._linear(k, row, waiting)
            case "gather":
                return self._gather(node, row, waiting)
            case "add" | "subtract":
                self._give(waiting, node.operands[0], row)
                self._give(waiting, node.operands[1], row if node.op == "add" else list(map(neg, row)))
                return 0
            case "negate":
                self._give(waiting, node.operands[0], list(map(neg, row)))
                return 0
            case "sum" | "mean":
                length = row_length(node, self._ranges[node.operands[0]])
                shares = [a // length for a in row] if node.op == "mean" else row
                self._give(waiting, node.operands[0], [a for a in shares for _ in range(length)])
                return self._losses[node.operands[0]] if node.op == "mean" else 0
            case "multiply":
                return self._multiply(node, row, waiting)
            case "max":
                return self._max(k, row, waiting, band=band)
        return self._by_lines(k, row, waiting, band=band) if node.op in (*KINKED, *CURVED) else None

    def _give(self, waiting: Rows, operand: int, row: list[int]) -> None:
        known = waiting.get(operand)
        waiting[operand] = row if known is None else [a + b for a, b in zip(known, row, strict=True)]

    def _linear(self, k: int, row: list[int], waiting: Rows) -> int:
        matrix, bias = self._constants[k].matrix, self._constants[k].bias
        assert matrix is not None
        columns, operand = matrix.columns, self._nodes[k].operands[0]
        pulled: list[int] = []
        for chunk in range(len(row) // matrix.out):
            part = row[chunk * matrix.out : (chunk + 1) * matrix.out]
            if any(part):
                pulled += [sum(map(mul, column, part)) >> matrix.places for column in columns.rows[chunk % matrix.groups]]
            else:
                pulled += [0] * matrix.into
        self._give(waiting, operand, pulled)
        return self._losses[operand] + (0 if bias is None else self._at_ends(row, repeated(bias, len(row))))

    def _gather(self, node: Node, row: list[int], waiting: Rows) -> int:
        sizes = [self._nodes[o].size for o in node.operands]
        laid = [0] * (sum(sizes) + 1)
        for place, a in zip(node.index, row, strict=True):
            if a:
                laid[place] += a
        start = 0
        for operand, size in zip(node.operands, sizes, strict=True):
            self._give(waiting, operand, laid[start : start + size])
            start += size
        return 0

    def _multiply(self, node: Node, row: list[int], waiting: Rows) -> int | None:
        for operand, other in (node.operands, node.operands[::-1]):
            factor = self._ranges[other]
            if self._is_constant[other] and factor.lo == factor.hi:
                self._give(waiting, operand, [a * b >> self._fixed.bits for a, b in zip(row, factor.lo, strict=True)])
                return self._losses[operand]
        return None

    def _max(self, k: int, row: list[int], waiting: Rows, *, band: bool) -> int:
        """max(z, rest), with z the element of a row that has the highest middle, and rest at most the largest end of the others."""
        operand = self._nodes[k].operands[0]
        if k not in self._picked:
            self._pick(k, self._ranges[operand])
        inner = [0] * self._nodes[operand].size
        constant = self._along(row, self._lines[k][band], self._picked[k], inner)
        self._give(waiting, operand, inner)
        return constant + self._losses[operand]

    def _pick(self, k: int, values: Spans) -> None:
        length = row_length(self._nodes[k], values)
        picked, areas, bands = [], [], []
        for start in range(0, len(values.lo), length):
            places = range(start, start + length)
            z = max(places, key=lambda p: values.lo[p] + values.hi[p])
            least = max(values.lo[p] for p in places)
            rest = max((values.hi[p] for p in places if p != z), default=least)
            below, above = (largest_of(values.lo[z], values.hi[z], level, self._fixed.bits) for level in (least, rest))
            picked.append(z)
            areas.append(Pair(below.areas.below, above.areas.above))
            bands.append(Pair(below.band.below, above.band.above))
        self._picked[k], self._lines[k] = picked, (areas, bands)

    def _by_lines(self, k: int, row: list[int], waiting: Rows, *, band: bool) -> int:
        operand = self._nodes[k].operands[0]
        if k not in self._lines:
            values = self._ranges[operand]
            found = [lines(self._nodes[k], self._fixed, lo, hi) for lo, hi in zip(values.lo, values.hi, strict=True)]
            self._lines[k] = [choice.areas for choice in found], [choice.band for choice in found]
        inner = [0] * len(row)
        constant = self._along(row, self._lines[k][band], range(len(row)), inner)
        self._give(waiting, operand, inner)
        return constant + self._losses[operand]

    def _along(self, row: list[int], pairs: list[Pair], places: list[int] | range, inner: list[int]) -> int:
        constant, bits = 0, self._fixed.bits
        for a, pair, place in zip(row, pairs, places, strict=True):
            if a:
                line = pair.below if a > 0 else pair.above
                inner[place] = a * line.slope >> bits
                constant += a * line.offset
        return constant
