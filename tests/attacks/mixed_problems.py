"""Seeded questions of kinds that tests/oracle/random_problems.py does not ask.

Tiny formats of odd shapes (p = 1, emin = emax, max_finite inside its binade, flushed beside directed modes), another format in every
place, boxes that end at the largest number, the overflow threshold or half the smallest number, constants that overflow or vanish,
functions at the ends of their domains, relative tolerances of 1 and more, and a tolerance of nothing.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from random import Random

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.format import EXACT, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.prover.case import Asked

sys.path.insert(0, str(Path(__file__).parents[1]))
from oracle.enclosures import SMOOTH  # isort: skip

Narrow = FloatFormat | IntFormat
CONSTANTS = [Fraction(0), Fraction(1), Fraction(-3), Fraction(1, 3), Fraction(7, 5), Fraction(1, 1000), Fraction(1000)]
PLACES = [Fraction(n, d) for n, d in ((0, 1), (1, 3), (1, 2), (1, 1), (2, 1), (5, 1))]


def question(seed: int) -> tuple[Problem, Asked]:
    """The question of a seed."""
    random = Random(seed)
    source = _format(random)
    compute: Format = source if random.random() < 0.4 else _format(random)
    output = compute if random.random() < 0.5 else random.choice([EXACT, _format(random), _format(random)])
    compute = EXACT if random.random() < 0.08 else compute
    expression = _expression(random, random.choice([("x",), ("x",), ("x", "y")]))
    problem = Problem(
        expression=expression,
        box={name: _side(random, source) for name in expression.variables},
        tolerance=_tolerance(random),
        inputs=random.choice([InputModel.REAL, InputModel.REAL, InputModel.REPRESENTABLE]),
    )
    return problem, Asked(name=f"mixed {seed}", input=source, compute=compute, output=output)


def _format(random: Random) -> Narrow:
    rounding = random.choice(list(Rounding))
    if random.random() < 0.2:
        scale = Fraction(random.randint(1, 40), random.choice([4, 7, 16, 100]))
        return IntFormat(
            qmin=random.choice([-8, 0]), qmax=random.choice([7, 15]), scale=scale, zero=random.randint(-9, 9), rounding=rounding
        )
    p, emin = random.choice([1, 1, 2, 2, 3, 4]), random.choice([-4, -3, -1, 0, 1, 2])
    emax = emin + random.choice([0, 0, 1, 2, 4])
    largest = random.choice([(1 << p) - 1, random.randint(1 << (p - 1), (1 << p) - 1)])
    overflow = random.choice(list(Overflow))
    return FloatFormat(
        p=p, emin=emin, emax=emax, max_finite=largest * Fraction(2) ** (emax - p + 1),
        infinities=overflow is Overflow.INFINITY or random.random() < 0.3, negative_zero=random.random() < 0.6,
        subnormals=random.choice(list(Subnormals)), rounding=rounding, overflow=overflow,
    )  # fmt: skip


def _expression(random: Random, names: tuple[str, ...]) -> Expression:
    builder = ExpressionBuilder()

    def term(depth: int) -> int:
        if depth == 0 or random.random() < 0.15:
            if random.random() < 0.75:
                return builder.variable(random.choice(names))
            return builder.constant(random.choice(CONSTANTS)) if random.random() < 0.85 else builder.named(Op.PI)
        op = random.choice(SMOOTH)
        if op is Op.POW:
            return builder.power(term(depth - 1), random.choice([0, 1, 2, 3, -1, -2]))
        return builder.apply(op, *(term(depth - 1) for _ in range(OPERATIONS[op].arity)))

    while True:
        expression = builder.build(term(random.randint(1, 3)))
        if expression.variables:
            return expression


def _side(random: Random, source: Narrow) -> Interval:
    """An interval between two places that matter to the input format, sometimes of no width."""
    if isinstance(source, IntFormat):
        assert source.scale is not None
        assert source.zero is not None
        ends = [source.scale * (q - source.zero) for q in (source.qmin - 1, source.qmin, source.qmax, source.qmax + 1)]
        special = [*ends, ends[2] + source.scale / 2]
    else:
        spacing, least = Fraction(2) ** (source.emax - source.p + 1), Fraction(2) ** (source.emin - source.p + 1)
        special = [source.max_finite + spacing * k / 2 for k in (0, 1, 2)] + [least / 2, least, Fraction(2) ** source.emin]
    places = [sign * place for place in (*special, *PLACES) for sign in (1, -1)]
    ends = random.choices(places, k=2) if random.random() < 0.9 else [random.choice(places)] * 2
    return Interval(min(ends), max(ends))


def _tolerance(random: Random) -> Tolerance:
    size, share = Fraction(random.randint(1, 100), 100), Fraction(random.randint(1, 99), 100)
    return random.choice(
        [
            Tolerance(absolute=size),
            Tolerance(absolute=Fraction(0), relative=size + share / 2),
            Tolerance(absolute=size, relative=share),
            Tolerance(absolute=Fraction(0)),
        ]
    )
