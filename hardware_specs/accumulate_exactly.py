"""Adding up a dot product as a machine does, in exact rationals: the definition that `accumulate` is tested against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import isnan

from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import NEAREST, Accumulation, Kind, Order, Products
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, IntFormat, Subnormals, power_of_two
from suffice.hardware_specs.grid import exponent
from suffice.hardware_specs.rounding import Special, Value, round_exact

ZERO = Fraction(0)


def accumulate_exactly(
    accumulation: Accumulation,
    left: Sequence[Fraction],
    right: Sequence[Fraction],
    bias: Fraction | None = None,
    *,
    exponents: Sequence[int] | None = None,
) -> Value:
    """The value that `accumulate` gives for one row, with the same choices; any formats. Zeros are +0."""
    fmt = accumulation.accumulator
    if isinstance(fmt, IntFormat):
        total = sum((a * b for a, b in zip(left, right, strict=True)), start=bias or ZERO)
        if not fmt.qmin <= total <= fmt.qmax:
            raise FormatError(f"a sum of {len(left)} products leaves the {fmt.bits}-bit accumulator", mend="use fewer or smaller terms")
        return total
    left, right = (read_factors(accumulation, x, side) for side, x in enumerate((left, right)))
    products = [a * b for a, b in zip(left, right, strict=True)]
    if accumulation.kind is Kind.GROUPS:
        aligned = exponents or [
            sum(max(exponent(x), emin) for x, emin in zip(pair, accumulation.smallest_exponents, strict=True)) if all(pair) else fmt.emin
            for pair in zip(left, right, strict=True)
        ]
        total_value = _groups(accumulation, fmt, products, aligned)
        return total_value if bias is None else plus(_fp32(), total_value, bias)
    total_value = _additions(accumulation, fmt, products)
    return total_value if bias is None else plus(fmt, total_value, read_bias(accumulation, fmt, bias))


def accumulate_in_tree_exactly(
    accumulation: Accumulation,
    left: Sequence[Fraction],
    right: Sequence[Fraction],
    merges: Sequence[tuple[int, int]],
    fused: Sequence[bool],
    bias: Fraction | None = None,
) -> Value:
    """The value that `accumulate_in_tree` gives for one row."""
    fmt = accumulation.accumulator
    assert isinstance(fmt, FloatFormat)
    factors = zip(read_factors(accumulation, left, 0), read_factors(accumulation, right, 1), strict=True)
    slots: list[tuple[Value, bool]] = [
        (a * b, True) if keeps else (rounded(fmt, a * b), False) for (a, b), keeps in zip(factors, fused, strict=True)
    ]
    if bias is not None:
        slots.append((read_bias(accumulation, fmt, bias), False))
    last = 0
    for last, other in merges:
        (x, x_exact), (y, y_exact) = slots[last], slots[other]
        slots[last] = (plus(fmt, plus(fmt, x, ZERO) if x_exact and y_exact else x, y), False)
    value, exact = slots[last]
    return plus(fmt, value, ZERO) if exact else value


def read_factors(accumulation: Accumulation, factors: Iterable[Fraction], side: int) -> list[Fraction]:
    """Factors with subnormal ones read as zero where the machine does so."""
    least = power_of_two(accumulation.smallest_exponents[side]) if accumulation.flushes_inputs else ZERO
    return [x if abs(x) >= least else ZERO for x in factors]


def read_bias(accumulation: Accumulation, fmt: FloatFormat, bias: Fraction) -> Fraction:
    """The bias, read as zero where the machine flushes it."""
    return ZERO if accumulation.flushes_inputs and abs(bias) < power_of_two(fmt.emin) else bias


def rounded(fmt: FloatFormat, x: Fraction) -> Value:
    """x in the format, -0 as +0; flushed if p bits with any exponent hold a number below 2^emin instead (see `accumulate.round_once`)."""
    if fmt.subnormals is Subnormals.FLUSHED and abs(x) < power_of_two(fmt.emin) * (1 - power_of_two(-fmt.p - 1)):
        return ZERO
    value = round_exact(fmt, x)
    return ZERO if value is Special.NEGATIVE_ZERO else value


def plus(fmt: FloatFormat, x: Value, y: Value) -> Value:
    """x + y with one rounding; infinities and NaN as in IEEE 754."""
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return rounded(fmt, x + y)
    total = sum(float(z) if isinstance(z, Special) else 0.0 for z in (x, y))
    return Special.NAN if isnan(total) else Special.INFINITY if total > 0 else Special.NEGATIVE_INFINITY


def _fp32() -> FloatFormat:
    fmt = parse_format("fp32")
    assert isinstance(fmt, FloatFormat)
    return fmt


def _additions(accumulation: Accumulation, fmt: FloatFormat, products: list[Fraction]) -> Value:
    fused = accumulation.products is Products.FUSED
    leaves: list[Value] = list(products) if fused else [rounded(fmt, t) for t in products]
    if accumulation.order in (Order.ANY, Order.SEQUENTIAL):
        return _chain(fmt, leaves)
    if accumulation.order is Order.ODD_EVEN:
        return _chain(fmt, [leaf for pair in _parts(leaves, 2) for leaf in reversed(pair)])
    total: Value = ZERO
    for part in _parts(leaves, accumulation.group):
        halves = (part[:2], part[2:]) if accumulation.order is Order.PAIRWISE else (part[::2], part[1::2])
        total = plus(fmt, total, plus(fmt, *(_chain(fmt, half) for half in halves)))
    return total


def _chain(fmt: FloatFormat, leaves: Iterable[Value]) -> Value:
    total: Value = ZERO
    for leaf in leaves:
        total = plus(fmt, total, leaf)
    return total


def _parts(leaves: list[Value], size: int) -> list[list[Value]]:
    return [leaves[first : first + size] for first in range(0, len(leaves), size)]


def _groups(accumulation: Accumulation, fmt: FloatFormat, products: list[Fraction], aligned: Sequence[int]) -> Value:
    total: Value = ZERO
    for first in range(0, len(products), accumulation.group):
        cells = range(first, min(first + accumulation.group, len(products)), accumulation.presummed)
        parts = [(sum(products[k : k + accumulation.presummed], ZERO), max(aligned[k : k + accumulation.presummed])) for k in cells]
        if not isinstance(total, Fraction):
            return total
        total = _group(accumulation, fmt, [(x, e) for x, e in parts if x], total)
    return total


def _group(accumulation: Accumulation, fmt: FloatFormat, parts: list[tuple[Fraction, int]], total: Fraction) -> Value:
    largest = max([fmt.emin, *(e for _, e in parts), *([exponent(total)] if total else [])])
    unit = power_of_two(largest - (fmt.p - 1) - accumulation.extra_bits)
    cut = sum(int(x / unit) for x in (*(x for x, _ in parts), total)) * unit
    if fmt.rounding not in NEAREST and abs(cut) >= power_of_two(fmt.emax + 1):
        return Special.INFINITY if cut > 0 else Special.NEGATIVE_INFINITY
    return rounded(fmt, cut)
