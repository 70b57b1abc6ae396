"""Programs made from names of formats."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks import layers
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Network, TensorOp
from suffice.encodings.networks.inputs import InputBox, InputSet
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulation import Kind, Order
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import IntFormat
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.calibrating import calibrated
from suffice.prover.networks.constants import constants, scale_above, symmetric_scales
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.placing import place, uniform

BOX = InputBox(lo=np.full(4, -1.0), hi=np.full(4, 2.0))


def network() -> Network:
    rng = np.random.default_rng(0)
    builder = NetworkBuilder("net")
    x = builder.input((4,))
    builder.layer = "first"
    x = builder.linear(x, rng.normal(size=(4, 4)), rng.normal(size=4))
    builder.store(x)
    builder.layer = "act"
    x = builder.unary(TensorOp.RELU, x)
    builder.store(x)
    builder.layer = "last"
    x = builder.unary(TensorOp.SOFTMAX, builder.linear(x, rng.normal(size=(3, 4))))
    builder.store(x)
    return builder.finish(x)


@pytest.mark.parametrize("name", ["fp32", "tf32", "bf16", "fp16", "fp8_e4m3", "fp8_e5m2"])
def test_uniform_floats(name: str) -> None:
    program = uniform(network(), name)
    fmt, fp32 = parse_format(name), parse_format("fp32")
    linear = program.steps[1]
    assert program.steps[0].stored == linear.stored == linear.weights == fmt
    assert linear.bias == (fp32 if name.startswith("fp8") else fmt)
    assert linear.compute == fp32
    assert linear.accumulation is not None
    assert (linear.accumulation.kind, linear.accumulation.order) == (Kind.ADDITIONS, Order.ANY)
    assert linear.accumulation.products_fit == (name not in ("fp32", "tf32", "bf16"))
    held = constants(program)[1]
    assert held.weight is not None
    assert held.weight_change is not None
    assert (round_array(fmt, network().nodes[1].weight) == held.weight).all()  # type: ignore[arg-type]
    assert (held.weight_change.lo <= held.weight - network().nodes[1].weight).all()  # type: ignore[operator]


def test_fp64_computes_in_fp64() -> None:
    assert uniform(network(), "fp64").steps[1].compute == parse_format("fp64")


def test_codes_have_scales_from_ranges_with_zero_among_them() -> None:
    made = network()
    ranges = exact_ranges(made, BOX)
    program = uniform(made, "int8", ranges=ranges)
    for position, step in enumerate(program.steps):
        if step.stored is not None:
            fmt = step.stored
            assert isinstance(fmt, IntFormat)
            assert fmt.scale is not None
            assert fmt.zero is not None
            assert fmt.qmin <= fmt.zero <= fmt.qmax
            assert np.float32(float(fmt.scale)) == float(fmt.scale)
            assert fmt.scale * (fmt.qmin - fmt.zero) <= float(ranges[position].lo.min()) + fmt.scale / 2
            assert fmt.scale * (fmt.qmax - fmt.zero) >= float(ranges[position].hi.max()) - fmt.scale / 2
    linear = program.steps[1]
    assert linear.accumulation is not None
    assert linear.accumulation.kind is Kind.EXACT
    weight = made.nodes[1].weight
    assert weight is not None
    for row, scale in zip(weight, linear.scales, strict=True):
        assert 0 <= scale - Fraction(float(np.abs(row).max())) / 127 < scale * Fraction(1, 1 << 22)


def test_scales_are_numbers_of_fp32_that_are_not_too_small() -> None:
    rng = np.random.default_rng(1)
    for value in [Fraction(float(v)) / 127 for v in rng.exponential(size=200)] + [Fraction(1, 1 << 200)]:
        scale = scale_above(value)
        assert scale >= value
        assert np.float32(float(scale)) == float(scale)
    assert scale_above(Fraction(0)) == 1
    assert symmetric_scales(np.zeros((2, 3))) == (1, 1)


def test_calibrated_codes_hold_what_is_computed() -> None:
    made = network()
    ranges = dict(enumerate(exact_ranges(made, BOX)))
    inputs = InputSet(boxes=(BOX,))
    program, analysis = calibrated(lambda hulls: uniform(made, "int8", ranges=hulls), inputs, [ranges], ranges)
    x = np.random.default_rng(0).uniform(-1, 2, (400, 4))
    error = np.abs(emulate(program, x) - run_float64(made, x)).max()
    assert error <= analysis.bound <= analyse(uniform(made, "int8", ranges=ranges), inputs).bound


def test_blocks() -> None:
    program = uniform(network(), "mxfp8_e4m3")
    assert np.isfinite(analyse(program, BOX).bound)
    assert analyse(program, BOX).bound > analyse(uniform(network(), "fp8_e4m3"), BOX).bound / 8


def test_errors_say_what_to_mend() -> None:
    with pytest.raises(FormatError, match="scale"):
        uniform(network(), "int8")
    with pytest.raises(InputError, match="first"):
        place(network(), {"frist": "fp16"})
    with pytest.raises(FormatError):
        uniform(network(), "fp15")
    with pytest.raises(FormatError, match="device"):
        uniform(network(), "fp16", device="nothing")


@pytest.mark.parametrize(("device", "ulps"), [("generic", 0), ("h100", 2)])
def test_one_format_for_everything_takes_sums_and_functions_from_the_device(device: str, ulps: int) -> None:
    """Inside attention, weights of fp32 meet values of fp16: no tensor core multiplies them."""
    builder = NetworkBuilder("attention")
    x = builder.input((3, 4))
    result = layers.attention(builder, x, x, x, 0.5)
    builder.store(result, since=1)
    network = builder.finish(result)
    program = uniform(network, "fp16", device=device)
    assert program.steps == place(network, {}, default="fp16", device=device).steps
    sums = [step.accumulation for node, step in program.pairs() if node.op is TensorOp.MATMUL]
    kinds = [added.kind for added in sums if added is not None]
    assert kinds == [Kind.ADDITIONS if device == "generic" else Kind.GROUPS, Kind.ADDITIONS]
    assert [step.ulps for node, step in program.pairs() if node.op is TensorOp.SOFTMAX] == [ulps]
