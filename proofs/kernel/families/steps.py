"""The function of a fold whose steps all have the same elements (docs/theory.md, Families: F4)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ..failures import Rejection
from ..question import Node, Point
from .regions import Family, Fold, names_in


def fold_of(family: Family) -> Fold:
    """The fold of a family."""
    assert family.fold is not None
    return family.fold


def check_sums(family: Family) -> None:
    """F4 to F10 speak of sums alone."""
    if fold_of(family).is_step:
        raise Rejection("a fold whose steps are not sums is proved size by size")


def is_sum(family: Family) -> bool:
    """Whether the value of the fold is its state."""
    return family.nodes == (Node("var", (), fold_of(family).state),)


def is_mean(family: Family) -> bool:
    """Whether the value of the fold is its state divided by its size."""
    last = family.nodes[-1]
    return len(family.nodes) == 3 and last.op == "div" and _operands(family, last) == [fold_of(family).state, fold_of(family).size]


def uses_size(family: Family) -> bool:
    """Whether the value depends on the size by itself."""
    return fold_of(family).size in names_in(family.nodes)


def joined(family: Family) -> tuple[Node, ...]:
    """expression(start + size term, size) of n equal steps, the size a name like others."""
    fold = fold_of(family)
    nodes, start, term = _parts(fold)
    nodes += [Node("var", (), fold.size), Node("mul", (len(nodes), term)), Node("add", (start, len(nodes) + 1))]
    state = len(nodes) - 1
    return _continued(family, nodes, {k: state for k, node in enumerate(family.nodes) if _is_name(node, fold.state)})


def joined_mean(family: Family) -> tuple[Node, ...]:
    """The same with start m + term for every state / size, where the name of the size stands for m = 1 / size.

    Rejected where the state or the size stands elsewhere.
    """
    fold = fold_of(family)
    means = {k for k, node in enumerate(family.nodes) if node.op == "div" and _operands(family, node) == [fold.state, fold.size]}
    own = {k for k, node in enumerate(family.nodes) if _is_name(node, fold.state) or _is_name(node, fold.size)}
    if any(own.intersection(node.args) for k, node in enumerate(family.nodes) if k not in means) or len(family.nodes) - 1 in own:
        raise Rejection("the state or the size stands elsewhere than in state / size")
    nodes, start, term = _parts(fold)
    nodes += [Node("var", (), fold.size), Node("mul", (start, len(nodes))), Node("add", (len(nodes) + 1, term))]
    return _continued(family, nodes, dict.fromkeys(means, len(nodes) - 1), skipped=own)


def after(fold: Fold, count: int, point: Point) -> Fold:
    """The fold whose start makes up for `count` first steps at another point: start + count (term(point) - term)."""
    nodes, start, term = _parts(fold)
    shift = len(nodes)
    other = [
        Node("const", (), point[str(node.payload)])
        if node.op == "var" and node.payload in point
        else Node(node.op, tuple(a + shift for a in node.args), node.payload)
        for node in fold.term
    ]
    last = shift + len(other)
    ending = [
        Node("sub", (last - 1, term)), Node("const", (), Fraction(count)), Node("mul", (last + 1, last)), Node("add", (start, last + 2)),
    ]  # fmt: skip
    return replace(fold, start=(*nodes, *other, *ending))


def _operands(family: Family, node: Node) -> list[object]:
    return [family.nodes[a].payload if family.nodes[a].op == "var" else None for a in node.args]


def _is_name(node: Node, name: str) -> bool:
    return node.op == "var" and node.payload == name


def _parts(fold: Fold) -> tuple[list[Node], int, int]:
    """The nodes of start and term, and the positions of their values."""
    shift = len(fold.start)
    term = [Node(node.op, tuple(a + shift for a in node.args), node.payload) for node in fold.term]
    return [*fold.start, *term], shift - 1, shift + len(term) - 1


def _continued(
    family: Family, nodes: list[Node], known: dict[int, int], skipped: frozenset[int] | set[int] = frozenset()
) -> tuple[Node, ...]:
    """The nodes of the expression after those that its known nodes stand for."""
    places = dict(known)
    for k, node in enumerate(family.nodes):
        if k not in known and k not in skipped:
            places[k] = len(nodes)
            nodes.append(Node(node.op, tuple(places[a] for a in node.args), node.payload))
    return tuple(nodes)
