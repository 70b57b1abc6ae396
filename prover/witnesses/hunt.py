"""The course of a search: first the place, then the digits, then again from elsewhere.

The place: where the leading term sum |adjoint| half-ulp of the measure is largest, an error can be largest. The digits: near such
places the errors of the single operations look random, and mutation, crossover and selection of whole batches make them add up.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from suffice.prover.results import Point
from suffice.prover.search import Candidate
from suffice.prover.witnesses.boundaries import codes_at_boundaries
from suffice.prover.witnesses.inputs import Array
from suffice.prover.witnesses.sampling import first_codes, moved, varied
from suffice.prover.witnesses.scoring import Booleans, Herd, Judge, join

_CANDIDATES = 8
_KEPT = 4 * _CANDIDATES
_WILD = 4
_SAMPLE = 4096
_EXPLORED = 2048
_STEPS = 5
_PLACES = 64
_ELITE = 256
_CHILDREN = 4096

_ROUNDS = 3
"""Searches from a fresh sample, while the target is not reached."""

_TARGET = 0.99
"""The part of the upper bound with which the search is content."""

_PROGRESS = 1.001
_PATIENCE = 60
"""A search ends after so many generations, and as many as it has had, without progress by that factor."""


@dataclass(slots=True)
class Hunt:
    """The best runs so far, those that end in no number apart (`wild`), and how many runs there were."""

    judge: Judge
    random: np.random.Generator
    deadline: float
    upper: float | None
    best: Herd | None = None
    wild: Herd | None = None
    evaluations: int = 0
    _target: float = field(init=False)

    def __post_init__(self) -> None:
        self._target = np.inf if self.upper is None else _TARGET * self.upper

    def run(self, hints: Sequence[Point]) -> None:
        """Search until time runs out, the target is reached, or another round finds nothing better."""
        for _ in range(_ROUNDS):
            before = self._largest_error()
            self._evolve(self._explore(hints))
            if self._is_over() or self.wild is not None or -np.inf < self._largest_error() <= _PROGRESS * before:
                break

    def candidates(self) -> tuple[Candidate, ...]:
        """The best points at which the preconditions hold, those of runs that end in no number first."""
        wild = self.judge.overflowing_points()
        wild += [] if self.wild is None else [self.judge.point(self.wild, k) for k in range(len(self.wild))]
        found = [Candidate((point,), np.inf) for point in wild if self.judge.holds(point)][:_WILD]
        for k in range(0 if self.best is None else len(self.best)):
            assert self.best is not None
            value, point = float(self.best.values[k]), self.judge.point(self.best, k)
            if value > 0 and len(found) < _CANDIDATES and self.judge.holds(point):
                found.append(Candidate((point,), value))
        return tuple(found)

    def _is_over(self) -> bool:
        return time.monotonic() > self.deadline or self._largest_error() >= self._target

    def _largest_error(self) -> float:
        return float(self.best.values[0]) if self.best is not None and len(self.best) else -np.inf

    def _explore(self, hints: Sequence[Point]) -> Herd:
        """Runs at the places where the leading term is largest, the runs with the largest errors, and points inside cells, on both
        sides of every branch, where the worst may lie there."""
        inputs = self.judge.inputs
        sample = first_codes(inputs, hints, self.random, _SAMPLE)
        herd, potential = self._look(sample)
        errors = herd.take(largest(herd.values, _ELITE // 2))
        boundary = codes_at_boundaries(self.judge, sample, self.random)
        for step in range(_STEPS):
            places = largest(potential, _PLACES)
            if not len(places) or time.monotonic() > self.deadline:
                break
            herd, potential = herd.take(places), potential[places]
            found, reach = self._look(moved(inputs, herd.codes, self.random, _EXPLORED, step))
            errors = _joined(errors, found, _ELITE // 2)
            herd, potential = join(herd, found), np.concatenate([potential, reach])
        result = join(errors, herd.take(largest(potential, _ELITE // 2)))
        if self.judge.looks_inside:
            codes = np.concatenate([boundary, sample[:, :_EXPLORED]], axis=1)
            sides = np.where(self.random.random(codes.shape) < 0.5, 1.0, self.random.uniform(-1, 1, codes.shape))
            signs = self.random.choice([-1.0, 1.0], codes.shape)
            result = join(result, self._score(codes, signs * sides, signs[0]))
        return result

    def _look(self, codes: Array) -> tuple[Herd, Array]:
        herd, wild, potential = self.judge.explore(codes)
        self._note(herd, wild)
        return herd, potential

    def _score(self, codes: Array, sides: Array, signs: Array) -> Herd:
        herd, wild = self.judge.score(codes, sides, signs)
        self._note(herd, wild)
        return herd

    def _note(self, herd: Herd, wild: Booleans) -> None:
        self.evaluations += len(herd)
        if wild.any():
            found = herd.take(wild)
            found = found if self.wild is None else join(self.wild, found)
            self.wild = found.take(_moderate(found.codes)[:_WILD])

    def _evolve(self, herd: Herd) -> None:
        """Generations of changed copies, of which the best stay, until nothing better turns up."""
        elite = _joined(herd, herd.take(slice(0, 0)), _ELITE)
        generation, stale = 0, 0
        mark = elite.values[0] if len(elite) else 0.0
        while len(elite) and stale < max(_PATIENCE, generation // 2):
            self._keep(elite)
            if self._is_over() or (self.wild is not None and generation >= _PATIENCE):
                break
            changed = varied(self.judge.inputs, elite, self.random, _CHILDREN, inside=self.judge.looks_inside)
            found = self._score(*changed)
            elite = _joined(elite, found.take(found.values > elite.values[-1]), _ELITE)
            generation, stale = generation + 1, stale + 1
            if elite.values[0] > _PROGRESS * mark:
                mark, stale = elite.values[0], 0
        self._keep(elite)

    def _keep(self, elite: Herd) -> None:
        top = elite.take(slice(0, _KEPT))
        self.best = top if self.best is None else _joined(self.best, top, _KEPT)


def largest(values: Array, count: int) -> NDArray[np.intp]:
    """Where the largest values stand, the largest first; -inf is none."""
    usable = np.flatnonzero(values > -np.inf)
    if len(usable) > count:
        usable = usable[np.argpartition(-values[usable], count)[:count]]
    result: NDArray[np.intp] = usable[np.argsort(-values[usable], kind="stable")]
    return result


def _joined(first: Herd, second: Herd, count: int) -> Herd:
    """The best of both, best first, none twice: runs with the very same measure count as one."""
    both = join(first, second) if len(second) else first
    _, distinct = np.unique(both.values, return_index=True)
    distinct = distinct[::-1][:count]
    return both.take(distinct[both.values[distinct] > -np.inf])


def _moderate(codes: Array) -> NDArray[np.intp]:
    """Columns ordered by how far their codes' magnitudes lie from 1: such runs are cheaper to confirm."""
    with np.errstate(divide="ignore"):
        distance = np.abs(np.log2(np.abs(codes)))
    return np.argsort(np.where(np.isfinite(distance), distance, 2000).sum(axis=0), kind="stable")
