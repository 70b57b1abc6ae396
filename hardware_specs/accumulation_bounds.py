"""Proved bounds on what adding up loses: |accumulated - exact sum of the same products and bias|.

Notation. n products t_i and maybe a bias, m terms in all, S >= the sum of all their magnitudes. The accumulator has p bits:
u = 2^-p, v = u / (1 + u), eta = 2^(emin - p) (half its least number), tau = 2^emin.

Facts about rounding to nearest into it, without overflow: (a) |fl(x) - x| <= v |x| for |x| >= tau; (b) |fl(x) - x| <= eta for |x| < tau;
(c) if x is a sum of two numbers of the format and |x| < tau, then fl(x) = x (all are multiples of 2 eta); (d) if x = y + w with y in the
format, then |fl(x) - x| <= |w|, since y is no farther than that. With flushing: (e) fl(x) = x (1 + d) + w, |d| <= v, |w| <= tau.

Linear bound (Jeannerod and Rump, SIAM J. Matrix Anal. Appl. 34 (2013), in full). *Without underflow, any binary tree over the terms, in
which each product is rounded first or enters its first addition exactly, errs by at most c u S, where c = m, or m - 1 if all leaves
are numbers of the format.* By induction over the tree, m' u S' for m' terms of magnitude S' below a node: a rounded product errs by
v |t| <= u |t|, an exact leaf by nothing. A node with x = y1 + y2, S1 >= |terms below y1|, adds d = |fl(x) - x|; it suffices that
d <= m2 u S1 + m1 u S2 =: T.
  1. S1 <= u S2: if y1 is an exact leaf, or was rounded while y2 is in the format, (d) gives d <= |y1| <= S1 + m1 u S1 if y2 is in the
     format. For an exact leaf |y1| <= S1 <= u S2 <= T. Else S1 + m1 u S1 <= u S2 + u S1 <= T for m1 = 1, and for m1 >= 2
     m1 u S1 <= m1 u^2 S2 <= (m1 - 1) u S2, so S1 + m1 u S1 <= m1 u S2 <= T. If y2 is not in the format it is a single exact
     product, m2 = 1, and its own allowance u S2 is unspent: d <= v (S1 + m1 u S1 + S2) <= v m1 u S1 + u (S1 + S2), where
     v m1 u S1 <= v m1 u^2 S2; so d <= u S1 + m1 u S2 + u S2 = T + u S2.
  2. S2 <= u S1: the same.
  3. Else u S1 < S2 and u S2 < S1: d <= v (S1 + m1 u S1 + S2 + m2 u S2), and v m1 u S1 = v u S1 + v (m1 - 1) u S1 <= v u S1 +
     u (m1 - 1) S2, likewise for S2; with v + v u = u, d <= u S1 + u S2 + u (m1 - 1) S2 + u (m2 - 1) S1 = T.
With leaves in the format the same induction runs with m' - 1 for m': T loses nothing (leaves start from 0) and case 3 becomes
d <= u (S1 + (m1 - 1) u S1 + S2 + (m2 - 1) u S2) <= u (S1 + S2 + (m1 - 1) S2 + (m2 - 1) S1) = T; case 1 S1 + (m1 - 1) u S1 <= m1 u S2.

Power bound. *A tree in which a leaf passes at most D roundings errs by at most ((1 + v)^D - 1) S*: the result is the sum of
t_i (1 + d_1) ... (1 + d_D).

Underflow, no flushing. Where a rounded product or a fused addition is below tau, move that product by at most eta so that the
operation becomes exact (b); additions of numbers are exact there already (c). Each product moves at most once: S grows by n eta, and
the sum moves by n eta. So error <= A (S + n eta) + n eta, with A u-linear or from the power bound; nothing of it if all products fit.

Flushing (e): the result is the sum of t_i times D factors and of at most 2m numbers w (n products, m - 1 additions, the bias on entry)
times fewer: error <= ((1 + v)^D - 1) S + 2m tau (1 + v)^D. Since (b) and (c) are cases of (e), it covers not flushing too.

Grid. If 2^k divides every product, there is no bias, and S <= 2^p 2^k (and max_finite, and 2^k is no less than the least number that is
kept), every partial sum is a number of the accumulator: error 0. In groups nothing is cut either if 2^(e - f) <= 2^k, see `_group_error`.

Overflow. Before it is rounded, no x exceeds S + error in magnitude; if that is at most max_finite nothing overflows. Else: no bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import NEAREST, Accumulation, Kind, Order, exact_total
from suffice.hardware_specs.format import FloatFormat, IntFormat, power_of_two
from suffice.hardware_specs.grid import exponent
from suffice.hardware_specs.upward import above
from suffice.hardware_specs.vectorised import fits_float64

Array = NDArray[np.float64]

_LEAST = 2.0**-500
"""Totals are raised to this, so that no product below underflows, also where a process flushes subnormals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is known of a dot product.

    `count` products, the bias not among them; `total` >= the sum of the magnitudes of all products and the bias (a number of the
    accumulator); `largest`, for groups only: >= max(|a|, 2^emin_a) max(|b|, 2^emin_b) for every product a b, also those with a zero
    factor (of a block format: elements in place of a and b, times both scales, each at least its least normal number; the scale of a
    tensor multiplies the sum afterwards and is left out). Integers: in codes less their zero points.
    `unit`: 2^unit divides every product (`accumulation.product_unit`), if known. `chains`, for groups only: the most chains of groups whose
    results are added in fp32 (split K).
    """

    count: int
    total: Fraction
    bias: bool = False
    largest: Fraction | None = None
    unit: int | None = None
    chains: int = 1


def error_bound(accumulation: Accumulation, terms: Terms) -> Fraction | None:
    """The largest error that adding up can make, by the module's theorems; None where it might overflow. Raises FormatError."""
    accumulator = accumulation.accumulator
    if terms.count < 0 or terms.total < 0:
        raise FormatError("a negative count or total of terms", mend="give bounds of magnitudes")
    if isinstance(accumulator, IntFormat):
        return Fraction(0) if terms.total <= accumulator.qmax else None
    if terms.total == 0 or _is_exact(accumulation, accumulator, terms):
        return Fraction(0)
    if accumulation.kind is Kind.GROUPS:
        return _group_error(accumulation, accumulator, terms)
    slope, constant = affine_bound(accumulation, terms.count, bias=terms.bias)
    error = slope * terms.total + constant
    return error if terms.total + error <= accumulator.max_finite else None


def error_bounds(
    accumulation: Accumulation,
    count: int,
    total: Array,
    largest: Array | None = None,
    *,
    bias: bool = False,
    unit: int | None = None,
    chains: int = 1,
) -> Array:
    """`error_bound` for an array of totals, never below it; infinite where it is None, or where a total is NaN.

    Proof: the same formulas, each operation on float64 followed by the next number up; scalars are rounded up from exact ones.
    """
    accumulator = accumulation.accumulator
    total = np.asarray(total, dtype=np.float64)
    with np.errstate(all="ignore"):
        if isinstance(accumulator, IntFormat):
            return np.where(total <= accumulator.qmax, 0.0, inf)
        if not fits_float64(accumulator):
            raise FormatError("the accumulator does not fit in float64", mend="use error_bound")
        raised = np.maximum(total, _LEAST)
        if accumulation.kind is Kind.GROUPS:
            bounds, reach = _group_errors(accumulation, accumulator, count, raised, _given(largest), bias=bias, chains=chains)
        else:
            slope, constant = affine_bound(accumulation, count, bias=bias)
            bounds = _up(_up(_float_up(slope) * raised) + _float_up(constant))
            reach = _up(raised + bounds)
        exact = total <= (0.0 if bias else float(exact_total(accumulation, unit)))
        if accumulation.kind is Kind.GROUPS:
            exact &= np.maximum(raised, _given(largest)) < float(_uncut_below(accumulation, accumulator, unit))
        return np.where(exact | (total == 0), 0.0, np.where(reach <= float(accumulator.max_finite), bounds, inf))


def affine_bound(accumulation: Accumulation, count: int, *, bias: bool) -> tuple[Fraction, Fraction]:
    """A and B of error <= A S + B, for additions of floats that do not overflow."""
    accumulator = accumulation.accumulator
    if accumulation.kind is not Kind.ADDITIONS or not isinstance(accumulator, FloatFormat):
        raise FormatError(f"{accumulation.kind} has no affine bound", mend="use error_bound")
    m = count + bias
    u = power_of_two(-accumulator.p)
    depth = roundings(accumulation, count, bias=bias)
    growth = _growth(u / (1 + u), depth, accumulator.p)
    if accumulation.flushes_results or accumulation.flushes_inputs:
        return growth, 2 * m * power_of_two(accumulator.emin) * (1 + growth)
    if accumulation.products_fit:
        return min(_growth(u / (1 + u), max(depth - 1, 0), accumulator.p), max(m - 1, 0) * u), Fraction(0)
    slope = min(growth, m * u)
    return slope, (1 + slope) * count * power_of_two(accumulator.emin - accumulator.p)


def roundings(accumulation: Accumulation, count: int, *, bias: bool) -> int:
    """The most roundings D that a term passes, its own as a product among them; the bias may come first or last."""
    groups = ceil(count / accumulation.group)
    if accumulation.order is Order.PAIRWISE:
        return 3 + groups + bias
    if accumulation.order is Order.EVEN_ODD_CHAINS:
        return accumulation.group // 2 + 1 + groups + bias
    return count + bias


def input_flush_bound(accumulation: Accumulation, count: int, left: Fraction, right: Fraction) -> Fraction:
    """The most that `count` products with |a| <= left, |b| <= right lose when subnormal factors are read as zero.

    A product changes only if |a| < 2^emin_a or |b| < 2^emin_b; then it was below 2^emin_a right or left 2^emin_b.
    """
    if not accumulation.flushes_inputs:
        return Fraction(0)
    tiny_left, tiny_right = map(power_of_two, accumulation.smallest_exponents)
    return count * max(min(tiny_left, left) * right, min(tiny_right, right) * left)


def _is_exact(accumulation: Accumulation, accumulator: FloatFormat, terms: Terms) -> bool:
    """Whether the module's grid theorem applies."""
    exact = not terms.bias and terms.total <= exact_total(accumulation, terms.unit)
    if accumulation.kind is not Kind.GROUPS or terms.largest is None:
        return exact and accumulation.kind is not Kind.GROUPS
    return exact and max(terms.total, terms.largest) < _uncut_below(accumulation, accumulator, terms.unit)


def _uncut_below(accumulation: Accumulation, accumulator: FloatFormat, unit: int | None) -> Fraction:
    """Multiples of 2^unit that are aligned to exponents below this power are not cut; 0: emin is no such exponent."""
    if unit is None:
        return Fraction(0)
    kept = unit + accumulator.p - 1 + accumulation.extra_bits
    return power_of_two(kept + 1) if accumulator.emin <= kept else Fraction(0)


def _group_error(accumulation: Accumulation, accumulator: FloatFormat, terms: Terms) -> Fraction | None:
    """Groups of g products: E_k <= E_(k-1) + G q + r, step by step, for any dealing of the terms to ceil(n / g) groups.

    Of the G = g / presummed + 1 aligned numbers each is cut by less than q = 2^(e - f), f = p - 1 + extra_bits; 2^e, the largest
    exponent, is at most max(tau, largest, |accumulator|), and |accumulator| <= S + E_(k-1). Then X = S + E_(k-1) + G q bounds their
    sum, whose rounding errs by less than r = 2^(1 - p) 2^max(emin, floor(log2 X)) (half of it, to nearest). The bias is one more step.
    Several chains: put the steps of all in one line; every accumulator is at most S plus the errors so far. c chains may leave c - 1 more
    groups unfilled, and their results are added c - 1 times, each rounded to nearest by less than r.
    """
    if terms.largest is None:
        raise FormatError("groups are aligned to the largest exponent", mend="give Terms.largest")
    parts = accumulation.group // accumulation.presummed + 1
    cut = power_of_two(-(accumulator.p - 1 + accumulation.extra_bits))
    spacing = power_of_two(-accumulator.p + (accumulator.rounding not in NEAREST))
    tiny = power_of_two(accumulator.emin)
    error, held = Fraction(0), terms.total if terms.bias or terms.chains > 1 else Fraction(0)
    for _ in range(_steps(accumulation, terms.count, bias=terms.bias, chains=terms.chains)):
        lost = parts * cut * power_of_two(exponent(max(tiny, terms.largest, held)))
        reach = terms.total + error + lost
        error += lost + spacing * power_of_two(exponent(max(tiny, reach)))
        held = terms.total + error
    return error if terms.total + error <= accumulator.max_finite else None


def _group_errors(
    accumulation: Accumulation, accumulator: FloatFormat, count: int, total: Array, largest: Array, *, bias: bool, chains: int
) -> tuple[Array, Array]:
    """`_group_error` in float64, rounded upward, and what bounds the accumulator."""
    parts = accumulation.group // accumulation.presummed + 1
    cut = parts * 2.0 ** -(accumulator.p - 1 + accumulation.extra_bits)
    spacing = 2.0 ** (-accumulator.p + (accumulator.rounding not in NEAREST))
    floor = np.maximum(largest, 2.0**accumulator.emin)
    error = np.zeros_like(total)
    held = total if bias or chains > 1 else error
    for _ in range(_steps(accumulation, count, bias=bias, chains=chains)):
        lost = cut * _power_floor(np.maximum(floor, held))
        reach = _up(_up(total + error) + lost)
        error = _up(_up(error + lost) + spacing * _power_floor(np.maximum(reach, 2.0**accumulator.emin)))
        held = _up(total + error)
    return error, held


def _steps(accumulation: Accumulation, count: int, *, bias: bool, chains: int) -> int:
    return ceil(count / accumulation.group) + bias + 2 * (chains - 1)


def _given(largest: Array | None) -> Array:
    if largest is None:
        raise FormatError("groups are aligned to the largest exponent", mend="give largest")
    return np.asarray(largest, dtype=np.float64)


def _growth(relative: Fraction, depth: int, p: int) -> Fraction:
    """(1 + relative)^depth - 1, rounded up at every product."""
    unit = 1 << (2 * p + 64)
    result, base = Fraction(1), Fraction(ceil((1 + relative) * unit), unit)
    while depth:
        if depth & 1:
            result = Fraction(ceil(result * base * unit), unit)
        base = Fraction(ceil(base * base * unit), unit)
        depth >>= 1
    return result - 1


def _up(x: Array) -> Array:
    """At least what x was rounded from."""
    raised: Array = np.nextafter(x, inf)
    return raised


def _float_up(x: Fraction) -> float:
    """A float64 >= x, positive where x is, and no subnormal number."""
    return max(above(x), _LEAST) if x else 0.0


def _power_floor(x: Array) -> Array:
    """2^floor(log2 x), for x > 0."""
    power: Array = np.ldexp(1.0, np.frexp(x)[1] - 1)
    return np.where(np.isfinite(x), power, x)
