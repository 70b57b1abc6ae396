"""What a certificate about an allocation says: the choice, the limits, what is saved, and why no choice is cheaper."""

from __future__ import annotations

from fractions import Fraction

from suffice.proofs.allocation import AllocationCertificate, allocation_of, canonical_bytes
from suffice.proofs.certificate import digest_of
from suffice.proofs.decimals import decimal_nearest
from suffice.proofs.kernel.allocation import Cut
from suffice.proofs.trace.data import Quantity, Section, Step, Trace
from suffice.proofs.trace.numbers import at_least, equal, exact_text

_MOST_GROUPS = 200
_MOST_ROWS = 20
"""Groups and limits that a trace still writes out."""

_RULES = (
    "A cut adds to the costs what each option uses of the limits, times multipliers that are not negative: for choices within the limits "
    "this bounds the cost from below, and options with which it is too high are dropped. A split looks at some options of a group first, "
    "and at its others after that. Groups that are alike take their options in order."
)


def allocation_trace(certificate: AllocationCertificate) -> Trace:
    """The derivation. It explains and does not check: whether the tree closes is for the kernel to say."""
    table = certificate.table
    cost = exact_text(certificate.cost * table.unit)
    return Trace(
        digest=digest_of(canonical_bytes(certificate)),
        title=f"Cost {cost} is the least within the limits",
        answer=f"No choice of one option for each of {_count(len(table.groups), 'group')} that keeps to {_count(len(table.rows), 'limit')} "
        f"costs less than {cost}.",
        formula_text="",
        formula_latex="",
        sections=(
            Section(
                heading="Assumptions",
                steps=(Step(text="None: this is about the table of costs and uses in the certificate, and about no program."),),
            ),
            _choice(certificate),
            _limits(certificate),
            _savings(certificate),
            _minimality(certificate),
        ),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _choice(certificate: AllocationCertificate) -> Section:
    table = certificate.table
    taken = [
        Quantity(name=group.name, exact=group.options[o].name, decimal=f"cost {exact_text(group.options[o].cost * table.unit)}")
        for group, o in zip(table.groups, certificate.choice, strict=True)
    ]
    shown = f" The first {_MOST_GROUPS}:" if len(taken) > _MOST_GROUPS else ""
    text = f"Every group takes one option; together they cost {exact_text(certificate.cost * table.unit)}.{shown}"
    return Section(heading="The choice", steps=(Step(text=text, quantities=tuple(taken[:_MOST_GROUPS])),))


def _limits(certificate: AllocationCertificate) -> Section:
    used = [
        Quantity(
            name=f"limit {r}",
            exact=f"{sum(uses[o] for uses, o in zip(row.uses, certificate.choice, strict=True))} of {row.limit}",
        )
        for r, row in enumerate(certificate.table.rows)
    ]
    shown = f" The first {_MOST_ROWS}:" if len(used) > _MOST_ROWS else ""
    text = f"In every limit what the options use adds up to no more than it allows.{shown}"
    return Section(heading="It keeps to the limits", steps=(Step(text=text, quantities=tuple(used[:_MOST_ROWS])),))


def _savings(certificate: AllocationCertificate) -> Section:
    """Against the same option throughout, as far as groups leave it open."""
    table = certificate.table
    open_groups = [group for group in table.groups if len(group.options) > 1]
    common = (
        [o.name for o in open_groups[0].options if all(o.name in (p.name for p in g.options) for g in open_groups)] if open_groups else []
    )
    quantities = tuple(_saving(certificate, name) for name in dict.fromkeys(common))
    text = (
        "One option throughout, wherever a group has more than one, would cost:"
        if quantities
        else "No option is open to all groups, so there is no uniform choice to compare with."
    )
    return Section(heading="What it saves", steps=(Step(text=text, quantities=quantities),))


def _saving(certificate: AllocationCertificate, name: str) -> Quantity:
    table = certificate.table
    names = [[option.name for option in group.options] for group in table.groups]
    uniform = tuple(options.index(name) if len(options) > 1 else 0 for options in names)
    cost = table.cost(uniform)
    if not table.is_feasible(uniform):
        return Quantity(name=f"all {name}", exact=exact_text(cost * table.unit), decimal="exceeds a limit of the table")
    saved = decimal_nearest(100 * (1 - Fraction(certificate.cost, cost)), 3) if cost else "0"
    return Quantity(name=f"all {name}", exact=exact_text(cost * table.unit), decimal=f"the choice saves {saved} %")


def _minimality(certificate: AllocationCertificate) -> Section:
    table, tree = certificate.table, certificate.tree
    step = allocation_of(table, certificate.choice).step
    cuts = [entry for entry in tree if isinstance(entry, Cut)]
    unit = table.unit
    rule = Step(
        text=f"Costs within a group differ by multiples of {exact_text(step * unit)}, so a cheaper choice would cost at most "
        f"{exact_text((certificate.cost - step) * unit)}. {_RULES}",
    )
    counted = f"{_count(len(cuts), 'cut')} and {_count(len(tree) - len(cuts), 'split')} leave no choice that is cheaper."
    roots = (
        (at_least("every choice within the limits costs, by the first cut alone", _bound(certificate, cuts[0])),)
        if tree[:1] == tuple(cuts[:1])
        else ()
    )
    size = equal("choices in all", Fraction(_choices(certificate)))
    return Section(heading="Why no choice is cheaper", steps=(rule, Step(text=counted, quantities=(size, *roots))))


def _bound(certificate: AllocationCertificate, cut: Cut) -> Fraction:
    """What the cut says of all choices."""
    rows = certificate.table.rows
    least = sum(
        min(
            cut.over * option.cost + sum(m * row.uses[g][o] for m, row in zip(cut.multipliers, rows, strict=True))
            for o, option in enumerate(group.options)
        )
        for g, group in enumerate(certificate.table.groups)
    )
    freed = sum(m * row.limit for m, row in zip(cut.multipliers, rows, strict=True))
    return max(Fraction(least - freed, cut.over), Fraction(0)) * certificate.table.unit


def _choices(certificate: AllocationCertificate) -> int:
    found = 1
    for group in certificate.table.groups:
        found *= len(group.options)
    return found
