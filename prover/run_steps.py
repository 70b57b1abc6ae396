"""One run, operation by operation: what is held, what each rounding adds, and how far the values have moved from the real function's."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.enclosures.arb import enclose_at, node_enclosures
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval
from suffice.errors import DomainError
from suffice.hardware_specs.catalogue import format_name
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.formats import Value, finite, is_finite
from suffice.proofs.kernel.run import round_inputs, run_nodes
from suffice.prover.case import Case, is_truth
from suffice.prover.results import Point, RunStep
from suffice.prover.shares import text_of_node

_BITS = 512
"""Precision of the real function's values."""

MOST_STEPS = 1000
"""Longer runs are not listed."""


def steps_of_run(case: Case, point: Point) -> tuple[RunStep, ...]:
    """The run at a point, in order; empty where it cannot be listed."""
    question, nodes = case.question, case.problem.expression.nodes
    program = question.program
    if program is None or len(nodes) > MOST_STEPS:
        return ()
    try:
        held = run_nodes(question.nodes, program, round_inputs(program, point), Budget())
        reals = node_enclosures(case.problem.expression, {name: Interval(x, x) for name, x in point.items()}, _BITS)
    except (LeafFailure, Rejection, DomainError):
        return ()
    return tuple(
        _step(case, k, node, held, reals[k])
        for k, node in enumerate(nodes)
        if k in held and node.op not in (Op.CONST, Op.PI, Op.E) and not is_truth(node)
    )


def _step(case: Case, k: int, node: Node, held: dict[int, Value], real: Interval | None) -> RunStep:
    value = held[k]
    computed = finite(value) if is_finite(value) else None
    middle = None if real is None else (real.lo + real.hi) / 2
    exact = middle if node.op is Op.VAR else _exact_result(node, held)
    fmt = case.inputs[str(node.payload)] if node.op is Op.VAR else case.nodes[k]
    return RunStep(
        position=k,
        what=text_of_node(case.problem.expression, k),
        format=format_name(fmt),
        real=middle,
        computed=computed if computed is not None else str(value),
        rounding=None if computed is None or exact is None else computed - exact,
        error=None if computed is None or middle is None else computed - middle,
    )


def _exact_result(node: Node, held: dict[int, Value]) -> Fraction | None:
    """The operation on the values held, without rounding, to many bits."""
    if node.op is Op.IF:
        return None
    operands = [held[a] for a in node.args]
    if not all(is_finite(operand) for operand in operands):
        return None
    leaves = tuple(Node(Op.CONST, (), finite(operand)) for operand in operands)
    try:
        value = enclose_at(Expression((*leaves, Node(node.op, tuple(range(len(leaves))), node.payload))), {}, _BITS)
    except DomainError:
        return None
    return (value.lo + value.hi) / 2
