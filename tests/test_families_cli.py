"""Families in the terminal and in Python: the table, the JSON, what is kept, and one clear line for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import suffice
from suffice.encodings.readers.family_toml import read_family_toml
from tests.commands import run, run_json

DECAY = """
name = "decay"
expr = "exp(-x)"
eps = "{eps}"
formats = ["fp16"]
[parameters]
D = ["1", "{most}"]
[box]
x = ["0", "D"]
"""

SUM = """
name = "sum"
expr = "s"
eps = "1/4"
inputs = "representable"
formats = ["float(p=4,emin=-6,emax=7)"]
[box]
x = ["1", "1"]
[fold]
size = "n"
sizes = [1, 40]
state = "s"
start = "0"
term = "x"
elements = ["x"]
"""


@pytest.fixture
def decay(tmp_path: Path) -> Path:
    path = tmp_path / "decay.toml"
    path.write_text(DECAY.format(eps="1e-3", most="8"))
    return path


@pytest.fixture
def counting(tmp_path: Path) -> Path:
    path = tmp_path / "sum.toml"
    path.write_text(SUM)
    return path


def test_the_table_and_what_is_kept(capsys: pytest.CaptureFixture[str], decay: Path, tmp_path: Path) -> None:
    certificate, archive, picture = (tmp_path / name for name in ("c.json", "a.db", "p.svg"))
    kept = ("--save", str(certificate), "--archive", str(archive), "--plot", str(picture))
    status, out, err = run(capsys, "prove", str(decay), *kept, "--for-all", "--expect", "sufficient")
    assert (status, err) == (0, "")
    assert "[1, 8]  sufficient  S1" in out
    assert "for all declared parameters and sizes: sufficient" in out
    assert "assumed: correctly rounded in every format of the program: exp" in out
    assert b"<svg" in picture.read_bytes()
    status, out, _ = run(capsys, "check", str(certificate), "--problem", str(decay))
    assert status == 0
    assert "accepted: family: D in [1, 8] sufficient by S1" in out
    other = tmp_path / "other.toml"
    other.write_text(DECAY.format(eps="2e-3", most="8"))
    assert run(capsys, "check", str(certificate), "--problem", str(other))[0] == 1
    status, out, _ = run(capsys, "explain", str(certificate))
    assert status == 0
    assert "sufficient, by S1" in out
    assert run(capsys, "archive", "check", "--archive", str(archive), "--kernel")[0] == 0
    assert run(capsys, "archive", "add", str(certificate), "--archive", str(archive))[0] == 0


def test_the_json_of_a_fold(capsys: pytest.CaptureFixture[str], counting: Path, tmp_path: Path) -> None:
    saved = tmp_path / "c.json"
    status, answer = run_json(capsys, "prove", str(counting), "--save", str(saved))
    assert status == 0
    assert answer["family"]["name"] == "sum"
    assert answer["family"]["fold"]["sizes"] == [1, 40]
    (result,) = answer["results"]
    regions = sorted(result["regions"], key=lambda region: region["size"])
    assert (regions[0]["size"], regions[0]["verdict"], regions[0]["error_bound"]) == ([1, 16], "sufficient", "0")
    assert regions[1]["size"][0] == 17
    assert result["flip_exact"] is True
    assert (result["verdict"], result["gaps"]) == ("undecided", [])
    assert result["certificate"].startswith("sha256:")
    assert all(isinstance(region["seconds"], float) for region in regions)
    assert json.loads(saved.read_bytes())["regions"]
    assert run(capsys, "prove", str(counting), "--for-all")[0] == 3
    assert run(capsys, "prove", str(counting), "--expect", "sufficient")[0] == 4


def test_the_accumulator_decides(capsys: pytest.CaptureFixture[str], counting: Path) -> None:
    status, answer = run_json(capsys, "prove", str(counting), "--accumulate", "fp32", "--compute", "fp32", "--out", "fp32")
    assert status == 0
    assert answer["results"][0]["verdict"] == "sufficient"


def test_an_altered_certificate_is_rejected(capsys: pytest.CaptureFixture[str], counting: Path, tmp_path: Path) -> None:
    saved = tmp_path / "c.json"
    assert run(capsys, "prove", str(counting), "--save", str(saved))[0] == 0
    data = saved.read_bytes()
    assert data.count(b'"size":[1,16]') == 1
    saved.write_bytes(data.replace(b'"size":[1,16]', b'"size":[1,17]'))
    assert run(capsys, "check", str(saved))[0] == 1
    assert run(capsys, "explain", str(saved))[0] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--eps", "1"), "--eps stands beside a family file"),
        (("--var", "x=0:1"), "--var stands beside a family file"),
        (("--where", "x < 1"), "--where stands beside a family file"),
        (("--accumulate", "fp32"), "the family has no fold"),
        (("--resolution", "0"), "resolution"),
        (("--plot", "p.pdf"), "no picture has the suffix"),
        (("--format", "fp17"), "fp17"),
    ],
)
def test_a_mistake_is_one_line(capsys: pytest.CaptureFixture[str], decay: Path, options: tuple[str, ...], said: str) -> None:
    status, out, err = run(capsys, "prove", str(decay), *options)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_plane_is_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, picture = tmp_path / "plane.toml", tmp_path / "plane.svg"
    file.write_text(DECAY.format(eps="e", most="2").replace("[box]", 'e = ["1e-4", "1e-2"]\n[box]'))
    status, answer = run_json(capsys, "prove", str(file), "--plot", str(picture), "--resolution", "1/2", "--timeout", "20")
    assert status == 0
    assert {region["verdict"] for region in answer["results"][0]["regions"]} == {"sufficient", "impossible"}
    drawn = picture.read_text()
    assert drawn.count("#2ca02c") >= 1
    assert drawn.count("#d62728") >= 1


def test_options_of_families_need_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "prove", "--expr", "x", "--var", "x=0:1", "--eps", "1", "--format", "fp16", "--accumulate", "fp32")
    assert (status, out) == (2, "")
    assert "--accumulate is about families" in err


def test_in_python(decay: Path) -> None:
    answer = suffice.prove_family(decay, "fp16,bf16", timeout=30)
    assert [result.format for result in answer] == ["fp16", "bf16"]
    assert answer["fp16"].verdict == "sufficient"
    assert answer["bf16"].verdict != "sufficient"
    assert "decay = exp(-x); x in [0, D]; D in [1, 8]" in str(answer)
    certificate = answer["fp16"].certificate
    assert certificate is not None
    assert suffice.check(certificate).status == "accepted"
    assert "sufficient" in suffice.explain(certificate)
    family = read_family_toml(DECAY.format(eps="1", most="2")).family
    assert suffice.prove_family(family, "fp16")["fp16"].verdict == "sufficient"
    with pytest.raises(suffice.SufficeError, match="no format is asked about"):
        suffice.prove_family(family)
    with pytest.raises(suffice.SufficeError, match="was not asked about"):
        answer["fp32"]


STEP = (
    SUM.replace('term = "x"', 'step = "s/2 + x"')
    .replace("[1, 40]", "[1, 4]")
    .replace('x = ["1", "1"]', 'x = ["1/16", "1"]')
    .replace('eps = "1/4"', 'eps = "3/32"')
    .replace("p=4", "p=3")
)


def test_whole_steps_are_proved_size_by_size(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, saved = tmp_path / "step.toml", tmp_path / "c.json"
    file.write_text(STEP)
    status, answer = run_json(capsys, "prove", str(file), "--save", str(saved))
    assert status == 0
    (result,) = answer["results"]
    regions = {region["size"][0]: region["verdict"] for region in result["regions"]}
    assert all(region["size"][0] == region["size"][1] for region in result["regions"])
    assert (regions[1], regions[4]) == ("sufficient", "insufficient")
    assert result["gaps"] == []
    assert all(region["claim"]["evidence"]["kind"] == "member" for region in json.loads(saved.read_bytes())["regions"])
    assert run(capsys, "check", str(saved), "--problem", str(file))[0] == 0
    status, out, _ = run(capsys, "explain", str(saved))
    assert status == 0
    assert "Each of n steps makes s -> s/2 + x" in out.replace("\\", "")
    other = tmp_path / "other.toml"
    other.write_text(STEP.replace("s/2 + x", "s/4 + x"))
    assert run(capsys, "check", str(saved), "--problem", str(other))[0] == 1


def test_parameters_of_whole_steps_must_be_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "step.toml"
    for ends, gaps in (('["1/4", "1/2"]', 1), ('["1/2", "1/2"]', 0)):
        file.write_text(STEP.replace("s/2", "w*s").replace("[box]", f"[parameters]\nw = {ends}\n[box]"))
        status, answer = run_json(capsys, "prove", str(file), "--timeout", "20")
        assert status == (3 if gaps else 0)
        (result,) = answer["results"]
        assert len(result["gaps"]) == gaps
        assert bool(result["regions"]) == (not gaps)
        assert ("size by size" in result["note"]) == bool(gaps)
