"""Allocations: accepted where the choice is the cheapest, whatever is changed; every reason for a rejection; hostile sizes."""

from __future__ import annotations

import copy
import time
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest

from suffice.proofs import allocation as data
from suffice.proofs.kernel import allocation as rules
from suffice.proofs.kernel import check, limits
from suffice.proofs.kernel.allocation import Cut, ordered, read_allocation
from suffice.proofs.kernel.budget import Budget
from suffice.prover.mixed.solve import certificate_of, solve

from .allocations import CUT, THREE, WRONG, Change, changed, is_true, least, mutate, waiting
from .documents import Json, canonical, report


def random_table(rng: Random, groups: int, options: int) -> data.Table:
    """Costs that rise and uses that fall with the options; some groups alike."""
    made: list[tuple[data.Group, list[tuple[int, ...]]]] = []
    rows = rng.randint(1, 3)
    for g in range(groups):
        if made and rng.random() < 0.4:
            made.append(made[-1])
            continue
        costs = sorted(rng.sample(range(1, 70), options))
        uses = [tuple(sorted((rng.choice([0, rng.randint(0, 60)]) for _ in range(options)), reverse=True)) for _ in range(rows)]
        made.append((data.Group(f"g{g}", tuple(data.Option(f"f{o}", cost) for o, cost in enumerate(costs))), uses))
    limit = [rng.randint(sum(uses[r][-1] for _, uses in made), max(sum(uses[r][0] for _, uses in made), 1)) for r in range(rows)]
    return data.Table(tuple(group for group, _ in made), tuple(data.Row(limit[r], tuple(uses[r] for _, uses in made)) for r in range(rows)))


def solved(table: data.Table) -> Json:
    """The certificate of the cheapest choice."""
    first = tuple(len(group.options) - 1 for group in table.groups)
    found = solve(table, seconds=20.0, first=first)
    assert found is not None
    certificate = certificate_of(table, found)
    assert certificate is not None
    return data.to_json(certificate)


def samples(count: int, seed: int) -> list[Json]:
    rng = Random(seed)
    return [THREE, *(solved(random_table(rng, rng.randint(1, 6), rng.randint(1, 4))) for _ in range(count))]


@cache
def pool_of_samples() -> tuple[Json, ...]:
    return tuple(samples(40, 3))


def test_a_choice_that_is_the_cheapest_is_accepted() -> None:
    found = report(THREE)
    assert (found.status, found.verdict) == ("accepted", "cost 80 is the least within the limits")
    assert least(THREE) == 80


def test_costs_count_in_units() -> None:
    document = copy.deepcopy(THREE)
    document["allocation"]["unit"] = "5/3"
    assert report(document).verdict == f"cost {Fraction(400, 3)} is the least within the limits"


def test_the_solver_finds_what_trying_all_finds() -> None:
    for document in [*pool_of_samples(), *samples(40, 1)]:
        assert report(document).status == "accepted"
        assert is_true(document), document


def test_a_dearer_choice_is_not_accepted() -> None:
    """With the very tree that proves the cheapest."""
    document = copy.deepcopy(THREE)
    document["allocation"] |= {"choice": [1, 1, 1], "cost": "96"}
    assert report(document).status == "rejected"
    assert is_true(document) is False


@pytest.mark.parametrize(("change", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_what_is_wrong_is_said(change: Change, reason: str) -> None:
    found = report(changed(change))
    assert found.status == "rejected"
    assert reason in found.reason


def test_other_versions_and_other_writing_are_rejected() -> None:
    assert report({**THREE, "version": 2}).reason == "this kernel reads version 1 only"
    assert report({**THREE, "version": True}).reason == "this kernel reads version 1 only"
    assert "missing or unknown keys: problem" in report({**THREE, "problem": {}}).reason
    assert "canonical JSON" in check(b" " + canonical(THREE)).reason


def mutants(count: int, seed: int) -> tuple[int, int, list[Json]]:
    """How many mutants are rejected, how many accepted and true, and those that are accepted and false."""
    rng = Random(seed)
    pool = list(pool_of_samples()[:20])
    rejected, true, false = 0, 0, []
    for _ in range(count):
        mutant = mutate(rng.choice(pool), rng)
        found = report(mutant)
        if found.status == "rejected":
            assert found.reason.isprintable()
            rejected += 1
        elif is_true(mutant):
            true += 1
        else:
            false.append(mutant)
    return rejected, true, false


def test_every_mutant_is_rejected_or_true() -> None:
    rejected, true, false = mutants(1500, 2)
    assert false == []
    assert rejected > 500
    assert true > 50


def _too_much(allocation: Any, cut: Cut, left: Any, alike: Any) -> Any:
    """The rule for cuts with C in place of C - d."""
    eager = rules.Allocation(allocation.costs, allocation.uses, allocation.limits, allocation.choice, 0, allocation.unit)
    return RULE(eager, cut, left, alike)


RULE = rules.remaining

FAULTS: dict[str, tuple[Any, str, Any]] = {
    "cuts that drop what is cheaper": (rules, "remaining", _too_much),
    "a step that is too long": (rules.Allocation, "step", property(lambda self: max(max(group) for group in self.costs) + 1)),
    "all groups taken to be alike": (rules.Allocation, "alike", property(lambda self: [list(range(len(self.costs)))])),
    "limits that are not looked at": (rules, "_check_choice", lambda _: None),
    "splits that lose a part": (rules, "halves", lambda left, split, alike: SPLIT(left, split, alike)[-1:]),
}
SPLIT = rules.halves


@pytest.mark.parametrize("fault", FAULTS)
def test_a_kernel_with_a_fault_is_found_out(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Mutants, and dearer choices with the trees of cheaper ones, show every fault."""
    pool = list(pool_of_samples())
    monkeypatch.setattr(*FAULTS[fault])
    unlike = report(UNLIKE).status == "accepted"
    assert unlike or any(is_false(document, Random(seed)) for seed in range(20) for document in pool)


UNLIKE: Json = {
    "version": 1,
    "allocation": {
        "groups": [{"name": "a", "options": [["low", "0"], ["high", "1"]]}, {"name": "b", "options": [["low", "0"], ["high", "10"]]}],
        "rows": [{"limit": "1", "uses": [["1", "0"], ["1", "0"]]}],
        "choice": [0, 1],
        "cost": "10",
        "unit": "1",
        "tree": [[0, 1], {"multipliers": ["20"], "over": "1"}, {"multipliers": ["0"], "over": "1"}],
    },
}
"""False: 1 is the least cost. Were the two groups alike, a tree would need no branch with `high` before `low`."""


def test_groups_that_are_not_alike_are_not_exchanged() -> None:
    assert report(UNLIKE).status == "rejected"
    assert least(UNLIKE) == 1


def is_false(document: Json, rng: Random) -> bool:
    """Whether a change of the choice, or of the tree, makes the kernel accept what is false."""
    trial = copy.deepcopy(document)
    allocation = trial["allocation"]
    allocation["choice"] = [rng.randrange(len(group["options"])) for group in allocation["groups"]]
    cost = sum(int(group["options"][o][1]) for group, o in zip(allocation["groups"], allocation["choice"], strict=True))
    allocation["cost"] = str(cost)
    zero = ["0"] * len(allocation["rows"])
    splits = [[g, 1] for g, group in enumerate(allocation["groups"]) if len(group["options"]) > 1]
    cut = {"multipliers": zero, "over": "1"}
    trees = [allocation["tree"], [cut], [*splits[:1], cut], [*splits, cut]]
    for tree in trees:
        allocation["tree"] = tree
        if report(trial).status == "accepted" and is_true(trial) is False:
            return True
    return False


def test_groups_alike_need_only_be_tried_in_order() -> None:
    assert ordered(((0, 1, 2), (1, 2), (0, 1, 2)), [[0, 1, 2]]) == ((0, 1, 2), (1, 2), (1, 2))
    assert ordered(((0, 1, 2), (0, 1), (0, 1, 2)), [[0, 1, 2]]) == ((0, 1), (0, 1), (0, 1, 2))
    assert ordered(((2,), (0, 1)), [[0, 1]]) is None
    assert ordered(((2,), (0, 1)), []) == ((2,), (0, 1))


def test_hostile_sizes_end_at_once() -> None:
    start = time.process_time()
    assert "branches waiting" in report(waiting()).reason
    document = copy.deepcopy(THREE)
    document["allocation"]["tree"] = [CUT] * 50_000
    assert "branches open" in report(document).reason
    document["allocation"]["tree"] = [CUT] * 200_001
    assert "is not an array of 1 to 200000 items" in report(document).reason
    document["allocation"]["groups"] = document["allocation"]["groups"] * 1_000
    assert "is not an array of 1 to 2000 items" in report(document).reason
    assert time.process_time() - start < 10


def test_work_is_counted() -> None:
    allocation, tree = read_allocation(THREE["allocation"])
    with pytest.raises(rules.Rejection, match="more work than the kernel's limit"):
        rules.check_tree(allocation, tree, Budget(10_000))
    rules.check_tree(allocation, tree, Budget(limits.MAX_WORK))


def test_a_number_too_long_is_not_written() -> None:
    table = data.Table((data.Group("x", (data.Option("a", limits.MAX_AMOUNT),)),), (data.Row(0, ((0,),)),))
    with pytest.raises(data.InputError, match="does not fit"):
        data.canonical_bytes(data.AllocationCertificate(table, (0,), (Cut((0,), 1),)))
