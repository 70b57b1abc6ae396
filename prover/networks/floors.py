"""Untrusted search for inputs that no algorithm can serve: two inputs of one cell whose outputs lie far apart or between output numbers.

One answer z has to serve both inputs of a cell, so max(|z - a|, |z - b|) = |z - (a + b)/2| + |a - b|/2 is an error that no algorithm
avoids, least at the output number next to the middle (THEORY T1, T2 and T7 at once). And N output codes that have to cover a range R
leave one of its points R / (2 N) away (T3). All numbers here are float64 estimates; the kernel derives the floor from the inputs alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputBox, InputSet
from suffice.encodings.networks.program import NetworkProgram, Storage
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.format import CodeFormat, FloatFormat, IntFormat
from suffice.hardware_specs.rounding import count_numbers
from suffice.hardware_specs.vectorised import cell_ends_array, fits_float64, round_array
from suffice.prover.networks.gradients import difference_quotients

Array = NDArray[np.float64]

MAX_COUNTED = 1 << 16
"""Formats with more numbers than this are not worth counting."""

_KEPT = 8
_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundFloor:
    """Inputs that show a floor: `kind` is `pair` (one or two inputs of one cell) or `count`; `floor` is a float64 estimate."""

    kind: Literal["pair", "count"]
    points: tuple[Array, ...]
    output: int
    floor: float


def find_floors(program: NetworkProgram, inputs: InputSet, seconds: float) -> tuple[FoundFloor, ...]:
    """The best floor of each kind found in the time, over all boxes.

    Integer codes have a scale that was chosen for this program: only their number makes anything impossible (T3), not their grid.
    """
    stored, output = (None if isinstance(step.stored, IntFormat) else step.stored for step in (program.steps[0], program.steps[-1]))
    codes = program.steps[-1].stored
    found: dict[str, FoundFloor] = {}
    for box in inputs.boxes:
        hunt = _Hunt(program.network, box, inputs.model, stored, output, codes, monotonic() + seconds / len(inputs.boxes))
        for floor in (hunt.pair(), hunt.count()):
            if floor is not None and floor.floor > (found[floor.kind].floor if floor.kind in found else 0.0):
                found[floor.kind] = floor
    return tuple(found.values())


@dataclass(frozen=True, slots=True, eq=False)
class _Hunt:
    network: Network
    box: InputBox
    model: InputModel
    stored: Storage | None
    output: Storage | None
    codes: Storage | None
    ends: float

    def values(self, batch: Array) -> Array:
        """Outputs (inputs, outputs)."""
        return run_float64(self.network, batch).reshape(len(batch), -1)

    def pair(self) -> FoundFloor | None:
        """Two inputs at opposite ends of one cell (or one input), by gradients at the best inputs seen."""
        grid = _grid(self.output)
        if grid is None and not self._collides:
            return None
        rng = np.random.default_rng(0)
        best: FoundFloor | None = None
        kept = self._random(_BATCH, rng)
        while True:
            inputs = self._admitted(kept)
            if not len(inputs):
                return best
            values = self.values(inputs)
            alone = _misses(grid, values)
            best = _larger(best, _single(inputs, alone))
            order = np.argsort(-alone.max(axis=1))[:_KEPT]
            if self._collides:
                for x in inputs[order[:2]]:
                    best = _larger(best, self._around(x, grid))
            if self.box.is_point or monotonic() > self.ends:
                return best
            kept = np.concatenate([inputs[order], self._moved(inputs[order], rng)])

    @property
    def _collides(self) -> bool:
        return self.model is InputModel.REAL and _grid(self.stored) is not None and not self.box.is_point

    def _around(self, x: Array, grid: FloatFormat | IntFormat | None) -> FoundFloor | None:
        """The cell of x, at the ends that the gradient of each output asks for."""
        cells = _grid(self.stored)
        assert cells is not None
        numbers = round_array(cells, x)
        lower, upper = cell_ends_array(cells, numbers)
        lower = np.maximum(np.nextafter(lower, np.inf), self.box.lo)
        upper = np.minimum(np.nextafter(upper, -np.inf), self.box.hi)
        fits = lower <= upper
        lower, upper = np.where(fits, lower, x), np.where(fits, upper, x)
        rising = difference_quotients(self.values, x, upper - lower, _BATCH).reshape(-1, *x.shape) > 0
        tops, bottoms = np.where(rising, upper, lower), np.where(rising, lower, upper)
        together = (round_array(cells, tops) == numbers) & (round_array(cells, bottoms) == numbers)
        signs = (np.signbit(tops) == np.signbit(bottoms)) | (numbers != 0)
        tops, bottoms = np.where(together & signs, tops, x), np.where(together & signs, bottoms, x)
        outputs = np.arange(len(tops))
        a, b = self.values(tops)[outputs, outputs], self.values(bottoms)[outputs, outputs]
        floors = _misses(grid, (a + b) / 2) + np.abs(a - b) / 2
        j = int(np.argmax(floors))
        return FoundFloor(kind="pair", points=(tops[j], bottoms[j]), output=j, floor=float(floors[j]))

    def count(self) -> FoundFloor | None:
        """The inputs where one output is largest and least, for formats with few numbers."""
        numbers = _numbers(self.codes)
        if numbers is None or self.model is not InputModel.REAL or self.box.is_point:
            return None
        rng = np.random.default_rng(1)
        inputs = self._random(_BATCH, rng)
        for _ in range(4):
            values = self.values(inputs)
            spread = values.max(axis=0) - values.min(axis=0)
            j = int(np.argmax(spread))
            ends = inputs[[int(np.argmax(values[:, j])), int(np.argmin(values[:, j]))]]
            corners = [ends]
            for x in ends:
                slope = difference_quotients(self.values, x, self.box.hi - self.box.lo, _BATCH)[j].reshape(x.shape)
                corners += [np.stack([np.where(slope > 0, self.box.hi, self.box.lo), np.where(slope > 0, self.box.lo, self.box.hi)])]
            inputs = np.concatenate([*corners, self._random(_BATCH, rng)])
        values = self.values(inputs)
        j = int(np.argmax(values.max(axis=0) - values.min(axis=0)))
        top, bottom = int(np.argmax(values[:, j])), int(np.argmin(values[:, j]))
        floor = float(values[top, j] - values[bottom, j]) / (2 * numbers)
        return FoundFloor(kind="count", points=(inputs[top], inputs[bottom]), output=j, floor=floor)

    def _random(self, count: int, rng: np.random.Generator) -> Array:
        lo, hi = self.box.lo, self.box.hi
        if self.box.is_point:
            return lo[None]
        batch = lo + (hi - lo) * rng.random((count, *lo.shape))
        batch[: count // 3] = np.where(rng.random((count // 3, *lo.shape)) < 0.5, lo, hi)
        return np.clip(batch, lo, hi)

    def _admitted(self, batch: Array) -> Array:
        cells = _grid(self.stored)
        if self.model is InputModel.REAL or cells is None:
            return batch
        rounded = round_array(cells, batch)
        fits = ((rounded >= self.box.lo) & (rounded <= self.box.hi)).reshape(len(batch), -1).all(axis=1)
        return rounded[fits]

    def _moved(self, kept: Array, rng: np.random.Generator) -> Array:
        moves = kept[rng.integers(0, len(kept), _BATCH)]
        others = self._random(_BATCH, rng)
        share = 2.0 ** -rng.integers(0, 30, (_BATCH,) + (1,) * (kept.ndim - 1))
        return np.clip(moves + share * (others - moves), self.box.lo, self.box.hi)


def _grid(stored: Storage | None) -> FloatFormat | IntFormat | None:
    """The format, where its numbers are known beforehand."""
    return stored if isinstance(stored, FloatFormat | IntFormat) and fits_float64(stored) else None


def _numbers(stored: Storage | None) -> int | None:
    if not isinstance(stored, FloatFormat | IntFormat | CodeFormat):
        return None
    counted = count_numbers(stored)
    return counted if counted is not None and counted <= MAX_COUNTED else None


def _misses(grid: FloatFormat | IntFormat | None, values: Array) -> Array:
    """How far each value is from the next output number; 0 for outputs that are not rounded."""
    if grid is None:
        return np.zeros_like(values)
    nearest = round_array(grid, values)
    largest = float(grid.max_finite) if isinstance(grid, FloatFormat) else np.inf
    held = np.where(np.isfinite(nearest), nearest, np.copysign(largest, values))
    return np.abs(values - held)


def _single(inputs: Array, misses: Array) -> FoundFloor:
    best = np.unravel_index(int(np.argmax(misses)), misses.shape)
    return FoundFloor(kind="pair", points=(inputs[best[0]],), output=int(best[1]), floor=float(misses[best]))


def _larger(a: FoundFloor | None, b: FoundFloor | None) -> FoundFloor | None:
    if a is None or b is None:
        return b if a is None else a
    return a if a.floor >= b.floor else b
