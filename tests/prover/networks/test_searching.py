"""The search for bad inputs, against all inputs of small formats and against random ones."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Array, Network, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.networks.program import NetworkProgram
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.hardware_specs.rounding import round_exact
from suffice.hardware_specs.vectorised import numbers_array
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.places import Places
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.searching import FoundInput, SearchBudget, search, with_rounded_constants

SMALL = "float(p=4,emin=-5,emax=5)"


def perceptron(rng: np.random.Generator, *widths: int, scale: float = 1.0) -> Network:
    builder = NetworkBuilder("perceptron")
    x = builder.input((widths[0],))
    for number, (fan_in, fan_out) in enumerate(pairwise(widths)):
        builder.layer = str(number)
        weight = rng.normal(size=(fan_out, fan_in)) * scale * np.sqrt(2 / fan_in)
        x = builder.linear(x, weight.astype(np.float32).astype(np.float64), rng.normal(size=fan_out).astype(np.float32) * 0.1)
        x = builder.unary(TensorOp.RELU, x) if number < len(widths) - 2 else x
        builder.store(x)
    return builder.finish(x)


def box(lo: float, hi: float, size: int) -> InputBox:
    return InputBox(lo=np.full(size, lo), hi=np.full(size, hi))


def errors(program: NetworkProgram, x: Array) -> Array:
    return np.asarray(np.abs(emulate(program, x) - run_float64(program.network, x)).max(axis=-1))


def exactly(network: Network, x: Array) -> Array:
    """The function in rational arithmetic, rounded once."""
    values = [Fraction(value) for value in x]
    for node in network.nodes[1:]:
        if node.weight is None or node.bias is None:
            values = [max(value, Fraction(0)) for value in values]
            continue
        rows = zip(node.weight, node.bias, strict=True)
        values = [sum((Fraction(w) * v for w, v in zip(row, values, strict=True)), Fraction(b)) for row, b in rows]
    return np.array([float(value) for value in values])


@pytest.mark.parametrize("seed", range(6))
def test_it_finds_the_worst_of_all_numbers(seed: int) -> None:
    network = perceptron(np.random.default_rng(seed), 2, 3, 2)
    program = uniform(network, SMALL)
    fmt = parse_format(SMALL)
    assert isinstance(fmt, FloatFormat)
    numbers = numbers_array(fmt, Fraction(-1), Fraction(1))
    every = np.stack(np.meshgrid(numbers, numbers), axis=-1).reshape(-1, 2)
    found = search(program, box(-1.0, 1.0, 2), InputModel.REPRESENTABLE, SearchBudget(runs=20_000, seconds=20.0))
    assert found.error == pytest.approx(errors(program, every).max(), rel=1e-12)
    assert all(round_exact(fmt, Fraction(value)) == Fraction(value) or value == 0 for value in found.x)


@pytest.mark.parametrize("fmt", ["fp16", "fp8_e4m3", SMALL])
@pytest.mark.parametrize("model", list(InputModel))
def test_what_it_finds_is_in_the_set_and_errs_so(fmt: str, model: InputModel) -> None:
    program = uniform(perceptron(np.random.default_rng(3), 8, 6, 4), fmt)
    ball = box(0.3, 0.32, 8)
    found = search(program, ball, model, SearchBudget(runs=4000, seconds=20.0))
    if model is InputModel.REPRESENTABLE and not len(numbers_array(program.steps[0].stored, Fraction(0.3), Fraction(0.32))):  # type: ignore[arg-type]
        assert found.error == 0
        return
    assert ((found.x >= ball.lo) & (found.x <= ball.hi)).all()
    off = np.abs(emulate(program, found.x[None])[0] - exactly(program.network, found.x))
    assert found.error == pytest.approx(off.max(), rel=1e-10)
    assert off[found.output] == off.max()
    assert found.error > 0
    if model is InputModel.REPRESENTABLE:
        stored = program.steps[0].stored
        assert isinstance(stored, FloatFormat)
        assert all(round_exact(stored, Fraction(value)) == Fraction(value) for value in found.x)


@pytest.mark.parametrize(("fmt", "gain"), [("fp16", 1.3), ("fp8_e4m3", 1.1), ("fp32", 1.1)])
def test_it_beats_random_inputs(fmt: str, gain: float) -> None:
    program = uniform(perceptron(np.random.default_rng(4), 32, 16, 8), fmt)
    ball = box(0.5, 0.52, 32)
    found = search(program, ball, InputModel.REAL, SearchBudget(runs=20_000, seconds=30.0))
    x = np.random.default_rng(5).uniform(ball.lo, ball.hi, (20_000, 32))
    assert found.error > gain * errors(program, x).max()


def test_the_same_seed_finds_the_same() -> None:
    program = uniform(perceptron(np.random.default_rng(6), 8, 6, 4), "bf16")

    def again(seed: int) -> FoundInput:
        return search(program, box(0.0, 1.0, 8), InputModel.REAL, SearchBudget(runs=6000, seconds=30.0, seed=seed))

    assert (again(1).x == again(1).x).all()
    assert (again(1).x != again(2).x).any()


def test_budgets_are_kept() -> None:
    program = uniform(perceptron(np.random.default_rng(6), 8, 6, 4), "bf16")
    few = search(program, box(0.0, 1.0, 8), InputModel.REAL, SearchBudget(runs=3000, seconds=30.0))
    assert 3000 <= few.runs < 3000 + 1024
    assert search(program, box(0.0, 1.0, 8), InputModel.REAL, SearchBudget(runs=10**9, seconds=0.0)).runs <= 1024
    point = search(program, box(0.25, 0.25, 8), InputModel.REAL, SearchBudget())
    assert (point.runs, list(point.x)) == (1, [0.25] * 8)


def test_a_run_that_overflows_ends_the_search() -> None:
    builder = NetworkBuilder("large")
    x = builder.linear(builder.input((4,)), np.full((1, 4), 2.0**14))
    builder.store(x)
    program = uniform(builder.finish(x), "fp16")
    failing = search(program, box(0.0, 2.0, 4), InputModel.REAL, SearchBudget(runs=10**9, seconds=30.0))
    assert failing.error == np.inf
    assert not np.isfinite(emulate(program, failing.x[None])).all()
    assert np.isfinite(search(program, box(0.0, 0.9, 4), InputModel.REAL, SearchBudget(runs=5000, seconds=30.0)).error)


def test_rounded_constants_make_an_error_of_their_own() -> None:
    network = perceptron(np.random.default_rng(7), 6, 5, 3)
    x = np.random.default_rng(8).uniform(0, 1, (50, 6))
    rounded = with_rounded_constants(uniform(network, "fp8_e4m3"))
    fmt = parse_format("fp8_e4m3")
    weights = [node.weight for node in rounded.nodes if node.weight is not None]
    assert all(Fraction(float(w)) == round_exact(fmt, Fraction(float(w))) for weight in weights for w in weight.ravel() if w)
    assert np.abs(run_float64(rounded, x) - run_float64(network, x)).max() > 1e-3
    exact = with_rounded_constants(uniform(network, "fp32"))
    assert (run_float64(exact, x) == run_float64(network, x)).all()


def test_pushed_inputs_are_rounded_to_their_side() -> None:
    fmt = parse_format(SMALL)
    assert isinstance(fmt, FloatFormat)
    places = Places(fmt, box(-2.0, 2.0, 5), InputModel.REAL)
    x = np.array([[0.3, -0.7, 1.1, 0.02, -1.9]])
    for sign in (1.0, -1.0):
        pushed = places.pushed(x, np.full(x.shape, sign))
        for before, after in zip(x[0], pushed[0], strict=True):
            first, second = (round_exact(fmt, Fraction(value)) for value in (before, after))
            assert first == second
            assert isinstance(second, Fraction)
            assert sign * (second - Fraction(after)) >= sign * (second - Fraction(before))
            assert sign * (second - Fraction(after)) > 0


def test_nothing_is_found_where_no_number_lies() -> None:
    program = uniform(perceptron(np.random.default_rng(9), 4, 3, 2), SMALL)
    found = search(program, box(0.501, 0.502, 4), InputModel.REPRESENTABLE, SearchBudget(runs=3000, seconds=5.0))
    assert found.error == 0
