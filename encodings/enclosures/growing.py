"""Enclosures of nodes while their expression is still being built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flint import ctx

from suffice.encodings.enclosures.arb import WORKING_BITS, spans_of_box
from suffice.encodings.enclosures.conditions import is_false
from suffice.encodings.enclosures.spans import Span
from suffice.encodings.enclosures.tape import lazy_value, step_of
from suffice.encodings.expression import ExpressionBuilder, Node
from suffice.encodings.problem import Interval


@dataclass(slots=True)
class GrowingRanges:
    """The ranges over a box of all nodes of a builder, computed once each and as far as somebody asks; none for inputs without a side."""

    builder: ExpressionBuilder
    box: Mapping[str, Interval]
    _nodes: list[Node] = field(default_factory=list)
    _values: list[Span | None] = field(default_factory=list)

    def is_surely_false(self, condition: int) -> bool:
        """Whether the condition at this position is false on the whole box."""
        with ctx.workprec(WORKING_BITS):
            inputs = spans_of_box(self.box)
            while len(self._nodes) <= condition:
                node = self.builder.node(len(self._nodes))
                self._nodes.append(node)
                step = step_of(self._nodes, node)
                self._values.append(inputs.get(step) if isinstance(step, str) else lazy_value(node, step, self._values))
        return is_false(self._values[condition])
