"""Certificates written by hand: one of each kind of evidence. Nothing here asks the prover or the kernel."""

from __future__ import annotations

from fractions import Fraction

import pytest

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.format import EXACT, CodeFormat, FloatFormat, IntFormat
from suffice.proofs.certificate import Bound, Certificate, Claim, Formats, Instances, SmtScript, Verdict
from suffice.proofs.evidence import (
    CellCurvatureEvidence,
    CellSlopeEvidence,
    CountEvidence,
    CoverEvidence,
    CurvatureEvidence,
    Evidence,
    PairEvidence,
    RunEvidence,
    SlopeEvidence,
)

FP16 = FloatFormat(p=11, emin=-14, emax=15, max_finite=Fraction(65504), bits=16)
INT8 = IntFormat(qmin=-128, qmax=127, bits=8)

SCRIPT = """; T4: no algorithm stays within the tolerance
(set-logic ALL)
(declare-const significand Int)
(assert (! (= significand 11) :named hardware_significand))
(declare-const slope Real)
(declare-const floor Real)
(assert (! (>= slope 2.0) :named enclosure_slope))
(assert (! (=> (= significand 11) (>= floor (* (/ 1.0 512.0) slope))) :named statement_T4))
(assert (! (<= floor (/ 1.0 10000.0)) :named tolerance))
(check-sat)
"""


def square() -> Expression:
    """x^2."""
    build = ExpressionBuilder()
    return build.build(build.power(build.variable("x"), 2))


def softmax() -> Expression:
    """exp(a) / (exp(a) + exp(b))."""
    build = ExpressionBuilder()
    a, b = (build.apply(Op.EXP, build.variable(name)) for name in "ab")
    return build.build(build.apply(Op.DIV, a, build.apply(Op.ADD, a, b)))


def everything() -> Expression:
    """An expression with each kind of node."""
    build = ExpressionBuilder()
    x = build.variable("x")
    third = build.apply(Op.MUL, build.constant(Fraction(-1, 3)), build.named(Op.PI))
    root = build.apply(Op.FMA, build.apply(Op.TANH, x), third, build.power(build.named(Op.E), -2))
    return build.build(build.apply(Op.MAX, root, build.apply(Op.NEG, x)))


def problem_of(expression: Expression, eps: str, *, lo: int = 1, hi: int = 2, inputs: InputModel = InputModel.REAL) -> Problem:
    """A problem over [lo, hi] in each input."""
    box = {name: Interval(Fraction(lo), Fraction(hi)) for name in expression.variables}
    return Problem(expression=expression, box=box, tolerance=Tolerance(absolute=Fraction(eps)), inputs=inputs)


def impossible_square() -> Certificate:
    """x^2 on [1, 2] at 1e-4 in fp16: a collision."""
    points = ({"x": Fraction(1023, 512) + Fraction(1, 4096)}, {"x": Fraction(1023, 512) - Fraction(1, 4096)})
    claim = Claim(bound=Bound.FLOOR, value=Fraction(1, 1024), statement="T1+T2", evidence=PairEvidence(points=points, precision=128))
    return Certificate(
        problem=problem_of(square(), "1/10000"),
        formats=Formats(input=FP16, compute=FP16, output=FP16),
        claims=(claim,),
        verdict=Verdict.IMPOSSIBLE,
        statement="T1+T2",
        possible=False,
        smt=(SmtScript(claim=0, script=SCRIPT),),
    )


def sufficient_softmax() -> Certificate:
    """A softmax with a cover and a run."""
    cover = CoverEvidence(splits=(1, 0, (2, Fraction(5, 4)), 0, 2, 0, 0), pieces=2, precision=128)
    run = RunEvidence(point={"a": Fraction(1), "b": Fraction(2)}, precision=192)
    claims = (
        Claim(bound=Bound.FLOOR_UPPER, value=Fraction(1, 1500), statement="S2+T0", evidence=cover),
        Claim(bound=Bound.ERROR_BOUND, value=Fraction(7, 9000), statement="S1", evidence=cover),
        Claim(bound=Bound.WITNESS_ERROR, value=Fraction(1, 7000), statement="W", evidence=run),
    )
    return Certificate(
        problem=problem_of(softmax(), "1/1000"),
        formats=Formats(input=FP16, compute=FP16, output=FP16),
        claims=claims,
        verdict=Verdict.SUFFICIENT,
        statement="S1",
        possible=True,
        assumptions=("correctly rounded in every format of the program: exp",),
    )


def integer_square() -> Certificate:
    """x^2 in int8 with free scale: an instance, an infinite run and a slope."""
    coded = IntFormat(qmin=-128, qmax=127, bits=8, scale=Fraction(1, 64), zero=-3)
    slope = SlopeEvidence(points=({"x": Fraction(1)}, {"x": Fraction(2)}), pieces=4, precision=64)
    run = RunEvidence(point={"x": Fraction(3, 2)}, precision=64)
    return Certificate(
        problem=problem_of(square(), "1/100", inputs=InputModel.REPRESENTABLE),
        formats=Formats(
            input=INT8, compute=INT8, output=INT8, instances=Instances(inputs={"x": coded}, nodes=(coded, coded), output=coded)
        ),
        claims=(
            Claim(bound=Bound.FLOOR, value=Fraction(1, 256), statement="T4", evidence=slope),
            Claim(bound=Bound.WITNESS_ERROR, value="infinite", statement="W", evidence=run),
        ),
        verdict=Verdict.INSUFFICIENT,
        statement="W",
        possible=False,
    )


def code_of_everything() -> Certificate:
    """Laws on a code of 8 bits, one for each kind that is left."""
    ends = ({"x": Fraction(1)}, {"x": Fraction(2)})
    count = Claim(bound=Bound.FLOOR, value=Fraction(1, 512), statement="T3", evidence=CountEvidence(points=ends, pieces=1, precision=80))
    return Certificate(
        problem=problem_of(everything(), "1/1000"),
        formats=Formats(input=EXACT, compute=EXACT, output=CodeFormat(bits=8)),
        claims=(count,),
        verdict=Verdict.IMPOSSIBLE,
        statement="T3",
        possible=False,
    )


def law(statement: str) -> Certificate:
    """A certificate of a law on cells or on curvature."""
    ends, cell = ({"x": Fraction(1)}, {"x": Fraction(2)}), ({"x": Fraction(3073, 2048)}, {"x": Fraction(3075, 2048)})
    evidence: dict[str, Evidence] = {
        "T2": CellSlopeEvidence(points=cell, pieces=1, precision=96),
        "T5": CurvatureEvidence(points=ends, pieces=3, precision=96),
        "T6": CellCurvatureEvidence(points=cell, pieces=1, precision=96),
    }
    return Certificate(
        problem=problem_of(square(), "1/100"),
        formats=Formats(input=FP16, compute=FP16, output=FP16),
        claims=(Claim(bound=Bound.FLOOR, value=Fraction(1, 4096), statement=statement, evidence=evidence[statement]),),
        verdict=Verdict.UNDECIDED,
        statement="",
        possible=False,
    )


@pytest.fixture(scope="session")
def samples() -> dict[str, Certificate]:
    """Certificates that hold each kind of evidence, of format and of node."""
    return {
        "impossible": impossible_square(),
        "sufficient": sufficient_softmax(),
        "integer": integer_square(),
        "code": code_of_everything(),
        **{law_label: law(law_label) for law_label in ("T2", "T5", "T6")},
    }
