"""Number formats as floating-point sorts of SMT-LIB 2.6.

A sort's topmost exponent holds infinities and NaN, and its smallest exponent follows from its width. A format whose numbers do not fit that
shape (OCP E4M3 has numbers at the topmost exponent) is held in a wider sort, scaled by a power of two so that its subnormals are the
sort's; `limited` then does what the format does beyond its largest number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from suffice.errors import SufficeError
from suffice.hardware_specs.format import FloatFormat, Format, Overflow, Rounding, Subnormals, power_of_two
from suffice.hardware_specs.grid import exponent
from suffice.hardware_specs.rounding import Special, Value

WIDEST = 128
"""Bits of the widest significand in which an operation is computed exactly."""

MODES = {
    Rounding.NEAREST_EVEN: "RNE",
    Rounding.NEAREST_AWAY: "RNA",
    Rounding.TOWARD_ZERO: "RTZ",
    Rounding.UP: "RTP",
    Rounding.DOWN: "RTN",
}


class NotExpressible(SufficeError):
    """The question has no bit-precise script; the message says why."""


@dataclass(frozen=True, slots=True)
class Sort:
    """(_ FloatingPoint exponent significand), the hidden bit counted."""

    exponent: int
    significand: int

    @property
    def emax(self) -> int:
        """Exponent of the largest finite number."""
        return (1 << (self.exponent - 1)) - 1

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return 1 - self.emax

    @property
    def bits(self) -> int:
        """Bits of a number."""
        return self.exponent + self.significand

    @property
    def text(self) -> str:
        """The sort as SMT-LIB writes it."""
        return f"(_ FloatingPoint {self.exponent} {self.significand})"

    @property
    def largest(self) -> Fraction:
        """The largest finite number."""
        return (2 - power_of_two(1 - self.significand)) * power_of_two(self.emax)

    def literal(self, value: Value) -> str:
        """A number of the sort as a constant."""
        if value is Special.NAN:
            return f"(_ NaN {self.exponent} {self.significand})"
        if isinstance(value, Special):
            name = {Special.INFINITY: "+oo", Special.NEGATIVE_INFINITY: "-oo", Special.NEGATIVE_ZERO: "-zero"}[value]
            return f"(_ {name} {self.exponent} {self.significand})"
        if value == 0:
            return f"(_ +zero {self.exponent} {self.significand})"
        e = max(exponent(value), self.emin)
        digits = abs(value) / power_of_two(e - self.significand + 1)
        assert digits.denominator == 1
        assert e <= self.emax
        hidden = 1 << (self.significand - 1)
        biased = e + self.emax if digits >= hidden else 0
        stored = int(digits) % hidden
        return f"(fp #b{int(value < 0)} #b{biased:0{self.exponent}b} #b{stored:0{self.significand - 1}b})"

    def number(self, bits: int) -> Fraction:
        """The finite number with these bits."""
        stored = bits % (1 << (self.significand - 1))
        biased = (bits >> (self.significand - 1)) % (1 << self.exponent)
        digits = stored + ((1 << (self.significand - 1)) if biased else 0)
        size = digits * power_of_two(max(biased, 1) - self.emax - self.significand + 1)
        return -size if bits >> (self.bits - 1) else size


@dataclass(frozen=True, slots=True)
class Holding:
    """How the numbers of a format are held: x as x 2^shift in the sort."""

    format: FloatFormat
    sort: Sort
    shift: int

    def literal(self, value: Value) -> str:
        """A value of the format as a constant of the sort."""
        return self.sort.literal(value * power_of_two(self.shift) if isinstance(value, Fraction) else value)

    def number(self, bits: int) -> Fraction:
        """The number of the format that a finite number of the sort stands for."""
        return self.sort.number(bits) / power_of_two(self.shift)

    @property
    def mode(self) -> str:
        """The rounding mode's name."""
        return MODES[self.format.rounding]

    @property
    def least_unit(self) -> int:
        """All numbers are multiples of 2 to this power."""
        return self.format.emin - self.format.p + 1


def holding_of(fmt: Format) -> Holding:
    """The narrowest sort that holds the numbers of a format, unscaled if possible."""
    if not isinstance(fmt, FloatFormat):
        raise NotExpressible("a format of the program is not a binary float")
    if fmt.p < 2:
        raise NotExpressible("a significand of one bit has no sort")
    width = 2
    while (1 << width) - 2 < fmt.emax - fmt.emin + 1:
        width += 1
    sort = Sort(width, fmt.p)
    return Holding(fmt, sort, sort.emin - fmt.emin)


@dataclass(slots=True)
class Commands:
    """A script as it grows: every term gets a name of its own, so that scripts grow with expressions and not with their unfolding."""

    lines: list[str] = field(default_factory=list)

    def declare(self, name: str, sort: str) -> str:
        """A constant that the solver chooses."""
        self.lines.append(f"(declare-const {name} {sort})")
        return name

    def define(self, sort: str, term: str) -> str:
        """A name for a term."""
        name = f"t{len(self.lines)}"
        self.lines.append(f"(define-fun {name} () {sort} {term})")
        return name

    def require(self, condition: str) -> None:
        """Assert what holds."""
        self.lines.append(f"(assert {condition})")


def limited(commands: Commands, holding: Holding, term: str) -> str:
    """A term of the sort, rounded there, as the format has it: flushing, the largest number, the special values (docs/semantics.md).

    The sort reaches at least as far as the format. So a result beyond max_finite arrives here as a number beyond it or an infinity, or as
    max_finite itself, which is right, in the modes that round toward zero there.
    """
    fmt, sort = holding.format, holding.sort
    if fmt.subnormals is Subnormals.FLUSHED:
        zero = f"(ite (fp.isNegative {term}) {sort.literal(Special.NEGATIVE_ZERO)} {sort.literal(Fraction(0))})"
        term = commands.define(sort.text, f"(ite (fp.isSubnormal {term}) {zero} {term})")
    top = fmt.max_finite * power_of_two(holding.shift)
    if top < sort.largest or fmt.overflow is not Overflow.INFINITY:
        beyond = f"(and (fp.gt (fp.abs {term}) {sort.literal(top)}) (not (fp.isInfinite {term})))"
        signs = [(sign, _overflowed(fmt, positive=sign)) for sign in (True, False)]
        ends = [sort.literal(end * power_of_two(holding.shift) if isinstance(end, Fraction) else end) for _, end in signs]
        specials = [holding.literal(_infinite(fmt, positive=sign)) for sign in (True, False)]
        negative = f"(fp.isNegative {term})"
        over, infinite = f"(ite {negative} {ends[1]} {ends[0]})", f"(ite {negative} {specials[1]} {specials[0]})"
        term = commands.define(sort.text, f"(ite {beyond} {over} (ite (fp.isInfinite {term}) {infinite} {term}))")
    if not fmt.negative_zero:
        term = commands.define(sort.text, f"(ite (fp.isZero {term}) {sort.literal(Fraction(0))} {term})")
    return term


def _overflowed(fmt: FloatFormat, *, positive: bool) -> Value:
    """What a real number beyond the largest becomes."""
    inward = (Rounding.TOWARD_ZERO, Rounding.DOWN if positive else Rounding.UP)
    if fmt.rounding in inward or fmt.overflow is Overflow.SATURATE:
        return fmt.max_finite if positive else -fmt.max_finite
    return _infinite(fmt, positive=positive)


def _infinite(fmt: FloatFormat, *, positive: bool) -> Value:
    """What an infinity becomes."""
    if fmt.overflow is Overflow.SATURATE:
        return fmt.max_finite if positive else -fmt.max_finite
    if fmt.overflow is Overflow.NAN:
        return Special.NAN
    return Special.INFINITY if positive else Special.NEGATIVE_INFINITY
