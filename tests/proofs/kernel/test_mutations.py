"""Every change of one field of a certificate is rejected, or what is accepted is true."""

from __future__ import annotations

from typing import Any

import pytest

from suffice.proofs.kernel.formats import Float
from suffice.proofs.kernel.grid import Grid
from suffice.proofs.kernel.measure import Measure

from .documents import FP16, a_run, canonical, certificate, cover, formats, problem, report
from .judging import Judge
from .mutations import mutate_many
from .samples import SQUARE, branching, handmade, pool


def test_mutants_are_rejected_or_true() -> None:
    outcome = mutate_many(handmade() | pool(), 600, seed=0)
    assert outcome.false == []
    assert outcome.unjudged == []
    assert outcome.true >= 20
    assert len(outcome.rejected) >= 60


def test_mutants_of_branching_certificates_are_rejected_or_true() -> None:
    outcome = mutate_many(branching(), 400, seed=1)
    assert outcome.false == []
    assert len(outcome.unjudged) <= 4
    assert outcome.true >= 20
    assert len(outcome.rejected) >= 40


def test_the_judge_calls_the_samples_true() -> None:
    judge = Judge()
    for name, document in (handmade() | pool()).items():
        assert judge.falsehoods(canonical(document)) == [], name


FAULTS: dict[str, tuple[type, str, Any]] = {
    "error_bound": (Grid, "_error", lambda *_: 0),
    "witness_error": (Measure, "at_least", lambda _, z, f: 100 * abs(z - f[0])),
    "floor_upper": (Float, "gap", lambda *_: 0),
}


@pytest.mark.parametrize("claim", FAULTS)
def test_a_kernel_with_a_fault_is_found_out(monkeypatch: pytest.MonkeyPatch, claim: str) -> None:
    evidence = a_run(x="4001/2048") if claim == "witness_error" else cover(0)
    question = problem(SQUARE, {"x": ["1", "2"]}, absolute="1/100000")
    assert Judge().falsehoods(canonical(certificate(question, formats(FP16), **{claim: evidence}))) == []
    monkeypatch.setattr(*FAULTS[claim])
    document = certificate(question, formats(FP16), **{claim: evidence})
    assert report(document).status == "accepted"
    assert Judge().falsehoods(canonical(document))
