"""Difference quotients of a network's outputs, for search only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEP = 2.0**-20
"""Step, relative to the width given, or to 1 where there is none."""


def difference_quotients(function: Callable[[Array], Array], x: Array, width: Array, batch: int) -> Array:
    """Central difference quotients (outputs, inputs) at x; `function` maps a batch of inputs to (inputs, outputs)."""
    steps = (np.where(width > 0, width, 1.0) * STEP).reshape(-1)
    flat = x.reshape(-1)
    columns = []
    for first in range(0, flat.size, batch):
        chosen = np.arange(first, min(first + batch, flat.size))
        up = np.repeat(flat[None], len(chosen), axis=0)
        down = up.copy()
        rows = np.arange(len(chosen))
        up[rows, chosen] += steps[chosen]
        down[rows, chosen] -= steps[chosen]
        shape = (len(chosen), *x.shape)
        columns.append((function(up.reshape(shape)) - function(down.reshape(shape))) / (2 * steps[chosen])[:, None])
    return np.concatenate(columns).T
