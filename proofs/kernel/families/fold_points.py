"""Floors for every size of a fold, from points and cells that all steps have in common (docs/theory.md, Families: F4-F7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .. import limits
from ..budget import Budget
from ..checking import Claim, derive_floor, read_precision
from ..derivation import Derivation
from ..failures import Rejection
from ..formats import Exact
from ..jsonvalues import fields, integer, listed
from ..question import Point, Question
from ..reading import read_point
from ..tape import Tape
from ..witnesses import is_representable
from .asking import common_question, preparing_work
from .regions import Family, Region
from .steps import check_sums, fold_of, is_sum, joined, joined_mean, uses_size

SHIFTED = frozenset({"T2", "T3", "T4", "T5", "T6"})
"""Statements about differences of values: adding a number to f changes nothing."""


def fold_points(family: Family, region: Region, budget: Budget) -> Derivation:
    """A floor for every member of the region: the least over all sizes, and the labels of all."""
    check_sums(family)
    _, of, sizes = fields(region.claim.evidence, "evidence", "kind", "of", "sizes")
    by = sizes.get("by") if isinstance(sizes, dict) else None
    if by == "blocks":
        return _from_blocks(family, region, of, sizes, budget)
    if by == "mean":
        return for_sizes(floor_of(_mean(family, region, sizes), of, region, budget), region.least, region.greatest)
    if by == "zero":
        return _from_zero(family, region, of, sizes, budget)
    if by == "shift":
        return _from_shift(family, region, of, sizes, budget)
    raise Rejection("evidence.sizes.by is not blocks, mean, zero or shift")


def floor_of(question: Question, evidence: Any, region: Region, budget: Budget) -> Derivation:
    """A floor by evidence of an ordinary kind."""
    return derive_floor(question, Claim("floor", region.claim.value, region.claim.statement, evidence), budget)


def for_sizes(derived: Derivation, least: int, greatest: int | None) -> Derivation:
    """The sizes that the enclosures of a floor are about, among them, for the SMT-LIB script."""
    if not derived.facts:
        return derived
    ends = {"size_from": Fraction(least)} | ({} if greatest is None else {"size_to": Fraction(greatest)})
    return replace(derived, facts=derived.facts | ends)


def weakest(derivations: Iterable[Derivation]) -> Derivation:
    """The least floor, under the labels of all."""
    found = list(derivations)
    labels = {label for derived in found for label in derived.label.split("+")}
    least = min(found, key=_value)
    return replace(least, label="+".join(sorted(labels)))


def _value(derived: Derivation) -> Fraction:
    assert isinstance(derived.value, Fraction)
    return derived.value


def read_ends(value: Any, region: Region, where: str) -> list[tuple[int, int]]:
    """Consecutive ranges of sizes from the region's least to its greatest, by their last sizes."""
    if region.greatest is None:
        raise Rejection(f"{where} do not reach all sizes")
    first, ranges = region.least, []
    for end in listed(value, where, 1, limits.MAX_BLOCKS):
        ranges.append((first, integer(end, where, first, region.greatest)))
        first = ranges[-1][1] + 1
    if first <= region.greatest:
        raise Rejection(f"{where} end before the region does")
    return ranges


def _from_blocks(family: Family, region: Region, of: Any, sizes: Any, budget: Budget) -> Derivation:
    """F4: the size is a parameter, anywhere in a range."""
    _, ends = fields(sizes, "evidence.sizes", "by", "ends")
    nodes, name = joined(family), fold_of(family).size
    found = []
    for low, high in read_ends(ends, region, "evidence.sizes.ends"):
        budget.spend(preparing_work(family, region))
        question = common_question(family, region, nodes, {name: (Fraction(low), Fraction(high))})
        found.append(for_sizes(floor_of(question, of, region, budget), low, high))
    return weakest(found)


def _mean(family: Family, region: Region, sizes: Any) -> Question:
    """F5: 1 / size is a parameter, from 0 on if sizes have no end."""
    fields(sizes, "evidence.sizes", "by")
    least = Fraction(0) if region.greatest is None else Fraction(1, region.greatest)
    return common_question(family, region, joined_mean(family), {fold_of(family).size: (least, Fraction(1, region.least))})


def _at(family: Family, region: Region, size: int) -> Question:
    """F4 at one size."""
    return common_question(family, region, joined(family), {fold_of(family).size: (Fraction(size), Fraction(size))})


def _from_zero(family: Family, region: Region, of: Any, sizes: Any, budget: Budget) -> Derivation:
    """F6: further steps with elements where the term is 0 change no value, so a floor of one size is one of all larger sizes."""
    _, at, point = fields(sizes, "evidence.sizes", "by", "at", "point")
    if uses_size(family):
        raise Rejection("steps where the term is 0 change the value of an expression that uses the size")
    question = _at(family, region, integer(at, "evidence.sizes.at", 1, region.least))
    elements = read_point(point, "evidence.sizes.point", fold_of(family).elements)
    _check_zero(family, question, elements, read_precision(of.get("precision") if isinstance(of, dict) else None), budget)
    return for_sizes(floor_of(question, of, region, budget), at, None)


def _check_zero(family: Family, question: Question, elements: Point, precision: int, budget: Budget) -> None:
    for name, x in elements.items():
        lo, hi = question.box[name]
        if not lo <= x <= hi:
            raise Rejection(f"the point where the term is 0 lies outside the box in {name}")
    if question.representable and not is_representable(question, elements):
        raise Rejection("the point where the term is 0 is not representable in the input format")
    tape = Tape(fold_of(family).term, precision, budget, question.parameters)
    if tape.ranges(tape.box({name: (x, x) for name, x in elements.items()}))[-1] != tape.zero:
        raise Rejection("the term was not shown to be 0 at the point")


def _from_shift(family: Family, region: Region, of: Any, sizes: Any, budget: Budget) -> Derivation:
    """F7: further steps with common elements add one number to the state, which floors of differences do not feel."""
    _, at = fields(sizes, "evidence.sizes", "by", "at")
    if not is_sum(family) or family.is_relative:
        raise Rejection("steps that add a number leave only absolute errors of the state itself alone")
    question = _at(family, region, integer(at, "evidence.sizes.at", 1, region.least))
    is_pair = isinstance(of, dict) and of.get("kind") == "pair"
    derived = floor_of(replace(question, output=Exact()) if is_pair else question, of, region, budget)
    if derived.label not in SHIFTED:
        raise Rejection(f"{derived.label} is no statement about differences, which steps that add a number leave alone")
    if is_pair:
        derived = replace(derived, facts={"range": 2 * _value(derived)})
    return for_sizes(derived, at, None)
