"""The bracket of one problem in one format, measured in a process of its own.

    python -m benchmarks.measuring FILE FORMAT TIMEOUT SIDES STARTED

prints one JSON object. SIDES is `both`, or `upper` for the branch and bound alone, without certificate and witness; STARTED is time.time()
when the process was started. Errors are absolute; inputs arrive as the file says (real, unless it says otherwise).
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.cases import BenchCase
from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem
from suffice.encodings.readers.toml import read_problem_file
from suffice.errors import SufficeError
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.brackets import bounds
from suffice.prover.case import Asked, make_case
from suffice.prover.engine import bound_error
from suffice.prover.engine.branching import Effort, Found
from suffice.prover.results import Amount

ROOT = Path(__file__).parent.parent
_LEAVES = (Op.CONST, Op.VAR, Op.PI, Op.E)
_PATIENCE = 60.0
"""Seconds beyond the time limit after which the process is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the tool says and what it took; `note` is the reason where a side of the bracket is missing.

    `upper` is rounded up and `witness` down; `checked`: the kernel derived the upper bound too. An infinite witness is a run that
    overflows or ends in NaN. `seconds` are those of both sides, `upper_seconds` of the upper bound alone, `whole_seconds` of the
    command from the start of Python; `megabytes` is the peak of resident memory beyond what the imports take.
    """

    operations: int = 0
    inputs: int = 0
    upper: float | None = None
    witness: float | None = None
    leaves: int = 0
    checked: bool = False
    upper_seconds: float | None = None
    seconds: float | None = None
    whole_seconds: float | None = None
    megabytes: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Upper bound over witness, None where either is missing, infinite or zero."""
        if self.upper is None or not self.witness or not math.isfinite(self.witness):
            return None
        return self.upper / self.witness


def measure(case: BenchCase, fmt: str, timeout: float, sides: str = "both") -> Measured:
    """Run a process on the case, and end it where it does not end itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{Path(case.name).name}{case.suffix}"
        path.write_text(case.text, encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.measuring", str(path), fmt, str(timeout), sides, str(time.time())]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout + _PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            return Measured(note=f"did not end within {timeout + _PATIENCE:g} s")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        return Measured(note=f"crashed: {last[:200]}")
    return Measured(**json.loads(done.stdout))


def measure_here(path: Path, fmt: str, timeout: float, sides: str, started: float) -> Measured:
    """The same in this process, whose memory has held nothing but the imports so far."""
    before = peak_megabytes()
    ready = time.time() - started
    try:
        problem = replace(read_problem_file(path).problem, tolerance=None)
    except SufficeError as error:
        return Measured(note=f"refused: {error}")
    given = parse_format(fmt)
    asked = Asked(name=fmt, input=given, compute=given, output=given)
    measured = Measured(operations=count_operations(problem), inputs=len(problem.box))
    try:
        if sides == "both":
            measured = _bracket(measured, problem, asked, timeout, ready)
            return replace(measured, megabytes=peak_megabytes() - before)
        found = _upper_bound(problem, asked, timeout)
    except SufficeError as error:
        return replace(measured, note=f"refused: {error}")
    upper = found.bound if math.isfinite(found.bound) else None
    memory = peak_megabytes() - before
    where = ", ".join(f"{name} in [{lo:.6g}, {hi:.6g}]" for name, (lo, hi) in found.hardest.items())
    note = "" if upper is not None else f"no bound at {where}"
    return replace(measured, upper=upper, leaves=found.leaves, upper_seconds=found.seconds, megabytes=memory, note=note)


def _bracket(measured: Measured, problem: Problem, asked: Asked, timeout: float, ready: float) -> Measured:
    """What `suffice bounds` answers; it was `ready` so many seconds after the start of Python."""
    start = time.perf_counter()
    (result,) = bounds(problem, [asked], timeout=timeout).results
    seconds = time.perf_counter() - start
    return replace(
        measured,
        upper=above(result.error_bound),
        witness=below(result.witness_error),
        leaves=result.leaves,
        checked=result.checked,
        upper_seconds=result.bound_seconds,
        seconds=seconds,
        whole_seconds=ready + seconds,
        note=result.note,
    )


def _upper_bound(problem: Problem, asked: Asked, timeout: float) -> Found:
    """The branch and bound alone, timed by the clock from the problem to the bound."""
    start = time.perf_counter()
    found = bound_error(make_case(problem, asked, []), Effort(seconds=timeout))
    return replace(found, seconds=time.perf_counter() - start)


def count_operations(problem: Problem) -> int:
    """Distinct operations; inputs and constants are none."""
    return sum(node.op not in _LEAVES for node in problem.expression.nodes)


def above(value: Fraction | None) -> float | None:
    """A float that is no smaller."""
    if value is None:
        return None
    nearest = float(value)
    return nearest if nearest >= value else math.nextafter(nearest, math.inf)


def below(value: Amount | None) -> float | None:
    """A float that is no larger."""
    if value is None:
        return None
    if not isinstance(value, Fraction):
        return math.inf
    nearest = float(value)
    return nearest if nearest <= value else math.nextafter(nearest, 0.0)


def peak_megabytes() -> float:
    """The most resident memory that this process has held so far.

    Linux keeps it for the program in VmHWM; getrusage there also counts the process that this one was started from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        fields: Mapping[str, Any] = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return float(fields["VmHWM"].split()[0]) / 1024
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(arguments: list[str]) -> int:
    """Print what was measured."""
    path, fmt, timeout, sides, started = arguments
    print(json.dumps(asdict(measure_here(Path(path), fmt, float(timeout), sides, float(started)))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
