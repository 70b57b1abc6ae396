"""Sums of products as machines add them, exactly (docs/devices.md)."""

from __future__ import annotations

from fractions import Fraction

from ..failures import LeafFailure
from ..formats import Float, Format
from .program import Accumulation
from .rounding import places_for, round_dyadic


class NotFinite(Exception):
    """A result of a run is an infinity or NaN."""


def rounded_number(fmt: Format, n: int, places: int) -> int:
    """n / 2^places rounded. Raises NotFinite."""
    result = round_dyadic(fmt, n, places)
    if result is None:
        raise NotFinite
    return result


def round_or_stop(fmt: Format, r: Fraction) -> Fraction:
    """A rational rounded; negative zero is 0. Raises NotFinite."""
    value = fmt.round(r)
    if isinstance(value, Fraction):
        return value
    if value == "-0":
        return Fraction(0)
    raise NotFinite


def accumulate(acc: Accumulation, a: tuple[list[int], int], b: tuple[list[int], int], bias: Fraction | None) -> Fraction:
    """The sum of products a_i b_i, then the bias, in the order of the index."""
    fmt = acc.accumulator
    assert isinstance(fmt, Float)
    if acc.flushes_inputs or acc.kind != "additions" or acc.order not in ("any", "sequential"):
        raise LeafFailure(f"runs of sums by {acc.kind} in the order {acc.order} are not known to this kernel")
    places = places_for(fmt, a[1] + b[1])
    if bias is not None:
        places = max(places, bias.denominator.bit_length() - 1)
    shift = places - a[1] - b[1]
    fused = acc.products == "fused"
    total = 0
    for p, q in zip(a[0], b[0], strict=True):
        product = p * q << shift
        if product:
            if not fused:
                product = rounded_number(fmt, product, places)
            total = rounded_number(fmt, total + product, places)
    if bias is not None:
        total = rounded_number(fmt, total + (bias.numerator << places) // bias.denominator, places)
    return Fraction(total, 1 << places)
