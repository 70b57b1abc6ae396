"""What no algorithm can do: two inputs of one cell, or too few output codes (THEORY T1, T2, T3, T7 on networks)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .. import limits
from ..budget import Budget
from ..derivation import Derivation
from ..failures import Rejection
from ..formats import Exact as Reals
from ..formats import Format, Value
from ..jsonvalues import fields, integer, listed
from ..measure import neighbours
from .arrays import Exact
from .bounds import Analysis
from .reading import Box, Question, read_input
from .spans import Spans, exact
from .work import bound_work

Interval = tuple[Fraction, Fraction]


def derive_floor(question: Question, evidence: Any, claimed: Fraction, budget: Budget) -> Derivation:
    """What the evidence of a claimed floor proves."""
    kind = evidence.get("kind") if isinstance(evidence, dict) else None
    if kind not in ("pair", "count"):
        raise Rejection("floor is proved by a pair or a count")
    _, items, output, bits = fields(evidence, "evidence", "kind", "inputs", "output", "precision")
    precision = integer(bits, "precision", limits.MIN_PRECISION, limits.MAX_PRECISION)
    given = listed(items, "evidence.inputs", 2 if kind == "count" else 1, 2)
    found = [read_input(item, question, f"inputs[{k}]") for k, item in enumerate(given)]
    place = integer(output, "evidence.output", 0, question.nodes[-1].size - 1)
    fmt = question.program[-1].stored
    if fmt is None or isinstance(fmt, Reals):
        raise Rejection("a floor needs an output that is stored in a format")
    if kind == "count":
        _demand_one_box(question, [box for _, box in found])
    else:
        _demand_one_cell(question, [point for point, _ in found])
    budget.spend((len(found) + 1) * bound_work(question, "ranges", precision))
    analysis = Analysis(question.nodes, question.program, precision, runs=False)
    points = [exact(point, precision) for point, _ in found]
    spans = [_at(analysis.ranges(point)[-1], place, precision) for point in points]
    if kind == "count":
        analysis.ranges(_hull(points))
        return _count(spans, fmt)
    return _pair(spans, fmt, claimed)


def _at(spans: Spans, place: int, precision: int) -> Interval:
    return Fraction(spans.lo[place], 1 << precision), Fraction(spans.hi[place], 1 << precision)


def _hull(points: list[Spans]) -> Spans:
    first, second = points
    return Spans(list(map(min, first.lo, second.lo)), list(map(max, first.hi, second.hi)))


def _count(spans: list[Interval], fmt: Format) -> Derivation:
    """T3: f is defined and continuous between two inputs of a box, so takes all values between; N codes serve them to R / (2N) at best."""
    assert not isinstance(fmt, Reals)
    distance = max(lo for lo, _ in spans) - min(hi for _, hi in spans)
    return Derivation(max(distance, Fraction(0)) / (2 * fmt.code_count()), "T3")


def _pair(spans: list[Interval], fmt: Format, claimed: Fraction) -> Derivation:
    """One or two inputs that arrive as the same numbers get one answer z: the least over z of the larger error (T1, T2, T7).

    With a the least upper end and b the largest lower end, the error of z is at least max(b - z, z - a, 0), which is even about
    (a + b) / 2: numbers next to that are best.
    """
    a, b = min(hi for _, hi in spans), max(lo for lo, _ in spans)
    middle = (a + b) / 2
    value = min(max(b - z, z - a, Fraction(0)) for z in neighbours(fmt, middle))
    if len(spans) == 1:
        return Derivation(value, "T7" if fmt.above(spans[0][0]) is None or fmt.below(spans[0][1]) is None else "T1")
    return Derivation(value, "T2" if (b - a) / 2 >= claimed else "T1+T2")


def _demand_one_box(question: Question, boxes: list[Box]) -> None:
    if question.representable:
        raise Rejection("a count needs real inputs")
    if boxes[0] is not boxes[1]:
        raise Rejection("the inputs of a count lie in two boxes")


def _demand_one_cell(question: Question, points: list[Exact]) -> None:
    fmt = question.program[0].stored
    arrived = [_arrival(fmt, point) for point in points]
    if question.representable and arrived[0] != _arrival(None, points[0]):
        raise Rejection("the input is not representable in its format")
    if len(points) == 2 and (question.representable or arrived[0] != arrived[1]):
        raise Rejection("the two inputs of a pair do not arrive as the same numbers")


def _arrival(fmt: Format | None, point: Exact) -> list[Value]:
    """The codes of an input; the two zeros, where a format has both, are different codes."""
    values = [point.fraction(k) for k in range(len(point.numbers))]
    return list(values) if fmt is None else [fmt.round(value) for value in values]
