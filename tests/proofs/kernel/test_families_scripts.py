"""The scripts of regions, parameters and sizes as symbols, in the eyes of two solvers."""

from __future__ import annotations

import copy
import re
from fractions import Fraction

from suffice.proofs.families import canonical_bytes, parse
from suffice.prover.multipliers import with_multipliers
from suffice.prover.solvers import decide

from .documents import canonical, report
from .family_samples import SAMPLES

SCRIPTS = {f"{name} {item['region']}": item["script"] for name, document in SAMPLES.items() for item in document["smt"]}
ASSERTION = re.compile(r"\(assert \(! .* :named (\S+)\)\)\n")


def answers(scripts: list[str]) -> set[tuple[str, ...]]:
    """The answers of both solvers to each script."""
    return {tuple(run.answer for run in runs) for runs in decide(scripts, timeout=120)}


def test_every_script_is_unsatisfiable() -> None:
    assert len(SCRIPTS) >= 8
    assert answers(list(SCRIPTS.values())) == {("unsat", "unsat")}


def test_without_any_one_assertion_a_script_is_satisfiable() -> None:
    weakened = [text.replace(found.group(), "") for text in SCRIPTS.values() for found in ASSERTION.finditer(text)]
    assert any("size_n" in text for text in weakened)
    assert answers(weakened) == {("sat", "sat")}


def test_parameters_and_sizes_are_symbols() -> None:
    assert "(declare-const size_n Int)\n(assert (! (>= size_n 60) :named region_size_n))" in SCRIPTS["dot 1"]
    assert "(declare-const parameter_D Real)\n(assert (! (<= parameter_D 64.0) :named region_parameter_D))" in SCRIPTS["scaled 1"]
    assert "(declare-const parameter_D Real)\n(assert (! (>= parameter_D 1.0) :named region_parameter_D))" in SCRIPTS["scaled 0"]
    assert "(assert (! (<= floor (+ (/ 1.0 8.0) (* (/ 1.0 128.0) parameter_D))) :named tolerance))" in SCRIPTS["scaled 1"]
    assert "parameter" not in SCRIPTS["relative 0"], "its tolerance is the same for all parameters"


def test_every_assertion_has_a_name_of_its_own() -> None:
    for text in SCRIPTS.values():
        names = re.findall(r":named (\S+?)\)", text)
        declared = re.findall(r"declare-const (\S+) ", text)
        assert len({*names, *declared}) == len(names) + len(declared)


def test_multipliers_refute_scripts_without_a_solver() -> None:
    document = copy.deepcopy(SAMPLES["dot"])
    document["smt"] = with_multipliers(document["smt"])
    found = report(document)
    assert found.status == "accepted"
    assert found.refuted == len(document["smt"])
    assert canonical_bytes(parse(canonical(document))) == canonical(document)
    multipliers = document["smt"][1]["farkas"]
    multipliers["tolerance"] = str(2 * Fraction(multipliers["tolerance"]))
    assert "do not add up to a number" in report(document).reason
