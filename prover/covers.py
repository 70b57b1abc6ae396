"""Building covers: cut the box until the kernel's own rule bounds every leaf by the target (S1, S2, T0)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from suffice.encodings.problem import Interval
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

_DEEPEST = 80
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


def build_cover(
    case: Case, *, ideal: bool, target: Fraction, precision: int, pieces: int = 16, deadline: float, max_leaves: int = MAX_LEAVES
) -> CoverFound | CoverFailed:
    """Depth first: bound the box, and where the bound exceeds the target cut it in two and go on with each part."""
    question = case.question
    cover = Cover(question, precision, pieces, Budget(), ideal=ideal)
    splits: list[Any] = []
    bounds: list[LeafBound] = []
    pending: list[tuple[Box, int]] = [(dict(question.box), 0)]
    while pending:
        leaf, depth = pending.pop()
        if time.monotonic() > deadline:
            return CoverFailed("time ran out", leaf)
        if len(bounds) + len(pending) > max_leaves or depth > _DEEPEST:
            return CoverFailed(f"more than {max_leaves} leaves or {_DEEPEST} cuts in a row would be needed", leaf)
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
        cut = _choose_cut(case, cover, leaf)
        if cut is None:
            return CoverFailed(reason, leaf)
        name, at = cut
        lo, hi = leaf[name]
        index = sorted(leaf).index(name) + 1
        splits.append(index if at == (lo + hi) / 2 else [index, number_text(at)])
        pending.append((leaf | {name: (at, hi)}, depth + 1))
        pending.append((leaf | {name: (lo, at)}, depth + 1))
    return CoverFound({"kind": "cover", "splits": splits, "pieces": pieces, "precision": precision}, combine(bounds))


def _choose_cut(case: Case, cover: Cover, leaf: Box) -> tuple[str, Fraction] | None:
    """Cut the input along which f varies most, between two cells near its middle; None where nothing is left to cut."""
    weights = _variations(case, cover, leaf)
    for name in sorted(weights, key=lambda n: -weights[n]):
        lo, hi = leaf[name]
        at = _between_cells(case, name, lo, hi)
        if at is not None:
            return name, at
    return None


def _variations(case: Case, cover: Cover, leaf: Box) -> dict[str, float]:
    """The largest slope times the width along every input that has one; relative widths where slopes are unbounded."""
    wide = {name: hi - lo for name, (lo, hi) in leaf.items() if lo < hi}
    if len(wide) < 2:
        return dict.fromkeys(wide, 1.0)
    try:
        slopes = cover.tape.slopes(cover.tape.values(cover.tape.box(leaf)))
    except LeafFailure:
        return {name: float(width / (case.problem.box[name].hi - case.problem.box[name].lo)) for name, width in wide.items()}
    result = dict.fromkeys(wide, 0.0)
    for node, (low, high) in zip(case.question.nodes, slopes, strict=True):
        if node.op == "var" and node.payload in wide:
            result[str(node.payload)] = float(wide[str(node.payload)]) * float(Fraction(max(-low, high), 1 << cover.tape.fixed.bits))
    return result


def _between_cells(case: Case, name: str, lo: Fraction, hi: Fraction) -> Fraction | None:
    """A place strictly inside to cut at: an end of the middle's cell for coarse formats, else the middle."""
    middle = (lo + hi) / 2
    fmt = case.inputs[name]
    if not isinstance(fmt, FloatFormat | IntFormat) or is_free(fmt) or (isinstance(fmt, FloatFormat) and fmt.p > _ALIGNED_BITS):
        return middle
    cell = cell_within(fmt, Interval(lo, hi), middle)
    inside = [end for end in (cell.lo, cell.hi) if lo < end < hi]
    if not inside:
        return middle if (hi - lo) * (1 << 40) > max(abs(lo), abs(hi)) and not _is_point_cell(case, name, lo, hi) else None
    return min(inside, key=lambda end: abs(end - middle))


def _is_point_cell(case: Case, name: str, lo: Fraction, hi: Fraction) -> bool:
    """Whether nothing is gained by cutting further: the leaf is a small part of one cell already."""
    box = case.problem.box[name]
    cell = cell_within(case.inputs[name], box, (lo + hi) / 2)
    return (hi - lo) * 16 < cell.hi - cell.lo
