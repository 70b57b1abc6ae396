"""How far plain float64 sums of products can be from the exact ones, with the statement of encodings/enclosures/arrays/linear.py.

A computed sum of n products, in any order and with or without fused multiply-add, is within gamma_n sum |a_k b_k| + h of the exact one,
h <= 2^-1021 (sum |a_k| + sum |b_k| + 3 n) for what underflows. Bounds of this kind are themselves computed in float64: a computed sum of n
non-negative terms times 1 + slack(n), plus its own h, is not below the exact sum.
"""

from __future__ import annotations

import numpy as np

from suffice.errors import InputError
from suffice.hardware_specs.upward import Array

LONGEST = 1 << 30
"""Terms that one sum may have: slack is then below 2^-20."""


def slack(terms: int) -> float:
    """(n + 4) 2^-52, exact: for n <= LONGEST, (1 + slack) (1 - u)^2 (1 - gamma_n) >= 1, and slack >= gamma_n (1 + slack) (1 + u)^2 too.

    With u = 2^-53 and n u <= 2^-23, gamma_n <= (1 + 2^-22) n u, and slack = 2 (n + 4) u leaves (n + 6) u of room in the first line.
    """
    if terms > LONGEST:
        raise InputError(f"sums of {terms} terms are too long for affine forms", mend=f"at most {LONGEST} terms have a bound")
    return (terms + 4) * 2.0**-52


def underflow(terms: int, *largest: float) -> float:
    """More than twice h, where no factor is larger than `largest` in size."""
    return terms * 2.0**-1018 * (3.0 + sum(largest))


def raised(total: Array, terms: int) -> Array:
    """An upper bound of sums of n non-negative terms from the computed ones."""
    return np.asarray(total * (1.0 + slack(terms)) + underflow(terms, 1.0))


def row_total(rows: Array) -> Array:
    """An upper bound of the sums of |entries| over the first axis."""
    return raised(np.abs(rows).sum(axis=0), len(rows))


def dot(sizes: Array, weights: Array) -> Array:
    """An upper bound of rows times a vector, both non-negative."""
    terms = weights.shape[-1]
    product = np.asarray(sizes @ weights)
    return raised(product, terms) + underflow(terms, greatest(sizes), greatest(weights))


def greatest(values: Array) -> float:
    """The largest entry in size; 0 of none."""
    return float(np.abs(values).max(initial=0.0))
