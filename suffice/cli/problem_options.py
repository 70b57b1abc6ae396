"""The question that the options of a command put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from suffice.cli import options as o
from suffice.encodings.problem import Problem, Tolerance
from suffice.errors import InputError
from suffice.questions import Asking, Placement, ask, make_tolerance, read_formula, read_input_model, read_outputs, read_precondition

if TYPE_CHECKING:
    from suffice.encodings.readers.inputs import Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOptions:
    """The function and its inputs, as typed."""

    file: o.ProblemFile = None
    expr: o.Formula = None
    var: o.Sides = None
    inputs: o.Inputs = None
    where: o.Where = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceOptions:
    """The tolerance, as typed."""

    eps: o.Eps = None
    relative: o.Relative = False
    absolute: o.Absolute = None
    relative_part: o.RelativePart = None

    def read(self) -> Tolerance | None:
        """What they say, None if nothing. Raises InputError."""
        if self.relative and self.eps is None:
            raise InputError("--relative is given without --eps", mend="add --eps E")
        if self.eps is not None and (self.absolute is not None or self.relative_part is not None):
            raise InputError("--eps is given beside --abs or --rel", mend="give --eps alone, or the other two")
        if self.eps is not None:
            return make_tolerance(eps=self.eps, relative=self.relative)
        return make_tolerance(absolute=self.absolute, relative=self.relative_part)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementOptions:
    """Where other formats stand than the one asked about, as typed."""

    input_format: o.InputFormat = None
    compute: o.Compute = None
    output_format: o.OutputFormat = None
    override: o.Override = False
    accuracy: o.Accuracy = None

    def read(self) -> Placement:
        """What they say. Raises InputError."""
        pairs = [part.partition("=") for part in self.accuracy.split(",")] if self.accuracy is not None else []
        for name, equals, ulps in pairs:
            if not name.strip() or not equals or not ulps.strip():
                raise InputError(f"--accuracy {self.accuracy} is not a list of F=ULPS", mend="write --accuracy sin=2,exp=1")
        return Placement(
            input=self.input_format,
            compute=self.compute,
            output=self.output_format,
            override=self.override,
            accuracy={name.strip(): ulps.strip() for name, _, ulps in pairs},
        )


@dataclass(frozen=True, slots=True)
class QuestionOptions:
    """A question, as typed."""

    function: FunctionOptions
    tolerance: ToleranceOptions


def read_askings(
    question: QuestionOptions, formats: Sequence[str], placement: Placement, *, needs_tolerance: bool = True, otherwise: str | None = None
) -> tuple[Asking, ...]:
    """The problem of every output and the formats; options go before what a file says. Raises SufficeError."""
    listed = ",".join(formats) or None
    function = question.function
    if function.file is not None:
        if function.expr is not None:
            raise InputError("a problem file and --expr are both given", mend="leave one out")
        read = read_outputs(function.file, listed, placement, otherwise)
        askings = tuple(replace(asking, problem=_with_options(asking.problem, question)) for asking in read)
    elif function.expr is not None:
        askings = (Asking(_from_formula(question, function.expr), ask(listed or otherwise or _no_format(), placement)),)
    else:
        raise InputError("no problem is given", mend="name a problem file, or write --expr FORMULA --var NAME=LO:HI --eps E")
    if needs_tolerance and askings[0].problem.tolerance is None:
        raise InputError("no tolerance is given", mend="add --eps E, or --abs A and --rel R")
    return askings


def _no_format() -> str:
    raise InputError("no format is asked about", mend="add --format fp16, or another name that suffice formats lists")


def _from_formula(question: QuestionOptions, formula: str) -> Problem:
    function = question.function
    given = _inputs(function.var)
    expression = read_formula(formula, given.box, given.vectors)
    preconditions = tuple(read_precondition(text, given.box, given.vectors) for text in function.where or ())
    used = {name for part in (expression, *preconditions) for name in part.variables}
    for name in given.box:
        if name not in used and not any(name in parts for parts in given.vectors.values()):
            raise InputError(f"--var {name} is no input of the formula", mend="leave it out, or use it in the formula")
    return Problem(
        expression=expression,
        box={name: side for name, side in given.box.items() if name in used},
        tolerance=question.tolerance.read(),
        inputs=read_input_model(function.inputs or "real"),
        preconditions=preconditions,
    )


def _with_options(problem: Problem, question: QuestionOptions) -> Problem:
    """A file's problem with what the options change."""
    function = question.function
    box = _inputs(function.var).box
    for name in box:
        if name not in problem.box:
            raise InputError(f"--var {name} is no input of the file's problem", mend=f"its inputs are {', '.join(problem.box)}")
    return replace(
        problem,
        box={**problem.box, **box},
        tolerance=question.tolerance.read() or problem.tolerance,
        inputs=problem.inputs if function.inputs is None else read_input_model(function.inputs),
        preconditions=(*problem.preconditions, *(read_precondition(text, problem.box) for text in function.where or ())),
    )


def _inputs(sides: Sequence[str] | None) -> Inputs:
    from suffice.encodings.readers.inputs import read_inputs
    from suffice.encodings.readers.numbers import read_interval

    return read_inputs(map(read_interval, sides or ()), where="--var")
