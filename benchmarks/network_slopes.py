"""Local Lipschitz bounds of the digits models against sampled slopes and against auto_LiRPA.

    python -m benchmarks.network_slopes [MODEL ...] [--balls N] [--lirpa PYTHON]

For balls around test images and the whole box [0, 1]^n: the bound in the max norm and the 2-norm over the largest norm of a Jacobian found
by sampling and gradient ascent (a lower value). PYTHON is an interpreter in which auto_LiRPA can be imported (benchmarks/lirpa_jacobians.py
says what runs there); its figure stands beside ours, over the same boxes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.networks.models import Model, digits
from examples import digits_models
from suffice.encodings.enclosures.relaxations.lipschitz import NetworkSlopes, network_slopes
from suffice.encodings.enclosures.relaxations.tighten import tighten
from suffice.encodings.networks.inputs import InputBox, balls

ROOT = Path(__file__).parent.parent
RADII = (0.001, 0.01, 0.05)
SAMPLES = 60
STEPS = 10


@dataclass(frozen=True, slots=True)
class Slope:
    """Norms of Jacobians: the largest row sum, and the largest singular value."""

    maximum: float
    euclidean: float


@dataclass(frozen=True, slots=True)
class Row:
    """One model on one box."""

    model: str
    box: str
    ours: NetworkSlopes
    seconds: float
    seen: Slope
    lirpa: dict[str, Slope | str]


def boxes(model: Model, count: int) -> list[tuple[str, InputBox]]:
    """Balls around the first test images, cut to [0, 1], and all of it."""
    found = [
        (f"image {k}, radius {radius}", ball)
        for radius in RADII
        for k, ball in enumerate(balls(model.samples[:count], radius, within=model.within).boxes)
    ]
    return [*found, ("[0, 1]^n", model.at("box").boxes[0])]


def sampled(model: torch.nn.Module, box: InputBox) -> Slope:
    """Random points, corners, and gradient-sign ascent of the largest row sum: lower values of the sup."""
    generator = torch.Generator().manual_seed(0)
    low, high = torch.from_numpy(box.lo), torch.from_numpy(box.hi)
    shares = torch.rand((SAMPLES, *box.lo.shape), generator=generator, dtype=torch.float64)
    shares[::2] = shares[::2].round()
    points = low + shares * (high - low)

    def output(x: torch.Tensor) -> torch.Tensor:
        return model(x[None])[0]

    derivative = torch.func.vmap(torch.func.jacrev(output), chunk_size=50)

    def norms(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        matrices = derivative(x).reshape(len(x), -1, low.numel())
        return matrices.abs().sum(dim=2).amax(dim=1), torch.linalg.matrix_norm(matrices, 2)

    rows, singular = norms(points)
    best = Slope(rows.max().item(), singular.max().item())
    steepest = points[rows.topk(2).indices].clone()
    for step in range(STEPS):
        steepest.requires_grad_(True)
        rows, singular = norms(steepest)
        best = Slope(max(best.maximum, rows.max().item()), max(best.euclidean, singular.max().item()))
        (slope,) = torch.autograd.grad(rows.sum() + singular.sum(), steepest)
        moved = steepest.detach() + slope.sign() * (high - low) * 0.5 * 0.8**step
        steepest = torch.clamp(moved, low, high)
    return best


def measured(name: str, count: int, interpreter: str | None) -> list[Row]:
    """All boxes of one model."""
    model, module = digits(name), getattr(digits_models, name)().double()
    places = boxes(model, count)
    lirpa = beside(name, places, interpreter)
    rows = []
    for (label, box), theirs in zip(places, lirpa, strict=True):
        start = time.perf_counter()
        ours = network_slopes(model.network, tighten(model.network, box))
        seconds = time.perf_counter() - start
        with sdpa_kernel(SDPBackend.MATH):
            rows.append(Row(name, label, ours, seconds, sampled(module, box), theirs))
    return rows


def beside(name: str, places: Sequence[tuple[str, InputBox]], interpreter: str | None) -> list[dict[str, Slope | str]]:
    """auto_LiRPA's figures by method, or why it has none."""
    if interpreter is None:
        return [{} for _ in places]
    asked = json.dumps({"model": name, "boxes": [[box.lo.tolist(), box.hi.tolist()] for _, box in places]})
    command = [interpreter, "-W", "ignore", "-m", "benchmarks.lirpa_jacobians"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=ROOT, timeout=600, check=False)
    if done.returncode:
        return [{"all": (done.stderr.strip().splitlines() or ["failed"])[-1]} for _ in places]
    found = json.loads(done.stdout.splitlines()[-1])
    return [{method: Slope(*value) if isinstance(value, list) else value for method, value in one.items()} for one in found]


def line(row: Row) -> str:
    """One row of the table."""
    whole = row.ours.whole
    ours = f"max {whole.lipschitz_max:10.4g} ({whole.lipschitz_max / row.seen.maximum:7.3g}x)  2 {whole.lipschitz_2:10.4g}"
    ours += f" ({whole.lipschitz_2 / row.seen.euclidean:7.3g}x)  C1 {row.ours.product_max / row.seen.maximum:8.3g}x"
    theirs = "  ".join(
        f"{method} {value.maximum / row.seen.maximum:.3g}x/{value.euclidean / row.seen.euclidean:.3g}x"
        if isinstance(value, Slope)
        else f"{method}: {value[:90]}"
        for method, value in row.lirpa.items()
    )
    return f"{row.model:12} {row.box:24} {ours}  {whole.method.value:17} {row.seconds:6.2f} s  {theirs}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and the medians."""
    parser = argparse.ArgumentParser(description="Local Lipschitz bounds of the digits models.")
    parser.add_argument("models", nargs="*", default=list(digits_models.ARCHITECTURES))
    parser.add_argument("--balls", type=int, default=3)
    parser.add_argument("--lirpa", metavar="PYTHON", help="an interpreter with auto_LiRPA")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for name in asked.models:
        rows = measured(name, asked.balls, asked.lirpa)
        for row in rows:
            print(line(row), flush=True)
            found = (row.ours.whole.lipschitz_max / row.seen.maximum, row.ours.whole.lipschitz_2 / row.seen.euclidean)
            assert min(found) >= 1 - 1e-4, "a bound lies below a slope that was found"


if __name__ == "__main__":
    main()
