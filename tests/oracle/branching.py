"""The truth about functions with conditionals, under preconditions, for programs with a format for each operation.

f is enclosed by Arb on ever smaller parts of a cell, with both branches where a comparison is not decided, and sampled at points where
every comparison is: brackets of E* and E(P), wide but right. The random questions of `random_problems` know nothing of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import inf

from flint import arb

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import InputModel, Problem
from suffice.hardware_specs.format import CodeFormat, ExactFormat, FloatFormat, Format, IntFormat

from .enclosures import VALUES, Bound, Box, Range, ball, halves, to_range
from .measures import Image, Measure, measure_of
from .rounding import Piece, Value, cells, convert, neighbours, numbers, to_fraction
from .runs import apply
from .truth import Truth

DEPTH = 4
"""So often a part of a cell is halved where a comparison is not decided on it, in each direction."""

LARGEST = 1 << 2000
"""Numbers beyond it are taken for undefined, and smaller ones than its inverse for zero or as small."""

NEAR = Fraction(1, 1 << 40)

Truths = tuple[bool, bool]
"""Whether something may be false, and whether it may be true."""

Enclosure = arb | Truths | None
"""Of a number or a truth; None where it may be undefined."""

FALSE, TRUE, OPEN = (True, False), (False, True), (True, True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A format for each input and each node, and the output's; the errors in ulps of functions that are not correctly rounded."""

    inputs: Mapping[str, Format]
    nodes: Sequence[Format]
    output: Format
    accuracy: Mapping[Op, Fraction]


# f over a box


def enclose(expression: Expression, box: Mapping[str, arb]) -> Enclosure:
    """The last node over a box."""
    values: list[Enclosure] = []
    for node in expression.nodes:
        values.append(_enclose_node(node, [values[a] for a in node.args], box))
    return values[-1]


def _enclose_node(node: Node, x: list[Enclosure], box: Mapping[str, arb]) -> Enclosure:
    if node.op is Op.IF:
        return _branch(x)
    if node.op in (Op.AND, Op.OR):
        decisive = TRUE if node.op is Op.OR else FALSE
        return decisive if decisive in x else None if None in x else OPEN if OPEN in x else (x[0] if x[0] != decisive else x[1])
    if any(operand is None for operand in x):
        return None
    if node.op is Op.NOT:
        assert isinstance(x[0], tuple)
        return x[0][::-1]
    if node.op in (Op.LT, Op.LE, Op.EQ):
        return _compare(node.op, *x)
    y = _number(node, x, box)
    if not y.is_finite() or not abs(y) <= LARGEST:
        return None
    return y.union(arb(0)) if abs(y) < 1 / arb(LARGEST) else y


def _branch(x: list[Enclosure]) -> Enclosure:
    condition, first, second = x
    if condition is None:
        return None
    assert isinstance(condition, tuple)
    taken = [branch for branch, may in zip((second, first), condition, strict=True) if may]
    if None in [branch if branch is None else 0 for branch in taken]:
        return None
    return taken[0] if len(taken) == 1 else taken[0].union(taken[1])  # type: ignore[union-attr]


def _compare(op: Op, a: Enclosure, b: Enclosure) -> Truths:
    if op is Op.LT:
        return FALSE if a >= b else TRUE if a < b else OPEN  # type: ignore[operator]
    if op is Op.LE:
        return TRUE if a <= b else FALSE if a > b else OPEN  # type: ignore[operator]
    return TRUE if a == b else FALSE if a != b else OPEN


def _number(node: Node, x: list[Enclosure], box: Mapping[str, arb]) -> arb:
    match node.op:
        case Op.CONST:
            assert isinstance(node.payload, Fraction)
            return ball(node.payload)
        case Op.VAR:
            return box[str(node.payload)]
        case Op.PI:
            return arb.pi()
        case Op.E:
            return arb.const_e()
        case Op.CAST:
            return x[0]
        case Op.POW:
            return x[0] ** node.payload  # type: ignore[operator]
        case Op.SQRT | Op.ASIN | Op.ACOS:
            return getattr(x[0], node.op.value)()
    return VALUES[node.op](*x)


def _is_point(box: Box) -> bool:
    return all(lo == hi for lo, hi in box)


# The program


def run(expression: Expression, program: Program, codes: Mapping[str, Value], shift: int = 0) -> Value:
    """The program's answer on input codes; with `shift` 1 or -1 its inaccurate functions err as far up or down as they may."""
    values: list[Value | bool] = []
    for k, node in enumerate(expression.nodes):
        x, fmt = [values[a] for a in node.args], program.nodes[k]
        if OPERATIONS.get(node.op) and OPERATIONS[node.op].logical:
            values.append(_logical(node.op, x))
        elif node.op is Op.VAR:
            values.append(convert(codes[str(node.payload)], fmt))
        elif node.op is Op.CAST:
            values.append(convert(x[0], fmt))  # type: ignore[arg-type]
        elif node.op is Op.IF:
            values.append(convert(x[1] if x[0] is True else x[2], fmt))  # type: ignore[arg-type]
        else:
            if isinstance(fmt, ExactFormat) and OPERATIONS.get(node.op) and OPERATIONS[node.op].elementary:
                raise NotImplementedError
            y = apply(node, x, fmt)  # type: ignore[arg-type]
            values.append(_shifted(node, x, y, fmt, program.accuracy[node.op], shift) if shift and node.op in program.accuracy else y)
    assert not isinstance(values[-1], bool)
    return convert(values[-1], program.output)


def _logical(op: Op, x: list[Value | bool]) -> bool:
    match op:
        case Op.AND:
            return x[0] is True and x[1] is True
        case Op.OR:
            return x[0] is True or x[1] is True
        case Op.NOT:
            return x[0] is False
    if "nan" in x:
        return False
    a, b = (inf if v == "inf" else -inf if v == "-inf" else to_fraction(v) for v in x)  # type: ignore[arg-type]
    return {Op.LT: a < b, Op.LE: a <= b, Op.EQ: a == b}[op]  # type: ignore[operator]


def _shifted(node: Node, x: list[Value | bool], y: Value, fmt: Format, ulps: Fraction, shift: int) -> Value:
    """The number of the format farthest from f(x) in a direction that is within so many ulps of it."""
    operand = None if isinstance(x[0], bool) else to_fraction(x[0])
    if operand is None or to_fraction(y) is None or not isinstance(fmt, FloatFormat):
        return y
    exact = _number(node, [ball(operand)], {})
    if not exact.is_finite() or exact.contains(0):
        return y
    size = to_range(abs(exact)).lo
    assert isinstance(size, Fraction)
    exponent = max(_floor_log2(size), fmt.emin)
    reach = ulps * Fraction(2) ** (exponent - fmt.p + 1)
    end = to_range(exact)
    assert isinstance(end.lo, Fraction)
    assert isinstance(end.hi, Fraction)
    limit = (end.lo + reach) if shift > 0 else (end.hi - reach)
    near = [z for z in neighbours(fmt, limit) if abs(z - end.lo) <= reach and abs(z - end.hi) <= reach]
    return max(near, key=lambda z: shift * z) if near else y


def _floor_log2(r: Fraction) -> int:
    e = r.numerator.bit_length() - r.denominator.bit_length()
    return e if Fraction(2) ** e <= r else e - 1


# The truth


def branching_truth(problem: Problem, program: Program, output: Format) -> Truth:
    """Brackets of E* for answers in `output` and E(P); for any code the numbers of `output` may be any."""
    assert problem.tolerance is not None
    measure = measure_of(problem.tolerance)
    names = sorted(problem.box)
    parts = [_parts(problem, name, program.inputs[name]) for name in names]
    floors, errors = [Range(Fraction(0), Fraction(0))], [Range(Fraction(0), Fraction(0))]
    for codes in product(*parts):
        boxes = list(product(*(of[code] for of, code in zip(parts, codes, strict=True))))
        image, sampled = _image(problem, names, boxes)
        if image is None:
            continue
        held = dict(zip(names, codes, strict=True))
        floor = image.floor(measure, output)
        answers = [run(problem.expression, program, held, shift) for shift in ((0, 1, -1) if program.accuracy else (0,))]
        found = [_error(image, measure, answer) for answer in answers]
        floors.append(Range(floor.lo if sampled else Fraction(0), floor.hi))
        errors.append(Range(max(e.lo for e in found) if sampled else Fraction(0), found[0].hi))
    return Truth(
        Range(max(f.lo for f in floors), max(f.hi for f in floors)),
        Range(max(e.lo for e in errors), max(e.hi for e in errors)),
        problem.tolerance.threshold,
    )


def counting_truth(problem: Problem, codes: int) -> Truth:
    """So many numbers at will: intervals that cover the hull of the range give an upper bound of E*."""
    assert problem.tolerance is not None
    names = sorted(problem.box)
    whole = tuple(Piece(problem.box[name].lo, problem.box[name].hi) for name in names)
    image, _ = _image(problem, names, [whole])
    most: Bound = Fraction(0)
    if image is not None:
        ends = (image.low.lo, image.high.hi)
        most = inf if any(isinstance(end, float) for end in ends) else (ends[1] - ends[0]) / (2 * codes)
    return Truth(Range(Fraction(0), most), Range(Fraction(0), inf), problem.tolerance.threshold)


def _error(image: Image, measure: Measure, answer: Value) -> Range:
    number = to_fraction(answer)
    return Range(inf, inf) if number is None else image.error(measure, number)


def _parts(problem: Problem, name: str, fmt: Format) -> dict[Value, list[Piece]]:
    side = problem.box[name]
    if not isinstance(fmt, FloatFormat | IntFormat) or isinstance(fmt, CodeFormat):
        raise NotImplementedError
    if problem.inputs is InputModel.REPRESENTABLE:
        return {v: [Piece(v, v)] for v in numbers(fmt, side.lo, side.hi)}
    return cells(fmt, side.lo, side.hi)


def _image(problem: Problem, names: list[str], boxes: Sequence[tuple[Piece, ...]]) -> tuple[Image | None, bool]:
    """What f does at the points of the boxes that count, None if there are none; and whether some were found."""
    outer = [r for pieces in boxes for r in _ranges(problem, names, tuple((p.lo, p.hi) for p in pieces), DEPTH * len(names))]
    if not outer:
        return None, False
    low, high = min(r.lo for r in outer), max(r.hi for r in outer)
    found = [r for pieces in boxes for point in _points(problem, pieces) if (r := _at(problem, names, point)) is not None]
    if not found:
        return Image(Range(low, high), Range(low, high), connected=False), False
    return Image(Range(low, min(r.hi for r in found)), Range(max(r.lo for r in found), high), connected=False), True


def _ranges(problem: Problem, names: list[str], box: Box, depth: int) -> list[Range]:
    """Enclosures of f on parts of a box, those left out on which a precondition is false."""
    place = {name: ball(*side) for name, side in zip(names, box, strict=True)}
    if any(enclose(condition, place) == FALSE for condition in problem.preconditions):
        return []
    value = enclose(problem.expression, place)
    if depth > 0 and not _is_point(box):
        return [r for half in halves(box) for r in _ranges(problem, names, half, depth - 1)]
    return [Range(-inf, inf) if value is None else to_range(value)]  # type: ignore[arg-type]


def _points(problem: Problem, pieces: tuple[Piece, ...]) -> list[tuple[Fraction, ...]]:
    """Points near and at the ends of a part of a cell, and where constants of the problem lie in it."""
    marks = {
        node.payload
        for expression in (problem.expression, *problem.preconditions)
        for node in expression.nodes
        if isinstance(node.payload, Fraction)
    }
    return list(product(*(_places(piece, marks) for piece in pieces)))


def _places(piece: Piece, marks: set[Fraction]) -> list[Fraction]:
    width = piece.hi - piece.lo
    step = width * NEAR
    inside = [piece.lo + width * t for t in (NEAR, Fraction(1, 3), Fraction(1, 2), Fraction(5, 7), 1 - NEAR)]
    beside = [mark + side * step for mark in marks for side in (-1, 0, 1)]
    ends = [piece.lo] * piece.lo_closed + [piece.hi] * piece.hi_closed
    return sorted({*ends, *(x for x in (*inside, *beside) if piece.lo < x < piece.hi)})


def _at(problem: Problem, names: list[str], point: tuple[Fraction, ...]) -> Range | None:
    """f at a point that surely counts and where every comparison is decided, else None."""
    place = {name: ball(x) for name, x in zip(names, point, strict=True)}
    if any(enclose(condition, place) != TRUE for condition in problem.preconditions):
        return None
    value = enclose(problem.expression, place)
    if value is None:
        return None
    found = to_range(value)  # type: ignore[arg-type]
    return found if isinstance(found.lo, Fraction) and isinstance(found.hi, Fraction) else None
