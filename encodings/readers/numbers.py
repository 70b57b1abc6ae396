"""Numbers, names and intervals as people write them. Every number is exact: 1e-8 is 1/10^8."""

from __future__ import annotations

import re
from fractions import Fraction

from suffice.encodings.limits import MAX_DIGITS, MAX_NAME
from suffice.encodings.problem import Interval
from suffice.encodings.readers.places import shown
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.numerals import read_numeral

_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{MAX_NAME - 1}}}")
_BEGINS = re.compile(r"[+-]?\.?[0-9]")
_TOO_LONG: int = 10**MAX_DIGITS
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def read_number(text: str, *, where: str = "") -> Fraction:
    """The exact value of `3`, `0.1`, `1e-8`, `1/3` or `0x1.8p+0`. Raises InputError, at `where`."""
    if _NOT_FINITE.fullmatch(text.strip()):
        raise InputError(f"{shown(text)} is not a real number", where=where, mend="give a finite number")
    try:
        value = read_numeral(text)
    except FormatError as error:
        raise InputError(error.what, where=where, mend=error.mend) from None
    return check_digits(value, where=where)


def divide(numerator: Fraction, denominator: Fraction) -> Fraction:
    """The quotient of two literals. Raises InputError."""
    if denominator == 0:
        raise InputError("a literal is divided by zero", mend="give another denominator")
    return check_digits(numerator / denominator)


def check_digits(value: Fraction, *, where: str = "") -> Fraction:
    """The value itself. Raises InputError if it is too long for a certificate."""
    if max(abs(value.numerator), value.denominator) >= _TOO_LONG:
        raise InputError(f"a number has more than {MAX_DIGITS} digits", where=where, mend="use a shorter one")
    return value


def looks_like_number(text: str) -> bool:
    """Whether a text begins as a number does: a digit or a point, after a sign or not."""
    return _BEGINS.match(text) is not None


def write_number(value: Fraction) -> str:
    """The rational in lowest terms, "p" or "p/q", of a value that `read_number` can return."""
    return str(value)


def hex_float(value: Fraction) -> str:
    """A dyadic rational as a hexadecimal float, such as 0x1.8p+0. Raises InputError for others."""
    if value.denominator & (value.denominator - 1):
        raise InputError("a number that is not dyadic has no hexadecimal float", mend="write it as a quotient")
    if value == 0:
        return "0x0p+0"
    magnitude = abs(value.numerator)
    fraction_bits = magnitude.bit_length() - 1
    exponent = fraction_bits - (value.denominator.bit_length() - 1)
    digits = -(-fraction_bits // 4)
    fraction = (magnitude - (1 << fraction_bits)) << (4 * digits - fraction_bits)
    tail = f"{fraction:0{digits}x}".rstrip("0") if digits else ""
    return f"{'-' if value < 0 else ''}0x1{'.' + tail if tail else ''}p{exponent:+d}"


def read_interval(text: str) -> tuple[str, Interval]:
    """The name, or NAME[COUNT], and the interval of `x=-1:3`. Raises InputError."""
    name, equals, ends = text.partition("=")
    lo, colon, hi = ends.partition(":")
    if not equals or not colon:
        raise InputError(f"{shown(text)} is not NAME=LO:HI", mend="write an interval as in x=-1:3")
    where = f"interval {shown(text)}"
    read_name(name.partition("[")[0].strip(), where=where)
    return name.strip(), make_interval(read_number(lo, where=where), read_number(hi, where=where), where=where)


def make_interval(lo: Fraction, hi: Fraction, *, where: str) -> Interval:
    """The closed interval. Raises InputError, at `where`, if it is empty."""
    if lo > hi:
        raise InputError("the interval is empty", where=where, mend="write the smaller end first")
    return Interval(lo, hi)


def read_name(name: str, *, where: str) -> str:
    """The name of an input. Raises InputError, at `where`."""
    if not _NAME.fullmatch(name):
        mend = f"use letters, digits and _, at most {MAX_NAME}, a letter or _ first"
        raise InputError(f"{shown(name)} is not a name", where=where, mend=mend)
    return name
