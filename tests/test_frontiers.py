"""Where verdicts turn, as users ask for it: the Python interface, the command line, its JSON, its pictures and its complaints."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import suffice
from suffice.cli.tolerance_lists import read_tolerances
from suffice.errors import InputError
from suffice.proofs.certificate import parse
from suffice.proofs.kernel import check
from tests import commands

LINE = ("--expr", "x", "--var", "x=0:1")
UNIT: dict[str, tuple[suffice.questions.Number, suffice.questions.Number]] = {"x": (0, 1)}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `suffice minimum`."""
    return commands.run(capsys, "minimum", *arguments)


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the one object that `suffice minimum` prints."""
    return commands.run_json(capsys, "minimum", *arguments)


def test_the_smallest_significand() -> None:
    answer = suffice.smallest_significand("x", box=UNIT, eps="1e-3")
    assert (answer.impossible_up_to, answer.ideal, answer.sufficient_from, answer.tight) == (8, 9, 9, True)
    assert answer[9].verdict == "sufficient"
    assert answer.results[-1] == answer[9]
    with pytest.raises(InputError, match="p = 10 was not tried"):
        _ = answer[10]
    text = str(answer)
    assert "The last p proved impossible is 8; every p tried before it is proved impossible too." in text
    assert "The first p proved sufficient for this program is 9; every one before it is proved to fail." in text
    assert "p counts the significand's bits with the hidden one" in text


def test_what_is_not_monotone_is_said() -> None:
    text = str(suffice.smallest_significand("tanh(10000*(x - 1.25))/2", box={"x": (1, "1.5")}, eps="1/4"))
    assert "The last p proved impossible is 14; others before it are not: p = 2." in text
    assert "The first p proved possible, by some algorithm, is 2" in text


def test_formats_of_single_places_stay() -> None:
    """The output alone is varied: x*x on [0, 1] from fp32; 1/8 and a little needs a spacing of 1/4 below 1."""
    answer = suffice.smallest_significand("x*x", box=UNIT, eps="0.126", placement=suffice.Placement(input="fp32", compute="fp32"))
    assert answer.sufficient_from == 2
    formats = answer[2].certificate.formats
    assert (formats.input == formats.compute, formats.output == formats.input) == (True, False)
    with pytest.raises(InputError, match="all have formats of their own"):
        suffice.smallest_significand("x", box=UNIT, eps=1, placement=suffice.Placement(input="fp16", compute="fp16", output="fp16"))


def test_the_smallest_exponents() -> None:
    answer = suffice.smallest_exponents("x*x", "bf16", emin=-12, emax=12, box={"x": (1, 8)}, eps="1/2")
    assert answer.format == "float(p=8,emin=2,emax=6)"
    assert len({result.format for result in answer.results}) == len(answer.results)
    assert "Proved sufficient with both ends together" in str(answer)


def test_the_smallest_tolerance_and_the_largest_box() -> None:
    found = suffice.smallest_tolerance("x", "fp16", box={"x": (1, 2)})
    half = Fraction(1, 2048)
    reached = found["fp16"]
    assert reached.sufficient is not None
    assert reached.impossible is not None
    assert reached.impossible.threshold < half <= reached.sufficient.threshold < half * (1 + Fraction(1, 10**4))
    boxes = suffice.largest_box("x", "fp16", box={"x": (0, 1)}, eps="1e-3")
    assert boxes["fp16"].largest is not None
    assert "The largest box proved enough, and with it every smaller one" in str(boxes)
    for answer in (found, boxes):
        with pytest.raises(InputError, match="'fp32' was not asked about"):
            _ = answer["fp32"]
        assert "fp16" in str(answer)
        assert "<table>" in answer._repr_html_()


def test_bits_as_json_with_certificates_kept(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, content = run_json(capsys, *LINE, "--eps", "1e-2", "--bits", "--save", str(tmp_path), "--archive", str(tmp_path / "a.db"))
    bits = content["bits"]
    by_p = bits.pop("by_p")
    assert status == 0
    assert bits == {
        "impossible_up_to": 5, "last_impossible": 5, "ideal": 6, "sufficient_from": 6, "tight": True, "smallest": True,
        "open": [], "undecided": [],
    }  # fmt: skip
    assert [line["p"] for line in by_p] == [1, 2, 3, 4, 5, 6]
    assert [line["verdict"] for line in by_p] == ["impossible"] * 5 + ["sufficient"]
    for line, result in zip(by_p, content["results"], strict=True):
        data = Path(result["file"]).read_bytes()
        assert check(data).verdict == line["verdict"]
        assert line["certificate"] == result["certificate"]
    assert content["archive"]["head"].startswith("sha256:")


def test_exponents_and_proofs_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    """To 1/8 on [0, 1] a fixed spacing of 1/4 is enough, that of emin = 1; but the largest number below 2^emin must not overflow."""
    arguments = (*LINE, "--eps", "1/8", "--exponents", "--format", "fp8_e4m3", "--trace")
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert "Proved sufficient with both ends together: float(p=4," in out
    assert "# " in out
    _, content = run_json(capsys, *arguments[:-1])
    exponents = content["exponents"]
    assert (exponents["emin"]["sufficient_from"], exponents["emax"]["sufficient_from"]) == (1, 0)
    assert "emin=0,emax=0" in exponents["format"]


def test_the_staircase_with_its_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "stairs.svg"
    save = tmp_path / "stairs.json"
    status, content = run_json(capsys, *LINE, "--against", "eps=1e-1:1e-3", "--plot", str(picture), "--save", str(save))
    assert status == 0
    steps = content["staircase"]
    assert content["measure"] == "absolute error"
    assert [step["tolerance"] for step in steps] == ["1/10", "1/100", "1/1000"]
    assert [step["bits"]["sufficient_from"] for step in steps] == [3, 6, 9]
    assert "proved sufficient for this program" in re.sub(r"<!--\s*|\s*-->", "", picture.read_text())
    files = [Path(result["file"]) for step in steps for result in step["results"]]
    assert len(set(files)) == len(files)
    assert {check(path.read_bytes()).status for path in files} == {"accepted"}
    last = parse(files[-1].read_bytes()).problem.tolerance
    assert last is not None
    assert last.absolute == Fraction(1, 1000)


def test_the_smallest_eps(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, content = run_json(
        capsys, "--expr", "exp(x)", "--var", "x=0:1", "--relative", "--smallest-eps", "--format", "bf16,fp16", "--save", str(tmp_path)
    )
    assert (status, content["measure"]) == (0, "relative error")
    for result in content["results"]:
        assert Fraction(result["insufficient"]["tolerance"]) < Fraction(result["sufficient"]["tolerance"])
        for name in ("impossible", "insufficient", "possible", "sufficient"):
            assert check(Path(result[name]["file"]).read_bytes()).verdict == result[name]["verdict"]
    assert content["results"][0]["sufficient"]["verdict"] == "sufficient"


def test_an_answer_for_every_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "two.fpcore"
    path.write_text("(FPCore (x) :pre (<= 0 x 1) (array x (* 4 x)))")
    _, content = run_json(capsys, str(path), "--bits", "--eps", "1e-1", "--max-bits", "12")
    assert [answer["bits"]["sufficient_from"] for answer in content["outputs"]] == [3, 5]


def test_the_largest_box(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save = tmp_path / "box.json"
    arguments = ("--expr", "1/x", "--var", "x=1:2", "--eps", "1e-1", "--largest-box", "--format", "fp8_e4m3")
    status, content = run_json(capsys, *arguments, "--save", str(save))
    (result,) = content["results"]
    assert status == 0
    largest, failing = result["largest"], result["smallest_failing"]
    assert Fraction(largest["scale"]) < Fraction(failing["scale"])
    for end, verdicts in ((largest, {"sufficient"}), (failing, {"impossible", "insufficient"})):
        certificate = parse(Path(end["file"]).read_bytes())
        assert certificate.verdict in verdicts
        side = certificate.problem.box["x"]
        assert [side.lo, side.hi] == [Fraction(x) for x in end["box"]["x"]]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--bits",), "no tolerance is given"),
        (("--bits", "--eps", "1", "--format", "int8"), "int8 has no significand and no exponents"),
        (("--bits", "--eps", "1", "--format", "fp16,fp32"), "fp16 and fp32 are named, and one is needed"),
        (("--bits", "--exponents", "--eps", "1"), "--bits and --exponents are both given"),
        (("--bits", "--eps", "1", "--max-bits", "0"), "no significand has 0 bits"),
        (("--bits", "--eps", "1", "--max-bits", "5000"), "is too large"),
        (("--bits", "--eps", "1", "--emin", "5", "--emax", "3"), "is empty"),
        (("--bits", "--eps", "1", "--in", "fp16", "--out", "fp16", "--compute", "fp16"), "all have formats of their own"),
        (("--max-bits", "5", "--eps", "1"), "--max-bits is given without --bits"),
        (("--plot", "x.png", "--eps", "1"), "--plot is given without --against"),
        (("--against", "eps=1e-2:1e-8", "--eps", "1"), "a tolerance is given beside --against"),
        (("--against", "1e-2"), "does not say what to vary"),
        (("--against", "eps=1e-2", "--plot", "a.gif"), "no picture has the suffix '.gif'"),
        (("--exponents", "--eps", "1", "--emin", "-16382", "--emax", "16383"), "exponents are too many"),
        (("--smallest-eps",), "no format is asked about"),
        (("--smallest-eps", "--eps", "1", "--format", "fp16"), "a tolerance is given beside --smallest-eps"),
        (("--largest-box", "--format", "fp16"), "no tolerance is given"),
        (("--largest-box", "--eps", "1", "--format", "int8"), "the scales of int8 follow the box"),
    ],
)
def test_complaints_are_one_line(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], complaint: str) -> None:
    status, out, err = run(capsys, *LINE, *arguments)
    assert (status, out) == (2, "")
    assert re.fullmatch(r"suffice: [^\n]+\n", err)
    assert complaint in err


@pytest.mark.parametrize(
    ("text", "tolerances"),
    [
        ("eps=1e-1:1e-3", ["1/1000", "1/100", "1/10"]),
        ("eps=5e-4:2e-1", ["1/2000", "1/1000", "1/100", "1/10", "1/5"]),
        ("eps=1:1e-2:5", ["1/100", "4/125", "1/10", "8/25", "1"]),
        ("eps=1/3,2", ["1/3", "2"]),
        ("eps=1e-3:1e-3", ["1/1000", "1/1000"]),
    ],
)
def test_lists_of_tolerances(text: str, tolerances: list[str]) -> None:
    assert read_tolerances(text) == [Fraction(each) for each in tolerances]


@pytest.mark.parametrize("text", ["eps=", "eps=0", "eps=-1:1", "eps=1:2:3:4", "eps=1:2:1", "eps=1:2:x", "p=1", "eps=1e-300:1", "eps=nan"])
def test_wrong_lists_of_tolerances(text: str) -> None:
    with pytest.raises(InputError):
        read_tolerances(text)
