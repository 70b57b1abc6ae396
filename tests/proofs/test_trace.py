"""Traces: what they say, that their decimals lie on the safe side, and that no name escapes from its place.

The documents are read back by html.parser and markdown-it, which are not ours.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval, Problem, Tolerance
from suffice.hardware_specs.format import FloatFormat
from suffice.proofs.certificate import Bound, Certificate, SmtScript, Verdict
from suffice.proofs.evidence import CoverEvidence, RunEvidence
from suffice.proofs.trace import Quantity, Trace, render, trace
from suffice.proofs.trace.claims import cover_shape
from suffice.proofs.trace.numbers import at_least, at_most, equal, exact_text
from suffice.proofs.trace.render import Target

HOSTILE = "<script>alert('1')</script>&amp; `x` | \\end{document} \\input{/etc/passwd} $x$ %\n# title ![a](b) é\u202e\x1b[31m\u0000"
KEYS = {"impossible", "sufficient", "integer", "code", "T2", "T5", "T6"}


def quantities(made: Trace) -> list[Quantity]:
    """All numbers of a trace."""
    return [quantity for section in made.sections for step in section.steps for quantity in step.quantities]


def words(made: Trace) -> str:
    """All text of a trace."""
    steps = [step for section in made.sections for step in section.steps]
    return "\n".join(text for step in steps for text in (step.label, step.meaning, step.text, step.follows))


def headings(made: Trace) -> list[str]:
    """The headings, in order."""
    return [section.heading for section in made.sections]


def test_the_order_is_assumptions_first_and_changes_last(samples: dict[str, Certificate]) -> None:
    assert headings(trace(samples["impossible"])) == [
        "Assumptions",
        "The question",
        "The formats",
        "Every algorithm errs somewhere by at least 9.76e-4",
        "The verdict",
        "The same in SMT-LIB",
        "What would change the verdict",
    ]
    assert headings(trace(samples["sufficient"]))[3:6] == [
        "Some algorithm errs everywhere by at most 6.67e-4",
        "This program errs everywhere by at most 7.78e-4",
        "This program errs at one input by at least 1.42e-4",
    ]
    assert samples.keys() == KEYS


def test_a_collision_reads_as_a_proof(samples: dict[str, Certificate]) -> None:
    made = trace(samples["impossible"])
    assert made.title == "Impossible, by T1+T2"
    assert made.answer == "Impossible: no algorithm whatever with inputs and outputs in fp16 stays within the tolerance."
    put_in = {quantity.name: quantity for quantity in quantities(made)}
    assert put_in["x at a"].exact == "8185/4096"
    assert put_in["code that x shares"].exact == "1023/512"
    assert put_in["f at b"] == Quantity(name="f at b", exact="66961489/16777216", decimal="about 3.99121577")
    assert put_in["output number below"].exact == "511/128"
    assert put_in["largest absolute error of that answer"].decimal.startswith("about ")
    assert put_in["claimed value"] == Quantity(name="claimed value", exact="1/1024", decimal="at least 9.76e-4")
    assert "Hence the absolute error is at least 9.76e-4 somewhere in the box, whatever the algorithm." in words(made)
    assert "Hence the verdict is impossible, by T1+T2." in words(made)
    assert "An allowed absolute error of 9.77e-4 or more would no longer be proved impossible" in words(made)
    assert "another format, also a smaller one, needs a proof of its own" in words(made)
    assert "It fixes hardware_significand, rests on enclosure_slope, uses statement_T4 and denies the verdict in tolerance." in words(made)


def test_a_cover_and_its_bracket(samples: dict[str, Certificate]) -> None:
    made = trace(samples["sufficient"])
    assert words(made).startswith("\n\ncorrectly rounded in every format of the program: exp")
    assert "The box is cut into 4 leaves that cover it." in words(made)
    assert "The verdict stays for every allowed absolute error of 7.78e-4 or more; a smaller one needs a tighter bound." in words(made)
    assert Quantity(name="error bound / error at the witness", exact="49/9", decimal="at most 5.45") in quantities(made)
    assert "Where an assumption above does not hold" in words(made)


def test_a_failing_integer_program(samples: dict[str, Certificate]) -> None:
    made = trace(samples["integer"])
    assert headings(made)[4] == "This program fails at one input"
    assert "The inputs are those points of the box that are numbers of the input format." in words(made)
    assert Quantity(name="node 1", exact="int8(scale=1/64,zero=-3)") in quantities(made)
    assert "No other tolerance would change it: the run fails." in words(made)


@pytest.mark.parametrize("label", ["T2", "T5", "T6"])
def test_laws_show_what_they_use(samples: dict[str, Certificate], label: str) -> None:
    made = trace(samples[label])
    assert f"\n{label} (" in "\n" + words(made)
    names = {quantity.name: quantity.exact for quantity in quantities(made)}
    if label == "T5":
        assert names["length in x"] == "1"
    else:
        assert (names["code that x shares"], names["length in x"]) == ("1537/1024", "1/1024")
    assert ("another format, also a smaller one" in words(made)) == (label != "T5")


def test_a_verdict_that_its_claims_do_not_support_is_not_dressed_up(samples: dict[str, Certificate]) -> None:
    for changed in (
        dataclasses.replace(samples["impossible"], verdict=Verdict.SUFFICIENT),
        dataclasses.replace(samples["T2"], verdict=Verdict.IMPOSSIBLE, statement="T2"),
        dataclasses.replace(samples["sufficient"], verdict=Verdict.INSUFFICIENT),
    ):
        assert "this certificate is not valid" in words(trace(changed))
        assert "Hence the verdict" not in words(trace(changed))
    assert "not valid" not in "".join(words(trace(certificate)) for certificate in samples.values())


@pytest.mark.parametrize(
    "q", [Fraction(1, 3), Fraction(2, 3), Fraction(1, 2**100), Fraction(10**30 + 1, 7), Fraction(-1, 3), Fraction(5, 4)]
)
def test_decimals_lie_on_the_safe_side(q: Fraction) -> None:
    assert Fraction(Decimal(at_least("", q).decimal.removeprefix("at least "))) <= q
    assert Fraction(Decimal(at_most("", q).decimal.removeprefix("at most "))) >= q
    shown = equal("", q).decimal
    assert not shown or shown.startswith("about ") or Fraction(Decimal(shown)) == q


@pytest.mark.parametrize(
    ("q", "text"),
    [
        (Fraction(1, 10), "1/10"),
        (Fraction(1, 2**200), "2^-200"),
        (Fraction(-3, 2**200), "-3 * 2^-200"),
        (Fraction(3 * 2**200), "3 * 2^200"),
        (Fraction(10**20, 3**20), "100000000000000000000/3486784401"),
        (Fraction(1, 3**500), "a rational of 1 by 239 digits, in the certificate"),
    ],
)
def test_exact_numbers_are_readable(q: Fraction, text: str) -> None:
    assert exact_text(q) == text


@pytest.mark.parametrize(
    ("splits", "shape"),
    [
        ((0,), (1, 0)),
        ((1, 0, 0), (2, 1)),
        ((1, 0, 2, 0, 0), (3, 2)),
        ((1, 2, 0, 0, (1, Fraction(1)), 0, 0), (4, 2)),
        ((), (0, 0)),
        ((0, 0, 1), (2, 0)),
    ],
)
def test_covers_are_counted_even_where_they_are_malformed(splits: tuple[int, ...], shape: tuple[int, int]) -> None:
    assert cover_shape(splits) == shape


def test_a_deep_cover_is_no_problem(samples: dict[str, Certificate]) -> None:
    assert cover_shape((1,) * 100_000 + (0,) * 100_001) == (100_001, 100_000)
    cover = CoverEvidence(splits=(1,) * 5000 + (0,) * 5001, pieces=1, precision=64)
    claims = (dataclasses.replace(samples["sufficient"].claims[1], evidence=cover),)
    assert "5001 leaves" in words(trace(dataclasses.replace(samples["sufficient"], claims=claims)))


def test_storage_widths_do_not_hide_a_format_s_name(samples: dict[str, Certificate]) -> None:
    for name, p, emin, emax in (("tf32", 11, -126, 127), ("bf16", 8, -126, 127), ("fp64", 53, -1022, 1023)):
        fmt = FloatFormat(p=p, emin=emin, emax=emax, max_finite=(2 - Fraction(1, 2 ** (p - 1))) * 2**emax)
        formats = dataclasses.replace(samples["impossible"].formats, input=fmt, compute=fmt, output=fmt)
        assert f" in {name} " in trace(dataclasses.replace(samples["impossible"], formats=formats)).answer


def test_formulas_are_shown_as_far_as_they_fit(samples: dict[str, Certificate]) -> None:
    assert trace(samples["sufficient"]).formula_text == "exp(a)/(exp(a) + exp(b))"
    assert r"\frac{\exp" in trace(samples["sufficient"]).formula_latex
    build = ExpressionBuilder()
    root = build.variable("x")
    for _ in range(100):
        root = build.apply(Op.ADD, root, root)
    problem = dataclasses.replace(samples["impossible"].problem, expression=build.build(root))
    made = trace(dataclasses.replace(samples["impossible"], problem=problem))
    assert made.formula_text.endswith("...")
    assert len(made.formula_text) < 5000
    assert made.formula_latex == ""


def named(name: str) -> Expression:
    """The square of one input."""
    build = ExpressionBuilder()
    return build.build(build.power(build.variable(name), 2))


def hostile(certificate: Certificate) -> Certificate:
    """The certificate with hostile text wherever text from outside stands."""
    problem = Problem(
        expression=named(HOSTILE), box={HOSTILE: Interval(Fraction(1), Fraction(2))}, tolerance=Tolerance(absolute=Fraction(1))
    )
    script = SmtScript(claim=0, script=f"(declare-const |{HOSTILE}| Real)\n```\n\\end{{verbatim}}\n{HOSTILE}")
    run = dataclasses.replace(
        certificate.claims[0], bound=Bound.WITNESS_ERROR, evidence=RunEvidence(point={HOSTILE: Fraction(1)}, precision=64)
    )
    claims = (dataclasses.replace(certificate.claims[0], statement=HOSTILE), run)
    return dataclasses.replace(certificate, problem=problem, claims=claims, statement=HOSTILE, assumptions=(HOSTILE,), smt=(script,))


class Reader(HTMLParser):
    """The elements and the text of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "hr"):
            self.open.append(tag)
        assert all(name in ("lang", "charset", "name", "content") for name, _ in attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_well_formed_and_escapes_names(samples: dict[str, Certificate]) -> None:
    for certificate in [*samples.values(), hostile(samples["impossible"])]:
        document = Reader(render(trace(certificate), "html"))
        assert document.open == []
        assert not {"script", "img", "a", "input"} & set(document.tags)
    assert "<script>alert('1')</script>" in document.text
    assert "<script>" not in render(trace(certificate), "html")


def test_markdown_keeps_names_in_their_place(samples: dict[str, Certificate]) -> None:
    reader = MarkdownIt("commonmark").enable("table")
    for certificate in [*samples.values(), hostile(samples["impossible"])]:
        made = trace(certificate)
        document = Reader(reader.render(render(made, "md")))
        assert not {"script", "img", "a", "input"} & set(document.tags)
        assert document.tags.count("h2") == len(made.sections)
        assert document.tags.count("h1") == 1
        assert document.tags.count("td") == 3 * len(quantities(made))
        for quantity in quantities(made):
            assert " ".join(quantity.exact.split()) in " ".join(document.text.split())
    assert "<script>alert('1')</script>&amp; `x` | \\end{document}" in document.text


def test_no_control_character_survives(samples: dict[str, Certificate]) -> None:
    targets: tuple[Target, ...] = ("md", "html", "tex")
    for target in targets:
        made = render(trace(hostile(samples["impossible"])), target)
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", made)


COMMAND = re.compile(r"\\([a-zA-Z]+|.)", re.DOTALL)


def latex_structure(document: str) -> list[str]:
    """The environments in order of their ends; braces and environments are balanced, and no special letter is bare."""
    ends: list[str] = []
    stack: list[str] = []
    for match in re.finditer(r"\\begin\{(\w+)\}|\\end\{(\w+)\}|\\([a-zA-Z]+|.)|([{}])", document, re.DOTALL):
        begun, ended, _, brace = match.groups()
        if begun or brace == "{":
            stack.append(begun or "{")
        elif ended or brace == "}":
            assert stack.pop() == (ended or "{")
            ends += [ended] if ended else []
    assert stack == []
    body = COMMAND.sub("", document.partition("\\begin{document}")[2])
    tables = re.sub(r" & ", "", body)
    assert not re.search(r"[#%~&]", re.sub(r"\{~*", "", tables)), "a special letter is not escaped"
    return ends


def test_latex_is_balanced_and_escapes_names(samples: dict[str, Certificate], tmp_path: Path) -> None:
    for certificate in [*samples.values(), hostile(samples["impossible"])]:
        document = render(trace(certificate), "tex")
        assert latex_structure(document)[-1] == "document"
        assert latex_structure(document).count("document") == 1
        assert "\\input" not in document.replace("\\textbackslash{}input", "")
        assert document.isascii()
        if latex := shutil.which("pdflatex"):
            (tmp_path / "trace.tex").write_text(document)
            subprocess.run([latex, "-halt-on-error", "-interaction=batchmode", "trace.tex"], cwd=tmp_path, check=True, capture_output=True)


def test_the_structure_check_can_fail() -> None:
    whole = "\\begin{document}\n{a \\& b}\\end{document}"
    assert latex_structure(whole) == ["document"]
    for broken in (whole.replace("}\\end", "\\end"), whole.replace("\\&", "&x"), whole.replace("\\&", "\\end{x}"), whole.replace("a", "%")):
        with pytest.raises((AssertionError, IndexError)):
            latex_structure(broken)


def test_every_document_says_what_it_is(samples: dict[str, Certificate]) -> None:
    from suffice.proofs.certificate import digest

    for certificate in samples.values():
        for target in ("md", "html"):
            document = render(trace(certificate), target)
            assert digest(certificate) in document
            assert "It does not check it" in document
