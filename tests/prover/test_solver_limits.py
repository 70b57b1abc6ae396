"""Limits of time, memory and output: whatever a solver's process does, the answer is `unknown`, with the reason, and in time."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from suffice.prover import solvers
from suffice.prover.solvers import SOLVERS, decide

from .test_solvers import HARD, REFUTED, SATISFIED, shadow

STAND_IN = """
import os, signal, subprocess, sys, time
def get_version_string(): return "1.0"
class Solver:
    def set(self, *given): pass
    def from_string(self, text): self.text = text.split("\\n", 1)[1]
    def check(self): exec(self.text); return "sat"
    def unsat_core(self): return []
"""
"""A module in the place of z3 that does what the script says in Python, and answers sat if it comes to an end."""


def runs(monkeypatch: pytest.MonkeyPatch, folder: Path, *scripts: str, timeout: float = 20) -> list[tuple[str, str]]:
    """Answers and reasons of the stand-in."""
    shadow(monkeypatch, folder, "z3", STAND_IN)
    return [(run.answer, run.reason) for (run,) in decide(scripts, solvers=["z3"], timeout=timeout)]


def is_alive(pid: int) -> bool:
    """Whether a process still runs (one that waits to be collected does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_stand_in_answers_where_nothing_goes_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert runs(monkeypatch, tmp_path, "pass") == [("sat", "")]


@pytest.mark.parametrize(("wait", "grace"), [
    ("signal.alarm(0); time.sleep(60)", 2), ("while True: pass", 20), ("signal.alarm(1); time.sleep(60)", 20),
], ids=["killed", "processor", "alarm"])  # fmt: skip
def test_what_hangs_is_ended_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wait: str, grace: int) -> None:
    """By the parent, or by the limits that the process has set itself."""
    monkeypatch.setattr(solvers, "GRACE", grace)
    note = tmp_path / "pid"
    start = time.monotonic()
    script = f"open({str(note)!r}, 'w').write(str(os.getpid()))\n{wait}"
    assert runs(monkeypatch, tmp_path, "pass", script, timeout=0.2) == [("sat", ""), ("unknown", "no answer within 0.2 s")]
    assert time.monotonic() - start < 5
    assert not is_alive(int(note.read_text()))


def test_what_a_late_process_has_started_ends_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solvers, "GRACE", 2)
    note = tmp_path / "pid"
    script = f"child = subprocess.Popen(['sleep', '60']); open({str(note)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    assert runs(monkeypatch, tmp_path, script, timeout=0.2) == [("unknown", "no answer within 0.2 s")]
    until = time.monotonic() + 2
    while is_alive(int(note.read_text())):
        assert time.monotonic() < until


def test_too_much_memory_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solvers, "MEMORY_BYTES", 600 << 20)
    eat = "held = []\nwhile True: held.append(bytearray(1 << 24))"
    assert runs(monkeypatch, tmp_path, eat, "pass") == [("unknown", "out of memory"), ("sat", "")]
    monkeypatch.setattr(solvers, "MEMORY_BYTES", 32 << 20)
    assert [[run.answer for run in asked] for asked in decide([REFUTED, REFUTED])] == [["unknown", "unknown"]] * 2


@pytest.mark.parametrize(("ending", "reason"), [
    ("os.kill(os.getpid(), signal.SIGKILL)", "the solver's process was ended by SIGKILL"),
    ("os.abort()", "the solver's process was ended by SIGABRT"),
    ("os._exit(7)", "the solver's process ended without an answer (status 7)"),
    ("sys.exit()", "the solver's process ended without an answer (status 0)"),
    ("raise ValueError('no\\nsense')", "ValueError: no sense"),
    ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
    ("for _ in range(100): os.write(1, bytes(1 << 20))", "the solver's process ended without an answer (status 1)"),
])  # fmt: skip
def test_one_script_that_ends_the_process_costs_only_its_own_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str, reason: str
) -> None:
    assert runs(monkeypatch, tmp_path, "pass", ending, "pass") == [("sat", ""), ("unknown", reason), ("sat", "")]


STRAY = [
    '{"index": 0}', '{"index": 0, "answer": "unsat"', "[]", '{"index": 5, "answer": "unsat", "seconds": 0}', "{" * 5000, "null",
    '{"index": [0], "answer": "unsat", "seconds": 0}', '{"index": 0, "answer": "unsat", "seconds": "long"}', "unsat",
]  # fmt: skip


def test_what_is_no_reply_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stray = "\n".join(["", *STRAY, ""])
    assert runs(monkeypatch, tmp_path, f"os.write(1, {stray.encode()!r} + bytes([10, 255, 0, 10]))") == [("sat", "")]


def test_an_answer_that_is_none_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shadow(monkeypatch, tmp_path, "z3", STAND_IN.replace('return "sat"', 'return "perhaps"'))
    assert [run.answer for (run,) in decide(["pass"], solvers=["z3"])] == ["unknown"]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_solver_that_is_killed_in_the_middle_of_its_work(monkeypatch: pytest.MonkeyPatch, solver: str) -> None:
    """The scripts before and after it are answered."""
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def spawn(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        child: subprocess.Popen[bytes] = real(*arguments, **options)
        started.append(child)
        if len(started) == 1:
            threading.Timer(2, child.kill).start()
        return child

    monkeypatch.setattr(subprocess, "Popen", spawn)
    answers = [run for (run,) in decide([REFUTED, HARD, SATISFIED], solvers=[solver], timeout=15)]
    assert [run.answer for run in answers] == ["unsat", "unknown", "sat"]
    assert answers[1].reason == "the solver's process was ended by SIGKILL"
    assert len(started) == 2
    assert not any(is_alive(child.pid) for child in started)


def test_an_interruption_ends_the_process_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child has a process group of its own, so that nobody else would end it."""
    started: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen[bytes]):
        def communicate(self, *_: Any, **__: Any) -> Any:
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        decide([HARD])
    assert [is_alive(child.pid) for child in started] == [False]
