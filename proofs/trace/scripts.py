"""SMT-LIB scripts in words: what their assertions do, and what their answer means."""

from __future__ import annotations

import re

from suffice.proofs.certificate import Certificate, SmtScript
from suffice.proofs.trace.claims import heading
from suffice.proofs.trace.data import Section, Step

_NAMED = re.compile(r":named\s+(\|[^|]*\||[^\s()]+)")
_ROLES = {
    "hardware": "fixes",
    "enclosure": "rests on",
    "slope": "bounds",
    "statement": "uses",
    "tolerance": "denies the verdict in",
}
"""What the named assertions of a script do, by the first part of their names."""
_MOST_LINES = 60
"""Lines of a script that a trace still shows."""
_MOST_NAMES = 12


def scripts_section(certificate: Certificate) -> Section:
    """Each script of the certificate."""
    return Section(heading="The same in SMT-LIB", steps=tuple(_step(certificate, member) for member in certificate.smt))


def _step(certificate: Certificate, member: SmtScript) -> Step:
    lines = member.script.count("\n") + 1
    return Step(
        text=f"A script {_subject(certificate, member.claim)}. {_roles(_NAMED.findall(member.script))}",
        script=member.script if lines <= _MOST_LINES else "",
        follows="The numbers in it are enclosures that the kernel derives anew. A solver that answers unsat agrees that the verdict "
        "follows from them; the kernel does not rely on it.",
    )


def _subject(certificate: Certificate, index: int) -> str:
    if not 0 <= index < len(certificate.claims):
        return "for no claim"
    stated = heading(certificate.claims[index])
    return f"for claim {index + 1}: {stated[0].lower()}{stated[1:]}"


def _roles(names: list[str]) -> str:
    """The named assertions in words."""
    by_role = {role: [name for name in names if name.strip("|").partition("_")[0] == role] for role in _ROLES}
    parts = [f"{_ROLES[role]} {_listed(found)}" for role, found in by_role.items() if found]
    return f"It {' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}." if parts else "It names no assertion."


def _listed(names: list[str]) -> str:
    shown = ", ".join(name.strip("|") for name in names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown
