"""Infix formulas: against Python's own grammar, and back from what the writer writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suffice.encodings.expression import Expression, ExpressionBuilder, Node
from suffice.encodings.limits import MAX_FORMULA
from suffice.encodings.operations import Op
from suffice.encodings.readers.text import read_condition, read_expression
from suffice.encodings.writers.text import to_short_text, to_text
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from tests.encodings.dags import branching_dags, dags, ordered
from tests.encodings.values import chosen_value, exact_value

X, Y = Node(Op.VAR, (), "x"), Node(Op.VAR, (), "y")


def read(text: str) -> Expression:
    return read_expression(text, ["x", "y"])


def constant(value: Fraction | int) -> Expression:
    return Expression((Node(Op.CONST, (), Fraction(value)),))


numbers = st.integers(0, 9).map(str)
terms = st.recursive(
    st.one_of(numbers, st.sampled_from("xy")),
    lambda inner: st.one_of(
        st.builds("{}{}{}".format, inner, st.sampled_from(["+", "-", "*", "/", " - "]), inner),
        st.builds("-{}".format, inner),
        st.builds("({})".format, inner),
        st.builds("{}^{}".format, st.one_of(numbers, st.sampled_from("xy"), inner.map("({})".format)), st.integers(-3, 3)),
    ),
    max_leaves=12,
)


def python_value(text: str, point: dict[str, Fraction]) -> Fraction:
    """Python's own reading of the same text, in rationals."""
    return Fraction(eval(re.sub(r"(\d+)", r"F(\1)", text.replace("^", "**")), {"F": Fraction, **point}))


@given(terms)
@settings(deadline=None, max_examples=400)
@example("-x^2")
@example("x-y-2/3/4*x")
@example("-3^2")
@example("2^-1*x")
def test_precedence_is_that_of_python(text: str) -> None:
    for x, y in product((Fraction(3), Fraction(-2, 7)), (Fraction(5, 3),)):
        point = {"x": x, "y": y}
        try:
            wanted = python_value(text, point)
        except ZeroDivisionError:
            return
        assert exact_value(read(text), point) == wanted


@given(dags())
@settings(deadline=None, max_examples=400)
def test_what_is_written_is_read_back(expression: Expression) -> None:
    assert ordered(read_expression(to_text(expression), expression.variables)) == ordered(expression)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-8", Fraction(1, 10**8)), ("0.1", Fraction(1, 10)), ("1/3", Fraction(1, 3)), ("-1/3", Fraction(-1, 3)), ("1/-3", Fraction(-1, 3)),
     ("-3", -3), ("(-3)", -3), ("0x1.8p+0", Fraction(3, 2)), ("0x10", 16), (".5", Fraction(1, 2)), ("2.", 2), ("0.5/0.25", 2)],
)  # fmt: skip
def test_literals_are_one_exact_constant(text: str, value: Fraction) -> None:
    assert read(text) == constant(value)


@pytest.mark.parametrize("text", ["0.1 + 0.2", "1/(3)", "(1)/3", "-(3)", "1/3/5", "2*3", "1 - 1", "3^2"])
def test_other_constants_are_not_folded(text: str) -> None:
    """The DAG is the program."""
    assert len(read(text).nodes) > 1


@pytest.mark.parametrize(
    ("text", "same"),
    [("x**2", "x^2"), ("pow(x, 2)", "x^2"), ("x^0.5", "sqrt(x)"), ("x^(1/2)", "sqrt(x)"), ("ln(x)", "log(x)"), ("arcsin(x)", "asin(x)"),
     ("arctan(x)", "atan(x)"), ("fabs(x)", "abs(x)"), ("max(x, y, 1)", "max(max(x, y), 1)"), ("relu(x)", "max(x, 0)"),
     ("sigmoid(x)", "1/(1 + exp(-x))"), ("logistic(y)", "1/(1 + exp(-y))"), ("x\n*\ty", "x*y"), ("E*PI", "e*pi"), ("((x))", "x"),
     ("x^2^1", None), ("x^y", "powr(x, y)"), ("x^1.5", "powr(x, 3/2)"), ("pow(x, -1/3)", "powr(x, (-1/3))"), ("2^x", "powr(2, x)"),
     ("x^y^2", "powr(x, y^2)"),
     ("arctan2(x, y)", "atan2(x, y)"), ("arcsinh(x)", "asinh(x)"),
     ("x - -y", "x - (-y)"), ("-x*y", "(-x)*y"), ("x/y/2", "(x/y)/2"), ("x - y - 2", "(x - y) - 2")],
)  # fmt: skip
def test_spellings(text: str, same: str | None) -> None:
    if same is None:
        with pytest.raises(InputError):
            read(text)
    else:
        assert ordered(read(text)) == ordered(read(same))


def test_inputs_come_before_constants_and_functions() -> None:
    assert read_expression("e", ["e"]).nodes == (Node(Op.VAR, (), "e"),)
    assert read_expression("e", ["x"]).nodes == (Node(Op.E),)
    assert read_expression("sin(sin)", ["sin"]).nodes == (Node(Op.VAR, (), "sin"), Node(Op.SIN, (0,)))
    assert to_text(Expression((Node(Op.VAR, (), "e"), Node(Op.E), Node(Op.ADD, (0, 1))))) == "e + E"


def test_equal_subterms_are_shared() -> None:
    assert read("exp(x)/(exp(x) + exp(y))").nodes == (
        X, Node(Op.EXP, (0,)), Y, Node(Op.EXP, (2,)), Node(Op.ADD, (1, 3)), Node(Op.DIV, (1, 4)),
    )  # fmt: skip


_VALUE = "write a number, a name or ( before it"
_PRODUCT = "write a product as 2*x"
_POWER = "write exp(b) for e^b, and powr(e, b) for a power of the rounded e"
_COMPUTED = "an exponent is computed from numbers; write it as one number, or powr(a, b) for a > 0"
BAD = {
    "": "the formula is empty; write one, as in x^2 - 2*x",
    " \n": "the formula is empty; write one, as in x^2 - 2*x",
    "x +": "the formula ends too early; complete it, and close every parenthesis",
    "(x": "the formula ends too early; complete it, and close every parenthesis",
    "x)": f"line 1, column 2 at ')': unexpected ')'; {_VALUE}",
    "()": f"line 1, column 2 at ')': unexpected ')'; {_VALUE}",
    "x * / y": f"line 1, column 5 at '/ y': unexpected '/'; {_VALUE}",
    "x, y": f"line 1, column 2 at ', y': unexpected ','; {_VALUE}",
    "+x": f"line 1, column 1 at '+x': unexpected '+'; {_VALUE}",
    "2x": f"line 1, column 2 at 'x': an operator is missing before 'x'; {_PRODUCT}",
    "x y": f"line 1, column 3 at 'y': an operator is missing before 'y'; {_PRODUCT}",
    "(x)(y)": f"line 1, column 4 at '(y)': an operator is missing before '('; {_PRODUCT}",
    "1e+x": f"line 1, column 2 at 'e+x': an operator is missing before 'e'; {_PRODUCT}",
    "1.2.3": f"line 1, column 4 at '.3': an operator is missing before '.3'; {_PRODUCT}",
    "x +\n  3 $ y": "line 2, column 5 at '$ y': unexpected character '$'; remove it",
    "x \u2212 y": "line 1, column 3 at '\u2212 y': unexpected character '\u2212'; write - for it",
    "x\u00b2": "line 1, column 2 at '\u00b2': unexpected character '\u00b2'; write ^2 for it",
    "x = 1": "line 1, column 3 at '= 1': unexpected character '='; remove it",
    "__import__('os')": 'line 1, column 12 at "\'os\')": unexpected character "\'"; remove it',
    "z + x": "line 1, column 1 at 'z + x': unknown name 'z'; give it an interval, as in z=-1:1",
    "sin": "line 1, column 1 at 'sin': unknown name 'sin'; give it an interval, as in sin=-1:1",
    "sine(x)": "line 1, column 1 at 'sine(x)': unknown function 'sine'; did you mean sin or sinh?",
    "exp10(x)": "line 1, column 1 at 'exp10(x)': unknown function 'exp10'; write pow(10, x)",
    "zeta(x)": "line 1, column 1 at 'zeta(x)': unknown function 'zeta'; use a known function",
    "x(y)": "line 1, column 1 at 'x(y)': unknown function 'x'; use a known function",
    "sin(x, y)": "line 1, column 1 at 'sin(x, y)': sin takes 1 argument, not 2",
    "max(x)": "line 1, column 1 at 'max(x)': max takes 2 arguments, not 1",
    "fma(x, y)": "line 1, column 1 at 'fma(x, y)': fma takes 3 arguments, not 2",
    "relu(x, y)": "line 1, column 1 at 'relu(x, y)': relu takes 1 argument, not 2",
    "pow(x)": "line 1, column 1 at 'pow(x)': pow takes 2 arguments, not 1",
    "e^x": f"line 1, column 1 at 'e^x': a power of e with an exponent that is no number; {_POWER}",
    "x^2^3": f"line 1, column 1 at 'x^2^3': {_COMPUTED}",
    "x^(pi/2)": f"line 1, column 1 at 'x^(pi/2)': {_COMPUTED}",
    "x^1001": "line 1, column 1 at 'x^1001': an exponent is too large; use integers within +-1000",
    "y + 1/0": "line 1, column 5 at '1/0': a literal is divided by zero; give another denominator",
    "1e99999": "line 1, column 1 at '1e99999': the exponent of '1e99999' is too large; "
    "use decimal exponents within +-1000, binary ones within +-2097152",
    "x" * 10**7: "a formula of 10000000 characters; use at most 250000, or name shared terms in an FPCore file",
    "(" * 10**5: "the formula ends too early; complete it, and close every parenthesis",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:20]))
def test_bad_formulas(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value) == BAD[text]
    assert "\n" not in str(caught.value)


def test_deep_nesting_is_read() -> None:
    depth = 10**5
    assert read("(" * depth + "x" + ")" * depth).nodes == (X,)
    deep = 10_000
    expression = read("sin(" * deep + "x" + ")" * deep)
    assert len(expression.nodes) == deep + 1
    assert to_text(expression) == "sin(" * deep + "x" + ")" * deep


def test_more_operations_than_a_certificate_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suffice.encodings.readers.text.MAX_NODES", 10)
    assert len(read("+".join(f"x*{i}" for i in range(3))).nodes) == 9
    with pytest.raises(InputError, match="a formula of 12 distinct operations; use at most 10"):
        read("+".join(f"x*{i}" for i in range(4)))


def test_sharing_that_explodes_is_not_written_out() -> None:
    builder = ExpressionBuilder()
    term = builder.variable("x")
    for _ in range(200):
        term = builder.apply(Op.MUL, term, term)
    expression = builder.build(term)
    with pytest.raises(InputError, match=f"more than {MAX_FORMULA} characters"):
        to_text(expression)
    assert to_short_text(expression, 20) == "x*x*(x*x)*(x*x*(x*x)..."[: len(to_short_text(expression, 20))]
    assert len(to_short_text(expression, 20)) <= 23


@pytest.mark.parametrize(
    ("text", "written"),
    [("0.044715*x^3", "0.044715*x^3"), ("x*(1/3)", "x*(1/3)"), ("x-(y-1)", "x - (y - 1)"), ("-(x*y)", "-(x*y)"), ("(-x)^2", "(-x)^2"),
     ("-x^2", "-x^2"), ("2*-3", "2*(-3)"), ("exp(-1/3)", "exp(-1/3)"), ("x*-0.25", "x*(-0.25)")],
)  # fmt: skip
def test_few_parentheses(text: str, written: str) -> None:
    assert to_text(read(text)) == written


CHOICES: dict[str, Callable[[Fraction, Fraction], Any]] = {
    "if x < y then x else y": lambda x, y: x if x < y else y,
    "(if x >= y then x else -y)*2 + 1": lambda x, y: (x if x >= y else -y) * 2 + 1,
    "if x < 0 then 1 else if x == 0 then 2 else 3 + x": lambda x, _: 1 if x < 0 else 2 if x == 0 else 3 + x,
    "if not x < 0 and y > 0 or x != y then 1 else 2": lambda x, y: 1 if (not x < 0 and y > 0) or x != y else 2,
    "if -1 < x <= y then x else 1/(x*x + 1)": lambda x, y: x if -1 < x <= y else 1 / (x * x + 1),
    "if x*x > 0 then if y > 0 then 1 else 2 else 3": lambda x, y: (1 if y > 0 else 2) if x * x > 0 else 3,
}


@pytest.mark.parametrize("text", CHOICES)
def test_branches_are_those_of_python(text: str) -> None:
    expression = read(text)
    assert ordered(read(to_text(expression))) == ordered(expression)
    for x in map(Fraction, range(-2, 3)):
        for y in map(Fraction, range(-2, 3)):
            assert chosen_value(expression, {"x": x, "y": y}) == CHOICES[text](x, y)


@given(branching_dags())
@settings(deadline=None, max_examples=200)
def test_branches_are_read_back(expression: Expression) -> None:
    assert ordered(read_expression(to_text(expression), expression.variables)) == ordered(expression)


def test_casts_carry_the_format() -> None:
    for text in ("cast(x + y, fp16)", "fp16(x + y)", 'cast(x + y, "fp16")', "half(x + y)"):
        expression = read_expression(text, ["x", "y"])
        assert [(node.op, node.format) for node in expression.nodes[2:]] == [(Op.ADD, None), (Op.CAST, parse_format("fp16"))]
        assert to_text(expression) == "cast(x + y, fp16)"
    odd = read_expression('cast(x, "float(p=12,emin=-126,emax=127)") + cast(x)', ["x"])
    assert ordered(read_expression(to_text(odd), ["x"])) == ordered(odd)
    assert [node.format for node in odd.nodes if node.op is Op.CAST] == [parse_format("float(p=12,emin=-126,emax=127)"), None]


A = {"a": ("a_0", "a_1", "a_2", "a_3", "a_4"), "b": ("b_0", "b_1", "b_2", "b_3", "b_4"), "c": ("c_0",)}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a[4] - a[0]", "a_4 - a_0"),
        ("sum(a)", "a_0 + a_1 + a_2 + a_3 + a_4"),
        ("sum(a, pairwise)", "a_0 + a_1 + a_2 + (a_3 + a_4)"),
        ("dot(a, b)", "a_0*b_0 + a_1*b_1 + a_2*b_2 + a_3*b_3 + a_4*b_4"),
        ("dot(a, b, pairwise)", "a_0*b_0 + a_1*b_1 + a_2*b_2 + (a_3*b_3 + a_4*b_4)"),
        ("dot(a, b, fma)", "fma(a_4, b_4, fma(a_3, b_3, fma(a_2, b_2, fma(a_1, b_1, a_0*b_0))))"),
        ("dot(c, c)", "c_0*c_0"),
    ],
)
def test_vectors(text: str, written: str) -> None:
    assert to_text(read_expression(text, [], A)) == written


def test_conditions() -> None:
    assert to_text(read_condition("0 < x <= y or not (x == y and y > 1)", ["x", "y"])) == "0 < x and x <= y or not (x == y and 1 < y)"


MISPLACED = {
    "x < y": "the formula is true or false; write a number, as in if C then 1 else 0",
    "x + (x < y)": "line 1, column 1 at 'x + (x < y)': a truth stands where a number is needed; write if C then A else B",
    "if x then 1 else 2": "line 1, column 4 at 'x then 1 else 2': a number stands where a truth is needed; compare it, as in x < 0",
    "if x < 1 then 1": "the formula ends too early; complete it, and close every parenthesis",
    "1 + if x < 1 then 1 else 2": "line 1, column 5 at 'if x < 1 then 1 else 2': unexpected 'if'; "
    "write if C then A else B in parentheses, and truths only in C",
    "cast(x, fp17)": "line 1, column 1 at 'cast(x, fp17)': 'fp17' is not a format; "
    "name one that suffice formats lists, or write it in quotes",
    '"fp16"': 'line 1, column 1 at \'"fp16"\': a text in quotes stands for no number; use it as a format, as in cast(x, "fp16")',
    "a + 1": "line 1, column 1 at 'a + 1': a is a vector; write a part of it, as in a[0], or sum(a)",
    "a[5]": "line 1, column 1 at 'a[5]': a has no part 5; count from 0 to 4",
    "x[0]": "line 1, column 1 at 'x[0]': 'x' is no vector; give it intervals, as in x[3]=-1:1",
    "dot(a)": "line 1, column 1 at 'dot(a)': dot takes 2 vectors and perhaps an order; write dot(a, b) or sum(a, pairwise)",
    "dot(a, c)": "line 1, column 1 at 'dot(a, c)': the vectors differ in length; give them the same number of parts",
    "sum(a, fma)": "line 1, column 1 at 'sum(a, fma)': unknown order 'fma'; choose sequential or pairwise",
}


@pytest.mark.parametrize("text", MISPLACED)
def test_bad_branches_casts_and_vectors(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_expression(text, ["x", "y"], A)
    assert str(caught.value) == MISPLACED[text]
