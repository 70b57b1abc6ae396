"""The scripts of regions, parameters and sizes as symbols, in the eyes of two solvers."""

from __future__ import annotations

import re

from suffice.prover.solvers import decide

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
    assert "(declare-const parameter_D Real)\n(assert (! (and (>= parameter_D 60.0) (<= parameter_D 64.0)) :named" in SCRIPTS["scaled 1"]
    assert "(assert (! (<= floor (+ (/ 1.0 8.0) (* (/ 1.0 128.0) parameter_D))) :named tolerance))" in SCRIPTS["scaled 1"]
    assert "parameter" not in SCRIPTS["relative 0"], "its tolerance is the same for all parameters"


def test_every_assertion_has_a_name_of_its_own() -> None:
    for text in SCRIPTS.values():
        names = re.findall(r":named (\S+?)\)", text)
        declared = re.findall(r"declare-const (\S+) ", text)
        assert len({*names, *declared}) == len(names) + len(declared)
