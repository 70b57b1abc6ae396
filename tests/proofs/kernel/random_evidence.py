"""Random evidence for random questions: covers cut at and beside the ends of cells, pairs, segments and runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from math import prod
from pathlib import Path
from random import Random

from suffice.proofs.certificate import Formats, formats_to_json
from suffice.proofs.problemdata import problem_to_json

from .documents import Json

sys.path.insert(0, str(Path(__file__).parents[2]))
from oracle.random_problems import Case
from oracle.rounding import Piece, Value, cells, to_fraction

Box = dict[str, tuple[Fraction, Fraction]]
Point = dict[str, Fraction]

FEW_CELLS = 300
"""Up to so many cells a cover may have one leaf for each."""

CELL_LAWS, SEGMENT_LAWS = ("cell_slope", "cell_curvature"), ("count", "slope", "curvature")
PRECISIONS = (64, 80, 128, 300)


@dataclass(frozen=True, slots=True)
class Asking:
    """A case in JSON, with the cells of its inputs."""

    case: Case
    rng: Random
    cells: dict[str, dict[Value, list[Piece]]]
    ends: dict[str, list[Fraction]]

    @property
    def names(self) -> list[str]:
        """The inputs, in the order of covers."""
        return sorted(self.cells)

    @property
    def whole(self) -> Box:
        """The box."""
        return {name: (self.case.problem.box[name].lo, self.case.problem.box[name].hi) for name in self.names}


def asking(case: Case, seed: int) -> Asking:
    """Prepare a case."""
    box = case.problem.box
    found = {name: cells(case.source, box[name].lo, box[name].hi) for name in sorted(box)}
    ends = {name: sorted({e for parts in of.values() for part in parts for e in (part.lo, part.hi)}) for name, of in found.items()}
    return Asking(case, Random(seed), found, ends)


def documents(asked: Asking) -> tuple[Json, Json]:
    """PROBLEM and FORMATS."""
    case = asked.case
    return problem_to_json(case.problem), formats_to_json(Formats(input=case.source, compute=case.compute, output=case.output))


def evidence(asked: Asking) -> Iterator[tuple[str, Json]]:
    """Bounds with evidence for them, without end."""
    rng = asked.rng
    for k in count():
        precision, pieces = rng.choice(PRECISIONS), rng.choice([1, 2, 5])
        match k % 7:
            case 0 | 1:
                bound = "error_bound" if k % 7 else "floor_upper"
                yield bound, {"kind": "cover", "splits": _splits(asked), "pieces": pieces, "precision": precision}
            case 2:
                yield "witness_error", {"kind": "run", "point": _written(_point(asked)), "precision": precision}
            case 3:
                yield "floor", {"kind": "pair", "points": [_written(p) for p in _in_one_cell(asked)], "precision": precision}
            case 4:
                yield "floor", {"kind": "pair", "points": [_written(_point(asked))], "precision": precision}
            case 5:
                points = [_written(p) for p in _in_one_cell(asked)]
                yield "floor", {"kind": rng.choice(CELL_LAWS), "points": points, "pieces": pieces, "precision": precision}
            case _:
                start = _point(asked)
                moved = rng.choice(asked.names)
                points = [_written(start), _written(start | {moved: _place(asked, moved, *asked.whole[moved])})]
                yield "floor", {"kind": rng.choice(SEGMENT_LAWS), "points": points, "pieces": pieces, "precision": precision}


def _written(point: Point) -> dict[str, str]:
    return {name: str(x) for name, x in point.items()}


def _place(asked: Asking, name: str, lo: Fraction, hi: Fraction) -> Fraction:
    """Somewhere in [lo, hi]: mostly where something changes."""
    rng = asked.rng
    codes = [number for number in map(to_fraction, asked.cells[name]) if number is not None]
    kinds = [*[asked.ends[name]] * 5, [Fraction(0)], [lo, hi], codes, [lo + (hi - lo) * Fraction(rng.randint(0, 64), 64)] * 2]
    inside = [x for x in rng.choice(kinds) if lo <= x <= hi]
    return rng.choice(inside) if inside else (lo + hi) / 2


def _point(asked: Asking) -> Point:
    return {name: _place(asked, name, *ends) for name, ends in asked.whole.items()}


def _in_one_cell(asked: Asking) -> tuple[Point, Point]:
    first, second = {}, {}
    for name, of in asked.cells.items():
        parts = asked.rng.choice(list(of.values()))
        a, b = asked.rng.choice(parts), asked.rng.choice(parts)
        options = [a.lo, a.hi, b.lo, b.hi, (a.lo + b.hi) / 2]
        first[name], second[name] = asked.rng.choice(options), asked.rng.choice(options)
    return first, second


def _splits(asked: Asking) -> list[Json]:
    if prod(map(len, asked.ends.values())) < FEW_CELLS and asked.rng.random() < 0.35:
        return _every_cell(asked, 0)
    return _random_cuts(asked, asked.whole, asked.rng.randint(0, 7))


def _every_cell(asked: Asking, index: int) -> list[Json]:
    if index == len(asked.names):
        return [0]
    inner = _every_cell(asked, index + 1)
    cuts = asked.ends[asked.names[index]][1:-1]
    return [token for cut in cuts for token in ([index + 1, str(cut)], *inner)] + inner


def _random_cuts(asked: Asking, box: Box, depth: int) -> list[Json]:
    rng = asked.rng
    if depth == 0 or rng.random() < 0.15:
        return [0]
    index = rng.randrange(len(asked.names))
    name = asked.names[index]
    lo, hi = box[name]
    halved = rng.random() < 0.2
    at = (lo + hi) / 2 if halved else _place(asked, name, lo, hi)
    lower, upper = (_random_cuts(asked, box | {name: side}, depth - 1) for side in ((lo, at), (at, hi)))
    return [index + 1 if halved else [index + 1, str(at)], *lower, *upper]
