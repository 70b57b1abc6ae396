"""Products of matrices of intervals, by centres and radii, with an a-priori bound of the rounding of the library that multiplies.

**Rounding.** Let a computed product of A (m x n) and B (n x k) form each of its n products and add them up in *any* order, with or without
fused multiply-add, rounding to nearest. Then (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1)

    |fl(A B) - A B| <= gamma_n |A| |B| + h,    gamma_n = n u / (1 - n u),    u = 2^-53,

where h is what underflow adds. So that h covers threads that flush subnormal results and operands to zero: a product loses at most
2^-1022 (|a| + |b| + 1), an addition at most 3 * 2^-1022, and later roundings let these grow by less than a thousandth; hence
h <= 2^-1021 (sum_k |A_ik| + sum_k |B_kj| + 3 n). Algorithms that form fewer products (Strassen's) are not covered; no BLAS uses
one unasked.

**Intervals** (Rump, Fast and parallel interval arithmetic, BIT 39, 1999). For A in <a, r>, B in <b, s> (centre, radius):

    |A B - fl(a b)| <= |a| (s + gamma_n |b|) + r (|b| + s) + h.

The right side is a sum of computed products of non-negative matrices, each with its own h added, divided by 1 - gamma_n, and rounded
up. An entry whose bound is not finite becomes the whole line.
"""

from __future__ import annotations

import os
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    Operand,
    add,
    centre,
    intervals_of,
    is_point,
    outward,
    point,
    radius,
    radius_within,
    rearranged,
    subtract,
)
from suffice.errors import InputError, SufficeError
from suffice.hardware_specs.upward import Array, Upward, above

UNIT_ROUNDOFF = Fraction(1, 1 << 53)

LEAST = 2.0**-1021
"""Twice the smallest normal number."""

LONGEST = 1 << 40
"""Terms that one sum may have."""

THREADED = 512
"""Rows of a product that is shared among threads."""


def affine_image(weight: Operand, bias: Operand | None, x: Intervals) -> Intervals:
    """x W^T + b for x[..., in], W[out, in] and b[out], which may be intervals too."""
    image = products(x, rearranged(intervals_of(weight), np.transpose))
    return image if bias is None else add(image, bias)


def times_matrix(adjoint: Operand, weight: Operand) -> Intervals:
    """Rows times a matrix: adjoint[..., m, out] W[out, in]."""
    return products(adjoint, weight)


def products(a: Operand, b: Operand) -> Intervals:
    """The matrix product with the shapes of np.matmul. Raises InputError where they do not fit."""
    first, second = intervals_of(a), intervals_of(b)
    left = first.reshape(1, -1) if first.ndim == 1 else first
    right = second.reshape(-1, 1) if second.ndim == 1 else second
    if min(first.ndim, second.ndim) == 0 or left.shape[-1] != right.shape[-2]:
        raise InputError(f"matrices of shapes {first.shape} and {second.shape} have no product", mend="make the inner lengths agree")
    result = _products(left, right)
    if second.ndim == 1:
        result = rearranged(result, lambda ends: ends[..., 0])
    if first.ndim == 1:
        result = rearranged(result, lambda ends: ends[..., 0] if second.ndim == 1 else ends[..., 0, :])
    return result


def rounding_of_weights(rounded: NDArray[Any], weights: NDArray[Any]) -> Intervals:
    """rounded - weights, a point wherever float64 holds the difference.

    It does for float32 weights w rounded to nearest, without overflow, to numbers r of at most 24 bits with spacing h at w, a power of two:
    where r = 0 the difference is -w; else |w| >= h / 2, so w is a multiple of h 2^-24, as r is, and |r - w| <= h / 2.
    """
    return subtract(point(rounded), point(weights))


def transposed(a: Intervals) -> Intervals:
    """The last two axes exchanged."""
    return rearranged(a, lambda ends: ends.swapaxes(-1, -2))


def gamma(terms: int) -> float:
    """gamma_n, rounded up. Raises InputError for more than LONGEST terms."""
    if terms > LONGEST:
        raise InputError(f"sums of {terms} terms are too long", mend=f"at most {LONGEST} terms have a bound")
    share = terms * UNIT_ROUNDOFF
    return above(share / (1 - share))


def _products(a: Intervals, b: Intervals) -> Intervals:
    check_threads(os.getpid())
    share = gamma(a.shape[-1])
    a_centre, b_centre = centre(a), centre(b)
    a_size, b_size = abs(a_centre), abs(b_centre)
    with np.errstate(all="ignore"):
        found = np.matmul(a_centre, b_centre)
    if is_point(b):
        reach = _upper_product(_reach(a, a_centre, share), b_size)
    elif is_point(a):
        reach = _upper_product(a_size, _reach(b, b_centre, share))
    else:
        b_radius = radius(b, b_centre)
        with outward() as up:
            b_largest = up.add(b_size, b_radius)
        first, second = _upper_product(a_size, _reach(b, b_centre, share)), _upper_product(radius(a, a_centre), b_largest)
        with outward() as up:
            reach = up.add(first, second)
    with outward() as up:
        reach = up.add(reach, _underflow(up, a_size, b_size))
        known = np.isfinite(found) & np.isfinite(reach)
        minus_lo, hi = (np.where(known, up.add(middle, reach), np.inf) for middle in (-found, found))
        return Intervals(-minus_lo, hi)


def _reach(a: Intervals, middle: Array, share: float) -> Array:
    """radius + share |centre|."""
    with outward() as up:
        rounding = up.multiply(abs(middle), share)
        return rounding if is_point(a) else up.add(rounding, radius_within(up, a, middle))


def _upper_product(a: Array, b: Array) -> Array:
    """An upper bound of the product of non-negative matrices."""
    with np.errstate(all="ignore"):
        found = np.matmul(a, b)
    share = Fraction(gamma(a.shape[-1]))
    with outward() as up:
        return up.multiply(up.add(found, _underflow(up, a, b)), above(1 / (1 - share)))


def _underflow(up: Upward, a: Array, b: Array) -> Array:
    """h of the module's docstring for the product of matrices of these sizes, each sum bounded by its largest term."""
    largest = up.add(up.add(a.max(axis=-1, keepdims=True, initial=0.0), b.max(axis=-2, keepdims=True, initial=0.0)), 3.0)
    return up.multiply(up.multiply(largest, LEAST), float(a.shape[-1]))


@cache
def check_threads(process: int) -> None:
    """Raise SufficeError where the threads of this process that multiply matrices do not round to nearest."""
    assert process == os.getpid()
    terms = np.zeros((2 * THREADED, 64))
    terms[:, 0], terms[::2, 1], terms[1::2, 1] = 1.0, 2.0**-60, -(2.0**-60)
    if not bool((np.matmul(terms, np.ones((64, THREADED))) == 1.0).all()):
        raise SufficeError("matrices are multiplied in a directed rounding mode", mend="start threads before changing the rounding mode")
