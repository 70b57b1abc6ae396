"""Problem files.

name = "softmax2"
expr = "exp(x)/(exp(x) + exp(y))"
eps = "1e-3"
formats = ["fp16", "fp32"]
preconditions = ["x < y", "x*x + y*y <= 64"]
[box]
x = ["-8", "8"]
y = ["-8", "8"]
"a[4]" = ["0", "1"]
[accuracy]
exp = "2"
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from suffice.encodings.expression import Expression
from suffice.encodings.limits import MAX_TEXT
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, InputModel, Interval, Problem, Tolerance
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.encodings.readers.functions import read_accuracy
from suffice.encodings.readers.inputs import Inputs, read_inputs
from suffice.encodings.readers.numbers import make_interval, read_number
from suffice.encodings.readers.places import nearest, shown
from suffice.encodings.readers.text import Vectors, read_condition, read_expression
from suffice.errors import InputError

_TEXTS = ("name", "description", "expr", "inputs", "input_format", "compute", "output")
_KEYS = (*_TEXTS, "preconditions", "box", "eps", "abs", "rel", "formats", "override", "accuracy")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFile:
    """A problem, and the texts of the formats that the file asks about.

    `formats` are the candidates; `input_format`, `compute` and `output`, where given, stand for the candidate in that place.
    `eps` and `abs` are the absolute tolerance, `rel` the relative one; without any of them the problem has no tolerance. `override`: the
    formats stand also where the formula demands others. `accuracy`: how many ulps a function's result may be off, where it is not
    correctly rounded. `components` are all outputs of an FPCore that has several; the problem is the first. `open_ends` are its strict
    bounds, which the box reads as closed.
    """

    problem: Problem
    formats: tuple[str, ...] = ()
    input_format: str | None = None
    compute: str | None = None
    output: str | None = None
    override: bool = False
    accuracy: Mapping[Op, Fraction] = field(default_factory=dict)
    components: tuple[tuple[str, Expression], ...] = ()
    open_ends: tuple[Expression, ...] = ()


def read_problem_file(path: str | Path) -> ProblemFile:
    """The problem in a .toml or .fpcore file. Raises InputError that names the file."""
    path = Path(path)
    readers = {".toml": read_problem_toml, ".fpcore": _read_core}
    if path.suffix not in readers:
        raise InputError("not a problem file", where=shown(str(path)), mend="give a .toml or .fpcore file")
    try:
        return readers[path.suffix](_read_text(path))
    except InputError as error:
        where = f"{path.name}, {error.where}" if error.where else path.name
        raise InputError(error.what, where=where, mend=error.mend) from None


def read_problem_toml(text: str) -> ProblemFile:
    """The problem in the text of a TOML file. Raises InputError."""
    table = _load(text)
    for key in table:
        if key not in _KEYS:
            raise InputError(f"unknown key {shown(key)}", mend=nearest(key, _KEYS, f"known keys are {', '.join(_KEYS)}"))
    texts = {key: _text(table[key], key) for key in _TEXTS if key in table}
    if "expr" not in texts:
        raise InputError("the key expr is missing", mend='add expr = "FORMULA"')
    inputs = _read_box(table.get("box", {}))
    problem = Problem(
        expression=_placed("expr", read_expression, texts["expr"], inputs),
        box=inputs.box,
        tolerance=_tolerance(table),
        preconditions=tuple(
            _placed(f"preconditions[{k}]", read_condition, text, inputs)
            for k, text in enumerate(_texts(table.get("preconditions", []), "preconditions", '["x < y"]'))
        ),
        inputs=_input_model(texts.get("inputs", InputModel.REAL.value)),
        name=texts.get("name", ""),
        description=texts.get("description", ""),
    )
    return ProblemFile(
        problem=problem,
        formats=_texts(table.get("formats", []), "formats", '["fp16", "fp32"]'),
        input_format=texts.get("input_format"),
        compute=texts.get("compute"),
        output=texts.get("output"),
        override=_flag(table.get("override", False), "override"),
        accuracy=_accuracy(table.get("accuracy", {})),
    )


def _read_core(text: str) -> ProblemFile:
    core = read_fpcore(text)
    problem = Problem(
        expression=core.expression,
        box=core.box,
        tolerance=None,
        preconditions=core.preconditions,
        name=core.name,
        description="; ".join(core.notes),
    )
    formats = (core.precision,) if core.precision else ()
    return ProblemFile(problem=problem, formats=formats, components=core.components, open_ends=core.open_ends)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(4 * MAX_TEXT + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", mend="check the path") from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", mend="save it as UTF-8") from None
    if len(text) > MAX_TEXT:
        raise InputError(f"has more than {MAX_TEXT} characters", mend="use a shorter file")
    return text


def _load(text: str) -> dict[str, Any]:
    """Numbers with a point or an exponent arrive exact, as Fraction."""
    try:
        return tomllib.loads(text, parse_float=lambda literal: read_number(literal.replace("_", "")))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"is not TOML: {error}", mend='write lines such as eps = "1e-3"') from None
    except ValueError:
        raise InputError("is not TOML: an integer is too long", mend="write large numbers as 1e100") from None
    except RecursionError:
        raise InputError("is not TOML: nested too deeply", mend="remove brackets") from None


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{key} is not a text", mend=f'write {key} = "..."')
    return value


def _number(value: object, where: str) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InputError("is not a number", where=where, mend='write a number as "1e-3", "1/3" or 8')
    return read_number(str(value), where=where)


def _read_box(value: object) -> Inputs:
    if not isinstance(value, Mapping):
        raise InputError("box is not a table", mend='write [box] and below it x = ["-1", "1"]')
    return read_inputs(((name, _interval(ends, f"box.{name}")) for name, ends in value.items()), where="box")


def _interval(value: object, where: str) -> Interval:
    if not isinstance(value, list) or len(value) != 2:
        raise InputError("is not an interval", where=where, mend='write two ends, as in x = ["-1", "1"]')
    return make_interval(_number(value[0], where), _number(value[1], where), where=where)


def _placed(key: str, read: Callable[[str, Box, Vectors], Expression], text: str, inputs: Inputs) -> Expression:
    """The formula of a key."""
    try:
        return read(text, inputs.box, inputs.vectors)
    except InputError as error:
        raise InputError(error.what, where=f"{key}, {error.where}" if error.where else key, mend=error.mend) from None


def _flag(value: object, key: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{key} is not true or false", mend=f"write {key} = true")
    return value


def _accuracy(value: object) -> dict[Op, Fraction]:
    if not isinstance(value, Mapping):
        raise InputError("accuracy is not a table", mend='write accuracy = {sin = "2"}')
    return read_accuracy({name: _number(ulps, f"accuracy.{name}") for name, ulps in value.items()}, where="accuracy")


def _tolerance(table: Mapping[str, object]) -> Tolerance | None:
    given = {key: _number(table[key], key) for key in ("eps", "abs", "rel") if key in table}
    if "eps" in given and len(given) > 1:
        raise InputError("eps stands beside abs or rel", mend="give eps alone, or abs and rel")
    for key, value in given.items():
        if value < 0:
            raise InputError(f"{key} is negative", mend=f"give {key} >= 0")
    absolute = given.get("eps", given.get("abs", Fraction(0)))
    return Tolerance(absolute=absolute, relative=given.get("rel", Fraction(0))) if given else None


def _input_model(text: str) -> InputModel:
    if text not in list(InputModel):
        raise InputError(f"inputs is {shown(text)}", mend=f"choose {' or '.join(InputModel)}")
    return InputModel(text)


def _texts(value: object, key: str, example: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InputError(f"{key} is not a list", mend=f"write {key} = {example}")
    return tuple(_text(item, f"an item of {key}") for item in value)
