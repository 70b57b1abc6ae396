"""Seconds and memory against parameters, on perceptrons with random weights over a ball; and one perceptron in six formats.

    python -m benchmarks.networks.scaling WIDTHS FORMAT        one row, as JSON, in a process of its own: without the kernel, then with it
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite, log
from pathlib import Path

import numpy as np

from benchmarks.measuring import peak_megabytes
from benchmarks.networks.measured import EVER, kernel_bound
from benchmarks.networks.models import conditions, perceptron, table
from suffice.encodings.enclosures.relaxations.tighten import tighten
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.certifying import AskedNetwork, prove_network
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.searching import SearchBudget

ROOT = Path(__file__).parents[2]
SIX = ("fp16", "bf16", "fp8_e4m3", "fp8_e5m2", "int8", "fp32")
SEARCH = 0.3
"""Seconds of search for each of the six formats."""


HEAD = (
    "widths", "parameters", "s for ranges", "s for the bound", "both", "bound", "kernel s", "kernel's bound", "MB", "clock of both",
    "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Widths of the perceptrons, from small to large; the widths of the one in six formats; the seconds that a row may take."""

    widths: tuple[tuple[int, ...], ...]
    six: tuple[int, ...]
    patience: float


FULL = Extent(
    widths=((16, 24, 20, 10), (64, 32, 32, 10), (64, 96, 40, 10), (196, 128, 48, 10), (784, 120, 80, 10), (784, 256, 128, 10),
            (784, 640, 640, 10), (1024, 1024, 1024, 512, 10), (1536, 2048, 2048, 1024, 10)),
    six=(784, 256, 128, 10), patience=400.0,
)  # fmt: skip
TINY = Extent(widths=((4, 6, 2), (8, 12, 4)), six=(6, 5, 4, 3), patience=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What one perceptron took in seconds of CPU time, `wall` aside: ranges over the ball, the analyser's bound for one format, and the
    kernel's, None where it has a limit."""

    parameters: int
    ranges: float
    analysis: float
    bound: float | None
    megabytes: float
    wall: float
    kernel: float | None = None
    kernel_bound: float | None = None
    note: str = ""


def measure_here(widths: tuple[int, ...], fmt: str) -> Iterator[Size]:
    """One row, in this process: as soon as the analyser is done, and again when the kernel is."""
    before = peak_megabytes()
    model = perceptron(widths)
    inputs = model.at("ball 0")
    began, start = time.perf_counter(), time.process_time()
    ranges = tighten(model.network, inputs.boxes[0])
    ranged = time.process_time()
    program = uniform(model.network, fmt, ranges=ranges)
    bound = analyse(program, inputs, [ranges]).bound
    analysed = time.process_time()
    wall, memory = time.perf_counter() - began, peak_megabytes() - before
    size = Size(
        parameters=model.network.parameters, ranges=ranged - start, analysis=analysed - ranged, bound=bound if isfinite(bound) else None,
        megabytes=memory, wall=wall, note="the kernel did not end",
    )  # fmt: skip
    yield size
    derived, note = kernel_bound(program, inputs)
    seconds = time.process_time() - analysed
    yield replace(size, kernel=None if derived is None else seconds, kernel_bound=derived, note=note[:90])


def measure(widths: tuple[int, ...], fmt: str, patience: float) -> Size | str:
    """The same in a process of its own; the reason where it gives nothing."""
    command = [sys.executable, "-m", "benchmarks.networks.scaling", ",".join(map(str, widths)), fmt]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired as late:
        lines = (late.stdout or b"").decode().splitlines()
        return Size(**json.loads(lines[-1])) if lines else f"did not end within {patience:g} s"
    if done.returncode:
        return (done.stderr.decode().strip().splitlines() or [f"status {done.returncode}"])[-1]
    return Size(**json.loads(done.stdout.decode().splitlines()[-1]))


def main(extent: Extent, seconds: float) -> int:
    """Print the table, the exponents of growth, and the seconds of the six formats."""
    print(conditions("Scaling", f"fp16, a ball of radius 0.01, seconds of CPU time, at most {extent.patience:g} s a row"), flush=True)
    rows: list[tuple[object, ...]] = []
    sizes: list[Size] = []
    for widths in extent.widths:
        found = measure(widths, "fp16", extent.patience)
        if isinstance(found, str):
            print(f"  {widths}: {found}", flush=True)
            rows.append(("-".join(map(str, widths)), *[None] * 9, found))
            continue
        sizes.append(found)
        print(f"  {found}", flush=True)
        whole = found.ranges + found.analysis
        rows.append(("-".join(map(str, widths)), found.parameters, found.ranges, found.analysis, whole, found.bound, found.kernel,
                     found.kernel_bound, found.megabytes, found.wall, found.note))  # fmt: skip
    print(table(HEAD, rows))
    parameters = [size.parameters for size in sizes]
    growth = {
        "the analyser's seconds": exponent(parameters, [size.ranges + size.analysis for size in sizes]),
        "its memory": exponent(parameters, [size.megabytes for size in sizes]),
        "the kernel's seconds": exponent(*zip(*((size.parameters, size.kernel) for size in sizes if size.kernel is not None), strict=True)),
    }
    print("\nleast squares: " + ", ".join(f"{what} grow as parameters^{power:.2f}" for what, power in growth.items()))
    sys.stdout.flush()
    return six_formats(extent.six, min(seconds, SEARCH))


def six_formats(widths: tuple[int, ...], seconds: float) -> int:
    """A perceptron over a ball certified for six formats, certificates checked; 1 if one has no bound."""
    model = perceptron(widths)
    wall, processor = time.perf_counter(), time.process_time()
    asked = [AskedNetwork(format=name) for name in SIX]
    proof = prove_network(model.network, model.at("ball 0"), None, asked, budget=SearchBudget(runs=EVER, seconds=seconds))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"\n{model.name} over a ball in six formats: {wall:.1f} s, {processor:.1f} s of CPU time; search {seconds:g} s a format")
    rows: list[tuple[object, ...]] = [
        (r.format, None if r.error_bound is None else float(r.error_bound), None if r.analysed is None else float(r.analysed),
         None if not r.witness_error else float(r.witness_error), r.seconds, r.digest[:19], r.note[:80])
        for r in proof.results
    ]  # fmt: skip
    print(table(("format", "kernel's bound", "analyser's", "error found", "s", "certificate", "note"), rows))
    return 1 if any(result.error_bound is None for result in proof.results) else 0


def exponent(x: Sequence[int], y: Sequence[float]) -> float:
    """The slope of log y against log x by least squares."""
    if len(x) < 2:
        return float("nan")
    slope, _ = np.polyfit([log(value) for value in x], [log(max(value, 1e-6)) for value in y], 1)
    return float(slope)


if __name__ == "__main__":
    for row in measure_here(tuple(map(int, sys.argv[1].split(","))), sys.argv[2]):
        print(json.dumps(asdict(row)), flush=True)
