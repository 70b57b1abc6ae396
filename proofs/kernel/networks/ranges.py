"""Exact operations on intervals: the ranges of a node from those of its operands (docs/networks.md, "The function")."""

from __future__ import annotations

from math import isqrt, prod

from ..failures import LeafFailure
from ..fixed import FixedPoint, Interval
from .graph import Node
from .smooth import image
from .spans import Matrix, Spans, minus, of_pairs, plus, product, times


class Weights:
    """The constants of a node, ready for products: those of the function, or those that a program holds."""

    __slots__ = ("bias", "matrix", "value")

    def __init__(self, matrix: Matrix | None = None, bias: Spans | None = None, value: Spans | None = None) -> None:
        self.matrix, self.bias, self.value = matrix, bias, value


def evaluate(node: Node, operands: list[Spans], weights: Weights, fixed: FixedPoint) -> Spans:
    """The range of a node that is not the input."""
    if node.op == "constant":
        assert weights.value is not None
        return weights.value
    if node.op == "gather":
        return gathered(node, operands)
    if node.op == "linear":
        assert weights.matrix is not None
        result = weights.matrix.image(operands[0])
        return result if weights.bias is None else plus(result, repeated(weights.bias, len(result.lo)))
    if node.op == "matmul":
        return matmul(node, operands[0], operands[1], fixed.bits)
    if node.op in ("add", "subtract"):
        return (plus if node.op == "add" else minus)(operands[0], operands[1])
    if node.op == "multiply":
        return times(operands[0], operands[1], fixed.bits)
    if node.op == "divide":
        a, b = operands
        return of_pairs(fixed.div((p, q), (r, s)) for p, q, r, s in zip(a.lo, a.hi, b.lo, b.hi, strict=True))
    if node.op in _ROWS:
        pairs: list[Interval] = []
        for row in rows(operands[0], row_length(node, operands[0])):
            pairs += _ROWS[node.op](node, row, fixed)
        return of_pairs(pairs)
    return of_pairs(unary(node, fixed, lo, hi) for lo, hi in zip(operands[0].lo, operands[0].hi, strict=True))


def repeated(row: Spans, size: int) -> Spans:
    """A row again and again."""
    times_ = size // len(row.lo)
    return Spans(row.lo * times_, row.hi * times_)


def gathered(node: Node, operands: list[Spans]) -> Spans:
    """Elements of the operands, laid end to end; -1: 0."""
    lows = [x for operand in operands for x in operand.lo] + [0]
    highs = [x for operand in operands for x in operand.hi] + [0]
    return Spans([lows[i] for i in node.index], [highs[i] for i in node.index])


def row_length(node: Node, operand: Spans) -> int:
    """The length of the last axis of the operand of a reduction or of an operation on rows."""
    return node.shape[-1] if node.op in ("softmax", "log_softmax", "layer_norm", "rms_norm") else len(operand.lo) // node.size


def rows(x: Spans, length: int) -> list[list[Interval]]:
    """The intervals, row by row."""
    pairs = list(zip(x.lo, x.hi, strict=True))
    return [pairs[i : i + length] for i in range(0, len(pairs), length)]


def matmul(node: Node, a: Spans, b: Spans, places: int) -> Spans:
    """Products of matrices of intervals; `a` has rows of m x k, `b` of k x n."""
    m, n = node.shape[-2:]
    k = len(a.lo) * n // node.size
    pairs = []
    left, right = list(zip(a.lo, a.hi, strict=True)), list(zip(b.lo, b.hi, strict=True))
    for batch in range(prod(node.shape[:-2])):
        columns = [right[batch * k * n + j : (batch + 1) * k * n : n] for j in range(n)]
        for i in range(m):
            row = left[(batch * m + i) * k : (batch * m + i + 1) * k]
            for column in columns:
                products = list(map(product, row, column))
                pairs.append((sum(p[0] for p in products) >> places, -(-sum(p[1] for p in products) >> places)))
    return of_pairs(pairs)


def unary(node: Node, fixed: FixedPoint, lo: int, hi: int) -> Interval:
    """An operation on one element."""
    match node.op:
        case "negate":
            return -hi, -lo
        case "absolute":
            return fixed.abs((lo, hi))
        case "square":
            return fixed.power((lo, hi), 2)
        case "relu":
            return max(lo, 0), max(hi, 0)
        case "leaky_relu":
            return leaky(node.parameter.numerator, node.parameter.denominator, lo, hi)
    return image(node.op, fixed, lo, hi)


def leaky(n: int, d: int, lo: int, hi: int) -> Interval:
    """x, or (n / d) x below zero."""
    ends = [(x, x) if x >= 0 else (x * n // d, -(-x * n // d)) for x in (lo, hi)]
    if lo < 0 < hi:
        ends.append((0, 0))
    return min(e[0] for e in ends), max(e[1] for e in ends)


def _sum(node: Node, row: list[Interval], fixed: FixedPoint) -> list[Interval]:  # noqa: ARG001
    return [(sum(lo for lo, _ in row), sum(hi for _, hi in row))]


def _mean(node: Node, row: list[Interval], fixed: FixedPoint) -> list[Interval]:
    lo, hi = _sum(node, row, fixed)[0]
    return [(lo // len(row), -(-hi // len(row)))]


def _max(node: Node, row: list[Interval], fixed: FixedPoint) -> list[Interval]:  # noqa: ARG001
    return [(max(lo for lo, _ in row), max(hi for _, hi in row))]


def _exponentials(row: list[Interval], fixed: FixedPoint) -> tuple[int, list[Interval], list[Interval]]:
    """The largest upper end, and e^(x - it) of every lower and every upper end x."""
    top = max(hi for _, hi in row)
    return top, [fixed.exp((lo - top, lo - top)) for lo, _ in row], [fixed.exp((hi - top, hi - top)) for _, hi in row]


def _softmax(node: Node, row: list[Interval], fixed: FixedPoint) -> list[Interval]:  # noqa: ARG001
    """e_i / (e_i + the others): rising with x_i, falling with all others."""
    _, least, most = _exponentials(row, fixed)
    lows, highs = [e[0] for e in least], [e[1] for e in most]
    low, high, bits = sum(lows), sum(highs), fixed.bits
    pairs = zip(lows, highs, strict=True)
    return [((a << bits) // max(high - b + a, 1), min(-(-(b << bits) // (low - a + b)), 1 << bits)) for a, b in pairs]


def _log_softmax(node: Node, row: list[Interval], fixed: FixedPoint) -> list[Interval]:  # noqa: ARG001
    """x_i - log(e_i + the others), rising with x_i, falling with all others; e_i itself is rounded away from where x_i goes."""
    top, least, most = _exponentials(row, fixed)
    low, high = sum(e[0] for e in least), sum(e[1] for e in most)
    found = []
    for (lo, hi), first, last in zip(row, least, most, strict=True):
        below, above = high - last[1] + first[1], low - first[0] + last[0]
        found.append((lo - top - fixed.log((below, below))[1], min(hi - top - fixed.log((above, above))[0], 0)))
    return found


def centred(row: list[Interval]) -> list[Interval]:
    """x_i less the mean: ((n - 1) x_i - the others) / n."""
    n = len(row)
    low, high = sum(lo for lo, _ in row), sum(hi for _, hi in row)
    return [((n * lo - (high - hi + lo)) // n, -(-(n * hi - (low - lo + hi)) // n)) for lo, hi in row]


def variance(node: Node, row: list[Interval], fixed: FixedPoint) -> tuple[list[Interval], Interval]:
    """What a norm divides, and the variance (mean of squares) + eps."""
    parts = centred(row) if node.op == "layer_norm" else row
    squares = [fixed.power(part, 2) for part in parts]
    eps = fixed.from_fraction(node.parameter)
    n = len(row)
    return parts, (sum(lo for lo, _ in squares) // n + eps[0], -(-sum(hi for _, hi in squares) // n) + eps[1])


def _norm(node: Node, row: list[Interval], fixed: FixedPoint) -> list[Interval]:
    """c / sqrt(variance + eps), of magnitude at most sqrt n."""
    parts, total = variance(node, row, fixed)
    root = fixed.sqrt(total)
    if root[0] <= 0:
        raise LeafFailure("the variance of a norm is too near zero for the precision of the evidence")
    most = isqrt(len(row) << 2 * fixed.bits) + 1
    quotients = (fixed.div(part, root) for part in parts)
    return [(max(lo, -most), min(hi, most)) for lo, hi in quotients]


_ROWS = {
    "sum": _sum, "mean": _mean, "max": _max, "softmax": _softmax, "log_softmax": _log_softmax, "layer_norm": _norm, "rms_norm": _norm,
}  # fmt: skip

