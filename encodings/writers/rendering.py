"""Expressions as running text, without recursion and within a limit: what text, LaTeX, FPCore and SMT-LIB have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.expression import Expression
from suffice.encodings.limits import MAX_FORMULA
from suffice.errors import InputError


@dataclass(frozen=True, slots=True)
class Hole:
    """Where the term of another node stands, in parentheses if it binds less tightly than `level`."""

    position: int
    level: int = 0


Piece = str | Hole


@dataclass(frozen=True, slots=True)
class Layout:
    """How one node is written, and how tightly that binds."""

    pieces: Sequence[Piece]
    level: int


def render(root: int, layout_of: Callable[[int], Layout], opening: str = "(", closing: str = ")", most: int = MAX_FORMULA) -> str:
    """The term of the node `root` with its subterms written out. Raises InputError beyond `most` characters."""
    parts: list[str] = []
    length = 0
    for part in stream(root, layout_of, opening, closing):
        length += len(part)
        if length > most:
            raise InputError(f"the formula takes more than {most} characters", mend="write it as FPCore, which names shared terms")
        parts.append(part)
    return "".join(parts)


def stream(root: int, layout_of: Callable[[int], Layout], opening: str = "(", closing: str = ")") -> Iterator[str]:
    """The parts of the term, from left to right."""
    todo: list[Piece] = [Hole(root)]
    while todo:
        piece = todo.pop()
        if isinstance(piece, str):
            yield piece
            continue
        layout = layout_of(piece.position)
        enclosed = layout.level < piece.level
        todo.extend([closing] if enclosed else [])
        todo.extend(reversed(layout.pieces))
        todo.extend([opening] if enclosed else [])


def short_decimal(value: Fraction, most: int = 9) -> str | None:
    """The exact decimal of an integer, or of a number with few digits after the point; None for others."""
    if value.denominator == 1:
        return str(value)
    for count in range(1, most + 1):
        scaled = abs(value) * 10**count
        if scaled.denominator == 1:
            digits = str(scaled).rjust(count + 1, "0")
            return f"{'-' if value < 0 else ''}{digits[:-count]}.{digits[-count:]}"
    return None


def named_positions(expression: Expression, deepest: int = 100) -> list[int]:
    """Nodes that get a name of their own: operations used more than once, and enough others that no term is nested deeper."""
    uses = [0] * len(expression.nodes)
    for node in expression.nodes:
        for argument in node.args:
            uses[argument] += 1
    depths: list[int] = []
    named: list[int] = []
    for position, node in enumerate(expression.nodes):
        depth = 1 + max((depths[argument] for argument in node.args), default=-1)
        if node.args and position != len(expression.nodes) - 1 and (uses[position] > 1 or depth >= deepest):
            named.append(position)
            depth = 0
        depths.append(depth)
    return named


def unused_prefix(stem: str, names: Sequence[str]) -> str:
    """A prefix made from `stem` that no name starts with."""
    while any(name.startswith(stem) for name in names):
        stem += "_"
    return stem
