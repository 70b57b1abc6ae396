"""FPCore: hand-made pairs with infix formulas, scoping, refusals, and back from what the writer writes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval
from suffice.encodings.readers.fpcore import FPCoreProblem, read_fpcore, read_fpcores
from suffice.encodings.readers.text import read_expression
from suffice.encodings.writers.fpcore import to_fpcore
from suffice.encodings.writers.text import to_text
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT, FloatFormat, Format
from tests.encodings.dags import FORMATS, branching_dags, dags, ordered
from tests.encodings.values import chosen_value

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
    ("(pow x 1/3)", "x^(1/3)"),
    ("(pow x y)", "powr(x, y)"),
    ("(pow E x)", "powr(e, x)"),
    ("(powr x 2)", "powr(x, 2)"),
    ("(exp2 (log2 (log10 (cbrt x))))", "exp2(log2(log10(cbrt(x))))"),
    ("(asinh (acosh (atanh x)))", "asinh(acosh(atanh(x)))"),
    ("(hypot x (atan2 y x))", "hypot(x, atan2(y, x))"),
    ("(fdim x y)", "max(x - y, 0)"),
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


@given(branching_dags(FORMATS))
@settings(deadline=None, max_examples=300)
def test_branches_and_formats_are_read_back(expression: Expression) -> None:
    box = {name: Interval(Fraction(-1, 3), Fraction(7)) for name in expression.variables}
    again = read_fpcore(to_fpcore(expression, box)).expression
    assert ordered(again) == ordered(expression)


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
    "(FPCore ((A n)) 1)": "line 1, column 13 at 'n)) 1)': the dimensions of a tensor are not stated; "
    "write its dimensions as numbers from 1 to 256, as in (A 3)",
    "(FPCore (3x) 1)": "line 1, column 10 at '3x) 1)': '3x' is not a name; begin it with a letter",
    "(FPCore ((A 200) (B 57)) 1)": "line 1, column 9 at '((A 200) (B 57)) 1)': more than 256 inputs; use shorter tensors",
    "(FPCore (x) x)": ":pre: the input x lacks an interval, that is, a lower and an upper bound; add (<= LO x HI)",
    "(FPCore (x) :pre (<= 0 x) x)": ":pre: the input x lacks an upper bound; add (<= LO x HI)",
    "(FPCore (x) :pre (>= 0 x) x)": ":pre: the input x lacks a lower bound; add (<= LO x HI)",
    "(FPCore (x) :pre (<= 2 x 1) x)": ":pre of x: the interval is empty; write the smaller end first",
    "(FPCore (x) :pre TRUE x)": ":pre: the input x lacks an interval, that is, a lower and an upper bound; add (<= LO x HI)",
    "(FPCore (x) :pre (> 1 2) x)": ":pre: no point satisfies the precondition; correct it",
    "(FPCore (x) :pre (+ x 1) x)": "line 1, column 18 at '(+ x 1) x)': a precondition is not true or false; "
    "write comparisons, as in (<= 0 x 1)",
    "(FPCore (x y) :pre (<= 0 x y 1) x)": ":pre: the input x lacks an upper bound; add (<= LO x HI)",
    "(FPCore () :precision (posit 2 16) 1)": "line 1, column 23 at '(posit 2 16) 1)': "
    "the precision 'posit' with parameters is not supported; write (float EXPONENT_BITS BITS), or name a format, as in binary32",
    "(FPCore () :precision binary32 :round up 1)": "line 1, column 39 at 'up 1)': "
    "unknown rounding; choose nearestEven or nearestAway or toPositive or toNegative or toZero",
    "(FPCore () (if 1 2 3))": "line 1, column 12 at '(if 1 2 3))': "
    "a number or a tensor stands where a truth is needed; compare it, as in (< x 0)",
    "(FPCore () (< 1 2))": "line 1, column 12 at '(< 1 2))': the value is true or false; give a number, as in (if C 1 0)",
    "(FPCore () (+ 1 (< 1 2)))": "line 1, column 12 at '(+ 1 (< 1 2)))': a truth or a tensor stands where a number is needed; give numbers",
    "(FPCore () (! :precision binary64))": "line 1, column 12 at '(! :precision binary64))': "
    "not an annotation; write (! :precision binary32 TERM)",
    "(FPCore () (isnan 1))": "line 1, column 12 at '(isnan 1))': the construct 'isnan' is not supported; rewrite the core without it",
    "(FPCore () (+ 1 2 3))": "line 1, column 12 at '(+ 1 2 3))': + does not take 3 arguments",
    "(FPCore () ((+ 1 2)))": "line 1, column 12 at '((+ 1 2)))': not an operation; write (OPERATION ARGUMENT ...)",
    "(FPCore () ())": "line 1, column 12 at '())': not an operation; write (OPERATION ARGUMENT ...)",
    "(FPCore () INFINITY)": "line 1, column 12 at 'INFINITY)': the constant INFINITY is no real number; "
    "use a finite number, or an input with an interval",
    "(FPCore () LOG2E)": "line 1, column 12 at 'LOG2E)': the constant LOG2E is not one operation on rational numbers; "
    "bind the number that the program holds by let",
    "(FPCore () (let ((a 1)) b))": "line 1, column 25 at 'b))': unknown name 'b'; bind it by let, or make it an argument",
    "(FPCore () (+ (let ((a 1)) a) a))": "line 1, column 31 at 'a))': unknown name 'a'; bind it by let, or make it an argument",
    "(FPCore () (let ((a 1) (a 2)) a))": "line 1, column 12 at '(let ((a 1) (a 2)) a))': "
    "a let binds a name twice; rename one, or write let*",
    "(FPCore () (let (a 1) a))": "line 1, column 18 at 'a 1) a))': not a binding; write [name value]",
    "(FPCore () (let a))": "line 1, column 12 at '(let a))': not a let; write (let ([name value] ...) body)",
    "(FPCore () (pow 2))": "line 1, column 12 at '(pow 2))': pow does not take 1 argument",
    "(FPCore () 1/0)": "line 1, column 12 at '1/0)': '1/0' divides by zero; give a denominator other than 0",
    "(" * 10**5: "line 1, column 100000 at '(': a parenthesis is not closed; close it",
    " " * 5_000_000: "an FPCore file of 5000000 characters; use at most 4000000",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:40]))
def test_bad_cores(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_fpcore(text)
    assert str(caught.value) == BAD[text]


FP32, FP64, BF16_UP = parse_format("fp32"), parse_format("fp64"), parse_format("bf16(rounding=up)")


def formats(text: str, **properties: str) -> list[tuple[str, Format | None]]:
    written = " ".join(f":{key} {value}" for key, value in properties.items())
    core = read_fpcore(f"(FPCore (x y) {written} :pre (and (<= 1 x 2) (<= 1 y 2)) {text})")
    return [(node.op.value, node.format) for node in core.expression.nodes if node.args]


def test_an_annotation_holds_for_what_stands_inside_it_and_the_core_leaves_the_format_open() -> None:
    inner = "(* x (! :precision binary64 (/ y (! :precision binary32 (+ y 1)))))"
    assert formats(inner, precision="binary32") == [("add", FP32), ("div", FP64), ("mul", None)]
    assert formats("(cast (! :precision binary64 (/ x y)))") == [("div", FP64), ("cast", None)]
    assert formats("(! :precision binary32 (cast (+ x y)))") == [("add", FP32), ("cast", FP32)]
    assert formats("(! :precision real (+ x y))") == [("add", EXACT)]
    assert formats("(! :cite (somebody) (+ x y))") == [("add", None)]


def test_a_rounding_alone_keeps_the_precision_around_it() -> None:
    assert formats("(! :round toPositive (+ x y))") == [("add", parse_format("fp64(rounding=up)"))]
    assert formats("(! :round toPositive (+ x y))", precision="bfloat16") == [("add", BF16_UP)]
    assert formats("(! :precision bfloat16 (+ x y))", round="toPositive") == [("add", BF16_UP)]
    assert formats("(+ x y)", round="toPositive") == [("add", None)]


def test_an_if_rounds_nothing() -> None:
    assert formats("(if (< x y) (+ x y) y)")[-1] == ("if", None)
    assert formats("(if (< x y) (! :precision binary64 (+ x y)) y)")[-1] == ("if", EXACT)
    assert formats("(! :precision binary32 (if (< x y) (+ x y) (* x y)))")[-1] == ("if", FP32)


def test_parameters_of_formats() -> None:
    assert formats("(! :precision (float 8 32) (+ x y))") == [("add", FP32)]
    assert formats("(! :precision (float 5 16) (+ x y))") == [("add", parse_format("fp16"))]
    (_, wide), (_, extended) = formats("(+ (! :precision binary128 (* x y)) 1)")[0], formats("(! :precision binary80 (+ x y))")[0]
    assert isinstance(wide, FloatFormat) and (wide.p, wide.emin, wide.emax, wide.bits) == (113, -16382, 16383, 128)
    assert isinstance(extended, FloatFormat) and (extended.p, extended.emin, extended.emax) == (64, -16382, 16383)
    core = read_fpcore("(FPCore (x (! :precision bfloat16 :round toPositive y)) :pre (and (<= 1 x 2) (<= 1 y 2)) (+ x y))")
    assert {node.payload: node.format for node in core.expression.nodes if not node.args} == {"x": None, "y": BF16_UP}


CHOICES: dict[str, Callable[[Fraction, Fraction], Any]] = {
    "(if (< x y) x y)": lambda x, y: x if x < y else y,
    "(if (> x y 1) x (- y))": lambda x, y: x if x > y > 1 else -y,
    "(if (>= x y) x (- y))": lambda x, y: x if x >= y else -y,
    "(if (<= x y) x (- y))": lambda x, y: x if x <= y else -y,
    "(if (== x y) 1 (/ 1 (- x y)))": lambda x, y: Fraction(1) if x == y else 1 / (x - y),
    "(if (!= x y 2) 1 2)": lambda x, y: Fraction(1 if x != y and y != 2 and x != 2 else 2),
    "(if (or (< x 1) (not (< y 1))) x y)": lambda x, y: x if x < 1 or not y < 1 else y,
    "(if (and TRUE (< x y) (or (> x 0))) 1 2)": lambda x, y: Fraction(1 if 0 < x < y else 2),
    "(if (if (< x 0) (< y 0) TRUE) 1 2)": lambda x, y: Fraction(1 if x >= 0 or y < 0 else 2),
    "(let ((c (< x y))) (if c (if (not c) (/ 1 0) x) y))": lambda x, y: x if x < y else y,
}


@pytest.mark.parametrize("text", CHOICES)
def test_choices_take_the_branch_that_python_takes(text: str) -> None:
    core = read_fpcore(f"(FPCore (x y) :pre (and (<= -3 x 3) (<= -3 y 3)) {text})")
    for x in range(-3, 4):
        for y in range(-3, 4):
            point = {"x": Fraction(x), "y": Fraction(y)}
            assert chosen_value(core.expression, point) == CHOICES[text](Fraction(x), Fraction(y))


def test_what_of_pre_is_no_box_stays_a_precondition() -> None:
    core = read_fpcore("(FPCore (x y) :pre (let ((r 2)) (and (<= 0 x 1) (< (fabs y) (* r r)) (> (- x y) 1/4) (!= x y))) x)")
    assert core.box == {"x": Interval(Fraction(0), Fraction(1)), "y": Interval(Fraction(-4), Fraction(4))}
    assert [to_text(condition) for condition in core.preconditions] == ["0.25 < x - y", "not (x == y)"]
    assert [to_text(condition) for condition in core.open_ends] == ["abs(y) < 2*2"]
    around = read_fpcore("(FPCore (x) :pre (or (<= 1 x 2) (and (<= 4 x) (< x 5))) x)")
    assert around.box == {"x": Interval(Fraction(1), Fraction(5))} and len(around.preconditions) == 1
    irrational = read_fpcore("(FPCore (x) :pre (< 0.05 x (* 2 PI)) x)")
    assert Fraction("6.2831853") < irrational.box["x"].hi < Fraction("6.2831854") and len(irrational.preconditions) == 1
    with pytest.raises(InputError, match="the input y lacks an interval"):
        read_fpcore("(FPCore (x y) :pre (and (<= 0 x 1) (< x y)) y)")


def test_several_cores_and_their_errors() -> None:
    first, second, third = read_fpcores("(FPCore () 1) (FPCore (x) x) (FPCore () 2)")
    assert isinstance(second, InputError) and "the input x lacks" in str(second)
    assert [core.expression.nodes[0].payload for core in (first, third) if isinstance(core, FPCoreProblem)] == [1, 2]


@pytest.mark.skipif(not FPBENCH.is_dir(), reason="the benchmark files are not beside the repository")
def test_every_benchmark_is_read_and_written_back() -> None:
    paths = sorted(FPBENCH.glob("*.fpcore"))
    assert len(paths) >= 35
    for path in paths:
        core = read_fpcore(path.read_text(encoding="utf-8"))
        again = read_fpcore(to_fpcore(core.expression, core.box, preconditions=core.preconditions))
        assert ordered(again.expression) == ordered(core.expression)
        assert list(map(ordered, again.preconditions)) == list(map(ordered, core.preconditions))
        assert set(core.expression.variables) <= set(core.box)
