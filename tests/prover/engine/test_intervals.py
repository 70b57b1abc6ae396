"""Operations on intervals hold the results of every choice of operands, in exact arithmetic."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.operations import Op
from suffice.hardware_specs.upward import rounding_up, upward
from suffice.prover.engine import functions, pairs
from suffice.prover.engine import intervals as iv

COUNT = 400

Ends = tuple[list[Fraction], list[Fraction]]


def intervals(seed: int, *, positive: bool = False) -> tuple[iv.Pair, list[tuple[Fraction, Fraction]]]:
    random = np.random.default_rng(seed)
    ends = np.sort(random.integers(-16, 17, (COUNT, 2)) * np.exp2(random.integers(-60, 3, (COUNT, 1))), axis=1)
    if positive:
        ends = np.sort(np.abs(ends) + 2.0**-50, axis=1)
    return (-ends[:, 0], ends[:, 1]), [(Fraction(low), Fraction(high)) for low, high in ends]


def samples(low: Fraction, high: Fraction) -> list[Fraction]:
    inside = [Fraction(0)] if low < 0 < high else []
    return [low, high, (low + high) / 2, low + (high - low) / 7, *inside]


def check(pair: iv.Pair, k: int, exact: Fraction) -> None:
    assert -Fraction(float(pair[0][k])) <= exact <= Fraction(float(pair[1][k]))


BINARY: dict[str, tuple[Callable[[iv.Pair, iv.Pair], iv.Pair], Callable[[Fraction, Fraction], Fraction]]] = {
    "add": (lambda a, b: iv.add(upward(), a, b), lambda x, y: x + y),
    "subtract": (lambda a, b: iv.subtract(upward(), a, b), lambda x, y: x - y),
    "multiply": (lambda a, b: iv.multiply(upward(), a, b), lambda x, y: x * y),
    "minimum": (iv.minimum, min),
    "maximum": (iv.maximum, max),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_operations(name: str) -> None:
    operation, exact = BINARY[name]
    (a, spans_a), (b, spans_b) = intervals(1), intervals(2)
    with rounding_up():
        result = operation(a, b)
    for k in range(COUNT):
        for x in samples(*spans_a[k]):
            for y in samples(*spans_b[k]):
                check(result, k, exact(x, y))


@pytest.mark.parametrize("signs", [(p, q) for p in (-1, 0, 1) for q in (-1, 0, 1)])
def test_products_with_known_signs(signs: tuple[int, int]) -> None:
    pairs, spans = [], []
    for seed, sign in enumerate(signs):
        pair, span = intervals(seed + 3, positive=sign != 0)
        pairs.append(iv.negate(pair) if sign < 0 else pair)
        spans.append([(-high, -low) if sign < 0 else (low, high) for low, high in span])
    with rounding_up():
        product = iv.multiply(upward(), pairs[0], pairs[1], *signs)
        quotient = iv.divide(upward(), pairs[0], pairs[1], signs[1])
    for k in range(COUNT):
        for x in samples(*spans[0][k]):
            for y in samples(*spans[1][k]):
                check(product, k, x * y)
                if not np.isnan(quotient[0][k]):
                    check(quotient, k, x / y)
        assert bool(np.isnan(quotient[1][k])) == (spans[1][k][0] <= 0 <= spans[1][k][1])


def test_squares_absolute_values_and_powers() -> None:
    a, spans = intervals(9)
    with rounding_up():
        square, size, cube, inverse = iv.square(upward(), a), iv.absolute(a), functions.power(a, 3), functions.power(a, -2)
    for k in range(COUNT):
        for x in samples(*spans[k]):
            check(square, k, x * x)
            check(size, k, abs(x))
            check(cube, k, x**3)
            if x != 0 and not np.isnan(inverse[0][k]):
                check(inverse, k, 1 / x**2)
        assert bool(np.isnan(inverse[1][k])) == (spans[k][0] <= 0 <= spans[k][1])
        assert square[0][k] <= 0
        assert size[0][k] <= 0


def test_comparisons_are_decided_only_where_all_operands_agree() -> None:
    (a, spans_a), (b, spans_b) = intervals(11), intervals(12)
    cases = ((iv.less(a, b), operator.lt), (iv.at_most(a, b), operator.le), (iv.equal(a, b), operator.eq))
    for truths, holds in cases:
        for k in range(COUNT):
            seen = {holds(x, y) for x in samples(*spans_a[k]) for y in samples(*spans_b[k])}
            assert not (True in seen and not truths[0][k])
            assert not (False in seen and not truths[1][k])
    point = (np.array([-1.0]), np.array([1.0]))
    assert [bool(x[0]) for x in iv.less(point, point)] == [False, True]
    assert [bool(x[0]) for x in iv.at_most(point, point)] == [True, False]
    assert [bool(x[0]) for x in iv.equal(point, point)] == [True, False]


def test_an_undefined_operand_leaves_a_comparison_open() -> None:
    nothing = (np.array([np.nan]), np.array([np.nan]))
    one = (np.array([-1.0]), np.array([1.0]))
    for truths in (iv.less(nothing, one), iv.at_most(one, nothing), iv.equal(nothing, nothing)):
        assert truths[0][0]
        assert truths[1][0]


@pytest.mark.parametrize(
    ("op", "low", "high", "defined"),
    [
        (Op.SQRT, 0.0, 1.0, True), (Op.SQRT, -1e-9, 1.0, False), (Op.LOG, 0.0, 1.0, False), (Op.LOG, 1e-9, 1.0, True),
        (Op.LOG1P, -1.0, 0.0, False), (Op.LOG1P, -0.5, 0.0, True), (Op.ASIN, -1.0, 1.0, True), (Op.ASIN, -1.0, 1.1, False),
        (Op.ACOS, -1.1, 0.0, False), (Op.TAN, 1.0, 2.0, False), (Op.TAN, 1.0, 1.5, True), (Op.EXP, -1.0, 1.0, True),
        (Op.LOG2, 0.0, 1.0, False), (Op.LOG10, 1e-9, 1.0, True), (Op.ACOSH, 1.0, 2.0, True), (Op.ACOSH, 0.999, 2.0, False),
        (Op.ATANH, 0.0, 1.0, False), (Op.ATANH, -1.0, 0.5, False), (Op.ATANH, -0.9, 0.9, True), (Op.CBRT, -1.0, 1.0, True),
    ],
)  # fmt: skip
def test_functions_are_undefined_unless_all_operands_are_in_the_domain(op: Op, low: float, high: float, defined: bool) -> None:
    with rounding_up():
        result = functions.apply(op, (np.array([-low, -0.5]), np.array([high, 0.5])))
    assert bool(np.isfinite(result[0][0])) is defined
    assert bool(np.isfinite(result[1][0])) is defined


@pytest.mark.parametrize("op", [op for op in Op if functions.is_function(op)])
def test_functions_and_their_slopes_hold_sampled_values(op: Op) -> None:
    import mpmath

    mpmath.mp.prec = 120
    f = {Op.EXP2: lambda x: mpmath.mpf(2) ** x, Op.LOG2: lambda x: mpmath.log(x, 2)}.get(op) or getattr(mpmath, op.value, None)
    domains = {Op.ACOSH: (1.001, 5.0), Op.ATANH: (-0.9, 0.9), Op.ASINH: (-3.0, 3.0)}
    low, high = (domains | {Op.ACOS: (-0.9, 0.9), Op.ASIN: (-0.9, 0.9), Op.TAN: (-1.5, 1.5)}).get(op, (0.1, 3.0))
    ends = np.sort(np.random.default_rng(4).uniform(low, high, (60, 2)), axis=1)
    a = (-ends[:, 0], ends[:, 1])
    with rounding_up():
        value = functions.apply(op, a)
        slope = functions.derivative(upward(), op, a, value)
    assert f is not None
    for k in range(60):
        for x in np.linspace(ends[k, 0], ends[k, 1], 5):
            point = mpmath.mpf(float(x))
            assert -value[0][k] <= f(point) <= value[1][k]
            assert -slope[0][k] - 1e-9 <= mpmath.diff(f, point) <= slope[1][k] + 1e-9


PAIR_FUNCTIONS = {Op.HYPOT: "hypot", Op.ATAN2: "atan2", Op.POWR: "power"}


@pytest.mark.parametrize("op", PAIR_FUNCTIONS)
def test_functions_of_two_arguments_and_their_slopes_hold_sampled_values(op: Op) -> None:
    import mpmath

    mpmath.mp.prec = 120
    f = getattr(mpmath, PAIR_FUNCTIONS[op])
    rng = np.random.default_rng(7)
    sides = [np.sort(rng.uniform(low, 3.0, (80, 2)), axis=1) for low in ((0.01, -3.0) if op is Op.POWR else (-3.0, -3.0))]
    a, b = ((-side[:, 0], side[:, 1]) for side in sides)
    with rounding_up():
        value = pairs.apply_pair(op, a, b)
        slopes = pairs.derivatives(upward(), op, a, b, value)
    defined = 0
    for k in range(80):
        meets_cut = sides[0][k][0] <= 0 <= sides[0][k][1] and sides[1][k][0] <= 0
        assert bool(np.isnan(value[0][k])) == (op is Op.ATAN2 and meets_cut)
        if np.isnan(value[0][k]):
            continue
        defined += 1
        for x, y in itertools.product(np.linspace(*sides[0][k], 4), np.linspace(*sides[1][k], 4)):
            point = mpmath.mpf(float(x)), mpmath.mpf(float(y))
            assert -value[0][k] <= f(*point) <= value[1][k]
            for slope, order in zip(slopes, ((1, 0), (0, 1)), strict=True):
                if not np.isnan(slope[0][k]):
                    assert -slope[0][k] - 1e-9 <= mpmath.diff(f, point, order) <= slope[1][k] + 1e-9
    assert defined > 30


def test_domains_of_functions_of_two_arguments() -> None:
    def of(*ends: float) -> tuple[np.ndarray, np.ndarray]:
        return -np.array(ends[:1]), np.array(ends[1:])

    cases = [
        (Op.POWR, (0.0, 1.0), (1.0, 2.0), False), (Op.POWR, (0.1, 1.0), (-1.0, 2.0), True), (Op.HYPOT, (0.0, 0.0), (-1.0, 1.0), True),
        (Op.ATAN2, (-1.0, 1.0), (0.0, 1.0), False), (Op.ATAN2, (-1.0, 1.0), (0.1, 1.0), True), (Op.ATAN2, (0.0, 1.0), (-1.0, 0.0), False),
        (Op.ATAN2, (0.1, 1.0), (-1.0, 1.0), True), (Op.HYPOT, (np.nan, np.nan), (-1.0, 1.0), False),
    ]  # fmt: skip
    for op, a, b, defined in cases:
        with rounding_up():
            value = pairs.apply_pair(op, of(*a), of(*b))
            slopes = pairs.derivatives(upward(), op, of(*a), of(*b), value)
        assert bool(np.isfinite(value[0][0]) and np.isfinite(value[1][0])) is defined
        if defined and op is Op.HYPOT:
            assert [float(end[0]) for slope in slopes for end in slope] == [0.0, 0.0, 1.0, 1.0]
