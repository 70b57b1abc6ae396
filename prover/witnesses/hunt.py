"""The course of a search: first the place, then the digits, then again from elsewhere.

The place: where the leading term sum |adjoint| half-ulp of the measure is largest, an error can be largest. The digits: near such
places the errors of the single operations are made to add up, at once by lattices, then by mutation, crossover and selection of batches.
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
from suffice.prover.witnesses.lattice import make_lattice
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

_FIRST = 16
"""Lattices are made at so many places first, and at a quarter as many where the largest errors were found."""

_NEARBY = 160
"""New places that are tried in each step towards the first ones."""

_PARENTS = 8
_STEPS_NEARBY = (2, 12)
"""Further lattices lie near one of so many best places; how near, in the steps of `moved`."""

_ALIGNED = 256
_FEWER_BITS = 4
"""Runs from each lattice, and by how many bits less than the linear range its steps may be."""

_FEW_BITS = 12
_PARTS = 8192
_SCANNED = 300
_IN_A_ROW = 1 << 14
"""Where steps of the only input have so few bits, its side is cut into parts, and all runs are made in the best of them, one after
another: how many parts there are, how many are run at most, and how many codes of each.
"""

_OPTIMISM = 1.1
"""Parts whose leading term is below the error found already by that factor are not run."""

_STALE = 32
_BETTER = 1.002
"""So many lattices in a row without an error larger by that factor are the last."""

_CLOSE = 1.03
"""A search that comes so near the upper bound does not begin again."""

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
            herd = self._explore(hints)
            self._evolve(_joined(self._align(herd), herd, _ELITE))
            if self._is_over() or self.wild is not None or -np.inf < self._largest_error() <= _PROGRESS * before:
                break
            if self._scans or (self.upper is not None and self._largest_error() * _CLOSE >= self.upper):
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

    @property
    def _scans(self) -> bool:
        bits = self.judge.linear_bits
        return len(self.judge.inputs) == 1 and bits is not None and bits <= _FEW_BITS

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

    def _align(self, herd: Herd) -> Herd:
        """Runs whose roundings err to the same side, by lattices at the places where all together can be worst, then near the best."""
        bits = self.judge.linear_bits
        if bits is None or not len(herd) or self.wild is not None:
            return herd
        self._keep(herd)
        if self._scans:
            return self._scan(herd, bits)
        places = np.concatenate([self._climb(herd.codes, bits), herd.codes[:, largest(herd.values, _FIRST // 4)]], axis=1)
        places = places[:, : _FIRST + _FIRST // 4]
        worth = np.full(places.shape[1], -np.inf)
        k, last = 0, 0
        while k - last <= _STALE and not self._is_over():
            if k == len(worth):
                chosen = self.random.choice(largest(worth, _PARENTS))
                more = moved(self.judge.inputs, places[:, [chosen]], self.random, 1, int(self.random.integers(*_STEPS_NEARBY)))
                places, worth = np.concatenate([places, more], axis=1), np.append(worth, -np.inf)
            found = self._neighbours(places[:, k], bits)
            if len(found):
                herd = _joined(herd, found, _ELITE)
                self._keep(herd)
                worth[k] = found.values.max()
            best = worth[:k].max(initial=-np.inf)
            k += 1
            if k == len(worth) and not np.any(worth > -np.inf):
                break
            if worth[k - 1] > _BETTER * best:
                last = k
        return herd

    def _scan(self, herd: Herd, bits: int) -> Herd:
        """Every run in those parts of the box of the only input where the roundings together can be worst."""
        input = self.judge.inputs[0]
        ends = np.linspace(input.low, input.high, _PARTS + 1)
        worth = self.judge.reach(self.judge.coded(((ends[1:] + ends[:-1]) / 2)[None]), bits, self.random)
        for part in largest(worth, _SCANNED):
            if self._is_over() or worth[part] * _OPTIMISM < self._largest_error():
                break
            step = float(input.spacing(ends[part : part + 2]).max())
            count = min(int((ends[part + 1] - ends[part]) / step) + 2, _IN_A_ROW)
            found, _ = self._look(self.judge.coded((ends[part] + step * np.arange(count))[None]))
            herd = _joined(herd, found, _ELITE)
            self._keep(herd)
        return herd

    def _neighbours(self, place: Array, bits: int) -> Herd:
        """Runs around a place whose roundings err alike."""
        lattice = make_lattice(self.judge, place, bits - int(self.random.integers(0, _FEWER_BITS)), self.random)
        if lattice is None:
            return self._score(place[:, None][:, :0], place[:, None][:, :0], np.empty(0))
        codes, sides, signs = lattice.runs(self.random, _ALIGNED)
        return self._score(self.judge.coded(codes), sides, signs)

    def _climb(self, codes: Array, bits: int) -> Array:
        """Places around which the roundings together can be worst, the worst first."""
        inputs = self.judge.inputs
        worth = self.judge.reach(codes, bits, self.random)
        for step in range(_STEPS):
            codes, worth = _best(codes, worth, 2 * _FIRST)
            if not len(worth):
                break
            more = moved(inputs, codes, self.random, _NEARBY, 2 * step)
            codes, worth = np.concatenate([codes, more], axis=1), np.concatenate([worth, self.judge.reach(more, bits, self.random)])
        return _best(codes, worth, _FIRST)[0]

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


def _best(codes: Array, worth: Array, count: int) -> tuple[Array, Array]:
    chosen = largest(worth, count)
    return codes[:, chosen], worth[chosen]


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
