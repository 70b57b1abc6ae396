"""Infix formulas: `exp(x)/(1 + exp(x))`, `x^2 - 2*x`, `if x < 0 or y == 0 then -x else x`, `fp32(x*y) + z`, `dot(a, b)`.

The DAG is the program that was written: `0.1 + 0.2` stays an addition. Only a minus sign before a literal and the quotient of two
literals make one constant, and parentheses prevent it: `1/3` is the number one third, `1/(3)` a division.

`cast(t, F)`, or `F(t)` for a format F with a name, rounds the value of t once more, to F; a format with parameters stands in quotes.
`a[2]` is a part of a vector, counted from 0. `sum(a)` adds from the left and `dot(a, b)` adds products from the left, starting with
the first; `pairwise` as a last argument adds halves of nearly equal length instead, `fma` (for dot) fuses each product with its addition.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NoReturn

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.limits import MAX_FORMULA, MAX_NODES
from suffice.encodings.readers.places import place, shown
from suffice.encodings.readers.terms import TermReader
from suffice.errors import InputError

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput

_ASCII = {"\u2212": "-", "\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u00b2": "^2", "\u00b3": "^3", "\u03c0": "pi", "\u221a": "sqrt(...)"}
"""What to write for the signs of print."""

_KEYWORDS = frozenset({"if", "then", "else", "and", "or", "not"})

Vectors = Mapping[str, Sequence[str]]
"""The inputs that the parts of each vector are."""


def read_expression(text: str, variables: Collection[str], vectors: Vectors | None = None) -> Expression:
    """The DAG of a formula in these inputs; pi and e are constants unless they are inputs. Raises InputError with line and column."""
    return _read(text, variables, vectors or {}, is_condition=False)


def read_condition(text: str, variables: Collection[str], vectors: Vectors | None = None) -> Expression:
    """The DAG of what is true or false of these inputs, as in `x < y and x*x + y*y <= 1`. Raises InputError with line and column."""
    return _read(text, variables, vectors or {}, is_condition=True)


def _read(text: str, variables: Collection[str], vectors: Vectors, *, is_condition: bool) -> Expression:
    if len(text) > MAX_FORMULA:
        raise InputError(f"a formula of {len(text)} characters", mend=f"use at most {MAX_FORMULA}, or name shared terms in an FPCore file")
    if not text.strip():
        raise InputError("the formula is empty", mend="write one, as in x^2 - 2*x")
    reader = TermReader(text, frozenset(variables), vectors, ExpressionBuilder())
    expression = reader.builder.build(reader.read(_parse(text), is_condition=is_condition))
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
    if str(token) in _KEYWORDS:
        raise InputError(
            f"unexpected {shown(str(token))}", where=where, mend="write if C then A else B in parentheses, and truths only in C"
        )
    if token.type in ("NUMBER", "NAME", "LPAR", "TEXT"):
        raise InputError(f"an operator is missing before {shown(str(token))}", where=where, mend="write a product as 2*x") from None
    raise InputError(f"unexpected {shown(str(token))}", where=where, mend="write a number, a name or ( before it") from None
