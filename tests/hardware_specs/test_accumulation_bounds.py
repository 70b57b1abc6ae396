"""No dot product, on any device, errs by more than the proved bound; the bounds are nearly reached; smaller ones are not bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import fsum, inf

import numpy as np
import pytest

from suffice.errors import FormatError
from suffice.hardware_specs.accumulate import accumulate, accumulate_in_tree, add_rounded
from suffice.hardware_specs.accumulate_exactly import plus, read_factors
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products, product_unit, summation
from suffice.hardware_specs.accumulation_bounds import Terms, affine_bound, error_bound, error_bounds, input_flush_bound, roundings
from suffice.hardware_specs.accumulation_partial_sums import chain_error_bound, chain_error_bounds, chain_order
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import accumulation_for, device
from suffice.hardware_specs.format import FloatFormat, power_of_two
from suffice.hardware_specs.vectorised import numbers_array
from tests.hardware_specs.random_terms import Array, cancelling, float_accumulations, float_format, fractions, random_numbers

ACCUMULATIONS = float_accumulations()


def exact_terms(accumulation: Accumulation, left: Array, right: Array) -> list[Fraction]:
    """The products of a row, exactly, of the factors as the machine reads them."""
    factors = (read_factors(accumulation, fractions(x), side) for side, x in enumerate((left, right)))
    return [a * b for a, b in zip(*factors, strict=True)]


def terms_of(accumulation: Accumulation, left: Array, right: Array, bias: float | None, unit: int | None = None) -> Terms:
    """What a caller who knows the row would say of it."""
    products = exact_terms(accumulation, left, right)
    least = [2.0**e for e in accumulation.smallest_exponents]
    largest = max(np.maximum(np.abs(left), least[0]) * np.maximum(np.abs(right), least[1]))
    total = sum(map(abs, products)) + abs(Fraction(bias or 0.0))
    return Terms(count=len(products), total=total, bias=bias is not None, largest=Fraction(float(largest)), unit=unit)


def error_of(accumulation: Accumulation, left: Array, right: Array, bias: float | None, total: float) -> Fraction:
    """How far a computed total is from the exact sum."""
    return abs(Fraction(total) - sum(exact_terms(accumulation, left, right), Fraction(bias or 0.0)))


@pytest.mark.parametrize("name", ACCUMULATIONS)
def test_no_run_exceeds_its_bound(name: str) -> None:
    accumulation, left_format, right_format = ACCUMULATIONS[name]
    accumulator = accumulation.accumulator
    assert isinstance(accumulator, FloatFormat)
    rng = np.random.default_rng(sum(map(ord, name)) + 1)
    bounded = 0
    for count in (1, 2, 7, 33, 100):
        left = cancelling(rng, random_numbers(rng, left_format, (16, count)))
        right = np.abs(random_numbers(rng, right_format, (16, count)))
        bias = random_numbers(rng, accumulator, (16,)) if rng.random() < 0.5 else None
        totals = accumulate(accumulation, left, right, bias)
        for row in range(16):
            added = None if bias is None else float(bias[row])
            terms = terms_of(accumulation, left[row], right[row], added, product_unit(left_format, right_format))
            bound = error_bound(accumulation, terms)
            if bound is None:
                continue
            bounded += 1
            assert np.isfinite(totals[row])
            assert error_of(accumulation, left[row], right[row], added, float(totals[row])) <= bound
    assert bounded > 30


def test_no_tree_exceeds_the_bound_of_any_order() -> None:
    rng = np.random.default_rng(2)
    checked = 0
    for name in ("generic fp32 fp32", "generic fp16 fp16", "generic bf16 bf16", "tpu bf16 bf16"):
        accumulation, fmt, _ = ACCUMULATIONS[name]
        for accumulator in ("fp32", "fp16", "float(p=3,emin=-20,emax=30)"):
            wanted = replace(float_format(accumulator), subnormals=accumulation.accumulator.subnormals)  # type: ignore[union-attr]
            changed = replace(accumulation, accumulator=wanted, products_fit=accumulation.products_fit and accumulator == "fp32")
            for count in (2, 5, 12):
                left, right = (cancelling(rng, random_numbers(rng, fmt, (6, count))) for _ in range(2))
                slots, merges = list(range(count)), []
                while len(slots) > 1:
                    i, j = rng.choice(len(slots), size=2, replace=False)
                    merges.append((slots[i], slots[j]))
                    slots.pop(j)
                totals = accumulate_in_tree(changed, left, right, merges, [bool(x) for x in rng.random(count) < 0.5])
                for row in range(6):
                    bound = error_bound(changed, terms_of(changed, left[row], right[row], None))
                    if bound is not None:
                        checked += 1
                        assert error_of(changed, left[row], right[row], None, float(totals[row])) <= bound
    assert checked > 100


def trees(leaves: tuple[Fraction, ...]) -> Iterator[tuple[object, ...]]:
    """Every binary tree over the leaves, in every order: (leaf,) or (tree, tree)."""
    if len(leaves) == 1:
        yield leaves
        return
    for chosen in range(1, 1 << (len(leaves) - 1)):
        parts = ([x for k, x in enumerate(leaves) if chosen >> k & 1], [x for k, x in enumerate(leaves) if not chosen >> k & 1])
        yield from product(trees(tuple(parts[0])), trees(tuple(parts[1])))


def run(fmt: FloatFormat, tree: tuple[object, ...], *, fused: bool) -> Fraction:
    """The computed sum of a tree; a leaf that meets a sum enters it exactly if `fused`, else all leaves are rounded first."""
    if len(tree) == 1:
        return tree[0] if fused else plus(fmt, tree[0], Fraction(0))  # type: ignore[return-value, arg-type]
    left, right = (run(fmt, part, fused=fused and len(part) == 1) for part in tree)  # type: ignore[arg-type]
    if fused and all(len(part) == 1 for part in tree):  # type: ignore[arg-type]
        left = plus(fmt, left, Fraction(0))  # type: ignore[assignment]
    total = plus(fmt, left, right)
    assert isinstance(total, Fraction)
    return total


def test_the_linear_bound_holds_for_every_tree_over_small_numbers() -> None:
    """p = 2: all sums of three numbers and all sums of three products of 3-bit numbers, in every tree; both bounds are nearly reached."""
    fmt = float_format("float(p=2,emin=-30,emax=30)")
    u = power_of_two(-2)
    numbers = [Fraction(float(x)) for x in numbers_array(fmt, Fraction(-8), Fraction(8)) if abs(x) >= 0.25]
    worst = max(
        abs(run(fmt, tree, fused=False) - sum(leaves)) / sum(map(abs, leaves))
        for leaves in combinations_with_replacement(numbers, 3)
        for tree in trees(leaves)
    )
    assert u < worst <= affine_bound(summation(fmt), 3, bias=False)[0] <= 2 * u
    products = [Fraction(n, 8) for n in (-49, -35, -25, -15, -9, -4, -1, 1, 4, 9, 15, 20, 25, 30, 35, 36, 49)]
    for fused in (True, False):
        worst = max(
            abs(run(fmt, tree, fused=fused) - sum(leaves)) / sum(map(abs, leaves))
            for leaves in combinations_with_replacement(products, 3)
            for tree in trees(leaves)
        )
        assert u < worst <= affine_bound(replace(summation(fmt), products_fit=False), 3, bias=False)[0] <= 3 * u


def adversarial_rows(accumulation: Accumulation, left_format: FloatFormat, right_format: FloatFormat, count: int) -> tuple[Array, Array]:
    """One large term (or two, or one a group) and equal small ones, in many proportions; also terms that are just flushed."""
    rows = []
    top = min(left_format.emax + right_format.emax - 3, 20)
    powers = [(top, top - k) for k in range(1, 50)] + ([(-127, -127)] if accumulation.flushes_results else [])
    for (large, small), full, every in product(powers, (False, True), (count, 2, accumulation.group)):
        low, high = split_power(left_format, right_format, small), split_power(left_format, right_format, large)
        if low is None or high is None:
            continue
        shape = 2 - 2.0 ** (1 - left_format.p) if full else 1.0
        left, right = np.full(count, shape * 2.0 ** low[0]), np.full(count, 2.0 ** low[1])
        if large != small:
            for k in range(0, count, every) if every != 2 else (0, 1):
                left[k], right[k] = 2.0 ** high[0], 2.0 ** high[1]
        rows.append((left, right))
    return np.array([left for left, _ in rows]), np.array([right for _, right in rows])


def split_power(left_format: FloatFormat, right_format: FloatFormat, power: int) -> tuple[int, int] | None:
    """Exponents of two normal numbers whose product is 2^power."""
    lowest, highest = max(right_format.emin, power - left_format.emax + 1), min(right_format.emax - 1, power - left_format.emin)
    middle = (lowest + highest) // 2
    return (power - middle, middle) if lowest <= highest else None


def worst_ratio(accumulation: Accumulation, left_format: FloatFormat, right_format: FloatFormat, count: int) -> Fraction | None:
    """The largest error / bound over `adversarial_rows`, exactly; None where every sum is proved exact."""
    left, right = adversarial_rows(accumulation, left_format, right_format, count)
    totals = accumulate(accumulation, left, right)
    least = [2.0**e for e in accumulation.smallest_exponents]
    largest = (np.maximum(np.abs(left), least[0]) * np.maximum(np.abs(right), least[1])).max(axis=-1)
    unit = product_unit(left_format, right_format)
    bounds = error_bounds(accumulation, count, np.nextafter((np.abs(left * right)).sum(axis=-1), inf), largest, unit=unit)
    if not bounds.any():
        return None
    errors = np.array([abs(fsum([*row, -total])) for row, total in zip(left * right, totals, strict=True)])
    row = int(np.argmax(errors / np.where(bounds == 0, inf, bounds)))
    bound = error_bound(accumulation, terms_of(accumulation, left[row], right[row], None, unit))
    assert bound
    return error_of(accumulation, left[row], right[row], None, float(totals[row])) / bound


@pytest.mark.parametrize("name", ACCUMULATIONS)
def test_bounds_are_nearly_reached(name: str) -> None:
    """Within a factor of 3 on adversarial dot products."""
    accumulation, left_format, right_format = ACCUMULATIONS[name]
    ratio = worst_ratio(accumulation, left_format, right_format, 128)
    if left_format.bits + right_format.bits <= 12:
        assert ratio is None or ratio == 0
    else:
        assert ratio is not None
        assert Fraction(1, 3) < ratio <= 1, float(ratio)


def test_half_of_a_bound_is_none() -> None:
    """The constants cannot be halved: adversarial runs exceed half of every kind of bound."""
    for name in (
        "generic fp16 fp16",
        "h100 fp16 fp16",
        "h100 fp8_e4m3 fp8_e4m3",
        "v100 fp16 fp16",
        "mi210 fp16 fp16",
        "avx512_bf16 bf16 bf16",
    ):
        ratio = worst_ratio(*ACCUMULATIONS[name], 128)
        assert ratio is not None
        assert ratio > Fraction(1, 2)


def test_chain_bounds_follow_partial_sums() -> None:
    rng = np.random.default_rng(4)
    checked, sharper = 0, 0
    for name in ("generic_sequential fp16 fp16", "generic_sequential bf16 bf16", "avx512_bf16 bf16 bf16"):
        for products in (Products.ROUNDED, Products.FUSED):
            base, fmt, _ = ACCUMULATIONS[name]
            for accumulator in ("fp32", "fp16", "bf16"):
                wanted = replace(float_format(accumulator), subnormals=base.accumulator.subnormals)  # type: ignore[union-attr]
                accumulation = replace(
                    base, accumulator=wanted, products=products, products_fit=base.products_fit and accumulator == "fp32"
                )
                left, right = (cancelling(rng, random_numbers(rng, fmt, (12, 21))) for _ in range(2))
                bias = random_numbers(rng, float_format("bf16" if accumulator != "fp16" else "fp16"), (12,))
                totals = accumulate(accumulation, left, right, bias)
                order = chain_order(accumulation, 21)
                for row in range(12):
                    products_of_row = exact_terms(accumulation, left[row], right[row])
                    terms = [products_of_row[k] for k in order] + [Fraction(float(bias[row]))]
                    partial = [abs(sum(terms[: k + 1])) for k in range(len(terms))]
                    sizes = [abs(t) for t in terms]
                    bound = chain_error_bound(accumulation, sizes, partial, bias=True)
                    array = chain_error_bounds(accumulation, upward(sizes), upward(partial), bias=True)
                    if bound is None:
                        assert array == inf
                        continue
                    checked += 1
                    assert bound <= Fraction(float(array)) <= bound * (1 + Fraction(1, 10**9)) + power_of_two(-1000)
                    assert error_of(accumulation, left[row], right[row], float(bias[row]), float(totals[row])) <= bound
                    general = error_bound(accumulation, terms_of(accumulation, left[row], right[row], float(bias[row])))
                    sharper += general is not None and 2 * bound < general
    assert checked > 100
    assert sharper > 30


def upward(values: list[Fraction]) -> Array:
    """float64 numbers at least as large."""
    return np.array([x if Fraction(x) >= v else np.nextafter(x, inf) for v in values for x in [float(v)]])


def test_a_chain_bound_is_reached_and_half_of_it_is_none() -> None:
    """1 + u + u + ...: every addition loses its term, half a spacing."""
    accumulation = summation(float_format("fp32"), Order.SEQUENTIAL)
    terms = np.array([1.0] + [2.0**-24] * 200)
    total = float(accumulate(accumulation, terms, np.ones(201)))
    assert total == 1.0
    bound = float(chain_error_bounds(accumulation, terms, np.cumsum(terms)))
    error = 200 * 2.0**-24
    assert error <= bound < 1.01 * error
    assert error <= error_bounds(accumulation, 201, np.array(terms.sum())) < 1.01 * error


def test_arrays_are_bounded_from_above() -> None:
    rng = np.random.default_rng(9)
    for name, (accumulation, _, _) in ACCUMULATIONS.items():
        totals = np.concatenate([[0.0, 1.0, 2.0**-140, 3.0**70], np.ldexp(rng.random(20), rng.integers(-150, 130, 20))])
        for count, bias in ((1, False), (17, True), (300, False)):
            largest = totals * rng.random(24)
            bounds = error_bounds(accumulation, count, totals, largest, bias=bias)
            for k in range(24):
                terms = Terms(count=count, total=Fraction(float(totals[k])), bias=bias, largest=Fraction(float(largest[k])))
                exact = error_bound(accumulation, terms)
                if exact is None:
                    assert bounds[k] == inf, name
                elif np.isfinite(bounds[k]):
                    assert exact <= Fraction(float(bounds[k])) <= exact * (1 + Fraction(1, 10**9)) + power_of_two(-480)


def test_overflow_has_no_bound() -> None:
    fp16 = summation(float_format("fp16"))
    limit = Fraction(65504)
    for factor, bounded in ((Fraction(9, 10), True), (Fraction(999, 1000), True), (Fraction(1), False), (Fraction(2), False)):
        assert (error_bound(fp16, Terms(count=2, total=limit * factor)) is not None) == bounded
        assert (error_bounds(fp16, 2, np.array(float(limit * factor))) < inf) == bounded
    h100 = ACCUMULATIONS["h100 bf16 bf16"][0]
    assert error_bound(h100, Terms(count=4, total=power_of_two(128), largest=power_of_two(127))) is None
    assert error_bound(h100, Terms(count=4, total=power_of_two(126), largest=power_of_two(127))) is not None
    assert error_bounds(fp16, 2, np.array([np.nan, inf])).tolist() == [inf, inf]
    integers = accumulation_for(device("cpu_int8"), parse_format("int8"), parse_format("int8"))
    assert error_bound(integers, Terms(count=5, total=Fraction(2**31 - 1))) == 0
    assert error_bound(integers, Terms(count=5, total=Fraction(2**31))) is None
    assert error_bounds(integers, 5, np.array([2.0**31 - 1, 2.0**31])).tolist() == [0.0, inf]


def test_fixed_orders_need_fewer_roundings() -> None:
    counted = {name: roundings(ACCUMULATIONS[name][0], 128, bias=True) for name in ACCUMULATIONS if "16 bf16" in name}
    assert counted["mi210 bf16 bf16"] == 1 + 2 + 32 + 1
    assert counted["amx_bf16 bf16 bf16"] == 16 + 1 + 4 + 1
    assert counted["avx512_bf16 bf16 bf16"] == counted["generic bf16 bf16"] == 129


def test_growth_is_rounded_up_and_little() -> None:
    accumulation = replace(ACCUMULATIONS["avx512_bf16 bf16 bf16"][0])
    v = Fraction(1, 2**24 + 1)
    for count in (1, 2, 3, 50, 777):
        slope, constant = affine_bound(accumulation, count, bias=False)
        exact = (1 + v) ** count - 1
        assert exact <= slope <= exact * (1 + Fraction(1, 10**9))
        assert 2 * count * power_of_two(-126) <= constant <= 3 * count * power_of_two(-126)


def test_flushed_factors_lose_no_more_than_said() -> None:
    rng = np.random.default_rng(11)
    accumulation, fmt, _ = ACCUMULATIONS["tpu bf16 bf16"]
    reached = Fraction(0)
    for _ in range(300):
        left = np.ldexp(rng.integers(0, 256, 6).astype(float), -134)
        right = random_numbers(rng, float_format("fp8_e4m3"), (1, 6))[0]
        kept = sum((a * b for a, b in zip(fractions(left), fractions(right), strict=True)), Fraction(0))
        lost = abs(kept - sum(exact_terms(accumulation, left, right), Fraction(0)))
        bound = input_flush_bound(accumulation, 6, Fraction(float(left.max())), Fraction(float(np.abs(right).max())))
        assert lost <= bound
        reached = max(reached, lost / bound if bound else Fraction(0))
    assert reached > Fraction(1, 10)
    assert input_flush_bound(ACCUMULATIONS["generic bf16 bf16"][0], 6, Fraction(1), Fraction(1)) == 0
    assert fmt.emin == -126


def test_bounds_that_need_more_are_refused() -> None:
    h100 = ACCUMULATIONS["h100 fp16 fp16"][0]
    with pytest.raises(FormatError, match=r"give Terms\.largest"):
        error_bound(h100, Terms(count=4, total=Fraction(1)))
    with pytest.raises(FormatError, match="give largest"):
        error_bounds(h100, 4, np.ones(2))
    with pytest.raises(FormatError, match="negative"):
        error_bound(h100, Terms(count=4, total=Fraction(-1)))
    with pytest.raises(FormatError, match="no chain"):
        chain_error_bound(summation(float_format("fp16")), [], [])
    with pytest.raises(FormatError, match="no affine bound"):
        affine_bound(h100, 4, bias=False)
    wide = Accumulation(kind=Kind.ADDITIONS, accumulator=float_format("float(p=70,emin=-100,emax=100)"))
    with pytest.raises(FormatError, match="does not fit in float64"):
        error_bounds(wide, 4, np.ones(2))
    assert error_bound(wide, Terms(count=4, total=Fraction(1))) is not None


def test_sums_on_a_grid_are_exact_up_to_its_end() -> None:
    """Products of e4m3 are multiples of 2^-18: fp32 holds all sums up to 2^6 of them, and no further; groups must not cut either."""
    fp8 = float_format("fp8_e4m3")
    generic = accumulation_for(device("generic"), fp8, fp8)
    assert product_unit(fp8, fp8) == -18
    assert error_bound(generic, Terms(count=100, total=Fraction(64), unit=-18)) == 0
    assert error_bound(generic, Terms(count=100, total=Fraction(64), bias=True, unit=-18)) != 0
    beyond = Fraction(64) + power_of_two(-18)
    assert error_bound(generic, Terms(count=100, total=beyond, unit=-18)) == 99 * power_of_two(-24) * beyond
    assert (
        error_bounds(generic, 100, np.array([64.0, float(beyond)]), unit=-18).tolist()[0]
        == 0
        < error_bounds(generic, 100, np.array([float(beyond)]), unit=-18)
    )
    left, right = np.array([8.0, 2.0**-9]), np.array([8.0, 2.0**-9])
    assert accumulate(generic, left, right) == 64.0
    assert chain_error_bound(replace(generic, order=Order.SEQUENTIAL), [beyond / 2] * 2, [beyond / 2, beyond], unit=-18) == power_of_two(
        6 - 24
    )
    assert chain_error_bound(replace(generic, order=Order.SEQUENTIAL), [Fraction(32)] * 2, [Fraction(32), Fraction(64)], unit=-18) == 0
    fine = accumulation_for(device("b200"), fp8, fp8)
    assert error_bound(fine, Terms(count=100, total=Fraction(60), largest=Fraction(64), unit=-18)) == 0
    assert error_bound(fine, Terms(count=100, total=Fraction(60), largest=Fraction(256), unit=-18)) != 0
    coarse = accumulation_for(device("h100"), fp8, fp8)
    assert error_bound(coarse, Terms(count=100, total=power_of_two(-5), largest=power_of_two(-5), unit=-18)) == 0
    assert error_bound(coarse, Terms(count=100, total=power_of_two(-3), largest=power_of_two(-5), unit=-18)) != 0
    assert error_bounds(coarse, 100, np.array([2.0**-5, 2.0**-3]), np.array([2.0**-5, 2.0**-5]), unit=-18)[0] == 0
    assert accumulate(coarse, np.array([2.0**-3, 2.0**-9]), np.array([1.0, 2.0**-9])) == 2.0**-3
    rng = np.random.default_rng(13)
    for _ in range(50):
        left, right = (np.round(rng.normal(size=40) * 512) / 512 for _ in range(2))
        left, right = (np.clip(np.round(x * 8) / 8, -0.875, 0.875) for x in (left, right))
        for accumulation in (generic, fine):
            assert accumulate(accumulation, left, right) == (left * right).sum()


def test_the_last_rounding_of_a_group_counts() -> None:
    """On H100 a step cuts 15 terms of almost 2^-25 and truncates 3 * 2^-25 from the sum: 18 units; alignment alone loses at most 17."""
    accumulation = ACCUMULATIONS["h100 fp16 fp16"][0]
    left, right = np.full(16 * 40, (2 - 2.0**-10) * 2.0**-13), np.full(16 * 40, 2.0**-13)
    left[::16], right[::16] = 1.5 * 2.0**-12, 2.0**-12
    left[0], right[0] = 1.0, 1.0
    error = error_of(accumulation, left, right, None, float(accumulate(accumulation, left, right)))
    bound = error_bound(accumulation, terms_of(accumulation, left, right, None))
    assert bound is not None
    assert 40 * 17 * power_of_two(-25) < error <= bound < Fraction(13, 10) * error


def test_several_chains_lose_more_and_are_bounded() -> None:
    """16 chains of one product: the fp32 additions of their results lose 15 * 2^-24, more than one group may, and less than the bound."""
    accumulation = ACCUMULATIONS["h100 fp16 fp16"][0]
    fp32 = float_format("fp32")
    left, right = np.full(16, 2.0**-12), np.full(16, 2.0**-12)
    left[0], right[0] = 1.0, 1.0
    rng = np.random.default_rng(17)
    rows = [(left, right, 16)] + [
        (*cancelling(rng, random_numbers(rng, float_format("fp16"), (2, 60))), c) for c in (2, 3, 7) for _ in range(40)
    ]
    exceeded = 0
    for a, b, chains in rows:
        total = np.zeros(())
        for part in np.array_split(np.arange(len(a)), chains):
            total = add_rounded(fp32, np.atleast_1d(total), np.atleast_1d(accumulate(accumulation, a[part], b[part])))[0]
        terms = terms_of(accumulation, a, b, None)
        error = error_of(accumulation, a, b, None, float(total))
        bound, single = error_bound(accumulation, replace(terms, chains=chains)), error_bound(accumulation, terms)
        assert bound is not None
        assert single is not None
        assert error <= bound
        array = error_bounds(accumulation, terms.count, upward([terms.total]), upward([terms.largest or Fraction(0)]), chains=chains)
        assert bound <= Fraction(float(array[0])) <= bound * (1 + Fraction(1, 10**9)) + power_of_two(-480)
        exceeded += error > single
    assert exceeded >= 1
