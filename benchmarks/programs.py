"""Programs of any size: sums, dot products, polynomials, functions of many inputs, and the fast Fourier transform."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from suffice.encodings.expression import Expression, ExpressionBuilder, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, Interval, Problem

UNIT = Interval(Fraction(-1), Fraction(1))
_LEAVES = (Op.CONST, Op.VAR, Op.PI, Op.E)


@dataclass(frozen=True, slots=True)
class SizedProgram:
    """A problem of all nodes, and the positions of its outputs."""

    problem: Problem
    roots: tuple[int, ...]

    @property
    def operations(self) -> int:
        """Inputs and constants are none."""
        return sum(node.op not in _LEAVES for node in self.problem.expression.nodes)


@dataclass(frozen=True, slots=True)
class Complex:
    """A complex value: the positions of its parts."""

    real: int
    imaginary: int


def dot_product(operations: int) -> SizedProgram:
    """x0 y0 + x1 y1 + ..., summed from the left; inputs in [-1, 1]."""
    build, box = ExpressionBuilder(), dict[str, Interval]()
    count = (operations + 1) // 2
    total = -1
    for k in range(count):
        term = build.apply(Op.MUL, _input(build, box, f"x{k:05}"), _input(build, box, f"y{k:05}"))
        total = term if k == 0 else build.apply(Op.ADD, total, term)
    return _finish(build, box, [total])


def horner(operations: int) -> SizedProgram:
    """A polynomial with the coefficients 1/(k + 1) by Horner's rule; x in [-1, 1]."""
    build, box = ExpressionBuilder(), dict[str, Interval]()
    degree = operations // 2
    x = _input(build, box, "x")
    value = build.constant(Fraction(1, degree + 1))
    for k in range(degree - 1, -1, -1):
        value = build.apply(Op.ADD, build.constant(Fraction(1, k + 1)), build.apply(Op.MUL, x, value))
    return _finish(build, box, [value])


def pairwise_sum(operations: int) -> SizedProgram:
    """A sum by halves; inputs in [-1, 1]."""
    build, box = ExpressionBuilder(), dict[str, Interval]()
    row = [_input(build, box, f"x{k:05}") for k in range(operations + 1)]
    while len(row) > 1:
        pairs = [build.apply(Op.ADD, first, second) for first, second in zip(row[::2], row[1::2], strict=False)]
        row = pairs + row[2 * len(pairs) :]
    return _finish(build, box, row)


def product(inputs: int) -> SizedProgram:
    """x0 x1 ...; inputs in [1/2, 2]."""
    build, box = ExpressionBuilder(), dict[str, Interval]()
    factors = _inputs(build, box, inputs, Interval(Fraction(1, 2), Fraction(2)))
    return _finish(build, box, [_fold(build, Op.MUL, factors)])


def squares(inputs: int) -> SizedProgram:
    """x0^2 + x1^2 + ... with x^2 as x x; inputs in [-1, 1]."""
    build, box = ExpressionBuilder(), dict[str, Interval]()
    terms = [build.apply(Op.MUL, x, x) for x in _inputs(build, box, inputs, UNIT)]
    return _finish(build, box, [_fold(build, Op.ADD, terms)])


def rational(inputs: int) -> SizedProgram:
    """(x0 x1 + x1 x2 + ...) / (1 + x0^2 + x1^2 + ...); inputs in [-1, 1]."""
    build, box = ExpressionBuilder(), dict[str, Interval]()
    given = _inputs(build, box, inputs, UNIT)
    above = [build.apply(Op.MUL, first, second) for first, second in pairwise(given)]
    below = [build.constant(1)] + [build.apply(Op.MUL, x, x) for x in given]
    return _finish(build, box, [build.apply(Op.DIV, _fold(build, Op.ADD, above), _fold(build, Op.ADD, below))])


def fourier(points: int) -> SizedProgram:
    """The fast Fourier transform of radix 2 (Cooley and Tukey 1965), in time; parts of the inputs in [-1, 1].

    The twiddle factors are the numbers of fp64 nearest to the roots of unity, and every one is multiplied by, also 1.
    """
    build, box = ExpressionBuilder(), dict[str, Interval]()
    signal = [Complex(_input(build, box, f"r{k:05}"), _input(build, box, f"i{k:05}")) for k in range(points)]
    outputs = _transform(build, signal)
    return _finish(build, box, [part for value in outputs for part in (value.real, value.imaginary)])


def _transform(build: ExpressionBuilder, signal: Sequence[Complex]) -> list[Complex]:
    if len(signal) == 1:
        return list(signal)
    even, odd = _transform(build, signal[::2]), _transform(build, signal[1::2])
    upper, lower = [], []
    for k, (first, second) in enumerate(zip(even, odd, strict=True)):
        turned = _multiply(build, cmath.exp(-2j * cmath.pi * k / len(signal)), second)
        upper.append(_combine(build, Op.ADD, first, turned))
        lower.append(_combine(build, Op.SUB, first, turned))
    return upper + lower


def _multiply(build: ExpressionBuilder, factor: complex, value: Complex) -> Complex:
    real, imaginary = build.constant(Fraction(factor.real)), build.constant(Fraction(factor.imag))
    return Complex(
        build.apply(Op.SUB, build.apply(Op.MUL, real, value.real), build.apply(Op.MUL, imaginary, value.imaginary)),
        build.apply(Op.ADD, build.apply(Op.MUL, real, value.imaginary), build.apply(Op.MUL, imaginary, value.real)),
    )


def _combine(build: ExpressionBuilder, op: Op, first: Complex, second: Complex) -> Complex:
    return Complex(build.apply(op, first.real, second.real), build.apply(op, first.imaginary, second.imaginary))


def _input(build: ExpressionBuilder, box: Box, name: str, side: Interval = UNIT) -> int:
    box[name] = side
    return build.variable(name)


def _inputs(build: ExpressionBuilder, box: Box, count: int, side: Interval) -> list[int]:
    return [_input(build, box, f"x{k:02}", side) for k in range(count)]


def _fold(build: ExpressionBuilder, op: Op, terms: Sequence[int]) -> int:
    total = terms[0]
    for term in terms[1:]:
        total = build.apply(op, total, term)
    return total


def _finish(build: ExpressionBuilder, box: Box, roots: Sequence[int]) -> SizedProgram:
    nodes: tuple[Node, ...] = tuple(build.node(k) for k in range(len(build)))
    return SizedProgram(Problem(expression=Expression(nodes), box=box, tolerance=None), tuple(roots))


FAMILIES: dict[str, tuple[Callable[[int], SizedProgram], tuple[int, ...]]] = {
    "dot product": (dot_product, (10, 100, 1_000, 10_000)),
    "Horner": (horner, (10, 100, 1_000, 10_000)),
    "pairwise sum": (pairwise_sum, (10, 100, 1_000, 10_000)),
    "product": (product, tuple(range(2, 13))),
    "sum of squares": (squares, tuple(range(2, 13))),
    "rational": (rational, tuple(range(2, 13))),
    "Fourier": (fourier, (16, 64, 256, 1_024, 2_048)),
}
"""Each with the sizes that are measured: operations, or inputs, or points."""
