"""The errors of softmax, log_softmax and norms as programs compute them (docs/networks.md, "Local errors", where they are proved).

Amounts are in units of 2^-bits, rounded up; `one` is 1.
"""

from __future__ import annotations

from math import isqrt

from ..failures import LeafFailure
from ..fixed import FixedPoint, Interval
from ..formats import Exact, Float, Format
from .adding import Sum, error_bound, growth, scaled
from .graph import Node
from .program import Accumulation, Step
from .ranges import rows, variance
from .rounding import demand_within, function_error, rounding_error, units
from .spans import Spans


def softmax_errors(node: Node, step: Step, operand: Spans, exact: Spans, fixed: FixedPoint) -> list[int]:
    """Of softmax and log_softmax, for every element."""
    length = node.shape[-1]
    errors: list[int] = []
    for given, result in zip(rows(operand, length), rows(exact, length), strict=True):
        errors += _softmax_row(node, step, given, result, fixed)
    return errors


def _softmax_row(node: Node, step: Step, given: list[Interval], result: list[Interval], fixed: FixedPoint) -> list[int]:
    """a, s and t of the proof; then of softmax y ((1 + s)/(1 - t) - 1) + eta/(1 - t), of log_softmax a + b, and a rounding."""
    bits, one, n, fmt = fixed.bits, 1 << fixed.bits, len(given), step.compute
    spread = max(hi for _, hi in given) - min(lo for lo, _ in given)
    a = rounding_error(fmt, 0, spread, fixed, node)
    u, eta = _function_units(step, bits)
    s = scaled(fixed.exp((a, a))[1], one + u, bits) - one
    top = one + s + eta
    demand_within(fmt, top, fixed, node)
    added = _relative_error(step, n, n * top, one, fixed, node)
    t = scaled(one + s + n * eta, one + added, bits) - one
    if t >= one:
        raise LeafFailure(f"the sum of {node.op} {node.name!a} is not bounded away from zero")
    if node.op == "log_softmax":
        log_n = fixed.log((n << bits, n << bits))[1]
        loss = -fixed.log((one - t, one - t))[0]
        b = loss + function_error(fmt, 0, log_n + loss, step.ulps, fixed, node)
        return [a + b + rounding_error(fmt, 0, spread + log_n + a + b, fixed, node)] * n
    ratio = -(-((one + s) << bits) // (one - t))
    constant = -(-(eta << bits) // (one - t))
    errors = []
    for _, y in result:
        reach = scaled(y, ratio, bits) + constant
        errors.append(scaled(y, ratio - one, bits) + constant + rounding_error(fmt, 0, reach, fixed, node))
    return errors


def norm_errors(node: Node, step: Step, operand: Spans, held: Format | None, exact: Spans, fixed: FixedPoint) -> list[int]:
    """Of layer_norm and rms_norm, for every element; `held` is the format of the operand, if it has one."""
    length = node.shape[-1]
    errors: list[int] = []
    for given, result in zip(rows(operand, length), rows(exact, length), strict=True):
        errors += _norm_row(node, step, given, held, result, fixed)
    return errors


def _norm_row(
    node: Node, step: Step, given: list[Interval], held: Format | None, result: list[Interval], fixed: FixedPoint
) -> list[int]:
    """A, p, w and z of the proof, then y z + (A + p)(1 + z)/sqrt(T) and a rounding."""
    bits, one, n, fmt = fixed.bits, 1 << fixed.bits, len(given), step.compute
    parts, (low, high) = variance(node, given, fixed)
    root = fixed.sqrt((low, low))[0]
    if root <= 0:
        raise LeafFailure(f"the variance of {node.name!a} is too near zero for the precision of the evidence")
    a, p = _centring(node, step, given, held, parts, fixed) if node.op == "layer_norm" else (0, [0] * n)
    largest = max(p)
    both = a + largest
    relative = _over(scaled(both, both, bits), low, bits) + _over(2 * largest, root, bits)
    u, eta = units(fmt, bits)
    squares = scaled(n * high, scaled(one + relative, one + u, bits), bits) + n * eta
    added = _relative_error(step, n, squares, n * low, fixed, node)
    factor = scaled(scaled(one + relative, one + added, bits), scaled(one + u, one + u, bits), bits) + _over(4 * eta, low, bits)
    w = scaled(factor, one + u, bits) - one + _over(eta, low, bits)
    if w >= one:
        raise LeafFailure(f"the variance of {node.op} {node.name!a} is not bounded away from zero")
    _demand_no_overflow(node, step, parts, both, (low, high), w, fixed)
    of_function, tiny = _function_units(step, bits)
    inverse = -(-(one << bits) // fixed.sqrt((one - w, one - w))[0])
    z = scaled(inverse, one + of_function, bits) - one + scaled(tiny, fixed.sqrt((high, high))[1], bits)
    most = isqrt(n << 2 * bits) + 1
    errors = []
    for (lo, hi), p_i in zip(result, p, strict=True):
        y = min(max(-lo, hi), most)
        moved = _over(scaled(a + p_i, one + z, bits), root, bits)
        errors.append(scaled(y, z, bits) + moved + rounding_error(fmt, 0, scaled(y, one + z, bits) + moved, fixed, node))
    return errors


def _centring(
    node: Node, step: Step, given: list[Interval], held: Format | None, parts: list[Interval], fixed: FixedPoint
) -> tuple[int, list[int]]:
    """A, the error of the mean, and p, the roundings of x - mean."""
    fmt, n, acc = step.compute, len(given), step.accumulation
    assert acc is not None
    sizes = [max(-lo, hi) for lo, hi in given]
    fits = _holds(acc, held or Exact())
    lost = error_bound(acc, Sum(n, sum(sizes), 1 << fixed.bits, max(sizes)), fixed, repr(node.name), fits=fits)
    total = max(-sum(lo for lo, _ in given), sum(hi for _, hi in given)) + lost
    a = -(-lost // n) + rounding_error(fmt, 0, -(-total // n), fixed, node)
    rounding_error(fmt, 0, total, fixed, node)
    return a, [rounding_error(fmt, lo - a, hi + a, fixed, node) for lo, hi in parts]


def _demand_no_overflow(
    node: Node, step: Step, parts: list[Interval], both: int, total: Interval, w: int, fixed: FixedPoint
) -> None:
    """Squares, sums and the reciprocal root neither overflow nor saturate."""
    bits, one = fixed.bits, 1 << fixed.bits
    c = max(max(-lo, hi) for lo, hi in parts) + both
    largest = scaled(total[1], one + w, bits)
    least = total[0] - scaled(total[0], w, bits)
    if least <= 0:
        raise LeafFailure(f"the variance of {node.op} {node.name!a} is not bounded away from zero")
    inverse = -(-(one << bits) // fixed.sqrt((least, least))[0])
    for reach in (scaled(c, c, bits), largest * len(parts), inverse):
        demand_within(step.compute, reach, fixed, node)


def _relative_error(step: Step, n: int, largest: int, least: int, fixed: FixedPoint, node: Node) -> int:
    """The error of adding n numbers of one sign, over a lower bound of their sum: for trees at most (1 + u)^D - 1 of the sum itself."""
    acc = step.accumulation
    assert acc is not None
    fits = _holds(acc, step.compute)
    lost = error_bound(acc, Sum(n, largest, 1 << fixed.bits, largest), fixed, repr(node.name), fits=fits)
    worst = _over(lost, least, fixed.bits)
    fmt = acc.accumulator
    if acc.kind == "additions" and fits and isinstance(fmt, Float) and fmt.subnormals == "kept" and not acc.flushes_inputs:
        return min(worst, growth(fmt.p, n, fixed.bits))
    return worst


def _holds(acc: Accumulation, fmt: Format) -> bool:
    if acc.kind == "exact":
        raise LeafFailure("sums of a norm or a softmax are not of integer codes")
    return acc.accumulator.holds(fmt)


def _function_units(step: Step, bits: int) -> tuple[int, int]:
    """u and eta of a function within ulps."""
    u, eta = units(step.compute, bits)
    return (1 + 2 * step.ulps) * u, (1 + 2 * step.ulps) * eta


def _over(a: int, b: int, bits: int) -> int:
    return -(-(a << bits) // b)
