"""The SMT-LIB scripts of certificates, put to two solvers: unsatisfiable, and satisfiable without any one assertion."""

from __future__ import annotations

import re

from suffice.prover.solvers import decide
from tests.proofs.kernel.samples import handmade

SCRIPTS = {f"{name}, claim {smt['claim']}": str(smt["script"]) for name, document in handmade().items() for smt in document["smt"]}
NAME = re.compile(r":named (\w+)\)\)$")


def named_assertions(script: str) -> dict[str, str]:
    """The lines of a script that assert, by their names."""
    return {found[1]: line for line in script.splitlines() if (found := NAME.search(line))}


def test_every_statement_that_has_a_script_is_among_them() -> None:
    statements = {name for script in SCRIPTS.values() for name in named_assertions(script) if name.startswith("statement_")}
    assert statements == {f"statement_{label}" for label in ("T2", "T3", "T4", "T5", "T6", "S1", "S2")}


def test_every_assertion_stands_on_one_line_with_a_name() -> None:
    for script in SCRIPTS.values():
        assert script.count("(assert") == len(named_assertions(script)) >= 4
        assert script.endswith("(check-sat)\n")


def test_both_solvers_refute_every_script() -> None:
    answers = decide(list(SCRIPTS.values()))
    assert [name for name, runs in zip(SCRIPTS, answers, strict=True) if [run.answer for run in runs] != ["unsat", "unsat"]] == []
    for script, runs in zip(SCRIPTS.values(), answers, strict=True):
        assert all(set(run.core) == set(named_assertions(script)) for run in runs)


def test_without_any_one_assertion_there_is_a_model() -> None:
    """The hypotheses are consistent, and none is idle: what is refuted rests on all of them together."""
    weaker = {
        f"{which} without {name}": script.replace(line + "\n", "")
        for which, script in SCRIPTS.items()
        for name, line in named_assertions(script).items()
    }
    answers = decide(list(weaker.values()), timeout=30)
    assert {name for name, runs in zip(weaker, answers, strict=True) if {run.answer for run in runs} != {"sat"}} == set()
