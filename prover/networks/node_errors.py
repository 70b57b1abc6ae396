"""What is known of the errors of one node of a network over a box."""

from __future__ import annotations

from dataclasses import dataclass

from suffice.encodings.enclosures.arrays.intervals import Intervals, add


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeErrors:
    """What is known of the errors of one node over a box.

    `exact`: the range of the exact network. `reached`: that widened by every deviation on the way from the exact network to the program.
    `carried`: deviations that come from the operands. `change`: what rounded constants change. `error`: what rounding adds here.
    """

    exact: Intervals
    reached: Intervals
    carried: Intervals
    change: Intervals | None
    error: Intervals | None
    deviation: Intervals

    @property
    def added(self) -> Intervals | None:
        """Everything that this step adds to the error of its node."""
        if self.change is None or self.error is None:
            return self.change if self.error is None else self.error
        return add(self.change, self.error)
