"""Floating-point evaluation against mpmath at 60 digits."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.expression import Expression
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.readers.text import read_expression
from tests.encodings.dags import NAMES, branching_dags, dags
from tests.encodings.values import chosen_value, value


@pytest.mark.parametrize("name", sorted(op.value for op, operation in OPERATIONS.items() if operation.elementary and op is not Op.POW))
@pytest.mark.parametrize(
    ("scalar", "ulps"), [(np.float64, 2.0**-50), (np.longdouble, 2.0**-50 if np.finfo(np.longdouble).nmant < 60 else 2.0**-60)]
)
def test_elementary_functions(name: str, scalar: type[np.floating], ulps: float) -> None:
    others = ", 3/7" if OPERATIONS[Op(name)].arity == 2 else ""
    expression = read_expression(f"{name}(x{others})", ["x"])
    points = [Fraction(k, 64) + (1 if name == "acosh" else 0) for k in range(1, 64)]
    computed = evaluate_float(expression, {"x": np.array([scalar(float(point)) for point in points])})
    assert computed.dtype == scalar
    for point, result in zip(points, computed, strict=True):
        with mpmath.workdps(60):
            got = mpmath.mpf(np.format_float_positional(result, precision=30, unique=False))
            truth = value(expression, {"x": point})
            assert abs(got - truth) <= ulps * abs(truth) + mpmath.mpf(10) ** -29


@given(
    dags(ops=(Op.ADD, Op.SUB, Op.MUL, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.FMA, Op.SIN, Op.ATAN, Op.TANH), largest=8), st.integers(-192, 192)
)
@settings(deadline=None, max_examples=200)
def test_every_node_is_wired_as_in_the_expression(expression: Expression, numerator: int) -> None:
    point = {name: Fraction(numerator + k, 64) for k, name in enumerate(NAMES)}
    truth = value(expression, point)
    assume(abs(truth) < 1e6)
    arrays = {name: np.full((2, 1), float(point[name])) for name in expression.variables}
    computed = evaluate_float(expression, arrays)
    assert computed.shape == ((2, 1) if arrays else ())
    assert math.isclose(float(computed.flat[0]), float(truth), rel_tol=1e-6, abs_tol=1e-6)


@given(branching_dags(), st.integers(-192, 192), st.integers(-192, 192))
@settings(deadline=None, max_examples=200)
def test_branches_are_taken_as_in_exact_arithmetic(expression: Expression, first: int, second: int) -> None:
    point = {"x": Fraction(first, 64), "y": Fraction(second, 64)}
    try:
        truth = chosen_value(expression, point)
        nearby = [
            chosen_value(expression, {name: x + shift for name, x in point.items()}) for shift in (Fraction(1, 2**40), -Fraction(1, 2**40))
        ]
    except ZeroDivisionError:
        return
    assume(all(abs(other - truth) < 1e-6 * (1 + abs(truth)) for other in nearby) and abs(truth) < 1e6)
    computed = evaluate_float(expression, {name: np.array([float(point[name])]) for name in expression.variables})
    assert math.isclose(float(computed.flat[0]), float(truth), rel_tol=1e-4, abs_tol=1e-4)


def test_nan_compares_false_and_zeros_are_equal() -> None:
    numbers = np.array([np.nan, 0.0, -0.0, 1.0])
    choices = {"x < 1": [0, 1, 1, 0], "x <= 1": [0, 1, 1, 1], "x == 0": [0, 1, 1, 0], "x != 0": [1, 0, 0, 1], "not x > 0": [1, 1, 1, 0]}
    for condition, expected in choices.items():
        formula = read_expression(f"if {condition} then 1 else 0", ["x"])
        assert evaluate_float(formula, {"x": numbers}).tolist() == expected, condition


def test_truths_are_not_rounded_and_casts_are() -> None:
    formula = read_expression("if x < y then fp16(x) else y", ["x", "y"])
    seen: list[int] = []

    def after(position: int, values: Any) -> Any:
        seen.append(position)
        return values + 0.5 if formula.nodes[position].op is Op.CAST else values

    assert evaluate_float(formula, {"x": np.array([1.0, 3.0]), "y": np.array([2.0, 2.0])}, after).tolist() == [1.5, 2.0]
    assert seen == [k for k, node in enumerate(formula.nodes) if node.op is not Op.LT]


def test_constants_have_the_precision_of_the_type() -> None:
    third = evaluate_float(read_expression("1/3", []), {"x": np.ones(1, np.longdouble)})
    assert abs(third[0] * 3 - 1) <= 2 * np.finfo(np.longdouble).eps
    pi = evaluate_float(read_expression("pi", []), {"x": np.ones(1, np.longdouble)})
    assert abs(np.sin(pi[0])) <= 4 * np.finfo(np.longdouble).eps


def test_constants_beyond_the_type() -> None:
    assert evaluate_float(read_expression("1e400", []), {}) == np.inf
    assert evaluate_float(read_expression("-1e400", []), {}) == -np.inf
    assert evaluate_float(read_expression("1e-400", []), {}) == 0


def test_arrays_are_broadcast_also_those_that_are_not_used() -> None:
    arrays = {"x": np.arange(3.0), "y": np.arange(2.0)[:, None]}
    assert evaluate_float(read_expression("x + 1", ["x", "y"]), arrays).tolist() == [[1, 2, 3], [1, 2, 3]]


def test_undefined_points_are_quiet() -> None:
    points = {"x": np.array([-1.0, 0.0, 1.0])}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(evaluate_float(read_expression("log(x)", ["x"]), points)[0])
        assert evaluate_float(read_expression("1/x", ["x"]), points)[1] == np.inf
        assert evaluate_float(read_expression("x^-2", ["x"]), points).tolist() == [1, np.inf, 1]


def test_the_result_is_a_new_array() -> None:
    given_array = np.zeros(2)
    evaluate_float(read_expression("x", ["x"]), {"x": given_array})[0] = 1
    assert given_array.tolist() == [0, 0]
