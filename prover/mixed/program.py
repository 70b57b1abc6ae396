"""Programs with a format for every operation, as a compiler of C runs them.

A format is native where C has a type for it: fp16, fp32, fp64. An operation is computed in the smallest native format that holds its
operands and its result, and its value is then rounded to the format chosen: with two roundings where these differ, and a `cast` node says
so. Operations that round nothing in the wider format need none; fma and functions of a library are computed in fp32 or fp64. A format that
no native one holds, or that does not round to nearest even, is an arithmetic of its own, with one rounding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Problem
from suffice.hardware_specs.format import EXACT, Format
from suffice.hardware_specs.native import carrier, natives
from suffice.prover.case import Asked, Case, is_truth, make_case

KEPT = (Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.IF, Op.CAST)
"""Operations that give back an operand up to sign, which every wider format holds."""

LEAVES = (Op.VAR, Op.CONST, Op.PI, Op.E)


def evaluated_in(op: Op, own: Format, operands: Sequence[Format]) -> Format:
    """The format that an operation is computed in before its value is rounded to `own`."""
    carriers = [carrier(fmt) for fmt in (own, *operands)]
    known = [k for k in carriers if k is not None]
    if op in KEPT or op in LEAVES or len(known) < len(carriers):
        return own
    return natives()[max(*known, 1 if op is Op.FMA or OPERATIONS[op].elementary else 0)]


@dataclass(frozen=True, slots=True)
class Program:
    """A problem whose operations demand their formats, and for each node of the original the place of its value in it."""

    problem: Problem
    places: tuple[int, ...]


def build_program(problem: Problem, formats: Sequence[Format]) -> Program:
    """The program in which every node of the problem has its format (`EXACT` for truths), with the casts that C makes."""
    nodes: list[Node] = []
    places: list[int] = []
    for node, fmt in zip(problem.expression.nodes, formats, strict=True):
        args = tuple(places[a] for a in node.args)
        if is_truth(node):
            nodes.append(Node(node.op, args, node.payload))
        elif node.op is Op.IF:
            nodes.append(Node(Op.IF, (args[0], *(_in_format(nodes, a, fmt) for a in args[1:])), None, fmt))
        else:
            operands = [formats[a] for a in node.args if not is_truth(problem.expression.nodes[a])]
            inner = evaluated_in(node.op, fmt, operands)
            nodes.append(Node(node.op, args, node.payload, inner))
            if inner != fmt:
                nodes.append(Node(Op.CAST, (len(nodes) - 1,), None, fmt))
        places.append(len(nodes) - 1)
    return Program(replace(problem, expression=Expression(tuple(nodes))), tuple(places))


def _in_format(nodes: list[Node], place: int, fmt: Format) -> int:
    """The place of a branch's value in the format of its `if`, which chooses between the branches and, in FPCore, rounds nothing."""
    if nodes[place].format == fmt:
        return place
    nodes.append(Node(Op.CAST, (place,), None, fmt))
    return len(nodes) - 1


def with_input_format(problem: Problem, fmt: Format) -> Problem:
    """The problem whose inputs come in one format and are then rounded to one of choice."""
    nodes: list[Node] = []
    places: list[int] = []
    for node in problem.expression.nodes:
        is_open = node.op is Op.VAR and node.format is None
        nodes.append(Node(node.op, tuple(places[a] for a in node.args), node.payload, fmt if is_open else node.format))
        if is_open:
            nodes.append(Node(Op.CAST, (len(nodes) - 1,)))
        places.append(len(nodes) - 1)
    return replace(problem, expression=Expression(tuple(nodes)))


def asked_of(program: Program, accuracy: Mapping[Op, Fraction]) -> Asked:
    """The question about the program: its formats are those that it demands, and the output is the last value as it is."""
    nodes = [node for node in program.problem.expression.nodes if node.format is not None]
    most: Format = Counter(node.format for node in nodes).most_common(1)[0][0] or EXACT
    inputs = Counter(node.format for node in nodes if node.op is Op.VAR).most_common(1)
    source: Format = (inputs[0][0] if inputs else None) or most
    output: Format = program.problem.expression.nodes[-1].format or most
    return Asked(name="mixed", input=source, compute=most, output=output, accuracy=accuracy)


def case_of(program: Program, asked: Asked) -> Case:
    """The program as the engine bounds it."""
    return make_case(program.problem, asked, [None] * len(program.problem.expression.nodes))
