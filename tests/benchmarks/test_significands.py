"""The figures of the smallest significands are those of the scans."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from benchmarks.cases import find_cases
from benchmarks.significands import Line, main, measure, summary


def test_one_problem_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "line.toml"
    path.write_text('name = "line"\nexpr = "x"\n[box]\nx = ["0", "1"]\n')
    (line,) = measure(find_cases([path])[0], Fraction(1, 1000), 20, 64)
    assert (line.eps, line.impossible, line.ideal, line.sufficient, line.gap) == ("1e-3", 8, 9, 9, 0)
    found = tmp_path / "found.json"
    assert main([str(path), "--part", "1e-2", "--json", str(found)]) == 0
    assert "1 problems; ideal p proved in 1; tight in 1; largest gap 0" in capsys.readouterr().out
    assert json.loads(found.read_text())[0]["sufficient"] == 6


def test_what_cannot_be_read_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('expr = "x +"\n[box]\nx = ["0", "1"]\n')
    (line,) = measure(find_cases([path])[0], Fraction(1, 1000), 20, 64)
    assert (line.gap, line.eps) == (None, "")
    assert line.note


def test_gaps_are_counted() -> None:
    lines = [
        Line(name="a", impossible=3, ideal=4, sufficient=4, seconds=1.0),
        Line(name="b", impossible=None, ideal=3, sufficient=None, open=(1, 2), seconds=3.0),
        Line(name="c", impossible=5, ideal=7, sufficient=9, open=(6,), undecided=(8,), seconds=2.0),
    ]
    assert [line.gap for line in lines] == [0, 2, 1]
    counted = summary(lines)
    assert counted[0] == "3 problems; ideal p proved in 3; tight in 1; largest gap 2"
    assert counted[1].startswith("program proved sufficient in 2; with the ideal p in 1; most bits beyond it 2")
    assert "some p undecided in 1" in counted[2]
