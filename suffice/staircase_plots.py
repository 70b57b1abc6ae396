"""The staircase as a picture: significand bits against tolerance, each step proved.

Between two tolerances the lines say what is proved there too: what is impossible at the larger one is so at every smaller one, and what is
possible or sufficient at the smaller one is so at every larger one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from suffice.plots import check_picture_file, save_picture
from suffice.prover.staircase import Staircase
from suffice.tables import headline

_WIDTH, _HEIGHT = 7.0, 4.5
_LONGEST_TITLE = 90


def draw_staircase(path: Path, found: Staircase) -> None:
    """Write the picture. Raises InputError."""
    check_picture_file(path)
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    axes = figure.subplots()
    draw_steps(axes, found)
    title = headline(found.scans[0].problem).partition("; |error|")[0]
    axes.set_title(title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 3]}...", fontsize=9)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    save_picture(figure, path)


Quantity = Literal["impossible_up_to", "ideal", "sufficient_from"]


def draw_steps(axes: Any, found: Staircase) -> None:
    """The three lines; tolerances fall from left to right."""
    lines: tuple[tuple[Quantity, str, dict[str, Any]], ...] = (
        ("impossible_up_to", "post", {"color": "tab:red", "label": "proved impossible, with every smaller p"}),
        ("ideal", "pre", {"color": "tab:blue", "label": "proved possible", "linestyle": "--"}),
        ("sufficient_from", "pre", {"color": "tab:green", "label": "proved sufficient for this program"}),
    )
    for quantity, where, style in lines:
        bits = [(float(threshold), getattr(scan, quantity)) for threshold, scan in zip(found.thresholds, found.scans, strict=True)]
        known = [(tolerance, p) for tolerance, p in bits if p is not None]
        if known:
            axes.step(*zip(*known, strict=True), where=where, marker="o", markersize=4, **style)
    measure = "relative tolerance" if found.is_relative else "tolerance"
    axes.set(xscale="log", xlabel=measure, ylabel="p, significand bits with the hidden one")
    axes.set_ylim(bottom=0)
    axes.invert_xaxis()
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
