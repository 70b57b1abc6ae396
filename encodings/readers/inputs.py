"""Inputs with their intervals: `x` is one, `a[4]` are the four parts of a vector, called a_0 to a_3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from suffice.encodings.problem import Box, Interval
from suffice.encodings.readers.numbers import read_name
from suffice.encodings.readers.places import shown
from suffice.errors import InputError

MAX_PARTS = 256
"""Parts of a vector: what a certificate holds."""

_VECTOR = re.compile(r"(.*)\[([0-9]{1,9})\]\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The box of all inputs, and the inputs that are the parts of each vector."""

    box: Box
    vectors: Mapping[str, tuple[str, ...]]


def read_inputs(sides: Iterable[tuple[str, Interval]], *, where: str) -> Inputs:
    """The inputs of names, with [COUNT] behind those of vectors, and intervals. Raises InputError, at `where`."""
    box: Box = {}
    vectors: dict[str, tuple[str, ...]] = {}
    for declared, interval in sides:
        match = _VECTOR.fullmatch(declared)
        name = read_name((match[1] if match else declared).strip(), where=where)
        parts = (name,) if match is None else tuple(f"{name}_{k}" for k in range(_count(match[2], declared, where)))
        for part in parts:
            if part in box or part in vectors:
                raise InputError(f"the input {part} is given twice", where=where, mend="give each input one interval")
            box[read_name(part, where=where)] = interval
        if match is not None:
            vectors[name] = parts
    clash = next((name for name in vectors if name in box), None)
    if clash is not None:
        raise InputError(f"{clash} is an input and a vector", where=where, mend="rename one")
    return Inputs(box, vectors)


def _count(digits: str, declared: str, where: str) -> int:
    count = int(digits)
    if not 1 <= count <= MAX_PARTS:
        raise InputError(f"{shown(declared)} has {count} parts", where=where, mend=f"use 1 to {MAX_PARTS}")
    return count
