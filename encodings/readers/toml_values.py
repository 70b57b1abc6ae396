"""Values of a TOML file: exact numbers, texts and formulas, with errors that name the key."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from suffice.encodings.expression import Expression
from suffice.encodings.limits import MAX_TEXT
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, InputModel
from suffice.encodings.readers.functions import read_accuracy
from suffice.encodings.readers.inputs import Inputs
from suffice.encodings.readers.numbers import read_number
from suffice.encodings.readers.places import inside, shown
from suffice.encodings.readers.text import Vectors
from suffice.errors import InputError


def read_text(path: Path) -> str:
    """The text of a file. Raises InputError."""
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


def load_toml(text: str) -> dict[str, Any]:
    """Numbers with a point or an exponent arrive exact, as Fraction."""
    try:
        return tomllib.loads(text, parse_float=lambda literal: read_number(literal.replace("_", "")))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"is not TOML: {error}", mend='write lines such as eps = "1e-3"') from None
    except ValueError:
        raise InputError("is not TOML: an integer is too long", mend="write large numbers as 1e100") from None
    except RecursionError:
        raise InputError("is not TOML: nested too deeply", mend="remove brackets") from None


def as_text(value: object, key: str) -> str:
    """The text of a key. Raises InputError."""
    if not isinstance(value, str):
        raise InputError(f"{key} is not a text", mend=f'write {key} = "..."')
    return value


def as_number(value: object, where: str) -> Fraction:
    """The exact number that stands at `where`. Raises InputError."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InputError("is not a number", where=where, mend='write a number as "1e-3", "1/3" or 8')
    return read_number(str(value), where=where)


def placed(key: str, read: Callable[[str, Box, Vectors], Expression], text: str, inputs: Inputs) -> Expression:
    """The formula of a key."""
    with inside(key):
        return read(text, inputs.box, inputs.vectors)


def as_flag(value: object, key: str) -> bool:
    """The truth of a key. Raises InputError."""
    if not isinstance(value, bool):
        raise InputError(f"{key} is not true or false", mend=f"write {key} = true")
    return value


def as_accuracy(value: object) -> dict[Op, Fraction]:
    """Ulps by function. Raises InputError."""
    if not isinstance(value, Mapping):
        raise InputError("accuracy is not a table", mend='write accuracy = {sin = "2"}')
    return read_accuracy({name: as_number(ulps, f"accuracy.{name}") for name, ulps in value.items()}, where="accuracy")


def as_input_model(text: str) -> InputModel:
    """How inputs arrive. Raises InputError."""
    if text not in list(InputModel):
        raise InputError(f"inputs is {shown(text)}", mend=f"choose {' or '.join(InputModel)}")
    return InputModel(text)


def as_texts(value: object, key: str, example: str) -> tuple[str, ...]:
    """The list of texts of a key. Raises InputError."""
    if not isinstance(value, list):
        raise InputError(f"{key} is not a list", mend=f"write {key} = {example}")
    return tuple(as_text(item, f"an item of {key}") for item in value)
