"""Untrusted search for elements that, given to every step, make a fold's program fail at every size of a range (THEORY W)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.family import Fold
from suffice.encodings.instances import common_box, substituted
from suffice.encodings.problem import Box, InputModel, Interval, Tolerance
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT, ExactFormat, FloatFormat, Format, IntFormat
from suffice.hardware_specs.vectorised import cell_ends_array, round_array
from suffice.prover.emulation import can_emulate, evaluate, run_program
from suffice.prover.families.desk import LARGEST_FOLD, Desk
from suffice.prover.families.extents import Extent
from suffice.prover.measures import measure

Array = NDArray[np.float64]

_RANDOM = 400
"""Random points beside the corners of the box."""

_OFFERED = 3
"""So many of the best points are offered."""

_ONE_BY_ONE = 20_000
"""Sizes that the kernel is asked to look at one by one."""

_SAMPLED = 24
"""Sizes at which errors are looked at."""

_COLUMNS = 64
"""Points whose states are followed at once."""

_NATIVE: dict[Format, type[Any]] = {parse_format("fp32"): np.float32, parse_format("fp64"): np.float64}

_PRECISION = 192


@dataclass(frozen=True, slots=True)
class _Folding:
    """The columns of a fold's run: points, codes of the inputs, and formats."""

    desk: Desk
    fold: Fold
    extent: Extent
    constants: dict[str, Fraction]
    points: dict[str, Array]
    codes: dict[str, Array]

    def take(self, chosen: NDArray[np.intp]) -> _Folding:
        """Some of the points."""
        points, codes = ({name: column[chosen] for name, column in part.items()} for part in (self.points, self.codes))
        return _Folding(self.desk, self.fold, self.extent, self.constants, points, codes)


def propose_runs(desk: Desk, extent: Extent) -> Iterator[dict[str, Any]]:
    """Points to run at all sizes of the extent, those with the largest least error first."""
    folding = _open(desk, extent)
    if folding is None:
        return
    assert extent.sizes is not None
    low, high = extent.sizes
    if low > LARGEST_FOLD:
        return
    last = min(high if high is not None else max(4 * low, 1024), LARGEST_FOLD)
    errors, fixed = _least_errors(folding, low, last)
    threshold = float(desk.case.threshold(extent, greatest=True))
    ranked = np.argsort(-np.where(np.isnan(errors), -1.0, errors))[:_OFFERED]
    for k in ranked:
        if errors[k] <= threshold:
            return
        point = {name: str(_exact(desk, extent, name, float(column[k]))) for name, column in sorted(folding.points.items())}
        tail = max(int(fixed[k]), low) if fixed[k] >= 0 else None
        if tail is not None and (high is None or tail < high):
            yield {"kind": "fold_run", "point": point, "tail": tail, "precision": _PRECISION}
        if high is not None and high <= LARGEST_FOLD and high - low < _ONE_BY_ONE:
            yield {"kind": "fold_run", "point": point, "tail": None, "precision": _PRECISION}


def _open(desk: Desk, extent: Extent) -> _Folding | None:
    family, fold = desk.case.family, desk.case.family.fold
    assert fold is not None
    box = common_box(family, extent.parameters)
    formats = desk.case.formats.formats
    accumulate = desk.case.formats.accumulate or EXACT
    if not can_emulate((formats.input, formats.compute, formats.output, accumulate), box):
        return None
    points = _points(formats.input, box, family.inputs)
    constants = {name: (side.lo + side.hi) / 2 for name, side in extent.parameters.items()}
    codes = {name: _rounded(formats.input, column) for name, column in points.items()}
    return _Folding(desk, fold, extent, constants, points, codes)


def _points(fmt: Format, box: Box, inputs: InputModel) -> dict[str, Array]:
    """Corners and random points; of real inputs also points at the ends of their cells."""
    random = np.random.default_rng(0)
    names = list(box)
    rows = 1 << min(len(names), 6)
    columns = {}
    for k, name in enumerate(names):
        lo, hi = float(box[name].lo), float(box[name].hi)
        corners = np.array([hi if row >> min(k, 5) & 1 else lo for row in range(rows)])
        shrunk = hi * np.exp2(-random.uniform(0, 8, _RANDOM // 2)) if hi > 0 else lo * np.exp2(-random.uniform(0, 8, _RANDOM // 2))
        inside = np.concatenate([corners, np.clip(shrunk, lo, hi), random.uniform(lo, hi, _RANDOM // 2)])
        codes = _rounded(fmt, inside)
        if inputs is InputModel.REPRESENTABLE:
            columns[name] = np.clip(codes, lo, hi)
            continue
        low, high = cell_ends_array(fmt, codes) if isinstance(fmt, FloatFormat | IntFormat) else (inside, inside)
        near = [codes + 0.999 * (end - codes) for end in (low, high)]
        columns[name] = np.clip(np.concatenate([inside, *near]), lo, hi)
    return columns


def _rounded(fmt: Format, column: Array) -> Array:
    return column if isinstance(fmt, ExactFormat) else round_array(fmt, column)


def _least_errors(folding: _Folding, low: int, last: int) -> tuple[Array, NDArray[np.int64]]:
    """For every point the least error at sampled sizes from `low` to `last`, and the step from which its state stays (-1: none seen)."""
    case, fold = folding.desk.case, folding.fold
    compute, accumulate = case.formats.formats.compute, case.formats.accumulate or EXACT
    term = substituted(fold.term, folding.constants)
    start = substituted(fold.start, folding.constants)
    real_term, real_start = evaluate(term, dict(folding.points)), evaluate(start, dict(folding.points))
    held_term = np.asarray(run_program(term, (compute,) * len(term.nodes), EXACT, dict(folding.codes)), dtype=np.float64)
    state = np.asarray(run_program(start, (compute,) * len(start.nodes), accumulate, dict(folding.codes)), dtype=np.float64)
    shape = next(iter(folding.points.values())).shape
    held_term, state = np.broadcast_to(held_term, shape), np.broadcast_to(state, shape)
    sampled = [int(size) for size in np.unique(np.geomspace(low, last, _SAMPLED).astype(int))]
    states, fixed = _states(accumulate, state, held_term, sampled)
    errors = np.full(shape, np.inf)
    for size, held in zip(sampled, states, strict=True):
        errors = np.minimum(errors, _errors_at(folding, size, held, real_start + size * real_term))
    return errors, fixed


def _states(accumulate: Format, state: Array, term: Array, sizes: list[int]) -> tuple[list[Array], NDArray[np.int64]]:
    """The states after so many steps, and the step from which each stays as it is (-1: it moves to the end)."""
    if accumulate in _NATIVE:
        return _native_states(_NATIVE[accumulate], state, term, sizes)
    states: list[Array] = []
    fixed = np.full(state.shape, -1, dtype=np.int64)
    step = 0
    for size in sizes:
        while step < size and not (fixed >= 0).all():
            step += 1
            after = _rounded(accumulate, state + term)
            fixed = np.where(after == state, np.where(fixed < 0, step, fixed), -1)
            state = after
        states.append(state)
    return states, fixed


def _native_states(kind: type[Any], state: Array, term: Array, sizes: list[int]) -> tuple[list[Array], NDArray[np.int64]]:
    """The same for formats whose additions the machine rounds itself, a few points at a time."""
    found: list[list[Array]] = []
    fixed: list[NDArray[np.int64]] = []
    for k in range(0, len(state), _COLUMNS):
        part = slice(k, k + _COLUMNS)
        steps = np.broadcast_to(term[part].astype(kind), (sizes[-1], len(term[part])))
        with np.errstate(all="ignore"):
            sums = np.add.accumulate(np.concatenate([state[part].astype(kind)[None], steps]), axis=0)
        found.append([sums[size].astype(np.float64) for size in sizes])
        moving = sums[1:] != sums[:-1]
        last = len(moving) - np.argmax(moving[::-1], axis=0)
        fixed.append(np.where(moving.any(axis=0), np.where(last < len(moving), last + 1, -1), 1))
    return [np.concatenate(parts) for parts in zip(*found, strict=True)], np.concatenate(fixed)


def _errors_at(folding: _Folding, size: int, state: Array, real_state: Any) -> Array:
    """The errors of the value at one size."""
    case, fold = folding.desk.case, folding.fold
    formats = case.formats.formats
    expression = substituted(case.family.expression, {**folding.constants, fold.size: Fraction(size)})
    nodes = tuple(
        case.formats.accumulate or EXACT if node.payload == fold.state else formats.of_node(k) for k, node in enumerate(expression.nodes)
    )
    answer = run_program(expression, nodes, formats.output, {**folding.codes, fold.state: state})
    exact = evaluate(expression, {**folding.points, fold.state: np.asarray(real_state, dtype=np.longdouble)})
    family = case.family
    tolerance = Tolerance(
        absolute=family.absolute.over(folding.extent.parameters).hi, relative=family.relative.over(folding.extent.parameters).hi
    )
    return np.asarray(measure(tolerance, answer, exact), dtype=np.float64)


def _exact(desk: Desk, extent: Extent, name: str, value: float) -> Fraction:
    """The number, pulled into the box, whose ends need not be numbers of float64."""
    side: Interval = common_box(desk.case.family, extent.parameters)[name]
    return min(max(Fraction(value), side.lo), side.hi)
