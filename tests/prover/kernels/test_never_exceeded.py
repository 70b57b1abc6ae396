"""Correct kernels, emulated in many orders and at adversarial inputs, stay within the proved tolerance, which is not far off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import ml_dtypes
import numpy as np
import pytest

from suffice.prover.kernels import sums, tracked
from suffice.prover.kernels.comparison import Comparison, compared
from suffice.prover.kernels.tolerances import proved_tolerance
from tests.prover.kernels import emulated
from tests.prover.kernels.emulated import Machine, Numbers

TYPES: dict[str, Any] = {"fp32": np.float32, "fp16": np.float16, "bf16": ml_dtypes.bfloat16}

Make = Callable[[np.random.Generator, tuple[int, ...]], Numbers]


def cancelling(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """Numbers beside their opposites, so that sums nearly vanish."""
    x = rng.normal(size=shape) * 64
    half = shape[-1] // 2
    x[..., half : 2 * half] = -x[..., :half] + rng.normal(size=x[..., :half].shape) * 2.0**-6
    return x


KINDS: dict[str, Make] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "cancelling": cancelling,
    "magnitudes": lambda rng, shape: rng.normal(size=shape) * 2.0 ** rng.integers(-12, 6, shape),
    "subnormal": lambda rng, shape: rng.integers(-40, 40, shape) * 2.0**-24,
    "equal": lambda _rng, shape: np.full(shape, 0.1),
    "one hot": lambda rng, shape: np.where(rng.random(shape) < 1.5 / shape[-1], 60.0, -30.0),
    "far from zero": lambda rng, shape: 30 + rng.normal(size=shape),
}


def given(rng: np.random.Generator, kind: str, stored: str, *shapes: tuple[int, ...]) -> list[Numbers]:
    """Operands of a kind, in their format."""
    return [KINDS[kind](rng, shape).astype(TYPES[stored]) for shape in shapes]


def within(op: str, actual: Numbers, inputs: Any, stored: str, **options: Any) -> Comparison:
    """The comparison of a result rounded to the stored format; it must not exceed."""
    tolerance = proved_tolerance(op, inputs=inputs, **{"formats": stored, **options})
    found = compared(tolerance, actual.astype(TYPES[stored]))
    assert found.within, found.message
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stored", TYPES)
def test_no_correct_kernel_exceeds(stored: str, kind: str) -> None:
    rng = np.random.default_rng(crc32(f"{stored} {kind}".encode()))
    seen = 0
    for order in ("random", "sequential", "pairwise"):
        m = Machine(rng, order=order)
        a, b = given(rng, kind, stored, (4, 24), (24, 5))
        seen += within("matmul", m.matmul(a, b), (a, b), stored).ratio.size
        x, weight, bias = given(rng, kind, stored, (6, 20), (20,), (20,))
        wide = x.astype(np.float64)
        seen += within("sum", m.sum(x), (x,), stored).ratio.size
        seen += within("mean", m(m.sum(x) * m(1 / 20)), (x,), stored).ratio.size
        runs = np.stack([m.sum(x[:, : k + 1]) for k in range(20)], axis=-1)
        seen += within("cumsum", runs, (x,), stored).ratio.size
        seen += within("softmax", emulated.softmax(m, x), (x,), stored, algorithm="two_pass").ratio.size
        seen += within("softmax", emulated.online_softmax(m, x), (x,), stored, algorithm="online").ratio.size
        seen += within("softmax", emulated.online_softmax(m, x, 1), (x,), stored).ratio.size
        seen += within("log_softmax", emulated.log_softmax(m, x), (x,), stored).ratio.size
        for algorithm in ("two_pass", "welford", "chan", "moments"):
            for form in ("centred", "scaled"):
                y = emulated.layer_norm(m, x, weight, bias, 1e-5, algorithm=algorithm, form=form)
                named = "welford" if algorithm == "chan" else algorithm
                options = {"eps": 1e-5, "algorithm": named, "form": form}
                tolerance = proved_tolerance("layer_norm", inputs=(x, weight, bias), formats=stored, **options)
                if np.isfinite(tolerance.bound).any():
                    assert compared(tolerance, y.astype(TYPES[stored])).within, (algorithm, form)
                    seen += y.size
        seen += within("rms_norm", emulated.rms_norm(m, x, weight, 1e-6), (x, weight), stored, eps=1e-6).ratio.size
        seen += within("gelu", emulated.gelu(m, x, tanh=False), (x,), stored).ratio.size
        seen += within("gelu", emulated.gelu(m, x, tanh=True), (x,), stored, approximate="tanh").ratio.size
        seen += within("silu", emulated.silu(m, x), (x,), stored).ratio.size
        q, k, v = given(rng, kind, stored, (2, 3, 8), (2, 9, 8), (2, 9, 4))
        for flash in (False, True):
            seen += within("attention", emulated.attention(m, q, k, v, flash=flash), (q, k, v), stored).ratio.size
        assert np.isfinite(wide).all()
    assert seen > 3_000


@pytest.mark.parametrize("accumulate", ["fp16", "bf16"])
def test_narrow_sums(accumulate: str) -> None:
    rng = np.random.default_rng(5)
    worst = 0.0
    for order in ("random", "sequential"):
        m = Machine(rng, dtype=TYPES[accumulate], order=order)
        a, b = (rng.random(shape).astype(TYPES[accumulate]) for shape in ((8, 60), (60, 16)))
        worst = max(worst, within("matmul", m.matmul(a, b), (a, b), accumulate, accumulate=accumulate).worst)
    assert worst > 0.03


WIDER = {"inputs": "fp32", "output": "fp32", "compute": "fp32"}
"""Formats of everything but the sums."""


def test_rescaled_sums_of_tiny_values_in_a_narrow_accumulator() -> None:
    """Every addition to a sum that was just rescaled may underflow, not only the products."""
    q, k = np.ones((1, 1), dtype=np.float32), np.arange(6, dtype=np.float32)[:, None] * np.float32(0.1165)
    v = np.array([[5.49], [1.49], [1.49], [1.49], [1.49], [1.49]], dtype=np.float32) * np.float32(2.0**-24)
    total = part = np.float16(0)
    for j in range(6):
        scale = np.float32(np.exp(np.float64(k[max(j - 1, 0), 0] - k[j, 0])))
        total = np.float16(np.float64(np.float32(total) * scale) + 1.0)
        part = np.float16(np.float64(np.float32(part) * scale) + np.float64(np.float16(v[j, 0])))
    tolerance = proved_tolerance("attention", inputs=(q, k, v), formats=WIDER, accumulate="fp16", scale=1.0, function_ulps=1)
    result = np.array([[np.float32(part) / np.float32(total)]])
    found = compared(tolerance, result)
    assert found.within and found.worst > 0.4, found.message
    assert not compared(tolerance, result - np.float32(2.0**-23)).within


def test_means_of_numbers_that_the_accumulator_does_not_have() -> None:
    """A part of one element is rounded to the accumulator, also where nothing is merged."""
    x = np.array([[0.1]], dtype=np.float32)
    mean = np.float32(np.float16(x))
    actual = (x - mean) * np.float32(1 / np.sqrt(1e-4))
    options: dict[str, Any] = {"inputs": (x,), "formats": WIDER, "algorithm": "welford", "form": "centred", "eps": 1e-4}
    found = compared(proved_tolerance("layer_norm", accumulate="fp16", **options), actual)
    assert found.within and found.worst > 0.05
    assert not compared(proved_tolerance("layer_norm", accumulate="fp32", **options), actual).within


def test_variances_that_underflow_in_the_accumulator_have_no_bound() -> None:
    x = np.array([[2.0**-13, -(2.0**-13), 2.0**-13, -(2.0**-13)]], dtype=np.float16)
    options: dict[str, Any] = {"inputs": (x,), "formats": {**WIDER, "inputs": "fp16"}, "algorithm": "welford", "eps": 0.0}
    assert np.isinf(proved_tolerance("layer_norm", accumulate="fp16", **options).bound).all()
    assert np.isfinite(proved_tolerance("layer_norm", accumulate="fp32", **options).bound).all()


@pytest.mark.parametrize("length", [4096, 65536])
def test_long_sums_of_equal_numbers_come_near(length: int) -> None:
    """Added one by one, they drift: some constant reaches a good part of the bound."""
    worst = 0.0
    for value in (0.1, 1 / 3, 0.7, 1.1):
        x = np.full((1, length), value, dtype=np.float32)
        total = np.cumsum(x, axis=-1, dtype=np.float32)[:, -1]
        worst = max(worst, within("sum", total, (x,), "fp32").worst)
    assert worst > 1 / 50


@pytest.mark.parametrize(
    ("op", "least"),
    [("softmax", 0.2), ("log_softmax", 0.2), ("gelu", 0.3), ("silu", 0.3), ("rms_norm", 0.2), ("layer_norm", 0.04), ("attention", 0.03)],
)
def test_the_bounds_are_not_far_off(op: str, least: float) -> None:
    """Functions off by all that is allowed, one way: within 5 to 30 times of the bound, results in fp32."""
    rng = np.random.default_rng(7)
    worst = 0.0
    for drift in (-1.0, 1.0):
        for scale in (0.3, 3.0):
            m = Machine(rng, order="sequential", drift=drift)
            x = (rng.normal(size=(30, 12)) * scale).astype(np.float32)
            one = np.ones(12, dtype=np.float32)
            runs: dict[str, tuple[Numbers, Any, dict[str, Any]]] = {
                "softmax": (emulated.softmax(m, x), (x,), {"algorithm": "two_pass"}),
                "log_softmax": (emulated.log_softmax(m, x), (x,), {"algorithm": "two_pass"}),
                "gelu": (emulated.gelu(m, x, tanh=False), (x,), {}),
                "silu": (emulated.silu(m, x), (x,), {}),
                "rms_norm": (emulated.rms_norm(m, x, one, 1e-6), (x, one), {}),
                "layer_norm": (
                    emulated.layer_norm(m, x, one, 0 * one, 1e-5, algorithm="two_pass", form="centred"), (x, one, 0 * one),
                    {"algorithm": "two_pass", "form": "centred"},
                ),
                "attention": (emulated.attention(m, x, x, x, flash=False), (x, x, x), {"algorithm": "two_pass"}),
            }  # fmt: skip
            actual, inputs, options = runs[op]
            worst = max(worst, within(op, actual, inputs, "fp32", **options).worst)
    assert least < worst <= 1


def test_half_of_the_bound_is_exceeded() -> None:
    """The harness sees a bound that is too small: the output's rounding alone reaches more than half of it."""
    rng = np.random.default_rng(11)
    a, b = given(rng, "normal", "fp16", (40, 16), (16, 40))
    found = within("matmul", Machine(rng).matmul(a, b), (a, b), "fp16")
    assert (found.ratio > 0.5).sum() > 50


@pytest.mark.parametrize("op", ["softmax", "gelu", "silu", "rms_norm", "log_softmax"])
def test_functions_less_accurate_than_promised_are_noticed(op: str) -> None:
    """Off by four ulps where correct rounding is promised; one way, but where that cancels."""
    rng = np.random.default_rng(13)
    m = Machine(rng, drift=None if op == "softmax" else 1.0)
    x, one = rng.normal(size=(400, 2)).astype(np.float32) * 3, np.ones(2, dtype=np.float32)
    runs: dict[str, tuple[Numbers, Any, dict[str, Any]]] = {
        "softmax": (emulated.softmax(m, x), (x,), {"algorithm": "two_pass"}),
        "gelu": (emulated.gelu(m, x, tanh=False), (x,), {}),
        "silu": (emulated.silu(m, x), (x,), {}),
        "rms_norm": (emulated.rms_norm(m, x, one, 1e-6), (x, one), {"eps": 1e-6}),
        "log_softmax": (emulated.log_softmax(m, x), (x,), {"algorithm": "two_pass"}),
    }
    actual, inputs, options = runs[op]
    assert compared(proved_tolerance(op, inputs=inputs, formats="fp32", **options), actual).within
    assert not compared(proved_tolerance(op, inputs=inputs, formats="fp32", function_ulps=0, **options), actual).within


@pytest.mark.parametrize("statement", ["K1", "K2"])
def test_half_of_a_constant_is_exceeded(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With half of K1's half spacing, or of K2's share, results of correct kernels exceed."""
    rng = np.random.default_rng(14)
    x = (rng.random((4000, 2)) + np.array([1.0, 2.0**-24])).astype(np.float32)
    narrow = x.astype(np.float16)
    runs = {"K1": (narrow.astype(np.float32), (x,), {"inputs": "fp32", "output": "fp16"}), "K2": (x[:, 0] + x[:, 1], (x,), "fp32")}
    actual, inputs, formats = runs[statement]
    op = "cast" if statement == "K1" else "sum"
    assert compared(proved_tolerance(op, inputs=inputs, formats=formats), actual).within
    whole = tracked.half if statement == "K1" else sums.adding_error
    monkeypatch.setattr(tracked if statement == "K1" else sums, whole.__name__, lambda *a, **k: whole(*a, **k) / 2)
    assert not compared(proved_tolerance(op, inputs=inputs, formats=formats), actual).within
