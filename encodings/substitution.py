"""Expressions in place of inputs: g(f(x)) as one Expression."""

from __future__ import annotations

from collections.abc import Mapping

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The expression with other expressions in place of the inputs named; equal subterms are shared across all of them.

    The inputs of the replacements are those of the result: nothing is replaced twice. Where the source demands a format for an input that
    is replaced, the value that takes its place is cast to it.
    """
    nodes: list[Node] = []
    positions: dict[Node, int] = {}

    def add(node: Node) -> int:
        if node not in positions:
            positions[node] = len(nodes)
            nodes.append(node)
        return positions[node]

    def copy(part: Expression, replaced: Mapping[str, int]) -> int:
        here: list[int] = []
        for node in part.nodes:
            inner = replaced.get(str(node.payload)) if node.op is Op.VAR else None
            if inner is None:
                here.append(add(Node(node.op, tuple(here[a] for a in node.args), node.payload, node.format)))
            else:
                here.append(inner if node.format is None else add(Node(Op.CAST, (inner,), None, node.format)))
        return here[-1]

    used = set(expression.variables)
    roots = {name: copy(replacement, {}) for name, replacement in replacements.items() if name in used}
    root = copy(expression, roots)
    assert root == len(nodes) - 1, "every node of an expression is used, so nothing stands after the value"
    return Expression(tuple(nodes))
