"""What the machine holds: intervals of its numbers, and what each step adds to the error (docs/networks.md, "Local errors")."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..failures import LeafFailure
from ..fixed import FixedPoint
from ..formats import Float, Format, Int, finite, is_finite
from .graph import BINARY, FUNCTIONS, Node
from .normalising import norm_errors, softmax_errors
from .program import Step
from .ranges import Weights
from .rounding import function_error, places_for, round_dyadic, round_span, rounding_error
from .spans import Spans, of_pairs, widened
from .sums import sum_errors


@dataclass(frozen=True, slots=True)
class Held:
    """Intervals of what the machine holds, and the one format whose numbers they are, if there is one."""

    spans: Spans
    fmt: Format | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a step gives before it is stored, its errors against the exact operation with the rounded constants, and its format."""

    spans: Spans
    errors: list[int]
    fmt: Format | None


def computed(node: Node, step: Step, operands: list[Held], exact: Spans, weights: Weights, fixed: FixedPoint) -> Result:
    """A step on operands that lie in intervals; `exact` is the range of the exact operation on them with the rounded constants."""
    fmt = step.compute
    match node.op:
        case "constant":
            return Result(exact, [0] * node.size, step.weights)
        case "gather" | "max":
            return Result(exact, [0] * node.size, _common(operands, needs_zero=node.op == "gather" and -1 in node.index))
        case "negate" | "absolute" | "relu":
            return Result(exact, [0] * node.size, _common(operands, needs_zero=True, floats_only=node.op != "relu"))
        case "leaky_relu":
            triples = zip(exact.lo, exact.hi, operands[0].spans.lo, strict=True)
            errors = [rounding_error(fmt, lo, hi, fixed, node) if least < 0 else 0 for lo, hi, least in triples]
            return Result(widened(exact, errors), errors, None)
        case "linear" | "matmul" | "sum" | "mean":
            errors = sum_errors(node, step, [(operand.spans, operand.fmt) for operand in operands], exact, weights, fixed)
            return Result(widened(exact, errors), errors, _sum_format(node, step))
        case "softmax" | "log_softmax" | "layer_norm" | "rms_norm":
            given = operands[0]
            if node.op.endswith("norm"):
                errors = norm_errors(node, step, given.spans, given.fmt, exact, fixed)
            else:
                errors = softmax_errors(node, step, given.spans, exact, fixed)
            return Result(widened(exact, errors), errors, fmt)
    assert node.op in BINARY or node.op in FUNCTIONS or node.op == "square"
    ulps = step.ulps if node.op in FUNCTIONS else 0
    errors = [function_error(fmt, lo, hi, ulps, fixed, node) for lo, hi in zip(exact.lo, exact.hi, strict=True)]
    if ulps:
        return Result(widened(exact, errors), errors, fmt)
    return Result(_rounded(fmt, exact, fixed, node), errors, fmt)


def stored(step: Step, result: Result, fixed: FixedPoint, node: Node) -> Result:
    """The result rounded to the format that it is stored in; the errors are those of storing alone."""
    fmt = step.stored
    if fmt is None or fmt == result.fmt or (result.fmt is not None and isinstance(fmt, Float) and fmt.holds(result.fmt)):
        return Result(result.spans, [0] * len(result.errors), fmt if fmt is not None and result.fmt is not None else result.fmt)
    errors = []
    for lo, hi in zip(result.spans.lo, result.spans.hi, strict=True):
        unmoved = lo == hi and _stays(fmt, lo, fixed.bits)
        errors.append(0 if unmoved else rounding_error(fmt, lo, hi, fixed, node))
    return Result(_rounded(fmt, result.spans, fixed, node), errors, fmt)


def read_input(step: Step, box: Spans, fixed: FixedPoint, node: Node, *, representable: bool) -> Result:
    """What arrives, and its rounding error."""
    fmt = step.stored
    if fmt is None or representable:
        return Result(box, [0] * len(box.lo), fmt)
    return stored(step, Result(box, [0] * len(box.lo), None), fixed, node)


def rounded_slope(node: Node, step: Step) -> Fraction:
    """The slope below zero of a leaky_relu as the program holds it. Raises LeafFailure where it overflows."""
    found = step.compute.round(node.parameter)
    if not is_finite(found):
        raise LeafFailure(f"a constant of {node.name!a} overflows")
    return finite(found)


def _stays(fmt: Format, n: int, places: int) -> bool:
    fine = places_for(fmt, places)
    return round_dyadic(fmt, n << fine - places, fine) == n << fine - places


def _rounded(fmt: Format, spans: Spans, fixed: FixedPoint, node: Node) -> Spans:
    pairs = []
    for lo, hi in zip(spans.lo, spans.hi, strict=True):
        pair = round_span(fmt, lo, hi, fixed.bits)
        if pair is None:
            raise LeafFailure(f"{node.op} {node.name!a} may overflow")
        pairs.append(pair)
    return of_pairs(pairs)


def _common(operands: list[Held], *, needs_zero: bool, floats_only: bool = False) -> Format | None:
    """The format of results that are operands (up to sign), or 0."""
    formats = {operand.fmt for operand in operands}
    fmt = formats.pop()
    if formats or (floats_only and not isinstance(fmt, Float)):
        return None
    if needs_zero and isinstance(fmt, Int) and not (fmt.zero is not None and fmt.qmin <= fmt.zero <= fmt.qmax):
        return None
    return fmt


def _sum_format(node: Node, step: Step) -> Format | None:
    """That of the accumulator; the bias of sums in groups is added in fp32."""
    acc = step.accumulation
    assert acc is not None
    if acc.kind == "exact" or node.op == "mean":
        return step.compute
    fmt = acc.accumulator
    if acc.kind == "groups" and node.bias is not None and isinstance(fmt, Float) and (fmt.p, fmt.emin, fmt.emax) != (24, -126, 127):
        return None
    return fmt
