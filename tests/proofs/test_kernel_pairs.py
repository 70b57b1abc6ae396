"""Functions of two arguments of the kernel against Arb and NumPy: hypot, atan2 and real powers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.fixed import FixedPoint
from suffice.proofs.kernel.formats import Float, Value
from suffice.proofs.kernel.pairs import PAIRS, beyond_pair, enclose_pair, exact_pair
from suffice.proofs.kernel.question import Node, Program
from suffice.proofs.kernel.reading import read_format
from suffice.proofs.kernel.run import run
from suffice.proofs.kernel.series import DomainFailure, TooLarge

sys.path.insert(0, str(Path(__file__).parent))
from kernel.documents import E4M3, FP16, FP32, floating
from kernel_oracle import rational_of

FP64 = floating(53, -1022, 1023)
ARB: dict[str, Callable[[arb, arb], arb]] = {
    "hypot": lambda x, y: (x * x + y * y).sqrt(),
    "atan2": lambda y, x: arb.atan2(y, x),
    "powr": lambda x, y: (y * x.log()).exp(),
}
NUMPY: dict[str, Callable[[Any, Any], Any]] = {
    "hypot": np.hypot,
    "atan2": np.arctan2,
    "powr": lambda a, b: np.power(np.array([a]), np.array([b]))[0],
}
"""(np.power of scalars takes sqrt for the exponent 1/2, which is another function at -0 and -inf.)"""


def arb_ends(name: str, a: Fraction, b: Fraction, precision: int) -> tuple[Fraction, Fraction]:
    with ctx.workprec(precision):
        ball = ARB[name](arb(fmpq(a.numerator, a.denominator)), arb(fmpq(b.numerator, b.denominator)))
        return rational_of(ball.lower()), rational_of(ball.upper())


def arguments(name: str, count: int) -> list[tuple[Fraction, Fraction]]:
    rng = Random(name)

    def number() -> Fraction:
        kind = rng.randrange(4)
        if kind == 0:
            return Fraction(rng.randint(-9, 9))
        if kind == 1:
            return Fraction(rng.randint(-999, 999), rng.randint(1, 99))
        if kind == 2:
            return 1 + Fraction(rng.randint(-5, 5), 2 ** rng.randint(1, 60))
        return Fraction(rng.randint(-(2**24), 2**24)) * Fraction(2) ** rng.randint(-40, 8)

    found = []
    while len(found) < count:
        a, b = number(), number()
        try:
            exact_pair(name, a, b)
        except DomainFailure:
            continue
        if name != "powr" or abs(b) * (abs(a.numerator).bit_length() + a.denominator.bit_length()) < 20_000:
            found.append((a, b))
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_enclosures_at_points_hold_what_arb_finds_and_are_narrow(name: str) -> None:
    for a, b in arguments(name, 400):
        for bits in (20, 90):
            lo, hi = enclose_pair(name, a, b, bits)
            least, largest = arb_ends(name, a, b, 1500)
            assert lo <= largest and least <= hi, (a, b)
            if lo == hi:
                assert least <= lo <= largest
                continue
            assert lo < least and largest < hi, (a, b)
            assert (hi - lo) * 2**bits <= 2 * min(abs(lo), abs(hi)), (a, b)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("bits", [64, 200])
def test_enclosures_over_boxes_hold_every_point_and_are_reached(name: str, bits: int) -> None:
    rng, arithmetic = Random(f"{name} boxes"), FixedPoint(bits)
    for a, b in arguments(name, 150):
        wide = [Fraction(rng.randint(0, 3), rng.choice([1, 8, 1000])) for _ in range(2)]
        try:
            lo, hi = arithmetic.to_fractions(
                PAIRS[name](arithmetic, arithmetic.from_ends(a, a + wide[0]), arithmetic.from_ends(b, b + wide[1]))
            )
        except (DomainFailure, TooLarge):
            continue
        inside = [(a + wide[0] * Fraction(i, 4), b + wide[1] * Fraction(j, 4)) for i in range(5) for j in range(5)]
        ends = [arb_ends(name, x, y, 400) for x, y in inside]
        assert all(lo <= high and low <= hi for low, high in ends), (a, b, wide)
        if name != "hypot" and min(abs(a), abs(b)) > Fraction(1, 100):
            slack = (1 + abs(lo) + abs(hi)) / 2 ** (bits // 2)
            assert hi <= max(high for _, high in ends) + slack
            assert lo >= min(low for low, _ in ends) - slack


@pytest.mark.parametrize(
    ("name", "a", "b", "value"),
    [
        ("hypot", "3", "-4", "5"), ("hypot", "5/13", "12/13", "1"), ("hypot", "1", "1", None), ("hypot", "0", "-2", "2"),
        ("atan2", "0", "3", "0"), ("atan2", "1", "1", None), ("atan2", "1", "0", None),
        ("powr", "4/9", "-3/2", "27/8"), ("powr", "2", "1/2", None), ("powr", "8", "2/3", "4"), ("powr", "16", "3/4", "8"),
        ("powr", "16", "3/8", None), ("powr", "1", "1/3", "1"), ("powr", "7", "0", "1"), ("powr", "10", "-2", "1/100"),
    ],
)  # fmt: skip
def test_rational_values(name: str, a: str, b: str, value: str | None) -> None:
    assert exact_pair(name, Fraction(a), Fraction(b)) == (None if value is None else Fraction(value))


@pytest.mark.parametrize(("name", "a", "b"), [("atan2", 0, 0), ("atan2", 0, -1), ("powr", 0, 1), ("powr", -2, 2)])
def test_outside_the_domain(name: str, a: int, b: int) -> None:
    with pytest.raises(DomainFailure):
        enclose_pair(name, Fraction(a), Fraction(b), 64)
    arithmetic = FixedPoint(64)
    with pytest.raises(DomainFailure):
        PAIRS[name](arithmetic, arithmetic.from_fraction(Fraction(a)), arithmetic.from_fraction(Fraction(b)))


def test_no_box_meets_the_cut() -> None:
    arithmetic = FixedPoint(64)
    around, left, right = arithmetic.from_ends(Fraction(-1), Fraction(1)), (-(1 << 65), 0), (1, 1 << 64)
    with pytest.raises(DomainFailure):
        arithmetic.atan2(around, left)
    with pytest.raises(DomainFailure):
        arithmetic.atan2((0, 1 << 64), left)
    arithmetic.atan2(around, right)
    arithmetic.atan2((1, 1 << 64), left)


def test_powers_far_beyond_and_near_the_end() -> None:
    assert beyond_pair("powr", Fraction(3), Fraction(10**6) + Fraction(1, 2)) == 1
    assert beyond_pair("powr", Fraction(1, 3), Fraction(10**6)) == -1
    assert beyond_pair("powr", Fraction(3), Fraction(1000)) == 0
    assert beyond_pair("powr", 1 + Fraction(1, 2**40), Fraction(2**44)) == 0
    lo, hi = enclose_pair("powr", 1 + Fraction(1, 2**40), Fraction(2**44) + Fraction(1, 3), 64)
    assert Fraction(8886110) < lo < hi < Fraction(8886111)
    with pytest.raises(TooLarge):
        enclose_pair("powr", Fraction(3), Fraction(10**6) + Fraction(1, 2), 64)


SPECIAL: tuple[Value, ...] = (Fraction(0), "-0", "+inf", "-inf", "nan")
ORDINARY = [Fraction(k, 4) for k in (1, 2, 4, 6, 8, 12, 16, 20, -2, -4, -6, -8, -12, 37)] + [Fraction(1, 1024), Fraction(-1, 1024)]


def once(name: str, fmt: Any, a: Value, b: Value) -> Value:
    ours = read_format(fmt, "format")
    assert isinstance(ours, Float)
    nodes = (Node("var", (), "a"), Node("var", (), "b"), Node(name, (0, 1)))
    return run(nodes, Program({}, (ours,) * 3, ours), {"a": a, "b": b}, Budget())


def to_numpy(value: Value) -> Any:
    return np.float64(value.replace("+", "")) if isinstance(value, str) else np.float64(float(value))


def from_numpy(x: Any) -> Value:
    if np.isnan(x):
        return "nan"
    if np.isinf(x):
        return "+inf" if x > 0 else "-inf"
    return "-0" if x == 0 and np.signbit(x) else Fraction(float(x))


@pytest.mark.parametrize("name", PAIRS)
def test_special_values_are_those_of_numpy(name: str) -> None:
    """In fp16, where the library's float64 result decides every rounding of these arguments."""
    with np.errstate(all="ignore"):
        for a, b in product([*SPECIAL, *ORDINARY], repeat=2):
            expected = from_numpy(np.float16(NUMPY[name](to_numpy(a), to_numpy(b))))
            assert once(name, FP16, a, b) == expected, (a, b)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("mode", ["nearest_even", "nearest_away", "toward_zero", "up", "down"])
def test_all_pairs_of_small_codes_are_rounded_correctly(name: str, mode: str) -> None:
    """Against Arb to 600 bits; where its ball holds a rational value, that value's own rounding."""
    fmt = E4M3 | {"rounding": mode}
    ours = read_format(fmt, "format")
    assert isinstance(ours, Float)
    codes = [Fraction(m, 8) * Fraction(2) ** e for e in (-6, -2, 0, 1, 4, 8) for m in (8, 9, 11, 12, 14)] + [
        Fraction(1, 512),
        Fraction(7, 512),
    ]
    codes += [-x for x in codes[::3]]
    for a, b in product(codes, repeat=2):
        if name == "powr" and a < 0:
            continue
        low, high = arb_ends(name, a, b, 600)
        exact = exact_pair(name, a, b)
        expected = {ours.round(end) for end in ((low, high) if exact is None else (exact,))}
        assert {once(name, fmt, a, b)} == expected, (a, b)


@pytest.mark.parametrize("fmt", [FP16, FP32, FP64], ids=["fp16", "fp32", "fp64"])
def test_negative_bases_and_tiny_angles(fmt: Any) -> None:
    assert once("powr", fmt, Fraction(-3), Fraction(3)) == -27
    assert once("powr", fmt, Fraction(-3), Fraction(1, 2)) == "nan"
    assert once("powr", fmt | {"rounding": "up"}, Fraction(-3), Fraction(-1)) == -once(
        "powr", fmt | {"rounding": "down"}, Fraction(3), Fraction(-1)
    )
    tiny = Fraction(2) ** fmt["emin"]
    assert once("atan2", fmt, tiny, Fraction(1)) == tiny
    assert once("atan2", fmt | {"rounding": "down"}, tiny, Fraction(1)) < tiny


@pytest.mark.parametrize(("x", "y", "value"), [("4", "4", 256), ("16", "3/4", 8), ("9/4", "3/2", "27/8"), ("2", "-3", "1/8")])
def test_short_powers_are_exact(x: str, y: str, value: int | str) -> None:
    arithmetic = FixedPoint(64)
    found = arithmetic.powr(arithmetic.from_fraction(Fraction(x)), arithmetic.from_fraction(Fraction(y)))
    assert found == arithmetic.from_fraction(Fraction(value))
