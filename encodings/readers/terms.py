"""The tree of an infix formula as nodes of a DAG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.readers.functions import ABBREVIATIONS, FUNCTIONS, call
from suffice.encodings.readers.numbers import divide, read_number
from suffice.encodings.readers.places import nearest, place, shown
from suffice.encodings.readers.powers import apply_power
from suffice.encodings.readers.sums import SUMS, add_up
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import Format

if TYPE_CHECKING:
    from lark import Token, Tree

_CONSTANTS = {"pi": Op.PI, "PI": Op.PI, "e": Op.E, "E": Op.E}
_BINARY = {"add": Op.ADD, "sub": Op.SUB, "mul": Op.MUL, "div": Op.DIV}
_LOGIC = {"and": Op.AND, "or": Op.OR, "not": Op.NOT}
_RELATIONS = {"<": Op.LT, ">": Op.LT, "<=": Op.LE, ">=": Op.LE, "==": Op.EQ, "!=": Op.EQ}
_NAMED_ARGUMENTS = frozenset({"cast", *SUMS})
"""Functions whose arguments are not all terms."""


@dataclass(frozen=True, slots=True)
class Term:
    """A position in the DAG, of a truth or a number; the value if it is a literal, and whether that stands bare, without parentheses."""

    position: int
    literal: Fraction | None = None
    bare: bool = False
    is_truth: bool = False


@dataclass(frozen=True, slots=True)
class TermReader:
    """`vectors` maps the name of each vector to the inputs that are its parts."""

    text: str
    variables: frozenset[str]
    vectors: Mapping[str, Sequence[str]]
    builder: ExpressionBuilder

    def read(self, tree: Tree[Token], *, is_condition: bool) -> int:
        """The position of the whole formula. Raises InputError with line and column."""
        root = self._read(tree)
        if root.is_truth and not is_condition:
            raise InputError("the formula is true or false", mend="write a number, as in if C then 1 else 0")
        if is_condition and not root.is_truth:
            raise InputError("the condition is a number", mend="compare it, as in x < y")
        return root.position

    def _read(self, tree: Tree[Token]) -> Term:
        """Children first, without recursion: formulas may be nested deeply."""
        pending: list[tuple[Tree[Token], bool]] = [(tree, False)]
        done: list[Term] = []
        while pending:
            subtree, ready = pending.pop()
            branches = _terms_below(subtree)
            if ready or not branches:
                args = done[len(done) - len(branches) :]
                del done[len(done) - len(branches) :]
                done.append(self._term(subtree, args))
            else:
                pending.append((subtree, True))
                pending.extend((branch, False) for branch in reversed(branches))
        (root,) = done
        return root

    def _term(self, tree: Tree[Token], args: list[Term]) -> Term:
        try:
            return self._build(tree, args)
        except InputError as error:
            raise InputError(error.what, where=self._where(tree), mend=error.mend) from None

    def _build(self, tree: Tree[Token], args: list[Term]) -> Term:
        first = str(tree.children[0]) if isinstance(tree.children[0], str) else ""
        match tree.data:
            case "number":
                return self._literal(read_number(first), bare=True)
            case "name":
                return self._name(first)
            case "text":
                raise InputError("a text in quotes stands for no number", mend='use it as a format, as in cast(x, "fp16")')
            case "element":
                return self._element(first, read_number(str(tree.children[1])))
            case "group":
                return replace(args[0], bare=False)
            case "neg":
                return self._negative(*_numbers(args))
            case "pow":
                return self._power(_numbers(args))
            case "call":
                return self._call(tree, _numbers(args))
            case "compare":
                return self._compare([str(child) for child in tree.children if isinstance(child, str)], _numbers(args))
            case "choice":
                return self._choice(*args)
            case ("and" | "or" | "not") as operation:
                return Term(self.builder.apply(_LOGIC[operation], *(term.position for term in _truths(args))), is_truth=True)
            case operation:
                return self._binary(_BINARY[operation], *_numbers(args))

    def _literal(self, value: Fraction, *, bare: bool) -> Term:
        return Term(self.builder.constant(value), value, bare)

    def _name(self, name: str) -> Term:
        if name in self.variables:
            return Term(self.builder.variable(name))
        if name in _CONSTANTS:
            return Term(self.builder.named(_CONSTANTS[name]))
        if name in self.vectors:
            raise InputError(f"{name} is a vector", mend=f"write a part of it, as in {name}[0], or sum({name})")
        mend = nearest(name, [*self.variables, *self.vectors], f"give it an interval, as in {name[:40]}=-1:1")
        raise InputError(f"unknown name {shown(name)}", mend=mend)

    def _element(self, name: str, index: Fraction) -> Term:
        parts = self._vector(name)
        if index.denominator != 1 or not 0 <= index < len(parts):
            raise InputError(f"{name} has no part {index}", mend=f"count from 0 to {len(parts) - 1}")
        return Term(self.builder.variable(parts[index.numerator]))

    def _vector(self, name: str) -> Sequence[str]:
        if name not in self.vectors:
            mend = nearest(name, self.vectors, f"give it intervals, as in {name[:40]}[3]=-1:1")
            raise InputError(f"{shown(name)} is no vector", mend=mend)
        return self.vectors[name]

    def _negative(self, term: Term) -> Term:
        if term.bare and term.literal is not None:
            return self._literal(-term.literal, bare=True)
        return Term(self.builder.apply(Op.NEG, term.position))

    def _binary(self, op: Op, left: Term, right: Term) -> Term:
        if op is Op.DIV and left.bare and right.bare and left.literal is not None and right.literal is not None:
            return self._literal(divide(left.literal, right.literal), bare=False)
        return Term(self.builder.apply(op, left.position, right.position))

    def _compare(self, relations: Sequence[str], args: Sequence[Term]) -> Term:
        """a < b <= c: each against the next."""
        result: int | None = None
        for relation, (left, right) in zip(relations, pairwise(args), strict=True):
            a, b = (right, left) if relation[0] == ">" else (left, right)
            truth = self.builder.apply(_RELATIONS[relation], a.position, b.position)
            truth = self.builder.apply(Op.NOT, truth) if relation == "!=" else truth
            result = truth if result is None else self.builder.apply(Op.AND, result, truth)
        assert result is not None
        return Term(result, is_truth=True)

    def _choice(self, condition: Term, yes: Term, no: Term) -> Term:
        _truths([condition])
        _numbers([yes, no])
        return Term(self.builder.apply(Op.IF, condition.position, yes.position, no.position))

    def _power(self, args: Sequence[Term]) -> Term:
        if len(args) != 2:
            raise InputError(f"pow takes 2 arguments, not {len(args)}")
        base, exponent = args
        if exponent.literal is None and self.builder.node(base.position).op is Op.E:
            mend = "write exp(b) for e^b, and powr(e, b) for a power of the rounded e"
            raise InputError("a power of e with an exponent that is no number", mend=mend)
        if exponent.literal is None and not self._mentions_input(exponent.position):
            raise InputError("an exponent is computed from numbers", mend="write it as one number, or powr(a, b) for a > 0")
        return Term(apply_power(self.builder, base.position, exponent.position))

    def _mentions_input(self, position: int) -> bool:
        """Whether a term depends on an input."""
        pending, seen = [position], {position}
        while pending:
            node = self.builder.node(pending.pop())
            if node.op is Op.VAR:
                return True
            pending += [argument for argument in node.args if argument not in seen]
            seen.update(node.args)
        return False

    def _call(self, tree: Tree[Token], args: list[Term]) -> Term:
        name = str(tree.children[0])
        if name == "pow":
            return self._power(args)
        if name == "cast":
            return self._cast(args, _words(tree)[1:])
        if name in SUMS:
            return Term(add_up(self.builder, name, _words(tree), self._vector))
        if len(args) == 1 and name not in FUNCTIONS and name not in ABBREVIATIONS and (fmt := _format(name)) is not None:
            return self._rounded(args[0], fmt)
        return Term(call(self.builder, name, [term.position for term in args]))

    def _cast(self, args: Sequence[Term], words: Sequence[str]) -> Term:
        if len(words) > 1:
            raise InputError("cast takes a term and a format", mend="write cast(x, fp32)")
        fmt = _format(words[0]) if words else None
        if words and fmt is None:
            raise InputError(f"{shown(words[0])} is not a format", mend="name one that suffice formats lists, or write it in quotes")
        return self._rounded(args[0], fmt)

    def _rounded(self, term: Term, fmt: Format | None) -> Term:
        self.builder.format = fmt
        position = self.builder.apply(Op.CAST, term.position)
        self.builder.format = None
        return Term(position)

    def _where(self, tree: Tree[Token]) -> str:
        """The place of the first token below `tree`."""
        child: Tree[Token] | Token = tree
        while not isinstance(child, str):
            child = child.children[0]
        return place(self.text, child.start_pos or 0)


def _terms_below(tree: Tree[Token]) -> list[Tree[Token]]:
    """The parts that are terms: not the format of a cast, nor the vectors of a sum."""
    branches = [child for child in tree.children if not isinstance(child, str)]
    if tree.data == "call" and tree.children[0] in _NAMED_ARGUMENTS:
        return branches[:1] if tree.children[0] == "cast" else []
    return branches


def _words(tree: Tree[Token]) -> list[str]:
    """The arguments of a function as the names or texts that they are; "" for others."""
    return [
        str(child.children[0]).strip('"') if child.data in ("name", "text") else "" for child in tree.children if not isinstance(child, str)
    ]


def _format(text: str) -> Format | None:
    try:
        return parse_format(text)
    except FormatError:
        return None


def _numbers(terms: list[Term]) -> list[Term]:
    if any(term.is_truth for term in terms):
        raise InputError("a truth stands where a number is needed", mend="write if C then A else B")
    return terms


def _truths(terms: list[Term]) -> list[Term]:
    if not all(term.is_truth for term in terms):
        raise InputError("a number stands where a truth is needed", mend="compare it, as in x < 0")
    return terms
