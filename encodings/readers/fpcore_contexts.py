"""Rounding contexts of FPCore: what `:precision` and `:round` demand of the operations below an annotation `!`.

The context of the whole core leaves the format to the question (Node.format None): its `:precision` is only the format that is asked about
where nobody names another. An annotation inside the body is part of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.readers.places import nearest, place, shown
from suffice.encodings.readers.sexpressions import Atom, Group, Item
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT, ExactFormat, FloatFormat, Format, IntFormat, Rounding, scale_by_power

ROUNDINGS = {
    "nearestEven": Rounding.NEAREST_EVEN,
    "nearestAway": Rounding.NEAREST_AWAY,
    "toPositive": Rounding.UP,
    "toNegative": Rounding.DOWN,
    "toZero": Rounding.TOWARD_ZERO,
}

_WIDE = {"binary80": (64, 15), "binary128": (113, 15), "binary256": (237, 19)}
"""Significand bits, the first one counted, and exponent bits (IEEE 754-2019, table 3.5; binary80: the x87's extended format)."""


@dataclass(frozen=True, slots=True)
class Context:
    """`format` is what a node gets; `precision` and `rounding` are what an inner annotation that names only one of them keeps.

    `integer`: terms are integers that do not depend on the inputs, such as indices.
    """

    precision: Format
    rounding: Rounding = Rounding.NEAREST_EVEN
    format: Format | None = None
    integer: bool = False


def outer_context(text: str, properties: Mapping[str, Item]) -> Context:
    """The context of the whole core: binary64 where it names no other. Raises InputError."""
    within = annotated(text, Context(parse_format("binary64")), properties)
    return replace(within, format=None)


def annotated(text: str, outer: Context, properties: Mapping[str, Item]) -> Context:
    """The context below `!` with these properties, of which only those that round count. Raises InputError."""
    precision, rounding = properties.get(":precision"), properties.get(":round")
    if precision is None and rounding is None:
        return outer
    mode = outer.rounding if rounding is None else _rounding(text, rounding)
    if isinstance(precision, Atom) and precision.text == "integer":
        return Context(EXACT, mode, EXACT, integer=True)
    fmt = outer.precision if precision is None else read_precision(text, precision)
    if isinstance(fmt, FloatFormat | IntFormat):
        fmt = replace(fmt, rounding=mode)
    return Context(fmt, mode, fmt)


def read_precision(text: str, item: Item) -> Format:
    """The format that `binary32`, `real`, `bfloat16`, another name of the catalogue, or `(float 8 32)` is. Raises InputError."""
    where = place(text, item.offset)
    if isinstance(item, Group):
        return _parametric(item, where)
    if item.text == "real":
        return EXACT
    if item.text in _WIDE:
        return _float(*_WIDE[item.text])
    try:
        return parse_format(item.text)
    except FormatError as error:
        raise InputError(error.what, where=where, mend=error.mend) from None


def precision_text(text: str, properties: Mapping[str, Item]) -> str | None:
    """The core's own format as the catalogue writes it; None if it names none, or all real numbers, or integers."""
    from suffice.hardware_specs.catalogue import format_name

    precision = properties.get(":precision")
    if precision is None:
        return None
    context = annotated(text, Context(parse_format("binary64")), properties)
    if isinstance(context.precision, ExactFormat):
        return None
    if isinstance(precision, Atom) and precision.text not in _WIDE:
        mode = "" if context.rounding is Rounding.NEAREST_EVEN else f"(rounding={context.rounding})"
        return precision.text + mode
    return format_name(context.precision)


def _rounding(text: str, item: Item) -> Rounding:
    if isinstance(item, Atom) and item.text in ROUNDINGS:
        return ROUNDINGS[item.text]
    raise InputError("unknown rounding", where=place(text, item.offset), mend=f"choose {' or '.join(ROUNDINGS)}")


def _parametric(group: Group, where: str) -> Format:
    """(float e n): e exponent bits of n bits in all."""
    match group.items:
        case (Atom(text="float"), Atom(text=exponent), Atom(text=bits)) if exponent.isdecimal() and bits.isdecimal():
            try:
                return _float(int(bits) - int(exponent), int(exponent))
            except FormatError as error:
                raise InputError(error.what, where=where, mend=error.mend) from None
    name = group.items[0].text if group.items and isinstance(group.items[0], Atom) else ""
    mend = nearest(name, ["float"], "write (float EXPONENT_BITS BITS), or name a format, as in binary32")
    raise InputError(f"the precision {shown(name)} with parameters is not supported", where=where, mend=mend)


def _float(p: int, exponent_bits: int) -> FloatFormat:
    if not 2 <= exponent_bits <= 20:
        raise FormatError(f"a format with {exponent_bits} exponent bits", mend="use 2 to 20")
    emax = (1 << (exponent_bits - 1)) - 1
    largest = scale_by_power((1 << p) - 1, emax - p + 1) if p > 0 else Fraction(0)
    return FloatFormat(p=p, emin=1 - emax, emax=emax, max_finite=largest)
