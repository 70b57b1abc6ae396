"""Folds whose steps are no sums: one size at a time, written out by the kernel and by hand, against every code visited."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from random import Random

import pytest

from suffice.encodings.family import Fold
from suffice.encodings.instances import instance
from suffice.errors import SufficeError
from suffice.proofs.families import family_formats_from_json, family_from_json, family_to_json
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.families import Family, derive_region, read_family, read_region
from suffice.proofs.kernel.families import member as members
from suffice.proofs.kernel.formats import Exact
from suffice.proofs.kernel.question import Node
from suffice.prover.case import Asked, make_case

from .documents import Json, cover, floating, pair, report
from .family_members import truth_of
from .family_samples import alone, asked, over, points, steps
from .mutating import judged_mutants
from .random_families import Case, D, S, X, folded, region
from .test_families_members import by_hand, evidence, of_question
from .test_families_mutations import _is_false, _part, decided
from .test_families_random import cells_of, falsehoods

from oracle.truth import Truth  # isort: skip

MOST_CELLS = 10
MOST_INPUTS = 2
"""Members with more cells, or with more inputs, are not visited."""

HALF: Json = ["const", "1/2"]

STEPS: list[Json] = [
    [S, X, ["mul", 0, 1]],
    [S, HALF, ["mul", 0, 1], X, ["add", 2, 3]],
    [X, S, ["sub", 0, 1], ["abs", 2]],
    [S, X, ["max", 0, 1]],
    [S, X, ["lt", 0, 1], S, D, ["if", 2, 3, 4]],
    [S, D, ["add", 0, 1], X, ["div", 2, 3]],
    [S, X, ["add", 0, 1], ["tanh", 2]],
]
"""Steps of a state, an element and a parameter."""


def stepped(seed: int) -> Case:
    """A family whose steps are no sums, and one small size of it at one parameter."""
    case = folded(seed)
    size = case.rng.choice([1, 2, 2, 3])
    t = case.part["D"][0]
    own = {key: item for key, item in case.family["fold"].items() if key != "term"} | {"step": case.rng.choice(STEPS), "sizes": [1, 16]}
    formats = case.formats | {"accumulate": case.rng.choice([floating(2, -1, 4), case.formats["accumulate"]])}
    return replace(case, formats=formats, family=case.family | {"fold": own}, sizes=(size, size), part={"D": (t, t)})


def cases(first: int, count: int) -> Iterator[Case]:
    """Those that can be visited."""
    return filter(is_small, map(stepped, range(first, first + count)))


def is_small(case: Case) -> bool:
    """Whether the member can be visited."""
    assert case.sizes is not None
    inputs = case.sizes[0] + len(case.family["box"]) - 1
    return inputs <= MOST_INPUTS and cells_of(case, {"D": case.part["D"][0]}, case.sizes[0]) <= MOST_CELLS


_KNOWN: dict[str, Truth | None] = {}


def truth_at(case: Case) -> Truth | None:
    """The truth about the member, found once; None where the oracle cannot tell."""
    assert case.sizes is not None
    key = repr((case.family, case.formats, case.part, case.sizes))
    if key not in _KNOWN:
        try:
            _KNOWN[key] = truth_of(case.family, case.formats, {"D": case.part["D"][0]}, case.sizes[0])
        except (NotImplementedError, AssertionError, ValueError, KeyError, ZeroDivisionError, SufficeError):
            _KNOWN[key] = None
    return _KNOWN[key]


def derived(case: Case, bound: str, given: Json) -> tuple[Fraction | str, str] | str:
    """What the kernel derives of the member; a text where it is refused."""
    known = read_family(case.family, case.formats)
    try:
        found = derive_region(known, read_region(region(case, bound, alone(given)), known)[0])
    except (Rejection, LeafFailure) as failure:
        return str(failure)
    return found.value, found.label


def judge(first: int, count: int) -> Counter[str]:
    """Derive for random members and compare with every code visited."""
    seen: Counter[str] = Counter()
    for case in cases(first, count):
        truth = truth_at(case)
        for bound, given in evidence(case) if truth is not None else ():
            found = derived(case, bound, given)
            if not isinstance(found, str):
                assert truth is not None
                seen[given["kind"]] += found[0] != 0
                seen["false"] += bool(falsehoods(bound, found[0], [truth]))
    return seen


@pytest.mark.parametrize("first", [0, 60])
def test_what_is_derived_is_true(first: int) -> None:
    seen = judge(first, 60)
    assert seen["false"] == 0
    assert min(seen["cover"], seen["run"], seen["pair"]) >= 5, seen


def test_a_state_that_was_not_rounded_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = members._unrolled
    monkeypatch.setattr(members, "_unrolled", lambda family, fold, size: real(family, replace(fold, accumulate=Exact()), size))
    assert judge(0, 60)["false"] >= 2


def test_a_sum_in_place_of_the_step_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def added(family: Family, _: object, size: int) -> Family:
        assert family.fold is not None
        start = Node("const", (), Fraction(0))
        term = tuple(start if node.op == "var" and node.payload == family.fold.state else node for node in family.fold.term)
        return real(family, replace(family.fold, is_step=False, term=term), size)

    real = members._unrolled
    monkeypatch.setattr(members, "_unrolled", added)
    assert judge(0, 60)["false"] >= 2


def test_the_same_as_a_problem_written_by_hand() -> None:
    seen: Counter[str] = Counter()
    for case in map(stepped, range(2000, 2120)):
        if ["var", "D"] in [*case.family["expression"], *case.family["fold"]["start"], *case.family["fold"]["step"]]:
            continue
        question = by_hand(case)
        for bound, given in evidence(case):
            found = derived(case, bound, given)
            assert found == of_question(question, bound, given), (case, bound, given)
            seen["refused" if isinstance(found, str) else given["kind"]] += 1
    assert min(seen["cover"], seen["run"]) >= 10, seen


def test_the_same_as_the_problem_that_users_are_shown() -> None:
    """Runs of `instance`, which knows nothing of the kernel's writing out."""
    compared = 0
    for case in map(stepped, range(3000, 3060)):
        family, formats = family_from_json(case.family, "family"), family_formats_from_json(case.formats, "formats")
        assert case.sizes is not None
        fmts = formats.formats
        member = instance(family, {"D": case.part["D"][0]}, case.sizes[0], formats.accumulate)
        shown = make_case(member, Asked(name="", input=fmts.input, compute=fmts.compute, output=fmts.output), [])
        for bound, given in evidence(case):
            known = {name: value for name, value in given.get("point", {}).items() if name in member.box}
            if bound == "witness_error":
                expected = of_question(shown.question, bound, given | {"point": known})
                found = derived(case, bound, given)
                if not (isinstance(found, str) or isinstance(expected, str)):
                    assert found == expected
                    compared += 1
    assert compared >= 20


ABOUT: Json = {
    "parameters": {}, "expression": [S], "box": {"x": [{"": "0"}, {"": "1"}]}, "inputs": "real",
    "tolerance": {"absolute": {"": "1"}, "relative": {"": "0"}},
    "fold": {"size": "n", "sizes": [1, 16], "state": "s", "start": [["const", "1"]], "step": STEPS[1], "elements": ["x"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("bound", "given"),
    [
        ("error_bound", over(2, term=[0])),
        ("floor", points(pair({"x": "1/3"}), {"by": "blocks", "ends": [2]})),
        ("witness_error", steps(None, x="1/3")),
    ],
)
def test_rules_about_sums_are_refused(bound: str, given: Json) -> None:
    formats = stepped(1).formats
    known = read_family(ABOUT, formats)
    with pytest.raises(Rejection, match="a fold whose steps are not sums is proved size by size"):
        derive_region(known, read_region(asked({}, bound, given, [2, 2]), known)[0])
    summed = {key: item for key, item in ABOUT["fold"].items() if key != "step"} | {"term": [X]}
    sums = read_family(ABOUT | {"fold": summed}, formats)
    derive_region(sums, read_region(asked({}, bound, given, [2, 2]), sums)[0])


def test_one_size_at_a_time() -> None:
    known = read_family(ABOUT, stepped(1).formats)
    with pytest.raises(Rejection, match="a member has one size"):
        derive_region(known, read_region(asked({}, "error_bound", alone(cover(0)), [1, 2]), known)[0])
    assert derive_region(known, read_region(asked({}, "error_bound", alone(cover(0)), [2, 2]), known)[0]).value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"term": [X]}, "fold"),
        ({"step": [["var", "n"], S, ["mul", 0, 1]]}, r"fold\.step uses the name n"),
        ({"step": []}, "fold.step"),
    ],
)
def test_what_no_step_is(change: Json, said: str) -> None:
    with pytest.raises(Rejection, match=said):
        read_family(ABOUT | {"fold": ABOUT["fold"] | change}, stepped(1).formats)


def test_a_term_does_not_use_the_state() -> None:
    summed = {key: item for key, item in ABOUT["fold"].items() if key != "step"} | {"term": STEPS[1]}
    with pytest.raises(Rejection, match=r"fold\.term uses the name s"):
        read_family(ABOUT | {"fold": summed}, stepped(1).formats)


def test_json_goes_round() -> None:
    family = family_from_json(ABOUT, "family")
    assert isinstance(family.fold, Fold)
    assert family.fold.is_step
    assert family_to_json(family) == ABOUT


@cache
def pool() -> tuple[Json, ...]:
    """Accepted certificates about random members, whose tolerances their claims just decide."""
    found: list[Json] = []
    for case in cases(90_000, 40):
        documents = [decided(case, bound, alone(given)) for bound, given in evidence(case)]
        found += [document for document in documents if document is not None and falsehoods_of(document) == []][:2]
    return tuple(found)


def falsehoods_of(document: Json) -> list[str] | None:
    """What is false of members that are visited; None where none can be."""
    found, visited = [], 0
    for given in document["regions"]:
        case = Case(document["family"], document["formats"], _part(given), tuple(given["size"]), Random(0))
        lo, hi = case.part["D"]
        for t in sorted({lo, hi}):
            at = replace(case, part={"D": (t, t)})
            truth = truth_at(at) if is_small(at) else None
            visited += truth is not None
            found += [f"{given['claim']} at {t}: {truth}"] if truth is not None and _is_false(at, given, truth, t) else []
    return found if visited else None


def test_mutants_are_rejected_or_true() -> None:
    seen = judged_mutants(pool(), falsehoods_of, 100, Random(7))
    assert len(pool()) >= 10
    assert seen["true"] >= 3
    assert seen["rejected"] >= 50


def test_a_sum_is_another_question() -> None:
    """The certificate of a step, its key called term, is about no family."""
    document = copy.deepcopy(pool()[0])
    document["family"]["fold"]["term"] = document["family"]["fold"].pop("step")
    assert report(document).status == "rejected"
