"""Programs of any size compute what they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.growth import bound_outputs
from benchmarks.programs import FAMILIES, SizedProgram, dot_product, fourier, horner, pairwise_sum, product, rational, squares
from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.expression import Expression
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.case import Asked, make_case


def outputs(program: SizedProgram, point: dict[str, float]) -> list[float]:
    nodes = program.problem.expression.nodes
    arrays = {name: np.asarray(value) for name, value in point.items()}
    return [float(evaluate_float(Expression(nodes[: root + 1]), arrays)) for root in program.roots]


def random_point(program: SizedProgram) -> dict[str, float]:
    random = np.random.default_rng(2)
    return {name: float(random.uniform(float(side.lo), float(side.hi))) for name, side in program.problem.box.items()}


def test_sums_and_products() -> None:
    for build, size, function in (
        (dot_product, 9, lambda v: v[:5] @ v[5:]),
        (pairwise_sum, 12, np.sum),
        (product, 5, np.prod),
        (squares, 5, lambda v: v @ v),
        (rational, 5, lambda v: v[1:] @ v[:-1] / (1 + v @ v)),
    ):
        program = build(size)
        point = random_point(program)
        values = np.array([point[name] for name in sorted(point)])
        assert outputs(program, point) == pytest.approx([function(values)], rel=1e-12)


def test_horner() -> None:
    program = horner(20)
    assert program.operations == 20
    assert outputs(program, {"x": 0.75}) == pytest.approx([np.polyval([1 / (k + 1) for k in range(10, -1, -1)], 0.75)])


def test_fourier_agrees_with_numpy() -> None:
    program = fourier(16)
    point = random_point(program)
    signal = [complex(point[f"r{k:05}"], point[f"i{k:05}"]) for k in range(16)]
    expected = np.fft.fft(signal)
    assert outputs(program, point) == pytest.approx([part for value in expected for part in (value.real, value.imag)], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("size", [10, 100, 1000])
@pytest.mark.parametrize("family", ["dot product", "Horner", "pairwise sum"])
def test_sizes_are_numbers_of_operations(family: str, size: int) -> None:
    assert size - 1 <= FAMILIES[family][0](size).operations <= size


def test_the_bound_of_many_outputs_is_not_below_the_error_of_any() -> None:
    """Runs of NumPy's own half precision, which rounds as the program does, beside the exact transform of the rounded factors."""
    program = fourier(8)
    fmt = parse_format("fp16")
    case = make_case(program.problem, Asked(name="fp16", input=fmt, compute=fmt, output=fmt), [])
    bound, leaves = bound_outputs(program, case, 1.0)
    random = np.random.default_rng(3)
    arrays = {name: random.choice([-1.0, 1.0], 4000) * random.uniform(0.5, 1, 4000) for name in program.problem.box}
    half = {name: values.astype(np.float16).astype(np.float64) for name, values in arrays.items()}
    nodes = program.problem.expression.nodes
    worst = 0.0
    for root in program.roots:
        expression = Expression(nodes[: root + 1])
        run = evaluate_float(expression, half, lambda _, value: np.asarray(value).astype(np.float16).astype(np.float64))
        worst = max(worst, float(np.abs(run - evaluate_float(expression, arrays)).max()))
    assert leaves == 1
    assert worst <= bound <= 20 * worst
