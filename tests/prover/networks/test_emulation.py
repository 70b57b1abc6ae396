"""Runs of programs, bit by bit: single operations against exact rationals and mpmath, whole networks against the exact accumulation."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.graph import Array, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.errors import InputError
from suffice.hardware_specs.accumulate_exactly import accumulate_exactly
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import IntFormat
from suffice.hardware_specs.rounding import round_exact
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.networks import emulation_roundings as rounded
from suffice.prover.networks.emulation import emulate, emulate_all
from suffice.prover.networks.placing import uniform
from tests.mpmath_functions import FUNCTIONS
from tests.prover.networks.triples import random_box, random_network

FORMATS = ["fp32", "fp16", "bf16", "fp8_e4m3", "float(p=24,emin=-20,emax=20,rounding=up)", "bf16(subnormals=flushed)"]


@pytest.mark.parametrize("name", FORMATS)
def test_operations_round_once(name: str) -> None:
    fmt = parse_format(name)
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=400) * np.exp2(rng.integers(-6, 6, 400)) for _ in range(2))
    a, b = np.round(a * 2**33) / 2**33, np.round(b * 2**33) / 2**33
    pairs = [(Fraction(x), Fraction(y)) for x, y in zip(a, b, strict=True)]
    for found, exact in (
        (rounded.add(fmt, a, b), [x + y for x, y in pairs]),
        (rounded.multiply(fmt, a, b), [x * y for x, y in pairs]),
        (rounded.divide(fmt, a, b), [x / y for x, y in pairs]),
    ):
        np.testing.assert_array_equal(found, [float(round_exact(fmt, value)) for value in exact])


@pytest.mark.parametrize("name", ["fp16", "bf16", "fp8_e4m3"])
def test_sums_next_to_a_midpoint_are_not_rounded_twice(name: str) -> None:
    fmt = parse_format(name)
    half = float(1 + Fraction(1, 1 << fmt.p))  # type: ignore[union-attr]  # a float format
    tiny = np.array([2.0**-60, -(2.0**-60), 0.0])
    found = rounded.add(fmt, np.full(3, half), tiny)
    assert list(found) == [float(round_exact(fmt, Fraction(half) + Fraction(t))) for t in tiny]
    assert found[0] != found[1]


@pytest.mark.parametrize("op", sorted(rounded.PRECISE))
def test_functions_are_correctly_rounded(op: TensorOp) -> None:
    rng = np.random.default_rng(1)
    fmt = parse_format("fp32")
    x = round_array(fmt, rng.normal(size=60) * rng.choice([0.01, 1.0, 8.0], 60))
    x = np.abs(x) if op in (TensorOp.LOG, TensorOp.RSQRT) else x
    found = rounded.apply(op, fmt, x)
    with mpmath.workprec(300):
        for operand, value in zip(x, found, strict=True):
            exact = FUNCTIONS[op](mpmath.mpf(float(operand)))
            spacing = mpmath.mpf(2) ** max(mpmath.frexp(exact)[1] - 24, -149)
            assert abs(exact - mpmath.mpf(float(value))) <= spacing / 2


def test_a_value_next_to_a_midpoint_is_settled_with_its_sign() -> None:
    fmt = parse_format("fp32")
    tiny = np.array([-(2.0**-30), 2.0**-30, 0.0])
    assert list(rounded.apply(TensorOp.SILU, fmt, tiny)) == [
        float(round_exact(fmt, Fraction(x) / 2 + Fraction(x) ** 2 / 4)) for x in tiny
    ]


@pytest.mark.parametrize("device", ["generic", "v100", "a100", "h100", "mi210", "avx512_bf16", "amx_bf16"])
def test_linear_adds_as_the_device_does(device: str) -> None:
    rng = np.random.default_rng(2)
    name = "bf16" if "bf16" in device else "fp16"
    fmt = parse_format(name)
    weight, bias, x = (round_array(fmt, rng.normal(size=shape)) for shape in ((3, 9), 3, (4, 9)))
    builder = NetworkBuilder("linear")
    network = builder.finish(builder.linear(builder.input((9,)), weight, bias))
    program = uniform(network, name, device=device)
    step = program.steps[1]
    assert step.accumulation is not None
    found = emulate(program, x)
    for row in range(4):
        for out in range(3):
            factors = [Fraction(v) for v in weight[out]], [Fraction(v) for v in x[row]]
            exact = accumulate_exactly(step.accumulation, *factors, Fraction(bias[out]))
            assert Fraction(found[row, out]) == exact


def test_codes_are_added_exactly() -> None:
    rng = np.random.default_rng(3)
    builder = NetworkBuilder("codes")
    weight, bias = rng.normal(size=(2, 5)), round_array(parse_format("fp32"), rng.normal(size=2))
    x = builder.linear(builder.input((5,)), weight, bias)
    builder.store(x)
    network = builder.finish(x)
    inputs = rng.uniform(-1, 2, (20, 5))
    program = uniform(network, "int8", ranges=exact_ranges(network, InputBox(lo=np.full(5, -1.0), hi=np.full(5, 2.0))))
    stored, found = emulate_all(program, inputs)
    fp32 = parse_format("fp32")
    step, target = program.steps[1], program.steps[1].stored
    assert isinstance(target, IntFormat)
    for row in range(20):
        for out, scale in enumerate(step.scales):
            codes = [round_exact(IntFormat(qmin=-127, qmax=127, scale=scale, zero=0), Fraction(w)) for w in weight[out]]
            total = sum((c * Fraction(v) for c, v in zip(codes, stored[row], strict=True)), Fraction(0))  # type: ignore[operator]
            before = round_exact(fp32, round_exact(fp32, total) + Fraction(bias[out]))  # type: ignore[operator]
            assert Fraction(found[row, out]) == round_exact(target, before)  # type: ignore[arg-type]


def test_stored_values_are_numbers_of_the_format() -> None:
    rng = np.random.default_rng(4)
    for _ in range(6):
        network = random_network(rng, 3)
        box = random_box(rng, network)
        x = rng.uniform(box.lo, box.hi, (5, *network.input.shape))
        for name in ("fp16", "int8", "fp8_e5m2"):
            program = uniform(network, name, ranges=exact_ranges(network, box))
            for step, value in zip(program.steps, emulate_all(program, x), strict=True):
                if step.stored is not None:
                    assert _equal(round_array(step.stored, value), value)  # type: ignore[arg-type]


def test_inputs_of_another_shape_are_refused() -> None:
    network = random_network(np.random.default_rng(0), 1)
    with pytest.raises(InputError, match="shape"):
        emulate(uniform(network, "fp16"), np.zeros((2, 99)))


def _equal(a: Array, b: Array) -> bool:
    return bool(((a == b) | (np.isnan(a) & np.isnan(b))).all())
