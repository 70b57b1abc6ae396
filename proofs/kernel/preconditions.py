"""Where the preconditions hold: only those points of the box count."""

from __future__ import annotations

from .budget import Budget
from .failures import LeafFailure
from .question import Box, Question
from .tape import Tape
from .truths import FALSE, TRUE, Interval


class Preconditions:
    """The preconditions of a question, evaluated over boxes; where one is undefined it is not true."""

    def __init__(self, question: Question, precision: int, budget: Budget) -> None:
        self._tapes = [Tape(nodes, precision, budget, question.parameters) for nodes in question.preconditions]

    def hold(self, box: Box) -> bool:
        """Whether all are shown to be true at every point of the box."""
        return all(self._truth(tape, box) == TRUE for tape in self._tapes)

    def fail(self, box: Box) -> bool:
        """Whether one is shown to be false at every point of the box."""
        return any(self._truth(tape, box) == FALSE for tape in self._tapes)

    @staticmethod
    def _truth(tape: Tape, box: Box) -> Interval | None:
        """None where the precondition may be undefined."""
        try:
            return tape.ranges(tape.box(box))[-1]
        except LeafFailure:
            return None
