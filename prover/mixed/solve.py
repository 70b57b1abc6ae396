"""The cheapest choice of an allocation, and the tree of cuts and splits that proves it: the kernel's own rules, as they are needed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf

import numpy as np

from suffice.proofs.allocation import AllocationCertificate, Table, allocation_of
from suffice.proofs.kernel.allocation import Cut, Options, Split, halves, remaining
from suffice.prover.mixed.multipliers import Array, Relaxation, Relaxed

_ROOT_STEPS = 400
_BRANCH_STEPS = 40

_MOST_ENTRIES = 20_000
"""Cuts and splits of one tree."""

_SCALE = 1 << 24
"""Multipliers, of uses in parts of the limits, are rounded to this part of one."""

Choice = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Solved:
    """The best choice found, the tree that proves it the cheapest (None where time ran out), and a lower bound of the cost."""

    choice: Choice
    tree: tuple[Cut | Split, ...] | None
    lower: float
    seconds: float


@dataclass(slots=True)
class Solver:
    """Branch and bound over one table, depth first. `choice` is the best one so far."""

    table: Table
    deadline: float
    choice: Choice | None = None
    lower: float = -inf
    relaxation: Relaxation = field(init=False)

    def __post_init__(self) -> None:
        self.relaxation = Relaxation(self.table)

    def everything(self) -> Options:
        """All options of all groups."""
        return tuple(tuple(range(len(group.options))) for group in self.table.groups)

    def run(self) -> tuple[Cut | Split, ...] | None:
        """Search for cheaper choices, from the beginning after each, until a tree shows that there are none."""
        self.offer(self._frugal())
        if self.choice is None:
            return None
        start = self._root()
        while True:
            tree = self._tree(start)
            if tree is not None or time.monotonic() > self.deadline:
                return tree

    def offer(self, choice: Choice) -> bool:
        """Take a choice that is feasible and cheaper."""
        if not self.table.is_feasible(choice) or (self.choice is not None and self.table.cost(choice) >= self.table.cost(self.choice)):
            return False
        self.choice = choice
        return True

    def _frugal(self) -> Choice:
        """The options that use least of the limits."""
        uses = self.relaxation.uses.max(axis=0)
        return tuple(int(np.argmin(uses[g, : len(group.options)])) for g, group in enumerate(self.table.groups))

    def _root(self) -> Array:
        """Multipliers without any branching; the choices on the way there are repaired and offered."""
        assert self.choice is not None
        relaxed = self.relaxation.ascend(self.everything(), np.zeros(len(self.table.rows)), self.table.cost(self.choice), _ROOT_STEPS)
        self.lower = relaxed.bound
        for factor in (1.0, 1.01, 1.1, 1.5):
            _, _, chosen = self.relaxation.bound(relaxed.multipliers * factor, self.relaxation.costs)
            self._repair(tuple(map(int, chosen)), self.everything())
        return relaxed.multipliers

    def _repair(self, choice: Choice, left: Options) -> bool:
        """Make a choice feasible at little cost, then cheaper while it stays so."""
        costs, uses = self.relaxation.costs, self.relaxation.uses
        chosen = list(choice)
        rows = np.arange(len(chosen))
        total = uses[:, rows, chosen].sum(axis=1)
        for grow in (True, False):
            for _ in range(8 * len(chosen)):
                if grow and bool((total <= 1.0).all()):
                    break
                move = self._move(chosen, total, left, costs, uses, grow=grow)
                if move is None:
                    break
                total = total - uses[:, move[0], chosen[move[0]]] + uses[:, move[0], move[1]]
                chosen[move[0]] = move[1]
        return self.offer(tuple(chosen))

    def _move(self, chosen: list[int], total: Array, left: Options, costs: Array, uses: Array, *, grow: bool) -> tuple[int, int] | None:
        """The change of one group that serves best: least cost for what it frees, or most saved within the limits."""
        best, found = 0.0, None
        for g, o in enumerate(chosen):
            for other in left[g]:
                saved = costs[g, o] - costs[g, other]
                after = total - uses[:, g, o] + uses[:, g, other]
                if grow:
                    freed = float(np.maximum(total, 1.0).sum() - np.maximum(after, 1.0).sum())
                    merit = freed / max(-saved, 1e-3) if freed > 0 else 0.0
                else:
                    merit = saved if saved > 0 and bool((after <= 1.0).all()) else 0.0
                if merit > best:
                    best, found = float(merit), (g, other)
        return found

    def _tree(self, start: Array) -> tuple[Cut | Split, ...] | None:
        """The tree for the best choice; None where a cheaper one turned up or the effort ran out."""
        assert self.choice is not None
        allocation = allocation_of(self.table, self.choice)
        alike, target = allocation.alike, float(allocation.cost - allocation.step)
        entries: list[Cut | Split] = []
        pending = [(self.everything(), start)]
        while pending:
            if len(entries) > _MOST_ENTRIES or time.monotonic() > self.deadline:
                return None
            before, start = pending.pop()
            relaxed = self.relaxation.ascend(before, start, target + 1e-6 * max(target, 1.0), _BRANCH_STEPS)
            cut = self._cut(relaxed, before)
            left = remaining(allocation, cut, before, alike)
            if left != before:
                entries.append(cut)
            if left is None:
                continue
            if self._repair(_within(relaxed.choice, left), left):
                return None
            size = sum(map(len, left))
            if size < _WORTH_ANOTHER_CUT * sum(map(len, before)) or size == len(left):
                pending.append((left, relaxed.multipliers))
                continue
            split = self._split(left, relaxed.multipliers)
            entries.append(split)
            pending += [(half, relaxed.multipliers) for half in reversed(halves(left, split, alike))]
        return tuple(entries)

    def _cut(self, relaxed: Relaxed, left: Options) -> Cut:
        """The multipliers as the kernel has them; of a single choice that is too much for some row, that row's."""
        rows = self.table.rows
        if all(len(options) == 1 for options in left):
            used = [sum(uses[options[0]] for uses, options in zip(row.uses, left, strict=True)) for row in rows]
            broken = [use > row.limit for use, row in zip(used, rows, strict=True)]
            assert self.choice is not None
            first = broken.index(True) if any(broken) else -1
            return Cut(tuple(self.table.cost(self.choice) * (r == first) for r in range(len(rows))), 1)
        over = _SCALE * max(row.limit for row in rows)
        return Cut(
            tuple(round(m * _SCALE) * (over // _SCALE) // max(row.limit, 1) for m, row in zip(relaxed.multipliers, rows, strict=True)), over
        )

    def _split(self, left: Options, multipliers: Array) -> Split:
        """Between the two best options of the group where they are nearest to each other."""
        values = self.relaxation.left(left) + np.tensordot(multipliers, self.relaxation.uses, axes=1)
        order = np.argsort(values, axis=1)[:, :2]
        rows = np.arange(len(values))
        apart = values[rows, order[:, 1]] - values[rows, order[:, 0]]
        group = int(np.argmin(np.where(np.isfinite(apart), apart, np.inf)))
        return Split(group, int(max(order[group])))


_WORTH_ANOTHER_CUT = 0.8
"""A cut that leaves so few of the options is followed by another."""


def solve(table: Table, *, seconds: float, first: Choice | None = None) -> Solved | None:
    """The cheapest feasible choice, proved where time allows; None where none was found. `first` is one to begin with."""
    start = time.monotonic()
    solver = Solver(table, start + seconds)
    if first is not None:
        solver.offer(first)
    tree = solver.run()
    if solver.choice is None:
        return None
    return Solved(solver.choice, tree, solver.lower, time.monotonic() - start)


def certificate_of(table: Table, solved: Solved) -> AllocationCertificate | None:
    """The certificate of a choice that is proved the cheapest."""
    return None if solved.tree is None else AllocationCertificate(table, solved.choice, solved.tree)


def _within(choice: Choice, left: Options) -> Choice:
    """The choice with the nearest option wherever its own is not left."""
    return tuple(min((abs(o - wanted), o) for o in options)[1] for wanted, options in zip(choice, left, strict=True))
