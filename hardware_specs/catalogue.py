"""Formats by name: the catalogue, and the text form of every format.

fp16    fp16(subnormals=flushed,rounding=toward_zero,overflow=saturate)    int8(scale=1/64,zero=0)
float(p=12,emin=-126,emax=127)    int(bits=8,scale=1/64,zero=0,signed=false)    code(bits=8)    exact
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from suffice.errors import FormatError
from suffice.hardware_specs.format import (
    EXACT,
    MAX_EXPONENT,
    MAX_INTEGER_BITS,
    MAX_PRECISION,
    CodeFormat,
    ExactFormat,
    FloatFormat,
    Format,
    IntFormat,
    Overflow,
    Rounding,
    Subnormals,
    scale_by_power,
)
from suffice.hardware_specs.numerals import read_numeral, write_numeral

MAX_TEXT = 20_000
"""Most characters of one format."""

_CALL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*(?:\((.*)\))?", re.ASCII | re.DOTALL)

Reader = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A format that has a name. `source` says where its numbers stand."""

    name: str
    format: FloatFormat | IntFormat
    aliases: tuple[str, ...]
    source: str
    notes: str = ""


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Every named format, floats before integers, each by size."""
    data = tomllib.loads(Path(__file__).with_name("formats.toml").read_text(encoding="utf-8"))
    floats = [_entry(table, _float_from_table(table)) for table in data["float"]]
    integers = [_entry(table, IntFormat(qmin=table["qmin"], qmax=table["qmax"])) for table in data["int"]]
    return tuple(floats + integers)


def parse_format(text: str) -> Format:
    """The format that a text names. Raises FormatError."""
    if len(text) > MAX_TEXT:
        raise FormatError(f"a format of {len(text)} characters", mend=f"use at most {MAX_TEXT}")
    match = _CALL.fullmatch(text.strip())
    if match is None:
        raise FormatError(f"{_shown(text)} is not a format", mend="write NAME or NAME(OPTION=VALUE,...), as in fp16(overflow=saturate)")
    name = match[1].lower()
    try:
        return _build(name, _read_options(match[2]))
    except FormatError as error:
        if error.where:
            raise
        raise FormatError(error.what, where=f"format {_shown(text.strip())}", mend=error.mend) from None


def format_name(fmt: Format) -> str:
    """The text of a format: its catalogue name with what differs from it in rules, scale and zero point, else its numbers.

    parse_format(format_name(fmt)) == fmt.
    """
    if isinstance(fmt, ExactFormat):
        return "exact"
    if isinstance(fmt, CodeFormat):
        return f"code(bits={fmt.bits})"
    for entry in catalogue():
        differences = _differences(fmt, entry.format) if type(fmt) is type(entry.format) else {"p": ""}
        if differences.keys() <= _RULES:
            return _call(entry.name, differences)
    if isinstance(fmt, FloatFormat):
        natural = replace(fmt, bits=0).bits
        plain = FloatFormat(p=fmt.p, emin=fmt.emin, emax=fmt.emax, max_finite=_full_range(fmt.p, fmt.emax), bits=natural)
        return _call("float", {"p": fmt.p, "emin": fmt.emin, "emax": fmt.emax, **_differences(fmt, plain)})
    signed = IntFormat(qmin=-(1 << (fmt.bits - 1)), qmax=(1 << (fmt.bits - 1)) - 1)
    unsigned = IntFormat(qmin=0, qmax=(1 << fmt.bits) - 1)
    is_unsigned = (fmt.qmin, fmt.qmax) == (unsigned.qmin, unsigned.qmax)
    sign = {"signed": "false"} if is_unsigned else {}
    return _call("int", {"bits": fmt.bits, **sign, **_differences(fmt, unsigned if is_unsigned else signed)})


def split_formats(text: str) -> list[str]:
    """The parts of a list between commas that stand outside parentheses, stripped. Raises FormatError for an empty part."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text + ","):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
        if character == "," and (depth == 0 or position == len(text)):
            parts.append(text[start:position].strip())
            start = position + 1
    if depth != 0:
        raise FormatError(f"{_shown(text)} has unbalanced parentheses", mend="close every parenthesis")
    if not all(parts):
        raise FormatError(f"{_shown(text)} has an empty part", mend="separate formats by single commas")
    return parts


def size_key(fmt: Format) -> tuple[int, int, int]:
    """Orders formats by total bits, then p (0 for integers); `code` formats come after all of them, then `exact`."""
    if isinstance(fmt, FloatFormat):
        return (0, fmt.bits, fmt.p)
    if isinstance(fmt, IntFormat):
        return (0, fmt.bits, 0)
    return (1, fmt.bits, 0) if isinstance(fmt, CodeFormat) else (2, 0, 0)


def _entry(table: Mapping[str, Any], fmt: FloatFormat | IntFormat) -> CatalogueEntry:
    return CatalogueEntry(
        name=table["name"], format=fmt, aliases=tuple(table["aliases"]), source=table["source"], notes=table.get("notes", "")
    )


def _float_from_table(table: Mapping[str, Any]) -> FloatFormat:
    described = {"name", "aliases", "source", "notes"}
    return _custom_float({key: _FLOAT_OPTIONS[key](str(value).lower()) for key, value in table.items() if key not in described})


def _full_range(p: int, emax: int) -> Fraction:
    return scale_by_power((1 << p) - 1, emax - p + 1)


def _build(name: str, options: dict[str, str]) -> Format:
    if name == "exact":
        _read_known(name, options, {})
        return EXACT
    if name == "code":
        return CodeFormat(**_read_known(name, options, {"bits": _integer}, required=("bits",)))
    if name == "float":
        return _custom_float(_read_known(name, options, _FLOAT_OPTIONS, required=("p", "emin", "emax")))
    if name == "int":
        return _custom_int(_read_known(name, options, _INT_OPTIONS, required=("bits",)))
    base = _named(name)
    is_float = isinstance(base, FloatFormat)
    custom = "float(p=...,emin=...,emax=...)" if is_float else "int(bits=...)"
    for key in ("p", "emin", "emax") if is_float else ("bits", "signed"):
        if key in options:
            raise FormatError(f"{name} has a {key} of its own", mend=f"write {custom}")
    changes = _read_known(name, options, _FLOAT_OPTIONS if is_float else _INT_OPTIONS)
    changed = replace(base, **changes)
    return _checked_width(changed) if isinstance(changed, IntFormat) else changed


def _checked_width(fmt: IntFormat) -> IntFormat:
    if fmt.qmax - fmt.qmin >= 1 << fmt.bits:
        raise FormatError(f"the codes [{fmt.qmin}, {fmt.qmax}] do not fit in {fmt.bits} bits", mend="bring qmin and qmax closer")
    return fmt


def _named(name: str) -> FloatFormat | IntFormat:
    names = {known: entry.format for entry in catalogue() for known in (entry.name, *entry.aliases)}
    if name in names:
        return names[name]
    near = difflib.get_close_matches(name, [*names, "exact", "float", "int", "code"], n=3, cutoff=0.5)
    mend = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(entry.name for entry in catalogue())}"
    raise FormatError(f"unknown format {_shown(name)}", mend=mend)


def _custom_float(values: dict[str, Any]) -> FloatFormat:
    p, emax = values["p"], values["emax"]
    if not 1 <= p <= MAX_PRECISION or abs(emax) > MAX_EXPONENT:
        raise FormatError(
            f"float(p={p},emax={emax}) is out of limits", mend=f"use 1 <= p <= {MAX_PRECISION} and exponents within +-{MAX_EXPONENT}"
        )
    return FloatFormat(**{"max_finite": _full_range(p, emax), **values})


def _custom_int(values: dict[str, Any]) -> IntFormat:
    bits, signed = values["bits"], values.pop("signed", True)
    if not 1 <= bits <= MAX_INTEGER_BITS:
        raise FormatError(f"int(bits={bits}) is out of limits", mend=f"use 1 <= bits <= {MAX_INTEGER_BITS}")
    lowest = -(1 << (bits - 1)) if signed else 0
    ends = {"qmin": lowest, "qmax": lowest + (1 << bits) - 1}
    return _checked_width(IntFormat(**{**ends, **values}))


def _read_options(text: str | None) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in (text or "").split(",") if text is not None else []:
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise FormatError(f"{_shown(part.strip())} is not an option", mend="write OPTION=VALUE, separated by commas")
        if key.strip().lower() in options:
            raise FormatError(f"{key.strip()} is given twice", mend="give it once")
        options[key.strip().lower()] = value.strip()
    return options


def _read_known(name: str, options: dict[str, str], known: Mapping[str, Reader], required: Iterable[str] = ()) -> dict[str, Any]:
    for key in options:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            offered = f"did you mean {near[0]}?" if near else f"options are {', '.join(known)}" if known else f"write {name} alone"
            raise FormatError(f"{name} has no option {_shown(key)}", mend=offered)
    for key in required:
        if key not in options:
            raise FormatError(f"{name} needs {key}", mend=f"write {name}({','.join(f'{k}=...' for k in required)})")
    values: dict[str, Any] = {}
    for key, value in options.items():
        try:
            values[key] = known[key](value)
        except FormatError as error:
            raise FormatError(f"{key}: {error.what}", mend=error.mend) from None
    return values


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        raise FormatError(f"{_shown(text)} is not an integer of at most 20 digits", mend="write an integer")
    return int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise FormatError(f"{_shown(text)} is neither true nor false", mend="write true or false")
    return text.lower() == "true"


def _choice(kind: type[Rounding] | type[Overflow] | type[Subnormals]) -> Reader:
    def read(text: str) -> object:
        if text.lower() not in list(kind):
            raise FormatError(f"{_shown(text)} is unknown", mend=f"write {' or '.join(kind)}")
        return kind(text.lower())

    return read


_FLOAT_OPTIONS: dict[str, Reader] = {
    "p": _integer,
    "emin": _integer,
    "emax": _integer,
    "max_finite": read_numeral,
    "bits": _integer,
    "infinities": _truth,
    "nan": _truth,
    "negative_zero": _truth,
    "subnormals": _choice(Subnormals),
    "rounding": _choice(Rounding),
    "overflow": _choice(Overflow),
}
_INT_OPTIONS: dict[str, Reader] = {
    "bits": _integer,
    "signed": _truth,
    "qmin": _integer,
    "qmax": _integer,
    "scale": read_numeral,
    "zero": _integer,
    "rounding": _choice(Rounding),
}
_RULES = {"subnormals", "rounding", "overflow", "scale", "zero"}


def _differences(fmt: FloatFormat | IntFormat, base: FloatFormat | IntFormat) -> dict[str, object]:
    """Every field in which `fmt` differs from `base`, as it is written."""
    options: dict[str, object] = {}
    for field in fields(fmt):
        value = getattr(fmt, field.name)
        if value != getattr(base, field.name):
            options[field.name] = write_numeral(value) if isinstance(value, Fraction) else str(value).lower()
    return options


def _call(name: str, options: Mapping[str, object]) -> str:
    return f"{name}({','.join(f'{key}={value}' for key, value in options.items())})" if options else name


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
