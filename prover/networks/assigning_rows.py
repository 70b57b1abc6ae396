"""Tables of assignments as allocations: costs, and the limits that errors within tolerance mean (docs/certificate.md, "Allocations")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isfinite, lcm

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, magnitude
from suffice.encodings.networks.graph import Array
from suffice.encodings.networks.inputs import InputSet
from suffice.errors import DomainError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import Format
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.proofs.allocation import Group, Option, Row, Table
from suffice.prover.mixed.model import LIMIT, Model
from suffice.prover.networks.assigning_groups import Layout
from suffice.prover.networks.assigning_table import BoxTable, Choices, box_table

_BEYOND = 2 * LIMIT
"""Stands for any use beyond the limit."""


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Makes tables of one layout over a set of inputs."""

    layout: Layout
    inputs: InputSet
    tightened: Sequence[Mapping[int, Intervals]]

    def made(self, choices: Choices) -> list[BoxTable]:
        """One for every box. Raises DomainError where some assignment may overflow."""
        with keeping_subnormals(), np.errstate(all="ignore"):
            return [
                box_table(self.layout, choices, box, self.inputs.model, known)
                for box, known in zip(self.inputs.boxes, self.tightened, strict=True)
            ]

    def shares(self, finest: Sequence[Format], tolerance: Fraction) -> list[list[float]]:
        """For every group and format the largest part of the tolerance that it takes of any output where all else is as fine as can be."""
        measured = tuple(group.formats for group in self.layout.groups)
        tables = self.made(Choices(tuple((fmt,) for fmt in finest), measured))
        return [
            [max(_largest(table.parts[g][o]) for table in tables) / float(tolerance) for o in range(len(formats))]
            for g, formats in enumerate(measured)
        ]

    def model(self, kept: Sequence[tuple[Format, ...]], tolerance: Fraction) -> Model | None:
        """The allocation of these formats; None where no choice keeps to the limits, or some may overflow."""
        choices = Choices(tuple(kept), tuple(kept))
        try:
            tables = self.made(choices)
        except DomainError:
            return None
        rows = [row for table in tables for row in rows_of(table, tolerance)]
        if any(row is None for row in rows):
            return None
        return Model(self._priced(kept), tuple(row for row in rows if row is not None), tuple(kept))

    def _priced(self, kept: Sequence[tuple[Format, ...]]) -> Table:
        unit = Fraction(1, lcm(*(cost.denominator for group in self.layout.groups for cost in group.costs)))
        groups = tuple(
            Group(group.name, tuple(Option(format_name(fmt), int(group.costs[group.formats.index(fmt)] / unit)) for fmt in formats))
            for group, formats in zip(self.layout.groups, kept, strict=True)
        )
        return Table(groups, (), unit)


def rows_of(table: BoxTable, tolerance: Fraction) -> list[Row | None]:
    """Two for every output: its error is at most the tolerance, and at least its negative. None where no choice keeps to one.

    A part may be negative; what is counted is how far it exceeds the least of its group.
    """
    ends = [
        (table.constant.hi, [[None if part is None else part.hi for part in options] for options in table.parts]),
        (-table.constant.lo, [[None if part is None else -part.lo for part in options] for options in table.parts]),
    ]
    return [
        _row(float(constant[j]), [_at(options, j) for options in parts], tolerance)
        for constant, parts in ends
        for j in range(len(constant))
    ]


def _row(constant: float, parts: list[list[float]], tolerance: Fraction) -> Row | None:
    least = [min(options) for options in parts]
    if not all(map(isfinite, (constant, *least))):
        return None
    allowed = tolerance - Fraction(constant) - sum(map(Fraction, least), Fraction(0))
    if allowed <= 0:
        return None
    uses = tuple(
        tuple(_use(part, base, allowed) for part in options) for options, base in zip(parts, least, strict=True)
    )  # fmt: skip
    return Row(LIMIT, uses)


def _use(part: float, base: float, allowed: Fraction) -> int:
    if not isfinite(part):
        return _BEYOND
    return min(ceil((Fraction(part) - Fraction(base)) / allowed * LIMIT), _BEYOND)


def _at(options: list[Array | None], output: int) -> list[float]:
    return [float("inf") if part is None else float(part[output]) for part in options]


def _largest(part: Intervals | None) -> float:
    return float("inf") if part is None else float(magnitude(part).max())
