"""Leaves of a few cells, where S1 stays above what runs reach: cut them into cells, and let the kernel run the program on each (T0)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from suffice.hardware_specs.format import FloatFormat, Format, IntFormat
from suffice.proofs.jsondata import number_text
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.cover import Cover
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.question import Box
from suffice.prover.case import Case, cell_within, is_free
from suffice.prover.engine import Splits, leaf_positions
from suffice.prover.engine.branching import Found

MOST_LEAVES = 256
"""So many leaves are looked at, each cut into at most so many parts."""

_CELLS = 16
"""Cells along one side of a leaf, beyond which it is left alone."""


@dataclass(frozen=True, slots=True)
class Refined:
    """Cuts below leaves of the tree, by their positions, and the bound of all leaves with them."""

    splits: dict[int, Splits]
    bound: Fraction | None


def refine(case: Case, found: Found, limit: float, precision: int) -> Refined:
    """Cut into cells the leaves whose bound lies beyond `limit`, where they hold few enough."""
    whole = Refined({}, Fraction(found.bound) if found.bound < float("inf") else None)
    if found.bound <= limit or not (np.isfinite(found.tree.low).all() and np.isfinite(found.tree.high).all()):
        return whole
    hard = [k for k in leaf_positions(found.tree) if not found.tree.bound[k] <= limit]
    names = sorted(case.problem.box)
    if len(hard) > MOST_LEAVES:
        return whole
    cells = _Cells(case, precision, Fraction(limit))
    bounds, splits = [], {}
    for k in hard:
        ends = {name: (Fraction(float(found.tree.low[k, i])), Fraction(float(found.tree.high[k, i]))) for i, name in enumerate(names)}
        box = {name: (max(low, case.problem.box[name].lo), min(high, case.problem.box[name].hi)) for name, (low, high) in ends.items()}
        refined = cells.cut(box) if cells.are_few(box) else None
        if refined is None:
            return whole
        splits[k] = refined[0]
        bounds.append(refined[1])
    others = max((float(found.tree.bound[k]) for k in leaf_positions(found.tree) if k not in splits), default=0.0)
    return Refined(splits, max(Fraction(others), *bounds))


class _Cells:
    """Cuts between cells, and the kernel's bounds of what they leave."""

    def __init__(self, case: Case, precision: int, target: Fraction) -> None:
        self.case, self.target = case, target
        self.cover = Cover(case.question, precision, 1, Budget(), ideal=False)
        self.numbers = {name: k + 1 for k, name in enumerate(sorted(case.problem.box))}

    def are_few(self, box: Box) -> bool:
        """Whether every side of a leaf spans few cells."""
        return all(lo == hi or self._spans_few(name, lo, hi) for name, (lo, hi) in box.items())

    def _spans_few(self, name: str, lo: Fraction, hi: Fraction) -> bool:
        fmt = self.case.inputs[name]
        if not _has_cells(fmt):
            return False
        cell = cell_within(fmt, self.case.problem.box[name], (lo + hi) / 2)
        return (hi - lo) <= _CELLS * (cell.hi - cell.lo)

    def cut(self, box: Box) -> tuple[Splits, Fraction] | None:
        """The cuts of a leaf and the bound of its parts, None where the kernel derives none or there are too many."""
        splits: Splits = []
        worst, pending, parts = Fraction(0), [box], 0
        while pending:
            leaf = pending.pop()
            parts += 1
            if parts > MOST_LEAVES:
                return None
            try:
                bound = self.cover.leaf_bound(leaf).value
            except LeafFailure:
                bound = None
            except Rejection:
                return None
            place = None if bound is not None and bound <= self.target else self._place(leaf)
            if place is None:
                if bound is None:
                    return None
                worst = max(worst, bound)
                splits.append(0)
                continue
            name, at = place
            lo, hi = leaf[name]
            splits.append([self.numbers[name], number_text(at)])
            pending += [leaf | {name: (at, hi)}, leaf | {name: (lo, at)}]
        return splits, worst

    def _place(self, leaf: Box) -> tuple[str, Fraction] | None:
        """An end of a cell inside the leaf, along the side with the most cells; None in a single cell."""
        found = []
        for name, (lo, hi) in leaf.items():
            fmt = self.case.inputs[name]
            if lo == hi or not _has_cells(fmt):
                continue
            middle = (lo + hi) / 2
            cell = cell_within(fmt, self.case.problem.box[name], middle)
            inside = [end for end in (cell.lo, cell.hi) if lo < end < hi]
            if inside:
                found.append(((hi - lo) / (cell.hi - cell.lo), name, min(inside, key=lambda end: abs(end - middle))))
        return max(found)[1:] if found else None


def _has_cells(fmt: Format) -> bool:
    return isinstance(fmt, FloatFormat | IntFormat) and not is_free(fmt)
