"""Farkas multipliers for the scripts of certificates: numbers with which a script's assertions add up to a contradiction.

The kernel writes scripts whose symbols are bounded one by the other, so that the multipliers can be read off, from the tolerance backwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from suffice.proofs.jsondata import number_text
from suffice.proofs.kernel import limits
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.farkas import Constraint, Linear, NotLinear, check_farkas, constraint, read_assertions
from suffice.prover.elimination import Refutation, TooManyRows, solve

_MOST_ELIMINATED = 200
"""Assertions up to which they are found by elimination where they cannot be read off."""

_STEPS = 8
"""Steps back for each assertion, after which none is expected to lead anywhere."""

ZERO = Fraction(0)


def with_multipliers(smt: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The members of a certificate's `smt`, each with multipliers where they are found and the kernel accepts them."""
    return [item | ({"farkas": found} if (found := _accepted(item["script"])) else {}) for item in smt]


def _accepted(script: str) -> dict[str, str] | None:
    found = find_multipliers(script)
    if found is None or len(found) > limits.MAX_KEYS:
        return None
    try:
        written = {name: number_text(value) for name, value in found.items()}
        check_farkas(script, written, Budget())
    except (Rejection, ValueError):
        return None
    return written


def find_multipliers(script: str) -> dict[str, Fraction] | None:
    """Multipliers of a linear script; None where it is not linear, or none were found."""
    constraints = linear_assertions(script)
    found = read_off(constraints)
    if found is None and len(constraints) <= _MOST_ELIMINATED:
        try:
            answer = solve(constraints)
        except TooManyRows:
            return None
        return answer.multipliers if isinstance(answer, Refutation) else None
    return found


def linear_assertions(script: str) -> dict[str, Constraint]:
    """The linear assertions of a script by their names."""
    assertions = read_assertions(script)
    asserted = set(assertions.values())
    found = {}
    for name, formula in assertions.items():
        try:
            found[name] = constraint(formula, asserted)
        except NotLinear:
            continue
    return found


def read_off(constraints: Mapping[str, Constraint]) -> dict[str, Fraction] | None:
    """From the tolerance backwards: whatever symbol is left is cancelled by the one constraint that bounds it on the other side."""
    if "tolerance" not in constraints:
        return None
    bounding: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for name, known in constraints.items():
        for symbol, value in known.form.items():
            for sign in (value > 0, value < 0) if known.relation == "=" else (value > 0,):
                bounding[symbol, sign].append(name)
    multipliers: dict[str, Fraction] = {"tolerance": Fraction(1)}
    total: Linear = dict(constraints["tolerance"].form)
    left = [symbol for symbol in total if symbol]
    for _ in range(_STEPS * len(constraints)):
        if not left:
            break
        symbol = left.pop()
        value = total.get(symbol, ZERO)
        if not value:
            continue
        candidates = bounding[symbol, value < 0]
        if len(candidates) != 1 or (candidates[0] in multipliers and constraints[candidates[0]].relation != "="):
            return None
        name = candidates[0]
        factor = -value / constraints[name].form[symbol]
        multipliers[name] = multipliers.get(name, ZERO) + factor
        for other, part in constraints[name].form.items():
            total[other] = total.get(other, ZERO) + factor * part
            left += [other] if other and other != symbol else []
    return None if left else {name: value for name, value in multipliers.items() if value}
