"""Which roundings the error bound comes from: each one's largest error times its largest slope, on the leaf where the bound is largest."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.writers.text import to_short_text
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.upward import keeping_subnormals, rounding_up
from suffice.prover.case import Case
from suffice.prover.engine.sweep import Boxes, Sweep
from suffice.prover.error_bounds import Bounded
from suffice.prover.results import RoundingShare

MOST_SHARES = 200
"""Only so many are kept, the largest."""

_LONGEST = 48


@keeping_subnormals()
def shares_of(case: Case, bounded: Bounded) -> tuple[RoundingShare, ...]:
    """The parts of the bound, the largest first."""
    leaf = bounded.found.hardest
    boxes = Boxes({name: np.array([low]) for name, (low, _) in leaf.items()}, {name: np.array([high]) for name, (_, high) in leaf.items()})
    sweep = Sweep(case)
    with rounding_up():
        swept = sweep.evaluate(boxes, shares=True)
    parts = [(k, float(error[0]), float(size[0])) for k, (error, size) in enumerate(swept.shares)]
    total = sum(Fraction(error) * Fraction(size) for _, error, size in parts if error and size)
    if not total:
        return ()
    largest = sorted((part for part in parts if part[1] and part[2]), key=lambda part: -part[1] * part[2])[:MOST_SHARES]
    return tuple(_share(case, *part, total) for part in largest)


def _share(case: Case, position: int, error: float, slope: float, total: Fraction) -> RoundingShare:
    nodes = case.problem.expression.nodes
    is_output = position == len(nodes)
    fmt = case.output if is_output else case.nodes[position]
    if not is_output and nodes[position].op is Op.VAR:
        fmt = case.inputs[str(nodes[position].payload)]
    rounding, amplified = Fraction(error), Fraction(slope)
    return RoundingShare(
        position=position,
        what="the output" if is_output else text_of_node(case.problem.expression, position),
        format=format_name(fmt),
        rounding=rounding,
        slope=amplified,
        part=rounding * amplified / total,
    )


def text_of_node(expression: Expression, position: int) -> str:
    """The operation as a formula in the inputs, shortened."""
    return to_short_text(below(expression, position), _LONGEST)


def below(expression: Expression, position: int) -> Expression:
    """The expression whose value is that of one node."""
    used = {position}
    for k in range(position, -1, -1):
        if k in used:
            used.update(expression.nodes[k].args)
    kept = sorted(used)
    renumbered = {k: i for i, k in enumerate(kept)}
    return Expression(
        tuple(
            Node(node.op, tuple(renumbered[a] for a in node.args), node.payload, node.format)
            for node in (expression.nodes[k] for k in kept)
        )
    )
