"""The question that the options of a command put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from suffice.encodings.problem import Problem, Tolerance
from suffice.errors import InputError
from suffice.questions import Asking, Placement, ask, make_tolerance, read_formula, read_input_model, read_outputs, read_precondition

if TYPE_CHECKING:
    from suffice.encodings.readers.inputs import Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionOptions:
    """What was typed."""

    file: Path | None
    expr: str | None
    var: Sequence[str]
    eps: str | None
    relative: bool
    absolute: str | None
    relative_part: str | None
    inputs: str | None
    where: Sequence[str] = ()


def make_placement(input_format: str | None, compute: str | None, output: str | None, override: bool, accuracy: str | None) -> Placement:
    """What --in, --compute, --out, --override and --accuracy say. Raises InputError."""
    pairs = [part.partition("=") for part in accuracy.split(",")] if accuracy is not None else []
    for name, equals, ulps in pairs:
        if not name.strip() or not equals or not ulps.strip():
            raise InputError(f"--accuracy {accuracy} is not a list of F=ULPS", mend="write --accuracy sin=2,exp=1")
    return Placement(
        input=input_format,
        compute=compute,
        output=output,
        override=override,
        accuracy={name.strip(): ulps.strip() for name, _, ulps in pairs},
    )


def read_askings(
    question: QuestionOptions, formats: Sequence[str], placement: Placement, *, needs_tolerance: bool = True, otherwise: str | None = None
) -> tuple[Asking, ...]:
    """The problem of every output and the formats; options go before what a file says. Raises SufficeError."""
    listed = ",".join(formats) or None
    if question.file is not None:
        if question.expr is not None:
            raise InputError("a problem file and --expr are both given", mend="leave one out")
        read = read_outputs(question.file, listed, placement, otherwise)
        askings = tuple(replace(asking, problem=_with_options(asking.problem, question)) for asking in read)
    elif question.expr is not None:
        askings = (Asking(_from_formula(question, question.expr), ask(listed or otherwise or _no_format(), placement)),)
    else:
        raise InputError("no problem is given", mend="name a problem file, or write --expr FORMULA --var NAME=LO:HI --eps E")
    if needs_tolerance and askings[0].problem.tolerance is None:
        raise InputError("no tolerance is given", mend="add --eps E, or --abs A and --rel R")
    return askings


def _no_format() -> str:
    raise InputError("no format is asked about", mend="add --format fp16, or another name that suffice formats lists")


def _from_formula(question: QuestionOptions, formula: str) -> Problem:
    given = _inputs(question.var)
    expression = read_formula(formula, given.box, given.vectors)
    preconditions = tuple(read_precondition(text, given.box, given.vectors) for text in question.where)
    used = {name for part in (expression, *preconditions) for name in part.variables}
    for name in given.box:
        if name not in used and not any(name in parts for parts in given.vectors.values()):
            raise InputError(f"--var {name} is no input of the formula", mend="leave it out, or use it in the formula")
    return Problem(
        expression=expression,
        box={name: side for name, side in given.box.items() if name in used},
        tolerance=_tolerance(question),
        inputs=read_input_model(question.inputs or "real"),
        preconditions=preconditions,
    )


def _with_options(problem: Problem, question: QuestionOptions) -> Problem:
    """A file's problem with what the options change."""
    box = _inputs(question.var).box
    for name in box:
        if name not in problem.box:
            raise InputError(f"--var {name} is no input of the file's problem", mend=f"its inputs are {', '.join(problem.box)}")
    return replace(
        problem,
        box={**problem.box, **box},
        tolerance=_tolerance(question) or problem.tolerance,
        inputs=problem.inputs if question.inputs is None else read_input_model(question.inputs),
        preconditions=(*problem.preconditions, *(read_precondition(text, problem.box) for text in question.where)),
    )


def _inputs(sides: Sequence[str]) -> Inputs:
    from suffice.encodings.readers.inputs import read_inputs
    from suffice.encodings.readers.numbers import read_interval

    return read_inputs(map(read_interval, sides), where="--var")


def _tolerance(question: QuestionOptions) -> Tolerance | None:
    if question.relative and question.eps is None:
        raise InputError("--relative is given without --eps", mend="add --eps E")
    if question.eps is not None and (question.absolute is not None or question.relative_part is not None):
        raise InputError("--eps is given beside --abs or --rel", mend="give --eps alone, or the other two")
    if question.eps is not None:
        return make_tolerance(eps=question.eps, relative=question.relative)
    return make_tolerance(absolute=question.absolute, relative=question.relative_part)
