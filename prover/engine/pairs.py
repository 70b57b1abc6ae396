"""Functions of two arrays of intervals, and their partial derivatives: hypot, atan2 and real powers, NaN outside the domain.

Called within `rounding_up`, as functions.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.operations import Op
from suffice.hardware_specs.upward import Array, Upward
from suffice.prover.engine import intervals as iv
from suffice.prover.engine.functions import apply, call_library
from suffice.prover.engine.intervals import Pair

_LIBRARY_NAMES = {Op.HYPOT: "hypot", Op.ATAN2: "atan2", Op.POWR: "pow"}


def is_pair_function(op: Op) -> bool:
    """Whether `apply_pair` knows the operation."""
    return op in _LIBRARY_NAMES


def apply_pair(op: Op, a: Pair, b: Pair) -> Pair:
    """The range of a function on the intervals; atan2 is undefined where they may meet its cut, a real power where a may be <= 0."""
    a0, a1, b0, b1 = np.broadcast_arrays(a[0], a[1], b[0], b[1])
    inside = ~np.isnan(a0 + a1 + b0 + b1)
    if op is Op.POWR:
        inside &= a0 < 0
    elif op is Op.ATAN2:
        inside &= (a0 < 0) | (a1 < 0) | (b0 < 0)
    safe = [np.where(inside, end, fallback) for end, fallback in ((a0, -1.0), (a1, 1.0), (b0, -1.0), (b1, 1.0))]
    low, high = call_library(_LIBRARY_NAMES[op], (safe[0], safe[1]), (safe[2], safe[3]))
    return np.where(inside, -low, np.nan), np.where(inside, high, np.nan)


def derivatives(up: Upward, op: Op, a: Pair, b: Pair, value: Pair) -> tuple[Pair, Pair]:
    """The partial derivatives of f(a, b), in `value`; those of hypot, which has a kink at the origin, within [-1, 1]."""
    match op:
        case Op.HYPOT:
            return _share(up, a, value), _share(up, b, value)
        case Op.ATAN2:
            square = iv.add(up, iv.square(up, a), iv.square(up, b))
            return iv.divide(up, b, square, iv.POSITIVE), iv.negate(iv.divide(up, a, square, iv.POSITIVE))
        case Op.POWR:
            one = (np.full(1, -1.0), np.full(1, 1.0))
            below = apply_pair(op, a, iv.subtract(up, b, one))
            return iv.multiply(up, b, below), iv.multiply(up, value, apply(Op.LOG, a))
    raise AssertionError(op)


def _share(up: Upward, a: Pair, length: Pair) -> Pair:
    """a / hypot(a, b): of magnitude at most 1, and of the sign of a."""
    quotient = iv.divide(up, a, length, iv.POSITIVE)
    is_open = length[0] >= 0
    return _clipped(quotient[0], is_open, a[0]), _clipped(quotient[1], is_open, a[1])


def _clipped(end: Array, is_open: NDArray[np.bool_], of_operand: Array) -> Array:
    """An upper end of the quotient: at most 1, and at most 0 where the operand's is; NaN where the operand's is."""
    most = np.where(of_operand <= 0, 0.0, 1.0)
    return np.where(np.isnan(of_operand), np.nan, np.where(is_open, most, np.minimum(end, most)))
