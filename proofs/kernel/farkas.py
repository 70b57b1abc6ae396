"""Farkas' lemma: linear assertions whose sum, each times a number, is a contradiction have no common solution.

With it no solver needs to be trusted for a script: `0 >= c` for c > 0, or `0 > c` for c >= 0, is refuted by looking at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from . import limits
from .budget import Budget, rational_work
from .failures import Rejection
from .formats import size_of
from .jsonvalues import NAME, number, quoted
from .smtlib import Term, read_terms

Linear = dict[str, Fraction]
"""Coefficients of symbols; that of "" is the constant. None of them is zero."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """`form` >= 0, > 0 or = 0."""

    form: Linear
    relation: str


class NotLinear(Exception):
    """The formula is more than a comparison of linear terms."""


_NUMERAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_COMPARISONS = {">=": (1, ">="), ">": (1, ">"), "<=": (-1, ">="), "<": (-1, ">"), "=": (1, "=")}


def read_assertions(script: str) -> dict[str, Term]:
    """The formulas of a script by their names. All its other commands only declare; every assertion has a name, and there is one check."""
    assertions: dict[str, Term] = {}
    for command in read_terms(script):
        match command:
            case ("assert", ("!", formula, ":named", str(name))) if name not in assertions:
                assertions[name] = formula
            case ("set-logic", _) | ("declare-const", str(), "Real" | "Int") | ("check-sat",):
                continue
            case _:
                raise Rejection("an SMT-LIB script has a command beside declarations and assertions with names of their own")
    return assertions


def linear(term: Term) -> Linear:
    """A linear term. Raises NotLinear."""
    match term:
        case str() if _NUMERAL.fullmatch(term):
            return _kept({"": Fraction(term)})
        case str() if NAME.fullmatch(term):
            return {term: Fraction(1)}
        case ("+", *parts) if parts:
            return _total([linear(part) for part in parts])
        case ("-", part):
            return _times(Fraction(-1), linear(part))
        case ("-", first, *parts):
            return _total([linear(first), *(_times(Fraction(-1), linear(part)) for part in parts)])
        case ("*", first, second):
            left, right = linear(first), linear(second)
            if not left.keys() - {""}:
                left, right = right, left
            return _times(_constant(right), left)
        case ("/", first, second) if divisor := _constant(linear(second)):
            return _times(1 / divisor, linear(first))
    raise NotLinear


def _constant(form: Linear) -> Fraction:
    if form.keys() - {""}:
        raise NotLinear
    return form.get("", Fraction(0))


def _kept(form: Linear) -> Linear:
    return {name: value for name, value in form.items() if value}


def _times(factor: Fraction, form: Linear) -> Linear:
    return _kept({name: factor * value for name, value in form.items()})


def _total(forms: list[Linear]) -> Linear:
    result: Linear = {}
    for form in forms:
        for name, value in form.items():
            result[name] = result.get(name, Fraction(0)) + value
    return _kept(result)


def constraint(formula: Term, asserted: set[Term]) -> Constraint:
    """A comparison, or what an implication says whose condition is asserted as it stands. Raises NotLinear."""
    match formula:
        case (str(sign), left, right) if sign in _COMPARISONS:
            factor, relation = _COMPARISONS[sign]
            return Constraint(_times(Fraction(factor), _total([linear(left), _times(Fraction(-1), linear(right))])), relation)
        case ("=>", condition, conclusion) if condition in asserted:
            return constraint(conclusion, asserted)
    raise NotLinear


def check_farkas(script: str, multipliers: Any, budget: Budget) -> None:
    """Reject multipliers that do not refute the script.

    Inequalities are multiplied by positive numbers, equations by any but zero, and everything is on one side:
    sum of m_i form_i is then >= 0, or > 0 with a strict one among them, wherever all assertions hold. It must be a constant that is not.
    """
    if not isinstance(multipliers, dict) or not multipliers:
        raise Rejection("the multipliers of a script are not an object with members")
    budget.spend(limits.WORK_OF_CHARACTER * len(script))
    assertions = read_assertions(script)
    asserted = set(assertions.values())
    total: Linear = {}
    strict = False
    for name, value in multipliers.items():
        if name not in assertions:
            raise Rejection(f"a multiplier belongs to no assertion: {quoted(name)}")
        multiplier = number(value, f"the multiplier of {name}")
        try:
            known = constraint(assertions[name], asserted)
        except NotLinear:
            raise Rejection(f"the assertion {name} has a multiplier and is not linear") from None
        if multiplier == 0 or (multiplier < 0 and known.relation != "="):
            raise Rejection(f"the multiplier of {name} has the wrong sign")
        strict |= known.relation == ">"
        _add(total, multiplier, known.form, budget)
    if any(total[name] for name in total if name):
        raise Rejection("the multiplied assertions do not add up to a number")
    constant = total.get("", Fraction(0))
    if constant > 0 or (constant == 0 and not strict):
        raise Rejection("the multiplied assertions add up to no contradiction")


def _add(total: Linear, multiplier: Fraction, form: Linear, budget: Budget) -> None:
    for name, value in form.items():
        held = total.get(name, Fraction(0))
        budget.spend(rational_work(2 * (size_of(multiplier) + size_of(value)) + size_of(held)))
        total[name] = held + multiplier * value
