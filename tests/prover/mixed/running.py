"""Programs with a format at every node, run by the oracle, and the largest error that its runs show."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from pathlib import Path

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval, Problem
from suffice.hardware_specs.format import EXACT, FloatFormat, Format

sys.path.insert(0, str(Path(__file__).parents[2]))
from oracle.rounding import Value, cells, convert, to_fraction
from oracle.rounding import round_real as round_real
from oracle.runs import apply

Formats = Mapping[str, Format]


def run(expression: Expression, codes: Mapping[str, Value]) -> list[Value]:
    """What every node holds; truths are 0 and 1."""
    values: list[Value] = []
    for node in expression.nodes:
        args = [values[a] for a in node.args]
        values.append(_step(node, args, codes))
    return values


def _step(node: Node, args: list[Value], codes: Mapping[str, Value]) -> Value:
    match node.op:
        case Op.VAR:
            return convert(codes[str(node.payload)], node.format or EXACT)
        case Op.CAST:
            return convert(args[0], node.format or EXACT)
        case Op.IF:
            return convert(args[1] if args[0] == 1 else args[2], node.format or EXACT)
        case Op.LT | Op.LE | Op.EQ:
            if "nan" in args:
                return Fraction(0)
            a, b = (float(x) if isinstance(x, str) else x for x in args)
            return Fraction({Op.LT: a < b, Op.LE: a <= b, Op.EQ: a == b}[node.op])
        case Op.AND:
            return min(args, key=_truth)
        case Op.OR:
            return max(args, key=_truth)
        case Op.NOT:
            return Fraction(args[0] == 0)
    return apply(node, args, node.format or EXACT)


def _truth(value: Value) -> bool:
    return value == 1


def exact(expression: Expression, point: Mapping[str, Fraction]) -> Fraction:
    """The real function at a point, of rational operations."""
    plain = Expression(tuple(Node(node.op, node.args, node.payload) for node in expression.nodes))
    value = to_fraction(run(plain, point)[-1])
    assert value is not None
    return value


def points(problem: Problem, program: Expression) -> Iterator[tuple[dict[str, Value], dict[str, Fraction]]]:
    """For every choice of input codes some real points that have them: the ends and the middles of their cells."""
    formats = {str(node.payload): node.format or EXACT for node in program.nodes if node.op is Op.VAR}
    sides = {name: list(_codes(formats[name], problem.box[name])) for name in formats}
    for choice in product(*sides.values()):
        codes = {name: code for name, (code, _) in zip(sides, choice, strict=True)}
        for reals in product(*(found for _, found in choice)):
            yield codes, dict(zip(sides, reals, strict=True))


def _codes(fmt: Format, side: Interval) -> Iterator[tuple[Value, list[Fraction]]]:
    """Every code that reals of a side have, with the ends and the middle of its cell: f is continuous, so an open end counts too."""
    assert isinstance(fmt, FloatFormat)
    for code, pieces in cells(fmt, side.lo, side.hi).items():
        yield code, sorted({x for piece in pieces for x in (piece.lo, piece.hi, (piece.lo + piece.hi) / 2)})


def worst_error(problem: Problem, program: Expression) -> Fraction:
    """The largest error at those points, of a program of rational operations."""
    cache: dict[tuple[Value, ...], Fraction] = {}
    worst = Fraction(0)
    for codes, point in points(problem, program):
        key = tuple(codes.values())
        if key not in cache:
            value = to_fraction(run(program, codes)[-1])
            assert value is not None
            cache[key] = value
        worst = max(worst, abs(cache[key] - exact(problem.expression, point)))
    return worst
