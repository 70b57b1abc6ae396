"""Rules for single inputs: T1, T2, T7, T8 by one or two points, and W by one run."""

from __future__ import annotations

from fractions import Fraction

from .budget import Budget
from .cells import code_between
from .derivation import INFINITE, Derivation
from .failures import LeafFailure, Rejection
from .formats import Code, Exact, Int, finite, is_finite, is_free
from .measure import Measure, Span, neighbours
from .preconditions import Preconditions
from .question import Box, Node, Point, Question
from .run import round_inputs, run
from .tape import Tape


def enclose_at(tape: Tape, point: Point) -> Span:
    """f at a point."""
    return tape.fixed.to_fractions(tape.ranges(tape.box(at_point(point)))[-1])


def at_point(point: Point) -> Box:
    """The box that is a point."""
    return {name: (x, x) for name, x in point.items()}


def check_inside(question: Question, point: Point) -> None:
    """A point must lie in the box."""
    for name, x in point.items():
        lo, hi = question.box[name]
        if not lo <= x <= hi:
            raise Rejection(f"a point lies outside the box in {name}")


def check_counts(question: Question, conditions: Preconditions, point: Point) -> None:
    """A point must lie in the box, and satisfy the preconditions."""
    check_inside(question, point)
    if not conditions.hold(at_point(point)):
        raise Rejection("the preconditions were not shown to hold at a point")


def pair_floor(question: Question, points: list[Point], precision: int, claimed: Fraction, budget: Budget) -> Derivation:
    """T1, T2 and both jointly.

    All inputs that share their codes get one answer z. Two of them give floor >= the least over outputs z of the larger measure at the
    two; as a function of z this is convex, so the least is next to its real minimum. A single point is the case of two equal ones (T1).
    """
    conditions = Preconditions(question, precision, budget)
    for point in points:
        check_counts(question, conditions, point)
    tape = Tape(question.nodes, precision, budget, question.parameters)
    if not _check_same_cell(question, points):
        _check_continuous(tape, conditions, {name: _sorted_pair(points[0][name], points[1][name]) for name in question.box})
    spans = sorted((enclose_at(tape, point) for point in points), key=sum)
    low, high = spans[0], spans[-1]
    measure = Measure(question.is_relative, question.relative)
    z = measure.best_pair(low, high)
    candidates = neighbours(question.output, z)
    value = min(max(measure.at_least(c, low), measure.at_least(c, high)) for c in candidates)
    if question.is_relative:
        return Derivation(value, "T8")
    if len(points) == 1:
        return Derivation(value, "T7" if _beyond(question, low) else "T1")
    collides = max(measure.at_least(z, low), measure.at_least(z, high)) >= claimed
    return Derivation(value, "T2" if collides else "T1+T2")


def _beyond(question: Question, f: Span) -> bool:
    """T7: f leaves the range of the output format."""
    output = question.output
    if is_free(output) or isinstance(output, Code):
        return False
    return output.above(f[0]) is None or output.below(f[1]) is None


def _check_same_cell(question: Question, points: list[Point]) -> bool:
    """Reject points that lie in no common cell, nor at its ends. False if an end has a code of its own: it counts as a limit."""
    if len(points) == 2 and points[0] == points[1]:
        raise Rejection("the two points of a pair are equal: give one")
    if question.representable:
        if len(points) > 1:
            raise Rejection("with representable inputs two different points never share their codes")
        if not is_representable(question, points[0]):
            raise Rejection("the point is not representable in the input format")
        return True
    share_codes = True
    for name in question.box if len(points) == 2 else ():
        lo, hi = _sorted_pair(points[0][name], points[1][name])
        fmt = question.inputs[name]
        if lo == hi:
            continue
        if isinstance(fmt, Exact) or is_free(fmt):
            raise Rejection(f"the two points do not lie in the closure of one cell of {name}")
        if fmt.round(lo) != fmt.round(hi):
            share_codes = False
            if code_between(fmt, lo, hi) is None:
                raise Rejection(f"the two points do not lie in the closure of one cell of {name}")
    return share_codes


def _sorted_pair(a: Fraction, b: Fraction) -> tuple[Fraction, Fraction]:
    return (a, b) if a <= b else (b, a)


_MOST_PARTS = 512


def _check_continuous(tape: Tape, conditions: Preconditions, box: Box) -> None:
    """f is continuous, and its preconditions hold, on the box between the points: then f at a cell's end is a limit from inside."""
    pending, parts = [box], 0
    while pending:
        part = pending.pop()
        parts += 1
        if parts > _MOST_PARTS:
            raise LeafFailure("f was not shown to be defined and continuous between the two points, so its values there need not be limits")
        try:
            tape.values(tape.box(part))
            is_shown = conditions.hold(part)
        except LeafFailure:
            is_shown = False
        if not is_shown:
            name = max(part, key=lambda n: part[n][1] - part[n][0])
            lo, hi = part[name]
            middle = (lo + hi) / 2
            pending += [part | {name: (lo, middle)}, part | {name: (middle, hi)}]


def is_representable(question: Question, point: Point) -> bool:
    """Whether every coordinate is a number of its input format."""
    if any(isinstance(fmt, Int) and fmt.is_free for fmt in question.inputs.values()):
        raise Rejection("representable inputs need integer codes with a given scale")
    return all(question.inputs[name].round(x) == x for name, x in point.items())


def witness_run(question: Question, point: Point, precision: int, budget: Budget, nodes: tuple[Node, ...] | None = None) -> Derivation:
    """W: the program, run on the rounded point in exact arithmetic, has at least this error there.

    `nodes` are what the program runs where parameters of f are constants to it.
    """
    check_counts(question, Preconditions(question, precision, budget), point)
    program = question.program
    if program is None:
        raise Rejection("a run needs the instances of the formats with free scale")
    if question.representable and any(program.inputs[name].round(x) != x for name, x in point.items()):
        raise Rejection("the point is not representable in the input format")
    answer = run(nodes or question.nodes, program, round_inputs(program, point), budget)
    f = enclose_at(Tape(question.nodes, precision, budget, question.parameters), point)
    if not is_finite(answer):
        return Derivation(INFINITE, "W")
    return Derivation(Measure(question.is_relative, question.relative).at_least(finite(answer), f), "W")
