"""Runs of unrolled loops (docs/problems.md): one that goes on beyond the iterations written out proves nothing about the loop."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.run import round_inputs, run_nodes
from suffice.prover.case import Case
from suffice.prover.results import Point


def runs_on(case: Case, point: Point) -> bool:
    """Whether the run at a point comes to the 0/0 that stands after the last iteration written out."""
    nodes, program = case.problem.expression.nodes, case.question.program
    ends = [k for k, node in enumerate(nodes) if node.op is Op.DIV and all(_is_zero(nodes[a]) for a in node.args)]
    if not ends or program is None:
        return False
    try:
        held = run_nodes(case.question.nodes, program, round_inputs(program, point), Budget())
    except (LeafFailure, Rejection):
        return False
    return any(k in held for k in ends)


def _is_zero(node: Node) -> bool:
    return node.op is Op.CONST and node.payload == Fraction(0)
