"""The arguments of an FPCore: numbers and tensors of stated dimensions, each number an input with a legal name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.limits import MAX_NAME
from suffice.encodings.readers.fpcore_contexts import Context, annotated
from suffice.encodings.readers.fpcore_values import Number, Value
from suffice.encodings.readers.places import place, shown
from suffice.encodings.readers.sexpressions import Atom, Group, Item
from suffice.errors import InputError

MAX_INPUTS = 256
"""Numbers that a core may take: what a certificate holds."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A name of the core, its dimensions (none for a number), the names of its numbers, and the context that it is annotated with."""

    name: str
    dimensions: tuple[int, ...]
    inputs: tuple[str, ...]
    context: Context

    def value(self, build: ExpressionBuilder) -> Value:
        """The argument as it stands in the body."""
        build.format = self.context.format
        parts: list[Value] = [Number(build.variable(name)) for name in self.inputs]
        for size in reversed(self.dimensions):
            parts = [tuple(parts[k : k + size]) for k in range(0, len(parts), size)]
        return parts[0]


def read_arguments(text: str, group: Group, context: Context) -> tuple[Argument, ...]:
    """The arguments in their order. Raises InputError."""
    declared = [_declared(text, item, context) for item in group.items]
    names = [name for name, _, _ in declared]
    if len(set(names)) < len(names):
        raise InputError("an argument stands twice", where=place(text, group.offset), mend="rename it")
    if sum(prod(dimensions) for _, dimensions, _ in declared) > MAX_INPUTS:
        raise InputError(f"more than {MAX_INPUTS} inputs", where=place(text, group.offset), mend="use shorter tensors")
    legal = _legal_names([(name, dimensions) for name, dimensions, _ in declared])
    return tuple(Argument(name, dimensions, legal[name], within) for name, dimensions, within in declared)


def renamings(arguments: Sequence[Argument]) -> tuple[str, ...]:
    """What to tell the user of names that had to change."""
    return tuple(
        f"the argument {argument.name} is called {argument.inputs[0]}"
        for argument in arguments
        if not argument.dimensions and argument.inputs[0] != argument.name
    )


def _declared(text: str, item: Item, context: Context) -> tuple[str, tuple[int, ...], Context]:
    """`x`, `(A 3 2)`, or `(! :precision binary32 A 3 2)`."""
    if isinstance(item, Atom):
        return _name(text, item), (), context
    parts = item.items
    if parts and isinstance(parts[0], Atom) and parts[0].text == "!":
        properties, parts = _annotation(parts[1:])
        context = annotated(text, context, properties)
    if not parts or not isinstance(parts[0], Atom):
        raise InputError("not an argument", where=place(text, item.offset), mend="write NAME, (NAME SIZE ...) or (! :precision P NAME)")
    return _name(text, parts[0]), tuple(_dimension(text, size) for size in parts[1:]), context


def _annotation(parts: Sequence[Item]) -> tuple[Mapping[str, Item], tuple[Item, ...]]:
    properties: dict[str, Item] = {}
    position = 0
    while position + 1 < len(parts) and isinstance(key := parts[position], Atom) and key.text.startswith(":"):
        properties[key.text] = parts[position + 1]
        position += 2
    return properties, tuple(parts[position:])


def _name(text: str, atom: Atom) -> str:
    if atom.quoted or not re.match(r"[^0-9:.#]", atom.text):
        raise InputError(f"{shown(atom.text)} is not a name", where=place(text, atom.offset), mend="begin it with a letter")
    return atom.text


def _dimension(text: str, item: Item) -> int:
    if isinstance(item, Atom) and item.text.isdecimal() and 0 < int(item.text[:9]) <= MAX_INPUTS:
        return int(item.text)
    mend = f"write its dimensions as numbers from 1 to {MAX_INPUTS}, as in (A 3)"
    raise InputError("the dimensions of a tensor are not stated", where=place(text, item.offset), mend=mend)


def _legal_names(declared: Sequence[tuple[str, tuple[int, ...]]]) -> dict[str, tuple[str, ...]]:
    """Names that a certificate may hold: those of the core where they are legal, A_0 for (ref A 0), and no name twice."""
    taken: set[str] = {name for name, dimensions in declared if not dimensions and _is_legal(name)}
    result: dict[str, tuple[str, ...]] = {}
    for name, dimensions in declared:
        if not dimensions and _is_legal(name):
            result[name] = (name,)
            continue
        stem = re.sub(r"[^A-Za-z0-9_]", "_", name)[: MAX_NAME // 2]
        stem = stem if re.match(r"[A-Za-z_]", stem) else f"_{stem}"
        suffixes = ["".join(f"_{i}" for i in at) for at in product(*map(range, dimensions))]
        while any(stem + suffix in taken for suffix in suffixes):
            stem += "_"
        result[name] = tuple(stem + suffix for suffix in suffixes)
        taken.update(result[name])
    return result


def _is_legal(name: str) -> bool:
    return re.fullmatch(rf"[A-Za-z_][A-Za-z0-9_]{{0,{MAX_NAME - 1}}}", name) is not None
