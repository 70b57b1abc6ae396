"""Untrusted search for the input on which a program of a network errs most: gradient signs first, then moves of single coordinates.

A run errs because inputs, weights and results are rounded. Inputs can be placed so that each is rounded in the direction that the
gradient asks for, which aligns their errors; what weights do is fixed, and what results do is left to the moves. The errors are float64
differences, good for formats of up to 50 significand bits; only the kernel's run of the winner counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.networks.program import NetworkProgram, Storage
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.hardware_specs.vectorised import cell_ends_array, fits_float64, round_array
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.gradients import difference_quotients

Array = NDArray[np.float64]

GRADIENT_INPUTS = 4096
"""Inputs with more elements than this are searched by moves alone."""

_ELITE = 16
_BATCH_ELEMENTS = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBudget:
    """When a search ends: after so many runs of the program, or so many seconds, whichever comes first."""

    runs: int = 20_000
    seconds: float = 10.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundInput:
    """The input with the largest error found: `error` is that of element `output` of the flattened output, a float64 estimate."""

    x: Array
    output: int
    error: float
    runs: int


Score = Callable[[Array], Array]
"""Errors (inputs, outputs) of a batch of inputs."""


def search(program: NetworkProgram, box: InputBox, model: InputModel, budget: SearchBudget) -> FoundInput:
    """The worst input found in the box."""
    places = Places(program.steps[0].stored, box, model)

    def errors(batch: Array) -> Array:
        machine = emulate(program, batch).reshape(len(batch), -1)
        exact = run_float64(program.network, batch).reshape(len(batch), -1)
        with np.errstate(invalid="ignore"):
            difference = np.abs(machine - exact)
        return np.where(np.isnan(machine), np.inf, difference)

    def function(batch: Array) -> Array:
        return run_float64(program.network, batch).reshape(len(batch), -1)

    size = max(program.network.nodes, key=lambda node: node.size).size
    return Ascent(places, errors, function, budget, max(1, min(1024, _BATCH_ELEMENTS // size))).run()


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where inputs may lie: in the box, and in the input's format where they arrive representable."""

    stored: Storage | None
    box: InputBox
    model: InputModel

    @property
    def cells(self) -> FloatFormat | IntFormat | None:
        """The input's format, where its cells can be computed with."""
        return self.stored if isinstance(self.stored, FloatFormat | IntFormat) and fits_float64(self.stored) else None

    def admit(self, batch: Array) -> Array:
        """The batch moved into the set, without the inputs for which that fails."""
        inside = np.clip(batch, self.box.lo, self.box.hi)
        if self.model is InputModel.REAL or self.cells is None:
            return inside
        rounded = round_array(self.cells, inside)
        fits = ((rounded >= self.box.lo) & (rounded <= self.box.hi)).reshape(len(batch), -1).all(axis=1)
        return rounded[fits]

    def pushed(self, batch: Array, signs: Array) -> Array:
        """Each element moved, within its cell, to where its rounding error has this sign and is largest."""
        if self.model is not InputModel.REAL or self.cells is None:
            return batch
        lower, upper = cell_ends_array(self.cells, round_array(self.cells, batch))
        pushed = np.where(signs > 0, np.nextafter(lower, np.inf), np.nextafter(upper, -np.inf))
        return np.where(np.isfinite(pushed) & (signs != 0), pushed, batch)

    def random(self, count: int, rng: np.random.Generator) -> Array:
        """Random inputs, a third of them corners."""
        lo, hi = self.box.lo, self.box.hi
        batch = lo + (hi - lo) * rng.random((count, *lo.shape))
        corners = np.where(rng.random((count // 3, *lo.shape)) < 0.5, lo, hi)
        batch[: len(corners)] = corners
        return batch


@dataclass(slots=True, eq=False)
class Ascent:
    """One search: candidates come in batches, the best are kept."""

    places: Places
    errors: Score
    function: Score
    budget: SearchBudget
    batch: int
    elite: Array = field(default_factory=lambda: np.empty(0))
    scores: Array = field(default_factory=lambda: np.empty(0))

    def run(self) -> FoundInput:
        """Start at random, follow gradients, then move coordinates until the budget ends."""
        runs, ends = 0, monotonic() + self.budget.seconds
        for batch in self._batches(np.random.default_rng(self.budget.seed)):
            admitted = self.places.admit(batch)
            if len(admitted):
                self._keep(admitted, self.errors(admitted))
            runs += len(batch)
            failed = len(self.elite) and np.isinf(self.scores).any()
            if failed or runs >= self.budget.runs or monotonic() > ends or self.places.box.is_point:
                break
        if not len(self.elite):
            return FoundInput(x=self.places.box.lo, output=0, error=0.0, runs=runs)
        best = np.unravel_index(int(np.argmax(self.scores)), self.scores.shape)
        return FoundInput(x=self.elite[best[0]], output=int(best[1]), error=float(self.scores[best]), runs=runs)

    def _keep(self, inputs: Array, errors: Array) -> None:
        """The best inputs by their largest error over outputs."""
        if len(self.elite):
            inputs, errors = np.concatenate([self.elite, inputs]), np.concatenate([self.scores, errors])
        order = np.argsort(-errors.max(axis=1), kind="stable")[:_ELITE]
        self.elite, self.scores = inputs[order], errors[order]

    def _batches(self, rng: np.random.Generator) -> Iterator[Array]:
        middle = (self.places.box.lo + (self.places.box.hi - self.places.box.lo) / 2)[None]
        yield np.concatenate([middle, self.places.random(max(1, self.batch - 1), rng)])
        while True:
            if not len(self.elite):
                yield self.places.random(self.batch, rng)
                continue
            if self.places.box.lo.size <= GRADIENT_INPUTS:
                for start in self.elite[:2]:
                    yield from _chunks(self._along_gradients(start), self.batch)
            for _ in range(32):
                yield self._moved(self.elite, rng)

    def _along_gradients(self, start: Array) -> Array:
        """For every output and both signs: the corner of the gradient's signs, and the start itself, with inputs rounded to that side."""
        jacobian = difference_quotients(self.function, start, self.places.box.hi - self.places.box.lo, self.batch)
        signs = np.concatenate([np.sign(jacobian), -np.sign(jacobian)]).reshape(-1, *start.shape)
        corners = np.where(signs > 0, self.places.box.hi, self.places.box.lo)
        here = np.broadcast_to(start, signs.shape)
        return np.concatenate([self.places.pushed(here, signs), self.places.pushed(corners, signs), self.places.pushed(corners, -signs)])

    def _moved(self, elite: Array, rng: np.random.Generator) -> Array:
        """Copies of the best inputs with one to eight elements moved: to a side of their cell, an end of the box, a random place."""
        parents = elite[rng.integers(0, len(elite), self.batch)]
        moves = parents.copy().reshape(self.batch, -1)
        lo, hi = self.places.box.lo.reshape(-1), self.places.box.hi.reshape(-1)
        pushed = self.places.pushed(parents, np.where(rng.random(parents.shape) < 0.5, 1.0, -1.0)).reshape(self.batch, -1)
        anywhere = lo + (hi - lo) * rng.random(moves.shape)
        count = min(int(2 ** rng.integers(0, 4)), moves.shape[1])
        for _ in range(count):
            rows, column = np.arange(self.batch), rng.integers(0, moves.shape[1], self.batch)
            kind = rng.random(self.batch)
            ends = np.where(rng.random(self.batch) < 0.5, lo[column], hi[column])
            near = np.where(kind < 0.5, pushed[rows, column], anywhere[rows, column])
            moves[rows, column] = np.where(kind < 0.85, near, ends)
        again = self.places.pushed(moves.reshape(parents.shape), np.where(rng.random(parents.shape) < 0.5, 1.0, -1.0))
        jittered = np.where(rng.random((self.batch,) + (1,) * (parents.ndim - 1)) < 0.3, again, moves.reshape(parents.shape))
        mixed: Array = np.where(rng.random(parents.shape) < 0.02, jittered, moves.reshape(parents.shape))
        return mixed


def _chunks(batch: Array, size: int) -> Iterator[Array]:
    for first in range(0, len(batch), size):
        yield batch[first : first + size]
