"""Untrusted search for elements that, given to every step, make a fold's program fail at every size of a range (THEORY W)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.family import Fold
from suffice.encodings.instances import common_box, substituted
from suffice.encodings.problem import Box, InputModel, Tolerance
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

_LONGEST_PREFIX = 4096
"""Steps at most that take another point than the rest."""

_SAMPLED = 24
"""Sizes at which errors are looked at."""

_COLUMNS = 64
"""Points whose states are followed at once."""

_NATIVE: dict[Format, type[Any]] = {parse_format("fp32"): np.float32, parse_format("fp64"): np.float64}

_PRECISION = 192


@dataclass(frozen=True, slots=True)
class _Columns:
    """Points for every step as columns, with the codes that the program sees."""

    points: dict[str, Array]
    codes: dict[str, Array]

    def shuffled(self, fold: Fold, random: np.random.Generator) -> _Columns:
        """The same with other elements: those of other points."""
        order = random.permutation(len(next(iter(self.points.values()))))
        points, codes = (
            {name: column[order] if name in fold.elements else column for name, column in part.items()}
            for part in (self.points, self.codes)
        )
        return _Columns(points, codes)


@dataclass(frozen=True, slots=True)
class _Folding:
    """The columns of a fold's runs: what the first `steps` steps take, and what all others do."""

    desk: Desk
    fold: Fold
    extent: Extent
    constants: dict[str, Fraction]
    first: _Columns
    others: _Columns
    steps: int = 0


def propose_runs(desk: Desk, extent: Extent) -> Iterator[dict[str, Any]]:
    """Points to run at all sizes of the extent, those with the largest least error first.

    Where further steps can add zero, an error at the least size is one at all sizes. Else all steps take one point, or the first few
    steps another one.
    """
    assert extent.sizes is not None
    folding = _open(desk, extent)
    if folding is None or extent.sizes[0] > LARGEST_FOLD:
        return
    low, high = extent.sizes
    zero = zero_point(folding.fold, common_box(desk.case.family, extent.parameters))
    if zero is not None and low != high:
        yield from _padded(folding, low, zero)
    yield from _repeated(folding, low, high)
    random = np.random.default_rng(2)
    for steps in sorted({1, 2, low // 4, low // 2, 3 * low // 4, low - 1}):
        if 1 <= steps <= min(low - 1, _LONGEST_PREFIX):
            yield from _repeated(replace(folding, first=folding.first.shuffled(folding.fold, random), steps=steps), low, high)


def zero_point(fold: Fold, box: Box) -> dict[str, Fraction] | None:
    """Elements at zero where their intervals hold it; whether the term is zero there is for the kernel to say."""
    zero = Fraction(0)
    point = {name: zero if box[name].lo <= 0 <= box[name].hi else box[name].lo for name in fold.elements}
    return point if zero in point.values() else None


def _padded(folding: _Folding, low: int, zero: dict[str, Fraction]) -> Iterator[dict[str, Any]]:
    """A run of `low` equal steps, then steps that add zero."""
    errors, _ = _least_errors(folding, low, low)
    for k in _ranked(folding, errors):
        point = _point(folding, folding.others, k)
        first = {name: point[name] for name in folding.fold.elements}
        yield _evidence({**point, **{name: str(value) for name, value in zero.items()}}, low, steps=low, first=first)


def _repeated(folding: _Folding, low: int, high: int | None) -> Iterator[dict[str, Any]]:
    """Runs whose steps are equal from some step on, to the end or until the state stands still."""
    last = min(high if high is not None else max(4 * low, 1024), LARGEST_FOLD)
    errors, fixed = _least_errors(folding, low, last)
    for k in _ranked(folding, errors):
        point = _point(folding, folding.others, k)
        chosen = _point(folding, folding.first, k)
        first = {name: chosen[name] for name in folding.fold.elements} if folding.steps else None
        tail = max(int(fixed[k]), low) if fixed[k] >= 0 else None
        if tail is not None and (high is None or tail < high):
            yield _evidence(point, tail, steps=folding.steps, first=first)
        if high is not None and high <= LARGEST_FOLD and high - low < _ONE_BY_ONE:
            yield _evidence(point, None, steps=folding.steps, first=first)


def _ranked(folding: _Folding, errors: Array) -> list[int]:
    """The best points, as far as their errors exceed the tolerance."""
    threshold = float(folding.desk.case.threshold(folding.extent, greatest=True))
    best = np.argsort(-np.where(np.isnan(errors), -1.0, errors))[:_OFFERED]
    return [int(k) for k in best if errors[k] > threshold]


def _point(folding: _Folding, columns: _Columns, k: int) -> dict[str, str]:
    """A point of the columns, pulled into the box, whose ends need not be numbers of float64."""
    box = common_box(folding.desk.case.family, folding.extent.parameters)
    return {name: str(min(max(Fraction(float(column[k])), box[name].lo), box[name].hi)) for name, column in sorted(columns.points.items())}


def _evidence(point: dict[str, str], tail: int | None, *, steps: int, first: dict[str, str] | None) -> dict[str, Any]:
    prefix = {"steps": steps, "point": first} if first is not None else None
    return {"kind": "fold_run", "point": point, "prefix": prefix, "tail": tail, "precision": _PRECISION}


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
    columns = _Columns(points, {name: _rounded(formats.input, column) for name, column in points.items()})
    return _Folding(desk, fold, extent, constants, columns, columns)


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
    start = substituted(fold.start, folding.constants)
    shape = next(iter(folding.others.points.values())).shape
    real = np.broadcast_to(evaluate(start, dict(folding.others.points)), shape)
    held = run_program(start, (compute,) * len(start.nodes), accumulate, dict(folding.others.codes))
    state = np.broadcast_to(np.asarray(held, dtype=np.float64), shape)
    if folding.steps:
        real_first, held_first = _terms(folding, folding.first)
        real = real + folding.steps * real_first
        state = _states(accumulate, state, held_first, [folding.steps])[0][-1]
    real_term, held_term = _terms(folding, folding.others)
    sampled = [int(size) for size in np.unique(np.geomspace(low, last, _SAMPLED).astype(int))]
    states, fixed = _states(accumulate, state, held_term, [size - folding.steps for size in sampled])
    errors = np.full(shape, np.inf)
    for size, found in zip(sampled, states, strict=True):
        errors = np.minimum(errors, _errors_at(folding, size, found, real + (size - folding.steps) * real_term))
    return errors, np.where(fixed >= 0, fixed + folding.steps, -1)


def _terms(folding: _Folding, columns: _Columns) -> tuple[Any, Array]:
    """The real terms, and those that the program adds."""
    compute = folding.desk.case.formats.formats.compute
    term = substituted(folding.fold.term, folding.constants)
    shape = next(iter(columns.points.values())).shape
    held = run_program(term, (compute,) * len(term.nodes), EXACT, dict(columns.codes))
    return evaluate(term, dict(columns.points)), np.broadcast_to(np.asarray(held, dtype=np.float64), shape)


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
    answer = run_program(expression, nodes, formats.output, {**folding.others.codes, fold.state: state})
    exact = evaluate(expression, {**folding.others.points, fold.state: np.asarray(real_state, dtype=np.longdouble)})
    family = case.family
    tolerance = Tolerance(
        absolute=family.absolute.over(folding.extent.parameters).hi, relative=family.relative.over(folding.extent.parameters).hi
    )
    return np.asarray(measure(tolerance, answer, exact), dtype=np.float64)
