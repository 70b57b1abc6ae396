"""Questions about networks without PyTorch: a network built by hand is asked about, certified, kept and explained."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import suffice
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.inputs import box
from suffice.errors import InputError
from suffice.network_answers import ModelAnswer
from suffice.network_questions import ask_model, certify_network
from suffice.proofs.certificate import Verdict
from suffice.torch import certify
from tests.network_answers_by_hand import small_network

ROOT = Path(__file__).parents[1]
SEARCH = 0.1


@pytest.fixture(scope="module")
def answer() -> ModelAnswer:
    """Of the hand-made network in three formats."""
    return certify(small_network(), "box(0,1)", "1e-2", formats="fp8_e4m3,fp16,fp32", search_seconds=SEARCH)


def test_verdicts_and_certificates(answer: ModelAnswer) -> None:
    assert answer["fp16"].verdict is Verdict.SUFFICIENT is answer["fp32"].verdict
    assert answer["fp8_e4m3"].verdict in (Verdict.IMPOSSIBLE, Verdict.INSUFFICIENT)
    for result in answer:
        report = suffice.check(result.certificate)
        assert (report.status, report.verdict) == ("accepted", result.verdict.value)


def test_bounds_hold_for_numpy_s_half_precision(answer: ModelAnswer) -> None:
    """Weights of the hand-made network are numbers of fp16, and sums of three of them in float32 have errors far below it."""
    network = small_network()
    x = np.random.default_rng(0).random((5000, 2))
    first, last = (node.weight for node in network.nodes if node.weight is not None)
    assert first is not None and last is not None
    hidden = np.maximum((x.astype(np.float16).astype(np.float32) @ first.T.astype(np.float32)).astype(np.float16), 0)
    output = (hidden.astype(np.float32) @ last.T.astype(np.float32)).astype(np.float16)
    worst = float(np.abs(output - run_float64(network, x)).max())
    bound = answer["fp16"].error_bound
    assert bound is not None
    assert float(bound) / 20 < worst <= float(bound)


def test_a_witness_reproduces_its_error(answer: ModelAnswer) -> None:
    result = answer["fp16"]
    assert result.witness is not None and isinstance(result.witness_error, Fraction)
    assert result.error_bound is not None
    assert 0 < result.witness_error <= result.error_bound
    assert ((result.witness >= 0) & (result.witness <= 1)).all()


def test_stages_are_told_and_grow() -> None:
    told: list[tuple[str, float]] = []
    question = ask_model("1e-2", "fp16,fp32", "v100,h100", seconds=SEARCH)
    found = certify_network(small_network(), box(0.0, 1.0, (2,)), question, lambda stage, part: told.append((stage, part)))
    assert [stage for stage, _ in told] == ["fp16 on v100", "fp32 on v100", "fp16 on h100", "fp32 on h100"]
    assert [part for _, part in told] == [0.0, 0.25, 0.5, 0.75]
    assert found.labels == tuple(stage for stage, _ in told)


def test_formats_are_asked_once_by_their_catalogue_names() -> None:
    assert ask_model(None, "half,fp16,float16").formats == ("fp16",)
    assert ask_model(None, ["fp32", "bf16,fp16"]).formats == ("fp32", "bf16", "fp16")
    assert ask_model(None).formats == ("int8", "fp8_e4m3", "bf16", "fp16", "fp32")
    assert ask_model(None, "mxfp8_e4m3").formats == ("mxfp8_e4m3",)
    assert ask_model(None, devices=["h100", "H100"]).devices == ("h100",)
    assert ask_model("0.1").tolerance == Fraction(1, 10)


def test_a_set_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"inputs of shape \(3,\) for a network of input shape \(2,\)"):
        certify(small_network(), box(0.0, 1.0, (3,)), "1e-2", formats="fp16")
    with pytest.raises(InputError, match="the set of inputs says 'real', not 'representable'"):
        certify(small_network(), box(0.0, 1.0, (2,)), "1e-2", formats="fp16", arrival="representable")


def test_representable_inputs_are_not_rounded() -> None:
    real, exact = (
        certify(small_network(), "box(0,1)", formats="fp16", arrival=arrival, search_seconds=SEARCH)["fp16"].error_bound
        for arrival in ("real", "representable")
    )
    assert real is not None and exact is not None
    assert exact < real


def test_it_is_explained(answer: ModelAnswer) -> None:
    certificate = answer["fp16"].certificate
    assert certificate is not None
    assert "ufficient" in suffice.explain(certificate)


PROGRAM = """
import sys
sys.modules["torch"] = None
from suffice.torch import certify
from suffice.errors import InputError
from tests.network_answers_by_hand import small_network
print(certify(small_network(), "box(0,1)", "1e-2", formats="fp16", search_seconds=0.1)["fp16"].verdict)
try:
    certify(print, "box(0,1)", "1e-2", example=(1, 2))
except InputError as error:
    print(error)
"""


def test_networks_are_asked_about_where_torch_is_not_installed() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["sufficient", "torch is not installed; install suffice[torch]"], done.stderr
