"""What a run from a leaf may hold at a node, and the exact results of operations on it (rule 1 of roundoff.py)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from .question import Node
from .tape import Interval, Tape

UNKNOWN = 1 << 40
"""So many digits, or a granule of 2^-UNKNOWN: nothing is known. A granule of 2^UNKNOWN: only zero is held."""


class Held(NamedTuple):
    """All values that a run may hold: between lo and hi in fixed point, multiples of 2^granule, each m 2^j with |m| <= 2^digits."""

    lo: int
    hi: int
    granule: int = -UNKNOWN
    digits: int = UNKNOWN


UNDEFINED = Held(1, 0)
"""Stands where the values may not be finite."""

ZERO = Held(0, 0, UNKNOWN, 0)


def magnitude(lo: int, hi: int) -> int:
    """The largest absolute value in an interval."""
    return max(-lo, hi)


def mignitude(lo: int, hi: int) -> int:
    """The least absolute value in an interval."""
    if lo > 0:
        return lo
    return -hi if hi < 0 else 0


def point(n: int, bits: int) -> Held:
    """The one number n / 2^bits."""
    if n == 0:
        return ZERO
    zeros = (n & -n).bit_length() - 1
    return Held(n, n, zeros - bits, digits_of(n >> zeros))


def number(q: Fraction, interval: Interval) -> Held:
    """The one number q, enclosed by an interval."""
    n, d = q.numerator, q.denominator
    if n == 0:
        return ZERO
    return Held(*interval, valuation(q), digits_of(n // (n & -n)) if d & (d - 1) == 0 else UNKNOWN)


def digits_of(m: int) -> int:
    """The least s with |m| <= 2^s, for m != 0."""
    return (abs(m) - 1).bit_length()


def valuation(q: Fraction) -> int:
    """The largest g such that q != 0 is a multiple of 2^g; -UNKNOWN where there is none."""
    n, d = q.numerator, q.denominator
    return -UNKNOWN if d & (d - 1) else (n & -n).bit_length() - d.bit_length()


def exact_result(node: Node, args: list[Held], tape: Tape) -> Held:
    """The exact results of an operation on all that its operands may hold; LeafFailure outside its domain."""
    if len(args) == 2 and node.args[0] == node.args[1] and node.op in _ON_ONE_OPERAND:
        return _ON_ONE_OPERAND[node.op](args[0], tape)
    rule = _RULES.get(node.op)
    if rule is not None:
        return rule(*args)
    lo, hi = tape.apply(node, [(arg.lo, arg.hi) for arg in args])
    match node.op:
        case "mul":
            return Held(lo, hi, _within(args[0].granule + args[1].granule), _within(args[0].digits + args[1].digits))
        case "fma":
            return Held(lo, hi, min(_within(args[0].granule + args[1].granule), args[2].granule))
        case "pow":
            return _power(lo, hi, node.payload, args[0])
        case "div":
            return _quotient(lo, hi, args[0], args[1], tape.fixed.bits)
        case _:
            return Held(lo, hi)


def _within(exponent: int) -> int:
    return max(-UNKNOWN, min(exponent, UNKNOWN))


def _power(lo: int, hi: int, n: object, a: Held) -> Held:
    assert isinstance(n, int)
    return Held(lo, hi, _within(n * a.granule), _within(n * a.digits)) if n >= 0 else Held(lo, hi)


def _quotient(lo: int, hi: int, a: Held, b: Held, bits: int) -> Held:
    """Division by one power of two moves the point."""
    size = abs(b.lo)
    if b.lo != b.hi or size & (size - 1):
        return Held(lo, hi)
    return Held(lo, hi, _within(a.granule - (size.bit_length() - 1 - bits)), a.digits)


def _add(a: Held, b: Held) -> Held:
    return Held(a.lo + b.lo, a.hi + b.hi, min(a.granule, b.granule))


def _sub(a: Held, b: Held) -> Held:
    return Held(a.lo - b.hi, a.hi - b.lo, min(a.granule, b.granule))


def _neg(a: Held) -> Held:
    return Held(-a.hi, -a.lo, a.granule, a.digits)


def _abs(a: Held) -> Held:
    return Held(mignitude(a.lo, a.hi), magnitude(a.lo, a.hi), a.granule, a.digits)


def _min(a: Held, b: Held) -> Held:
    return Held(min(a.lo, b.lo), min(a.hi, b.hi), min(a.granule, b.granule), max(a.digits, b.digits))


def _max(a: Held, b: Held) -> Held:
    return Held(max(a.lo, b.lo), max(a.hi, b.hi), min(a.granule, b.granule), max(a.digits, b.digits))


def hull(a: Held, b: Held) -> Held:
    """What either of two nodes may hold."""
    return Held(min(a.lo, b.lo), max(a.hi, b.hi), min(a.granule, b.granule), max(a.digits, b.digits))


def _same(a: Held) -> Held:
    return a


def _square(a: Held, tape: Tape) -> Held:
    return exact_result(Node("pow", (0,), 2), [a], tape)


def _twice(a: Held, tape: Tape) -> Held:  # noqa: ARG001
    return Held(2 * a.lo, 2 * a.hi, _within(a.granule + 1), a.digits)


def _nothing(a: Held, tape: Tape) -> Held:  # noqa: ARG001
    return ZERO


def _one(a: Held, tape: Tape) -> Held:
    tape.apply(Node("div", (0, 0)), [(a.lo, a.hi)] * 2)
    return point(*tape.one[:1], tape.fixed.bits)


_RULES: dict[str, Callable[..., Held]] = {
    "add": _add, "sub": _sub, "neg": _neg, "abs": _abs, "min": _min, "max": _max, "cast": _same,
}  # fmt: skip

_ON_ONE_OPERAND: dict[str, Callable[[Held, Tape], Held]] = {"mul": _square, "add": _twice, "sub": _nothing, "div": _one}
