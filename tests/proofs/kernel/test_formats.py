"""Rounding, neighbours, cells and error bounds, against the oracle and NumPy, and by trying every number of small formats."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from random import Random

import numpy as np
import pytest

from suffice.hardware_specs.rounding import round_exact
from suffice.proofs.kernel.cells import code_between, just_above, just_below
from suffice.proofs.kernel.fixed import FixedPoint
from suffice.proofs.kernel.formats import (
    NAN,
    Exact,
    Float,
    Int,
    finite,
    is_finite,
    power_of_two,
)
from suffice.proofs.kernel.grid import Overflow, grid
from suffice.proofs.kernel.held import Held

from .asking import SHAPES, both, definite_formats, named, reals
from .documents import E2M1, FP16, FP32, Json

from oracle.rounding import SPECIAL, cells, convert, neighbours, numbers, round_real  # isort: skip

FORMATS = definite_formats()
BITS = 128
"""Of fixed point, and again as many for errors."""
every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS.keys())


@every_format
def test_rounding_is_that_of_the_definition(fmt: Json) -> None:
    ours, theirs = both(fmt)
    for r in reals(ours, Random(1), 200):
        expected = named(round_real(r, theirs))
        assert ours.round(r) == expected, r
        assert ours.round_ratio(r.numerator * 6, r.denominator * 6) == expected, r
        library = round_exact(theirs, r)
        assert not isinstance(expected, Fraction) or library == expected, r


@every_format
def test_special_values(fmt: Json) -> None:
    ours, theirs = both(fmt)
    for value in SPECIAL:
        assert ours.round_special(str(named(value))) == named(convert(value, theirs))


@pytest.mark.parametrize(("fmt", "dtype"), [(FP16, np.float16), (FP32, np.float32)])
def test_rounding_is_that_of_numpy(fmt: Json, dtype: type) -> None:
    ours, _ = both(fmt)
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 1 << 63, 4000, dtype=np.int64).view(np.float64)
    scaled = rng.standard_normal(2000) * 2.0 ** rng.integers(-30, 20, 2000)
    with np.errstate(all="ignore"):
        for x in (*bits, *scaled):
            if np.isfinite(x):
                rounded = dtype(x)
                expected = Fraction(float(rounded)) if np.isfinite(rounded) else "+inf" if rounded > 0 else "-inf"
                assert ours.round(Fraction(float(x))) == ("-0" if rounded == 0 and x < 0 else expected)


@every_format
def test_neighbours(fmt: Json) -> None:
    ours, theirs = both(fmt)
    for r in reals(ours, Random(2), 80):
        below, above = ours.below(r), ours.above(r)
        assert below is None or below <= r
        assert above is None or above >= r
        found = {number for number in (below, above) if number is not None}
        assert found == {number for number in neighbours(theirs, r) if number in found} != set(), r
        largest = max((abs(n) for n in found), default=Fraction(0))
        between = numbers(theirs, below, above) if below is not None and above is not None and largest < 1 << 16 else []
        assert len(between) <= 2, r


@every_format
def test_error_and_gap_bound_every_rounding(fmt: Json) -> None:
    ours, _ = both(fmt)
    rng = Random(3)
    points = sorted(reals(ours, rng, 60))
    for _ in range(150):
        lo, hi = sorted(rng.sample(points, 2))
        inside = [r for r in (*points, (lo + hi) / 2) if lo <= r <= hi]
        error = rounding_error(ours, lo, hi)
        for r in inside if error is not None else ():
            code = ours.round(r)
            assert is_finite(code), r
            assert abs(finite(code) - r) <= error, (lo, hi, r)
        gap = ours.gap(lo, hi)
        if gap is not None:
            for r in inside:
                assert min(abs(n - r) for n in (ours.below(r), ours.above(r)) if n is not None) <= gap, (lo, hi, r)


def rounding_error(fmt: Float | Int, lo: Fraction, hi: Fraction) -> Fraction | None:
    """What the kernel says of all reals from lo to hi; None where one may overflow."""
    try:
        _, error = grid(fmt, BITS, BITS).round(Held(*FixedPoint(BITS).from_ends(lo, hi)))
    except Overflow:
        return None
    return Fraction(error, 1 << 2 * BITS)


def test_error_is_reached() -> None:
    """The bounds are sharp: half a spacing, a whole one, a flushed number, an overshoot of codes."""
    half, _ = both(FP16)
    assert rounding_error(half, Fraction(1), Fraction(2)) == Fraction(1, 2048)
    assert rounding_error(half, Fraction(1), Fraction(2) + Fraction(1, 500)) == Fraction(1, 1024)
    up, _ = both(FP16 | {"rounding": "up"})
    assert rounding_error(up, Fraction(1), Fraction(2)) == Fraction(1, 1024)
    flushed, _ = both(SHAPES["flushed"])
    assert rounding_error(flushed, Fraction(0), Fraction(1)) == Fraction(1, 4)
    codes, _ = both(definite_formats()["q7 nearest_even"])
    assert rounding_error(codes, Fraction(0), Fraction(3)) == 3 - Fraction(127, 128)


@every_format
def test_rounding_in_fixed_point_is_the_same(fmt: Json) -> None:
    ours, _ = both(fmt)
    for r in reals(ours, Random(4), 120):
        n = r.numerator * (1 << 24) // r.denominator
        expected = ours.round(Fraction(n, 1 << 24))
        try:
            held, error = grid(ours, 24, 200).round(Held(n, n))
        except Overflow:
            assert abs(n) > ours.max_finite * (1 << 24)
            assert not is_finite(expected) or abs(finite(expected)) == ours.max_finite
            continue
        assert is_finite(expected)
        assert held.lo <= finite(expected) * (1 << 24) <= held.hi
        if isinstance(ours, Float):
            assert held.lo == held.hi
            assert Fraction(error, 1 << 224) == abs(finite(expected) - Fraction(n, 1 << 24))


@every_format
def test_codes_between_two_reals_are_those_of_the_cells(fmt: Json) -> None:
    ours, theirs = both(fmt)
    rng = Random(5)
    for _ in range(25):
        lo, hi = sorted(rng.sample([r for r in reals(ours, rng, 40) if abs(r) < 64], 2)) if fmt["kind"] == "int" else _few(ours, rng)
        pieces = cells(theirs, lo, hi)
        inside = [code for code, parts in pieces.items() if any(part.lo < part.hi for part in parts)]
        whole = {code for code, parts in pieces.items()}
        found = code_between(ours, lo, hi) if lo < hi else ours.round(lo)
        if lo < hi:
            strictly = [code for code in whole if any(p.hi > lo and p.lo < hi and (p.lo < p.hi or lo < p.lo < hi) for p in pieces[code])]
            assert found == (named(strictly[0]) if len(strictly) == 1 and not (strictly == ["nan"] and lo < 0 < hi) else None), (lo, hi)
            ends = sorted({end for parts in pieces.values() for part in parts for end in (part.lo, part.hi)})
            for a, b in pairwise(ends):
                assert code_between(ours, a, b) == just_above(ours, a) == just_below(ours, b) == named(round_real((a + b) / 2, theirs))
        assert inside or lo == hi


def _few(fmt: Float | Int, rng: Random) -> tuple[Fraction, Fraction]:
    """An interval of a few cells somewhere in the format, or around zero, or beyond its largest number."""
    assert isinstance(fmt, Float)
    e = rng.choice([fmt.emin, fmt.emin + 1, fmt.emax])
    unit, place = power_of_two(e - fmt.p), power_of_two(e)
    if e == fmt.emin:
        place = rng.choice([Fraction(0), place])
    if e == fmt.emax:
        place = rng.choice([place, fmt.max_finite])
    start = place + unit * rng.randint(-6, 6) / rng.choice([1, 2, 3])
    end, sign = start + unit * rng.randint(0, 9) / rng.choice([1, 2, 4]), rng.choice([1, -1])
    return min(sign * start, sign * end), max(sign * start, sign * end)


def test_nan_stands_on_both_sides() -> None:
    ours, _ = both(FORMATS["e4m3 nearest_even"])
    assert ours.round(Fraction(500)) == ours.round(Fraction(-500)) == NAN
    assert code_between(ours, Fraction(-500), Fraction(500)) is None
    assert code_between(ours, Fraction(500), Fraction(600)) == NAN


@pytest.mark.parametrize("name", [name for name in SHAPES if name not in ("fp16", "fp32")])
def test_counts_and_casts_by_every_number(name: str) -> None:
    ours, theirs = both(SHAPES[name])
    assert isinstance(ours, Float)
    everything = numbers(theirs, -ours.max_finite, ours.max_finite)
    assert len(everything) <= ours.code_count() <= 2 * len(everything) + 2 * (1 << ours.p) + 4
    for other in SHAPES.values():
        wider, _ = both(other)
        assert not wider.holds(ours) or all(wider.round(number) == number for number in everything), other


def test_what_holds_what() -> None:
    half, single, tiny = (both(fmt)[0] for fmt in (FP16, FP32, E2M1))
    assert single.holds(half)
    assert half.holds(tiny)
    assert not half.holds(single)
    assert not tiny.holds(half)
    assert not both(FP32 | {"subnormals": "flushed"})[0].holds(half)
    assert Exact().holds(half)
    assert not half.holds(Exact())
    assert not both(FORMATS["q7 up"])[0].holds(both(FORMATS["q7 down"])[0])


def test_every_float16_value_is_a_fixed_point() -> None:
    half, _ = both(FP16)
    with np.errstate(all="ignore"):
        for bits, sign in product(range(0, 0x7C00, 7), (1, -1)):
            number = sign * Fraction(float(np.uint16(bits).view(np.float16)))
            assert half.round(number) == number or number == 0
            assert half.below(number) == number == half.above(number)
