"""JSON as certificates use it: canonical to write (RFC 8785), strict to read, exact numbers as strings."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import NoReturn

from suffice.errors import InputError
from suffice.proofs.kernel.limits import MAX_DIGITS, MAX_NETWORK_BYTES

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

_TOO_LONG = 10**MAX_DIGITS

_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:/([1-9][0-9]*))?", re.ASCII)


def canonical_json(value: Json) -> bytes:
    """The RFC 8785 bytes of a value without floating-point numbers.

    Integers are written with all their digits; RFC 8785 leaves those beyond 2^53 to the application.
    """
    try:
        text = json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the text {error.object[error.start : error.end]!r} is half of a surrogate pair") from None


def _sorted(value: Json) -> Json:
    """The value with keys in the order of their UTF-16 code units (RFC 8785, section 3.2.3)."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _sorted(value[key]) for key in keys}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def parse_json(data: bytes, where: str) -> Json:
    """Read strict JSON: UTF-8, no floating-point numbers, no key twice.

    Raises InputError.
    """
    if len(data) > MAX_NETWORK_BYTES:
        raise InputError(f"{len(data)} bytes are more than the {MAX_NETWORK_BYTES} of a certificate", where=where)

    def refuse(text: str) -> NoReturn:
        raise InputError(f"the number {text[:40]} is not an integer", where=where, mend='write rationals as strings like "1/3"')

    def unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        members: dict[str, Json] = {}
        for key, member in pairs:
            if key in members:
                raise InputError(f"the key {key[:40]!r} stands twice in one object", where=where)
            members[key] = member
        return members

    try:
        value: Json = json.loads(data.decode(), parse_float=refuse, parse_constant=refuse, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", where=where, mend="give a certificate that suffice wrote") from None
    return value


def number_text(q: Fraction) -> str:
    """A rational in lowest terms: "-?digits" or "-?digits/digits".

    Raises InputError beyond the kernel's limit of digits.
    """
    if max(abs(q.numerator), q.denominator) >= _TOO_LONG:
        raise InputError(f"a number of more than {MAX_DIGITS} digits does not fit in a certificate")
    return str(q)


def as_number(value: Json, where: str) -> Fraction:
    """The rational that `number_text` wrote."""
    text = as_text(value, where)
    match = _NUMBER.fullmatch(text)
    if match is None or max(len(match[1]), len(match[2] or "")) > MAX_DIGITS + 1:
        raise InputError(f"{text[:40]!r} is not a rational", where=where, mend='write "digits" or "digits/digits"')
    q = Fraction(int(match[1]), int(match[2] or 1))
    if number_text(q) != text:
        raise InputError(f"{text[:40]!r} is not in lowest terms", where=where)
    return q


def member(where: str, name: str) -> str:
    """The place of a member whose name came from outside: one line, whatever the name."""
    return f"{where}[{name[:40]!r}]"


def fields(value: Json, where: str, *names: str) -> list[Json]:
    """The members of an object that has exactly these keys, in this order."""
    members = as_object(value, where)
    missing, unknown = [n for n in names if n not in members], [k for k in members if k not in names]
    if missing:
        raise InputError(f"the key {missing[0]!r} is missing", where=where)
    if unknown:
        raise InputError(f"the key {unknown[0][:40]!r} is unknown", where=where)
    return [members[name] for name in names]


def as_object(value: Json, where: str) -> dict[str, Json]:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise _wrong(value, where, dict)
    return value


def as_list(value: Json, where: str) -> list[Json]:
    """The value, which must be an array."""
    if not isinstance(value, list):
        raise _wrong(value, where, list)
    return value


def as_text(value: Json, where: str) -> str:
    """The value, which must be a string."""
    if not isinstance(value, str):
        raise _wrong(value, where, str)
    return value


def as_integer(value: Json, where: str) -> int:
    """The value, which must be an integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(value, where, int)
    return value


def as_boolean(value: Json, where: str) -> bool:
    """The value, which must be true or false."""
    if not isinstance(value, bool):
        raise _wrong(value, where, bool)
    return value


def as_choice(value: Json, where: str, *choices: str) -> str:
    """The value, which must be one of a few strings."""
    text = as_text(value, where)
    if text not in choices:
        raise InputError(f"{text[:40]!r} is not one of {', '.join(choices)}", where=where)
    return text


def _wrong(value: Json, where: str, wanted: type) -> InputError:
    return InputError(f"{_TYPE_NAMES[type(value)]} stands where {_TYPE_NAMES[wanted]} belongs", where=where)


_TYPE_NAMES: dict[type, str] = {
    dict: "an object", list: "an array", str: "a string", int: "an integer", bool: "true or false", type(None): "null",
}  # fmt: skip
