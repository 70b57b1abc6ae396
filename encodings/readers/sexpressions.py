"""S-expressions as FPCore writes them, read without recursion: files may be nested deeply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from suffice.encodings.readers.places import place
from suffice.errors import InputError

_TOKEN = re.compile(
    r"""(?P<space>[\s]+|;[^\n]*)|(?P<open>[(\[])|(?P<close>[)\]])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<atom>[^\s()\[\]";]+)""", re.DOTALL
)
_CLOSING = {"(": ")", "[": "]"}


@dataclass(frozen=True, slots=True)
class Atom:
    """A symbol, a number, or a text in quotes; `offset` is where it stands."""

    text: str
    offset: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What stands between parentheses or brackets, which are at `offset` and before `end`."""

    items: tuple[Item, ...]
    offset: int
    end: int


Item = Atom | Group


def read_items(text: str) -> list[Item]:
    """Everything that a text holds. Raises InputError with line and column."""
    levels: list[list[Item]] = [[]]
    opened: list[int] = []
    for match in _tokens(text):
        if match["open"]:
            opened.append(match.start())
            levels.append([])
        elif match["close"]:
            if not opened or match[0] != _CLOSING[text[opened[-1]]]:
                raise InputError(f"unexpected {match[0]}", where=place(text, match.start()), mend="balance the parentheses")
            group = Group(tuple(levels.pop()), opened.pop(), match.end())
            levels[-1].append(group)
        elif match["text"]:
            levels[-1].append(Atom(re.sub(r"\\(.)", r"\1", match[0][1:-1], flags=re.DOTALL), match.start(), quoted=True))
        else:
            levels[-1].append(Atom(match[0], match.start()))
    if opened:
        raise InputError("a parenthesis is not closed", where=place(text, opened[-1]), mend="close it")
    return levels[0]


def _tokens(text: str) -> Iterator[re.Match[str]]:
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise InputError("a text in quotes is not closed", where=place(text, offset), mend="close it")
        if not match["space"]:
            yield match
        offset = match.end()
