"""Proved bound over the largest error found, on classifiers of digits at single inputs, over balls and over [0, 1]^64."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from statistics import median

from benchmarks.networks.measured import EVER, Cell, measure, ranged, unsound
from benchmarks.networks.models import DIGITS, RADIUS, conditions, digits, table
from benchmarks.networks.norms import NormBounds, norm_bounds
from suffice.prover.networks.searching import SearchBudget

PLACEMENTS = (
    *((name, "generic") for name in ("fp16", "bf16", "fp8_e4m3", "int8", "fp32")), ("fp32", "generic_sequential"),
)  # fmt: skip
"""Formats and devices. On `generic` sums may go in any order, and the bound holds for all; on `generic_sequential` they go by index."""

SETS = (*(f"point {number}" for number in range(8)), "ball 0", "ball 1", "box")

NORMS = 20.0
"""How much tighter than the product of max norms the bounds over balls should be."""

NORM_BOUNDS = ("product of max norms", "product of 2-norms", "products of norms of our local errors")


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioRow:
    """A cell; over balls with the bound that products of norms give."""

    cell: Cell
    norms: NormBounds | None = None

    @property
    def bound(self) -> float | None:
        """The kernel's, or where it has none the analyser's."""
        return self.cell.kernel if self.cell.kernel is not None else self.cell.analysed

    @property
    def tighter(self) -> tuple[float, float, float] | None:
        """How many times our bound those of norms are: by norms alone, in the max norm and in the 2-norm, and with our local errors."""
        if self.norms is None or not self.bound:
            return None
        return self.norms.largest / self.bound, self.norms.euclidean / self.bound, self.norms.with_our_errors / self.bound


def target(kind: str, fmt: str) -> float | None:
    """The ratio that a cell should not exceed."""
    match kind.split()[0], fmt:
        case "point", "fp32":
            return None
        case "point", _:
            return 1.5
        case "ball", _:
            return {"fp8_e4m3": 30.0, "fp32": 25.0}.get(fmt, 10.0)
        case _, "fp16" | "bf16":
            return 80.0
    return 200.0


def rows_of(task: tuple[str, str], seconds: float, placements: Sequence[tuple[str, str]]) -> list[RatioRow]:
    """One model over one set of inputs, in every format."""
    name, kind = task
    model = digits(name)
    known = ranged(model.network, model.at(kind))
    found = []
    for fmt, device in placements:
        cell, program = measure(known, model, kind, fmt, device, SearchBudget(runs=EVER, seconds=seconds))
        norms = norm_bounds(program, known.inputs, known.ranges) if kind.startswith("ball") else None
        found.append(RatioRow(cell=cell, norms=norms))
    return found


def main(seconds: float, models: Sequence[str] = DIGITS, sets: Sequence[str] = SETS, formats: Sequence[str] = (), jobs: int = 1) -> int:
    """Print the table; 1 if an error exceeds its bound."""
    placements = [placement for placement in PLACEMENTS if not formats or placement[0] in formats]
    budget = f"{seconds:g} s of search a cell, at points one run; balls of radius {RADIUS} cut to [0, 1]"
    print(conditions("Proved bound / largest error found", budget), flush=True)
    tasks = [(name, kind) for name in models for kind in sets]
    rows: list[RatioRow] = []
    with ExitStack() as stack:
        mapped = stack.enter_context(ProcessPoolExecutor(jobs)).map if jobs > 1 else map
        for found in mapped(rows_of, tasks, repeat(seconds), repeat(placements)):
            rows += found
            print(full_table(found, begins=len(rows) == len(found)), flush=True)
    print(short_table(rows))
    wrong = unsound([row.cell for row in rows])
    missed = [row for row in rows if misses(row)]
    print(f"\n{len(rows)} cells, {len(wrong)} with an error above a bound, {len(missed)} beyond a target")
    for row in missed:
        print(f"  beyond: {row.cell.model} {row.cell.inputs} {row.cell.format} {row.cell.device}: {row.cell.ratio} {row.cell.note}")
    norms = [row.tighter for row in rows if row.tighter is not None]
    for what, ratios in zip(NORM_BOUNDS, zip(*norms, strict=True), strict=False):
        print(f"over balls, {what} / ours: {min(ratios):.3g} to {max(ratios):.3g}, median {median(ratios):.3g}")
    return 1 if wrong else 0


def misses(row: RatioRow) -> bool:
    """Whether a cell misses a target."""
    cell, most = row.cell, target(row.cell.inputs, row.cell.format)
    too_far = most is not None and (cell.ratio is None or cell.ratio > most)
    return too_far or (row.tighter is not None and row.tighter[0] < NORMS)


HEAD = (
    "model", "inputs", "format", "device", "kernel's bound", "analyser's", "error found", "ratio", "target",
    "norms / ours: max, 2, our errors", "runs", "s",
)  # fmt: skip


def full_table(rows: Sequence[RatioRow], *, begins: bool) -> str:
    """Every cell; under the head of the table where it begins."""
    lines = table(
        HEAD,
        [
            (
                cell.model, cell.inputs, cell.format, cell.device, cell.kernel, cell.analysed, cell.found, cell.ratio,
                target(cell.inputs, cell.format), _three(row), cell.runs, cell.seconds,
            )
            for row in rows
            for cell in (row.cell,)
        ],
    )  # fmt: skip
    return lines if begins else "\n".join(lines.splitlines()[2:])


def _three(row: RatioRow) -> str | None:
    return None if row.tighter is None else ", ".join(f"{ratio:.3g}" for ratio in row.tighter)


def short_table(rows: Sequence[RatioRow]) -> str:
    """The largest ratio of each model, kind of set, format and device."""
    ratios: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cell = row.cell
        ratios[cell.model, cell.inputs.split()[0]][f"{cell.format} {cell.device}"].append(cell.ratio or float("inf"))
    columns = list(dict.fromkeys(column for found in ratios.values() for column in found))
    lines: list[tuple[object, ...]] = [(*key, *(max(found[column], default=None) for column in columns)) for key, found in ratios.items()]
    return "\n" + table(("model", "largest over", *columns), lines)
