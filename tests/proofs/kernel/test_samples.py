"""The certificates that the other tests start from are accepted."""

from __future__ import annotations

import pytest

from .documents import Json, report
from .samples import handmade, pool

SAMPLES = handmade() | pool()


@pytest.mark.parametrize("document", SAMPLES.values(), ids=SAMPLES.keys())
def test_valid_certificates_are_accepted(document: Json) -> None:
    found = report(document)
    assert (found.status, found.reason) == ("accepted", "")
    assert (found.verdict, found.statement, found.possible) == tuple(document[key] for key in ("verdict", "statement", "possible"))


def test_every_kind_of_evidence_verdict_format_and_tolerance_is_among_them() -> None:
    documents = list(SAMPLES.values())
    claims = [claim for document in documents for claim in document["claims"]]
    kinds = {(claim["bound"], claim["evidence"]["kind"]) for claim in claims}
    floors = {("floor", kind) for kind in ("pair", "count", "slope", "curvature", "cell_slope", "cell_curvature")}
    assert kinds == floors | {("floor_upper", "cover"), ("error_bound", "cover"), ("witness_error", "run")}
    assert {document["verdict"] for document in documents} == {"sufficient", "impossible", "insufficient", "undecided"}
    labels = {claim["statement"] for claim in claims}
    assert labels >= {"T0", "T1", "T2", "T1+T2", "T3", "T4", "T5", "T6", "T7", "T8", "S1", "S2", "S1+T0", "S2+T0", "W"}
    held = {fmt["kind"] for document in documents for fmt in document["formats"].values() if "kind" in fmt}
    assert held == {"float", "int", "code", "exact"}
    assert len(documents) >= 40
