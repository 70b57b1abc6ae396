"""The command line: what it prints, its JSON, its exit statuses, and one clear line for every mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from suffice.cli import main
from suffice.cli.json_output import coordinate, exact
from suffice.proofs.kernel import Report
from tests.commands import run, run_json

ROOT = Path(__file__).parents[1]
SQUARE = ("--expr", "x*x", "--var", "x=0:1")
FRACTION = re.compile(r"-?\d+(/\d+)?")
HEX_FLOAT = re.compile(r"-?0x1?(0|\.[0-9a-f]+)?p[+-]\d+")


def float_numbers(value: object, key: str = "") -> list[str]:
    """The keys under which a JSON value holds floating-point numbers."""
    if isinstance(value, float):
        return [key]
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in float_numbers(item, name)]
    return [found for item in value for found in float_numbers(item, key)] if isinstance(value, list) else []


def integer_keys(value: object, key: str = "") -> set[str]:
    """The keys under which a JSON value holds integers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {key}
    if isinstance(value, dict):
        return {found for name, item in value.items() for found in integer_keys(item, name)}
    return {found for item in value for found in integer_keys(item, key)} if isinstance(value, list) else set()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that holds."""
    path = tmp_path_factory.mktemp("certificates") / "square.json"
    assert main([*("prove", *SQUARE, "--eps", "1e-2", "--format", "fp16"), "--save", str(path)]) == 0
    return path


def test_prove_prints_one_object_with_exact_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    status, content = run_json(capsys, "prove", *SQUARE, "--eps", "1e-3", "--format", "bf16,fp16", "--format", "fp32")
    assert status == 0
    assert content["problem"]["absolute"] == "1/1000"
    assert [result["format"] for result in content["results"]] == ["bf16", "fp16", "fp32"]
    assert [result["verdict"] for result in content["results"]] == ["impossible", "sufficient", "sufficient"]
    assert set(float_numbers(content)) == {"seconds"}
    assert integer_keys(content) == {"heuristic_bits"}
    for result in content["results"]:
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", result["certificate"])
        for name in ("floor", "error_bound", "witness_error"):
            assert result[name] is None or FRACTION.fullmatch(result[name])
        floor, error = Fraction(result["floor"]), result["error_bound"]
        assert Fraction(result["floor_decimal"]) <= floor
        assert error is None or (floor <= Fraction(error) <= Fraction(result["error_bound_decimal"]))


def test_witnesses_are_hexadecimal_floats_that_really_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """1/3 of x is not representable: at the witness x*x, rounded as float16 rounds, is off by more than eps."""
    _, content = run_json(capsys, "prove", *SQUARE, "--eps", "6e-4", "--format", "fp16")
    result = content["results"][0]
    assert result["verdict"] == "impossible"
    ends = [point["x"] for point in result["witness_pair"]]
    assert all(HEX_FLOAT.fullmatch(end) for end in ends)
    low, high = sorted(Fraction(float.fromhex(end)) for end in ends)
    assert high**2 - low**2 > 2 * Fraction("6e-4") - Fraction(1, 1024)  # less than one spacing lost to the output's grid
    assert [Fraction(point["x"]) for point in result["witness_pair_decimal"]] == [Fraction(float.fromhex(end)) for end in ends]


def test_minimum_names_the_smallest_and_takes_formats_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    status, content = run_json(capsys, "minimum", *SQUARE, "--eps", "1e-3", "--among", "fp32,fp16,bf16")
    assert (status, content["minimum"], content["tight"]) == (0, "fp16", True)
    assert [result["format"] for result in content["results"]] == ["bf16", "fp16"]


def test_minimum_is_null_where_nothing_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    status, content = run_json(capsys, "minimum", *SQUARE, "--eps", "1e-9", "--among", "fp16")
    assert (status, content["minimum"], content["tight"]) == (0, None, False)


def test_bounds_needs_no_tolerance(capsys: pytest.CaptureFixture[str]) -> None:
    status, content = run_json(capsys, "bounds", *SQUARE, "--format", "fp32")
    assert status == 0
    result = content["results"][0]
    assert [Fraction(end) for end in result["range"]] == [0, 1]
    assert Fraction(result["lipschitz"]["x"]) == 2
    assert Fraction(result["curvature_floor"]["x"]) == Fraction(result["curvature_peak"]["x"]) == 1
    assert Fraction(result["witness_error"]) <= Fraction(result["error_bound"]) <= 2 * Fraction(result["witness_error"])
    assert set(float_numbers(content)) == {"seconds", "bound_seconds"}
    assert integer_keys(content) == {"leaves"}
    assert result["checked"] is True


CANCELLING = ("--expr", "sqrt(x + 1) - sqrt(x)", "--var", "x=1:1000", "--format", "fp32")


def test_bounds_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    status, content = run_json(capsys, "bounds", *CANCELLING, "--explain")
    assert status == 0
    result = content["results"][0]
    parts = [Fraction(share["part_decimal"]) for share in result["shares"]]
    assert abs(sum(parts) - 1) < Fraction(1, 1000)
    assert parts == sorted(parts, reverse=True)
    assert {share["operation"] for share in result["shares"][:2]} == {"sqrt(x)", "sqrt(x + 1)"}
    assert result["run"][-1]["operation"] == "sqrt(x + 1) - sqrt(x)"
    assert abs(Fraction(result["run"][-1]["error_decimal"])) >= Fraction(result["witness_error"]) * Fraction(999, 1000)
    assert 0 < Fraction(result["floor"]) < Fraction(result["witness_error"])
    _, out, _ = run(capsys, "bounds", *CANCELLING, "--explain")
    assert "where the error comes from" in out
    assert "rewriting gains a factor of" in out
    assert re.search(r"^sqrt\(x \+ 1\) - sqrt\(x\) .* 3\.\d$", out, re.MULTILINE)


def test_a_bound_is_kept_as_a_certificate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "bound.json"
    status, out, _ = run(capsys, "bounds", *CANCELLING, "--save", str(path))
    assert (status, f"certificate of fp32: {path}" in out) == (0, True)
    status, out, _ = run(capsys, "check", str(path))
    assert (status, out) == (0, f"{path}: accepted: sufficient by S1, farkas checked\n")


TWO_OUTPUTS = '(FPCore (a b) :name "f" :pre (and (<= 0 a 1) (<= 0 b 1)) (array (- a b) (* 4 (* a b))))'


def test_every_output_of_a_core_is_answered(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "two.fpcore").write_text(TWO_OUTPUTS)
    question = ("bounds", str(tmp_path / "two.fpcore"), "--format", "fp32", "--save", str(tmp_path / "c.json"))
    status, content = run_json(capsys, *question)
    assert status == 0
    assert [output["output"] for output in content["outputs"]] == ["[0]", "[1]"]
    assert [output["problem"]["expression"] for output in content["outputs"]] == ["a - b", "4*(a*b)"]
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["c.0.json", "c.1.json"]
    status, content = run_json(capsys, "prove", str(tmp_path / "two.fpcore"), "--eps", "1.5e-7", "--format", "fp32")
    assert status == 0
    assert [output["results"][0]["verdict"] for output in content["outputs"]] == ["sufficient", "impossible"]


def test_preconditions_are_shown_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    question = ("bounds", "--expr", "sqrt(x - y)", "--var", "x=0:2", "--var", "y=0:2", "--where", "x >= y + 1", "--format", "fp32")
    status, out, _ = run(capsys, *question)
    assert status == 0
    assert "where y + 1 <= x" in out


def test_a_table_shows_verdicts_and_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "minimum", *SQUARE, "--eps", "1e-3", "--among", "bf16,fp16", "--trace", "--all")
    assert (status, err) == (0, "")
    assert re.search(r"^bf16 +impossible +T1", out, re.MULTILINE)
    assert "The smallest format proved sufficient is fp16; every smaller one asked about is proved impossible." in out
    assert "# Sufficient, by S1" in out
    assert "What each strategy established" in out


def test_tolerances(capsys: pytest.CaptureFixture[str]) -> None:
    for options, expected in (
        (["--eps", "1e-8"], ("1/100000000", "0")),
        (["--eps", "1/8", "--relative"], ("0", "1/8")),
        (["--abs", "0x1p-3", "--rel", "0.25"], ("1/8", "1/4")),
        (["--rel", "0.5"], ("0", "1/2")),
    ):
        _, content = run_json(capsys, "prove", "--expr", "x + 1", "--var", "x=0:1", "--format", "fp8_e4m3", *options)
        assert (content["problem"]["absolute"], content["problem"]["relative"]) == expected


def test_formats_of_inputs_operations_and_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    main(
        ["prove", *SQUARE, "--eps", "1e-2", "--format", "fp16", "--in", "exact", "--compute", "fp32", "--out", "bf16", "--save", str(path)]
    )
    formats = json.loads(path.read_bytes())["formats"]
    assert formats["input"] == {"kind": "exact"}
    assert (formats["compute"]["p"], formats["output"]["p"]) == (24, 8)
    assert run(capsys, "check", str(path))[0] == 0


def test_custom_formats_hold_commas(capsys: pytest.CaptureFixture[str]) -> None:
    _, content = run_json(capsys, "prove", *SQUARE, "--eps", "1e-2", "--format", "float(p=12,emin=-126,emax=127),code(bits=3)")
    assert [result["format"] for result in content["results"]] == ["float(p=12,emin=-126,emax=127)", "code(bits=3)"]
    assert [result["verdict"] for result in content["results"]] == ["sufficient", "impossible"]


def test_problem_files_and_what_options_change(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "square.toml"
    path.write_text('expr = "x*x"\neps = "1e-2"\nformats = ["fp16"]\n[box]\nx = ["0", "1"]\n')
    _, content = run_json(capsys, "prove", str(path))
    assert content["results"][0]["verdict"] == "sufficient"
    _, content = run_json(capsys, "prove", str(path), "--eps", "1e-5", "--format", "bf16", "--var", "x=0:1/2", "--inputs", "representable")
    assert content["problem"]["box"] == {"x": ["0", "1/2"]}
    assert content["problem"]["inputs"] == "representable"
    assert content["results"][0]["verdict"] == "impossible"


def test_names_from_files_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text(
        'name = "a\\u001b[31m\\nb\\u00e9"\nexpr = "x"\neps = "1"\nformats = ["fp16"]\n[box]\nx = ["0", "1"]\n', encoding="utf-8"
    )
    status, out, _ = run(capsys, "prove", str(path), "--archive", str(tmp_path / "archive.db"))
    listed = run(capsys, "archive", "list", "--archive", str(tmp_path / "archive.db"))[1]
    assert (status, "\x1b" in out, "\x1b" in listed) == (0, False, False)
    assert out.startswith("a [31m b\u00e9 = x; ")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "suffice", "prove", str(path)]
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout.startswith(b"a [31m b\\xe9 = x; ")


def test_expectations_set_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("prove", *SQUARE, "--eps", "1e-2", "--format", "fp16")
    assert run(capsys, *asked, "--expect", "sufficient")[0] == 0
    assert run(capsys, *asked, "--expect", "impossible")[0] == 4


def test_undecided_has_a_status_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """The tolerance lies just above the largest error that a run reaches, nearer than any cover comes in so short a time."""
    asked = ("--expr", "exp(x)*exp(y) - exp(x + y)", "--var", "x=0:1", "--var", "y=0:1", "--format", "fp16", "--timeout", "1")
    _, known = run_json(capsys, "bounds", *asked)
    eps = str(Fraction(known["results"][0]["witness_error"]) * (1 + Fraction(1, 10**6)))
    status, content = run_json(capsys, "prove", *asked, "--eps", eps)
    result = content["results"][0]
    assert (status, result["verdict"], result["statement"]) == (3, "undecided", "")
    assert result["note"]
    assert run(capsys, "prove", *asked, "--eps", eps, "--expect", "sufficient")[0] == 4


def test_check_accepts_what_holds(capsys: pytest.CaptureFixture[str], certificate: Path) -> None:
    status, content = run_json(capsys, "check", str(certificate), "--with", "z3,cvc5")
    entry = content["files"][0]
    assert (status, entry["status"], entry["reason"], entry["verdict"]) == (0, "accepted", "", "sufficient")
    assert {run["solver"]: run["answer"] for run in entry["solvers"]} == {"z3": "unsat", "cvc5": "unsat"}


def test_check_rejects_what_was_altered(capsys: pytest.CaptureFixture[str], certificate: Path, tmp_path: Path) -> None:
    altered = tmp_path / "altered.json"
    altered.write_bytes(certificate.read_bytes().replace(b'"1/100"', b'"1/10000"'))
    status, content = run_json(capsys, "check", str(certificate), str(altered))
    assert status == 1
    assert [entry["status"] for entry in content["files"]] == ["accepted", "rejected"]
    assert content["files"][1]["reason"]
    status, out, _ = run(capsys, "explain", str(altered))
    assert status == 1
    assert "Sufficient" not in out


def test_check_demands_the_problem(capsys: pytest.CaptureFixture[str], certificate: Path, tmp_path: Path) -> None:
    for eps, expected in (("1e-2", 0), ("1e-3", 1)):
        path = tmp_path / f"{eps}.toml"
        path.write_text(f'expr = "x*x"\neps = "{eps}"\n[box]\nx = ["0", "1"]\n')
        assert run(capsys, "check", str(certificate), "--problem", str(path))[0] == expected


def test_what_rests_on_a_solver_has_a_status_of_its_own(
    capsys: pytest.CaptureFixture[str], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suffice.proofs.kernel.check", lambda _: Report("accepted_modulo_solver", "", "sufficient", "S1"))
    assert run(capsys, "check", str(certificate))[0] == 5


def test_explain_in_three_languages(capsys: pytest.CaptureFixture[str], certificate: Path, tmp_path: Path) -> None:
    for target, sign in (("md", "# Sufficient"), ("html", "<!DOCTYPE html>"), ("tex", r"\documentclass")):
        assert sign.lower() in run(capsys, "explain", str(certificate), "--to", target)[1].lower()
    path = tmp_path / "proof.html"
    status, content = run_json(capsys, "explain", str(certificate), "--to", "html", "--output", str(path))
    assert (status, content["to"], content["trace"]) == (0, "html", path.read_text())


def test_several_certificates_are_saved_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ("prove", *SQUARE, "--eps", "1e-2", "--format", "fp16,float(p=12,emin=-126,emax=127)")
    assert run(capsys, *asked, "--save", str(tmp_path / "c.json"))[0] == 0
    assert run(capsys, *asked, "--save", str(tmp_path))[0] == 0
    names = {path.name for path in tmp_path.iterdir()}
    custom = "float_p=12_emin=-126_emax=127"
    assert names == {"c.fp16.json", f"c.{custom}.json", "fp16.json", f"{custom}.json"}
    assert run(capsys, "check", *(str(path) for path in tmp_path.iterdir()))[0] == 0


def test_archive_from_end_to_end(capsys: pytest.CaptureFixture[str], certificate: Path, tmp_path: Path) -> None:
    place = ("--archive", str(tmp_path / "archive.db"))
    _, added = run_json(capsys, "archive", "add", str(certificate), "--label", "a square", *place)
    status, proved = run_json(capsys, "prove", *SQUARE, "--eps", "1e-3", "--format", "bf16", *place)
    assert status == 0
    _, listed = run_json(capsys, "archive", "list", *place)
    assert [entry["label"] for entry in listed["entries"]] == ["a square", "x*x in bf16: impossible"]
    assert listed["head"] == proved["archive"]["head"] != added["head"]
    digest = listed["entries"][0]["digest"]
    _, shown = run_json(capsys, "archive", "show", digest[:16], *place)
    assert (shown["status"], shown["verdict"]) == ("accepted", "sufficient")
    exported = tmp_path / "exported.json"
    assert run(capsys, "archive", "export", digest, str(exported), *place)[0] == 0
    assert exported.read_bytes() == certificate.read_bytes()
    assert run(capsys, "archive", "check", "--head", added["head"], "--kernel", *place)[0] == 0
    assert run(capsys, "archive", "check", "--head", f"sha256:{64 * '0'}", *place)[0] == 1


def test_archive_takes_no_certificate_that_the_kernel_rejects(
    capsys: pytest.CaptureFixture[str], certificate: Path, tmp_path: Path
) -> None:
    altered = tmp_path / "altered.json"
    altered.write_bytes(certificate.read_bytes().replace(b'"1/100"', b'"1/10000"'))
    status, content = run_json(capsys, "archive", "add", str(altered), "--archive", str(tmp_path / "archive.db"))
    assert (status, content["files"][0]["status"], "digest" in content["files"][0]) == (1, "rejected", False)


def test_listings_name_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("formats", "devices"):
        status, content = run_json(capsys, command)
        assert status == 0
        assert all(entry["name"] and entry["source"] for entry in content[command])
        assert run(capsys, command)[1].count("\n") > len(content[command])


@pytest.mark.parametrize("command", ["prove", "minimum", "bounds", "check", "explain", "formats", "devices", "archive add"])
def test_help_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, out, err = run(capsys, *command.split(), "--help")
    assert (status, err) == (0, "")
    assert f"\n  suffice {command}" in out
    assert "--json" in out


BAD_INPUT = [
    (["prove"], "no problem is given; name a problem file, or write --expr FORMULA --var NAME=LO:HI --eps E"),
    (["proof"], "No such command 'proof'. Did you mean 'prove'?; see suffice --help"),
    (["prove", *SQUARE, "--eps", "1"], "no format is asked about; add --format fp16, or another name that suffice formats lists"),
    (["prove", *SQUARE, "--format", "fp16"], "no tolerance is given; add --eps E, or --abs A and --rel R"),
    (
        ["prove", *SQUARE, "--eps", "1", "--abs", "1", "--format", "fp16"],
        "--eps is given beside --abs or --rel; give --eps alone, or the other two",
    ),
    (["prove", *SQUARE, "--abs", "1", "--relative", "--format", "fp16"], "--relative is given without --eps; add --eps E"),
    (
        ["prove", *SQUARE, "--var", "x=0:2", "--eps", "1", "--format", "fp16"],
        "--var: the input x is given twice; give each input one interval",
    ),
    (["prove", *SQUARE, "--where", "x", "--eps", "1", "--format", "fp16"], "the condition is a number; compare it, as in x < y"),
    (["prove", *SQUARE, "--where", "z < 1", "--eps", "1", "--format", "fp16"], "unknown name 'z'"),
    (["prove", *SQUARE, "--accuracy", "sin", "--eps", "1", "--format", "fp16"], "--accuracy sin is not a list of F=ULPS"),
    (["prove", *SQUARE, "--accuracy", "sine=2", "--eps", "1", "--format", "fp16"], "accuracy: 'sine' is no elementary function"),
    (["prove", *SQUARE, "--eps", "-1", "--format", "fp16"], "a tolerance is negative; give eps >= 0"),
    (["prove", *SQUARE, "--eps", "nan", "--format", "fp16"], "'nan' is not a real number; give a finite number"),
    (["prove", *SQUARE, "--eps", "1", "--format", "fp61"], "format 'fp61': unknown format 'fp61'; did you mean"),
    (["prove", *SQUARE, "--eps", "1", "--format", "fp16,"], "'fp16,' has an empty part; separate formats by single commas"),
    (["prove", *SQUARE, "--eps", "1", "--format", "fp16", "--inputs", "all"], "inputs='all' is unknown; write real or representable"),
    (["prove", "--expr", "x*y", "--var", "x=0:1", "--eps", "1", "--format", "fp16"], "y"),
    (
        ["prove", "--expr", "x", "--var", "x=1:0", "--eps", "1", "--format", "fp16"],
        "interval 'x=1:0': the interval is empty; write the smaller end first",
    ),
    (["prove", "--expr", "1/x", "--var", "x=-1:1", "--eps", "1", "--format", "fp16"], "x"),
    (["prove", "nowhere.toml", "--format", "fp16"], "nowhere.toml: cannot be read: No such file or directory; check the path"),
    (["prove", "README.rst", "--format", "fp16"], "'README.rst': not a problem file; give a .toml or .fpcore file"),
    (["prove", "p.toml", *SQUARE, "--format", "fp16"], "a problem file and --expr are both given; leave one out"),
    (
        ["prove", *SQUARE, "--eps", "1", "--format", "fp16", "--save", "no/folder/c.json"],
        "no/folder: there is no such folder; create it first",
    ),
    (["prove", *SQUARE, "--eps", "1", "--format", "fp16", "--timeout", "0"], "Invalid value for '--timeout'"),
    (["prove", *SQUARE, "--eps", "1", "--format", "fp16", "--expect", "yes"], "Invalid value for '--expect'"),
    (["bounds", *SQUARE], "no format is asked about"),
    (
        ["prove", *SQUARE, "--var", "y=0:1", "--eps", "1", "--format", "fp16"],
        "--var y is no input of the formula; leave it out, or use it in the formula",
    ),
    (
        ["prove", *SQUARE, "--eps", "1", "--format", "fp16", "--in", "code(bits=3)"],
        "format of inputs: code(bits=3) says nothing of numbers; use a code for the output only",
    ),
    (["check"], "Missing argument 'CERT...'"),
    (["check", __file__, "--with", "yices"], "unknown solver yices; use one of z3, cvc5"),
    (["check", "nowhere.json"], "nowhere.json: cannot be read: No such file or directory"),
    (["explain", "nowhere.json"], "nowhere.json: cannot be read: No such file or directory"),
    (["archive"], "Missing command; see suffice --help"),
    (["archive", "list", "--archive", "nowhere.db"], "nowhere.db: there is no such archive; add a certificate to make one"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_INPUT)
def test_bad_input_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("suffice: ")
    assert err.count("\n") == 1
    assert message in err


def test_a_fault_of_ours_is_no_verdict(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("suffice.prover.portfolio.prove", fails)
    status, out, err = run(capsys, "prove", *SQUARE, "--eps", "1", "--format", "fp16")
    assert (status, out) == (70, "")
    assert "nothing is proved" in err


def test_interruption(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("suffice.prover.portfolio.prove", interrupted)
    status, out, err = run(capsys, "prove", *SQUARE, "--eps", "1", "--format", "fp16")
    assert (status, out, err) == (130, "", "suffice: interrupted\n")


def program(*arguments: str, stdout: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "suffice", *arguments], stdout=stdout, stderr=subprocess.PIPE, env=environment)


def test_a_reader_that_leaves_gets_no_complaint() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = program("formats", stdout=writing)
    os.close(writing)
    assert process.communicate()[1] == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        process = program("formats", stdout=full.fileno())
        err = process.communicate()[1]
    assert (process.returncode, err) == (2, b"suffice: output: No space left on device\n")


def test_numbers_in_json() -> None:
    third, tiny, huge = Fraction(1, 3), Fraction(1, 1 << 300), Fraction(10) ** 5000 / 7
    assert (exact(Fraction(1, 1000)), exact(third), exact(Fraction(-3, 8))) == ("1/1000", "1/3", "-3/8")
    assert (coordinate(Fraction(3, 2)), coordinate(third), coordinate(Fraction(0))) == ("0x1.8p+0", "1/3", "0x0p+0")
    assert exact(tiny) == "0x1p-300"
    assert "/" in exact(huge)
