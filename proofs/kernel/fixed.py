"""Interval arithmetic with integers: (lo, hi) means [lo / 2^bits, hi / 2^bits]. Ends are rounded outward, and exact where they fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from . import composed, elementary
from .series import MAX_MAGNITUDE_BITS
from .series import DomainFailure as DomainFailure
from .series import TooLarge as TooLarge

Interval = tuple[int, int]
"""The ends of an interval, lo <= hi, in units of 2^-bits."""

_PointFunction = Callable[[int, int], Interval]


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Arithmetic on intervals with `bits` fractional bits.

    Each operation returns an enclosure of its image over its operands. It raises DomainFailure where it is not defined on all of
    them, TooLarge where the image is too large to be held.
    """

    bits: int

    def from_fraction(self, q: Fraction) -> Interval:
        """The smallest interval around q."""
        return self.from_ends(q, q)

    def from_ends(self, lo: Fraction, hi: Fraction) -> Interval:
        """The smallest interval that holds [lo, hi]."""
        bits = self.bits
        return self._bounded((lo.numerator << bits) // lo.denominator, -((-hi.numerator << bits) // hi.denominator))

    def to_fractions(self, a: Interval) -> tuple[Fraction, Fraction]:
        """The ends as rationals."""
        unit = 1 << self.bits
        return Fraction(a[0], unit), Fraction(a[1], unit)

    def pi(self) -> Interval:
        """pi."""
        return elementary.pi(self.bits)

    def e(self) -> Interval:
        """e."""
        return elementary.e(self.bits)

    def add(self, a: Interval, b: Interval) -> Interval:
        """a + b, exact."""
        return a[0] + b[0], a[1] + b[1]

    def sub(self, a: Interval, b: Interval) -> Interval:
        """a - b, exact."""
        return a[0] - b[1], a[1] - b[0]

    def neg(self, a: Interval) -> Interval:
        """-a, exact."""
        return -a[1], -a[0]

    def abs(self, a: Interval) -> Interval:
        """|a|, exact."""
        if a[0] >= 0:
            return a
        return (-a[1], -a[0]) if a[1] <= 0 else (0, max(-a[0], a[1]))

    def min(self, a: Interval, b: Interval) -> Interval:
        """The smaller of two numbers, exact."""
        return min(a[0], b[0]), min(a[1], b[1])

    def max(self, a: Interval, b: Interval) -> Interval:
        """The larger of two numbers, exact."""
        return max(a[0], b[0]), max(a[1], b[1])

    def mul(self, a: Interval, b: Interval) -> Interval:
        """a b."""
        lo, hi = _products(a, b)
        return self._bounded(lo >> self.bits, -(-hi >> self.bits))

    def fma(self, a: Interval, b: Interval, c: Interval) -> Interval:
        """a b + c, rounded outward once."""
        lo, hi = _products(a, b)
        return self._bounded((lo >> self.bits) + c[0], -(-hi >> self.bits) + c[1])

    def div(self, a: Interval, b: Interval) -> Interval:
        """a / b."""
        if b[0] <= 0 <= b[1]:
            raise DomainFailure("division by an interval that holds zero")
        if b[1] < 0:
            a, b = self.neg(a), self.neg(b)
        lo = (a[0] << self.bits) // (b[1] if a[0] >= 0 else b[0])
        hi = -((-a[1] << self.bits) // (b[0] if a[1] >= 0 else b[1]))
        return self._bounded(lo, hi)

    def power(self, a: Interval, n: int) -> Interval:
        """a^n for an integer n; a^0 = 1."""
        lo, hi = a
        if n == 0:
            return 1 << self.bits, 1 << self.bits
        if n < 0 and lo <= 0 <= hi:
            raise DomainFailure("a negative power of an interval that holds zero")
        if n % 2 == 0:
            lo, hi = self.abs(a)
        elif lo < 0 and hi <= 0:
            return self.neg(self.power((-hi, -lo), n))
        elif lo < 0:
            return -self._power(-lo, n)[1], self._power(hi, n)[1]
        if n < 0:
            lo, hi = hi, lo
        return self._bounded(self._power(lo, n)[0], self._power(hi, n)[1])

    def sqrt(self, a: Interval) -> Interval:
        """The square root."""
        return self._rising(elementary.sqrt, a)

    def exp(self, a: Interval) -> Interval:
        """e^a."""
        return self._rising(elementary.exp, a)

    def expm1(self, a: Interval) -> Interval:
        """e^a - 1."""
        return self._rising(elementary.expm1, a)

    def log(self, a: Interval) -> Interval:
        """ln a."""
        return self._rising(elementary.log, a)

    def log1p(self, a: Interval) -> Interval:
        """ln(1 + a)."""
        return self._rising(elementary.log1p, a)

    def sinh(self, a: Interval) -> Interval:
        """Hyperbolic sine."""
        return self._rising(elementary.sinh, a)

    def cosh(self, a: Interval) -> Interval:
        """Hyperbolic cosine: rising with |a|."""
        return self._rising(elementary.cosh, self.abs(a))

    def tanh(self, a: Interval) -> Interval:
        """Hyperbolic tangent."""
        return self._rising(elementary.tanh, a)

    def asin(self, a: Interval) -> Interval:
        """Arc sine."""
        return self._rising(elementary.asin, a)

    def acos(self, a: Interval) -> Interval:
        """Arc cosine: falling."""
        if a[0] == a[1]:
            return elementary.acos(a[0], self.bits)
        return elementary.acos(a[1], self.bits)[0], elementary.acos(a[0], self.bits)[1]

    def atan(self, a: Interval) -> Interval:
        """Arc tangent."""
        return self._rising(elementary.atan, a)

    def exp2(self, a: Interval) -> Interval:
        """2^a."""
        return self._rising(composed.exp2, a)

    def log2(self, a: Interval) -> Interval:
        """The logarithm to base 2."""
        return self._rising(composed.log2, a)

    def log10(self, a: Interval) -> Interval:
        """The logarithm to base 10."""
        return self._rising(composed.log10, a)

    def cbrt(self, a: Interval) -> Interval:
        """The cube root."""
        return self._rising(composed.cbrt, a)

    def asinh(self, a: Interval) -> Interval:
        """Inverse hyperbolic sine."""
        return self._rising(composed.asinh, a)

    def acosh(self, a: Interval) -> Interval:
        """Inverse hyperbolic cosine, from 1 on."""
        return self._rising(composed.acosh, a)

    def atanh(self, a: Interval) -> Interval:
        """Inverse hyperbolic tangent, between -1 and 1."""
        return self._rising(composed.atanh, a)

    def hypot(self, a: Interval, b: Interval) -> Interval:
        """sqrt(a^2 + b^2): rising with |a| and |b|."""
        first, second = self.abs(a), self.abs(b)
        return self._bounded(composed.hypot(first[0], second[0])[0], composed.hypot(first[1], second[1])[1])

    def atan2(self, a: Interval, b: Interval) -> Interval:
        """The angle of (b, a) off the cut a = 0 >= b: along a line that misses the cut it is monotone, so extreme at corners."""
        if a[0] <= 0 <= a[1] and b[0] <= 0:
            raise DomainFailure("atan2 of a box that meets its cut, y = 0 and x <= 0")
        return _hull([composed.atan2(y, x, self.bits) for y in {*a} for x in {*b}])

    def powr(self, a: Interval, b: Interval) -> Interval:
        """a^b for a > 0: monotone in a and in b, so extreme at corners."""
        if a[0] <= 0:
            raise DomainFailure("a real power of a number that is not positive")
        return self._bounded(*_hull([composed.powr(x, y, self.bits) for x in {*a} for y in {*b}]))

    def ln2(self) -> Interval:
        """ln 2."""
        return composed.ln2(self.bits)

    def ln10(self) -> Interval:
        """ln 10."""
        return composed.ln10(self.bits)

    def sin(self, a: Interval) -> Interval:
        """Sine: 1 at 1, 5, 9, ... quarter turns, -1 at 3, 7, 11, ..."""
        return self._wave(elementary.sin, a, 1)

    def cos(self, a: Interval) -> Interval:
        """Cosine: 1 at 0, 4, 8, ... quarter turns, -1 at 2, 6, 10, ..."""
        return self._wave(elementary.cos, a, 0)

    def tan(self, a: Interval) -> Interval:
        """Tangent: rising between its poles, which lie at odd numbers of quarter turns."""
        if a[0] != a[1]:
            first, last = self._quarter_turns(a)
            if last > first and (last - first > 1 or last % 2 == 1):
                raise DomainFailure("tan of an interval that holds a pole")
        return self._rising(elementary.tan, a)

    def _wave(self, f: _PointFunction, a: Interval, top: int) -> Interval:
        """Sine or cosine, monotone between whole quarter turns; 1 at `top` + 4 j quarter turns, -1 at `top` + 2 + 4 j."""
        lo, hi = f(a[0], self.bits)
        if a[0] == a[1]:
            return lo, hi
        first, last = self._quarter_turns(a)
        other_lo, other_hi = f(a[1], self.bits)
        one = 1 << self.bits
        holds_top = (last - top) // 4 > (first - top) // 4
        holds_bottom = (last - top - 2) // 4 > (first - top - 2) // 4
        return -one if holds_bottom else min(lo, other_lo), one if holds_top else max(hi, other_hi)

    def _quarter_turns(self, a: Interval) -> tuple[int, int]:
        """The whole quarter turns up to each end: those inside are first + 1, ..., last (and first, if 0 is the lower end)."""
        return elementary.quarter_turns(a[0], self.bits), elementary.quarter_turns(a[1], self.bits)

    def _rising(self, f: _PointFunction, a: Interval) -> Interval:
        lo, hi = f(a[0], self.bits)
        return lo, hi if a[0] == a[1] else f(a[1], self.bits)[1]

    def _power(self, x: int, n: int) -> Interval:
        return elementary.power(x, n, self.bits)

    def _bounded(self, lo: int, hi: int) -> Interval:
        limit = MAX_MAGNITUDE_BITS + self.bits
        if lo.bit_length() > limit or hi.bit_length() > limit:
            raise TooLarge("a number is too large")
        return lo, hi


def _hull(parts: list[Interval]) -> Interval:
    """The least interval that holds them all."""
    return min(lo for lo, _ in parts), max(hi for _, hi in parts)


def _products(a: Interval, b: Interval) -> Interval:
    """The least and the largest product of a number of a with one of b."""
    if a[0] >= 0 and b[0] >= 0:
        return a[0] * b[0], a[1] * b[1]
    products = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(products), max(products)
