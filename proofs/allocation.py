"""Certificates of allocations: what the kernel's `allocation` module checks, as data (docs/certificate.md, "Allocations")."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction

from suffice.errors import InputError
from suffice.proofs.files import write_atomically
from suffice.proofs.jsondata import Json, as_integer, as_list, as_object, as_text, canonical_json, fields, number_text
from suffice.proofs.kernel.allocation import Allocation, Cut, Split, read_allocation
from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.limits import MAX_AMOUNT, MAX_BYTES, MAX_LABEL


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a group and its cost."""

    name: str
    cost: int


@dataclass(frozen=True, slots=True)
class Group:
    """What gets one option together."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A limit, and how much of it each option of each group uses."""

    limit: int
    uses: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Groups and rows; costs count in multiples of `unit`."""

    groups: tuple[Group, ...]
    rows: tuple[Row, ...]
    unit: Fraction = Fraction(1)

    def cost(self, choice: tuple[int, ...]) -> int:
        """What a choice costs, in units."""
        return sum(group.options[o].cost for group, o in zip(self.groups, choice, strict=True))

    def is_feasible(self, choice: tuple[int, ...]) -> bool:
        """Whether no row's limit is exceeded."""
        return all(sum(uses[o] for uses, o in zip(row.uses, choice, strict=True)) <= row.limit for row in self.rows)


@dataclass(frozen=True, slots=True)
class AllocationCertificate:
    """A choice, and the tree that shows that no feasible choice is cheaper."""

    table: Table
    choice: tuple[int, ...]
    tree: tuple[Cut | Split, ...]

    @property
    def cost(self) -> int:
        """What the choice costs, in units."""
        return self.table.cost(self.choice)


def to_json(certificate: AllocationCertificate) -> Json:
    """The whole file as a JSON value."""
    table = certificate.table
    groups: Json = [
        {"name": _label(group.name), "options": [[_label(o.name), _amount(o.cost)] for o in group.options]} for group in table.groups
    ]
    rows: Json = [{"limit": _amount(row.limit), "uses": [[_amount(use) for use in uses] for uses in row.uses]} for row in table.rows]
    return {
        "version": 1,
        "allocation": {
            "groups": groups,
            "rows": rows,
            "choice": list(certificate.choice),
            "cost": _amount(table.cost(certificate.choice)),
            "unit": number_text(table.unit),
            "tree": [_entry(entry) for entry in certificate.tree],
        },
    }


def canonical_bytes(certificate: AllocationCertificate) -> bytes:
    """The file's bytes: canonical JSON. Raises InputError where a number does not fit the limits."""
    data = canonical_json(to_json(certificate))
    if len(data) > MAX_BYTES:
        raise InputError(f"the allocation has {len(data)} bytes, more than {MAX_BYTES}", mend="name fewer groups or formats")
    return data


def write(certificate: AllocationCertificate, path: str | os.PathLike[str]) -> None:
    """Write the file, whole or not at all. Raises InputError."""
    write_atomically(path, canonical_bytes(certificate))


def is_allocation(value: Json) -> bool:
    """Whether a certificate is about an allocation."""
    return isinstance(value, dict) and "allocation" in value


def from_json(value: Json, where: str = "certificate") -> AllocationCertificate:
    """Read the whole file from a JSON value. Raises InputError."""
    version, body = fields(value, where, "version", "allocation")
    if as_integer(version, f"{where}: version") != 1:
        raise InputError(f"version {version} is unknown", where=where, mend="this release reads version 1")
    try:
        read, tree = read_allocation(body)
    except Rejection as rejection:
        raise InputError(str(rejection), where=where) from None
    groups = tuple(_group(group) for group in as_list(as_object(body, where)["groups"], where))
    rows = tuple(Row(limit, uses) for limit, uses in zip(read.limits, read.uses, strict=True))
    certificate = AllocationCertificate(Table(groups, rows, read.unit), read.choice, tuple(tree))
    if certificate.cost != read.cost:
        raise InputError("the options chosen do not add up to the cost", where=where)
    return certificate


def allocation_of(table: Table, choice: tuple[int, ...]) -> Allocation:
    """The table and the choice as the kernel holds them."""
    return Allocation(
        costs=tuple(tuple(option.cost for option in group.options) for group in table.groups),
        uses=tuple(row.uses for row in table.rows),
        limits=tuple(row.limit for row in table.rows),
        choice=choice,
        cost=table.cost(choice),
        unit=table.unit,
    )


def _group(value: Json) -> Group:
    """A group that the kernel has read."""
    members = as_object(value, "group")
    options = [as_list(option, "option") for option in as_list(members["options"], "options")]
    return Group(
        as_text(members["name"], "name"), tuple(Option(as_text(name, "name"), int(as_text(cost, "cost"))) for name, cost in options)
    )


def _entry(entry: Cut | Split) -> Json:
    if isinstance(entry, Split):
        return [entry.group, entry.option]
    return {"multipliers": [_amount(m) for m in entry.multipliers], "over": _amount(entry.over)}


def _amount(value: int) -> str:
    if not 0 <= value < MAX_AMOUNT:
        raise InputError("a number of the allocation does not fit in a certificate", mend="give costs of fewer digits")
    return str(value)


def _label(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 3] + "..."
