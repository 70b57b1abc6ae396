"""FPCore: hand-made pairs with infix formulas, scoping, refusals, and back from what the writer writes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.encodings.readers.text import read_expression
from suffice.encodings.writers.fpcore import to_fpcore
from suffice.errors import InputError
from tests.encodings.dags import dags, ordered

FPBENCH = Path(__file__).parents[3] / "shared" / "benchmarks" / "fpbench"


def body(text: str) -> Expression:
    return read_fpcore(f"(FPCore (x y) :pre (and (<= 1 x 2) (<= 1 y 2)) {text})").expression


PAIRS = [
    ("(+ x (* 2 y))", "x + 2*y"),
    ("(- x)", "-x"),
    ("(- x y)", "x - y"),
    ("(/ 1 3)", "1/(3)"),
    ("1/3", "1/3"),
    ("-0.1", "-0.1"),
    ("0x1.8p+0", "1.5"),
    ("(fma x y 1)", "fma(x, y, 1)"),
    ("(fmin x (fmax y 0))", "min(x, max(y, 0))"),
    ("(fabs (sqrt x))", "abs(sqrt(x))"),
    ("(pow x 3)", "x^3"),
    ("(pow x -2)", "x^-2"),
    ("(pow x 1/2)", "sqrt(x)"),
    ("(* PI E)", "pi*e"),
    ("(expm1 (log1p (exp (log x))))", "expm1(log1p(exp(log(x))))"),
    ("(sin (cos (tan (asin (acos (atan x))))))", "sin(cos(tan(asin(acos(atan(x))))))"),
    ("(sinh (cosh (tanh x)))", "sinh(cosh(tanh(x)))"),
    ("(let ((a (+ x 1)) (b y)) (/ a (* a b)))", "(x + 1)/((x + 1)*y)"),
    ("(let [[a x]] [+ a a])", "x + x"),
    ("(let ((x y) (y x)) (- x y))", "y - x"),
    ("(let* ((x y) (y x)) (- x y))", "y - y"),
    ("(let* ((a x) (a (+ a y))) (* a 2))", "(x + y)*2"),
    ("(+ (let ((x 1)) (* x y)) x)", "1*y + x"),
    ("(let ((PI 3)) (* PI PI))", "3*3"),
    ("(+ x ; a comment (\n y)", "x + y"),
]


@pytest.mark.parametrize(("core", "infix"), PAIRS)
def test_bodies(core: str, infix: str) -> None:
    assert ordered(body(core)) == ordered(read_expression(infix, ["x", "y"]))


def test_box_name_and_properties() -> None:
    core = read_fpcore(
        '(FPCore named (x y) :name "a \\"test\\"" :precision binary32 :cite (someone 2020)'
        " :pre (and (and (< 0 x 4) (> 2 y -1/3)) (>= x 1) (<= x 0x1p1)) (+ x y))"
    )
    assert core.name == 'a "test"'
    assert core.precision == "binary32"
    assert core.box == {"x": Interval(Fraction(1), Fraction(2)), "y": Interval(Fraction(-1, 3), Fraction(2))}
    assert core.properties[":cite"] == "(someone 2020)"
    assert core.notes == ("strict comparisons of :pre are read as closed",)
    assert read_fpcore("(FPCore f (x) :pre (<= -1 x 1) x)").name == "f"
    assert read_fpcore("(FPCore f (x) :pre (<= -1 x 1) x)").notes == ()
    assert read_fpcore("(FPCore () :precision real 1)").precision is None
    rounded = read_fpcore("(FPCore () :precision binary16 :round toPositive 1)")
    assert rounded.precision == "binary16(rounding=up)"


def test_deep_nesting() -> None:
    deep = 15_000
    assert len(body("(- " * deep + "x" + ")" * deep).nodes) == deep + 1
    assert body("(let ((a x)) " * deep + "a" + ")" * deep) == body("x")


@given(dags())
@settings(deadline=None, max_examples=300)
def test_what_is_written_is_read_back(expression: Expression) -> None:
    box = {name: Interval(Fraction(-1, 3), Fraction(7)) for name in expression.variables}
    core = read_fpcore(to_fpcore(expression, box, name='say "x"', precision="binary16"))
    assert ordered(core.expression) == ordered(expression)
    assert (core.box, core.name, core.precision) == (box, 'say "x"', "binary16")


def test_shared_terms_are_written_once() -> None:
    builder = ExpressionBuilder()
    term = builder.variable("x")
    for _ in range(300):
        term = builder.apply(Op.MUL, term, term)
    expression = builder.build(term)
    text = to_fpcore(expression, {"x": Interval(Fraction(0), Fraction(1))})
    assert len(text) < 10_000
    assert read_fpcore(text).expression == expression


def test_names_that_fpcore_reserves() -> None:
    expression = read_expression("E + 1", ["E"])
    with pytest.raises(InputError, match="FPCore reserves the name E"):
        to_fpcore(expression, {"E": Interval(Fraction(0), Fraction(1))})


_BOX = "write bounds of one input by numbers, as in (and (<= 0 x 1) (<= -1 y 1))"
BAD = {
    "": "0 expressions stand at the top; give a file with one (FPCore ...)",
    "(FPCore () 1) (FPCore () 2)": "2 expressions stand at the top; give a file with one (FPCore ...)",
    "x": "line 1, column 1 at 'x': not an FPCore; write (FPCore (x) :pre (<= 0 x 1) (sqrt x))",
    "(FPCore": "line 1, column 1 at '(FPCore': a parenthesis is not closed; close it",
    "(FPCore (x]": "line 1, column 11 at ']': unexpected ]; balance the parentheses",
    "(FPCore () 1))": "line 1, column 14 at ')': unexpected ); balance the parentheses",
    '(FPCore () :name "x': "line 1, column 18 at '\"x': a text in quotes is not closed; close it",
    "(FPCore f)": "line 1, column 1 at '(FPCore f)': the arguments are missing; write (FPCore (x) ...)",
    "(FPCore ())": "line 1, column 1 at '(FPCore ())': not exactly one body; write one expression after the properties",
    "(FPCore () 1 2)": "line 1, column 1 at '(FPCore () 1 2)': not exactly one body; write one expression after the properties",
    "(FPCore () :name a :name b 1)": "line 1, column 20 at ':name b 1)': the property ':name' stands twice; remove one",
    "(FPCore (x x) :pre (<= 0 x 1) x)": "line 1, column 9 at '(x x) :pre (<= 0 x 1) x)': an argument stands twice; rename it",
    "(FPCore ((A 3)) 1)": "line 1, column 10 at '(A 3)) 1)': an argument is annotated or a tensor; give plain names",
    "(FPCore (x*) 1)": "line 1, column 10 at 'x*) 1)': 'x*' is not a name; use letters, digits and _, at most 64, a letter or _ first",
    "(FPCore (x) x)": ":pre: the input x lacks an interval, that is, a lower and an upper bound; add (<= LO x HI)",
    "(FPCore (x) :pre (<= 0 x) x)": ":pre: the input x lacks an upper bound; add (<= LO x HI)",
    "(FPCore (x) :pre (>= 0 x) x)": ":pre: the input x lacks a lower bound; add (<= LO x HI)",
    "(FPCore (x) :pre (<= 2 x 1) x)": ":pre of x: the interval is empty; write the smaller end first",
    "(FPCore (x) :pre (or (<= 0 x 1)) x)": f"line 1, column 18 at '(or (<= 0 x 1)) x)': a precondition is not a comparison; {_BOX}",
    "(FPCore (x) :pre TRUE x)": f"line 1, column 18 at 'TRUE x)': a precondition is not a comparison; {_BOX}",
    "(FPCore (x y) :pre (<= 0 x y 1) x)": "line 1, column 20 at '(<= 0 x y 1) x)': "
    f"a precondition does not bound one input by a number; {_BOX}",
    "(FPCore (x) :pre (<= 0 (* x x) 1) x)": "line 1, column 24 at '(* x x) 1) x)': "
    f"a precondition compares what is neither an input nor a number; {_BOX}",
    "(FPCore () :precision (float 8 32) 1)": "line 1, column 23 at '(float 8 32) 1)': "
    "a precision with parameters; name a format, as in binary32",
    "(FPCore () :precision binary32 :round up 1)": "line 1, column 39 at 'up 1)': "
    "unknown rounding; choose nearestEven or nearestAway or toPositive or toNegative or toZero",
    "(FPCore () (if TRUE 1 2))": "line 1, column 13 at 'if TRUE 1 2))': the construct 'if' is not supported; rewrite the core without it",
    "(FPCore () (while FALSE () 1))": "line 1, column 13 at 'while FALSE () 1))': "
    "the construct 'while' is not supported; rewrite the core without it",
    "(FPCore () (! :precision binary64 1))": "line 1, column 13 at '! :precision binary64...': "
    "the construct '!' is not supported; rewrite the core without it",
    "(FPCore () (cast 1))": "line 1, column 13 at 'cast 1))': the construct 'cast' is not supported; rewrite the core without it",
    "(FPCore () (+ 1 2 3))": "line 1, column 13 at '+ 1 2 3))': + does not take 3 arguments",
    "(FPCore () ((+ 1 2)))": "line 1, column 12 at '((+ 1 2)))': not an operation; write (OPERATION ARGUMENT ...)",
    "(FPCore () ())": "line 1, column 12 at '())': not an operation; write (OPERATION ARGUMENT ...)",
    "(FPCore () INFINITY)": "line 1, column 12 at 'INFINITY)': unknown name 'INFINITY'; bind it by let, or make it an argument",
    "(FPCore () (let ((a 1)) b))": "line 1, column 25 at 'b))': unknown name 'b'; bind it by let, or make it an argument",
    "(FPCore () (+ (let ((a 1)) a) a))": "line 1, column 31 at 'a))': unknown name 'a'; bind it by let, or make it an argument",
    "(FPCore () (let ((a 1) (a 2)) a))": "line 1, column 12 at '(let ((a 1) (a 2)) a))': "
    "a let binds a name twice; rename one, or write let*",
    "(FPCore () (let (a 1) a))": "line 1, column 18 at 'a 1) a))': not a binding; write [name value]",
    "(FPCore () (let a))": "line 1, column 12 at '(let a))': not a let; write (let ([name value] ...) body)",
    "(FPCore () (pow 2 PI))": "line 1, column 12 at '(pow 2 PI))': an exponent is not a number; write (exp (* b (log a))) for (pow a b)",
    "(FPCore () (pow 2))": "line 1, column 12 at '(pow 2))': pow takes 2 arguments, not 1",
    "(FPCore () 1/0)": "line 1, column 12 at '1/0)': '1/0' divides by zero; give a denominator other than 0",
    "(" * 10**5: "line 1, column 100000 at '(': a parenthesis is not closed; close it",
    " " * 10**6: "an FPCore file of 1000000 characters; use at most 250000",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:40]))
def test_bad_cores(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_fpcore(text)
    assert str(caught.value) == BAD[text]


REFUSED = {
    "cav10.fpcore": "'if' is not supported",
    "floudas1.fpcore": "neither an input nor a number",
    "intro_example_mixed.fpcore": "'cast' is not supported",
    "smartRoot.fpcore": "precondition is not a comparison",
}


@pytest.mark.skipif(not FPBENCH.is_dir(), reason="the benchmark files are not beside the repository")
def test_benchmarks_are_read_or_refused_for_a_true_reason() -> None:
    paths = sorted(FPBENCH.glob("*.fpcore"))
    assert len(paths) >= 35
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if path.name in REFUSED:
            with pytest.raises(InputError, match=REFUSED[path.name]):
                read_fpcore(text)
        else:
            core = read_fpcore(text)
            assert ordered(read_fpcore(to_fpcore(core.expression, core.box)).expression) == ordered(core.expression)
            assert set(core.expression.variables) <= set(core.box)
