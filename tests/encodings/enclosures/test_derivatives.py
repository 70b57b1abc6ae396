"""Derivative expressions against mpmath's numerical derivatives and hand calculation."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.encodings.enclosures.arb import enclose_at
from suffice.encodings.enclosures.crosscheck import evaluate_mpmath
from suffice.encodings.enclosures.derivatives import gradient, partial
from suffice.encodings.enclosures.kinks import NotSmoothError, smooth_on
from suffice.encodings.expression import Expression
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Interval
from tests.encodings.formula import Formula, box, inputs
from tests.encodings.random_expressions import random_problem


def numeric(expression: Expression, point: dict[str, Fraction], names: tuple[str, ...]) -> mpmath.mpf:
    """mpmath's own derivative by the named inputs, by difference quotients."""
    with mpmath.workdps(100):
        order = tuple(names.count(name) for name in sorted(point))

        def value(*args: mpmath.mpf) -> mpmath.mpf:
            exact = {
                name: Fraction(*map(int, mpmath.libmp.to_rational(mpmath.mpf(a)._mpf_)))
                for name, a in zip(sorted(point), args, strict=True)
            }
            return evaluate_mpmath(expression, exact, 100)

        at = tuple(mpmath.mpf(point[name].numerator) / point[name].denominator for name in sorted(point))
        if len(at) == 1:
            return mpmath.diff(value, at[0], order[0], h=mpmath.mpf(10) ** -25)
        return mpmath.diff(value, at, order, h=mpmath.mpf(10) ** -25)


def assert_close(derivative: Expression, point: dict[str, Fraction], expected: mpmath.mpf) -> None:
    with mpmath.workdps(60):
        got = evaluate_mpmath(derivative, point, 60)
        assert abs(got - expected) <= mpmath.mpf(10) ** -18 * (1 + abs(expected)), (point, got, expected)


@pytest.mark.parametrize("op", sorted(op for op, known in OPERATIONS.items() if not known.logical and op not in (Op.POW, Op.IF)))
def test_every_operation_by_every_operand(op: Op) -> None:
    names = "x y z"[: 2 * OPERATIONS[op].arity - 1]
    operands = inputs(names)
    expression = operands[0].call(op.value, *operands[1:]).done()
    first = Fraction(17, 7) if op is Op.ACOSH else Fraction(3, 7)
    point = dict(zip(names.split(), (first, Fraction(-5, 9), Fraction(11, 13)), strict=False))
    sides = {name: Interval(value, value) for name, value in point.items()}
    for name in names.split():
        assert_close(partial(expression, name, sides), point, numeric(expression, point, (name,)))
        assert_close(gradient(expression)[name], point, numeric(expression, point, (name,)))


@pytest.mark.parametrize("exponent", [-3, -1, 0, 1, 2, 3, 7])
def test_powers(exponent: int) -> None:
    (x,) = inputs("x")
    expected = exponent * Fraction(-5, 3) ** (exponent - 1)
    assert enclose_at(partial((x**exponent).done(), "x"), {"x": Fraction(-5, 3)}) == Interval(expected, expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_first_and_second_derivatives_of_random_expressions(seed: int) -> None:
    expression, sides = random_problem(seed, smooth=True)
    point = {name: side.lo + (side.hi - side.lo) * Fraction(5, 11) for name, side in sides.items()}
    slopes = gradient(expression)
    for first, slope in slopes.items():
        if is_steep(slope, point):
            return
        assert_close(slope, point, numeric(expression, point, (first,)))
        for second, curvature in gradient(slope).items():
            if is_steep(curvature, point):
                return
            assert_close(curvature, point, numeric(expression, point, (first, second)))


def is_steep(derivative: Expression, point: dict[str, Fraction]) -> bool:
    """Whether difference quotients over 10^-25 may not see the derivative, as of sin(x^800)."""
    with mpmath.workdps(60):
        return bool(abs(evaluate_mpmath(derivative, point, 60)) > mpmath.mpf(10) ** 6)


def test_few_random_expressions_are_too_steep() -> None:
    steep = 0
    for seed in range(60):
        expression, sides = random_problem(seed, smooth=True)
        point = {name: side.lo + (side.hi - side.lo) * Fraction(5, 11) for name, side in sides.items()}
        steep += any(is_steep(slope, point) for slope in gradient(expression).values())
    assert steep <= 6


def test_a_wrong_derivative_is_noticed() -> None:
    (x,) = inputs("x")
    point = {"x": Fraction(1, 3)}
    with pytest.raises(AssertionError):
        assert_close((x.call("cos") * "1000000000000001/1000000000000000").done(), point, numeric(x.call("sin").done(), point, ("x",)))


def test_shared_subterms_do_not_swell() -> None:
    (x,) = inputs("x")
    nested = x
    for _ in range(60):
        nested = nested * nested + nested.call("sin")
    assert len(gradient(nested.done())["x"].nodes) < 60 * 12


def kinked() -> tuple[Formula, Formula]:
    x, y = inputs("x y")
    return x, abs(x - 1) + x.call("max", y) * x.call("min", 3)


def test_branches_are_decided_where_the_box_allows() -> None:
    _, formula = kinked()
    on_right = box(x=(1, 2), y=(-5, 1))
    smooth = smooth_on(formula.done(), on_right)
    assert not any(node.op in (Op.ABS, Op.MIN, Op.MAX) for node in smooth.nodes)
    expected = 1 + 2 * Fraction(3, 2)
    assert enclose_at(partial(formula.done(), "x", on_right), {"x": Fraction(3, 2), "y": Fraction(0)}) == Interval(expected, expected)


def test_kinks_inside_the_box_are_refused() -> None:
    _, formula = kinked()
    for sides, kind in ((box(x=("1/2", 2), y=(-5, -4)), "abs"), (box(x=(1, 4), y=(-5, -4)), "min"), (box(x=(1, 2), y=(0, 2)), "max")):
        with pytest.raises(NotSmoothError, match=f"the branch of {kind} is not constant on the box; split the box at the kink"):
            partial(formula.done(), "x", sides)
    with pytest.raises(NotSmoothError):
        partial(formula.done(), "x")
