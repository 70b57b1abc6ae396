"""Pictures of proved regions: a band for each format along one axis, a plane for two axes. White is what nothing is proved of."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.encodings.family import Family
from suffice.errors import InputError
from suffice.family_answers import tolerance_text
from suffice.plots import SUFFIXES, save_picture
from suffice.proofs.certificate import Verdict
from suffice.prover.families.extents import SIZE, Extent, declared, ends

if TYPE_CHECKING:
    from suffice.prover.families import FamilyProof, FamilyResult

_COLOURS = {Verdict.SUFFICIENT: "tab:green", Verdict.INSUFFICIENT: "tab:orange", Verdict.IMPOSSIBLE: "tab:red"}
_MOST_AXES = 2
_WIDTH, _PLANE_HEIGHT, _BAND_HEIGHT = 7.0, 4.6, 0.8
_BEYOND = 16
"""An open range of sizes is drawn so many times as far as the farthest end that is known."""


def check_family_picture(path: Path, family: Family) -> None:
    """Complain before the work, not after it. Raises InputError."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"no picture has the suffix {path.suffix!r}", where=str(path), mend=f"end the name in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise InputError("there is no such folder", where=str(path.parent), mend="create it first")
    axes = declared(family).axes()
    if not 1 <= len(axes) <= _MOST_AXES:
        raise InputError(
            f"a picture of {len(axes)} parameters cannot be drawn: it takes one or two", where="--plot", mend="shut the others into a point"
        )


def draw_regions(path: Path, proof: FamilyProof) -> None:
    """Write the picture. Raises InputError."""
    check_family_picture(path, proof.family)
    from matplotlib.figure import Figure

    family = proof.family
    axes = declared(family).axes()
    labels = [family.fold.size if axis == SIZE and family.fold else axis for axis in axes]
    if len(axes) == 1:
        figure = Figure(figsize=(_WIDTH, 1.6 + _BAND_HEIGHT * len(proof.results)), layout="constrained")
        plane = figure.subplots()
        _draw_bands(plane, proof, axes[0], labels[0])
        parts = [plane]
    else:
        figure = Figure(figsize=(_WIDTH, _PLANE_HEIGHT * len(proof.results)), layout="constrained")
        parts = list(figure.subplots(len(proof.results), 1, squeeze=False)[:, 0])
        for part, result in zip(parts, proof.results, strict=True):
            _draw_plane(part, family, result, axes, labels)
    _add_legend(parts[0])
    figure.suptitle(f"{family.name or 'f'}: {tolerance_text(family)}", fontsize=10)
    save_picture(figure, path)


def _draw_bands(axes: Any, proof: FamilyProof, axis: str, label: str) -> None:
    low, high = _drawn(declared(proof.family), axis, proof.results)
    for k, result in enumerate(proof.results):
        for region in result.regions:
            left, right = _shown(region.extent, axis, high)
            axes.barh(k, right - left, left=left, height=0.7, color=_COLOURS[region.verdict], linewidth=0)
    axes.set_yticks(range(len(proof.results)), [result.format for result in proof.results])
    axes.invert_yaxis()
    axes.set_xlabel(label)
    _scale(axes, "x", low, high)


def _draw_plane(axes: Any, family: Family, result: FamilyResult, names: list[str], labels: list[str]) -> None:
    from matplotlib.patches import Rectangle

    limits = [_drawn(declared(family), name, (result,)) for name in names]
    for region in result.regions:
        (left, right), (bottom, top) = (_shown(region.extent, name, limit[1]) for name, limit in zip(names, limits, strict=True))
        colour = _COLOURS[region.verdict]
        axes.add_patch(Rectangle((left, bottom), right - left, top - bottom, facecolor=colour, edgecolor="white", linewidth=0.3))
    axes.set(xlabel=labels[0], ylabel=labels[1], title=result.format)
    _scale(axes, "x", *limits[0])
    _scale(axes, "y", *limits[1])


def _drawn(whole: Extent, axis: str, results: tuple[FamilyResult, ...]) -> tuple[float, float]:
    """The ends of an axis of the picture; sizes count from half before to half behind."""
    low, high = ends(whole, axis)
    if high is None:
        known = [end for result in results for item in (*result.gaps, *(r.extent for r in result.regions)) for end in ends(item, axis)]
        high = max((end for end in known if end is not None), default=low) * _BEYOND
    half = Fraction(1, 2) if axis == SIZE else Fraction(0)
    return float(low - half), float(high + half)


def _shown(extent: Extent, axis: str, most: float) -> tuple[float, float]:
    low, high = ends(extent, axis)
    half = 0.5 if axis == SIZE else 0.0
    return float(low) - half, most if high is None else float(high) + half


def _scale(axes: Any, direction: str, low: float, high: float) -> None:
    """Logarithmic where the ends are far apart, as ranges are cut."""
    if low > 0 and high >= 8 * low:
        getattr(axes, f"set_{direction}scale")("log", base=2 if low >= 0.5 else 10)
    getattr(axes, f"set_{direction}lim")(low, high)


def _add_legend(axes: Any) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=verdict.value) for verdict, colour in _COLOURS.items()]
    handles.append(Patch(facecolor="white", edgecolor="grey", label="undecided"))
    axes.legend(handles=handles, fontsize=8, loc="best")
