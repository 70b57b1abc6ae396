"""Upper bounds of the norms of every matrix within intervals.

2-norm: |A| <= sqrt(|A|_1 |A|_inf), |A| <= Frobenius; and for a point matrix a verified largest eigenvalue of the Gram matrix. Let
B = A A^T and V any matrix with |I - V^T V|_inf <= d < 1. For x = V y, x^T B x = y^T (V^T B V) y <= g |y|^2, where g >= 0 bounds the
circles of Gershgorin of V^T B V, and |x|^2 >= (1 - d) |y|^2. Hence |A|^2 <= g / (1 - d). V are computed eigenvectors; they prove nothing
by themselves. For intervals <m, r>, |A| <= |m| + |r| and |A| <= | |m| + r |.
"""

from __future__ import annotations

from math import inf, nextafter

import numpy as np

from suffice.encodings.enclosures.arrays.functions import sqrt
from suffice.encodings.enclosures.arrays.intervals import (
    Intervals,
    centre,
    divide,
    is_point,
    magnitude,
    multiply,
    radius,
    square,
    subtract,
    total,
)
from suffice.encodings.enclosures.arrays.linear import products
from suffice.encodings.networks.graph import Array

LARGEST_EIGEN = 512
"""Most rows of a Gram matrix whose eigenvalues are verified."""


def row_sum_norm(matrix: Intervals) -> float:
    """sup |A|_inf: the largest row sum, over one matrix or many."""
    return float(total(point_or_line(magnitude(matrix)), -1).hi.max(initial=0.0))


def column_sum_norm(matrix: Intervals) -> float:
    """sup |A|_1."""
    return float(total(point_or_line(magnitude(matrix)), -2).hi.max(initial=0.0))


def point_or_line(sizes: Array) -> Intervals:
    """Sizes as points; an infinite one as everything above zero."""
    return Intervals(np.where(np.isfinite(sizes), sizes, 0.0), sizes)


def frobenius(matrix: Intervals) -> float:
    """The root of the sum of squares, over all matrices together."""
    return root(float(total(square(point_or_line(magnitude(matrix).reshape(-1))), -1).hi))


def root(value: float) -> float:
    """sqrt rounded up."""
    return float(sqrt(Intervals(np.zeros(1), np.array([value]))).hi[0])


def spectral_norm(matrix: Intervals) -> float:
    """sup |A|_2 over a matrix of intervals (m, n)."""
    sizes = point_or_line(magnitude(matrix))
    quick = min(root_of_product(row_sum_norm(sizes), column_sum_norm(sizes)), frobenius(sizes))
    if min(matrix.shape) > LARGEST_EIGEN or not np.isfinite(quick):
        return quick
    middle = centre(matrix)
    if is_point(matrix):
        return min(quick, verified(middle))
    rest = Intervals(np.zeros(matrix.shape), radius(matrix, middle))
    remainder = min(root_of_product(row_sum_norm(rest), column_sum_norm(rest)), frobenius(rest))
    return min(quick, nextafter(verified(middle) + remainder, inf), verified(magnitude(matrix)))


def root_of_product(first: float, second: float) -> float:
    """sqrt(a b), rounded up."""
    if first == 0.0 or second == 0.0:
        return 0.0
    return root(float(multiply(Intervals(np.zeros(1), np.array([first])), Intervals(np.zeros(1), np.array([second]))).hi[0]))


def verified(matrix: Array) -> float:
    """|A|_2 of a matrix of numbers, by the eigenvalues of its Gram matrix; infinite where the verification fails."""
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    gram = products(short, short.T)
    if not (np.isfinite(gram.lo).all() and np.isfinite(gram.hi).all()):
        return inf
    try:
        vectors = np.linalg.eigh(centre(gram))[1]
    except np.linalg.LinAlgError:
        return inf
    turned = magnitude(products(products(vectors.T, gram), vectors))
    reach = float(total(point_or_line(turned), -1).hi.max())
    off = row_sum_norm(subtract(products(vectors.T, vectors), np.eye(len(vectors))))
    if not off < 0.5:
        return inf
    left = subtract(1.0, np.array(off))
    return root(float(divide(Intervals(np.array(0.0), np.array(reach)), left).hi))
