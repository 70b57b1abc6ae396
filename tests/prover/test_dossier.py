"""Nothing enters a certificate but through the kernel, and values are shortened only in the safe direction."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from suffice.proofs.certificate import Verdict, canonical_bytes
from suffice.proofs.kernel import check
from suffice.proofs.kernel.derivation import Derivation
from suffice.prover.dossier import Dossier
from tests.prover.asking import asked, case, problem

SMALL = "float(p=4,emin=-6,emax=7)"


def pair(*points: dict[str, str]) -> dict[str, Any]:
    return {"kind": "pair", "points": list(points), "precision": 128}


def run(**point: str) -> dict[str, Any]:
    return {"kind": "run", "point": point, "precision": 128}


def of_square(eps: str = "1/100") -> Dossier:
    return Dossier(case(problem("x*x", eps, x=("1", "2")), asked(SMALL)))


def of_exp(eps: str = "1/100") -> Dossier:
    return Dossier(case(problem("exp(x)", eps, x=("1", "2")), asked(SMALL)))


CELL = pair({"x": "21/16"}, {"x": "23/16"})


def test_what_the_kernel_derives_is_kept() -> None:
    """The squares of the cell of 11/8 are [441/256, 529/256]; the best answer is 15/8 or 2."""
    dossier = of_square()
    derived = dossier.offer("floor", CELL)
    assert derived is not None
    assert (derived.value, derived.label) == (Fraction(529, 256) - Fraction(15, 8), "T1+T2")
    assert dossier.value("floor") == derived.value
    assert dossier.exceeds("floor")
    assert not dossier.meets("error_bound")


@pytest.mark.parametrize(
    ("bound", "evidence"),
    [
        ("floor", pair({"x": "21/16"}, {"x": "25/16"})),  # two cells
        ("floor", pair({"x": "3"})),  # outside the box
        ("floor", pair({"y": "1"})),  # of another problem
        ("floor", pair({"x": "1"}, {"x": "1"}, {"x": "1"})),
        ("floor", {"kind": "pair", "points": [{"x": "1"}]}),
        ("floor", {"kind": "slope", "points": [{"x": "1"}, {"x": "5/2"}], "pieces": 1, "precision": 128}),
        ("floor", {"kind": "guess", "precision": 128}),
        ("error_bound", CELL),
        ("witness_error", run(x="0")),
        ("witness_error", run(x="1", y="1")),
        ("error_bound", {"kind": "cover", "splits": [1, 0], "pieces": 1, "precision": 128}),
        ("error_bound", {"kind": "cover", "splits": [0], "pieces": 1, "precision": 63}),
    ],
)
def test_what_the_kernel_rejects_is_not_kept(bound: str, evidence: dict[str, Any]) -> None:
    dossier = of_square()
    assert dossier.offer(bound, evidence) is None
    assert (dossier.claims, dossier.derivations) == ({}, {})


def test_the_better_of_two_is_kept_in_either_order() -> None:
    weak, strong = pair({"x": "5/4"}), CELL
    values = []
    for order in ((weak, strong), (strong, weak)):
        dossier = of_square()
        for evidence in order:
            assert dossier.offer("floor", evidence) is not None
        values.append(dossier.value("floor"))
        assert dossier.claims["floor"].evidence == strong
    assert values[0] == values[1] == Fraction(49, 256)


def test_the_better_of_two_covers_is_kept_in_either_order() -> None:
    whole, parts = ({"kind": "cover", "splits": splits, "pieces": 1, "precision": 128} for splits in ([0], [1, 1, 0, 0, 1, 0, 0]))
    for order in ((whole, parts), (parts, whole)):
        dossier = Dossier(case(problem("x*x - 2*x", "1", x=("1", "2")), asked("fp32")))
        for evidence in order:
            assert dossier.offer("error_bound", evidence) is not None
        assert dossier.claims["error_bound"].evidence == parts


def test_an_infinite_error_is_beyond_all() -> None:
    dossier = Dossier(case(problem("exp(x)", "100", x=("6", "8")), asked("fp8_e4m3")))
    dossier.offer("witness_error", run(x="7"))
    dossier.offer("witness_error", run(x="6"))
    assert dossier.value("witness_error") == "infinite"
    assert dossier.exceeds("witness_error")


def test_values_are_shortened_in_the_safe_direction() -> None:
    dossier = of_exp()
    offers = {
        "floor": CELL,
        "witness_error": run(x="21/16"),
        "error_bound": {"kind": "cover", "splits": [1, 0, 0], "pieces": 1, "precision": 128},
    }
    for bound, evidence in offers.items():
        derived = dossier.offer(bound, evidence)
        claimed = dossier.value(bound)
        assert derived is not None
        assert isinstance(claimed, Fraction)
        assert isinstance(derived.value, Fraction)
        assert claimed >= derived.value if bound == "error_bound" else claimed <= derived.value
        assert claimed != derived.value
        assert abs(claimed - derived.value) <= abs(derived.value) / (1 << 52)
        assert claimed.numerator.bit_length() <= 54


def test_shortening_never_crosses_the_tolerance() -> None:
    """The tolerance lies one part in 10^30 below the floor: the claim must stay above it."""
    derived = of_exp().offer("floor", CELL)
    assert derived is not None
    assert isinstance(derived.value, Fraction)
    for sign, exceeds in ((-1, True), (1, False)):
        dossier = of_exp(str(derived.value * (1 + Fraction(sign, 10**30))))
        dossier.offer("floor", CELL)
        assert dossier.exceeds("floor") == exceeds
        assert dossier.certificate().verdict == (Verdict.IMPOSSIBLE if exceeds else Verdict.UNDECIDED)


def test_the_certificate_has_passed_the_kernel() -> None:
    dossier = of_square()
    empty = dossier.certificate()
    assert (empty.verdict, check(canonical_bytes(empty)).status) == (Verdict.UNDECIDED, "accepted")
    dossier.offer("witness_error", run(x="21/16"))
    assert dossier.certificate().verdict is Verdict.INSUFFICIENT
    dossier.offer("floor", CELL)
    certificate = dossier.certificate()
    report = check(canonical_bytes(certificate))
    assert (report.status, report.verdict, report.statement) == ("accepted", "impossible", "T1+T2")
    assert [claim.bound for claim in certificate.claims] == ["floor", "witness_error"]


def test_a_derivation_that_is_not_the_kernels_ends_in_no_certificate() -> None:
    dossier = of_square()
    evidence = {"kind": "cover", "splits": [0], "pieces": 1, "precision": 128}
    dossier.accept("error_bound", evidence, Derivation(Fraction(1, 10**6), "S1"))
    with pytest.raises(AssertionError, match="the kernel rejects its own derivations: "):
        dossier.certificate()


def test_evidence_of_another_problem_proves_nothing_here() -> None:
    """The same cell, but on [1, 11/8] it is only half of itself, and in eight bits it is many."""
    narrow = Dossier(case(problem("x*x", "1/100", x=("1", "11/8")), asked(SMALL)))
    fine = Dossier(case(problem("x*x", "1/100", x=("1", "2")), asked("bf16")))
    assert narrow.offer("floor", CELL) is None
    assert fine.offer("floor", CELL) is None
    other = of_exp().offer("floor", CELL)
    assert other is not None
    assert other.value != Fraction(49, 256)
