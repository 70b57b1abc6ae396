"""How long it takes, against the limits that the project set itself: the median of five runs, on the clock and on the processor.

    python -m benchmarks.speed

A cold command is a process of its own, from the start of Python to its end. Elsewhere the clock starts after all imports.
Status 1 if the processor's time of anything exceeds its limit.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

from suffice.encodings.problem import Interval, Problem, Tolerance
from suffice.encodings.readers.text import read_expression
from suffice.hardware_specs.catalogue import parse_format
from suffice.proofs.kernel import check
from suffice.prover.case import Asked, make_case
from suffice.prover.search import search

ROOT = Path(__file__).parent.parent
RUNS = 5
EXP = ("prove", "--expr", "exp(x)", "--var", "x=0:1", "--eps", "1e-2", "--format")
SOFTMAX = ("prove", "--expr", "exp(x)/(exp(x)+exp(y))", "--var", "x=-8:8", "--var", "y=-8:8", "--eps", "1e-3")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one run."""

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured, its limit in seconds (None: for comparison only), and one run of it."""

    name: str
    limit: float | None
    run: Callable[[], Spent]


def main() -> int:
    """Print the table."""
    rows = [
        Row("suffice --help, cold", 0.4, cold("--help")),
        Row("prove: two inputs, five formats, cold", 3, cold(*SOFTMAX, "--format", "int8,fp8_e4m3,bf16,fp16,fp32")),
        Row("prove: exp on [0, 1], fp16, cold", None, cold(*EXP, "fp16")),
        Row("prove: exp on [0, 1], bf16, cold", None, cold(*EXP, "bf16")),
        Row("every code of fp16, exp on [0, 1]", 1, enumeration("fp16")),
        Row("every code of bf16, exp on [0, 1]", 1, enumeration("bf16")),
        slowest_certificate(),
    ]
    print(f"{'median of ' + str(RUNS):44} {'wall s':>8} {'cpu s':>8} {'limit s':>8}")
    late = False
    for row in rows:
        runs = [row.run() for _ in range(RUNS)]
        wall, processor = median(run.wall for run in runs), median(run.processor for run in runs)
        late = late or (row.limit is not None and processor > row.limit)
        print(f"{row.name:44} {wall:8.3f} {processor:8.3f} {'' if row.limit is None else row.limit:>8}", flush=True)
    return 1 if late else 0


def cold(*arguments: str) -> Callable[[], Spent]:
    """A command in a process of its own; the processor's time is that of the process and of all its children."""

    def run() -> Spent:
        before, start = _children(), time.perf_counter()
        command = [sys.executable, "-m", "suffice", *arguments]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, check=True)
        return Spent(time.perf_counter() - start, _children() - before)

    return run


def warm(work: Callable[[], object]) -> Callable[[], Spent]:
    """Work in this process."""

    def run() -> Spent:
        start, before = time.perf_counter(), time.process_time()
        work()
        return Spent(time.perf_counter() - start, time.process_time() - before)

    return run


def enumeration(name: str) -> Callable[[], Spent]:
    """Search over all codes of a format of 16 bits."""
    fmt = parse_format(name)
    box = {"x": Interval(Fraction(0), Fraction(1))}
    problem = Problem(expression=read_expression("exp(x)", box), box=box, tolerance=Tolerance(absolute=Fraction(1, 100)))
    case = make_case(problem, Asked(name=name, input=fmt, compute=fmt, output=fmt), [])
    assert search(case).complete
    return warm(lambda: search(case))


def slowest_certificate() -> Row:
    """The kernel on the certificate of the gallery that takes it longest."""
    gallery = {path.stem: path.read_bytes() for path in sorted((ROOT / "proofs" / "gallery").glob("*.json"))}
    seconds = {name: warm(lambda data=data: check(data))().processor for name, data in gallery.items()}  # type: ignore[misc]
    slowest = max(seconds, key=lambda name: seconds[name])
    return Row(f"kernel on {slowest}", 1, warm(lambda: check(gallery[slowest])))


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
