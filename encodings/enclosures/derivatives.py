"""Derivatives as expressions: the partial derivatives of each operation (`slopes`), chained over the DAG.

Reverse accumulation adds one product per edge of the DAG, and equal subterms share a node. The derivative therefore grows with the number
of operations, not with the length of the written-out formula.

|u| has the derivative |u|/u, the sign of u, which is undefined at the kink; min and max are written through it.
"""

from __future__ import annotations

from collections.abc import Sequence

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.kinks import NotSmoothError, smooth_on
from suffice.encodings.enclosures.slopes import SLOPES, Slope, of_power
from suffice.encodings.enclosures.tape import is_sign
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box


def gradient(expression: Expression) -> dict[str, Expression]:
    """The partial derivatives by all inputs, in one reverse pass; an input may have several nodes, in several formats.

    Where a formula is defined the function is differentiable, except at kinks: |u|/u must be evaluated strictly (see tape.join), and is
    itself given the derivative 0, which holds between kinks only.
    """
    algebra = Algebra()
    positions = algebra.include(expression)
    adjoints = _adjoints(algebra, expression.nodes, positions)
    zero = algebra.constant(0)
    totals: dict[str, int] = {}
    for index, node in enumerate(expression.nodes):
        if node.op is Op.VAR:
            name, adjoint = str(node.payload), adjoints.get(index, zero)
            totals[name] = algebra.add(totals[name], adjoint) if name in totals else adjoint
    return {name: algebra.build(total) for name, total in totals.items()}


def partial(expression: Expression, variable: str, box: Box | None = None) -> Expression:
    """The partial derivative by one input; twice for a second derivative.

    The branches of abs, min and max are decided on the box; raises NotSmoothError where one is not constant, or no box is given.
    """
    return gradient(smooth_on(expression, box)).get(variable) or zero_expression()


def zero_expression() -> Expression:
    """The constant 0."""
    algebra = Algebra()
    return algebra.build(algebra.constant(0))


def _adjoints(algebra: Algebra, nodes: Sequence[Node], positions: Sequence[int]) -> dict[int, int]:
    """For each node index that the value depends on, the position of d value / d node."""
    varies = [False] * len(nodes)
    for index, node in enumerate(nodes):
        varies[index] = node.op is Op.VAR or any(varies[a] for a in node.args)
    adjoints = {len(nodes) - 1: algebra.constant(1)}
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        if index not in adjoints or not node.args or is_sign(nodes, node):
            continue
        if node.op is Op.IF:
            raise NotSmoothError("the branch of if is not constant on the box", mend="split the box where it changes")
        operands = [positions[a] for a in node.args]
        for argument, slope in zip(node.args, _slopes(node), strict=True):
            if varies[argument]:
                local = slope(algebra, operands)
                term = algebra.multiply(adjoints[index], local)
                adjoints[argument] = algebra.add(adjoints[argument], term) if argument in adjoints else term
    return adjoints


def _slopes(node: Node) -> tuple[Slope, ...]:
    """How the partial derivatives of one operation by its operands are built."""
    return (of_power(node.payload),) if isinstance(node.payload, int) else SLOPES[node.op]
