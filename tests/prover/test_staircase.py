"""What is proved of one tolerance and said again of another, and the staircase built from it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from suffice.errors import InputError
from suffice.frontier_tables import staircase_table
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import FloatFormat
from suffice.proofs.certificate import Verdict, canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.case import Asked
from suffice.prover.portfolio import prove
from suffice.prover.restating import at_threshold, restated, restated_claims, settles
from suffice.prover.results import Result
from suffice.prover.significand import scan_significands, significands
from suffice.prover.staircase import Staircase, staircase
from tests.oracle.truth import truth
from tests.prover.asking import asked, problem

pytestmark = pytest.mark.usefixtures("without_confirmations")

SQUARE = problem("x*x - x", "1/16", x=("-1", "2"))
TINY = FloatFormat(p=3, emin=-6, emax=5, max_finite=Fraction(56))
TOLERANCES = [Fraction(1, 2**k) for k in (6, 2, 4, 3)]


def formats(count: int) -> list[Asked]:
    return [Asked(name=format_name(fmt), input=fmt, compute=fmt, output=fmt) for fmt in significands(TINY, count)]


@pytest.fixture(scope="module")
def stairs() -> Staircase:
    return staircase(SQUARE, TOLERANCES, formats(9), timeout=20)


def test_the_staircase_is_the_scan_of_each_tolerance(stairs: Staircase) -> None:
    """The search from scratch, without what larger tolerances have shown."""
    assert stairs.thresholds == tuple(sorted(TOLERANCES, reverse=True))
    for threshold, scan in zip(stairs.thresholds, stairs.scans, strict=True):
        alone = scan_significands(at_threshold(SQUARE, threshold), formats(9), timeout=20)
        assert [result.verdict for result in scan.results] == [result.verdict for result in alone.results]
        assert (scan.values, scan.ideal, scan.tight) == (alone.values, alone.ideal, alone.tight)


def test_every_step_has_certificates_of_its_tolerance(stairs: Staircase) -> None:
    for threshold, scan in zip(stairs.thresholds, stairs.scans, strict=True):
        for result in scan.results:
            tolerance = result.certificate.problem.tolerance
            assert tolerance is not None
            assert tolerance.threshold == threshold
            report = check(canonical_bytes(result.certificate))
            assert (report.status, report.verdict) == ("accepted", result.verdict)


def test_steps_agree_with_exhaustive_truth(stairs: Staircase) -> None:
    for threshold, scan in zip(stairs.thresholds, stairs.scans, strict=True):
        for fmt, result in zip(significands(TINY, 9), scan.results, strict=False):
            real = truth(at_threshold(SQUARE, threshold), fmt, fmt, fmt)
            assert (result.verdict is Verdict.IMPOSSIBLE) == (real.floor.lo > threshold)
            assert (result.verdict is Verdict.SUFFICIENT) == (real.program.hi <= threshold)


QUOTIENT = problem("(exp(x) - 1)/x", "1e-5", x=("1/8", "1"))
"""A program far worse than the best algorithm."""


@pytest.fixture(scope="module")
def enough() -> Result:
    (result,) = prove(QUOTIENT, [asked("fp32")]).results
    assert result.verdict is Verdict.SUFFICIENT
    return result


def test_bounds_are_said_again_only_where_they_decide(enough: Result) -> None:
    """What is possible at a smaller tolerance is not known: it is searched anew."""
    assert enough.error_bound is not None
    assert enough.floor is not None
    larger, smaller = (at_threshold(QUOTIENT, size) for size in (enough.error_bound * 2, enough.error_bound / 4))
    again = restated(enough, larger)
    assert again is not None
    assert (again.verdict, again.error_bound) == (Verdict.SUFFICIENT, enough.error_bound)
    assert restated(enough, smaller) is None
    impossible = restated(enough, at_threshold(QUOTIENT, enough.floor / 2))
    assert impossible is not None
    assert impossible.verdict is Verdict.IMPOSSIBLE
    assert check(canonical_bytes(impossible.certificate)).status == "accepted"


def test_the_kernel_decides_what_is_said_again(enough: Result) -> None:
    """Where the numbers of a result say more than its certificate, the certificate counts."""
    assert enough.error_bound is not None
    boasting = replace(enough, error_bound=Fraction(0))
    assert settles(boasting, enough.error_bound / 4)
    again = restated(boasting, at_threshold(QUOTIENT, enough.error_bound / 4))
    assert again is not None
    assert again.verdict is not Verdict.SUFFICIENT
    assert again.error_bound == enough.error_bound


def test_evidence_of_another_function_is_refused() -> None:
    """The cover of x*x - x proves nothing that it would not prove of exp(3*x): the kernel derives the bound of the function asked about."""
    (result,) = prove(SQUARE, [asked("fp16")]).results
    other = problem("exp(3*x)", "1/16", x=("-1", "2"))
    dossier = restated_claims(result.certificate, other)
    error = dossier.value("error_bound")
    assert result.error_bound is not None
    assert error is None or error > result.error_bound * 100


def test_relative_tolerances_stay_relative() -> None:
    relative = problem("exp(x)", relative="1e-2", x=("0", "1"))
    found = staircase(relative, [Fraction(1, 100), Fraction(1, 10)], formats(9), timeout=20)
    for threshold, scan in zip(found.thresholds, found.scans, strict=True):
        tolerance = scan.problem.tolerance
        assert tolerance is not None
        assert (tolerance.is_relative, tolerance.relative) == (True, threshold)
    assert found.is_relative
    assert staircase_table(found).headings[0] == "relative tolerance"
    assert found.scans[0].sufficient_from is not None
    assert found.scans[1].ideal is not None
    assert found.scans[0].sufficient_from <= found.scans[1].ideal


def test_a_tolerance_of_two_parts_cannot_be_varied() -> None:
    with pytest.raises(InputError, match="no one number to change"):
        at_threshold(problem("x", "1e-2", relative="1e-2", x=("0", "1")), Fraction(1))
