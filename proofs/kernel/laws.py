"""Rules that rest on enclosures over segments and cells: T3, T4, T5 (counting), T2, T6 (in one cell); real inputs, absolute tolerance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import prod

from .budget import Budget, rational_work
from .cells import code_between
from .derivation import Derivation
from .failures import LeafFailure, Rejection
from .formats import Exact, is_free, size_of
from .preconditions import Preconditions
from .question import Box, Point, Question
from .tape import Interval, Tape
from .witnesses import check_inside, enclose_at


def count_floor(question: Question, points: list[Point], pieces: int, precision: int, budget: Budget) -> Derivation:
    """T3: f is continuous from a to b, so f(X) holds an interval of length R = |f(a) - f(b)|; N answers within E cover at most 2NE."""
    _check_law(question)
    for point in points:
        check_inside(question, point)
    tape = Tape(question.nodes, precision, budget, question.parameters)
    conditions = Preconditions(question, precision, budget)
    for box in _segment(points[0], points[1], pieces, budget):
        _check_counts(conditions, box)
        tape.values(tape.box(box))
    low, high = sorted((enclose_at(tape, point) for point in points), key=sum)
    reach = max(high[0] - low[1], Fraction(0))
    codes = answer_count(question)
    return Derivation(reach / (2 * codes), "T3", {"range": reach, "codes": codes})


def slope_floor(question: Question, points: list[Point], pieces: int, precision: int, budget: Budget) -> Derivation:
    """T4: |derivative| >= l > 0 along a segment of length D gives R >= l D (mean value theorem), and T3 follows."""
    _check_law(question)
    name, length = _axis(question, points)
    least = _derivative_floor(question, points, name, pieces, precision, budget, order=1)
    codes = answer_count(question)
    return Derivation(least * length / (2 * codes), "T4", {"slope": least, "length": length, "codes": codes})


def curvature_floor(question: Question, points: list[Point], pieces: int, precision: int, budget: Budget) -> Derivation:
    """T5: second derivative of one sign and size >= 2k along a segment of length D gives R >= k D^2 / 4, and T3 follows."""
    _check_law(question)
    name, length = _axis(question, points)
    curvature = _derivative_floor(question, points, name, pieces, precision, budget, order=2) / 2
    codes = answer_count(question)
    return Derivation(curvature * length**2 / (8 * codes), "T5", {"curvature": curvature, "length": length, "codes": codes})


def cell_slope_floor(question: Question, points: list[Point], pieces: int, precision: int, budget: Budget) -> Derivation:
    """T2 as a law: on a box inside one cell, |d_i f| >= l_i with a constant sign and widths W_i give floor >= sum of l_i W_i / 2."""
    _check_law(question)
    box = _cell_box(question, points)
    total = Fraction(0)
    facts: dict[str, Fraction] = {}
    for name, (lo, hi) in box.items():
        if lo == hi:
            continue
        least = Fraction(0)
        try:
            least = _floor_over(question, _grid(box, pieces), name, precision, budget, order=1)
        except LeafFailure:
            if len(box) == 1:
                raise
        facts |= {f"slope_{name}": least, f"width_{name}": hi - lo}
        total += least * (hi - lo) / 2
    return Derivation(total, "T2", facts)


def cell_curvature_floor(question: Question, points: list[Point], pieces: int, precision: int, budget: Budget) -> Derivation:
    """T6: |second derivative| >= 2k along a segment of length W inside one cell gives floor >= k W^2 / 8."""
    _check_law(question)
    name, width = _axis(question, points)
    _cell_box(question, points)
    curvature = _derivative_floor(question, points, name, pieces, precision, budget, order=2) / 2
    return Derivation(curvature * width**2 / 8, "T6", {"curvature": curvature, "width": width})


def answer_count(question: Question) -> Fraction:
    """N of T3: at most the number of output codes, and of tuples of input codes."""
    counts = [] if isinstance(question.output, Exact) else [question.output.code_count()]
    inputs = [fmt.code_count() for fmt in question.inputs.values() if not isinstance(fmt, Exact)]
    if inputs and len(inputs) == len(question.inputs):
        counts.append(prod(inputs))
    if not counts:
        raise Rejection("counting needs an input or an output format")
    return Fraction(min(counts))


def _check_law(question: Question) -> None:
    if question.representable:
        raise Rejection("with representable inputs laws of range, slope and curvature prove nothing")
    if question.relative:
        raise Rejection("this law is about absolute tolerances")


def _check_counts(conditions: Preconditions, box: Box) -> None:
    """The values of f between the points of a law are those of points that count."""
    if not conditions.hold(box):
        raise Rejection("the preconditions were not shown to hold between the points")


def _axis(question: Question, points: list[Point]) -> tuple[str, Fraction]:
    for point in points:
        check_inside(question, point)
    moved = [name for name in question.box if points[0][name] != points[1][name]]
    if len(moved) != 1:
        raise Rejection("the ends of a segment differ in exactly one input")
    return moved[0], abs(points[1][moved[0]] - points[0][moved[0]])


def _segment(a: Point, b: Point, pieces: int, budget: Budget) -> Iterator[Box]:
    """Boxes around equal parts of the segment from a to b."""
    size = max((size_of(x) for x in (*a.values(), *b.values())), default=0)
    budget.spend(pieces * len(a) * 4 * rational_work(2 * size))
    for k in range(pieces):
        box = {}
        for name in a:
            ends = [a[name] + (b[name] - a[name]) * Fraction(j, pieces) for j in (k, k + 1)]
            box[name] = (min(ends), max(ends))
        yield box


def _grid(box: Box, pieces: int) -> list[Box]:
    """The box cut into equal parts along every input that has a width; at most `pieces` parts in all."""
    wide = [name for name, (lo, hi) in box.items() if lo < hi]
    parts = 1
    while wide and (parts + 1) ** len(wide) <= pieces:
        parts += 1
    boxes: list[Box] = [box]
    for name in wide:
        lo, hi = box[name]
        cuts = [lo + (hi - lo) * Fraction(k, parts) for k in range(parts + 1)]
        boxes = [part | {name: ends} for part in boxes for ends in pairwise(cuts)]
    return boxes


def _derivative_floor(
    question: Question, points: list[Point], name: str, pieces: int, precision: int, budget: Budget, *, order: int
) -> Fraction:
    return _floor_over(question, _segment(points[0], points[1], pieces, budget), name, precision, budget, order=order)


def _floor_over(question: Question, boxes: Iterable[Box], name: str, precision: int, budget: Budget, *, order: int) -> Fraction:
    """The least |derivative| of an order along one input over boxes whose union is connected; 0 unless it has one sign throughout."""
    tape = Tape(question.nodes, precision, budget, question.parameters)
    conditions = Preconditions(question, precision, budget)
    spans: list[Interval] = []
    for box in boxes:
        _check_counts(conditions, box)
        spans.append(tape.jet(tape.box(box), name)[order])
    least = max(min(lo for lo, _ in spans), min(-hi for _, hi in spans))
    if least <= 0:
        raise LeafFailure("the derivative does not keep one sign")
    return Fraction(least, 1 << precision)


def _cell_box(question: Question, points: list[Point]) -> Box:
    """The box spanned by two corners, which must lie in the box of the question and inside one cell."""
    for point in points:
        check_inside(question, point)
    box: Box = {}
    for name in question.box:
        fmt = question.inputs[name]
        lo, hi = sorted((points[0][name], points[1][name]))
        if lo < hi and (isinstance(fmt, Exact) or is_free(fmt) or code_between(fmt, lo, hi) is None):
            raise Rejection(f"the corners do not lie in one cell of {name}")
        box[name] = (lo, hi)
    return box
