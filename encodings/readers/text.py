"""Infix formulas: `exp(x)/(1 + exp(x))`, `x^2 - 2*x`, `0x1.8p-3*x`.

The DAG is the program that was written: `0.1 + 0.2` stays an addition. Only a minus sign before a literal and the quotient of two
literals make one constant, and parentheses prevent it: `1/3` is the number one third, `1/(3)` a division.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NoReturn

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.limits import MAX_NODES, MAX_TEXT
from suffice.encodings.operations import Op
from suffice.encodings.readers.functions import call
from suffice.encodings.readers.numbers import divide, read_number
from suffice.encodings.readers.places import nearest, place, shown
from suffice.encodings.readers.powers import apply_power
from suffice.errors import InputError

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput

_CONSTANTS = {"pi": Op.PI, "PI": Op.PI, "e": Op.E, "E": Op.E}
_ASCII = {"\u2212": "-", "\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u00b2": "^2", "\u00b3": "^3", "\u03c0": "pi", "\u221a": "sqrt(...)"}
"""What to write for the signs of print."""

_BINARY = {"add": Op.ADD, "sub": Op.SUB, "mul": Op.MUL, "div": Op.DIV}


def read_expression(text: str, variables: Collection[str]) -> Expression:
    """The DAG of a formula in these inputs; pi and e are constants unless they are inputs. Raises InputError with line and column."""
    if len(text) > MAX_TEXT:
        raise InputError(f"a formula of {len(text)} characters", mend=f"use at most {MAX_TEXT}, or name shared terms in an FPCore file")
    if not text.strip():
        raise InputError("the formula is empty", mend="write one, as in x^2 - 2*x")
    reader = _Reader(text, frozenset(variables), ExpressionBuilder())
    expression = reader.builder.build(reader.read(_parse(text)).position)
    check_size(expression)
    return expression


def check_size(expression: Expression) -> None:
    """Raise InputError for more nodes than a certificate holds."""
    if len(expression.nodes) > MAX_NODES:
        raise InputError(f"a formula of {len(expression.nodes)} distinct operations", mend=f"use at most {MAX_NODES}")


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = files("suffice.encodings.readers").joinpath("expression.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic")


def _parse(text: str) -> Tree[Token]:
    from lark.exceptions import UnexpectedInput

    try:
        return _parser().parse(text)
    except UnexpectedInput as error:
        _refuse(text, error)


def _refuse(text: str, error: UnexpectedInput) -> NoReturn:
    from lark.exceptions import UnexpectedToken

    if not isinstance(error, UnexpectedToken):
        offset = error.pos_in_stream or 0
        mend = f"write {_ASCII[text[offset]]} for it" if text[offset] in _ASCII else "remove it"
        raise InputError(f"unexpected character {shown(text[offset])}", where=place(text, offset), mend=mend) from None
    token = error.token
    if token.type == "$END":
        raise InputError("the formula ends too early", mend="complete it, and close every parenthesis") from None
    where = place(text, token.start_pos or 0)
    if token.type in ("NUMBER", "NAME", "LPAR"):
        raise InputError(f"an operator is missing before {shown(str(token))}", where=where, mend="write a product as 2*x") from None
    raise InputError(f"unexpected {shown(str(token))}", where=where, mend="write a number, a name or ( before it") from None


@dataclass(frozen=True, slots=True)
class _Term:
    """A position in the DAG; the value if it is a literal, and whether it stands bare, that is, without parentheses."""

    position: int
    literal: Fraction | None = None
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str
    variables: frozenset[str]
    builder: ExpressionBuilder

    def read(self, tree: Tree[Token]) -> _Term:
        """Children first, without recursion: formulas may be nested deeply."""
        pending: list[tuple[Tree[Token], bool]] = [(tree, False)]
        done: list[_Term] = []
        while pending:
            subtree, ready = pending.pop()
            branches = [child for child in subtree.children if not isinstance(child, str)]
            if ready or not branches:
                args = done[len(done) - len(branches) :]
                del done[len(done) - len(branches) :]
                done.append(self._term(subtree, args))
            else:
                pending.append((subtree, True))
                pending.extend((branch, False) for branch in reversed(branches))
        (root,) = done
        return root

    def _term(self, tree: Tree[Token], args: list[_Term]) -> _Term:
        try:
            return self._build(tree, args)
        except InputError as error:
            raise InputError(error.what, where=self._where(tree), mend=error.mend) from None

    def _build(self, tree: Tree[Token], args: list[_Term]) -> _Term:
        match tree.data:
            case "number":
                return self._literal(read_number(str(tree.children[0])), bare=True)
            case "name":
                return self._name(str(tree.children[0]))
            case "group":
                return replace(args[0], bare=False)
            case "neg":
                return self._negative(args[0])
            case "pow":
                return self._power(args)
            case "call":
                return self._call(str(tree.children[0]), args)
            case operation:
                return self._binary(_BINARY[operation], *args)

    def _literal(self, value: Fraction, *, bare: bool) -> _Term:
        return _Term(self.builder.constant(value), value, bare)

    def _name(self, name: str) -> _Term:
        if name in self.variables:
            return _Term(self.builder.variable(name))
        if name in _CONSTANTS:
            return _Term(self.builder.named(_CONSTANTS[name]))
        mend = nearest(name, self.variables, f"give it an interval, as in {name[:40]}=-1:1")
        raise InputError(f"unknown name {shown(name)}", mend=mend)

    def _negative(self, term: _Term) -> _Term:
        if term.bare and term.literal is not None:
            return self._literal(-term.literal, bare=True)
        return _Term(self.builder.apply(Op.NEG, term.position))

    def _binary(self, op: Op, left: _Term, right: _Term) -> _Term:
        if op is Op.DIV and left.bare and right.bare and left.literal is not None and right.literal is not None:
            return self._literal(divide(left.literal, right.literal), bare=False)
        return _Term(self.builder.apply(op, left.position, right.position))

    def _power(self, args: list[_Term]) -> _Term:
        if len(args) != 2:
            raise InputError(f"pow takes 2 arguments, not {len(args)}")
        base, exponent = args
        if exponent.literal is None:
            raise InputError("an exponent is not a number", mend="write a^b as exp(b*log(a)), and e^b as exp(b)")
        return _Term(apply_power(self.builder, base.position, exponent.literal))

    def _call(self, name: str, args: list[_Term]) -> _Term:
        if name == "pow":
            return self._power(args)
        return _Term(call(self.builder, name, [term.position for term in args]))

    def _where(self, tree: Tree[Token]) -> str:
        """The place of the first token below `tree`."""
        child: Tree[Token] | Token = tree
        while not isinstance(child, str):
            child = child.children[0]
        return place(self.text, child.start_pos or 0)
