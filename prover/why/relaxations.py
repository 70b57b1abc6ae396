"""How far a number of a script may be relaxed until the script has a model: found exactly, then proved on both sides by two solvers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.proofs.kernel.farkas import NotLinear, linear
from suffice.proofs.kernel.script import term
from suffice.proofs.kernel.smtlib import Term, read_terms
from suffice.prover.elimination import Range, TooManyRows, range_of
from suffice.prover.why.cores import answers
from suffice.prover.why.scripts import Script, TooHard, cases, find_model

SYMBOL = "relaxed"
"""The name that stands for the number in question."""

BEYOND = Fraction(1, 1 << 30)
"""How far beyond a limit that is not reached itself a model is shown, relative to the limit."""

SIGNED = ("enclosure_f", "format")
"""Assertions whose numbers are values, which may be negative; those of others are sizes."""

_WEAKER = {">=": -1, ">": -1, "<=": 1, "<": 1}
"""On the right of which comparison a number says less when it grows (1) or falls (-1); what it multiplies is never negative."""


@dataclass(frozen=True, slots=True)
class Site:
    """A number of an assertion: where it stands, which way it is relaxed, and the symbol that it multiplies, if any."""

    assertion: str
    path: tuple[int, ...]
    value: Fraction
    direction: int
    factor_of: str = ""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Up to `limit` the script stays unsatisfiable; at it too unless `is_reached`, where it has a model.

    `is_endless`: a size cannot fall below 0, and the script stays unsatisfiable down to that. `is_proved`: both solvers call every value
    short of the limit unsatisfiable, and the limit itself (or a value BEYOND it) satisfiable, with a model that was checked exactly.
    """

    site: Site
    limit: Fraction
    is_reached: bool
    is_endless: bool = False
    is_proved: bool = False


def sites(name: str, formula: Term) -> list[Site]:
    """The numbers of an assertion that can be relaxed; a part of the tolerance that is 0 is none beside another part."""
    found: list[Site] = []
    for path, comparison in _comparisons(formula, ()):
        sign = comparison[0]
        direction = 1 if sign == "=" and name == "hardware_unit" else _WEAKER.get(str(sign), 0)
        if direction:
            found += _numbers(name, comparison[2], (*path, 2), direction)
    return [site for site in found if site.value or name != "tolerance"] or found


def _comparisons(formula: Term, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[Term, ...]]]:
    match formula:
        case ("and" | "or", *parts):
            for k, part in enumerate(parts, 1):
                yield from _comparisons(part, (*path, k))
        case ("=>", _, conclusion):
            yield from _comparisons(conclusion, (*path, 2))
        case (str(), _, _):
            yield path, formula


def _numbers(name: str, part: Term, path: tuple[int, ...], direction: int) -> Iterator[Site]:
    value = _constant(part)
    if value is not None:
        yield Site(name, path, value, direction)
        return
    match part:
        case ("+", *parts):
            for k, inner in enumerate(parts, 1):
                yield from _numbers(name, inner, (*path, k), direction)
        case ("*", factor, str(symbol)) if (value := _constant(factor)) is not None:
            yield Site(name, (*path, 1), value, direction, symbol)


def _constant(part: Term) -> Fraction | None:
    try:
        form = linear(part)
    except NotLinear:
        return None
    return None if form.keys() - {""} else form.get("", Fraction(0))


def relax(script: Script, wanted: list[Site]) -> list[Relaxation]:
    """The least relaxation of each number that gives the script a model, all proved in one go; numbers without one are left out."""
    found = [relaxation for site in wanted if (relaxation := _found(script, site)) is not None]
    checks = [(_short_of(script, each), _at(script, each)) for each in found]
    words = answers([text for short, at in checks for text in (short.text(), at.text())])
    proved = []
    for k, (each, (_, at)) in enumerate(zip(found, checks, strict=True)):
        refuted, satisfied = words[2 * k : 2 * k + 2]
        has_model = each.is_endless or (satisfied == {"sat"} and find_model(at) is not None)
        proved.append(replace(each, is_proved=refuted == {"unsat"} and has_model))
    return proved


def _found(script: Script, site: Site) -> Relaxation | None:
    try:
        return _find(script, site)
    except (TooHard, TooManyRows):
        return None


def _find(script: Script, site: Site) -> Relaxation | None:
    """The limit as the exact elimination sees it: where a symbol is multiplied, the product and the symbol are looked at apart."""
    loose = _with(script, site.assertion, site.path[:-1] if site.factor_of else site.path, SYMBOL)
    end, is_reached = _nearest(loose, SYMBOL, site.direction)
    if end is None:
        return None
    if site.factor_of:
        rest = Script(script.sorts, {name: formula for name, formula in script.assertions.items() if name != site.assertion})
        size, is_size_reached = _nearest(rest, site.factor_of, -site.direction)
        if size is None or size <= 0:
            return None
        end, is_reached = end / size, is_reached and is_size_reached
    if (end - site.value) * site.direction < 0:
        return None
    if end < 0 < site.value and not site.assertion.startswith(SIGNED):
        return Relaxation(site, Fraction(0), is_reached=False, is_endless=True)
    return Relaxation(site, end, is_reached)


def _nearest(script: Script, symbol: str, direction: int) -> tuple[Fraction | None, bool]:
    """The least (direction 1) or largest (-1) value of a symbol over all models, and whether it is one itself."""
    ranges = [found for case in cases(script) if (found := range_of(symbol, case)) is not None]
    ends = [_end(found, direction) for found in ranges]
    if not ends or any(end is None for end, _ in ends):
        return None, False
    best = min(end * direction for end, _ in ends if end is not None) * direction
    return best, any(end == best and is_reached for end, is_reached in ends)


def _end(found: Range, direction: int) -> tuple[Fraction | None, bool]:
    return (found.low, not found.low_excluded) if direction > 0 else (found.high, not found.high_excluded)


def _short_of(script: Script, relaxation: Relaxation) -> Script:
    """The script with all values from the number to short of the limit in its place.

    A symbol stands for them. Where the number t multiplies v, so that a product would arise, the script says what follows for every such
    t, which is linear: `X <= t v` with t0 <= t < t1 gives X < t1 v, or else v <= 0 and X <= t0 v.
    """
    site = relaxation.site
    if site.factor_of:
        return script.having(site.assertion, _weakened(script.assertions[site.assertion], relaxation, site.path))
    toward, short = (">=", "<") if site.direction > 0 else ("<=", ">")
    start, end = read_terms(term(site.value))[0], read_terms(term(relaxation.limit))[0]
    between: Term = ("and", (toward, SYMBOL, start), (short if relaxation.is_reached else f"{short}=", SYMBOL, end))
    return _with(script, site.assertion, site.path, SYMBOL).having("short_of_the_limit", between, **{SYMBOL: "Real"})


def _weakened(formula: Term, relaxation: Relaxation, path: tuple[int, ...]) -> Term:
    """What a comparison, or the conclusion of an implication, says at least for every number short of the limit."""
    assert isinstance(formula, tuple)
    if formula[0] == "=>":
        return (*formula[:2], _weakened(formula[2], relaxation, path[1:]))
    limited = _replaced(formula, path, read_terms(term(relaxation.limit))[0])
    assert isinstance(limited, tuple)
    sign = str(limited[0]).rstrip("=") if relaxation.is_reached else limited[0]
    return ("or", (sign, *limited[1:]), ("and", ("<=", relaxation.site.factor_of, "0.0"), formula))


def _at(script: Script, relaxation: Relaxation) -> Script:
    """The script with the limit in the number's place, or a number a little beyond it."""
    limit, direction = relaxation.limit, relaxation.site.direction
    place = limit if relaxation.is_reached else limit + direction * BEYOND * (abs(limit) or 1)
    return _with(script, relaxation.site.assertion, relaxation.site.path, read_terms(term(place))[0])


def _with(script: Script, name: str, path: tuple[int, ...], part: Term) -> Script:
    sorts = {SYMBOL: "Real"} if part == SYMBOL else {}
    return script.having(name, _replaced(script.assertions[name], path, part), **sorts)


def _replaced(formula: Term, path: tuple[int, ...], part: Term) -> Term:
    if not path:
        return part
    assert isinstance(formula, tuple)
    return (*formula[: path[0]], _replaced(formula[path[0]], path[1:], part), *formula[path[0] + 1 :])
