"""The box cut into the cells of its input codes, and the image of each cell under f."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
from flint import arb

from suffice.encodings.problem import InputModel, Problem
from suffice.hardware_specs.format import FloatFormat, IntFormat

from .enclosures import Bound, Box, Function, Range, ball, direction, extremum, halves, outer_range, to_range
from .fastruns import Floats
from .measures import Image
from .rounding import Piece, Value, cells, numbers

Index = tuple[int, ...]

PARTS = 64
"""Into so many parts at most a cell is cut where f is not plainly monotone."""


class Partition:
    """Cells are numbered 0 .. count - 1; a cell is a product of codes, one per variable, and consists of one or more boxes."""

    def __init__(self, problem: Problem, source: FloatFormat | IntFormat) -> None:
        self.f = Function(problem.expression)
        self.codes: list[list[Value]] = []
        self._pieces: list[list[Piece]] = []
        self._code_of: list[list[int]] = []
        for name in self.f.names:
            interval = problem.box[name]
            if problem.inputs is InputModel.REPRESENTABLE:
                found: dict[Value, list[Piece]] = {v: [Piece(v, v)] for v in numbers(source, interval.lo, interval.hi)}
            else:
                found = cells(source, interval.lo, interval.hi)
            if not found:
                raise ValueError(f"no number of the input format lies in the box of {name}")
            self.codes.append(list(found))
            self._pieces.append([piece for pieces in found.values() for piece in pieces])
            self._code_of.append([i for i, pieces in enumerate(found.values()) for _ in pieces])
        self.count = prod(len(codes) for codes in self.codes)
        self._shape = tuple(len(pieces) for pieces in self._pieces)
        self._places = [sorted({end for p in pieces for end in (p.lo, p.hi)}) for pieces in self._pieces]
        positions = [{place: i for i, place in enumerate(places)} for places in self._places]
        self._lo = [[at[p.lo] for p in pieces] for at, pieces in zip(positions, self._pieces, strict=True)]
        self._hi = [[at[p.hi] for p in pieces] for at, pieces in zip(positions, self._pieces, strict=True)]
        self._balls = [[ball(place) for place in places] for places in self._places]
        self._values: dict[Index, arb] = {}
        self._ways = np.zeros((*self._shape, len(self._shape)), dtype=np.int8)
        self._outer: dict[Index, Range] = {}
        self._classify()

    def codes_of(self, cell: int) -> dict[str, Value]:
        """The input codes of a cell."""
        index = np.unravel_index(cell, [len(codes) for codes in self.codes])
        return {name: codes[i] for name, codes, i in zip(self.f.names, self.codes, index, strict=True)}

    def is_monotone(self, cell: int) -> bool:
        """Whether f is known to be monotone in every variable on every box of the cell."""
        return all(index not in self._outer for index in self._boxes_of(cell))

    def image(self, cell: int, steps: int) -> Image:
        """The image of a cell: from corners where f is monotone, else by branch and bound in so many steps at most."""
        images = [self._image(index, steps) for index in self._boxes_of(cell)]
        if len(images) == 1:
            return images[0]
        return Image(
            Range(min(i.low.lo for i in images), min(i.low.hi for i in images)),
            Range(max(i.high.lo for i in images), max(i.high.hi for i in images)),
            connected=False,
        )

    def hulls(self) -> tuple[Floats, Floats]:
        """For each cell a lower bound of inf f and an upper bound of sup f on it."""
        low, high = np.full(self.count, np.inf), np.full(self.count, -np.inf)
        sizes = [len(codes) for codes in self.codes]
        bounds: dict[Index, tuple[float, float]] = {}
        for index in np.ndindex(*self._shape):
            if index in self._outer:
                below, above = _outward(self._outer[index])
            else:
                ends = []
                for sense in (-1, 1):
                    corner = self._corner(index, sense)
                    if corner not in bounds:
                        bounds[corner] = _float_ends(self._value(corner))
                    ends.append(bounds[corner])
                below, above = ends[0][0], ends[1][1]
            cell = 0
            for code_of, i, size in zip(self._code_of, index, sizes, strict=True):
                cell = cell * size + code_of[i]
            low[cell], high[cell] = min(low[cell], below), max(high[cell], above)
        return low, high

    def _boxes_of(self, cell: int) -> list[Index]:
        index = np.unravel_index(cell, [len(codes) for codes in self.codes])
        choices = [[i for i, code in enumerate(of) if code == wanted] for of, wanted in zip(self._code_of, index, strict=True)]
        return list(product(*choices))

    def _box(self, first: Index, last: Index) -> Box:
        """The hull of the boxes numbered from `first` to `last`, both included, in each variable."""
        return tuple(
            (min(p.lo for p in pieces[a : b + 1]), max(p.hi for p in pieces[a : b + 1]))
            for pieces, a, b in zip(self._pieces, first, last, strict=True)
        )

    def _classify(self) -> None:
        """Find the signs of the partial derivatives, for blocks of boxes at once where one sign holds on all of them."""
        todo = [(tuple(0 for _ in self._shape), tuple(n - 1 for n in self._shape))]
        while todo:
            first, last = todo.pop()
            box = self._box(first, last)
            ways = self._directions(box)
            if not all(ways) and first == last:
                ways = self._finer_directions(box)
            if all(ways):
                self._ways[tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))] = ways
            elif first == last:
                self._outer[first] = outer_range(self.f, *self.f.value_and_gradient([ball(*side) for side in box]), box)
            else:
                widest = max(range(len(first)), key=lambda i: last[i] - first[i])
                middle = (first[widest] + last[widest]) // 2
                todo.append((first, (*last[:widest], middle, *last[widest + 1 :])))
                todo.append(((*first[:widest], middle + 1, *first[widest + 1 :]), last))

    def _directions(self, box: Box) -> list[int]:
        """For each variable +1 or -1 if f is monotone along it on the box, 0 if that is not certain."""
        gradient = self.f.value_and_gradient([ball(*side) for side in box])[1]
        return [1 if lo == hi else direction(slope) for slope, (lo, hi) in zip(gradient, box, strict=True)]

    def _finer_directions(self, box: Box) -> list[int]:
        """The same from ever smaller parts of the box; all 0 if two parts disagree, or after too many."""
        unknown = [0] * len(box)
        if self._turns(box):
            return unknown
        common, todo = unknown, [box]
        for _ in range(PARTS):
            if not todo:
                return common
            part = todo.pop()
            ways = self._directions(part)
            if not all(ways):
                todo += halves(part)
            if any(a * b < 0 for a, b in zip(ways, common, strict=True)):
                return unknown
            common = [a or b for a, b in zip(ways, common, strict=True)]
        return unknown

    def _turns(self, box: Box) -> bool:
        """Whether a partial derivative is positive at one corner of the box and negative at another."""
        gradients = [self.f.value_and_gradient([ball(r) for r in corner])[1] for corner in product(*box)]
        return any(
            any(s is not None and s > 0 for s in slopes) and any(s is not None and s < 0 for s in slopes)
            for slopes in zip(*gradients, strict=True)
        )

    def _corner(self, index: Index, sense: int) -> Index:
        """Where on a box on which f is monotone it is largest (sense 1) or smallest (sense -1)."""
        ways = self._ways[index]
        return tuple(
            hi[i] if way * sense > 0 else lo[i] for lo, hi, i, way in zip(self._lo, self._hi, index, ways, strict=True)
        )  # fmt: skip

    def _value(self, corner: Index) -> arb:
        value = self._values.get(corner)
        if value is None:
            value = self._values[corner] = self.f.value([balls[i] for balls, i in zip(self._balls, corner, strict=True)])
        return value

    def _image(self, index: Index, steps: int) -> Image:
        if index not in self._outer:
            low, high = (to_range(self._value(self._corner(index, sense))) for sense in (-1, 1))
            return Image(low, high)
        box = self._box(index, index)
        return Image(extremum(self.f, box, sense=-1, steps=steps), extremum(self.f, box, sense=1, steps=steps))


def _float_ends(value: arb) -> tuple[float, float]:
    """A float64 below and one above the ball."""
    middle = float(value.mid())
    slack = float(value.rad()) + abs(middle) * 2.0**-50
    return (middle - slack, middle + slack) if np.isfinite(middle + slack) else (-np.inf, np.inf)


def _outward(bounds: Range) -> tuple[float, float]:
    return _nearby(bounds.lo, -1), _nearby(bounds.hi, 1)


def _nearby(bound: Bound, side: int) -> float:
    number = float(bound) if isinstance(bound, Fraction) else bound
    return number + side * abs(number) * 2.0**-50
