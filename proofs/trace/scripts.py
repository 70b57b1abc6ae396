"""SMT-LIB scripts in words: what their assertions do, and what their answer means."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem
from suffice.encodings.writers.text import to_short_text
from suffice.proofs.certificate import Certificate, SmtScript
from suffice.proofs.trace.claims import heading
from suffice.proofs.trace.data import Quantity, Section, Step
from suffice.proofs.trace.numbers import at_least, at_most

_NAMED = re.compile(r":named\s+(\|[^|]*\||[^\s()]+)")
_ROLES = {
    "hardware": "fixes",
    "region": "speaks of",
    "enclosure": "rests on",
    "slope": "bounds",
    "statement": "uses",
    "tolerance": "denies the verdict in",
}
"""What the named assertions of a script do, by the first part of their names."""
_ROUNDING = re.compile(r"\(<= rounding_(\w+) \(\* (.+) unit\)\) :named")
_SLOPE = re.compile(r"\(<= error_(\w+) \(\* (.+) rounding_\w+\)\) :named")
_ENCLOSURE = re.compile(r"\(>= (\w+) (.+)\) :named enclosure_")
"""Assertions that hold one number."""
_MOST_LINES = 60
"""Lines of a script that a trace still shows."""
_MOST_NAMES = 12


def scripts_section(certificate: Certificate) -> Section:
    """Each script of the certificate."""
    return Section(heading="The same in SMT-LIB", steps=tuple(_step(certificate, member) for member in certificate.smt))


def _step(certificate: Certificate, member: SmtScript) -> Step:
    step = script_step(_subject(certificate, member.claim), member.script, _numbers(certificate.problem, member.script))
    return replace(step, follows=" ".join([step.follows, *_refutations(member)]))


def _refutations(member: SmtScript) -> list[str]:
    """What the certificate holds beside a script."""
    told = []
    if member.farkas:
        told.append(
            f"No solver needs to be believed: the certificate has multipliers for {len(member.farkas)} assertions that add up to a "
            "contradiction (Farkas' lemma), which the kernel checks."
        )
    if member.cpc:
        told.append(
            f"cvc5's own proof, {member.cpc.count('(step ')} steps in CPC of which none asks for trust, is in the certificate for "
            "ethos, its independent checker."
        )
    return told


def script_step(subject: str, script: str, numbers: tuple[Quantity, ...] = ()) -> Step:
    """A script for something, what its assertions do, and the numbers in them."""
    lines = script.count("\n") + 1
    return Step(
        text=f"A script {subject}. {_roles(_NAMED.findall(script))}",
        quantities=numbers,
        script=script if lines <= _MOST_LINES else "",
        follows="The numbers in it are enclosures that the kernel derives anew. A solver that answers unsat agrees that the verdict "
        "follows from them; the kernel does not rely on it.",
    )


def _numbers(problem: Problem, script: str) -> tuple[Quantity, ...]:
    """The numbers of the assertions, each with what it says."""
    found = []
    for line in script.splitlines():
        if rounding := _ROUNDING.search(line):
            found.append(at_most(f"rounding of {place_of(problem, rounding[1])}, in units", _number(rounding[2])))
        elif slope := _SLOPE.search(line):
            found.append(at_most(f"its effect on the result, for each unit ({place_of(problem, slope[1])})", _number(slope[2])))
        elif enclosure := _ENCLOSURE.search(line):
            found.append(at_least(enclosure[1].replace("_", " along ", 1) if "_" in enclosure[1] else enclosure[1], _number(enclosure[2])))
    return tuple(found)


def place_of(problem: Problem, name: str) -> str:
    """The term that a name of the script stands for."""
    kind, _, rest = name.partition("_")
    if kind == "node" and rest.isdigit() and int(rest) < len(problem.expression.nodes):
        return _term(problem, int(rest))
    return {"input": f"the input {rest}", "output": "the output"}.get(kind, name)


def _term(problem: Problem, position: int) -> str:
    """The subterm at a node, as text."""
    builder = ExpressionBuilder()
    for node in problem.expression.nodes[: position + 1]:
        match node.op:
            case Op.CONST:
                assert isinstance(node.payload, Fraction)
                builder.constant(node.payload)
            case Op.VAR:
                builder.variable(str(node.payload))
            case Op.PI | Op.E:
                builder.named(node.op)
            case Op.POW:
                assert isinstance(node.payload, int)
                builder.power(node.args[0], node.payload)
            case _:
                builder.apply(node.op, *node.args)
    return to_short_text(builder.build(position), 40)


def _number(term: str) -> Fraction:
    """A real of SMT-LIB as the kernel writes it."""
    digits = re.sub(r"[()/]|\.0", " ", term).split()
    sign = -1 if digits[0] == "-" else 1
    top, bottom = ([*digits, "1"] if sign > 0 else [*digits[1:], "1"])[:2]
    return sign * Fraction(int(top), int(bottom))


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
