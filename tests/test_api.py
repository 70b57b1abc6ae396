"""The Python interface: questions read exactly, answers that print, errors that say the mend."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy

import suffice
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Tolerance
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT
from suffice.questions import ask, by_size

SQUARE = suffice.Problem("x*x", {"x": (0, 1)}, eps="1e-3")


def test_a_problem_is_read_exactly() -> None:
    problem = suffice.Problem("x + y", {"x": ("-1e-8", Fraction(1, 3)), "y": (0, 0.1)}, eps="1e-8")
    assert problem.box == {
        "x": Interval(Fraction(-1, 10**8), Fraction(1, 3)),
        "y": Interval(Fraction(0), Fraction(*(0.1).as_integer_ratio())),
    }
    assert problem.tolerance == Tolerance(absolute=Fraction(1, 10**8))
    assert problem.inputs is InputModel.REAL


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"eps": 1}, Tolerance(absolute=Fraction(1))),
        ({"eps": "1/3", "relative": True}, Tolerance(absolute=Fraction(0), relative=Fraction(1, 3))),
        ({"relative": "1e-3"}, Tolerance(absolute=Fraction(0), relative=Fraction(1, 1000))),
        ({"absolute": "0x1p-3", "relative": Fraction(1, 4)}, Tolerance(absolute=Fraction(1, 8), relative=Fraction(1, 4))),
    ],
)
def test_tolerances(options: dict[str, Any], expected: Tolerance | None) -> None:
    assert suffice.Problem("x", {"x": (0, 1)}, **options).tolerance == expected


def test_a_sympy_expression_is_the_same_problem() -> None:
    x = sympy.Symbol("x")
    assert suffice.Problem(sympy.exp(x), {"x": (0, 1)}).expression == suffice.Problem("exp(x)", {"x": (0, 1)}).expression


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["x"], {"x": (0, 1)}), "list is not a formula; give text, a sympy expression or an Expression"),
        (("x", {"x": (1, 0)}), "x: the interval [1, 0] is empty; write the smaller end first"),
        (("x", {"x": 3}), "x: 3 is not an interval; give two ends, as in (-1, 3)"),
        (("x", {"x": (0, float("inf"))}), 'x: inf is not a number; give an integer, a Fraction, or text such as "1e-3"'),
        (("x", {"x": (0, True)}), 'x: True is not a number; give an integer, a Fraction, or text such as "1e-3"'),
        (("y", {"x": (0, 1)}), "y"),
    ],
)
def test_bad_problems(arguments: tuple[Any, Any], message: str) -> None:
    with pytest.raises(suffice.SufficeError) as caught:
        suffice.Problem(*arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_tolerances() -> None:
    for options in ({"eps": 1, "absolute": 1}, {"eps": 1, "relative": "1e-3"}, {"relative": True}, {"eps": -1}):
        with pytest.raises(suffice.SufficeError):
            suffice.Problem("x", {"x": (0, 1)}, **options)


def test_formats_asked_about() -> None:
    names = [asked.name for asked in ask(["bf16,fp16", "fp16", parse_format("fp32"), "int8(scale=1/64,zero=0)"])]
    assert names == ["bf16", "fp16", "fp32", "int8(scale=1/64,zero=0)"]
    (mixed,) = ask("fp16", suffice.Placement(compute="fp32", input=EXACT))
    assert (mixed.input, mixed.compute, mixed.output) == (EXACT, parse_format("fp32"), parse_format("fp16"))
    (code,) = ask("code(bits=8)")
    assert (code.input, code.compute, code.output) == (EXACT, EXACT, parse_format("code(bits=8)"))
    with pytest.raises(suffice.SufficeError, match="no format is asked about"):
        ask([])


def test_formats_by_size() -> None:
    names = [asked.name for asked in by_size(ask("fp32,fp16,tf32,bf16,int8,fp8_e4m3,fp8_e5m2"))]
    assert names == ["int8", "fp8_e5m2", "fp8_e4m3", "bf16", "fp16", "tf32", "fp32"]


def test_conditions_vectors_and_accuracies() -> None:
    problem = suffice.Problem("dot(a, a)/x", {"a[2]": (-1, 1), "x": ("1/10", 2)}, where=["a[0] < x"])
    assert list(problem.box) == ["a_0", "a_1", "x"]
    assert [node.op for node in problem.preconditions[0].nodes][-1] is Op.LT
    with pytest.raises(InputError, match="the condition is a number; compare it, as in x < y"):
        suffice.Problem("x", {"x": (0, 1)}, where=["x"])
    (asked,) = ask("fp16", suffice.Placement(override=True, accuracy={"sin": 2}))
    assert asked.override and asked.accuracy == {Op.SIN: 2}
    with pytest.raises(InputError, match="accuracy: 'max' is no elementary function"):
        ask("fp16", suffice.Placement(accuracy={"max": 2}))


def test_prove_answers_for_each_format() -> None:
    answer = suffice.prove(SQUARE, "bf16,fp16")
    assert [result.verdict for result in answer] == ["impossible", "sufficient"]
    assert answer["fp16"].statement == "S1"
    assert suffice.check(answer["bf16"].certificate).status == "accepted"
    assert "bf16    impossible" in str(answer)
    with pytest.raises(suffice.SufficeError, match="'fp64' was not asked about; asked were bf16, fp16"):
        _ = answer["fp64"]


def test_a_formula_and_its_box_are_enough() -> None:
    assert suffice.prove("x*x", "fp16", box={"x": (0, 1)}, eps="1e-2")["fp16"].verdict == "sufficient"
    with pytest.raises(suffice.SufficeError, match="the formula has no box"):
        suffice.prove("x*x", "fp16")
    with pytest.raises(suffice.SufficeError, match="eps is given beside a problem that has its own"):
        suffice.prove(SQUARE, "fp16", eps="1e-2")


def test_problem_files(tmp_path: Path) -> None:
    path = tmp_path / "square.toml"
    path.write_text('expr = "x*x"\neps = "1e-2"\nformats = ["fp16"]\ncompute = "fp32"\n[box]\nx = ["0", "1"]\n')
    (result,) = suffice.prove(path).results
    assert (result.format, result.formats.compute, result.verdict) == ("fp16", parse_format("fp32"), "sufficient")
    (result,) = suffice.prove(path, "bf16", placement=suffice.Placement(compute="fp64")).results
    assert (result.format, result.formats.compute) == ("bf16", parse_format("fp64"))


def test_minimum_sorts_and_tells_tightness() -> None:
    answer = suffice.minimum(SQUARE, ["fp32", "fp16", "bf16"])
    assert (answer.minimum, answer.tight) == ("fp16", True)
    assert [result.format for result in answer] == ["bf16", "fp16"]
    assert "The smallest format proved sufficient is fp16" in str(answer)
    assert suffice.minimum(SQUARE).minimum == "fp16"
    assert "No format asked about is proved sufficient." in str(suffice.minimum(SQUARE, "bf16"))


def test_bounds() -> None:
    answer = suffice.bounds("x*x", "fp16", box={"x": (0, 1)})
    assert answer.bounds.range == (Fraction(0), Fraction(1))
    result = answer["fp16"]
    assert isinstance(result.witness_error, Fraction)
    assert result.error_bound is not None
    assert 0 < result.witness_error <= result.error_bound < Fraction(1, 1000)
    assert "|df/dx|" in str(answer)


def test_explain_and_check_take_files_bytes_and_certificates(tmp_path: Path) -> None:
    from suffice.proofs import canonical_bytes, write

    certificate = suffice.prove(SQUARE, "fp16")["fp16"].certificate
    path = tmp_path / "c.json"
    write(certificate, path)
    for source in (certificate, canonical_bytes(certificate), path, str(path)):
        assert suffice.check(source).status == "accepted"
        assert suffice.explain(source).startswith("# Sufficient")
    altered = canonical_bytes(certificate).replace(b'"1/1000"', b'"1/100000"')
    assert suffice.check(altered).status == "rejected"
    with pytest.raises(suffice.SufficeError, match="the certificate is rejected"):
        suffice.explain(altered)


def test_notebooks_show_escaped_tables() -> None:
    problem = suffice.Problem("x*x", {"x": (0, 1)}, eps="1e-3", name="<script>")
    for answer in (suffice.prove(problem, "fp16"), suffice.minimum(problem, "fp16"), suffice.bounds(problem, "fp16")):
        html = answer._repr_html_()
        assert html.startswith("<table>")
        assert "&lt;script&gt;" in html
        assert "<script>" not in html


def test_decimals_lie_on_the_safe_side() -> None:
    from suffice.tables import bracket

    assert bracket(Fraction(1, 3), Fraction(2, 3)) == "in [0.333, 0.667]"
    assert (bracket(Fraction(1999, 1000), None), bracket(None, Fraction(1001, 1000))) == (">= 1.99", "<= 1.01")
    assert (bracket("infinite", None), bracket(None, None)) == ("infinite", "-")
