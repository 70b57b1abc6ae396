"""Each verdict with its statement; what is not known is said with its reason and the bracket that is known."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest

from suffice.encodings.enclosures.arb import enclose_at
from suffice.encodings.problem import Interval
from suffice.errors import DisagreementError, InputError
from suffice.proofs.certificate import Verdict, canonical_bytes, digest
from suffice.proofs.kernel import check
from suffice.prover.attempts import Attempt, cross_check
from suffice.prover.heuristic import peak_curvature_bits
from suffice.prover.portfolio import prove
from suffice.prover.results import Result
from tests.oracle.truth import truth
from tests.prover.asking import SOFTMAX, asked, attempt, problem, significand


def only(*arguments: Any, **options: Any) -> Result:
    """The one result of a proof in one format."""
    (result,) = prove(*arguments, **options).results
    return result


def assert_checked(result: Result) -> None:
    report = check(canonical_bytes(result.certificate))
    assert (report.status, report.verdict, report.statement, report.possible) == (
        "accepted", result.verdict, result.statement, result.possible,
    )  # fmt: skip
    assert result.digest == digest(result.certificate)


@pytest.mark.parametrize(
    ("expr", "box", "eps", "fmt", "statement"),
    [
        ("exp(x)", {"x": ("0", "100")}, "1", "fp16", "T7"),
        ("x", {"x": ("1/3", "1/3")}, "1e-6", "fp16", "T1"),
        ("x", {"x": ("0", "1")}, "1e-4", "code(bits=8)", "T3"),
        ("exp(x)", {"x": ("0", "1")}, "1e-3", "fp16", "T1+T2"),
        (SOFTMAX, {"x": ("-8", "8"), "y": ("-8", "8")}, "1e-3", "fp16", "T1+T2"),
    ],
)
def test_impossible(expr: str, box: dict[str, tuple[str, str]], eps: str, fmt: str, statement: str) -> None:
    result = only(problem(expr, eps, box=box), [asked(fmt)])
    assert (result.verdict, result.statement, result.possible, result.note) == (Verdict.IMPOSSIBLE, statement, False, "")
    assert result.floor is not None
    assert result.floor > Fraction(eps)
    assert_checked(result)


def test_impossible_for_a_relative_tolerance() -> None:
    """The cell of 1.25 in four bits is [19/16, 21/16]; the floor is about (b - a) / (b + a) = 1/20 for the identity in an exact output."""
    question = problem("x", relative="1/25", x=("1", "3/2"))
    result = only(question, [asked("float(p=4,emin=-6,emax=7)", output="exact")])
    assert (result.verdict, result.statement) == (Verdict.IMPOSSIBLE, "T8")
    known = truth(question, *(getattr(result.formats, part) for part in ("input", "compute", "output")))
    assert result.floor is not None
    assert Fraction(1, 25) < result.floor <= known.floor.hi
    assert_checked(result)


def test_sufficient() -> None:
    result = only(problem("x*x", "1e-3", x=("0", "1")), [asked("fp32")])
    assert (result.verdict, result.statement, result.possible) == (Verdict.SUFFICIENT, "S1", True)
    assert result.error_bound is not None
    assert isinstance(result.witness_error, Fraction)
    assert result.witness_error <= result.error_bound <= Fraction(1, 1000)
    assert [(run.solver, run.answer) for run in result.solvers] == [("z3", "unsat"), ("cvc5", "unsat")]
    assert_checked(result)


def test_visited_cells_decide_up_to_the_very_error() -> None:
    """The largest error, by another enumerator, is a sufficient tolerance; a part in 10^9 less is not."""
    formats = asked("float(p=4,emin=-6,emax=7)")
    error = truth(problem("x*x", "1", x=("1", "2")), formats.input, formats.compute, formats.output).program.hi
    assert isinstance(error, Fraction)
    enough = only(problem("x*x", str(error), x=("1", "2")), [formats])
    assert (enough.verdict, enough.error_bound) == (Verdict.SUFFICIENT, error)
    assert "T0" in enough.statement.split("+")
    assert_checked(enough)
    less = only(problem("x*x", str(error * (1 - Fraction(1, 10**9))), x=("1", "2")), [formats])
    assert less.verdict in (Verdict.IMPOSSIBLE, Verdict.INSUFFICIENT)
    assert_checked(less)


def test_insufficient_but_possible() -> None:
    """(1 + x) - 1 loses the last bits of a small x, which an algorithm need not lose."""
    result = only(problem("(1 + x) - 1", "1e-5", x=("0", "1/1024")), [asked("fp16")])
    assert (result.verdict, result.statement, result.possible) == (Verdict.INSUFFICIENT, "W", True)
    assert result.witness is not None
    assert isinstance(result.witness_error, Fraction)
    assert result.witness_error > Fraction(1, 10**5) >= (result.floor_upper or 1)
    assert result.witness["x"] >= result.witness_error
    assert_checked(result)


def test_undecided_says_why_and_what_is_known() -> None:
    """The worst run is off by 7.2e-4; a bound needs time."""
    result = only(problem("x*x", "1e-3", x=("0", "1")), [asked("fp16")], timeout=0.001)
    assert (result.verdict, result.statement, result.possible) == (Verdict.UNDECIDED, "", False)
    assert result.note == "time ran out at x in [0, 1]"
    assert result.floor is not None
    assert isinstance(result.witness_error, Fraction)
    assert 0 < result.floor <= result.witness_error <= Fraction(1, 1000)
    assert (result.error_bound, result.floor_upper, result.solvers) == (None, None, ())
    assert_checked(result)


def test_a_code_that_is_large_enough_stays_open() -> None:
    result = only(problem("x", "1/10", x=("0", "1")), [asked("code(bits=8)")])
    assert (result.verdict, result.note) == (Verdict.UNDECIDED, "the formats leave the program open")
    assert result.floor == Fraction(1, 512)


@pytest.mark.parametrize("fmt", ["fp8_e4m3", significand(5)])
def test_every_strategy_says_what_it_established(fmt: str) -> None:
    result = only(problem("x*x", "1e-9", x=("0", "1")), [asked(fmt)], run_all=True)
    statements = {finding.strategy: finding.statement for finding in result.findings}
    expected = {"range": "T1", "counting": "T3", "curvature law": "T5", "cell_slope law": "T2", "cell_curvature law": "T6", "runs": "W"}
    assert expected.items() <= statements.items()
    assert statements["slope law"] == ""
    assert any(name.startswith("enumeration of ") and label == "T1+T2" for name, label in statements.items())
    values = [finding.value for finding in result.findings if finding.bound == "floor" and isinstance(finding.value, Fraction)]
    assert result.floor == max(values)
    sloped = only(problem("x*x", "1e-9", x=("1", "2")), [asked(fmt)], run_all=True)
    assert ("slope law", "T4") in {(finding.strategy, finding.statement) for finding in sloped.findings}


def test_the_first_proof_is_enough_unless_all_are_asked_for() -> None:
    result = only(problem("x*x", "1e-9", x=("0", "1")), [asked("code(bits=3)")])
    assert [finding.strategy for finding in result.findings] == ["range", "counting"]


def test_formats_are_answered_in_order_with_progress() -> None:
    told: list[tuple[str, float]] = []
    proof = prove(
        problem("x*x", "1e-3", x=("0", "1")), [asked("fp32"), asked("bf16")], progress=lambda name, part: told.append((name, part))
    )
    assert [(result.format, result.verdict) for result in proof.results] == [("fp32", Verdict.SUFFICIENT), ("bf16", Verdict.IMPOSSIBLE)]
    assert told == [("fp32", 0.0), ("bf16", 0.5)]


def test_a_problem_without_a_tolerance_has_no_verdict() -> None:
    with pytest.raises(InputError, match="the problem has no tolerance; add --eps, or eps in the problem file"):
        prove(problem("x", x=("0", "1")), [asked("fp16")])


def with_fault(monkeypatch: pytest.MonkeyPatch, fault: Fraction) -> None:
    """Let Arb's answers be wrong by this part of themselves."""

    def enclose(*arguments: Any, **options: Any) -> Interval:
        found = enclose_at(*arguments, **options)
        return Interval(found.lo * (1 + fault), found.hi * (1 + fault))

    monkeypatch.setattr("suffice.prover.attempts.enclose_at", enclose)


@pytest.mark.parametrize("eps", ["1e-3", "1e-1"])
def test_a_fault_of_arb_is_a_disagreement(monkeypatch: pytest.MonkeyPatch, eps: str) -> None:
    """mpmath is the second opinion on each value that an answer rests on."""
    question = problem("exp(x)", eps, x=("1", "2"))
    with_fault(monkeypatch, Fraction(1, 10**12))
    with pytest.raises(DisagreementError, match=r"the value at .* by mpmath, outside \["):
        prove(question, [asked("fp16")])
    with_fault(monkeypatch, Fraction(0))
    assert only(question, [asked("fp16")]).verdict is not Verdict.UNDECIDED


def test_a_bracket_that_contradicts_itself_is_a_disagreement() -> None:
    work: Attempt = attempt(problem("x*x", "1e-3", x=("0", "1")), asked("fp16"))
    work.dossier.offer("witness_error", {"kind": "run", "point": {"x": "1/3"}, "precision": 128})
    work.dossier.offer("error_bound", {"kind": "cover", "splits": [0], "pieces": 1, "precision": 128})
    cross_check(work)
    claims = work.dossier.claims
    claims["witness_error"], claims["error_bound"] = claims["error_bound"], claims["witness_error"]
    with pytest.raises(DisagreementError, match=r"witness_error .* lies above error_bound"):
        cross_check(work)


@pytest.mark.parametrize(
    ("expr", "box", "eps", "bits"),
    [
        ("exp(x)", {"x": ("-20", "0")}, "1e-4", 21),  # log2(1/2 * 20^2 * 10^4) = 20.93
        ("sin(100*x)/10000", {"x": ("0", "10")}, "1e-4", 19),  # log2(1/2 * 10^2 * 10^4) = 18.93
        ("x*x", {"x": ("0", "1")}, "1/1024", 10),
        ("x*x", {"x": ("0", "1")}, "1", 0),
    ],
)
def test_the_peak_curvature_number(expr: str, box: dict[str, tuple[str, str]], eps: str, bits: int) -> None:
    heuristic = peak_curvature_bits(problem(expr, eps, box=box))
    assert heuristic is not None
    assert (heuristic.bits, heuristic.c) == (bits, Fraction(1))


def test_the_peak_curvature_number_of_two_inputs() -> None:
    """x^2 + y^2 on [0, 3] x [0, 4]: kappa = 1, D = 5."""
    heuristic = peak_curvature_bits(problem("x*x + y*y", "1/4", x=("0", "3"), y=("0", "4")))
    assert heuristic is not None
    assert heuristic.diameter == 5
    assert heuristic.kappa == pytest.approx(1, rel=1e-6)
    assert heuristic.bits == 7


@pytest.mark.parametrize(
    "question",
    [
        problem("x", "1", x=("0", "1")),
        problem("exp(x)", x=("0", "1")),
        problem("exp(x)", relative="1", x=("0", "1")),
        problem("exp(x)", "1", x=("1", "1")),
    ],
)
def test_the_peak_curvature_number_without_a_meaning(question: Any) -> None:
    assert peak_curvature_bits(question) is None


def test_the_time_limit_holds_for_each_format() -> None:
    start = time.monotonic()
    only(problem("exp(x)*exp(y) - exp(x + y)", "1e-2", x=("0", "1"), y=("0", "1")), [asked("fp16")], timeout=1)
    assert time.monotonic() - start < 10


def test_forty_inputs_of_one_number_each() -> None:
    names = [f"x{k}" for k in range(40)]
    question = problem(" + ".join(names), "1e-3", inputs="representable", box=dict.fromkeys(names, ("1", "1")))
    assert prove(question, [asked("fp16")]).results[0].verdict is Verdict.SUFFICIENT
