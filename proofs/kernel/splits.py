"""The leaves of a cover: a box cut in two again and again."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from . import limits
from .budget import Budget, rational_work
from .failures import Rejection
from .formats import size_of
from .jsonvalues import integer, listed, number
from .question import Box, Question


def leaves(question: Question, splits: list[Any], budget: Budget) -> Iterator[Box]:
    """The leaves of a preorder list of cuts. Cutting a closed box in two closed parts keeps the union equal to the box."""
    names = sorted(question.box)
    pending: list[Box] = [dict(question.box)]
    for token in splits:
        if not pending:
            raise Rejection("cover.splits goes on after its last leaf")
        box = pending.pop()
        if token == 0 and type(token) is int:
            yield box
            continue
        name, at = _cut(token, names, box, budget)
        lo, hi = box[name]
        if not lo <= at <= hi:
            raise Rejection("cover.splits cuts outside its part of the box")
        pending.append(box | {name: (at, hi)})
        pending.append(box | {name: (lo, at)})
        if len(pending) > limits.MAX_PENDING:
            raise Rejection(f"cover.splits leaves more than {limits.MAX_PENDING} parts waiting")
    if pending:
        raise Rejection("cover.splits ends before the box is covered")


def _cut(token: Any, names: list[str], box: Box, budget: Budget) -> tuple[str, Fraction]:
    if isinstance(token, list):
        listed(token, "a cut", 2, 2)
        name = names[integer(token[0], "the input of a cut", 1, len(names)) - 1]
        return name, number(token[1], "the place of a cut")
    name = names[integer(token, "a cut", 1, len(names)) - 1]
    lo, hi = box[name]
    size = size_of(lo) + size_of(hi)
    if size > limits.MAX_END_BITS:
        raise Rejection(f"cover.splits cuts between numbers of more than {limits.MAX_END_BITS} bits")
    budget.spend(rational_work(size))
    return name, (lo + hi) / 2
