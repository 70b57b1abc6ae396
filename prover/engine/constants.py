"""Constants of a program: the code that is held, its known error, and the enclosures that the sweeps use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.hardware_specs.format import ExactFormat, Format
from suffice.hardware_specs.rounding import Special, round_exact
from suffice.hardware_specs.upward import Array, above
from suffice.proofs.kernel.run import enclose_constant
from suffice.prover.case import Case
from suffice.prover.engine.intervals import Pair
from suffice.prover.engine.roundoff import COARSEST_GRANULE, NO_ERROR, NO_GRANULE, within_granules

_FARTHEST = 400
"""Powers of two beyond are not followed."""

_BITS = 2048
"""Bits to which pi and e are enclosed."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The code held; the real number; both and what lies between; the error; the granule of the code, and 2^-v if it is +-2^v, else 0.

    `code` is the exact number held, None where it is not known.
    """

    held: Pair
    real: Pair
    widened: Pair
    error: Array
    granule: Array
    inverse_power: float
    code: Fraction | None

    @property
    def odd_part(self) -> tuple[int, float]:
        """The d and 2^-v of a code +-d 2^v, d odd; 1 and 0 where there is none, or 2^v is far from 1."""
        if not self.code or self.code.denominator & (self.code.denominator - 1):
            return 1, 0.0
        size = abs(self.code.numerator)
        odd = size // (size & -size)
        exponent = self.code.denominator.bit_length() - 1 - ((size & -size).bit_length() - 1)
        return (odd, 2.0**exponent) if abs(exponent) <= _FARTHEST else (1, 0.0)


def constant_of(node: Node, formats: Sequence[Format]) -> Constant:
    """A constant node rounded to one format after the other; NaN where its code is no real number."""
    ends = real_ends(node)
    codes = [_code(end, formats) for end in ends]
    is_rounded = not all(isinstance(fmt, ExactFormat) for fmt in formats)
    if codes[0] is None or codes[1] is None or (is_rounded and codes[0] != codes[1]):
        undefined = (np.full(1, np.nan), np.full(1, np.nan))
        return Constant(undefined, pair_of(*ends), undefined, np.full(1, np.nan), NO_GRANULE, 0.0, None)
    low, high = codes[0], codes[1]
    error = max(abs(low - end) for end in ends) if is_rounded else Fraction(0)
    return Constant(
        held=pair_of(low, high),
        real=pair_of(*ends),
        widened=pair_of(min(low, ends[0]), max(high, ends[1])),
        error=np.full(1, above(error)) if error else NO_ERROR,
        granule=_granule(low) if low == high else NO_GRANULE,
        inverse_power=_inverse_power(abs(low)) if low == high else 0.0,
        code=low if low == high else None,
    )


def result_of(node: Node, operands: Sequence[Fraction], fmt: Format) -> Constant | None:
    """What an operation on constants holds, and its own rounding error; None where that is not computed exactly."""
    exact = _apply(node, operands) if all(_is_short(operand) for operand in operands) else None
    return None if exact is None else constant_of(Node(Op.CONST, (), exact), (fmt,))


_LARGEST_POWER = 64

_LONGEST = 4096
"""Bits of operands, so that chains of exact products stay short."""


def _is_short(value: Fraction) -> bool:
    return max(value.numerator.bit_length(), value.denominator.bit_length()) <= _LONGEST


def _apply(node: Node, a: Sequence[Fraction]) -> Fraction | None:
    match node.op:
        case Op.ADD:
            return a[0] + a[1]
        case Op.SUB:
            return a[0] - a[1]
        case Op.MUL:
            return a[0] * a[1]
        case Op.DIV if a[1]:
            return a[0] / a[1]
        case Op.FMA:
            return a[0] * a[1] + a[2]
        case Op.NEG:
            return -a[0]
        case Op.POW if isinstance(node.payload, int) and 0 <= node.payload <= _LARGEST_POWER:
            return a[0] ** node.payload
    return None


def _code(value: Fraction, formats: Sequence[Format]) -> Fraction | None:
    """The real number that is held, None if it is infinite or NaN."""
    for fmt in formats:
        code = value if isinstance(fmt, ExactFormat) else round_exact(fmt, value)
        if isinstance(code, Special):
            if code is not Special.NEGATIVE_ZERO:
                return None
            code = Fraction(0)
        value = code
    return value


def real_ends(node: Node) -> tuple[Fraction, Fraction]:
    """The exact value, or an enclosure of pi or e."""
    if isinstance(node.payload, Fraction):
        return node.payload, node.payload
    low, high = enclose_constant("pi" if node.op is Op.PI else "e", _BITS)
    return low, high


def pair_of(low: Fraction, high: Fraction) -> Pair:
    """The interval, rounded outward."""
    return np.full(1, above(-low)), np.full(1, above(high))


def _granule(code: Fraction) -> Array:
    """The largest power of two that divides the code."""
    if code == 0:
        return np.full(1, COARSEST_GRANULE)
    if code.denominator & (code.denominator - 1):
        return NO_GRANULE
    exponent = (code.numerator & -code.numerator).bit_length() - code.denominator.bit_length()
    return within_granules(np.full(1, 2.0 ** min(max(exponent, -1000), 1000)))


def _inverse_power(size: Fraction) -> float:
    if size == 0 or size.numerator & (size.numerator - 1) or size.denominator & (size.denominator - 1):
        return 0.0
    exponent = size.denominator.bit_length() - size.numerator.bit_length()
    return 2.0**exponent if abs(exponent) <= _FARTHEST else 0.0


def constants_of(case: Case) -> dict[int, Constant]:
    """The constants among the nodes, and the inputs that are single points."""
    found: dict[int, Constant] = {}
    for k, node in enumerate(case.problem.expression.nodes):
        if node.op in (Op.CONST, Op.PI, Op.E):
            found[k] = constant_of(node, (case.nodes[k],))
        elif node.op is Op.VAR:
            side = case.problem.box[str(node.payload)]
            if side.lo == side.hi:
                found[k] = constant_of(Node(Op.CONST, (), side.lo), (case.inputs[str(node.payload)], case.nodes[k]))
    return found


def computed_from(case: Case, constants: Mapping[int, Constant]) -> dict[int, Constant]:
    """The operations on constants alone, as far as what they hold is known: with a stated accuracy it may be another number."""
    found: dict[int, Constant] = {}
    for k, node in enumerate(case.problem.expression.nodes):
        operands = [(constants.get(a) or found.get(a)) for a in node.args]
        codes = [operand.code for operand in operands if operand is not None and operand.code is not None]
        if node.args and len(codes) == len(node.args) and node.op not in case.formats.accuracy:
            result = result_of(node, codes, case.nodes[k])
            if result is not None and result.code is not None:
                found[k] = result
    return found
