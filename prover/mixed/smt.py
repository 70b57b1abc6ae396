"""The question whether a cheaper choice is feasible, for solvers: their word stands beside the kernel's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from suffice.proofs.allocation import Table


def cheaper_script(table: Table, cost: int) -> str:
    """SMT-LIB: satisfiable exactly where some feasible choice costs less than `cost` units.

    How many groups of a kind, those with the same costs and uses, take each option, is all that counts: n_k_o of the kind k take option o.
    """
    kinds = _kinds(table)
    counts = [[f"n_{k}_{o}" for o in range(len(table.groups[groups[0]].options))] for k, groups in enumerate(kinds)]
    lines = [f"(declare-const {count} Int)" for names in counts for count in names]
    for k, (names, groups) in enumerate(zip(counts, kinds, strict=True)):
        parts = " ".join(f"(<= 0 {count})" for count in names)
        lines.append(f"(assert (! (and {parts} (= {_sum(names)} {len(groups)})) :named kind{k}))")
    for r, row in enumerate(table.rows):
        used = _weighed(counts, [row.uses[groups[0]] for groups in kinds])
        lines.append(f"(assert (! (<= {used} {row.limit}) :named row{r}))")
    price = _weighed(counts, [[option.cost for option in table.groups[groups[0]].options] for groups in kinds])
    return "\n".join([*lines, f"(assert (! (< {price} {cost}) :named cheaper))", "(check-sat)"])


def _kinds(table: Table) -> list[list[int]]:
    """The groups by costs and uses."""
    found: dict[object, list[int]] = {}
    for g, group in enumerate(table.groups):
        key = tuple(option.cost for option in group.options), tuple(row.uses[g] for row in table.rows)
        found.setdefault(key, []).append(g)
    return list(found.values())


def _weighed(counts: Sequence[Sequence[str]], weights: Iterable[Sequence[int]]) -> str:
    terms = [
        f"(* {weight} {count})" for names, values in zip(counts, weights, strict=True) for count, weight in zip(names, values, strict=True)
    ]
    return _sum(terms)


def _sum(terms: Sequence[str]) -> str:
    return terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
