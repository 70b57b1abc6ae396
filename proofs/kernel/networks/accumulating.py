"""Sums of products as machines add them, exactly (docs/devices.md)."""

from __future__ import annotations

from fractions import Fraction

from ..formats import Float, Format, power_of_two
from .program import Accumulation
from .rounding import is_plain, places_for, round_dyadic, round_plainly

Factors = tuple[list[int], int]
"""One side of the products: integers in units of 2^-places, and the places."""

_SINGLE = Float(24, -126, 127, Fraction((1 << 24) - 1) * (1 << 104), True, True, True, "kept", "nearest_even", "infinity")


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


def accumulate(acc: Accumulation, a: Factors, b: Factors, bias: Fraction | None) -> Fraction:
    """The sum of products a_i b_i, then the bias, as the accumulation adds in the order of the index."""
    fmt = acc.accumulator
    assert isinstance(fmt, Float)
    if acc.flushes_inputs:
        a, b = (_read(factors, emin) for factors, emin in zip((a, b), acc.smallest_exponents, strict=True))
        bias = Fraction(0) if bias is not None and abs(bias) < power_of_two(fmt.emin) else bias
    places = places_for(fmt, a[1] + b[1])
    if bias is not None:
        places = max(places, bias.denominator.bit_length() - 1)
    products = [p * q << places - a[1] - b[1] for p, q in zip(a[0], b[0], strict=True)]
    added = None if bias is None else (bias.numerator << places) // bias.denominator
    if acc.kind == "groups":
        total = _in_groups(acc, fmt, products, _exponents(acc, fmt, a, b), places)
        return Fraction(total, 1 << places) if bias is None else round_or_stop(_SINGLE, Fraction(total, 1 << places) + bias)
    if acc.order in ("any", "sequential") and is_plain(fmt):
        return Fraction(_plainly(fmt, products, added, places, fused=acc.products == "fused"), 1 << places)
    leaves = products if acc.products == "fused" else [_once(fmt, product, places) for product in products]
    total = _in_order(acc, fmt, leaves, places)
    return Fraction(total if added is None else _once(fmt, total + added, places), 1 << places)


def _read(factors: Factors, emin: int) -> Factors:
    """Factors below 2^emin read as zero."""
    numbers, places = factors
    return [n if (n.bit_length() if n >= 0 else (-n).bit_length()) - 1 - places >= emin else 0 for n in numbers], places


def _once(fmt: Float, n: int, places: int) -> int:
    """Rounded; where subnormals are flushed, 0 if p bits with any exponent hold a number below 2^emin instead."""
    if fmt.subnormals == "flushed" and (abs(n) << fmt.p + 1) < ((1 << fmt.p + 1) - 1) * _two_to(fmt.emin, places):
        return 0
    return rounded_number(fmt, n, places)


def _two_to(exponent: int, places: int) -> Fraction:
    return power_of_two(exponent + places)


def _in_order(acc: Accumulation, fmt: Float, leaves: list[int], places: int) -> int:
    """A chain; a chain with each two leaves swapped; or groups of two partial sums."""
    if acc.order in ("any", "sequential"):
        return _chain(fmt, leaves, places)
    if acc.order == "odd_even":
        return _chain(fmt, [leaf for k in range(0, len(leaves), 2) for leaf in reversed(leaves[k : k + 2])], places)
    total = 0
    for k in range(0, len(leaves), acc.group):
        part = leaves[k : k + acc.group]
        halves = (part[:2], part[2:]) if acc.order == "pairwise" else (part[::2], part[1::2])
        both = _once(fmt, sum(_chain(fmt, half, places) for half in halves), places)
        total = _once(fmt, total + both, places)
    return total


def _chain(fmt: Float, leaves: list[int], places: int) -> int:
    total = 0
    for leaf in leaves:
        total = _once(fmt, total + leaf, places)
    return total


def _exponents(acc: Accumulation, fmt: Float, a: Factors, b: Factors) -> list[int]:
    """The exponents by which products are aligned: those of the factors, but none below emin of its format."""
    sides = []
    for (numbers, places), emin in zip((a, b), acc.smallest_exponents, strict=True):
        sides.append([max(abs(n).bit_length() - 1 - places, emin) for n in numbers])
    pairs = zip(*sides, a[0], b[0], strict=True)
    return [first + second if p and q else fmt.emin for first, second, p, q in pairs]


def _in_groups(acc: Accumulation, fmt: Float, products: list[int], exponents: list[int], places: int) -> int:
    """Each group with the accumulator, aligned to the largest exponent and cut to p - 1 + extra_bits fraction bits, added and rounded."""
    total = 0
    for start in range(0, len(products), acc.group):
        stop = min(start + acc.group, len(products))
        cells = [(k, min(k + acc.presummed, stop)) for k in range(start, stop, acc.presummed)]
        parts = [(sum(products[k:end]), max(exponents[k:end])) for k, end in cells]
        aligned = [(n, e) for n, e in parts if n]
        if total:
            aligned.append((total, abs(total).bit_length() - 1 - places))
        unit = max([fmt.emin, *(e for _, e in aligned)]) - (fmt.p - 1) - acc.extra_bits + places
        cut = sum(_cut(n, unit) for n, _ in aligned)
        if not fmt.is_nearest and abs(cut) >= _two_to(fmt.emax + 1, places):
            raise NotFinite
        total = _once(fmt, cut, places)
    return total


def _cut(n: int, unit: int) -> int:
    """n cut toward zero to a multiple of 2^unit."""
    if unit <= 0:
        return n
    return n >> unit << unit if n >= 0 else -(-n >> unit << unit)


def _plainly(fmt: Float, products: list[int], added: int | None, places: int, *, fused: bool) -> int:
    """A chain where rounding is to nearest even without flushing."""
    largest = (fmt.max_finite.numerator << places) // fmt.max_finite.denominator
    terms = [product for product in products if product]
    if not fused:
        terms = [_clamped(fmt, round_plainly(fmt, term, places), largest) for term in terms]
    if added is not None:
        terms.append(added)
    total = 0
    for term in terms:
        total = _clamped(fmt, round_plainly(fmt, total + term, places), largest)
    return total


def _clamped(fmt: Float, n: int, largest: int) -> int:
    if -largest <= n <= largest:
        return n
    if fmt.overflow != "saturate":
        raise NotFinite
    return largest if n > 0 else -largest
