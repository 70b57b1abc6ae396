"""Deeper models: bounds, errors found and a verdict, at one input and over a ball."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction

from benchmarks.networks.measured import EVER, Cell, measure, ranged, unsound
from benchmarks.networks.models import DEEPER, Model, conditions, table
from suffice.encodings.networks.inputs import InputSet, balls
from suffice.errors import SufficeError
from suffice.prover.networks.searching import SearchBudget

FORMATS = ("fp16", "bf16", "fp8_e4m3", "int8", "fp32", "fp32@generic_sequential")
RADII = (0.0, 1e-4, 1e-2)
LARGE = 1_000_000
"""Parameters beyond which a model is measured at one input only."""
DECADES = 12
HEAD = (
    "model", "parameters", "radius", "format", "device", "kernel's bound", "analyser's", "error found", "ratio", "verdicts",
    "s", "s for ranges", "note",
)  # fmt: skip


def tolerances(cell: Cell) -> tuple[str | None, str | None]:
    """The least power of ten that the bound proves sufficient, and the largest that the run proves insufficient."""
    powers = [Fraction(10) ** k for k in range(-DECADES, DECADES)]
    enough = next((float(power) for power in powers if cell.bound is not None and cell.bound <= power), None)
    broken = next((float(power) for power in reversed(powers) if cell.found is not None and cell.found > power), None)
    return None if enough is None else f"sufficient at {enough:g}", None if broken is None else f"insufficient at {broken:g}"


def inputs_of(model: Model, radius: float) -> InputSet:
    """The ball around the first sample."""
    return balls(model.samples[:1], radius, within=model.within)


def main(seconds: float, names: Sequence[str], formats: Sequence[str] = (), radii: Sequence[float] = RADII) -> int:
    """Print the table; 1 if an error exceeds its bound."""
    print(conditions("Deeper models", f"{seconds:g} s of search a cell; balls around one input"), flush=True)
    rows: list[tuple[object, ...]] = []
    cells: list[Cell] = []
    for name in names:
        try:
            model = DEEPER[name]()
        except (FileNotFoundError, ImportError) as error:
            print(f"{name}: not run: {error}")
            continue
        for radius in radii[: 1 if model.network.parameters > LARGE else None]:
            found, surrounding = cells_of(model, radius, seconds, formats or FORMATS)
            cells += found
            rows += [row_of(cell, model, surrounding) for cell in found]
    print(table(HEAD, rows))
    wrong = unsound(cells)
    print(f"\n{len(cells)} cells, {len(wrong)} with an error above a bound")
    return 1 if wrong else 0


def cells_of(model: Model, radius: float, seconds: float, formats: Sequence[str]) -> tuple[list[Cell], float]:
    """The cells of one ball, and the seconds that ranges took."""
    start = time.perf_counter()
    known = ranged(model.network, inputs_of(model, radius))
    surrounding = time.perf_counter() - start
    cells = []
    for asked in formats:
        began = time.perf_counter()
        fmt, _, device = asked.partition("@")
        device = device or "generic"
        try:
            cell, _ = measure(known, model, f"{radius:g}", fmt, device, SearchBudget(runs=EVER, seconds=seconds))
        except SufficeError as error:
            spent = time.perf_counter() - began
            cell = Cell(model=model.name, inputs=f"{radius:g}", format=fmt, device=device, seconds=spent, note=str(error))
        cells.append(cell)
        print(f"  {cell.model}, radius {radius:g}, {fmt}: {cell.seconds:.1f} s", flush=True)
    return cells, surrounding


def row_of(cell: Cell, model: Model, surrounding: float) -> tuple[object, ...]:
    """A line of the table."""
    verdicts = "; ".join(verdict for verdict in tolerances(cell) if verdict) or "undecided"
    return (
        cell.model, model.network.parameters, cell.inputs, cell.format, cell.device, cell.kernel, cell.analysed, cell.found, cell.ratio,
        verdicts, cell.seconds, surrounding, cell.note[:80],
    )  # fmt: skip
