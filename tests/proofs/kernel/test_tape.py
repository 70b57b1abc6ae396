"""Derivatives of expressions: mpmath's numerical ones at points, both sides of every kink, and the limits of domains."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import mpmath
import pytest

from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure
from suffice.proofs.kernel.question import Node
from suffice.proofs.kernel.reading import read_nodes
from suffice.proofs.kernel.tape import Interval, Tape

from .documents import Json

BITS = 160
X: Json = ["var", "x"]

SMOOTH: dict[str, tuple[list[Json], Callable[[Any], Any], tuple[float, float]]] = {
    "neg": ([X, ["neg", 0]], lambda x: -x, (-3, 3)),
    "sqrt": ([X, ["sqrt", 0]], mpmath.sqrt, (0.1, 9)),
    "square": ([X, ["pow", 0, 2]], lambda x: x**2, (-3, 3)),
    "cube": ([X, ["pow", 0, 3]], lambda x: x**3, (-3, 3)),
    "fifth": ([X, ["pow", 0, 5]], lambda x: x**5, (-2, 2)),
    "first": ([X, ["pow", 0, 1]], lambda x: x, (-2, 2)),
    "zeroth": ([X, ["pow", 0, 0]], lambda x: x**0, (-2, 2)),
    "inverse": ([X, ["pow", 0, -1]], lambda x: 1 / x, (0.2, 3)),
    "inverse cube": ([X, ["pow", 0, -3]], lambda x: x**-3, (-3, -0.3)),
    "exp": ([X, ["exp", 0]], mpmath.exp, (-5, 5)),
    "expm1": ([X, ["expm1", 0]], mpmath.expm1, (-5, 5)),
    "log": ([X, ["log", 0]], mpmath.log, (0.1, 9)),
    "log1p": ([X, ["log1p", 0]], mpmath.log1p, (-0.8, 9)),
    "sin": ([X, ["sin", 0]], mpmath.sin, (-9, 9)),
    "cos": ([X, ["cos", 0]], mpmath.cos, (-9, 9)),
    "tan": ([X, ["tan", 0]], mpmath.tan, (-1.4, 1.4)),
    "asin": ([X, ["asin", 0]], mpmath.asin, (-0.9, 0.9)),
    "acos": ([X, ["acos", 0]], mpmath.acos, (-0.9, 0.9)),
    "atan": ([X, ["atan", 0]], mpmath.atan, (-4, 4)),
    "sinh": ([X, ["sinh", 0]], mpmath.sinh, (-4, 4)),
    "cosh": ([X, ["cosh", 0]], mpmath.cosh, (-4, 4)),
    "tanh": ([X, ["tanh", 0]], mpmath.tanh, (-4, 4)),
    "exp2": ([X, ["exp2", 0]], lambda x: mpmath.mpf(2) ** x, (-5, 5)),
    "log2": ([X, ["log2", 0]], lambda x: mpmath.log(x, 2), (0.1, 9)),
    "log10": ([X, ["log10", 0]], mpmath.log10, (0.1, 9)),
    "cbrt": ([X, ["cbrt", 0]], mpmath.cbrt, (0.1, 9)),
    "cbrt below": ([X, ["cbrt", 0]], lambda x: -mpmath.cbrt(-x), (-9, -0.1)),
    "asinh": ([X, ["asinh", 0]], mpmath.asinh, (-4, 4)),
    "acosh": ([X, ["acosh", 0]], mpmath.acosh, (1.2, 9)),
    "atanh": ([X, ["atanh", 0]], mpmath.atanh, (-0.9, 0.9)),
    "hypot": ([X, ["sin", 0], ["exp", 0], ["hypot", 1, 2]], lambda x: mpmath.hypot(mpmath.sin(x), mpmath.exp(x)), (-2, 2)),
    "hypot of one": ([X, ["hypot", 0, 0]], lambda x: mpmath.hypot(x, x), (0.1, 2)),
    "atan2": ([X, ["sin", 0], ["exp", 0], ["atan2", 1, 2]], lambda x: mpmath.atan2(mpmath.sin(x), mpmath.exp(x)), (-2, 2)),
    "atan2 above": ([X, ["exp", 0], ["sin", 0], ["atan2", 1, 2]], lambda x: mpmath.atan2(mpmath.exp(x), mpmath.sin(x)), (-2, 2)),
    "atan2 below": ([X, ["exp", 0], ["neg", 1], ["atan2", 2, 0]], lambda x: mpmath.atan2(-mpmath.exp(x), x), (-2, 2)),
    "powr": ([X, ["exp", 0], ["sin", 0], ["powr", 1, 2]], lambda x: mpmath.exp(x) ** mpmath.sin(x), (-2, 2)),
    "powr of base": ([X, ["const", "-7/3"], ["powr", 0, 1]], lambda x: x ** (mpmath.mpf(-7) / 3), (0.1, 2)),
    "powr of exponent": ([X, ["const", "1/3"], ["powr", 1, 0]], lambda x: mpmath.mpf(3) ** -x, (-2, 2)),
    "sum": ([X, ["exp", 0], ["sin", 0], ["add", 1, 2]], lambda x: mpmath.exp(x) + mpmath.sin(x), (-2, 2)),
    "difference": ([X, ["exp", 0], ["sin", 0], ["sub", 1, 2]], lambda x: mpmath.exp(x) - mpmath.sin(x), (-2, 2)),
    "product": ([X, ["exp", 0], ["sin", 0], ["mul", 1, 2]], lambda x: mpmath.exp(x) * mpmath.sin(x), (-2, 2)),
    "quotient": ([X, ["sin", 0], ["exp", 0], ["div", 1, 2]], lambda x: mpmath.sin(x) / mpmath.exp(x), (-2, 2)),
    "fma": ([X, ["exp", 0], ["sin", 0], ["fma", 1, 2, 0]], lambda x: mpmath.exp(x) * mpmath.sin(x) + x, (-2, 2)),
    "abs above": ([X, ["abs", 0], ["pow", 1, 3]], lambda x: x**3, (0.1, 2)),
    "abs below": ([X, ["abs", 0], ["pow", 1, 3]], lambda x: -(x**3), (-2, -0.1)),
    "max": ([X, ["const", "1"], ["max", 0, 1], ["pow", 2, 2]], lambda x: x**2, (1.1, 3)),
    "min": ([X, ["const", "1"], ["min", 1, 0], ["pow", 2, 2]], lambda x: x**2, (-1, 0.9)),
    "constants": ([X, ["pi"], ["e"], ["mul", 1, 0], ["mul", 2, 3], ["sin", 4]], lambda x: mpmath.sin(mpmath.e * mpmath.pi * x), (-1, 1)),
}  # fmt: skip


def tape(nodes: list[Json]) -> Tape:
    return Tape(read_nodes(nodes), BITS, Budget())


def holds(interval: Interval, number: Any) -> bool:
    """Whether mpmath's number, which is good to some 20 digits, lies in the enclosure."""
    slack = mpmath.mpf(10) ** -18 * (1 + abs(number))
    low, high = (mpmath.mpf(end) / mpmath.mpf(2) ** BITS for end in interval)
    return bool(low - slack <= number <= high + slack)


@pytest.mark.parametrize("name", SMOOTH)
def test_values_slopes_and_curvatures_hold_those_of_mpmath(name: str) -> None:
    nodes, f, (least, largest) = SMOOTH[name]
    found, rng = tape(nodes), Random(name)
    with mpmath.workdps(60):
        for _ in range(25):
            x = Fraction(rng.uniform(least, largest)).limit_denominator(10**6)
            width = Fraction(rng.choice([0, 0, 1]), rng.choice([100, 10**4]))
            low, high = max(x - width, Fraction(least)), min(x + width, Fraction(largest))
            box = found.box({"x": (low, high)})
            values = found.values(box)
            slope, jet = found.slopes(values)[0], found.jet(box, "x")
            at = mpmath.mpf(x.numerator) / x.denominator
            derivatives = [f(at), mpmath.diff(f, at), mpmath.diff(f, at, 2)]
            assert holds(values[-1], derivatives[0])
            assert holds(slope, derivatives[1])
            for enclosure, derivative in zip(jet, derivatives, strict=True):
                assert holds(enclosure, derivative)
            if low == high:
                assert all(hi - lo < 1 << BITS // 2 for lo, hi in (values[-1], slope, *jet)), "an enclosure at a point is narrow"


def test_partial_derivatives_of_several_inputs() -> None:
    nodes = [X, ["var", "y"], ["mul", 0, 1], ["div", 2, 1], ["sub", 3, 1], ["min", 0, 4], ["max", 5, 0]]
    found = tape([X, ["var", "y"], ["mul", 0, 1], ["exp", 1], ["div", 2, 3]])
    box = found.box({"x": (Fraction(1, 3), Fraction(1, 3)), "y": (Fraction(2, 7), Fraction(2, 7))})
    slopes = found.slopes(found.values(box))
    with mpmath.workdps(60):
        x, y = mpmath.mpf(1) / 3, mpmath.mpf(2) / 7
        assert holds(slopes[0], y / mpmath.exp(y))
        assert holds(slopes[1], x * (1 - y) / mpmath.exp(y))
        assert holds(found.jet(box, "y")[2], x * (y - 2) / mpmath.exp(y))
    assert tape(nodes).slopes(tape(nodes).values({"x": (0, 1), "y": (1, 2)}))


@pytest.mark.parametrize(
    ("nodes", "low", "high", "slope"),
    [
        ([X, ["abs", 0]], "0", "1", (-1, 1)),
        ([X, ["abs", 0]], "1/10", "1", (1, 1)),
        ([X, ["abs", 0]], "-1", "0", (-1, 1)),
        ([X, ["abs", 0]], "-1", "-1/10", (-1, -1)),
        ([X, ["const", "0"], ["max", 0, 1]], "0", "1", (0, 1)),
        ([X, ["const", "0"], ["max", 0, 1]], "1/10", "1", (1, 1)),
        ([X, ["const", "0"], ["max", 0, 1]], "-1", "-1/10", (0, 0)),
        ([X, ["const", "0"], ["min", 0, 1]], "-1", "0", (0, 1)),
        ([X, ["const", "0"], ["min", 0, 1]], "-1", "-1/10", (1, 1)),
        ([X, ["const", "0"], ["min", 1, 0]], "1/10", "1", (0, 0)),
    ],
)  # fmt: skip
def test_both_sides_of_a_kink(nodes: list[Json], low: str, high: str, slope: tuple[int, int]) -> None:
    found = tape(nodes)
    box = found.box({"x": (Fraction(low), Fraction(high))})
    assert found.slopes(found.values(box))[0] == (slope[0] << BITS, slope[1] << BITS)
    if slope[0] != slope[1]:
        with pytest.raises(LeafFailure, match="kink inside the box"):
            found.jet(box, "x")
    else:
        assert found.jet(box, "x")[1] == (slope[0] << BITS, slope[1] << BITS)


@pytest.mark.parametrize(
    ("nodes", "bad", "good"),
    [
        ([X, ["sqrt", 0]], ("-1/1000", "1"), ("0", "1")),
        ([X, ["log", 0]], ("0", "1"), ("1/1000", "1")),
        ([X, ["pow", 0, -1]], ("-1", "0"), ("-1", "-1/1000")),
        ([["const", "1"], X, ["div", 0, 1]], ("0", "1"), ("1/1000", "1")),
        ([X, ["asin", 0]], ("0", "1001/1000"), ("0", "1")),
        ([X, ["tan", 0]], ("1", "2"), ("1", "3/2")),
        ([X, ["log1p", 0]], ("-1", "0"), ("-999/1000", "0")),
        ([X, ["log2", 0]], ("0", "1"), ("1/1000", "1")),
        ([X, ["acosh", 0]], ("999/1000", "2"), ("1", "2")),
        ([X, ["atanh", 0]], ("0", "1"), ("0", "999/1000")),
        ([X, ["powr", 0, 0]], ("0", "1"), ("1/1000", "1")),
        ([X, ["const", "0"], ["atan2", 1, 0]], ("0", "1"), ("1/1000", "1")),
        ([X, ["const", "-1"], ["atan2", 0, 1]], ("0", "1"), ("1/1000", "1")),
    ],
)
def test_both_sides_of_a_domain(nodes: list[Json], bad: tuple[str, str], good: tuple[str, str]) -> None:
    found = tape(nodes)
    with pytest.raises(LeafFailure):
        found.values(found.box({"x": (Fraction(bad[0]), Fraction(bad[1]))}))
    found.values(found.box({"x": (Fraction(good[0]), Fraction(good[1]))}))


def test_the_slopes_of_hypot_at_its_kink() -> None:
    found = tape([X, ["const", "0"], ["hypot", 0, 1]])
    one = 1 << BITS
    for low, high, slope in ((0, 1, (0, one)), (-1, 1, (-one, one)), (-1, 0, (-one, 0))):
        box = found.box({"x": (Fraction(low), Fraction(high))})
        assert found.slopes(found.values(box))[0] == slope
        with pytest.raises(LeafFailure, match="the curvature of hypot"):
            found.jet(box, "x")


@pytest.mark.parametrize("op", ["sqrt", "asin", "acos", "cbrt", "acosh"])
def test_unbounded_slopes_are_refused(op: str) -> None:
    found = tape([X, [op, 0]])
    sides = {"sqrt": (Fraction(0), Fraction(1)), "cbrt": (Fraction(-1), Fraction(1)), "acosh": (Fraction(1), Fraction(2))}
    box = found.box({"x": sides.get(op, (Fraction(1, 2), Fraction(1)))})
    values = found.values(box)
    with pytest.raises(LeafFailure, match="the slope of"):
        found.slopes(values)
    with pytest.raises(LeafFailure, match="the curvature of"):
        found.jet(box, "x")


def test_products_of_slopes_too_large_to_hold_are_refused() -> None:
    large: list[Json] = [X, ["const", str(1 << 13_000)], ["mul", 0, 1], *(["mul", k, 1] for k in range(2, 7))]
    found = Tape(read_nodes(large), 64, Budget())
    values = found.values(found.box({"x": (Fraction(0), Fraction(0))}))
    with pytest.raises(LeafFailure, match="the slope of mul: a number is too large"):
        found.slopes(values)


def test_widening_reaches_the_nodes_above() -> None:
    found = tape([X, ["const", "3"], ["mul", 0, 1]])
    one = 1 << BITS
    three = 3 * one
    assert found.widened({"x": (0, one)}, [(-one, 2 * one), (three, three), (0, 0)], [one, 0, 2 * one])[0][-1] == (-5 * one, 8 * one)
    assert found.nodes[2] == Node("mul", (0, 1))
