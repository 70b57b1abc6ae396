"""mpmath must catch a relative fault of 1e-12 planted in Arb's answers, in the derivative formulas, and in any claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest

from suffice.encodings.enclosures import arb, exact, spans
from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.bounds import curvature_bounds, range_bounds, slope_bounds
from suffice.encodings.enclosures.crosscheck import Claims, crosscheck_bounds, crosscheck_value, evaluate_mpmath
from suffice.encodings.enclosures.slopes import SLOPES
from suffice.encodings.enclosures.spans import Span
from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, Interval
from suffice.errors import DisagreementError
from tests.encodings.formula import box, inputs

FAULT = Fraction(10**12 + 1, 10**12)


def problem() -> tuple[Expression, Box]:
    x, y = inputs("x y")
    return (x.call("exp") * y.call("sin") + x / (1 + y * y)).done(), box(x=(0, 1), y=("1/2", 2))


def claims() -> Claims:
    expression, sides = problem()
    return Claims(
        values=range_bounds(expression, sides),
        slopes=slope_bounds(expression, sides),
        curvatures=curvature_bounds(expression, sides, 100),
    )


def scaled(function: Callable[[Span], Span]) -> Callable[[Span], Span]:
    def faulty(a: Span) -> Span:
        return spans.multiply(function(a), spans.span_of(FAULT, FAULT))

    return faulty


def test_sound_answers_pass() -> None:
    expression, sides = problem()
    crosscheck_bounds(expression, sides, claims(), samples=20, seed=1)
    point = {"x": Fraction(1, 3), "y": Fraction(1)}
    crosscheck_value(expression, point, arb.enclose_at(expression, point))


def test_a_fault_in_point_values_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    expression, _ = problem()
    point = {"x": Fraction(1, 3), "y": Fraction(1)}

    def faulty(*args: object) -> list[Fraction | Span]:
        values = exact.point_values(*args)  # type: ignore[arg-type]
        return [v * FAULT if isinstance(v, Fraction) else spans.multiply(v, spans.span_of(FAULT, FAULT)) for v in values if v is not None]

    monkeypatch.setattr(arb, "point_values", faulty)
    with pytest.raises(DisagreementError, match=r"the value at x = 1/3, y = 1 is about .* by mpmath, outside"):
        crosscheck_value(expression, point, arb.enclose_at(expression, point))


@pytest.mark.parametrize("op", [Op.EXP, Op.SIN])
def test_a_fault_in_one_function_of_arb_is_caught_in_bounds(monkeypatch: pytest.MonkeyPatch, op: Op) -> None:
    expression, sides = problem()
    monkeypatch.setitem(spans.UNARY, op, scaled(spans.UNARY[op]))
    faulty = claims()
    for part in (Claims(values=faulty.values), Claims(slopes=faulty.slopes), Claims(curvatures=faulty.curvatures)):
        with pytest.raises(DisagreementError):
            crosscheck_bounds(expression, sides, part)


def test_a_fault_in_a_derivative_formula_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    expression, sides = problem()
    (original,) = SLOPES[Op.SIN]

    def faulty(algebra: Algebra, operands: Sequence[int]) -> int:
        return algebra.multiply(algebra.constant(FAULT), original(algebra, operands))

    monkeypatch.setitem(SLOPES, Op.SIN, (faulty,))
    slopes = slope_bounds(expression, sides)
    with pytest.raises(DisagreementError, match="slope by y"):
        crosscheck_bounds(expression, sides, Claims(slopes=slopes))


def test_a_narrowed_claim_is_caught() -> None:
    expression, sides = problem()
    sound = claims()
    assert sound.values is not None and sound.slopes is not None and sound.curvatures is not None
    outside = Interval(sound.values.outside.lo, sound.values.highest.value.lo / FAULT)
    with pytest.raises(DisagreementError, match="the value at"):
        crosscheck_bounds(expression, sides, Claims(values=replace(sound.values, outside=outside)))
    steepest = sound.slopes["x"]
    taller = replace(steepest, peak=replace(steepest.peak, lower=steepest.peak.lower * FAULT))
    with pytest.raises(DisagreementError, match="size of the slope by x"):
        crosscheck_bounds(expression, sides, Claims(slopes={"x": taller}))
    bent = sound.curvatures["y"]
    assert bent.signed is not None
    shifted = replace(bent, signed=Interval(bent.signed.lo, bent.signed.lo / FAULT))
    with pytest.raises(DisagreementError, match="half second derivative by y"):
        crosscheck_bounds(expression, sides, Claims(curvatures={"y": shifted}))


def test_a_value_that_mpmath_cannot_see_is_a_disagreement() -> None:
    (x,) = inputs("x")
    with pytest.raises(DisagreementError, match="mpmath finds no real value at x = -1"):
        crosscheck_value(x.call("sqrt").done(), {"x": Fraction(-1)}, Interval(Fraction(0), Fraction(1)))
    with pytest.raises(DisagreementError):
        crosscheck_value((1 / x).done(), {"x": Fraction(0)}, Interval(Fraction(0), Fraction(1)))


def test_every_operation_has_an_mpmath_twin() -> None:
    x, y = inputs("x y")
    everything = x.call("min", y) + x.call("max", y) + x.call("fma", y, x) + abs(x) - (-y) + x**3 / y**-2
    at = {"x": Fraction(3, 7), "y": Fraction(-5, 9)}
    with mpmath.workdps(40):
        truth = at["y"] + at["x"] + at["x"] * at["y"] + at["x"] + at["x"] + at["y"] + at["x"] ** 3 * at["y"] ** 2
        assert abs(evaluate_mpmath(everything.done(), at, 40) - mpmath.mpf(truth.numerator) / truth.denominator) < mpmath.mpf(10) ** -38
