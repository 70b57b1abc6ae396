"""Pictures of a program's error over the box, for one and two inputs: sampled runs, the proved bound, and the witness.

Samples are emulated runs in floating point, drawn for orientation; only the bound and the witness are proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.encodings.problem import Box, InputModel, Problem, Tolerance
from suffice.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from suffice.prover.case import Asked, Case
    from suffice.prover.results import Amount, Bounds, FormatBounds

    Array = NDArray[np.floating[Any]]

Leaf = tuple[Box, Fraction]
"""A part of the box, and the bound that is proved on it."""

Progress = Callable[[str, float], None]

SUFFIXES = (".png", ".svg")
_MOST_INPUTS = 2
_RUNS = {1: 1 << 16, 2: 1 << 18}
"""Sampled runs for each number of inputs."""

_BATCH = 1 << 14
_COLUMNS = 1024
"""Parts of the box of one input: the largest error in each is drawn."""

_TILES = 96
"""Tiles along each side of the box of two inputs."""

_WIDTH, _HEIGHT = 7.0, 3.6


@dataclass(frozen=True, slots=True)
class Sampled:
    """The largest error of the runs that fell into each part of the box; NaN where none fell. Infinite for runs that fail."""

    errors: Array
    runs: int


def check_picture(path: Path, problem: Problem) -> None:
    """Complain before the work, not after it. Raises InputError."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"no picture has the suffix {path.suffix!r}", where=str(path), mend=f"end the name in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise InputError("there is no such folder", where=str(path.parent), mend="create it first")
    wide = _wide_inputs(problem)
    if not 1 <= len(wide) <= _MOST_INPUTS:
        mend = "shut the others into a point, as in --var x=1:1" if wide else "give an input an interval"
        raise InputError(f"a picture of {len(wide)} inputs that vary cannot be drawn: it takes one or two", where="--plot", mend=mend)


def draw_errors(
    path: Path,
    bounds: Bounds,
    formats: Sequence[Asked],
    *,
    leaves: Mapping[str, Sequence[Leaf]] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the picture: a panel for each format. `leaves` are the parts of each format's cover. Raises InputError."""
    check_picture(path, bounds.problem)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT * len(formats)), layout="constrained")
    panels = figure.subplots(len(formats), 1, squeeze=False)[:, 0]
    for k, (axes, asked, result) in enumerate(zip(panels, formats, bounds.results, strict=True)):
        told = _within(progress, f"picture of {asked.name}", k, len(formats))
        _draw_panel(axes, bounds.problem, asked, result, (leaves or {}).get(asked.name, ()), told)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path), mend="check the path") from None


def _within(progress: Progress | None, stage: str, done: int, count: int) -> Callable[[float], None]:
    """What a panel tells its own progress to."""

    def tell(fraction: float) -> None:
        if progress:
            progress(stage, (done + fraction) / count)

    return tell


def _wide_inputs(problem: Problem) -> list[str]:
    return [name for name, side in problem.box.items() if side.lo < side.hi]


def _draw_panel(
    axes: Any, problem: Problem, asked: Asked, result: FormatBounds, leaves: Sequence[Leaf], tell: Callable[[float], None]
) -> None:
    from suffice.encodings.enclosures.bounds import range_bounds
    from suffice.prover.attempts import open_case
    from suffice.prover.emulation import can_emulate

    case = open_case(problem, asked, range_bounds(problem.expression, problem.box))
    axes.set_title(_title(problem, result), fontsize=10)
    wide = _wide_inputs(problem)
    if not case.has_program or not can_emulate((*case.inputs.values(), *case.nodes, case.output), problem.box):
        axes.text(0.5, 0.5, "no run of this program can be emulated", transform=axes.transAxes, ha="center")
    elif len(wide) == 1:
        _draw_curve(axes, wide[0], result, leaves, sample_errors(case, (_COLUMNS,), tell), problem)
    else:
        _draw_map(axes, (wide[0], wide[1]), result, sample_errors(case, (_TILES, _TILES), tell), problem)


def _title(problem: Problem, result: FormatBounds) -> str:
    from suffice.proofs.decimals import decimal_above

    upper = "no bound" if result.error_bound is None else f"error <= {decimal_above(result.error_bound, 4)}"
    return f"{problem.name or 'f'} in {result.format}: {upper}"


def sample_errors(case: Case, parts: tuple[int, ...], tell: Callable[[float], None] = lambda _: None) -> Sampled:
    """The largest error in each part of the box, which is cut into equal parts along its inputs that vary."""
    import numpy as np

    wide = _wide_inputs(case.problem)
    errors = np.full(parts, np.nan)
    batches = max(1, _RUNS[len(parts)] // _BATCH)
    random = np.random.default_rng(0)
    for batch in range(batches):
        share = {name: random.random(_BATCH) for name in wide}
        places = tuple(np.minimum((share[name] * count).astype(np.intp), count - 1) for name, count in zip(wide, parts, strict=True))
        values, counts = _run(case, share)
        np.fmax.at(errors, tuple(place[counts] for place in places), values[counts])
        tell((batch + 1) / batches)
    return Sampled(errors, batches * _BATCH)


def _run(case: Case, share: Mapping[str, Array]) -> tuple[Array, NDArray[np.bool_]]:
    """The errors of runs at these places, each counted from 0 to 1 along its side; and which of the points count."""
    import numpy as np

    from suffice.prover.emulation import evaluate, run_program, to_float64
    from suffice.prover.measures import measure

    problem = case.problem
    points = {name: _place(side.lo, side.hi, share.get(name, np.zeros(_BATCH))) for name, side in problem.box.items()}
    codes = dict(_rounded(case, points))
    real = codes if problem.inputs is InputModel.REPRESENTABLE else points
    counts = np.ones(_BATCH, dtype=bool)
    for condition in problem.preconditions:
        counts &= np.asarray(evaluate(condition, real)) != 0
    answers = run_program(problem.expression, case.nodes, case.output, codes)
    tolerance = problem.tolerance or Tolerance(absolute=Fraction(0))
    errors = to_float64(measure(tolerance, answers, evaluate(problem.expression, real)))
    return errors, counts & ~np.isnan(errors)


def _rounded(case: Case, points: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """What the input formats make of real numbers."""
    from suffice.hardware_specs.format import ExactFormat
    from suffice.hardware_specs.vectorised import round_array
    from suffice.prover.emulation import to_float64

    for name, column in points.items():
        fmt = case.inputs[name]
        yield name, to_float64(column) if isinstance(fmt, ExactFormat) else round_array(fmt, to_float64(column))


def _place(lo: Fraction, hi: Fraction, share: Array) -> Array:
    """Points of a side in extended precision, so that reals between two numbers of fp64 occur."""
    import numpy as np

    low, high = np.longdouble(float(lo)), np.longdouble(float(hi))
    points: Array = np.clip(low + (high - low) * share.astype(np.longdouble), low, high)
    return points


def _draw_curve(axes: Any, name: str, result: FormatBounds, leaves: Sequence[Leaf], sampled: Sampled, problem: Problem) -> None:
    """Sampled errors, the bound of every leaf (or of the whole box), and the witness over one input."""
    import numpy as np

    side = problem.box[name]
    lo, hi = float(side.lo), float(side.hi)
    middles = lo + (hi - lo) * (np.arange(len(sampled.errors)) + 0.5) / len(sampled.errors)
    failed = np.isinf(sampled.errors)
    axes.plot(middles[~failed], sampled.errors[~failed], ".", markersize=2, color="tab:blue", label=f"{sampled.runs} sampled runs")
    if failed.any():
        axes.plot(
            middles[failed], np.ones(failed.sum()), "|", color="tab:red", transform=axes.get_xaxis_transform(), label="runs that fail"
        )
    if leaves:
        _draw_steps(axes, name, leaves)
    elif result.error_bound is not None:
        axes.axhline(float(result.error_bound), color="black", linewidth=1, label="proved bound")
    if result.witness is not None and isinstance(result.witness_error, Fraction):
        axes.plot(float(result.witness[name]), float(result.witness_error), "*", markersize=11, color="tab:red", label="witness")
    axes.set(xlabel=name, ylabel="error", xlim=(lo, hi))
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)


def _draw_steps(axes: Any, name: str, leaves: Sequence[Leaf]) -> None:
    """The bound of each leaf above its part of the side."""
    ordered = sorted(leaves, key=lambda leaf: leaf[0][name].lo)
    edges = [float(box[name].lo) for box, _ in ordered] + [float(ordered[-1][0][name].hi)]
    axes.stairs([float(bound) for _, bound in ordered], edges, baseline=None, color="black", linewidth=1, label="proved bound of each leaf")


def _draw_map(axes: Any, names: tuple[str, str], result: FormatBounds, sampled: Sampled, problem: Problem) -> None:
    """The largest sampled error of each tile as a colour, and the witness, over two inputs."""
    import numpy as np

    across, upward = (problem.box[name] for name in names)
    extent = (float(across.lo), float(across.hi), float(upward.lo), float(upward.hi))
    failed = np.isinf(sampled.errors)
    errors = np.where(failed, np.nan, sampled.errors).T
    image = axes.imshow(errors, origin="lower", extent=extent, aspect="auto", cmap="viridis", vmin=0)
    axes.figure.colorbar(image, ax=axes, label=f"largest of {sampled.runs} sampled errors")
    if failed.any():
        shown = np.where(failed, 1.0, np.nan).T
        axes.imshow(shown, origin="lower", extent=extent, aspect="auto", cmap="Reds", vmin=0, vmax=1.5)
    if result.witness is not None and result.witness_error is not None:
        place = (float(result.witness[name]) for name in names)
        axes.plot(*place, "*", markersize=11, color="tab:red", markeredgecolor="white", label=_witness_text(result.witness_error))
        axes.legend(fontsize=8)
    axes.set(xlabel=names[0], ylabel=names[1], xlim=extent[:2], ylim=extent[2:])


def _witness_text(error: Amount) -> str:
    from suffice.proofs.decimals import decimal_below

    return "witness: the run fails" if isinstance(error, str) else f"witness: error >= {decimal_below(error, 4)}"
