"""Pictures of errors: files of the right kind, samples that agree with NumPy's own half precision, and one clear line for every mistake."""

from __future__ import annotations

import math
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
from suffice.encodings.problem import Box, Interval, Problem
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.prover.attempts import open_case
from suffice.prover.brackets import bounds
from suffice.prover.case import Case
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
    sampled = plots.sample_errors(case_of("x*x - x", {"x": (1, 2)}, inputs="representable"), (16,)).errors
    assert 0.95 * largest <= sampled.max() <= largest
    assert len(codes) == 1025


def test_samples_of_real_inputs_count_the_rounding_of_the_input() -> None:
    sampled = plots.sample_errors(case_of("x", {"x": (1, 2)}), (8,)).errors
    assert 0.99 * 2**-11 <= sampled.max() <= 2**-11
    double = plots.sample_errors(case_of("x", {"x": (1, 2)}, "fp64"), (8,)).errors
    assert 0.99 * 2**-53 <= double.max() <= 2**-53


def test_runs_that_fail_are_infinite_where_half_precision_overflows() -> None:
    sampled = plots.sample_errors(case_of("exp(x)", {"x": (8, 12)}), (400,)).errors
    edges = 8 + 4 * np.arange(401) / 400
    limit = math.log(65520)
    assert np.isinf(sampled[edges[:-1] > limit + 0.01]).all()
    assert np.isfinite(sampled[edges[1:] < limit - 0.01]).all()


def test_only_points_within_the_preconditions_count() -> None:
    core = read_fpcore("(FPCore (x y) :pre (and (<= 0 x 1) (<= 0 y 1) (<= y x)) (* x y))")
    problem = Problem(expression=core.expression, box=core.box, tolerance=None, preconditions=core.preconditions)
    case = open_case(problem, ask("fp16")[0], range_bounds(problem.expression, problem.box))
    sampled = plots.sample_errors(case, (8, 8)).errors
    above = np.triu(np.ones((8, 8), dtype=bool), 1)
    assert np.isnan(sampled[above]).all()
    assert np.isfinite(sampled[~above]).all()


def leaf(lo: str, hi: str, bound: int) -> tuple[Box, Fraction]:
    return {"x": Interval(Fraction(lo), Fraction(hi))}, Fraction(bound)


def test_leaves_are_drawn_in_order() -> None:
    axes = Figure().subplots()
    plots._draw_steps(axes, "x", [leaf("1/2", "1", 3), leaf("0", "1/2", 2)])
    (steps,) = axes.patches
    values, edges, _ = steps.get_data()  # type: ignore[attr-defined]
    assert (list(values), list(edges)) == ([2.0, 3.0], [0.0, 0.5, 1.0])


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
        (ONE, "folder.png", "cannot be written: Is a directory; check the path"),
    ],
)
def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str], question: tuple[str, ...], name: str, line: str) -> None:
    (tmp_path / "folder.png").mkdir()
    status = main(["bounds", *question, "--format", "fp8_e4m3", "--plot", str(tmp_path / name)])
    error = capsys.readouterr().err
    assert status == 2
    assert line in error
    assert error.count("\n") == 1
