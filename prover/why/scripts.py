"""Scripts as data: their assertions may be left out, their numbers replaced, and whether they have a model is decided exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from suffice.proofs.kernel.farkas import Constraint, NotLinear, constraint, linear, read_assertions
from suffice.proofs.kernel.smtlib import Term, read_terms
from suffice.prover.elimination import Solution, TooManyRows, solve

Values = dict[str, Fraction]

MAX_CASES = 64
"""Ways to satisfy the disjunctions of a script that are tried one by one."""

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class TooHard(Exception):
    """The script is not made of linear comparisons, or has too many cases."""


@dataclass(frozen=True, slots=True)
class Script:
    """The sorts of the symbols, and the formulas by their names."""

    sorts: dict[str, str]
    assertions: dict[str, Term]

    def only(self, names: Iterable[str]) -> Script:
        """The script with these assertions alone."""
        kept = set(names)
        return Script(self.sorts, {name: formula for name, formula in self.assertions.items() if name in kept})

    def having(self, name: str, formula: Term, **sorts: str) -> Script:
        """The script with one assertion added, or put in the place of the one of that name."""
        return Script(self.sorts | sorts, self.assertions | {name: formula})

    def text(self) -> str:
        """SMT-LIB."""
        lines = ["(set-logic ALL)", *(f"(declare-const {name} {sort})" for name, sort in self.sorts.items())]
        lines += [f"(assert (! {_written(formula)} :named {name}))" for name, formula in self.assertions.items()]
        return "\n".join([*lines, "(check-sat)"]) + "\n"


def read_script(text: str) -> Script:
    """A script as the kernel writes it."""
    sorts = {}
    for command in read_terms(text):
        match command:
            case ("declare-const", str(name), str(sort)):
                sorts[name] = sort
    return Script(sorts, read_assertions(text))


def _written(formula: Term) -> str:
    return formula if isinstance(formula, str) else f"({' '.join(map(_written, formula))})"


def find_model(script: Script) -> Values | None:
    """Values of the symbols that satisfy every assertion, put in and found right; None where there are none. Raises TooHard."""
    is_open = False
    for case in cases(script):
        try:
            found = solve({str(k): known for k, known in enumerate(case)})
        except TooManyRows:
            raise TooHard("the script takes too many steps to decide exactly") from None
        if isinstance(found, Solution):
            values = dict.fromkeys(script.sorts, Fraction(0)) | found.values
            if is_model(script, values):
                return values
            is_open = True
    if is_open:
        raise TooHard("the script has solutions that are no integers where it needs some")
    return None


def cases(script: Script) -> list[list[Constraint]]:
    """The script as a disjunction of conjunctions. Raises TooHard."""
    asserted = set(script.assertions.values())
    choices = [_alternatives(formula, asserted) for formula in script.assertions.values()]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > MAX_CASES:
        raise TooHard(f"the script has {count} cases")
    return [[known for part in parts for known in part] for parts in product(*choices)]


def _alternatives(formula: Term, asserted: set[Term]) -> list[list[Constraint]]:
    """The ways in which a formula may hold."""
    match formula:
        case ("and", *parts):
            return [[known for way in ways for known in way] for ways in product(*(_alternatives(part, asserted) for part in parts))]
        case ("or", *parts):
            return [way for part in parts for way in _alternatives(part, asserted)]
        case ("=>", condition, conclusion) if condition not in asserted:
            return [*_denials(condition, asserted), *_alternatives(conclusion, asserted)]
        case ("=>", _, conclusion):
            return _alternatives(conclusion, asserted)
    try:
        return [[constraint(formula, asserted)]]
    except NotLinear:
        raise TooHard("the script is not made of linear comparisons") from None


def _denials(formula: Term, asserted: set[Term]) -> list[list[Constraint]]:
    match formula:
        case ("=", left, right):
            return [[constraint((sign, left, right), asserted)] for sign in ("<", ">")]
        case (str(sign), left, right) if sign in _OPPOSITE:
            return [[constraint((_OPPOSITE[sign], left, right), asserted)]]
    raise TooHard("the script is not made of linear comparisons")


def is_model(script: Script, values: Mapping[str, Fraction]) -> bool:
    """Whether the values satisfy every assertion, by exact arithmetic, and are integers where they must be."""
    whole = all(values[name].denominator == 1 for name, sort in script.sorts.items() if sort == "Int")
    return whole and all(_holds(formula, values) for formula in script.assertions.values())


def _holds(formula: Term, values: Mapping[str, Fraction]) -> bool:
    match formula:
        case ("and", *parts):
            return all(_holds(part, values) for part in parts)
        case ("or", *parts):
            return any(_holds(part, values) for part in parts)
        case ("=>", condition, conclusion):
            return not _holds(condition, values) or _holds(conclusion, values)
        case (str(sign), left, right):
            a, b = evaluate(left, values), evaluate(right, values)
            return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "=": a == b}[sign]
    raise TooHard("the script is not made of comparisons")


def evaluate(term: Term, values: Mapping[str, Fraction]) -> Fraction:
    """The value of a term, in which symbols may be multiplied. Raises TooHard."""
    match term:
        case ("*", first, second):
            return evaluate(first, values) * evaluate(second, values)
        case ("+", *parts):
            return sum((evaluate(part, values) for part in parts), Fraction(0))
    try:
        return sum((factor * (values[name] if name else 1) for name, factor in linear(term).items()), Fraction(0))
    except NotLinear:
        raise TooHard("the script is not made of linear terms") from None
