"""Allocations: one option for each of several groups, at least cost within linear limits (docs/certificate.md, "Allocations").

Group g has options o with cost w[g][o]; row r has a limit b[r] and a use u[r][g][o] of it, all of them integers >= 0. A choice is feasible
where every row's uses add up to its limit at most. C is the cost of the choice given, d the greatest common divisor of all differences of
costs within a group: what is cheaper costs C - d at most. S[g] are the options that a branch of the tree has left.

Cut. For multipliers m[r] >= 0 over D >= 1 let v[g][o] = D w[g][o] + sum_r m[r] u[r][g][o]. A feasible choice within S that takes o in g has
D cost >= D cost + sum_r m[r] (uses - b[r]) >= sum over the other groups of min v + v[g][o] - sum_r m[r] b[r]. Where that exceeds D (C - d)
no cheaper feasible choice takes o, and o is dropped. A group without options closes the branch.

Split. The options of one group before a position, and the others, are two branches that cover S.

Order. Groups with the same costs and uses can exchange their options. So where there is a cheaper feasible choice there is one whose
options do not decrease from one such group to the next, and of the others S need not keep any: in a group, an option before the first of
an earlier group that is alike, or after the last of a later one, is dropped. Every branch is left in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

from . import limits
from .budget import Budget
from .failures import Rejection
from .jsonvalues import fields, integer, listed, number

Options = tuple[tuple[int, ...], ...]
"""The options left, by group."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """Costs and uses by group and option, limits by row, and the choice with its cost."""

    costs: tuple[tuple[int, ...], ...]
    uses: tuple[tuple[tuple[int, ...], ...], ...]
    limits: tuple[int, ...]
    choice: tuple[int, ...]
    cost: int
    unit: Fraction

    @property
    def alike(self) -> list[list[int]]:
        """The groups with the same costs and uses, where there are several."""
        classes: dict[Any, list[int]] = {}
        for g, costs in enumerate(self.costs):
            classes.setdefault((costs, *(row[g] for row in self.uses)), []).append(g)
        return [groups for groups in classes.values() if len(groups) > 1]

    @property
    def step(self) -> int:
        """d, or 1 where all options of every group cost the same."""
        return gcd(*(cost - group[0] for group in self.costs for cost in group)) or 1

    @property
    def bits(self) -> int:
        """The size of its largest number."""
        numbers = (*self.limits, *(cost for group in self.costs for cost in group))
        return max(max(numbers), max(use for row in self.uses for group in row for use in group)).bit_length()


@dataclass(frozen=True, slots=True)
class Cut:
    """Multipliers of the rows, all over one denominator."""

    multipliers: tuple[int, ...]
    over: int


@dataclass(frozen=True, slots=True)
class Split:
    """The group, and the first option of the second part."""

    group: int
    option: int


def least_cost(value: Any, budget: Budget) -> Fraction:
    """The cost of the choice, once no feasible choice is cheaper."""
    allocation, tree = read_allocation(value)
    _check_choice(allocation)
    check_tree(allocation, tree, budget)
    return allocation.cost * allocation.unit


def read_allocation(value: Any) -> tuple[Allocation, list[Cut | Split]]:
    """The table, the choice and the tree."""
    groups, rows, choice, cost, unit, tree = fields(value, "allocation", "groups", "rows", "choice", "cost", "unit", "tree")
    costs = tuple(_read_group(item, f"groups[{g}]") for g, item in enumerate(listed(groups, "groups", 1, limits.MAX_GROUPS)))
    read = [_read_row(item, f"rows[{r}]", costs) for r, item in enumerate(listed(rows, "rows", 1, limits.MAX_ROWS))]
    chosen = tuple(
        integer(item, f"choice[{g}]", 0, len(costs[g]) - 1) for g, item in enumerate(listed(choice, "choice", len(costs), len(costs)))
    )
    step = number(unit, "unit")
    if step <= 0 or max(step.numerator, step.denominator) >= limits.MAX_AMOUNT:
        raise Rejection(f"the unit of costs is not positive, or has more than {limits.MAX_AMOUNT_DIGITS} digits")
    allocation = Allocation(costs, tuple(uses for _, uses in read), tuple(limit for limit, _ in read), chosen, _natural(cost, "cost"), step)
    sizes = [len(group) for group in costs]
    entries = [_read_entry(item, f"tree[{k}]", sizes, len(read)) for k, item in enumerate(listed(tree, "tree", 1, limits.MAX_ENTRIES))]
    return allocation, entries


def _read_group(value: Any, where: str) -> tuple[int, ...]:
    name, options = fields(value, where, "name", "options")
    costs = []
    for o, item in enumerate(listed(options, f"{where}.options", 1, limits.MAX_OPTIONS)):
        label, cost = listed(item, f"{where}.options[{o}]", 2, 2)
        _check_label(label, f"{where}.options[{o}]")
        costs.append(_natural(cost, f"{where}.options[{o}]"))
    _check_label(name, f"{where}.name")
    return tuple(costs)


def _check_label(value: Any, where: str) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= limits.MAX_LABEL:
        raise Rejection(f"{where} is not named by a text of 1 to {limits.MAX_LABEL} characters")


def _read_row(value: Any, where: str, costs: tuple[tuple[int, ...], ...]) -> tuple[int, tuple[tuple[int, ...], ...]]:
    limit, uses = fields(value, where, "limit", "uses")
    read = tuple(
        tuple(_natural(use, f"{where}.uses[{g}]") for use in listed(item, f"{where}.uses[{g}]", len(costs[g]), len(costs[g])))
        for g, item in enumerate(listed(uses, f"{where}.uses", len(costs), len(costs)))
    )
    return _natural(limit, f"{where}.limit"), read


def _read_entry(value: Any, where: str, sizes: list[int], rows: int) -> Cut | Split:
    if isinstance(value, list):
        group, option = listed(value, where, 2, 2)
        place = integer(group, f"{where}, the group", 0, len(sizes) - 1)
        return Split(place, integer(option, f"{where}, the option", 1, max(sizes[place] - 1, 1)))
    multipliers, over = fields(value, where, "multipliers", "over")
    denominator = _natural(over, f"{where}.over")
    if denominator == 0:
        raise Rejection(f"{where}.over is zero")
    given = listed(multipliers, f"{where}.multipliers", rows, rows)
    return Cut(tuple(_natural(item, f"{where}.multipliers") for item in given), denominator)


def _natural(value: Any, where: str) -> int:
    read = number(value, where)
    if read.denominator != 1 or not 0 <= read < limits.MAX_AMOUNT:
        raise Rejection(f"{where} is not an integer >= 0 of at most {limits.MAX_AMOUNT_DIGITS} digits")
    return read.numerator


def _check_choice(allocation: Allocation) -> None:
    """Feasible, and of the cost that is stated."""
    taken = list(enumerate(allocation.choice))
    if sum(allocation.costs[g][o] for g, o in taken) != allocation.cost:
        raise Rejection("the options chosen do not add up to the cost")
    for r, (limit, uses) in enumerate(zip(allocation.limits, allocation.uses, strict=True)):
        if sum(uses[g][o] for g, o in taken) > limit:
            raise Rejection(f"the options chosen exceed the limit of row {r}")


def check_tree(allocation: Allocation, tree: list[Cut | Split], budget: Budget) -> None:
    """Whether the tree closes every branch, and has no more entries than that takes."""
    bits, alike, entries = allocation.bits, allocation.alike, iter(tree)
    pending: list[Options] = [tuple(tuple(range(len(group))) for group in allocation.costs)]
    while pending:
        entry = next(entries, None)
        if entry is None:
            raise Rejection(f"the tree leaves {len(pending)} branches open")
        left = pending.pop()
        budget.spend(20_000 + 2_000 * len(left))
        if isinstance(entry, Split):
            pending += reversed(halves(left, entry, alike))
        else:
            size = max(*entry.multipliers, entry.over).bit_length()
            budget.spend(sum(map(len, left)) * (len(entry.multipliers) + 1) * (200 + size * bits // 300))
            after = remaining(allocation, entry, left, alike)
            pending += [] if after is None else [after]
        if len(pending) > limits.MAX_PENDING:
            raise Rejection(f"the tree has more than {limits.MAX_PENDING} branches waiting")
    if next(entries, None) is not None:
        raise Rejection("the tree goes on after its last branch is closed")


def remaining(allocation: Allocation, cut: Cut, left: Options, alike: list[list[int]]) -> Options | None:
    """The options that a cut leaves, None where it closes the branch."""
    active = [(m, uses) for m, uses in zip(cut.multipliers, allocation.uses, strict=True) if m]
    values = [
        [cut.over * costs[o] + sum(m * uses[g][o] for m, uses in active) for o in options]
        for g, (costs, options) in enumerate(zip(allocation.costs, left, strict=True))
    ]
    least = [min(group) for group in values]
    bound = sum(least) - sum(m * limit for m, limit in zip(cut.multipliers, allocation.limits, strict=True))
    most = cut.over * (allocation.cost - allocation.step)
    kept = tuple(
        tuple(o for o, value in zip(options, group, strict=True) if bound - best + value <= most)
        for options, group, best in zip(left, values, least, strict=True)
    )
    return ordered(kept, alike)


def halves(left: Options, split: Split, alike: list[list[int]]) -> list[Options]:
    """The branch of the earlier options and that of the later ones, as far as they have any choice in order."""
    options = left[split.group]
    parts = tuple(o for o in options if o < split.option), tuple(o for o in options if o >= split.option)
    if not all(parts):
        raise Rejection("a split of the tree leaves a part without options")
    branches = [ordered((*left[: split.group], part, *left[split.group + 1 :]), alike) for part in parts]
    return [branch for branch in branches if branch is not None]


def ordered(left: Options, alike: list[list[int]]) -> Options | None:
    """What is left in order; None where a group has no options."""
    if not all(left):
        return None
    kept = list(left)
    for groups in alike:
        first = 0
        for g in groups:
            kept[g] = tuple(o for o in kept[g] if o >= first)
            first = min(kept[g], default=limits.MAX_OPTIONS)
        last = limits.MAX_OPTIONS
        for g in reversed(groups):
            kept[g] = tuple(o for o in kept[g] if o <= last)
            last = max(kept[g], default=-1)
    return tuple(kept) if all(kept) else None
