"""How time, memory and the upper bound grow with a program: 10 to 10,000 operations, 2 to 12 inputs, Fourier transforms.

    python -m benchmarks.growth [--format fp64] [--timeout S] [--out FOLDER] [--only FAMILY ...]

Each row has a process of its own. Prints a table, and writes growth.csv and growth.png into FOLDER.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.measuring import ROOT, peak_megabytes
from benchmarks.programs import FAMILIES, SizedProgram
from suffice.cli.progress import progress_bar
from suffice.errors import SufficeError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.upward import rounding_up
from suffice.prover.case import Asked, Case, make_case
from suffice.prover.engine import bound_error
from suffice.prover.engine.branching import Effort, box_ends
from suffice.prover.engine.sweep import Boxes, Sweep
from suffice.rendering import show
from suffice.tables import NOTHING, Cell, Table

_PATIENCE = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthRow:
    """One program: its size, the largest bound of its outputs, and what that took (without building the program)."""

    family: str
    size: int
    operations: int = 0
    inputs: int = 0
    outputs: int = 0
    upper: float | None = None
    leaves: int = 0
    seconds: float | None = None
    megabytes: float | None = None
    note: str = ""


def bound_outputs(program: SizedProgram, case: Case, seconds: float) -> tuple[float, int]:
    """The largest bound of all outputs, and the leaves: branch and bound for one output, one sweep over the whole box for many."""
    if len(program.roots) == 1:
        found = bound_error(case, Effort(seconds=seconds))
        return found.bound, found.leaves
    names = sorted(program.problem.box)
    low, high = box_ends(*zip(*((program.problem.box[name].lo, program.problem.box[name].hi) for name in names), strict=True))
    boxes = Boxes({name: low[k : k + 1] for k, name in enumerate(names)}, {name: high[k : k + 1] for k, name in enumerate(names)})
    sweep = Sweep(case, roots=program.roots)
    with rounding_up():
        bounds = sweep.evaluate(boxes).bound
    return float(np.max(bounds)), 1


def measure_here(family: str, size: int, fmt: str, seconds: float) -> GrowthRow:
    """One row in this process, whose memory has held nothing but the imports so far."""
    before = peak_megabytes()
    program = FAMILIES[family][0](size)
    given = parse_format(fmt)
    case = make_case(program.problem, Asked(name=fmt, input=given, compute=given, output=given), [])
    start = time.perf_counter()
    upper, leaves = bound_outputs(program, case, seconds)
    return GrowthRow(
        family=family,
        size=size,
        operations=program.operations,
        inputs=len(program.problem.box),
        outputs=len(program.roots),
        upper=upper if math.isfinite(upper) else None,
        leaves=leaves,
        seconds=time.perf_counter() - start,
        megabytes=peak_megabytes() - before,
        note="" if math.isfinite(upper) else "no bound",
    )


def measure(family: str, size: int, fmt: str, seconds: float) -> GrowthRow:
    """The same in a process of its own, ended where it does not end itself."""
    command = [sys.executable, "-m", "benchmarks.growth", "--format", fmt, "--timeout", str(seconds), "--row", family, str(size)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + _PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return GrowthRow(family=family, size=size, note=f"did not end within {seconds + _PATIENCE:g} s")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        return GrowthRow(family=family, size=size, note=f"crashed: {last[:200]}")
    return GrowthRow(**json.loads(done.stdout))


def table(rows: Sequence[GrowthRow], fmt: str) -> Table:
    """A line for every row."""
    headings = ("program", "size", "operations", "inputs", "outputs", "upper", "leaves", "seconds", "MB", "")
    lines = tuple(
        (
            *map(Cell, (row.family, str(row.size), str(row.operations), str(row.inputs), str(row.outputs), _show(row.upper, "{:.4g}"))),
            *map(Cell, (str(row.leaves), _show(row.seconds, "{:.3f}"), _show(row.megabytes, "{:.0f}"), row.note)),
        )
        for row in rows
    )
    return Table(title=f"Upper bounds in {fmt}", headings=headings, rows=lines)


def _show(value: float | None, form: str) -> str:
    return NOTHING if value is None else form.format(value)


def draw(rows: Sequence[GrowthRow], fmt: str, path: Path) -> None:
    """Seconds and memory against operations, and seconds against inputs."""
    from matplotlib.figure import Figure

    few = [family for family, (_, sizes) in FAMILIES.items() if max(sizes) <= 12]
    by_size = [row for row in rows if row.family not in few]
    by_inputs = [row for row in rows if row.family in few]
    wanted = [("seconds", "operations", by_size), ("megabytes", "operations", by_size), ("seconds", "inputs", by_inputs)]
    panels = [panel for panel in wanted if panel[2]]
    figure = Figure(figsize=(4 * len(panels), 3.8), layout="constrained")
    for axes, (what, across, chosen) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for family in dict.fromkeys(row.family for row in chosen):
            here = [row for row in chosen if row.family == family and getattr(row, what)]
            axes.plot([getattr(row, across) for row in here], [getattr(row, what) for row in here], marker="o", markersize=4, label=family)
        axes.set(xlabel=across, ylabel=what, yscale="log", xscale="linear" if across == "inputs" else "log")
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
    figure.suptitle(f"Upper bounds in {fmt}", fontsize=10)
    figure.savefig(path, dpi=120)


def run_all(families: Sequence[str], fmt: str, seconds: float) -> list[GrowthRow]:
    """Row after row, with a bar for people who wait."""
    asked = [(family, size) for family in families for size in FAMILIES[family][1]]
    rows = []
    with progress_bar() as progress:
        for k, (family, size) in enumerate(asked):
            if progress:
                progress(f"{family} {size}", k / len(asked))
            rows.append(measure(family, size, fmt, seconds))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write; status 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", default="fp64")
    parser.add_argument("--timeout", type=float, default=20.0, metavar="S", help="seconds for each row")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), metavar="FOLDER")
    parser.add_argument("--only", nargs="+", choices=sorted(FAMILIES), default=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--row", nargs=2, metavar=("FAMILY", "SIZE"), help="one row in this process, as JSON")
    options = parser.parse_args(arguments)
    if options.row:
        family, size = options.row
        print(json.dumps(asdict(measure_here(family, int(size), options.format, options.timeout))))
        return 0
    try:
        parse_format(options.format)
        options.out.mkdir(parents=True, exist_ok=True)
    except (OSError, SufficeError) as error:
        print(error, file=sys.stderr)
        return 2
    rows = run_all(options.only, options.format, options.timeout)
    show([table(rows, options.format)])
    with (options.out / "growth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [column.name for column in fields(GrowthRow)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    draw(rows, options.format, options.out / "growth.png")
    print(options.out / "growth.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
