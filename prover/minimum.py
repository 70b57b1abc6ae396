"""The smallest format that is enough, with a proof for it and for every smaller one."""

from __future__ import annotations

from collections.abc import Sequence

from suffice.encodings.problem import Problem
from suffice.proofs.certificate import Verdict
from suffice.prover.case import Asked
from suffice.prover.portfolio import Progress, prove
from suffice.prover.results import Minimum


def minimum(
    problem: Problem, formats: Sequence[Asked], *, timeout: float | None = None, run_all: bool = False, progress: Progress | None = None
) -> Minimum:
    """Take the formats in the order given, smallest first, up to the first that is proved sufficient.

    The answer is tight when every smaller one was proved impossible; without a sufficient one there is no minimum.
    """
    proof = prove(problem, formats, timeout=timeout, run_all=run_all, progress=progress, until=Verdict.SUFFICIENT)
    smaller = [result for result in proof.results if result.verdict is not Verdict.SUFFICIENT]
    enough = [result for result in proof.results if result.verdict is Verdict.SUFFICIENT]
    return Minimum(
        problem=problem,
        results=proof.results,
        minimum=enough[0].format if enough else None,
        tight=bool(enough) and all(result.verdict is Verdict.IMPOSSIBLE for result in smaller),
    )
