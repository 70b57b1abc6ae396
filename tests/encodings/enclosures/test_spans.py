"""Arb's enclosures of single operations against mpmath at points, on wide, narrow, tiny and huge operands."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from random import Random
from typing import Any

import mpmath
import pytest
from flint import ctx

from suffice.encodings.enclosures import spans
from suffice.encodings.enclosures.spans import BINARY, UNARY, UndefinedError, interval_of, span_of
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval

DOMAINS: dict[Op, tuple[Fraction, Fraction]] = {
    Op.SQRT: (Fraction(0), Fraction(10**6)),
    Op.LOG: (Fraction(1, 10**9), Fraction(10**6)),
    Op.LOG1P: (Fraction(-99, 100), Fraction(10**6)),
    Op.ASIN: (Fraction(-1), Fraction(1)),
    Op.ACOS: (Fraction(-1), Fraction(1)),
    Op.EXP: (Fraction(-800), Fraction(800)),
    Op.EXPM1: (Fraction(-800), Fraction(800)),
    Op.SINH: (Fraction(-800), Fraction(800)),
    Op.COSH: (Fraction(-800), Fraction(800)),
    Op.LOG2: (Fraction(1, 10**9), Fraction(10**6)),
    Op.LOG10: (Fraction(1, 10**9), Fraction(10**6)),
    Op.EXP2: (Fraction(-800), Fraction(800)),
    Op.ACOSH: (Fraction(1), Fraction(10**6)),
    Op.ATANH: (Fraction(-999, 1000), Fraction(999, 1000)),
}
MPMATH_NAMES: dict[Op, Any] = {
    Op.NEG: lambda x: -x,
    Op.ABS: abs,
    Op.CAST: lambda x: x,
    Op.EXP2: lambda x: mpmath.mpf(2) ** x,
    Op.LOG2: lambda x: mpmath.log(x, 2),
    Op.CBRT: lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
}


def mpmath_value(op: Op, x: Fraction) -> Fraction:
    """The function by mpmath at 60 digits, as a rational."""
    with mpmath.workdps(60):
        argument = mpmath.mpf(x.numerator) / x.denominator
        value = MPMATH_NAMES[op](argument) if op in MPMATH_NAMES else getattr(mpmath, op.value)(argument)
        return Fraction(*map(int, mpmath.libmp.to_rational(value._mpf_)))


@pytest.mark.parametrize("op", sorted(set(UNARY) - {Op.NOT}))
def test_unary_functions_hold_sampled_values_and_are_tight(op: Op) -> None:
    random = Random(op.value)
    least, greatest = DOMAINS.get(op, (Fraction(-50), Fraction(50)))
    checked = 0
    for _ in range(150):
        ends = sorted(least + (greatest - least) * Fraction(random.randint(0, 10**6), 10**6) ** random.choice([1, 4]) for _ in range(2))
        lo, hi = ends if random.random() < 0.7 else (ends[0], min(greatest, ends[0] + Fraction(1, 10**9)))
        with ctx.workprec(120):
            try:
                enclosure = interval_of(UNARY[op](span_of(lo, hi)))
            except UndefinedError:
                assert op is Op.TAN
                continue
        samples = [mpmath_value(op, lo + (hi - lo) * Fraction(k, 20)) for k in range(21)]
        slack = Fraction(1, 10**30) * max(abs(s) for s in samples)
        assert enclosure.lo <= min(samples) + slack and max(samples) - slack <= enclosure.hi
        reach = (hi - lo) / 20
        steepest = max(abs(b - a) for a, b in pairwise(samples)) if reach else 0
        if op not in (Op.SIN, Op.COS) or hi - lo < 3:
            assert enclosure.hi - max(samples) <= steepest + slack and min(samples) - enclosure.lo <= steepest + slack
        checked += 1
    assert checked > 20


@pytest.mark.parametrize(
    ("op", "at", "value"),
    [
        (Op.SQRT, "0", "0"),
        (Op.SQRT, "4", "2"),
        (Op.LOG, "1", "0"),
        (Op.EXP, "0", "1"),
        (Op.SIN, "0", "0"),
        (Op.COS, "0", "1"),
        (Op.ASIN, "0", "0"),
        (Op.ACOS, "1", "0"),
        (Op.TANH, "0", "0"),
        (Op.LOG2, "1", "0"),
        (Op.EXP2, "3", "8"),
        (Op.CBRT, "0", "0"),
        (Op.ACOSH, "1", "0"),
    ],
)
def test_exact_values_are_exact(op: Op, at: str, value: str) -> None:
    with ctx.workprec(96):
        assert interval_of(UNARY[op](span_of(Fraction(at), Fraction(at)))) == Interval(Fraction(value), Fraction(value))


@pytest.mark.parametrize(
    ("op", "lo", "hi"),
    [
        (Op.SQRT, "-1/1000000000000", "1"),
        (Op.LOG, "0", "1"),
        (Op.LOG1P, "-1", "0"),
        (Op.ASIN, "0", "1000000000001/1000000000000"),
        (Op.ACOS, "-2", "0"),
        (Op.TAN, "1", "2"),
        (Op.TAN, "-100", "100"),
        (Op.LOG2, "0", "1"),
        (Op.LOG10, "-1", "1"),
        (Op.ACOSH, "999999999999/1000000000000", "2"),
        (Op.ATANH, "0", "1"),
        (Op.ATANH, "-1", "0"),
    ],
)
def test_beyond_the_domain_is_undefined(op: Op, lo: str, hi: str) -> None:
    with ctx.workprec(96), pytest.raises(UndefinedError):
        UNARY[op](span_of(Fraction(lo), Fraction(hi)))


def test_even_powers_of_spans_through_zero_are_tight() -> None:
    with ctx.workprec(96):
        through_zero = span_of(Fraction(-1), Fraction(2))
        assert interval_of(spans.power(through_zero, 2)) == Interval(Fraction(0), Fraction(4))
        assert interval_of(spans.power(through_zero, 3)) == Interval(Fraction(-1), Fraction(8))
        assert interval_of(spans.power(span_of(Fraction(-2), Fraction(-1)), -2)) == Interval(Fraction(1, 4), Fraction(1))
        with pytest.raises(UndefinedError):
            spans.power(through_zero, -1)


def test_waves_know_their_crests() -> None:
    with ctx.workprec(96):
        crest = interval_of(UNARY[Op.SIN](span_of(Fraction(1), Fraction(2))))
        trough = interval_of(UNARY[Op.COS](span_of(Fraction(3), Fraction(4))))
        far = interval_of(UNARY[Op.SIN](span_of(Fraction(10**40), Fraction(10**40))))
    assert crest.hi == 1 and crest.lo < Fraction(85, 100)
    assert trough.lo == -1 and trough.hi < Fraction(-65, 100)
    assert far == Interval(Fraction(-1), Fraction(1))


def test_thirds_are_rounded_outward() -> None:
    with ctx.workprec(53):
        third = interval_of(span_of(Fraction(1, 3), Fraction(1, 3)))
    assert third.lo < Fraction(1, 3) < third.hi and third.hi - third.lo <= Fraction(1, 2**53)


def test_absurd_sizes_are_refused_or_widened() -> None:
    with ctx.workprec(96):
        with pytest.raises(UndefinedError):
            interval_of(UNARY[Op.EXP](span_of(Fraction(10**7), Fraction(10**7))))
        with pytest.raises(UndefinedError):
            UNARY[Op.EXP](span_of(Fraction(10**60), Fraction(10**60)))
        tiny = interval_of(UNARY[Op.EXP](span_of(Fraction(-(10**7)), Fraction(-(10**7)))))
    assert tiny == Interval(Fraction(0), Fraction(1, 1 << spans.LARGEST_EXPONENT))


def test_divisions_of_every_sign() -> None:
    for a, b, c, d in [(1, 2, 3, 4), (-1, 2, 3, 4), (-2, -1, 3, 4), (1, 2, -4, -3), (-1, 2, -4, -3), (-2, -1, -4, -3)]:
        with ctx.workprec(96):
            got = interval_of(spans.divide(span_of(Fraction(a), Fraction(b)), span_of(Fraction(c), Fraction(d))))
        quotients = [Fraction(p, q) for p in (a, b) for q in (c, d)]
        assert got.lo <= min(quotients) and max(quotients) <= got.hi
        assert min(quotients) - got.lo < Fraction(1, 2**90) and got.hi - max(quotients) < Fraction(1, 2**90)


@pytest.mark.parametrize("op", [Op.HYPOT, Op.ATAN2, Op.POWR])
def test_functions_of_two_operands_hold_sampled_values_and_are_tight(op: Op) -> None:
    random = Random(op.value)
    function = {Op.HYPOT: mpmath.hypot, Op.ATAN2: mpmath.atan2, Op.POWR: mpmath.power}[op]
    defined = 0
    for _ in range(100):
        least = Fraction(1, 100) if op is Op.POWR else Fraction(-4)
        first = sorted(least + Fraction(random.randint(0, 800), 100) for _ in range(2))
        second = sorted(Fraction(random.randint(-400, 400), 100) for _ in range(2))
        with ctx.workprec(120):
            try:
                enclosure = interval_of(BINARY[op](span_of(*first), span_of(*second)))
            except UndefinedError:
                assert op is Op.ATAN2 and first[0] <= 0 <= first[1] and second[0] <= 0
                continue
        defined += 1
        sides = [[lo + (hi - lo) * Fraction(k, 8) for k in range(9)] for lo, hi in (first, second)]
        with_zero = (side + [Fraction(0)] * (side[0] <= 0 <= side[-1]) for side in sides)
        grid = [(x, y) for x, y in product(*with_zero) if op is not Op.ATAN2 or x or y]
        with mpmath.workdps(60):
            values = [function(mpmath.mpf(x.numerator) / x.denominator, mpmath.mpf(y.numerator) / y.denominator) for x, y in grid]
            low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (enclosure.lo, enclosure.hi))
            slack = mpmath.mpf(10) ** -30 * max(1, *map(abs, values))
            assert low <= min(values) + slack and max(values) - slack <= high
            assert min(values) - slack <= low and high <= max(values) + slack
    assert defined > 30


@pytest.mark.parametrize(
    ("op", "first", "second"),
    [(Op.POWR, ("0", "1"), ("1", "1")), (Op.ATAN2, ("0", "1"), ("-1", "0")), (Op.ATAN2, ("-1", "1"), ("-1", "0"))],
)
def test_two_operands_beyond_the_domain(op: Op, first: tuple[str, str], second: tuple[str, str]) -> None:
    with ctx.workprec(96), pytest.raises(UndefinedError):
        BINARY[op](*(span_of(Fraction(lo), Fraction(hi)) for lo, hi in (first, second)))
