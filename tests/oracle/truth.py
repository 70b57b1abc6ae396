"""Exhaustive truth on small formats: brackets of the floor E* and of the program's worst error E(P) (THEORY T0)."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Protocol

import numpy as np

from suffice.encodings.problem import Problem
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat

from . import fastruns
from .enclosures import Bound, Range
from .fastruns import Floats
from .measures import Image, Measure, measure_of
from .partition import Partition
from .rounding import Value, to_fraction
from .runs import run_codes

MARGIN = 2.0**-46
"""Screening computes an error from bounds m <= M of f on a cell and an answer z in a handful of float64 operations: wrong by less than
8 * 2^-53 (|m| + |M| + |z|), relative errors by as much over |m| or |M|. The margin is 16 times that."""

FEW = 400
"""Up to so many cells the exact interpreter alone runs the program."""

EXAMINED = 4000
"""So many examinations of cells, those that screening calls worst, are made at most; other cells keep their screening bound."""

ROUGH, FINE = 16, 200
"""Steps of branch and bound where f is not monotone on a cell: a rough examination, and a fine one where that does not decide."""

REFINED = {ROUGH: 800, FINE: 25}
"""So many of them are made at most."""


@dataclass(frozen=True, slots=True)
class Truth:
    """floor.lo <= E* <= floor.hi and program.lo <= E(P) <= program.hi, in the measure of the tolerance."""

    floor: Range
    program: Range
    threshold: Fraction


class ResultLike(Protocol):
    """What a tool claims: bounds are Fractions, None, or "infinite"."""

    @property
    def verdict(self) -> str: ...
    @property
    def possible(self) -> bool: ...
    @property
    def floor(self) -> Fraction | str | None: ...
    @property
    def floor_upper(self) -> Fraction | str | None: ...
    @property
    def error_bound(self) -> Fraction | str | None: ...
    @property
    def witness_error(self) -> Fraction | str | None: ...


def truth(problem: Problem, source: Format, compute: Format, output: Format) -> Truth:
    """Brackets of E* and E(P) for inputs in `source`, operations in `compute`, answers in `output` (which may be exact)."""
    assert problem.tolerance is not None
    assert isinstance(source, FloatFormat | IntFormat)
    partition = Partition(problem, source)
    measure = measure_of(problem.tolerance)
    low, high = partition.hulls()
    answers = _answers(problem, partition, source, compute, output)
    approximate = np.array([_as_float(z) for z in answers])

    def floor_of(cell: int, steps: int) -> Range:
        return partition.image(cell, steps).floor(measure, output)

    def error_of(cell: int, steps: int) -> Range:
        return _program_error(partition.image(cell, steps), measure, answers[cell])

    with np.errstate(all="ignore"):
        floors, errors = _screened_floor(measure, output, low, high), _screened_error(measure, approximate, low, high)
    return Truth(_worst(partition, floors, floor_of), _worst(partition, errors, error_of), problem.tolerance.threshold)


def contradictions(truth: Truth, result: ResultLike) -> list[str]:
    """What a result claims that the truth refutes, one line each."""
    eps, floor, program = truth.threshold, truth.floor, truth.program
    verdict = str(result.verdict)
    checks = [
        (verdict == "impossible" and floor.hi <= eps, f"impossible, but E* <= {_show(floor.hi)} <= {_show(eps)}"),
        (verdict == "sufficient" and program.lo > eps, f"sufficient, but E(P) >= {_show(program.lo)} > {_show(eps)}"),
        (verdict == "insufficient" and program.hi <= eps, f"insufficient, but E(P) <= {_show(program.hi)} <= {_show(eps)}"),
        (result.possible and floor.lo > eps, f"possible, but E* >= {_show(floor.lo)} > {_show(eps)}"),
    ]
    limits = [
        ("floor", result.floor, floor, 1),
        ("floor_upper", result.floor_upper, floor, -1),
        ("error_bound", result.error_bound, program, -1),
        ("witness_error", result.witness_error, program, 1),
    ]
    for name, claimed, bracket, side in limits:
        if claimed is not None:
            number = _bound(claimed)
            wrong = number > bracket.hi if side > 0 else number < bracket.lo
            checks.append((wrong, f"{name} {_show(number)}, but the truth lies in [{_show(bracket.lo)}, {_show(bracket.hi)}]"))
    return [line for wrong, line in checks if wrong]


def _bound(claimed: Fraction | str) -> Bound:
    if isinstance(claimed, str):
        assert claimed == "infinite"
        return inf
    return claimed


def _show(number: Bound) -> str:
    return f"{float(number):.17g}"


def _worst(partition: Partition, screened: Floats, examine: Callable[[int, int], Range]) -> Range:
    """The largest error over all cells: cells are examined in the order of the upper bounds known of them, until none can be worse
    than the worst lower bound. Where a budget ends first, the upper bounds left count."""
    low: Bound = Fraction(0)
    high: Bound = Fraction(0)
    budget = dict(REFINED)
    queue: list[tuple[Bound, int, int]] = [(-_exact(screened[cell]), cell, ROUGH) for cell in range(partition.count)]
    heapq.heapify(queue)
    for _ in range(EXAMINED):
        if not queue or -queue[0][0] <= low:
            break
        monotone, steps = partition.is_monotone(queue[0][1]), queue[0][2]
        if not monotone and budget[steps] == 0:
            break
        _, cell, steps = heapq.heappop(queue)
        error = examine(cell, steps)
        low = max(low, error.lo)
        if not monotone:
            budget[steps] -= 1
        if monotone or steps == FINE:
            high = max(high, error.hi)
        else:
            heapq.heappush(queue, (-error.hi, cell, FINE))
        if low == inf:
            break
    return Range(low, max([low, high, *(-bound for bound, _, _ in queue[:1])]))


def _exact(bound: float) -> Bound:
    return inf if np.isinf(bound) else Fraction(float(bound))


def _program_error(image: Image, measure: Measure, answer: Value) -> Range:
    number = to_fraction(answer)
    return Range(inf, inf) if number is None else image.error(measure, number)


def _answers(problem: Problem, partition: Partition, source: Format, compute: Format, output: Format) -> list[Value]:
    """The program's answer on the codes of every cell."""
    fast = fastruns.is_supported(source) and fastruns.is_supported(compute)
    fast = fast and (isinstance(output, ExactFormat) or fastruns.is_supported(output))
    if partition.count <= FEW or not fast:
        return [run_codes(problem.expression, partition.codes_of(c), compute, output) for c in range(partition.count)]
    columns = np.meshgrid(*([fastruns.to_float(v) for v in codes] for codes in partition.codes), indexing="ij")
    codes = {name: column.ravel() for name, column in zip(partition.f.names, columns, strict=True)}
    results, unsure = fastruns.run_all(problem.expression, codes, compute, output)
    return [
        run_codes(problem.expression, partition.codes_of(c), compute, output) if unsure[c] else fastruns.from_float(float(results[c]))
        for c in range(partition.count)
    ]


def _as_float(answer: Value) -> float:
    """A float64 within 2^-52 |z| of the answer z; infinite where the run failed."""
    number = to_fraction(answer)
    return np.inf if number is None else float(number)


def _screened_error(measure: Measure, z: Floats, low: Floats, high: Floats) -> Floats:
    """An upper bound of the error of the answer z on every cell, given bounds of f there."""
    below, above = np.abs(z - low), np.abs(z - high)
    if measure.relative:
        worst = np.maximum(below / np.abs(low), above / np.abs(high))
        worst = worst + MARGIN * (2 + worst)
        crossing = np.where(z == 0, 1.0, np.inf)
        worst = np.where((low <= 0) & (high >= 0), crossing, worst)
    else:
        share = float(measure.share)
        worst = np.maximum(below - share * np.abs(low), above - share * np.abs(high))
        worst = np.maximum(worst + MARGIN * (np.abs(low) + np.abs(high) + np.abs(z)), 0.0)
    return np.asarray(np.where(np.isfinite(z) & np.isfinite(low) & np.isfinite(high), worst, np.inf))


def _screened_floor(measure: Measure, output: Format, low: Floats, high: Floats) -> Floats:
    """An upper bound of the least such error over the answers of the output format."""
    if measure.relative:
        real = np.where((low <= 0) & (high >= 0), 0.0, 2 * low * (high / (low + high)))
    else:
        real = (low + high + float(measure.share) * (np.abs(low) - np.abs(high))) / 2
    if isinstance(output, ExactFormat):
        return _screened_error(measure, real, low, high)
    assert isinstance(output, FloatFormat | IntFormat)
    if not fastruns.has_neighbours(output):
        return np.full(low.shape, np.inf)
    around = fastruns.neighbours(np.where(np.isfinite(real), real, 0.0), output)
    return np.minimum(*(_screened_error(measure, z, low, high) for z in around))
