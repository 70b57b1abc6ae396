"""What the steps of a network add to its error in one format or another: the pieces of the tables of assignments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, hull
from suffice.encodings.networks.graph import TensorNode
from suffice.encodings.networks.program import Storage
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.local_errors_rounding import storing_errors


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one format of one group adds at one node: `change` by rounded constants and `error` by rounding, element by element."""

    constants: Constants
    change: Intervals | None
    error: Intervals | None

    @property
    def whole(self) -> Intervals | None:
        if self.change is None or self.error is None:
            return self.change if self.error is None else self.error
        return add(self.change, self.error)


@dataclass(frozen=True, slots=True)
class Held:
    """Formats whose numbers a node's values may be: of the option of a group that decides it, or of any."""

    group: int | None
    formats: tuple[frozenset[Storage | None], ...]

    @property
    def all(self) -> frozenset[Storage | None]:
        return frozenset().union(*self.formats)


def joined_part(found: Sequence[tuple[Constants, Intervals | None]], node: TensorNode, error: Intervals | None) -> Part:
    """What a step adds, whichever of some constants it has: their weights are the same, their biases may not be."""
    nothing = Intervals(np.zeros(node.shape), np.zeros(node.shape))
    changes = [change for _, change in found]
    change = None if all(one is None for one in changes) else reduce(hull, (nothing if one is None else one for one in changes))
    biases = [own.bias_change for own, _ in found if own.bias_change is not None]
    bias = reduce(hull, biases) if biases else None
    return Part(replace(found[0][0], bias_change=bias), change, error)


def storing_part(stored: Storage | None, before: Intervals, own: frozenset[Storage | None]) -> Part | None:
    """What writing values adds, whichever of the formats they come in; None where it may overflow."""
    error = reduce(hull, (storing_errors(stored, before, held) for held in own))
    if not (np.isfinite(error.lo).all() and np.isfinite(error.hi).all()):
        return None
    return Part(Constants(), None, error)


def hull_of(parts: Sequence[Part | None], node: TensorNode) -> Intervals:
    """Everything that one of them adds; infinite where one of them may overflow."""
    nothing, anything = np.zeros(node.shape), np.full(node.shape, np.inf)
    wholes = [Intervals(-anything, anything) if part is None else part.whole or Intervals(nothing, nothing) for part in parts]
    return reduce(hull, wholes)


def sum_of(first: Part | None, second: Part | None) -> Part:
    """Both together."""
    if first is None or second is None:
        return first or second or Part(Constants(), None, None)
    error = second.error if first.error is None else first.error if second.error is None else add(first.error, second.error)
    return Part(first.constants, first.change, error)
