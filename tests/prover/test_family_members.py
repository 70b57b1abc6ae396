"""Small sizes between regions: members that are written out, against every choice of codes."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.readers.family_toml import read_family_toml
from suffice.family_answers import FamilyAnswer, merged
from suffice.family_questions import ask_family
from suffice.proofs.certificate import Verdict
from suffice.proofs.families import canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.families import FamilyProof, FamilyResult, ProvedRegion, members, prove_family
from suffice.prover.families.desk import Desk
from suffice.prover.families.extents import Extent
from suffice.prover.families.members import MOST_STEPS, fill_gaps
from suffice.prover.families.question import FamilyCase
from suffice.prover.families.survey import Survey
from suffice.prover.results import Amount

COARSE = "float(p=3,emin=-2,emax=4)"

MEAN = """
expr = "s/n"
eps = "{eps}"
inputs = "real"
{more}
[box]
x = [{lo}, "1"]
[fold]
size = "n"
sizes = [1, 64]
state = "s"
start = "0"
term = "x"
elements = ["x"]
"""

TEXT = MEAN.format(eps="1/4", more="", lo='"0"')


@pytest.fixture(scope="module")
def proof() -> FamilyProof:
    return prove_family(read_family_toml(TEXT).family, ask_family(COARSE), timeout=60.0)


def rounded(x: np.ndarray) -> np.ndarray:
    """To three bits, the least quantum 1/16, ties to even."""
    quantum = np.exp2(np.maximum(np.floor(np.log2(np.maximum(x, 1e-9))), -2) - 2)
    return np.asarray(np.rint(x / quantum) * quantum)


def worst_error(size: int) -> float:
    """The program's error, over every choice of codes for each step, and the ends of their cells."""
    codes = np.unique(rounded(np.linspace(0, 1, 4097)))
    middles = (codes[1:] + codes[:-1]) / 2
    low, high = np.concatenate([[0], middles]), np.concatenate([middles, [1]])
    state, least, most = np.zeros(1), np.zeros(1), np.zeros(1)
    for _ in range(size):
        state = rounded(np.add.outer(state, codes).ravel())
        least, most = np.add.outer(least, low).ravel(), np.add.outer(most, high).ravel()
    answers = rounded(state / rounded(np.array([float(size)])))
    return float(max(np.max(most / size - answers), np.max(answers - least / size)))


def by_size(result: FamilyResult) -> dict[int, ProvedRegion]:
    found: dict[int, ProvedRegion] = {}
    for region in result.regions:
        assert region.extent.sizes is not None
        low, high = region.extent.sizes
        found |= dict.fromkeys(range(low, (high or low) + 1), region)
    return found


def test_verdicts_of_members_are_those_of_all_codes(proof: FamilyProof) -> None:
    regions = by_size(proof.results[0])
    assert {region.evidence["kind"] for region in regions.values()} == {"fold_cover", "fold_run", "member"}
    seen = set()
    for size in range(1, 6):
        region, error = regions[size], worst_error(size)
        assert (region.verdict is Verdict.SUFFICIENT) == (error <= 0.25), (size, error)
        assert isinstance(region.value, Fraction)
        if region.verdict is Verdict.SUFFICIENT:
            assert error <= region.value <= Fraction(1, 4)
        else:
            assert error >= region.value > Fraction(1, 4)
        seen.add((region.verdict, region.evidence["kind"]))
    assert {(Verdict.SUFFICIENT, "member"), (Verdict.INSUFFICIENT, "member")} <= seen


def test_the_flip_is_exact_and_the_kernel_agrees(proof: FamilyProof) -> None:
    result = proof.results[0]
    assert result.gaps == ()
    assert result.flip_exact
    assert result.certificate is not None
    assert check(canonical_bytes(result.certificate)).status == "accepted"


def test_regions_of_one_verdict_share_a_row(proof: FamilyProof) -> None:
    result = proof.results[0]
    rows = merged(result.regions)
    assert [(row.verdict, row.extent.sizes) for row in rows] == [(Verdict.SUFFICIENT, (1, 4)), (Verdict.INSUFFICIENT, (5, 64))]
    for row in rows:
        parts = [region.value for region in result.regions if region.verdict is row.verdict]
        assert row.value == (max(parts) if row.verdict is Verdict.SUFFICIENT else min(parts))
    text = str(FamilyAnswer(proof))
    assert f"the certificate proves {len(result.regions)} regions; those of one verdict at consecutive sizes share a row" in text


def region(low: int, high: int | None, verdict: Verdict = Verdict.SUFFICIENT, value: Amount = Fraction(1)) -> ProvedRegion:
    bound = "error_bound" if verdict is Verdict.SUFFICIENT else "witness_error"
    return ProvedRegion(extent=Extent({}, (low, high)), verdict=verdict, bound=bound, value=value, statement="S1", evidence={})


def test_only_neighbours_are_merged() -> None:
    apart = (region(1, 2), region(4, 5), region(6, 6, Verdict.INSUFFICIENT), region(7, None, Verdict.INSUFFICIENT, "infinite"))
    assert [row.extent.sizes for row in merged(apart)] == [(1, 2), (4, 5), (6, None)]
    assert {row.value for row in merged(apart)} == {Fraction(1)}


def desk(text: str, seconds: float) -> Desk:
    case = FamilyCase(family=read_family_toml(text).family, asked=ask_family(COARSE)[0])
    return Desk(case, time.monotonic() + seconds)


def filled(text: str, seconds: float, *gaps: Extent) -> Survey:
    survey = Survey(gaps[0], lambda *_: None, Fraction(1, 1000), lambda: False, gaps=list(gaps))
    fill_gaps(survey, desk(text, seconds))
    return survey


def test_only_small_sizes_of_gaps_are_tried() -> None:
    survey = filled(TEXT, 30.0, Extent({}, (3, 3)), Extent({}, (MOST_STEPS + 1, 40)))
    assert [found.extent.sizes for found in survey.regions] == [(3, 3)]
    assert survey.gaps == [Extent({}, (MOST_STEPS + 1, 40))]


def test_what_is_not_proved_stays_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "covers_of", lambda _: iter([{"kind": "cover", "splits": [0], "pieces": 1, "precision": 128}]))
    survey = filled(TEXT, 30.0, Extent({}, (3, 5)))
    assert [found.extent.sizes for found in survey.regions] == [(5, 5)]
    assert survey.gaps == [Extent({}, (3, 4))]


def test_without_time_gaps_stay() -> None:
    survey = filled(TEXT, -1.0, Extent({}, (3, 5)))
    assert (survey.regions, survey.gaps) == ([], [Extent({}, (3, 5))])


def test_parameters_must_be_known() -> None:
    text = MEAN.format(eps="1/4", more='[parameters]\nD = ["0", "1/8"]', lo='"D"')
    family = read_family_toml(text).family
    wide = Extent(dict(family.parameters), (3, 3))
    assert filled(text, 30.0, wide).gaps == [wide]
    known = Extent({"D": type(wide.parameters["D"])(Fraction(1, 16), Fraction(1, 16))}, (3, 3))
    survey = filled(text, 30.0, known)
    assert [found.extent for found in survey.regions] == [known]
    assert survey.gaps == []
