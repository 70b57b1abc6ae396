"""The smallest significand and exponent range: against exhaustive truth on tiny formats, and where E* is not monotone in p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import takewhile

import pytest

from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name, parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.proofs.certificate import Verdict, canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.case import Asked
from suffice.prover.significand import Scan, check_placed, float_base, scan_exponents, scan_significands, significands, with_numbers
from tests.oracle.truth import Truth, contradictions, truth
from tests.prover.asking import problem, significand

pytestmark = pytest.mark.usefixtures("without_confirmations")

TINY = FloatFormat(p=3, emin=-6, emax=5, max_finite=Fraction(56))
WIDE = FloatFormat(p=24, emin=-126, emax=127, max_finite=Fraction((1 << 24) - 1) * 2**104)
TURNING = problem("tanh(10000*(x - 1.25))/2", "1/4", x=("1", "1.5"))


def ask(formats: Sequence[FloatFormat]) -> list[Asked]:
    return [Asked(name=format_name(fmt), input=fmt, compute=fmt, output=fmt) for fmt in formats]


def scan(question: Problem, base: FloatFormat = WIDE, max_bits: int = 64) -> Scan:
    return scan_significands(question, ask(significands(base, max_bits)), timeout=20)


def truth_of(question: Problem, fmt: FloatFormat) -> Truth:
    return truth(question, fmt, fmt, fmt)


def first(values: Sequence[int], wanted: Sequence[bool]) -> int | None:
    return next((value for value, holds in zip(values, wanted, strict=True) if holds), None)


@pytest.mark.parametrize(
    ("expr", "eps", "box"),
    [
        ("x*x - x", "1/16", ("-1", "2")),
        ("exp(x)", "1/32", ("-3", "0")),
        ("1/(x + 1)", "1/50", ("0", "7")),
        ("sin(3*x)", "1/20", ("-1", "1")),
        ("x - x", "1/1000", ("-2", "2")),
    ],
)
def test_scans_say_what_exhaustive_truth_says(expr: str, eps: str, box: tuple[str, str]) -> None:
    """Formats this small are enumerated, so that nothing may be left open either."""
    question = problem(expr, eps, x=box)
    found = scan(question, TINY, 8)
    truths = [truth_of(question, with_numbers(TINY, p=p, emin=-6, emax=5)) for p in found.values]
    for real, result in zip(truths, found.results, strict=True):
        assert contradictions(real, result) == []
    threshold = Fraction(eps)
    assert found.ideal == first(found.values, [real.floor.hi <= threshold for real in truths])
    assert found.sufficient_from == first(found.values, [real.program.hi <= threshold for real in truths])
    assert (found.impossible_up_to or 0) == sum(1 for _ in takewhile(lambda real: real.floor.lo > threshold, truths))
    assert (found.open, found.undecided) == ((), ())


@pytest.fixture(scope="module")
def turning() -> Scan:
    return scan(TURNING)


def test_no_verdict_is_inferred_for_another_p(turning: Scan) -> None:
    """E* is 1/4 at p = 2 and nearly 1/2 at p = 3: what is possible with 2 bits is impossible with 3 to 14."""
    found = turning
    assert (found.impossible_up_to, found.ideal, found.last_impossible, found.sufficient_from) == (1, 2, 14, 15)
    assert (found.tight, found.is_smallest) == (True, True)
    real = {p: truth_of(TURNING, with_numbers(WIDE, p=p, emin=-126, emax=127)) for p in (2, 3)}
    assert real[2].floor.hi < Fraction(26, 100) < Fraction(49, 100) < real[3].floor.lo
    assert [result.verdict for _, result in found][1:3] == [Verdict.INSUFFICIENT, Verdict.IMPOSSIBLE]


def test_every_p_has_a_certificate_of_its_own(turning: Scan) -> None:
    for p, result in turning:
        fmt = result.certificate.formats.input
        assert isinstance(fmt, FloatFormat)
        assert fmt.p == p
        report = check(canonical_bytes(result.certificate))
        assert (report.status, report.verdict) == ("accepted", result.verdict)
    assert len({result.digest for result in turning.results}) == len(turning.values)


@pytest.mark.parametrize(
    ("expr", "eps", "box", "bits"),
    [("exp(x)", "1e-4", ("-20", "0"), 13), ("x", "1e-3", ("0", "1"), 9), ("1/x", "1e-2", ("0.01", "0.0101"), 14)],
)
def test_known_significands(expr: str, eps: str, box: tuple[str, str], bits: int) -> None:
    found = scan(problem(expr, eps, x=box))
    assert (found.impossible_up_to, found.ideal, found.sufficient_from) == (bits - 1, bits, bits)
    assert (found.tight, found.is_smallest) == (True, True)


def test_a_program_may_need_more_than_the_best_algorithm() -> None:
    found = scan(problem("(exp(x) - 1)/x", "1/8", x=("0.001", "1")))
    assert found.ideal is not None
    assert found.sufficient_from is not None
    assert (found.tight, found.sufficient_from > found.ideal + 5) == (True, True)
    beyond = dict(found)[found.sufficient_from - 1]
    assert (beyond.verdict, beyond.possible) == (Verdict.INSUFFICIENT, True)


def test_a_search_that_ends_too_early_finds_nothing() -> None:
    found = scan(problem("x", "1e-3", x=("0", "1")), max_bits=5)
    assert (found.impossible_up_to, found.ideal, found.sufficient_from, found.values) == (5, None, None, (1, 2, 3, 4, 5))
    assert (found.tight, found.is_smallest) == (False, False)


def test_what_is_open_is_neither_tight_nor_smallest() -> None:
    """The verdict of p = 3 taken away, as if time had run out."""
    whole = scan(problem("x", "1e-2", x=("0", "1")))
    undecided = replace(whole.results[2], verdict=Verdict.UNDECIDED, possible=False)
    changed = replace(whole, results=(*whole.results[:2], undecided, *whole.results[3:]))
    assert (whole.tight, whole.is_smallest) == (True, True)
    assert (changed.impossible_up_to, changed.last_impossible) == (2, whole.last_impossible)
    assert (changed.open, changed.undecided, changed.tight, changed.is_smallest) == ((3,), (3,), False, False)


def test_exponents_say_what_exhaustive_truth_says() -> None:
    """Each end alone, and both together, in the exponents of -6 to 5."""
    question = problem("exp(x)", "1/4", x=("-2", "5/4"))
    base = with_numbers(TINY, p=5, emin=-6, emax=5)
    found = scan_exponents(question, base, ask, timeout=20)
    for quantity, values in (("emax", range(-6, 6)), ("emin", range(5, -7, -1))):
        ends = {"emin": -6, "emax": 5}
        formats = [with_numbers(base, p=5, **ends | {quantity: value}) for value in values]
        truths = [truth_of(question, fmt) for fmt in formats]
        enough = first(list(values), [real.program.hi <= Fraction(1, 4) for real in truths])
        one: Scan = getattr(found, quantity)
        assert one.sufficient_from == enough
        assert enough not in (None, values[0], values[-1])
        for real, result in zip(truths, one.results, strict=False):
            assert contradictions(real, result) == []
    assert found.format is not None
    narrowest = parse_format(found.format)
    assert isinstance(narrowest, FloatFormat)
    assert truth_of(question, narrowest).program.hi <= Fraction(1, 4)
    assert (narrowest.emin, narrowest.emax) == (found.emin.sufficient_from, found.emax.sufficient_from)


def test_without_an_end_there_is_no_range() -> None:
    """Results up to e^4 leave exponents up to 5 only after 5; with emax at most 3 none is enough."""
    base = with_numbers(TINY, p=5, emin=-6, emax=3)
    found = scan_exponents(problem("exp(x)", "1", x=("0", "4")), base, ask, timeout=20)
    assert (found.emax.sufficient_from, found.joint, found.format) == (None, (), None)
    assert {result.verdict for result in found.emax.results} == {Verdict.IMPOSSIBLE}


def test_bad_input() -> None:
    with pytest.raises(InputError, match="int8 has no significand"):
        float_base(parse_format("int8"))
    with pytest.raises(InputError, match="no significand has 0 bits"):
        significands(WIDE, 0)
    with pytest.raises(InputError, match="32767 exponents are too many"):
        scan_exponents(TURNING, with_numbers(WIDE, p=4, emin=-16383, emax=16383), ask)
    fixed = Asked(name="p=3", input=WIDE, compute=WIDE, output=WIDE)
    with pytest.raises(InputError, match="all have formats of their own"):
        check_placed(fixed, TINY)
    check_placed(fixed, WIDE)


def test_formats_keep_their_rules() -> None:
    base = parse_format("fp8_e4m3(rounding=toward_zero)")
    assert isinstance(base, FloatFormat)
    wider = with_numbers(base, p=6, emin=-4, emax=3)
    assert (wider.rounding, wider.overflow, wider.infinities) == (base.rounding, base.overflow, base.infinities)
    assert wider.max_finite == Fraction(63, 4)
    assert [fmt.p for fmt in significands(base, 3)] == [1, 2, 3]
    assert significand(3) == format_name(significands(WIDE, 3)[2])
