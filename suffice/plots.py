"""Pictures of a program's error over the box, for one and two inputs: sampled runs, the proved bound, and the witness.

Samples are emulated runs in floating point, drawn for orientation; only the bounds and the witness are proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.proofs.decimals import decimal_above, decimal_below

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suffice.prover.case import Asked, Case
    from suffice.prover.error_maps import Array, ErrorMap
    from suffice.prover.results import Amount, Bounds, FormatBounds

Progress = Callable[[str, float], None]

SUFFIXES = (".png", ".svg")
_MOST_INPUTS = 2
_SLICES = 1024
"""Parts of the box of one input."""

_TILES = 96
"""Parts of each side of the box of two inputs."""

_WIDTH, _HEIGHT = 7.0, 3.6


def check_picture(path: Path, problem: Problem) -> None:
    """Complain before the work, not after it. Raises InputError."""
    check_picture_file(path)
    wide = sum(side.lo < side.hi for side in problem.box.values())
    if not 1 <= wide <= _MOST_INPUTS:
        mend = "shut the others into a point, as in --var x=1:1" if wide else "give an input an interval"
        raise InputError(f"a picture of {wide} inputs that vary cannot be drawn: it takes one or two", where="--plot", mend=mend)


def check_picture_file(path: Path) -> None:
    """The same for the file's name alone. Raises InputError."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"no picture has the suffix {path.suffix!r}", where=str(path), mend=f"end the name in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise InputError("there is no such folder", where=str(path.parent), mend="create it first")


def draw_errors(path: Path, bounds: Bounds, formats: Sequence[Asked], *, progress: Progress | None = None) -> None:
    """Write the picture: a row for each format. Raises InputError."""
    check_picture(path, bounds.problem)
    from matplotlib.figure import Figure

    from suffice.prover.error_maps import wide_inputs

    names = wide_inputs(bounds.problem)
    columns = len(names)
    figure = Figure(figsize=(_WIDTH * columns, _HEIGHT * len(formats)), layout="constrained")
    rows = figure.subplots(len(formats), columns, squeeze=False)
    for k, (row, asked, result) in enumerate(zip(rows, formats, bounds.results, strict=True)):
        told = _within(progress, f"picture of {asked.name}", k, len(formats))
        _draw_row(row, _case(bounds.problem, asked), names, result, told)
    save_picture(figure, path)


def _case(problem: Problem, asked: Asked) -> Case:
    from suffice.encodings.enclosures.bounds import range_bounds
    from suffice.prover.attempts import open_case

    return open_case(problem, asked, range_bounds(problem.expression, problem.box, preconditions=problem.preconditions))


def save_picture(figure: Figure, path: Path) -> None:
    """Write it; the old picture stays where that fails. Raises InputError."""
    from suffice.proofs.files import write_atomically

    drawn = BytesIO()
    figure.savefig(drawn, format=path.suffix[1:].lower(), dpi=120)
    write_atomically(path, drawn.getvalue())


def _within(progress: Progress | None, stage: str, done: int, count: int) -> Callable[[float], None]:
    """What a row tells its own progress to."""

    def tell(fraction: float) -> None:
        if progress:
            progress(stage, (done + fraction) / count)

    return tell


def _draw_row(row: Any, case: Case, names: Sequence[str], result: FormatBounds, tell: Callable[[float], None]) -> None:
    from suffice.prover.error_maps import can_map, error_map

    row[0].set_title(_title(case.problem, result), fontsize=10)
    if not can_map(case):
        row[0].text(0.5, 0.5, "no run of this program can be emulated", transform=row[0].transAxes, ha="center")
    elif len(names) == 1:
        draw_curve(row[0], case.problem, names[0], error_map(case, (_SLICES,), tell), result)
    else:
        draw_maps(row[0], row[1], case.problem, names, error_map(case, (_TILES, _TILES), tell), result)


def _title(problem: Problem, result: FormatBounds) -> str:
    upper = "no bound" if result.error_bound is None else f"error <= {decimal_above(result.error_bound, 4)}"
    return f"{problem.name or 'f'} in {result.format}: {upper}"


def draw_curve(axes: Any, problem: Problem, name: str, errors: ErrorMap, result: FormatBounds) -> None:
    """Sampled errors, the bound of every slice and of the whole box, and the witness over one input."""
    import numpy as np

    lo, hi = float(problem.box[name].lo), float(problem.box[name].hi)
    edges = np.linspace(lo, hi, len(errors.sampled) + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    failed = np.isinf(errors.sampled)
    axes.plot(middles[~failed], errors.sampled[~failed], ".", markersize=2, color="tab:blue", label=f"{errors.runs} sampled runs")
    if failed.any():
        top = axes.get_xaxis_transform()
        axes.plot(middles[failed], np.ones(failed.sum()), "|", color="tab:red", transform=top, label="runs that fail")
    if np.isfinite(errors.proved).any():
        axes.stairs(_capped(errors.proved, result), edges, baseline=None, color="black", linewidth=1, label="proved bound of each slice")
    if result.error_bound is not None:
        axes.axhline(float(result.error_bound), color="black", linewidth=1, linestyle="--", label="proved bound")
    if result.witness is not None and isinstance(result.witness_error, Fraction):
        axes.plot(float(result.witness[name]), float(result.witness_error), "*", markersize=11, color="tab:red", label="witness")
    axes.set(xlabel=name, ylabel="error", xlim=(lo, hi))
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)


def _capped(proved: Array, result: FormatBounds) -> Array:
    """The bound of the whole box holds on every part of it."""
    import numpy as np

    return proved if result.error_bound is None else np.minimum(proved, float(result.error_bound))


def draw_maps(left: Any, right: Any, problem: Problem, names: Sequence[str], errors: ErrorMap, result: FormatBounds) -> None:
    """The largest sampled error of each tile, and its proved bound in the same colours, with the witness, over two inputs."""
    import numpy as np

    across, upward = (problem.box[name] for name in names)
    extent = (float(across.lo), float(across.hi), float(upward.lo), float(upward.hi))
    failed = np.isinf(errors.sampled)
    maps = np.where(failed, np.nan, errors.sampled), _capped(errors.proved, result)
    top = max((float(np.nanmax(values)) for values in maps if np.isfinite(values).any()), default=1.0)
    for axes, values, label in zip((left, right), maps, (f"largest of {errors.runs} sampled errors", "proved bound"), strict=True):
        image = axes.imshow(values.T, origin="lower", extent=extent, aspect="auto", cmap="viridis", vmin=0, vmax=top)
        axes.figure.colorbar(image, ax=axes, label=label)
        axes.set(xlabel=names[0], ylabel=names[1])
    if failed.any():
        shown = np.where(failed, 1.0, np.nan).T
        left.imshow(shown, origin="lower", extent=extent, aspect="auto", cmap="Reds", vmin=0, vmax=1.5)
    if result.witness is not None and result.witness_error is not None:
        place = [float(result.witness[name]) for name in names]
        left.plot(*place, "*", markersize=11, color="tab:red", markeredgecolor="white", label=_witness_text(result.witness_error))
        left.legend(fontsize=8)
    for axes in (left, right):
        axes.set(xlim=extent[:2], ylim=extent[2:])


def _witness_text(error: Amount) -> str:
    return "witness: the run fails" if isinstance(error, str) else f"witness: error >= {decimal_below(error, 4)}"
