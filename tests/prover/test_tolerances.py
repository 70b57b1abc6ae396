"""The smallest tolerances and the largest boxes, against exhaustive truth on tiny formats."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from suffice.encodings.problem import Interval, Problem
from suffice.encodings.readers.text import read_condition
from suffice.errors import DisagreementError, InputError
from suffice.frontier_tables import box_sentences
from suffice.hardware_specs.catalogue import parse_format
from suffice.proofs.certificate import Verdict, canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.boxes import FINEST, LargestBox, ScaledBox, largest_boxes, scaled
from suffice.prover.case import Asked
from suffice.prover.portfolio import prove
from suffice.prover.results import Proof
from suffice.prover.tolerances import Reached, Tolerances, smallest_tolerances
from tests.oracle.truth import Truth, truth
from tests.prover.asking import asked, problem

pytestmark = pytest.mark.usefixtures("without_confirmations")

TINY = "float(p=4,emin=-6,emax=5)"


def truth_of(question: Problem, name: str = TINY) -> Truth:
    fmt = parse_format(name)
    return truth(question, fmt, fmt, fmt)


def tolerances(question: Problem, formats: Asked) -> Tolerances:
    return smallest_tolerances(question, [formats], timeout=20).results[0]


def numbers(found: Tolerances) -> list[Fraction]:
    reached = (found.impossible, found.possible, found.insufficient, found.sufficient)
    assert all(isinstance(each, Reached) for each in reached)
    return [each.threshold for each in reached if each is not None]


@pytest.mark.parametrize(
    ("expr", "box", "relative"),
    [
        ("x*x - x", ("-1", "2"), "0"),
        ("exp(x)", ("-2", "1"), "0"),
        ("1/(x + 1)", ("0", "7"), "1"),
        ("sin(x)*x", ("1/8", "3"), "1"),
    ],
)
def test_tolerances_lie_at_the_exhaustive_truth(expr: str, box: tuple[str, str], relative: str) -> None:
    question = problem(expr, relative=relative, x=box)
    found = tolerances(question, asked(TINY))
    real = truth_of(question if relative != "0" else problem(expr, "1", x=box))
    impossible, possible, insufficient, sufficient = numbers(found)
    assert impossible < real.floor.hi
    assert real.floor.lo <= possible
    assert insufficient < real.program.hi
    assert real.program.lo <= sufficient
    assert possible < impossible * (1 + Fraction(1, 10**4))
    assert sufficient < insufficient * (1 + Fraction(1, 10**4))


def test_each_tolerance_has_its_certificate() -> None:
    found = tolerances(problem("(exp(x) - 1)/x", x=("1/8", "1")), asked("fp32"))
    expected = {
        "impossible": (Verdict.IMPOSSIBLE, False), "possible": (Verdict.INSUFFICIENT, True),
        "insufficient": (Verdict.INSUFFICIENT, None), "sufficient": (Verdict.SUFFICIENT, True),
    }  # fmt: skip
    for name, (verdict, possible) in expected.items():
        reached = getattr(found, name)
        report = check(canonical_bytes(reached.certificate))
        assert (report.status, report.verdict) == ("accepted", verdict)
        assert possible in (None, report.possible)
        assert reached.certificate.problem.tolerance.threshold == reached.threshold
    assert not found.always_fails
    assert len(found.certificates) == 4


def test_the_next_digit_turns_the_verdict_back() -> None:
    """Just below the smallest tolerance proved enough, fp16 is proved not to be: enumerated, the two meet."""
    question = problem("exp(x)", x=("0", "1"))
    found = tolerances(question, asked("fp16"))
    assert found.sufficient is not None
    assert found.insufficient is not None
    for reached, verdict in ((found.sufficient, Verdict.SUFFICIENT), (found.insufficient, Verdict.IMPOSSIBLE)):
        (again,) = prove(problem("exp(x)", str(reached.threshold), x=("0", "1")), [asked("fp16")]).results
        assert again.verdict is verdict
    assert found.sufficient.threshold - found.insufficient.threshold < found.sufficient.threshold / 10**4


def test_a_program_that_overflows_is_never_enough() -> None:
    found = tolerances(problem("exp(x)", x=("0", "12")), asked("fp16"))
    assert (found.always_fails, found.sufficient) == (True, None)
    assert found.note == "a run ends in an infinity or NaN"
    assert found.insufficient is not None
    report = check(canonical_bytes(found.insufficient.certificate))
    assert (report.status, report.verdict) == ("accepted", "insufficient")
    assert found.insufficient.certificate.claims[-1].value == "infinite"
    assert not tolerances(problem("exp(x)", x=("0", "11")), asked("fp16")).always_fails


def test_exact_programs_need_no_tolerance() -> None:
    found = tolerances(problem("x - x", x=("0", "1")), asked("fp16"))
    assert found.sufficient is not None
    assert (found.sufficient.threshold, found.insufficient, found.impossible) == (0, None, None)


def boxes(question: Problem, name: str = TINY) -> LargestBox:
    return largest_boxes(question, [asked(name)], timeout=20).results[0]


@pytest.mark.parametrize(("expr", "eps", "box"), [("exp(x)", "1/16", ("-1", "1")), ("x*x", "1/8", ("-1", "3")), ("1/x", "1/8", ("1", "2"))])
def test_boxes_lie_at_the_exhaustive_truth(expr: str, eps: str, box: tuple[str, str]) -> None:
    question = problem(expr, eps, x=box)
    found = boxes(question)
    assert found.largest is not None
    assert found.smallest_failing is not None
    inside, outside = (truth_of(replace(question, box=end.box)) for end in (found.largest, found.smallest_failing))
    assert inside.program.hi <= inside.threshold
    assert outside.program.lo > outside.threshold
    assert found.smallest_failing.scale - found.largest.scale <= FINEST * found.smallest_failing.scale
    for end in (found.largest, found.smallest_failing):
        assert end.result is not None
        assert end.result.certificate.problem.box == end.box
        assert check(canonical_bytes(end.result.certificate)).status == "accepted"


def test_verdicts_are_nested_as_boxes_are() -> None:
    found = boxes(problem("sin(2*x)", "1/20", x=("-1", "1")))
    order = [box.is_enough for box in found.tried]
    assert order == sorted(order, reverse=True)
    assert True in order
    assert False in order


def test_boxes_end_where_the_function_does() -> None:
    """1/x on [2 - s, 2 + s] to 10^9: nothing fails before zero is reached, at the scale 2."""
    found = boxes(problem("1/x", "1000000", x=("1", "3")), "float(p=8,emin=-126,emax=127)")
    assert found.unanswered is not None
    assert (found.unanswered.scale, found.smallest_failing) == (2, None)
    assert found.largest is not None
    assert 1 < found.largest.scale < 2
    assert "zero" in found.unanswered.note


def test_small_boxes_without_a_point_say_nothing_of_larger_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where x >= 1/3, boxes about 0 have no point up to the scale 1/3: f is defined on all the others, and no sentence denies that."""
    monkeypatch.setattr("suffice.prover.boxes.LARGEST", Fraction(8))
    found = boxes(replace(problem("exp(x)", "1e-6", x=("-1", "1")), preconditions=(read_condition("x >= 1/3", ["x"]),)))
    assert [box.scale for box in found.tried if box.result is None] == [Fraction(1, 8), Fraction(1, 4)]
    assert (found.unanswered, found.smallest_failing) == (None, found.tried[2])
    assert len(box_sentences(found)) == 2
    unanswered = replace(found, tried=found.tried[:2])
    assert unanswered.unanswered == found.tried[0]
    assert box_sentences(unanswered)[-1].startswith("No answer at scale 0.125: no point of the box was found")


def test_where_nothing_fails_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suffice.prover.boxes.LARGEST", Fraction(16))
    found = boxes(problem("tanh(x)", "1/4", x=("-1", "1")))
    assert found.smallest_failing is None
    assert found.largest is not None
    assert found.largest.scale == 16


def test_contradicting_verdicts_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prover that calls larger boxes enough and smaller ones impossible contradicts itself."""
    question = problem("x", "1/8", x=("0", "1"))
    sides = (Interval(Fraction(0), Fraction(1)), Interval(Fraction(0), Fraction(8)))
    (good,), (bad,) = (prove(replace(question, box={"x": side}), [asked(TINY)]).results for side in sides)
    assert (good.verdict, bad.verdict) == (Verdict.SUFFICIENT, Verdict.IMPOSSIBLE)

    def contradicting(asked_problem: Problem, *_: object, **__: object) -> Proof:
        side = asked_problem.box["x"]
        return Proof(problem=asked_problem, results=(bad if side.hi - side.lo < 4 else good,))

    monkeypatch.setattr("suffice.prover.boxes.prove", contradicting)
    monkeypatch.setattr("suffice.prover.boxes._Search._walk", lambda self, step, _: self._at(step * 4))
    with pytest.raises(DisagreementError, match="holds one proved not to be"):
        boxes(question)


def test_sides_are_scaled_about_their_middles() -> None:
    box = {"x": Interval(Fraction(1), Fraction(2)), "y": Interval(Fraction(3), Fraction(3))}
    assert scaled(box, Fraction(3)) == {"x": Interval(Fraction(0), Fraction(3)), "y": Interval(Fraction(3), Fraction(3))}
    assert ScaledBox(scale=Fraction(1), box=box, result=None).fails is False


def test_bad_input() -> None:
    square = problem("x*x", "1e-2", x=("0", "1"))
    with pytest.raises(InputError, match="no tolerance"):
        largest_boxes(replace(square, tolerance=None), [asked("fp16")])
    with pytest.raises(InputError, match="the scales of int8 follow the box"):
        largest_boxes(square, [asked("int8")])
    with pytest.raises(InputError, match="a single point"):
        largest_boxes(problem("x", "1", x=("1", "1")), [asked("fp16")])
    with pytest.raises(InputError, match="brought together"):
        largest_boxes(square, [asked("fp16")], finest=Fraction(0))
