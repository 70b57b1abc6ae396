"""Bounds of programs with the functions of C23 against all runs in small formats, by mpmath; and again by the kernel."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import Format
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.checking import Claim, derive
from suffice.prover.case import Asked, Case, make_case
from suffice.prover.engine import Effort, bound_error, splits_of
from suffice.questions import Problem as problem_of
from tests.encodings.values import FUNCTIONS
from tests.oracle.rounding import round_real, to_fraction

Box = dict[str, tuple[str, str]]

PROGRAMS: list[tuple[str, Box]] = [
    ("log2(x)*x", {"x": ("1/2", "6")}),
    ("exp2(x - 1) + x", {"x": ("-2", "2")}),
    ("log10(x) - x", {"x": ("1/4", "8")}),
    ("cbrt(x)*x", {"x": ("1/4", "9")}),
    ("x - cbrt(x)", {"x": ("-9", "-1/8")}),
    ("asinh(x*x) - x", {"x": ("-2", "3")}),
    ("acosh(x + 1)", {"x": ("1/2", "3")}),
    ("atanh(x/4)", {"x": ("-2", "3")}),
    ("hypot(x, y) - y", {"x": ("-2", "2"), "y": ("-1", "2")}),
    ("hypot(x*x, x)", {"x": ("-1", "2")}),
    ("atan2(y, x)*x", {"x": ("1/4", "2"), "y": ("-2", "2")}),
    ("atan2(x, y)", {"x": ("1/2", "3"), "y": ("-2", "2")}),
    ("atan2(-x, y)", {"x": ("1/2", "3"), "y": ("-2", "2")}),
    ("x^y", {"x": ("1/2", "3"), "y": ("-2", "2")}),
    ("(x + 1)^(1/3) - x^(1/3)", {"x": ("1/2", "8")}),
    ("2^x/x", {"x": ("1/2", "4")}),
]
FORMATS = [
    "float(p=4,emin=-6,emax=8)",
    "float(p=3,emin=-4,emax=9,rounding=up)",
    "float(p=4,emin=-3,emax=9,rounding=toward_zero)",
    "float(p=4,emin=-3,emax=9,subnormals=flushed)",
]


def case_of(expression: str, box: Box, fmt: str, inputs: str) -> Case:
    problem = problem_of(expression, box, eps="0", inputs=inputs)
    given = parse_format(fmt)
    return make_case(problem, Asked(name=fmt, input=given, compute=given, output=given), [])


def values(expression: Expression, point: dict[str, Fraction], fmt: Format | None) -> Fraction:
    """The real value to 40 digits, or what the program in a format gives at numbers of the format."""
    held: list[Fraction] = []
    for node in expression.nodes:
        args = [mpmath.mpf(held[a].numerator) / held[a].denominator for a in node.args]
        if node.op is Op.VAR:
            exact = point[str(node.payload)]
        elif node.op is Op.CONST:
            assert isinstance(node.payload, Fraction)
            exact = node.payload
        else:
            function = FUNCTIONS.get(node.op) or getattr(mpmath, node.op.value, None)
            exact = rational(args[0] ** node.payload if function is None else function(*args))
        code = to_fraction(round_real(exact, fmt)) if fmt is not None else exact
        assert code is not None
        held.append(code)
    return held[-1]


def rational(number: Any) -> Fraction:
    sign, significand, exponent, _ = mpmath.mpf(number)._mpf_
    return (-1) ** sign * int(significand) * Fraction(2) ** int(exponent)


def numbers(side: tuple[str, str], fmt: Format) -> list[Fraction]:
    """All numbers of a small format within an interval."""
    low, high = map(Fraction, side)
    grid = {Fraction(m, 16) * Fraction(2) ** e for e in range(-8, 5) for m in range(-32, 33)}
    return sorted({x for x in grid if low <= x <= high and to_fraction(round_real(x, fmt)) == x})


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(("expression", "box"), PROGRAMS, ids=[text for text, _ in PROGRAMS])
def test_no_run_errs_by_more_than_the_bound(expression: str, box: Box, fmt: str) -> None:
    case = case_of(expression, box, fmt, "representable")
    found = bound_error(case, Effort(seconds=2.0, leaves=600))
    assert np.isfinite(found.bound)
    given = parse_format(fmt)
    nodes = case.problem.expression
    worst = Fraction(0)
    with mpmath.workdps(60):
        for point in product(*(numbers(box[name], given) for name in box)):
            at = dict(zip(box, point, strict=True))
            worst = max(worst, abs(values(nodes, at, given) - values(nodes, at, None)))
    assert worst <= Fraction(found.bound)
    assert worst > 0, "or the bound is not tried"


@pytest.mark.parametrize(("expression", "box"), PROGRAMS, ids=[text for text, _ in PROGRAMS])
def test_the_kernel_derives_the_bound_again(expression: str, box: Box) -> None:
    case = case_of(expression, box, "fp32", "real")
    found = bound_error(case, Effort(gap=0.02, leaves=400, seconds=2.0))
    assert np.isfinite(found.bound)
    evidence = {"kind": "cover", "splits": splits_of(found.tree, sorted(case.problem.box), {}), "pieces": 1, "precision": 256}
    derived = derive(case.question, Claim("error_bound", Fraction(0), "", evidence), Budget())
    assert isinstance(derived.value, Fraction)
    assert found.reached * 0.98 <= float(derived.value) <= found.bound * (1 + 1e-6)
