"""The worst error of a small program by enumeration in exact rationals, and random programs: the truth about bit-precise scripts.

Runs are those of tests/oracle; the function is evaluated here, in Fractions, and shares nothing with the code under test.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import inf, isqrt
from pathlib import Path
from random import Random

from suffice.encodings.expression import Expression, ExpressionBuilder, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.prover.case import Asked, Case, make_case

sys.path.insert(0, str(Path(__file__).parents[1]))
from oracle.branching import Program, run  # isort: skip
from oracle.rounding import numbers, to_fraction  # isort: skip

FORMATS = (
    "fp8_e5m2", "fp8_e4m3", "fp8_e5m2", "fp8_e4m3", "fp8_e4m3fnuz", "fp8_e5m2fnuz", "fp6_e3m2", "fp6_e2m3", "fp4_e2m1",
    "float(p=3,emin=-2,emax=3)", "float(p=2,emin=-3,emax=1)", "float(p=5,emin=-4,emax=4)", "float(p=4,emin=0,emax=3,subnormals=flushed)",
    "float(p=3,emin=-3,emax=2,rounding=up)", "float(p=4,emin=-2,emax=3,rounding=down,overflow=saturate)",
    "float(p=3,emin=-6,emax=5,rounding=toward_zero)", "float(p=6,emin=-3,emax=2,rounding=nearest_away)",
    "float(p=3,emin=-4,emax=3,subnormals=flushed,rounding=nearest_away)",
)  # fmt: skip
ONE_INPUT = ("bf16", "fp16", "bf16", "fp16", "float(p=11,emin=-14,emax=15,subnormals=flushed)", "float(p=8,emin=-30,emax=30,rounding=down)")

MOST_POINTS = 6000
"""Inputs enumerated for one case."""

MARGIN = Fraction(1, 1 << 20)
"""How far a tolerance stays from a worst error that is not rational."""

BINARY = (Op.ADD, Op.SUB, Op.MUL, Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MIN, Op.MAX)
CONSTANTS = tuple(Fraction(n, d) for n, d in ((1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (7, 5), (-1, 4), (1, 100)))
ENDS = tuple(map(Fraction, ("-4", "-2", "-1", "0", "0", "1/4", "1/2", "1", "3/2", "2", "5", "64")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A case with its worst error (of the measure) over all inputs that count, and the number of these."""

    case: Case
    worst: Fraction | float
    points: int
    irrational: bool

    def asking(self, threshold: Fraction) -> Case:
        """The case with another threshold."""
        tolerance = self.case.problem.tolerance
        assert tolerance is not None
        changed = replace(tolerance, relative=threshold) if tolerance.is_relative else replace(tolerance, absolute=threshold)
        return replace(self.case, problem=replace(self.case.problem, tolerance=changed))

    def below(self) -> Fraction | None:
        """A tolerance that the worst error exceeds by little, None where there is no error."""
        if self.worst == inf:
            return Fraction(1 << 40)
        worst = Fraction(self.worst) * (1 - MARGIN)
        return Fraction(int(worst * (1 << 60)), 1 << 60) if worst else None

    def above(self) -> Fraction | None:
        """A tolerance that just holds."""
        if self.worst == inf:
            return None
        worst = Fraction(self.worst)
        return Fraction(-(-worst * (1 + MARGIN) * (1 << 60) // 1), 1 << 60) if self.irrational else worst


def exact_value(expression: Expression, point: Mapping[str, Fraction]) -> Fraction | bool | None:
    """f at a point, None where it is undefined; a square root that is not rational to 200 bits."""
    values: list[Fraction | bool | None] = []
    for node in expression.nodes:
        values.append(_exact_step(node, [values[a] for a in node.args], point))
    return values[-1]


def _exact_step(node: Node, x: list[Fraction | bool | None], point: Mapping[str, Fraction]) -> Fraction | bool | None:
    if node.op is Op.IF:
        return None if x[0] is None else x[1] if x[0] else x[2]
    if node.op in (Op.AND, Op.OR):
        decisive = node.op is Op.OR
        return decisive if decisive in x else None if None in x else not decisive
    if None in x:
        return None
    a = x[0] if x else None
    b = x[1] if len(x) > 1 else None
    match node.op:
        case Op.VAR:
            return point[str(node.payload)]
        case Op.CONST:
            return node.payload  # type: ignore[return-value]
        case Op.CAST:
            return a
        case Op.NEG:
            return -a  # type: ignore[operator]
        case Op.ABS:
            return abs(a)  # type: ignore[arg-type]
        case Op.NOT:
            return not a
        case Op.POW:
            return None if a == 0 and node.payload < 0 else a**node.payload  # type: ignore
        case Op.SQRT:
            return _root(a)  # type: ignore[arg-type]
        case Op.ADD:
            return a + b  # type: ignore[operator]
        case Op.SUB:
            return a - b  # type: ignore[operator]
        case Op.MUL:
            return a * b  # type: ignore[operator]
        case Op.DIV:
            return None if b == 0 else a / b  # type: ignore[operator]
        case Op.MIN:
            return min(a, b)  # type: ignore[type-var]
        case Op.MAX:
            return max(a, b)  # type: ignore[type-var]
        case Op.FMA:
            return a * b + x[2]  # type: ignore[operator]
        case Op.LT:
            return a < b  # type: ignore[operator]
        case Op.LE:
            return a <= b  # type: ignore[operator]
        case Op.EQ:
            return a == b
    raise NotImplementedError(node.op)


def _root(a: Fraction) -> Fraction | None:
    return None if a < 0 else Fraction(isqrt((a.numerator << 400) // a.denominator), 1 << 200)


def error_at(case: Case, point: Mapping[str, Fraction]) -> Fraction | float | None:
    """The measure of the run at a point, None where the point does not count."""
    problem, tolerance = case.problem, case.problem.tolerance
    assert tolerance is not None
    if not all(exact_value(condition, point) is True for condition in problem.preconditions):
        return None
    f = exact_value(problem.expression, point)
    if f is None:
        return None
    program = Program(inputs=case.inputs, nodes=case.nodes, output=case.output, accuracy={})
    z = to_fraction(run(problem.expression, program, point))
    if z is None:
        return inf
    if tolerance.is_relative:
        return abs(z - f) / abs(f) if f else inf if z else Fraction(0)
    return max(Fraction(0), abs(z - f) - tolerance.relative * abs(f))


def points_of(case: Case) -> Iterator[dict[str, Fraction]]:
    """All representable inputs of the box."""
    sides = [numbers(fmt, case.problem.box[name].lo, case.problem.box[name].hi) for name, fmt in case.inputs.items()]  # type: ignore[arg-type]
    for values in product(*sides):
        yield dict(zip(case.inputs, values, strict=True))


def known(case: Case) -> Known:
    """The truth by enumeration."""
    errors = [error for point in points_of(case) if (error := error_at(case, point)) is not None]
    has_root = any(node.op is Op.SQRT for node in case.problem.expression.nodes)
    return Known(case=case, worst=max(errors, default=Fraction(0)), points=len(errors), irrational=has_root)


def random_case(seed: int) -> Known:
    """A case that is small enough to be enumerated, and has points that count."""
    random = Random(seed)
    while True:
        names = ("x",) if random.random() < 0.5 else ("x", "y")
        wide = len(names) == 1 and random.random() < 0.4
        fmt = parse_format(random.choice(ONE_INPUT if wide else FORMATS))
        compute = fmt if wide or random.random() < 0.8 else parse_format(random.choice(FORMATS))
        output = compute if random.random() < 0.85 else parse_format(random.choice(FORMATS))
        assert isinstance(fmt, FloatFormat)
        expression = _expression(random, names)
        if set(expression.variables) != set(names):
            continue
        tolerance = _tolerance(random, expression)
        box = {name: _side(random, wide) for name in names}
        problem = Problem(expression=expression, box=box, tolerance=tolerance, inputs=InputModel.REPRESENTABLE, name=f"random {seed}")
        case = make_case(problem, Asked(name="", input=fmt, compute=compute, output=output), [])
        counts = [len(numbers(fmt, side.lo, side.hi)) for side in box.values()]
        if min(counts) == 0 or counts[0] * (counts[1] if len(counts) > 1 else 1) > MOST_POINTS:
            continue
        found = known(case)
        if found.points:
            return found


def _tolerance(random: Random, expression: Expression) -> Tolerance:
    kind = random.random()
    if kind < 0.65:
        return Tolerance(absolute=Fraction(1))
    if kind < 0.85 or any(node.op is Op.SQRT for node in expression.nodes):
        return Tolerance(absolute=Fraction(0), relative=Fraction(1))
    return Tolerance(absolute=Fraction(1), relative=Fraction(random.randint(1, 20), random.choice([8, 100])))


def _side(random: Random, wide: bool) -> Interval:
    if wide and random.random() < 0.7:
        lo = random.choice([Fraction(1), Fraction(1, 2), Fraction(3), Fraction(-2)])
        return Interval(lo, lo + random.choice([Fraction(1, 4), Fraction(1), Fraction(1, 3)]))
    ends = random.choices(ENDS, k=2)
    return Interval(min(ends), max(ends))


def _expression(random: Random, names: tuple[str, ...]) -> Expression:
    builder = ExpressionBuilder()

    def leaf() -> int:
        return builder.variable(random.choice(names)) if random.random() < 0.75 else builder.constant(random.choice(CONSTANTS))

    def term(depth: int) -> int:
        if depth == 0 or random.random() < 0.1:
            return leaf()
        kind = random.random()
        if kind < 0.07:
            return builder.apply(random.choice((Op.NEG, Op.ABS)), term(depth - 1))
        if kind < 0.12:
            return builder.power(term(depth - 1), random.choice([0, 1, 2, 3, -1, -2]))
        if kind < 0.17:
            return builder.apply(Op.FMA, term(depth - 1), leaf(), leaf())
        if kind < 0.25:
            return builder.apply(Op.IF, condition(depth - 1), term(depth - 1), term(depth - 1))
        return builder.apply(random.choice(BINARY), term(depth - 1), term(random.randint(0, depth - 1)))

    def condition(depth: int) -> int:
        made = builder.apply(random.choice((Op.LT, Op.LE, Op.EQ)), term(max(depth, 0)), leaf())
        if random.random() < 0.3:
            other = builder.apply(Op.LT, leaf(), leaf())
            made = builder.apply(random.choice((Op.AND, Op.OR)), made, builder.apply(Op.NOT, other))
        return made

    root = term(random.randint(1, 3))
    if random.random() < 0.12:
        root = builder.apply(Op.SQRT, root)
    return builder.build(root)
