"""One size of a fold, written out as a family without a fold (docs/theory.md, Families: F11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from .. import limits
from ..budget import Budget
from ..failures import Rejection
from ..jsonvalues import fields
from ..question import Node, Program
from .asking import preparing_work
from .regions import Family, Fold, Region
from .steps import fold_of

Item = TypeVar("Item")

_ACCUMULATE = -1
"""The place of a node that is rounded to the format of states."""


def written_out(family: Family, region: Region, budget: Budget) -> tuple[Family, Region]:
    """The family without a fold whose members are those of the region's only size, and the region with the evidence about them.

    The elements of step k are the inputs x_1, x_2, ... of x, in the box and the format of x.
    """
    _, evidence = fields(region.claim.evidence, "evidence", "kind", "of")
    if region.least != region.greatest:
        raise Rejection("a member has one size")
    fold, size = fold_of(family), region.least
    _check_limits(family, fold, size)
    unrolled = _unrolled(family, fold, size)
    budget.spend(preparing_work(unrolled, region))
    return unrolled, replace(region, claim=replace(region.claim, evidence=evidence))


def _check_limits(family: Family, fold: Fold, size: int) -> None:
    nodes = len(family.nodes) + len(fold.start) + 1 + size * (len(fold.term) + 1)
    if nodes > limits.MAX_MEMBER_NODES:
        raise Rejection(f"a member has more than {limits.MAX_MEMBER_NODES} nodes")
    inputs = len(family.box) + (size - 1) * len(fold.elements)
    if inputs > limits.MAX_INPUTS:
        raise Rejection(f"a member has more than {limits.MAX_INPUTS} inputs")
    names = [*_spread(fold, dict.fromkeys(family.box), size), *family.parameters]
    if len(names) < inputs + len(family.parameters) or len(set(names)) < len(names):
        raise Rejection("an element of a step has the name of another input or of a parameter")


def _unrolled(family: Family, fold: Fold, size: int) -> Family:
    writing = _Writing()
    first, second = len(family.nodes), len(family.nodes) + len(fold.start)
    state = writing.add(Node("cast", (writing.copy(fold.start, first, {}),)), _ACCUMULATE)
    for step in range(1, size + 1):
        elements = {name: Node("var", (), _element(name, step)) for name in fold.elements}
        if fold.is_step:
            after = writing.copy(fold.term, second, {**elements, fold.state: Node("cast", (state,))})
            state = writing.add(Node("cast", (after,)), _ACCUMULATE)
        else:
            term = writing.copy(fold.term, second, elements)
            state = writing.add(Node("add", (state, term)), _ACCUMULATE)
    writing.copy(family.nodes, 0, {fold.state: Node("cast", (state,)), fold.size: Node("const", (), Fraction(size))})
    asked, program = family.asked, family.asked.program
    if program is not None:
        formats = tuple(fold.accumulate if place == _ACCUMULATE else program.nodes[place] for place in writing.places)
        program = Program(_spread(fold, program.inputs, size), formats, program.output)
    return replace(
        family, nodes=tuple(writing.nodes), box=_spread(fold, family.box, size), fold=None,
        asked=replace(asked, inputs=_spread(fold, asked.inputs, size), program=program),
    )  # fmt: skip


@dataclass(slots=True)
class _Writing:
    """Nodes, and for each the place of its format among those of the family."""

    nodes: list[Node] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def add(self, node: Node, place: int) -> int:
        """One node; where it stands."""
        self.nodes.append(node)
        self.places.append(place)
        return len(self.nodes) - 1

    def copy(self, nodes: tuple[Node, ...], first: int, meanings: Mapping[str, Node]) -> int:
        """An expression whose formats begin at the place `first`, other nodes for some names; where its value stands."""
        shift = len(self.nodes)
        for k, node in enumerate(nodes):
            meaning = meanings.get(str(node.payload)) if node.op == "var" else None
            self.add(meaning or Node(node.op, tuple(a + shift for a in node.args), node.payload), first + k)
        return len(self.nodes) - 1


def _spread(fold: Fold, known: Mapping[str, Item], size: int) -> dict[str, Item]:
    """What is known of inputs, of the elements for every step."""
    spread = {name: item for name, item in known.items() if name not in fold.elements}
    for name in fold.elements:
        spread |= {_element(name, step): known[name] for step in range(1, size + 1)}
    return dict(sorted(spread.items()))


def _element(name: str, step: int) -> str:
    return f"{name}_{step}"
