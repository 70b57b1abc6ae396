"""Problems as FPCore 2.0, which `readers.fpcore` reads back to the same expression and box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Box
from suffice.encodings.writers.rendering import Hole, Layout, named_positions, render, unused_prefix
from suffice.errors import InputError

_RESERVED = frozenset({
    "E", "LOG2E", "LOG10E", "LN2", "LN10", "PI", "PI_2", "PI_4", "M_1_PI", "M_2_PI", "M_2_SQRTPI", "SQRT2", "SQRT1_2", "INFINITY",
    "NAN", "TRUE", "FALSE",
})  # fmt: skip
"""Constants of FPCore 2.0, which cannot be names of arguments."""


def to_fpcore(expression: Expression, box: Box, name: str = "", precision: str | None = None) -> str:
    """One core; terms that are used more than once are named by `let*`. Raises InputError for a name that FPCore reserves."""
    variables = list(box)
    for variable in variables:
        if variable in _RESERVED:
            raise InputError(f"FPCore reserves the name {variable}", mend="rename the input")
    properties = [f":name {_string(name)}"] if name else []
    properties += [f":precision {precision}"] if precision else []
    properties += [f":pre {_precondition(box)}"] if box else []
    lines = [f"(FPCore ({' '.join(variables)})", *(f"  {line}" for line in properties), *_body(expression, variables)]
    return "\n".join(lines) + ")\n"


def _body(expression: Expression, variables: list[str]) -> list[str]:
    named = named_positions(expression)
    prefix = unused_prefix("t", variables)
    names = {position: f"{prefix}{count}" for count, position in enumerate(named, 1)}
    bindings = [f"({name} {render(position, _layouts(expression, names, position))})" for position, name in names.items()]
    root = len(expression.nodes) - 1
    value = render(root, _layouts(expression, names, root))
    if not bindings:
        return [f"  {value}"]
    return ["  (let* (", *(f"    {binding}" for binding in bindings), "    )", f"    {value})"]


def _layouts(expression: Expression, names: Mapping[int, str], root: int) -> Callable[[int], Layout]:
    def layout(position: int) -> Layout:
        if position in names and position != root:
            return Layout([names[position]], 0)
        return _layout(expression.nodes[position])

    return layout


def _layout(node: Node) -> Layout:
    match node.op:
        case Op.CONST | Op.VAR:
            return Layout([str(node.payload)], 0)
        case Op.PI | Op.E:
            return Layout([node.op.value.upper()], 0)
        case _:
            holes = [piece for argument in node.args for piece in (" ", Hole(argument))]
            exponent = [f" {node.payload}"] if node.op is Op.POW else []
            return Layout([f"({OPERATIONS[node.op].fpcore}", *holes, *exponent, ")"], 0)


def _precondition(box: Box) -> str:
    sides = [f"(<= {_number(side.lo)} {name} {_number(side.hi)})" for name, side in box.items()]
    return sides[0] if len(sides) == 1 else f"(and {' '.join(sides)})"


def _number(value: Fraction) -> str:
    return str(value)


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{" ".join(escaped.splitlines())}"'
