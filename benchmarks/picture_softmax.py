"""Draw docs/images/softmax2.png from a fresh answer: what is proved for each format, and why fp16 is impossible.

python benchmarks/picture_softmax.py
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mpmath

import suffice
from suffice.answers import ProofAnswer
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.hardware_specs.rounding import neighbours
from suffice.prover.results import Amount, Result
from suffice.tables import COLOURS

ROOT = Path(__file__).parents[1]
PROBLEM = ROOT / "benchmarks" / "problems" / "softmax2.toml"
PICTURE = ROOT / "docs" / "images" / "softmax2.png"


def softmax(point: dict[str, Fraction]) -> float:
    """The function, for drawing."""
    x, y = (mpmath.mpf(point[name].numerator) / point[name].denominator for name in ("x", "y"))
    return float(mpmath.exp(x) / (mpmath.exp(x) + mpmath.exp(y)))


def draw_brackets(axes: Any, answer: ProofAnswer) -> None:
    """For each format, where the best algorithm's error and this program's error are proved to lie."""
    tolerance = answer.problem.tolerance
    assert tolerance is not None
    for row, result in enumerate(answer):
        colour = COLOURS[result.verdict]
        _draw_bracket(axes, row + 0.15, result.floor, result.floor_upper or result.error_bound, colour, "o")
        _draw_bracket(axes, row - 0.15, result.witness_error, result.error_bound, colour, "s")
        axes.text(0.3, row, f"{result.verdict.value}\n({result.statement})", color=colour, va="center", ha="left", fontsize=8)
    axes.axvline(float(tolerance.threshold), color="black", linewidth=1, linestyle="--")
    axes.text(float(tolerance.threshold), len(answer.results) - 0.45, " tolerance", fontsize=8)
    axes.set(
        xscale="log",
        xlim=(1e-8, 30),
        ylim=(-0.6, len(answer.results) - 0.2),
        xlabel="largest error (o best algorithm, \u25a1 this program)",
    )
    axes.set_yticks(range(len(answer.results)), [result.format for result in answer])
    axes.set_title("What is proved", fontsize=10)


def _draw_bracket(axes: Any, height: float, low: Amount | None, high: Amount | None, colour: str, marker: str) -> None:
    ends = [float(end) for end in (low, high) if isinstance(end, Fraction) and end > 0]
    if ends:
        axes.plot(
            ends,
            [height] * len(ends),
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=2,
            fillstyle="none" if marker == "s" else "full",
        )
    if len(ends) == 1 and low is not None:
        axes.annotate("", (ends[0] * 6, height), (ends[0], height), arrowprops={"arrowstyle": "->", "color": colour})


def draw_cell(axes: Any, result: Result, tolerance: float) -> None:
    """The function across one input cell, the output numbers there, and how far the best of them reaches."""
    assert result.witness_pair is not None
    start, end = result.witness_pair
    steps = [Fraction(k, 60) for k in range(61)]
    values = [softmax({name: start[name] + (end[name] - start[name]) * t for name in start}) for t in steps]
    low, high = min(values), max(values)
    numbers = output_numbers(parse_format(result.format), low - tolerance, high + tolerance)
    for number in numbers:
        axes.axhline(number, color="0.75", linewidth=0.8)
    best = min(numbers, key=lambda number: max(high - number, number - low))
    axes.axhline(best, color="tab:blue", linewidth=1.5, label="best output number")
    axes.axhspan(best - tolerance, best + tolerance, color="tab:blue", alpha=0.12, label="what it serves within the tolerance")
    axes.plot([float(t) for t in steps], values, color="red", linewidth=2, label="the function across the cell")
    axes.set(xlabel="across one input cell: every point gets the same answer", xlim=(0, 1), xticks=[])
    axes.ticklabel_format(useOffset=False)
    axes.legend(fontsize=7, loc="lower right" if values[-1] > values[0] else "lower left")
    axes.set_title(f"Why {result.format} is {result.verdict.value}", fontsize=10)


def output_numbers(fmt: Any, low: float, high: float) -> list[float]:
    """The format's numbers in an interval."""
    assert isinstance(fmt, FloatFormat)
    found: list[float] = []
    position = Fraction(low)
    while True:
        _, above = neighbours(fmt, position)
        if above is None or above > high:
            return found
        found.append(float(above))
        position = above + Fraction(1, 1 << 40)


def main() -> None:
    """Prove, draw, and write the picture."""
    answer = suffice.prove(PROBLEM)
    tolerance = answer.problem.tolerance
    assert tolerance is not None
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), width_ratios=(1.25, 1))
    draw_brackets(left, answer)
    draw_cell(right, answer["fp16"], float(tolerance.absolute))
    figure.suptitle("exp(x) / (exp(x) + exp(y)) on [-8, 8]\u00b2 to within 0.001", fontsize=11)
    figure.tight_layout()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    print(PICTURE)


if __name__ == "__main__":
    main()
