"""The rules of rounding against every number of small formats, in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Rounding
from suffice.hardware_specs.rounding import Special, round_exact
from suffice.hardware_specs.upward import rounding_up, upward
from suffice.prover.engine.roundoff import NO_GRANULE, FloatRounder, IntRounder, rounder

FORMATS = [
    f"float(p={p},emin={emin},emax=6{extra})"
    for p, emin in product((1, 2, 4), (-5, 0))
    for extra in (
        "", ",rounding=nearest_away", ",rounding=up", ",rounding=toward_zero", ",subnormals=flushed", ",rounding=down,subnormals=flushed",
    )
]  # fmt: skip


def reals(seed: int) -> list[tuple[Fraction, Fraction]]:
    random = np.random.default_rng(seed)
    steps = np.sort(random.integers(-60, 61, (300, 2)), axis=1)
    shifts = random.integers(0, 10, 300)
    return [(Fraction(int(a), 1 << int(s)), Fraction(int(b), 1 << int(s))) for (a, b), s in zip(steps, shifts, strict=True)]


def inside(low: Fraction, high: Fraction) -> list[Fraction]:
    return [low + (high - low) * k / 16 for k in range(17)]


@pytest.mark.parametrize("text", FORMATS)
def test_floats_hold_what_they_should(text: str) -> None:
    fmt = parse_format(text)
    assert isinstance(fmt, FloatFormat)
    spans = reals(len(text))
    rules = rounder(fmt, upward())
    exact = (np.array([-float(low) for low, _ in spans]), np.array([float(high) for _, high in spans]))
    with rounding_up():
        found = rules.round(exact, NO_GRANULE)
    for k, (low, high) in enumerate(spans):
        if np.isnan(found.values[0][k]) or np.isnan(found.values[1][k]):
            assert max(abs(low), abs(high)) > fmt.max_finite / 2
            continue
        for x in inside(low, high):
            held = _number(fmt, x)
            assert -Fraction(float(found.values[0][k])) <= held <= Fraction(float(found.values[1][k]))
            assert abs(held - x) <= Fraction(float(found.error[k]))
            granule = Fraction(float(np.broadcast_to(found.granule, exact[0].shape)[k]))
            assert granule == 0 or (held / granule).denominator == 1


@pytest.mark.parametrize("text", ["fp8_e4m3", "float(p=3,emin=-4,emax=5)", "float(p=3,emin=-4,emax=5,subnormals=flushed)"])
def test_granules_make_exact_only_what_is_exact(text: str) -> None:
    """Every multiple of a granule in an interval that is called exact is a number; and some just beyond is not."""
    fmt = parse_format(text)
    assert isinstance(fmt, FloatFormat)
    rules = FloatRounder(fmt, upward())
    called = 0
    for exponent, steps in product(range(-12, 4), range(1, 40)):
        granule = Fraction(2) ** exponent
        top = granule * steps
        if top > fmt.max_finite:
            continue
        with rounding_up():
            found = rules.round((np.full(1, float(top)), np.full(1, float(top))), np.full(1, float(granule)))
        numbers = all(_number(fmt, granule * n) == granule * n for n in range(steps + 1))
        if float(found.error[0]) == 0:
            called += 1
            assert numbers
        else:
            assert not numbers or any(_number(fmt, granule * n) != granule * n for n in range(2 * steps + 2)) or steps > 1 << fmt.p
    assert called > 50


def test_a_power_of_two_at_the_end_takes_the_spacing_below() -> None:
    rules = FloatRounder(parse_format("fp16"), upward())  # type: ignore[arg-type]
    with rounding_up():
        at, beyond = (rules.round((np.zeros(1), np.full(1, end)), NO_GRANULE).error[0] for end in (2.0, 2.001))
        barely = rules.round((np.zeros(1), np.full(1, 2.0 + 2.0**-40)), NO_GRANULE).error[0]
    assert at == barely == 2.0**-11
    assert beyond == 2.0**-10


def test_saturated_and_infinite_results_have_no_bound_beyond_the_largest_number() -> None:
    for text, top in (("fp8_e4m3", 460.0), ("fp8_e4m3", 500.0), ("fp8_e4m3(overflow=saturate)", 449.0), ("fp16", 70000.0)):
        rules = rounder(parse_format(text), upward())
        with rounding_up():
            found = rules.round((np.zeros(1), np.full(1, top)), NO_GRANULE)
        fine = round_exact(parse_format(text), Fraction(top)) not in list(Special) and "saturate" not in text
        assert np.isfinite(found.values[1][0]) == fine


@pytest.mark.parametrize("rounding", ["nearest_even", "up", "toward_zero"])
def test_integers_hold_what_they_should(rounding: str) -> None:
    fmt = IntFormat(qmin=-8, qmax=7, scale=Fraction(3, 8), zero=1, rounding=Rounding(rounding))
    rules = IntRounder(fmt, upward())
    spans = reals(5)
    with rounding_up():
        found = rules.round((np.array([-float(low) for low, _ in spans]), np.array([float(high) for _, high in spans])), NO_GRANULE)
    for k, (low, high) in enumerate(spans):
        for x in inside(low, high):
            held = _number(fmt, x)
            assert -Fraction(float(found.values[0][k])) <= held <= Fraction(float(found.values[1][k]))
            assert abs(held - x) <= Fraction(float(found.error[k]))


def _number(fmt: Format, x: Fraction) -> Fraction:
    value = round_exact(fmt, x)
    return Fraction(0) if value is Special.NEGATIVE_ZERO else Fraction(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("emin", "is_bounded"), [(1000, True), (1023, True), (1024, False), (2000, False)])
def test_numbers_beyond_float64(emin: int, is_bounded: bool) -> None:
    """Where all normal numbers lie beyond float64's, roundings are not bounded."""
    fmt = parse_format(f"float(p=8,emin={emin},emax=2100)")
    assert isinstance(fmt, FloatFormat)
    end = 1.5 * 2.0**1021
    with rounding_up():
        found = rounder(fmt, upward()).round((np.full(1, -end / 2), np.full(1, end)), NO_GRANULE)
    assert np.isfinite(found.error[0]) == is_bounded
    if is_bounded:
        assert abs(_number(fmt, Fraction(end) * 5 / 7) - Fraction(end) * 5 / 7) <= Fraction(float(found.error[0]))
