"""Scripts for Gappa, and its bounds against the largest error of all codes of a small format."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

import suffice
from benchmarks.gappa import Untranslatable, constant, hints, is_installed, read_answer, run_gappa, script
from suffice.encodings.problem import InputModel, Problem
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.hardware_specs.rounding import round_exact

needs_gappa = pytest.mark.skipif(not is_installed(), reason="gappa is not installed")
SMALL = "float(p=5,emin=-20,emax=20)"

WHOLE = """\
@rnd0 = float<24, -149, ne>;
P0 = rnd0(X0);
E0 = X0;
E1 = 1e-1;
P1 = rnd0(E1);
P2 = rnd0((P0 * P1));
E2 = (E0 * E1);
P3 = rnd0(sqrt(P2));
E3 = sqrt(E2);
{ X0 in [1b-0, 2b-0] -> P3 - E3 in ? }
$ X0 in 16;
"""


def ask(formula: str, box: dict[str, tuple[object, object]], inputs: str = "real") -> Problem:
    return suffice.Problem(formula, box, inputs=inputs)  # type: ignore[arg-type]


def test_a_whole_script() -> None:
    assert script(ask("sqrt(x*0.1)", {"x": (1, 2)}), parse_format("fp32"), "$ X0 in 16;") == WHOLE


def test_ends_that_need_many_bits_are_rounded_outward() -> None:
    line = script(ask("x", {"x": ("-1/3", "1/3")}), parse_format("fp32")).splitlines()[-2]
    low, high = (
        Fraction(int(end.split("b")[0])) * Fraction(2) ** int(end.split("b")[1]) for end in line.split("[")[1].split("]")[0].split(", ")
    )
    assert low < Fraction(-1, 3) < Fraction(1, 3) < high == -low
    assert high - Fraction(1, 3) < Fraction(1, 2**60)


def test_hints_cut_into_about_as_many_parts_for_any_number_of_inputs() -> None:
    assert hints(ask("x", {"x": (0, 1)})) == ["", "$ X0 in 16;", "$ X0 in 128;", "$ X0 in 1024;"]
    assert hints(ask("x*y", {"x": (0, 1), "y": (0, 1)}))[:4] == ["", "$ X0 in 4, X1 in 4;", "$ X0 in 64;", "$ X1 in 64;"]


@pytest.mark.parametrize(
    ("value", "text"),
    [("3", "3b-0"), ("-5/8", "-5b-3"), ("1/10", "1e-1"), ("-7/40", "-175e-3"), ("1/3", "(1 / 3)"), ("1e30", f"{10**30}b-0")],
)
def test_constants_are_exact(value: str, text: str) -> None:
    assert constant(Fraction(value)) == text


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("Results:\n  P1 - E1 in [-3b-4 {-0.1875, -2^(-2.4)}, 1b-3 {0.125, 2^(-3)}]", 0.1875),
        ("  P1 - E1 in [0, 5 {5, 2^(2.3)}]", 5.0),
        ("Warning: no property was proved", None),
        ("some enclosures were not satisfied", None),
    ],
)
def test_answers(text: str, bound: float | None) -> None:
    assert read_answer(text) == bound


@pytest.mark.parametrize("formula", ["exp(x)", "min(x, 1)", "x + pi"])
def test_what_gappa_has_no_word_for(formula: str) -> None:
    problem = ask(formula, {"x": (0, 1)})
    with pytest.raises(Untranslatable):
        script(problem, parse_format("fp32"))
    assert run_gappa(problem, parse_format("fp32"), 1).note.startswith("unsupported: ")


@needs_gappa
@pytest.mark.parametrize("formula", ["x*y - x", "x/(x + y)", "sqrt(x*x + y*y)", "fma(x, y, -x)", "(x - y)^2", "x - 1/3*y"])
def test_gappas_bound_is_not_below_the_largest_error_of_all_codes(formula: str) -> None:
    """Inputs are codes, so that every run is visited; the oracle computes with exact rationals, roots with 80 digits."""
    problem = ask(formula, {"x": (1, 2), "y": (1, 2)}, InputModel.REPRESENTABLE)
    fmt = parse_format(SMALL)
    run = run_gappa(problem, fmt, 10)
    assert run.bound is not None
    largest = max(error(problem, fmt, {"x": x, "y": y}) for x, y in product(codes(), repeat=2))
    assert largest <= Fraction(run.bound) <= 8 * largest
    assert 0 < run.seconds < 20


def codes() -> list[Fraction]:
    return [Fraction(16 + k, 16) for k in range(17)]


def error(problem: Problem, fmt: object, point: dict[str, Fraction]) -> Fraction:
    assert isinstance(fmt, FloatFormat)
    exact: list[Fraction] = []
    computed: list[Fraction] = []
    for node in problem.expression.nodes:
        real, rounded = ([values[k] for k in node.args] for values in (exact, computed))
        exact.append(apply(node.op.value, node.payload, real, point))
        result = round_exact(fmt, apply(node.op.value, node.payload, rounded, point))
        assert isinstance(result, Fraction) or str(result).endswith("zero")
        computed.append(result if isinstance(result, Fraction) else Fraction(0))
    return abs(computed[-1] - exact[-1])


def apply(op: str, payload: object, args: list[Fraction], point: dict[str, Fraction]) -> Fraction:
    match op, args:
        case "var", []:
            return point[str(payload)]
        case "const", []:
            assert isinstance(payload, Fraction)
            return payload
        case "add", [a, b]:
            return a + b
        case "sub", [a, b]:
            return a - b
        case "mul", [a, b]:
            return a * b
        case "div", [a, b]:
            return a / b
        case "neg", [a]:
            return -a
        case "fma", [a, b, c]:
            return a * b + c
        case "pow", [a]:
            assert isinstance(payload, int)
            return a**payload
        case "sqrt", [a]:
            return root(a)
        case _:
            raise AssertionError(op)


def root(value: Fraction) -> Fraction:
    """To 80 digits, exact for squares."""
    from math import isqrt

    scale = 10**160 * value.denominator**2
    return Fraction(isqrt(value.numerator * scale // value.denominator), 10**80 * value.denominator)
