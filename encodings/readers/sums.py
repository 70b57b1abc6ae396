"""Sums and dot products of vectors, in a stated order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.readers.places import nearest, shown
from suffice.errors import InputError

SUMS = {"sum": 1, "dot": 2}
"""Functions of vectors, and how many they take."""

_ORDERS = {"sum": ("sequential", "pairwise"), "dot": ("sequential", "pairwise", "fma")}


def add_up(build: ExpressionBuilder, name: str, words: Sequence[str], vector: Callable[[str], Sequence[str]]) -> int:
    """The position of sum(a) or dot(a, b), `words` being the vectors and perhaps an order. Raises InputError."""
    count = SUMS[name]
    if not count <= len(words) <= count + 1:
        raise InputError(f"{name} takes {count} vector{'s' * (count > 1)} and perhaps an order", mend="write dot(a, b) or sum(a, pairwise)")
    vectors = [[build.variable(part) for part in vector(word)] for word in words[:count]]
    order = words[count] if len(words) > count else "sequential"
    if order not in _ORDERS[name]:
        mend = nearest(order, _ORDERS[name], f"choose {' or '.join(_ORDERS[name])}")
        raise InputError(f"unknown order {shown(order)}", mend=mend)
    if len({len(parts) for parts in vectors}) > 1:
        raise InputError("the vectors differ in length", mend="give them the same number of parts")
    if order == "fma":
        return _fused(build, *vectors)
    terms = vectors[0] if name == "sum" else [build.apply(Op.MUL, a, b) for a, b in zip(*vectors, strict=True)]
    return _from_the_left(build, terms) if order == "sequential" else _pairwise(build, terms)


def _from_the_left(build: ExpressionBuilder, terms: Sequence[int]) -> int:
    total = terms[0]
    for term in terms[1:]:
        total = build.apply(Op.ADD, total, term)
    return total


def _fused(build: ExpressionBuilder, left: Sequence[int], right: Sequence[int]) -> int:
    total = build.apply(Op.MUL, left[0], right[0])
    for a, b in zip(left[1:], right[1:], strict=True):
        total = build.apply(Op.FMA, a, b, total)
    return total


def _pairwise(build: ExpressionBuilder, terms: Sequence[int]) -> int:
    """The sum of the first half (the longer one) and of the second."""
    if len(terms) == 1:
        return terms[0]
    middle = (len(terms) + 1) // 2
    return build.apply(Op.ADD, _pairwise(build, terms[:middle]), _pairwise(build, terms[middle:]))
