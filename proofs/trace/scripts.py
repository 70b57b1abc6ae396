"""SMT-LIB scripts in words: what they declare, what they assert, what their answer means."""

from __future__ import annotations

import re

from suffice.proofs.certificate import Certificate, SmtScript
from suffice.proofs.trace.claims import heading
from suffice.proofs.trace.data import Section, Step

_DECLARED = re.compile(r"\(declare-(?:const|fun)\s+(\|[^|]*\||[^\s()]+)")
_NAMED = re.compile(r":named\s+(\|[^|]*\||[^\s()]+)")
_MOST_LINES = 60
"""Lines of a script that a trace still shows."""
_MOST_NAMES = 12


def scripts_section(certificate: Certificate) -> Section:
    """Each script of the certificate."""
    return Section(heading="The same in SMT-LIB", steps=tuple(_step(certificate, member) for member in certificate.smt))


def _step(certificate: Certificate, member: SmtScript) -> Step:
    unknowns, named = _DECLARED.findall(member.script), _NAMED.findall(member.script)
    said = f"declares {_listed(unknowns, 'unknown')} and asserts {_listed(named, 'named fact')}"
    lines = member.script.count("\n") + 1
    return Step(
        text=f"The script {_subject(certificate, member.claim)} {said}.",
        script=member.script if lines <= _MOST_LINES else "",
        follows="The facts are enclosures that the kernel derives anew; the last assertion denies the claim. A solver that answers unsat "
        "agrees that the claim follows from them; the kernel does not rely on it.",
    )


def _subject(certificate: Certificate, index: int) -> str:
    if not 0 <= index < len(certificate.claims):
        return "of no claim"
    stated = heading(certificate.claims[index])
    return f"of claim {index + 1} ({stated[0].lower()}{stated[1:]})"


def _listed(names: list[str], what: str) -> str:
    if not names:
        return f"no {what}s"
    shown = ", ".join(name.strip("|") for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''}: {shown}{more}"
