"""Every part of the figures about networks runs, made tiny, and prints what it should."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.networks import measured, norms, scaling
from benchmarks.networks.__main__ import main
from benchmarks.networks.measured import Cell, unsound
from benchmarks.networks.models import perceptron
from benchmarks.networks.orders import climbing
from benchmarks.networks.ratios import RatioRow, misses, target
from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.evaluate import run_float64
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.placing import uniform


def needs_torch() -> None:
    pytest.importorskip("torch", reason="torch is not installed: make test-torch")


def test_scaling(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scaling", "--tiny"]) == 0
    printed = capsys.readouterr().out
    assert "python -m benchmarks.networks" in printed
    assert "parameters^" in printed
    assert printed.count("sha256:") == len(scaling.SIX)


@pytest.mark.parametrize(
    ("part", "sign"),
    [
        (["ratios", "--sets", "point 0,ball 0", "--formats", "fp16"], "2 cells, 0 with an error above a bound, 0 beyond a target"),
        (["deeper", "--formats", "fp16"], "0 with an error above a bound"),
        (["verdicts", "--formats", "fp8_e4m3,fp16"], "0 certificates that the kernel does not accept again"),
        (["soundness"], "triples, 0 above a bound"),
    ],
)
def test_a_part(part: list[str], sign: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    needs_torch()
    if "deeper" in part:
        monkeypatch.setattr(measured, "KERNEL_PARAMETERS", 1000)
    assert main([*part, "--tiny"]) == 0
    assert sign in capsys.readouterr().out


def test_a_cell_that_is_wrong_or_misses_is_seen() -> None:
    cell = Cell(model="m", inputs="ball 0", format="fp16", device="generic", kernel=1.0, analysed=2.0, found=0.5)
    assert unsound([cell]) == []
    above = Cell(model="m", inputs="ball 0", format="fp16", device="generic", kernel=3.0, analysed=2.0, found=2.5)
    assert unsound([above]) == [above]
    assert target("ball 0", "fp16") == 10.0
    assert not misses(RatioRow(cell=cell))
    assert misses(RatioRow(cell=Cell(model="m", inputs="ball 0", format="fp16", device="generic", kernel=5.1, found=0.5)))
    assert misses(RatioRow(cell=Cell(model="m", inputs="ball 0", format="fp16", device="generic", found=0.5)))
    assert misses(RatioRow(cell=cell, norms=norms.NormBounds(largest=19.0, euclidean=100.0, with_our_errors=1.0)))


@pytest.mark.parametrize("fmt", ["fp16", "fp8_e4m3", "int8"])
def test_products_of_norms_bound_errors_too(fmt: str) -> None:
    model = perceptron((6, 8, 5, 3), seed=1)
    inputs = model.at("ball 0")
    ranges = exact_ranges(model.network, inputs.boxes[0])
    known = dict(enumerate(ranges))
    program = uniform(model.network, fmt, ranges=ranges)
    found = norms.norm_bounds(program, inputs, known)
    rng = np.random.default_rng(0)
    x = rng.uniform(inputs.boxes[0].lo, inputs.boxes[0].hi, (2000, 6))
    worst = np.abs(emulate(program, x) - run_float64(model.network, x)).max()
    assert worst < min(found.largest, found.euclidean, found.with_our_errors)
    assert found.with_our_errors < max(found.largest, found.euclidean) < 1000 * worst


def test_growth_is_a_power() -> None:
    assert scaling.exponent([10, 100, 1000], [3.0, 300.0, 30000.0]) == pytest.approx(2.0)


def test_another_order_is_the_same_function_and_errs_more() -> None:
    model = perceptron((64, 16, 8), seed=2)
    x = model.samples[0]
    ordered = climbing(model.network, x)
    others = np.random.default_rng(0).uniform(0, 1, (50, 64))
    assert np.abs(run_float64(ordered, others) - run_float64(model.network, others)).max() < 1e-13
    inputs = model.at("ball 0")
    x = np.random.default_rng(1).uniform(inputs.boxes[0].lo, inputs.boxes[0].hi, (2000, 64))
    by_index, climbed = (
        np.abs(emulate(uniform(network, "fp32"), x) - run_float64(network, x)).max() for network in (model.network, ordered)
    )
    assert climbed > 1.2 * by_index
    assert climbed <= analyse(uniform(model.network, "fp32"), inputs).bound
    assert by_index <= analyse(uniform(model.network, "fp32", device="generic_sequential"), inputs).bound
