"""SMT-LIB text as nested tuples of words, within limits: enough for the scripts of certificates and for proofs about them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import limits
from .failures import Rejection

Term = str | tuple["Term", ...]
"""A word, or a list of terms."""

_WORD = re.compile(r"""\s+|;[^\n]*|(?P<word>[()]|\|[^|\\]*\||"(?:[^"]|"")*"|[^\s()|";]+)""")


def words(text: str) -> Iterator[str]:
    """The words and parentheses of a text, without white space and comments."""
    place = 0
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None:
            raise Rejection("an SMT-LIB text has a quotation that does not end")
        if found["word"]:
            yield found["word"]
        place = found.end()


def read_terms(text: str) -> list[Term]:
    """The lists that stand one after the other in a text."""
    open_lists: list[list[Term]] = [[]]
    for word in words(text):
        if word == "(":
            if len(open_lists) > limits.MAX_SCRIPT_DEPTH:
                raise Rejection(f"an SMT-LIB text is nested more than {limits.MAX_SCRIPT_DEPTH} deep")
            open_lists.append([])
        elif word != ")":
            open_lists[-1].append(word)
        elif len(open_lists) == 1:
            raise Rejection("an SMT-LIB text has parentheses that do not match")
        else:
            inner = tuple(open_lists.pop())
            open_lists[-1].append(inner)
    if len(open_lists) > 1:
        raise Rejection("an SMT-LIB text has parentheses that do not match")
    return open_lists[0]
