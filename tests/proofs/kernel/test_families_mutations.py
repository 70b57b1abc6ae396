"""Every change of one field of a certificate about a family is rejected, or what is accepted is true of the members that are visited."""

from __future__ import annotations

import copy
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import islice
from math import inf
from random import Random

import pytest

from suffice.errors import SufficeError
from suffice.proofs.kernel.failures import LeafFailure, Rejection

from .documents import Json, canonical, report
from .family_members import Exactly, affine, fold_truth, truth_of
from .family_samples import certificate
from .mutating import below, change_field
from .random_families import VALUES, Case, evidence, folded, region, single
from .test_families_random import MOST_CELLS, cells_of, ends_of

from oracle.truth import Truth  # isort: skip


@cache
def pool() -> tuple[Json, ...]:
    """Accepted certificates about random families in small formats, whose tolerances their claims just decide."""
    found: list[Json] = []
    for seed in range(70_000, 70_050):
        case = (single, folded)[seed % 2](seed)
        documents = [decided(case, *given) for given in islice(evidence(case), 8)]
        found += [document for document in documents if document is not None and falsehoods(document) == []][:2]
    return tuple(found)


def decided(case: Case, bound: str, given: Json) -> Json | None:
    """A certificate of one region with a tolerance that its claim decides; None where the evidence proves nothing."""
    asked = region(case, bound, given)
    try:
        value = certificate(case.family, case.formats, asked)["regions"][0]["claim"]["value"]
        kind = "absolute" if case.family["tolerance"]["relative"] == {"": "0"} else "relative"
        tolerance = "1" if value == "infinite" else str(Fraction(value) * (1 if bound == "error_bound" else Fraction(3, 4)))
        if tolerance == "0":
            return None
        about = case.family | {"tolerance": {"absolute": {"": "0"}, "relative": {"": "0"}} | {kind: {"": tolerance}}}
        document = certificate(about, case.formats, asked)
    except (Rejection, LeafFailure):
        return None
    return document if report(document).status == "accepted" else None


def falsehoods(document: Json) -> list[str] | None:
    """What is false of members that are visited; None where none can be."""
    found, visited = [], 0
    for asked in document["regions"]:
        case = Case(document["family"], document["formats"], _part(asked), _sizes(asked), Random(0))
        lo, hi = case.part["D"]
        for t in sorted({lo, (lo + hi) / 2, hi}):
            for size in [None] if case.sizes is None else range(case.sizes[0], min(case.sizes[1] or 9, case.sizes[0] + 1) + 1):
                truth = _truth(case, t, size)
                if truth is not None:
                    visited += 1
                    found += [f"{asked['claim']} of D = {t}, n = {size}, where {truth}"] * _is_false(case, asked, truth, t)
    return found if visited else None


def _part(asked: Json) -> dict[str, tuple[Fraction, Fraction]]:
    return {name: (Fraction(lo), Fraction(hi)) for name, (lo, hi) in asked["parameters"].items()}


def _sizes(asked: Json) -> tuple[int, int | None] | None:
    return tuple(asked["size"]) if "size" in asked else None


_KNOWN: dict[str, Exactly | Truth | None] = {}


def _truth(case: Case, t: Fraction, size: int | None) -> Exactly | Truth | None:
    """The truth about a member, found once."""
    key = repr((case.family, case.formats, t, size))
    if key not in _KNOWN:
        _KNOWN[key] = _find_truth(case, t, size)
    return _KNOWN[key]


def _find_truth(case: Case, t: Fraction, size: int | None) -> Exactly | Truth | None:
    """None where there are too many cells, or something that the oracles do not know."""
    try:
        if cells_of(case, {"D": t}, size or 1) > MOST_CELLS:
            return None
        if size is None:
            return truth_of(case.family, case.formats, {"D": t}, None)
        if case.family["expression"] not in VALUES:
            return None
        return fold_truth(case.family, case.formats, {"D": t}, size, [Fraction(0), t], [Fraction(0), Fraction(2), Fraction(-2)])
    except (NotImplementedError, AssertionError, ValueError, KeyError, ZeroDivisionError, SufficeError):
        return None


def _is_false(case: Case, asked: Json, truth: Exactly | Truth, t: Fraction) -> bool:
    """Whether the claim, or the verdict for the tolerance at t, contradicts the truth."""
    floor, low, high = ends_of(truth)
    claimed = asked["claim"]["value"]
    value = inf if claimed == "infinite" else Fraction(claimed)
    tolerance = case.family["tolerance"]
    allowed = affine(tolerance["absolute" if tolerance["relative"] == {"": "0"} else "relative"], {"D": t})
    match asked["verdict"]:
        case "sufficient":
            return value < low or low > allowed
        case "impossible":
            return value > floor or floor <= allowed
        case _:
            return value > high or high <= allowed


def mutants(count: int, seed: int) -> Counter[str]:
    """Change one field at a time; how the kernel and the oracle see it."""
    rng, seen = Random(seed), Counter[str]()
    for _ in range(count):
        document = rng.choice(pool())
        mutant = copy.deepcopy(document)
        container, key = rng.choice([place for part in ("family", "formats", "regions", "smt") for place in below(mutant, part)])
        change_field(mutant, container, key, rng)
        if canonical(mutant) == canonical(document):
            continue
        outcome = report(mutant)
        if outcome.status == "rejected":
            assert outcome.reason.isprintable()
            seen["rejected"] += 1
            seen[f"reason {outcome.reason.split(' ')[0]}"] += 1
            continue
        wrong = falsehoods(mutant)
        assert not wrong, (mutant, wrong)
        seen["unjudged" if wrong is None else "true"] += 1
    return seen


@pytest.mark.parametrize("seed", range(2))
def test_mutants_are_rejected_or_true(seed: int) -> None:
    assert len(pool()) >= 20
    seen = mutants(150, seed)
    assert seen["true"] >= 5
    assert seen["rejected"] >= 60
    assert seen["unjudged"] <= seen["true"]
