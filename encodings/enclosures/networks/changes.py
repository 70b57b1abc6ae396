"""What an operation does to changes of its operands: interval slopes times deviations.

Slopes are generalised derivatives over the ranges given, so that the result is rigorous by the mean value theorem (THEORY S1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suffice.encodings.enclosures.arrays.functions import sqrt
from suffice.encodings.enclosures.arrays.intervals import Intervals, add, divide, intersection, magnitude, multiply, point, square, subtract
from suffice.encodings.enclosures.arrays.linear import products
from suffice.encodings.enclosures.networks.adjoints import candidates
from suffice.encodings.enclosures.networks.elementwise import function_of
from suffice.encodings.enclosures.networks.images import image, linear_image
from suffice.encodings.enclosures.networks.rowwise import row_change
from suffice.encodings.networks.graph import NORMALISING, TensorNode, TensorOp

WITHOUT_SLOPE = frozenset({TensorOp.GATHER, TensorOp.ADD, TensorOp.SUBTRACT, TensorOp.NEGATE, TensorOp.SUM, TensorOp.MEAN})
"""Linear operations, which do to changes what they do to values."""


def pushed(node: TensorNode, values: Sequence[Intervals], deviations: Sequence[Intervals]) -> Intervals:
    """A superset of the changes of the result, where the operands stay within `values` and change by `deviations`."""
    match node.op:
        case TensorOp.CONSTANT | TensorOp.INPUT:
            return point(np.zeros(node.shape))
        case op if op in WITHOUT_SLOPE:
            return image(node, deviations)
        case TensorOp.LINEAR:
            assert node.weight is not None
            return linear_image(node.weight, None, deviations[0])
        case TensorOp.MATMUL:
            return add(products(deviations[0], values[1]), products(values[0], deviations[1]))
        case TensorOp.MULTIPLY:
            return add(multiply(deviations[0], values[1]), multiply(values[0], deviations[1]))
        case TensorOp.DIVIDE:
            above, below = values
            return subtract(divide(deviations[0], below), multiply(divide(above, square(below)), deviations[1]))
        case TensorOp.MAX:
            possible = candidates(values[0])
            lo = np.where(possible, deviations[0].lo, np.inf).min(axis=-1)
            return Intervals(lo, np.where(possible, deviations[0].hi, -np.inf).max(axis=-1)).reshape(*node.shape)
        case op if op in NORMALISING:
            return row_change(node, values[0], deviations[0])
    change = multiply(function_of(node).slope(values[0]), deviations[0])
    return intersection(change, _root_of_change(deviations[0])) if node.op is TensorOp.SQRT else change


def _root_of_change(deviations: Intervals) -> Intervals:
    """|sqrt a - sqrt b| <= sqrt |a - b|."""
    largest = magnitude(deviations)
    finite = np.where(np.isfinite(largest), largest, 0.0)
    root = np.where(np.isfinite(largest), sqrt(point(finite)).hi, np.inf)
    return Intervals(-root, root)
