"""Solvers in child processes: three answers, and whatever goes wrong is `unknown`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from suffice.errors import DisagreementError, InputError
from suffice.prover import solvers
from suffice.prover.solvers import SOLVERS, confirm, decide

ROOT = Path(__file__).parents[2]

REFUTED = """(set-logic ALL)
(declare-const x Real)
(declare-const y Real)
(assert (! (> x 2.0) :named large))
(assert (! (= y 3.0) :named aside))
(assert (! (< x 1.0) :named small))
(check-sat)
"""
SATISFIED = REFUTED.replace("(< x 1.0)", "(< x 4.0)")
HARD = """(set-logic ALL)
(declare-const a Int)
(declare-const b Int)
(declare-const c Int)
(assert (! (= (+ (* a a a) (* b b b) (* c c c)) 114) :named cubes))
(check-sat)
"""
"""Whether 114 is a sum of three cubes is an open problem."""


def shadow(monkeypatch: pytest.MonkeyPatch, folder: Path, module: str, text: str) -> None:
    """Let the child processes import this text in place of a module."""
    (folder / f"{module}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{ROOT}")


def test_each_solver_answers_each_script() -> None:
    answers = decide([REFUTED, SATISFIED])
    assert [[(run.solver, run.answer) for run in runs] for runs in answers] == [
        [("z3", "unsat"), ("cvc5", "unsat")],
        [("z3", "sat"), ("cvc5", "sat")],
    ]
    assert all(run.version[0].isdigit() and "." in run.version and 0 <= run.seconds < 10 for runs in answers for run in runs)


def test_cores_hold_what_is_needed_and_no_more() -> None:
    (refuted, satisfied) = decide([REFUTED, SATISFIED])
    assert [run.core for run in refuted] == [("large", "small")] * 2
    assert [run.core for run in satisfied] == [()] * 2


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_part_of_a_core_is_idle(solver: str) -> None:
    """Of many ways to refute, the one that is named needs all of its parts."""
    facts = {"a": "(> x 2.0)", "b": "(< x 1.0)", "c": "(< (+ x y) 3.0)", "d": "(> y 1.0)", "e": "(= (* x y) 4.0)", "f": "(< x y)"}

    def script(names: Iterable[str]) -> str:
        named = "".join(f"(assert (! {facts[name]} :named {name}))\n" for name in names)
        return f"(set-logic ALL)\n(declare-const x Real)\n(declare-const y Real)\n{named}(check-sat)\n"

    core = decide([script(facts)], solvers=[solver])[0][0].core
    parts = [core, *([name for name in core if name != left] for left in core)]
    assert [runs[0].answer for runs in decide([script(names) for names in parts], solvers=[solver])] == ["unsat", *["sat"] * len(core)]


def test_only_the_solvers_that_are_wanted() -> None:
    assert [run.solver for run in decide([REFUTED], solvers=["cvc5"])[0]] == ["cvc5"]
    assert decide([]) == []
    with pytest.raises(InputError, match="unknown solver yices; use one of z3, cvc5"):
        decide([REFUTED], solvers=["yices"])


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_hard_script_is_given_up_in_time(solver: str) -> None:
    """What was answered before the limit stands; the rest is unknown."""
    start = time.monotonic()
    (easy,), (hard,) = decide([REFUTED, HARD], solvers=[solver], timeout=1)
    assert time.monotonic() - start < 1 + 5 + 1
    assert (easy.answer, hard.answer) == ("unsat", "unknown")
    assert (hard.version, hard.core) == ("", ())


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "text", ["raise ImportError", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "print('{}{')", "import sys\nsys.exit(0)"]
)
def test_a_missing_or_crashing_solver_knows_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, solver: str, text: str) -> None:
    shadow(monkeypatch, tmp_path, solver, text)
    assert [[run.answer for run in runs] for runs in decide([REFUTED, SATISFIED], solvers=[solver])] == [["unknown"]] * 2
    assert confirm([SATISFIED], solvers=[solver])[0][0].answer == "unknown"


def test_a_solver_that_only_waits_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No limit on the processor's time ends it."""
    shadow(monkeypatch, tmp_path, "z3", "import time\ntime.sleep(60)")
    start = time.monotonic()
    assert decide([REFUTED], solvers=["z3"], timeout=0.1)[0][0].answer == "unknown"
    assert time.monotonic() - start < 0.1 + 5 + 1


def test_a_crash_of_one_leaves_the_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shadow(monkeypatch, tmp_path, "z3", "raise ImportError")
    assert [run.answer for run in decide([REFUTED])[0]] == ["unknown", "unsat"]


@pytest.mark.parametrize("broken", ["(assert (", "(set-logic ALL)\n(assert (> nowhere 1.0))\n(check-sat)\n", "unsat"])
def test_a_broken_script_is_unknown(broken: str) -> None:
    assert [run.answer for run in decide([broken])[0]] == ["unknown", "unknown"]


def test_the_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solvers, "MEMORY_BYTES", 32 << 20)
    assert [run.answer for run in decide([REFUTED])[0]] == ["unknown", "unknown"]


def test_a_model_of_what_the_kernel_refuted_is_a_disagreement() -> None:
    assert [run.answer for run in confirm([REFUTED])[0]] == ["unsat", "unsat"]
    with pytest.raises(DisagreementError, match="z3 finds a model of a script that the kernel has refuted"):
        confirm([REFUTED, SATISFIED])
    with pytest.raises(DisagreementError, match="cvc5 finds a model"):
        confirm([SATISFIED], solvers=["cvc5"])
