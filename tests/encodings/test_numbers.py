"""Numbers are read exactly: against Fraction, float.fromhex and float.hex."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.encodings.problem import Interval
from suffice.encodings.readers.numbers import hex_float, read_interval, read_number, write_number
from suffice.errors import InputError


def test_decimals_are_exact() -> None:
    assert read_number("1e-8") == Fraction(1, 10**8)
    assert read_number("0.1") == Fraction(1, 10) != Fraction(0.1)
    assert read_number(" 1/3 ") == Fraction(1, 3)
    assert read_number("0x1.8p+0") == Fraction(3, 2)
    assert read_number("-.5e1") == -5


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_decimals_are_what_fraction_reads(number: object) -> None:
    assert read_number(str(number)) == Fraction(str(number))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_hexadecimal_floats_are_those_of_python(number: float) -> None:
    assert read_number(number.hex()) == Fraction(number)
    assert float.fromhex(hex_float(Fraction(number))) == number
    assert read_number(hex_float(Fraction(number))) == Fraction(number)


@pytest.mark.parametrize("number", [1.0, 1.5, -0.375, 255.0, 256.0, 2.0**-1074, 1.7976931348623157e308])
def test_hexadecimal_floats_are_normalised(number: float) -> None:
    """Python writes normal numbers alike, with trailing zeros."""
    digits, exponent = number.hex().split("p") if abs(number) >= 2.0**-1022 else ("0x1.0", "-1074")
    assert hex_float(Fraction(number)) == f"{digits.rstrip('0').rstrip('.')}p{exponent}"


@given(st.fractions())
def test_rationals_round_trip(number: Fraction) -> None:
    assert read_number(write_number(number)) == number


def test_no_hexadecimal_float_of_one_third() -> None:
    with pytest.raises(InputError, match="not dyadic"):
        hex_float(Fraction(1, 3))


def test_intervals() -> None:
    assert read_interval("x=-1:3") == ("x", Interval(Fraction(-1), Fraction(3)))
    assert read_interval(" rate = 1/3 : 0x1p-1 ") == ("rate", Interval(Fraction(1, 3), Fraction(1, 2)))
    assert read_interval("x=2:2") == ("x", Interval(Fraction(2), Fraction(2)))


_NUMBER = "write an integer, 0.1, 1/64, 1e-8 or 0x1.8p-3"
BAD_NUMBERS = {
    "": f"'' is not a number; {_NUMBER}",
    "abc": f"'abc' is not a number; {_NUMBER}",
    "1_000": f"'1_000' is not a number; {_NUMBER}",
    "1,5": f"'1,5' is not a number; {_NUMBER}",
    "--1": f"'--1' is not a number; {_NUMBER}",
    "0x": f"'0x' is not a number; {_NUMBER}",
    "\u0663": f"'\u0663' is not a number; {_NUMBER}",
    "nan": "'nan' is not a real number; give a finite number",
    "-Inf": "'-Inf' is not a real number; give a finite number",
    "1/0": "'1/0' divides by zero; give a denominator other than 0",
    "1e999999999": "the exponent of '1e999999999' is too large; use decimal exponents within +-1000, binary ones within +-2097152",
    "0x1p2000000": "a number has more than 4000 digits; use a shorter one",
    "1" * 5000: "a number of 5000 decimal digits; use at most 4000",
    "9" * 10**6: "a number of 1000000 characters; use at most 16000",
}


@pytest.mark.parametrize("text", BAD_NUMBERS, ids=lambda text: repr(text[:20]))
def test_bad_numbers(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_number(text)
    assert str(caught.value) == BAD_NUMBERS[text]


BAD_INTERVALS = {
    "x": "'x' is not NAME=LO:HI; write an interval as in x=-1:3",
    "x=1": "'x=1' is not NAME=LO:HI; write an interval as in x=-1:3",
    "x=3:1": "interval 'x=3:1': the interval is empty; write the smaller end first",
    "x=0:inf": "interval 'x=0:inf': 'inf' is not a real number; give a finite number",
    "=0:1": "interval '=0:1': '' is not a name; use letters, digits and _, at most 64, a letter or _ first",
    "2x=0:1": "interval '2x=0:1': '2x' is not a name; use letters, digits and _, at most 64, a letter or _ first",
    "x=0x1p9999:0": "interval 'x=0x1p9999:0': the interval is empty; write the smaller end first",
}


@pytest.mark.parametrize("text", BAD_INTERVALS)
def test_bad_intervals(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_interval(text)
    assert str(caught.value) == BAD_INTERVALS[text]
