"""Dot products added over arrays equal those added in exact rationals, bit by bit, and known answers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from suffice.errors import FormatError
from suffice.hardware_specs.accumulate import accumulate, accumulate_in_tree, add_rounded
from suffice.hardware_specs.accumulate_exactly import accumulate_exactly, accumulate_in_tree_exactly
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products, summation
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import accumulation_for, device
from suffice.hardware_specs.rounding import Special, Value, round_exact
from tests.hardware_specs.random_terms import cancelling, float_accumulations, float_format, fractions, random_numbers

ACCUMULATIONS = float_accumulations()


def value_of(x: float) -> Value:
    """A float64 as a value; zeros are +0."""
    if np.isnan(x):
        return Special.NAN
    if np.isinf(x):
        return Special.INFINITY if x > 0 else Special.NEGATIVE_INFINITY
    return Fraction(x)


@pytest.mark.parametrize("name", ACCUMULATIONS)
def test_both_ways_of_adding_agree(name: str) -> None:
    accumulation, left_format, right_format = ACCUMULATIONS[name]
    accumulator = accumulation.accumulator
    rng = np.random.default_rng(sum(map(ord, name)))
    specials = 0
    for count in (1, 3, 16, 37):
        rows = 12
        left = cancelling(rng, random_numbers(rng, left_format, (rows, count)))
        right = random_numbers(rng, right_format, (rows, count))
        if rng.random() < 0.5:
            right = np.abs(right)
        bias = random_numbers(rng, accumulator, (rows,)) if rng.random() < 0.7 else None  # type: ignore[arg-type]
        totals = accumulate(accumulation, left, right, bias)
        assert totals.shape == (rows,)
        for row in range(rows):
            given = None if bias is None else Fraction(float(bias[row]))
            expected = accumulate_exactly(accumulation, fractions(left[row]), fractions(right[row]), given)
            if isinstance(expected, Special) and accumulation.kind is Kind.GROUPS:
                assert not np.isfinite(totals[row])
            else:
                assert value_of(float(totals[row])) == expected, (name, row)
            specials += isinstance(expected, Special)
    assert specials < 24


@pytest.mark.parametrize("name", ["fp16", "bf16", "fp32", "fp32(subnormals=flushed)", "float(p=14,emin=-126,emax=127)"])
@pytest.mark.parametrize("order", [Order.SEQUENTIAL, Order.PAIRWISE, Order.ODD_EVEN, Order.EVEN_ODD_CHAINS])
@pytest.mark.parametrize("products", [Products.FUSED, Products.ROUNDED])
def test_every_order_agrees_in_every_accumulator(name: str, order: Order, products: Products) -> None:
    fmt = float_format(name)
    accumulation = Accumulation(
        kind=Kind.ADDITIONS, accumulator=fmt, order=order, products=products, group=4, smallest_exponents=(fmt.emin, -14)
    )
    rng = np.random.default_rng(len(name))
    left = cancelling(rng, random_numbers(rng, float_format(name.split("(sub")[0]), (25, 11)))
    right = random_numbers(rng, float_format("fp16"), (25, 11))
    totals = accumulate(accumulation, left, right)
    for row in range(25):
        assert value_of(float(totals[row])) == accumulate_exactly(accumulation, fractions(left[row]), fractions(right[row]))


def test_rounding_twice_would_be_seen() -> None:
    """1 + (2^-24 + 2^-70): float64 rounds the sum to a tie of fp32, and the second rounding goes down; the right answer goes up."""
    fmt = float_format("fp32")
    x, y = np.array([1.0]), np.array([2.0**-24 * (1 + 2.0**-46)])
    assert float((x + y).astype(np.float32)[0]) == 1.0
    assert add_rounded(fmt, x, y)[0] == 1 + 2.0**-23
    fused = summation(fmt, Order.SEQUENTIAL)
    left = np.array([1.0, 1 + 2.0**-23]), np.array([1.0, 2.0**-24 * (1 - 2.0**-23 + 2.0**-22)])
    fused = replace(fused, products=Products.FUSED, products_fit=False)
    assert accumulate(fused, *left) == accumulate_exactly(fused, fractions(left[0]), fractions(left[1]))


def test_a_single_addition_is_correctly_rounded() -> None:
    rng = np.random.default_rng(5)
    for name in ("fp16", "bf16", "fp32", "fp8_e5m2", "float(p=51,emin=-200,emax=200)"):
        fmt = float_format(name)
        x = np.ldexp(rng.standard_normal(400), rng.integers(-30, 30, 400))
        y = -x * (1 + np.ldexp(rng.standard_normal(400), rng.integers(-60, 3, 400)))
        sums = add_rounded(fmt, x, y)
        for k in range(400):
            expected = round_exact(fmt, Fraction(float(x[k])) + Fraction(float(y[k])))
            assert value_of(float(sums[k])) == (0 if expected is Special.NEGATIVE_ZERO else expected)


def test_random_trees_agree() -> None:
    rng = np.random.default_rng(6)
    for name in ("generic fp32 fp32", "generic bf16 bf16", "tpu bf16 bf16", "mi210 fp16 fp16"):
        accumulation, fmt, _ = ACCUMULATIONS[name]
        for count in (1, 2, 9):
            left, right = (cancelling(rng, random_numbers(rng, fmt, (8, count))) for _ in range(2))
            bias = random_numbers(rng, float_format("fp32"), (8,))
            slots = list(range(count + 1))
            merges = []
            while len(slots) > 1:
                i, j = rng.choice(len(slots), size=2, replace=False)
                merges.append((slots[i], slots[j]))
                slots.pop(j)
            fused = [bool(x) for x in rng.random(count) < 0.5]
            totals = accumulate_in_tree(accumulation, left, right, merges, fused, bias)
            for row in range(8):
                terms = fractions(left[row]), fractions(right[row])
                expected = accumulate_in_tree_exactly(accumulation, *terms, merges, fused, Fraction(float(bias[row])))
                assert value_of(float(totals[row])) == expected


def test_answers_that_are_known() -> None:
    """By hand: 1 + 2^-24 is cut by V100 (no extra bits), kept by A100 as one of two halves, and truncated by both in the end."""
    one = np.array([1.0, 2.0**-12, 2.0**-12, 0.0])
    for machine, expected in (("v100", 1.0), ("a100", 1.0 + 2.0**-23), ("h100", 1.0 + 2.0**-23)):
        accumulation = accumulation_for(device(machine), parse_format("fp16"), parse_format("fp16"))
        assert accumulate(accumulation, one, np.array([1.0, 2.0**-12, 2.0**-12, 0.0])) == expected
        assert accumulate(accumulation, one[:2], np.array([1.0, 2.0**-12])) == 1.0
    narrow = accumulation_for(device("h100"), parse_format("fp8_e4m3"), parse_format("fp8_e4m3"))
    tiny = np.array([256.0, 2.0**-6, 2.0**-6])
    assert accumulate(narrow, tiny, np.array([1.0, 1.0, 1.0])) == 256.0
    assert accumulate(narrow, tiny, np.array([1.0, 2.0, 1.0])) == 256.0 + 2.0**-5
    assert accumulate(summation(float_format("fp16")), np.ones(3000), np.ones(3000)) == 2048
    chain = Accumulation(
        kind=Kind.ADDITIONS, accumulator=float_format("fp32"), order=Order.ODD_EVEN, group=2, smallest_exponents=(-126, -126)
    )
    terms = np.array([2.0**-24, 0.0, 1.0, 2.0**-24])
    assert accumulate(chain, terms, np.ones(4)) == 1.0 + 2.0**-23
    assert accumulate(replace(chain, order=Order.SEQUENTIAL), terms, np.ones(4)) == 1.0


def test_subnormal_factors_are_read_as_zero_where_the_machine_does_so() -> None:
    tiny = np.array([2.0**-130, 1.0])
    for machine, expected in (("avx512_bf16", 1.0), ("tpu", 1.0), ("generic", 1.0 + 2.0**-7)):
        accumulation = accumulation_for(device(machine), parse_format("bf16"), parse_format("bf16"))
        assert accumulate(accumulation, tiny, np.array([2.0**123, 1.0])) == expected


def test_integers_are_added_exactly_until_they_do_not_fit() -> None:
    accumulation = accumulation_for(device("cpu_int8"), parse_format("int8(qmin=-127)"), parse_format("int8"))
    codes = np.full((1, 133_144), 127.0)
    assert accumulate(accumulation, codes, codes) == 133_144 * 127 * 127 < 2**31
    more = np.full((1, 133_145), 127.0)
    with pytest.raises(FormatError, match="a sum of 133145 products leaves the 32-bit accumulator"):
        accumulate(accumulation, more, more)
    with pytest.raises(FormatError, match="leaves the 32-bit"):
        accumulate_exactly(accumulation, [Fraction(127)] * 133_145, [Fraction(127)] * 133_145)
    with pytest.raises(FormatError, match="no integers"):
        accumulate(accumulation, np.array([0.5]), np.array([1.0]))
    assert accumulate(accumulation, np.array([[3.0, -4.0]]), np.array([[5.0, 6.0], [1.0, 1.0]]), np.array([7.0, 0.0])).tolist() == [
        -2.0,
        -1.0,
    ]


def test_rows_are_broadcast_like_a_matrix_product() -> None:
    accumulation = accumulation_for(device("h100"), parse_format("fp16"), parse_format("fp16"))
    rng = np.random.default_rng(8)
    x, weights = random_numbers(rng, float_format("fp16"), (3, 40)), random_numbers(rng, float_format("fp16"), (4, 40))
    bias = random_numbers(rng, float_format("fp32"), (4,))
    whole = accumulate(accumulation, x[:, np.newaxis, :], weights, bias)
    assert whole.shape == (3, 4)
    assert all(whole[i, j] == accumulate(accumulation, x[i], weights[j], bias[j]) for i in range(3) for j in range(4))


def test_what_float64_cannot_emulate_is_refused() -> None:
    generic = ACCUMULATIONS["generic fp32 fp32"][0]
    with pytest.raises(FormatError, match="no float32 numbers"):
        accumulate(generic, np.array([0.1]), np.array([1.0]))
    wide = summation(float_format("float(p=60,emin=-100,emax=100)"))
    with pytest.raises(FormatError, match="use accumulate_exactly"):
        accumulate(wide, np.ones(2), np.ones(2))
    double = accumulation_for(device("generic"), parse_format("fp64"), parse_format("fp64"))
    assert accumulate(double, np.array([0.1, 0.2]), np.ones(2)) == 0.1 + 0.2
    with pytest.raises(FormatError, match="1 factors meet 2"):
        accumulate(generic, np.ones(1), np.ones(2))
