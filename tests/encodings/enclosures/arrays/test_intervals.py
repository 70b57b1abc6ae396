"""Elementwise operations against exact rationals, in both ways of rounding, with subnormal, huge and infinite ends."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

import suffice.hardware_specs.upward as machine
from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    absolute,
    add,
    centre,
    constant,
    divide,
    exactly,
    hull,
    intersection,
    largest,
    magnitude,
    maximum,
    mean,
    mignitude,
    minimum,
    multiply,
    negate,
    outward,
    point,
    radius,
    rearranged,
    square,
    subtract,
    total,
    widen,
)
from suffice.errors import DomainError, InputError
from tests.encodings.enclosures.arrays.oracle import SPECIAL, boxes, fractions, holds, is_tight, numbers
from tests.prover.engine.test_upward import flushing, needs_mxcsr

Exact = Callable[[Fraction, Fraction], Fraction]

BINARY: dict[str, tuple[Callable[[Intervals, Intervals], Intervals], Exact]] = {
    "add": (add, lambda x, y: x + y),
    "subtract": (subtract, lambda x, y: x - y),
    "multiply": (multiply, lambda x, y: x * y),
    "divide": (divide, lambda x, y: x / y),
    "maximum": (maximum, max),
    "minimum": (minimum, min),
}


@pytest.fixture(params=["of this machine", "stepped"])
def places(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How far an end may lie from the exact one."""
    if request.param == "stepped":
        monkeypatch.setattr(machine, "upward", machine.stepped)
    return 2 if request.param == "stepped" else 1


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("nonnegative", [False, True])
def test_operations_are_tight(name: str, nonnegative: bool, places: int) -> None:
    random = np.random.default_rng(sum(map(ord, name)))
    operation, exact = BINARY[name]
    a, b = boxes(random, (40, 25)), boxes(random, (25,) if name != "divide" else (40, 25))
    if nonnegative:
        b = absolute(b)
    if name == "divide":
        apart = (b.lo > 0) | (b.hi < 0)
        b = Intervals(np.where(apart, b.lo, 3.0), np.where(apart, b.hi, 3.0))
    found = operation(a, b)
    b = rearranged(b, lambda ends: np.broadcast_to(ends, a.shape))
    for lo, hi, *ends in zip(*map(np.ravel, (found.lo, found.hi)), *map(fractions, (a.lo, a.hi, b.lo, b.hi)), strict=True):
        corners = [exact(x, y) for x in ends[:2] for y in ends[2:]]
        assert is_tight(lo, hi, min(corners), max(corners), places)


def test_points_are_scaled_tightly(places: int) -> None:
    random = np.random.default_rng(5)
    a, b = numbers(random, (900,)), numbers(random, (900,))
    for found in (multiply(point(a), b), multiply(b, point(a)), point(a) * b, b * point(a)):
        for lo, hi, x, y in zip(found.lo, found.hi, fractions(a), fractions(b), strict=True):
            assert is_tight(lo, hi, x * y, x * y, places)


def test_unary_operations_are_tight(places: int) -> None:
    a = boxes(np.random.default_rng(2), (1000,))
    squares, sizes, opposite = square(a), absolute(a), negate(a)
    for k, (low, high) in enumerate(zip(fractions(a.lo), fractions(a.hi), strict=True)):
        least = Fraction(0) if low <= 0 <= high else min(abs(low), abs(high))
        most = max(abs(low), abs(high))
        assert (Fraction(sizes.lo[k]), Fraction(sizes.hi[k])) == (least, most) == (Fraction(mignitude(a)[k]), Fraction(magnitude(a)[k]))
        assert (Fraction(opposite.lo[k]), Fraction(opposite.hi[k])) == (-high, -low)
        assert is_tight(squares.lo[k], squares.hi[k], least**2, most**2, places)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 64, 1001])
def test_sums_are_enclosed_and_tight(length: int, places: int) -> None:
    random = np.random.default_rng(length)
    a = boxes(random, (length, 5), spread=8, special=0.1)
    by_rows = [(fractions(a.lo[:, k]), fractions(a.hi[:, k])) for k in range(5)]
    for found in (total(a, 0), total(rearranged(a, np.transpose), -1)):
        for k, (low, high) in enumerate(by_rows):
            assert holds(found.lo[k], found.hi[k], (sum(low, Fraction(0)), sum(high, Fraction(0))))
            slack = places * (length.bit_length() + 1) * sum(abs(x) + abs(y) for x, y in zip(low, high, strict=True)) / 2**52
            if abs(found.lo[k]) < 1e300 and abs(found.hi[k]) < 1e300:
                assert Fraction(found.hi[k]) - sum(high) <= slack
                assert sum(low) - Fraction(found.lo[k]) <= slack


def test_means_and_maxima() -> None:
    a = boxes(np.random.default_rng(3), (11, 7), special=0.0)
    found = mean(a, 0)
    for k in range(7):
        assert holds(found.lo[k], found.hi[k], (sum(fractions(ends[:, k]), Fraction(0)) / 11 for ends in (a.lo, a.hi)))
    assert (largest(a, 1).lo == a.lo.max(axis=1)).all() and (largest(a, 1).hi == a.hi.max(axis=1)).all()


def test_centres_and_radii_hold_the_intervals() -> None:
    a = boxes(np.random.default_rng(4), (3000,), special=0.5)
    middle, reach = fractions(centre(a)), fractions(radius(a))
    for low, high, c, r in zip(fractions(a.lo), fractions(a.hi), middle, reach, strict=True):
        assert c - r <= low <= c <= high <= c + r
        assert r <= (high - low) * Fraction(1, 2) * (1 + Fraction(1, 2**40)) + (abs(low) + abs(high)) / 2**52 + Fraction(1, 2**1074)
    unbounded = Intervals(np.array([-np.inf, -np.inf, 2.0]), np.array([np.inf, 5.0, np.inf]))
    assert np.isfinite(centre(unbounded)).all() and (radius(unbounded) == np.inf).all()


def test_hulls_intersections_and_widening() -> None:
    a, b = Intervals(np.array([0.0, 2.0]), np.array([1.0, 3.0])), Intervals(np.array([0.5, 2.5]), np.array([4.0, 2.75]))
    assert hull(a, b).lo.tolist() == [0.0, 2.0] and hull(a, b).hi.tolist() == [4.0, 3.0]
    assert intersection(a, b).lo.tolist() == [0.5, 2.5] and intersection(a, b).hi.tolist() == [1.0, 2.75]
    with pytest.raises(DomainError, match="holds no real number"):
        intersection(a, b + 10.0)
    wide = widen(a, 2.0**-60)
    assert wide.lo[0] == -(2.0**-60) and wide.hi[0] == 1 + 2.0**-52
    assert widen(a, np.array([0.0, np.inf])).hi.tolist() == [1.0, np.inf]
    with pytest.raises(InputError, match="radius is negative or NaN"):
        widen(a, -1.0)


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        ((0, 0), (-np.inf, np.inf), (0, 0)),
        ((0, 1), (1, np.inf), (0, np.inf)),
        ((-1, 0), (-np.inf, 2), (-2, np.inf)),
        ((0, 0), (3, np.inf), (0, 0)),
    ],
)
def test_zero_times_an_infinite_end_is_zero(a: tuple[float, float], b: tuple[float, float], product: tuple[float, float]) -> None:
    first, second = (Intervals(np.array(float(low)), np.array(float(high))) for low, high in (a, b))
    for found in (multiply(first, second), multiply(second, first)):
        assert (float(found.lo), float(found.hi)) == product


def test_what_overflows_becomes_infinite() -> None:
    huge = Intervals(np.array([-1.7e308, 1.7e308]), np.array([-1.6e308, 1.7e308]))
    doubled = huge + huge
    most = np.finfo(float).max
    assert doubled.lo.tolist() == [-np.inf, most] and doubled.hi.tolist() == [-most, np.inf]
    assert square(huge).hi.tolist() == [np.inf, np.inf]
    unbounded = Intervals(np.array([-np.inf, 1.0]), np.array([np.inf, np.inf]))
    assert (unbounded - unbounded).lo.tolist() == [-np.inf, -np.inf]
    assert (1.0 / unbounded[1]).lo == 0.0
    assert (unbounded[1] / unbounded[1]).hi == np.inf


def test_what_is_not_a_number_is_refused() -> None:
    for lo, hi in ((np.nan, 1.0), (1.0, np.nan), (2.0, 1.0), (np.inf, np.inf), (-np.inf, -np.inf)):
        with pytest.raises(DomainError, match="holds no real number"):
            Intervals(np.array([0.0, lo]), np.array([0.0, hi]))
    with pytest.raises(InputError, match="NaN or an infinity"):
        point(np.array([1.0, np.inf]))
    with pytest.raises(InputError, match="shapes"):
        Intervals(np.zeros(2), np.zeros(3))
    with pytest.raises(DomainError, match="divisor may be zero"):
        divide(point(1.0), Intervals(np.array(0.0), np.array(1.0)))


def test_only_exact_numbers_are_taken() -> None:
    assert exactly(np.array([0.1], dtype=np.float32))[0] == float(np.float32(0.1))
    assert exactly(np.array([-128, 127], dtype=np.int8)).tolist() == [-128.0, 127.0]
    assert exactly(np.array([2**53, -(2**53)])).tolist() == [2.0**53, -(2.0**53)]
    for refused in ([2**53 + 1], np.array([2**63], dtype=np.uint64), np.array([0.1], dtype=np.longdouble), [1j], ["1"]):
        with pytest.raises(InputError, match="need not be exact"):
            exactly(np.array(refused))


@pytest.mark.parametrize("value", [Fraction(1, 10), Fraction(-1, 3), Fraction(3), Fraction(1, 10**400), Fraction(2) ** 60 + 1])
def test_constants_are_tight(value: Fraction) -> None:
    found = constant(value)
    assert is_tight(float(found.lo), float(found.hi), value, value)


@needs_mxcsr
def test_a_process_that_flushes_subnormals_changes_nothing() -> None:
    random = np.random.default_rng(6)
    a, b = boxes(random, (500,), special=0.8), boxes(random, (500,), special=0.8)
    tiny = Intervals(np.zeros(9), np.full(9, 5e-324))

    def results() -> list[Intervals]:
        return [add(a, b), subtract(a, b), multiply(a, b), maximum(tiny, -1.0), hull(tiny, 0.0), tiny * tiny, absolute(-tiny)]

    kept = results()
    with flushing():
        assert not (np.full(9, 2.0**-1022) * 0.5).any()
        flushed = results()
    for first, second in zip(kept, flushed, strict=True):
        assert first.lo.tobytes() == second.lo.tobytes() and first.hi.tobytes() == second.hi.tobytes()


def test_plain_arithmetic_would_be_caught() -> None:
    """Without directed rounding the comparison with exact rationals fails."""
    a = np.full(1, 0.1)
    product = a * a
    assert not holds(product[0], product[0], [Fraction(0.1) ** 2])


def test_entering_in_a_directed_mode_is_a_bug() -> None:
    if machine.upward() == machine.stepped():
        pytest.skip("the mode does not reach NumPy here")
    with machine.rounding_up(), pytest.raises(AssertionError, match="directed rounding mode"), outward():
        pass
    assert SPECIAL[0] + 1.0 == 1.0
