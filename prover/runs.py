"""Untrusted search for the run with the largest error, in any number of inputs and formats up to fp64 (THEORY W)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suffice.prover.case import Case
from suffice.prover.emulation import can_emulate
from suffice.prover.results import Point
from suffice.prover.search import Candidate
from suffice.prover.witnesses.hunt import Hunt
from suffice.prover.witnesses.inputs import make_inputs
from suffice.prover.witnesses.scoring import make_judge


@dataclass(frozen=True, slots=True)
class RunSearch:
    """The most promising runs, best first, and how many were tried."""

    candidates: tuple[Candidate, ...]
    evaluations: int


def search_runs(case: Case, *, upper: float | None, hints: Sequence[Point] = (), seconds: float, seed: int = 0) -> RunSearch:
    """Runs with large errors, found within about `seconds`; sooner where one comes near `upper` or nothing better turns up.

    `hints` are points near which errors may be large. The case needs a program and a tolerance. Everything is approximate: the kernel
    confirms what is claimed. The same seed gives the same candidates, unless time runs out.
    """
    formats = (*case.inputs.values(), *case.nodes, case.output)
    inputs = make_inputs(case) if case.problem.box and can_emulate(formats, case.problem.box) else None
    if inputs is None:
        return RunSearch((), 0)
    hunt = Hunt(make_judge(case, inputs), np.random.default_rng(seed), time.monotonic() + seconds, upper)
    hunt.run(hints)
    return RunSearch(hunt.candidates(), hunt.evaluations)
