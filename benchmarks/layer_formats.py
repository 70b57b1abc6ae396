"""A proved format for every layer of the digits models: bits saved, accuracy before and after, bound and error found.

    python -m benchmarks.layer_formats [--models mlp_relu,cnn] [--balls 4] [--radius 0.01] [--seconds 5]

For balls around test images and for the whole box [0, 1], over several tolerances. Bits are those of weights, biases and stored
tensors; they are compared with fp32 throughout, and with the cheapest single format that is proved to be enough. Accuracy is that on 200
test images of the model itself and of the model with the formats applied (`suffice.torch.apply`, PyTorch's own kernels). The error found
is the largest of the search that certifies (`--seconds` long) and of 4,000 random inputs and corners through the applied model.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch

from examples import digits_data, digits_models
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Array, Network
from suffice.encodings.networks.inputs import InputSet, balls, box
from suffice.encodings.readers.torch_models import read_module
from suffice.hardware_specs.catalogue import format_name
from suffice.proofs.certificate import Verdict
from suffice.prover.networks.assigning import AssignedModel, assign
from suffice.prover.networks.certifying import Surroundings
from suffice.prover.networks.configuration import configuration_of
from suffice.prover.networks.results import NetworkProof
from suffice.prover.networks.searching import SearchBudget
from suffice.rendering import to_text
from suffice.running.casting import apply
from suffice.tables import Cell, Table

FORMATS = ("int8", "fp8_e4m3", "bf16", "fp16", "fp32")
TOLERANCES = {"balls": ("1/1000", "1/100", "1/10", "1", "4"), "box": ("1/100", "1/10", "1", "10")}
SAMPLES = 4000
HEADINGS = (
    "model", "inputs", "tolerance", "one format (bits)", "bits", "saved", "least of model", "accuracy", "bound", "found", "s", "formats",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with its network and the shape of its inputs."""

    name: str
    model: torch.nn.Module
    network: Network
    shape: tuple[int, ...]

    def accuracy(self, model: torch.nn.Module) -> float:
        """The share of the 200 test images that it classifies right."""
        with torch.no_grad():
            found = model(digits_data.load_inputs(*self.shape)).argmax(dim=1).numpy()
        return float((found == digits_data.load_labels()).mean())


def trained(name: str) -> Trained:
    model = getattr(digits_models, name)()
    shape = digits_models.INPUT_SHAPES[name]
    return Trained(name, model, read_module(model, torch.zeros((1, *shape))), shape)


def sets_of(one: Trained, count: int, radius: float) -> dict[str, InputSet]:
    images = np.asarray(digits_data.load_inputs(*one.shape), dtype=np.float64)[:count]
    return {"balls": balls(images, radius, within=(0.0, 1.0)), "box": box(0.0, 1.0, one.shape)}


def random_inputs(inputs: InputSet, rng: np.random.Generator) -> Array:
    """Between the ends and at them, in every box."""
    found = []
    for part in inputs.boxes:
        shape = (max(1, SAMPLES // len(inputs.boxes)), *part.lo.shape)
        corners = np.where(rng.random(shape) < 0.5, part.lo, part.hi)
        found.append(np.where(rng.random((shape[0], *(1 for _ in part.lo.shape))) < 0.5, corners, rng.uniform(part.lo, part.hi, shape)))
    return np.concatenate(found)


def measured(one: Trained, inputs: InputSet, found: AssignedModel, tolerance: Fraction) -> tuple[float, float]:
    """Accuracy of the applied model, and the largest error found."""
    assert found.result is not None
    proof = NetworkProof(network=one.network, inputs=inputs, tolerance=tolerance, results=())
    applied = apply(one.model, configuration_of(found.result, proof))
    x = random_inputs(inputs, np.random.default_rng(0))
    with torch.no_grad():
        errors = np.abs(applied(torch.from_numpy(x)).double().numpy() - run_float64(one.network, x))
    searched = found.result.witness_error
    worst = max(float(errors.max()), float(searched) if isinstance(searched, Fraction) else 0.0)
    assert found.result.error_bound is not None and worst <= float(found.result.error_bound), "an error above the bound"
    return one.accuracy(applied), worst


def row(one: Trained, where: str, known: Surroundings, tolerance: str, seconds: float) -> list[str]:
    started = time.monotonic()
    allowed = Fraction(tolerance)
    found = assign(one.network, known.inputs, allowed, FORMATS, budget=SearchBudget(seconds=seconds), known=known)
    took = f"{time.monotonic() - started:.0f}"
    fp32 = next(uniform.cost for uniform in found.uniforms if uniform.format == "fp32")
    single = found.cheapest_uniform
    ahead = [one.name, where, tolerance, "-" if single is None else f"{single.format} {single.cost}"]
    if found.result is None or found.result.verdict is not Verdict.SUFFICIENT:
        return [*ahead, "-", "-", "-", "-", "-", "-", took, found.note]
    accuracy, worst = measured(one, known.inputs, found, allowed)
    least = "-" if found.minimality is None else str(found.minimality.cost)
    return [
        *ahead, str(found.cost), f"{1 - float(found.cost / fp32):.1%}", least, f"{one.accuracy(one.model):.1%} {accuracy:.1%}",
        f"{float(found.result.error_bound or 0):.3g}", f"{worst:.3g}", took, formats_of(found),
    ]  # fmt: skip


def formats_of(found: AssignedModel) -> str:
    """Weights, then activations from the input on."""
    short = {"fp8_e4m3": "e4m3"}
    names = {kind: [short.get(format_name(c.format), format_name(c.format)) for c in found.choices if c.group.kind == kind] for kind in
             ("weights", "activations")}  # fmt: skip
    return f"w {' '.join(names['weights'])} | a {' '.join(names['activations'])}"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--models", default="mlp_relu,cnn")
    asked.add_argument("--balls", type=int, default=4)
    asked.add_argument("--radius", type=float, default=0.01)
    asked.add_argument("--seconds", type=float, default=5.0)
    given = asked.parse_args()
    rows = []
    for name in given.models.split(","):
        one = trained(name)
        for where, inputs in sets_of(one, given.balls, given.radius).items():
            known = Surroundings(one.network, inputs)
            for tolerance in TOLERANCES[where]:
                rows.append(row(one, where, known, tolerance, given.seconds))
                print("  ".join(rows[-1]), flush=True)
    print()
    print(to_text([Table(title="A format for every layer", headings=HEADINGS, rows=tuple(tuple(map(Cell, line)) for line in rows))]))


if __name__ == "__main__":
    main()
