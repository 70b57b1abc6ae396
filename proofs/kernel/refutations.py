"""What may stand beside a script: multipliers that refute it, checked here, and a solver's proof, which is for others to check."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from . import limits
from .budget import Budget
from .failures import Rejection
from .farkas import check_farkas
from .jsonvalues import quoted
from .smtlib import read_terms

OPTIONAL = ("farkas", "cpc")
"""Keys of a member of `smt` beside its script and what that is about."""

_COMMANDS = frozenset({"assume", "assume-push", "step", "step-pop", "define", "declare-const", "declare-type", "declare-datatypes"})
"""What a proof in CPC consists of: it declares no rules of its own, and includes no files."""

_RULE = re.compile(r"[a-z][a-z0-9_-]*")


def without_refutations(smt: Any) -> Any:
    """The scripts alone, to be compared with those that the kernel writes."""
    if not isinstance(smt, list) or not all(isinstance(item, dict) for item in smt):
        return smt
    return [{key: value for key, value in item.items() if key not in OPTIONAL} for item in smt]


def check_refutations(smt: list[dict[str, Any]], budget: Budget) -> int:
    """How many of the kernel's own scripts have multipliers that refute them; a Rejection where what is given is wrong."""
    for item in smt:
        if "farkas" in item:
            check_farkas(item["script"], item["farkas"], budget)
        if "cpc" in item:
            check_cpc(item["cpc"])
    return sum("farkas" in item for item in smt)


def check_cpc(proof: Any) -> None:
    """Reject a text that is no proof in CPC, or one with a step that asks for trust. The steps themselves are for a checker of CPC."""
    if not isinstance(proof, str) or not 0 < len(proof) <= limits.MAX_CPC_CHARACTERS:
        raise Rejection(f"a proof in CPC is not a text of at most {limits.MAX_CPC_CHARACTERS} characters")
    commands = read_terms(proof)
    if len(commands) == 1:
        (whole,) = commands
        commands = list(whole) if isinstance(whole, tuple) else commands
    for command in commands:
        head = command[0] if isinstance(command, tuple) and command else ""
        if not isinstance(head, str) or head not in _COMMANDS:
            raise Rejection("a proof in CPC has a command that is no step of a proof")
        if head in ("step", "step-pop"):
            rules = [after for word, after in pairwise(command) if word == ":rule"]
            name = rules[0] if len(rules) == 1 and isinstance(rules[0], str) else ""
            if not _RULE.fullmatch(name) or "trust" in name:
                raise Rejection(f"a proof in CPC has a step that asks for trust, or names no rule: {quoted(name)}")
