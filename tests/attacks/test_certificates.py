"""Certificates that ask the kernel for what has no meaning: it rejects them and never raises."""

from __future__ import annotations

import pytest

from suffice.proofs.kernel import check
from tests.proofs.kernel.documents import Json, canonical, integers, problem

X = [["var", "x"]]
SCALED = integers("1/10", 0)


def covered(inputs: Json, nodes: Json, output: Json) -> bytes:
    """x on [0, 10] in free codes with these instances, and a cover that claims an error of 10."""
    claim = {
        "bound": "error_bound", "value": "10", "statement": "S1",
        "evidence": {"kind": "cover", "splits": [0], "pieces": 1, "precision": 64},
    }  # fmt: skip
    return canonical(
        {
            "version": 1,
            "problem": problem(X, {"x": ["0", "10"]}, absolute="10"),
            "formats": dict.fromkeys(("input", "compute", "output"), integers())
            | {"instances": {"inputs": {"x": inputs}, "nodes": [nodes], "output": output}},
            "claims": [claim], "verdict": "sufficient", "statement": "S1", "possible": True, "assumptions": [], "smt": [],
        }
    )  # fmt: skip


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_instance_has_a_scale(place: int) -> None:
    instances = [SCALED] * 3
    instances[place] = integers()
    report = check(covered(*instances))
    assert (report.status, report.reason.endswith("is not an instance of the format asked about")) == ("rejected", True)


def test_with_scales_the_instances_are_read() -> None:
    assert "instance" not in check(covered(SCALED, SCALED, SCALED)).reason
