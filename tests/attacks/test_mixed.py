"""Every verdict and bound on mixed formats against exhaustive truth: the seeds were also run far beyond those that stand here."""

from __future__ import annotations

from collections import Counter

import pytest

from suffice.errors import DomainError, InputError
from suffice.proofs.certificate import canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.portfolio import prove
from tests.attacks.mixed_problems import question
from tests.oracle.truth import contradictions, truth

SEEDS = 350
PARTS = 10


def judge(seed: int) -> tuple[str, list[str]]:
    """The verdict ("" where the question has no answer), and what is wrong with the answer."""
    problem, asked = question(seed)
    try:
        result = prove(problem, [asked], timeout=1, run_all=seed % 2 == 0).results[0]
    except (DomainError, InputError):
        return "", []
    report = check(canonical_bytes(result.certificate))
    wrong = [] if (report.status, report.verdict) == ("accepted", result.verdict) else [f"the kernel: {report.status} {report.reason}"]
    try:
        known = truth(problem, asked.input, asked.compute, asked.output)
        return str(result.verdict), wrong + contradictions(known, result)
    except (ValueError, OverflowError, NotImplementedError):  # no number in the box, values beyond float64, irrational runs
        return "", wrong


@pytest.mark.parametrize("part", range(PARTS))
def test_no_answer_contradicts_the_truth(part: int) -> None:
    judged = {seed: judge(seed) for seed in range(part, SEEDS, PARTS)}
    assert {seed: wrong for seed, (_, wrong) in judged.items() if wrong} == {}
    verdicts = Counter(verdict for verdict, _ in judged.values() if verdict)
    assert sum(verdicts.values()) >= SEEDS // PARTS // 4
    assert len(verdicts) >= 2
