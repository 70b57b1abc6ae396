"""Building covers: cut the box until the kernel's own rule bounds every leaf by the target (S1, S2, T0)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.proofs.jsondata import number_text
from suffice.proofs.kernel.cover import Cover, LeafBound, combine
from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.question import Box
from suffice.proofs.kernel.tape import Budget
from suffice.prover.case import Case, cell_within, is_free

MAX_LEAVES = 40_000
"""Leaves beyond which a cover is given up."""

_ALIGNED_BITS = 24
"""Cuts are made between cells for input formats up to this precision, so that leaves are whole cells in the end."""

_PARTS_OF_CELL = 64
"""A leaf inside one cell is cut no further than into this many parts of it."""

_DEEPEST = 200
"""Cuts on the way to one leaf beyond which it is hopeless."""


@dataclass(frozen=True, slots=True)
class CoverFound:
    """Evidence whose every leaf is bounded by the target, and what the kernel's rule derived on the way."""

    evidence: dict[str, Any]
    derivation: Derivation


@dataclass(frozen=True, slots=True)
class CoverFailed:
    """Why no cover was found, and where."""

    reason: str
    leaf: Box
    is_exhausted: bool = False
    """Whether time or leaves ran out, so that trying harder is no use."""


def build_cover(
    case: Case, *, ideal: bool, target: Fraction, precision: int, pieces: int, deadline: float, max_leaves: int = MAX_LEAVES
) -> CoverFound | CoverFailed:
    """Depth first: bound the box, and where the bound exceeds the target cut it in two and go on with each part."""
    question = case.question
    cover = Cover(question, precision, pieces, Budget(), ideal=ideal)
    splits: list[Any] = []
    bounds: list[LeafBound] = []
    pending: list[tuple[Box, int]] = [(dict(question.box), 0)]
    cuts = _Cuts(case)
    while pending:
        leaf, depth = pending.pop()
        if time.monotonic() > deadline:
            return CoverFailed("time ran out", leaf, is_exhausted=True)
        if len(bounds) + len(pending) > max_leaves or depth > _DEEPEST:
            return CoverFailed(f"more than {max_leaves} leaves or {_DEEPEST} cuts in a row would be needed", leaf, is_exhausted=True)
        reason = "the bound exceeds the target"
        try:
            bound = cover.leaf_bound(leaf)
            if bound.value <= target:
                splits.append(0)
                bounds.append(bound)
                continue
        except LeafFailure as failure:
            reason = str(failure)
        except Rejection as rejection:
            return CoverFailed(str(rejection), leaf)
        cut = _choose_cut(case, cover, cuts, leaf)
        if cut is None:
            return CoverFailed(reason, leaf)
        name, at = cut
        lo, hi = leaf[name]
        index = sorted(leaf).index(name) + 1
        splits.append(index if at == (lo + hi) / 2 else [index, number_text(at)])
        pending.append((leaf | {name: (at, hi)}, depth + 1))
        pending.append((leaf | {name: (lo, at)}, depth + 1))
    return CoverFound({"kind": "cover", "splits": splits, "pieces": pieces, "precision": precision}, combine(bounds))


def _choose_cut(case: Case, cover: Cover, cuts: _Cuts, leaf: Box) -> tuple[str, Fraction] | None:
    """Cut the input along which f varies most, cells only once the leaf lies in one; None where nothing is left to cut."""
    weights = _variations(case, cover, leaf)
    places = {name: place for name in weights if (place := cuts.place(name, *leaf[name])) is not None}
    if not places:
        return None
    name = max(places, key=lambda n: (places[n].between_cells, weights[n]))
    return name, places[name].at


def _variations(case: Case, cover: Cover, leaf: Box) -> dict[str, Fraction]:
    """The largest slope (in some unit) times the width along every input that has one; relative widths where slopes are unbounded."""
    wide = {name: hi - lo for name, (lo, hi) in leaf.items() if lo < hi}
    if len(wide) < 2:
        return dict.fromkeys(wide, Fraction(1))
    try:
        slopes = cover.tape.slopes(cover.tape.values(cover.tape.box(leaf)))
    except LeafFailure:
        return {name: width / (case.problem.box[name].hi - case.problem.box[name].lo) for name, width in wide.items()}
    result = dict.fromkeys(wide, Fraction(0))
    for node, (low, high) in zip(case.question.nodes, slopes, strict=True):
        if node.op == "var" and node.payload in wide:
            result[str(node.payload)] = wide[str(node.payload)] * max(-low, high)
    return result


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to cut an input, and whether that separates its cells."""

    at: Fraction
    between_cells: bool


class _Cuts:
    """Places to cut: between two cells near the middle for coarse formats, else in the middle. Remembered: leaves share their sides."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._known: dict[tuple[str, Fraction, Fraction], _Place | None] = {}

    def place(self, name: str, lo: Fraction, hi: Fraction) -> _Place | None:
        """A place strictly inside, None where nothing is gained by cutting further."""
        key = name, lo, hi
        if key not in self._known:
            self._known[key] = self._find(name, lo, hi)
        return self._known[key]

    def _find(self, name: str, lo: Fraction, hi: Fraction) -> _Place | None:
        middle = (lo + hi) / 2
        fmt = self._case.inputs[name]
        if not isinstance(fmt, FloatFormat | IntFormat) or is_free(fmt) or (isinstance(fmt, FloatFormat) and fmt.p > _ALIGNED_BITS):
            return _Place(middle, between_cells=True)
        cell = cell_within(fmt, self._case.problem.box[name], middle)
        inside = [end for end in (cell.lo, cell.hi) if lo < end < hi]
        if inside:
            return _Place(min(inside, key=lambda end: abs(end - middle)), between_cells=True)
        return _Place(middle, between_cells=False) if (hi - lo) * _PARTS_OF_CELL >= cell.hi - cell.lo else None
