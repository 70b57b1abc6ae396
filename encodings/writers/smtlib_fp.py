"""Bit-precise questions in SMT-LIB 2.6: is there an input, a number of the input format, at which the program leaves the tolerance?

The program is written in floating-point sorts (`smtlib_program`), the real function in exact integers (`smtlib_function`), and both meet
in the bits of the inputs and of the program's output. A script is satisfiable exactly if some input that counts (in the box, a number
of its format, the preconditions hold, f is defined) has an error beyond the tolerance, or a result that is NaN or infinite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval, Problem, Tolerance
from suffice.encodings.writers.smtlib_exact import Arithmetic, Quotient, Scaled, bit_vector
from suffice.encodings.writers.smtlib_function import Reals, conjunction
from suffice.encodings.writers.smtlib_program import Held, Runs
from suffice.encodings.writers.smtlib_sorts import Commands, Holding, NotExpressible, holding_of
from suffice.hardware_specs.format import Format, Subnormals
from suffice.hardware_specs.grid import ZERO, exponent
from suffice.hardware_specs.rounding import neighbours

MOST_NODES = 200
"""Longer programs are not written."""


@dataclass(frozen=True, slots=True)
class Question:
    """A script, and what its model says about the inputs: the name of the bits and how they are held, for each input."""

    script: str
    inputs: Mapping[str, tuple[str, Holding]]

    def point(self, model: Mapping[str, int]) -> dict[str, Fraction]:
        """The inputs that a model stands for; what it leaves out may be anything, so 0."""
        return {name: holding.number(model.get(bits, 0)) for name, (bits, holding) in self.inputs.items()}


def bit_precise_script(problem: Problem, inputs: Mapping[str, Format], nodes: Sequence[Format], output: Format) -> Question:
    """The question about a program with these formats. Raises NotExpressible where it cannot be asked exactly."""
    tolerance, expression = problem.tolerance, problem.expression
    assert tolerance is not None
    if len(expression.nodes) > MOST_NODES:
        raise NotExpressible(f"the program has {len(expression.nodes)} operations (at most {MOST_NODES})")
    commands = Commands()
    arithmetic = Arithmetic(commands)
    held: dict[str, Held] = {}
    exact: dict[str, Scaled] = {}
    names: dict[str, tuple[str, Holding]] = {}
    for k, name in enumerate(sorted(problem.box)):
        holding = holding_of(inputs[name])
        bits = commands.declare(f"input{k}", bit_vector(holding.sort.bits))
        names[name] = bits, holding
        held[name], exact[name] = _input(commands, holding, bits, problem.box[name])
    reals = Reals(arithmetic, exact)
    for condition in problem.preconditions:
        commands.require(reals.truth(condition).true)
    answer = Runs(commands, held).output(expression.nodes, nodes, output)
    bits = commands.declare("output", bit_vector(answer.holding.sort.bits))
    commands.require(f"(= {_from_bits(answer.holding, bits)} {answer.term})")
    fmt = answer.holding.format
    number = _decoded(commands, answer.holding, bits, Interval(-fmt.max_finite, fmt.max_finite))
    root = _root_of(expression.nodes)
    value = reals.value(expression, len(expression.nodes) - 1 if root is None else root)
    excess = _beyond(arithmetic, number, value, tolerance) if root is None else _beyond_root(arithmetic, number, value, tolerance)
    commands.require(conjunction(value.defined, "true" if root is None else _is_not_negative(arithmetic, value)))
    commands.require(f"(or (fp.isNaN {answer.term}) (fp.isInfinite {answer.term}) {excess})")
    return Question("\n".join(["(set-logic QF_BVFP)", *commands.lines, "(check-sat)", ""]), names)


def _from_bits(holding: Holding, bits: str) -> str:
    return f"((_ to_fp {holding.sort.exponent} {holding.sort.significand}) {bits})"


def _input(commands: Commands, holding: Holding, bits: str, side: Interval) -> tuple[Held, Scaled]:
    """An input in both readings, kept to the numbers of the format in the box; the real 0 is +0."""
    sort, fmt = holding.sort, holding.format
    first, last = neighbours(fmt, side.lo)[1], neighbours(fmt, side.hi)[0]
    if first is None or last is None or first > last:
        raise NotExpressible("the box holds no number of the input format")
    term = commands.define(sort.text, _from_bits(holding, bits))
    commands.require(f"(fp.leq {holding.literal(first)} {term})")
    commands.require(f"(fp.leq {term} {holding.literal(last)})")
    commands.require(f"(not (and (fp.isZero {term}) (fp.isNegative {term})))")
    if fmt.subnormals is Subnormals.FLUSHED:
        commands.require(f"(not (fp.isSubnormal {term}))")
    return Held(term, holding), _decoded(commands, holding, bits, Interval(first, last))


def _decoded(commands: Commands, holding: Holding, bits: str, side: Interval) -> Scaled:
    """The number in a side that the bits stand for, if they do: sign and significand, to be shifted by the exponent."""
    sort = holding.sort
    p, width = sort.significand, sort.exponent
    least = ZERO if side.lo <= 0 <= side.hi else min(abs(side.lo), abs(side.hi))
    base, top = _lift(holding, least), _lift(holding, max(abs(side.lo), abs(side.hi)))
    biased = commands.define(bit_vector(width), f"((_ extract {p + width - 2} {p - 1}) {bits})")
    is_subnormal = f"(= {biased} {_unsigned(0, width)})"
    hidden = f"(ite {is_subnormal} #b00 #b01)"
    size = commands.define(bit_vector(p + 1), f"(concat {hidden} ((_ extract {p - 2} 0) {bits}))")
    sign = f"(= ((_ extract {p + width - 1} {p + width - 1}) {bits}) #b1)"
    term = commands.define(bit_vector(p + 1), f"(ite {sign} (bvneg {size}) {size})")
    digits = Interval(Fraction(1 - (1 << p)), Fraction((1 << p) - 1))
    unit = holding.least_unit + base
    if top == base:
        return Scaled(term, p + 1, unit, digits, side)
    lifted = f"(bvsub (ite {is_subnormal} {_unsigned(1, width)} {biased}) {_unsigned(base + 1, width)})"
    return Scaled(term, p + 1, unit, digits, side, commands.define(bit_vector(width), lifted), width, top - base)


def _lift(holding: Holding, size: Fraction) -> int:
    """The binade of a number, counted from that of the subnormals."""
    return max(exponent(size), holding.format.emin) - holding.format.emin if size else 0


def _unsigned(n: int, width: int) -> str:
    return f"#b{n:0{width}b}"


def _root_of(nodes: Sequence[Node]) -> int | None:
    """The position under the square root, where f is one."""
    last = len(nodes) - 1
    while nodes[last].op is Op.CAST:
        last = nodes[last].args[0]
    return nodes[last].args[0] if nodes[last].op is Op.SQRT else None


def _shares(tolerance: Tolerance) -> tuple[Fraction, Fraction, Fraction]:
    """q, q A and q R, dyadic, for the least odd q that makes them so."""
    q = lcm(_odd(tolerance.absolute), _odd(tolerance.relative))
    return Fraction(q), q * tolerance.absolute, q * tolerance.relative


def _odd(value: Fraction) -> int:
    d = value.denominator
    return d // (d & -d)


def _beyond(arithmetic: Arithmetic, z: Scaled, f: Quotient, tolerance: Tolerance) -> str:
    """|z - n/d| > A + R |n/d|, multiplied by q d."""
    q, absolute, relative = map(arithmetic.constant, _shares(tolerance))
    one = arithmetic.constant(Fraction(1))
    product = z if f.denominator is None else arithmetic.multiply(z, f.denominator)
    distance = arithmetic.absolute(arithmetic.subtract(product, f.numerator))
    allowed = arithmetic.multiply(absolute, f.denominator or one)
    if tolerance.relative:
        allowed = arithmetic.add(allowed, arithmetic.multiply(relative, arithmetic.absolute(f.numerator)))
    return arithmetic.compare("bvslt", allowed, arithmetic.multiply(q, distance))


def _is_not_negative(arithmetic: Arithmetic, value: Quotient) -> str:
    return arithmetic.compare("bvsle", arithmetic.constant(Fraction(0)), value.numerator)


def _beyond_root(arithmetic: Arithmetic, z: Scaled, f: Quotient, tolerance: Tolerance) -> str:
    """|z - s| > A or |z - s| > R s, for the root s of n/d: z leaves [s - A, s + A] or [(1 - R) s, (1 + R) s], shown by squares."""
    if tolerance.absolute and tolerance.relative:
        raise NotExpressible("the error of a square root is asked for in absolute and relative terms at once")
    q, absolute, relative = _shares(tolerance)
    if tolerance.absolute or not tolerance.relative:
        step = arithmetic.constant(absolute)
        scaled = arithmetic.multiply(arithmetic.constant(q), z)
        above = _square_exceeds(arithmetic, arithmetic.subtract(scaled, step), f, q)
        below = _square_falls_short(arithmetic, arithmetic.add(scaled, step), f, q)
        return f"(or {above} {below})"
    scaled = arithmetic.multiply(arithmetic.constant(q), z)
    above = _square_exceeds(arithmetic, scaled, f, q + relative)
    if relative <= q:
        return f"(or {above} {_square_falls_short(arithmetic, scaled, f, q - relative)})"
    negated = _square_exceeds(arithmetic, arithmetic.negate(scaled), f, relative - q)
    return f"(or {above} {negated})"


def _square_exceeds(arithmetic: Arithmetic, x: Scaled, f: Quotient, factor: Fraction) -> str:
    """x > factor s: x > 0 and x^2 d > factor^2 n."""
    square, radicand = _squares(arithmetic, x, f, factor)
    return conjunction(_is_positive(arithmetic, x), arithmetic.compare("bvslt", radicand, square))


def _square_falls_short(arithmetic: Arithmetic, x: Scaled, f: Quotient, factor: Fraction) -> str:
    """x < factor s: x < 0 or x^2 d < factor^2 n."""
    square, radicand = _squares(arithmetic, x, f, factor)
    return f"(or {_is_positive(arithmetic, arithmetic.negate(x))} {arithmetic.compare('bvslt', square, radicand)})"


def _squares(arithmetic: Arithmetic, x: Scaled, f: Quotient, factor: Fraction) -> tuple[Scaled, Scaled]:
    square = arithmetic.multiply(x, x)
    square = square if f.denominator is None else arithmetic.multiply(square, f.denominator)
    return square, arithmetic.multiply(arithmetic.constant(factor * factor), f.numerator)


def _is_positive(arithmetic: Arithmetic, x: Scaled) -> str:
    return arithmetic.compare("bvslt", arithmetic.constant(Fraction(0)), x)
