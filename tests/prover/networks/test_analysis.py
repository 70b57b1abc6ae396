"""Bounds of programs of networks against runs of them: no error is larger, and faults planted in the analysis are seen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.intervals import Intervals, centre
from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Network, TensorOp
from suffice.encodings.networks.inputs import InputBox, InputSet, balls, points
from suffice.encodings.networks.program import LayerFormats
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.prover.networks import forward, local_errors_rounding, local_errors_sums, reverse
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.placing import place, uniform
from tests.prover.networks.triples import FORMATS, Case, errors_of, exceeding, inputs_of, random_case, random_network

CASES, INPUTS = 16, 30


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_run_errs_by_more_than_the_bound(fmt: str) -> None:
    rng = np.random.default_rng(FORMATS.index(fmt))
    finite = 0
    for _ in range(CASES):
        case = random_case(rng, fmt)
        bound = analyse(case.program, case.inputs)
        errors, slack = errors_of(case, inputs_of(case, rng, INPUTS))
        assert (errors <= bound.outputs + slack).all()
        finite += bool(np.isfinite(bound.bound))
    assert finite > CASES // 2


@pytest.mark.parametrize("fmt", ["fp16", "bf16", "fp8_e4m3"])
def test_bounds_at_single_inputs_are_tight(fmt: str) -> None:
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(12):
        network = _perceptron(rng)
        x = rng.uniform(-1, 1, (1, 6))
        case = Case(uniform(network, fmt), points(x).boxes[0])
        bound = analyse(case.program, case.inputs)
        errors, _ = errors_of(case, x)
        ratios.append(bound.bound / errors.max())
    assert np.median(ratios) < 1.01
    assert max(ratios) < 3


@pytest.mark.parametrize(("fmt", "most"), [("fp16", 8), ("bf16", 8), ("fp8_e4m3", 12), ("fp32", 20)])
def test_bounds_over_balls_are_within_a_factor_of_runs(fmt: str, most: float) -> None:
    rng = np.random.default_rng(2)
    ratios = []
    for _ in range(6):
        network = _perceptron(rng)
        case = Case(uniform(network, fmt), balls(rng.uniform(-1, 1, (1, 6)), 0.01).boxes[0])
        errors, _ = errors_of(case, inputs_of(case, rng, 4000))
        ratios.append(analyse(case.program, case.inputs).bound / errors.max())
    assert 1 <= np.median(ratios) < most


def test_fp64_against_exact_rationals() -> None:
    rng = np.random.default_rng(8)
    builder = NetworkBuilder("double")
    x = builder.input((5,))
    weights = [rng.normal(size=(5, 5)) for _ in range(3)]
    for number, weight in enumerate(weights):
        x = builder.linear(x, weight)
        x = builder.unary(TensorOp.RELU, x) if number < 2 else x
        builder.store(x)
    program = uniform(builder.finish(x), "fp64")
    start = rng.uniform(-1, 1, (1, 5))
    bound = analyse(program, balls(start, 0.5))
    worst = 0.0
    for _ in range(200):
        run = start + rng.uniform(-0.5, 0.5, (1, 5))
        exact = [Fraction(value) for value in run[0]]
        for number, weight in enumerate(weights):
            exact = [sum((Fraction(w) * v for w, v in zip(row, exact, strict=True)), Fraction(0)) for row in weight]
            exact = [max(value, Fraction(0)) for value in exact] if number < 2 else exact
        errors = [abs(Fraction(found) - value) for found, value in zip(emulate(program, run)[0], exact, strict=True)]
        assert all(error <= Fraction(float(limit)) for error, limit in zip(errors, bound.outputs, strict=True))
        worst = max(worst, float(max(errors)))
    assert 1e-17 < worst < bound.bound < 200 * worst


def test_representable_inputs_are_not_rounded() -> None:
    network = _identity(4)
    box = InputBox(lo=np.zeros(4), hi=np.ones(4))
    program = uniform(network, "fp16")
    assert analyse(program, InputSet(boxes=(box,), model=InputModel.REPRESENTABLE)).bound == 0
    real = analyse(program, InputSet(boxes=(box,))).bound
    assert real == 2.0**-12
    run = np.full((1, 4), 1 - 2.0**-12)
    assert np.abs(emulate(program, run) - run).max() == real


def test_several_boxes_give_the_worst() -> None:
    rng = np.random.default_rng(3)
    network = _perceptron(rng)
    samples = balls(rng.uniform(-1, 1, (3, 6)), 0.01)
    program = uniform(network, "bf16")
    whole = analyse(program, samples)
    single = [analyse(program, box) for box in samples.boxes]
    assert whole.bound == max(one.bound for one in single)
    assert (whole.outputs == np.max([one.outputs for one in single], axis=0)).all()
    assert all(node.deviation == max(one.nodes[k].deviation for one in single) for k, node in enumerate(whole.nodes))
    assert [layer.name for layer in whole.layers] == list(network.layers)
    assert sum(layer.contribution or 0 for layer in whole.layers) >= whole.bound * 0.5


def test_overflow_is_no_bound_and_says_where() -> None:
    builder = NetworkBuilder("large")
    x = builder.input((2,))
    builder.layer = "grow"
    x = builder.unary(TensorOp.EXP, x)
    builder.store(x)
    network = builder.finish(x)
    box = InputBox(lo=np.array([0.0, 0.0]), hi=np.array([12.0, 1.0]))
    analysis = analyse(uniform(network, "fp16"), box)
    assert analysis.bound == np.inf
    assert "grow" in analysis.boxes[0].reason
    assert np.isinf(emulate(uniform(network, "fp16"), box.hi[None])).any()
    assert np.isfinite(analyse(uniform(network, "bf16"), box).bound)


def test_saturation_counts() -> None:
    network = _identity(2)
    narrow = exact_ranges(network, InputBox(lo=np.full(2, -1.0), hi=np.full(2, 1.0)))
    box = InputBox(lo=np.full(2, -2.0), hi=np.full(2, 2.0))
    program = uniform(network, "int8", ranges=narrow)
    bound = analyse(program, box).bound
    worst = float(np.abs(emulate(program, box.hi[None]) - box.hi).max())
    assert worst > 0.9
    assert worst <= bound < 1.01


def test_what_saturates_does_not_hide_that_nothing_is_known() -> None:
    """eps is rounded to 0, so that 0/0 is stored in codes: their ends bound no NaN."""
    builder = NetworkBuilder("norm")
    normalised = builder.unary(TensorOp.RMS_NORM, builder.input((2,)), Fraction(5, 10**46))
    builder.store(normalised)
    network = builder.finish(normalised)
    for first, known in ((1e-30, False), (1.0, True)):
        inputs = points(np.float64(np.float32([[0.0, first]])))
        ranges = exact_ranges(network, inputs.boxes[0])
        bound = analyse(uniform(network, "int8", input="fp32", ranges=ranges), inputs)
        assert np.isfinite(bound.bound) == known


def test_layers_may_have_formats_of_their_own() -> None:
    rng = np.random.default_rng(5)
    network = _perceptron(rng)
    box = balls(rng.uniform(-1, 1, (1, 6)), 0.01).boxes[0]
    layers = list(network.layers)
    program = place(network, {layers[0]: "fp8_e4m3", layers[-1]: "fp16"}, default="bf16", input="fp32", output="fp32")
    case = Case(program, box)
    assert exceeding(case, analyse, inputs_of(case, rng, 500)) == 0
    assert analyse(program, box).bound > analyse(uniform(network, "bf16"), box).bound
    assert program.steps[0].stored == program.steps[-1].stored == parse_format("fp32")


@pytest.mark.parametrize("device", ["v100", "a100", "h100", "mi210", "avx512_bf16"])
def test_accumulation_of_devices(device: str) -> None:
    rng = np.random.default_rng(6)
    fmt = "fp16" if device == "v100" else "bf16"
    for _ in range(4):
        network = random_network(rng, 2)
        centre_point = rng.uniform(-1, 1, network.input.shape)
        case = Case(uniform(network, fmt, device=device), InputBox(lo=centre_point - 0.1, hi=centre_point + 0.1))
        assert exceeding(case, analyse, inputs_of(case, rng, 50)) == 0


def test_a_dropped_change_of_weights_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    case, x = _weighted_case()
    assert exceeding(case, analyse, x) == 0
    monkeypatch.setattr(forward, "constant_change", lambda *_: None)
    assert exceeding(case, analyse, x) > 0


def test_half_the_loss_of_sums_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    case, x = _absorbing_case()
    assert exceeding(case, analyse, x) == 0
    for name in ("error_bounds", "tree_errors"):
        exactly = getattr(local_errors_sums, name)
        monkeypatch.setattr(local_errors_sums, name, lambda *a, exactly=exactly, **k: exactly(*a, **k) / 2)
    assert exceeding(case, analyse, x) > 0


def test_a_midpoint_in_place_of_adjoints_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = NetworkBuilder("kink")
    x = builder.unary(TensorOp.ABSOLUTE, builder.input((3,)))
    network = builder.finish(x)
    case = Case(uniform(network, "fp8_e4m3"), InputBox(lo=np.full(3, -1.0), hi=np.full(3, 1.0)))
    x_runs = inputs_of(case, np.random.default_rng(0), 50)
    assert exceeding(case, analyse, x_runs) == 0
    exactly = reverse.pulled

    def middle(*arguments: object) -> list[Intervals]:
        return [Intervals(centre(part), centre(part)) for part in exactly(*arguments)]  # type: ignore[arg-type]

    monkeypatch.setattr(reverse, "pulled", middle)
    assert exceeding(case, analyse, x_runs) > 0


def test_a_smaller_rounding_error_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    network = _identity(8)
    case = Case(uniform(network, "bf16"), InputBox(lo=np.zeros(8), hi=np.ones(8)))
    x = inputs_of(case, np.random.default_rng(0), 2000)
    assert exceeding(case, analyse, x) == 0
    exactly = local_errors_rounding.half_spacing
    monkeypatch.setattr(local_errors_rounding, "half_spacing", lambda *a: exactly(*a) * 0.9)
    assert exceeding(case, analyse, x) > 0


def test_a_function_that_costs_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = NetworkBuilder("wave")
    x = builder.unary(TensorOp.EXP, builder.input((3,)))
    case = Case(uniform(builder.finish(x), "fp32", input="fp64"), InputBox(lo=np.full(3, 0.1), hi=np.full(3, 0.9)))
    runs = inputs_of(case, np.random.default_rng(0), 50)
    assert exceeding(case, analyse, runs) == 0
    monkeypatch.setattr(forward, "rounding_errors", lambda _fmt, values: Intervals(np.zeros(values.shape), np.zeros(values.shape)))
    assert exceeding(case, analyse, runs) > 0


def _perceptron(rng: np.random.Generator) -> Network:
    builder = NetworkBuilder("perceptron")
    x = builder.input((6,))
    for number, op in enumerate((TensorOp.GELU, TensorOp.RELU, None)):
        builder.layer = f"linear{number}"
        weight, bias = rng.normal(size=(6, 6)) * 0.5, rng.normal(size=6) * 0.2
        x = builder.linear(x, weight.astype(np.float32).astype(float), bias.astype(np.float32).astype(float))
        builder.store(x)
        if op is not None:
            builder.layer = f"act{number}"
            x = builder.unary(op, x)
            builder.store(x)
    return builder.finish(x)


def _identity(width: int) -> Network:
    builder = NetworkBuilder("identity")
    x = builder.input((width,))
    return builder.finish(builder.unary(TensorOp.NEGATE, builder.unary(TensorOp.NEGATE, x)))


def _weighted_case() -> tuple[Case, np.ndarray]:
    rng = np.random.default_rng(0)
    builder = NetworkBuilder("weighted")
    x = builder.linear(builder.input((8,)), rng.uniform(1.01, 1.04, (2, 8)).astype(np.float32).astype(float))
    program = uniform(builder.finish(x), "fp8_e4m3", input="fp32", output="fp32")
    case = Case(program, InputBox(lo=np.zeros(8), hi=np.ones(8)))
    return case, inputs_of(case, rng, 20)


def _absorbing_case() -> tuple[Case, np.ndarray]:
    """1 + many numbers of almost half its spacing, each of which is lost."""
    width = 64
    fmt = parse_format("fp16")
    assert isinstance(fmt, FloatFormat)
    builder = NetworkBuilder("absorbing")
    builder.layer = "sum"
    network = builder.finish(builder.linear(builder.input((width,)), np.ones((1, width))))
    added = Accumulation(kind=Kind.ADDITIONS, accumulator=fmt, order=Order.ANY)
    chosen = LayerFormats(weights=fmt, activations=fmt, compute=fmt, accumulation=added, bias=fmt)
    x = np.full((1, width), float(Fraction(2047, 2048) / 2048))
    x[0, 0] = 1.0
    case = Case(place(network, {"sum": chosen}, default=chosen), balls(x, 2.0**-40).boxes[0])
    assert abs(float(run_float64(network, x)[0, 0]) - float(emulate(case.program, x)[0, 0])) > 0.01
    return case, x
