"""Expressions as SMT-LIB 2.6 terms over the reals.

Rational operations become terms; what no solver reasons about in earnest (elementary functions, square roots, pi, e) becomes a constant
of its own, about which the caller asserts enclosures. Nothing is asserted here. Where a divisor is zero SMT-LIB leaves the quotient
open, so that an unsatisfiable script stays true whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op, is_logical
from suffice.encodings.writers.rendering import Hole, Layout, Piece, named_positions, render, unused_prefix

_RATIONAL = {Op.ADD: "+", Op.SUB: "-", Op.MUL: "*", Op.DIV: "/", Op.NEG: "-"}
_LEAVES = (Op.CONST, Op.VAR)
_LOGIC = {Op.LT: "<", Op.LE: "<=", Op.EQ: "=", Op.AND: "and", Op.OR: "or", Op.NOT: "not", Op.IF: "ite"}
_TERMS = frozenset({*_RATIONAL, *_LOGIC, Op.ABS, Op.MIN, Op.MAX, Op.FMA, Op.POW, Op.CAST, *_LEAVES})

_RESERVED = frozenset({
    "BINARY", "DECIMAL", "HEXADECIMAL", "NUMERAL", "STRING", "_", "as", "let", "exists", "forall", "match", "par", "Bool", "Int",
    "Real", "String", "true", "false", "not", "and", "or", "xor", "distinct", "ite", "abs", "div", "mod", "sin", "cos", "tan", "exp",
    "log", "sqrt", "pi", "to_real", "to_int", "is_int", "divisible", "assert", "check", "declare", "define",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class SmtTerms:
    """`declarations`: commands that declare the inputs and the constants in `opaque` and define shared terms. `value`: the expression.

    `opaque` maps the name of a constant to the position of the node that it stands for, `arguments` the same name to the terms of that
    node's arguments.
    """

    declarations: tuple[str, ...]
    value: str
    opaque: dict[str, int]
    arguments: dict[str, tuple[str, ...]]


def to_smtlib(expression: Expression) -> SmtTerms:
    """The commands and the term of an expression. Commands stand in an order that a solver accepts."""
    nodes = expression.nodes
    prefix = unused_prefix("t", expression.variables)
    opaque = {f"{prefix}{position}": position for position, node in enumerate(nodes) if node.op not in _TERMS}
    repeated = {position for node in nodes for position in _repeated(node) if nodes[position].op not in _LEAVES}
    named = sorted({*named_positions(expression), *repeated} - set(opaque.values()))
    names = {position: name for name, position in opaque.items()} | {position: f"{prefix}{position}" for position in named}
    term = _terms(expression, names)
    declarations = [f"(declare-const {smt_symbol(name)} Real)" for name in expression.variables]
    for position in sorted(names):
        if position in named:
            sort = "Bool" if is_logical(nodes[position].op) else "Real"
            declarations.append(f"(define-fun {names[position]} () {sort} {term(position, True)})")
        else:
            declarations.append(f"(declare-const {names[position]} Real)")
    return SmtTerms(
        declarations=tuple(declarations),
        value=term(len(nodes) - 1, False),
        opaque=opaque,
        arguments={name: tuple(term(argument, False) for argument in nodes[position].args) for name, position in opaque.items()},
    )


def smt_number(value: Fraction) -> str:
    """A rational as a term of sort Real."""
    size = f"{abs(value.numerator)}.0" if value.denominator == 1 else f"(/ {abs(value.numerator)}.0 {value.denominator}.0)"
    return f"(- {size})" if value < 0 else size


def smt_symbol(name: str) -> str:
    """The name of an input as a symbol: itself, or in bars with `input ` before it where SMT-LIB uses the name."""
    return f"|input {name}|" if name in _RESERVED else name


def _repeated(node: Node) -> Sequence[int]:
    """Arguments that the term of a node writes more than once."""
    return node.args if node.op in (Op.ABS, Op.MIN, Op.MAX, Op.POW) else ()


def _terms(expression: Expression, names: Mapping[int, str]) -> Callable[[int, bool], str]:
    def term(root: int, defining: bool) -> str:
        def layout(position: int) -> Layout:
            if position in names and not (defining and position == root):
                return Layout([names[position]], 0)
            return Layout(_pieces(expression.nodes[position]), 0)

        return render(root, layout)

    return term


def _pieces(node: Node) -> list[Piece]:
    holes = [Hole(argument) for argument in node.args]
    match node.op:
        case Op.CONST:
            assert isinstance(node.payload, Fraction)
            return [smt_number(node.payload)]
        case Op.VAR:
            return [smt_symbol(str(node.payload))]
        case Op.ABS:
            return ["(ite (>= ", holes[0], " 0.0) ", holes[0], " (- ", holes[0], "))"]
        case Op.MIN | Op.MAX:
            relation = "<=" if node.op is Op.MIN else ">="
            return [f"(ite ({relation} ", holes[0], " ", holes[1], ") ", holes[0], " ", holes[1], ")"]
        case Op.FMA:
            return ["(+ (* ", holes[0], " ", holes[1], ") ", holes[2], ")"]
        case Op.POW:
            assert isinstance(node.payload, int)
            return _power(holes[0], node.payload)
        case Op.CAST:
            return [holes[0]]
        case _:
            return [f"({(_RATIONAL | _LOGIC)[node.op]}", *(piece for hole in holes for piece in (" ", hole)), ")"]


def _power(base: Hole, exponent: int) -> list[Piece]:
    """base^n as a product."""
    if exponent < 0:
        return ["(/ 1.0 ", *_power(base, -exponent), ")"]
    if exponent < 2:
        return [base] if exponent else ["1.0"]
    return ["(*", *(piece for _ in range(exponent) for piece in (" ", base)), ")"]
