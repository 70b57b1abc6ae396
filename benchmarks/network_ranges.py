"""Widths of the ranges of every layer of the digits models, by intervals alone and by all methods, over the widths that sampling shows.

python -m benchmarks.network_ranges [MODEL ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from examples import digits_data, digits_models
from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.enclosures.relaxations.tighten import tighten, tightened
from suffice.encodings.networks.evaluate import run_all_float64
from suffice.encodings.networks.inputs import InputBox
from suffice.encodings.readers.torch_models import read_module

SAMPLES = 1000
RADIUS = 0.01


def width(range_: Intervals) -> float:
    """The mean width of a node's elements."""
    return float((range_.hi - range_.lo).mean())


def shown(name: str) -> None:
    """One line for every node that computes: over the ball around the first test image, and over [0, 1]^n."""
    shape = digits_models.INPUT_SHAPES[name]
    example = digits_data.load_inputs(*shape)[:1]
    network = read_module(getattr(digits_models, name)(), example, name=name)
    middle = example[0].double().numpy().reshape(network.input.shape)
    generator = np.random.default_rng(0)
    balls = InputBox(lo=np.clip(middle - RADIUS, 0, 1), hi=np.clip(middle + RADIUS, 0, 1), name=f"radius {RADIUS}")
    for box in (balls, InputBox(lo=np.zeros(middle.shape), hi=np.ones(middle.shape), name="[0, 1]^n")):
        start = time.perf_counter()
        found = tightened(network, box)
        seconds = time.perf_counter() - start
        plain = tighten(network, box, work=0)
        shares = generator.uniform(size=(SAMPLES, *middle.shape))
        shares[::2] = shares[::2].round()
        values = run_all_float64(network, box.lo + shares * (box.hi - box.lo))
        print(f"{name}, {box.name}, {seconds:.2f} s: node, mean width by intervals, by all methods, seen, and what won")
        for position, node in enumerate(network.nodes):
            if not node.operands or width(plain[position]) == 0.0:
                continue
            seen = float((values[position].max(axis=0) - values[position].min(axis=0)).mean())
            widths = (width(plain[position]), width(found.ranges[position]), seen)
            print(f"  {node.name:32}", *(f"{each:10.4g}" for each in widths), f" {found.methods[position]}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Widths of the ranges of the digits models.")
    parser.add_argument("models", nargs="*", default=list(digits_models.ARCHITECTURES))
    for name in parser.parse_args(arguments).models:
        shown(name)


if __name__ == "__main__":
    main()
