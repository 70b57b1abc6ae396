"""Covers meet their target by the kernel's own rule, or say why not and where."""

from __future__ import annotations

import time
from fractions import Fraction

import mpmath

from suffice.proofs.kernel.checking import Claim, derive
from suffice.proofs.kernel.tape import Budget
from suffice.prover.case import Case
from suffice.prover.covers import CoverFailed, CoverFound, build_cover
from tests.oracle.truth import truth
from tests.prover.asking import asked, case, problem

SMALL = "float(p=4,emin=-6,emax=7)"


def build(asking: Case, target: Fraction, *, ideal: bool = False, seconds: float = 20, leaves: int = 40_000) -> CoverFound | CoverFailed:
    return build_cover(asking, ideal=ideal, target=target, precision=128, pieces=16, deadline=time.monotonic() + seconds, max_leaves=leaves)


def brackets(asking: Case) -> dict[bool, tuple[Fraction, Fraction]]:
    """Around the floor (`True`) and the program's worst error (`False`), by another enumerator."""
    known = truth(asking.problem, asking.formats.input, asking.formats.compute, asking.formats.output)
    found = {True: known.floor, False: known.program}
    assert all(isinstance(worst.lo, Fraction) and isinstance(worst.hi, Fraction) for worst in found.values())
    return {ideal: (Fraction(worst.lo), Fraction(worst.hi)) for ideal, worst in found.items()}


def test_a_cover_reaches_the_worst_error_exactly() -> None:
    """With four bits every cell is visited."""
    asking = case(problem("x*x", "1", x=("1", "2")), asked(SMALL))
    for ideal, (least, most) in brackets(asking).items():
        assert least == most
        found = build(asking, most, ideal=ideal)
        assert isinstance(found, CoverFound)
        assert found.derivation.value == most
        bound = "floor_upper" if ideal else "error_bound"
        again = derive(asking.question, Claim(bound, Fraction(0), "", found.evidence), Budget())
        assert (again.value, again.label) == (found.derivation.value, found.derivation.label)


def test_no_cover_below_the_worst_error() -> None:
    asking = case(problem("x*x", "1", x=("1", "2")), asked(SMALL))
    for ideal, (least, _) in brackets(asking).items():
        failed = build(asking, least * Fraction(999, 1000), ideal=ideal)
        assert isinstance(failed, CoverFailed)
        assert failed.reason == "the bound exceeds the target"
        lo, hi = failed.leaf["x"]
        assert 1 <= lo <= hi <= 2
        assert hi - lo <= Fraction(1, 8)
        assert not failed.is_exhausted


def test_time_runs_out() -> None:
    asking = case(problem("exp(x)*exp(y)", "1", x=("0", "1"), y=("0", "1")), asked("fp16"))
    failed = build(asking, Fraction(1, 10**6), seconds=0)
    assert isinstance(failed, CoverFailed)
    assert (failed.reason, failed.is_exhausted, failed.leaf) == ("time ran out", True, asking.question.box)
    start = time.monotonic()
    assert isinstance(build(asking, Fraction(1, 10**6), seconds=0.3), CoverFailed)
    assert time.monotonic() - start < 2


def test_leaves_run_out() -> None:
    asking = case(problem("x*x", "1", x=("0", "1")), asked("fp32"))
    target = Fraction(1, 1 << 24)
    failed = build(asking, target, leaves=2)
    assert isinstance(failed, CoverFailed)
    assert failed.is_exhausted
    assert failed.reason == "more than 2 leaves or 200 cuts in a row would be needed"
    assert isinstance(build(asking, 2 * target, leaves=2000), CoverFound)


def test_a_program_that_overflows_has_no_cover() -> None:
    asking = case(problem("exp(x)", "5000", x=("6", "8")), asked("fp8_e4m3"))
    failed = build(asking, Fraction(5000))
    assert isinstance(failed, CoverFailed)
    assert failed.reason not in ("", "the bound exceeds the target")
    assert mpmath.exp(mpmath.mpf(float(failed.leaf["x"][1]))) > 464


def test_a_box_of_no_width_is_one_leaf() -> None:
    found = build(case(problem("x", "1", x=("1/3", "1/3")), asked("fp16")), Fraction(1))
    assert isinstance(found, CoverFound)
    assert found.evidence["splits"] == [0]


def test_cuts_of_coarse_formats_lie_between_cells() -> None:
    asking = case(problem("x*x", "1", x=("1", "2")), asked(SMALL))
    found = build(asking, brackets(asking)[False][1])
    assert isinstance(found, CoverFound)
    cuts = [Fraction(str(split[1])) for split in found.evidence["splits"] if isinstance(split, list)]
    assert cuts
    assert all((cut * 16).denominator == 1 and (cut * 16).numerator % 2 for cut in cuts)
