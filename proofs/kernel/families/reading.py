"""From JSON values to a family and its regions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .. import limits
from ..derivation import INFINITE
from ..failures import Rejection
from ..formats import Code, is_free, size_of
from ..jsonvalues import NAME, choice, fields, integer, listed, number, optional
from ..question import Box, Node
from ..reading import read_asked, read_format, read_nodes, read_preconditions
from .regions import BOUND_OF, Affine, Family, Fold, Region, RegionClaim, names_in


def read_family(value: Any, formats: Any) -> Family:
    """FAMILY and FORMATS together."""
    given = optional(value, "preconditions", "fold")
    parameters, expression, box, tolerance, inputs, *rest = fields(
        value, "family", "parameters", "expression", "box", "tolerance", "inputs", *given
    )
    found = dict(zip(given, rest, strict=True))
    intervals = read_intervals(parameters, "family.parameters", limits.MAX_PARAMETERS)
    nodes = read_nodes(expression)
    sides = _read_box(box, intervals)
    absolute, relative = (
        read_affine(item, "tolerance", intervals) for item in fields(tolerance, "tolerance", "absolute", "relative")
    )  # fmt: skip
    _check_tolerance(absolute, relative, intervals)
    accumulate = optional(formats, "accumulate")
    if ("fold" in found) != bool(accumulate):
        raise Rejection("formats.accumulate stands exactly where the family has a fold")
    shape = _read_fold(found["fold"], formats["accumulate"], sides) if "fold" in found else None
    every = nodes if shape is None else (*nodes, *shape.start, *shape.term)
    if len(every) > limits.MAX_NODES:
        raise Rejection(f"the family has more than {limits.MAX_NODES} nodes")
    conditions = read_preconditions(found["preconditions"], len(every)) if "preconditions" in found else ()
    plain = {key: item for key, item in formats.items() if key != "accumulate"} if isinstance(formats, dict) else formats
    family = Family(
        parameters=intervals, nodes=nodes, box=sides, preconditions=conditions, absolute=absolute, relative=relative,
        representable=choice(inputs, "family.inputs", ("real", "representable")) == "representable",
        asked=read_asked(plain, every, tuple(sides)), fold=shape,
    )  # fmt: skip
    _check_names(family)
    return family


def read_region(value: Any, family: Family) -> tuple[Region, str]:
    """REGION, and the verdict that it states."""
    sized = [] if family.fold is None else ["size"]
    parameters, verdict, claim, *size = fields(value, "a region", "parameters", "verdict", "claim", *sized)
    stated = choice(verdict, "region.verdict", tuple(BOUND_OF))
    return Region(_read_part(parameters, family), *_read_sizes(size, family.fold), _read_claim(claim, BOUND_OF[stated])), stated


def _read_claim(value: Any, expected: str) -> RegionClaim:
    bound, claimed, label, evidence = fields(value, "a claim", "bound", "value", "statement", "evidence")
    if choice(bound, "claim.bound", tuple(BOUND_OF.values())) != expected:
        raise Rejection(f"the verdict of a region needs a claim of {expected}")
    if expected == "witness_error" and claimed == INFINITE:
        return RegionClaim(expected, INFINITE, label, evidence)
    amount = number(claimed, f"the value of {expected}")
    if amount < 0:
        raise Rejection(f"the value of {expected} is negative")
    return RegionClaim(expected, amount, label, evidence)


def _read_part(value: Any, family: Family) -> Box:
    """The part of the parameters' box that a region speaks of."""
    part = read_intervals(value, "region.parameters", limits.MAX_PARAMETERS)
    if part.keys() != family.parameters.keys():
        raise Rejection("region.parameters does not name the parameters of the family")
    for name, (lo, hi) in part.items():
        if lo < family.parameters[name][0] or hi > family.parameters[name][1]:
            raise Rejection(f"region.parameters.{name} goes beyond the family's interval")
    return part


def _read_sizes(given: list[Any], fold: Fold | None) -> tuple[int, int | None]:
    if fold is None:
        return 1, 1
    least, greatest = read_range(given[0], "region.size")
    beyond = fold.greatest is not None and (greatest is None or greatest > fold.greatest)
    if least < fold.least or beyond:
        raise Rejection("region.size goes beyond the family's sizes")
    return least, greatest


def read_range(value: Any, where: str) -> tuple[int, int | None]:
    """Sizes from one on; null where they have no upper end."""
    low, high = listed(value, where, 2, 2)
    least = integer(low, where, 1, limits.MAX_SIZE)
    return least, None if high is None else integer(high, where, least, limits.MAX_SIZE)


def read_intervals(value: Any, where: str, most: int) -> Box:
    """Named closed intervals of parameters."""
    if not isinstance(value, dict) or not all(NAME.fullmatch(name) for name in value):
        raise Rejection(f"{where} is not an object of named intervals")
    if len(value) > most:
        raise Rejection(f"{where} has more than {most} names")
    intervals = {}
    for name in sorted(value):
        lo, hi = (_short(end, f"{where}.{name}") for end in listed(value[name], f"{where}.{name}", 2, 2))
        if lo > hi:
            raise Rejection(f"{where}.{name} is empty")
        intervals[name] = (lo, hi)
    return intervals


def read_affine(value: Any, where: str, parameters: Box) -> Affine:
    """The constant under "", and the coefficients of parameters that are not 0."""
    given = optional(value, *parameters)
    constant, *factors = (_short(item, where) for item in fields(value, where, "", *given))
    if Fraction(0) in factors:
        raise Rejection(f"{where} has a coefficient that is 0")
    return Affine(constant, dict(zip(given, factors, strict=True)))


def _short(value: Any, where: str) -> Fraction:
    """A number that sums of many are made of."""
    found = number(value, where)
    if size_of(found) > limits.MAX_AFFINE_BITS:
        raise Rejection(f"{where} has more than {limits.MAX_AFFINE_BITS} bits")
    return found


def _read_box(value: Any, parameters: Box) -> dict[str, tuple[Affine, Affine]]:
    """An interval for each input whose ends are affine in the parameters; empty for none of them."""
    if not isinstance(value, dict) or not all(NAME.fullmatch(name) for name in value):
        raise Rejection("family.box is not an object of named intervals")
    if len(value) > limits.MAX_INPUTS:
        raise Rejection(f"the family has more than {limits.MAX_INPUTS} inputs")
    sides = {}
    for name in sorted(value):
        lo, hi = (read_affine(end, f"box.{name}", parameters) for end in listed(value[name], f"box.{name}", 2, 2))
        if hi.minus(lo).over(parameters)[0] < 0:
            raise Rejection(f"box.{name} is empty for some parameters")
        sides[name] = (lo, hi)
    return sides


def _check_tolerance(absolute: Affine, relative: Affine, parameters: Box) -> None:
    if not absolute.is_zero and not relative.is_zero:
        raise Rejection("the tolerance of a family is absolute or relative, not both")
    if min(absolute.over(parameters)[0], relative.over(parameters)[0]) < 0:
        raise Rejection("the tolerance is negative for some parameters")


def _read_fold(value: Any, accumulate: Any, box: dict[str, tuple[Affine, Affine]]) -> Fold:
    is_step = bool(optional(value, "step"))
    key = "step" if is_step else "term"
    size, sizes, state, start, term, elements = fields(value, "fold", "size", "sizes", "state", "start", key, "elements")
    fmt = read_format(accumulate, "formats.accumulate")
    if isinstance(fmt, Code) or is_free(fmt):
        raise Rejection("formats.accumulate leaves its numbers open")
    named = listed(elements, "fold.elements", 0, limits.MAX_INPUTS)
    if not all(isinstance(name, str) and name in box for name in named) or len(set(named)) != len(named):
        raise Rejection("fold.elements are not different inputs of the family")
    return Fold(
        _name(size, "fold.size"), *read_range(sizes, "fold.sizes"), _name(state, "fold.state"),
        read_nodes(start, "fold.start"), read_nodes(term, f"fold.{key}"), tuple(named), fmt, is_step,
    )  # fmt: skip


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Rejection(f"{where} is not a name")
    return value


def _check_names(family: Family) -> None:
    """Every name has one meaning, and stands only where it has it."""
    fold = family.fold
    own = [] if fold is None else [fold.size, fold.state]
    names = [*family.parameters, *family.box, *own]
    if len(set(names)) != len(names):
        raise Rejection("a name stands for two of: parameters, inputs, the size, the state")
    elements = set() if fold is None else set(fold.elements)
    others = set(names) - set(own) - elements
    _check_known((family.nodes,), others | set(own), "expression")
    _check_known(family.preconditions, others, "preconditions")
    if fold is not None:
        _check_known((fold.start,), others, "fold.start")
        own_of_step = elements | set(family.parameters)
        if fold.is_step:
            _check_known((fold.term,), own_of_step | {fold.state}, "fold.step")
        else:
            _check_known((fold.term,), own_of_step, "fold.term")


def _check_known(expressions: tuple[tuple[Node, ...], ...], known: set[str], where: str) -> None:
    strange = names_in(*expressions) - known
    if strange:
        raise Rejection(f"{where} uses the name {min(strange)}, which has no meaning there")
