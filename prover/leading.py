"""Where the leading term says that errors are largest (THEORY T9): points to try, never evidence."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, product

import numpy as np

from suffice.encodings.enclosures.bounds import RangeBounds
from suffice.encodings.enclosures.derivatives import gradient
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel
from suffice.errors import SufficeError
from suffice.hardware_specs.rounding import round_exact
from suffice.prover.case import Case, cell_within, is_free
from suffice.prover.emulation import can_sample, evaluate
from suffice.prover.results import Point

_SAMPLES = 4096


def leading_points(case: Case, bounds: RangeBounds) -> list[tuple[Point, ...]]:
    """Pairs at opposite corners of the cells where sum |d_i f| 2^(e(x_i)) is largest in a sample, and the extremes of f."""
    anchors = [bounds.lowest.point, bounds.highest.point]
    pairs: list[tuple[Point, ...]] = []
    directions: list[dict[str, float]] = [{} for _ in anchors]
    for point, slopes in _steepest(case):
        anchors.append(point)
        directions.append(slopes)
    for anchor, slopes in zip(anchors, directions, strict=True):
        pairs += _around(case, anchor, slopes)
    return pairs


def _steepest(case: Case) -> list[tuple[Point, dict[str, float]]]:
    box = case.problem.box
    if not can_sample(box) or any(node.op is Op.IF for node in case.problem.expression.nodes):
        return []
    random = np.random.default_rng(1)
    columns = {}
    for name, ends in box.items():
        lo, hi = float(ends.lo), float(ends.hi)
        columns[name] = np.concatenate([[lo, hi, (lo + hi) / 2], random.uniform(lo, hi, _SAMPLES)])
    try:
        partials = gradient(case.problem.expression)
    except SufficeError:
        return []
    total = np.zeros(_SAMPLES + 3, dtype=np.longdouble)
    slopes = {}
    for name, partial in partials.items():
        slopes[name] = evaluate(partial, dict(columns))
        with np.errstate(all="ignore"):
            total = total + np.abs(slopes[name]) * np.exp2(np.floor(np.log2(np.abs(columns[name]) + 1e-300)))
    best = np.argsort(-np.where(np.isfinite(total), total, -1))[:4]
    return [
        (
            {name: min(max(Fraction(float(columns[name][k])), ends.lo), ends.hi) for name, ends in box.items()},
            {name: float(column[k]) for name, column in slopes.items()},
        )
        for k in best
    ]


_MOST_CORNERS = 16
_NUDGE = Fraction(1, 1 << 40)


def cell_corners(case: Case, point: Point) -> list[Point]:
    """The corners of a point's cell, moved inside by a trifle: where the rounding of the inputs adds most to a run's error."""
    if case.problem.inputs is InputModel.REPRESENTABLE:
        return []
    sides = {name: cell_within(case.inputs[name], case.problem.box[name], x) for name, x in point.items()}
    ends = [[end + (point[name] - end) * _NUDGE for end in sorted({side.lo, side.hi})] for name, side in sides.items()]
    return [dict(zip(sides, corner, strict=True)) for corner in islice(product(*ends), _MOST_CORNERS)]


def _around(case: Case, anchor: Point, slopes: dict[str, float]) -> list[tuple[Point, ...]]:
    """The corners of the anchor's cell, of its neighbours, and the anchor itself."""
    if case.problem.inputs is InputModel.REPRESENTABLE:
        rounded = {name: round_exact(case.inputs[name], x) for name, x in anchor.items() if not is_free(case.inputs[name])}
        sides = case.problem.box
        inside = {name: x for name, x in rounded.items() if isinstance(x, Fraction) and sides[name].lo <= x <= sides[name].hi}
        return [(inside,)] if len(inside) == len(anchor) else []
    pairs: list[tuple[Point, ...]] = [(anchor,)]
    low, high, beyond = dict(anchor), dict(anchor), dict(anchor)
    for name, x in anchor.items():
        ends = cell_within(case.inputs[name], case.problem.box[name], x)
        first, second = (ends.lo, ends.hi) if slopes.get(name, 1.0) >= 0 else (ends.hi, ends.lo)
        low[name], high[name] = first, second
        box = case.problem.box[name]
        width = ends.hi - ends.lo
        beyond[name] = ends.hi + width / 2 if ends.hi + width / 2 <= box.hi else max(ends.lo - width / 2, box.lo)
    if low != high:
        pairs.append((low, high))
        neighbour_low, neighbour_high = dict(low), dict(high)
        for name, x in beyond.items():
            ends = cell_within(case.inputs[name], case.problem.box[name], x)
            rising = slopes.get(name, 1.0) >= 0
            neighbour_low[name], neighbour_high[name] = (ends.lo, ends.hi) if rising else (ends.hi, ends.lo)
        if neighbour_low != neighbour_high:
            pairs.append((neighbour_low, neighbour_high))
    return pairs
