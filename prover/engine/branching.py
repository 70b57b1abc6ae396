"""Best-first branch and bound over boxes: how large S1's bound is anywhere, and a cover that proves it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.hardware_specs.upward import Array, above, below, rounding_up
from suffice.prover.engine.roundoff import at_power
from suffice.prover.engine.sweep import Boxes, Sweep

_LEAF = -1

_SEEDS = 512
"""Random points at which the bound's own maximum is estimated before the search."""

_BATCH = 256
"""Boxes that are cut in one round."""

_NUMBERS = 1 << 21
"""Boxes times nodes that one sweep may hold, where that leaves less than the two above."""

_MOST_DIRECTIONS = 24
"""Beyond so many inputs the longest side is cut."""

_PATIENCE = 25
"""Rounds in a row that may bring nothing, once a tenth of the time is spent."""

_PROGRESS = 0.9999
"""A round that leaves more than this of the bound brings nothing."""

_FEW = 256
"""Leaves beyond the limit that may yet be cut into cells: then the tree is kept down to the limit."""

_LEAST_NORMAL = 2.0**-1022

_LONG = 8.0
"""A side whose ends have this ratio spans many binades."""

_FRESH = 3
"""A box is tried in every direction if its ancestors of so many generations were not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """When the search stops: within `gap` of the bound's own maximum (relative), at `target`, or when leaves or seconds run out.

    A gap of -1 leaves the target alone. Sides are not cut below `finest` times their largest magnitude.
    """

    gap: float = 0.002
    target: float = 0.0
    leaves: int = 40_000
    seconds: float = 5.0
    finest: float = 0.0


@dataclass(frozen=True, slots=True)
class Tree:
    """Parts of the box: their ends, the input along which each is cut (-1: a leaf), where, the position of the lower part (the upper one
    follows), and the bound there.
    """

    low: Array
    high: Array
    axis: NDArray[np.int16]
    place: Array
    lower_part: NDArray[np.int64]
    bound: Array


@dataclass(frozen=True, slots=True)
class Found:
    """The bound over the whole box (infinite where a leaf has none), the tree, the hardest leaf, and the largest value at a point."""

    bound: float
    tree: Tree
    leaves: int
    hardest: dict[str, tuple[float, float]]
    reached: float
    at: dict[str, float]
    seconds: float


class BranchAndBound:
    """The search for one case."""

    def __init__(self, sweep: Sweep, names: Sequence[str], low: Array, high: Array, effort: Effort) -> None:
        self.sweep, self.names, self.effort = sweep, list(names), effort
        self.root_width = np.where(high > low, high - low, 1.0)
        size = max(len(sweep.nodes), len(low))
        self.batch, self.seeds = max(2, min(_BATCH, _NUMBERS // size)), max(8, min(_SEEDS, _NUMBERS // 4 // size))
        capacity = max(16, min(1024, _NUMBERS // size))
        self.low, self.high = np.empty((capacity, len(low))), np.empty((capacity, len(low)))
        self.bound = np.empty(capacity)
        self.gain = np.ones((capacity, len(low)))
        self.age = np.zeros(capacity, dtype=np.int16)
        self.axis = np.full(capacity, _LEAF, dtype=np.int16)
        self.place = np.zeros(capacity)
        self.lower_part = np.zeros(capacity, dtype=np.int64)
        self.count = 0
        self.reached = 0.0
        self.at = (low + high) / 2
        self.random = np.random.default_rng(0)
        self._add(low[None, :], high[None, :], np.full(1, np.inf), np.ones((1, len(low))), np.full(1, _FRESH, dtype=np.int16))

    def run(self) -> Found:
        """Search until the effort is spent."""
        start = time.monotonic()
        with rounding_up():
            self.bound[:1] = self._bounds(self.low[:1], self.high[:1])
            self.sweep.learn_signs(self._boxes(self.low[:1], self.high[:1]))
            self._look_at(self._seeds())
            stalled, before = 0, np.inf
            while True:
                chosen = self._open()
                worst = float(self.bound[: self.count][self.axis[: self.count] == _LEAF].max())
                stalled = stalled + 1 if worst >= before * _PROGRESS and np.isfinite(worst) else 0
                before = min(before, worst) if stalled else worst
                seconds = time.monotonic() - start
                is_hopeless = self.effort.gap >= 0 and stalled > _PATIENCE and seconds > self.effort.seconds / 10
                if not len(chosen) or seconds > self.effort.seconds or is_hopeless:
                    break
                self._cut(chosen)
        return self._found(worst, time.monotonic() - start)

    def _limit(self) -> float:
        return max(self.reached * (1 + self.effort.gap), self.effort.target)

    def _open(self) -> NDArray[np.int64]:
        """The boxes to be cut next: the worst beyond the limit."""
        leaves = np.flatnonzero((self.axis[: self.count] == _LEAF) & (self.age[: self.count] >= 0))
        if len(leaves) >= self.effort.leaves:
            return leaves[:0]
        bounds = self.bound[leaves]
        beyond = leaves[~(bounds <= self._limit())]
        if len(beyond) > self.batch:
            order = np.argpartition(-self.bound[beyond], self.batch)[: self.batch]
            beyond = beyond[order]
        return beyond

    def _bounds(self, low: Array, high: Array) -> Array:
        swept = self.sweep.evaluate(self._boxes(low, high))
        bound = swept.bound.copy()
        bound[np.isnan(bound)] = np.inf
        bound[swept.is_empty] = 0.0
        return bound

    def _boxes(self, low: Array, high: Array) -> Boxes:
        lows, highs = np.ascontiguousarray(low.T), np.ascontiguousarray(high.T)
        return Boxes(dict(zip(self.names, lows, strict=True)), dict(zip(self.names, highs, strict=True)))

    def _seeds(self) -> Array:
        low, high = self.low[0], self.high[0]
        half, quarter = self.seeds // 2, self.seeds // 4
        inside = low + (high - low) * self.random.random((half, len(low)))
        corners = np.where(self.random.random((quarter, len(low))) < 0.5, low, high)
        near = self.random.random((quarter, len(low))) < 0.3
        points: Array = np.concatenate([inside, corners, np.where(near, inside[:quarter], corners)])
        return np.clip(points, low, high)

    def _look_at(self, points: Array) -> None:
        """The bound's value at points, from below an estimate of its largest value."""
        if not len(points):
            return
        values = self._bounds(points, points)
        values = np.where(np.isfinite(values), values, -1.0)
        best = int(np.argmax(values))
        if values[best] > self.reached:
            self.reached, self.at = float(values[best]), points[best].copy()

    def _cut(self, chosen: NDArray[np.int64]) -> None:
        low, high = self.low[chosen], self.high[chosen]
        places, possible = _places(low, high)
        possible &= high - low > self.effort.finest * np.maximum(np.abs(low), np.abs(high))
        self.age[chosen[~possible.any(axis=1)]] = -1
        keep = possible.any(axis=1)
        chosen, low, high, places, possible = chosen[keep], low[keep], high[keep], places[keep], possible[keep]
        if not len(chosen):
            return
        self._explore(chosen, low, high)
        score = np.where(possible, self.gain[chosen], -1.0)
        axis = np.argmax(score, axis=1)
        rows = np.arange(len(chosen))
        at = places[rows, axis]
        upper_low, lower_high = low.copy(), high.copy()
        lower_high[rows, axis], upper_low[rows, axis] = at, at
        bounds = self._bounds(np.concatenate([low, upper_low]), np.concatenate([lower_high, high]))
        bounds = np.minimum(bounds, np.concatenate([self.bound[chosen]] * 2))
        gain = self.gain[chosen].copy()
        gain[rows, axis] *= 0.5
        age = np.concatenate([self.age[chosen] + 1] * 2).astype(np.int16)
        first = self.count
        interleaved = np.arange(2 * len(chosen)).reshape(2, -1).T.ravel()
        self._add(
            np.concatenate([low, upper_low])[interleaved], np.concatenate([lower_high, high])[interleaved],
            bounds[interleaved], np.concatenate([gain, gain])[interleaved], age[interleaved],
        )  # fmt: skip
        self.axis[chosen], self.place[chosen], self.lower_part[chosen] = axis, at, first + 2 * rows
        top = np.argsort(-self.bound[first : self.count])[: len(chosen) // 2 + 4] + first
        self._look_at((self.low[top] + self.high[top]) / 2)

    def _explore(self, chosen: NDArray[np.int64], low: Array, high: Array) -> None:
        """Measure boxes whose gains are out of date: the gain along an input is what the bound loses where that input is held fixed."""
        dimensions = low.shape[1]
        old = np.flatnonzero(self.age[chosen] >= _FRESH)
        if dimensions == 1 or not len(old):
            return
        if dimensions > _MOST_DIRECTIONS:
            self.gain[chosen[old]] = (high[old] - low[old]) / self.root_width
            self.age[chosen[old]] = 0
            return
        bounds = np.minimum(self.bound[chosen[old]], 1e300)
        middle = (low[old] + high[old]) / 2
        for axis in range(dimensions):
            thin_low, thin_high = low[old].copy(), high[old].copy()
            thin_low[:, axis] = thin_high[:, axis] = middle[:, axis]
            thin = np.minimum(self._bounds(thin_low, thin_high), bounds)
            width = (high[old, axis] - low[old, axis]) / self.root_width[axis]
            self.gain[chosen[old], axis] = bounds - thin + 1e-6 * bounds * width
        self.age[chosen[old]] = 0

    def _add(self, low: Array, high: Array, bound: Array, gain: Array, age: NDArray[np.int16]) -> None:
        end = self.count + len(low)
        while end > len(self.bound):
            for name in ("low", "high", "bound", "gain", "age", "axis", "place", "lower_part"):
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.empty_like(column)]))
        here = slice(self.count, end)
        self.low[here], self.high[here], self.bound[here], self.gain[here], self.age[here] = low, high, bound, gain, age
        self.axis[here] = _LEAF
        self.count = end

    def _found(self, worst: float, seconds: float) -> Found:
        leaves = np.flatnonzero(self.axis[: self.count] == _LEAF)
        is_few = int((self.bound[leaves] > self._limit()).sum()) <= _FEW
        tree = self._pruned(min(worst, self._limit()) if is_few else worst)
        hardest = int(leaves[np.argmax(self.bound[leaves])])
        return Found(
            worst, tree, _count_leaves(tree), dict(zip(self.names, zip(self.low[hardest], self.high[hardest], strict=True), strict=True)),
            self.reached, dict(zip(self.names, self.at, strict=True)), seconds,
        )  # fmt: skip

    def _pruned(self, enough: float) -> Tree:
        """The tree without cuts below boxes that already meet a bound."""
        bound = self.bound[: self.count]
        axis = np.where(bound <= enough, _LEAF, self.axis[: self.count]) if np.isfinite(enough) else self.axis[: self.count]
        low, high = self.low[: self.count], self.high[: self.count]
        return Tree(low, high, axis.astype(np.int16), self.place[: self.count], self.lower_part[: self.count], bound)


def _places(low: Array, high: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Where to cut along every input, and whether that lies strictly inside.

    A side that spans many binades is cut at the power of two in their middle, others at the number of fewest bits in the middle part.
    """
    width = high - low
    left, right = low + 0.3 * width, high - 0.3 * width
    step = at_power(np.maximum(0.4 * width, _LEAST_NORMAL))
    place = np.ceil(left / step) * step
    for _ in range(24):
        step = step * 2
        coarser = np.ceil(left / step) * step
        place = np.where(coarser <= right, coarser, place)
    smaller, larger = np.minimum(np.abs(low), np.abs(high)), np.maximum(np.abs(low), np.abs(high))
    is_long = (smaller > 0) & (np.sign(low) == np.sign(high)) & (larger > _LONG * smaller)
    middle = at_power(np.sqrt(np.maximum(smaller, _LEAST_NORMAL)) * np.sqrt(np.maximum(larger, _LEAST_NORMAL)))
    place = np.where(is_long, np.sign(high) * middle, place)
    return place, (place > low) & (place < high)


def _count_leaves(tree: Tree) -> int:
    return len(leaf_positions(tree))


def leaf_positions(tree: Tree) -> list[int]:
    pending, leaves = [0], []
    while pending:
        k = pending.pop()
        if tree.axis[k] == _LEAF:
            leaves.append(k)
        else:
            pending += [int(tree.lower_part[k]) + 1, int(tree.lower_part[k])]
    return leaves


Splits = list[int | list[int | str]]
"""Cuts in preorder, as docs/certificate.md has them."""


def splits_of(tree: Tree, names: Sequence[str], refined: Mapping[int, Splits]) -> Splits:
    """The cuts of the tree, with those of `refined` below some of its leaves; inputs count in the order of `names`."""
    order = {name: k + 1 for k, name in enumerate(sorted(names))}
    numbers = [order[name] for name in names]
    splits: Splits = []
    pending = [0]
    while pending:
        k = pending.pop()
        if tree.axis[k] == _LEAF:
            splits += refined.get(k, [0])
            continue
        splits.append([numbers[tree.axis[k]], str(Fraction(float(tree.place[k])))])
        pending += [int(tree.lower_part[k]) + 1, int(tree.lower_part[k])]
    return splits


def box_ends(low: Sequence[Fraction], high: Sequence[Fraction]) -> tuple[Array, Array]:
    """The box as float64, rounded outward."""
    return np.array([below(end) for end in low]), np.array([above(end) for end in high])
