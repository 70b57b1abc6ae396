"""The oracle's enclosures of values, gradients and extrema, against mpmath and calculus."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from flint import arb
from mpmath import mp

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op

from .enclosures import SMOOTH, Box, Function, ball, exact, extremum, to_range
from .reading import value_at

Build = Callable[[ExpressionBuilder], int]


def _function(build: Build) -> Function:
    return Function(_expression(build))


def _expression(build: Build) -> Expression:
    builder = ExpressionBuilder()
    return builder.build(build(builder))


def _on_different_operands(op: Op) -> Build:
    """The operation on x^2 / 5, x y and y."""

    def build(b: ExpressionBuilder) -> int:
        x, y = b.variable("x"), b.variable("y")
        operands = [b.apply(Op.DIV, b.power(x, 2), b.constant(5)), b.apply(Op.MUL, x, y), y]
        return b.power(operands[1], -3) if op is Op.POW else b.apply(op, *operands[3 - OPERATIONS[op].arity :])

    return build


@pytest.mark.parametrize("op", SMOOTH)
def test_values_and_gradients_are_those_of_mpmath(op: Op) -> None:
    rng, expression = Random(4), _expression(_on_different_operands(op))
    f = Function(expression)
    mp.prec = 140
    for _ in range(20):
        point = {name: Fraction(rng.randint(30, 900), 1000) for name in f.names}
        value, gradient = f.value_and_gradient([ball(point[name]) for name in f.names])
        assert abs(exact(value.mid()) - value_at(expression, point)) < Fraction(1, 10**30)
        step = Fraction(1, 10**10)
        for name, slope in zip(f.names, gradient, strict=True):
            ahead, behind = (value_at(expression, point | {name: point[name] + d}) for d in (step, -step))
            secant = (ahead - behind) / (2 * step)
            assert abs(exact(arb(0).mid() if slope is None else slope.mid()) - secant) < Fraction(1, 10**7) * (1 + abs(secant))


def _wave(b: ExpressionBuilder) -> int:
    return b.apply(Op.SIN, b.variable("x"))


def _parabola(b: ExpressionBuilder) -> int:
    x = b.variable("x")
    return b.apply(Op.SUB, b.apply(Op.MUL, x, x), x)


def _kink(b: ExpressionBuilder) -> int:
    return b.apply(Op.ABS, b.apply(Op.SUB, b.variable("x"), b.constant(Fraction(1, 3))))


def _bowl(b: ExpressionBuilder) -> int:
    """x^2 + y^2 + x y - x, least at (2/3, -1/3) where it is -1/3."""
    x, y = b.variable("x"), b.variable("y")
    return b.apply(Op.SUB, b.apply(Op.ADD, b.apply(Op.ADD, b.power(x, 2), b.power(y, 2)), b.apply(Op.MUL, x, y)), x)


def _box(*sides: tuple[int, int]) -> Box:
    return tuple((Fraction(lo), Fraction(hi)) for lo, hi in sides)


@pytest.mark.parametrize(
    ("build", "box", "sense", "value"),
    [
        (_wave, _box((1, 2)), 1, Fraction(1)),
        (_wave, _box((4, 5)), -1, Fraction(-1)),
        (_parabola, _box((0, 2)), -1, Fraction(-1, 4)),
        (_parabola, _box((0, 2)), 1, Fraction(2)),
        (_kink, _box((0, 1)), -1, Fraction(0)),
        (_bowl, _box((0, 2), (-1, 1)), -1, Fraction(-1, 3)),
        (_bowl, _box((0, 2), (-1, 1)), 1, Fraction(5)),
    ],
)
def test_extrema_inside_the_box_are_found(build: Build, box: Box, sense: int, value: Fraction) -> None:
    found = extremum(_function(build), box, sense=sense)
    assert found.lo <= value <= found.hi
    assert found.hi - found.lo < Fraction(1, 10**9)


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_few_steps_still_bracket(steps: int) -> None:
    found = extremum(_function(_parabola), _box((0, 2)), sense=-1, steps=steps)
    assert found.lo <= Fraction(-1, 4) <= found.hi


def test_an_operand_that_touches_the_end_of_its_domain_is_cut_to_it() -> None:
    f = _function(lambda b: b.apply(Op.SQRT, b.variable("x")))
    enclosure = to_range(f.value([ball(Fraction(0), Fraction(1, 3))]))
    assert enclosure.lo <= 0 and enclosure.hi >= Fraction(577, 1000)
