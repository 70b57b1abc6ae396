"""Certificates of allocations: what the kernel's `allocation` module checks, as data (docs/certificate.md, "Allocations")."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction

from suffice.errors import InputError
from suffice.proofs.files import write_atomically
from suffice.proofs.jsondata import Json, canonical_json, number_text
from suffice.proofs.kernel.allocation import Cut, Split
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
