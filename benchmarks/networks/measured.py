"""One cell of the tables: what is proved of a program over a set of inputs, and the largest error that a search finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import isfinite

import numpy as np

from benchmarks.networks.models import Model
from benchmarks.networks.orders import climbing
from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.enclosures.relaxations.tighten import tighten
from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.errors import InputError
from suffice.hardware_specs.accumulation import Order
from suffice.hardware_specs.catalogue import parse_format
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.limits import MAX_NETWORK_WORK
from suffice.proofs.networks import LayersEvidence, NetworkEvidence, NetworkInput, NetworkRun, claim_of, question_of
from suffice.prover.networks.calibrating import calibrated
from suffice.prover.networks.narrowing import narrowed_nodes
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.searching import SearchBudget, search

EVER = 10**12
"""Runs that no search reaches: seconds alone limit it."""

KERNEL_PARAMETERS = 300_000
"""Larger networks are measured without the kernel, which would take minutes; the error found is then the search's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`kernel`: the bound that the kernel derives, `analysed` the analyser's; `found` is the error of a run that the kernel confirms.

    A run adds by index, or where the order is free also as orders.py says. None where there is none; `note` says why.
    `runs` and `search_seconds` are what the search used, `seconds` the whole.
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


@dataclass(frozen=True, slots=True, eq=False)
class Ranged:
    """A set of one box, and the ranges of all nodes over it."""

    inputs: InputSet
    ranges: Mapping[int, Intervals]


def ranged(network: Network, inputs: InputSet) -> Ranged:
    """Relaxations help over a box only."""
    (box,) = inputs.boxes
    return Ranged(inputs, tighten(network, box, work=0) if box.is_point else tighten(network, box))


def measure(known: Ranged, model: Model, kind: str, fmt: str, device: str, budget: SearchBudget) -> tuple[Cell, NetworkProgram]:
    """The cell of one format on one device, over one box."""
    start = time.perf_counter()
    inputs = known.inputs

    def place(ranges: Mapping[int, Intervals] | None, network: Network = model.network) -> NetworkProgram:
        return uniform(network, fmt, device=device, ranges=ranges)

    program, analysis = calibrated(place, inputs, [known.ranges], known.ranges)
    bound, note = None, f"more than {KERNEL_PARAMETERS} parameters: not given to the kernel"
    if model.network.parameters <= KERNEL_PARAMETERS:
        bound, note = kernel_bound(program, inputs)
    began = time.perf_counter()
    runs, found = 0, None
    for tried in orders(program, known, partial(place, None)):
        share = replace(budget, seconds=budget.seconds / (2 if is_free(program) else 1))
        worst = search(tried, inputs.boxes[0], inputs.model, share)
        runs += worst.runs
        if worst.error > 0 and model.network.parameters > KERNEL_PARAMETERS:
            found = max(found or 0.0, worst.error)
        elif worst.error > 0:
            error, reason = derived(tried, inputs, NetworkRun(input=NetworkInput(box=0, values=worst.x)))
            found = error if found is None else max(found, error or 0.0)
            note = "; ".join(part for part in (note, reason) if part)
    searched = time.perf_counter() - began
    analysed = analysis.bound if isfinite(analysis.bound) else None
    cell = Cell(
        model=model.name, inputs=kind, format=fmt, device=device, kernel=bound, analysed=analysed, found=found,
        runs=runs, search_seconds=searched, seconds=time.perf_counter() - start, note=note,
    )  # fmt: skip
    return cell, program


def is_free(program: NetworkProgram) -> bool:
    """Whether sums of fp32 numbers may go in any order: then another one is searched too. For narrower formats it hardly matters."""
    fp32 = parse_format("fp32")
    free = any(step.accumulation is not None and step.accumulation.order is Order.ANY for step in program.steps)
    return free and program.steps[0].stored == fp32


def orders(program: NetworkProgram, known: Ranged, place: Callable[[Network], NetworkProgram]) -> Iterator[NetworkProgram]:
    """The program, and where it may add in any order one that adds in another."""
    yield program
    if is_free(program):
        box = known.inputs.boxes[0]
        yield place(climbing(program.network, box.lo + (box.hi - box.lo) / 2))


def kernel_bound(program: NetworkProgram, inputs: InputSet) -> tuple[float | None, str]:
    """The bound that the kernel derives with the ranges narrowed that the prover would have narrowed, and else the reason for none."""
    try:
        narrowed = narrowed_nodes(question_of(program, inputs, None))
    except InputError as failure:
        return None, failure.what
    bound, note = derived(program, inputs, LayersEvidence(narrowed=narrowed))
    return (bound, note) if bound is not None or not narrowed else derived(program, inputs, LayersEvidence())


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
