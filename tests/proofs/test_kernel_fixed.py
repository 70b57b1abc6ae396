"""Interval arithmetic of the kernel: exact rationals and Arb as oracles."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from suffice.proofs.kernel import elementary, fixed
from suffice.proofs.kernel.fixed import DomainFailure, FixedPoint, Interval, TooLarge

sys.path.insert(0, str(Path(__file__).parent))
from kernel_oracle import NAMES, arb_ends, interval_function

BITS = 64
ONE = 1 << BITS
SPECIAL = [(0, 0), (ONE, ONE), (-ONE, ONE), (0, 3 * ONE), (-2 * ONE, 0), (1, 1), (-1, 1), (5 * ONE, 7 * ONE), (-7 * ONE, -5 * ONE)]


def _interval(rng: Random, bits: int = BITS) -> Interval:
    lo = rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, bits + 3))
    return lo, lo + rng.getrandbits(rng.randint(1, bits + 3)) * rng.randint(0, 1)


def _intervals(seed: str, count: int, bits: int = BITS) -> list[Interval]:
    rng = Random(seed)
    return SPECIAL + [_interval(rng, bits) for _ in range(count)]


def _outward(values: list[Fraction]) -> Interval:
    return math.floor(min(values)), math.ceil(max(values))


def _ends(a: Interval) -> tuple[Fraction, Fraction]:
    return Fraction(a[0], ONE), Fraction(a[1], ONE)


def check_tightest(operation: str, a: Interval, b: Interval) -> None:
    """The operation returns the smallest interval around its image, which lies between the results at corners."""
    arithmetic = FixedPoint(BITS)
    meaning: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "min": min,
        "max": max,
    }
    corners = [meaning[operation](x, y) * ONE for x in _ends(a) for y in _ends(b)]
    assert getattr(arithmetic, operation)(a, b) == _outward(corners), (operation, a, b)


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "min", "max"])
def test_operations_are_the_tightest(operation: str) -> None:
    intervals = _intervals(operation, 40)
    for a, b in itertools.product(intervals, intervals):
        check_tightest(operation, a, b)


def test_division_is_the_tightest() -> None:
    intervals = _intervals("div", 40)
    for a, b in itertools.product(intervals, intervals):
        if b[0] <= 0 <= b[1]:
            with pytest.raises(DomainFailure):
                FixedPoint(BITS).div(a, b)
        else:
            check_tightest("div", a, b)


def test_fused_multiplication_rounds_once() -> None:
    intervals = _intervals("fma", 9)
    for a, b, c in itertools.product(intervals, intervals, intervals):
        corners = [(x * y + z) * ONE for x in _ends(a) for y in _ends(b) for z in _ends(c)]
        assert FixedPoint(BITS).fma(a, b, c) == _outward(corners)


def test_neg_and_abs() -> None:
    arithmetic = FixedPoint(BITS)
    assert arithmetic.neg((-3, 5)) == (-5, 3)
    assert [arithmetic.abs(a) for a in ((-3, 5), (-7, 2), (2, 4), (-4, -2), (0, 0))] == [(0, 5), (0, 7), (2, 4), (2, 4), (0, 0)]


def test_conversion_rounds_outward_and_keeps_what_fits() -> None:
    arithmetic = FixedPoint(BITS)
    third = Fraction(1, 3)
    lo, hi = arithmetic.from_fraction(third)
    assert hi == lo + 1
    assert Fraction(lo, ONE) < third < Fraction(hi, ONE)
    assert arithmetic.from_fraction(Fraction(-5, 8)) == (-5 * ONE // 8, -5 * ONE // 8)
    assert arithmetic.to_fractions(arithmetic.from_ends(Fraction(-5, 8), Fraction(3))) == (Fraction(-5, 8), Fraction(3))
    assert arithmetic.from_ends(-third, third) == (-hi, hi)


@pytest.mark.parametrize("n", [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 10, 33])
def test_integer_powers(n: int) -> None:
    for a in _intervals(f"power {n}", 300):
        if n < 0 and a[0] <= 0 <= a[1]:
            with pytest.raises(DomainFailure):
                FixedPoint(BITS).power(a, n)
            continue
        lo, hi = FixedPoint(BITS).power(a, n)
        candidates = [x**n * ONE for x in _ends(a)] + ([Fraction(0)] if n > 0 and a[0] <= 0 <= a[1] else [])
        low, high = min(candidates), max(candidates)
        assert lo <= low
        assert high <= hi
        assert low - lo <= 1 + abs(low) / ONE
        assert hi - high <= 1 + abs(high) / ONE


def _domain(name: str, rng: Random, bits: int) -> Interval:
    one = 1 << bits
    lo, hi = sorted(rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, bits + 4)) for _ in range(2))
    if rng.random() < 0.3:
        hi = lo + rng.getrandbits(rng.randint(1, bits))
    if name in ("asin", "acos"):
        lo, hi = sorted((lo % (2 * one + 1) - one, hi % (2 * one + 1) - one))
    if name == "sqrt":
        lo, hi = sorted((abs(lo), abs(hi)))
    if name == "log":
        lo, hi = sorted((abs(lo) + 1, abs(hi) + 1))
    if name == "log1p":
        lo, hi = sorted((abs(lo) + 1 - one, abs(hi) + 1 - one))
    return lo, hi


def check_interval(name: str, a: Interval, bits: int, rng: Random) -> bool:
    """f over an interval holds f at sampled points and exceeds the range found by a few units; False: a pole lies inside."""
    unit = 1 << bits
    arithmetic = FixedPoint(bits)
    first = 2 * a[0] // (3 * unit) - 2
    turns = [math.floor(Fraction(k * arithmetic.pi()[0], 2)) for k in range(first, 2 * a[1] // (3 * unit) + 3)]
    inside = [0] if a[0] <= 0 <= a[1] else []
    if name in ("sin", "cos", "tan"):
        inside += [t + step for t in turns for step in (0, 1) if a[0] <= t + step <= a[1]]
    if name == "tan" and any(k % 2 == 1 and a[0] <= t < a[1] for k, t in enumerate(turns, first)):
        with pytest.raises(DomainFailure):
            arithmetic.tan(a)
        return False
    lo, hi = interval_function(name, arithmetic)(a)
    samples = [a[0], a[1], *inside, *(rng.randint(*a) for _ in range(4))]
    balls = [arb_ends(name, Fraction(x, unit), 4 * bits + 200) for x in samples]
    tiny = Fraction(1, 2 ** (bits + 60))
    for x, (low, high) in zip(samples, balls, strict=True):
        assert Fraction(lo, unit) <= low + tiny * (1 + abs(low)), (name, a, x)
        assert high - tiny * (1 + abs(high)) <= Fraction(hi, unit), (name, a, x)
    low, high = min(ball[0] for ball in balls), max(ball[1] for ball in balls)
    assert low - Fraction(lo, unit) <= Fraction(6, unit) * (1 + abs(low)), (name, a)
    assert Fraction(hi, unit) - high <= Fraction(6, unit) * (1 + abs(high)), (name, a)
    return True


@pytest.mark.parametrize("bits", [64, 300])
@pytest.mark.parametrize("name", NAMES)
def test_functions_over_intervals(name: str, bits: int) -> None:
    rng = Random(f"{name} {bits}")
    defined = sum(check_interval(name, _domain(name, rng, bits), bits, rng) for _ in range(250))
    assert defined >= 100


def test_waves_turn_exactly_where_they_should() -> None:
    arithmetic = FixedPoint(BITS)
    half = arithmetic.pi()[0] // 2
    assert arithmetic.sin((half, half + 1))[1] == ONE
    assert arithmetic.sin((half - 5000 * (1 << 40), half - (1 << 40)))[1] < ONE
    assert arithmetic.sin((3 * half - ONE, 3 * half + ONE))[0] == -ONE
    assert arithmetic.cos((-1, 1))[1] == ONE
    assert arithmetic.cos((0, ONE)) == (arithmetic.cos((ONE, ONE))[0], ONE)
    assert arithmetic.cos((-ONE, 0)) == arithmetic.cos((0, ONE))
    assert arithmetic.cos((ONE, 2 * ONE))[1] < ONE
    assert arithmetic.sin((0, 100 * ONE)) == (-ONE, ONE)


def test_tan_refuses_poles_only() -> None:
    arithmetic = FixedPoint(BITS)
    below = arithmetic.pi()[0] // 2
    assert arithmetic.tan((0, below))[1] > 1 << BITS + 60
    assert arithmetic.tan((below + 1, 3 * below))[0] < 0
    for a in ((0, below + 1), (below, below + 1), (-below - 1, 0), (-below - 1, below), (0, 100 * ONE)):
        with pytest.raises(DomainFailure):
            arithmetic.tan(a)


@pytest.mark.parametrize(
    ("name", "a"),
    [
        ("sqrt", (-1, ONE)),
        ("log", (0, ONE)),
        ("log1p", (-ONE, 0)),
        ("asin", (0, ONE + 1)),
        ("acos", (-ONE - 1, 0)),
        ("asin", (-2 * ONE, 0)),
    ],
)
def test_domains(name: str, a: Interval) -> None:
    with pytest.raises(DomainFailure):
        interval_function(name, FixedPoint(BITS))(a)


def test_constants() -> None:
    for bits in (64, 300, 4096):
        arithmetic = FixedPoint(bits)
        for name, x, ends in (("acos", Fraction(-1), arithmetic.pi()), ("exp", Fraction(1), arithmetic.e())):
            low, high = arb_ends(name, x, 2 * bits)
            assert Fraction(ends[0], 1 << bits) <= low
            assert high <= Fraction(ends[1], 1 << bits)
            assert ends[1] - ends[0] <= 2


def test_size_is_bounded() -> None:
    arithmetic = FixedPoint(BITS)
    big = arithmetic.from_fraction(Fraction(2**65530))
    with pytest.raises(TooLarge):
        arithmetic.mul(big, big)
    with pytest.raises(TooLarge):
        arithmetic.exp(arithmetic.from_fraction(Fraction(10**6)))
    with pytest.raises(TooLarge):
        arithmetic.power(arithmetic.from_fraction(Fraction(10)), 30_000)
    with pytest.raises(TooLarge):
        arithmetic.div(big, (1, 1))
    with pytest.raises(TooLarge):
        arithmetic.from_fraction(Fraction(2**70000))


def test_planted_faults_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(9)
    with monkeypatch.context() as patch:
        patch.setattr(elementary, "quarter_turns", lambda x, bits: int(x / (1.65 * 2.0**bits)))
        with pytest.raises(AssertionError):
            for _ in range(250):
                check_interval("sin", _domain("sin", rng, 64), 64, rng)
    with monkeypatch.context() as patch:
        patch.setattr(FixedPoint, "cosh", lambda self, a: self._rising(elementary.cosh, a))
        with pytest.raises(AssertionError):
            for _ in range(250):
                check_interval("cosh", _domain("cosh", rng, 64), 64, rng)
    with monkeypatch.context() as patch:
        patch.setattr(fixed, "_products", lambda a, b: (a[0] * b[0], a[1] * b[1]))
        with pytest.raises(AssertionError):
            for a, b in itertools.product(SPECIAL, SPECIAL):
                check_tightest("mul", a, b)
