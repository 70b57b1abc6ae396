"""One run of a program in exact arithmetic, elementary functions correctly rounded (THEORY W)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from . import limits, pairs
from .budget import Budget, interval_work, rational_work
from .cells import code_between
from .failures import LeafFailure
from .fixed import FixedPoint
from .formats import NAN, NEGATIVE_ZERO, Exact, Float, Format, Value, finite, power_of_two, size_of
from .functions import beyond, enclose_function, exact_value
from .pairs import beyond_pair, enclose_pair, exact_pair, far_stand_in, negated_ends
from .question import LOGICAL, Node, Point, Program
from .series import MAX_MAGNITUDE_BITS, TooLarge
from .tape import Tape
from .values import (
    DOMAINS,
    HALF_PI,
    LIMITS,
    POLES,
    absolute,
    add,
    compare,
    divide,
    fused,
    larger,
    multiply,
    negate,
    power,
    signed,
    smaller,
)  # fmt: skip

_START_BITS = 80

TRUE, FALSE = Fraction(1), Fraction(0)
"""Truths, as a run holds them."""

_Enclose = Callable[[int], tuple[Fraction, Fraction]]


def round_value(fmt: Format, value: Value) -> Value:
    """Round an exact result."""
    return fmt.round(value) if isinstance(value, Fraction) else fmt.round_special(value)


def run(nodes: tuple[Node, ...], program: Program, codes: dict[str, Value], budget: Budget) -> Value:
    """The output of the program on input codes (already rounded to the input format)."""
    if all(isinstance(fmt, Exact) for fmt in program.nodes):
        return _run_exactly(nodes, program.output, codes, budget)
    return round_value(program.output, run_nodes(nodes, program, codes, budget)[len(nodes) - 1])


def run_nodes(nodes: tuple[Node, ...], program: Program, codes: dict[str, Value], budget: Budget) -> dict[int, Value]:
    """What every node that the run needs holds; the others, in branches not taken, are left out."""
    values: dict[int, Value] = {}
    pending = [len(nodes) - 1]
    while pending:
        k = pending[-1]
        missing = [a for a in _needed(nodes[k], values) if a not in values]
        if not missing:
            pending.pop()
            if k not in values:
                values[k] = _step(nodes[k], program.nodes[k], values, codes, budget)
        pending += missing
    return values


def _needed(node: Node, values: dict[int, Value]) -> tuple[int, ...]:
    """The operands that a node needs next: an `if` needs its condition, then one branch."""
    if node.op != "if":
        return node.args
    condition = node.args[0]
    if condition not in values:
        return (condition,)
    return (condition, node.args[1] if values[condition] == TRUE else node.args[2])


def _run_exactly(nodes: tuple[Node, ...], output: Format, codes: dict[str, Value], budget: Budget) -> Value:
    """A program that rounds nothing but its output: enclose the real value until its rounding is decided."""
    if not all(isinstance(code, Fraction) or code == NEGATIVE_ZERO for code in codes.values()):
        raise LeafFailure("a program of exact operations is run on finite inputs only")
    precision = limits.MIN_PRECISION
    while precision <= limits.MAX_PRECISION:
        tape = Tape(nodes, precision, budget)
        lo, hi = tape.fixed.to_fractions(tape.ranges(tape.box({name: (finite(c), finite(c)) for name, c in codes.items()}))[-1])
        code = output.round(lo)
        if code == output.round(hi) and not (code == NAN and lo < 0 < hi):
            return code
        precision *= 4
    raise LeafFailure("a rounding could not be decided")


def round_inputs(program: Program, point: Point) -> dict[str, Value]:
    """The input codes of a real point."""
    return {name: program.inputs[name].round(x) for name, x in point.items()}


def _step(node: Node, fmt: Format, values: dict[int, Value], codes: dict[str, Value], budget: Budget) -> Value:
    """One node. What it costs grows with the numbers it reads, and with those that the format can hold."""
    args = [values[a] for a in _needed(node, values)]
    sizes = [size_of(value) for value in args if isinstance(value, Fraction)]
    budget.spend(4 * rational_work(max(sizes, default=0)) + rational_work(_widest(fmt)))
    if node.op == "var":
        return round_value(fmt, codes[str(node.payload)])
    if node.op == "const":
        assert isinstance(node.payload, Fraction)
        return fmt.round(node.payload)
    if node.op in LOGICAL:
        return TRUE if _holds(node.op, args) else FALSE
    if node.op == "if":
        return round_value(fmt, args[1])
    if node.op in ("pi", "e"):
        return _round_real(fmt, lambda bits: enclose_constant(node.op, bits), budget)
    return _operate(node, fmt, args, budget)


def _holds(op: str, args: list[Value]) -> bool:
    """A logical operation: a truth is not rounded."""
    match op:
        case "and":
            return args[0] == args[1] == TRUE
        case "or":
            return TRUE in args
        case "not":
            return args[0] == FALSE
    return compare(op, args[0], args[1])


def _widest(fmt: Format) -> int:
    """About how many bits the longest number of a format has."""
    return fmt.p + max(abs(fmt.emin), abs(fmt.emax)) if isinstance(fmt, Float) else 128


def _operate(node: Node, fmt: Format, args: list[Value], budget: Budget) -> Value:
    down = isinstance(fmt, Float) and fmt.rounding == "down"
    match node.op:
        case "add":
            exact = add(args[0], args[1], down=down)
        case "sub":
            exact = add(args[0], negate(args[1]), down=down)
        case "mul":
            exact = multiply(args[0], args[1])
        case "div":
            exact = divide(args[0], args[1])
        case "fma":
            exact = fused(args[0], args[1], args[2], down=down)
        case "neg":
            exact = negate(args[0])
        case "abs":
            exact = absolute(args[0])
        case "cast":
            exact = args[0]
        case "min":
            exact = smaller(args[0], args[1])
        case "max":
            exact = larger(args[0], args[1])
        case "pow":
            assert isinstance(node.payload, int)
            exact = _power(args[0], node.payload, budget)
        case "hypot" | "atan2" | "powr":
            return _elementary_pair(node.op, fmt, args[0], args[1], budget)
        case _:
            return _elementary(node.op, fmt, args[0], budget)
    if isinstance(exact, Fraction) and size_of(exact) > limits.MAX_RATIONAL_BITS:
        raise LeafFailure("a number of the run has too many digits")
    return round_value(fmt, exact)


def _power(a: Value, n: int, budget: Budget) -> Value:
    if isinstance(a, Fraction):
        size = size_of(a) * abs(n)
        if size > limits.MAX_RATIONAL_BITS:
            raise LeafFailure("a power of the run has too many digits")
        budget.spend(rational_work(size))
    return power(a, n)


def _elementary(name: str, fmt: Format, x: Value, budget: Budget) -> Value:
    """Correctly rounded f(x): exact where rational, else enclosed ever more tightly until the rounding is decided."""
    if not isinstance(x, Fraction):
        return _elementary_special(name, fmt, x, budget)
    if (name, x) in POLES:
        return round_value(fmt, POLES[name, x])
    if name in DOMAINS and not DOMAINS[name](x):
        return fmt.round_special(NAN)
    exact = exact_value(name, x)
    if exact is not None:
        return fmt.round(exact)
    far = beyond(name, x)
    if far:
        return fmt.round(_stand_in(name, x, far))
    return _round_real(fmt, lambda bits: enclose_function(name, x, bits), budget, op=name, size=size_of(x))


def _stand_in(name: str, x: Fraction, far: int) -> Fraction:
    """A number that rounds like f(x) in every format within limits: beyond the largest number, or below half the smallest."""
    size = power_of_two(far * MAX_MAGNITUDE_BITS)
    return -size if name == "sinh" and x < 0 else size


def _elementary_special(name: str, fmt: Format, x: str, budget: Budget) -> Value:
    limit = LIMITS[name].get(x, NAN)
    if limit == HALF_PI:
        return _round_angle(fmt, Fraction(1, 2), budget)
    if limit == "-" + HALF_PI:
        return _round_angle(fmt, Fraction(-1, 2), budget)
    return round_value(fmt, limit)


def _elementary_pair(name: str, fmt: Format, a: Value, b: Value, budget: Budget) -> Value:
    """Correctly rounded f(a, b)."""
    special = {"hypot": pairs.hypot, "atan2": pairs.atan2, "powr": pairs.powr}[name](a, b)
    if isinstance(special, pairs.Angle):
        return _round_angle(fmt, special.turns, budget)
    if isinstance(special, pairs.Power):
        return _round_pair(name, fmt, special.base, special.exponent, budget, negative=special.negative)
    if special is not None:
        return round_value(fmt, special)
    return _round_pair(name, fmt, finite(a), finite(b), budget)


def _round_pair(name: str, fmt: Format, a: Fraction, b: Fraction, budget: Budget, *, negative: bool = False) -> Value:
    """f(a, b), or -f(a, b), at numbers in the domain of f."""
    size = size_of(a) + size_of(b)
    budget.spend(interval_work(name, size))
    try:
        exact = exact_pair(name, a, b)
        if exact is not None:
            budget.spend(rational_work(size_of(exact)))
            return round_value(fmt, signed(exact, negative=negative or exact < 0))
        far = beyond_pair(name, a, b)
    except TooLarge as failure:
        raise LeafFailure(f"a rounding could not be decided: {failure}") from None
    if far:
        return fmt.round(far_stand_in(far, negative=negative))

    def enclose(bits: int) -> tuple[Fraction, Fraction]:
        ends = enclose_pair(name, a, b, bits)
        return negated_ends(ends) if negative else ends

    return _round_real(fmt, enclose, budget, op=name, size=size)


def enclose_constant(name: str, bits: int) -> tuple[Fraction, Fraction]:
    """The named constant pi or e."""
    fixed = FixedPoint(bits)
    return fixed.to_fractions(fixed.pi() if name == "pi" else fixed.e())


def _round_angle(fmt: Format, turns: Fraction, budget: Budget) -> Value:
    """The real number `turns` pi."""

    def enclose(bits: int) -> tuple[Fraction, Fraction]:
        first, second = (turns * end for end in enclose_constant("pi", bits))
        return min(first, second), max(first, second)

    return _round_real(fmt, enclose, budget)


def _round_real(fmt: Format, enclose: _Enclose, budget: Budget, *, op: str = "sin", size: int = 0) -> Value:
    """Ziv's strategy for a real strictly between two ends. It is irrational, so never on a boundary of codes, and the loop ends.

    The price is that of the operation `op` on an argument of `size` bits.
    """
    if isinstance(fmt, Exact):
        raise LeafFailure("a run through an elementary function needs a format that rounds it")
    bits = _START_BITS + (fmt.p if isinstance(fmt, Float) else 64)
    while True:
        budget.spend(interval_work(op, bits + size))
        try:
            lo, hi = enclose(bits)
        except TooLarge as failure:
            raise LeafFailure(f"a rounding could not be decided: {failure}") from None
        code = code_between(fmt, lo, hi)
        if code is not None:
            return code
        bits *= 2
