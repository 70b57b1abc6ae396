"""How a program's error is spread over the box of one or two inputs: sampled runs, and the proved bound of every tile.

The box is cut into equal tiles along its inputs that vary. Samples are emulated in floating point, for pictures only; the bounds are S1's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.format import ExactFormat, Format
from suffice.hardware_specs.upward import keeping_subnormals, rounding_up
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.case import Case
from suffice.prover.emulation import Array as Emulated
from suffice.prover.emulation import can_emulate, evaluate, run_program, to_float64
from suffice.prover.engine.branching import box_ends
from suffice.prover.engine.sweep import Boxes, Sweep
from suffice.prover.measures import measure

Array = NDArray[np.float64]
Tell = Callable[[float], None]

_RUNS = {1: 1 << 16, 2: 1 << 18}
"""Sampled runs for each number of inputs that vary."""

_BATCH = 1 << 14


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """For every tile the largest sampled error (NaN where no run counts, infinite where one fails) and a proved bound (NaN: none).

    `runs` is the number of runs sampled in all.
    """

    sampled: Array
    proved: Array
    runs: int


def wide_inputs(problem: Problem) -> list[str]:
    """The inputs that vary."""
    return [name for name, side in problem.box.items() if side.lo < side.hi]


def can_map(case: Case) -> bool:
    """Whether runs of the program can be emulated."""
    return case.has_program and can_emulate((*case.inputs.values(), *case.nodes, case.output), case.problem.box)


def error_map(case: Case, parts: tuple[int, ...], tell: Tell = lambda _: None) -> ErrorMap:
    """The map of so many tiles along each input that varies."""
    sampled = sample_errors(case, parts, tell)
    return ErrorMap(sampled, tile_bounds(case, parts), _batches(parts) * _BATCH)


def sample_errors(case: Case, parts: tuple[int, ...], tell: Tell = lambda _: None) -> Array:
    """The largest error of the runs in each tile."""
    names = wide_inputs(case.problem)
    errors = np.full(parts, np.nan)
    random = np.random.default_rng(0)
    for batch in range(_batches(parts)):
        share = {name: random.random(_BATCH) for name in names}
        tiles = tuple(np.minimum((share[name] * count).astype(np.intp), count - 1) for name, count in zip(names, parts, strict=True))
        values, counts = _run(case, share)
        np.fmax.at(errors, tuple(tile[counts] for tile in tiles), values[counts])
        tell((batch + 1) / _batches(parts))
    return errors


def _batches(parts: tuple[int, ...]) -> int:
    return _RUNS[len(parts)] // _BATCH


def _run(case: Case, share: Mapping[str, Array]) -> tuple[Array, NDArray[np.bool_]]:
    """The errors of runs at these places, each counted from 0 to 1 along its side; and which of the points count."""
    problem = case.problem
    points = {name: _place(side, share.get(name, np.zeros(_BATCH))) for name, side in problem.box.items()}
    codes = {name: _rounded(case.inputs[name], column) for name, column in points.items()}
    real = codes if problem.inputs is InputModel.REPRESENTABLE else points
    counts = np.ones(_BATCH, dtype=np.bool_)
    for condition in problem.preconditions:
        counts &= np.asarray(evaluate(condition, real), dtype=np.bool_)
    answers = run_program(problem.expression, case.nodes, case.output, codes)
    tolerance = problem.tolerance or Tolerance(absolute=Fraction(0))
    errors = to_float64(measure(tolerance, answers, evaluate(problem.expression, real)))
    return errors, counts & ~np.isnan(errors)


def _rounded(fmt: Format, column: Emulated) -> Emulated:
    """What an input's format makes of real numbers."""
    return to_float64(column) if isinstance(fmt, ExactFormat) else round_array(fmt, to_float64(column))


def _place(side: Interval, share: Array) -> Emulated:
    """Points of a side in extended precision, so that reals between two numbers of fp64 occur."""
    low, high = np.longdouble(float(side.lo)), np.longdouble(float(side.hi))
    points: Emulated = np.clip(low + (high - low) * share.astype(np.longdouble), low, high)
    return points


@keeping_subnormals()
def tile_bounds(case: Case, parts: tuple[int, ...]) -> Array:
    """The bound of S1 on each tile; NaN where there is none, or where no point of the tile counts."""
    names = wide_inputs(case.problem)
    count = dict(zip(names, parts, strict=True))
    low, high = {}, {}
    for name, side in case.problem.box.items():
        pieces = count.get(name, 1)
        edges = [side.lo + (side.hi - side.lo) * k / pieces for k in range(pieces + 1)]
        low[name], high[name] = box_ends(edges[:-1], edges[1:])
    sweep = Sweep(case)
    with rounding_up():
        swept = sweep.evaluate(Boxes(_spread(low), _spread(high)))
    bounds = np.broadcast_to(np.where(swept.is_empty | np.isinf(swept.bound), np.nan, swept.bound), (int(np.prod(parts)),))
    return np.array(bounds).reshape([count.get(name, 1) for name in case.problem.box]).reshape(parts)


def _spread(ends: Mapping[str, Array]) -> dict[str, Array]:
    """One entry for every combination of the sides' pieces, the last input running fastest."""
    return dict(zip(ends, (np.ascontiguousarray(axis.ravel()) for axis in np.meshgrid(*ends.values(), indexing="ij")), strict=True))
