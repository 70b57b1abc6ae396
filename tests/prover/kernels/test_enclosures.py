"""The enclosures of exact results against mpmath, and the parts that the bounds are made of against exact rationals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.hardware_specs.rounding import Special, round_exact
from suffice.prover.kernels import upper
from suffice.prover.kernels.contract import half
from suffice.prover.kernels.operations import OPERATIONS
from suffice.prover.kernels.statements import STATEMENTS
from suffice.prover.kernels.tolerances import proved_tolerance

mpmath.mp.dps = 60
MP = mpmath.mpf


def rows(x: Any) -> list[list[Any]]:
    return [[MP(float(v)) for v in row] for row in x]


def softmax(x: list[Any]) -> list[Any]:
    e = [mpmath.exp(v) for v in x]
    return [v / sum(e) for v in e]


def normalised(x: list[Any], eps: float, *, centre: bool) -> list[Any]:
    mean = sum(x) / len(x) if centre else MP(0)
    variance = sum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / mpmath.sqrt(variance + MP(eps)) for v in x]


def gelu_tanh(v: Any) -> Any:
    return v / (1 + mpmath.exp(-2 * mpmath.sqrt(2 / mpmath.pi) * (v + MP(44715) / 10**6 * v**3)))


def exact(op: str, inputs: list[Any], options: dict[str, Any]) -> Any:
    """The result in 60 digits, as nested lists."""
    x = rows(inputs[0])
    match op:
        case "matmul":
            return [[sum(u * v for u, v in zip(row, column, strict=True)) for column in zip(*rows(inputs[1]), strict=True)] for row in x]
        case "softmax":
            return [softmax(row) for row in x]
        case "log_softmax":
            return [[mpmath.log(v) for v in softmax(row)] for row in x]
        case "layer_norm":
            return [normalised(row, options["eps"], centre=True) for row in x]
        case "rms_norm":
            return [normalised(row, options["eps"], centre=False) for row in x]
        case "gelu":
            return [[gelu_tanh(v) if options else v * mpmath.erfc(-v / mpmath.sqrt(2)) / 2 for v in row] for row in x]
        case "silu":
            return [[v / (1 + mpmath.exp(-v)) for v in row] for row in x]
        case "attention":
            k, v = rows(inputs[1]), rows(inputs[2])
            scale = 1 / mpmath.sqrt(len(x[0]))
            found = []
            for i, q in enumerate(x):
                seen = [j for j in range(len(k)) if j <= i or not options]
                p = softmax([scale * sum(a * b for a, b in zip(q, k[j], strict=True)) for j in seen])
                found.append([sum(w * v[j][c] for w, j in zip(p, seen, strict=True)) for c in range(len(v[0]))])
            return found
        case "sum":
            return [sum(row) for row in x]
        case "mean":
            return [sum(row) / len(row) for row in x]
        case _:
            return [[sum(row[: k + 1]) for k in range(len(row))] for row in x]


CASES: list[tuple[str, int, dict[str, Any]]] = [
    ("matmul", 2, {}), ("softmax", 1, {}), ("log_softmax", 1, {}), ("layer_norm", 1, {"eps": 1e-5}), ("rms_norm", 1, {"eps": 1e-6}),
    ("gelu", 1, {}), ("gelu", 1, {"approximate": "tanh"}), ("silu", 1, {}), ("attention", 3, {}), ("attention", 3, {"causal": True}),
    ("sum", 1, {}), ("mean", 1, {}), ("cumsum", 1, {}),
]  # fmt: skip


@pytest.mark.parametrize(("op", "count", "options"), CASES)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 40.0])
def test_the_exact_result_is_enclosed(op: str, count: int, options: dict[str, Any], scale: float) -> None:
    rng = np.random.default_rng(3)
    inputs = [(rng.normal(size=(6, 6)) * scale).astype(np.float32) for _ in range(count)]
    found = proved_tolerance(op, inputs=inputs, **options)
    oracle = np.array(exact(op, inputs, options), dtype=object)
    for lo, hi, true in zip(found.exact.lo.flat, found.exact.hi.flat, oracle.flat, strict=True):
        assert MP(float(lo)) <= true <= MP(float(hi))
    assert float((found.exact.hi - found.exact.lo).max()) < 1e-9 * scale


@pytest.mark.parametrize(("op", "count", "options"), CASES)
def test_bounds_for_ranges_hold_for_every_input_in_them(op: str, count: int, options: dict[str, Any]) -> None:
    """What is proved for given inputs is never more than what is proved for a range that holds them."""
    rng = np.random.default_rng(4)
    shapes = [(6, 6)] * count
    wide = proved_tolerance(op, shapes, "fp16", ranges=(-2.0, 2.0), **options)
    for _ in range(4):
        inputs = [rng.uniform(-2, 2, shape).astype(np.float16) for shape in shapes]
        tight = proved_tolerance(op, inputs=inputs, **options)
        assert (tight.bound <= wide.bound).all()
        assert ((tight.exact.lo >= wide.exact.lo - 1e-12) & (tight.exact.hi <= wide.exact.hi + 1e-12)).all()


FORMATS = ("fp16", "bf16", "fp8_e4m3", "fp16(rounding=toward_zero)", "fp16(subnormals=flushed)", "fp8_e5m2(rounding=up)")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(FORMATS), st.floats(-1000, 1000, allow_subnormal=False), st.floats(0, 1))
def test_half_bounds_every_rounding(name: str, largest: float, part: float) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    z = Fraction(largest * part)
    bound = float(half(fmt, np.array(abs(largest))))
    result = round_exact(fmt, z)
    if np.isfinite(bound):
        number = Fraction(0) if result is Special.NEGATIVE_ZERO else result
        assert isinstance(number, Fraction)
        assert abs(number - z) <= Fraction(bound)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.integers(0, 3000))
def test_growth_is_above_the_power_and_close(bits: int, count: int) -> None:
    unit = Fraction(1, 1 << min(bits, 60))
    found = upper.growth(unit, min(count, 64) if bits < 8 else count)
    true = (1 + unit) ** (min(count, 64) if bits < 8 else count) - 1
    assert found >= true or np.isinf(found)
    if np.isfinite(found) and count:
        assert Fraction(found) <= true * (1 + Fraction(1, 1 << 20)) + Fraction(1, 1 << 90)


@settings(max_examples=300, deadline=None)
@given(st.floats(0, allow_infinity=False), st.floats(0, allow_infinity=False))
def test_arithmetic_of_bounds_is_upward(a: float, b: float) -> None:
    x, y = Fraction(a), Fraction(b)
    for found, true in ((upper.add(a, b), x + y), (upper.multiply(a, b), x * y)):
        assert np.isinf(found) or Fraction(float(found)) >= true
    if b > 0:
        found = upper.divide(a, b)
        assert np.isinf(found) or Fraction(float(found)) >= x / y
    root = float(upper.root(a))
    assert Fraction(root) ** 2 >= x
    lower = float(upper.lowered_difference(a, b))
    assert np.isinf(lower) or Fraction(lower) <= x - y


def test_infinite_and_unknown_bounds_stay_so() -> None:
    assert np.isinf(upper.multiply(0.0, np.inf))
    assert np.isinf(upper.divide(1.0, 0.0)) and np.isinf(upper.divide(1.0, -1.0))
    assert np.isinf(upper.add(np.inf, -np.inf))
    assert upper.growth(Fraction(1), 100) == np.inf


def test_the_suprema_of_the_gates() -> None:
    """sup |s erf'(s)| and sup |s tanh'(s)| are below the constants, and not by one percent."""
    from suffice.prover.kernels.activations import ERF_SHARE, TANH_SHARE

    grid = [MP(k) / 1000 for k in range(3000)]
    of_erf = max(s * 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-s * s) for s in grid)
    of_tanh = max(s / mpmath.cosh(s) ** 2 for s in grid)
    for supremum, constant in ((of_erf, ERF_SHARE), (of_tanh, TANH_SHARE)):
        assert MP(constant.numerator) / constant.denominator * MP("0.99") < supremum < MP(constant.numerator) / constant.denominator
    assert mpmath.sqrt(2 / (mpmath.pi * mpmath.e)) < MP("0.484")


def test_every_statement_is_written_down() -> None:
    from pathlib import Path

    from suffice.encodings.lemmas.library import lemmas

    page = (Path(__file__).parents[3] / "docs" / "kernel_tests.md").read_text(encoding="utf-8")
    known = {lemma.name for lemma in lemmas()}
    for entry in STATEMENTS.values():
        assert f"**{entry.label} " in page, entry.label
        assert set(entry.lemmas) <= known, entry.label
    assert {label for op in OPERATIONS.values() for label in op.statements} == set(STATEMENTS)
    assert {name for name in known if name.startswith("k_")} == {
        name for e in STATEMENTS.values() for name in e.lemmas if name.startswith("k_")
    }
