"""Random questions with conditionals, preconditions, and a format for each input and operation: seeded, in very small formats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from random import Random

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals

from .branching import Program, branching_truth
from .rounding import span
from .truth import Truth

MAX_CELLS = 120
"""Cells of the input box: so many keep a case below about a second."""

NUMBERS = (
    *[Op.ADD, Op.SUB, Op.MUL, Op.IF, Op.IF, Op.IF] * 2, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.FMA, Op.CAST, Op.DIV, Op.SQRT, Op.EXP, Op.POW,
)  # fmt: skip
TRUTHS = (*[Op.LT, Op.LE] * 4, Op.EQ, Op.AND, Op.OR, Op.NOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchingCase:
    """A question and the truth about it. The formats of nodes are in the expression, where they differ from `compute`."""

    seed: int
    problem: Problem
    source: FloatFormat | IntFormat
    compute: FloatFormat | IntFormat
    output: FloatFormat | IntFormat
    inputs: dict[str, Format]
    operations: dict[int, Format]
    accuracy: dict[Op, Fraction]
    truth: Truth


def branching_case(seed: int) -> BranchingCase:
    """The case of a seed."""
    rng = Random(seed)
    while True:
        names = rng.choice([("x",), ("x",), ("x", "y")])
        pool = [_format(rng) for _ in range(3)]
        source, compute, output = (rng.choice(pool) for _ in range(3))
        expression = _expression(rng, names, rng.randint(1, 4))
        conditions = tuple(_condition(rng, names) for _ in range(rng.choice([0, 0, 1, 2])))
        box = {name: _side(rng) for name in names}
        inputs: dict[str, Format] = {name: fmt for name in names if rng.random() < 0.3 and (fmt := rng.choice(pool)) != source}
        counted = [k for k, node in enumerate(expression.nodes) if node.op not in OPERATIONS or not OPERATIONS[node.op].logical]
        operations: dict[int, Format] = {k: fmt for k in counted if rng.random() < 0.3 and (fmt := rng.choice(pool)) != compute}
        if prod(span(inputs.get(name, source), side.lo, side.hi) for name, side in box.items()) > MAX_CELLS:  # type: ignore[arg-type]
            continue
        used = sorted({node.op for node in expression.nodes} & {Op.EXP, Op.POW})
        accuracy = {op: Fraction(rng.choice([1, 2, 3, 7]), 2) for op in used if rng.random() < 0.4}
        problem = Problem(
            expression=expression, box=box, tolerance=_tolerance(rng), preconditions=conditions,
            inputs=rng.choice([InputModel.REAL, InputModel.REAL, InputModel.REPRESENTABLE]),
        )  # fmt: skip
        program = Program(
            inputs={name: inputs.get(name, source) for name in names},
            nodes=[operations.get(k, compute) for k in range(len(expression.nodes))], output=output, accuracy=accuracy,
        )  # fmt: skip
        known = branching_truth(problem, program, output)
        return BranchingCase(
            seed=seed, problem=replace(problem), source=source, compute=compute, output=output,
            inputs=inputs, operations=operations, accuracy=accuracy, truth=known,
        )  # fmt: skip


def _expression(rng: Random, names: tuple[str, ...], depth: int) -> Expression:
    builder = ExpressionBuilder()
    return builder.build(_number(rng, builder, names, depth))


def _condition(rng: Random, names: tuple[str, ...]) -> Expression:
    builder = ExpressionBuilder()
    return builder.build(_truth(rng, builder, names, 1))


def _number(rng: Random, builder: ExpressionBuilder, names: tuple[str, ...], depth: int) -> int:
    if depth == 0 or rng.random() < 0.1:
        return builder.variable(rng.choice(names)) if rng.random() < 0.7 else builder.constant(_constant(rng))
    op = rng.choice(NUMBERS)
    if op is Op.IF:
        return _branches(rng, builder, names, depth)
    operands = [_number(rng, builder, names, depth - 1) for _ in range(OPERATIONS[op].arity)]
    if op is Op.POW:
        return builder.power(operands[0], rng.choice([2, 3, -1]))
    return builder.apply(op, *operands)


def _branches(rng: Random, builder: ExpressionBuilder, names: tuple[str, ...], depth: int) -> int:
    """A conditional; sometimes one that guards what is not defined elsewhere."""
    if rng.random() < 0.3:
        operand = _number(rng, builder, names, depth - 1)
        guarded = builder.apply(Op.SQRT, operand) if rng.random() < 0.5 else builder.power(operand, -1)
        condition = builder.apply(rng.choice([Op.LT, Op.LE]), builder.constant(abs(_constant(rng))), operand)
        return builder.apply(Op.IF, condition, guarded, _number(rng, builder, names, depth - 1))
    condition = _truth(rng, builder, names, depth - 1)
    return builder.apply(Op.IF, condition, *(_number(rng, builder, names, depth - 1) for _ in range(2)))


def _truth(rng: Random, builder: ExpressionBuilder, names: tuple[str, ...], depth: int) -> int:
    op = rng.choice(TRUTHS)
    if op in (Op.AND, Op.OR, Op.NOT):
        return builder.apply(op, *(_truth(rng, builder, names, depth) for _ in range(OPERATIONS[op].arity)))
    operands = [_number(rng, builder, names, rng.randint(0, max(depth, 0))), builder.constant(_constant(rng))]
    rng.shuffle(operands)
    return builder.apply(op, *operands)


def _constant(rng: Random) -> Fraction:
    """Mostly numbers of small formats, and places half-way between two."""
    return rng.choice([Fraction(rng.randint(-16, 16), 8), Fraction(rng.randint(-9, 9), 16), Fraction(rng.randint(-9, 9), 7), Fraction(0)])


def _side(rng: Random) -> Interval:
    start = _constant(rng)
    return Interval(start, start + Fraction(rng.randint(0, 12), rng.choice([2, 4, 8])))


def _tolerance(rng: Random) -> Tolerance:
    kind, eps = rng.randrange(4), Fraction(rng.randint(1, 300), 100)
    if kind == 0:
        return Tolerance(absolute=Fraction(0), relative=eps)
    return Tolerance(absolute=eps, relative=Fraction(1, 20) if kind == 1 else Fraction(0))


def _format(rng: Random) -> FloatFormat | IntFormat:
    if rng.random() < 0.15:
        scale = Fraction(1, rng.choice([4, 7, 8]))
        return IntFormat(qmin=-16, qmax=15, scale=scale, zero=rng.choice([0, 3]), rounding=rng.choice(list(Rounding)))
    p, emin, emax = rng.choice([(1, -3, 3), (2, -2, 3), (3, -2, 4), (4, -3, 4), (3, 0, 3)])
    top = (2 - Fraction(2) ** (1 - p)) * Fraction(2) ** emax
    overflow = rng.choice(list(Overflow))
    return FloatFormat(
        p=p, emin=emin, emax=emax, max_finite=top, infinities=overflow is Overflow.INFINITY, negative_zero=rng.random() < 0.7,
        subnormals=rng.choice(list(Subnormals)), rounding=rng.choice(list(Rounding)), overflow=overflow,
    )  # fmt: skip
