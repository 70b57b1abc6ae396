"""Properties of rounding on random formats, and a brute-force oracle that searches a list of numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from suffice.hardware_specs.format import FloatFormat, IntFormat, Overflow, Rounding, Subnormals
from suffice.hardware_specs.rounding import Special, Value, neighbours, round_exact, round_value, spacing

INFINITY = Fraction(10) ** 9


@st.composite
def small_floats(draw: st.DrawFn) -> FloatFormat:
    p = draw(st.integers(1, 6))
    emin = draw(st.integers(-4, 3))
    emax = draw(st.integers(emin, emin + 5))
    significand = draw(st.integers(1 << (p - 1), (1 << p) - 1))
    infinities = draw(st.booleans())
    return FloatFormat(
        p=p,
        emin=emin,
        emax=emax,
        max_finite=significand * Fraction(2) ** (emax - p + 1),
        infinities=infinities,
        negative_zero=draw(st.booleans()),
        subnormals=draw(st.sampled_from(Subnormals)),
        rounding=draw(st.sampled_from(Rounding)),
        overflow=draw(st.sampled_from([Overflow.SATURATE, Overflow.NAN] + [Overflow.INFINITY] * infinities)),
    )


@st.composite
def small_ints(draw: st.DrawFn) -> IntFormat:
    qmin = draw(st.integers(-20, 20))
    return IntFormat(
        qmin=qmin,
        qmax=qmin + draw(st.integers(1, 30)),
        scale=draw(st.fractions(min_value=Fraction(1, 50), max_value=50, max_denominator=60)),
        zero=draw(st.integers(-30, 30)),
        rounding=draw(st.sampled_from(Rounding)),
    )


reals = (
    st.fractions(min_value=-300, max_value=300, max_denominator=64)
    | st.builds(Fraction, st.integers(-2000, 2000), st.just(64))
    | st.fractions()
)


def order(value: Value) -> tuple[Fraction, int]:
    """The order of values, -0 before +0."""
    if isinstance(value, Fraction):
        return value, 0
    return {Special.NEGATIVE_ZERO: Fraction(0), Special.INFINITY: INFINITY**9, Special.NEGATIVE_INFINITY: -(INFINITY**9)}[value], -1


def choose(grid: list[Fraction], even: dict[Fraction, bool], r: Fraction, mode: Rounding) -> Fraction:
    """The member of an ascending grid that r, within it, rounds to."""
    lower = max(n for n in grid if n <= r)
    upper = min(n for n in grid if n >= r)
    if mode is Rounding.DOWN or (mode is Rounding.TOWARD_ZERO and r > 0):
        return lower
    if mode is Rounding.UP or mode is Rounding.TOWARD_ZERO:
        return upper
    if r - lower != upper - r:
        return lower if r - lower < upper - r else upper
    if mode is Rounding.NEAREST_AWAY:
        return upper if r > 0 else lower
    return lower if lower == upper or even[lower] else upper


def brute_float(fmt: FloatFormat, r: Fraction) -> Value:
    """Rounding by listing the numbers of unbounded exponents up to twice |r|."""
    grid: list[Fraction] = []
    even: dict[Fraction, bool] = {}
    exponent = fmt.emin
    while Fraction(2) ** exponent <= 4 * max(abs(r), fmt.max_finite):
        for significand in range(0 if exponent == fmt.emin else 1 << (fmt.p - 1), 1 << fmt.p):
            number = significand * Fraction(2) ** (exponent - fmt.p + 1)
            for signed in {number, -number}:
                grid.append(signed)
                # p = 1: a tie goes to the upper power of two, whose significand is 2 in the unit of the lower.
                even[signed] = significand % 2 == 0 if fmt.p > 1 else number == 0
        exponent += 1
    chosen = choose(sorted(grid), even, r, fmt.rounding)
    sign = 1 if r > 0 else -1
    if abs(chosen) > fmt.max_finite:
        inward = {Rounding.TOWARD_ZERO, Rounding.DOWN if r > 0 else Rounding.UP}
        if fmt.rounding in inward or fmt.overflow is Overflow.SATURATE:
            return sign * fmt.max_finite
        return Special.NAN if fmt.overflow is Overflow.NAN else (Special.INFINITY if r > 0 else Special.NEGATIVE_INFINITY)
    if fmt.subnormals is Subnormals.FLUSHED and abs(chosen) < Fraction(2) ** fmt.emin:
        chosen = Fraction(0)
    return Special.NEGATIVE_ZERO if chosen == 0 and r < 0 and fmt.negative_zero else chosen


def brute_int(fmt: IntFormat, r: Fraction) -> Fraction:
    """Rounding by listing codes around the range."""
    assert fmt.scale is not None
    assert fmt.zero is not None
    lowest, highest = fmt.scale * (fmt.qmin - fmt.zero), fmt.scale * (fmt.qmax - fmt.zero)
    if not lowest <= r <= highest:
        return lowest if r < lowest else highest
    steps = range(fmt.qmin - fmt.zero, fmt.qmax - fmt.zero + 1)
    return choose([fmt.scale * k for k in steps], {fmt.scale * k: k % 2 == 0 for k in steps}, r, fmt.rounding)


@settings(max_examples=600, deadline=None)
@given(small_floats(), reals.filter(lambda r: abs(r) < 400))
@example(FloatFormat(p=1, emin=-2, emax=2, max_finite=Fraction(4)), Fraction(3, 2))
@example(FloatFormat(p=1, emin=-2, emax=2, max_finite=Fraction(4)), Fraction(1, 8))
@example(FloatFormat(p=3, emin=-2, emax=2, max_finite=Fraction(5)), Fraction(11, 2))
@example(FloatFormat(p=3, emin=-2, emax=2, max_finite=Fraction(7), rounding=Rounding.DOWN, subnormals=Subnormals.FLUSHED), Fraction(-1, 64))
def test_rounding_equals_a_search_of_the_list(fmt: FloatFormat, r: Fraction) -> None:
    assert round_exact(fmt, r) == brute_float(fmt, r)


@settings(max_examples=400, deadline=None)
@given(small_ints(), reals)
def test_integer_rounding_equals_a_search_of_the_list(fmt: IntFormat, r: Fraction) -> None:
    assert round_exact(fmt, r) == brute_int(fmt, r)


@settings(max_examples=400, deadline=None)
@given(small_floats() | small_ints(), reals, reals)
def test_rounding_is_monotone_and_idempotent(fmt: FloatFormat | IntFormat, a: Fraction, b: Fraction) -> None:
    low, high = (round_exact(fmt, r) for r in (min(a, b), max(a, b)))
    for value in (low, high):
        assert round_value(fmt, value) == value
    if Special.NAN not in (low, high):
        assert order(low) <= order(high)


@settings(max_examples=400, deadline=None)
@given(small_floats(), reals)
def test_a_result_is_a_neighbour_and_nearest_where_asked(fmt: FloatFormat, r: Fraction) -> None:
    below, above = neighbours(fmt, r)
    value = round_exact(fmt, r)
    if below is None or above is None:
        return
    assert below <= r <= above
    number = Fraction(0) if value is Special.NEGATIVE_ZERO else value
    assert number in (below, above) or fmt.overflow is not Overflow.SATURATE
    kept = replace(fmt, subnormals=Subnormals.KEPT, overflow=Overflow.SATURATE, rounding=Rounding.NEAREST_EVEN)
    nearest = round_exact(kept, r)
    assert abs((Fraction(0) if nearest is Special.NEGATIVE_ZERO else Fraction(nearest)) - r) <= spacing(kept, r) / 2
