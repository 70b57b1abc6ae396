"""Files of families: problem files with parameters, with a fold of any size, or with both.

expr = "s/n"
eps = "e"
formats = ["bf16"]
accumulate = "fp32"
[parameters]
e = ["1e-4", "1e-1"]
[box]
x = ["0", "1"]
[fold]
size = "n"
sizes = [1, "inf"]
state = "s"
start = "0"
term = "x"
elements = ["x"]

Instead of `term`, `step = "tanh(s/2 + x)"` gives the whole next state; then there are few sizes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from suffice.encodings.expression import Expression
from suffice.encodings.family import Affine, Family, Fold
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, InputModel, Interval
from suffice.encodings.readers.affine import read_affine
from suffice.encodings.readers.inputs import Inputs, read_inputs
from suffice.encodings.readers.numbers import make_interval, read_name
from suffice.encodings.readers.places import check_keys, inside
from suffice.encodings.readers.text import read_condition, read_expression
from suffice.encodings.readers.toml import FAMILY_KEYS
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

_TEXTS = ("name", "description", "expr", "inputs", "input_format", "compute", "output", "accumulate")
_KEYS = (*_TEXTS, "parameters", "fold", "preconditions", "box", "eps", "abs", "rel", "formats", "override", "accuracy")
_FOLD_KEYS = ("size", "sizes", "state", "start", "elements")
_STEP_KEYS = ("term", "step")

MOST_STEPS = 16
"""The greatest size of a fold whose steps are no sums: it is proved size by size."""

_ZERO = Affine(Fraction(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFile:
    """A family, and the texts of the formats that the file asks about; `accumulate` is that of the fold's state, if it is another."""

    family: Family
    formats: tuple[str, ...] = ()
    input_format: str | None = None
    compute: str | None = None
    output: str | None = None
    accumulate: str | None = None
    override: bool = False
    accuracy: Mapping[Op, Fraction] = field(default_factory=dict)


def is_family_file(path: Path) -> bool:
    """Whether a file declares parameters or a fold. Files that cannot be read are no families: their own reader says why."""
    if path.suffix != ".toml":
        return False
    try:
        table = load_toml(read_text(path))
    except InputError:
        return False
    return any(key in table for key in FAMILY_KEYS)


def read_family_file(path: Path) -> FamilyFile:
    """The family in a .toml file. Raises InputError that names the file."""
    with inside(path.name):
        return read_family_toml(read_text(path))


def read_family_toml(text: str) -> FamilyFile:
    """The family in the text of a TOML file. Raises InputError."""
    table = load_toml(text)
    check_keys(table, _KEYS, f"known keys are {', '.join(_KEYS)}")
    texts = {key: as_text(table[key], key) for key in _TEXTS if key in table}
    if "expr" not in texts:
        raise InputError("the key expr is missing", mend='add expr = "FORMULA"')
    if "fold" not in table and "parameters" not in table:
        raise InputError("accumulate stands without a fold", mend='add [fold], or leave out accumulate = "..."')
    if "fold" in table and "preconditions" in table:
        raise InputError("preconditions stand beside a fold", mend="leave them out: a fold takes every point of its box")
    family = _read_family(table, texts)
    if family.fold is None and "accumulate" in texts:
        raise InputError("accumulate stands without a fold", mend='add [fold], or leave out accumulate = "..."')
    return FamilyFile(
        family=family,
        formats=as_texts(table.get("formats", []), "formats", '["fp16", "fp32"]'),
        input_format=texts.get("input_format"),
        compute=texts.get("compute"),
        output=texts.get("output"),
        accumulate=texts.get("accumulate"),
        override=as_flag(table.get("override", False), "override"),
        accuracy=as_accuracy(table.get("accuracy", {})),
    )


def _read_family(table: Mapping[str, Any], texts: Mapping[str, str]) -> Family:
    parameters = _read_parameters(table.get("parameters", {}))
    ends, inputs = _read_box(table.get("box", {}), parameters)
    fold = _read_fold(table["fold"], inputs, parameters) if "fold" in table else None
    _check_names([*parameters, *inputs.box, *inputs.vectors, *([fold.size, fold.state] if fold else [])])
    outside = [name for name in inputs.box if fold is None or name not in fold.elements]
    names = [*outside, *parameters, *([fold.size, fold.state] if fold else [])]
    absolute, relative = _tolerance(table, parameters)
    return Family(
        parameters=parameters,
        expression=_formula("expr", texts["expr"], names, inputs),
        box=ends,
        absolute=absolute,
        relative=relative,
        inputs=as_input_model(texts.get("inputs", InputModel.REAL.value)),
        preconditions=tuple(
            placed(f"preconditions[{k}]", read_condition, condition, _within([*inputs.box, *parameters], inputs))
            for k, condition in enumerate(as_texts(table.get("preconditions", []), "preconditions", '["x < y"]'))
        ),
        fold=fold,
        name=texts.get("name", ""),
        description=texts.get("description", ""),
    )


def _formula(key: str, text: str, names: Collection[str], inputs: Inputs) -> Expression:
    return placed(key, read_expression, text, _within(names, inputs))


def _within(names: Collection[str], inputs: Inputs) -> Inputs:
    """These names as those that a formula may use, with the vectors whose parts are all among them."""
    vectors = {name: parts for name, parts in inputs.vectors.items() if set(parts) <= set(names)}
    return Inputs(dict.fromkeys(names, Interval(Fraction(0), Fraction(0))), vectors)


def _check_names(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the name {name} stands for two things", mend="rename a parameter, an input, the size or the state")


def _read_parameters(value: object) -> Box:
    if not isinstance(value, Mapping):
        raise InputError("parameters is not a table", mend='write [parameters] and below it D = ["1", "64"]')
    box: Box = {}
    for name, ends in value.items():
        where = f"parameters.{name}"
        low, high = _two(ends, where, 'D = ["1", "64"]')
        box[read_name(name, where="parameters")] = make_interval(as_number(low, where), as_number(high, where), where=where)
    return box


def _two(value: object, where: str, example: str) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise InputError("is not an interval", where=where, mend=f"write two ends, as in {example}")
    return value[0], value[1]


def _read_box(value: object, parameters: Box) -> tuple[dict[str, tuple[Affine, Affine]], Inputs]:
    """The ends of every input's interval, and the inputs with their vectors."""
    if not isinstance(value, Mapping):
        raise InputError("box is not a table", mend='write [box] and below it x = ["-1", "1"]')
    nothing = Interval(Fraction(0), Fraction(0))
    inputs = read_inputs(((declared, nothing) for declared in value), where="box")
    ends: dict[str, tuple[Affine, Affine]] = {}
    for declared, sides in value.items():
        where = f"box.{declared}"
        low, high = (read_affine(_affine_text(end, where), parameters, where=where) for end in _two(sides, where, 'x = ["-D", "2*D + 1"]'))
        name = declared.partition("[")[0].strip()
        ends |= dict.fromkeys(inputs.vectors.get(name, (name,)), (low, high))
    return ends, inputs


def _affine_text(value: object, where: str) -> str:
    return value if isinstance(value, str) else str(as_number(value, where))


def _tolerance(table: Mapping[str, Any], parameters: Box) -> tuple[Affine, Affine]:
    given = {key: read_affine(_affine_text(table[key], key), parameters, where=key) for key in ("eps", "abs", "rel") if key in table}
    if not given:
        raise InputError("the family has no tolerance", mend='add eps = "1e-2", or rel = "1e-2"')
    if len(given) > 1:
        raise InputError("a family has one tolerance", mend="give eps (or abs) alone, or rel alone")
    absolute = given.get("eps", given.get("abs", _ZERO))
    return absolute, given.get("rel", _ZERO)


def _read_fold(value: object, inputs: Inputs, parameters: Box) -> Fold:
    if not isinstance(value, Mapping):
        raise InputError("fold is not a table", mend='write [fold] and below it size = "n"')
    known = ", ".join((*_FOLD_KEYS, *_STEP_KEYS))
    check_keys(value, (*_FOLD_KEYS, *_STEP_KEYS), f"use {known}", where="fold")
    for key in _FOLD_KEYS:
        if key not in value:
            raise InputError(f"the key {key} is missing", where="fold", mend=f"known keys are {known}")
    is_step = _has_step(value)
    elements = _elements(as_texts(value["elements"], "fold.elements", '["x", "y"]'), inputs)
    others = [name for name in inputs.box if name not in elements]
    least, greatest = _sizes(value["sizes"])
    if is_step and (greatest is None or greatest > MOST_STEPS):
        raise InputError(
            "a step is no sum, and is proved size by size", where="fold.sizes", mend=f"write sizes = [1, {MOST_STEPS}] at most"
        )
    state = read_name(as_text(value["state"], "fold.state"), where="fold.state")
    return Fold(
        size=read_name(as_text(value["size"], "fold.size"), where="fold.size"),
        least=least,
        greatest=greatest,
        state=state,
        start=_unannotated("fold.start", _formula("fold.start", as_text(value["start"], "fold.start"), [*others, *parameters], inputs)),
        term=_read_step(value["step"], state, [*elements, *parameters], inputs)
        if is_step
        else _unannotated("fold.term", _formula("fold.term", as_text(value["term"], "fold.term"), [*elements, *parameters], inputs)),
        elements=elements,
        is_step=is_step,
    )


def _has_step(value: Mapping[str, Any]) -> bool:
    given = [key for key in _STEP_KEYS if key in value]
    if len(given) != 1:
        said = "both a term and a step" if given else "neither a term nor a step"
        raise InputError(f"the fold has {said}", where="fold", mend='write term = "x" where s + x follows s, or step = "tanh(s + x)"')
    return given == ["step"]


def _read_step(value: object, state: str, names: list[str], inputs: Inputs) -> Expression:
    step = _unannotated("fold.step", _formula("fold.step", as_text(value, "fold.step"), [*names, state], inputs))
    if state not in step.variables:
        raise InputError(f"the step does not use the state {state}", where="fold.step", mend=f'write step = "tanh({state} + x)"')
    return step


def _unannotated(key: str, expression: Expression) -> Expression:
    if any(node.format is not None for node in expression.nodes):
        raise InputError("a cast stands inside a fold", where=key, mend="name the formats with compute and accumulate")
    return expression


def _elements(names: tuple[str, ...], inputs: Inputs) -> tuple[str, ...]:
    """The inputs that every step has anew; a vector stands for its parts."""
    for name in names:
        if name not in inputs.box and name not in inputs.vectors:
            raise InputError(f"the element {name} is no input", where="fold.elements", mend=f"the inputs are {', '.join(inputs.box)}")
    if not names:
        raise InputError("the fold has no elements", where="fold.elements", mend='name the inputs that every step has anew: ["x"]')
    return tuple(dict.fromkeys(part for name in names for part in inputs.vectors.get(name, (name,))))


def _sizes(value: object) -> tuple[int, int | None]:
    low, high = _two(value, "fold.sizes", 'sizes = [1, 65536] or [4096, "inf"]')
    is_open = high == "inf"
    least, greatest = as_number(low, "fold.sizes"), as_number(low if is_open else high, "fold.sizes")
    if least.denominator != 1 or greatest.denominator != 1:
        raise InputError("a size is not an integer", where="fold.sizes", mend='write sizes = [1, 65536] or [4096, "inf"]')
    return int(least), None if is_open else int(greatest)
