"""Where in a text something stands, and how it is shown in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from suffice.errors import InputError

_SNIPPET = 24


def place(text: str, offset: int) -> str:
    """Line and column, counted from 1, and what stands there."""
    line_start = text.rfind("\n", 0, offset) + 1
    line = text.count("\n", 0, offset) + 1
    rest = text[offset : offset + 4 * _SNIPPET].splitlines()
    near = f" at {shown(rest[0].rstrip(), _SNIPPET)}" if rest and rest[0].strip() else ""
    return f"line {line}, column {offset - line_start + 1}{near}"


def shown(text: str, longest: int = 40) -> str:
    """A text in quotes, cut to so many characters."""
    return repr(text if len(text) <= longest else text[: longest - 3] + "...")


@contextmanager
def inside(where: str) -> Iterator[None]:
    """An InputError says first that it lies in `where`."""
    try:
        yield
    except InputError as error:
        raise InputError(error.what, where=f"{where}, {error.where}" if error.where else where, mend=error.mend) from None


def check_keys(keys: Iterable[str], known: Sequence[str], otherwise: str, where: str = "") -> None:
    """Raises InputError at a key that is not known; the mend is a key of a similar name, or else `otherwise`."""
    for key in keys:
        if key not in known:
            raise InputError(f"unknown key {shown(key)}", where=where, mend=nearest(key, known, otherwise))


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """The mend for a name that is not known."""
    near = difflib.get_close_matches(name[:64], list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
