"""The command mix: what it prints and writes, its statuses, and its complaints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suffice.cli.main import main
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.proofs.kernel import check
from suffice.prover.mixed import smt
from suffice.prover.mixed.smt import cheaper_script

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
    assert read_fpcore(places["fpcore"].read_text()).box.keys() == {"x"}
    assert "_Float16" in places["c"].read_text()
    assert "The error is at most" in places["c"].read_text()


@pytest.fixture(scope="module")
def allocation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate that fp16 and fp32 cost no less than they do."""
    place = tmp_path_factory.mktemp("mixed") / "p.json"
    assert main([*SQUARE, "--formats", "fp16,fp32", "--save", str(place)]) == 0
    return place.with_name("p.allocation.json")


def test_solvers_are_asked_whether_a_choice_is_cheaper(allocation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(allocation), "--with", "z3,cvc5"]) == 0
    assert "accepted: cost 96 is the least within the limits, z3 says unsat, cvc5 says unsat" in capsys.readouterr().out


def test_a_solver_that_finds_a_cheaper_choice_is_heard(
    allocation: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smt, "cheaper_script", lambda table, cost: cheaper_script(table, cost + 1))
    assert main(["check", str(allocation), "--with", "z3"]) == 1
    assert "rejected: z3 finds a model of a script that should have none" in capsys.readouterr().out


def test_an_allocation_is_explained(allocation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(allocation)]) == 0
    out = capsys.readouterr().out
    assert "# Cost 96 is the least within the limits" in out
    assert "| x | fp32 | cost 32 |" in out
    assert "| all fp32 | 160 | the choice saves 40 % |" in out
    assert "| all fp16 | 80 | exceeds a limit of the table |" in out
    assert "The function is" not in out
    assert main(["explain", str(allocation), "--why"]) == 2
    assert "--why is about one problem" in capsys.readouterr().err


def test_an_allocation_is_kept_in_the_archive_and_is_about_no_problem(
    allocation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "a.db")
    assert main(["archive", "add", str(allocation), "--archive", place]) == 0
    assert main(["archive", "check", "--kernel", "--archive", place]) == 0
    assert "1 entries, no problems" in capsys.readouterr().out
    (tmp_path / "p.toml").write_text('expr = "x"\neps = "1"\n[box]\nx = [0, 1]\n')
    assert main(["check", str(allocation), "--problem", str(tmp_path / "p.toml")]) == 1
    assert "the certificate is about the costs of choices, and about no problem" in capsys.readouterr().out


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


def test_what_the_c_says_of_itself_names_the_preconditions(tmp_path: Path) -> None:
    place = tmp_path / "p.c"
    asked = ["mix", "--expr", "1/(x - y)", "--var", "x=1:2", "--var", "y=1:2", "--eps", "1e-1", "--formats", "fp16,fp32"]
    assert main([*asked, "--where", "y + 1/2 <= x", "--c", str(place)]) == 0
    assert "lie in the box and satisfy the preconditions of" in place.read_text()
    assert main([*SQUARE, "--formats", "fp16,fp32", "--c", str(place)]) == 0
    assert "lie in the box of" in place.read_text()


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
        (["--formats", "fp16,fp32", "--c", "p", "--fpcore", "p"], "p is named for two files"),
        (["--formats", "fp16,fp32", "--c", "p", "--save", "p"], "p is named for two files"),
        (["--formats", "fp16,fp32", "--fpcore", "."], ". is a folder"),
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
