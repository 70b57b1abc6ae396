"""Evidence about one size of a fold: the kernel's writing out against one by hand, and what it proves against every code visited."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest

from suffice.proofs.formatdata import format_to_json
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.checking import Claim, derive, derive_floor
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.families import Family, derive_region, read_family, read_region
from suffice.proofs.kernel.families import member as members
from suffice.proofs.kernel.formats import Exact
from suffice.proofs.kernel.question import Question
from suffice.proofs.kernel.reading import read_question
from suffice.proofs.problemdata import problem_to_json

from . import test_families_mutations as mutations
from .documents import Json, floating, report
from .family_members import member
from .family_samples import SAMPLES, alone, family, fold, side
from .mutating import judged_mutants
from .random_families import BOUNDS, Case, _cuts, _pieces, _sides, folded, region
from .test_families_mutations import decided
from .test_families_random import MOST_CELLS, cells_of, falsehoods, true_of

LABELS = {"floor": derive_floor, "error_bound": derive, "witness_error": derive}


def cases(first: int, count: int) -> Iterator[Case]:
    """Random families with one small size that can be visited."""
    for seed in range(first, first + count):
        case = folded(seed)
        size = case.rng.randint(1, 3)
        t = case.part["D"][0]
        case = replace(case, sizes=(size, size), part={"D": (t, t)})
        if cells_of(case, {"D": t}, size) <= MOST_CELLS:
            yield case


def names(case: Case) -> dict[str, str]:
    """The inputs of the member, and which input of the family each is one of."""
    assert case.sizes is not None
    found = {f"x_{step}": "x" for step in range(1, case.sizes[0] + 1)}
    return found | ({"z": "z"} if "z" in case.family["box"] else {})


def point(case: Case) -> dict[str, str]:
    """Each step with elements of its own."""
    found = {}
    for name, of in names(case).items():
        lo, hi = _sides(case)[of]
        piece = case.rng.choice(_pieces(case, of))
        middle = (piece.lo + piece.hi) / 2
        found[name] = str(case.rng.choice([lo, hi, piece.lo, piece.hi, middle, middle]))
    return found


def evidence(case: Case) -> Iterator[tuple[str, Json]]:
    """Ordinary evidence about the member."""
    rng = case.rng
    for _ in range(3):
        yield "error_bound", {"kind": "cover", "splits": _cuts(case, len(names(case)), rng.randint(0, 5)), "pieces": 1, "precision": 80}
        yield "witness_error", {"kind": "run", "point": point(case), "precision": 80}
    for kind in ("pair", "pair", "count", "slope", "curvature", "cell_slope", "cell_curvature"):
        points = [point(case), point(case)]
        if kind.startswith("cell") or kind == "pair":
            for name, of in names(case).items():
                piece = rng.choice(_pieces(case, of))
                points[0][name], points[1][name] = str(piece.lo), str(piece.hi)
        if kind in ("slope", "curvature", "cell_curvature"):
            moved = rng.choice(sorted(points[0]))
            points[1] = points[0] | {moved: points[1][moved]}
        if kind == "pair" and rng.random() < 0.4:
            points = points[:1]
        found: Json = {"kind": kind, "points": points, "precision": 80}
        yield "floor", found if kind == "pair" else found | {"pieces": rng.choice([1, 4])}


def derived(case: Case, bound: str, given: Json) -> Any:
    """What the kernel derives of a region that is one member; a text where it is refused."""
    return attempted(read_family(case.family, case.formats), region(case, bound, alone(given)))


def attempted(known: Family, asked: Json) -> Any:
    """What the kernel derives of a region."""
    try:
        found = derive_region(known, read_region(asked, known)[0])
    except (Rejection, LeafFailure) as failure:
        return str(failure)
    return found.value, found.label


def by_hand(case: Case) -> Question:
    """The member's own question, written out by the tests, its elements called as the kernel calls them."""
    assert case.sizes is not None
    problem, program = member(case.family, case.formats, {"D": case.part["D"][0]}, case.sizes[0])
    document = problem_to_json(problem)
    assert isinstance(document, dict)
    formats = {"input": case.formats["input"], "compute": case.formats["compute"], "output": case.formats["output"]}
    other: dict[str, list[int]] = {}
    asked: dict[str, Json] = {}
    for k, fmt in enumerate(program.nodes):
        text = repr(format_to_json(fmt))
        if format_to_json(fmt) != formats["compute"]:
            other.setdefault(text, []).append(k)
            asked[text] = format_to_json(fmt)
    if other:
        formats["operations"] = [[asked[text], places] for text, places in sorted(other.items(), key=lambda item: item[1][0])]
    return read_question(renamed(document), formats)


def renamed(value: Json) -> Json:
    """Elements counted from 1."""
    if isinstance(value, dict):
        return {renamed(name): renamed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [renamed(item) for item in value]
    return f"x_{int(value[2:]) + 1}" if isinstance(value, str) and value.startswith("x_") else value


def of_question(question: Question, bound: str, given: Json) -> Any:
    """What the same evidence proves of an ordinary question."""
    try:
        found = LABELS[bound](question, Claim(bound, Fraction(0), "", given), Budget())
    except (Rejection, LeafFailure) as failure:
        return str(failure)
    return found.value, found.label


def uses_parameter(case: Case) -> bool:
    """Whether a formula holds the parameter."""
    fold = case.family["fold"]
    return ["var", "D"] in [*case.family["expression"], *fold["start"], *fold["term"]]


def judge(first: int, count: int) -> Counter[str]:
    """Derive for random members and compare with every code visited; how often each kind proved something."""
    seen: Counter[str] = Counter()
    for case in cases(first, count):
        assert case.sizes is not None
        truth = None
        for bound, given in evidence(case):
            found = derived(case, bound, given)
            if isinstance(found, str):
                continue
            truth = truth or true_of(case, {"D": case.part["D"][0]}, case.sizes[0])
            seen[given["kind"]] += found[0] != 0
            wrong = falsehoods(bound, found[0], [truth])
            seen["false"] += bool(wrong)
    return seen


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_what_is_derived_is_true(first: int) -> None:
    seen = judge(first, 40)
    assert seen["false"] == 0
    assert seen.keys() >= {"cover", "run", "pair"}
    assert seen["cover"] >= 10
    assert seen["run"] >= 10


def test_a_state_that_was_not_rounded_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = members._unrolled
    monkeypatch.setattr(members, "_unrolled", lambda family, fold, size: real(family, replace(fold, accumulate=Exact()), size))
    assert judge(0, 40)["false"] >= 2


def test_a_step_too_few_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = members._unrolled
    monkeypatch.setattr(members, "_unrolled", lambda family, fold, size: real(family, fold, max(size - 1, 1)))
    assert judge(0, 40)["false"] >= 2


def test_the_same_as_a_problem_written_by_hand() -> None:
    seen: Counter[str] = Counter()
    for case in cases(1000, 80):
        question = by_hand(case)
        for bound, given in evidence(case):
            found, expected = derived(case, bound, given), of_question(question, bound, given)
            if uses_parameter(case):
                continue
            assert found == expected, (case, bound, given)
            seen["refused" if isinstance(found, str) else given["kind"]] += 1
    assert seen["cover"] >= 20
    assert seen["run"] >= 20
    assert seen["pair"] >= 5


PRODUCTS = family(
    [["var", "s"], ["var", "n"], ["div", 0, 1]], {"x": side("0", "1"), "z": side("-1", "1")}, absolute={"": "1"},
    preconditions=[[["var", "z"], ["const", "1/2"], ["le", 0, 1]]],
    fold=fold([["var", "x"], ["const", "1/2"], ["lt", 0, 1], ["mul", 0, 0], ["if", 2, 0, 3]], "x", start=[["var", "z"]]),
)  # fmt: skip
"""A mean of x or x^2, with a branch in every step, beside a condition."""

BY_HAND: Json = [
    ["var", "z"], ["cast", 0],
    ["var", "x_1"], ["const", "1/2"], ["lt", 2, 3], ["mul", 2, 2], ["if", 4, 2, 5], ["add", 1, 6],
    ["var", "x_2"], ["const", "1/2"], ["lt", 8, 9], ["mul", 8, 8], ["if", 10, 8, 11], ["add", 7, 12],
    ["cast", 13], ["const", "2"], ["div", 14, 15],
]  # fmt: skip


def test_single_operations_branches_and_conditions() -> None:
    """The quotient and the products in formats of their own, which are counted through expression, start and term."""
    fine, coarse, wide = floating(6, -6, 6), floating(3, -3, 5), floating(5, -6, 6)
    asked = {"input": coarse, "compute": coarse, "output": fine, "operations": [[fine, [2, 7]]], "accumulate": wide}
    ordinary = {"input": coarse, "compute": coarse, "output": fine, "operations": [[wide, [1, 7, 13]], [fine, [5, 11, 16]]]}
    problem = {
        "expression": BY_HAND, "box": {"x_1": ["0", "1"], "x_2": ["0", "1"], "z": ["-1", "1"]},
        "tolerance": {"absolute": "1", "relative": "0"}, "inputs": "real", "preconditions": PRODUCTS["preconditions"],
    }  # fmt: skip
    question, known, rng, kinds = read_question(problem, ordinary), read_family(PRODUCTS, asked), Random(1), Counter[str]()
    for _ in range(60):
        point = {name: str(Fraction(rng.randint(0, 64), 64)) for name in ("x_1", "x_2")} | {"z": str(Fraction(rng.randint(-64, 40), 64))}
        near = {name: str(Fraction(value) * Fraction(63, 64)) for name, value in point.items()}
        cuts = rng.choice([[0], [1, 0, 0], [2, 0, 1, 0, 0], [1, 2, 0, 0, 2, 3, 0, 0, 0]])
        for bound, given in (
            ("witness_error", {"kind": "run", "point": point, "precision": 80}),
            ("floor", {"kind": "pair", "points": [point], "precision": 80}),
            ("floor", {"kind": "cell_slope", "points": [near, point], "pieces": 1, "precision": 80}),
            ("error_bound", {"kind": "cover", "splits": cuts, "pieces": 1, "precision": 80}),
        ):
            region_of = {"parameters": {}, "size": [2, 2], "verdict": BOUNDS[bound]}
            claim = {"bound": bound, "value": "0", "statement": "", "evidence": alone(given)}
            found, expected = attempted(known, region_of | {"claim": claim}), of_question(question, bound, given)
            assert found == expected
            kinds[str(given["kind"])] += not isinstance(found, str) and found[0] != 0
    assert kinds.keys() >= {"run", "pair", "cover"}
    assert kinds["run"] >= 20


@cache
def pool() -> tuple[Json, ...]:
    """Accepted certificates about random members, whose tolerances their claims just decide."""
    found: list[Json] = []
    for case in cases(80_000, 60):
        documents = [decided(case, bound, alone(given)) for bound, given in evidence(case)]
        found += [document for document in documents if document is not None and mutations.falsehoods(document) == []][:2]
    return tuple(found)


def test_mutants_are_rejected_or_true() -> None:
    seen = judged_mutants(pool(), mutations.falsehoods, 250, Random(5))
    assert len(pool()) >= 20
    assert seen["true"] >= 8
    assert seen["rejected"] >= 100
    assert seen["unjudged"] <= seen["true"]


def test_only_its_own_size() -> None:
    """Evidence about two steps proves nothing about three."""
    for k in (2, 4):
        document = copy.deepcopy(SAMPLES["members"])
        document["regions"][k]["size"] = [3, 3]
        assert report(document).status == "rejected"
