"""Local errors of single steps: against every tree of additions tried, against runs, and against every number of small formats."""

from __future__ import annotations

from fractions import Fraction
from math import ldexp

import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.intervals import Intervals, point
from suffice.encodings.enclosures.networks.images import image
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Array, Network, TensorOp
from suffice.encodings.networks.program import NetworkProgram, Step
from suffice.errors import FormatError
from suffice.hardware_specs.accumulate import accumulate_in_tree
from suffice.hardware_specs.accumulation import Accumulation, Kind, summation
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.hardware_specs.vectorised import fits_float64, round_array
from suffice.prover.networks.constants import constants_of
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.local_errors import compute_errors
from suffice.prover.networks.local_errors_rounding import function_errors, half_spacing, rounding_errors, storing_errors

ROWS = (TensorOp.SOFTMAX, TensorOp.LOG_SOFTMAX, TensorOp.LAYER_NORM, TensorOp.RMS_NORM)


def float_format(name: str) -> FloatFormat:
    found = parse_format(name)
    assert isinstance(found, FloatFormat)
    return found


@pytest.mark.parametrize("name", ["fp16", "bf16", "fp32", "float(p=5,emin=-8,emax=8)"])
@pytest.mark.parametrize("with_bias", [False, True])
def test_no_tree_of_additions_loses_more(name: str, with_bias: bool) -> None:
    fmt = float_format(name)
    rng = np.random.default_rng(0)
    added = Accumulation(kind=Kind.ADDITIONS, accumulator=fmt)
    ratios = []
    for _ in range(60):
        count = int(rng.integers(1, 12))
        weight = round_array(fmt, rng.normal(size=(1, count)) * (rng.random(count) < 0.8))
        x = round_array(fmt, rng.normal(size=count))
        bias = round_array(fmt, rng.normal(size=1)) if with_bias else None
        node = _linear(weight, bias).nodes[1]
        step = Step(compute=fmt, weights=fmt, bias=fmt, accumulation=added)
        constants = constants_of(node, step)
        operand = point(x)
        bound = compute_errors(node, step, [operand], image(node, [operand]), constants, [fmt])
        exact = sum(Fraction(a) * Fraction(b) for a, b in zip(weight[0], x, strict=True)) + (Fraction(bias[0]) if bias is not None else 0)
        worst = max(abs(Fraction(_in_random_tree(added, weight[0], x, bias, rng)) - exact) for _ in range(12))
        assert worst <= Fraction(float(bound[0]))
        if worst:
            ratios.append(float(bound[0]) / float(worst))
    assert np.median(ratios) < 10


def test_a_sum_that_loses_every_small_term_comes_close_to_its_bound() -> None:
    fmt = float_format("fp16")
    x = np.full((1, 64), ldexp(2047, -22))
    x[0, 0] = 1.0
    network = _reduction(TensorOp.SUM, 64)
    step = Step(compute=fmt, accumulation=summation(fmt))
    program = NetworkProgram(network=network, steps=(Step(compute=fmt), step))
    node = network.nodes[1]
    bound = compute_errors(node, step, [point(x[0])], image(node, [point(x[0])]), constants_of(node, step), [fmt])
    error = abs(emulate(program, x)[0, 0] - x.sum())
    assert bound[0] / 1.1 < error <= bound[0]


@pytest.mark.parametrize("op", ROWS)
@pytest.mark.parametrize("name", ["fp16", "bf16", "float(p=7,emin=-30,emax=30)", "bf16(rounding=toward_zero)"])
def test_rows_err_by_no_more(op: TensorOp, name: str) -> None:
    fmt = float_format(name)
    rng = np.random.default_rng(ROWS.index(op))
    ratios = []
    for _ in range(25):
        width = int(rng.integers(2, 9))
        x = round_array(fmt, rng.normal(size=(40, width)) * rng.choice([0.1, 1.0, 6.0]) + rng.choice([0.0, 0.0, 3.0]))
        network = _rows(op, width)
        step = Step(compute=fmt, accumulation=summation(float_format(name.split("(")[0]) if "rounding" in name else fmt))
        program = NetworkProgram(network=network, steps=(Step(compute=fmt), step))
        operand = Intervals(x, x)
        node = _rows(op, width, 40).nodes[1]
        bound = compute_errors(node, step, [operand], image(node, [operand]), constants_of(node, step), [fmt])
        error = np.abs(emulate(program, x) - run_float64(network, x))
        assert (error <= bound + 1e-12).all()
        most, worst = bound.max(axis=1), error.max(axis=1)
        ratios += list(most[np.isfinite(most) & (worst > 0)] / worst[np.isfinite(most) & (worst > 0)])
    assert len(ratios) > 200
    assert np.median(ratios) < 25


def test_a_row_whose_variance_is_lost_has_no_bound() -> None:
    fmt = float_format("fp16")
    step = Step(compute=fmt, accumulation=summation(fmt))
    node = _rows(TensorOp.LAYER_NORM, 4, 1, Fraction(1, 10**12)).nodes[1]
    x = point(np.full((1, 4), 3.0))
    assert np.isinf(compute_errors(node, step, [x], image(node, [x]), constants_of(node, step), [fmt])).all()


@pytest.mark.parametrize("name", ["fp8_e4m3", "fp8_e5m2", "fp4_e2m1", "fp8_e4m3(rounding=up)", "fp8_e5m2(subnormals=flushed)"])
def test_half_spacings_are_the_largest_rounding_errors(name: str) -> None:
    fmt = float_format(name)
    top = float(fmt.max_finite)
    grid = np.concatenate([np.geomspace(2.0**-18, top, 4000), np.linspace(0, top, 20001)])
    grid.sort()
    errors = np.maximum.accumulate(np.maximum(np.abs(round_array(fmt, grid) - grid), np.abs(round_array(fmt, -grid) + grid)))
    bound = half_spacing(fmt, grid)
    assert (errors <= bound).all()
    assert (errors[grid > 2.0**-14] > 0).all()
    assert np.median(errors[grid > 0.1] / bound[grid > 0.1]) > 0.9


@pytest.mark.parametrize(
    "name", ["fp8_e4m3", "fp16", "int8(scale=1/7,zero=3)", "int8(scale=1/32,zero=-100)", "fp4_e2m1", "bf16(rounding=down)"]
)
def test_storing_errors_hold_every_error(name: str) -> None:
    fmt = parse_format(name)
    rng = np.random.default_rng(0)
    middle = rng.normal(size=3000) * rng.choice([0.01, 1.0, 5.0], 3000)
    width = rng.choice([0.0, 1e-3, 0.1, 2.0], 3000)
    values = Intervals(middle - width, middle + width)
    found = rounding_errors(fmt, values)
    for _ in range(8):
        r = rng.uniform(values.lo, values.hi)
        error = round_array(fmt, r) - r
        assert ((found.lo - 1e-12 <= error) & (error <= found.hi + 1e-12)).all()
    same = (round_array(fmt, values.lo) == round_array(fmt, values.hi)) & fits_float64(fmt)
    assert (found.hi - found.lo)[same] == pytest.approx(2 * width[same], abs=1e-12)


def test_numbers_of_the_stored_format_cost_nothing() -> None:
    values = Intervals(np.full(3, -1.0), np.full(3, 1.0))
    fp16, bf16 = parse_format("fp16"), parse_format("bf16")
    assert storing_errors(fp16, values, fp16).hi.max() == 0
    assert storing_errors(parse_format("fp32"), values, fp16).hi.max() == 0
    assert storing_errors(fp16, values, bf16).hi.max() > 0
    assert storing_errors(parse_format("int8(scale=1/64,zero=0)"), values, parse_format("int8(scale=1/32,zero=0)")).hi.max() > 0


def test_products_that_do_not_fit_are_refused() -> None:
    fmt = float_format("fp32")
    added = Accumulation(kind=Kind.ADDITIONS, accumulator=fmt, products_fit=True)
    node = _linear(np.ones((1, 2)), None).nodes[1]
    step = Step(compute=fmt, weights=fmt, accumulation=added)
    x = point(np.ones(2))
    with pytest.raises(FormatError, match="need not fit"):
        compute_errors(node, step, [x], x, constants_of(node, step), [fmt])


def _in_random_tree(added: Accumulation, weight: Array, x: Array, bias: Array | None, rng: np.random.Generator) -> float:
    slots = list(range(len(x) + (bias is not None)))
    merges = []
    while len(slots) > 1:
        first, second = (int(k) for k in rng.choice(len(slots), 2, replace=False))
        merges.append((slots[first], slots[second]))
        slots.pop(second)
    fused = [bool(rng.random() < 0.5) for _ in x]
    return np.asarray(accumulate_in_tree(added, weight, x, merges, fused, None if bias is None else bias[0])).item()


def _linear(weight: Array, bias: Array | None) -> Network:
    builder = NetworkBuilder("linear")
    return builder.finish(builder.linear(builder.input((weight.shape[1],)), weight, bias))


def _reduction(op: TensorOp, width: int) -> Network:
    builder = NetworkBuilder("reduction")
    return builder.finish(builder.reduce(op, builder.input((width,))))


def _rows(op: TensorOp, width: int, count: int = 0, eps: Fraction = Fraction(1, 64)) -> Network:
    builder = NetworkBuilder("rows")
    return builder.finish(builder.unary(op, builder.input((count, width) if count else (width,)), eps))


@pytest.mark.parametrize("ulps", [0, 1, 3])
def test_functions_within_ulps_of_the_rounded_result(ulps: int) -> None:
    """Also where the result is rounded up to a power of two, whose units are twice as large."""
    fmt = float_format("float(p=4,emin=-4,emax=6)")
    results = np.arange(1, 4 << 9) / 2.0**10
    reached = 0
    for result in results:
        rounded = float(round_array(fmt, np.array([result]))[0])
        unit = 2.0 ** (max(int(np.floor(np.log2(rounded))) if rounded else -4, -4) - 3)
        farthest = max(abs(rounded + ulps * unit - result), abs(rounded - ulps * unit - result))
        bound = float(function_errors(fmt, np.array([result]), ulps)[0])
        assert farthest <= bound
        reached += farthest > 0.9 * bound
    assert reached > 100


@pytest.mark.parametrize("op", ROWS)
def test_rows_are_not_added_in_fewer_bits_than_they_are_said_to_fit(op: TensorOp) -> None:
    builder = NetworkBuilder("row")
    builder.unary(op, builder.input((3,)), Fraction(1, 8))
    node = Network(name="row", nodes=tuple(builder.nodes)).nodes[1]
    x = Intervals(np.zeros(3), np.ones(3))
    flushed = "fp32(subnormals=flushed)"
    for compute, accumulator, fits in (("fp32", "fp32", True), (flushed, flushed, True), ("fp32", "fp16", False)):
        step = Step(compute=float_format(compute), accumulation=summation(float_format(accumulator)))
        if fits:
            assert np.isfinite(compute_errors(node, step, [x], image(node, [x]), constants_of(node, step), [None])).all()
        else:
            with pytest.raises(FormatError, match="need not fit"):
                compute_errors(node, step, [x], image(node, [x]), constants_of(node, step), [None])
