"""Whatever the kernel derives from random evidence is true in the eyes of the oracle."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import islice

import pytest

from suffice.proofs.kernel.failures import LeafFailure, Rejection

from .documents import certificate
from .judging import Answer
from .random_evidence import asking, documents, evidence

from oracle.random_problems import cases  # isort: skip
from oracle.truth import contradictions  # isort: skip

BOUNDS = ("floor", "floor_upper", "error_bound", "witness_error")


@pytest.mark.parametrize("first", range(50_000, 50_060, 15))
def test_derived_bounds_are_true(first: int) -> None:
    derived: Counter[str] = Counter()
    for case in cases(first, first + 15):
        asked = asking(case, case.seed)
        question, formats = documents(asked)
        for bound, given in islice(evidence(asked), 14):
            try:
                document = certificate(question, formats, **{bound: given})
            except (Rejection, LeafFailure):
                continue
            value = document["claims"][0]["value"]
            values = dict.fromkeys(BOUNDS) | {bound: value if value == "infinite" else Fraction(value)}
            assert contradictions(case.truth, Answer(document["verdict"], document["possible"], **values)) == [], (case.seed, bound, given)
            derived[bound] += 1
    assert min(derived[bound] for bound in BOUNDS) >= 10
