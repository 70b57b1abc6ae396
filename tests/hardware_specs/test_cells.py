"""Cells, neighbours and whole-array functions, in every mode, overflow rule and treatment of subnormals."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from suffice.errors import FormatError
from suffice.hardware_specs.catalogue import format_name, parse_format
from suffice.hardware_specs.format import CodeFormat, ExactFormat, FloatFormat, IntFormat, Overflow, Rounding, Subnormals
from suffice.hardware_specs.rounding import (
    Special,
    Value,
    cell,
    cells,
    count_codes,
    count_numbers,
    is_representable,
    iterate_numbers,
    max_finite,
    min_finite,
    neighbours,
    round_exact,
    round_value,
    spacing,
)
from suffice.hardware_specs.vectorised import cell_ends_array, fits_float64, numbers_array, round_array

Doubles = NDArray[Any]

SMALL = ["fp4_e2m1", "fp6_e2m3", "fp6_e3m2", "fp8_e4m3", "fp8_e4m3fnuz", "fp8_e5m2", "fp8_e5m2fnuz"]
CUSTOM = [
    "float(p=1,emin=-3,emax=3)",
    "float(p=2,emin=1,emax=1,max_finite=2)",
    "float(p=3,emin=-2,emax=2,max_finite=5,negative_zero=false)",
    "float(p=5,emin=40,emax=42)",
    "float(p=4,emin=-1022,emax=-1018)",
    "float(p=4,emin=896,emax=900)",
    "float(p=1,emin=890,emax=1022)",
]
INTEGERS = ["int8(scale=1/64,zero=0)", "int4(scale=3/8,zero=-2)", "uint8(scale=5,zero=128)", "int4(scale=1,zero=40)"]
LARGE = [
    "fp16",
    "bf16",
    "tf32",
    "fp32",
    "fp64",
    "float(p=52,emin=-1022,emax=1023)",
    "float(p=53,emin=-20,emax=20)",
    "float(p=1,emin=-1022,emax=1023)",
]


def float_variants(names: list[str]) -> Iterator[FloatFormat]:
    """Every rule that the format allows."""
    for name, mode, subnormals, overflow in itertools.product(names, Rounding, Subnormals, Overflow):
        fmt = parse_format(name)
        assert isinstance(fmt, FloatFormat)
        if {Overflow.INFINITY: fmt.infinities, Overflow.NAN: fmt.nan}.get(overflow, True):
            yield replace(fmt, rounding=mode, subnormals=subnormals, overflow=overflow)


def int_variants() -> Iterator[IntFormat]:
    for name, mode in itertools.product(INTEGERS, Rounding):
        fmt = parse_format(name)
        assert isinstance(fmt, IntFormat)
        yield replace(fmt, rounding=mode)


def small_formats() -> list[FloatFormat | IntFormat]:
    return [*float_variants(SMALL + CUSTOM), *int_variants()]


def values_of(fmt: FloatFormat | IntFormat) -> list[Value]:
    """Every value that reals may round to, in the order of the reals."""
    lo, hi = min_finite(fmt), max_finite(fmt)
    assert lo is not None
    assert hi is not None
    numbers: list[Value] = list(iterate_numbers(fmt, lo, hi))
    if isinstance(fmt, FloatFormat):
        numbers.insert(numbers.index(Fraction(0)), Special.NEGATIVE_ZERO)
        numbers = [Special.NEGATIVE_INFINITY, *numbers, Special.INFINITY]
    return numbers


def same(a: Doubles, b: Doubles) -> Doubles:
    equal: Doubles = ((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))
    return equal


def test_cells_are_what_rounding_says_and_cover_the_reals() -> None:
    seen = 0
    for fmt in small_formats():
        step = spacing(fmt, Fraction(0)) / 1000
        parts = [(v, part) for v in [*values_of(fmt), Special.NAN] for part in cells(fmt, v)]
        parts.sort(key=lambda item: (item[1].lo is not None, item[1].lo or 0, item[1].hi is None, item[1].hi or 0))
        assert parts[0][1].lo is None
        assert parts[-1][1].hi is None
        for (_, left), (_, right) in itertools.pairwise(parts):
            assert left.hi == right.lo
            assert left.hi_closed != right.lo_closed
        for value, part in parts:
            for end, closed, outward in ((part.lo, part.lo_closed, -step), (part.hi, part.hi_closed, step)):
                if end is None:
                    beyond = 1000 * (1 + max(abs(n) for n in (min_finite(fmt), max_finite(fmt)) if n is not None))
                    assert round_exact(fmt, beyond if outward > 0 else -beyond) == value
                    continue
                assert (round_exact(fmt, end) == value) == closed == part.contains(end)
                assert round_exact(fmt, end + outward) != value
                assert not part.contains(end + outward)
                if part.lo != part.hi:
                    assert round_exact(fmt, end - outward) == value
                    assert part.contains(end - outward)
        assert count_codes(fmt) == len({value for value, _ in parts})
        seen += len(parts)
    assert seen > 20_000


def test_neighbours_are_the_numbers_around() -> None:
    for fmt in small_formats():
        numbers = [v for v in values_of(fmt) if isinstance(v, Fraction)]
        assert count_numbers(fmt) == len(numbers)
        assert neighbours(fmt, numbers[0] - 1) == (None, numbers[0])
        assert neighbours(fmt, numbers[-1] + 1) == (numbers[-1], None)
        for left, right in itertools.pairwise(numbers):
            assert left < right
            assert neighbours(fmt, left) == (left, left)
            for between in (left + (right - left) / 7, (left + right) / 2):
                assert neighbours(fmt, between) == (left, right)
                assert not is_representable(fmt, between)
                assert round_value(fmt, round_exact(fmt, between)) == round_exact(fmt, between)


def test_arrays_of_numbers_and_cell_ends_equal_the_exact_ones() -> None:
    for fmt in small_formats():
        assert fits_float64(fmt)
        numbers = numbers_array(fmt, Fraction(min_finite(fmt) or 0), Fraction(max_finite(fmt) or 0), negative_zero=True)
        values: list[Value] = [v for v in values_of(fmt) if v not in (Special.INFINITY, Special.NEGATIVE_INFINITY)]
        if isinstance(fmt, FloatFormat) and not fmt.negative_zero:
            values.remove(Special.NEGATIVE_ZERO)
        assert same(numbers, np.array([float(v) for v in values])).all()
        if isinstance(fmt, FloatFormat) and fmt.overflow is Overflow.INFINITY:
            values = [v for v in (Special.NEGATIVE_INFINITY, *values, Special.INFINITY) if cells(fmt, v)]
        values = [v for v in values if cells(fmt, v)]
        lo, hi = cell_ends_array(fmt, np.array([float(v) for v in values]))
        for value, lower, upper in zip(values, lo.tolist(), hi.tolist(), strict=True):
            part = cell(fmt, value)
            assert lower == (float("-inf") if part.lo is None else part.lo), (format_name(fmt), value)
            assert upper == (float("inf") if part.hi is None else part.hi), (format_name(fmt), value)


def test_a_part_of_the_numbers_is_listed() -> None:
    fmt = parse_format("fp8_e4m3")
    assert isinstance(fmt, FloatFormat)
    everything = numbers_array(fmt, Fraction(-448), Fraction(448))
    for lo, hi in ((-1, 1), (Fraction(1, 3), 7), (-500, -3), (Fraction(101, 100), Fraction(102, 100)), (500, 600)):
        expected = everything[(everything >= float(lo)) & (everything <= float(hi))]
        assert numbers_array(fmt, Fraction(lo), Fraction(hi)).tolist() == expected.tolist()
        assert list(iterate_numbers(fmt, Fraction(lo), Fraction(hi))) == expected.tolist()


def boundary_doubles(fmt: FloatFormat | IntFormat, values: list[Value]) -> Doubles:
    """Numbers and cell ends, with the float64 before and after each."""
    ends = [end for v in values for part in cells(fmt, v) for end in (part.lo, part.hi) if end is not None]
    base = np.array([float(v) for v in values] + [float(end) for end in ends if abs(end) <= Fraction(sys.float_info.max)])
    with np.errstate(over="ignore"):
        return np.concatenate([base, np.nextafter(base, np.inf), np.nextafter(base, -np.inf)])


def check_array(fmt: FloatFormat | IntFormat, points: Doubles) -> None:
    expected = []
    for point in points.tolist():
        special = point != point or point in (float("inf"), float("-inf")) or (point == 0 and np.signbit(point))
        value: Value = Special(f"{point:+}".replace("+nan", "nan").replace("-0.0", "-0")) if special else Fraction(point)
        expected.append(float(round_value(fmt, value)))
    wrong = ~same(round_array(fmt, points), np.array(expected))
    assert not wrong.any(), (format_name(fmt), points[wrong][:5], round_array(fmt, points)[wrong][:5], np.array(expected)[wrong][:5])


SPECIAL_DOUBLES = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 1.7e308, -1.7e308, 3.0, -3.0]


def test_round_array_on_small_formats() -> None:
    for fmt in small_formats():
        values = values_of(fmt)
        kept = values if len(values) < 70 else values[:20] + values[len(values) // 2 - 20 : len(values) // 2 + 20] + values[-20:]
        check_array(fmt, np.concatenate([boundary_doubles(fmt, kept), SPECIAL_DOUBLES]))


def test_round_array_on_large_formats() -> None:
    rng = np.random.default_rng(11)
    for fmt in float_variants(LARGE):
        smallest = spacing(fmt, Fraction(0))
        exponents = rng.integers(fmt.emin - fmt.p - 1, fmt.emax + 2, 60)
        magnitudes = [
            Fraction(int(m)) * Fraction(2) ** (int(e) - 53) for m, e in zip(rng.integers(1 << 52, 1 << 53, 60), exponents, strict=True)
        ]
        numbers = {n for m in magnitudes for n in neighbours(fmt, m) if n is not None}
        numbers |= {Fraction(0), fmt.max_finite, Fraction(2) ** fmt.emin, Fraction(2) ** fmt.emin - smallest, smallest, 3 * smallest}
        values: list[Value] = sorted({s * n for n in numbers for s in (1, -1) if is_representable(fmt, n)})
        points = boundary_doubles(fmt, [*values, Special.INFINITY, Special.NEGATIVE_INFINITY, Special.NEGATIVE_ZERO])
        inexact = np.array([float(m) for m in magnitudes if m < Fraction(2) ** 1023])
        check_array(fmt, np.concatenate([points, inexact, -inexact, SPECIAL_DOUBLES]))


def test_round_array_on_random_formats() -> None:
    rng = np.random.default_rng(23)
    for _ in range(150):
        p, emin = int(rng.integers(1, 54)), int(rng.integers(-1022, 901))
        emax = int(rng.integers(emin, min(emin + 40, 1023) + 1))
        rules = {"rounding": rng.choice(list(Rounding)), "subnormals": rng.choice(list(Subnormals)), "overflow": rng.choice(list(Overflow))}
        fmt = parse_format(f"float(p={p},emin={emin},emax={emax},{','.join(f'{key}={value}' for key, value in rules.items())})")
        step = parse_format(f"int16(scale={rng.integers(1, 1 << 20)}/{1 << int(rng.integers(0, 40))},zero=9,rounding={rules['rounding']})")
        for each in (fmt, step):
            assert isinstance(each, FloatFormat | IntFormat)
            assert fits_float64(each)
            largest = max_finite(each) or Fraction(1)
            near = [neighbours(each, largest * Fraction(float(u)))[0] or Fraction(0) for u in rng.uniform(0, 1, 12) ** 8]
            check_array(each, np.concatenate([boundary_doubles(each, list(near)), rng.uniform(-1, 1, 12) * float(largest)]))


def test_what_fits_in_float64() -> None:
    for text, fits in (
        ("fp64", True),
        ("float(p=54,emin=-10,emax=10)", False),
        ("float(p=9,emin=-1023,emax=10)", False),
        ("float(p=9,emin=-10,emax=1024)", False),
        ("int16(scale=0x1p80,zero=0)", True),
        ("int16(scale=0x1fffffffffp-9,zero=0)", False),
        ("int16(scale=1/3,zero=0)", False),
        ("int16", False),
        ("exact", False),
    ):
        assert fits_float64(parse_format(text)) == fits, text


def test_a_shape_is_kept_and_the_argument_left_alone() -> None:
    points = np.array([[1.01, -2.03], [0.0, 1e9]])
    before = points.copy()
    assert round_array(parse_format("fp8_e4m3"), points[:, ::-1]).shape == (2, 2)
    assert (points == before).all()
    assert round_array(ExactFormat(), points).tolist() == before.tolist()
    assert round_array(parse_format("fp16"), np.empty(0)).size == 0


def test_codes_with_a_scale_that_float64_does_not_hold_are_near() -> None:
    fmt = parse_format("int8(scale=1/3,zero=5)")
    assert not fits_float64(fmt)
    points = np.linspace(-50, 50, 2_001)
    for point, rounded in zip(points.tolist(), round_array(fmt, points).tolist(), strict=True):
        exact = round_exact(fmt, Fraction(point))
        assert isinstance(exact, Fraction)
        assert abs(Fraction(rounded) - exact) <= Fraction(1, 10**12)


def test_what_has_no_definite_numbers_is_refused() -> None:
    for fmt in (CodeFormat(bits=8), parse_format("int8")):
        with pytest.raises(FormatError):
            round_exact(fmt, Fraction(1))
        with pytest.raises(FormatError):
            round_array(fmt, np.ones(1))
    with pytest.raises(FormatError, match="does not fit in float64"):
        round_array(parse_format("float(p=54,emin=-10,emax=10)"), np.ones(1))
    with pytest.raises(FormatError, match="too many to list"):
        numbers_array(parse_format("fp64"), Fraction(0), Fraction(1))  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="in two parts"):
        cell(parse_format("fp8_e4m3"), Special.NAN)
    with pytest.raises(FormatError, match="none"):
        cell(parse_format("fp16(rounding=down)"), Special.NEGATIVE_ZERO)
    assert count_codes(CodeFormat(bits=8)) == 256
    assert count_codes(parse_format("int8")) == 256
    assert count_codes(ExactFormat()) is None
    assert cell(ExactFormat(), Fraction(1, 3)).contains(Fraction(1, 3))
    assert not cell(ExactFormat(), Fraction(1, 3)).contains(Fraction(1, 2))
