"""Arrays of a certificate: base64 of IEEE 754 numbers, read as exact integers over one power of two."""

from __future__ import annotations

import array
import base64
import binascii
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .. import limits
from ..failures import Rejection

_BITS = {"float64": (52, 11), "float32": (23, 8)}
"""Stored significand bits and exponent bits, by the name of the type."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The dyadic numbers n / 2^places."""

    numbers: list[int]
    places: int

    def at(self, places: int) -> list[int]:
        """The same in units of 2^-places, which are not coarser."""
        shift = places - self.places
        return [n << shift for n in self.numbers] if shift else self.numbers

    def fraction(self, position: int) -> Fraction:
        """One of the numbers."""
        return Fraction(self.numbers[position], 1 << self.places)


def decode(text: Any, count: int, where: str) -> Exact:
    """`count` finite numbers, "float64:..." or "float32:..."."""
    kind, data = _bytes(text, where, tuple(_BITS), count)
    stored, exponents = _BITS[kind]
    codes = _words(data, "Q" if kind == "float64" else "I")
    largest = (1 << exponents) - 1
    fraction, hidden, sign = (1 << stored) - 1, 1 << stored, stored + exponents
    parts = []
    for code in codes:
        field = code >> stored & largest
        if field == largest:
            raise Rejection(f"{where} holds a number that is not finite")
        significand = code & fraction | (hidden if field else 0)
        parts.append((-significand if code >> sign else significand, field or 1))
    least = min((field for significand, field in parts if significand), default=1)
    demand_bits(count, max((field for significand, field in parts if significand), default=1) - least + stored, where)
    numbers = [significand << field - least if significand else 0 for significand, field in parts]
    places = (largest >> 1) - 1 + stored + 1 - least
    return reduced(numbers, places)


def demand_bits(count: int, bits: int, where: str) -> None:
    """Refuse numbers that take too much room in one unit."""
    if count * (bits + 64) > limits.MAX_HELD_BITS:
        raise Rejection(f"{where} holds numbers too large or too small for so many")


def reduced(numbers: list[int], places: int) -> Exact:
    """The same numbers with as few places as they need, none below zero."""
    together = 0
    for n in numbers:
        together |= n
    shift = min(places, (together & -together).bit_length() - 1) if together else places
    if shift > 0:
        return Exact([n >> shift for n in numbers], places - shift)
    return Exact([n << -places for n in numbers], 0) if places < 0 else Exact(numbers, places)


def decode_index(text: Any, count: int, where: str) -> list[int]:
    """`count` integers, "int32:..."."""
    return list(_words(_bytes(text, where, ("int32",), count)[1], "i"))


def _bytes(text: Any, where: str, kinds: tuple[str, ...], count: int) -> tuple[str, bytes]:
    kind, _, encoded = text.partition(":") if isinstance(text, str) else ("", "", "")
    if kind not in kinds:
        raise Rejection(f"{where} is not an array of {' or '.join(kinds)}")
    size = count * (8 if kind == "float64" else 4)
    if count > limits.MAX_NETWORK_PARAMETERS or len(encoded) != (size + 2) // 3 * 4:
        raise Rejection(f"{where} does not hold {count} numbers of {kind}")
    try:
        data = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Rejection(f"{where} is not base64") from None
    if len(data) != size or base64.b64encode(data).decode("ascii") != encoded:
        raise Rejection(f"{where} is not canonical base64 of {count} numbers")
    return kind, data


def _words(data: bytes, code: str) -> array.array[int]:
    words = array.array(code)
    words.frombytes(data)
    if sys.byteorder == "big":
        words.byteswap()
    return words
