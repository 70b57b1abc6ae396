"""Number formats: rounding of exact rationals, neighbours, cells, error bounds. The definition is docs/semantics.md."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

NEGATIVE_ZERO = "-0"
INFINITY = "+inf"
NEGATIVE_INFINITY = "-inf"
NAN = "nan"

Value = Fraction | str
"""A finite number, or one of the four special values above."""

ZERO = Fraction(0)


@lru_cache(maxsize=1024)
def power_of_two(exponent: int) -> Fraction:
    """2^exponent."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def exponent_of(r: Fraction) -> int:
    """The e with 2^e <= |r| < 2^(e+1), for r != 0."""
    return ratio_exponent(r.numerator, r.denominator)


def ratio_exponent(n: int, d: int) -> int:
    """The e with 2^e <= |n| / d < 2^(e+1), for n != 0 and d > 0."""
    n = abs(n)
    e = n.bit_length() - d.bit_length()
    return e if (n >= d << e if e >= 0 else n << -e >= d) else e - 1


def finite(value: Value) -> Fraction:
    """The real that a finite value stands for (negative zero: 0)."""
    if isinstance(value, Fraction):
        return value
    assert value == NEGATIVE_ZERO
    return ZERO


def is_finite(value: Value) -> bool:
    """Whether the value stands for a real."""
    return isinstance(value, Fraction) or value == NEGATIVE_ZERO


def round_integer(n: int, d: int, mode: str) -> int:
    """The integer that n / d (d > 0) rounds to."""
    q, rest = divmod(n, d)
    if rest == 0 or mode == "down":
        return q
    if mode == "up":
        return q + 1
    if mode == "toward_zero":
        return q + 1 if n < 0 else q
    twice = 2 * rest
    if twice != d:
        return q + (twice > d)
    if mode == "nearest_away":
        return q + (n > 0)
    return q + (q & 1)


@dataclass(frozen=True, slots=True)
class Exact:
    """The reals themselves: no rounding."""

    def round(self, r: Fraction) -> Value:
        """r."""
        return r

    def round_ratio(self, n: int, d: int) -> Value:
        """n / d."""
        return Fraction(n, d)

    def round_special(self, value: str) -> Value:
        """The value itself."""
        return value

    def below(self, r: Fraction) -> Fraction | None:
        """The largest number <= r."""
        return r

    def above(self, r: Fraction) -> Fraction | None:
        """The smallest number >= r."""
        return r

    def gap(self, lo: Fraction, hi: Fraction) -> Fraction:  # noqa: ARG002
        """No gap."""
        return ZERO

    def holds(self, other: Format) -> bool:  # noqa: ARG002
        """Every number is a real."""
        return True


@dataclass(frozen=True, slots=True)
class Float:
    """A binary floating-point format."""

    p: int
    emin: int
    emax: int
    max_finite: Fraction
    infinities: bool
    nan: bool
    negative_zero: bool
    subnormals: str
    rounding: str
    overflow: str

    def round(self, r: Fraction) -> Value:
        """The value that the real r rounds to."""
        return self.round_ratio(r.numerator, r.denominator)

    def round_ratio(self, n: int, d: int) -> Value:
        """The value that n / d rounds to (d > 0, not necessarily in lowest terms)."""
        if n == 0:
            return ZERO
        unit = self._unit(n, d)
        steps = round_integer(n, d << unit, self.rounding) if unit >= 0 else round_integer(n << -unit, d, self.rounding)
        exponent = steps.bit_length() - 1 + unit
        if self.subnormals == "flushed" and exponent < self.emin:
            steps = 0
        if steps == 0:
            return NEGATIVE_ZERO if n < 0 and self.negative_zero else ZERO
        rounded = Fraction(steps << unit) if unit >= 0 else Fraction(steps, 1 << -unit)
        if exponent >= self.emax and abs(rounded) > self.max_finite:
            return self._overflowed(positive=n > 0)
        return rounded

    def _unit(self, n: int, d: int) -> int:
        """The exponent of the spacing at n / d."""
        return max(ratio_exponent(n, d), self.emin) - self.p + 1

    def _overflowed(self, *, positive: bool) -> Value:
        largest = self.max_finite if positive else -self.max_finite
        toward_zero = self.rounding == "toward_zero" or self.rounding == ("down" if positive else "up")
        if toward_zero or self.overflow == "saturate":
            return largest
        if self.overflow == "nan":
            return NAN
        return INFINITY if positive else NEGATIVE_INFINITY

    def round_special(self, value: str) -> Value:
        """What a special value becomes in this format."""
        if value == NEGATIVE_ZERO:
            return value if self.negative_zero else ZERO
        if value == NAN:
            return NAN
        if self.overflow == "saturate":
            return self.max_finite if value == INFINITY else -self.max_finite
        return value if self.infinities and self.overflow == "infinity" else NAN

    def below(self, r: Fraction) -> Fraction | None:
        """The largest number <= r, None if there is none."""
        if r < -self.max_finite:
            return None
        if r >= self.max_finite:
            return self.max_finite
        if r == 0:
            return ZERO
        n, d = r.numerator, r.denominator
        unit = self._unit(n, d)
        number = Fraction(n // (d << unit) << unit) if unit >= 0 else Fraction((n << -unit) // d, 1 << -unit)
        number = max(number, -self.max_finite)
        tiny = power_of_two(self.emin)
        if self.subnormals == "flushed" and abs(number) < tiny:
            return ZERO if r >= 0 else -tiny
        return number

    def above(self, r: Fraction) -> Fraction | None:
        """The smallest number >= r, None if there is none."""
        number = self.below(-r)
        return None if number is None else -number

    @property
    def is_nearest(self) -> bool:
        """Whether rounding goes to a nearest number."""
        return self.rounding in ("nearest_even", "nearest_away")

    def _spacing_exponent(self, n: int, d: int) -> int:
        """The exponent of the spacing just below n / d > 0 (at a power of two: that of the binade below it)."""
        e = ratio_exponent(n, d)
        is_power = n == d << e if e >= 0 else n << -e == d
        return max(e - is_power, self.emin) - self.p + 1

    def gap(self, lo: Fraction, hi: Fraction) -> Fraction | None:
        """An upper bound of the distance of any real in [lo, hi] to the nearest number; None beyond the largest number."""
        largest = max(abs(lo), abs(hi))
        if largest > self.max_finite:
            return None
        if largest == 0:
            return ZERO
        half = power_of_two(self._spacing_exponent(largest.numerator, largest.denominator) - 1)
        if self.subnormals == "flushed" and (lo <= 0 <= hi or min(abs(lo), abs(hi)) < power_of_two(self.emin)):
            half = max(half, min(largest, power_of_two(self.emin - 1)))
        return half

    def holds(self, other: Format) -> bool:
        """Whether every value that `other` can round to is a value of this format (so that a cast is exact)."""
        return (
            isinstance(other, Float)
            and other.p <= self.p
            and other.emin - other.p >= self.emin - self.p
            and other.max_finite <= self.max_finite
            and (self.subnormals == "kept" or (other.emin >= self.emin and other.subnormals == "flushed"))
        )

    def ordinal(self, number: Fraction) -> int:
        """Position of a finite number among the numbers of the format with subnormals kept, 0 for zero."""
        if number == 0:
            return 0
        magnitude = abs(number)
        e = max(exponent_of(magnitude), self.emin)
        steps = magnitude / power_of_two(e - self.p + 1)
        position = int(steps) + (e - self.emin) * (1 << (self.p - 1))
        return position if number > 0 else -position

    def code_count(self) -> int:
        """At least the number of distinct codes that rounding can produce (T3)."""
        return 2 * self.ordinal(self.max_finite) + 1 + 1 + 2


@dataclass(frozen=True, slots=True)
class Int:
    """Affine integer codes: scale (q - zero); scale None: any scale and zero point."""

    qmin: int
    qmax: int
    scale: Fraction | None
    zero: int | None
    rounding: str

    @property
    def is_free(self) -> bool:
        """Whether scale and zero point are left open."""
        return self.scale is None

    def _affine(self) -> tuple[Fraction, int]:
        assert self.scale is not None
        assert self.zero is not None
        return self.scale, self.zero

    def value(self, q: int) -> Fraction:
        """The number that code q stands for."""
        scale, zero = self._affine()
        return scale * (q - zero)

    def round(self, r: Fraction) -> Value:
        """The value that r rounds to; out of range saturates."""
        return self.round_ratio(r.numerator, r.denominator)

    def round_ratio(self, n: int, d: int) -> Value:
        """The value that n / d rounds to (d > 0, not necessarily in lowest terms)."""
        scale, zero = self._affine()
        q = round_integer(n * scale.denominator, d * scale.numerator, self.rounding) + zero
        return self.value(min(max(q, self.qmin), self.qmax))

    def round_special(self, value: str) -> Value:
        """What a special value becomes: NaN stays, infinities saturate, negative zero is the real 0."""
        if value == NAN:
            return NAN
        if value == NEGATIVE_ZERO:
            return self.round(ZERO)
        return self.value(self.qmax if value == INFINITY else self.qmin)

    def below(self, r: Fraction) -> Fraction | None:
        """The largest number <= r, None if there is none."""
        scale, zero = self._affine()
        q = r // scale + zero
        return None if q < self.qmin else self.value(min(q, self.qmax))

    def above(self, r: Fraction) -> Fraction | None:
        """The smallest number >= r, None if there is none."""
        scale, zero = self._affine()
        q = -(-r // scale) + zero
        return None if q > self.qmax else self.value(max(q, self.qmin))

    def error(self, lo: Fraction, hi: Fraction) -> Fraction:
        """An upper bound of |rnd r - r| over [lo, hi], saturation included."""
        scale, _ = self._affine()
        step = scale / 2 if self.rounding in ("nearest_even", "nearest_away") else scale
        return max(step, hi - self.value(self.qmax), self.value(self.qmin) - lo)

    def gap(self, lo: Fraction, hi: Fraction) -> Fraction | None:
        """An upper bound of the distance of any real in [lo, hi] to the nearest number."""
        scale, _ = self._affine()
        return max(scale / 2, hi - self.value(self.qmax), self.value(self.qmin) - lo)

    def holds(self, other: Format) -> bool:
        """Whether a cast from `other` is exact: only from the same codes."""
        return self == other

    def code_count(self) -> int:
        """Number of codes (T3)."""
        return self.qmax - self.qmin + 1


@dataclass(frozen=True, slots=True)
class Code:
    """Any code of so many bits, fixed before the input is seen."""

    bits: int

    def code_count(self) -> int:
        """Number of codes (T3)."""
        return 1 << self.bits


Format = Exact | Float | Int
"""A format with definite numbers (an Int may be free)."""


def is_free(fmt: Format | Code) -> bool:
    """Whether the numbers of the format are left open: integer codes with any scale, or any code."""
    return isinstance(fmt, Code) or (isinstance(fmt, Int) and fmt.is_free)


def size_of(r: Fraction) -> int:
    """Bits of numerator and denominator together."""
    return r.numerator.bit_length() + r.denominator.bit_length()
