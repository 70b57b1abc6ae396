"""Random questions with known answers: seeded, over all operations, small formats of many shapes, and every verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from math import prod
from random import Random

from flint import arb

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.format import EXACT, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals

from .enclosures import SMOOTH, Bound, Box, Function, ball, direction
from .rounding import span
from .truth import Truth, truth

MAX_DEPTH = 5
MAX_CELLS = 1500
"""Cells of the input box: so many keep a case below about a second."""

PATIENCE = 50
"""After so many attempts other formats are tried."""

LARGEST = 2**12
"""No intermediate value exceeds this."""

MARGIN = Fraction(1, 64)
"""Operands stay so far from poles and from the ends of domains."""

VERDICTS = ("impossible", "insufficient", "sufficient")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question, the truth about it, and the verdict that a perfect tool would give."""

    seed: int
    problem: Problem
    source: FloatFormat | IntFormat
    compute: FloatFormat | IntFormat
    output: Format
    truth: Truth
    verdict: str


def case(seed: int) -> Case:
    """The case of a seed; seeds 0, 1, 2 (mod 3) give the verdicts of VERDICTS in turn."""
    rng, wanted = Random(seed), VERDICTS[seed % 3]
    root, depth, names = rng.choice(SMOOTH), rng.randint(1, MAX_DEPTH), rng.choice([("x",), ("x", "y")])
    formats, tolerance = _formats(rng), _kind(rng)
    inputs = rng.choice([InputModel.REAL, InputModel.REAL, InputModel.REPRESENTABLE])
    for attempt in count():
        if attempt % PATIENCE == PATIENCE - 1:
            formats = _formats(rng)
        source, compute, output = formats
        expression = _expression(rng, root, depth, names)
        f = Function(expression)
        box = _box(rng, f.names)
        if not f.names or (attempt < PATIENCE and f.names != names):
            continue
        if prod(span(source, side.lo, side.hi) for side in box.values()) > MAX_CELLS:
            continue
        if not _is_tame(f, tuple((side.lo, side.hi) for side in box.values()), 6):
            continue
        if _hides_a_constant(rng, f, box):
            continue
        problem = Problem(expression=expression, box=box, tolerance=tolerance, inputs=inputs, name=f"random {seed}")
        try:
            known = truth(problem, source, compute, output)
        except ValueError:
            continue
        eps = _threshold(rng, known, wanted)
        if eps is None:
            continue
        problem = replace(problem, tolerance=_with_threshold(problem.tolerance, eps))
        known = replace(known, threshold=eps)
        return Case(seed=seed, problem=problem, source=source, compute=compute, output=output, truth=known, verdict=wanted)
    raise AssertionError


def cases(first: int, last: int) -> Iterator[Case]:
    """The cases of the seeds first, ..., last - 1."""
    return map(case, range(first, last))


def verdict_of(known: Truth) -> str:
    """The verdict that the truth gives, "" where its brackets leave it open."""
    eps = known.threshold
    if known.floor.lo > eps:
        return "impossible"
    if known.floor.hi <= eps < known.program.lo:
        return "insufficient"
    return "sufficient" if known.program.hi <= eps else ""


def _expression(rng: Random, root: Op, depth: int, names: tuple[str, ...]) -> Expression:
    builder = ExpressionBuilder()
    return builder.build(_operation(rng, builder, root, names, depth - 1))


def _operation(rng: Random, builder: ExpressionBuilder, op: Op, names: tuple[str, ...], depth: int) -> int:
    """An operation whose operands have at most this depth, the first as a rule exactly."""
    operands = [_term(rng, builder, names, depth if i == 0 else rng.randint(0, depth)) for i in range(OPERATIONS[op].arity)]
    rng.shuffle(operands)
    if op is Op.POW:
        return builder.power(operands[0], rng.choice([-3, -2, -1, 2, 2, 3, 4, 5]))
    return builder.apply(op, *operands)


def _term(rng: Random, builder: ExpressionBuilder, names: tuple[str, ...], depth: int) -> int:
    if depth > 0 and rng.random() < 0.95:
        return _operation(rng, builder, rng.choice(SMOOTH), names, depth - 1)
    if rng.random() < 0.7:
        return builder.variable(rng.choice(names))
    if rng.random() < 0.15:
        return builder.named(rng.choice([Op.PI, Op.E]))
    return builder.constant(_number(rng))


def _number(rng: Random) -> Fraction:
    return rng.choice(
        [
            Fraction(rng.randint(-8, 8), rng.choice([1, 2, 4, 8])),
            Fraction(rng.randint(-300, 300), 100),
            Fraction(rng.randint(-20, 20), rng.randint(1, 20)),
        ]
    )


def _box(rng: Random, names: tuple[str, ...]) -> dict[str, Interval]:
    box = {}
    for name in names:
        width = Fraction(rng.randint(1, 16), 4) / rng.choice([1, 2, 4, 16, 64])
        start = rng.choice([Fraction(0), abs(_number(rng)), _number(rng), -width / 2])
        if rng.random() < 0.03:
            width = Fraction(0)
        box[name] = Interval(start, start + width)
    return box


def _is_tame(f: Function, box: Box, cuts: int) -> bool:
    """Whether f is defined on the box with a margin, its intermediate values are moderate, and it is not known to be constant."""
    values = f.intermediate([ball(*side) for side in box])
    if all(_is_tame_node(f, i, values) for i in range(len(values))):
        return True
    if cuts == 0 or not _is_tame_point(f, box):
        return False
    widest = max(range(len(box)), key=lambda i: box[i][1] - box[i][0])
    lo, hi = box[widest]
    halves = ((lo, (lo + hi) / 2), ((lo + hi) / 2, hi))
    return lo < hi and all(_is_tame(f, (*box[:widest], half, *box[widest + 1 :]), cuts - 1) for half in halves)


def _hides_a_constant(rng: Random, f: Function, box: dict[str, Interval]) -> bool:
    """Whether a partial derivative vanishes at a random point by cancellation, as that of x / x: branch and bound is slow there."""
    for _ in range(4):
        point = [ball(side.lo + (side.hi - side.lo) * Fraction(rng.randint(1, 996), 997)) for side in box.values()]
        gradient = f.value_and_gradient(point)[1]
        if any(slope is not None and slope.contains(0) and not slope.is_zero() for slope in gradient):
            return True
    return False


def _is_tame_point(f: Function, box: Box) -> bool:
    values = f.intermediate([ball(lo) for lo, _ in box])
    return all(_is_tame_node(f, i, values) for i in range(len(values)))


def _is_tame_node(f: Function, i: int, values: list[arb]) -> bool:
    node = f.nodes[i]
    x = [values[a] for a in node.args]
    margin = ball(MARGIN)
    if not values[i].is_finite() or not abs(values[i]) <= LARGEST:
        return False
    if node.op in (Op.SQRT, Op.LOG):
        return bool(x[0] >= margin)
    if node.op is Op.LOG1P:
        return bool(x[0] >= margin - 1)
    if node.op in (Op.ASIN, Op.ACOS):
        return bool(abs(x[0]) <= 1 - margin)
    if node.op is Op.DIV or (node.op is Op.POW and isinstance(node.payload, int) and node.payload < 0):
        return direction(x[-1]) != 0 and bool(abs(x[-1]) >= margin)
    return True


def _formats(rng: Random) -> tuple[FloatFormat | IntFormat, FloatFormat | IntFormat, Format]:
    source = _format(rng)
    compute = source if rng.random() < 0.6 else _format(rng)
    if rng.random() < 0.1:
        return source, compute, EXACT
    return source, compute, compute if rng.random() < 0.7 else _format(rng)


def _format(rng: Random) -> FloatFormat | IntFormat:
    kind = rng.randrange(8)
    if kind == 0:
        return IntFormat(
            qmin=-128,
            qmax=127,
            scale=Fraction(rng.randint(1, 100), rng.choice([64, 100, 128, 512, 777])),
            zero=rng.choice([0, 0, rng.randint(-128, 127)]),
            rounding=rng.choice(list(Rounding)),
        )
    if kind == 1:
        p, exponent_bits = rng.choice([(3, 5), (4, 4), (5, 3)])
        return _varied(rng, p, 2 - (1 << (exponent_bits - 1)), (1 << (exponent_bits - 1)) - 1)
    return {
        2: lambda: _varied(rng, 4, -6, 8, Fraction(448), Overflow.NAN),
        3: lambda: _varied(rng, 3, -14, 15),
        4: lambda: _varied(rng, *rng.choice([(4, 0, 2), (3, -2, 4)]), None, Overflow.SATURATE),
        5: lambda: _varied(rng, 2, 0, 2, None, Overflow.SATURATE),
        6: lambda: _varied(rng, 11, -14, 15),
        7: lambda: _varied(rng, 8, -126, 127),
    }[kind]()


def _varied(
    rng: Random, p: int, emin: int, emax: int, max_finite: Fraction | None = None, overflow: Overflow = Overflow.INFINITY
) -> FloatFormat:
    """The format, half of the time in its usual manner, else in a random one."""
    largest = (2 - Fraction(2) ** (1 - p)) * Fraction(2) ** emax if max_finite is None else max_finite
    if rng.random() < 0.5:
        return FloatFormat(p=p, emin=emin, emax=emax, max_finite=largest, infinities=overflow is Overflow.INFINITY, overflow=overflow)
    overflow = rng.choice(list(Overflow))
    return FloatFormat(
        p=p,
        emin=emin,
        emax=emax,
        max_finite=largest,
        infinities=overflow is Overflow.INFINITY,
        negative_zero=rng.random() < 0.7,
        subnormals=rng.choice(list(Subnormals)),
        rounding=rng.choice(list(Rounding)),
        overflow=overflow,
    )


def _kind(rng: Random) -> Tolerance:
    """A tolerance of the measure to use; its threshold is only known after the truth."""
    kind = rng.randrange(4)
    if kind == 0:
        return Tolerance(absolute=Fraction(0), relative=Fraction(1))
    return Tolerance(absolute=Fraction(1), relative=Fraction(rng.randint(1, 50), 1000) if kind == 1 else Fraction(0))


def _with_threshold(tolerance: Tolerance | None, eps: Fraction) -> Tolerance:
    assert tolerance is not None
    return replace(tolerance, relative=eps) if tolerance.is_relative else replace(tolerance, absolute=eps)


def _threshold(rng: Random, known: Truth, wanted: str) -> Fraction | None:
    """A positive threshold within a factor 4 of E* or E(P) for which the truth gives the verdict wanted; None if none was found."""
    targets = {
        "impossible": [known.floor.lo],
        "insufficient": [known.floor.hi, known.program.lo],
        "sufficient": [known.program.hi],
    }[wanted]
    for _ in range(8):
        target = _finite(rng, rng.choice(targets))
        eps = Fraction(round(target * Fraction(2.0 ** rng.uniform(-2, 2)) * 10**9), 10**9)
        if eps > 0 and verdict_of(replace(known, threshold=eps)) == wanted:
            return eps
    return None


def _finite(rng: Random, target: Bound) -> Fraction:
    return target if isinstance(target, Fraction) else Fraction(rng.randint(1, 400), 100)
