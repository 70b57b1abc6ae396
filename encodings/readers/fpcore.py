"""FPCore 2.0 (https://fpbench.org/spec/fpcore-2.0.html): real functions on a region of inputs.

The body becomes the program that was written: `let` shares terms, `!` and `cast` set formats (fpcore_contexts), loops and tensors are
unrolled (fpcore_loops). Strict bounds in `:pre` are read as closed: the box is the closure, a superset, and a note says so.
fmin and fmax propagate NaN (docs/semantics.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from suffice.encodings.expression import Expression
from suffice.encodings.limits import MAX_TEXT
from suffice.encodings.problem import Box
from suffice.encodings.readers.fpcore_body import FORMS, Reader
from suffice.encodings.readers.fpcore_contexts import Context, outer_context, precision_text
from suffice.encodings.readers.fpcore_inputs import Argument, read_arguments, renamings
from suffice.encodings.readers.fpcore_loops import LOOPS
from suffice.encodings.readers.fpcore_values import Number, Truth, Value, shape, truths
from suffice.encodings.readers.places import place, shown
from suffice.encodings.readers.preconditions import STRICT_NOTE, Region, region
from suffice.encodings.readers.sexpressions import Atom, Group, Item, read_items
from suffice.encodings.readers.text import check_size
from suffice.errors import InputError

MAX_OUTPUTS = 1_000
"""Numbers that the value of a core may consist of."""

_ALL_FORMS = {**FORMS, **LOOPS}


@dataclass(frozen=True, slots=True, kw_only=True)
class FPCoreProblem:
    """A function on a region. `precision` is the text of the core's format, None if it names none; `properties` are as written.

    `components` are the outputs with their names, the first of them `expression`. Only points of the box at which all
    `preconditions` hold count; `open_ends` are the strict bounds that the box reads as closed.
    """

    name: str
    expression: Expression
    box: Box
    precision: str | None
    properties: Mapping[str, str]
    notes: tuple[str, ...] = ()
    preconditions: tuple[Expression, ...] = ()
    open_ends: tuple[Expression, ...] = ()
    components: tuple[tuple[str, Expression], ...] = ()


def read_fpcore(text: str) -> FPCoreProblem:
    """The only core of a text. Raises InputError with line and column."""
    items = _items(text)
    if len(items) != 1:
        raise InputError(f"{len(items)} expressions stand at the top", mend="give a file with one (FPCore ...)")
    return _read_core(text, items[0])


def read_fpcores(text: str) -> list[FPCoreProblem | InputError]:
    """All cores of a text, in their order, with an error in the place of each that cannot be read. Raises InputError for other text."""
    return [_core_or_error(text, item) for item in _items(text)]


def _core_or_error(text: str, item: Item) -> FPCoreProblem | InputError:
    try:
        return _read_core(text, item)
    except InputError as error:
        return error


def _items(text: str) -> list[Item]:
    if len(text) > MAX_TEXT:
        raise InputError(f"an FPCore file of {len(text)} characters", mend=f"use at most {MAX_TEXT}")
    return read_items(text)


def _read_core(text: str, core: Item) -> FPCoreProblem:
    name, group, properties, body = _parts(text, core)
    context = outer_context(text, properties)
    arguments = read_arguments(text, group, context)
    where = _region(text, properties.get(":pre"), arguments)
    reader = _reader(text, arguments, where.box)
    value = reader.read(body, context)
    if prod(shape(value)) > MAX_OUTPUTS:
        raise InputError(f"more than {MAX_OUTPUTS} outputs", where=place(text, body.offset), mend="give fewer")
    components = tuple(_components(reader, value, body))
    for _, expression in components:
        check_size(expression)
    named = properties.get(":name")
    return FPCoreProblem(
        name=named.text if isinstance(named, Atom) else name,
        expression=components[0][1],
        box=where.box,
        precision=precision_text(text, properties),
        properties={key: _written(text, item) for key, item in properties.items()},
        notes=((STRICT_NOTE,) if where.open_ends else ()) + renamings(arguments) + tuple(reader.notes),
        preconditions=where.preconditions,
        open_ends=where.open_ends,
        components=components,
    )


def _reader(text: str, arguments: tuple[Argument, ...], box: Box) -> Reader:
    reader = Reader(text, _ALL_FORMS, box=box)
    for argument in arguments:
        reader.bind([argument.name], [argument.value(reader.builder)])
    return reader


def _region(text: str, pre: Item | None, arguments: tuple[Argument, ...]) -> Region:
    """The box and the preconditions that `:pre` states of the real inputs."""
    inputs = [name for argument in arguments for name in argument.inputs]
    real = outer_context(text, {})
    reader = _reader(text, tuple(Argument(a.name, a.dimensions, a.inputs, real) for a in arguments), {})
    condition = None if pre is None else _truth(reader, pre, real)
    if condition is not None and condition.known is False:
        raise InputError("no point satisfies the precondition", where=":pre", mend="correct it")
    return region(reader.builder, None if condition is None else condition.position, inputs)


def _truth(reader: Reader, pre: Item, context: Context) -> Truth:
    value = reader.read(pre, context)
    if not isinstance(value, Truth):
        raise InputError(
            "a precondition is not true or false", where=place(reader.text, pre.offset), mend="write comparisons, as in (<= 0 x 1)"
        )
    return truths([value])[0]


def _components(reader: Reader, value: Value, body: Item, name: str = "") -> Iterator[tuple[str, Expression]]:
    """The numbers that a value consists of, named by their indices."""
    if isinstance(value, Number):
        yield name, reader.builder.build(value.position)
    elif isinstance(value, tuple):
        for k, part in enumerate(value):
            yield from _components(reader, part, body, f"{name}[{k}]")
    else:
        raise InputError("the value is true or false", where=place(reader.text, body.offset), mend="give a number, as in (if C 1 0)")


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


def _written(text: str, item: Item) -> str:
    """The property as it stands in the file; a text in quotes without them."""
    return item.text if isinstance(item, Atom) else text[item.offset : item.end]
