"""Problems as FPCore 2.0, which `readers.fpcore` reads back to the same expression and box.

FPCore has no real power beside `pow`: one with a constant exponent that `pow` would take for another operation is called `powr`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Box
from suffice.encodings.readers.fpcore_contexts import ROUNDINGS
from suffice.encodings.readers.powers import is_special_power
from suffice.encodings.writers.rendering import Hole, Layout, named_positions, render, unused_prefix
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import CodeFormat, ExactFormat, Format, Rounding

_RESERVED = frozenset({
    "E", "LOG2E", "LOG10E", "LN2", "LN10", "PI", "PI_2", "PI_4", "M_1_PI", "M_2_PI", "M_2_SQRTPI", "SQRT2", "SQRT1_2", "INFINITY",
    "NAN", "TRUE", "FALSE",
})  # fmt: skip
"""Constants of FPCore 2.0, which cannot be names of arguments."""


_NAMES = {"fp16": "binary16", "fp32": "binary32", "fp64": "binary64", "bf16": "bfloat16", "exact": "real"}
"""What FPCore calls formats of the catalogue."""

_ROUNDINGS = {rounding: name for name, rounding in ROUNDINGS.items()}


def to_fpcore(
    expression: Expression, box: Box, name: str = "", precision: str | None = None, preconditions: Sequence[Expression] = ()
) -> str:
    """One core; terms that are used more than once are named by `let*`, and formats of operations become annotations.

    Raises InputError for a name that FPCore reserves.
    """
    variables = list(box)
    for variable in variables:
        if variable in _RESERVED:
            raise InputError(f"FPCore reserves the name {variable}", mend="rename the input")
    formats = {str(node.payload): node.format for node in expression.nodes if node.op is Op.VAR}
    arguments = [_annotated(variable, formats.get(variable)) for variable in variables]
    conditions = [*_sides(box), *("\n".join(_body(condition, variables)).strip() for condition in preconditions)]
    properties = [f":name {_string(name)}"] if name else []
    properties += [f":precision {precision}"] if precision else []
    properties += [f":pre {_conjunction(conditions)}"] if conditions else []
    lines = [f"(FPCore ({' '.join(arguments)})", *(f"  {line}" for line in properties), *_body(expression, variables)]
    return "\n".join(lines) + ")\n"


def _body(expression: Expression, variables: list[str]) -> list[str]:
    named = sorted({*named_positions(expression), *_format_changes(expression)})
    prefix = unused_prefix("t", variables)
    names = {position: f"{prefix}{count}" for count, position in enumerate(named, 1)}
    bindings = [f"({name} {_term(expression, names, position)})" for position, name in names.items()]
    value = _term(expression, names, len(expression.nodes) - 1)
    if not bindings:
        return [f"  {value}"]
    return ["  (let* (", *(f"    {binding}" for binding in bindings), "    )", f"    {value})"]


def _format_changes(expression: Expression) -> Iterator[int]:
    """Operands in another format than the operation that uses them: an annotation holds for all that stands inside it."""
    nodes = expression.nodes
    for node in nodes:
        for argument in node.args:
            if nodes[argument].format != node.format and nodes[argument].op is not Op.VAR:
                yield argument


def _term(expression: Expression, names: Mapping[int, str], position: int) -> str:
    node = expression.nodes[position]
    return _annotated(render(position, _layouts(expression, names, position)), None if node.op is Op.VAR else node.format)


def _annotated(term: str, fmt: Format | None) -> str:
    """The term in a format of its own, if it has one."""
    if fmt is None:
        return term
    rounding = getattr(fmt, "rounding", Rounding.NEAREST_EVEN)
    text = format_name(fmt if isinstance(fmt, ExactFormat | CodeFormat) else replace(fmt, rounding=Rounding.NEAREST_EVEN))
    plain = _NAMES.get(text, text)
    mode = "" if rounding is Rounding.NEAREST_EVEN else f" :round {_ROUNDINGS[rounding]}"
    return f"(! :precision {plain if plain.isidentifier() else _string(text)}{mode} {term})"


def _layouts(expression: Expression, names: Mapping[int, str], root: int) -> Callable[[int], Layout]:
    def layout(position: int) -> Layout:
        if position in names and position != root:
            return Layout([names[position]], 0)
        return _layout(expression.nodes, expression.nodes[position])

    return layout


def _layout(nodes: Sequence[Node], node: Node) -> Layout:
    match node.op:
        case Op.CONST | Op.VAR:
            return Layout([str(node.payload)], 0)
        case Op.PI | Op.E:
            return Layout([node.op.value.upper()], 0)
        case _:
            holes = [piece for argument in node.args for piece in (" ", Hole(argument))]
            exponent = [f" {node.payload}"] if node.op is Op.POW else []
            is_real_power = node.op is Op.POWR and is_special_power(nodes[node.args[1]].payload)
            return Layout([f"({node.op if is_real_power else OPERATIONS[node.op].fpcore}", *holes, *exponent, ")"], 0)


def _conjunction(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else f"(and {' '.join(conditions)})"


def _sides(box: Box) -> list[str]:
    return [f"(<= {_number(side.lo)} {name} {_number(side.hi)})" for name, side in box.items()]


def _number(value: Fraction) -> str:
    return str(value)


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{" ".join(escaped.splitlines())}"'
