"""The SMT-LIB form of a region's claim, its parameters and its size being symbols (THEORY T10)."""

from __future__ import annotations

from ..derivation import Derivation
from ..script import Scope, named, script, term
from .asking import common_question, worst_question
from .regions import Family, Region

SHARE_WORK = 40_000
"""What it takes to work out and to write down one share."""


def scripting_work(derivation: Derivation) -> int:
    """What the script of a region takes; there may be thousands of regions."""
    return SHARE_WORK * len(derivation.shares)


def region_script(family: Family, region: Region, derivation: Derivation) -> str | None:
    """The script of a region, None where no solver is needed (points, cells and runs alone)."""
    bound = region.claim.bound
    if bound == "witness_error":
        return None
    question = worst_question(family, region) if bound == "error_bound" else common_question(family, region, family.nodes)
    return script(question, bound, derivation, _scope(family, region, derivation))


def _scope(family: Family, region: Region, derivation: Derivation) -> Scope:
    """The symbols that the tolerance and the law depend on, bounded by the region on the side that the verdict needs."""
    tolerance, lines = family.tolerance, []
    needs_most = region.claim.bound == "floor"
    for name, factor in sorted(tolerance.coefficients.items()):
        symbol, (lo, hi) = f"parameter_{name}", region.parameters[name]
        formula = f"(<= {symbol} {term(hi)})" if (factor > 0) == needs_most else f"(>= {symbol} {term(lo)})"
        lines += [f"(declare-const {symbol} Real)", named(f"region_{symbol}", formula)]
    parts = [term(tolerance.constant), *(f"(* {term(factor)} parameter_{name})" for name, factor in sorted(tolerance.coefficients.items()))]
    allowed = parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"
    guard = ""
    if family.fold is not None and "size_from" in derivation.facts:
        symbol = f"size_{family.fold.size}"
        guard = _sizes(symbol, *_range(region, derivation))
        lines += [f"(declare-const {symbol} Int)", named(f"region_{symbol}", guard)]
    return Scope(tuple(lines), allowed, guard)


def _sizes(symbol: str, least: int, greatest: int | None) -> str:
    below = "" if greatest is None else f"(<= {symbol} {greatest})"
    return f"(and (>= {symbol} {least}) {below})" if below else f"(>= {symbol} {least})"


def _range(region: Region, derivation: Derivation) -> tuple[int, int | None]:
    """The sizes of the region; where its floor is the least of several that hold for some sizes each, those of that one."""
    if "size_to" in derivation.facts:
        return int(derivation.facts["size_from"]), int(derivation.facts["size_to"])
    return region.least, region.greatest
