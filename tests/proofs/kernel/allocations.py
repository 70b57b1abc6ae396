"""Allocations put together by hand, what is wrong with others, and what is the cheapest, by trying all choices."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import product
from math import prod
from random import Random

from suffice.proofs.kernel import limits

from .documents import Json

THREE: Json = {
    "version": 1,
    "allocation": {
        "groups": [
            {"name": "x", "options": [["fp16", "16"], ["fp32", "32"]]},
            {"name": "y", "options": [["fp16", "16"], ["fp32", "32"]]},
            {"name": "x*y", "options": [["fp16", "16"], ["fp32", "32"], ["fp64", "64"]]},
        ],
        "rows": [
            {"limit": "100", "uses": [["60", "1"], ["60", "1"], ["90", "3", "0"]]},
            {"limit": "50", "uses": [["20", "0"], ["40", "0"], ["30", "8", "0"]]},
        ],
        "choice": [0, 1, 1],
        "cost": "80",
        "unit": "1",
        "tree": [[2, 1], {"multipliers": ["1", "0"], "over": "2"}, {"multipliers": ["16", "0"], "over": "59"}],
    },
}
"""fp16 is too much for two of the three together, so the least cost is 16 + 32 + 32."""

Change = Callable[[Json], None]


def put(*path: Json) -> Change:
    """Set a field of the allocation."""

    def change(allocation: Json) -> None:
        for key in path[:-2]:
            allocation = allocation[key]
        allocation[path[-2]] = path[-1]

    return change


DIGITS = f"1{'0' * limits.MAX_AMOUNT_DIGITS}"
CUT: Json = {"multipliers": ["0", "0"], "over": "1"}

WRONG: list[tuple[Change, str]] = [
    (put("rows", []), "rows is not an array of 1 to 256 items"),
    (put("extra", 0), "allocation has missing or unknown keys: extra"),
    (put("groups", 0, "name", ""), "groups[0].name is not named by a text of 1 to 200 characters"),
    (put("groups", 0, "options", 0, 0, 7), "groups[0].options[0] is not named by a text"),
    (put("groups", 0, "options", 0, 1, "1/2"), "groups[0].options[0] is not an integer >= 0 of at most 300 digits"),
    (put("groups", 0, "options", 0, 1, DIGITS), "groups[0].options[0] is not an integer >= 0 of at most 300 digits"),
    (put("rows", 0, "uses", 1, 1, "-1"), "rows[0].uses[1] is not an integer >= 0"),
    (put("rows", 0, "uses", 1, ["1"]), "rows[0].uses[1] is not an array of 2 to 2 items"),
    (put("unit", "0"), "the unit of costs is not positive, or has more than 300 digits"),
    (put("unit", f"1/{DIGITS}"), "the unit of costs is not positive, or has more than 300 digits"),
    (put("choice", [0, 1, 3]), "choice[2] is not an integer from 0 to 2"),
    (put("cost", "79"), "the options chosen do not add up to the cost"),
    (put("rows", 1, "limit", "27"), "the options chosen exceed the limit of row 1"),
    (put("tree", 1, "over", "0"), "tree[1].over is zero"),
    (put("tree", 0, [3, 1]), "tree[0], the group is not an integer from 0 to 2"),
    (put("tree", 0, [2, 3]), "tree[0], the option is not an integer from 1 to 2"),
    (put("tree", [CUT]), "the tree leaves 1 branches open"),
    (lambda allocation: allocation["tree"].append(CUT), "the tree goes on after its last branch is closed"),
    (put("tree", [[0, 1], [0, 1]]), "a split of the tree leaves a part without options"),
]
"""Changes of THREE, and what is said of them."""


def changed(change: Change) -> Json:
    """THREE with a change."""
    document = copy.deepcopy(THREE)
    change(document["allocation"])
    return document


def waiting() -> Json:
    """Splits alone, each of what the one before leaves first: ever more branches wait."""
    count = limits.MAX_PENDING // 3 + 1
    options = [[[str(o), str((k + 2) * o)] for o in range(4)] for k in range(count)]
    return {
        "version": 1,
        "allocation": {
            "groups": [{"name": str(k), "options": offered} for k, offered in enumerate(options)],
            "rows": [{"limit": "0", "uses": [["1", "1", "1", "0"]] * count}],
            "choice": [3] * count,
            "cost": str(sum(int(offered[3][1]) for offered in options)),
            "unit": "1",
            "tree": [[k, o] for k in range(count) for o in (3, 2, 1)],
        },
    }


def least(document: Json) -> int | None:
    """The cost of the cheapest feasible choice in units, by trying all; None where they are too many."""
    allocation = document["allocation"]
    sizes = [len(group["options"]) for group in allocation["groups"]]
    if prod(sizes) > 20_000:
        return None
    costs = [[int(cost) for _, cost in group["options"]] for group in allocation["groups"]]
    rows = [(int(row["limit"]), [[int(use) for use in uses] for uses in row["uses"]]) for row in allocation["rows"]]
    found = [
        sum(group[o] for group, o in zip(costs, choice, strict=True))
        for choice in product(*map(range, sizes))
        if all(sum(uses[g][o] for g, o in enumerate(choice)) <= limit for limit, uses in rows)
    ]
    return min(found)


def is_true(document: Json) -> bool | None:
    """Whether the choice is feasible and of the least cost, as stated; None where that is not known."""
    allocation = document["allocation"]
    known = least(document)
    if known is None:
        return None
    taken = list(enumerate(allocation["choice"]))
    cost = sum(int(allocation["groups"][g]["options"][o][1]) for g, o in taken)
    within = all(sum(int(row["uses"][g][o]) for g, o in taken) <= int(row["limit"]) for row in allocation["rows"])
    return within and cost == int(allocation["cost"]) == known


def mutate(document: Json, rng: Random) -> Json:
    """The document with one field changed."""
    mutant = copy.deepcopy(document)
    while mutant == document:
        places = list(_places(mutant, "allocation"))
        container, key = rng.choice(places)
        container[key] = _other(container[key], rng)
    return mutant


def _places(container: Json, key: Json) -> list[tuple[Json, Json]]:
    value = container[key]
    inner = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(container, key)] + [place for k in inner for place in _places(value, k)]


def _other(value: Json, rng: Random) -> Json:
    if isinstance(value, str) and value.isdecimal():
        n = int(value)
        return str(max(rng.choice([n + 1, n - 1, 2 * n, n // 2, 0, n + rng.randint(-20, 20), n * rng.randint(1, 9)]), 0))
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, int):
        return rng.choice([value + 1, value - 1, 0, 1])
    if isinstance(value, list) and value:
        items = list(value)
        first, second = rng.randrange(len(items)), rng.randrange(len(items))
        match rng.randrange(3):
            case 0:
                del items[first]
            case 1:
                items.insert(first, copy.deepcopy(items[second]))
            case _:
                items[first], items[second] = items[second], items[first]
        return items
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != rng.choice(sorted(value))}
    return [0]
