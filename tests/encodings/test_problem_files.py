"""Problem files: what is read, what is refused, and the files that ship."""

from __future__ import annotations

import re
import textwrap
from fractions import Fraction
from pathlib import Path

import pytest

from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Tolerance
from suffice.encodings.readers.text import read_expression
from suffice.encodings.readers.toml import read_problem_file, read_problem_toml
from suffice.encodings.writers.text import to_text
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format

PROBLEMS = sorted((Path(__file__).parents[2] / "benchmarks" / "problems").glob("*.toml"))

WHOLE = """
name = "whole"
description = "Every key."
expr = "x*y"
abs = "1e-3"
rel = 1e-8
inputs = "representable"
formats = ["fp16", "float(p=12,emin=-126,emax=127)"]
input_format = "bf16"
compute = "fp32"
output = "exact"
[box]
x = [-0.1, "1/3"]
y = [1_000, "0x1p+10"]
"""


def test_every_key() -> None:
    file = read_problem_toml(WHOLE)
    problem = file.problem
    assert (problem.name, problem.description) == ("whole", "Every key.")
    assert problem.expression == read_expression("x*y", ["x", "y"])
    assert problem.tolerance == Tolerance(absolute=Fraction(1, 1000), relative=Fraction(1, 10**8))
    assert problem.inputs is InputModel.REPRESENTABLE
    assert problem.box == {"x": Interval(Fraction(-1, 10), Fraction(1, 3)), "y": Interval(Fraction(1000), Fraction(1024))}
    assert file.formats == ("fp16", "float(p=12,emin=-126,emax=127)")
    assert (file.input_format, file.compute, file.output) == ("bf16", "fp32", "exact")


@pytest.mark.parametrize(
    ("line", "tolerance"),
    [("", None), ("eps = 1e-8", Tolerance(absolute=Fraction(1, 10**8))),
     ('rel = "1/3"', Tolerance(absolute=Fraction(0), relative=Fraction(1, 3))),
     ("eps = 0", Tolerance(absolute=Fraction(0)))],
)  # fmt: skip
def test_tolerances_are_exact(line: str, tolerance: Tolerance | None) -> None:
    file = read_problem_toml(f'expr = "x"\n{line}\n[box]\nx = [0, 1]')
    assert file.problem.tolerance == tolerance
    assert file.problem.inputs is InputModel.REAL
    assert (file.formats, file.input_format, file.compute, file.output) == ((), None, None, None)


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.stem)
def test_files_that_ship(path: Path) -> None:
    file = read_problem_file(path)
    assert file.problem.name == path.stem
    assert file.problem.description.endswith(".")
    assert set(file.problem.expression.variables) == set(file.problem.box)
    assert file.problem.tolerance is not None
    assert len({parse_format(text) for text in file.formats}) == len(file.formats) >= 5


def test_there_are_files() -> None:
    assert len(PROBLEMS) >= 12


def test_what_the_documentation_shows_is_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "problems.md").read_text(encoding="utf-8")
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)]
    formulas, file = blocks
    assert read_problem_toml(file).accuracy == {Op.EXP: Fraction(2)}
    vectors = {"a": ("a_0", "a_1"), "b": ("b_0", "b_1")}
    assert len([read_expression(formula, ["x", "y", "z"], vectors) for formula in re.split(r" {3,}", formulas.strip())]) == 5


def test_fpcore_files(tmp_path: Path) -> None:
    path = tmp_path / "a.fpcore"
    path.write_text('(FPCore (x) :name "n" :precision binary16 :pre (< 0 x 1) (sqrt x))')
    file = read_problem_file(path)
    assert (file.problem.name, file.formats) == ("n", ("binary16",))
    assert parse_format(*file.formats) == parse_format("fp16")
    assert file.problem.tolerance is None
    assert file.problem.description == "strict comparisons of :pre are read as closed"


def test_preconditions_vectors_and_accuracies() -> None:
    file = read_problem_toml(
        'expr = "dot(a, a)*exp(x)"\npreconditions = ["x < a[1]"]\noverride = true\n'
        '[box]\nx = [0, 1]\n"a[2]" = [-1, 2]\n[accuracy]\nexp = "3/2"'
    )
    assert to_text(file.problem.expression) == "(a_0*a_0 + a_1*a_1)*exp(x)"
    assert [to_text(condition) for condition in file.problem.preconditions] == ["x < a_1"]
    side = Interval(Fraction(-1), Fraction(2))
    assert file.problem.box == {"x": Interval(Fraction(0), Fraction(1)), "a_0": side, "a_1": side}
    assert file.override and file.accuracy == {Op.EXP: Fraction(3, 2)}
    assert not read_problem_toml(WHOLE).override and read_problem_toml(WHOLE).accuracy == {}


def test_an_fpcore_file_keeps_preconditions_and_all_outputs(tmp_path: Path) -> None:
    path = tmp_path / "a.fpcore"
    path.write_text("(FPCore (x y) :pre (and (<= 0 x 1) (< 0 y 1) (< x y)) (array x (* x y)))")
    file = read_problem_file(path)
    assert [(name, to_text(expression)) for name, expression in file.components] == [("[0]", "x"), ("[1]", "x*y")]
    assert [to_text(condition) for condition in file.problem.preconditions] == ["x < y"]
    assert [to_text(condition) for condition in file.open_ends] == ["0 < y", "y < 1"]


_BOX = "[box]\nx = [0, 1]"
_KNOWN = "name, description, expr, inputs, input_format, compute, output, preconditions, box, eps, abs, rel, formats, override, accuracy"
BAD = {
    "expr = ": 'is not TOML: Invalid value (at end of document); write lines such as eps = "1e-3"',
    "expr = 1": 'expr is not a text; write expr = "..."',
    "eps = 1": 'the key expr is missing; add expr = "FORMULA"',
    "expr = 'x'\nformat = []": "unknown key 'format'; did you mean formats or input_format?",
    "expr = 'x'\nzzz = 1": f"unknown key 'zzz'; known keys are {_KNOWN}",
    "expr = 'x'": "expr, line 1, column 1 at 'x': unknown name 'x'; give it an interval, as in x=-1:1",
    f"expr = 'x +'\n{_BOX}": "expr: the formula ends too early; complete it, and close every parenthesis",
    f"expr = 'x'\neps = -1\n{_BOX}": "eps is negative; give eps >= 0",
    f"expr = 'x'\neps = 1\nrel = 1\n{_BOX}": "eps stands beside abs or rel; give eps alone, or abs and rel",
    f"expr = 'x'\neps = true\n{_BOX}": 'eps: is not a number; write a number as "1e-3", "1/3" or 8',
    f"expr = 'x'\neps = 'small'\n{_BOX}": "eps: 'small' is not a number; write an integer, 0.1, 1/64, 1e-8 or 0x1.8p-3",
    f"expr = 'x'\neps = nan\n{_BOX}": "'nan' is not a real number; give a finite number",
    f"expr = 'x'\neps = 1e999999\n{_BOX}": "the exponent of '1e999999' is too large; "
    "use decimal exponents within +-1000, binary ones within +-2097152",
    f"expr = 'x'\neps = {'1' * 5000}\n{_BOX}": "is not TOML: an integer is too long; write large numbers as 1e100",
    f"expr = 'x'\neps = {'[' * 5000}\n{_BOX}": "is not TOML: nested too deeply; remove brackets",
    f"expr = 'x'\ninputs = 'floats'\n{_BOX}": "inputs is 'floats'; choose real or representable",
    f"expr = 'x'\nformats = 'fp16'\n{_BOX}": 'formats is not a list; write formats = ["fp16", "fp32"]',
    f"expr = 'x'\nformats = [16]\n{_BOX}": 'an item of formats is not a text; write an item of formats = "..."',
    "expr = 'x'\nbox = 1": 'box is not a table; write [box] and below it x = ["-1", "1"]',
    "expr = 'x'\n[box]\nx = 1": 'box.x: is not an interval; write two ends, as in x = ["-1", "1"]',
    "expr = 'x'\n[box]\nx = [1, 2, 3]": 'box.x: is not an interval; write two ends, as in x = ["-1", "1"]',
    "expr = 'x'\n[box]\nx = [1, 0]": "box.x: the interval is empty; write the smaller end first",
    "expr = 'x'\n[box]\nx = ['a', 0]": "box.x: 'a' is not a number; write an integer, 0.1, 1/64, 1e-8 or 0x1.8p-3",
    "expr = 'x'\n[box]\n'x y' = [0, 1]": "box: 'x y' is not a name; use letters, digits and _, at most 64, a letter or _ first",
    f"expr = 'x'\npreconditions = 'x < 1'\n{_BOX}": 'preconditions is not a list; write preconditions = ["x < y"]',
    f"expr = 'x'\npreconditions = ['x']\n{_BOX}": "preconditions[0]: the condition is a number; compare it, as in x < y",
    f"expr = 'x'\npreconditions = ['x < 1', 'z < 1']\n{_BOX}": "preconditions[1], line 1, column 1 at 'z < 1': "
    "unknown name 'z'; give it an interval, as in z=-1:1",
    f"expr = 'x'\noverride = 1\n{_BOX}": "override is not true or false; write override = true",
    f"expr = 'x'\naccuracy = 1\n{_BOX}": 'accuracy is not a table; write accuracy = {sin = "2"}',
    f"expr = 'x'\naccuracy = {{sine = 2}}\n{_BOX}": "accuracy: 'sine' is no elementary function; did you mean sin or sinh?",
    f"expr = 'x'\naccuracy = {{sin = 0}}\n{_BOX}": "accuracy: sin is off by 0 ulps at most; "
    "give 1/2 or more: no result is nearer in general",
    "expr = 'x'\n[box]\n'a[0]' = [0, 1]": "box: 'a[0]' has 0 parts; use 1 to 256",
    "expr = 'x'\n[box]\n'a[2]' = [0, 1]\na_1 = [0, 1]": "box: the input a_1 is given twice; give each input one interval",
    "expr = 'x'\n[box]\n'a[2]' = [0, 1]\na = [0, 1]": "box: the input a is given twice; give each input one interval",
    "expr = 'x'\n[box]\na = [0, 1]\n'a[2]' = [0, 1]": "box: a is an input and a vector; rename one",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:40]))
def test_bad_files(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_problem_toml(text)
    assert str(caught.value) == BAD[text]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")
    (tmp_path / "long.toml").write_text("#" * 4_100_000)
    (tmp_path / "bad.toml").write_text("expr = 'x'")
    (tmp_path / "folder.toml").mkdir()
    messages = {
        "latin.toml": "latin.toml: is not UTF-8 text; save it as UTF-8",
        "long.toml": "long.toml: has more than 4000000 characters; use a shorter file",
        "missing.toml": "missing.toml: cannot be read: No such file or directory; check the path",
        "folder.toml": "folder.toml: cannot be read: Is a directory; check the path",
        "bad.toml": "bad.toml, expr, line 1, column 1 at 'x': unknown name 'x'; give it an interval, as in x=-1:1",
    }
    for name, message in messages.items():
        with pytest.raises(InputError) as caught:
            read_problem_file(tmp_path / name)
        assert str(caught.value) == message
    with pytest.raises(InputError, match=r"'problem\.json': not a problem file; give a \.toml or \.fpcore file"):
        read_problem_file("problem.json")
