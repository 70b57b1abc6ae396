"""Rational functions in exact integers: bit-vectors so wide that nothing is ever lost.

Every number carries an interval that holds it, in exact arithmetic, and a power of two that it is a multiple of. From both follows the
width in which its two's complement is the number itself, whatever the inputs are; a script whose vectors would be too wide is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.problem import Interval
from suffice.encodings.writers.smtlib_sorts import Commands, NotExpressible
from suffice.hardware_specs.format import power_of_two

MOST_BITS = 1024
"""Bits of the widest number."""

MOST_PRODUCTS = 40_000
"""Partial products (width times width) of all multiplications together."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """The number term 2^(shift + unit): `term` a signed bit-vector of so many bits, `shift` an unsigned one (None: zero).

    `digits` encloses the term, `range` the number, `lifts` the shift.
    """

    term: str
    width: int
    unit: int
    digits: Interval
    range: Interval
    shift: str | None = None
    shift_width: int = 0
    lifts: int = 0


@dataclass(frozen=True, slots=True)
class Quotient:
    """numerator / denominator, where `defined` is true; the denominator is positive there (None: one)."""

    numerator: Scaled
    denominator: Scaled | None = None
    defined: str = "true"


def signed_width(interval: Interval, unit: int) -> int:
    """Bits of a two's complement that holds every multiple of 2^unit in the interval."""
    lo, hi = interval.lo / power_of_two(unit), interval.hi / power_of_two(unit)
    return 1 + max((-(-hi // 1)).bit_length(), (-(lo // 1) - 1).bit_length() if lo < 0 else 0)


def bit_vector(width: int) -> str:
    """The sort of bit-vectors."""
    return f"(_ BitVec {width})"


@dataclass(slots=True)
class Arithmetic:
    """Exact arithmetic on numbers of a script."""

    commands: Commands
    products: int = 0

    def constant(self, value: Fraction) -> Scaled:
        """A dyadic rational."""
        n, unit = value.numerator, 1 - value.denominator.bit_length()
        assert value.denominator == 1 << -unit
        while n and n % 2 == 0:
            n, unit = n // 2, unit + 1
        width = signed_width(Interval(Fraction(n), Fraction(n)), 0)
        return Scaled(self._integer(n, width), width, unit, Interval(Fraction(n), Fraction(n)), Interval(value, value))

    def rational(self, value: Fraction) -> Quotient:
        """Any rational: an odd denominator."""
        odd = value.denominator
        while odd % 2 == 0:
            odd //= 2
        return Quotient(self.constant(value * odd), None if odd == 1 else self.constant(Fraction(odd)))

    def fixed(self, x: Scaled) -> Scaled:
        """The same number without a shift."""
        if x.shift is None:
            return x
        width = self._limited(max(signed_width(x.range, x.unit), x.width, x.shift_width))
        term = f"(bvshl {extended(x.term, x.width, width)} {padded(x.shift, x.shift_width, width)})"
        digits = Interval(x.range.lo / power_of_two(x.unit), x.range.hi / power_of_two(x.unit))
        return Scaled(self.commands.define(bit_vector(width), term), width, x.unit, digits, x.range)

    def negate(self, x: Scaled) -> Scaled:
        """-x."""
        width, digits = x.width + 1, _negated(x.digits)
        term = self.commands.define(bit_vector(width), f"(bvneg {extended(x.term, x.width, width)})")
        return Scaled(term, width, x.unit, digits, _negated(x.range), x.shift, x.shift_width, x.lifts)

    def add(self, x: Scaled, y: Scaled) -> Scaled:
        """x + y."""
        unit = min(x.unit, y.unit)
        total = Interval(x.range.lo + y.range.lo, x.range.hi + y.range.hi)
        a, b = (self._aligned(z, unit) for z in (x, y))
        width = self._limited(max(signed_width(total, unit), a.width, b.width))
        term = self.commands.define(bit_vector(width), f"(bvadd {extended(a.term, a.width, width)} {extended(b.term, b.width, width)})")
        return Scaled(term, width, unit, _in_units(total, unit), total)

    def subtract(self, x: Scaled, y: Scaled) -> Scaled:
        """x - y."""
        return self.add(x, self.negate(y))

    def multiply(self, x: Scaled, y: Scaled) -> Scaled:
        """x y."""
        digits = _product(x.digits, y.digits)
        width = self._limited(max(signed_width(digits, 0), x.width, y.width))
        self.products += x.width * y.width
        if self.products > MOST_PRODUCTS:
            raise NotExpressible(f"exact products would take more than {MOST_PRODUCTS} partial products")
        term = self.commands.define(bit_vector(width), f"(bvmul {extended(x.term, x.width, width)} {extended(y.term, y.width, width)})")
        shift, shift_width = self._added_shifts(x, y)
        return Scaled(term, width, x.unit + y.unit, digits, _product(x.range, y.range), shift, shift_width, x.lifts + y.lifts)

    def choose(self, condition: str, x: Scaled, y: Scaled) -> Scaled:
        """x where the condition holds, else y."""
        unit = min(x.unit, y.unit)
        a, b = (self._aligned(z, unit) for z in (x, y))
        width = max(a.width, b.width)
        hull = Interval(min(x.range.lo, y.range.lo), max(x.range.hi, y.range.hi))
        term = f"(ite {condition} {extended(a.term, a.width, width)} {extended(b.term, b.width, width)})"
        return Scaled(self.commands.define(bit_vector(width), term), width, unit, _in_units(hull, unit), hull)

    def compare(self, relation: str, x: Scaled, y: Scaled) -> str:
        """The truth of `x relation y`: bvslt, bvsle or =."""
        unit = min(x.unit, y.unit)
        a, b = (self._aligned(z, unit) for z in (x, y))
        width = max(a.width, b.width)
        return self.commands.define("Bool", f"({relation} {extended(a.term, a.width, width)} {extended(b.term, b.width, width)})")

    def absolute(self, x: Scaled) -> Scaled:
        """|x|."""
        if x.range.lo >= 0:
            return x
        negated = self.negate(x)
        term = f"(ite {self._is_negative(x)} {negated.term} {extended(x.term, x.width, negated.width)})"
        size = Interval(Fraction(0), max(-x.digits.lo, x.digits.hi))
        number = Interval(Fraction(0), max(-x.range.lo, x.range.hi))
        name = self.commands.define(bit_vector(negated.width), term)
        return Scaled(name, negated.width, x.unit, size, number, x.shift, x.shift_width, x.lifts)

    def is_zero(self, x: Scaled) -> str:
        """The truth of x = 0: a shift loses no digit."""
        return self.commands.define("Bool", f"(= {x.term} {self._integer(0, x.width)})")

    def signed_like(self, x: Scaled, sign: Scaled) -> Scaled:
        """-x where `sign` is negative, else x."""
        if sign.range.lo >= 0:
            return x
        negated = self.negate(x)
        term = f"(ite {self._is_negative(sign)} {negated.term} {extended(x.term, x.width, negated.width)})"
        both = _hull(x.digits, negated.digits), _hull(x.range, negated.range)
        name = self.commands.define(bit_vector(negated.width), term)
        return Scaled(name, negated.width, x.unit, *both, x.shift, x.shift_width, x.lifts)

    def _is_negative(self, x: Scaled) -> str:
        return f"(bvslt {x.term} {self._integer(0, x.width)})"

    def _integer(self, n: int, width: int) -> str:
        return f"#b{n % (1 << width):0{width}b}"

    def _limited(self, width: int) -> int:
        if width > MOST_BITS:
            raise NotExpressible(f"an exact number would take {width} bits (at most {MOST_BITS})")
        return width

    def _aligned(self, x: Scaled, unit: int) -> Scaled:
        """x in multiples of a smaller unit, without a shift."""
        x = self.fixed(x)
        zeros = x.unit - unit
        if zeros == 0:
            return x
        width = self._limited(x.width + zeros)
        term = self.commands.define(bit_vector(width), f"(concat {x.term} {self._integer(0, zeros)})")
        return Scaled(term, width, unit, _in_units(x.range, unit), x.range)

    def _added_shifts(self, x: Scaled, y: Scaled) -> tuple[str | None, int]:
        if x.shift is None or y.shift is None:
            return (x.shift or y.shift), max(x.shift_width, y.shift_width)
        width = (x.lifts + y.lifts).bit_length()
        width = max(width, x.shift_width, y.shift_width)
        term = f"(bvadd {padded(x.shift, x.shift_width, width)} {padded(y.shift, y.shift_width, width)})"
        return self.commands.define(bit_vector(width), term), width


def extended(term: str, width: int, wanted: int) -> str:
    """A signed bit-vector in more bits."""
    return term if width == wanted else f"((_ sign_extend {wanted - width}) {term})"


def padded(term: str, width: int, wanted: int) -> str:
    """An unsigned bit-vector in more bits."""
    return term if width == wanted else f"((_ zero_extend {wanted - width}) {term})"


def _negated(interval: Interval) -> Interval:
    return Interval(-interval.hi, -interval.lo)


def _hull(a: Interval, b: Interval) -> Interval:
    return Interval(min(a.lo, b.lo), max(a.hi, b.hi))


def _product(a: Interval, b: Interval) -> Interval:
    ends = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return Interval(min(ends), max(ends))


def _in_units(interval: Interval, unit: int) -> Interval:
    return Interval(interval.lo / power_of_two(unit), interval.hi / power_of_two(unit))
