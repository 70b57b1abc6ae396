"""Thousands of (model, format, input) triples: no run errs by more than the bound, neither the analyser's nor the kernel's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.networks.measured import kernel_bound
from benchmarks.networks.models import DIGITS, Model, conditions, digits, table
from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.placing import uniform
from tests.prover.networks.triples import FORMATS, Case, errors_of, inputs_of, random_case

MODEL_FORMATS = ("fp32", "bf16", "fp16", "fp8_e4m3", "fp8_e5m2", "int8", "mxfp8_e4m3", "nvfp4")
TOO_SMALL = 0.5
"""The bounds times this have to be exceeded somewhere: else the comparison could not fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many random networks of each format, images of each model, and inputs of each box."""

    networks: int
    images: int
    inputs: int
    models: tuple[str, ...] = (*DIGITS, "transformer")


BY_KERNEL = (*DIGITS, "random networks")
"""Models small enough that the kernel derives every bound too."""

FULL = Extent(networks=40, images=2, inputs=16)
TINY = Extent(networks=1, images=1, inputs=2, models=DIGITS[:1])


@dataclass(slots=True)
class Count:
    """Of triples: those above the analyser's bound, the kernel's, and half the analyser's. Of cases: those with a bound of each."""

    triples: int = 0
    above: int = 0
    above_kernel: int = 0
    above_half: int = 0
    cases: int = 0
    bounded: int = 0
    by_kernel: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def main(extent: Extent) -> int:
    """Print the counts; 1 if a bound is exceeded."""
    budget = f"{extent.networks} random networks a format, models at {extent.images} points, balls and the box; {extent.inputs} runs each"
    print(conditions("Soundness", budget), flush=True)
    start = time.perf_counter()
    counts = {"random networks": Count()}
    rng = np.random.default_rng(2026)
    for fmt in FORMATS:
        for _ in range(extent.networks):
            judge(random_case(rng, fmt), counts["random networks"], rng, extent.inputs)
    print(f"  random networks: {time.perf_counter() - start:.0f} s", flush=True)
    for name in extent.models:
        counts[name] = Count()
        for case in model_cases(digits(name), extent):
            judge(case, counts[name], rng, extent.inputs, by_kernel=name in BY_KERNEL)
        print(f"  {name}: {time.perf_counter() - start:.0f} s", flush=True)
    half = f"above {TOO_SMALL:g} of the analyser's"
    head = ("model", "triples", "above the analyser's bound", "above the kernel's", half, "cases", "bounded", "by the kernel")
    rows: list[tuple[object, ...]] = [
        (name, c.triples, c.above, c.above_kernel, c.above_half, c.cases, c.bounded, c.by_kernel) for name, c in counts.items()
    ]
    print(table(head, rows))
    above = sum(count.above + count.above_kernel for count in counts.values())
    print(f"\n{sum(count.triples for count in counts.values())} triples, {above} above a bound, {time.perf_counter() - start:.0f} s")
    for reason, number in sum((count.reasons for count in counts.values()), Counter[str]()).most_common(6):
        print(f"  no bound by the kernel, {number} times: {reason}")
    return 1 if above else 0


def model_cases(model: Model, extent: Extent) -> Iterator[Case]:
    """A model in every format, at images, over balls around them, and over the box."""
    kinds = [f"{kind} {number}" for kind in ("point", "ball") for number in range(extent.images)] + ["box"]
    for kind in kinds:
        (box,) = model.at(kind).boxes
        ranges = exact_ranges(model.network, box)
        for fmt in MODEL_FORMATS:
            yield Case(uniform(model.network, fmt, ranges=ranges), box)


def judge(case: Case, count: Count, rng: np.random.Generator, inputs: int, *, by_kernel: bool = True) -> None:
    """Compare the errors at some inputs with both bounds."""
    x = inputs_of(case, rng, 1 if case.box.is_point else inputs)
    found = analyse(case.program, case.inputs)
    errors, slack = errors_of(case, x)
    kernel, reason = kernel_bound(case.program, case.inputs) if by_kernel else (None, "not asked")
    finite = bool(np.isfinite(found.bound))
    count.triples += len(x)
    count.cases += 1
    count.bounded += finite
    count.by_kernel += kernel is not None
    count.above += int((errors > found.outputs + slack).any(axis=1).sum())
    if finite:
        count.above_half += int((errors > TOO_SMALL * found.outputs + slack).any(axis=1).sum())
    if kernel is not None:
        count.above_kernel += int((errors > kernel + slack).any(axis=1).sum())
    elif finite:
        count.reasons[reason[:100]] += 1
