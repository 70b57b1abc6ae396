"""Long folds: what the kernel says about all sizes, against programs run step by step at many of them in exact rational arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from random import Random

import pytest

from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.families import derive_region, read_family, read_region

from .documents import Json
from .family_members import Numbers, affine, measured, run_member
from .random_families import Case, folded, region

SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 64, 100)


def points(case: Case) -> Iterator[dict[str, str]]:
    """Points that all members have in common."""
    lo, hi = case.part["D"]
    while True:
        found = {}
        for name, (low, high) in case.family["box"].items():
            left, right = (pick(affine(form, {"D": t}) for t in (lo, hi)) for pick, form in ((max, low), (min, high)))
            share = Fraction(case.rng.randint(0, 8), 8)
            found[name] = str(left + (right - left) * share)
        yield found


def in_parameters(case: Case) -> list[Fraction]:
    lo, hi = case.part["D"]
    return sorted({lo, hi, (2 * lo + hi) / 3})


def derived(case: Case, sizes: tuple[int, int | None], bound: str, evidence: Json) -> Fraction | str | None:
    """The value that the kernel derives, None where it rejects."""
    family = read_family(case.family, case.formats)
    asked = Case(case.family, case.formats, case.part, sizes, case.rng)
    try:
        return derive_region(family, read_region(region(asked, bound, evidence), family)[0]).value
    except (Rejection, LeafFailure):
        return None


def errors_at(case: Case, sizes: list[int], steps: list[Numbers], t: Fraction) -> list[Fraction | None]:
    """The measure of the program's answer at some sizes of one run."""
    found = []
    for size in sizes:
        answer, value = run_member(case.family, case.formats, {"D": t}, size, steps)
        found.append(measured(case.family, answer, value))
    return found


def steps_of(point: dict[str, str], prefix: Json, size: int) -> list[Numbers]:
    """The elements of every step."""
    own = {name: Fraction(x) for name, x in point.items()}
    first = own | {name: Fraction(x) for name, x in (prefix["point"] if prefix else {}).items()}
    count = prefix["steps"] if prefix else 0
    return [first if k < count else own for k in range(size)]


@pytest.mark.parametrize("first", range(30_000, 30_240, 80))
def test_runs_fail_at_every_size(first: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first, first + 80):
        case = folded(seed)
        place = points(case)
        for _ in range(4):
            least = case.rng.choice([1, 3, 8, 40])
            tail = case.rng.choice([least, least + 5, 60])
            tail = max(tail, least)
            prefix = {"steps": case.rng.randint(1, least), "point": {"x": next(place)["x"]}} if case.rng.random() < 0.4 else None
            point = next(place)
            evidence = {"kind": "fold_run", "point": point, "prefix": prefix, "tail": tail, "precision": 80}
            value = derived(case, (least, None), "witness_error", evidence)
            if value is None:
                continue
            sizes = [size for size in (*SIZES, tail + 1, 150) if size >= least]
            for t in in_parameters(case):
                for error in errors_at(case, sizes, steps_of(point, prefix, max(sizes)), t):
                    assert error is None or (isinstance(value, Fraction) and value <= error), (seed, evidence, t)
            seen["infinite" if isinstance(value, str) else "beyond 0" if value else "0"] += 1
    assert seen["beyond 0"] >= 3


@pytest.mark.parametrize("first", range(40_000, 40_240, 80))
def test_no_run_errs_by_more_than_its_bound(first: int) -> None:
    tried, close = 0, Fraction(0)
    for seed in range(first, first + 80):
        case = folded(seed)
        least, greatest = sorted((case.rng.randint(1, 20), case.rng.randint(1, 20)))
        evidence = {"kind": "fold_cover", "start": [0], "term": [1, 0, 0], "blocks": [[greatest, [0]]], "pieces": 1, "precision": 80}
        value = derived(case, (least, greatest), "error_bound", evidence)
        if value is None or case.family["inputs"] == "representable":
            continue
        assert isinstance(value, Fraction)
        tried += 1
        for t in in_parameters(case):
            for error in _errors_of_corners(case, t, least, greatest):
                assert error is not None and error <= value, (seed, evidence, t)
                close = max(close, error / value if value else Fraction(0))
    assert tried >= 4
    assert close > Fraction(1, 4)


def _errors_of_corners(case: Case, t: Fraction, least: int, greatest: int) -> list[Fraction | None]:
    """Runs with elements at ends of the box of a member, and somewhere in it."""
    rng = Random(greatest)
    sides = {name: [affine(end, {"D": t}) for end in ends] for name, ends in case.family["box"].items()}
    found: list[Fraction | None] = []
    for trial in range(6):
        share = Fraction(rng.randint(0, 64), 64)
        alike = {name: lo + (hi - lo) * share for name, (lo, hi) in sides.items()}
        steps = [alike if trial < 3 else {name: rng.choice(ends) for name, ends in sides.items()} for _ in range(greatest)]
        if "z" in alike:
            steps = [step | {"z": alike["z"]} for step in steps]
        found += errors_at(case, [least, greatest], steps, t)
    return found
