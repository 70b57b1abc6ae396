"""The ordinary questions that a region of a family comes down to (docs/theory.md, Families: F1, F2, F3)."""

from __future__ import annotations

from fractions import Fraction

from ..budget import rational_work
from ..failures import Rejection
from ..formats import NAN, Exact, Format, size_of
from ..question import Box, Node, Program, Question
from .regions import Affine, Family, Region, names_in


def region_question(family: Family, region: Region, bound: str) -> Question:
    """The question of a region without a fold, for evidence of this bound."""
    return worst_question(family, region) if bound == "error_bound" else common_question(family, region, family.nodes)


def worst_question(family: Family, region: Region) -> Question:
    """F1: one question that is at least as hard for the program as every member of the region.

    Parameters that count are inputs, which nothing rounds on their way; an input's interval is the hull of all its intervals; the
    tolerance is the least.
    """
    parameters = _used(region.parameters, family.nodes, *family.preconditions)
    program = definite_program(family)
    least = family.tolerance.over(region.parameters)[0]
    return Question(
        nodes=family.nodes,
        box=hulls(family, region) | parameters,
        preconditions=family.preconditions,
        absolute=Fraction(0) if family.is_relative else least,
        relative=least if family.is_relative else Fraction(0),
        representable=family.representable,
        inputs=family.asked.inputs | unrounded(parameters),
        output=family.asked.output,
        accuracy=family.asked.accuracy,
        program=Program(program.inputs | unrounded(parameters), program.nodes, program.output),
    )


def common_question(family: Family, region: Region, nodes: tuple[Node, ...], sizes: Box | None = None) -> Question:
    """F2: the question at the points that all members of the region have in common, its parameters anywhere in their intervals.

    What points and cells prove with every enclosure taken over all parameters is proved of each member; the tolerance is the greatest.
    `nodes` and `sizes`, the intervals of more names in them, are given where f is that of a fold. There is a program only without one.
    """
    greatest = family.tolerance.over(region.parameters)[1]
    return Question(
        nodes=nodes,
        box={
            name: _common(name, lo.over(region.parameters)[1], hi.over(region.parameters)[0]) for name, (lo, hi) in family.box.items()
        },
        preconditions=family.preconditions,
        absolute=Fraction(0) if family.is_relative else greatest,
        relative=greatest if family.is_relative else Fraction(0),
        representable=family.representable,
        inputs=family.asked.inputs,
        output=family.asked.output,
        accuracy=family.asked.accuracy,
        program=family.asked.program if family.fold is None else None,
        parameters=_used(region.parameters, nodes, *family.preconditions) | (sizes or {}),
    )  # fmt: skip


NODE_WORK = 2_000
"""What it takes to prepare one node of a question."""


def preparing_work(family: Family, region: Region) -> int:
    """What it takes to put the questions of a region."""
    ends = sum(size_of(lo) + size_of(hi) for lo, hi in region.parameters.values())
    forms = [form for pair in family.box.values() for form in pair] + [family.tolerance]
    counts = len(family.all_nodes) + sum(map(len, family.preconditions))
    return NODE_WORK * counts + sum(8 * _affine_work(form, ends) for form in forms)


def _affine_work(form: Affine, ends: int) -> int:
    bits = ends + size_of(form.constant) + sum(map(size_of, form.coefficients.values()))
    return (1 + len(form.coefficients)) * rational_work(bits)


def check_tolerance(family: Family, region: Region) -> None:
    """A relative error within 0 is no relative error: such members have no part in a region."""
    if family.is_relative and family.tolerance.over(region.parameters)[0] == 0:
        raise Rejection("the relative tolerance is 0 for some parameters of the region")


def _common(name: str, lo: Fraction, hi: Fraction) -> tuple[Fraction, Fraction]:
    if lo > hi:
        raise Rejection(f"the intervals of {name} have no point in common over the region")
    return lo, hi


def hulls(family: Family, region: Region) -> Box:
    """The hull of every input's intervals over the region."""
    return {name: (lo.over(region.parameters)[0], hi.over(region.parameters)[1]) for name, (lo, hi) in family.box.items()}


def _used(parameters: Box, *expressions: tuple[Node, ...]) -> Box:
    """The parameters that expressions use."""
    names = names_in(*expressions)
    return {name: ends for name, ends in parameters.items() if name in names}


def unrounded(names: Box) -> dict[str, Format]:
    """Formats of what a program knows exactly."""
    return {name: Exact() for name in names}


def definite_program(family: Family) -> Program:
    """The formats of the program."""
    if family.asked.program is None:
        raise Rejection("this bound needs the instances of the formats with free scale")
    return family.asked.program


def settled(nodes: tuple[Node, ...], formats: tuple[Format, ...], parameters: Box) -> tuple[Node, ...]:
    """F3: the nodes with every parameter as the constant that it is for a program: all its numbers must round to one code.

    Rounding is monotone, so equal codes at both ends are the code of everything between, except for NaN, which stands on both sides.
    """
    result = []
    for node, fmt in zip(nodes, formats, strict=True):
        if node.op != "var" or node.payload not in parameters:
            result.append(node)
            continue
        lo, hi = parameters[str(node.payload)]
        code = fmt.round(lo)
        if code != fmt.round(hi) or (code == NAN and lo < 0 < hi):
            raise Rejection(f"the parameter {node.payload} does not round to one number over the region")
        result.append(Node("const", (), lo))
    return tuple(result)
