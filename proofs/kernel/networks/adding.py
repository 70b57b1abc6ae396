"""How far an accumulated sum can be from the exact one (docs/devices.md). All amounts are in units of 2^-places, rounded up.

With m terms (products t_i, and maybe a bias) of magnitudes that add up to at most S, and an accumulator of p bits:

* Additions. A term passes at most D roundings, each of which multiplies by 1 + d, |d| <= u = 2^-p (below 2^emin sums are exact): the
  error is at most G S, G = (1 + u)^D - 1. If every product fits it is not rounded, and D is one less. A product that underflows moves by
  at most eta = 2^(emin - p) in place of that: G (S + n eta) + n eta. Where subnormals are flushed, each of at most 2m roundings may lose
  2^emin more: G S + 2m 2^emin (1 + G).
* Or: rounded products err by at most u S + n eta together, and each of the m - 1 additions by at most half(S + E), E any bound of the
  error. The least of both counts.
* Groups of g products, step by step, the bias one more step: g / presummed + 1 aligned numbers are cut by less than
  2^(e - p + 1 - extra) each, 2^e at most the largest of 2^emin, |a| |b| (each at least 2^emin of its format) and the accumulator, S + E;
  then the sum is rounded.
* Factors below 2^emin of their format that are read as zero: n max(2^emin_a |b|, 2^emin_b |a|) more.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..failures import LeafFailure
from ..fixed import FixedPoint
from ..formats import Float, Format, Int
from .program import Accumulation
from .rounding import exceeds, half, power_up

_OVERFLOW = "a sum of {} may overflow its accumulator"


@dataclass(frozen=True, slots=True)
class Sum:
    """What is known of the terms of one sum: how many products, S, the largest factors, and whether a bias is among the terms."""

    count: int
    total: int
    left: int
    right: int
    has_bias: bool = False


def products_fit(left: Format, right: Format, accumulator: Float | Int | None) -> bool:
    """Whether every product of numbers of two formats is a number of the accumulator."""
    if not (isinstance(left, Float) and isinstance(right, Float) and isinstance(accumulator, Float)):
        return False
    unit = left.emin - left.p + 1 + right.emin - right.p + 1
    if left.p + right.p > accumulator.p or unit < accumulator.emin - accumulator.p + 1:
        return False
    kept = accumulator.subnormals == "kept" or unit >= accumulator.emin
    return kept and left.max_finite * right.max_finite <= accumulator.max_finite


def error_bound(acc: Accumulation, terms: Sum, fixed: FixedPoint, where: str, *, fits: bool) -> int:
    """The largest error of adding up. Raises LeafFailure where the sum may overflow, or saturate (the bounds suppose neither)."""
    if terms.total == 0 and not acc.flushes_inputs:
        return 0
    fmt = acc.accumulator
    assert isinstance(fmt, Float)
    places = fixed.bits
    flushed = _flushed_inputs(acc, terms, places)
    error = _groups(acc, fmt, terms, places) if acc.kind == "groups" else _additions(acc, fmt, terms, fixed, fits=fits)
    if error is None or exceeds(fmt, terms.total + error, places):
        raise LeafFailure(_OVERFLOW.format(where))
    return error + flushed


def roundings(acc: Accumulation, terms: Sum) -> int:
    """The most roundings that a term passes, its own as a product among them."""
    groups = -(-terms.count // acc.group)
    if acc.order == "pairwise":
        return 3 + groups + terms.has_bias
    if acc.order == "even_odd_chains":
        return acc.group // 2 + 1 + groups + terms.has_bias
    return terms.count + terms.has_bias


def _additions(acc: Accumulation, fmt: Float, terms: Sum, fixed: FixedPoint, *, fits: bool) -> int | None:
    places, n = fixed.bits, terms.count
    flushes = acc.flushes_inputs or fmt.subnormals == "flushed"
    depth = roundings(acc, terms)
    grown = growth(fmt.p, depth - fits, places)
    if flushes:
        tiny = power_up(fmt.emin, places)
        return scaled(grown, terms.total, places) + 2 * (n + terms.has_bias) * (tiny + scaled(grown, tiny, places))
    eta = 0 if fits else n * power_up(fmt.emin - fmt.p, places)
    first = scaled(grown, terms.total + eta, places) + eta
    each = half(fmt, 0, terms.total + first, places)
    if each is None:
        return None
    products = 0 if fits else scaled(power_up(-fmt.p, places), terms.total, places) + eta
    return min(first, products + (n + terms.has_bias - 1) * each)


def _groups(acc: Accumulation, fmt: Float, terms: Sum, places: int) -> int | None:
    parts = acc.group // acc.presummed + 1
    cut = fmt.p - 1 + acc.extra_bits
    tiny = power_up(fmt.emin, places)
    left, right = (power_up(e, places) for e in acc.smallest_exponents)
    largest = scaled(max(left, terms.left), max(right, terms.right), places)
    error, held = 0, terms.total if terms.has_bias else 0
    for _ in range(-(-terms.count // acc.group) + terms.has_bias):
        top = max(tiny, largest, held)
        lost = -(-parts << top.bit_length() - 1 >> cut)
        rounding = half(fmt, 0, terms.total + error + lost, places)
        if rounding is None:
            return None
        error += lost + rounding
        held = terms.total + error
    return error


def _flushed_inputs(acc: Accumulation, terms: Sum, places: int) -> int:
    if not acc.flushes_inputs:
        return 0
    left, right = (power_up(e, places) for e in acc.smallest_exponents)
    return terms.count * max(scaled(left, terms.right, places), scaled(right, terms.left, places))


def growth(p: int, depth: int, places: int) -> int:
    """(1 + 2^-p)^depth - 1, rounded up."""
    if depth == 0:
        return 0
    fine = FixedPoint(places + p)
    one = 1 << fine.bits
    return -(-(fine.power((one + (one >> p),) * 2, depth)[1] - one) >> p)


def scaled(a: int, b: int, places: int) -> int:
    """a b, rounded up."""
    return -(-(a * b) >> places)

