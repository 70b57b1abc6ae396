"""FPCore 2.0 (https://fpbench.org/spec/fpcore-2.0.html), the part that is one real function on a box.

`let` shares terms. Strict comparisons in `:pre` are read as closed: the box is the closure, a superset, and a note says so.
fmin and fmax propagate NaN (docs/semantics.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from suffice.encodings.expression import Expression
from suffice.encodings.limits import MAX_TEXT
from suffice.encodings.problem import Box
from suffice.encodings.readers.fpcore_body import read_body
from suffice.encodings.readers.fpcore_pre import read_pre
from suffice.encodings.readers.numbers import read_name
from suffice.encodings.readers.places import place, shown
from suffice.encodings.readers.sexpressions import Atom, Group, Item, read_items
from suffice.errors import InputError

_ROUNDINGS = {
    "nearestEven": "nearest_even", "nearestAway": "nearest_away", "toPositive": "up", "toNegative": "down", "toZero": "toward_zero",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FPCoreProblem:
    """A function on a box. `precision` is the text of the core's format, None if it names none; `properties` are as written."""

    name: str
    expression: Expression
    box: Box
    precision: str | None
    properties: Mapping[str, str]
    notes: tuple[str, ...] = ()


def read_fpcore(text: str) -> FPCoreProblem:
    """The only core of a text. Raises InputError with line and column."""
    if len(text) > MAX_TEXT:
        raise InputError(f"an FPCore file of {len(text)} characters", mend=f"use at most {MAX_TEXT}")
    items = read_items(text)
    if len(items) != 1:
        raise InputError(f"{len(items)} expressions stand at the top", mend="give a file with one (FPCore ...)")
    name, arguments, properties, body = _parts(text, items[0])
    inputs = [_input(text, item) for item in arguments.items]
    if len(set(inputs)) < len(inputs):
        raise InputError("an argument stands twice", where=place(text, arguments.offset), mend="rename it")
    box, notes = read_pre(text, properties.get(":pre"), inputs)
    named = properties.get(":name")
    return FPCoreProblem(
        name=named.text if isinstance(named, Atom) else name,
        expression=read_body(text, body, inputs),
        box=box,
        precision=_precision(text, properties),
        properties={key: _written(text, item) for key, item in properties.items()},
        notes=notes,
    )


def _parts(text: str, core: Item) -> tuple[str, Group, dict[str, Item], Item]:
    """Name, arguments, properties and body of (FPCore name? (args...) :key value ... body)."""
    items = core.items if isinstance(core, Group) else ()
    if not items or not isinstance(items[0], Atom) or items[0].text != "FPCore":
        raise InputError("not an FPCore", where=place(text, core.offset), mend="write (FPCore (x) :pre (<= 0 x 1) (sqrt x))")
    rest = items[1:]
    name = ""
    if rest and isinstance(rest[0], Atom):
        name, rest = rest[0].text, rest[1:]
    if not rest or not isinstance(rest[0], Group):
        raise InputError("the arguments are missing", where=place(text, core.offset), mend="write (FPCore (x) ...)")
    properties: dict[str, Item] = {}
    position = 1
    while position + 1 < len(rest) and _is_key(rest[position]):
        key = rest[position]
        assert isinstance(key, Atom)
        if key.text in properties:
            raise InputError(f"the property {shown(key.text)} stands twice", where=place(text, key.offset), mend="remove one")
        properties[key.text] = rest[position + 1]
        position += 2
    if len(rest) != position + 1:
        raise InputError("not exactly one body", where=place(text, core.offset), mend="write one expression after the properties")
    return name, rest[0], properties, rest[position]


def _is_key(item: Item) -> bool:
    return isinstance(item, Atom) and not item.quoted and item.text.startswith(":")


def _input(text: str, item: Item) -> str:
    where = place(text, item.offset)
    if not isinstance(item, Atom):
        raise InputError("an argument is annotated or a tensor", where=where, mend="give plain names")
    return read_name(item.text, where=where)


def _precision(text: str, properties: Mapping[str, Item]) -> str | None:
    """The text of the format that `:precision` and `:round` name."""
    precision, rounding = properties.get(":precision"), properties.get(":round")
    if precision is None or (isinstance(precision, Atom) and precision.text == "real"):
        return None
    if not isinstance(precision, Atom):
        raise InputError("a precision with parameters", where=place(text, precision.offset), mend="name a format, as in binary32")
    if rounding is None or (isinstance(rounding, Atom) and rounding.text == "nearestEven"):
        return precision.text
    if not isinstance(rounding, Atom) or rounding.text not in _ROUNDINGS:
        raise InputError("unknown rounding", where=place(text, rounding.offset), mend=f"choose {' or '.join(_ROUNDINGS)}")
    return f"{precision.text}(rounding={_ROUNDINGS[rounding.text]})"


def _written(text: str, item: Item) -> str:
    """The property as it stands in the file; a text in quotes without them."""
    return item.text if isinstance(item, Atom) else text[item.offset : item.end]
