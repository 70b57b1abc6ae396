"""The command mix: what it prints and writes, its statuses, and its complaints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suffice.cli.main import main
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.proofs.kernel import check

SQUARE = ["mix", "--expr", "x*x + x/3", "--var", "x=0:1", "--eps", "1e-3", "--timeout", "15"]


def test_it_chooses_proves_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = {"fpcore": tmp_path / "p.fpcore", "c": tmp_path / "p.c", "save": tmp_path / "p.json"}
    options = [part for name, path in places.items() for part in (f"--{name}", str(path))]
    assert main([*SQUARE, "--formats", "bf16,fp16,fp32", *options]) == 0
    out = capsys.readouterr().out
    assert "all in fp32" in out
    assert "no choice within the model's limits costs less than" in out
    assert check(places["save"].read_bytes()).verdict == "sufficient"
    assert "is the least within the limits" in check((tmp_path / "p.allocation.json").read_bytes()).verdict
    assert main(["check", str(tmp_path / "p.allocation.json")]) == 0
    assert main(["explain", str(tmp_path / "p.allocation.json")]) == 2
    assert "an allocation is about costs" in capsys.readouterr().err
    assert read_fpcore(places["fpcore"].read_text()).box.keys() == {"x"}
    assert "_Float16" in places["c"].read_text()
    assert "The error is at most" in places["c"].read_text()


def test_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SQUARE, "--formats", "fp16,fp32", "--costs", "fp16=1,fp32=3", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {entry["operation"] for entry in answer["operations"]} == {"x", "x*x", "3", "x/3", "x*x + x/3"}
    assert sum(int(entry["cost"]) for entry in answer["operations"]) == int(answer["cost"])
    assert answer["model"]["least"] is True
    assert answer["result"]["verdict"] == "sufficient"
    assert [entry["enough"] for entry in answer["uniform"]] == [False, True]


def test_groups_from_the_option_and_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "groups.txt"
    path.write_text("both: x*x, x/3\n")
    for text in ("both: x*x, x/3", str(path)):
        assert main([*SQUARE, "--formats", "fp16,fp32", "--groups", text, "--json"]) == 0
        names = {entry["operation"]: entry["members"] for entry in json.loads(capsys.readouterr().out)["operations"]}
        assert names["both"] == 2


def test_nothing_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mix", "--expr", "x*x", "--var", "x=0:1", "--eps", "1e-12", "--formats", "fp16,fp32"]) == 3
    assert "nothing is proved to be enough: all in fp32 has the error bound" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--formats", "int8,fp16"], "int8 is no floating-point format"),
        (["--formats", "fp16,fp32", "--costs", "fp16=1"], "fp32 has no cost"),
        (["--formats", "fp16,fp32", "--groups", "x*x"], "groups: cannot be read"),
        (["--formats", "fp16,fp32", "--groups", "a: y*y"], "y"),
        (["--formats", "fp16,fp32", "--groups", "a: x*x; a: x/3"], "'a: x/3' is no group"),
        (["--formats", "fp16,fp32", "--groups", "a: x - 1"], "no operation of the problem is x - 1"),
        (["--formats", "fp16,fp32", "--c", "nowhere/p.c"], "there is no such folder"),
        ([], "no format is asked about"),
    ],
)
def test_complaints(options: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SQUARE, *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert reason.replace("groups: ", "") in error


def test_c_is_refused_before_anything_is_claimed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide = "float(p=60,emin=-1000,emax=1000)"
    assert main([*SQUARE, "--formats", wide, "--c", str(tmp_path / "p.c")]) == 2
    assert "no type of C holds values of float(p=60" in capsys.readouterr().err
    assert main([*SQUARE, "--formats", wide, "--fpcore", str(tmp_path / "p.fpcore")]) == 0
    assert "p=60" in (tmp_path / "p.fpcore").read_text()
