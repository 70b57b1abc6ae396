"""Pictures of the comparison: tightness, time, and both against the peers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.peers import PEERS, PeerBound
from benchmarks.rows import Row

SIZE = (7.0, 4.0)
COLOURS = {"fptaylor": "tab:orange", "gappa": "tab:green"}


def draw(rows: Sequence[Row], formats: Sequence[str], folder: Path) -> list[Path]:
    """The pictures for which there is something to show."""
    pictures = {
        "tightness.png": _tightness(rows, formats),
        "seconds.png": _seconds(rows, formats),
        **{f"peers-{fmt}.png": _peers([row for row in rows if row.format == fmt], fmt) for fmt in formats},
    }
    written = []
    for name, figure in pictures.items():
        if figure is not None:
            figure.savefig(folder / name, dpi=120)
            written.append(folder / name)
    return written


def _tightness(rows: Sequence[Row], formats: Sequence[str]) -> Figure | None:
    """Upper over witness, sorted, a curve for each format."""
    curves = {fmt: sorted(ratio for row in rows if row.format == fmt and (ratio := row.measured.ratio)) for fmt in formats}
    figure, axes = _figure("Proved upper bound over the error of a run that is shown")
    _draw_sorted(axes, curves)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(ylabel="upper / witness")
    return figure if any(curves.values()) else None


def _seconds(rows: Sequence[Row], formats: Sequence[str]) -> Figure | None:
    """Seconds of both sides and of the upper bound, sorted, a curve for each format."""
    both = {f"{fmt}, both sides": sorted(s for row in rows if row.format == fmt and (s := row.measured.seconds)) for fmt in formats}
    upper = {f"{fmt}, upper bound": sorted(s for row in rows if row.format == fmt and (s := row.measured.upper_seconds)) for fmt in formats}
    figure, axes = _figure("Seconds for each problem")
    _draw_sorted(axes, both | upper)
    axes.set(ylabel="seconds")
    return figure if any(both.values()) else None


def _peers(rows: Sequence[Row], fmt: str) -> Figure | None:
    """Each peer's bound over ours, sorted by the better one's, and its seconds over ours."""
    known = [row for row in rows if row.measured.upper and any(peer.bound for peer in row.peers.values())]
    if not known:
        return None
    known.sort(key=lambda row: row.against or 0, reverse=True)
    figure = Figure(figsize=(max(SIZE[0], 0.28 * len(known)), 2 * SIZE[1]), layout="constrained")
    bounds, seconds = figure.subplots(2, 1, sharex=True)
    for peer in PEERS:
        found = [(k, row.peers[peer], row) for k, row in enumerate(known) if peer in row.peers]
        _scatter(bounds, peer, [(k, them.bound / row.measured.upper, them) for k, them, row in found if them.bound and row.measured.upper])
        times = [(k, them, row.measured.upper_seconds or row.measured.seconds) for k, them, row in found]
        _scatter(seconds, peer, [(k, them.seconds / ours, them) for k, them, ours in times if them.seconds and ours])
    for axes, what in ((bounds, "bound"), (seconds, "seconds")):
        axes.axhline(1, color="black", linewidth=0.8)
        axes.set(yscale="log", ylabel=f"peer's {what} / ours")
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(fontsize=8)
    bounds.set_title(f"{fmt}: above the line the peer's is larger", fontsize=10)
    seconds.set_xticks(range(len(known)), [row.case for row in known], rotation=90, fontsize=7)
    return figure


def _scatter(axes: Any, peer: str, points: Sequence[tuple[int, float, PeerBound]]) -> None:
    if points:
        label = f"{peer}, {'run here' if points[0][2].run_here else 'recorded'}"
        axes.plot([k for k, _, _ in points], [value for _, value, _ in points], "o", markersize=4, color=COLOURS[peer], label=label)


def _figure(title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=10)
    axes.set(xlabel="problems, sorted", yscale="log")
    axes.grid(alpha=0.3)
    return figure, axes


def _draw_sorted(axes: Any, curves: dict[str, list[float]]) -> None:
    for label, values in curves.items():
        if values:
            axes.plot(range(1, len(values) + 1), values, marker=".", markersize=4, linewidth=1, label=label)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8)
