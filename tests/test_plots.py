"""Pictures of errors: files of the right kind, samples that agree with NumPy's own half precision, and one clear line for every mistake."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

import suffice
from suffice import plots
from suffice.cli import main
from suffice.encodings.enclosures.bounds import range_bounds
from suffice.encodings.problem import Problem
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.attempts import open_case
from suffice.prover.brackets import bounds
from suffice.prover.case import Case
from suffice.prover.error_maps import ErrorMap, error_map, sample_errors, tile_bounds
from suffice.prover.results import FormatBounds
from suffice.questions import ask

PNG = b"\x89PNG\r\n\x1a\n"


def case_of(formula: str, box: dict[str, tuple[float, float]], fmt: str = "fp16", inputs: str = "real") -> Case:
    problem = suffice.Problem(formula, box, inputs=inputs)
    return open_case(problem, ask(fmt)[0], range_bounds(problem.expression, problem.box))


def test_samples_come_near_the_largest_error_of_all_codes_and_never_exceed_it() -> None:
    codes = np.arange(0, 1 << 16, dtype=np.uint16).view(np.float16)
    codes = codes[(codes >= 1) & (codes <= 2)]
    exact = codes.astype(np.float64) ** 2 - codes.astype(np.float64)
    largest = np.abs((codes * codes - codes).astype(np.float64) - exact).max()
    sampled = sample_errors(case_of("x*x - x", {"x": (1, 2)}, inputs="representable"), (16,))
    assert 0.95 * largest <= sampled.max() <= largest
    assert len(codes) == 1025


def test_samples_of_real_inputs_count_the_rounding_of_the_input() -> None:
    sampled = sample_errors(case_of("x", {"x": (1, 2)}), (8,))
    assert 0.99 * 2**-11 <= sampled.max() <= 2**-11
    double = sample_errors(case_of("x", {"x": (1, 2)}, "fp64"), (8,))
    assert 0.99 * 2**-53 <= double.max() <= 2**-53


def test_runs_that_fail_are_infinite_where_half_precision_overflows() -> None:
    sampled = sample_errors(case_of("exp(x)", {"x": (8, 12)}), (400,))
    edges = 8 + 4 * np.arange(401) / 400
    limit = math.log(65520)
    assert np.isinf(sampled[edges[:-1] > limit + 0.01]).all()
    assert np.isfinite(sampled[edges[1:] < limit - 0.01]).all()


def test_only_points_within_the_preconditions_count() -> None:
    core = read_fpcore("(FPCore (x y) :pre (and (<= 0 x 1) (<= 0 y 1) (<= y x)) (* x y))")
    problem = Problem(expression=core.expression, box=core.box, tolerance=None, preconditions=core.preconditions)
    case = open_case(problem, ask("fp16")[0], range_bounds(problem.expression, problem.box))
    sampled = sample_errors(case, (8, 8))
    above = np.triu(np.ones((8, 8), dtype=bool), 1)
    assert np.isnan(sampled[above]).all()
    assert np.isfinite(sampled[~above]).all()


@pytest.mark.parametrize(
    ("formula", "box", "parts"),
    [("x*x - x", {"x": (1, 2)}, (64,)), ("exp(x)/x", {"x": (1, 3)}, (64,)), ("x*y - y", {"x": (-1, 1), "y": (0, 4)}, (8, 8))],
)
def test_no_sample_lies_above_the_bound_of_its_tile(formula: str, box: dict[str, tuple[float, float]], parts: tuple[int, ...]) -> None:
    found = error_map(case_of(formula, box), parts)
    assert found.sampled.shape == found.proved.shape == parts
    assert np.isfinite(found.proved).all()
    assert (found.sampled <= found.proved).all()
    assert found.sampled.max() > 0.5 * found.proved.max()


def test_tiles_are_where_they_are_drawn() -> None:
    """A factor that is exact: the error of x y with x rounded is that of x times y, on tiles of the right orientation."""
    case = case_of("x*y", {"x": (1, 2), "y": (0, 4)}, "exact")
    rounded = replace(case, formats=replace(case.formats, inputs={"x": parse_format("fp16")}))
    proved = tile_bounds(rounded, (2, 4))
    assert proved.tolist() == [[pytest.approx(2**-11 * k, rel=1e-2) for k in (1, 2, 3, 4)]] * 2


def test_slices_and_the_bound_of_the_whole_box_are_drawn() -> None:
    problem = suffice.Problem("x", {"x": (0, 1)})
    result = FormatBounds(format="fp16", error_bound=Fraction(3), witness_error=None, witness=None, leaves=1, seconds=0.0)
    axes = Figure().subplots()
    plots.draw_curve(axes, problem, "x", ErrorMap(np.array([1.0, np.inf]), np.array([2.0, 4.0]), 10), result)
    (steps,) = axes.patches
    values, edges, _ = steps.get_data()  # type: ignore[attr-defined]
    assert (list(values), list(edges)) == ([2.0, 3.0], [0.0, 0.5, 1.0])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "10 sampled runs", "runs that fail", "proved bound of each slice", "proved bound",
    ]  # fmt: skip


@pytest.mark.parametrize(("formula", "box"), [("x*x - x", {"x": (0, 1)}), ("x*y", {"x": (0, 1), "y": (1, 2)})])
def test_png_and_svg(tmp_path: Path, formula: str, box: dict[str, tuple[float, float]]) -> None:
    formats = ask("fp16,fp8_e4m3")
    found = bounds(suffice.Problem(formula, box), formats, timeout=2)
    told: list[float] = []
    plots.draw_errors(tmp_path / "a.png", found, formats, progress=lambda _, fraction: told.append(fraction))
    plots.draw_errors(tmp_path / "a.svg", found, formats)
    data = (tmp_path / "a.png").read_bytes()
    assert data.startswith(PNG)
    assert 10_000 < len(data) < 1_000_000
    assert ElementTree.fromstring((tmp_path / "a.svg").read_text(encoding="utf-8")).tag.endswith("svg")
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_command_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "a.png"
    status = main(["bounds", "--expr", "x*x", "--var", "x=0:1", "--format", "fp8_e4m3", "--plot", str(picture)])
    assert (status, capsys.readouterr().err) == (0, "")
    assert picture.read_bytes().startswith(PNG)


THREE = ("--expr", "x*y*z", "--var", "x=0:1", "--var", "y=0:1", "--var", "z=0:1")
ONE = ("--expr", "x*x", "--var", "x=0:1")


@pytest.mark.parametrize(
    ("question", "name", "line"),
    [
        (THREE, "a.png", "--plot: a picture of 3 inputs that vary cannot be drawn: it takes one or two; shut the others into a point, "),
        (("--expr", "x*x", "--var", "x=1:1"), "a.png", "--plot: a picture of 0 inputs that vary cannot be drawn"),
        (ONE, "a.gif", "no picture has the suffix '.gif'; end the name in .png or .svg"),
        (ONE, "a", "no picture has the suffix ''; end the name in .png or .svg"),
        (ONE, "nowhere/a.png", "there is no such folder; create it first"),
        (ONE, "folder.png", "cannot be written: Is a directory; free space or choose another place"),
    ],
)
def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str], question: tuple[str, ...], name: str, line: str) -> None:
    (tmp_path / "folder.png").mkdir()
    status = main(["bounds", *question, "--format", "fp8_e4m3", "--plot", str(tmp_path / name)])
    error = capsys.readouterr().err
    assert status == 2
    assert line in error
    assert error.count("\n") == 1
