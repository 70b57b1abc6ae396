"""Decimals for reading against the decimal module, which rounds a quotient correctly in any direction."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from suffice.proofs.decimals import decimal_above, decimal_below, decimal_nearest, is_decimal

RATIONALS = st.fractions() | st.builds(lambda n, e: n * Fraction(10) ** e, st.integers(-(10**20), 10**20), st.integers(-400, 400))


@given(RATIONALS, st.integers(1, 12))
@example(Fraction(999999, 1000), 3)
@example(Fraction(-999999, 1000), 3)
@example(Fraction(1, 2**1074), 3)
@example(Fraction(25, 10), 1)
@example(Fraction(0), 3)
def test_decimals_are_rounded_as_the_decimal_module_does(q: Fraction, digits: int) -> None:
    for ours, rounding in ((decimal_below, ROUND_FLOOR), (decimal_above, ROUND_CEILING), (decimal_nearest, ROUND_HALF_EVEN)):
        context = Context(prec=digits, rounding=rounding, Emin=-(10**6), Emax=10**6)
        expected = context.divide(Decimal(q.numerator), Decimal(q.denominator))
        text = ours(q, digits)
        assert Decimal(text) == expected
        assert len(text.lstrip("-").partition("e")[0].replace(".", "").strip("0")) <= digits
    assert is_decimal(q, digits) == (decimal_below(q, digits) == decimal_above(q, digits))


@pytest.mark.parametrize(
    ("q", "below", "above", "nearest"),
    [
        (Fraction(1, 1024), "9.76e-4", "9.77e-4", "9.77e-4"),
        (Fraction(-1, 1024), "-9.77e-4", "-9.76e-4", "-9.77e-4"),
        (Fraction(1, 3), "0.333", "0.334", "0.333"),
        (Fraction(65504), "65500", "65600", "65500"),
        (Fraction(10**6), "1e6", "1e6", "1e6"),
        (Fraction(1, 100), "0.01", "0.01", "0.01"),
        (Fraction(5, 2), "2.5", "2.5", "2.5"),
        (Fraction(12, 1), "12", "12", "12"),
        (Fraction(999999, 1000000), "0.999", "1", "1"),
    ],
)
def test_decimals_are_short(q: Fraction, below: str, above: str, nearest: str) -> None:
    assert (decimal_below(q), decimal_above(q), decimal_nearest(q)) == (below, above, nearest)
