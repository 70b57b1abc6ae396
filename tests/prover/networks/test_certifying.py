"""Verdicts about networks against exhaustive truth on small formats, and against runs where inputs are real."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.graph import Array, Network, TensorOp
from suffice.encodings.networks.inputs import InputSet, box
from suffice.encodings.problem import InputModel
from suffice.errors import DisagreementError, InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.hardware_specs.rounding import neighbours, round_exact
from suffice.hardware_specs.vectorised import numbers_array
from suffice.proofs.certificate import Bound, Verdict
from suffice.proofs.kernel import check
from suffice.proofs.networks import canonical_bytes
from suffice.prover.networks import certifying
from suffice.prover.networks.certifying import AskedNetwork, Surroundings, prove_network
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.results import NetworkResult
from suffice.prover.networks.searching import SearchBudget

FORMATS = ("float(p=3,emin=-4,emax=4)", "float(p=4,emin=-5,emax=5)", "fp8_e4m3")
QUICK = SearchBudget(runs=2000, seconds=0.1)


def perceptron(rng: np.random.Generator) -> tuple[Network, list[tuple[Array, Array]]]:
    """One input, one hidden layer with relu, one output; and its weights, which are multiples of 1/8."""
    hidden = int(rng.integers(1, 4))
    build = NetworkBuilder("perceptron")
    layers = [(eighths(rng, (hidden, 1)), eighths(rng, (hidden,))), (eighths(rng, (1, hidden)), eighths(rng, (1,)))]
    x = build.input((1,))
    for number, step in enumerate(
        (lambda y: build.linear(y, *layers[0]), lambda y: build.unary(TensorOp.RELU, y), lambda y: build.linear(y, *layers[1]))
    ):
        build.layer = str(number)
        x = step(x)
        build.store(x)
    return build.finish(x), layers


def eighths(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(-12, 13, shape) / 8


def exact(layers: list[tuple[Array, Array]], x: Fraction) -> Fraction:
    """The function, in rational arithmetic."""
    return affine(layers[1], [max(y, Fraction(0)) for y in affine(layers[0], [x])])[0]


def affine(layer: tuple[Array, Array], x: list[Fraction]) -> list[Fraction]:
    weight, bias = layer
    return [sum((Fraction(w) * v for w, v in zip(row, x, strict=True)), Fraction(b)) for row, b in zip(weight, bias, strict=True)]


def machine(layers: list[tuple[Array, Array]], fmt: FloatFormat, x: Fraction) -> Fraction:
    """The program: sums of so few terms of such formats are exact in fp32."""

    def rounded(values: list[Fraction]) -> list[Fraction]:
        found = [round_exact(fmt, value) for value in values]
        assert all(isinstance(value, Fraction) or value == "-0" for value in found)
        return [value if isinstance(value, Fraction) else Fraction(0) for value in found]

    held = rounded([x])
    for k, (weight, bias) in enumerate(layers):
        small = [rounded([Fraction(w) for w in row]) for row in weight]
        shift = rounded([Fraction(b) for b in bias]) if fmt.bits > 8 else [Fraction(b) for b in bias]
        held = rounded([sum((w * v for w, v in zip(row, held, strict=True)), b) for row, b in zip(small, shift, strict=True)])
        if k == 0:
            held = [max(value, Fraction(0)) for value in held]
    return held[0]


@pytest.mark.parametrize("name", FORMATS)
def test_verdicts_are_those_of_all_inputs(name: str) -> None:
    rng = np.random.default_rng(FORMATS.index(name))
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    seen: set[Verdict] = set()
    for _ in range(30):
        network, layers = perceptron(rng)
        inputs = box(-1.0, 1.0, (1,), InputModel.REPRESENTABLE)
        points = [Fraction(x) for x in numbers_array(fmt, Fraction(-1), Fraction(1))]
        worst = max(abs(machine(layers, fmt, x) - exact(layers, x)) for x in points)
        floor = max(distance(fmt, exact(layers, x)) for x in points)
        tolerance = Fraction(float(rng.choice([worst or 1, floor or 1, worst * 2 or 1]))) * Fraction(int(rng.integers(60, 140)), 100)
        result = prove_network(network, inputs, tolerance, [AskedNetwork(format=name)], budget=QUICK).results[0]
        seen.add(result.verdict)
        demand_truth(result, worst, floor, tolerance)
    assert {Verdict.SUFFICIENT, Verdict.INSUFFICIENT, Verdict.IMPOSSIBLE} <= seen


def distance(fmt: FloatFormat, value: Fraction) -> Fraction:
    return min(abs(value - z) for z in neighbours(fmt, value) if z is not None)


def demand_truth(result: NetworkResult, worst: Fraction, floor: Fraction, tolerance: Fraction) -> None:
    """Nothing that the result says contradicts the largest error of the program and of the best algorithm."""
    assert result.error_bound is None or result.error_bound >= worst
    assert result.floor is None or result.floor <= floor
    assert result.witness_error is None or result.witness_error <= worst
    assert result.verdict is not Verdict.SUFFICIENT or worst <= tolerance
    assert result.verdict is not Verdict.INSUFFICIENT or worst > tolerance
    assert result.verdict is not Verdict.IMPOSSIBLE or floor > tolerance


def test_a_false_result_would_be_seen() -> None:
    rng = np.random.default_rng(5)
    network, _ = perceptron(rng)
    inputs = box(-1.0, 1.0, (1,), InputModel.REPRESENTABLE)
    result = prove_network(network, inputs, Fraction(1000), [AskedNetwork(format=FORMATS[0])], budget=QUICK).results[0]
    assert result.verdict is Verdict.SUFFICIENT
    assert result.error_bound is not None
    with pytest.raises(AssertionError):
        demand_truth(result, result.error_bound * 2, Fraction(0), Fraction(1000))


def test_the_certificate_says_what_the_result_says() -> None:
    network, _ = perceptron(np.random.default_rng(3))
    result = prove_network(network, box(0.0, 1.0, (1,)), Fraction(1, 100), [AskedNetwork(format="fp16")], budget=QUICK).results[0]
    assert result.certificate is not None
    report = check(canonical_bytes(result.certificate))
    assert (report.status, report.verdict) == ("accepted", result.verdict)
    claim = result.certificate.claim(Bound.ERROR_BOUND)
    assert claim is not None
    assert claim.value == result.error_bound


def test_a_run_beyond_the_bound_is_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    network, _ = perceptron(np.random.default_rng(3))
    inputs = InputSet(boxes=box(0.0, 1.0, (1,)).boxes)
    genuine = certifying.claim_of

    def doubled(question, evidence, budget):  # type: ignore[no-untyped-def]
        claim = genuine(question, evidence, budget)
        if claim.bound is Bound.WITNESS_ERROR:
            return certifying.NetworkClaim(bound=claim.bound, value=claim.value * 100 + 1, statement="W", evidence=claim.evidence)
        return claim

    monkeypatch.setattr(certifying, "claim_of", doubled)
    with pytest.raises(DisagreementError, match="nothing is claimed"):
        prove_network(network, inputs, Fraction(1), [AskedNetwork(format="fp8_e4m3")], budget=QUICK)


def test_mistakes_are_named() -> None:
    network, _ = perceptron(np.random.default_rng(0))
    with pytest.raises(InputError, match="not positive"):
        prove_network(network, box(0.0, 1.0, (1,)), Fraction(0), [AskedNetwork(format="fp16")])
    with pytest.raises(InputError, match=r"shape \(2,\)"):
        prove_network(network, box(0.0, 1.0, (2,)), Fraction(1), [AskedNetwork(format="fp16")])


def test_a_mixed_program_is_certified_like_any_other() -> None:
    network, _ = perceptron(np.random.default_rng(1))
    known = Surroundings(network, box(0.0, 1.0, (1,)))
    program = uniform(network, "fp16", output="fp32")
    result = certifying.certify_program(program, known, Fraction(1, 10), label="fp16, out fp32", device="generic", budget=QUICK)
    assert result.verdict is Verdict.SUFFICIENT


def test_a_network_too_large_for_a_certificate_is_undecided_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network, _ = perceptron(np.random.default_rng(1))
    monkeypatch.setattr(certifying, "MAX_NETWORK_PARAMETERS", network.parameters - 1)
    monkeypatch.setattr(certifying, "search", None)
    result = prove_network(network, box(0.0, 1.0, (1,)), Fraction(1), [AskedNetwork(format="fp16")]).results[0]
    assert result.verdict is Verdict.UNDECIDED
    assert result.certificate is None
    assert result.error_bound is None
    assert result.analysed is not None
    assert result.analysed < 1
    assert "too large for a certificate" in result.note


def test_several_placements_at_once_give_the_same_answers() -> None:
    network, _ = perceptron(np.random.default_rng(2))
    asked = [AskedNetwork(format=name) for name in ("fp16", "fp8_e4m3", "int8")]
    search = SearchBudget(runs=2000, seconds=60)
    alone = prove_network(network, box(0.0, 1.0, (1,)), Fraction(1, 50), asked, budget=search, known=None)
    with ProcessPoolExecutor(2) as executor:
        together = prove_network(network, box(0.0, 1.0, (1,)), Fraction(1, 50), asked, budget=search, executor=executor)
    assert [(r.format, r.verdict, r.error_bound) for r in together.results] == [(r.format, r.verdict, r.error_bound) for r in alone.results]
    for result in together.results:
        assert result.program.network is network
        assert result.certificate is not None
        assert check(canonical_bytes(result.certificate)).status == "accepted"
