"""Pictures of a model's layers: what each adds to the bound, how far the rest enlarges an error made there, and the formats chosen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.network_answers import ASSIGNED, ModelAnswer, plain_format
from suffice.network_tables import layer_name, network_text, tolerance_text
from suffice.plots import check_picture_file, save_picture
from suffice.proofs.certificate import Verdict
from suffice.prover.networks.results import LayerRow, NetworkResult
from suffice.tables import number_text, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:purple", "tab:brown", "tab:pink", "tab:olive", "tab:cyan")
_ASSIGNED_COLOUR = "0.35"
_VERDICTS = {
    Verdict.SUFFICIENT: "tab:green",
    Verdict.IMPOSSIBLE: "tab:red",
    Verdict.INSUFFICIENT: "tab:orange",
    Verdict.UNDECIDED: "tab:gray",
}
_WIDTH, _ROW, _MARGIN = 11.0, 0.26, 0.9
_BOUND, _FLOOR = 8, 9
"""Matplotlib's numbers of triangles whose base is at the place: one points to smaller errors, one to larger ones."""

_MOST_LAYERS = 40
_LONGEST_NAME = 32

Labelled = Sequence[tuple[str, NetworkResult]]


def draw_model(answer: ModelAnswer) -> Figure:
    """The whole picture: errors of all results, budget and amplification by layer, and the formats where layers differ in them."""
    from matplotlib.figure import Figure

    labelled = list(zip(answer.labels, answer.results, strict=True))
    layered = [(label, result) for label, result in labelled if result.layers]
    mixed = [(label, result) for label, result in layered if label == ASSIGNED]
    rows = len(_shown_layers(layered))
    heights = {"errors": _MARGIN + _ROW * len(labelled)}
    if layered:
        heights["budget"] = _MARGIN + _ROW * max(rows * (1 + len(layered)) / 2.5, 3)
    if mixed:
        heights["formats"] = _MARGIN + _ROW * rows
    mosaic: Any = [["budget", "amplification"] if name == "budget" else [name, name] for name in heights]
    with _plain_text():
        figure = Figure(figsize=(_WIDTH, sum(heights.values())), layout="constrained")
        parts = figure.subplot_mosaic(mosaic, height_ratios=list(heights.values()))
        _draw_errors(parts["errors"], labelled, answer.proof.tolerance)
        if layered:
            _draw_bars(parts["budget"], layered, "contribution", "part of the bound of the worst output", answer.proof.tolerance)
            _draw_bars(parts["amplification"], layered, "amplification", "an error of the layer's result is enlarged by at most")
            parts["amplification"].set_yticklabels([])
            parts["amplification"].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
        if mixed:
            _draw_formats(parts["formats"], *mixed[0])
        title = "; ".join(part for part in (network_text(answer.network), tolerance_text(answer.proof)) if part)
        figure.suptitle(printable(title), fontsize=10)
    return figure


def save_model_picture(figure: Figure, path: Path) -> None:
    """Write it. Raises InputError."""
    check_picture_file(path)
    with _plain_text():
        save_picture(figure, path)


def svg_of(figure: Figure) -> str:
    """The picture as an SVG element, the same text each time."""
    text = StringIO()
    with _plain_text():
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


@contextmanager
def _plain_text() -> Iterator[None]:
    """Names come from files: none is read as a formula, and letters that the font lacks are boxes."""
    from matplotlib import rc_context

    with rc_context({"text.parse_math": False, "svg.hashsalt": "suffice"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        yield


def _draw_errors(axes: Any, labelled: Labelled, tolerance: Fraction | None) -> None:
    """For each result the bar from the largest error found to the proved bound, in the verdict's colour; the floor as a tick."""
    for k, (_, result) in enumerate(labelled):
        colour = _VERDICTS[result.verdict]
        high = result.error_bound
        if isinstance(result.witness_error, Fraction) and result.witness_error > 0:
            axes.plot(_float(result.witness_error), k, "|", markersize=14, markeredgewidth=2, color=colour)
            if high is not None:
                axes.plot([_float(result.witness_error), _float(high)], [k, k], color=colour, linewidth=2, alpha=0.5)
        if high is not None and high > 0:
            axes.plot(_float(high), k, marker=_BOUND, markersize=7, color=colour)
        if result.floor:
            axes.plot(_float(result.floor), k, marker=_FLOOR, markersize=7, color=colour)
    if tolerance:
        axes.axvline(_float(tolerance), color="black", linestyle="--", linewidth=1)
    _log_scale(axes)
    _explain_marks(axes, tolerance)
    axes.set_yticks(range(len(labelled)), [f"{_cut(label)}: {result.verdict.value}" for label, result in labelled], fontsize=8)
    for text, (_, result) in zip(axes.get_yticklabels(), labelled, strict=True):
        text.set_color(_VERDICTS[result.verdict])
    axes.set_ylim(len(labelled) - 0.5, -0.5)
    axes.set_xlabel("largest error of any output", fontsize=9)
    axes.grid(axis="x", alpha=0.3)


def _explain_marks(axes: Any, tolerance: Fraction | None) -> None:
    from matplotlib.lines import Line2D

    marks: list[tuple[Any, str]] = [("|", "error of an input"), (_BOUND, "proved bound"), (_FLOOR, "no algorithm errs less")]
    handles = [Line2D([], [], marker=mark, linestyle="", color="0.4", label=text) for mark, text in marks]
    if tolerance is not None:
        handles.append(Line2D([], [], color="black", linestyle="--", linewidth=1, label=f"tolerance {number_text(tolerance)}"))
    axes.legend(handles=handles, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _draw_bars(axes: Any, labelled: Labelled, quantity: str, title: str, tolerance: Fraction | None = None) -> None:
    """A group of bars for each layer, one bar for each result."""
    names = _shown_layers(labelled)
    thickness = 0.8 / len(labelled)
    for k, (label, result) in enumerate(labelled):
        rows = {row.name: row for row in result.layers}
        known = [(place, value) for place, name in enumerate(names) if (value := _value(rows.get(name), quantity)) > 0]
        places = [place - 0.4 + (k + 0.5) * thickness for place, _ in known]
        colour = _ASSIGNED_COLOUR if label == ASSIGNED else _COLOURS[k % len(_COLOURS)]
        axes.barh(places, [value for _, value in known], height=thickness, color=colour, label=_cut(label), linewidth=0)
    if tolerance:
        axes.axvline(_float(tolerance), color="black", linestyle="--", linewidth=1, label="tolerance")
    _log_scale(axes)
    axes.set_yticks(range(len(names)), [_cut(layer_name(name)) for name in names], fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    left_out = len({row.name for _, result in labelled for row in result.layers}) - len(names)
    axes.set_xlabel(title + (f"\n({left_out} layers with less are left out)" if left_out else ""), fontsize=9)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)


def _draw_formats(axes: Any, label: str, result: NetworkResult) -> None:
    """A row for each layer: the formats of its weights and of its result, each format in a colour of its own."""
    rows = result.layers[:_MOST_LAYERS]
    held = [(plain_format(row.weights), plain_format(row.activations)) for row in rows]
    formats = list(dict.fromkeys(name for names in held for name in names if name))
    for place, names in enumerate(held):
        for column, name in enumerate(names):
            if name:
                colour = _COLOURS[formats.index(name) % len(_COLOURS)]
                axes.barh(place, 0.96, left=column + 0.02, height=0.86, color=colour, linewidth=0)
                axes.text(column + 0.5, place, _cut(name), ha="center", va="center", fontsize=8, color="white")
    axes.set_xticks([0.5, 1.5], ["weights", "activations"], fontsize=9)
    axes.set_yticks(range(len(rows)), [_cut(layer_name(row.name)) for row in rows], fontsize=8)
    axes.set(xlim=(0, 2), ylim=(len(rows) - 0.5, -0.5))
    axes.set_title(f"formats chosen ({label})", fontsize=9)


def _shown_layers(labelled: Labelled) -> list[str]:
    """The layers that are drawn: of many, those that add most to the bound of some result, in the order in which they compute."""
    names = list(dict.fromkeys(row.name for _, result in labelled for row in result.layers))
    if len(names) <= _MOST_LAYERS:
        return names
    most = {name: max(_value(row, "contribution") for _, result in labelled for row in result.layers if row.name == name) for name in names}
    kept = set(sorted(names, key=lambda name: -most[name])[:_MOST_LAYERS])
    return [name for name in names if name in kept]


def _value(row: LayerRow | None, quantity: str) -> float:
    """0 stands for what is not known, too: a logarithmic axis shows neither."""
    value = None if row is None else getattr(row, quantity)
    return 0.0 if value is None else _float(value)


def _float(value: Fraction) -> float:
    """A number that a picture can place."""
    return float(min(max(value, -_FARTHEST), _FARTHEST))


_FARTHEST = Fraction(10**300)


def _log_scale(axes: Any) -> None:
    """Logarithmic, if anything positive is shown; numbers are written as 1e-3."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    shown = [x for line in axes.get_lines() for x in line.get_xdata()] + [patch.get_width() for patch in axes.patches]
    if any(x > 0 for x in shown):
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", labelsize=8)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"...{text[3 - _LONGEST_NAME :]}"
