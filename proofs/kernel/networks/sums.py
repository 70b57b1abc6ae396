"""The errors of sums and products of matrices: which terms are added, and the bounds of `adding` for them."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from operator import mul

from ..failures import LeafFailure
from ..fixed import FixedPoint
from ..formats import Format, Int
from .adding import Sum, error_bound, products_fit
from .codes import unit_of
from .graph import Node
from .program import Accumulation, Step
from .ranges import Weights, row_length
from .rounding import rounding_error
from .spans import Spans, magnitudes
from .trees import has_sharper_bound, tree_error

Operand = tuple[Spans, Format | None]
"""What an operand may hold, and its format."""


def sum_errors(node: Node, step: Step, operands: list[Operand], exact: Spans, weights: Weights, fixed: FixedPoint) -> list[int]:
    """acc(T) for every element of linear, matmul, sum and mean, with the roundings of exact sums and of means."""
    acc = step.accumulation
    assert acc is not None
    sums = _terms(node, operands, weights, acc, fixed.bits)
    if acc.kind == "exact":
        _demand_codes(node, step, operands, sums, fixed.bits)
        errors = _exact_sums(node, step, exact, weights, fixed, row_length(node, operands[0][0]) if node.op == "mean" else 1)
    else:
        fits = _fits(node, step, operands, acc)
        extra = _bias_errors(node, step, weights, fixed)
        known = {terms: error_bound(acc, terms, fixed, repr(node.name), fits=fits) for terms in set(sums)}
        errors = [known[terms] + extra[position % len(extra)] for position, terms in enumerate(sums)]
        if node.op == "linear" and has_sharper_bound(acc):
            errors = _sharper(acc, operands[0][0], weights, errors, extra, fixed.bits, fits=fits)
    return _mean_errors(node, step, operands, exact, errors, fixed) if node.op == "mean" else errors


def _sharper(
    acc: Accumulation, x: Spans, weights: Weights, errors: list[int], extra: list[int], places: int, *, fits: bool
) -> list[int]:
    """The bounds of `trees`, where they are less."""
    matrix, bias = weights.matrix, weights.bias
    assert matrix is not None
    n = matrix.into
    result = []
    for position, error in enumerate(errors):
        chunk, o = divmod(position, matrix.out)
        if o == 0:
            part = Spans(x.lo[chunk * n : (chunk + 1) * n], x.hi[chunk * n : (chunk + 1) * n])
        last = None if bias is None else (bias.lo[position % len(bias.lo)], bias.hi[position % len(bias.hi)])
        row = matrix.rows[chunk % matrix.groups][o]
        added = extra[position % len(extra)]
        result.append(min(error, added + tree_error(acc, row, part, last, error, (places, matrix.places), fits=fits)))
    return result


def _mean_errors(node: Node, step: Step, operands: list[Operand], exact: Spans, errors: list[int], fixed: FixedPoint) -> list[int]:
    """acc(T) / n + half((s + acc(T)) / n)."""
    n = row_length(node, operands[0][0])
    shares = [-(-error // n) for error in errors]
    return [
        share + rounding_error(step.compute, lo - share, hi + share, fixed, node)
        for share, lo, hi in zip(shares, exact.lo, exact.hi, strict=True)
    ]


def _fits(node: Node, step: Step, operands: list[Operand], acc: Accumulation) -> bool:
    """Whether the products (of a sum: the operands) are numbers of the accumulator."""
    first = operands[0][1]
    if node.op in ("sum", "mean"):
        return first is not None and acc.accumulator.holds(first)
    left, right = (step.weights, first) if node.op == "linear" else (first, operands[1][1])
    return left is not None and right is not None and products_fit(left, right, acc.accumulator)


def _exact_sums(node: Node, step: Step, exact: Spans, weights: Weights, fixed: FixedPoint, divisor: int) -> list[int]:
    """fl(sum), then fl(that + bias); `exact` is the sum over the divisor."""
    bias = weights.bias
    result = []
    for position, (lo, hi) in enumerate(zip(exact.lo, exact.hi, strict=True)):
        if bias is None:
            result.append(rounding_error(step.compute, lo * divisor, hi * divisor, fixed, node))
            continue
        place = position % len(bias.lo)
        first = rounding_error(step.compute, lo - bias.hi[place], hi - bias.lo[place], fixed, node)
        result.append(first + rounding_error(step.compute, lo - first, hi + first, fixed, node))
    return result


def _demand_codes(node: Node, step: Step, operands: list[Operand], sums: list[Sum], places: int) -> None:
    """Exact sums are of integer codes, and no sum of their magnitudes exceeds the accumulator."""
    acc = step.accumulation
    assert acc is not None
    unit = unit_of(node, step, [fmt for _, fmt in operands])
    assert isinstance(acc.accumulator, Int)
    most = min(acc.accumulator.qmax, -acc.accumulator.qmin) << places
    for position, terms in enumerate(sums):
        scale = Fraction(1)
        if step.scales is not None:
            scale = step.scales.fraction(position % len(step.scales.numbers))
        if terms.total > most * unit * scale:
            raise LeafFailure(f"the exact sums of {node.name!a} may exceed their accumulator")


def _bias_errors(node: Node, step: Step, weights: Weights, fixed: FixedPoint) -> list[int]:
    """The rounding of a bias that is not a number of the accumulator."""
    acc = step.accumulation
    assert acc is not None
    if weights.bias is None or (step.bias is not None and acc.accumulator.holds(step.bias)):
        return [0]
    return [rounding_error(acc.accumulator, lo, hi, fixed, node) for lo, hi in zip(weights.bias.lo, weights.bias.hi, strict=True)]


def _terms(node: Node, operands: list[Operand], weights: Weights, acc: Accumulation, places: int) -> list[Sum]:
    sizes = magnitudes(operands[0][0])
    if node.op == "linear":
        return _linear_terms(weights, sizes, acc, places)
    if node.op == "matmul":
        return _matmul_terms(node, sizes, magnitudes(operands[1][0]), places)
    n = row_length(node, operands[0][0])
    one = 1 << places
    return [Sum(n, sum(sizes[i : i + n]), one, max(sizes[i : i + n])) for i in range(0, len(sizes), n)]


def _linear_terms(weights: Weights, sizes: list[int], acc: Accumulation, places: int) -> list[Sum]:
    """A product with a weight of zero takes part in no rounding of a tree or a chain; a bias is no term of an exact sum."""
    matrix = weights.matrix
    assert matrix is not None
    bias = None if weights.bias is None or acc.kind == "exact" else magnitudes(weights.bias)
    in_trees = acc.kind == "additions" and acc.order in ("any", "sequential", "odd_even")
    facts = [
        [(sum(map(bool, row)) if in_trees else len(row), -(-max(row) << places >> matrix.places)) for row in rows] for rows in matrix.sizes
    ]
    result: list[Sum] = []
    n = matrix.into
    for position, total in enumerate(matrix.reach(sizes)):
        chunk, o = divmod(position, matrix.out)
        count, left = facts[chunk % matrix.groups][o]
        right = max(sizes[chunk * n : (chunk + 1) * n]) if o == 0 else result[-1].right
        added = 0 if bias is None else bias[position % len(bias)]
        result.append(Sum(count, total + added, left, right, bias is not None))
    return result


def _matmul_terms(node: Node, left: list[int], right: list[int], places: int) -> list[Sum]:
    m, n = node.shape[-2:]
    k = len(left) * n // node.size
    result = []
    for batch in range(prod(node.shape[:-2])):
        columns = [right[batch * k * n + j : (batch + 1) * k * n : n] for j in range(n)]
        tops = [max(column) for column in columns]
        for i in range(m):
            row = left[(batch * m + i) * k : (batch * m + i + 1) * k]
            most = max(row)
            result += [Sum(k, -(-sum(map(mul, row, c)) >> places), most, top) for c, top in zip(columns, tops, strict=True)]
    return result
