"""Untrusted search for the input where an algorithm, or the program, is worst (strategies 1 and 2 of DESIGN).

A *site* is one tuple of input codes: its cell within the box, the image of that cell, what the best answer costs there, and what the
program's does.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import isnan
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.problem import InputModel, Interval
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat
from suffice.hardware_specs.grid import ordinal
from suffice.hardware_specs.rounding import Special, cells, count_numbers, max_finite, min_finite, round_exact
from suffice.hardware_specs.vectorised import cell_ends_array, fits_float64, numbers_array, round_array
from suffice.prover.case import Case, is_free
from suffice.prover.emulation import Array, can_emulate, evaluate, run_program
from suffice.prover.measures import least_measure, measure

Axis = NDArray[np.float64]

MAX_SITES = 1 << 17
"""Sites beyond which they are sampled and not listed."""

_BATCH = 1 << 15
_ELITE = 64
_CONFIRMED = 8


@dataclass(frozen=True, slots=True)
class Sites:
    """Columns over sites, keyed by input: the code, and the ends of its cell within the box."""

    codes: dict[str, Axis]
    lows: dict[str, Axis]
    highs: dict[str, Axis]

    def take(self, chosen: NDArray[np.intp]) -> Sites:
        """Some of the sites."""
        return Sites(*({name: column[chosen] for name, column in part.items()} for part in (self.codes, self.lows, self.highs)))

    def __len__(self) -> int:
        return min((len(column) for column in self.codes.values()), default=1)


@dataclass(frozen=True, slots=True)
class Scores:
    """For every site: the best algorithm's cost with the two points that force it, and the program's with its point."""

    floor: Array
    low_point: dict[str, Array]
    high_point: dict[str, Array]
    error: Array
    worst_point: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Points to confirm, and the approximate measure there."""

    points: tuple[dict[str, Fraction], ...]
    value: float


@dataclass(frozen=True, slots=True)
class Search:
    """The most promising pairs and runs, best first; `complete` if every site was visited."""

    pairs: tuple[Candidate, ...]
    runs: tuple[Candidate, ...]
    complete: bool
    sites: int


def _all_codes(grids: dict[str, Axis]) -> dict[str, Axis]:
    """Every combination of codes: the last input runs fastest; none where an input has none."""
    total = int(_count_sites(grids))
    if total == 0:
        return {name: grid[:0] for name, grid in grids.items()}
    codes: dict[str, Axis] = {}
    inner = total
    for name, grid in grids.items():
        inner //= len(grid)
        codes[name] = np.tile(np.repeat(grid, inner), total // (inner * len(grid)))
    return codes


def search(case: Case, *, rounds: int = 6, seed: int = 0) -> Search:
    """Visit every site where there are few enough, else sample, and move the best about."""
    grids = _grids(case)
    if grids is not None and _count_sites(grids) <= MAX_SITES:
        sites = _sites_of_codes(case, _all_codes(grids))
        return _collect(case, [(sites, _score(case, sites, _depth(len(sites), len(grids))))], complete=True)
    random = np.random.default_rng(seed)
    found: list[tuple[Sites, Scores]] = []
    sites = _sites_of_points(case, _first_points(case, random))
    for step in range(rounds):
        scores = _score(case, sites, 1)
        found.append((sites, scores))
        best = _best(scores, _ELITE)
        sites = _sites_of_points(case, _moved(case, sites.take(best), random, step))
    return _collect(case, found, complete=False)


def is_listable(case: Case) -> bool:
    """Whether `search` visits every site."""
    if not can_emulate((*case.inputs.values(), *case.nodes, case.output), case.problem.box):
        return False
    grids = _grids(case)
    return grids is not None and _count_sites(grids) <= MAX_SITES


def _count_sites(grids: dict[str, Axis]) -> float:
    return float(np.prod([len(grid) for grid in grids.values()], dtype=float))


def _grids(case: Case) -> dict[str, Axis] | None:
    """All codes of every input whose cells meet the box, None where they cannot be listed."""
    grids: dict[str, Axis] = {}
    for name, fmt in case.inputs.items():
        box = case.problem.box[name]
        if not isinstance(fmt, FloatFormat | IntFormat) or is_free(fmt) or (isinstance(fmt, FloatFormat) and not fits_float64(fmt)):
            return None
        representable = case.problem.inputs is InputModel.REPRESENTABLE
        ends = (box.lo, box.hi) if representable else (round_exact(fmt, box.lo), round_exact(fmt, box.hi))
        lo, hi = (_pulled_in(fmt, end, at) for end, at in zip(ends, (box.lo, box.hi), strict=True))
        if _count(fmt, lo, hi) > MAX_SITES:
            return None
        special = [] if representable else sorted({end for end in ends if end in _BEYOND}, key=str)
        numbers = numbers_array(fmt, lo, hi, negative_zero=not representable)
        grids[name] = np.concatenate([numbers, [_BEYOND[end] for end in special]])
    return grids


_BEYOND: dict[object, float] = {Special.INFINITY: np.inf, Special.NEGATIVE_INFINITY: -np.inf, Special.NAN: np.nan}


def _pulled_in(fmt: FloatFormat | IntFormat, end: object, at: Fraction) -> Fraction:
    """The finite number nearest to what the end `at` of the box rounds to."""
    top, bottom = max_finite(fmt), min_finite(fmt)
    assert top is not None
    assert bottom is not None
    if isinstance(end, Fraction):
        return min(max(end, bottom), top)
    if end is Special.NEGATIVE_ZERO:
        return Fraction(0)
    return top if at > 0 else bottom


def _count(fmt: FloatFormat | IntFormat, lo: Fraction, hi: Fraction) -> int:
    if isinstance(fmt, IntFormat):
        return count_numbers(fmt) or 0
    return ordinal(fmt, hi) - ordinal(fmt, lo) + 1


def _depth(sites: int, inputs: int) -> int:
    """Into how many parts a cell is cut along each input to find its image: the fewer cells, the more."""
    return max(1, min(32, int((200_000 / max(sites, 1)) ** (1 / max(inputs, 1)))))


def _sites_of_codes(case: Case, codes: dict[str, Axis]) -> Sites:
    lows, highs = {}, {}
    for name, column in codes.items():
        fmt, box = case.inputs[name], case.problem.box[name]
        if case.problem.inputs is InputModel.REPRESENTABLE or not _has_cells(fmt):
            lows[name], highs[name] = column, column
            continue
        left, right = float(box.lo), float(box.hi)
        low, high = _cells(fmt, column, box)
        lows[name], highs[name] = np.clip(low, left, right), np.clip(high, left, right)
    return Sites(codes, lows, highs)


_MOST_BITS = 51
"""Precision up to which float64 holds the ends of cells; beyond it a code stands for its whole cell."""


def _has_cells(fmt: Format) -> TypeGuard[FloatFormat | IntFormat]:
    return isinstance(fmt, IntFormat) or (isinstance(fmt, FloatFormat) and fmt.p <= _MOST_BITS)


def _cells(fmt: FloatFormat | IntFormat, column: Axis, box: Interval) -> tuple[Axis, Axis]:
    """The ends of the cells; of the two parts of a NaN's cell, the one that reaches farther into the box."""
    finite = np.isfinite(column)
    low, high = np.empty_like(column), np.empty_like(column)
    low[finite], high[finite] = cell_ends_array(fmt, column[finite])
    for special, code in _BEYOND.items():
        here = np.isnan(column) if special is Special.NAN else column == code
        if here.any():
            assert isinstance(special, Special)
            parts = cells(fmt, special)
            part = parts[-1] if box.hi >= -box.lo else parts[0]
            low[here] = -np.inf if part.lo is None else float(part.lo)
            high[here] = np.inf if part.hi is None else float(part.hi)
    return low, high


def _sites_of_points(case: Case, points: dict[str, Axis]) -> Sites:
    codes = {}
    usable = np.ones(max((len(column) for column in points.values()), default=1), dtype=bool)
    for name, column in points.items():
        fmt = case.inputs[name]
        if isinstance(fmt, ExactFormat) or is_free(fmt):
            codes[name] = column
            continue
        code = codes[name] = round_array(fmt, column)
        if case.problem.inputs is InputModel.REPRESENTABLE:
            box = case.problem.box[name]
            usable &= (code >= float(box.lo)) & (code <= float(box.hi))
    return _sites_of_codes(case, {name: column[usable] for name, column in codes.items()})


def _first_points(case: Case, random: np.random.Generator) -> dict[str, Axis]:
    """Uniform points, points with a uniform exponent, and the corners and faces."""
    points = {}
    for name, box in case.problem.box.items():
        lo, hi = float(box.lo), float(box.hi)
        uniform = random.uniform(lo, hi, _BATCH // 2)
        shrink = np.exp2(-random.uniform(0, 20, _BATCH // 4))
        anchor = random.choice([lo, hi], _BATCH // 4)
        towards = 0.0 if lo <= 0 <= hi else lo if abs(lo) < abs(hi) else hi
        scaled = towards + (anchor - towards) * shrink
        faces = random.choice([lo, hi, (lo + hi) / 2], _BATCH // 4)
        points[name] = np.concatenate([uniform, scaled, faces])
    return points


def _moved(case: Case, sites: Sites, random: np.random.Generator, step: int) -> dict[str, Axis]:
    """Neighbours of good sites: some cells away, or some way across the box, in some of the inputs."""
    copies = _BATCH // max(len(sites), 1)
    points = {}
    for name, codes in sites.codes.items():
        box = case.problem.box[name]
        base = np.repeat(codes, copies)
        width = np.repeat(sites.highs[name] - sites.lows[name], copies)
        width = np.where(width > 0, width, np.abs(base) * 2.0**-52)
        cells = np.round(random.standard_normal(base.shape) * random.choice([1, 4, 32, 512], base.shape)) * width
        far = random.standard_normal(base.shape) * (float(box.hi) - float(box.lo)) * 4.0 ** -(step + 1)
        move = np.where(random.random(base.shape) < 0.7, cells, far) * (random.random(base.shape) < 0.7)
        points[name] = np.clip(base + move, float(box.lo), float(box.hi))
    return points


def _score(case: Case, sites: Sites, parts: int) -> Scores:
    """Cut every cell into parts along every input, evaluate f at all the cuts, and keep the extremes."""
    names = list(sites.codes)
    if case.problem.inputs is InputModel.REPRESENTABLE:
        parts = 0
    tolerance = case.problem.tolerance
    assert tolerance is not None
    answer = None
    if case.has_program:
        answer = run_program(case.problem.expression, case.nodes, case.output, dict(sites.codes))
    start: Axis = np.full(len(sites), np.nan)
    low, high, error = (_Extreme(start, dict(sites.lows)) for _ in range(3))
    for steps in product(range(parts + 1), repeat=len(names)):
        point: dict[str, Array] = {}
        for name, step in zip(names, steps, strict=True):
            point[name] = sites.lows[name] + (sites.highs[name] - sites.lows[name]) * (step / max(parts, 1))
        f = evaluate(case.problem.expression, point)
        low, high = low.improved(f, point, f < low.value), high.improved(f, point, f > high.value)
        if answer is not None:
            cost = measure(tolerance, answer, f)
            error = error.improved(cost, point, cost > error.value)
    floor = least_measure(tolerance, case.output, low.value, high.value)
    return Scores(floor, low.point, high.point, error.value, error.point)


@dataclass(frozen=True, slots=True)
class _Extreme:
    """The best value seen at every site, NaN before the first, and where."""

    value: Array
    point: dict[str, Array]

    def improved(self, value: Array, point: dict[str, Array], better: NDArray[np.bool_]) -> _Extreme:
        """Replace what is better, or the first."""
        take = better | np.isnan(self.value)
        return _Extreme(np.where(take, value, self.value), {name: np.where(take, point[name], self.point[name]) for name in point})


def _best(scores: Scores, count: int) -> NDArray[np.intp]:
    """The sites with the largest floors and the largest errors."""
    return np.unique(np.concatenate([_largest(scores.floor, count), _largest(scores.error, count)]))


def _largest(values: Array, count: int) -> NDArray[np.intp]:
    ranked = np.where(np.isnan(values), -1, values)
    if len(ranked) <= count:
        return np.argsort(-ranked)
    top = np.argpartition(-ranked, count)[:count]
    return top[np.argsort(-ranked[top])]


def _collect(case: Case, found: list[tuple[Sites, Scores]], *, complete: bool) -> Search:
    pairs: list[Candidate] = []
    runs: list[Candidate] = []
    for sites, scores in found:
        for k in _largest(scores.floor, _CONFIRMED):
            if scores.floor[k] > 0:
                points = _distinct(_exact(case, scores.low_point, k), _exact(case, scores.high_point, k))
                pairs.append(Candidate(points, float(scores.floor[k])))
        worst = [k for k in _largest(scores.error, _CONFIRMED) if scores.error[k] > 0]
        runs += [Candidate((_inside(case, sites, scores.worst_point, k),), float(scores.error[k])) for k in worst]
    return Search(_ranked(pairs), _ranked(runs), complete, sum(len(sites) for sites, _ in found))


def _ranked(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda candidate: -candidate.value)[:_CONFIRMED])


def _distinct(low: dict[str, Fraction], high: dict[str, Fraction]) -> tuple[dict[str, Fraction], ...]:
    return (low,) if low == high else (low, high)


def _exact(case: Case, point: dict[str, Array], k: int) -> dict[str, Fraction]:
    """A point of an array, pulled into the box, whose ends need not be numbers of float64."""
    return {name: _clipped(_snapped(case.inputs[name], float(column[k])), case.problem.box[name]) for name, column in point.items()}


def _snapped(fmt: Format, x: float) -> Fraction:
    """The number, or the middle between two, that float64 could not hold."""
    exact = Fraction(x)
    if not isinstance(fmt, IntFormat) or fmt.scale is None or fits_float64(fmt):
        return exact
    near = round(exact / fmt.scale * 2) * fmt.scale / 2
    return near if abs(near - exact) <= (abs(exact) + fmt.scale) * Fraction(1, 1 << 45) else exact


def _clipped(x: Fraction, box: Interval) -> Fraction:
    return min(max(x, box.lo), box.hi)


_NUDGE = Fraction(1, 1 << 60)


def _inside(case: Case, sites: Sites, point: dict[str, Array], k: int) -> dict[str, Fraction]:
    """The program's worst point, moved off a cell's end where that end rounds to the neighbouring code."""
    result = {}
    for name, x in _exact(case, point, k).items():
        fmt: Format = case.inputs[name]
        code = float(sites.codes[name][k])
        if isinstance(fmt, FloatFormat | IntFormat) and not is_free(fmt) and case.problem.inputs is InputModel.REAL:
            middle = (Fraction(float(sites.lows[name][k])) + Fraction(float(sites.highs[name][k]))) / 2
            if _rounds_elsewhere(fmt, x, code):
                x = x + (_clipped(middle, case.problem.box[name]) - x) * _NUDGE
        result[name] = x
    return result


def _rounds_elsewhere(fmt: FloatFormat | IntFormat, x: Fraction, code: float) -> bool:
    rounded = float(round_exact(fmt, x))
    return rounded != code and not (isnan(rounded) and isnan(code))
