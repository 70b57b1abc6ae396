"""The precondition of an FPCore as a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from suffice.encodings.problem import Box
from suffice.encodings.readers.numbers import looks_like_number, make_interval, read_number
from suffice.encodings.readers.places import place
from suffice.encodings.readers.sexpressions import Atom, Group, Item
from suffice.errors import InputError

STRICT_NOTE = "strict comparisons of :pre are read as closed"
_RISING = {"<": 1, "<=": 1, ">": -1, ">=": -1}
_MEND = "write bounds of one input by numbers, as in (and (<= 0 x 1) (<= -1 y 1))"


def read_pre(text: str, pre: Item | None, inputs: Sequence[str]) -> tuple[Box, tuple[str, ...]]:
    """The box that `:pre` is, and what to note. Raises InputError for any other precondition, and for an input without two bounds."""
    bounds = _Bounds(text, {name: [] for name in inputs}, {name: [] for name in inputs})
    pending = [] if pre is None else [pre]
    while pending:
        condition = pending.pop()
        if isinstance(condition, Group) and _head(condition) == "and":
            pending.extend(reversed(condition.items[1:]))
        else:
            bounds.compare(condition)
    for name in inputs:
        if not bounds.lower[name] or not bounds.upper[name]:
            side = "an upper" if bounds.lower[name] else "a lower" if bounds.upper[name] else "an interval, that is, a lower and an upper"
            raise InputError(f"the input {name} lacks {side} bound", where=":pre", mend=f"add (<= LO {name} HI)")
    box = {name: make_interval(max(bounds.lower[name]), min(bounds.upper[name]), where=f":pre of {name}") for name in inputs}
    return box, (STRICT_NOTE,) if bounds.strict else ()


def _head(group: Group) -> str:
    head = group.items[0] if group.items else None
    return head.text if isinstance(head, Atom) else ""


@dataclass(slots=True)
class _Bounds:
    text: str
    lower: dict[str, list[Fraction]]
    upper: dict[str, list[Fraction]]
    strict: bool = field(default=False)

    def compare(self, condition: Item) -> None:
        """Take (<= a b c ...), each term a number or an input, as bounds by its neighbours."""
        where = place(self.text, condition.offset)
        if not isinstance(condition, Group) or _head(condition) not in _RISING or len(condition.items) < 3:
            raise InputError("a precondition is not a comparison", where=where, mend=_MEND)
        relation = _head(condition)
        self.strict = self.strict or len(relation) == 1
        for left, right in pairwise([self._term(item) for item in condition.items[1:]][:: _RISING[relation]]):
            if isinstance(left, Fraction) and isinstance(right, str):
                self.lower[right].append(left)
            elif isinstance(left, str) and isinstance(right, Fraction):
                self.upper[left].append(right)
            else:
                raise InputError("a precondition does not bound one input by a number", where=where, mend=_MEND)

    def _term(self, item: Item) -> Fraction | str:
        where = place(self.text, item.offset)
        if isinstance(item, Atom) and not item.quoted:
            if item.text in self.lower:
                return item.text
            if looks_like_number(item.text):
                return read_number(item.text, where=where)
        raise InputError("a precondition compares what is neither an input nor a number", where=where, mend=_MEND)
