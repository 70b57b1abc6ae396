"""The comparison: rows from processes of their own, peers as recorded or run here, summaries, files and pictures."""

from __future__ import annotations

import csv
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bounds, growth
from benchmarks.cases import BenchCase
from benchmarks.gappa import is_installed
from benchmarks.measuring import ROOT, Measured, measure
from benchmarks.peers import PeerBound, best, read_peers, recorded
from benchmarks.rows import Row, geometric_mean, quantile, record, summary

PNG = b"\x89PNG\r\n\x1a\n"
SQUARE = BenchCase("square", ".fpcore", '(FPCore (x) :name "square" :pre (<= 1 x 2) (* x x))')


def test_a_row_from_a_process_of_its_own() -> None:
    measured = measure(SQUARE, "fp16", 5)
    assert (measured.operations, measured.inputs, measured.checked, measured.note) == (1, 1, True, "")
    assert measured.upper is not None
    assert measured.witness is not None
    ulp = 2.0**-10
    """Of [1, 2). Half an ulp of the input, times 4, and half one of the result near 4, which is 2 ulp wide."""
    assert 0.9 * (2 * ulp) < measured.witness <= measured.upper < 1.02 * (3 * ulp)
    assert measured.seconds is not None
    assert measured.whole_seconds is not None
    assert 0 < measured.seconds < measured.whole_seconds < 60
    assert measured.megabytes is not None
    assert 0 <= measured.megabytes < 500


def test_the_upper_side_alone() -> None:
    measured = measure(SQUARE, "fp16", 5, "upper")
    both = measure(SQUARE, "fp16", 5)
    assert measured.witness is None
    assert measured.upper is not None
    assert both.witness is not None
    assert measured.upper >= both.witness


def test_a_refusal_is_a_row() -> None:
    measured = measure(BenchCase("bad", ".fpcore", "(FPCore (x) :pre (<= 0 x 1) (frobnicate x))"), "fp16", 5)
    assert measured.upper is None
    assert measured.note.startswith("refused: bad.fpcore, line 1, column ")
    assert "'frobnicate' is not supported" in measured.note


def test_a_crash_is_a_row() -> None:
    assert measure(SQUARE, "no_format", 5).note.startswith("crashed: ")


def test_memory_counts_what_this_process_takes() -> None:
    code = (
        "import numpy as np; from benchmarks.measuring import peak_megabytes as peak; before = peak(); "
        "block = np.ones(64 << 17); print(peak() - before)"
    )
    grown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert 50 < float(grown) < 100


def test_peers_as_recorded(tmp_path: Path) -> None:
    path = tmp_path / "peers.csv"
    path.write_text("case,fptaylor_fp64,fptaylor_cpu_seconds,gappa_fp64,gappa_fp32\na,2e-16,0.5,no finite bound,\n")
    row = read_peers(path)["a"]
    taylor, gappa = recorded(row, "fptaylor", "fp64"), recorded(row, "gappa", "fp64")
    assert taylor == PeerBound(peer="fptaylor", bound=2e-16, seconds=0.5)
    assert gappa == PeerBound(peer="gappa", bound=None, note="no finite bound")
    assert recorded(row, "gappa", "fp32") is recorded(row, "gappa", "fp16") is recorded({}, "gappa", "fp64") is None
    assert best({"fptaylor": taylor, "gappa": gappa}) == taylor
    assert best({"gappa": gappa}) is None
    assert read_peers(None) == {}


def row(case: str, upper: float | None, witness: float | None, peer: float | None = None, seconds: float = 1.0) -> Row:
    peers = {"fptaylor": PeerBound(peer="fptaylor", bound=peer, seconds=2.0)} if peer is not None else {}
    return Row(case=case, format="fp64", measured=Measured(upper=upper, witness=witness, seconds=seconds), peers=peers)


def test_summary() -> None:
    rows = [
        row("a", 1.0, 1.0, peer=2.0),
        row("b", 2.02, 1.0, peer=2.0, seconds=4.0),
        row("c", 3.0, 1.0, peer=2.0),
        row("d", None, math.inf),
        row("e", None, 1.0, peer=1.0),
    ]
    lines = summary(rows, "fp64")
    assert lines[0] == "fp64: 5 rows, 3 with an upper bound, 0 of them derived by the kernel too"
    assert "  a run that overflows or ends in NaN is shown in 1: d" in lines
    assert "  neither: e" in lines
    assert "  upper / witness: median 2.02, 75th percentile 3, 90th 3, largest 3" in lines
    assert "  at or below the better peer, within 1 %: 2 of 4 rows" in lines
    assert "  not: c (1.500), e (no bound)" in lines
    assert "  seconds where fptaylor has a bound, geometric means over 4 rows: ours 1.41, fptaylor 2" in lines
    assert summary(rows, "fp32") == ["fp32: 0 rows, 0 with an upper bound, 0 of them derived by the kernel too"]


def test_statistics_agree_with_numpy() -> None:
    values = list(np.random.default_rng(0).uniform(1, 9, 41))
    for share in (0.25, 0.5, 0.75, 0.9, 1.0):
        assert quantile(values, share) == np.quantile(values, share, method="inverted_cdf")
    assert geometric_mean(values) == pytest.approx(float(np.exp(np.mean(np.log(values)))))


def test_records_are_strict_json() -> None:
    written = json.dumps(record(row("d", None, math.inf)), allow_nan=False)
    assert json.loads(written)["witness"] == "infinite"


def test_the_whole_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "square.fpcore").write_text(SQUARE.text)
    (tmp_path / "peers.csv").write_text("case,fptaylor_fp32,fptaylor_cpu_seconds\nsquare,1e-9,0.5\n")
    out = tmp_path / "out"
    options = ["--formats", "fp32", "--peers", str(tmp_path / "peers.csv"), "--timeout", "3", "--out", str(out)]
    status = bounds.main([str(tmp_path), *options, *(["--gappa"] if is_installed() else [])])
    shown = capsys.readouterr().out
    assert status == 0
    assert "fptaylor (recorded)" in shown
    assert "not: square (" in shown, "the recorded bound is absurdly small"
    (line,) = csv.DictReader((out / "bounds.csv").read_text().splitlines())
    (same,) = json.loads((out / "bounds.json").read_text())["rows"]
    assert line["case"] == same["case"] == "square"
    assert float(line["upper"]) == same["upper"] > 1e-7
    assert line["fptaylor_source"] == "recorded"
    if is_installed():
        assert line["gappa_source"] == "this run"
        assert 0.9 < float(line["upper"]) / float(line["gappa"]) < 1.1
    for name in ("tightness.png", "seconds.png", "peers-fp32.png"):
        assert (out / name).read_bytes().startswith(PNG)


@pytest.mark.parametrize("arguments", [["nowhere"], ["--formats", "fp0"], ["--peers", "nowhere.csv"]])
def test_bad_input(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bounds.main([*arguments, "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_make_runs_it() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    command = [make, "--dry-run", "bench", "BENCH=folder --gappa"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "-m benchmarks.bounds folder --gappa\n" in shown


def test_growth(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(growth.FAMILIES, "product", (growth.FAMILIES["product"][0], (2, 3, 4)))
    assert growth.main(["--only", "product", "--timeout", "0.2", "--out", str(tmp_path)]) == 0
    rows = list(csv.DictReader((tmp_path / "growth.csv").read_text().splitlines()))
    assert [int(line["operations"]) for line in rows] == [1, 2, 3]
    uppers = [float(line["upper"]) for line in rows]
    assert uppers == sorted(uppers)
    assert (tmp_path / "growth.png").read_bytes().startswith(PNG)
    assert "growth.png" in capsys.readouterr().out
