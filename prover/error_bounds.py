"""S1 for one case: the vectorised search for a bound, and its cover as evidence for the kernel."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isfinite
from typing import Any

from suffice.hardware_specs.format import EXACT, FloatFormat
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.prover.case import Case
from suffice.prover.cell_leaves import Refined, refine
from suffice.prover.engine import Effort, bound_error, splits_of
from suffice.prover.engine.branching import Found
from suffice.prover.results import Point

_SECONDS_A_NODE = 4e-5
"""About what the kernel takes for one node on one leaf."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """What the search found, the leaves that were cut into cells afterwards, and the seconds it took."""

    found: Found
    refined: Refined
    seconds: float

    @property
    def value(self) -> Fraction | None:
        """The bound, None where a part of the box has none."""
        return self.refined.bound

    @property
    def leaves(self) -> int:
        """Leaves of the cover."""
        return self.found.leaves + sum(len(splits) // 2 for splits in self.refined.splits.values())

    def where(self) -> str:
        """The leaf with the largest bound, for people."""
        return ", ".join(f"{name} in [{low:.6g}, {high:.6g}]" for name, (low, high) in sorted(self.found.hardest.items()))

    def hints(self) -> list[Point]:
        """Points near which the error may be large."""
        middle = {name: (low + high) / 2 for name, (low, high) in self.found.hardest.items()}
        return [{name: Fraction(x) for name, x in point.items()} for point in (self.found.at, middle) if all(map(isfinite, point.values()))]


@keeping_subnormals()
def search_bound(case: Case, effort: Effort, precision: int) -> Bounded:
    """A bound of the program's error over the box; `precision` is the kernel's, for leaves of a few cells."""
    start = time.monotonic()
    found = bound_error(case, effort)
    limit = max(found.reached * (1 + max(effort.gap, _WORTH_CUTTING)) if effort.gap >= 0 else 0.0, effort.target)
    return Bounded(found, refine(case, found, limit, precision), time.monotonic() - start)


_WORTH_CUTTING = 0.01
"""Leaves beyond the bound's own maximum by more are cut into cells."""


def towards_run(case: Case, bounded: Bounded, reached: Fraction, precision: int) -> Bounded:
    """The bound again, for one input, with the places cut into cells where S1 stays above the largest error that a run has shown."""
    wide = [case.inputs[name] for name, side in case.problem.box.items() if side.lo < side.hi]
    if len(wide) != 1 or not isinstance(wide[0], FloatFormat) or bounded.value is None or bounded.value <= reached * NEAR:
        return bounded
    target = float(reached) * (1 + _WORTH_CUTTING)
    effort = Effort(gap=-1.0, target=target, leaves=_CELL_LEAVES, seconds=_CELL_SECONDS, finest=_CELLS_LEFT * 2.0 ** (1 - wide[0].p))
    again = search_bound(case, effort, precision)
    seconds = bounded.seconds + again.seconds
    better = again if again.value is not None and again.value < bounded.value else bounded
    return Bounded(better.found, better.refined, seconds)


NEAR = Fraction(51, 50)
"""A bound within this factor of a run's error is not worth more work."""

_CELL_LEAVES = 2000
_CELL_SECONDS = 0.5
_CELLS_LEFT = 8
"""So many leaves and seconds, down to so many cells a leaf."""


def search_ideal(case: Case, effort: Effort, precision: int) -> Bounded:
    """The same for the program that rounds inputs and output and nothing else: S2, by the search for S1."""
    formats, count = case.formats, len(case.problem.expression.nodes)
    instances = None if formats.instances is None else replace(formats.instances, nodes=(EXACT,) * count)
    ideal = replace(formats, compute=EXACT, operations={}, accuracy={}, instances=instances)
    return search_bound(Case(problem=case.problem, formats=ideal), effort, precision)


def evidence_of(bounded: Bounded, case: Case, precision: int) -> dict[str, Any]:
    """The cover as evidence (docs/certificate.md)."""
    splits = splits_of(bounded.found.tree, sorted(case.problem.box), bounded.refined.splits)
    return {"kind": "cover", "splits": splits, "pieces": 1, "precision": precision}


def kernel_seconds(bounded: Bounded, case: Case) -> float:
    """About how long the kernel takes to derive the bound again."""
    return bounded.leaves * len(case.problem.expression.nodes) * _SECONDS_A_NODE
