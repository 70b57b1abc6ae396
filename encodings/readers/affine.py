"""Affine expressions in parameters, as the ends of boxes and tolerances are: "-D", "2*D + 1", "eps/2"."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.family import Affine
from suffice.encodings.operations import Op
from suffice.encodings.readers.places import inside
from suffice.encodings.readers.text import read_expression
from suffice.errors import InputError


def read_affine(text: str, parameters: Collection[str], *, where: str) -> Affine:
    """The exact affine form of a formula in these parameters. Raises InputError, at `where`."""
    with inside(where):
        return as_affine(read_expression(text, list(parameters)))


def as_affine(expression: Expression) -> Affine:
    """The affine form of an expression. Raises InputError for any other."""
    values: list[Affine] = []
    for node in expression.nodes:
        values.append(_value(node, [values[k] for k in node.args]))
    return values[-1]


def _value(node: Node, args: list[Affine]) -> Affine:
    if node.format is None:
        if isinstance(node.payload, Fraction):
            return Affine(node.payload)
        if node.op is Op.VAR:
            return Affine(Fraction(0), {str(node.payload): Fraction(1)})
        rule = _RULES.get(node.op)
        found = rule(*args) if rule else None
        if found is not None:
            return found
    raise InputError(
        f"{node.op.value} makes no affine term of parameters",
        mend='write a number, "-D" or "2*D + 1"; what is not affine becomes a parameter',
    )


def _scaled(value: Affine, factor: Fraction) -> Affine:
    return Affine(value.constant * factor, {name: c * factor for name, c in value.coefficients.items() if factor})


def _sum(a: Affine, b: Affine) -> Affine:
    names = sorted({*a.coefficients, *b.coefficients})
    coefficients = {name: a.coefficients.get(name, Fraction(0)) + b.coefficients.get(name, Fraction(0)) for name in names}
    return Affine(a.constant + b.constant, {name: c for name, c in coefficients.items() if c})


def _product(a: Affine, b: Affine) -> Affine | None:
    if not a.coefficients:
        return _scaled(b, a.constant)
    return None if b.coefficients else _scaled(a, b.constant)


def _quotient(a: Affine, b: Affine) -> Affine | None:
    return None if b.coefficients or b.constant == 0 else _scaled(a, 1 / b.constant)


_RULES: dict[Op, Callable[..., Affine | None]] = {
    Op.NEG: lambda a: _scaled(a, Fraction(-1)),
    Op.ADD: _sum,
    Op.SUB: lambda a, b: _sum(a, _scaled(b, Fraction(-1))),
    Op.MUL: _product,
    Op.DIV: _quotient,
}
