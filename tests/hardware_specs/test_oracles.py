"""Numbers and rounding of the catalogue against ml_dtypes, NumPy and gfloat."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, Overflow, Rounding
from suffice.hardware_specs.rounding import Special, Value, count_codes, count_numbers, iterate_numbers, round_exact, round_special
from suffice.hardware_specs.vectorised import numbers_array, round_array

Doubles = NDArray[Any]

DTYPES: dict[str, tuple[Any, int]] = {
    "fp4_e2m1": (ml_dtypes.float4_e2m1fn, 4),
    "fp6_e2m3": (ml_dtypes.float6_e2m3fn, 6),
    "fp6_e3m2": (ml_dtypes.float6_e3m2fn, 6),
    "fp8_e4m3": (ml_dtypes.float8_e4m3fn, 8),
    "fp8_e4m3fnuz": (ml_dtypes.float8_e4m3fnuz, 8),
    "fp8_e5m2": (ml_dtypes.float8_e5m2, 8),
    "fp8_e5m2fnuz": (ml_dtypes.float8_e5m2fnuz, 8),
    "bf16": (ml_dtypes.bfloat16, 16),
    "fp16": (np.float16, 16),
}
GFLOAT_FORMATS = {
    "fp4_e2m1": gfloat.formats.format_info_ocp_e2m1,
    "fp6_e2m3": gfloat.formats.format_info_ocp_e2m3,
    "fp6_e3m2": gfloat.formats.format_info_ocp_e3m2,
    "fp8_e4m3": gfloat.formats.format_info_ocp_e4m3,
    "fp8_e5m2": gfloat.formats.format_info_ocp_e5m2,
    "bf16": gfloat.formats.format_info_bfloat16,
    "fp16": gfloat.formats.format_info_binary16,
}
GFLOAT_MODES = {
    Rounding.NEAREST_EVEN: gfloat.RoundMode.TiesToEven,
    Rounding.NEAREST_AWAY: gfloat.RoundMode.TiesToAway,
    Rounding.TOWARD_ZERO: gfloat.RoundMode.TowardZero,
    Rounding.UP: gfloat.RoundMode.TowardPositive,
    Rounding.DOWN: gfloat.RoundMode.TowardNegative,
}


def named(name: str) -> FloatFormat:
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    return fmt


def decoded(name: str) -> Doubles:
    """The value of every code, by ml_dtypes or NumPy."""
    dtype, bits = DTYPES[name]
    codes = np.arange(1 << bits, dtype=np.uint8 if bits <= 8 else np.uint16)
    with np.errstate(invalid="ignore"):
        values: Doubles = codes.view(dtype).astype(np.float64)
    return values


def float32_points(name: str) -> Doubles:
    """Every finite number and every midpoint, the overflow threshold too, with their float32 neighbours; huge and tiny values."""
    numbers = np.unique(decoded(name)[np.isfinite(decoded(name))])
    beyond = numbers[-1] + (numbers[-1] - numbers[-2])
    padded = np.concatenate([[-beyond], numbers, [beyond]])
    middles = (padded[1:] + padded[:-1]) / 2
    with np.errstate(over="ignore"):
        base = np.concatenate([padded, middles, [0.0, 1e30, 3e38, -3e38, 1e-45, -1e-45]]).astype(np.float32)
        points = np.concatenate([base, np.nextafter(base, np.float32(np.inf)), np.nextafter(base, np.float32(-np.inf))])
    finite: Doubles = points[np.isfinite(points)]
    return finite


def as_float(value: Value) -> float:
    return float(value)


def same(a: Doubles, b: Doubles) -> Doubles:
    """Equal as values that a machine holds: zeros of different sign differ, NaN equals NaN."""
    equal: Doubles = ((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))
    return equal


@pytest.mark.parametrize("name", DTYPES)
def test_every_code_of_the_format_is_a_number_and_no_other(name: str) -> None:
    fmt, values = named(name), decoded(name)
    finite = values[np.isfinite(values)]
    ours = list(iterate_numbers(fmt, -fmt.max_finite, fmt.max_finite))
    assert ours == [Fraction(v) for v in np.unique(finite)]
    assert count_numbers(fmt) == len(ours)
    assert fmt.nan == bool(np.isnan(values).any())
    assert fmt.infinities == bool(np.isinf(values).any())
    assert fmt.negative_zero == bool((np.signbit(values) & (values == 0)).any())
    assert fmt.bits == DTYPES[name][1]
    in_array = numbers_array(fmt, -fmt.max_finite, fmt.max_finite, negative_zero=True)
    expected = np.sort(finite)
    expected[expected == 0] = [-0.0, 0.0] if fmt.negative_zero else [0.0]
    assert same(in_array, expected).all()


@pytest.mark.parametrize("name", DTYPES)
def test_rounding_equals_the_cast_from_float32(name: str) -> None:
    fmt, points = named(name), float32_points(name)
    with np.errstate(all="ignore"):
        cast = points.astype(DTYPES[name][0]).astype(np.float64)
    doubles = points.astype(np.float64)
    assert same(round_array(fmt, doubles), cast).all()
    step = max(1, len(points) // 150_000)
    for point, expected in zip(doubles[::step], cast[::step], strict=True):
        if point != 0:
            assert same(np.array(as_float(round_exact(fmt, Fraction(point)))), np.array(expected)), point


@pytest.mark.parametrize("overflow", [None, Overflow.SATURATE])
@pytest.mark.parametrize("mode", Rounding)
@pytest.mark.parametrize("name", GFLOAT_FORMATS)
def test_rounding_equals_gfloat(name: str, mode: Rounding, overflow: Overflow | None) -> None:
    fmt = replace(named(name), rounding=mode)
    fmt = replace(fmt, overflow=overflow) if overflow else fmt
    points = float32_points(name).astype(np.float64)
    if len(points) > 2_500:
        points = np.random.default_rng(1).choice(points, 1_500, replace=False)
        points = np.concatenate(
            [points, float32_points(name).astype(np.float64)[-6:], np.array([6e4, 65504, 65519, 65520, -65519, -65520])]
        )
    saturate = fmt.overflow is Overflow.SATURATE
    for point in points[points != 0]:
        expected = gfloat.round_float(GFLOAT_FORMATS[name], float(point), GFLOAT_MODES[mode], saturate)
        ours = as_float(round_exact(fmt, Fraction(float(point))))
        assert same(np.array(ours), np.array(expected)), (point, ours, expected)


def random_doubles(count: int, lowest: int, highest: int) -> Doubles:
    rng = np.random.default_rng(7)
    return rng.choice([-1.0, 1.0], count) * np.ldexp(rng.uniform(1, 2, count), rng.integers(lowest, highest, count))


def test_float64_to_float32_equals_the_cast_of_numpy() -> None:
    fmt = named("fp32")
    numbers = random_doubles(30_000, -148, 127).astype(np.float32)
    middles = (numbers.astype(np.float64) + np.nextafter(numbers, np.float32(0)).astype(np.float64)) / 2
    largest = float(fmt.max_finite)
    edges = np.array([largest, 2.0**128 - 2.0**103, 2.0**128, 2.0**-149, 2.0**-150, 1.5 * 2.0**-150, 2.0**-126])
    base = np.concatenate([middles, edges, -edges])
    with np.errstate(all="ignore"):
        points = np.concatenate([base, np.nextafter(base, np.inf), np.nextafter(base, -np.inf), random_doubles(100_000, -160, 130)])
        cast = points.astype(np.float32).astype(np.float64)
    assert same(round_array(fmt, points), cast).all()
    for point, expected in zip(points[::50], cast[::50], strict=True):
        assert same(np.array(as_float(round_exact(fmt, Fraction(point)))), np.array(expected))


def test_fp64_is_the_float_of_python() -> None:
    fmt = named("fp64")
    rng = np.random.default_rng(3)
    for numerator, denominator in rng.integers(1, 1 << 62, (3_000, 2)).tolist():
        for shift in (0, 1000, -1000, -1065, -1080):
            r = Fraction(numerator, denominator) * Fraction(2) ** shift
            assert round_exact(fmt, r) == Fraction(float(r))
    points = np.concatenate([random_doubles(1000, -1074, 1023), [5e-324, 1.7976931348623157e308]])
    assert same(round_array(fmt, points), points).all()


def test_numbers_from_the_literature() -> None:
    assert round_exact(named("fp16"), Fraction(65519)) == 65504
    assert round_exact(named("fp16"), Fraction(65520)) is Special.INFINITY
    assert round_exact(named("fp8_e4m3"), Fraction(464)) == 448
    assert round_exact(named("fp8_e4m3"), Fraction(465)) is Special.NAN
    assert round_exact(replace(named("fp8_e4m3"), overflow=Overflow.SATURATE), Fraction(465)) == 448
    assert named("fp8_e5m2").max_finite == 57344
    assert [count_numbers(named(name)) for name in ("fp8_e4m3", "fp16", "bf16")] == [253, 63487, 65279]
    assert [count_codes(named(name)) for name in ("fp8_e4m3", "fp16", "fp4_e2m1", "fp8_e4m3fnuz")] == [255, 63490, 16, 256]


def test_special_values_meet_formats() -> None:
    for name in ("fp16", "fp8_e4m3", "fp8_e5m2", "fp8_e4m3fnuz", "bf16"):
        dtype, fmt = DTYPES[name][0], named(name)
        for special in Special:
            with np.errstate(all="ignore"):
                cast = np.array([float(special)], dtype=np.float32).astype(dtype).astype(np.float64)
            assert same(np.array([as_float(round_special(fmt, special))]), cast).all(), (name, special)
            assert same(round_array(fmt, np.array([float(special)])), cast).all(), (name, special)
