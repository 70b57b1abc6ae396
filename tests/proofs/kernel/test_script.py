"""The SMT-LIB form of claims, in the eyes of two solvers: unsatisfiable as a whole, and no longer without any one assertion."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.question import Question
from suffice.proofs.kernel.reading import read_question
from suffice.proofs.kernel.script import script
from suffice.prover.solvers import decide

from .documents import Json, derived, report
from .samples import handmade, pool

SAMPLES = handmade() | pool()
SCRIPTS = {f"{name} {item['claim']}": item["script"] for name, document in SAMPLES.items() for item in document["smt"]}
ASSERTION = re.compile(r"\(assert \(! .* :named (\S+)\)\)\n")


def answers(scripts: list[str]) -> set[tuple[str, ...]]:
    """The answers of both solvers to each script."""
    return {tuple(run.answer for run in runs) for runs in decide(scripts, timeout=120)}


def test_there_are_scripts_of_every_statement() -> None:
    labels = {re.search(r":named statement_(\S+)\)\)", text)[1] for text in SCRIPTS.values()}  # type: ignore[index]
    assert labels == {"T2", "T3", "T4", "T5", "T6", "S1", "S2"}


def test_every_script_is_unsatisfiable() -> None:
    assert answers(list(SCRIPTS.values())) == {("unsat", "unsat")}


def test_without_any_one_assertion_a_script_is_satisfiable() -> None:
    weakened = [text.replace(found.group(), "") for text in SCRIPTS.values() for found in ASSERTION.finditer(text)]
    assert len(weakened) > 4 * len(SCRIPTS)
    assert answers(weakened) == {("sat", "sat")}


def test_every_assertion_has_a_name_of_its_own() -> None:
    for text in SCRIPTS.values():
        names = [found[1] for found in ASSERTION.finditer(text)]
        assert len(names) == len(set(names)) == text.count("(assert ")
        assert {"tolerance"} < set(names)
        assert any(name.startswith("hardware_") for name in names)


def _derivations() -> list[tuple[str, Question, str, Derivation]]:
    found = []
    for name, document in SAMPLES.items():
        question = read_question(document["problem"], document["formats"])
        for item in document["smt"]:
            claim = document["claims"][item["claim"]]
            derivation = derived(document["problem"], document["formats"], claim["bound"], claim["evidence"])
            if "T0" not in derivation.label:
                found.append((name, question, claim["bound"], derivation))
    return found


def _with_threshold(question: Question, threshold: Fraction) -> Question:
    return replace(question, relative=threshold) if question.is_relative else replace(question, absolute=threshold)


def test_both_sides_of_every_tolerance() -> None:
    """A floor refutes smaller tolerances, not its own value; an error bound shows its own value, not a smaller one."""
    held, broken = [], []
    for _, question, bound, derivation in _derivations():
        value = derivation.value
        assert isinstance(value, Fraction)
        below, at = (script(_with_threshold(question, t), bound, derivation) for t in (value * Fraction(999_999, 1_000_000), value))
        assert below is not None
        assert at is not None
        held.append(below if bound == "floor" else at)
        broken.append(at if bound == "floor" else below)
    assert len(held) > 15
    assert answers(held) == {("unsat", "unsat")}
    assert answers(broken) == {("sat", "sat")}


def _weaker_facts(derivation: Derivation) -> Derivation:
    """Enclosures that tell a millionth of what they told."""
    told = {name: value / 10**6 for name, value in derivation.facts.items() if name.startswith(("range", "curvature", "slope"))}
    return replace(derivation, facts=derivation.facts | told)


def _larger_shares(derivation: Derivation) -> Derivation:
    """One share that is a million times larger."""
    first = derivation.shares[0]
    return replace(derivation, shares=(replace(first, rounding=first.rounding * 10**6), *derivation.shares[1:]))


@pytest.mark.parametrize(("weaken", "is_floor"), [(_weaker_facts, True), (_larger_shares, False)])
def test_weaker_enclosures_prove_nothing(weaken: Callable[[Derivation], Derivation], is_floor: bool) -> None:
    weakened = [script(question, bound, weaken(found)) for _, question, bound, found in _derivations() if (bound == "floor") == is_floor]
    assert len(weakened) >= 5
    assert answers([text for text in weakened if text is not None]) == {("sat", "sat")}


def test_a_script_does_not_depend_on_the_claimed_value() -> None:
    """It holds enclosures, hardware and tolerance: a claim halfway to the tolerance has the same script."""
    for name in ("slope", "cell slope", "narrow compute"):
        document = copy.deepcopy(SAMPLES[name])
        for claim in document["claims"]:
            threshold = Fraction(document["problem"]["tolerance"]["absolute"])
            claim["value"] = str((Fraction(claim["value"]) + threshold) / 2)
        assert report(document).status == "accepted"


def _swap(document: Json, old: str, new: str) -> Json:
    item = document["smt"][0]
    assert old in item["script"]
    return document | {"smt": [item | {"script": item["script"].replace(old, new)}, *document["smt"][1:]]}


def test_the_kernel_writes_every_script_itself() -> None:
    for old, new in [("(set-logic ALL)", "(set-logic QF_LRA)"), ("tolerance", "epsilon"), ("(check-sat)", "(check-sat)\n")]:
        assert report(_swap(SAMPLES["slope"], old, new)).reason == "the SMT-LIB scripts are not those of the claims"
