"""What checking a network costs, before it is done: about nanoseconds, rather too many than too few."""

from __future__ import annotations

from math import prod

from .. import limits
from ..failures import Rejection
from .graph import FUNCTIONS, ROWS, Node
from .lines import CURVED, PIECES
from .pulling import products, pulled_nodes
from .reading import Question
from .substituting import farthest


def bound_work(question: Question, method: str, precision: int, narrowed: frozenset[int] = frozenset()) -> int:
    """One pass for each box; in reverse also one for each output element, and one for each end of an element of a narrowed node.

    Refuses what would not be held in memory.
    """
    elements = sum(node.size for node in question.nodes)
    if elements * (precision + 64) > limits.MAX_HELD_BITS:
        raise Rejection("the precision is too large for so many elements")
    exact, each = 0, 0
    in_groups = any(step.accumulation is not None and step.accumulation.kind == "groups" for step in question.program)
    for node in question.nodes:
        products, functions = _counts(node, question)
        size = precision + max((a.places for a in (node.weight, node.value) if a is not None), default=0)
        each += products * (150 + size * size // 1_000 + 3_000 * in_groups) + functions * (40_000 + 4 * precision * precision)
        exact += prod(node.weight_shape) * 10_000
    passes = {"ranges": 1, "sets": 4, "forward": 8, "reverse": 8}[method]
    boxes = 1 if method == "ranges" else len(question.boxes)
    pulled = sum(pulled_nodes(question.nodes).values()) if method == "reverse" else 0
    pulling = pulled * (300 + precision * precision // 500)
    return exact + (each * passes + pulling + narrowing_work(question.nodes, narrowed, precision)) * boxes


def narrowing_work(nodes: tuple[Node, ...], narrowed: frozenset[int], precision: int) -> int:
    """Back-substitution from both ends of every element of some nodes, and lines, for one box."""
    if not narrowed:
        return 0
    before, total = [0], 0
    for k, node in enumerate(nodes):
        size = precision + (0 if node.weight is None else node.weight.places)
        moved = node.size + sum(nodes[o].size for o in node.operands)
        before.append(before[-1] + products(nodes, k) * (100 + size * size // 1_000) + moved * 400 + 6_000)
        pieces = 6 * PIECES * (40_000 + 4 * precision * precision) if node.op in CURVED else 0
        total += moved * (pieces + 20_000)
    first = farthest(nodes)
    return total + sum(4 * nodes[k].size * (before[k + 1] - before[first[k]]) for k in narrowed)


def _counts(node: Node, question: Question) -> tuple[int, int]:
    """Products of intervals, and functions."""
    size = node.size + sum(question.nodes[o].size for o in node.operands)
    if node.op == "linear":
        return node.size * node.weight_shape[2] + 4 * size, 0
    if node.op == "matmul":
        first = question.nodes[node.operands[0]]
        return 8 * node.size * first.shape[-1] + size, 0
    return 12 * size, size if node.op in (*FUNCTIONS, *ROWS, "divide") else 0
