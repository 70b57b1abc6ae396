"""Which ranges the kernel is asked to narrow by back-substitution of linear relaxations (docs/networks.md, "Certificates")."""

from __future__ import annotations

from suffice.proofs.kernel.networks.reading import Question
from suffice.proofs.kernel.networks.substituting import constant_nodes
from suffice.proofs.kernel.networks.work import narrowing_work
from suffice.proofs.networks import PRECISION

MIXING = frozenset({"linear", "add", "subtract", "sum", "mean"})
"""Operations whose operands may depend on each other, which intervals do not see."""

NARROWING_WORK = 12_000_000_000
"""What narrowing may cost the kernel, in its units: some seconds."""


def narrowed_nodes(question: Question) -> tuple[int, ...]:
    """Sums of sums, in order, as far as the work allows."""
    if all(box.lo.at(places) == box.hi.at(places) for box in question.boxes for places in (max(box.lo.places, box.hi.places),)):
        return ()
    constant = constant_nodes(question.nodes)
    mixed: list[bool] = []
    found: list[int] = []
    for position, node in enumerate(question.nodes):
        after_mixing = any(mixed[operand] for operand in node.operands)
        sums = node.op in MIXING and not constant[position]
        mixed.append(after_mixing or sums)
        if not (sums and after_mixing):
            continue
        work = narrowing_work(question.nodes, frozenset([*found, position]), PRECISION) * len(question.boxes)
        if work > NARROWING_WORK:
            break
        found.append(position)
    return tuple(found)
