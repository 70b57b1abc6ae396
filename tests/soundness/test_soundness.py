"""Random problems against exhaustive truth. benchmarks/soundness.py runs thousands of the same kind."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from suffice.prover.case import Asked
from suffice.prover.portfolio import prove
from tests.oracle.random_problems import case
from tests.soundness.judging import judge, judge_free_codes, wrongs


@pytest.mark.parametrize("block", range(12))
def test_every_strategy_agrees_with_exhaustive_truth(block: int) -> None:
    judgements = [judge(seed) for seed in range(10 * block, 10 * block + 10)]
    assert [judgement for judgement in judgements if judgement.wrong] == []
    decided = [judgement for judgement in judgements if judgement.verdict == judgement.expected]
    assert len(decided) >= 8, [(j.seed, j.expected, j.verdict, j.note) for j in judgements if j not in decided]


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 10, 11])
def test_free_codes_agree_with_the_instance(seed: int) -> None:
    assert judge_free_codes(seed) == []


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_false_answer_is_noticed(seed: int) -> None:
    given = case(seed)
    asked = Asked(name="f", input=given.source, compute=given.compute, output=given.output)
    result = prove(given.problem, [asked]).results[0]
    assert wrongs(given.truth, result) == ()
    floor, error = given.truth.floor, given.truth.program
    assert isinstance(floor.hi, Fraction)
    assert wrongs(given.truth, replace(result, floor=floor.hi * 2 + 1))
    assert wrongs(given.truth, replace(result, error_bound=Fraction(-1)))
    if error.lo > given.truth.threshold:
        assert wrongs(given.truth, replace(result, verdict="sufficient"))  # type: ignore[arg-type]
    if floor.hi <= given.truth.threshold:
        assert wrongs(given.truth, replace(result, verdict="impossible"))  # type: ignore[arg-type]
