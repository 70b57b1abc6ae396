"""What is known of the errors of one node of a network over a box."""

from __future__ import annotations

from dataclasses import dataclass

from suffice.encodings.enclosures.arrays.intervals import Intervals, add


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeErrors:
    """Enclosures of every element of one node, for every input of a box and every run.

    `exact`: the exact network. `computed`: the program. `reached`: the hull of both, so also the lines between them. `deviation`: computed
    - exact = `carried` (operation of the computed operands - operation of the exact ones) + `change` (by rounded constants) + `error` (by
    rounding here). `by_sets`: set-valued emulation bounds the deviation best.
    """

    exact: Intervals
    computed: Intervals
    reached: Intervals
    carried: Intervals
    change: Intervals | None
    error: Intervals | None
    deviation: Intervals
    by_sets: bool = False

    @property
    def added(self) -> Intervals | None:
        """Everything that this step adds to the error of its node."""
        if self.change is None or self.error is None:
            return self.change if self.error is None else self.error
        return add(self.change, self.error)
