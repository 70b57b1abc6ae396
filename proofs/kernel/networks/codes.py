"""Exact sums of integer codes: what one unit of such a sum stands for, and what the accumulator holds (docs/devices.md, "Exact")."""

from __future__ import annotations

from fractions import Fraction

from ..failures import LeafFailure
from ..formats import Format, Int
from .graph import ROWS, Node
from .program import Step


def held_formats(nodes: tuple[Node, ...], program: tuple[Step, ...]) -> list[Format | None]:
    """The format that the numbers of each node are stored in, also where it passes on those of one format."""
    found: list[Format | None] = []
    for node, step in zip(nodes, program, strict=True):
        passed = {found[operand] for operand in node.operands} if node.op in ("gather", "relu", "max") else {None}
        own = step.weights if node.op == "constant" else passed.pop() if len(passed) == 1 else None
        found.append(own if step.stored is None else step.stored)
    return found


def unit_of(node: Node, step: Step, formats: list[Format | None]) -> Fraction:
    """The product of the scales of the operands' codes, and of the weights' (1 where channels have their own). Raises LeafFailure."""
    unit = Fraction(1)
    for fmt in [*formats, *([step.weights] if node.op == "linear" else [])]:
        if not isinstance(fmt, Int) or fmt.scale is None or node.op in ROWS:
            raise LeafFailure(f"the exact sums of {node.name!a} are not of integer codes")
        unit *= fmt.scale
    return unit


def demand_held(step: Step, total: Fraction, unit: Fraction) -> None:
    """Whether the accumulator holds an exact sum. Raises LeafFailure."""
    acc = step.accumulation
    assert acc is not None
    assert isinstance(acc.accumulator, Int)
    if not acc.accumulator.qmin <= total / unit <= acc.accumulator.qmax:
        raise LeafFailure("an exact sum of the run exceeds its accumulator")
