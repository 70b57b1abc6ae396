"""Certificates about families that ask for much are refused, and no region takes much longer than the work it is charged for."""

from __future__ import annotations

import time
from fractions import Fraction
from random import Random

import pytest

from suffice.proofs.kernel import limits
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.families import derive_region, read_family, read_region

from .documents import FP32, Json, cover, formats, pair, report
from .family_samples import S, X, asked, blocks, family, fold, over, points, side, steps
from .test_families_checking import ALL, SUM, bare

SINGLE = formats(FP32) | {"accumulate": FP32}
LARGE = SUM | {"tolerance": {"absolute": {"": "1000000"}, "relative": {"": "0"}}}
DEEP = LARGE | {"expression": [S, *(["neg", k] for k in range(1_000))]}

DEAR: dict[str, tuple[Json, Json]] = {
    "200,000 steps": (LARGE, asked({}, "error_bound", over(200_000), [1, 200_000])),
    "200,000 steps of many digits": (LARGE, asked({}, "error_bound", over(200_000) | {"precision": 4096}, [1, 200_000])),
    "200,000 runs": (SUM, asked({}, "witness_error", steps(None, x="1/3"), [1, 200_000])),
    "4,096 blocks": (DEEP, asked({}, "floor", points(pair({"x": "1"}), blocks(*range(1, 4_097))), [1, 4_096])),
    "4,096 covers": (DEEP, asked({}, "error_bound", over(*range(1, 4_097)), [1, 4_096])),
}


@pytest.mark.parametrize("name", DEAR)
def test_work_is_charged(name: str) -> None:
    """With a budget of a fifth of a second, what takes long is refused soon."""
    about, region = DEAR[name]
    known = read_family(about, SINGLE)
    read = read_region(region, known)[0]
    before = time.process_time()
    with pytest.raises(Rejection, match="more work than the kernel's limit"):
        derive_region(known, read, Budget(200_000_000))
    assert time.process_time() - before < 3


def test_long_numbers_in_many_regions() -> None:
    rng = Random(0)

    def form() -> Json:
        numbers = {f"p{k}": str(Fraction(rng.getrandbits(1_000) | 1, rng.getrandbits(1_000) | 1)) for k in range(16)}
        return numbers | {"": "0"}

    parameters = {f"p{k}": ["0", "1"] for k in range(16)}
    box = {f"x{k}": [{"": "0"}, form()] for k in range(100)} | {"x": side("0", "1")}
    point = dict.fromkeys(box, "0")
    about = family([S], box, absolute={"": "1"}, parameters=parameters, fold=fold([X], "x"))
    region = asked({name: ["1/3", "1/2"] for name in parameters}, "floor", points(pair(point), blocks(1)), [1, 1])
    before = time.process_time()
    found = report(bare(about, ALL, *[region] * 1_000))
    assert found.status == "rejected"
    assert time.process_time() - before < 20


def test_scripts_of_many_regions_are_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of 40 regions has a script of 1,000 roundings, which takes more than the cover of one leaf."""
    nodes = [X, ["const", "1/3"], ["add", 0, 1], *(["add", k + 2, 1] for k in range(1_000))]
    about = family(nodes, {"x": side("0", "1")}, absolute={"": "1000"})
    region = asked({}, "error_bound", cover(0))
    region["claim"] |= {"value": "1000", "statement": "S1"}
    monkeypatch.setattr(limits, "MAX_FAMILY_WORK", 1_000_000_000)
    before = time.process_time()
    assert "more work than the kernel's limit" in report(bare(about, formats(FP32), *[region] * 40)).reason
    assert time.process_time() - before < 2
    monkeypatch.setattr(limits, "MAX_FAMILY_WORK", 3_000_000_000)
    assert "scripts are not those" in report(bare(about, formats(FP32), *[region] * 40)).reason


def test_limits_of_counts() -> None:
    sizes = [1, 1]
    region = asked({}, "floor", points(pair({"x": "1"}), blocks(1)), sizes)
    assert "regions is not an array of 1 to 4096 items" in report(bare(SUM, ALL, *[region] * (limits.MAX_REGIONS + 1))).reason
    assert "regions is not an array of 1 to 4096 items" in report(bare(SUM, ALL)).reason
    many = asked({}, "floor", points(pair({"x": "1"}), blocks(*range(1, 4_098))), [1, 4_097])
    assert "evidence.sizes.ends is not an array of 1 to 4096 items" in report(bare(SUM, ALL, many)).reason
    huge = asked({}, "floor", points(pair({"x": "1"}), blocks(1)), [1, limits.MAX_SIZE + 1])
    assert "region.size is not an integer" in report(bare(SUM, ALL, huge)).reason
    nodes = [S, *(["neg", k] for k in range(limits.MAX_NODES - 1))]
    assert "the family has more than 200000 nodes" in report(bare(SUM | {"expression": nodes}, ALL, region)).reason


WORDS: list[Json] = [None, True, 0, -1, "", "1", "0/1", [], {}, [[]], {"": "1"}, {"by": []}, ["1", "2", "3"]]


@pytest.mark.parametrize(
    "place", ["family", "formats", "regions", "claim", "evidence", "of", "sizes", "fold", "parameters", "size", "point"]
)
def test_other_values_are_refused_in_a_line(place: str) -> None:
    for word in WORDS:
        about, fmts = dict(SUM), dict(ALL)
        region = asked({}, "floor", points(pair({"x": "1"}), {"by": "zero", "at": 1, "point": {"x": "0"}}), [1, None])
        evidence = region["claim"]["evidence"]
        document = bare(about, fmts, region)
        holder: dict[str, Json] = {
            "family": document, "formats": document, "regions": document, "claim": region, "evidence": region["claim"], "of": evidence,
            "sizes": evidence, "fold": about, "parameters": region, "size": region, "point": evidence["sizes"],
        }  # fmt: skip
        holder[place][place] = word
        found = report(document)
        assert found.status == "rejected"
        assert found.reason.isprintable()
        assert len(found.reason) < 200
