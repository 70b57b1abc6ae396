"""One cell of the tables: what is proved of a program over a set of inputs, and the largest error that a search finds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import isfinite

import numpy as np

from benchmarks.networks.models import Model
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.errors import InputError
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.limits import MAX_NETWORK_WORK
from suffice.proofs.networks import LayersEvidence, NetworkEvidence, NetworkInput, NetworkRun, claim_of, question_of
from suffice.prover.networks.calibrating import calibrated
from suffice.prover.networks.certifying import Surroundings
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.searching import SearchBudget, search

EVER = 10**12
"""Runs that no search reaches: seconds alone limit it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`kernel`: the bound that the kernel derives, `analysed` the analyser's; `found` is the error of a run that the kernel confirms.

    None where there is none; `note` says why. `runs` and `search_seconds` are what the search used, `seconds` the whole.
    """

    model: str
    inputs: str
    format: str
    device: str
    kernel: float | None = None
    analysed: float | None = None
    found: float | None = None
    runs: int = 0
    search_seconds: float = 0.0
    seconds: float = 0.0
    note: str = ""

    @property
    def bound(self) -> float | None:
        """The lesser of the two bounds."""
        known = [value for value in (self.kernel, self.analysed) if value is not None]
        return min(known, default=None)

    @property
    def ratio(self) -> float | None:
        """The kernel's bound, or where it has none the analyser's, over the largest error found."""
        bound = self.kernel if self.kernel is not None else self.analysed
        return None if bound is None or not self.found else bound / self.found


def measure(known: Surroundings, model: Model, kind: str, fmt: str, device: str, budget: SearchBudget) -> tuple[Cell, NetworkProgram]:
    """The cell of one format on one device, over one box."""
    start = time.perf_counter()
    inputs = known.inputs
    program, analysis = calibrated(partial(_placed, model, fmt, device), inputs, known.ranges, known.hulls)
    bound, note = derived(program, inputs, LayersEvidence())
    began = time.perf_counter()
    worst = search(program, inputs.boxes[0], inputs.model, budget)
    searched = time.perf_counter() - began
    found = None
    if worst.error > 0:
        found, reason = derived(program, inputs, NetworkRun(input=NetworkInput(box=0, values=worst.x)))
        note = "; ".join(part for part in (note, reason) if part)
    analysed = analysis.bound if isfinite(analysis.bound) else None
    cell = Cell(
        model=model.name, inputs=kind, format=fmt, device=device, kernel=bound, analysed=analysed, found=found,
        runs=worst.runs, search_seconds=searched, seconds=time.perf_counter() - start, note=note,
    )  # fmt: skip
    return cell, program


def _placed(model: Model, fmt: str, device: str, ranges: object) -> NetworkProgram:
    return uniform(model.network, fmt, device=device, ranges=ranges)  # type: ignore[arg-type]  # the ranges that `calibrated` passes


def derived(program: NetworkProgram, inputs: InputSet, evidence: NetworkEvidence) -> tuple[float | None, str]:
    """What the kernel derives in exact rational arithmetic, and else the reason why it derives nothing."""
    try:
        value = claim_of(question_of(program, inputs, None), evidence, Budget(MAX_NETWORK_WORK)).value
    except InputError as failure:
        return None, f"{failure.where}: {failure.what}"
    return (float(value), "") if isinstance(value, Fraction) else (np.inf, "a run that overflows")


def unsound(cells: Sequence[Cell]) -> list[Cell]:
    """Cells in which an error exceeds a bound: there must be none."""
    return [cell for cell in cells if cell.found is not None and cell.bound is not None and cell.found > cell.bound]
