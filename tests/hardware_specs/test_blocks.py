"""Block formats: quantising against a slow search through all codes of ml_dtypes, exact rationals, and proved bounds."""

from __future__ import annotations

from fractions import Fraction
from math import floor, log2

import ml_dtypes
import numpy as np
import pytest

from suffice.errors import FormatError
from suffice.hardware_specs.accumulate import accumulate
from suffice.hardware_specs.accumulation_bounds import Terms, error_bound
from suffice.hardware_specs.block_bounds import quantisation_bounds
from suffice.hardware_specs.block_format import Scale, block_format, block_formats
from suffice.hardware_specs.blocks import aligned_magnitudes, alignment_exponents, default_tensor_scale, quantise, quantise_exactly
from suffice.hardware_specs.device import accumulation_for, device
from tests.hardware_specs.random_terms import Array, fractions

ELEMENTS = {
    "mxfp8_e4m3": (ml_dtypes.float8_e4m3fn, 8, 8),
    "mxfp8_e5m2": (ml_dtypes.float8_e5m2, 8, 15),
    "mxfp6_e3m2": (ml_dtypes.float6_e3m2fn, 6, 4),
    "mxfp6_e2m3": (ml_dtypes.float6_e2m3fn, 6, 2),
    "mxfp4": (ml_dtypes.float4_e2m1fn, 4, 2),
    "nvfp4": (ml_dtypes.float4_e2m1fn, 4, 2),
}
NAMES = [fmt.name for fmt in block_formats()]


def code_values(kind: type, bits: int) -> list[float]:
    """The non-negative finite numbers of an ml_dtypes format, in the order of their codes."""
    codes = np.arange(1 << (bits - 1), dtype=np.uint8).view(kind).astype(np.float64)
    return [float(x) for x in codes if np.isfinite(x)]


def nearest_code(numbers: list[float], x: Fraction) -> Fraction:
    """The nearest of the numbers with the sign of x, ties to the even code, by looking at all of them."""
    place = min(range(len(numbers)), key=lambda k: (abs(Fraction(numbers[k]) - abs(x)), k % 2))
    return Fraction(numbers[place]) * (1 if x >= 0 else -1)


def slow(name: str, block: list[float], tensor_scale: float) -> tuple[list[Fraction], Fraction]:
    """One block by the words of the specification."""
    largest = max(abs(x) for x in block)
    if name == "mxint8":
        numbers, emax = [k / 64 for k in range(128)], 0
    else:
        kind, bits, emax = ELEMENTS[name]
        numbers = code_values(kind, bits)
    if name == "nvfp4":
        scales = code_values(ml_dtypes.float8_e4m3fn, 8)
        scale = nearest_code(scales, Fraction(largest) / 6 / Fraction(tensor_scale))
    else:
        scale = Fraction(2) ** max(-127, min(127, floor(log2(largest)) - emax)) if largest else Fraction(1, 2**127)
    unit = scale * Fraction(tensor_scale)
    return [nearest_code(numbers, Fraction(x) / unit) if unit else Fraction(0) for x in block], scale


def random_blocks(rng: np.random.Generator, rows: int, count: int) -> Array:
    """Rows of many sizes, among them powers of two, ties of narrow formats, zeros and numbers far apart."""
    spread = rng.choice([0, 1, 6, 40], size=(rows, 1))
    x = np.ldexp(
        rng.choice([1.0, 1.5, 1.25, 1.75, 1.625, 1.9375], size=(rows, count)), rng.integers(-spread, spread + 1, size=(rows, count))
    )
    noisy = rng.random((rows, 1)) < 0.5
    x = np.where(noisy, x * rng.random((rows, count)), x) * rng.choice([-1.0, 1.0], size=(rows, count))
    scaled: Array = np.ldexp(x * (rng.random((rows, count)) > 0.1), rng.choice([0, 3, -60, 60], size=(rows, 1)))
    return scaled


@pytest.mark.parametrize("name", NAMES)
def test_quantising_follows_the_specification(name: str) -> None:
    fmt = block_format(name)
    rng = np.random.default_rng(len(name))
    x = random_blocks(rng, 16, fmt.length + 5)
    saturated = 0
    for row in x:
        made = quantise(fmt, row)
        for first in (0, fmt.length):
            part = slice(first, first + fmt.length)
            elements, scale = slow(name, [float(v) for v in row[part]], made.tensor_scale)
            assert fractions(made.elements[part]) == elements
            assert Fraction(float(made.scales[first])) == scale
            exact = quantise_exactly(fmt, fractions(row[part]), Fraction(made.tensor_scale))
            assert exact == (elements, scale)
            values = [e * scale * Fraction(made.tensor_scale) for e in elements]
            assert fractions(made.values[part]) == values
            saturated += any(
                abs(e) == max(map(abs, elements)) and abs(v) < abs(Fraction(float(o)))
                for e, v, o in zip(elements, values, row[part], strict=True)
            )
    assert saturated > 3


def test_known_blocks() -> None:
    """The largest number 7 takes scale 2^(2 - 2) in mxfp4, where 6 is the end; in mxint8 its scale is 2^2."""
    assert quantise(block_format("mxfp4"), np.array([7.0, 5.0, 2.5, -0.25, 0.75])).values.tolist() == [6.0, 4.0, 2.0, 0.0, 1.0]
    assert quantise(block_format("mxint8"), np.array([7.0, 1 / 32])).scales.tolist() == [4.0, 4.0]
    assert quantise(block_format("mxint8"), np.array([7.999])).values.tolist() == [127 / 16]
    extreme = quantise(block_format("mxfp8_e4m3"), np.array([1e300, 1e-300]))
    assert extreme.values.tolist() == [448.0 * 2.0**127, 0.0]
    assert quantise(block_format("mxfp8_e4m3"), np.array([1e-300])).scales.tolist() == [2.0**-127]
    nvidia = quantise(block_format("nvfp4"), np.array([6.0] * 16 + [0.001] * 16), tensor_scale=1.0)
    assert (nvidia.scales[0], nvidia.scales[16], nvidia.values[16]) == (1.0, 0.0, 0.0)
    ties = quantise(block_format("nvfp4"), np.array([6.0, 5.0, 3.5, 2.5, -1.75, 1.25, 0.75, 0.25]), tensor_scale=1.0)
    assert ties.values.tolist() == [6.0, 4.0, 4.0, 2.0, -2.0, 1.0, 1.0, 0.0]
    assert [quantise(block_format("nvfp4"), np.array([6 * x]), tensor_scale=1.0).scales[0] for x in (1.0625, 1.1875)] == [1.0, 1.25]
    assert default_tensor_scale(block_format("nvfp4"), 2688.0) == 1.0
    assert default_tensor_scale(block_format("nvfp4"), 1.0) == float(np.float32(1 / 2688))
    assert quantise(block_format("nvfp4"), np.zeros(3)).values.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", NAMES)
def test_no_element_moves_farther_than_its_bound(name: str) -> None:
    """Ranges around random centres, ends included; the bound is reached to within a factor of two, and half of it is not one."""
    fmt = block_format(name)
    rng = np.random.default_rng(len(name) + 1)
    given = {"tensor_scale": float(np.float32(0.011))} if fmt.tensor_scale else {}
    worst, checked = 0.0, 0
    for trial in range(60):
        centre = random_blocks(rng, 8, fmt.length + 3)
        if fmt.tensor_scale:
            centre = np.clip(centre, -200, 200)
        radius = np.abs(centre) * rng.choice([0.0, 0.1, 3.0], size=(8, 1)) + (0.0 if trial % 2 else 0.01)
        lo, hi = centre - radius, centre + radius
        bounds = quantisation_bounds(fmt, lo, hi, **given)
        for _ in range(6):
            x = np.clip(lo + (hi - lo) * np.round(rng.random(lo.shape), rng.integers(0, 3)), lo, hi)
            moved = np.abs(quantise(fmt, x, **given).values - x)
            assert (moved <= bounds).all(), name
            checked += moved.size
            worst = max(worst, float((moved / np.where(bounds == 0, 1.0, bounds)).max()))
    assert checked > 50_000
    assert worst > 0.9


def test_bounds_of_a_point_are_near_what_happens() -> None:
    """The bound is half a spacing or what saturates: 3.9 in a block up to 7 moves by at most 1/2 in mxfp4."""
    mxfp4 = block_format("mxfp4")
    assert quantisation_bounds(mxfp4, np.array([7.0, 3.9, 0.2]), np.array([7.0, 3.9, 0.2])).tolist() == pytest.approx([1.0, 0.5, 0.2])
    assert quantisation_bounds(mxfp4, np.array([-8.0]), np.array([8.0])).tolist() == pytest.approx([2.0])
    clamped = quantisation_bounds(block_format("mxfp8_e4m3"), np.array([0.0]), np.array([2.0**140]))
    assert clamped.tolist() == pytest.approx([2.0**140 - 448 * 2.0**127])


def test_tensor_scales_and_ranges_are_checked() -> None:
    with pytest.raises(FormatError, match="mxfp4 has no tensor scale"):
        quantise(block_format("mxfp4"), np.ones(3), tensor_scale=2.0)
    with pytest.raises(FormatError, match="positive number of fp32"):
        quantise(block_format("nvfp4"), np.ones(3), tensor_scale=0.1)
    with pytest.raises(FormatError, match="infinities and NaN"):
        quantise(block_format("mxfp4"), np.array([np.inf]))
    with pytest.raises(FormatError, match="no definite tensor scale"):
        quantisation_bounds(block_format("nvfp4"), np.zeros(3), np.ones(3))
    with pytest.raises(FormatError, match="empty or not finite"):
        quantisation_bounds(block_format("mxfp4"), np.ones(3), np.zeros(3))


def single_step(elements: tuple[Array, Array], scales: tuple[Array, Array], cell: int, fraction: int) -> Fraction:
    """One group of a block-scaled product by MMA-Sim's rules, in rationals, without accumulator: written anew, zeros aligned at 2^-126."""
    parts = []
    for first in range(0, len(elements[0]), cell):
        part = slice(first, first + cell)
        total = sum((Fraction(a) * Fraction(b) for a, b in zip(elements[0][part], elements[1][part], strict=True)), Fraction(0))
        size = sum(floor(log2(max(float(s[first]), 2.0**-6 if cell > 1 else 0.0))) for s in scales)
        if cell == 1:
            size += sum(
                max(floor(log2(abs(float(e[first])))), least) if e[first] else 0 for e, least in zip(elements, (-6, -6), strict=True)
            )
        parts.append((total * Fraction(float(scales[0][first])) * Fraction(float(scales[1][first])), size if total else -126))
    unit = Fraction(2) ** (max([-126, *(size for _, size in parts)]) - fraction)
    return sum((Fraction(int(value / unit)) for value, _ in parts), Fraction(0)) * unit


@pytest.mark.parametrize(("name", "cell", "fraction"), [("mxfp8_e4m3", 1, 25), ("nvfp4", 16, 35)])
def test_block_scaled_groups_are_aligned_by_their_scales(name: str, cell: int, fraction: int) -> None:
    fmt = block_format(name)
    accumulation = accumulation_for(device("b200"), fmt, fmt)
    rng = np.random.default_rng(3)
    inexact = 0
    for _ in range(60):
        spread = np.ldexp(1.0, np.repeat(rng.integers(-9, 10, size=(2, accumulation.group // 16)), 16, axis=-1))
        left, right = (quantise(fmt, rng.normal(size=accumulation.group) * spread[side]) for side in range(2))
        exponents = alignment_exponents(accumulation, left, right)
        total = accumulate(accumulation, left.factors, right.factors, exponents=exponents)
        step = single_step((left.elements, right.elements), (left.scales, right.scales), cell, fraction)
        significand, power = np.frexp(float(step))
        assert float(total) == float(np.ldexp(np.trunc(np.ldexp(significand, 24)), power - 24))
        products = [a * b for a, b in zip(fractions(left.factors), fractions(right.factors), strict=True)]
        aligned = aligned_magnitudes(fmt, left.elements, left.scales) * aligned_magnitudes(fmt, right.elements, right.scales)
        bound = error_bound(
            accumulation, Terms(count=len(products), total=sum(map(abs, products), Fraction(0)), largest=Fraction(float(aligned.max())))
        )
        assert bound is not None
        assert abs(Fraction(float(total)) - sum(products)) <= bound
        inexact += Fraction(float(total)) != sum(products)
    assert inexact > 10
    if fmt.scale is Scale.E4M3:
        with pytest.raises(FormatError, match="give exponents"):
            accumulate(accumulation, left.factors, right.factors)
