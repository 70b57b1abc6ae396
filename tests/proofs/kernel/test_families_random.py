"""Whatever the kernel derives for a region is true of its members, which the oracle visits one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from math import inf, prod

import pytest

from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.families import derive_region, read_family, read_region

from .documents import Json
from .family_members import Exactly, fold_truth, member, truth_of
from .random_families import Case, evidence, folded, region, single

from oracle.rounding import span  # isort: skip
from oracle.truth import Truth  # isort: skip

MOST_CELLS = 80
"""Members with more cells are not visited."""


def members(case: Case) -> list[tuple[dict[str, Fraction], int | None]]:
    """Some members of the region: the ends, something between, small sizes."""
    lo, hi = case.part["D"]
    values = sorted({lo, hi, (lo + hi) / 2, lo + (hi - lo) * Fraction(case.rng.randint(0, 16), 16)})
    if case.sizes is None:
        return [({"D": t}, None) for t in values]
    least, greatest = case.sizes
    sizes = range(least, min(greatest or 3, 3) + 1)
    return [({"D": t}, size) for t in {lo, hi} for size in sizes if cells_of(case, {"D": t}, size) <= MOST_CELLS]


def cells_of(case: Case, parameters: dict[str, Fraction], size: int) -> int:
    """Cells of the box of a member."""
    problem, program = member(case.family, case.formats, parameters, size)
    return prod(span(program.inputs[name], side.lo, side.hi) for name, side in problem.box.items())


def falsehoods(bound: str, value: Fraction | str, known: list[Exactly | Truth]) -> list[str]:
    """Members for which the derived value is not true."""
    number = inf if isinstance(value, str) else value
    found = []
    for truth in known:
        floor, low, high = ends_of(truth)
        wrong = {"floor": number > floor, "witness_error": number > high, "error_bound": number < low}[bound]
        found += [f"{bound} {number} against {truth}"] * wrong
    return found


def ends_of(truth: Exactly | Truth) -> tuple[Fraction | float, Fraction | float, Fraction | float]:
    """The largest that E* can be, the least and the largest that E(P) can be."""
    if isinstance(truth, Truth):
        return truth.floor.hi, truth.program.lo, truth.program.hi
    floor, program = (inf if value is None else value for value in (truth.floor, truth.program))
    return floor, program, program


def judge(make: Callable[[int], Case], first: int, count: int, each: int) -> Counter[str]:
    """Derive for random families, and compare with every member; how often each rule proved something."""
    derived: Counter[str] = Counter()
    judged = 0
    for seed in range(first, first + count):
        case = make(seed)
        family = read_family(case.family, case.formats)
        known: list[Exactly | Truth] | None = None
        for bound, given in islice(evidence(case), each):
            found = derive(case, family, bound, given)
            if found is None:
                continue
            value, rule = found
            if known is None:
                known = [true_of(case, t, size) for t, size in members(case)]
                judged += len(known)
            assert falsehoods(bound, value, known) == [], (seed, bound, given, case)
            derived[rule] += value != 0 and bool(known)
    return derived + Counter(members=judged)


def true_of(case: Case, parameters: dict[str, Fraction], size: int | None) -> Exactly | Truth:
    """What is true of one member."""
    if size is None:
        return truth_of(case.family, case.formats, parameters, size)
    turns = [Fraction(0), parameters["D"]], [Fraction(0), Fraction(2), Fraction(-2)]
    return fold_truth(case.family, case.formats, parameters, size, *turns)


def derive(case: Case, family: Json, bound: str, given: Json) -> tuple[Fraction | str, str] | None:
    """What evidence proves and a name for the rule; None where it is rejected."""
    try:
        found = derive_region(family, read_region(region(case, bound, given), family)[0])
    except (Rejection, LeafFailure):
        return None
    sizes = given.get("sizes", {}).get("by", "") if isinstance(given, dict) else ""
    kind = given.get("of", given)["kind"]
    more = [word for word in ("prefix", "tail") if given.get(word)]
    return found.value, " ".join(filter(None, [kind, sizes, *more]))


@pytest.mark.parametrize("first", range(0, 90, 30))
def test_regions_of_parameters(first: int) -> None:
    derived = judge(single, first, 30, 12)
    assert derived.keys() >= {"pair", "cover", "run", "cell_slope"}
    assert derived["members"] >= 40


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_regions_of_sizes(first: int) -> None:
    derived = judge(folded, first, 25, 24)
    assert derived.keys() >= {"pair blocks", "fold_cover"}
    assert sum(derived[rule] for rule in derived if rule.startswith("fold_run")) >= 3
    assert derived["members"] >= 12
