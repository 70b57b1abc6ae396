"""SMT-LIB by what Z3 computes from it, LaTeX by examples."""

from __future__ import annotations

from fractions import Fraction

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.readers.text import read_expression
from suffice.encodings.writers.latex import latex_name, to_latex
from suffice.encodings.writers.smtlib import smt_number, smt_symbol, to_smtlib
from suffice.encodings.writers.sympy_writer import to_sympy
from tests.encodings.dags import NAMES, RATIONAL, branching_dags, dags
from tests.encodings.values import chosen_value, exact_value


def outcome(commands: list[str]) -> str:
    solver = z3.Solver()
    solver.set("timeout", 10_000)
    solver.from_string("\n".join(commands))
    return str(solver.check())


@given(dags(ops=RATIONAL, named=False, largest=8), st.lists(st.fractions(-3, 3, max_denominator=16), min_size=5, max_size=5))
@settings(deadline=None, max_examples=100)
def test_rational_terms_have_their_value(expression: Expression, coordinates: list[Fraction]) -> None:
    point = dict(zip(NAMES, coordinates, strict=True))
    try:
        value = exact_value(expression, point)
    except ZeroDivisionError:
        return
    terms = to_smtlib(expression)
    assert not terms.opaque
    given_point = [f"(assert (= {smt_symbol(name)} {smt_number(point[name])}))" for name in expression.variables]
    commands = [*terms.declarations, *given_point]
    assert outcome([*commands, f"(assert (not (= {terms.value} {smt_number(value)})))"]) == "unsat"
    assert outcome([*commands, f"(assert (= {terms.value} {smt_number(value)}))"]) == "sat"


@given(branching_dags(largest=8), st.lists(st.fractions(-3, 3, max_denominator=16), min_size=2, max_size=2))
@settings(deadline=None, max_examples=60)
def test_branches_have_their_value(expression: Expression, coordinates: list[Fraction]) -> None:
    point = dict(zip(("x", "y"), coordinates, strict=True))
    try:
        value = chosen_value(expression, point)
    except ZeroDivisionError:
        return
    terms = to_smtlib(expression)
    given_point = [f"(assert (= {name} {smt_number(point[name])}))" for name in expression.variables]
    assert outcome([*terms.declarations, *given_point, f"(assert (not (= {terms.value} {smt_number(Fraction(value))})))"]) == "unsat"


def test_elementary_functions_are_constants_about_which_nothing_is_asserted() -> None:
    terms = to_smtlib(read_expression("exp(2*x)/(exp(2*x) + sqrt(y)) + pi", ["x", "y"]))
    assert sorted(terms.arguments.values()) == [(), ("(* 2.0 x)",), ("y",)]
    assert all("assert" not in command for command in terms.declarations)
    assert outcome([*terms.declarations, f"(assert (= {terms.value} 7.0))"]) == "sat"


def test_shared_terms_are_defined_once() -> None:
    builder = ExpressionBuilder()
    term = builder.variable("x")
    for _ in range(200):
        term = builder.apply(Op.ADD, term, term)
    terms = to_smtlib(builder.build(term))
    assert sum(map(len, terms.declarations)) < 20_000
    assert outcome([*terms.declarations, "(assert (= x 1.0))", f"(assert (not (= {terms.value} {2**200}.0)))"]) == "unsat"


def test_numbers_and_symbols() -> None:
    assert smt_number(Fraction(-1, 3)) == "(- (/ 1.0 3.0))"
    assert smt_number(Fraction(2)) == "2.0"
    assert (smt_symbol("x"), smt_symbol("let"), smt_symbol("exp")) == ("x", "|input let|", "|input exp|")


@pytest.mark.parametrize(
    ("infix", "latex"),
    [
        ("exp(x)/(exp(x) + exp(y))", r"\frac{\exp\left(x\right)}{\exp\left(x\right) + \exp\left(y\right)}"),
        ("x^2 - 2*x", r"{x}^{2} - 2 \cdot x"),
        ("(x + y)^2", r"{\left(x + y\right)}^{2}"),
        ("-(x*y)", r"-\left(x \cdot y\right)"),
        ("sqrt(abs(x)) - (-0.25)", r"\sqrt{\left|x\right|} - \left(-0.25\right)"),
        ("x^(-1)*(1/3)", r"{x}^{-1} \cdot \frac{1}{3}"),
        ("log1p(pi)", r"\operatorname{log1p}\left(\pi\right)"),
    ],
)
def test_latex(infix: str, latex: str) -> None:
    assert to_latex(read_expression(infix, ["x", "y"])) == latex


def test_latex_names() -> None:
    names = {"x": "x", "x1": "x_{1}", "x_12": "x_{12}", "alpha": r"\alpha", "theta_2": r"\theta_{2}", "rate_in": r"\mathrm{rate\_in}"}
    assert {name: latex_name(name) for name in names} == names


def test_latex_of_branches() -> None:
    formula = read_expression("2*(if x < 1 and not (y == 0) then fp16(x + y)*2 else y)", ["x", "y"])
    assert to_latex(formula) == (
        r"2 \cdot \left(\begin{cases} \left(x + y\right) \cdot 2 & \text{if } x < 1 \land \lnot \left(y = 0\right)"
        r" \\ y & \text{otherwise} \end{cases}\right)"
    )


def test_sympy_takes_the_same_branches() -> None:
    formula = read_expression("if x < y and not (y <= 1 or x == 0) then fp16(x)*y else x + 1", ["x", "y"])
    for x in range(-2, 3):
        for y in range(-2, 3):
            computed = to_sympy(formula).subs({"x": x, "y": y}).doit()
            assert computed == chosen_value(formula, {"x": Fraction(x), "y": Fraction(y)})
