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

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.encodings.readers.inputs import Inputs, read_inputs
from suffice.encodings.readers.numbers import make_interval
from suffice.encodings.readers.places import check_keys, inside, shown
from suffice.encodings.readers.text import read_condition, read_expression
from suffice.encodings.readers.toml_values import (
    as_accuracy,
    as_flag,
    as_input_model,
    as_number,
    as_text,
    as_texts,
    load_toml,
    placed,
    read_text,
)
from suffice.errors import InputError

_TEXTS = ("name", "description", "expr", "inputs", "input_format", "compute", "output")
_KEYS = (*_TEXTS, "preconditions", "box", "eps", "abs", "rel", "formats", "override", "accuracy")

FAMILY_KEYS = ("parameters", "fold", "accumulate")
"""Keys of the files that hold a family (readers/family_toml.py)."""


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
    with inside(path.name):
        return readers[path.suffix](read_text(path))


def read_problem_toml(text: str) -> ProblemFile:
    """The problem in the text of a TOML file. Raises InputError."""
    table = load_toml(text)
    for key in table:
        if key in FAMILY_KEYS:
            raise InputError(f"{key} makes this a family of problems", mend="ask about it with suffice prove")
    check_keys(table, _KEYS, f"known keys are {', '.join(_KEYS)}")
    texts = {key: as_text(table[key], key) for key in _TEXTS if key in table}
    if "expr" not in texts:
        raise InputError("the key expr is missing", mend='add expr = "FORMULA"')
    inputs = _read_box(table.get("box", {}))
    problem = Problem(
        expression=placed("expr", read_expression, texts["expr"], inputs),
        box=inputs.box,
        tolerance=_tolerance(table),
        preconditions=tuple(
            placed(f"preconditions[{k}]", read_condition, text, inputs)
            for k, text in enumerate(as_texts(table.get("preconditions", []), "preconditions", '["x < y"]'))
        ),
        inputs=as_input_model(texts.get("inputs", InputModel.REAL.value)),
        name=texts.get("name", ""),
        description=texts.get("description", ""),
    )
    return ProblemFile(
        problem=problem,
        formats=as_texts(table.get("formats", []), "formats", '["fp16", "fp32"]'),
        input_format=texts.get("input_format"),
        compute=texts.get("compute"),
        output=texts.get("output"),
        override=as_flag(table.get("override", False), "override"),
        accuracy=as_accuracy(table.get("accuracy", {})),
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


def _read_box(value: object) -> Inputs:
    if not isinstance(value, Mapping):
        raise InputError("box is not a table", mend='write [box] and below it x = ["-1", "1"]')
    return read_inputs(((name, _interval(ends, f"box.{name}")) for name, ends in value.items()), where="box")


def _interval(value: object, where: str) -> Interval:
    if not isinstance(value, list) or len(value) != 2:
        raise InputError("is not an interval", where=where, mend='write two ends, as in x = ["-1", "1"]')
    return make_interval(as_number(value[0], where), as_number(value[1], where), where=where)


def _tolerance(table: Mapping[str, object]) -> Tolerance | None:
    given = {key: as_number(table[key], key) for key in ("eps", "abs", "rel") if key in table}
    if "eps" in given and len(given) > 1:
        raise InputError("eps stands beside abs or rel", mend="give eps alone, or abs and rel")
    for key, value in given.items():
        if value < 0:
            raise InputError(f"{key} is negative", mend=f"give {key} >= 0")
    absolute = given.get("eps", given.get("abs", Fraction(0)))
    return Tolerance(absolute=absolute, relative=given.get("rel", Fraction(0))) if given else None
