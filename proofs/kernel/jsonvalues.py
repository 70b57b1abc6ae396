"""JSON values as certificates use them: strict, and every limit enforced before any arithmetic."""

from __future__ import annotations

import gc
import json
import re
from fractions import Fraction
from math import gcd
from typing import Any

from . import limits
from .failures import Rejection

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""Names of inputs."""

_SEPARATORS = (b"[", b"{", b",")

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")


def load(data: bytes) -> Any:
    """Parse JSON without floating-point numbers, duplicate keys, deep nesting (which the parser refuses) or huge integers."""
    most = limits.MAX_NETWORK_BYTES if b'"network"' in data else limits.MAX_BYTES
    if len(data) > most:
        raise Rejection(f"the file has {len(data)} bytes, more than {most}")
    if len(data) > limits.MAX_BYTES and sum(map(data.count, _SEPARATORS)) > limits.MAX_SEPARATORS:
        raise Rejection(f"the file has more than {limits.MAX_BYTES} bytes and {limits.MAX_SEPARATORS} brackets and commas")
    collects = gc.isenabled()
    gc.disable()  # nothing is garbage while millions of lists are made
    try:
        return json.loads(
            data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float, parse_int=_small_int, object_pairs_hook=_no_duplicates
        )
    except UnicodeDecodeError:
        raise Rejection("the file is not UTF-8") from None
    except RecursionError:
        raise Rejection("the file is nested too deeply") from None
    except ValueError as error:
        raise Rejection(f"the file is not JSON: {error}") from None
    finally:
        if collects:
            gc.enable()


def _no_float(text: str) -> Any:
    raise Rejection(f"{text[:40]} is not an exact number: write it as a string of digits")


def _small_int(text: str) -> int:
    if len(text) > 30:
        raise Rejection(f"an integer of {len(text)} digits")
    return int(text)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > limits.MAX_KEYS:
        raise Rejection(f"an object has more than {limits.MAX_KEYS} keys")
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Rejection(f"an object has a key twice among {', '.join(quoted(key) for key, _ in pairs[:8])}")
    return result


def fields(value: Any, where: str, *names: str) -> list[Any]:
    """The values of an object that has exactly these keys."""
    if not isinstance(value, dict):
        raise Rejection(f"{where} is not an object")
    if set(value) != set(names):
        odd = sorted(set(value) ^ set(names))
        named = ", ".join(key if NAME.fullmatch(key) else quoted(key) for key in odd[:8])
        raise Rejection(f"{where} has missing or unknown keys: {named}")
    return [value[name] for name in names]


def optional(value: Any, *names: str) -> list[str]:
    """Those of the names that are keys of an object."""
    return [name for name in names if isinstance(value, dict) and name in value]


def quoted(value: Any) -> str:
    """What a file says, on one line of plain letters."""
    return ascii(value[:40] if isinstance(value, str) else type(value).__name__)


def integer(value: Any, where: str, low: int, high: int) -> int:
    """A JSON integer within limits."""
    if type(value) is not int or not low <= value <= high:
        raise Rejection(f"{where} is not an integer from {low} to {high}")
    return value


def boolean(value: Any, where: str) -> bool:
    """A JSON boolean."""
    if type(value) is not bool:
        raise Rejection(f"{where} is not true or false")
    return value


def choice(value: Any, where: str, options: tuple[str, ...]) -> str:
    """One of several words."""
    if not isinstance(value, str) or value not in options:
        raise Rejection(f"{where} is not one of {', '.join(options)}")
    return value


def listed(value: Any, where: str, low: int, high: int) -> list[Any]:
    """A JSON array of limited length."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise Rejection(f"{where} is not an array of {low} to {high} items")
    return value


def number(value: Any, where: str) -> Fraction:
    """A rational written in lowest terms."""
    if not isinstance(value, str) or len(value) > 2 * limits.MAX_DIGITS + 2 or not _NUMBER.fullmatch(value) or value == "-0":
        raise Rejection(f"{where} is not a number written as an integer or a fraction of at most {limits.MAX_DIGITS} digits")
    top, _, bottom = value.partition("/")
    if max(len(top), len(bottom)) > limits.MAX_DIGITS:
        raise Rejection(f"{where} has more than {limits.MAX_DIGITS} digits")
    n, d = int(top), int(bottom or 1)
    if gcd(n, d) != 1 or (bottom and d == 1):
        raise Rejection(f"{where} is not in lowest terms")
    return Fraction(n, d)
