"""Elementary functions of the kernel against Arb; every check is also shown to fail on planted faults."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from suffice.proofs.kernel import composed, elementary, series
from suffice.proofs.kernel.functions import FUNCTIONS, DomainFailure, TooLarge, beyond, enclose_function, exact_value

sys.path.insert(0, str(Path(__file__).parent))
from kernel_oracle import COMPOSED, NAMES, PRECISIONS, arguments, check_encloses, check_point, point_function

COUNTS = {64: 700, 128: 700, 300: 500, 1200: 250}


@pytest.mark.parametrize("bits", PRECISIONS)
@pytest.mark.parametrize("name", [*NAMES, *COMPOSED])
def test_points_lie_inside_and_enclosures_are_narrow(name: str, bits: int) -> None:
    for x in arguments(name, bits, COUNTS[bits], seed=1):
        check_point(name, x, bits)


@pytest.mark.parametrize("name", [*NAMES, *COMPOSED])
def test_tiny_and_long_arguments(name: str) -> None:
    bits = 4096
    for x in (1 << bits - 1000, 3 << bits - 1074, (1 << bits) - 1, 5 << bits - 4, 1, (1 << bits) // 7):
        check_point(name, x + (1 << bits if name == "acosh" else 0), bits)


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "atan", "tanh", "log", "log2", "log10", "asinh", "acosh", "cbrt"])
@pytest.mark.parametrize("exponent", [100, 1023, 16383])
def test_huge_arguments(name: str, exponent: int) -> None:
    for x in (1 << exponent, 3 << exponent, 10**22):
        check_point(name, x << 128, 128)
        check_point(name, (x << 128) + 1, 128)


def test_tan_next_to_poles_is_relatively_narrow() -> None:
    bits = 128
    for k in (1, 3, 5, 11, 355, 10**9 + 1):
        pole = series.pi_below(bits + 40) * k >> 41
        for step in (-1, 0, 1, 2):
            check_point("tan", pole + step, bits)


@pytest.mark.parametrize("p", [1, 63, 64, 255, 256, 257, 512, 1000, 4096, 20000])
def test_constants(p: int) -> None:
    from flint import arb, ctx

    with ctx.workprec(p + 64):
        for below, true in ((series.pi_below(p), arb.pi()), (series.ln2_below(p), arb.const_log2())):
            scaled = true * arb(2) ** p
            assert arb(below) < scaled
            assert scaled < arb(below + 2)


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        *((name, 0, 0) for name in ("sin", "tan", "asin", "atan", "sinh", "tanh", "expm1", "log1p", "sqrt", "cbrt", "asinh", "atanh")),
        *((name, 0, 1) for name in ("exp", "cos", "cosh", "exp2")),
        *((name, 1, 0) for name in ("log", "acos", "log2", "log10", "acosh")),
        *(("sqrt", 4, 2), ("cbrt", 27, 3), ("cbrt", -8, -2), ("log2", 32, 5), ("exp2", 7, 128), ("log10", 1000, 3)),
    ],
)
def test_special_points_are_exact(name: str, x: int, value: int) -> None:
    for bits in PRECISIONS:
        assert point_function(name)(x << bits, bits) == (value << bits, value << bits)
    assert exact_value(name, Fraction(x)) == value
    assert enclose_function(name, Fraction(x), 100) == (Fraction(value), Fraction(value))


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("exp", 1),
        ("log", 2),
        ("sqrt", 2),
        ("acos", 0),
        ("asin", 1),
        ("cos", 3),
        ("atan", 1),
        ("log2", 3),
        ("log10", 2),
        ("cbrt", 2),
        ("acosh", 2),
        ("asinh", 1),
    ],
)
def test_other_values_are_irrational(name: str, x: int) -> None:
    assert exact_value(name, Fraction(x)) is None
    lo, hi = enclose_function(name, Fraction(x), 100)
    assert lo < hi


def test_square_roots_of_rational_squares() -> None:
    assert exact_value("sqrt", Fraction(9, 16)) == Fraction(3, 4)
    assert exact_value("sqrt", Fraction(9, 15)) is None
    assert exact_value("sqrt", Fraction(1, 2)) is None


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("log10", "1e-300", "-300"), ("log10", "1e299", "299"), ("log10", "20", None), ("log10", "2", None), ("log10", "1/20", None),
        ("log2", "1/1024", "-10"), ("log2", "3/4", None), ("exp2", "-3", "1/8"), ("exp2", "1/2", None), ("exp2", "1/3", None),
        ("cbrt", "-27/8", "-3/2"), ("cbrt", "27/4", None), ("cbrt", "9", None), ("atanh", "1/2", None), ("acosh", "5/4", None),
    ],
)  # fmt: skip
def test_rational_values_of_logarithms_and_roots(name: str, x: str, value: str | None) -> None:
    assert exact_value(name, Fraction(x)) == (None if value is None else Fraction(value))


@pytest.mark.parametrize("power", [*range(-40, 41), 5000, -5000, 60_000])
def test_every_power_of_ten_and_its_neighbours(power: int) -> None:
    x = Fraction(10) ** power
    assert exact_value("log10", x) == power
    assert exact_value("log10", x + Fraction(1, 7)) is None
    assert exact_value("log10", x + 1 if x >= 1 else 1 / (1 / x + 1)) in (None, Fraction(1) if power == 0 else None)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 64, 1001])
def test_integer_roots(k: int) -> None:
    rng = Random(k)
    numbers = [0, 1, 2, *(rng.getrandbits(rng.randint(1, 4000)) for _ in range(100))]
    numbers += [rng.getrandbits(rng.randint(1, 40)) ** k + step for step in (0, 1) for _ in range(100)]
    numbers += [(rng.getrandbits(rng.randint(1, 40)) + 2) ** k - 1 for _ in range(100)]
    for n in numbers:
        root = composed.integer_root(n, k)
        assert root**k <= n < (root + 1) ** k


def _rationals(name: str, count: int) -> list[Fraction]:
    rng = Random(f"rationals {name}")
    found = [Fraction(1, 3), Fraction(5, 7), Fraction(1, 2**1074), Fraction(3, 2**160), 1 - Fraction(1, 2**60), 1 - Fraction(1, 3**70)]
    found += [1 + Fraction(1, 2**500), Fraction(355, 226), Fraction(355, 113), Fraction(10**22), Fraction(6381956970095103 * 2**797)]
    found += [Fraction(700), Fraction(1234, 3), Fraction(20001, 7), Fraction(12345678901, 10**4)]
    found += [Fraction(rng.getrandbits(60) + 1, rng.getrandbits(60) + 1) for _ in range(count)]
    found += [Fraction(rng.getrandbits(11) + 1) * Fraction(2) ** rng.randint(-60, 8) for _ in range(count)]
    found += [-x for x in found]
    largest = Fraction(20000) if name in ("exp", "expm1", "sinh", "cosh", "exp2") else None
    if name in ("log2", "log10", "acosh", "atanh"):
        least, most = {"acosh": (Fraction(1), None), "atanh": (Fraction(-1), Fraction(1))}.get(name, (Fraction(0), None))
        return [x for x in found if x > least and (most is None or x < most)]
    lowest = {"sqrt": Fraction(0), "log": Fraction(0), "log1p": Fraction(-1), "asin": Fraction(-1), "acos": Fraction(-1)}.get(name)
    highest = Fraction(1) if name in ("asin", "acos") else None
    return [
        x for x in found if (largest is None or abs(x) <= largest) and (lowest is None or x > lowest) and (highest is None or x < highest)
    ]


@pytest.mark.parametrize("name", [*NAMES, *COMPOSED])
def test_enclosures_at_rationals_are_relatively_narrow(name: str) -> None:
    for x in _rationals(name, 150):
        for bits in (20, 80):
            lo, hi = enclose_function(name, x, bits)
            assert lo > 0 or hi < 0 or lo == hi == 0, (name, x)
            assert (hi - lo) * 2**bits <= 2 * min(abs(lo), abs(hi)), (name, x)
            largest = max(abs(lo), abs(hi))
            check_encloses(name, x, (lo, hi), 2 * bits + max(0, largest.denominator.bit_length() - largest.numerator.bit_length()))


def test_strictness_decides_what_no_precision_can() -> None:
    lo, hi = enclose_function("tanh", Fraction(10**5), 80)
    assert lo < hi == 1
    lo, hi = enclose_function("expm1", Fraction(-(10**9)), 80)
    assert lo == -1 < hi
    lo, hi = enclose_function("cosh", Fraction(1, 2**1000), 80)
    assert lo == 1 < hi


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("sqrt", -1),
        ("log", 0),
        ("log", -1),
        ("log1p", -1),
        ("asin", 2),
        ("acos", -2),
        ("log2", 0),
        ("log10", -1),
        ("acosh", 0),
        ("atanh", 1),
        ("atanh", -1),
    ],
)
def test_outside_the_domain(name: str, x: int) -> None:
    with pytest.raises(DomainFailure):
        exact_value(name, Fraction(x))
    with pytest.raises(DomainFailure):
        enclose_function(name, Fraction(x), 64)
    with pytest.raises(DomainFailure):
        point_function(name)(x << 64, 64)


@pytest.mark.parametrize(
    ("name", "x", "side"),
    [
        ("exp", 10**6, 1),
        ("exp", -(10**9), -1),
        ("sinh", -(10**6), 1),
        ("cosh", 50_000, 1),
        ("expm1", 10**5, 1),
        ("exp2", 65_537, 1),
        ("exp2", -(10**6), -1),
    ],
)
def test_too_large(name: str, x: int, side: int) -> None:
    with pytest.raises(TooLarge):
        enclose_function(name, Fraction(x) + Fraction(1, 2), 64)
    assert beyond(name, Fraction(x)) == side


def test_what_can_be_enclosed_is_not_beyond() -> None:
    for name in FUNCTIONS:
        assert beyond(name, Fraction(1, 2)) == 0
    assert beyond("expm1", Fraction(-(10**6))) == 0
    edge = Fraction(elementary.MAX_EXP_ARGUMENT)
    assert enclose_function("exp", edge, 64)[0] > 2**65536
    assert beyond("exp", edge) == 0
    assert beyond("exp", edge + Fraction(1, 2)) == 1


def test_work_is_bounded() -> None:
    with pytest.raises(TooLarge):
        enclose_function("sin", Fraction(1, 2**70000), 64)
    with pytest.raises(TooLarge):
        enclose_function("sin", Fraction(2**300000), 64)
    with pytest.raises(TooLarge):
        elementary.power(3 << 64, 10**5, 64)
    with pytest.raises(TooLarge):
        elementary.power(3 << 64, 50_000, 64)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 777, -1, -2, -5, -31])
def test_powers(n: int) -> None:
    rng, bits = Random(n), 128
    for _ in range(200):
        x = rng.getrandbits(rng.randint(1, bits + 3)) + (0 if n > 0 else 1 << bits - 20)
        x = x or 1
        lo, hi = elementary.power(x, n, bits)
        true = Fraction(x, 1 << bits) ** n * 2**bits
        assert lo <= true <= hi
        assert hi - lo <= 2 + (2 * hi >> bits)


@pytest.mark.parametrize(
    ("x", "n"), [(Fraction(3), 5), (Fraction(3, 2), 40), (Fraction(1, 2), 60), (Fraction(1, 4), -30), (Fraction(2), -64)]
)
def test_short_powers_are_exact(x: Fraction, n: int) -> None:
    scaled = x**n * 2**64
    assert scaled.denominator == 1
    assert elementary.power(int(x * 2**64), n, 64) == (int(scaled), int(scaled))


@pytest.mark.parametrize("p", [6, 10, 17, 40, 90])
def test_errors_of_series_are_bounded(p: int) -> None:
    """Without guard bits, so that nothing but the stated errors is left."""
    rng = Random(p)
    half, unit = 1 << p - 1, 1 << p
    for _ in range(400):
        y, positive = rng.randint(-half, half), rng.randrange(unit)
        for name, x, (value, error) in (
            ("exp", y, series.exp_series(y, p)),
            ("sin", positive, series.sin_series(positive, p)),
            ("atan", y, series.odd_series(y, p, -1)),
            ("atanh", y, series.odd_series(y, p, 1)),
        ):
            check_encloses(name, Fraction(x, unit), (Fraction(value - error, unit), Fraction(value + error, unit)), p)
            assert error <= p + 5


def test_quarter_turns_match_arb() -> None:
    from flint import arb, ctx, fmpq

    for bits in (64, 300):
        for x in arguments("sin", bits, 300, seed=2):
            with ctx.workprec(4 * bits + 200):
                true = (arb(fmpq(x, 1 << bits)) * 2 / arb.pi()).floor().unique_fmpz()
            assert elementary.quarter_turns(x, bits) == true


Fault = Callable[[pytest.MonkeyPatch], None]


def _series_without_a_term(name: str, degree: int) -> Fault:
    def plant(patch: pytest.MonkeyPatch) -> None:
        right = getattr(series, name)

        def wrong(y: int, p: int, *rest: int) -> tuple[int, int]:
            value, error = right(y, p, *rest)
            divisor = degree if name == "odd_series" else math.factorial(degree)
            return value - y**degree // (divisor << p * (degree - 1)), error

        patch.setattr(elementary, name, wrong)

    return plant


def _shifted(name: str, by: int) -> Fault:
    def plant(patch: pytest.MonkeyPatch) -> None:
        right = getattr(elementary, name)
        patch.setattr(elementary, name, lambda p: right(p) + (by << p - 100 if p > 100 else by))

    return plant


def _inward(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        elementary, "outward", lambda low, high, shift: (-(-low >> shift), high >> shift) if shift > 0 else (low << -shift, high << -shift)
    )


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("exp", _series_without_a_term("exp_series", 5)),
        ("tanh", _series_without_a_term("exp_series", 7)),
        ("sin", _series_without_a_term("sin_series", 5)),
        ("tan", _series_without_a_term("sin_series", 7)),
        ("log", _series_without_a_term("odd_series", 5)),
        ("atan", _series_without_a_term("odd_series", 7)),
        ("acos", _series_without_a_term("odd_series", 3)),
        ("cos", _shifted("pi_below", 4)),
        ("asin", _shifted("pi_below", -4)),
        ("log", _shifted("ln2_below", 4)),
        ("exp", _shifted("ln2_below", 4)),
        *((name, _inward) for name in NAMES if name != "sqrt"),
    ],
)
def test_planted_faults_are_caught(name: str, plant: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    points = arguments(name, 128, 100, seed=3)
    for x in points:
        check_point(name, x, 128)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        for x in points:
            check_point(name, x, 128)
