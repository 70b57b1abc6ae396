"""Proved error bounds of programs of networks: against the largest errors found, for soundness, and as networks grow.

    python -m benchmarks.network_bounds ratios [MODEL ...] [--formats F,..] [--sets point,ball,box] [--seconds S] [--image K] [--device D]
    python -m benchmarks.network_bounds soundness [--networks N] [--seed S]
    python -m benchmarks.network_bounds growth [--formats F,..] [--largest PARAMETERS]

`ratios`: digits models at a test image, over the ball of radius 0.01 around it cut to [0, 1], and over [0, 1]^n; the bound over the largest
error that a search of S seconds a cell found, and the bound by products of norms over ours. `soundness`: random networks, formats and
inputs; any error above its bound is printed. `growth`: seconds and memory of multilayer perceptrons from 10^3 parameters on.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from suffice.encodings.enclosures.relaxations.tighten import tighten
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.graph import Network, TensorOp
from suffice.encodings.networks.inputs import InputSet, balls, box, points
from suffice.encodings.networks.program import NetworkProgram
from suffice.encodings.problem import InputModel
from suffice.errors import SufficeError
from suffice.hardware_specs.format import FloatFormat
from suffice.prover.networks.analysis import Analysis, analyse
from suffice.prover.networks.calibrating import calibrated
from suffice.prover.networks.placing import uniform
from suffice.prover.networks.searching import SearchBudget, search
from tests.prover.networks.triples import FORMATS, errors_of, inputs_of, random_case

MODELS = ("mlp_relu", "mlp_gelu", "mlp_tanh", "cnn")
RADIUS = 0.01
SIZES = ((16, 32, 16, 10), (64, 96, 32, 10), (256, 256, 128, 10), (784, 256, 128, 10), (784, 1024, 256, 10), (784, 2560, 2560, 512, 10))
STEEPEST = {TensorOp.GELU: 1.12891, TensorOp.SILU: 1.09984, TensorOp.SIGMOID: 0.25}
"""Lipschitz constants of activations that are not 1."""


def bounded(network: Network, fmt: str, inputs: InputSet, device: str) -> tuple[NetworkProgram, Analysis]:
    """The program in one format, its scales chosen for the inputs, and what it errs by."""
    exact = [tighten(network, one) for one in inputs.boxes]
    return calibrated(lambda hulls: uniform(network, fmt, ranges=hulls, device=device), inputs, exact, exact[0])


def by_norms(program: NetworkProgram, analysis: Analysis) -> float:
    """E_k <= |W| E_(k-1) + (u_W + n u) |W| |x| + u |y| in the max norm, for chains of nodes held in floats; NaN for others."""
    error = before = 0.0
    for node, step, found in zip(program.network.nodes, program.steps, analysis.nodes, strict=True):
        largest = max(-found.lo, found.hi)
        if node.weight is not None:
            if not isinstance(step.weights, FloatFormat) or not isinstance(step.compute, FloatFormat):
                return float("nan")
            norm = float(np.abs(node.weight).sum(axis=-1).max())
            added = 2.0**-step.weights.p + node.weight.shape[-1] * 2.0**-step.compute.p
            error = norm * error + added * norm * before
        else:
            error *= STEEPEST.get(node.op, 1.0)
        if isinstance(step.stored, FloatFormat):
            error += 2.0**-step.stored.p * largest
        before = largest
    return error


def show_ratios(models: Sequence[str], formats: Sequence[str], sets: Sequence[str], seconds: float, image: int, device: str) -> None:
    import torch

    from examples import digits_data, digits_models
    from suffice.encodings.readers.torch_models import read_module

    print(f"search: gradient signs, then coordinate moves, {seconds:g} s a cell; test image {image}; device {device}")
    print("model      inputs format         bound      found   ratio norms/ours method       runs      s")
    for name in models:
        shape = digits_models.INPUT_SHAPES[name]
        network = read_module(getattr(digits_models, name)(), torch.zeros(1, *shape))
        sample = digits_data.load_inputs(*shape)[image : image + 1].double().numpy().reshape(1, *network.input.shape)
        kinds = {"point": points(sample), "ball": balls(sample, RADIUS, within=(0, 1)), "box": box(0.0, 1.0, network.input.shape)}
        for kind in sets:
            for fmt in formats:
                started = time.monotonic()
                program, analysis = bounded(network, fmt, kinds[kind], device)
                took = time.monotonic() - started
                found = search(program, kinds[kind].boxes[0], InputModel.REAL, SearchBudget(runs=10**9, seconds=seconds))
                ratio, norms = analysis.bound / found.error, by_norms(program, analysis) / analysis.bound
                print(
                    f"{name:10} {kind:6} {fmt:9} {analysis.bound:10.3e} {found.error:10.3e} {ratio:7.2f} {norms:10.1f} "
                    f"{analysis.method:8} {found.runs:8} {took:6.2f}",
                    flush=True,
                )


def show_soundness(networks: int, seed: int) -> None:
    triples = cases = finite = exceeded = 0
    for number in range(networks):
        for which, fmt in enumerate(FORMATS):
            rng = np.random.default_rng([seed, number, which])
            try:
                case = random_case(rng, fmt)
                bound = analyse(case.program, case.inputs)
            except SufficeError as error:
                print(f"network {number}, {fmt}: {error}")
                continue
            x = inputs_of(case, rng, 60)
            errors, slack = errors_of(case, x)
            above = int((errors > bound.outputs + slack).any(axis=1).sum())
            triples, cases, finite, exceeded = triples + len(x), cases + 1, finite + bool(np.isfinite(bound.bound)), exceeded + above
            if above:
                print(f"network {number}, {fmt}: {above} errors above the bound {bound.bound}")
    print(f"{triples} (network, format, input) triples, {cases} programs, {finite} with a finite bound; errors above a bound: {exceeded}")


def perceptron(sizes: Sequence[int]) -> Network:
    """ReLU layers with normal weights of variance 2 / inputs, numbers of fp32."""
    rng = np.random.default_rng(0)
    builder = NetworkBuilder("-".join(map(str, sizes)))
    x = builder.input((sizes[0],))
    for number, (count, width) in enumerate(pairwise(sizes)):
        builder.layer = f"linear{number}"
        weight = (rng.normal(size=(width, count)) * np.sqrt(2 / count)).astype(np.float32).astype(np.float64)
        x = builder.linear(x, weight, np.zeros(width))
        builder.store(x)
        if number < len(sizes) - 2:
            builder.layer = f"relu{number}"
            x = builder.unary(TensorOp.RELU, x)
            builder.store(x)
    return builder.finish(x)


def show_growth(formats: Sequence[str], largest: int) -> None:
    print(f"ball of radius {RADIUS}; seconds for {len(formats)} formats: {', '.join(formats)}; GB is the peak of the process")
    print(f"{'parameters':>10} {'tighten':>8} {'bounds':>8} {'GB':>6}  sizes")
    logs = []
    for sizes in SIZES:
        network = perceptron(sizes)
        if network.parameters > largest:
            break
        inputs = balls(np.random.default_rng(1).uniform(0, 1, (1, sizes[0])), RADIUS, within=(0, 1))
        started = time.monotonic()
        exact = tighten(network, inputs.boxes[0])
        middle = time.monotonic()
        for fmt in formats:
            analyse(uniform(network, fmt, ranges=exact), inputs, [exact])
        ended = time.monotonic()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        logs.append((np.log(network.parameters), np.log(ended - started)))
        print(f"{network.parameters:10} {middle - started:8.2f} {ended - middle:8.2f} {memory:6.2f}  {network.name}", flush=True)
    if len(logs) > 2:
        slope = np.polyfit(*np.array(logs[-4:]).T, 1)[0]
        print(f"exponent of growth over the last {len(logs[-4:])} sizes: {slope:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    ratios, soundness, growth = (parts.add_parser(name) for name in ("ratios", "soundness", "growth"))
    ratios.add_argument("models", nargs="*", default=MODELS)
    ratios.add_argument("--sets", default="point,ball,box")
    ratios.add_argument("--seconds", type=float, default=60.0)
    ratios.add_argument("--device", default="generic")
    ratios.add_argument("--image", type=int, default=0)
    for part in (ratios, growth):
        part.add_argument("--formats", default="fp16,bf16,fp8_e4m3,int8,fp32" if part is ratios else "fp32,fp16,bf16,tf32,fp8_e4m3,int8")
    soundness.add_argument("--networks", type=int, default=20)
    soundness.add_argument("--seed", type=int, default=0)
    growth.add_argument("--largest", type=int, default=10**7)
    given = parser.parse_args()
    if given.part == "ratios":
        show_ratios(given.models, given.formats.split(","), given.sets.split(","), given.seconds, given.image, given.device)
    elif given.part == "soundness":
        show_soundness(given.networks, given.seed)
    else:
        show_growth(given.formats.split(","), given.largest)


if __name__ == "__main__":
    main()
