"""SymPy expressions: against SymPy's own numbers, and there and back."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy.codegen import cfunctions

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.readers.sympy_reader import from_sympy
from suffice.encodings.readers.text import read_expression
from suffice.encodings.writers.sympy_writer import to_sympy
from suffice.errors import InputError
from tests.encodings.dags import RATIONAL, dags, ordered
from tests.encodings.values import exact_value, value

x, y = sympy.symbols("x y")

SHAPES: list[tuple[Any, str]] = [
    (x - y, "x - y"),
    (-x, "-x"),
    (x / 3, "x/3"),
    (2 * x / 3, "2*x/3"),
    (-x / 2, "-x/2"),
    (1 / x, "1/x"),
    (x**-2, "1/x^2"),
    (x**2 - 2 * x, "x^2 - 2*x"),
    (sympy.sqrt(x), "sqrt(x)"),
    (1 / sympy.sqrt(x), "1/sqrt(x)"),
    (1 / (1 + sympy.exp(-x)), "1/(1 + exp(-x))"),
    (x - 2 * (x + y), "-x - 2*y"),
    (sympy.Rational(1, 3), "1/3"),
    (sympy.Float(0.5) * x, "0.5*x"),
    (sympy.Float(0.1), str(Fraction(0.1))),
    (x**0.5, "sqrt(x)"),
    (x**2.0, "x^2"),
    (x**y, "powr(x, y)"),
    (x ** sympy.Rational(3, 2), "powr(x, 3/2)"),
    (x ** sympy.Rational(-1, 3), "1/powr(x, 1/3)"),
    (sympy.atan2(y, x), "atan2(y, x)"),
    (sympy.asinh(sympy.acosh(sympy.atanh(x))), "asinh(acosh(atanh(x)))"),
    (cfunctions.exp2(cfunctions.log2(cfunctions.log10(cfunctions.Cbrt(x)))), "exp2(log2(log10(cbrt(x))))"),
    (cfunctions.hypot(x, y), "hypot(x, y)"),
    (sympy.E * sympy.pi * x, "e*pi*x"),
    (sympy.Max(x, y, 1), "max(max(1, x), y)"),
    (sympy.Min(x, y), "min(x, y)"),
    (sympy.Abs(x), "abs(x)"),
    (sympy.log(sympy.sin(sympy.cos(sympy.tan(x)))), "log(sin(cos(tan(x))))"),
    (sympy.asin(sympy.acos(sympy.atan(x))), "asin(acos(atan(x)))"),
    (sympy.sinh(sympy.cosh(sympy.tanh(x))), "sinh(cosh(tanh(x)))"),
]


@pytest.mark.parametrize(("expression", "infix"), SHAPES, ids=str)
def test_shapes(expression: Any, infix: str) -> None:
    assert ordered(from_sympy(expression)) == ordered(read_expression(infix, ["x", "y"]))


functions = st.sampled_from(
    [sympy.exp, sympy.sin, sympy.cos, sympy.tanh, sympy.atan, sympy.Abs, lambda u: sympy.sqrt(1 + u**2), lambda u: sympy.log(2 + u**2)]
)
expressions = st.recursive(
    st.one_of(st.sampled_from([x, y, sympy.pi]), st.fractions(-3, 3, max_denominator=9).map(lambda q: sympy.Rational(str(q)))),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a / (1 + b**2), inner, inner),
        st.builds(lambda a, n: (1 + a**2) ** n, inner, st.integers(-3, 3)),
        st.builds(lambda f, a: f(a), functions, inner),
    ),
    max_leaves=8,
)


@given(expressions, st.fractions(-2, 2, max_denominator=64), st.fractions(-2, 2, max_denominator=64))
@settings(deadline=None, max_examples=150)
def test_values_are_those_of_sympy(expression: Any, a: Fraction, b: Fraction) -> None:
    assume(expression.is_finite is not False)
    wanted = expression.subs({x: sympy.Rational(str(a)), y: sympy.Rational(str(b))}).evalf(40)
    assume(wanted.is_number and wanted.is_real and abs(wanted) < 1e20)
    got = value(from_sympy(expression), {"x": a, "y": b})
    with mpmath.workdps(40):
        assert abs(got - mpmath.mpf(str(wanted))) <= mpmath.mpf("1e-30") * (1 + abs(got))


@given(dags(ops=RATIONAL, named=False), st.lists(st.fractions(-3, 3, max_denominator=16), min_size=5, max_size=5))
@settings(deadline=None, max_examples=150)
def test_there_and_back_is_the_same_function(expression: Expression, coordinates: list[Fraction]) -> None:
    point = dict(zip(("x", "y", "t1", "e", "sin"), coordinates, strict=True))
    try:
        wanted = exact_value(expression, point)
        got = exact_value(from_sympy(to_sympy(expression)), point)
    except (ZeroDivisionError, InputError):
        return
    assert got == wanted


def test_shared_terms_are_read_once() -> None:
    builder = ExpressionBuilder()
    term = builder.variable("x")
    for _ in range(60):
        term = builder.apply(Op.SIN, builder.apply(Op.ADD, term, builder.apply(Op.EXP, term)))
    expression = builder.build(term)
    assert ordered(from_sympy(to_sympy(expression))) == ordered(expression)


_WITHOUT = "is not an operation of real numbers here; rewrite the formula without it"
BAD: list[tuple[Any, str]] = [
    ("x + 1", "'str' is not a SymPy expression; build it from sympy.symbols"),
    (x > y, "'StrictGreaterThan' is not a SymPy expression; build it from sympy.symbols"),
    (sympy.oo, f"SymPy's 'Infinity' {_WITHOUT}"),
    (sympy.nan, f"SymPy's 'NaN' {_WITHOUT}"),
    (sympy.I * x, f"SymPy's 'ImaginaryUnit' {_WITHOUT}"),
    (sympy.gamma(x), f"SymPy's 'gamma' {_WITHOUT}"),
    (sympy.Function("sin")(x), f"SymPy's 'sin' {_WITHOUT}"),
    (sympy.Piecewise((x, x > 0), (0, True)), f"SymPy's 'Piecewise' {_WITHOUT}"),
    (sympy.Symbol("A", commutative=False), f"SymPy's 'Symbol' {_WITHOUT}"),
    (sympy.sec(x), "SymPy's 'sec' is not an operation of real numbers here; write 1/cos(x)"),
    (sympy.Symbol("a b"), "symbol: 'a b' is not a name; use letters, digits and _, at most 64, a letter or _ first"),
    (x**1001, "SymPy expression: an exponent is too large; use integers within +-1000"),
    (sympy.Symbol("z", imaginary=True), f"SymPy's 'Symbol' {_WITHOUT}"),
    (sympy.log(x, 2, evaluate=False), "SymPy's 'log' is given 2 arguments; write log(a, b) as log(a)/log(b)"),
    (sympy.Float((0, 1, 10**9, 1)), "SymPy expression: a number has more than 4000 digits; use a shorter one"),
    (sympy.Float((1, 1, -(10**9), 1)), "SymPy expression: a number has more than 4000 digits; use a shorter one"),
    (sympy.Integer(10) ** 5000, "SymPy expression: a number has more than 4000 digits; use a shorter one"),
    (x * sympy.Symbol("x", real=True), "SymPy expression: two different symbols are called x; make every symbol by one call of symbols"),
]


@pytest.mark.parametrize(("expression", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_what_is_refused(expression: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_sympy(expression)
    assert str(caught.value) == message
