"""Expressions: immutable DAGs of real operations with exact constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from suffice.encodings.operations import OPERATIONS, Op, is_logical
from suffice.hardware_specs.format import Format


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `args` are positions of earlier nodes; `payload` is a constant's value, a variable's name or a power's exponent.

    `format` is the format that the source demands for this operation; None leaves it to the question.
    """

    op: Op
    args: tuple[int, ...] = ()
    payload: Fraction | str | int | None = None
    format: Format | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """A DAG in topological order, every subterm once; the last node is the value."""

    nodes: tuple[Node, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the inputs, in order of first use, each once: an input may have several nodes, in several formats."""
        return tuple(dict.fromkeys(str(node.payload) for node in self.nodes if node.op is Op.VAR))


@dataclass(slots=True)
class ExpressionBuilder:
    """Builds a DAG bottom up; equal subterms get the same position. New nodes are annotated with `format`, truths with none."""

    format: Format | None = None
    _nodes: list[Node] = field(default_factory=list)
    _positions: dict[Node, int] = field(default_factory=dict)

    def _add(self, node: Node) -> int:
        position = self._positions.get(node)
        if position is None:
            position = self._positions[node] = len(self._nodes)
            self._nodes.append(node)
        return position

    def constant(self, value: Fraction | int) -> int:
        """An exact rational constant."""
        return self._add(Node(Op.CONST, (), Fraction(value), self.format))

    def variable(self, name: str) -> int:
        """An input."""
        return self._add(Node(Op.VAR, (), name, self.format))

    def named(self, op: Op) -> int:
        """The constant pi or e."""
        assert op in (Op.PI, Op.E)
        return self._add(Node(op, format=self.format))

    def apply(self, op: Op, *args: int) -> int:
        """One operation on earlier positions."""
        assert len(args) == OPERATIONS[op].arity and op is not Op.POW
        return self._add(Node(op, args, format=None if is_logical(op) else self.format))

    def power(self, base: int, exponent: int) -> int:
        """An integer power, one operation."""
        return self._add(Node(Op.POW, (base,), exponent, self.format))

    def __len__(self) -> int:
        return len(self._nodes)

    def node(self, position: int) -> Node:
        """The node at a position."""
        return self._nodes[position]

    def build(self, root: int) -> Expression:
        """The DAG below `root`, with what it does not use left out."""
        used = {root}
        for position in range(root, -1, -1):
            if position in used:
                used.update(self._nodes[position].args)
        renumbered: dict[int, int] = {}
        nodes: list[Node] = []
        for position in range(root + 1):
            if position in used:
                node = self._nodes[position]
                renumbered[position] = len(nodes)
                nodes.append(Node(node.op, tuple(renumbered[a] for a in node.args), node.payload, node.format))
        return Expression(tuple(nodes))
