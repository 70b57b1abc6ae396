"""What gets one format together: the groups that are named, and operations that round nothing in the format of their operand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name, size_key
from suffice.hardware_specs.device import device
from suffice.hardware_specs.format import FloatFormat, Format
from suffice.prover.case import is_truth
from suffice.prover.mixed.terms import numbered
from suffice.prover.shares import text_of_node

_SHARED = (Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.IF)
"""Operations that give back a value of theirs, which nothing rounds in its own format."""

_CONSTANTS = (Op.CONST, Op.PI, Op.E)


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that get one format, and the formats that are to choose from; a single one where the source demands it."""

    name: str
    members: tuple[int, ...]
    formats: tuple[Format, ...]


def groups_of(problem: Problem, formats: Sequence[Format], named: Mapping[str, Sequence[Expression]]) -> tuple[Group, ...]:
    """The groups of all nodes that are rounded, in the order of their first members. Raises InputError for a term that is not there."""
    nodes = problem.expression.nodes
    leader = list(range(len(nodes)))

    def find(k: int) -> int:
        while leader[k] != k:
            k = leader[k]
        return k

    names: dict[int, str] = {}
    for first, second in _joined(nodes):
        leader[find(second)] = find(first)
    for name, terms in named.items():
        places = [_place(problem.expression, term, name) for term in terms]
        for other in places[1:]:
            leader[find(other)] = find(places[0])
        names[places[0]] = name
    members: dict[int, list[int]] = {}
    for k, node in enumerate(nodes):
        if not is_truth(node):
            members.setdefault(find(k), []).append(k)
    called = {find(place): name for place, name in names.items()}
    return tuple(_group(problem.expression, where, formats, called.get(root, "")) for root, where in members.items())


def _joined(nodes: Sequence[Node]) -> list[tuple[int, int]]:
    """Pairs of nodes that share a format: neither may be demanded, and a constant fits in with any."""
    inputs: dict[str, int] = {}
    found = []
    for k, node in enumerate(nodes):
        if node.op is Op.VAR:
            found.append((inputs.setdefault(str(node.payload), k), k))
        if node.op in _SHARED and node.format is None:
            found += [(a, k) for a in node.args if not is_truth(nodes[a]) and nodes[a].op not in _CONSTANTS and nodes[a].format is None]
    return found


def _group(expression: Expression, members: list[int], formats: Sequence[Format], name: str) -> Group:
    demanded = {expression.nodes[k].format for k in members} - {None}
    text = name or text_of_node(expression, members[0])
    if len(demanded) > 1:
        raise InputError(f"the problem demands several formats of {text}", where="--groups", mend="group operations that are free")
    only = next(iter(demanded), None)
    if not isinstance(only, FloatFormat | None):
        mend = "leave the format out, or prove the program in one format"
        raise InputError(f"the problem demands {format_name(only)} of {text}, and mixed formats are floating-point ones", mend=mend)
    return Group(text, tuple(members), tuple(formats) if only is None else (only,))


def _place(expression: Expression, term: Expression, name: str) -> int:
    """The node whose value is the term, as it is written."""
    known: dict[tuple[object, ...], int] = {}
    numbers = numbered(expression, known, formats=False)
    wanted = numbered(term, known, formats=False)[-1]
    if wanted in numbers:
        return numbers.index(wanted)
    text = text_of_node(term, len(term.nodes) - 1)
    raise InputError(f"no operation of the problem is {text}", where=f"group {name}", mend="write a term as it stands in the formula")


def costs_by(text: str, formats: Mapping[str, Format]) -> dict[Format, Fraction]:
    """What a value in each format costs: `bits`, `device:NAME` (its place in the device's order) or NAME=COST,... Raises InputError."""
    if text == "bits":
        return {fmt: Fraction(size_key(fmt)[1]) for fmt in formats.values()}
    if text.startswith("device:"):
        order = device(text.removeprefix("device:")).cost_order
        return {fmt: Fraction(1 + _position(order, fmt, text)) for fmt in formats.values()}
    given = dict(_price(part) for part in text.split(","))
    for name in given:
        if name not in formats:
            raise InputError(f"{name} is none of the formats", where="--costs", mend=f"they are {', '.join(formats)}")
    for name in formats:
        if name not in given:
            raise InputError(f"{name} has no cost", where="--costs", mend=f"add {name}=COST")
    return {fmt: given[name] for name, fmt in formats.items()}


def _position(order: Sequence[str], fmt: Format, text: str) -> int:
    name = format_name(fmt)
    if name not in order:
        raise InputError(f"{name} is not in the order of {text}", where="--costs", mend=f"choose among {', '.join(order)}")
    return order.index(name)


def _price(part: str) -> tuple[str, Fraction]:
    from suffice.encodings.readers.numbers import read_number

    name, equals, price = part.partition("=")
    if not equals or not name.strip():
        raise InputError(f"{part!r} is not NAME=COST", where="--costs", mend="write bits, device:h100, or fp16=1,fp32=2")
    cost = read_number(price.strip())
    if cost < 0:
        raise InputError(f"the cost of {name.strip()} is negative", where="--costs", mend="give costs >= 0")
    return name.strip(), cost


def check_formats(formats: Mapping[str, Format]) -> None:
    """Raises InputError for what operations cannot be spread over."""
    for name, fmt in formats.items():
        if not isinstance(fmt, FloatFormat):
            raise InputError(f"{name} is no floating-point format", where="--formats", mend="name formats such as bf16, fp16, fp32, fp64")
