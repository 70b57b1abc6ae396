"""Slopes and curvature of softmax and the norms: on the box by the interval Jacobian of each row, anywhere by sharp constants
(encodings/enclosures/arrays/sharp.py).

On a box the curvature of a norm has a bound of its own. For x -> x / s, s^2 = |x|^2/n + eps, with a = |x|^2 / (n s^2) and c the cosine
between x and h,

    |D^2[h, h]|^2 = a / (n s^4) (1 + (8 - 6 a) c^2 + (9 a^2 - 12 a) c^4) |h|^4.

The bracket is at most 4/(3a) for a >= 1/3 (at c^2 = 1/(3a)) and 9 (1 - a)^2 below (at c^2 = 1); times a that is at most 4/3 in both
cases, so kappa <= 1 / (sqrt(3 n) s^2). layer_norm is the same map after an orthogonal projection, with the variance in place of the mean
square.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.arrays import sharp
from suffice.encodings.enclosures.arrays.functions import sqrt
from suffice.encodings.enclosures.arrays.intervals import Intervals, constant, divide, magnitude, multiply, point, square, total
from suffice.encodings.enclosures.networks.rowwise import row_jacobian, row_scale
from suffice.encodings.networks.graph import TensorNode, TensorOp

ENTRIES = 1 << 22
"""Most entries of all rows' Jacobians together that are looked at."""


def row_slopes(node: TensorNode, x: Intervals) -> tuple[float, float, float]:
    """Lipschitz bounds in the max norm and the 2-norm, and kappa in the 2-norm, over boxes of rows."""
    length = x.shape[-1]
    largest, euclidean, curvature = anywhere(node, x)
    if x.lo.size * length > ENTRIES:
        return largest, euclidean, curvature
    sizes = point(magnitude(row_jacobian(node, x.reshape(-1, length))))
    rows, columns = total(sizes, -1).hi.max(axis=-1), total(sizes, -2).hi.max(axis=-1)
    local = float(sqrt(multiply(point(rows), point(columns))).hi.max())
    return min(largest, float(rows.max())), min(euclidean, local), curvature


def anywhere(node: TensorNode, x: Intervals) -> tuple[float, float, float]:
    """The constants; of a norm those for the least scale on the boxes."""
    length = x.shape[-1]
    match node.op:
        case TensorOp.SOFTMAX:
            return above(sharp.SOFTMAX_NORMS["inf", "inf"]), above(sharp.softmax().lipschitz), above(sharp.softmax().curvature)
        case TensorOp.LOG_SOFTMAX:
            known = sharp.log_softmax(length)
            return 2.0, above(known.lipschitz), above(known.curvature)
    inverse = divide(1.0, row_scale(node, x))
    euclidean = float(inverse.hi.max())
    curvature = float(divide(square(inverse), sqrt(point(np.array(3.0 * length)))).hi.max())
    if node.parameter_value > 0:
        curvature = min(curvature, above(sharp.layer_norm(length, node.parameter_value).curvature))
    return float(multiply(inverse, sqrt(point(np.array(float(length))))).hi.max()), euclidean, curvature


def above(value: Fraction | None) -> float:
    """A rational, rounded up."""
    assert value is not None
    return float(constant(value).hi)
