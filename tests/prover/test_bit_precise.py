"""Bit-precise questions against enumeration: just below the worst error there is a failing input, at the worst error there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from math import inf

import pytest

from suffice.encodings.problem import InputModel
from suffice.encodings.readers.text import read_condition
from suffice.encodings.writers import smtlib_fp, smtlib_program, smtlib_sorts
from suffice.encodings.writers.smtlib_sorts import Holding, NotExpressible, holding_of
from suffice.errors import DisagreementError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, Rounding
from suffice.prover import bit_precise
from suffice.prover.bit_precise import bits_of, look_through, question_of, script_for, seconds_of_solvers, try_bit_precise
from suffice.prover.case import Case
from suffice.prover.portfolio import prove
from suffice.prover.results import SolverRun
from suffice.prover.solvers import ask

from .asking import asked, attempt, case, problem
from .bit_precise_truth import FORMATS, ONE_INPUT, Known, error_at, known, numbers, random_case

SEEDS = (
    3, 11, 13, 17, 46, 47, 50, 57, 4, 8, 15, 16, 18, 21, 26, 30, 31, 32, 36, 42, 44, 45, 54, 55, 59, 60, 61,
)  # fmt: skip
"""Random cases that take solvers less than a second; `python -m benchmarks.bit_precise` has more."""


def disagreements(cases: Sequence[Known], solvers: Sequence[str]) -> list[str]:
    """Where a solver contradicts enumeration, or its model is no failing input. Unknown is a disagreement here."""
    sides = [(truth, side, "sat" if side == "below" else "unsat") for truth in cases for side in ("below", "above")]
    asking = [(truth.asking(eps), wanted) for truth, side, wanted in sides if (eps := getattr(truth, side)()) is not None]
    questions = [question_of(changed) for changed, _ in asking]
    wrong = []
    for solver in solvers:
        runs = ask(solver, "model", [script_for(solver, question) for question in questions], 60)
        for (changed, wanted), question, run in zip(asking, questions, runs, strict=True):
            point = question.point(bits_of(run)) if run.answer == "sat" else None
            if run.answer != wanted or (point is not None and not fails(changed, point)):
                wrong.append(f"{changed.problem.name}: {solver} says {run.answer} for {wanted} {run.reason} {point}")
    return wrong


def fails(of: Case, point: dict[str, Fraction]) -> bool:
    """Whether an input fails, by the oracle."""
    error, tolerance = error_at(of, point), of.problem.tolerance
    assert tolerance is not None
    return error is not None and error > tolerance.threshold


def truth(expr: str, fmt: str, box: tuple[str, str], *, relative: bool = False) -> Known:
    """The enumerated truth about a formula in x."""
    eps = None if relative else "1"
    question = problem(expr, eps, relative="1" if relative else "0", inputs="representable", x=box)
    return known(case(question, asked(fmt)))


@pytest.mark.parametrize(("solver", "seeds"), [("z3", SEEDS), ("cvc5", SEEDS[:16])])
def test_solvers_agree_with_enumeration(solver: str, seeds: Sequence[int]) -> None:
    cases = [random_case(seed) for seed in seeds]
    assert {len(found.case.inputs) for found in cases} == {1, 2}
    assert inf in {found.worst for found in cases}
    assert disagreements(cases, [solver]) == []


@pytest.mark.skipif(find_spec("bitwuzla") is None, reason="needs bitwuzla")
def test_bitwuzla_agrees_where_formats_are_those_of_ieee_754() -> None:
    cases = [truth("x*x + x", "fp16", ("1", "9/8")), truth("x/(1 + x*x)", "fp16", ("1", "9/8"), relative=True)]
    assert disagreements(cases, ["bitwuzla"]) == []
    small = truth("x*x + x", "fp8_e5m2", ("1", "2"))
    (found,) = disagreements([small], ["bitwuzla"])[:1]
    assert "says unknown" in found


FAULTS = {
    "another rounding mode": (smtlib_sorts, "MODES", dict.fromkeys(Rounding, "RTZ"), ("x*x + x", "fp8_e5m2", ("1", "2"))),
    "ties away from zero": (
        smtlib_sorts, "MODES", smtlib_sorts.MODES | {Rounding.NEAREST_EVEN: "RNA"}, ("(x + 1/8)*(x + 1/8)", "fp8_e5m2", ("1", "1")),
    ),
    "no subnormals": (
        smtlib_program, "limited", lambda c, h, t: c.define(h.sort.text, f"(ite (fp.isSubnormal {t}) {h.literal(Fraction(0))} {t})"),
        ("x*x", "float(p=3,emin=-2,emax=3)", ("0", "1/2")),
    ),
    "a largest number of IEEE 754": (smtlib_program, "limited", lambda _c, _h, t: t, ("x + 200", "fp8_e4m3", ("200", "400"))),
    "saturation forgotten": (smtlib_program, "limited", lambda _c, _h, t: t, ("x + 4", "fp4_e2m1", ("1", "6"))),
    "a format without scaling": (
        smtlib_program, "_is_native", lambda _op, h: h.sort.exponent <= h.sort.significand,
        ("x*x", "float(p=5,emin=-2,emax=4)", ("1", "2")),
    ),
    "a shift of the exact input": (smtlib_fp, "_lift", lambda _h, _size: 0, ("x*x", "fp8_e5m2", ("1", "4"))),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    module, name, wrong, asking = FAULTS[fault]
    cases = [truth(*asking)]
    assert disagreements(cases, ["z3"]) == []
    monkeypatch.setattr(module, name, wrong)
    assert disagreements(cases, ["z3"]) != []


@pytest.mark.parametrize("name", [*dict.fromkeys(FORMATS), *dict.fromkeys(ONE_INPUT)])
def test_a_holding_has_the_numbers_of_its_format(name: str) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    holding = holding_of(fmt)
    reach = min(fmt.max_finite, Fraction(2) ** min(fmt.emax + 1, fmt.emin + 6))
    for number in numbers(fmt, -reach, reach):
        assert holding.number(bits(holding, number)) == number
    assert holding.sort.largest / Fraction(2) ** holding.shift >= fmt.max_finite


def bits(holding: Holding, number: Fraction) -> int:
    """The bits of a literal."""
    text = holding.literal(number)
    if text.startswith("(_ +zero"):
        return 0
    return int("".join(part.removeprefix("#b") for part in text.strip("()").split()[1:]), 2)


REFUSED = {
    "sin has no bit-precise meaning": ("sin(x)", "fp16"),
    "not a binary float": ("x*x", "int8(scale=1/64,zero=0)"),
    "wider than 16 bits": ("x*x", "fp32"),
    "one bit has no sort": ("x*x", "float(p=1,emin=-4,emax=4)"),
    "sqrt is not a rational operation": ("sqrt(x) + x", "fp16"),
    "at most 200": ("+".join(["x"] * 250), "fp8_e5m2"),
    "beyond 16": ("x^17", "fp8_e5m2"),
    "partial products": ("((x + 1)^8)^2", "bf16"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_out_of_reach_is_refused_with_a_reason(reason: str) -> None:
    expr, fmt = REFUSED[reason]
    opened = case(problem(expr, "1", x=("0", "1")), asked(fmt))
    with pytest.raises(NotExpressible, match=reason):
        question_of(opened)
    found = look_through(opened, timeout=5)
    assert (found.answer, found.point, found.runs) == ("unknown", None, ())
    assert reason in found.reason


def test_a_box_without_a_number_of_the_format_is_refused() -> None:
    with pytest.raises(NotExpressible, match="no number"):
        question_of(case(problem("x*x", "1", x=("33/32", "17/16")), asked("fp8_e5m2")))


RARE = ("if x/y == z/x and x/z == y*y/2 and x != y then 9 else x", "fp16", ("1", "4"))
"""The two comparisons hold together for few of 2^33 inputs, and nothing near such an input tells."""


def test_a_rare_failing_input_is_found_and_judged_by_the_kernel() -> None:
    expr, fmt, box = RARE
    work = attempt(problem(expr, "1", inputs="representable", x=box, y=box, z=box), asked(fmt))
    try_bit_precise(work)
    (finding,) = work.findings
    assert (finding.strategy, finding.bound, finding.statement) == ("bit-precise", "witness_error", "W")
    assert finding.note.startswith("found by ")
    assert str(work.dossier.certificate().verdict) == "insufficient"
    point = {name: Fraction(x) for name, x in work.dossier.claims["witness_error"].evidence["point"].items()}
    assert error_at(work.case, point) == finding.value


EQUAL = "if x*y == z and x*z == y and x != 1 then 100 else x"


@pytest.mark.parametrize("inputs", list(InputModel))
def test_two_solvers_that_find_nothing_prove_nothing(inputs: InputModel) -> None:
    work = attempt(problem(EQUAL, "1", inputs=inputs, x=("1/2", "2"), y=("1", "2"), z=("1", "2")), asked("fp8_e4m3"))
    try_bit_precise(work)
    (finding,) = work.findings
    among = "" if inputs is InputModel.REPRESENTABLE else " that is a number of the input format"
    assert (finding.bound, finding.statement, finding.note) == ("", "", f"no failing input{among} (z3, cvc5)")
    assert work.dossier.claims == {}
    assert str(work.dossier.certificate().verdict) == "undecided"


def lying(answer: str, model: dict[str, str]) -> Callable[..., list[SolverRun]]:
    """A solver that always says the same."""
    run = SolverRun(solver="z3", version="", answer=answer, seconds=0.0, model=tuple(model.items()))  # type: ignore[arg-type]
    return lambda *_: [run]


def test_bit_vectors_are_read_as_each_solver_writes_them() -> None:
    texts = {"a": "12", "b": "#b0110", "c": "#x0f", "d": "(fp #b0 #b1 #b1)", "e": "#b012", "f": "0f", "g": "", "h": "-1"}
    (run,) = lying("sat", texts)()
    assert bits_of(run) == {"a": 12, "b": 6, "c": 15}


def test_an_invented_model_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bit_precise, "ask", lying("sat", {"input0": "60", "output": "60"}))
    work = attempt(problem("x*x", "1", inputs="representable", x=("1", "1")), asked("fp8_e5m2"))
    try_bit_precise(work)
    assert work.findings[0].note == "found by z3, not confirmed"
    assert str(work.dossier.certificate().verdict) == "undecided"


def test_solvers_that_overlook_what_the_kernel_accepted_stop_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    work = attempt(problem("x*x", "1/100", inputs="representable", x=("1", "2")), asked("fp8_e5m2"))
    try_bit_precise(work)
    assert work.dossier.exceeds("witness_error")
    monkeypatch.setattr(bit_precise, "ask", lying("unsat", {}))
    with pytest.raises(DisagreementError, match="find no failing input where the kernel has accepted one"):
        try_bit_precise(work)


def test_one_solver_alone_is_not_enough() -> None:
    opened = truth("x*x", "fp8_e5m2", ("1", "2"))
    worst = opened.above()
    assert worst is not None
    found = look_through(opened.asking(worst), timeout=10, solvers=["z3"])
    assert (found.answer, [run.answer for run in found.runs]) == ("unknown", ["unsat"])
    assert found.reason == "z3: unsat"
    assert look_through(opened.asking(worst), timeout=10, seconds=0.5).runs == ()


def test_a_script_says_that_the_input_zero_is_positive() -> None:
    """Rounding down, the sum of -0 and a constant that vanishes is -0, and its reciprocal negative. No real input gives -0."""
    of = truth("if 0 < 1/(x + 1/1000000) then 5 else 0", "float(p=3,emin=-4,emax=4,rounding=down)", ("0", "1"))
    assert of.worst == 0
    assert disagreements([of], ["z3", "cvc5"]) == []
    question = question_of(of.asking(Fraction(0)))
    (line,) = [line for line in question.script.splitlines() if line.startswith("(assert (not (and (fp.isZero")]
    (run,) = ask("z3", "model", [question.script.replace(line, "")], 10)
    assert (run.answer, question.point(bits_of(run))) == ("sat", {"x": 0})


def test_preconditions_and_formats_of_single_operations_count() -> None:
    question = problem("fp8_e4m3(x*y) + x", "1", inputs="representable", x=("0", "1"), y=("0", "1"))
    conditions = (read_condition("x*y*8 <= 1", ["x", "y"]), read_condition("x < y", ["x", "y"]))
    free, bound = (known(case(replace(question, preconditions=some), asked("fp8_e5m2"))) for some in ((), conditions))
    assert 0 < bound.points < free.points
    assert 0 < bound.worst < free.worst
    assert disagreements([bound], ["z3"]) == []
    assert look_through(bound.asking(Fraction(bound.worst)), timeout=10, solvers=["z3"]).reason == "z3: unsat"
    assert look_through(free.asking(Fraction(bound.worst)), timeout=10, solvers=["z3"]).answer == "sat"


def test_the_portfolio_notes_what_solvers_say_and_keeps_time_for_them() -> None:
    question = problem(EQUAL, "1", inputs="representable", x=("1/2", "2"), y=("1", "2"), z=("1", "2"))
    work = attempt(question, asked("fp8_e4m3"), seconds=8)
    assert 1.5 < seconds_of_solvers(work) <= 2
    assert seconds_of_solvers(attempt(problem("sin(x)", "1", x=("0", "1")), asked("fp16"))) == 0
    (result,) = prove(problem("x*x", "1/4", inputs="representable", x=("1", "2")), [asked("fp8_e5m2")], run_all=True).results
    notes = [finding.note for finding in result.findings if finding.strategy == "bit-precise"]
    assert notes == ["no failing input (z3, cvc5)"]
    assert str(result.verdict) == "sufficient"
