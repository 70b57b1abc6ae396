"""The catalogue, the text form of formats, and the messages of its errors."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.errors import FormatError
from suffice.hardware_specs.catalogue import catalogue, format_name, parse_format, size_key, split_formats
from suffice.hardware_specs.format import (
    EXACT,
    CodeFormat,
    FloatFormat,
    Format,
    IntFormat,
    Overflow,
    Rounding,
    Subnormals,
    scale_by_power,
)
from suffice.hardware_specs.numerals import read_numeral, write_numeral
from suffice.hardware_specs.rounding import round_exact


@st.composite
def float_formats(draw: st.DrawFn) -> FloatFormat:
    p = draw(st.one_of(st.integers(1, 12), st.integers(1, 4096)))
    emin = draw(st.integers(-300, 300) | st.integers(-(1 << 20), 1 << 20))
    emax = draw(st.integers(emin, min(emin + 40, 1 << 20)))
    significand = draw(st.just((1 << p) - 1) | st.integers(1 << (p - 1), (1 << p) - 1))
    infinities, nan = draw(st.booleans()), draw(st.booleans())
    return FloatFormat(
        p=p,
        emin=emin,
        emax=emax,
        max_finite=scale_by_power(significand, emax - p + 1),
        infinities=infinities,
        nan=nan,
        negative_zero=draw(st.booleans()),
        subnormals=draw(st.sampled_from(Subnormals)),
        rounding=draw(st.sampled_from(Rounding)),
        overflow=draw(st.sampled_from([Overflow.SATURATE] + [Overflow.NAN] * nan + [Overflow.INFINITY] * infinities)),
        bits=draw(st.just(0) | st.integers(1, 5000)),
    )


@st.composite
def int_formats(draw: st.DrawFn) -> IntFormat:
    bits = draw(st.integers(1, 64))
    qmin = draw(st.sampled_from([0, -(1 << (bits - 1))]) | st.integers(-(1 << 63), 1 << 63))
    qmax = draw(st.just(qmin + (1 << bits) - 1) | st.integers(qmin + 1, qmin + (1 << bits) - 1))
    free = draw(st.booleans())
    scale = draw(st.fractions(min_value=Fraction(1, 10**30), max_value=10**30))
    zero = draw(st.integers(-300, 300) | st.integers(-(1 << 64), 1 << 64))
    return IntFormat(
        qmin=qmin,
        qmax=qmax,
        bits=bits,
        scale=None if free else scale,
        zero=None if free else zero,
        rounding=draw(st.sampled_from(Rounding)),
    )


@st.composite
def varied_catalogue_formats(draw: st.DrawFn) -> Format:
    fmt = draw(st.sampled_from([entry.format for entry in catalogue()]))
    if isinstance(fmt, IntFormat):
        return replace(fmt, scale=Fraction(1, draw(st.integers(1, 100))), zero=draw(st.integers(-9, 9)))
    return replace(fmt, rounding=draw(st.sampled_from(Rounding)), subnormals=draw(st.sampled_from(Subnormals)))


codes = st.builds(CodeFormat, bits=st.integers(1, 4096))


@settings(max_examples=400, deadline=None)
@given(st.one_of(float_formats(), int_formats(), varied_catalogue_formats(), codes, st.just(EXACT)))
def test_names_read_back(fmt: Format) -> None:
    assert parse_format(format_name(fmt)) == fmt


@settings(max_examples=300, deadline=None)
@given(st.fractions() | st.builds(scale_by_power, st.integers(-(1 << 70), 1 << 70), st.integers(-(1 << 20), 1 << 20)))
def test_numerals_read_back(value: Fraction) -> None:
    assert read_numeral(write_numeral(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numerals_equal_those_of_python(value: float) -> None:
    assert read_numeral(value.hex()) == Fraction(value)
    assert read_numeral(repr(value)) == Fraction(repr(value))


def test_catalogue_names_aliases_and_sources() -> None:
    entries = catalogue()
    assert [entry.name for entry in entries] == [
        "fp4_e2m1", "fp6_e2m3", "fp6_e3m2", "fp8_e4m3", "fp8_e4m3fnuz", "fp8_e5m2", "fp8_e5m2fnuz", "bf16", "fp16", "tf32", "fp32", "fp64",
        "int4", "int8", "uint8", "int16",
    ]  # fmt: skip
    names = [name for entry in entries for name in (entry.name, *entry.aliases)]
    assert len(names) == len(set(names))
    for entry in entries:
        assert len(entry.source) > 20
        assert format_name(entry.format) == entry.name
        for name in (entry.name, *entry.aliases):
            assert parse_format(name) == parse_format(f" {name.upper()} ") == entry.format
    assert [parse_format(name) for name in ("float16", "half", "e4m3")] == [parse_format(name) for name in ("fp16", "fp16", "fp8_e4m3")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "fp16( subnormals = flushed , rounding=TOWARD_ZERO,overflow=saturate)",
            "fp16(subnormals=flushed,rounding=toward_zero,overflow=saturate)",
        ),
        ("float(p=11,emin=-14,emax=15)", "fp16"),
        ("float(p=11,emin=-14,emax=15,max_finite=65504)", "fp16"),
        ("float(p=4,emin=-6,emax=8,max_finite=0x1.cp8,infinities=false,overflow=nan)", "fp8_e4m3"),
        ("float(p=12,emin=-126,emax=127)", "float(p=12,emin=-126,emax=127)"),
        ("float(p=12,emin=-126,emax=127,bits=20)", "float(p=12,emin=-126,emax=127)"),
        ("float(p=12,emin=-126,emax=127,bits=24)", "float(p=12,emin=-126,emax=127,bits=24)"),
        ("bf16(max_finite=0x1p127)", "float(p=8,emin=-126,emax=127,max_finite=0x1p127)"),
        ("int8(scale=0x1p-6,zero=0)", "int8(scale=1/64,zero=0)"),
        ("int(bits=8,scale=1/64,zero=0,signed=false)", "uint8(scale=1/64,zero=0)"),
        ("int(bits=12)", "int(bits=12)"),
        ("int(bits=12,signed=false,scale=0.1,zero=-3)", "int(bits=12,signed=false,scale=1/10,zero=-3)"),
        ("int8(qmin=-127)", "int(bits=8,qmin=-127)"),
        ("code(bits=8)", "code(bits=8)"),
        ("EXACT", "exact"),
    ],
)
def test_texts_and_their_canonical_names(text: str, name: str) -> None:
    fmt = parse_format(text)
    assert format_name(fmt) == name
    assert parse_format(name) == fmt


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fp17", "...unknown format 'fp17'; did you mean fp16 or fp4 or f16?"),
        ("float8_e4m3", "...unknown format 'float8_e4m3'; did you mean float8_e4m3fn or float8_e4m3fnuz or float8_e5m2?"),
        ("", "'' is not a format; write NAME or NAME(OPTION=VALUE,...), as in fp16(overflow=saturate)"),
        ("fp16(", "'fp16(' is not a format; write NAME or NAME(OPTION=VALUE,...), as in fp16(overflow=saturate)"),
        ("__import__('os')", "\"__import__('os')\" is not a format; write NAME or NAME(OPTION=VALUE,...), as in fp16(overflow=saturate)"),
        ("fp16(p=12)", "...fp16 has a p of its own; write float(p=...,emin=...,emax=...)"),
        ("int8(bits=9)", "...int8 has a bits of its own; write int(bits=...)"),
        ("fp16(overflw=nan)", "...fp16 has no option 'overflw'; did you mean overflow?"),
        ("fp16(overflow=inf)", "...overflow: 'inf' is unknown; write infinity or saturate or nan"),
        ("fp16(nan=1)", "...nan: '1' is neither true nor false; write true or false"),
        ("fp16(nan=true,nan=true)", "...nan is given twice; give it once"),
        ("fp8_e4m3(overflow=infinity)", "...overflow=infinity in a format without infinities; use overflow=saturate or overflow=nan"),
        ("fp16(max_finite=65505)", "...max_finite does not fit in p = 11 bits; use a multiple of 2^5"),
        ("fp16(max_finite=65536)", "...max_finite does not have exponent emax = 15; use 2^15 <= max_finite < 2^16"),
        ("float(p=3)", "...float needs emin; write float(p=...,emin=...,emax=...)"),
        ("float(p=3,emin=3,emax=2)", "...float(p=3,emin=3,emax=2) is empty; use p >= 1 and emin <= emax"),
        ("float(p=4097,emin=0,emax=9)", "...float(p=4097,emax=9) is out of limits; use 1 <= p <= 4096 and exponents within +-1048576"),
        (
            "float(p=4,emin=-1048577,emax=9)",
            "...float(p=4,emin=-1048577,emax=9) is too large; use p <= 4096 and exponents within +-1048576",
        ),
        ("float(p=x,emin=0,emax=9)", "...p: 'x' is not an integer of at most 20 digits; write an integer"),
        ("int8(scale=0,zero=0)", "...scale is not positive; use scale > 0"),
        ("int8(scale=1/0,zero=0)", "...scale: '1/0' divides by zero; give a denominator other than 0"),
        ("int8(scale=nan,zero=0)", "...scale: 'nan' is not a number; write an integer, 0.1, 1/64, 1e-8 or 0x1.8p-3"),
        (
            "int8(scale=1e999999999,zero=0)",
            "...scale: the exponent of '1e999999999' is too large; use decimal exponents within +-1000, binary ones within +-2097152",
        ),
        ("int8(scale=1)", "...scale and zero are given together or not at all; give both or neither"),
        ("int(bits=65)", "...int(bits=65) is out of limits; use 1 <= bits <= 64"),
        ("int(bits=4,qmax=100)", "...the codes [-8, 100] do not fit in 4 bits; bring qmin and qmax closer"),
        ("code(bits=0)", "...code(bits=0) is out of limits; use 1 <= bits <= 4096"),
        ("exact(bits=3)", "...exact has no option 'bits'; write exact alone"),
        ("x" * 20001, "a format of 20001 characters; use at most 20000"),
    ],
)
def test_bad_texts_get_one_clear_line(text: str, message: str) -> None:
    expected = f"format {text!r}: {message[3:]}" if message.startswith("...") else message
    with pytest.raises(FormatError) as caught:
        parse_format(text)
    assert str(caught.value) == expected
    assert "\n" not in expected


def test_huge_formats_are_quick() -> None:
    fmt = parse_format("float(p=4096,emin=-1048576,emax=1048576)")
    assert round_exact(fmt, Fraction(1, 3)) != Fraction(1, 3)
    assert parse_format(format_name(fmt)) == fmt


def test_lists_split_outside_parentheses() -> None:
    assert split_formats("fp16, float(p=12,emin=-126,emax=127) ,int8(scale=1/64,zero=0)") == [
        "fp16",
        "float(p=12,emin=-126,emax=127)",
        "int8(scale=1/64,zero=0)",
    ]
    for text, message in (
        ("fp16,,bf16", "'fp16,,bf16' has an empty part; separate formats by single commas"),
        ("", "'' has an empty part; separate formats by single commas"),
        ("fp16(a=1", "'fp16(a=1' has unbalanced parentheses; close every parenthesis"),
        ("fp16),bf16", "'fp16),bf16' has unbalanced parentheses; close every parenthesis"),
    ):
        with pytest.raises(FormatError) as caught:
            split_formats(text)
        assert str(caught.value) == message


def test_formats_are_ordered_by_size() -> None:
    names = [
        "exact",
        "code(bits=2)",
        "fp64",
        "bf16",
        "fp16",
        "int8",
        "fp8_e5m2",
        "fp8_e4m3",
        "tf32",
        "fp4_e2m1",
        "float(p=9,emin=-126,emax=127)",
    ]
    ordered = sorted((parse_format(name) for name in names), key=size_key)
    assert [format_name(fmt) for fmt in ordered] == [
        "fp4_e2m1",
        "int8",
        "fp8_e5m2",
        "fp8_e4m3",
        "bf16",
        "fp16",
        "float(p=9,emin=-126,emax=127)",
        "tf32",
        "fp64",
        "code(bits=2)",
        "exact",
    ]


def test_formats_that_contradict_themselves_are_refused() -> None:
    contradictions: list[dict[str, Any]] = [
        {"qmin": 3, "qmax": 3},
        {"qmin": 0, "qmax": 1 << 64},
        {"qmin": 0, "qmax": 9, "bits": 65},
        {"qmin": 0, "qmax": 9, "scale": Fraction(-1), "zero": 0},
        {"qmin": 0, "qmax": 9, "zero": 0},
    ]
    for arguments in contradictions:
        with pytest.raises(FormatError):
            IntFormat(**arguments)
    for p, emin, emax in ((0, 0, 1), (2, 1, 0), (4097, 0, 1), (2, 0, (1 << 20) + 1)):
        with pytest.raises(FormatError):
            FloatFormat(p=p, emin=emin, emax=emax, max_finite=Fraction(2) ** min(emax, 9))
