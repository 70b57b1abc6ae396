"""Questions as users write them in Python: problems, tolerances and formats, read into the project's plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.encodings import problem as data
from suffice.encodings.expression import Expression
from suffice.errors import InputError
from suffice.hardware_specs.format import EXACT, CodeFormat, Format

if TYPE_CHECKING:
    from suffice.prover.case import Asked

Number = int | str | float | Fraction
"""An exact number. Text is read as it stands ("1e-3" is 1/1000); a float counts with its exact binary value (0.1 is not 1/10)."""

Ends = tuple[Number, Number] | data.Interval
"""The two ends of an input's interval, the smaller first."""


def Problem(
    expression: str | Expression | Any,
    box: Mapping[str, Ends],
    *,
    eps: Number | None = None,
    absolute: Number | None = None,
    relative: Number | bool | None = None,
    inputs: str = data.InputModel.REAL,
    where: Iterable[str | Expression] = (),
    name: str = "",
    description: str = "",
) -> data.Problem:
    """A problem from a formula (text such as "x^2 - 2*x", a sympy expression, or an Expression) and an interval for each input.

    The tolerance is one of: `eps=A`, |error| <= A; `eps=R, relative=True`, |error| <= R |f|; `absolute=A` and/or `relative=R`,
    |error| <= A + R |f|. Without one, only `bounds` can answer. `inputs`: "real" (every real of the box counts, and is first rounded)
    or "representable". `where`: conditions such as "x < y"; only points of the box count at which all hold. "a[4]" in the box is a vector
    whose parts are a[0] to a[3].
    Raises InputError.
    """
    from suffice.encodings.readers.inputs import read_inputs

    given = read_inputs(((variable, _interval(variable, ends)) for variable, ends in box.items()), where="box")
    return data.Problem(
        expression=read_formula(expression, given.box, given.vectors),
        box=given.box,
        preconditions=tuple(read_precondition(condition, given.box, given.vectors) for condition in where),
        tolerance=make_tolerance(eps=eps, absolute=absolute, relative=relative),
        inputs=read_input_model(inputs),
        name=name,
        description=description,
    )


def read_formula(
    expression: str | Expression | Any, variables: Iterable[str], vectors: Mapping[str, Sequence[str]] | None = None
) -> Expression:
    """The expression that a text or a sympy expression stands for. Raises InputError."""
    if isinstance(expression, Expression):
        return expression
    if isinstance(expression, str):
        from suffice.encodings.readers.text import read_expression

        return read_expression(expression, list(variables), vectors)
    if type(expression).__module__.partition(".")[0] == "sympy":
        from suffice.encodings.readers.sympy_reader import from_sympy

        converted: Expression = from_sympy(expression)
        return converted
    raise InputError(f"{type(expression).__name__} is not a formula", mend="give text, a sympy expression or an Expression")


def read_precondition(
    condition: str | Expression, variables: Iterable[str], vectors: Mapping[str, Sequence[str]] | None = None
) -> Expression:
    """The condition that a text stands for. Raises InputError."""
    from suffice.encodings.operations import is_logical
    from suffice.encodings.readers.text import read_condition

    if isinstance(condition, str):
        return read_condition(condition, list(variables), vectors)
    if not isinstance(condition, Expression) or not is_logical(condition.nodes[-1].op):
        raise InputError("a precondition is not true or false", where="where", mend='write it as text, such as "x < y"')
    return condition


def read_exact(value: Number, what: str) -> Fraction:
    """The exact value of a number. Raises InputError."""
    if isinstance(value, str):
        from suffice.encodings.readers.numbers import read_number

        return read_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction) or (isinstance(value, float) and not math.isfinite(value)):
        raise InputError(f"{value!r} is not a number", where=what, mend='give an integer, a Fraction, or text such as "1e-3"')
    return Fraction(value)


def make_tolerance(
    *, eps: Number | None = None, absolute: Number | None = None, relative: Number | bool | None = None
) -> data.Tolerance | None:
    """The tolerance that the options of `Problem` name; None if none is given. Raises InputError."""
    if eps is not None:
        if absolute is not None or not (relative is None or isinstance(relative, bool)):
            raise InputError("eps is given beside an absolute or a relative tolerance", mend="give eps alone, or the other two")
        size = read_exact(eps, "eps")
        return data.Tolerance(absolute=Fraction(0), relative=size) if relative else data.Tolerance(absolute=size)
    if isinstance(relative, bool) and relative:
        raise InputError("relative=True needs eps", mend='give eps="1e-3", relative=True, or relative="1e-3"')
    if absolute is None and (relative is None or relative is False):
        return None
    return data.Tolerance(
        absolute=Fraction(0) if absolute is None else read_exact(absolute, "absolute"),
        relative=Fraction(0) if relative is None or relative is False else read_exact(relative, "relative"),
    )


def read_input_model(text: str) -> data.InputModel:
    """Raises InputError."""
    if text not in list(data.InputModel):
        raise InputError(f"inputs={text!r} is unknown", mend=f"write {' or '.join(data.InputModel)}")
    return data.InputModel(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Formats of the inputs, the operations and the output, where they differ from the one asked about.

    `override`: all of these stand also where the formula demands other formats. `accuracy`: how many ulps the results of functions may
    be off that are not correctly rounded, such as {"sin": "2"}.
    """

    input: str | Format | None = None
    compute: str | Format | None = None
    output: str | Format | None = None
    override: bool = False
    accuracy: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asking:
    """A problem and the formats asked about; of a file with several outputs, the question of the one named `output`."""

    problem: data.Problem
    formats: tuple[Asked, ...]
    output: str = ""


def ask(formats: str | Format | Iterable[str | Format], placement: Placement | None = None) -> tuple[Asked, ...]:
    """The formats asked about, in the order given, each once.

    A text may list several, separated by commas. A format stands for the inputs, the operations and the output, unless `placement`
    says otherwise; a code (`code(bits=8)`) is an output of exact inputs and operations. Raises FormatError and InputError.
    """
    from suffice.hardware_specs.catalogue import format_name, split_formats

    given = [formats] if isinstance(formats, str | Format) else list(formats)
    named: dict[str, Format] = {}
    for item in given:
        if isinstance(item, str):
            named.update({text: read_format(text) for text in split_formats(item)})
        else:
            named[format_name(item)] = item
    if not named:
        raise InputError("no format is asked about", mend="name at least one, such as fp16")
    return tuple(_asked(name, fmt, placement or Placement()) for name, fmt in named.items())


def read_file(
    path: Path,
    formats: str | Format | Iterable[str | Format] | None = None,
    placement: Placement | None = None,
    otherwise: str | None = None,
) -> Asking:
    """A problem file of one output, as `read_outputs` reads it."""
    asking, *others = read_outputs(path, formats, placement, otherwise)
    if others:
        raise InputError(f"{len(others) + 1} outputs", where=str(path), mend="ask about each by read_outputs, or write a core for each")
    return asking


def read_outputs(
    path: Path,
    formats: str | Format | Iterable[str | Format] | None = None,
    placement: Placement | None = None,
    otherwise: str | None = None,
) -> tuple[Asking, ...]:
    """A question for every output of a problem file, with the formats that the file names where none are given, else `otherwise`.

    Raises InputError and FormatError.
    """
    from suffice.encodings.readers.toml import read_problem_file

    file = read_problem_file(path)
    chosen = formats if formats is not None else file.formats or otherwise
    if not chosen:
        raise InputError("no format is asked about", where=str(path), mend="name one with --format fp16, or formats in the file")
    given = placement or Placement()
    asked = ask(
        chosen,
        Placement(
            input=given.input or file.input_format,
            compute=given.compute or file.compute,
            output=given.output or file.output,
            override=given.override or file.override,
            accuracy={**{op.value: ulps for op, ulps in file.accuracy.items()}, **given.accuracy},
        ),
    )
    problem = _defined(file.problem, file.open_ends)
    if len(file.components) < 2:
        return (Asking(problem, asked),)
    return tuple(
        Asking(replace(problem, expression=expression, name=f"{problem.name}{name}"), asked, name) for name, expression in file.components
    )


def _defined(problem: data.Problem, open_ends: tuple[Expression, ...]) -> data.Problem:
    """The problem on its closed box; with its strict bounds as preconditions where it is not defined at a closed end."""
    from suffice.encodings.enclosures.domain import check_domain
    from suffice.errors import DomainError

    if not open_ends:
        return problem
    opened = replace(problem, preconditions=(*problem.preconditions, *open_ends))
    try:
        check_domain(problem.expression, problem.box, problem.preconditions)
    except DomainError:
        with suppress(DomainError):
            check_domain(problem.expression, problem.box, opened.preconditions)
            return opened
    return problem


def by_size(formats: Iterable[Asked]) -> tuple[Asked, ...]:
    """The smallest first: by the sizes of input, operations and output together, each in total bits and then precision."""
    from suffice.hardware_specs.catalogue import size_key

    return tuple(sorted(formats, key=lambda asked: sorted(map(size_key, (asked.input, asked.compute, asked.output)), reverse=True)))


def read_format(fmt: str | Format) -> Format:
    """The format that a text names. Raises FormatError."""
    if not isinstance(fmt, str):
        return fmt
    from suffice.hardware_specs.catalogue import parse_format

    return parse_format(fmt)


def _asked(name: str, fmt: Format, placement: Placement) -> Asked:
    from suffice.encodings.readers.functions import read_accuracy
    from suffice.prover.case import Asked

    inner = EXACT if isinstance(fmt, CodeFormat) else fmt
    return Asked(
        name=name,
        input=inner if placement.input is None else _with_numbers(placement.input, "inputs"),
        compute=inner if placement.compute is None else _with_numbers(placement.compute, "operations"),
        output=fmt if placement.output is None else read_format(placement.output),
        override=placement.override,
        accuracy=read_accuracy({op: read_exact(ulps, f"accuracy of {op}") for op, ulps in placement.accuracy.items()}, where="accuracy"),
    )


def _with_numbers(given: str | Format, where: str) -> Format:
    fmt = read_format(given)
    if isinstance(fmt, CodeFormat):
        raise InputError(
            f"code(bits={fmt.bits}) says nothing of numbers", where=f"format of {where}", mend="use a code for the output only"
        )
    return fmt


def _interval(variable: str, ends: Ends) -> data.Interval:
    if isinstance(ends, data.Interval):
        return ends
    if not isinstance(ends, tuple | list) or len(ends) != 2:
        raise InputError(f"{ends!r} is not an interval", where=variable, mend="give two ends, as in (-1, 3)")
    lo, hi = (read_exact(end, variable) for end in ends)
    try:
        return data.Interval(lo, hi)
    except InputError as error:
        raise InputError(error.what, where=variable, mend=error.mend) from None
