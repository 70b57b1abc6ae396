"""Slopes of operations over intervals: what a change of the operands does to the result, and adjoints (docs/networks.md, "The bound").

A Jacobian holds every matrix of partial derivatives (generalised ones at kinks) at points of the operands' intervals. `forward` maps
intervals of changes of the operands to intervals that hold the change of the result, `backward` adjoints of the result to those of the
operands. Softmax, with p its values, has J = diag(p) - p p'; log_softmax I - 1 p'; a norm, with y its values and s the root it divides
by, (I - 1 1'/n - y y'/n) / s, or without the mean (I - y y'/n) / s.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Protocol

from ..fixed import FixedPoint, Interval
from .graph import BINARY, REDUCTIONS, ROWS, Node
from .ranges import Weights, gathered, matmul, row_length, rows, variance
from .slopes import slope
from .spans import Matrix, Spans, of_pairs, plus, product, times


class Jacobian(Protocol):
    """Slopes of a node in all its operands."""

    def forward(self, changes: list[Spans]) -> Spans:
        """The change of the result."""

    def backward(self, adjoint: Spans) -> list[Spans]:
        """The adjoints of the operands."""


@dataclass(frozen=True, slots=True)
class Diagonal:
    """Element by element, a slope for each operand."""

    slopes: list[Spans]
    places: int

    def forward(self, changes: list[Spans]) -> Spans:
        total = times(self.slopes[0], changes[0], self.places)
        return plus(total, times(self.slopes[1], changes[1], self.places)) if len(changes) == 2 else total

    def backward(self, adjoint: Spans) -> list[Spans]:
        return [times(slopes, adjoint, self.places) for slopes in self.slopes]


@dataclass(frozen=True, slots=True)
class Linear:
    """An exact matrix."""

    matrix: Matrix

    def forward(self, changes: list[Spans]) -> Spans:
        return self.matrix.image(changes[0])

    def backward(self, adjoint: Spans) -> list[Spans]:
        return [self.matrix.columns.image(adjoint)]


@dataclass(frozen=True, slots=True)
class Gather:
    """A choice of elements."""

    node: Node
    sizes: list[int]

    def forward(self, changes: list[Spans]) -> Spans:
        return gathered(self.node, changes)

    def backward(self, adjoint: Spans) -> list[Spans]:
        lows, highs = [0] * (sum(self.sizes) + 1), [0] * (sum(self.sizes) + 1)
        for place, lo, hi in zip(self.node.index, adjoint.lo, adjoint.hi, strict=True):
            lows[place] += lo
            highs[place] += hi
        result, start = [], 0
        for size in self.sizes:
            result.append(Spans(lows[start : start + size], highs[start : start + size]))
            start += size
        return result


@dataclass(frozen=True, slots=True)
class Product:
    """Matrix times matrix: A dB + dA B."""

    node: Node
    left: Spans
    right: Spans
    places: int

    def forward(self, changes: list[Spans]) -> Spans:
        return plus(matmul(self.node, self.left, changes[1], self.places), matmul(self.node, changes[0], self.right, self.places))

    def backward(self, adjoint: Spans) -> list[Spans]:
        m, n = self.node.shape[-2:]
        k = len(self.left.lo) * n // self.node.size
        batches = prod(self.node.shape[:-2])
        a, b, y = (list(zip(x.lo, x.hi, strict=True)) for x in (self.left, self.right, adjoint))
        left: list[Interval] = []
        right: list[Interval] = []
        for batch in range(batches):
            ys = y[batch * m * n : (batch + 1) * m * n]
            bs, as_ = b[batch * k * n : (batch + 1) * k * n], a[batch * m * k : (batch + 1) * m * k]
            left += [_dot(ys[i * n : (i + 1) * n], bs[c * n : (c + 1) * n], self.places) for i in range(m) for c in range(k)]
            right += [_dot(as_[c::k], ys[j::n], self.places) for c in range(k) for j in range(n)]
        return [of_pairs(left), of_pairs(right)]


@dataclass(frozen=True, slots=True)
class Reduction:
    """The sum of each row over `divisor`."""

    length: int
    divisor: int

    def forward(self, changes: list[Spans]) -> Spans:
        sums = ((sum(lo for lo, _ in row), sum(hi for _, hi in row)) for row in rows(changes[0], self.length))
        return of_pairs((lo // self.divisor, -(-hi // self.divisor)) for lo, hi in sums)

    def backward(self, adjoint: Spans) -> list[Spans]:
        pairs = [(lo // self.divisor, -(-hi // self.divisor)) for lo, hi in zip(adjoint.lo, adjoint.hi, strict=True)]
        return [of_pairs(pair for pair in pairs for _ in range(self.length))]


@dataclass(frozen=True, slots=True)
class Maximum:
    """Weights of sum 1, each in [0, 1], on the elements of a row that can be the largest."""

    candidates: list[list[bool]]

    def forward(self, changes: list[Spans]) -> Spans:
        pairs = []
        for row, able in zip(rows(changes[0], len(self.candidates[0])), self.candidates, strict=True):
            counted = [change for change, is_able in zip(row, able, strict=True) if is_able]
            pairs.append((min(lo for lo, _ in counted), max(hi for _, hi in counted)))
        return of_pairs(pairs)

    def backward(self, adjoint: Spans) -> list[Spans]:
        pairs = []
        for lo, hi, able in zip(adjoint.lo, adjoint.hi, self.candidates, strict=True):
            share = (lo, hi) if sum(able) == 1 else (min(lo, 0), max(hi, 0))
            pairs += [share if is_able else (0, 0) for is_able in able]
        return [of_pairs(pairs)]


@dataclass(frozen=True, slots=True)
class Normalised:
    """Softmax, log_softmax and norms; `values` are the rows of p or y, `inverses` of a norm one reciprocal root for each row."""

    op: str
    values: list[list[Interval]]
    inverses: list[Interval]
    places: int

    def forward(self, changes: list[Spans]) -> Spans:
        return self._mapped(changes[0], is_forward=True)

    def backward(self, adjoint: Spans) -> list[Spans]:
        return [self._mapped(adjoint, is_forward=False)]

    def _mapped(self, x: Spans, *, is_forward: bool) -> Spans:
        pairs: list[Interval] = []
        for position, row in enumerate(rows(x, len(self.values[0]))):
            values = self.values[position]
            if self.op == "softmax":
                pairs += self._softmax(values, row)
            elif self.op == "log_softmax":
                pairs += self._log_softmax(values, row, is_forward=is_forward)
            else:
                pairs += self._norm(values, row, self.inverses[position])
        return of_pairs(pairs)

    def _softmax(self, p: list[Interval], row: list[Interval]) -> list[Interval]:
        """p_i (x_i - mean of x by p) = p_i (1 - p_i) (x_i - mean of the others)."""
        low, high = self._average(p, row)
        result = []
        for share, (lo, hi), (least, most) in zip(p, row, _others(row), strict=True):
            first = self._times(share, (lo - high, hi - low))
            second = self._times(_parabola(share, self.places), (lo - most, hi - least))
            result.append((max(first[0], second[0]), min(first[1], second[1])))
        return result

    def _log_softmax(self, p: list[Interval], row: list[Interval], *, is_forward: bool) -> list[Interval]:
        if is_forward:
            low, high = self._average(p, row)
            return [(lo - high, hi - low) for lo, hi in row]
        total = sum(lo for lo, _ in row), sum(hi for _, hi in row)
        parts = [self._times(share, total) for share in p]
        return [(lo - part[1], hi - part[0]) for (lo, hi), part in zip(row, parts, strict=True)]

    def _norm(self, y: list[Interval], row: list[Interval], inverse: Interval) -> list[Interval]:
        n = len(row)
        low, high = _dot(y, row, self.places)
        along = low // n, -(-high // n)
        mean = (0, 0)
        if self.op == "layer_norm":
            mean = sum(lo for lo, _ in row) // n, -(-sum(hi for _, hi in row) // n)
        result = []
        for value, (lo, hi) in zip(y, row, strict=True):
            part = self._times(value, along)
            result.append(self._times(inverse, (lo - mean[1] - part[1], hi - mean[0] - part[0])))
        return result

    def _average(self, p: list[Interval], row: list[Interval]) -> Interval:
        """The mean of a row with weights p, which add up to 1."""
        low, high = _dot(p, row, self.places)
        return max(low, min(lo for lo, _ in row)), min(high, max(hi for _, hi in row))

    def _times(self, a: Interval, b: Interval) -> Interval:
        lo, hi = product(a, b)
        return lo >> self.places, -(-hi >> self.places)


def _others(row: list[Interval]) -> list[Interval]:
    """The hull of all elements of a row but one, for each; of a single element itself."""
    if len(row) == 1:
        return row
    lows, highs = sorted(lo for lo, _ in row), sorted(hi for _, hi in row)
    return [(lows[lo == lows[0]], highs[-1 - (hi == highs[-1])]) for lo, hi in row]


def _parabola(p: Interval, places: int) -> Interval:
    """p (1 - p), largest at 1/2."""
    one = 1 << places
    ends = [x * (one - x) for x in p]
    top = -(-max(ends) >> places)
    if 2 * p[0] <= one <= 2 * p[1]:
        top = max(top, (one >> 2) + 1)
    return min(ends) >> places, top


def jacobian(node: Node, operands: list[Spans], result: Spans, weights: Weights, fixed: FixedPoint) -> Jacobian:
    """The slopes of a node over intervals of its operands, where its result is known to lie in `result`."""
    if node.op == "linear":
        assert weights.matrix is not None
        return Linear(weights.matrix)
    if node.op == "gather":
        return Gather(node, [len(x.lo) for x in operands])
    if node.op == "matmul":
        return Product(node, operands[0], operands[1], fixed.bits)
    if node.op in REDUCTIONS:
        return _reduction(node, operands[0])
    if node.op in ROWS:
        length = row_length(node, operands[0])
        given = rows(operands[0], length)
        inverses = [_inverse(node, row, fixed) for row in given] if node.op.endswith("norm") else []
        values = rows(result, length)
        if node.op == "log_softmax":
            values = [[_exponential(pair, fixed) for pair in row] for row in values]
        return Normalised(node.op, values, inverses, fixed.bits)
    if node.op in BINARY:
        return Diagonal(_binary(node, operands, result, fixed), fixed.bits)
    return Diagonal([of_pairs(_unary(node, fixed, lo, hi) for lo, hi in zip(operands[0].lo, operands[0].hi, strict=True))], fixed.bits)


def _inverse(node: Node, row: list[Interval], fixed: FixedPoint) -> Interval:
    one = 1 << fixed.bits
    return fixed.div((one, one), fixed.sqrt(variance(node, row, fixed)[1]))


def _exponential(pair: Interval, fixed: FixedPoint) -> Interval:
    low, high = fixed.exp(pair)
    return low, min(high, 1 << fixed.bits)


def _reduction(node: Node, x: Spans) -> Jacobian:
    length = row_length(node, x)
    if node.op != "max":
        return Reduction(length, length if node.op == "mean" else 1)
    found = []
    for row in rows(x, length):
        floor = max(lo for lo, _ in row)
        found.append([hi >= floor for _, hi in row])
    return Maximum(found)


def _binary(node: Node, operands: list[Spans], result: Spans, fixed: FixedPoint) -> list[Spans]:
    one, size = 1 << fixed.bits, node.size
    if node.op in ("add", "subtract"):
        sign = one if node.op == "add" else -one
        return [Spans([one] * size, [one] * size), Spans([sign] * size, [sign] * size)]
    if node.op == "multiply":
        return [operands[1], operands[0]]
    inverse = of_pairs(fixed.div((one, one), b) for b in zip(operands[1].lo, operands[1].hi, strict=True))
    scaled = times(result, inverse, fixed.bits)
    return [inverse, Spans([-hi for hi in scaled.hi], [-lo for lo in scaled.lo])]


def _unary(node: Node, fixed: FixedPoint, lo: int, hi: int) -> Interval:
    one = 1 << fixed.bits
    match node.op:
        case "negate":
            return -one, -one
        case "relu" | "absolute" | "leaky_relu":
            below = _below(node, fixed)
            if lo >= 0:
                return one, one
            return below if hi <= 0 else (min(below[0], one), max(below[1], one))
    return slope(node.op, fixed, lo, hi)


def _below(node: Node, fixed: FixedPoint) -> Interval:
    """The slope below zero."""
    if node.op == "relu":
        return 0, 0
    return fixed.from_fraction(node.parameter) if node.op == "leaky_relu" else (-(1 << fixed.bits),) * 2


def _dot(a: list[Interval], b: list[Interval], places: int) -> Interval:
    products = list(map(product, a, b))
    return sum(p[0] for p in products) >> places, -(-sum(p[1] for p in products) >> places)
