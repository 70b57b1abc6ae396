"""SMT solvers, each in a child process that can be killed. A solver's word is shown beside the kernel's, never in its place."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Literal

from suffice.errors import DisagreementError, InputError
from suffice.prover.results import SolverRun

Answer = Literal["sat", "unsat", "unknown"]

SOLVERS = ("z3", "cvc5")
"""The solvers that can be asked."""

MEMORY_BYTES = 4 << 30
"""Address space of a solver's process."""


def decide(scripts: Sequence[str], *, solvers: Sequence[str] = SOLVERS, timeout: float = 20.0) -> list[list[SolverRun]]:
    """Every solver's answer to every script, with the unsat core: for each script one run per solver.

    `timeout` is in seconds for each solver's whole batch. Unknown, late, killed and missing are all `unknown`.
    """
    for solver in solvers:
        if solver not in SOLVERS:
            raise InputError(f"unknown solver {solver}", mend=f"use one of {', '.join(SOLVERS)}")
    if not scripts:
        return []
    batches = [_ask(solver, scripts, timeout) for solver in solvers]
    return [list(runs) for runs in zip(*batches, strict=True)]


def confirm(scripts: Sequence[str], **options: object) -> list[list[SolverRun]]:
    """`decide`, and a DisagreementError if a solver calls satisfiable what the kernel has derived."""
    answers = decide(scripts, **options)  # type: ignore[arg-type]
    for runs in answers:
        for run in runs:
            if run.answer == "sat":
                raise DisagreementError(f"{run.solver} finds a model of a script that the kernel has refuted")
    return answers


def _ask(solver: str, scripts: Sequence[str], timeout: float) -> list[SolverRun]:
    request = json.dumps({"solver": solver, "scripts": list(scripts), "seconds": timeout, "memory": MEMORY_BYTES})
    start = time.monotonic()
    try:
        finished = subprocess.run(
            [sys.executable, "-m", "suffice.prover.solver_process"],
            input=request, capture_output=True, text=True, timeout=timeout + 5, check=False,
        )  # fmt: skip
        lines = finished.stdout.splitlines()
    except subprocess.TimeoutExpired as late:
        lines = (late.stdout or b"").decode().splitlines() if isinstance(late.stdout, bytes) else []
    answers = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
    runs = [
        SolverRun(solver=solver, version=a["version"], answer=a["answer"], seconds=a["seconds"], core=tuple(a["core"])) for a in answers
    ]
    seconds = time.monotonic() - start
    return runs + [SolverRun(solver=solver, version="", answer="unknown", seconds=seconds)] * (len(scripts) - len(runs))
