"""Formulas in infix notation, which `readers.text` reads back to the same expression."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import chain

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.writers.rendering import Hole, Layout, render, short_decimal, stream
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import Format

_LOOSEST, _OR, _AND, _NOT, _RELATION, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_RELATIONS = {Op.LT: " < ", Op.LE: " <= ", Op.EQ: " == "}
_E_NAMES = ("e", "E")
_PI_NAMES = ("pi", "PI")


def to_text(expression: Expression) -> str:
    """The formula; of the formats that operations have only those of casts are written.

    Raises InputError for one that is too long with its shared terms written out.
    """
    return render(len(expression.nodes) - 1, _layouts(expression))


def to_short_text(expression: Expression, most: int = 200) -> str:
    """The formula for a message of one line, cut after so many characters."""
    parts: list[str] = []
    length = 0
    for part in chain(stream(len(expression.nodes) - 1, _layouts(expression)), [""]):
        if length + len(part) > most:
            return "".join(parts) + "..."
        parts.append(part)
        length += len(part)
    return "".join(parts)


def _layouts(expression: Expression) -> Callable[[int], Layout]:
    nodes = expression.nodes
    names = frozenset(expression.variables)
    return lambda position: _layout(nodes, names, nodes[position])


def _layout(nodes: tuple[Node, ...], names: frozenset[str], node: Node) -> Layout:
    match node.op:
        case Op.CONST:
            assert isinstance(node.payload, Fraction)
            return _constant(node.payload)
        case Op.VAR:
            return Layout([str(node.payload)], _ATOM)
        case Op.PI:
            return Layout([_free(names, _PI_NAMES)], _ATOM)
        case Op.E:
            return Layout([_free(names, _E_NAMES)], _ATOM)
        case Op.ADD | Op.SUB:
            sign = " + " if node.op is Op.ADD else " - "
            return Layout([Hole(node.args[0], _SUM), sign, Hole(node.args[1], _PRODUCT)], _SUM)
        case Op.MUL:
            return Layout([Hole(node.args[0], _PRODUCT), "*", Hole(node.args[1], _POWER)], _PRODUCT)
        case Op.DIV:
            dividend = Hole(node.args[0], _PRODUCT)
            if all(nodes[argument].op is Op.CONST for argument in node.args):
                dividend = Hole(node.args[0], _ATOM + 1)
            return Layout([dividend, "/", Hole(node.args[1], _POWER)], _PRODUCT)
        case Op.NEG:
            level = _ATOM + 1 if nodes[node.args[0]].op is Op.CONST else _SIGN
            return Layout(["-", Hole(node.args[0], level)], _SIGN)
        case Op.POW:
            return Layout([Hole(node.args[0], _ATOM), f"^{node.payload}"], _POWER)
        case Op.CAST:
            return Layout(["cast(", Hole(node.args[0]), "" if node.format is None else f", {_format(node.format)}", ")"], _ATOM)
        case Op.LT | Op.LE | Op.EQ:
            return Layout([Hole(node.args[0], _SUM), _RELATIONS[node.op], Hole(node.args[1], _SUM)], _RELATION)
        case Op.AND | Op.OR:
            level = _AND if node.op is Op.AND else _OR
            return Layout([Hole(node.args[0], level), f" {node.op} ", Hole(node.args[1], level + 1)], level)
        case Op.NOT:
            return Layout(["not ", Hole(node.args[0], _ATOM)], _NOT)
        case Op.IF:
            condition, yes, no = (Hole(argument) for argument in node.args)
            return Layout(["if ", condition, " then ", yes, " else ", no], _LOOSEST)
        case _:
            holes = [piece for argument in node.args for piece in (", ", Hole(argument))]
            return Layout([f"{node.op}(", *holes[1:], ")"], _ATOM)


def _constant(value: Fraction) -> Layout:
    """Signs and quotients stand in parentheses wherever an operation is near, so that none is read as part of it."""
    decimal = short_decimal(value)
    if decimal is None:
        return Layout([str(value)], _LOOSEST)
    return Layout([decimal], _ATOM if value >= 0 else _LOOSEST)


def _format(fmt: Format) -> str:
    name = format_name(fmt)
    return name if name.isidentifier() else f'"{name}"'


def _free(names: frozenset[str], candidates: tuple[str, ...]) -> str:
    for name in candidates:
        if name not in names:
            return name
    raise InputError(f"{' and '.join(candidates)} are names of inputs", mend="rename an input")
