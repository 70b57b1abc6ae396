"""Untrusted search for the input on which a program of a network errs most: gradient signs, sweeps over coordinates, random moves.

A run errs because inputs, weights and results are rounded. Inputs can be placed so that each is rounded in the direction that the
gradient asks for, which aligns their errors; the error that rounded weights make has a gradient too, whose signs lead to corners; what
rounding of results does is left to sweeps and moves. The errors are float64 differences, good for formats of up to 50 significand bits;
only the kernel's run of the winner counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Network, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.networks.program import NetworkProgram
from suffice.encodings.problem import InputModel
from suffice.prover.networks.constants import constants
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.gradients import difference_quotients
from suffice.prover.networks.places import Places

Array = NDArray[np.float64]

GRADIENT_INPUTS = 4096
"""Inputs with more elements than this are searched by moves alone."""

SWEPT = 256
"""Coordinates that one sweep changes at most."""

SWEEPS = 20
MOVES = 6
ELITE = 16
PATIENCE = 3
"""Rounds of gradients, sweeps and moves without visible gain, after which the search starts anew elsewhere."""

VISIBLE = 1e-3
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


Outputs = Callable[[Array], Array]
"""(inputs, outputs) of a batch of inputs."""


def search(program: NetworkProgram, box: InputBox, model: InputModel, budget: SearchBudget) -> FoundInput:
    """The worst input found in the box."""
    places = Places(program.steps[0].stored, box, model)
    rounded = with_rounded_constants(program)

    def function(batch: Array) -> Array:
        return run_float64(program.network, batch).reshape(len(batch), -1)

    def errors(batch: Array) -> Array:
        machine = emulate(program, batch).reshape(len(batch), -1)
        with np.errstate(invalid="ignore"):
            difference = np.abs(machine - function(batch))
        return np.where(np.isnan(difference), np.inf, difference)

    def change(batch: Array) -> Array:
        return run_float64(rounded, batch).reshape(len(batch), -1) - function(batch)

    batch = max(1, min(1024, _BATCH_ELEMENTS // max(node.size for node in program.network.nodes)))
    return Ascent(places, errors, function, change, program.network.output.size, budget, batch).run()


def with_rounded_constants(program: NetworkProgram) -> Network:
    """The network with the program's weights and biases in place of the exact ones: what remains of its error without other roundings."""
    nodes = []
    for node, rounded in zip(program.network.nodes, constants(program), strict=True):
        if node.op is TensorOp.LINEAR:
            node = replace(node, weight=rounded.weight, bias=rounded.bias)
        elif node.op is TensorOp.CONSTANT:
            node = replace(node, value=rounded.weight)
        nodes.append(node)
    return replace(program.network, nodes=tuple(nodes))


class _Ended(Exception):
    """The budget is used up, or a run has failed, which is worse than any error."""


@dataclass(slots=True, eq=False)
class Elite:
    """The best inputs of one start, and their errors (inputs, outputs)."""

    inputs: Array
    errors: Array

    def merged(self, inputs: Array, errors: Array) -> Elite:
        """The best of these and others, by their largest error over outputs."""
        return best_of(np.concatenate([self.inputs, inputs]), np.concatenate([self.errors, errors]))

    @property
    def best(self) -> float:
        """The largest error."""
        return float(self.errors.max())


def best_of(inputs: Array, errors: Array) -> Elite:
    """The best of inputs."""
    order = np.argsort(-errors.max(axis=1), kind="stable")[:ELITE]
    return Elite(inputs[order], errors[order])


@dataclass(slots=True, eq=False)
class Ascent:
    """One search. `errors` are absolute, `change` is the error that rounded constants alone make."""

    places: Places
    errors: Outputs
    function: Outputs
    change: Outputs
    outputs: int
    budget: SearchBudget
    batch: int
    found: FoundInput = field(init=False)
    ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.found = FoundInput(x=self.places.box.lo, output=0, error=0.0, runs=0)
        self.ends = monotonic() + self.budget.seconds

    def run(self) -> FoundInput:
        """Start at random, climb until nothing is gained, and start anew until the budget ends."""
        rng = np.random.default_rng(self.budget.seed)
        try:
            if self.places.box.is_point:
                self._try(self.places.box.lo[None])
                return self.found
            while True:
                self._climb(rng)
        except _Ended:
            return self.found

    def _try(self, batch: Array) -> tuple[Array, Array]:
        """The inputs as admitted, and their errors, -1 where an input is not admitted; the worst is kept, and the budget observed."""
        places, admitted = self.places.admit(batch)
        scores = np.full((len(batch), self.outputs), -1.0)
        for first in range(0, len(batch), self.batch):
            chosen = np.flatnonzero(admitted[first : first + self.batch]) + first
            if len(chosen):
                scores[chosen] = self.errors(places[chosen])
                self._note(places[chosen], scores[chosen])
            runs = self.found.runs + min(self.batch, len(batch) - first)
            self.found = replace(self.found, runs=runs)
            if np.isinf(self.found.error) or runs >= self.budget.runs or monotonic() > self.ends:
                raise _Ended
        return places, scores

    def _note(self, inputs: Array, errors: Array) -> None:
        best = np.unravel_index(int(np.argmax(errors)), errors.shape)
        if errors[best] > self.found.error:
            self.found = replace(self.found, x=inputs[best[0]], output=int(best[1]), error=float(errors[best]))

    def _climb(self, rng: np.random.Generator) -> None:
        """One start: gradients, a sweep and moves in turn, until `PATIENCE` turns gain nothing."""
        elite = best_of(*self._try(self.places.random(self.batch, rng)))
        stale = 0
        while stale < PATIENCE:
            before = elite.best
            if self.places.box.lo.size <= GRADIENT_INPUTS:
                for start in elite.inputs[:2]:
                    elite = elite.merged(*self._try(self._corners(start)))
                if stale:
                    elite = self._swept(elite, int(rng.integers(0, len(elite.inputs))), rng)
            for _ in range(MOVES):
                elite = elite.merged(*self._try(self._moved(elite.inputs, rng)))
            stale = stale + 1 if elite.best <= before * (1 + VISIBLE) else 0

    def _corners(self, start: Array) -> Array:
        """For every output and both signs, with inputs rounded to that side: the start, and corners of the gradients' signs.

        The gradients are those of the function and of the error that rounded constants make.
        """
        width, lo, hi = self.places.box.hi - self.places.box.lo, self.places.box.lo, self.places.box.hi
        rising, erring = (
            np.sign(difference_quotients(of, start, width, self.batch)).reshape(-1, *start.shape) for of in (self.function, self.change)
        )
        found = []
        for sign in (1.0, -1.0):
            rounding = sign * rising
            found.append(np.broadcast_to(start, rounding.shape))
            found += [np.where(direction > 0, hi, lo) for direction in (rising, -rising, sign * erring)]
            found[-4:] = [self.places.pushed(place, rounding) for place in found[-4:]]
        return np.concatenate(found)

    def _swept(self, elite: Elite, which: int, rng: np.random.Generator) -> Elite:
        """One of the elite after sweeps: its coordinates are changed one by one, those changes that help made together, while it helps."""
        x, errors = elite.inputs[which], elite.errors[which]
        output = int(np.argmax(errors))
        for _ in range(SWEEPS):
            coordinates = rng.permutation(x.size)[:SWEPT]
            values = self.places.sides(x, rng).reshape(-1, x.size)[:, coordinates]
            inputs, scores = self._try(self._changed(x, coordinates, values))
            gains = scores[:, output].reshape(values.shape) - errors[output]
            together = _together(x, coordinates, values, gains)
            if not len(together):
                break
            inputs, scores = self._try(together)
            best, before = int(np.argmax(scores[:, output])), errors[output]
            if scores[best, output] <= before:
                break
            x, errors = inputs[best], scores[best]
            if errors[output] <= before * (1 + VISIBLE):
                break
        return elite.merged(x[None], errors[None])

    def _changed(self, x: Array, coordinates: NDArray[np.intp], values: Array) -> Array:
        """Copies of x, in each of which one coordinate has one of the values (choices, coordinates)."""
        copies = np.repeat(x.reshape(1, -1), values.size, axis=0)
        copies[np.arange(values.size), np.tile(coordinates, len(values))] = values.reshape(-1)
        return copies.reshape(-1, *x.shape)

    def _moved(self, elite: Array, rng: np.random.Generator) -> Array:
        """Copies of the best inputs, one to eight elements moved: to a side of the cell, an end of the box, any place, a small number."""
        parents = elite[rng.integers(0, len(elite), self.batch)]
        moves = parents.reshape(self.batch, -1).copy()
        lo, hi = self.places.box.lo.reshape(-1), self.places.box.hi.reshape(-1)
        pushed = self.places.pushed(parents, np.where(rng.random(parents.shape) < 0.5, 1.0, -1.0)).reshape(self.batch, -1)
        for _ in range(int(2 ** rng.integers(0, 4))):
            rows, column = np.arange(self.batch), rng.integers(0, moves.shape[1], self.batch)
            kind = rng.random(self.batch)
            ends = np.where(rng.random(self.batch) < 0.5, lo[column], hi[column])
            anywhere = lo[column] + (hi - lo)[column] * rng.random(self.batch)
            small = np.clip(np.ldexp(anywhere, -rng.integers(1, 16, self.batch)), lo[column], hi[column])
            choices = [pushed[rows, column], anywhere, small]
            moves[rows, column] = np.select([kind < 0.45, kind < 0.8, kind < 0.85], choices, ends)
        return moves.reshape(parents.shape)


def _together(x: Array, coordinates: NDArray[np.intp], values: Array, gains: Array) -> Array:
    """x with the changes that gain most made together: the best one, the best two, and so on, up to all that gain anything."""
    choice = np.argmax(gains, axis=0)
    gain = gains[choice, np.arange(len(coordinates))]
    order = [k for k in np.argsort(-gain, kind="stable") if gain[k] > 0]
    changed = x.reshape(-1).copy()
    found = []
    for k in order:
        changed[coordinates[k]] = values[choice[k], k]
        found.append(changed.copy())
    return np.array(found).reshape(-1, *x.shape)
