"""Rounding of exact rationals, neighbours and cells: docs/semantics.md, in exact arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from suffice.errors import FormatError
from suffice.hardware_specs.format import (
    CodeFormat,
    ExactFormat,
    FloatFormat,
    Format,
    IntFormat,
    Overflow,
    Rounding,
    Subnormals,
    power_of_two,
    scale_by_power,
)
from suffice.hardware_specs.grid import ZERO, affine, code_value, flushed_ordinals, number_at, ordinal, unit_exponent

T = TypeVar("T")


class Special(StrEnum):
    """What a machine holds besides finite rationals."""

    NEGATIVE_ZERO = "-0"
    INFINITY = "+inf"
    NEGATIVE_INFINITY = "-inf"
    NAN = "nan"


Value = Fraction | Special
"""A value that a machine holds; Fraction(0) is +0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A non-empty interval of reals; an end None is infinite."""

    lo: Fraction | None
    hi: Fraction | None
    lo_closed: bool
    hi_closed: bool

    def contains(self, r: Fraction) -> bool:
        """Whether the real r lies in the interval."""
        above = self.lo is None or r > self.lo or (self.lo_closed and r == self.lo)
        below = self.hi is None or r < self.hi or (self.hi_closed and r == self.hi)
        return above and below


def round_exact(fmt: Format, r: Fraction) -> Value:
    """The value that the real r rounds to. Raises FormatError where the format has no definite numbers."""
    if isinstance(fmt, FloatFormat):
        return _round_float(fmt, r)
    if isinstance(fmt, IntFormat):
        scale, zero = affine(fmt)
        steps = r / scale
        q = _round_quotient(steps.numerator, steps.denominator, fmt.rounding) + zero
        return code_value(fmt, min(max(q, fmt.qmin), fmt.qmax))
    return _exact_only(fmt, r)


def round_special(fmt: Format, value: Special) -> Value:
    """What a special value becomes when it meets the format; the exact pseudo-format leaves it as it is."""
    if isinstance(fmt, IntFormat):
        if value is Special.NEGATIVE_ZERO:
            return round_exact(fmt, ZERO)
        if value is Special.NAN:
            return value
        return code_value(fmt, fmt.qmax if value is Special.INFINITY else fmt.qmin)
    if not isinstance(fmt, FloatFormat):
        return _exact_only(fmt, value)
    if value is Special.NEGATIVE_ZERO:
        return value if fmt.negative_zero else ZERO
    if value is Special.NAN:
        return value
    if fmt.overflow is Overflow.SATURATE:
        return fmt.max_finite if value is Special.INFINITY else -fmt.max_finite
    return value if fmt.overflow is Overflow.INFINITY else Special.NAN


def round_value(fmt: Format, value: Value) -> Value:
    """`round_exact` or `round_special`."""
    return round_special(fmt, value) if isinstance(value, Special) else round_exact(fmt, value)


def is_representable(fmt: Format, value: Value) -> bool:
    """Whether the value is a finite number of the format, or a special value that the format has."""
    if isinstance(value, Fraction):
        below, above = neighbours(fmt, value)
        return below == value == above
    if isinstance(fmt, FloatFormat):
        if value is Special.NEGATIVE_ZERO:
            return fmt.negative_zero
        return fmt.nan if value is Special.NAN else fmt.infinities
    return False


def neighbours(fmt: Format, r: Fraction) -> tuple[Fraction | None, Fraction | None]:
    """The largest finite number <= r and the smallest >= r; None where there is none."""
    if isinstance(fmt, FloatFormat):
        above = _float_below(fmt, -r)
        return _float_below(fmt, r), None if above is None else -above
    if isinstance(fmt, IntFormat):
        scale, zero = affine(fmt)
        floor, ceiling = r // scale + zero, -(-r // scale) + zero
        return (
            None if floor < fmt.qmin else code_value(fmt, min(floor, fmt.qmax)),
            None if ceiling > fmt.qmax else code_value(fmt, max(ceiling, fmt.qmin)),
        )
    number = _exact_only(fmt, r)
    return number, number


def spacing(fmt: Format, r: Fraction) -> Fraction:
    """2^(max(e, emin) - p + 1) for 2^e <= |r| < 2^(e+1), as if exponents had no upper end; the scale of integer codes; 0 if exact."""
    if isinstance(fmt, FloatFormat):
        return power_of_two(unit_exponent(fmt, r))
    if isinstance(fmt, IntFormat):
        return affine(fmt)[0]
    return _exact_only(fmt, ZERO)


def max_finite(fmt: Format) -> Fraction | None:
    """The largest finite number, None where there is none."""
    if isinstance(fmt, FloatFormat):
        return fmt.max_finite
    return code_value(fmt, fmt.qmax) if isinstance(fmt, IntFormat) else None


def min_finite(fmt: Format) -> Fraction | None:
    """The smallest (most negative) finite number, None where there is none."""
    if isinstance(fmt, FloatFormat):
        return -fmt.max_finite
    return code_value(fmt, fmt.qmin) if isinstance(fmt, IntFormat) else None


def count_numbers(fmt: Format) -> int | None:
    """How many distinct finite numbers the format has (at most so many for `code`), None for infinitely many."""
    if isinstance(fmt, FloatFormat):
        return 2 * (ordinal(fmt, fmt.max_finite) - flushed_ordinals(fmt)) + 1
    if isinstance(fmt, IntFormat):
        return fmt.qmax - fmt.qmin + 1
    return 1 << fmt.bits if isinstance(fmt, CodeFormat) else None


def count_codes(fmt: Format) -> int | None:
    """How many distinct codes rounding a real can produce (THEORY T3), None for infinitely many."""
    numbers = count_numbers(fmt)
    if numbers is None or not isinstance(fmt, FloatFormat):
        return numbers
    return numbers + sum(bool(cells(fmt, special)) for special in Special)


def iterate_numbers(fmt: FloatFormat | IntFormat, lo: Fraction, hi: Fraction) -> Iterator[Fraction]:
    """The finite numbers in [lo, hi], ascending."""
    first, last = neighbours(fmt, lo)[1], neighbours(fmt, hi)[0]
    if first is None or last is None:
        return
    if isinstance(fmt, IntFormat):
        scale, _ = affine(fmt)
        for steps in range(int(first / scale), int(last / scale) + 1):
            yield scale * steps
        return
    flushed = flushed_ordinals(fmt)
    for position in range(ordinal(fmt, first), ordinal(fmt, last) + 1):
        if position == 0 or abs(position) > flushed:
            yield number_at(fmt, position)


def cells(fmt: Format, value: Value) -> tuple[Cell, ...]:
    """The set of reals that round to `value`, as disjoint intervals, ascending.

    None for a value that no real rounds to, two for the NaN of a format that overflows to NaN on both sides, else one.
    """
    if isinstance(fmt, FloatFormat):
        return _float_special_cells(fmt, value) if isinstance(value, Special) else _float_number_cells(fmt, value)
    if isinstance(value, Special):
        return ()
    if not isinstance(fmt, IntFormat):
        return _cell(fmt, value, _exact_only(fmt, value), value)
    scale, zero = affine(fmt)
    steps = value / scale
    q = steps + zero
    if steps.denominator != 1 or not fmt.qmin <= q <= fmt.qmax:
        return ()
    lo = None if q == fmt.qmin else scale * _boundary(fmt.rounding, steps - 1, steps)
    hi = None if q == fmt.qmax else scale * _boundary(fmt.rounding, steps, steps + 1)
    return _cell(fmt, value, lo, hi)


def cell(fmt: Format, value: Value) -> Cell:
    """The interval of reals that round to `value`. Raises FormatError where that set is empty or in two parts (see `cells`)."""
    parts = cells(fmt, value)
    if len(parts) == 1:
        return parts[0]
    raise FormatError(f"the reals that round to {value} are {'in two parts' if parts else 'none'}", mend="use cells")


def _exact_only(fmt: Format, answer: T) -> T:
    if isinstance(fmt, ExactFormat):
        return answer
    raise FormatError("code(bits) has no definite numbers", mend="name a float or integer format")


def _round_quotient(n: int, d: int, mode: Rounding) -> int:
    """The integer that n / d (d > 0) rounds to."""
    floor, rest = divmod(n, d)
    if rest == 0:
        return floor
    if mode in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY) and 2 * rest != d:
        return floor + (2 * rest > d)
    if mode is Rounding.NEAREST_EVEN:
        return floor + floor % 2
    away_from_floor = {
        Rounding.NEAREST_AWAY: n > 0,
        Rounding.TOWARD_ZERO: n < 0,
        Rounding.UP: True,
        Rounding.DOWN: False,
    }
    return floor + away_from_floor[mode]


def _round_float(fmt: FloatFormat, r: Fraction) -> Value:
    unit = unit_exponent(fmt, r)
    n, d = r.numerator, r.denominator
    significand = _round_quotient(n << max(-unit, 0), d << max(unit, 0), fmt.rounding)
    rounded = scale_by_power(significand, unit)
    if abs(rounded) > fmt.max_finite:
        return _overflowed(fmt, positive=r > 0)
    if fmt.subnormals is Subnormals.FLUSHED and abs(rounded) < power_of_two(fmt.emin):
        rounded = ZERO
    return Special.NEGATIVE_ZERO if rounded == 0 and r < 0 and fmt.negative_zero else rounded


def _saturates(fmt: FloatFormat, *, positive: bool) -> bool:
    """Whether overflow at this sign ends at the largest finite number: the mode rounds toward zero there, or the rule says so."""
    inward = (Rounding.TOWARD_ZERO, Rounding.DOWN if positive else Rounding.UP)
    return fmt.rounding in inward or fmt.overflow is Overflow.SATURATE


def _overflowed(fmt: FloatFormat, *, positive: bool) -> Value:
    if _saturates(fmt, positive=positive):
        return fmt.max_finite if positive else -fmt.max_finite
    if fmt.overflow is Overflow.NAN:
        return Special.NAN
    return Special.INFINITY if positive else Special.NEGATIVE_INFINITY


def _float_below(fmt: FloatFormat, r: Fraction) -> Fraction | None:
    """The largest finite number <= r."""
    if r < -fmt.max_finite:
        return None
    if r >= fmt.max_finite:
        return fmt.max_finite
    position = ordinal(fmt, r)
    if number_at(fmt, position) > r:
        position -= 1
    flushed = flushed_ordinals(fmt)
    if abs(position) <= flushed:
        position = 0 if position >= 0 else -flushed - 1
    return number_at(fmt, position)


def _boundary(mode: Rounding, lower: Fraction, upper: Fraction) -> Fraction:
    """Where rounding passes from `lower` to `upper`, two neighbours on the grid."""
    if mode in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY):
        return (lower + upper) / 2
    if mode is Rounding.UP or (mode is Rounding.TOWARD_ZERO and lower < 0):
        return lower
    return upper


def _boundary_above(fmt: FloatFormat, position: int) -> Fraction:
    """Where rounding passes from this ordinal to the next, were nothing to overflow."""
    return _boundary(fmt.rounding, number_at(fmt, position), number_at(fmt, position + 1))


def _cell(fmt: Format, value: Value, lo: Fraction | None, hi: Fraction | None) -> tuple[Cell, ...]:
    """The cell of `value` between two ends; an end belongs to it if it rounds to it. Empty where lo = hi rounds elsewhere."""
    lo_closed = lo is not None and round_exact(fmt, lo) == value
    hi_closed = hi is not None and round_exact(fmt, hi) == value
    if lo is not None and lo == hi and not lo_closed:
        return ()
    return (Cell(lo=lo, hi=hi, lo_closed=lo_closed, hi_closed=hi_closed),)


def _float_number_cells(fmt: FloatFormat, number: Fraction) -> tuple[Cell, ...]:
    if not is_representable(fmt, number):
        return ()
    position = ordinal(fmt, number)
    flushed = flushed_ordinals(fmt)
    if number == 0:
        lo = ZERO if fmt.negative_zero else _boundary_above(fmt, -flushed - 1)
        return _cell(fmt, number, lo, _boundary_above(fmt, flushed))
    no_upper_end = number == fmt.max_finite and _saturates(fmt, positive=True)
    no_lower_end = number == -fmt.max_finite and _saturates(fmt, positive=False)
    return _cell(
        fmt,
        number,
        None if no_lower_end else _boundary_above(fmt, position - 1),
        None if no_upper_end else _boundary_above(fmt, position),
    )


def _float_special_cells(fmt: FloatFormat, value: Special) -> tuple[Cell, ...]:
    if value is Special.NEGATIVE_ZERO:
        lowest = -flushed_ordinals(fmt) - 1
        return _cell(fmt, value, _boundary_above(fmt, lowest), ZERO) if fmt.negative_zero else ()
    largest = ordinal(fmt, fmt.max_finite)
    parts: tuple[Cell, ...] = ()
    if _overflowed(fmt, positive=False) == value:
        parts += _cell(fmt, value, None, _boundary_above(fmt, -largest - 1))
    if _overflowed(fmt, positive=True) == value:
        parts += _cell(fmt, value, _boundary_above(fmt, largest), None)
    return parts
