"""Runs beyond the iterations that a loop is written out for are no witnesses."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.problem import Problem, Tolerance
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.brackets import bounds
from suffice.prover.case import Asked, Case, make_case
from suffice.prover.unrolled import runs_on

LOOP = "(FPCore (x) :pre (<= 1/2 x 1) (while (< t 1) ((t 0 (+ t 1/STEPS)) (s 0 (+ s (* x t)))) s))"


def case_of(steps: int, fmt: str) -> Case:
    core = read_fpcore(LOOP.replace("STEPS", str(steps)))
    problem = Problem(expression=core.expression, box=core.box, tolerance=Tolerance(absolute=Fraction(0)), preconditions=core.preconditions)
    given = parse_format(fmt)
    return make_case(problem, Asked(name=fmt, input=given, compute=given, output=given), [])


def test_a_sum_that_stops_growing_never_leaves_the_loop() -> None:
    """t + 1/40 is t again in three bits from 1/4 on: the program never ends, and nothing is said of its result."""
    stuck, fine = case_of(40, "float(p=3,emin=-20,emax=20)"), case_of(40, "fp32")
    point = {"x": Fraction(3, 4)}
    assert runs_on(stuck, point)
    assert not runs_on(fine, point)
    asked = Asked(name="", input=stuck.formats.input, compute=stuck.formats.compute, output=stuck.formats.output)
    found = bounds(stuck.problem, [asked]).results[0]
    assert (found.error_bound, found.witness_error) == (None, None)
