"""Random programs for error bounds: a format for each operation, boxes of all sizes, conditionals and preconditions. Seeded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from random import Random

from flint import arb

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Box, InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT, ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.prover.case import Asked, Case, make_case
from tests.oracle.branching import Program, enclose
from tests.oracle.enclosures import ball

ARITHMETIC = (*[Op.ADD, Op.SUB, Op.MUL] * 4, *[Op.DIV] * 5, *[Op.FMA] * 2, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.CAST, Op.CAST)
ROUNDED = (Op.SQRT, Op.SQRT, Op.PI, Op.E)
FUNCTIONS = (Op.EXP, Op.EXPM1, Op.LOG, Op.LOG1P, Op.SIN, Op.COS, Op.TAN, Op.ASIN, Op.ACOS, Op.ATAN, Op.SINH, Op.COSH, Op.TANH)
POWERS = (2, 2, 3, 3, 4, 5, -1, -2)

LARGE = arb(10) ** 4
"""Enclosures of nodes stay below it, except in a few programs."""

NAMED = ("fp64", "fp64", "fp32", "fp32", "fp16", "bf16", "tf32", "fp8_e4m3", "fp8_e5m2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A question with one choice of formats; `program` is the same for the oracle."""

    seed: int
    problem: Problem
    asked: Asked
    case: Case
    program: Program


def draw(seed: int, *, small: bool = False) -> Drawn:
    """The program of a seed; `small` ones have formats and boxes of few numbers."""
    rng = Random(seed)
    names = ("x", "y", "z", "w")[: rng.choice([1, 1, 2] if small else [1, 1, 1, 2, 2, 3, 4])]
    pool = [_small_format(rng) if small else _format(rng) for _ in range(rng.choice([1, 1, 2, 3]))]
    source, compute, output = (rng.choice(pool) for _ in range(3))
    if rng.random() < 0.15:
        source, output = (EXACT, output) if rng.random() < 0.5 and not small else (source, EXACT)
    box = {name: (_small_side(rng, source) if small else _side(rng, source)) for name in names}
    writer = _Writer(rng, box, pool, compute)
    expression = writer.expression(rng.choice([1, 1, 1, 2, 2, 3, 4, 6, 8, 10, 12, 15] if not small else [1, 1, 1, 1, 2, 2, 3, 4, 6, 10]))
    conditions = tuple(_precondition(rng, box) for _ in range(rng.choice([0, 0, 0, 0, 0, 1, 2])))
    used = sorted({node.op for node in expression.nodes if node.op in OPERATIONS and OPERATIONS[node.op].elementary})
    accuracy = {op: Fraction(rng.choice([1, 2, 3, 7, 9]), 2) for op in used if rng.random() < 0.2}
    problem = Problem(
        expression=expression, box={name: box[name] for name in expression.variables}, tolerance=_tolerance(rng),
        preconditions=tuple(c for c in conditions if set(c.variables) <= set(expression.variables)),
        inputs=rng.choice([InputModel.REAL, InputModel.REAL, InputModel.REPRESENTABLE]),
    )  # fmt: skip
    asked = Asked(name=f"seed {seed}", input=source, compute=compute, output=output, accuracy=accuracy)
    return drawn(seed, problem, asked)


def drawn(seed: int, problem: Problem, asked: Asked) -> Drawn:
    """A question with its case and its program."""
    case = make_case(problem, asked, [None] * len(problem.expression.nodes))
    program = Program(inputs=case.inputs, nodes=case.nodes, output=case.output, accuracy=dict(case.formats.accuracy))
    return Drawn(seed=seed, problem=problem, asked=asked, case=case, program=program)


class _Writer:
    """Grows an expression node by node, with operations that are defined on the box."""

    def __init__(self, rng: Random, box: Box, pool: Sequence[Format], compute: Format) -> None:
        self.rng, self.pool, self.compute = rng, pool, compute
        self.place = {name: ball(side.lo, side.hi) for name, side in box.items()}
        self.box = box
        self.builder = ExpressionBuilder()
        self.is_wild = rng.random() < 0.06
        self.branches = rng.random() < 0.45
        self.mixes = rng.random() < 0.5

    def expression(self, operations: int) -> Expression:
        """An expression of about so many operations."""
        numbers = [self._at(partial(self.builder.variable, name)) for name in self.box]
        last = numbers[0]
        for _ in range(operations):
            for _ in range(20):
                last = self._operation(numbers)
                if self._is_fine(last):
                    numbers.append(last)
                    break
        root = numbers[-1]
        return self.builder.build(root)

    def _at(self, write: Callable[[], int]) -> int:
        """Write nodes in a format of the pool."""
        fmt = self.rng.choice(self.pool) if self.mixes and self.rng.random() < 0.5 else self.compute
        self.builder.format = fmt if fmt != self.compute else None
        position = write()
        self.builder.format = None
        return position

    def _format_is_exact(self) -> bool:
        fmt = self.builder.format or self.compute
        return isinstance(fmt, ExactFormat)

    def _operation(self, numbers: list[int]) -> int:
        return self._at(partial(self._write, numbers))

    def _write(self, numbers: list[int]) -> int:
        rng, builder = self.rng, self.builder
        if self.branches and rng.random() < 0.15:
            return self._bend(self._operand(numbers))
        if self.branches and rng.random() < 0.35:
            return builder.apply(Op.IF, self._truth(numbers, 2), self._operand(numbers), self._operand(numbers))
        kind = rng.random()
        if kind < 0.1:
            return builder.power(self._operand(numbers), rng.choice(POWERS))
        op = rng.choice(ARITHMETIC)
        if not self._format_is_exact() and kind < 0.45:
            op = rng.choice(ROUNDED if kind < 0.2 else FUNCTIONS)
        if op in (Op.PI, Op.E):
            return builder.apply(rng.choice([Op.MUL, Op.ADD]), builder.named(op), self._operand(numbers))
        operands = [self._operand(numbers) for _ in range(OPERATIONS[op].arity)]
        for _ in range(4):
            if op in (Op.SUB, Op.DIV, Op.MIN, Op.MAX) and operands[0] == operands[1] and rng.random() < 0.9:
                operands[1] = self._operand(numbers)
        return builder.apply(op, *operands)

    def _bend(self, position: int) -> int:
        """A conditional without a jump: k (a - c) on one side of c, and 0 or a - c on the other."""
        rng, builder = self.rng, self.builder
        limit = builder.constant(self._value_near(position))
        beyond = builder.apply(Op.SUB, position, limit)
        steep = builder.apply(Op.MUL, beyond, builder.constant(constant(rng)))
        branches = [steep, rng.choice([beyond, builder.constant(0)])]
        rng.shuffle(branches)
        return builder.apply(Op.IF, builder.apply(rng.choice([Op.LT, Op.LE]), position, limit), *branches)

    def _operand(self, numbers: list[int]) -> int:
        """Rather a late number, sometimes a constant or an input."""
        if self.rng.random() < 0.2:
            return self.builder.constant(constant(self.rng))
        back = min(int(self.rng.expovariate(0.7)), len(numbers) - 1)
        return numbers[-1 - back]

    def _truth(self, numbers: list[int], depth: int) -> int:
        rng, builder = self.rng, self.builder
        if depth and rng.random() < 0.3:
            op = rng.choice([Op.AND, Op.OR, Op.NOT])
            return builder.apply(op, *(self._truth(numbers, depth - 1) for _ in range(OPERATIONS[op].arity)))
        first = self._operand(numbers)
        second = self._operand(numbers) if rng.random() < 0.3 else builder.constant(self._value_near(first))
        operands = [first, second]
        rng.shuffle(operands)
        return builder.apply(rng.choice([*[Op.LT, Op.LE] * 4, Op.EQ]), *operands)

    def _value_near(self, position: int) -> Fraction:
        """A constant that splits the range of a node."""
        point = {name: ball(_inside(self.rng, side)) for name, side in self.box.items()}
        value = enclose(self.builder.build(position), point)
        if value is None or isinstance(value, tuple) or self.rng.random() < 0.3:
            return constant(self.rng)
        return Fraction(float(value.mid())).limit_denominator(self.rng.choice([1, 8, 64, 10**6, 10**15]))

    def _is_fine(self, position: int) -> bool:
        value = enclose(self.builder.build(position), self.place)
        return value is not None and not isinstance(value, tuple) and (self.is_wild or bool(abs(value) < LARGE))


def constant(rng: Random) -> Fraction:
    """A small constant: dyadic, decimal, a power of two or zero."""
    return rng.choice([
        Fraction(rng.randint(-16, 16), 8), Fraction(rng.randint(-999, 999), 100), Fraction(rng.randint(-9, 9), 7),
        Fraction(2) ** rng.randint(-6, 5), -(Fraction(2) ** rng.randint(-6, 5)), Fraction(rng.choice([0, 1, 1, 2, -1])),
    ])  # fmt: skip


def _inside(rng: Random, side: Interval) -> Fraction:
    return side.lo + (side.hi - side.lo) * Fraction(rng.randint(0, 1 << 20), 1 << 20)


def _precondition(rng: Random, box: Box) -> Expression:
    builder = ExpressionBuilder()
    numbers = [builder.variable(name) for name in box]
    left = rng.choice(numbers)
    for _ in range(rng.randint(0, 2)):
        right = rng.choice(numbers)
        left = builder.apply(rng.choice([Op.ADD, Op.MUL] if left == right else [Op.ADD, Op.SUB, Op.MUL]), left, right)
    point = {name: ball(_inside(rng, side)) for name, side in box.items()}
    value = enclose(builder.build(left), point)
    middle = constant(rng) if value is None or isinstance(value, tuple) else Fraction(float(value.mid()))
    above = rng.random() < 0.5
    limit = builder.constant(middle + (abs(middle) / 8 + Fraction(1, 64)) * (1 if above else -1))
    operands, op = [left, limit] if above else [limit, left], rng.choice([Op.LT, Op.LE])
    if rng.random() < 0.2:
        return builder.build(builder.apply(Op.NOT, builder.apply(Op.LE if op is Op.LT else Op.LT, operands[1], operands[0])))
    return builder.build(builder.apply(op, *operands))


def _side(rng: Random, source: Format) -> Interval:
    """A side of a box: ordinary, around zero, tiny at a power of two, over many binades, or a point."""
    kind = rng.randrange(12)
    start = constant(rng)
    if kind < 4:
        return Interval(start, start + Fraction(rng.randint(1, 400), 100))
    if kind < 6:
        return Interval(-abs(start) - Fraction(1, 16), abs(constant(rng)) + Fraction(1, 100))
    if kind < 9 and isinstance(source, FloatFormat):
        return _side_of_few(rng, source, rng.randint(-8, 6))
    if kind < 11:
        low, high = sorted(rng.sample(range(-20, 12) if rng.random() < 0.8 else range(-300, 200), 2))
        sides = Fraction(2) ** low * Fraction(rng.randint(4, 7), 4), Fraction(2) ** high * Fraction(rng.randint(8, 15), 4)
        return Interval(*sides) if rng.random() < 0.8 else Interval(-sides[1], -sides[0])
    return Interval(start, start)


def _small_side(rng: Random, source: Format) -> Interval:
    start = rng.choice([Fraction(rng.randint(-16, 16), 8), Fraction(rng.randint(-9, 9), 7), Fraction(0), Fraction(1)])
    if not isinstance(source, FloatFormat) or rng.random() < 0.5:
        return Interval(start, start + Fraction(rng.randint(0, 12), rng.choice([2, 4, 8, 64])))
    return _side_of_few(rng, source, rng.randint(-3, 3))


def _side_of_few(rng: Random, fmt: FloatFormat, exponent: int) -> Interval:
    """A few quarters of a spacing: below or about a power of two, or among the subnormal numbers."""
    below = Fraction(2) ** (max(min(exponent, fmt.emax), fmt.emin) - fmt.p)
    if rng.random() < 0.3:
        quarter = Fraction(2) ** (fmt.emin - fmt.p - 1)
        start = quarter * rng.randint(-4, 12)
        return Interval(start, start + quarter * rng.randint(1, 12))
    sign, power = rng.choice([1, 1, -1]), below * (1 << fmt.p)
    ends = sorted(sign * (power + below * Fraction(quarters, 4)) for quarters in (rng.randint(-12, 1), rng.choice([1, 2, 3, 3, 3, 4, 6])))
    return Interval(*ends)


def _tolerance(rng: Random) -> Tolerance:
    kind = rng.randrange(5)
    if kind == 0:
        return Tolerance(absolute=Fraction(0), relative=Fraction(1, 100))
    return Tolerance(absolute=Fraction(1, 100), relative=Fraction(1, 10 ** rng.randint(1, 9)) if kind == 1 else Fraction(0))


def _format(rng: Random) -> Format:
    kind = rng.random()
    if kind < 0.06:
        return _codes(rng, -128, 127)
    if kind < 0.72:
        named = parse_format(rng.choice(NAMED))
        assert isinstance(named, FloatFormat)
        return _changed(rng, named) if rng.random() < 0.4 else named
    p = rng.choice([*range(1, 15), 24, 40, 53, 54, 60, 80])
    emin, emax = rng.choice([(-126, 127), (-6, 7), (-14, 15), (-1022, 1023), (0, 9), (-3, 12), (-1070, 1023), (-1200, 900)])
    return _float(rng, p, emin, emax)


def _small_format(rng: Random) -> Format:
    kind = rng.random()
    if kind < 0.12:
        return _codes(rng, -16, 15)
    if kind < 0.3:
        named = parse_format(rng.choice(["fp8_e4m3", "fp8_e5m2"]))
        assert isinstance(named, FloatFormat)
        return _changed(rng, named) if rng.random() < 0.5 else named
    return _float(rng, *rng.choice([(1, -3, 4), (2, -2, 4), (3, -2, 4), (4, -3, 4), (3, 0, 5), (5, -3, 3), (6, -1, 5)]))


def _codes(rng: Random, low: int, high: int) -> IntFormat:
    scale = Fraction(1, rng.choice([4, 7, 8, 16, 50]))
    return IntFormat(qmin=low, qmax=high, scale=scale, zero=rng.choice([0, 0, 3]), rounding=rng.choice(list(Rounding)))


def _changed(rng: Random, fmt: FloatFormat) -> FloatFormat:
    return _float(rng, fmt.p, fmt.emin, fmt.emax, fmt.max_finite)


def _float(rng: Random, p: int, emin: int, emax: int, top: Fraction | None = None) -> FloatFormat:
    overflow = rng.choice(list(Overflow))
    return FloatFormat(
        p=p, emin=emin, emax=emax, max_finite=top or (2 - Fraction(2) ** (1 - p)) * Fraction(2) ** emax,
        infinities=overflow is Overflow.INFINITY or rng.random() < 0.5, negative_zero=rng.random() < 0.7,
        subnormals=rng.choice([Subnormals.KEPT, Subnormals.KEPT, Subnormals.FLUSHED]),
        rounding=rng.choice([Rounding.NEAREST_EVEN, *Rounding]), overflow=overflow,
    )  # fmt: skip
