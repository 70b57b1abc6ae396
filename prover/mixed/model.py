"""The allocation that stands for a problem: groups, costs, and S1's bound on leaves as limits (rows.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import EXACT, Format
from suffice.hardware_specs.upward import Array, rounding_up
from suffice.proofs.allocation import Group as AllocationGroup
from suffice.proofs.allocation import Option, Row, Table
from suffice.prover.case import Case
from suffice.prover.engine import leaf_positions
from suffice.prover.engine.branching import Tree
from suffice.prover.engine.sweep import Boxes
from suffice.prover.mixed.grouping import Group
from suffice.prover.mixed.rows import Choices, LeafRows, SharingSweep

LIMIT = 1 << 40
"""What is allowed on a leaf, in the integers of the allocation; uses are rounded up."""

_BEYOND = 2 * LIMIT
"""Stands for any use beyond the limit."""


@dataclass(frozen=True, slots=True)
class Model:
    """Groups and costs without rows, every leaf's row, and the formats of the groups' options."""

    table: Table
    rows: tuple[Row, ...]
    formats: tuple[tuple[Format, ...], ...]

    def with_rows(self, positions: Sequence[int]) -> Table:
        """The table with some of the rows."""
        return Table(self.table.groups, tuple(self.rows[k] for k in positions), self.table.unit)

    def assignment(self, choice: Sequence[int]) -> tuple[Format, ...]:
        """The format of every group."""
        return tuple(formats[o] for formats, o in zip(self.formats, choice, strict=True))


@dataclass(frozen=True, slots=True)
class Modeller:
    """Makes models of one problem over the leaves of its reference program, in which every group has its finest format.

    `case` is that program, `finest` its formats by group; `costs` is the price of one value in a format.
    """

    case: Case
    groups: tuple[Group, ...]
    finest: tuple[Format, ...]
    costs: Mapping[Format, Fraction]
    leaves: Boxes

    def measured(self) -> list[LeafRows]:
        """What every format adds where all else has its finest one."""
        return self._rows([group.formats for group in self.groups], [frozenset({fmt}) for fmt in self.finest])

    def worst_parts(self) -> list[list[float]]:
        """For every group and format the largest share that it alone takes of what is allowed, on any leaf; infinite where it may
        overflow. The slopes are those of the reference program, which no model's slopes are below.
        """
        rows = self.measured()
        worst = [[0.0] * len(group.formats) for group in self.groups]
        for found in rows:
            for g, columns in enumerate(found.parts):
                for o, part in enumerate(columns):
                    with np.errstate(all="ignore"):
                        shares = np.where(part == 0, 0.0, part / found.allowed)
                    size = float(np.where(np.isnan(shares), np.inf, shares).max(initial=0.0))
                    worst[g][o] = max(worst[g][o], size)
        return worst

    def model(self, worst: list[list[float]], most: float) -> Model | None:
        """The model of the formats whose own share is `most` at most; None where it bounds nothing."""
        kept = [
            tuple(fmt for fmt, share in zip(group.formats, shares, strict=True) if share <= most or fmt == finest)
            for group, shares, finest in zip(self.groups, worst, self.finest, strict=True)
        ]
        found = self._rows(kept, [frozenset(formats) for formats in kept])
        rows = [row for part in found for row in _integer_rows(part)]
        if not rows or any(row is None for row in rows):
            return None
        return Model(self._table(kept), tuple(_undominated([row for row in rows if row is not None])), tuple(kept))

    def price(self, group: Group, fmt: Format) -> Fraction:
        """What a group costs in a format."""
        return self.costs[fmt] * len(group.members)

    def _table(self, kept: Sequence[tuple[Format, ...]]) -> Table:
        unit = Fraction(1, lcm(*(cost.denominator for cost in self.costs.values())))
        groups = tuple(
            AllocationGroup(group.name, tuple(Option(format_name(fmt), int(self.price(group, fmt) / unit)) for fmt in formats))
            for group, formats in zip(self.groups, kept, strict=True)
        )
        return Table(groups, (), unit)

    def _rows(self, measured: Sequence[tuple[Format, ...]], occurring: Sequence[frozenset[Format]]) -> list[LeafRows]:
        sweep = SharingSweep(self.case, Choices(self._group_of(), tuple(measured), tuple(occurring)))
        with rounding_up():
            return sweep.rows(self.leaves)

    def _group_of(self) -> tuple[int, ...]:
        found = [0] * len(self.case.problem.expression.nodes)
        for g, group in enumerate(self.groups):
            for k in group.members:
                found[k] = g
        return tuple(found)


def node_formats(groups: Sequence[Group], assignment: Sequence[Format], count: int) -> list[Format]:
    """The format of every node; of truths, none."""
    formats: list[Format] = [EXACT] * count
    for group, fmt in zip(groups, assignment, strict=True):
        for k in group.members:
            formats[k] = fmt
    return formats


def leaves_of(tree: Tree, names: Sequence[str]) -> Boxes:
    """The leaves of a cover."""
    where = leaf_positions(tree)
    low, high = np.ascontiguousarray(tree.low[where].T), np.ascontiguousarray(tree.high[where].T)
    return Boxes(dict(zip(names, low, strict=True)), dict(zip(names, high, strict=True)))


def _integer_rows(found: LeafRows) -> list[Row | None]:
    """Every row in parts of the limit, rounded up; None where there is no bound."""
    with rounding_up() as up:
        scale = np.where(found.allowed > 0, up.divide(np.full(1, float(LIMIT)), np.where(found.allowed > 0, found.allowed, 1.0)), np.inf)
        scaled = [[_times(up.multiply, part, scale) for part in columns] for columns in found.parts]
        constant = _times(up.multiply, found.constant, scale)
    rows: list[Row | None] = []
    for k, base in enumerate(constant):
        if np.isnan(base):
            rows.append(None)
            continue
        uses = tuple(tuple(_whole(column[k]) for column in columns) for columns in scaled)
        rows.append(Row(max(LIMIT - _whole(base), 0), uses) if base <= LIMIT else Row(0, _beyond(uses)))
    return rows


def _beyond(uses: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """What no choice can keep to: a jump between branches alone is more than is allowed."""
    return (tuple(_BEYOND for _ in uses[0]), *uses[1:])


def _times(multiply: Callable[..., Array], part: Array, scale: Array) -> Array:
    return np.where(part == 0, 0.0, multiply(part, scale))


def _whole(value: float) -> int:
    """Rounded up; NaN, where a format may overflow, is beyond every limit."""
    return int(np.ceil(value)) if value < _BEYOND else _BEYOND


def _undominated(rows: Sequence[Row]) -> list[Row]:
    """The rows that no other one implies, the fullest first."""
    flat = np.array([[use for uses in row.uses for use in uses] + [-row.limit] for row in rows], dtype=np.float64)
    order = np.argsort(-flat.sum(axis=1), kind="stable")
    kept: list[int] = []
    for k in order:
        if not kept or not bool((flat[kept] >= flat[k]).all(axis=1).any()):
            kept.append(int(k))
    return [rows[k] for k in kept]
