"""What a condition that is assumed to be true says of single nodes: their values, cut to it.

The truth of a condition is a span within [0, 1]: (1, 1) true, (0, 0) false, (0, 1) not decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import ctx

from suffice.encodings.enclosures.spans import Span, span_of_constant
from suffice.encodings.expression import Node
from suffice.encodings.operations import Op, is_logical


class EmptyError(Exception):
    """No point of the box satisfies what is assumed."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The node's value is at least (or at most) the bound, and with `strict` not equal to it."""

    position: int
    bound: Fraction
    is_lower: bool
    strict: bool


def is_true(truth: Span | None) -> bool:
    """Whether a truth is decided so."""
    return truth is not None and bool(truth[0] > 0)


def is_false(truth: Span | None) -> bool:
    """Whether a truth is decided so."""
    return truth is not None and bool(truth[1] < 1)


def cuts_of(nodes: Sequence[Node], assumed: Iterable[int]) -> dict[int, tuple[Cut, ...]]:
    """The cuts by node, where the conditions at `assumed` are true."""
    found: dict[int, list[Cut]] = {}
    for cut in _cuts(nodes, assumed):
        found.setdefault(cut.position, []).append(cut)
    return {position: tuple(cuts) for position, cuts in found.items()}


def cut(span: Span, cuts: Iterable[Cut]) -> Span:
    """The part of the span that the cuts leave; raises EmptyError for none."""
    low, high = span
    for one in cuts:
        bound = span_of_constant(one.bound, ctx.prec)
        if one.is_lower and bound[0] > low:
            low = bound[0]
        elif not one.is_lower and bound[1] < high:
            high = bound[1]
    if low > high:
        raise EmptyError
    return low, high


def implied(nodes: Sequence[Node], root: int, *, truth: bool) -> Iterator[tuple[int, bool]]:
    """The conditions within the one at `root`, itself included, whose truth follows from its own."""
    pending = [(root, truth)]
    while pending:
        position, holds = pending.pop()
        yield position, holds
        node = nodes[position]
        if node.op is Op.NOT:
            pending.append((node.args[0], not holds))
        elif node.op is (Op.AND if holds else Op.OR):
            pending.extend((argument, holds) for argument in node.args)


def _comparisons(nodes: Sequence[Node], assumed: Iterable[int]) -> Iterator[tuple[Node, bool]]:
    """The comparisons that are surely true or false where the conditions at `assumed` are true."""
    for root in assumed:
        for position, holds in implied(nodes, root, truth=True):
            if nodes[position].op in (Op.LT, Op.LE, Op.EQ):
                yield nodes[position], holds


def nonzero_nodes(nodes: Sequence[Node], assumed: Iterable[int]) -> set[int]:
    """Nodes that are not zero where the conditions at `assumed` are true, because `a == b` is denied: a where b is 0, and a - b."""
    denied = {node.args for node, holds in _comparisons(nodes, assumed) if node.op is Op.EQ and not holds}
    pairs = denied | {(b, a) for a, b in denied}
    zeros = {position for position, node in enumerate(nodes) if node.payload == 0 and node.op is Op.CONST}
    differences = {position for position, node in enumerate(nodes) if node.op is Op.SUB and node.args in pairs}
    return differences | {a for a, b in pairs if b in zeros}


def _cuts(nodes: Sequence[Node], assumed: Iterable[int]) -> Iterator[Cut]:
    differences = {node.args: position for position, node in enumerate(nodes) if node.op is Op.SUB}
    for node, holds in _comparisons(nodes, assumed):
        a, b = node.args
        if node.op is Op.EQ and holds:
            yield from (*_order(nodes, differences, a, b, strict=False), *_order(nodes, differences, b, a, strict=False))
        elif node.op is not Op.EQ and holds:
            yield from _order(nodes, differences, a, b, strict=node.op is Op.LT)
        elif node.op is not Op.EQ:
            yield from _order(nodes, differences, b, a, strict=node.op is Op.LE)


def _order(nodes: Sequence[Node], differences: dict[tuple[int, ...], int], a: int, b: int, *, strict: bool) -> Iterator[Cut]:
    """a <= b, or a < b: for a and b where the other is a constant, and for their difference where it is a node."""
    left, right = nodes[a].payload, nodes[b].payload
    if isinstance(left, Fraction):
        yield Cut(b, left, is_lower=True, strict=strict)
    if isinstance(right, Fraction):
        yield Cut(a, right, is_lower=False, strict=strict)
    if (b, a) in differences:
        yield Cut(differences[b, a], Fraction(0), is_lower=True, strict=strict)
    if (a, b) in differences:
        yield Cut(differences[a, b], Fraction(0), is_lower=False, strict=strict)


def is_branching(node: Node) -> bool:
    """Whether the node is a choice or a truth."""
    return node.op is Op.IF or is_logical(node.op)
