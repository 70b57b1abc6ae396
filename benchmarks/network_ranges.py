"""Widths of the ranges of every layer of the digits models, by intervals alone and by all methods, over the widths that sampling shows.

python -m benchmarks.network_ranges [MODEL ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.networks.models import RADIUS, digits
from examples import digits_models
from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.enclosures.relaxations.tighten import tighten, tightened
from suffice.encodings.networks.evaluate import run_all_float64

SAMPLES = 1000


def width(range_: Intervals) -> float:
    """The mean width of a node's elements."""
    return float((range_.hi - range_.lo).mean())


def shown(name: str) -> None:
    """One line for every node that computes: over the ball around the first test image, and over [0, 1]^n."""
    model = digits(name)
    network = model.network
    generator = np.random.default_rng(0)
    for kind, label in (("ball 0", f"radius {RADIUS}"), ("box", "[0, 1]^n")):
        (box,) = model.at(kind).boxes
        start = time.perf_counter()
        found = tightened(network, box)
        seconds = time.perf_counter() - start
        plain = tighten(network, box, work=0)
        shares = generator.uniform(size=(SAMPLES, *box.lo.shape))
        shares[::2] = shares[::2].round()
        values = run_all_float64(network, box.lo + shares * (box.hi - box.lo))
        print(f"{name}, {label}, {seconds:.2f} s: node, mean width by intervals, by all methods, seen, and what won")
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
