"""What the lemmas say of floats, against every number of small formats, rounded by the tests' own oracle."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import arb

from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.prover.lemmas import prove_lemmas
from tests.oracle.rounding import round_real

F = Fraction
PRECISIONS = (1, 2, 3, 4)


def small_float(p: int, rounding: str = "nearest_even", subnormals: str = "kept") -> FloatFormat:
    fmt = parse_format(f"float(p={p},emin=-2,emax=2,rounding={rounding},subnormals={subnormals})")
    assert isinstance(fmt, FloatFormat)
    return fmt


def rounded(fmt: FloatFormat, r: Fraction) -> Fraction:
    value = round_real(r, fmt)
    return F(0) if value == "-0" else F(value)


def numbers(fmt: FloatFormat) -> list[Fraction]:
    """Every number, found by rounding a grid that is finer than the format's."""
    finest = F(2) ** (fmt.emin - fmt.p + 1)
    steps = int(fmt.max_finite / finest)
    return sorted({rounded(fmt, k * finest) for k in range(-steps, steps + 1)})


def reals(fmt: FloatFormat) -> list[Fraction]:
    """Reals between the least and the largest number, eight to the least spacing at zero, and irregular ones."""
    fine = F(2) ** (fmt.emin - fmt.p - 2)
    count = int(fmt.max_finite / fine)
    return [k * fine for k in range(-count, count + 1)] + [F(k, 37) for k in range(int(37 * fmt.max_finite))]


@pytest.mark.parametrize("p", PRECISIONS)
def test_unit_roundoff_and_its_sharpness(p: int) -> None:
    """s1_unit_roundoff and s1_standard_model."""
    fmt, u = small_float(p), F(1, 2**p)
    eta, worst = F(2) ** (fmt.emin - p), F(0)
    for z in reals(fmt):
        error = abs(rounded(fmt, z) - z)
        assert error <= u * abs(z) + eta
        if abs(z) >= F(2) ** fmt.emin:
            worst = max(worst, error / abs(z))
    assert worst == u / (1 + u)


@pytest.mark.parametrize("p", PRECISIONS)
@pytest.mark.parametrize("mode", ["nearest_even", "down", "toward_zero", "up"])
def test_flushing(p: int, mode: str) -> None:
    """s1_flushing, and its two hypotheses."""
    fmt, least = small_float(p, mode, "flushed"), F(1, 4)
    u = F(1, 2**p) if mode == "nearest_even" else F(2, 2**p)
    for z in reals(fmt):
        w = rounded(fmt, z)
        if abs(z) >= least:
            assert abs(w - z) <= u * abs(z)
        else:
            assert abs(w) in (0, least) and w * z >= 0
        assert abs(w - z) <= u * abs(z) + least


@pytest.mark.parametrize("p", PRECISIONS)
def test_sums_of_numbers(p: int) -> None:
    """s1_held_operand and s1_sterbenz; in mode `down` and flushed the first fails, as the wrong variants say."""
    fmt, down, flushed = small_float(p), small_float(p, "down"), small_float(p, "nearest_even", "flushed")
    held = numbers(fmt)
    sums = [(a, b) for a in held for b in held if abs(a + b) <= fmt.max_finite]
    assert all(abs(rounded(fmt, a + b) - (a + b)) <= min(abs(a), abs(b)) for a, b in sums)
    assert any(abs(rounded(down, a + b) - (a + b)) > min(abs(a), abs(b)) for a, b in sums)
    near = [(x, y) for x in held for y in held if y / 2 <= x <= 2 * y]
    assert all(x - y in held for x, y in near)
    assert p == 1 or any(rounded(flushed, x - y) != x - y for x, y in near if x in numbers(flushed) and y in numbers(flushed))


def test_the_counterexamples_about_sums_happen_in_a_format() -> None:
    """Operands that are numbers, and sums that are rounded as printed."""
    _, refutations = prove_lemmas(["s1_held_operand_in_a_directed_mode", "s1_flushed_sum_is_exact"])
    models = {refutation.variant.name: refutation.model for refutation in refutations}
    down, flushed, least = small_float(3, "down"), small_float(2, "nearest_even", "flushed"), F(1, 4)
    held, lost = models["s1_held_operand_in_a_directed_mode"], models["s1_flushed_sum_is_exact"]
    assert {held["n"], held["b"]} <= {*numbers(down)}
    assert rounded(down, held["n"] + held["b"]) == held["v"]
    assert {lost["a"] * least, lost["b"] * least} <= {*numbers(flushed)}
    assert rounded(flushed, (lost["a"] + lost["b"]) * least) == lost["w"] * least == 0


def farthest(held: list[Fraction], low: Fraction, top: Fraction) -> Fraction:
    """The largest distance of a point of [low, top] from the numbers: at an end, or halfway between neighbours."""
    points = [low, top, *((a + b) / 2 for a, b in pairwise(held) if low <= (a + b) / 2 <= top)]
    return max(
        min(abs(point - held[k]) for k in (max(0, i - 1), min(i, len(held) - 1))) for point in points for i in [bisect_left(held, point)]
    )


@pytest.mark.parametrize("p", PRECISIONS[:3])
def test_the_gap_between_floats(p: int) -> None:
    """t5_gap_between_floats and t1_midpoint on every interval with ends on a grid of eighths of a spacing; shorter ones may have less."""
    fmt = small_float(p)
    held, less = numbers(fmt), 0
    for e in range(fmt.emin, fmt.emax):
        s, h = F(2) ** e, F(2) ** (e - p + 1)
        for eighths in range(8 * 2 ** (p - 1)):
            top = s + eighths * h / 8
            for length in range(1, 24):
                low = top - length * h / 8
                error = farthest(held, low, top)
                enough = error >= h / 2 or (top <= s + h / 2 and error >= h / 4)
                if length >= 12:
                    assert enough
                less += not enough
                if low >= s and length >= 8:
                    assert error >= h / 2
    assert less > 0


@pytest.mark.parametrize("p", PRECISIONS)
@pytest.mark.parametrize("mode", ["nearest_even", "down"])
def test_the_ratio_of_a_cell(p: int, mode: str) -> None:
    """t8_ratio_of_a_cell, on the cells of all numbers whose cells hold positive reals alone, the largest number's left out."""
    held = [number for number in numbers(small_float(p)) if number > 0]
    if mode == "nearest_even":
        middles = [held[0] / 2, *((a + b) / 2 for a, b in pairwise(held))]
        ends = list(pairwise(middles))
    else:
        ends = list(pairwise(held))
    assert len(ends) > 3
    for a, b in ends:
        quotient = b / a
        assert (arb(quotient.numerator) / quotient.denominator).log() > arb(1) / 2**p
