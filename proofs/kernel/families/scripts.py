"""The SMT-LIB form of a region's claim, its parameters and its size being symbols (THEORY T10)."""

from __future__ import annotations

from ..derivation import Derivation
from ..script import Scope, named, script, term
from .asking import common_question, worst_question
from .regions import Family, Region


def region_script(family: Family, region: Region, derivation: Derivation) -> str | None:
    """The script of a region, None where no solver is needed (points, cells and runs alone)."""
    bound = region.claim.bound
    if bound == "witness_error":
        return None
    question = worst_question(family, region) if bound == "error_bound" else common_question(family, region, family.nodes)
    return script(question, bound, derivation, _scope(family, region, derivation))


def _scope(family: Family, region: Region, derivation: Derivation) -> Scope:
    """The symbols that the tolerance and the law depend on, each between its ends in the region."""
    tolerance, lines = family.tolerance, []
    for name in sorted(tolerance.coefficients):
        lo, hi = region.parameters[name]
        lines += [
            f"(declare-const parameter_{name} Real)",
            named(f"region_parameter_{name}", _between(f"parameter_{name}", term(lo), term(hi))),
        ]
    parts = [term(tolerance.constant), *(f"(* {term(factor)} parameter_{name})" for name, factor in sorted(tolerance.coefficients.items()))]
    allowed = parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"
    guard = ""
    if family.fold is not None and "size_from" in derivation.facts:
        symbol = f"size_{family.fold.size}"
        lines += [f"(declare-const {symbol} Int)", named(f"region_{symbol}", _sizes_of(symbol, region, derivation))]
        guard = _sizes(symbol, int(derivation.facts["size_from"]), _end(derivation))
    return Scope(tuple(lines), allowed, guard)


def _between(symbol: str, lo: str, hi: str) -> str:
    return f"(and (>= {symbol} {lo}) (<= {symbol} {hi}))"


def _sizes(symbol: str, least: int, greatest: int | None) -> str:
    return f"(>= {symbol} {least})" if greatest is None else _between(symbol, str(least), str(greatest))


def _end(derivation: Derivation) -> int | None:
    return int(derivation.facts["size_to"]) if "size_to" in derivation.facts else None


def _sizes_of(symbol: str, region: Region, derivation: Derivation) -> str:
    """The sizes of the region; where the law is about some of them only, those, on which the floor is least."""
    if "size_to" in derivation.facts:
        return _sizes(symbol, int(derivation.facts["size_from"]), _end(derivation))
    return _sizes(symbol, region.least, region.greatest)
