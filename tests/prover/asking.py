"""Problems, cases and empty attempts in a few words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction

from suffice.encodings.enclosures.bounds import range_bounds
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.encodings.readers.numbers import read_number
from suffice.encodings.readers.text import read_expression
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.attempts import Attempt, open_case
from suffice.prover.case import Asked, Case
from suffice.prover.dossier import Dossier

SOFTMAX = "exp(x)/(exp(x) + exp(y))"


Sides = Mapping[str, tuple[str, str]]


def problem(
    expr: str, eps: str | None = None, *, relative: str = "0", inputs: str = "real", box: Sides | None = None, **sides: tuple[str, str]
) -> Problem:
    """A problem whose inputs are given as x=("0", "1"), or all in `box`; without eps and relative it has no tolerance."""
    tolerance = None
    if eps is not None or relative != "0":
        tolerance = Tolerance(absolute=read_number(eps or "0"), relative=read_number(relative))
    given = sides if box is None else box
    return Problem(
        expression=read_expression(expr, list(given)),
        box={name: Interval(read_number(lo), read_number(hi)) for name, (lo, hi) in given.items()},
        tolerance=tolerance,
        inputs=InputModel(inputs),
    )


def asked(name: str, *, source: str | None = None, compute: str | None = None, output: str | None = None) -> Asked:
    """One format for everything, except where another is named."""
    return Asked(name=name, input=parse_format(source or name), compute=parse_format(compute or name), output=parse_format(output or name))


def significand(p: int) -> str:
    """p significand bits in the exponent range of fp32."""
    return f"float(p={p},emin=-126,emax=127)"


def case(question: Problem, formats: Asked) -> Case:
    """The case, with scales for free integer codes."""
    return open_case(question, formats, range_bounds(question.expression, question.box))


def attempt(question: Problem, formats: Asked, *, seconds: float = 30.0) -> Attempt:
    """Work that has not begun."""
    bounds = range_bounds(question.expression, question.box)
    opened = open_case(question, formats, bounds)
    return Attempt(opened, Dossier(opened), bounds, time.monotonic() + seconds, run_all=True)


def point(**values: str) -> dict[str, Fraction]:
    """A point from texts."""
    return {name: Fraction(x) for name, x in values.items()}
