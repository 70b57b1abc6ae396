"""Multipliers of an allocation's rows that make the bound on the cost large: a search in float64, which proves nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suffice.proofs.allocation import Table
from suffice.proofs.kernel.allocation import Options

Array = NDArray[np.float64]

_HALVINGS = 60
_MOST_DOUBLINGS = 80


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Multipliers of the rows (uses counted in parts of the limits), the bound there, and the options that it is reached at."""

    multipliers: Array
    bound: float
    choice: tuple[int, ...]


class Relaxation:
    """The Lagrangian bound min cost + multipliers (uses - 1), over what a branch has left."""

    def __init__(self, table: Table) -> None:
        most = max(len(group.options) for group in table.groups)
        self.costs = np.full((len(table.groups), most), np.inf)
        self.uses = np.zeros((len(table.rows), len(table.groups), most))
        for g, group in enumerate(table.groups):
            self.costs[g, : len(group.options)] = [option.cost for option in group.options]
        for r, row in enumerate(table.rows):
            for g, uses in enumerate(row.uses):
                self.uses[r, g, : len(uses)] = [use / max(row.limit, 1) for use in uses]

    def bound(self, multipliers: Array, costs: Array) -> tuple[float, Array, NDArray[np.intp]]:
        """The bound, its slope by the multipliers, and the options."""
        values = costs + np.tensordot(multipliers, self.uses, axes=1)
        chosen = values.argmin(axis=1)
        rows = np.arange(len(chosen))
        slope = self.uses[:, rows, chosen].sum(axis=1) - 1.0
        return float(values[rows, chosen].sum() - multipliers.sum()), slope, chosen

    def left(self, options: Options) -> Array:
        """The costs, infinite for what is not left."""
        costs = np.full_like(self.costs, np.inf)
        for g, kept in enumerate(options):
            costs[g, list(kept)] = self.costs[g, list(kept)]
        return costs

    def ascend(self, options: Options, start: Array, target: float, steps: int) -> Relaxed:
        """Multipliers with a bound that is large, at best beyond `target`."""
        costs = self.left(options)
        if len(start) == 1:
            return self._along_one(costs)
        best = self._relaxed(start, costs)
        here, patience, length = start, 0, 1.0
        for _ in range(steps):
            bound, slope, chosen = self.bound(here, costs)
            if bound > best.bound:
                best, patience = Relaxed(here, bound, tuple(map(int, chosen))), 0
            patience += 1
            if best.bound > target:
                break
            if patience > 8:
                here, length, patience = best.multipliers, length / 2, 0
                continue
            size = float(slope @ slope)
            if size == 0 or length < 1e-4:
                break
            here = np.maximum(here + slope * (length * max(target - bound, 1e-6 * abs(target)) / size), 0.0)
        return best

    def _relaxed(self, multipliers: Array, costs: Array) -> Relaxed:
        bound, _, chosen = self.bound(multipliers, costs)
        return Relaxed(multipliers, bound, tuple(map(int, chosen)))

    def _along_one(self, costs: Array) -> Relaxed:
        """One row: the slope of a concave function changes its sign at the maximum."""
        low, high = np.zeros(1), np.ones(1)
        if self.bound(low, costs)[1][0] <= 0:
            return self._relaxed(low, costs)
        for _ in range(_MOST_DOUBLINGS):
            if self.bound(high, costs)[1][0] <= 0:
                break
            low, high = high, high * 4
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.bound(middle, costs)[1][0] > 0:
                low = middle
            else:
                high = middle
        return max(self._relaxed(low, costs), self._relaxed(high, costs), key=lambda relaxed: relaxed.bound)
