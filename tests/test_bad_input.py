"""The command line of a real process, given bad input of every kind that benchmarks/bad_input.py lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.bad_input import KINDS, SECONDS, Answer, BadInput, ask, ask_all, faults


@pytest.mark.slow
def test_every_kind_of_bad_input_gets_one_line_with_a_mend() -> None:
    answers = ask_all()
    assert [(bad.kind, wrong, answer) for bad, answer in answers if (wrong := faults(bad, answer))] == []


def test_the_list_is_long_and_has_no_kind_twice() -> None:
    assert len({bad.kind for bad in KINDS}) == len(KINDS) >= 25
    assert {bad.status for bad in KINDS} == {1, 2}
    assert all(bad.says for bad in KINDS)


def test_what_is_wrong_with_an_answer_is_noticed() -> None:
    bad = BadInput("kind", ("prove",), "mend")
    good = Answer(2, "", "suffice: what is wrong; the mend\n", 0.1)
    assert faults(bad, good) == []
    for worse in (
        replace(good, status=0),
        replace(good, status=70),
        replace(good, err=""),
        replace(good, err=good.err * 2),
        replace(good, err="Traceback (most recent call last); the mend\n"),
        replace(good, err="suffice: what is wrong; no help\n"),
        replace(good, err="suffice: what is wrong: mend\n"),
        replace(good, err="what is wrong; the mend\n"),
        replace(good, err=f"suffice: {'x' * 1000}; the mend\n"),
        replace(good, out="half an answer\n"),
        replace(good, seconds=2 * SECONDS),
    ):
        assert faults(bad, worse) != [], worse


def test_a_good_question_is_no_bad_input() -> None:
    answer = ask(BadInput("none", ("prove", "--expr", "x", "--var", "x=0:1", "--eps", "1", "--format", "fp16"), "sufficient"))
    assert (answer.status, answer.err) == (0, "")
    assert "status 0 in place of 2" in faults(KINDS[0], answer)
