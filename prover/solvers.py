"""SMT solvers, each in a child process that can be killed. A solver's word is shown beside the kernel's, never in its place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any, Literal

from suffice.errors import DisagreementError, InputError
from suffice.prover.results import SolverRun
from suffice.prover.solver_process import GRACE

Answer = Literal["sat", "unsat", "unknown"]

Task = Literal["decide", "model", "prove", "prove freely"]
"""Whether a script is to be answered, or answered with a model, or with a proof: by methods that prove every step, or by any."""

SOLVERS = ("z3", "cvc5")
"""The solvers that can be asked."""

MEMORY_BYTES = 4 << 30
"""Address space of a solver's process."""

TIMEOUT = 20.0
"""Seconds for one solver's whole batch."""


def decide(scripts: Sequence[str], *, solvers: Sequence[str] = SOLVERS, timeout: float = TIMEOUT) -> list[list[SolverRun]]:
    """Every solver's answer to every script, with the unsat core: for each script one run per solver.

    `timeout` is in seconds for each solver's whole batch. Unknown, late, killed and missing are all `unknown`, with the reason.
    """
    for solver in solvers:
        if solver not in SOLVERS:
            raise InputError(f"unknown solver {solver}", mend=f"use one of {', '.join(SOLVERS)}")
    if not scripts:
        return []
    batches = [ask(solver, "decide", scripts, timeout) for solver in solvers]
    return [list(runs) for runs in zip(*batches, strict=True)]


def confirm(scripts: Sequence[str], *, solvers: Sequence[str] = SOLVERS, timeout: float = TIMEOUT) -> list[list[SolverRun]]:
    """`decide`, and a DisagreementError if a solver calls satisfiable what the kernel has derived."""
    answers = decide(scripts, solvers=solvers, timeout=timeout)
    for runs in answers:
        for run in runs:
            if run.answer == "sat":
                raise DisagreementError(f"{run.solver} finds a model of a script that the kernel has refuted")
    return answers


def ask(solver: str, task: Task, scripts: Sequence[str], timeout: float) -> list[SolverRun]:
    """One run for each script. A process that dies leaves its script unknown, and another goes on with the scripts after it."""
    deadline = time.monotonic() + timeout
    found: dict[int, SolverRun] = {}
    reason = ""
    while (left := [k for k in range(len(scripts)) if k not in found]) and (seconds := deadline - time.monotonic()) > 0:
        start = time.monotonic()
        request = {"solver": solver, "task": task, "scripts": [[k, scripts[k]] for k in left], "seconds": seconds, "memory": MEMORY_BYTES}
        output, reason = _run(request, seconds + GRACE)
        found |= _replies(output, solver, set(left))
        if reason == _LATE:
            break
        first = next((k for k in left if k not in found), None)
        if first is not None:
            found[first] = SolverRun(solver=solver, version="", answer="unknown", seconds=time.monotonic() - start, reason=reason)
    late = SolverRun(solver=solver, version="", answer="unknown", seconds=timeout, reason=f"no answer within {timeout:g} s")
    return [found.get(k, late) for k in range(len(scripts))]


_LATE = "late"


def _run(request: dict[str, Any], timeout: float) -> tuple[str, str]:
    """What a child process prints, and why it ended. It leads a process group of its own, which never outlives this call."""
    command = [sys.executable, "-m", "suffice.prover.solver_process"]
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=printed, stderr=subprocess.DEVNULL, start_new_session=True) as child,
    ):
        try:
            child.communicate(json.dumps(request).encode(), timeout=timeout)
            reason = _ending(child.returncode)
        except subprocess.TimeoutExpired:
            reason = _LATE
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
        printed.seek(0)
        return printed.read().decode(errors="replace"), reason


def _ending(status: int) -> str:
    if status in (-signal.SIGXCPU, -signal.SIGALRM):
        return _LATE
    if status < 0:
        return f"the solver's process was ended by {signal.Signals(-status).name}"
    return f"the solver's process ended without an answer (status {status})"


def _replies(output: str, solver: str, expected: set[int]) -> dict[int, SolverRun]:
    """The replies in what was printed; whatever is no reply to a script that was asked is passed over, and so is a second one."""
    found: dict[int, SolverRun] = {}
    for line in output.splitlines():
        try:
            reply = json.loads(line) if line.startswith("{") else None
            index = reply["index"] if reply else None
            if index in expected - found.keys() and reply is not None:
                found[index] = _solver_run(solver, reply)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return found


def _solver_run(solver: str, reply: dict[str, Any]) -> SolverRun:
    answer: Answer = reply["answer"] if reply["answer"] in ("sat", "unsat") else "unknown"
    return SolverRun(
        solver=solver,
        version=str(reply.get("version", "")),
        answer=answer,
        seconds=float(reply["seconds"]),
        core=tuple(map(str, reply.get("core", ()))),
        model=tuple((str(name), str(value)) for name, value in sorted(reply.get("model", {}).items())),
        reason=str(reply.get("reason", "")) if answer == "unknown" else "",
        proof=str(reply.get("proof", "")),
    )
