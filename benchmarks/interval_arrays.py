"""Nanoseconds an interval of every operation on arrays of intervals, and milliseconds of products of matrices.

    python -m benchmarks.interval_arrays [--size N] [--repeat R]

Processor time of the fastest of R runs, on points and on boxes of N intervals; products are W x for square W of N elements, beside
NumPy's own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from math import isqrt

import numpy as np

from suffice.encodings.enclosures.arrays.composites import layer_norm, log_softmax, rms_norm, softmax, softmax_adjoint
from suffice.encodings.enclosures.arrays.functions import UNARY
from suffice.encodings.enclosures.arrays.intervals import Intervals, add, divide, multiply, point, square, total, widen
from suffice.encodings.enclosures.arrays.linear import affine_image

ROW = 64


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Processor time of the fastest run."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def elementwise(x: Intervals) -> dict[str, Callable[[], object]]:
    """The operations on one array; logarithms and roots get its exponential."""
    positive = UNARY["exp"].range(x)
    rows = x.reshape(-1, ROW)
    work: dict[str, Callable[[], object]] = {
        "add": lambda: add(x, x),
        "multiply": lambda: multiply(x, x),
        "divide": lambda: divide(x, positive),
        "square": lambda: square(x),
        "total": lambda: total(x),
        "softmax": lambda: softmax(rows),
        "log_softmax": lambda: log_softmax(rows),
        "softmax_adjoint": lambda: softmax_adjoint(softmax(rows), rows),
        "layer_norm": lambda: layer_norm(rows, 1e-5),
        "rms_norm": lambda: rms_norm(rows, 1e-5),
    }
    for name, function in UNARY.items():
        operand = positive if name in ("log", "sqrt", "rsqrt") else x
        for part in ("range", "slope", "curvature"):
            work[f"{name} {part}"] = lambda part=part, function=function, operand=operand: getattr(function, part)(operand)  # type: ignore[misc]
    return work


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1 << 20, help=f"intervals, a multiple of {ROW}")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args(arguments)
    random = np.random.default_rng(1)
    middle = 3.0 * random.standard_normal(options.size - options.size % ROW)
    on_points, on_boxes = elementwise(point(middle)), elementwise(widen(middle, 0.01))
    print(f"{'ns an interval':24}{'points':>10}{'boxes':>10}")
    for name in on_points:
        figures = (1e9 * seconds(work[name], options.repeat) / len(middle) for work in (on_points, on_boxes))
        print(f"{name:24}" + "".join(f"{figure:10.1f}" for figure in figures))
    side = isqrt(options.size)
    weight, x = point(random.standard_normal((side, side))), random.standard_normal(side)
    for name, work in {
        f"NumPy W x, {side}^2": lambda: weight.lo @ x,
        "W x": lambda: affine_image(weight, None, point(x)),
        "W [x]": lambda: affine_image(weight, None, widen(x, 0.01)),
    }.items():
        print(f"{name:24}{1e3 * seconds(work, options.repeat):10.2f} ms")


if __name__ == "__main__":
    main()
