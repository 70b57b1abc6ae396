"""The question whether a cheaper choice is feasible, for solvers: their word stands beside the kernel's."""

from __future__ import annotations

from collections.abc import Sequence

from suffice.proofs.allocation import Table


def cheaper_script(table: Table, cost: int) -> str:
    """SMT-LIB: satisfiable exactly where some feasible choice costs less than `cost` units."""
    count = range(len(table.groups))
    declared = [f"(declare-const c{g} Int)" for g in count]
    within = [f"(assert (! (and (<= 0 c{g}) (< c{g} {len(table.groups[g].options)})) :named group{g}))" for g in count]
    prices = _sum([_chosen(g, [option.cost for option in table.groups[g].options]) for g in count])
    rows = [
        f"(assert (! (<= {_sum([_chosen(g, row.uses[g]) for g in count])} {row.limit}) :named row{r}))" for r, row in enumerate(table.rows)
    ]
    return "\n".join([*declared, *within, *rows, f"(assert (! (< {prices} {cost}) :named cheaper))", "(check-sat)"])


def _chosen(group: int, values: Sequence[int]) -> str:
    """The value of the option that a group takes."""
    text = str(values[-1])
    for o in range(len(values) - 2, -1, -1):
        text = f"(ite (= c{group} {o}) {values[o]} {text})"
    return text


def _sum(terms: Sequence[str]) -> str:
    return terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
