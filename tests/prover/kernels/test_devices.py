"""Devices' own sums, narrow multipliers, flushed subnormals and stored intermediates: emulated kernels stay within their tolerances."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulate import accumulate
from suffice.hardware_specs.accumulation import summation
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import accumulation_for, device
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.kernels.comparison import compared
from suffice.prover.kernels.tolerances import proved_tolerance
from tests.prover.kernels import emulated
from tests.prover.kernels.emulated import Machine, Numbers

DEVICES = [
    ("v100", "fp16"), ("a100", "bf16"), ("a100", "tf32"), ("h100", "fp16"), ("h100", "fp8_e4m3"), ("b200", "fp8_e5m2"), ("mi210", "bf16"),
    ("mi210", "fp16"), ("tpu", "bf16"), ("avx512_bf16", "bf16"), ("amx_bf16", "bf16"), ("generic_sequential", "fp16"),
]  # fmt: skip


def operands(rng: np.random.Generator, fmt: str, kind: str, *shapes: tuple[int, ...]) -> list[Numbers]:
    """Numbers of the format: mild, of many magnitudes, or close to the least ones."""
    scale = {"mild": 1.0, "tiny": 2.0**-9, "spread": 1.0}[kind]
    found = []
    for shape in shapes:
        x = rng.normal(size=shape) * scale
        if kind == "spread":
            x *= 2.0 ** rng.integers(-8, 4, shape)
        found.append(round_array(parse_format(fmt), x))
    return found


@pytest.mark.parametrize(("name", "fmt"), DEVICES)
@pytest.mark.parametrize("kind", ["mild", "tiny", "spread"])
def test_products_as_the_device_adds_them(name: str, fmt: str, kind: str) -> None:
    rng = np.random.default_rng(8)
    how = accumulation_for(device(name), parse_format(fmt), parse_format(fmt))
    for length in (5, 64, 200):
        a, b = operands(rng, fmt, kind, (6, length), (length, 7))
        found = accumulate(how, a[:, None, :], b.T[None, :, :])
        tolerance = proved_tolerance("matmul", inputs=(a, b), formats={"inputs": fmt, "output": "fp32"}, device=name)
        comparison = compared(tolerance, found)
        assert comparison.within, comparison.message


def test_a_device_that_keeps_few_bits_is_no_correct_kernel_of_fp32() -> None:
    """H100 keeps 13 fraction bits of sums of fp8: its results exceed the bound of sums in fp32, and come near their own."""
    rng = np.random.default_rng(9)
    a, b = operands(rng, "fp8_e4m3", "mild", (40, 64), (64, 40))
    found = accumulate(accumulation_for(device("h100"), parse_format("fp8_e4m3"), parse_format("fp8_e4m3")), a[:, None, :], b.T[None, :, :])
    formats = {"inputs": "fp8_e4m3", "output": "fp32"}
    assert compared(proved_tolerance("matmul", inputs=(a, b), formats=formats, device="h100"), found).worst > 0.02
    assert compared(proved_tolerance("matmul", inputs=(a, b), formats=formats), found).worst > 1


def test_factors_rounded_to_tf32() -> None:
    rng = np.random.default_rng(10)
    a, b = (rng.normal(size=shape).astype(np.float32) for shape in ((8, 30), (30, 8)))
    cut = [round_array(parse_format("tf32"), x.astype(np.float64)) for x in (a, b)]
    found = Machine(rng).matmul(*cut)
    assert compared(proved_tolerance("matmul", inputs=(a, b), formats={"inputs": "fp32", "multiply": "tf32"}), found).within
    assert not compared(proved_tolerance("matmul", inputs=(a, b), formats="fp32"), found).within


def test_stored_scores_and_probabilities() -> None:
    rng = np.random.default_rng(11)
    m, narrow = Machine(rng), ml_dtypes.bfloat16
    q, k, v = ((4 * rng.normal(size=(2, 12, 8))).astype(narrow) for _ in range(3))
    scores = m(m.matmul(m(q), np.swapaxes(m(k), -1, -2)) * m(8**-0.5)).astype(narrow)
    p = emulated.softmax(m, scores).astype(narrow)
    found = m.matmul(m(p), m(v)).astype(narrow)
    formats = {"inputs": "bf16", "output": "bf16", "probabilities": "bf16"}
    assert compared(proved_tolerance("attention", inputs=(q, k, v), formats={**formats, "scores": "bf16"}), found).within
    assert not compared(proved_tolerance("attention", inputs=(q, k, v), formats=formats), found).within


@pytest.mark.parametrize("compute", ["fp16", "fp32(subnormals=flushed)"])
def test_other_arithmetic(compute: str) -> None:
    """All arithmetic in fp16, and fp32 with results flushed."""
    rng = np.random.default_rng(12)

    class Flushing(Machine):
        def __call__(self, x: Any) -> Numbers:
            found = super().__call__(x)
            return np.where(abs(found) < np.finfo(np.float32).tiny, found.dtype.type(0), found)

    m = Machine(rng, dtype=np.float16) if compute == "fp16" else Flushing(rng)
    stored = "fp16" if compute == "fp16" else "fp32"
    for scale in (1.0, 2.0**-12 if compute == "fp16" else 2.0**-70):
        x = (rng.normal(size=(20, 10)) * scale).astype(m.dtype)
        one = np.ones(10, dtype=m.dtype)
        formats = {"inputs": stored, "output": stored, "compute": compute}
        runs: list[tuple[str, Numbers, Any, dict[str, Any]]] = [
            ("softmax", emulated.softmax(m, x), (x,), {}),
            ("softmax", emulated.online_softmax(m, x), (x,), {}),
            ("log_softmax", emulated.log_softmax(m, x), (x,), {}),
            ("gelu", emulated.gelu(m, x, tanh=False), (x,), {}),
            ("gelu", emulated.gelu(m, x, tanh=True), (x,), {"approximate": "tanh"}),
            ("silu", emulated.silu(m, x), (x,), {}),
            ("rms_norm", emulated.rms_norm(m, x, one, 0.5), (x, one), {"eps": 0.5}),
            ("layer_norm", emulated.layer_norm(m, x, one, one, 0.5, algorithm="chan", form="scaled"), (x, one, one), {"eps": 0.5}),
            ("mean", m(m.sum(x) / m(10)), (x,), {}),
            ("matmul", m.matmul(x, x.T), (x, x.T), {"accumulate": compute}),
            ("attention", emulated.attention(m, x, x, x, flash=True), (x, x, x), {}),
        ]
        for op, actual, inputs, options in runs:
            comparison = compared(proved_tolerance(op, inputs=inputs, formats=formats, **options), actual)
            assert comparison.within, (op, scale, comparison.message)


def test_depth_tightens_and_a_deeper_sum_exceeds_it() -> None:
    x = np.full((1, 1024), 0.1, dtype=np.float32)
    chain = np.cumsum(x, axis=-1, dtype=np.float32)[:, -1]
    pairs = Machine(np.random.default_rng(0), order="pairwise").sum(x)
    shallow = proved_tolerance("sum", inputs=(x,), formats="fp32", depth=10)
    assert compared(shallow, pairs).within
    assert not compared(shallow, chain).within
    assert compared(proved_tolerance("sum", inputs=(x,), formats="fp32"), chain).within


def test_groups_of_a_known_device_are_not_those_of_another() -> None:
    how = accumulation_for(device("h100"), parse_format("fp16"), parse_format("fp16"))
    x = np.ones((1, 4), dtype=np.float16)
    formats = {"inputs": "fp16", "output": "fp32"}
    one = proved_tolerance("matmul", inputs=(x, x.T), formats=formats, accumulate=how).bound
    other = proved_tolerance("matmul", inputs=(x, x.T), formats=formats, accumulate=replace(how, extra_bits=0)).bound
    assert (one < other).all()


@pytest.mark.parametrize(
    ("op", "inputs", "options"),
    [
        ("rms_norm", (np.full((1, 8), 120.0),), {}),
        ("layer_norm", (np.array([[300.0, -300.0]]),), {"algorithm": "two_pass", "form": "centred"}),
        ("layer_norm", (np.array([[300.0, -100.0]]),), {"algorithm": "moments"}),
        ("layer_norm", (np.array([[300.0, -300.0]]),), {"algorithm": "welford"}),
        ("layer_norm", (np.array([[300.0, 301.0]]), np.full(2, 1024.0)), {"algorithm": "two_pass", "form": "scaled"}),
        ("attention", (np.full((1, 2), 300.0), np.full((1, 2), 300.0), np.ones((1, 1))), {}),
        ("mean", (np.full((1, 8), 30000.0),), {}),
        ("log_softmax", (np.array([[60000.0, -60000.0]]),), {}),
    ],
)  # fmt: skip
def test_where_an_intermediate_value_may_overflow_nothing_is_claimed(op: str, inputs: Any, options: dict[str, Any]) -> None:
    """In fp16 arithmetic; in fp32 the same elements have bounds."""
    narrow = {"inputs": "fp16", "output": "fp32", "compute": "fp16"}
    assert np.isinf(proved_tolerance(op, inputs=inputs, formats=narrow, **options).bound).any()
    assert np.isfinite(proved_tolerance(op, inputs=inputs, formats={"inputs": "fp16", "output": "fp32"}, **options).bound).all()


def test_results_and_weights_in_codes() -> None:
    """A softmax that is quantised, and 8-bit weights beside float inputs, scaled in fp32."""
    rng = np.random.default_rng(14)
    m, step = Machine(rng), np.float32(0.0123)
    x = rng.normal(size=(30, 12)).astype(np.float32)
    codes = np.clip(np.rint(m(emulated.softmax(m, x) * m(1 / step)) - m(128)), -128, 127)
    name = f"int8(scale={Fraction(float(step))},zero=-128)"
    found = proved_tolerance("softmax", inputs=(x,), formats={"inputs": "fp32", "output": name})
    assert 0.9 < compared(found, codes.astype(np.int8)).worst <= 1
    held = rng.integers(-128, 128, (5, 12))
    formats = {"x": "fp32", "weight": f"int8(scale={Fraction(float(step))},zero=0)", "output": "fp32"}
    weights = held * float(step)
    assert compared(proved_tolerance("linear", inputs=(x, weights), formats=formats), m.matmul(x, m(m(held) * step).T)).within
    with pytest.raises(InputError, match="integer codes"):
        proved_tolerance("gelu", inputs=(weights,), formats={"x": formats["weight"], "output": "fp32"})
    with pytest.raises(FormatError, match="without a scale"):
        proved_tolerance("linear", inputs=(x, weights), formats={**formats, "weight": "int8"})
    with pytest.raises(FormatError, match="does not hold the sums"):
        proved_tolerance("sum", inputs=(x,), formats={"inputs": "fp32", "compute": "fp16"}, accumulate="fp32")


def test_numbers_that_the_sums_do_not_hold_are_rounded_first() -> None:
    """fp32 inputs and a bias in sums of fp16."""
    rng = np.random.default_rng(15)
    m = Machine(rng, dtype=np.float16)
    for _ in range(20):
        x, weight, bias = (rng.normal(size=shape).astype(np.float32) for shape in ((6, 2), (4, 2), (4,)))
        formats = {"inputs": "fp32", "output": "fp16"}
        assert compared(proved_tolerance("sum", inputs=(x,), formats=formats, accumulate="fp16"), m.sum(m(x))).within
        half = (x.astype(np.float16), weight.astype(np.float16))
        products = m(half[0][:, :, None] * half[1].T[None])
        found = m.sum(np.concatenate([products, np.broadcast_to(m(bias), (6, 1, 4))], axis=1), axis=1)
        formats = {"x": "fp16", "weight": "fp16", "bias": "fp32", "output": "fp16"}
        assert compared(proved_tolerance("linear", inputs=(*half, bias), formats=formats, accumulate="fp16"), found).within


def test_a_narrower_multiplier_takes_the_sums_of_its_own_format() -> None:
    """Products of tf32 are added in groups on H100, cut: one product of two numbers of fp32 is not, and is rounded."""
    a, b = np.array([[1.0, 2.0**-26]]), np.array([[1.0], [1.0]])
    formats = {"inputs": "fp32", "output": "fp32", "multiply": "tf32"}
    tolerance = proved_tolerance("matmul", inputs=(a, b), formats=formats, device="h100")
    assert tolerance.kernel.accumulation == accumulation_for(device("h100"), parse_format("tf32"), parse_format("tf32"))
    cut = accumulate(tolerance.kernel.accumulation, a[:, None, :], b.T[None, :, :])
    assert compared(tolerance, cut).within


def test_a_wrong_claim_that_products_fit_is_not_believed() -> None:
    x = np.array([[1 + 2.0**-10]], dtype=np.float16)
    inputs = {"inputs": (x, x), "formats": {"inputs": "fp16", "output": "fp32"}}
    claimed = proved_tolerance("matmul", accumulate=summation(parse_format("fp16")), **inputs)  # type: ignore[arg-type]
    rounded = (x * x).astype(np.float32)
    assert rounded.astype(np.float64) != x.astype(np.float64) ** 2
    assert compared(claimed, rounded).within
    assert not compared(proved_tolerance("matmul", accumulate="fp32", **inputs), rounded).within


def test_masks_of_numbers_are_refused() -> None:
    """A summand of 0 where a key is seen would mean the opposite."""
    x = np.ones((1, 2, 2), dtype=np.float32)
    for mask in (np.array([[0.0, -np.inf], [0.0, 0.0]]), np.array([[1, 0], [1, 1]])):
        with pytest.raises(InputError, match="a mask of type"):
            proved_tolerance("attention", inputs=(x, x, x), formats="fp32", mask=mask)
    proved_tolerance("attention", inputs=(x, x, x), formats="fp32", mask=np.array([[True, False], [True, True]]))
