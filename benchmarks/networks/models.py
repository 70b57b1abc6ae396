"""The networks that the figures are about, with their inputs; and the lines that say under what a table was made."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise

import numpy as np

from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.graph import Array, Network, TensorOp
from suffice.encodings.networks.inputs import InputSet, balls, box, points

RADIUS = 0.01
DIGITS = ("mlp_relu", "mlp_gelu", "mlp_tanh", "cnn")
"""Classifiers of digits, by the names of their factories in examples/digits_models.py."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A network, inputs that were not trained on (the first axis counts them), and the interval that inputs lie in."""

    name: str
    network: Network
    samples: Array
    within: tuple[float, float] | None

    def at(self, kind: str) -> InputSet:
        """The set of inputs: `point K`, `ball K` around sample K, or `box`, all inputs within the interval."""
        name, _, number = kind.partition(" ")
        chosen = self.samples[int(number or 0)][None]
        if name == "point":
            return points(chosen)
        if name == "ball":
            return balls(chosen, RADIUS, within=self.within)
        if self.within is None:
            raise ValueError(f"{self.name} has no box of inputs")
        return box(*self.within, self.network.input.shape)


def digits(name: str) -> Model:
    """A classifier of digits as trained, with 200 test images."""
    import torch

    from examples import digits_data, digits_models
    from suffice.encodings.readers.torch_models import read_module

    shape = digits_models.INPUT_SHAPES[name]
    network = read_module(getattr(digits_models, name)(), torch.zeros((1, *shape)), name=name)
    return Model(name, network, np.asarray(digits_data.load_inputs(*shape), dtype=np.float64), (0.0, 1.0))


def silero() -> Model:
    """The four convolutions of silero-vad's front end, published weights rounded to fp16, on a chirp's magnitudes."""
    from examples import silero as source
    from suffice.encodings.readers.torch_models import read_module

    x = source.chirp_magnitudes()
    return Model("silero encoder", read_module(source.encoder(), x, name="silero encoder"), np.asarray(x, dtype=np.float64), None)


def silero_wave() -> Model:
    """The same with the Fourier transform and the magnitudes before it, on the chirp itself."""
    from examples import silero as source
    from suffice.encodings.readers.torch_models import read_module

    x = source.chirp()
    return Model("silero front end", read_module(source.front_end(), x, name="silero front end"), np.asarray(x, dtype=np.float64), None)


def minilm(layers: int) -> Model:
    """The first encoder layers of all-MiniLM-L6-v2 on a sentence of 11 tokens. Raises FileNotFoundError without its weights."""
    from torch import nn

    from examples import minilm as source
    from suffice.encodings.readers.torch_models import read_module

    x = source.sentence_vectors()
    module = nn.Sequential(*(source.layer(index) for index in range(layers))).eval()
    name = f"MiniLM, {layers} of 6 layers"
    return Model(name, read_module(module, x, name=name), np.asarray(x, dtype=np.float64), None)


def perceptron(widths: tuple[int, ...], seed: int = 0) -> Model:
    """Random normal weights of variance 2/fan-in, ReLU, inputs in [0, 1]."""
    rng = np.random.default_rng(seed)
    build = NetworkBuilder("-".join(map(str, widths)))
    x = build.input((widths[0],))
    for number, (fan_in, fan_out) in enumerate(pairwise(widths)):
        build.layer = str(2 * number)
        weight = rng.normal(size=(fan_out, fan_in)) * np.sqrt(2 / fan_in)
        x = build.linear(x, _fp32(weight), _fp32(rng.normal(size=fan_out) * 0.01))
        build.store(x)
        if number < len(widths) - 2:
            build.layer = str(2 * number + 1)
            x = build.unary(TensorOp.RELU, x)
            build.store(x)
    return Model(build.name, build.finish(x), rng.uniform(0, 1, (4, widths[0])), (0.0, 1.0))


def _fp32(values: Array) -> Array:
    return values.astype(np.float32).astype(np.float64)


DEEPER: dict[str, Callable[[], Model]] = {
    "transformer": lambda: digits("transformer"),
    "silero": silero,
    "silero_wave": silero_wave,
    "minilm_1": lambda: minilm(1),
    "minilm_6": lambda: minilm(6),
}
"""Deeper models by name."""


def conditions(part: str, budget: str) -> str:
    """The lines above a table: how to make it again, the budget, the machine and the versions."""
    versions = ", ".join(f"{name} {_version(name)}" for name in ("suffice", "numpy", "python-flint", "torch"))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    machine = f"{_processor()}, {os.cpu_count()} cores, load {load}"
    command = " ".join(["python -m benchmarks.networks", *sys.argv[1:]])
    return f"\n## {part}\n{command}\nbudget: {budget}\n{machine}; Python {platform.python_version()}, {versions}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as described:  # noqa: PTH123  # no file of ours
            return next(line.partition(":")[2].strip() for line in described if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A table in Markdown; numbers with three digits, a dash where there is none."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def cell(value: object) -> str:
    """One entry."""
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
