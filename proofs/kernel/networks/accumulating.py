"""Sums of products as machines add them, exactly (docs/devices.md)."""

from __future__ import annotations

from fractions import Fraction
from operator import mul

from ..failures import LeafFailure
from ..formats import Float, Format
from .program import Accumulation
from .rounding import is_plain, places_for, round_dyadic, round_plainly


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
    if is_plain(fmt):
        return _accumulate_plainly(fmt, (a[0], b[0]), bias, (shift, places), fused=acc.products == "fused")
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


def _accumulate_plainly(
    fmt: Float, factors: tuple[list[int], list[int]], bias: Fraction | None, scale: tuple[int, int], *, fused: bool
) -> Fraction:
    """The same where rounding is to nearest even without flushing."""
    shift, places = scale
    largest = (fmt.max_finite.numerator << places) // fmt.max_finite.denominator
    terms = [product << shift for product in map(mul, *factors) if product]
    if not fused:
        terms = [round_plainly(fmt, term, places) for term in terms]
        terms = [_clamped(fmt, term, largest) for term in terms]
    if bias is not None:
        terms.append((bias.numerator << places) // bias.denominator)
    total = 0
    for term in terms:
        total = _clamped(fmt, round_plainly(fmt, total + term, places), largest)
    return Fraction(total, 1 << places)


def _clamped(fmt: Float, n: int, largest: int) -> int:
    if -largest <= n <= largest:
        return n
    if fmt.overflow != "saturate":
        raise NotFinite
    return largest if n > 0 else -largest
