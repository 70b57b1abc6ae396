"""Elementwise operations on arrays of closed intervals, each result rounded outward.

An end may be infinite, where nothing better is known; NaN never is an end. Shapes broadcast as NumPy's do. Plain numbers and arrays
stand for themselves, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from suffice.errors import DomainError, InputError
from suffice.hardware_specs.upward import Array, Upward, above, below, halved_total, keeping_subnormals, rounding_up

LARGEST_EXACT_INTEGER = 1 << 53


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """The intervals [lo, hi], elementwise. Raises DomainError for an end that is NaN, or an interval that holds no real number."""

    lo: Array
    hi: Array

    __array_ufunc__: ClassVar[None] = None
    """Arrays leave their operators to this class."""

    def __post_init__(self) -> None:
        assert self.lo.dtype == self.hi.dtype == np.float64
        if self.lo.shape != self.hi.shape:
            raise InputError(f"ends of intervals have shapes {self.lo.shape} and {self.hi.shape}", mend="give both ends for each interval")
        if not bool(((self.lo <= self.hi) & (self.lo < np.inf) & (self.hi > -np.inf)).all()):
            raise DomainError("an interval holds no real number", mend="its ends must be numbers, the lower one not above the upper one")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lo.shape

    @property
    def ndim(self) -> int:
        return self.lo.ndim

    def __getitem__(self, index: Any) -> Intervals:
        return Intervals(np.asarray(self.lo[index]), np.asarray(self.hi[index]))

    def reshape(self, *shape: int) -> Intervals:
        return Intervals(self.lo.reshape(*shape), self.hi.reshape(*shape))

    def __add__(self, other: Operand) -> Intervals:
        return add(self, other)

    def __sub__(self, other: Operand) -> Intervals:
        return subtract(self, other)

    def __mul__(self, other: Operand) -> Intervals:
        return multiply(self, other)

    def __truediv__(self, other: Operand) -> Intervals:
        return divide(self, other)

    def __radd__(self, other: Operand) -> Intervals:
        return add(other, self)

    def __rsub__(self, other: Operand) -> Intervals:
        return subtract(other, self)

    def __rmul__(self, other: Operand) -> Intervals:
        return multiply(other, self)

    def __rtruediv__(self, other: Operand) -> Intervals:
        return divide(other, self)

    def __neg__(self) -> Intervals:
        return negate(self)


Operand = Intervals | NDArray[Any] | float
"""What the operations take: intervals, or numbers that stand for themselves."""


@contextmanager
def outward() -> Iterator[Upward]:
    """Round up inside, subnormal numbers kept; to nearest again after. To be entered in the nearest mode."""
    assert rounds_to_nearest(), "entered in a directed rounding mode"
    with keeping_subnormals(), rounding_up() as up:
        yield up


def rounds_to_nearest() -> bool:
    """Whether sums that lie close to 1 on either side are rounded to it."""
    return bool((_ONES + _CLOSE == _ONES).all())


_ONES, _CLOSE = np.ones(2), np.array([2.0**-60, -(2.0**-60)])


def exactly(numbers: NDArray[Any] | float) -> Array:
    """The same numbers as float64. Raises InputError for NaN, infinities and what float64 does not hold exactly."""
    given = np.asarray(numbers)
    whole = np.issubdtype(given.dtype, np.integer) and bool(((given >= -LARGEST_EXACT_INTEGER) & (given <= LARGEST_EXACT_INTEGER)).all())
    if not whole and given.dtype not in (np.float64, np.float32, np.float16, np.bool_):
        raise InputError(f"numbers of type {given.dtype} need not be exact in float64", mend="convert them, and enclose what that changes")
    exact = np.asarray(given, dtype=np.float64)
    if not bool(np.isfinite(exact).all()):
        raise InputError("an array holds NaN or an infinity", mend="give finite numbers")
    return exact


def point(numbers: NDArray[Any] | float) -> Intervals:
    """Intervals that hold one number each. Raises InputError, as `exactly` does."""
    exact = exactly(numbers)
    return Intervals(exact, exact)


def constant(value: Fraction) -> Intervals:
    """A 0-dimensional interval of neighbouring float64 numbers around a rational, or the number itself."""
    return Intervals(np.array(below(value)), np.array(above(value)))


def intervals_of(operand: Operand) -> Intervals:
    """The operand itself, or its numbers as points."""
    return operand if isinstance(operand, Intervals) else point(operand)


def is_point(a: Intervals) -> bool:
    """Whether every interval holds one number only."""
    return a.lo is a.hi or bool((a.lo == a.hi).all())


def rearranged(a: Intervals, arrange: Callable[[Array], Array]) -> Intervals:
    """The same intervals in other places: `arrange` moves, repeats or drops elements and computes nothing."""
    lo = arrange(a.lo)
    return Intervals(lo, lo if a.hi is a.lo else arrange(a.hi))


def add(a: Operand, b: Operand) -> Intervals:
    """a + b."""
    first, second = intervals_of(a), intervals_of(b)
    with outward() as up:
        return _intervals(up.add(-first.lo, -second.lo), up.add(first.hi, second.hi))


def subtract(a: Operand, b: Operand) -> Intervals:
    """a - b. The difference of two arrays is a point wherever it is exact."""
    first, second = intervals_of(a), intervals_of(b)
    with outward() as up:
        return _intervals(up.add(-first.lo, second.hi), up.add(first.hi, -second.lo))


def negate(a: Intervals) -> Intervals:
    """-a."""
    return Intervals(np.asarray(-a.hi), np.asarray(-a.lo))


def multiply(a: Operand, b: Operand) -> Intervals:
    """a b, where 0 times an infinite end is 0."""
    first, second = intervals_of(a), intervals_of(b)
    with outward() as up:
        if is_point(first):
            first, second = second, first
        if is_point(second):
            ends = _scaled(up, first, second.lo)
        elif bool((second.lo >= 0).all()):
            ends = _times_nonnegative(up, first, second)
        elif bool((first.lo >= 0).all()):
            ends = _times_nonnegative(up, second, first)
        else:
            ends = _product(up, first, second)
        return _intervals(*(np.where(np.isnan(end), 0.0, end) for end in ends))


def divide(a: Operand, b: Operand) -> Intervals:
    """a / b. Raises DomainError where b may be zero."""
    first, second = intervals_of(a), intervals_of(b)
    with outward() as up:
        negative = second.hi < 0
        if not bool((negative | (second.lo > 0)).all()):
            raise DomainError("a divisor may be zero", mend="shrink the intervals")
        low, high = np.where(negative, -second.hi, second.lo), np.where(negative, -second.lo, second.hi)
        minus_a, a_high = np.where(negative, first.hi, -first.lo), np.where(negative, -first.lo, first.hi)
        return _intervals(
            np.fmax(up.divide(minus_a, low), up.divide(minus_a, high)),
            np.fmax(up.divide(a_high, low), up.divide(a_high, high)),
        )


def square(a: Intervals) -> Intervals:
    """a^2."""
    least, most = mignitude(a), magnitude(a)
    with outward() as up:
        return _intervals(up.multiply(-least, least), up.multiply(most, most))


def absolute(a: Intervals) -> Intervals:
    """|a|."""
    return Intervals(mignitude(a), magnitude(a))


def maximum(a: Operand, b: Operand) -> Intervals:
    """max(a, b)."""
    first, second = intervals_of(a), intervals_of(b)
    with keeping_subnormals():
        return Intervals(np.asarray(np.maximum(first.lo, second.lo)), np.asarray(np.maximum(first.hi, second.hi)))


def minimum(a: Operand, b: Operand) -> Intervals:
    """min(a, b)."""
    first, second = intervals_of(a), intervals_of(b)
    with keeping_subnormals():
        return Intervals(np.asarray(np.minimum(first.lo, second.lo)), np.asarray(np.minimum(first.hi, second.hi)))


def hull(a: Operand, b: Operand) -> Intervals:
    """The smallest intervals that hold both."""
    first, second = intervals_of(a), intervals_of(b)
    with keeping_subnormals():
        return Intervals(np.asarray(np.minimum(first.lo, second.lo)), np.asarray(np.maximum(first.hi, second.hi)))


def intersection(a: Operand, b: Operand) -> Intervals:
    """What both hold: two enclosures of one quantity make a better one. Raises DomainError where they have nothing in common."""
    first, second = intervals_of(a), intervals_of(b)
    with keeping_subnormals():
        return Intervals(np.asarray(np.maximum(first.lo, second.lo)), np.asarray(np.minimum(first.hi, second.hi)))


def widen(a: Operand, radius: Array | float) -> Intervals:
    """a + [-radius, radius] for radius >= 0, which may be infinite."""
    around = intervals_of(a)
    if not bool((np.asarray(radius) >= 0).all()):
        raise InputError("a radius is negative or NaN", mend="give numbers not below zero")
    with outward() as up:
        return _intervals(up.add(-around.lo, radius), up.add(around.hi, radius))


def total(a: Operand, axis: int = -1) -> Intervals:
    """The sum over an axis, by halving: the rounding of n terms is at most log2(n) + 1 roundings of the sum of their sizes."""
    terms = intervals_of(a)
    with outward() as up:
        return _intervals(upper_total(up, -terms.lo, axis), upper_total(up, terms.hi, axis))


def upper_total(up: Upward, terms: Array, axis: int = -1) -> Array:
    """An upper bound of the sum over an axis, within `outward`."""
    return halved_total(up.add, terms, axis)


def mean(a: Operand, axis: int = -1) -> Intervals:
    """The mean over an axis."""
    terms = intervals_of(a)
    return divide(total(terms, axis), float(terms.shape[axis]))


def largest(a: Intervals, axis: int = -1) -> Intervals:
    """The maximum over an axis."""
    with keeping_subnormals():
        return Intervals(np.asarray(a.lo.max(axis=axis)), np.asarray(a.hi.max(axis=axis)))


def magnitude(a: Intervals) -> Array:
    """The largest absolute value."""
    with keeping_subnormals():
        return np.asarray(np.maximum(-a.lo, a.hi))


def mignitude(a: Intervals) -> Array:
    """The least absolute value."""
    with keeping_subnormals():
        return np.asarray(np.maximum(np.maximum(a.lo, -a.hi), 0.0))


def centre(a: Intervals) -> Array:
    """A number of each interval, close to its middle; of an unbounded one, any number."""
    with keeping_subnormals(), np.errstate(invalid="ignore"):
        if is_point(a):
            return a.lo
        middle = 0.5 * a.lo + 0.5 * a.hi
        return np.asarray(np.clip(np.where(np.isfinite(middle), middle, 0.0), a.lo, a.hi))


def radius(a: Intervals, around: Array | None = None) -> Array:
    """The largest distance from the centre, or from the numbers given, rounded up."""
    middle = centre(a) if around is None else around
    with outward() as up:
        return radius_within(up, a, middle)


def radius_within(up: Upward, a: Intervals, around: Array) -> Array:
    """The largest distance from the numbers given, within `outward`."""
    return np.asarray(np.maximum(np.maximum(up.add(a.hi, -around), up.add(around, -a.lo)), 0.0))


def _intervals(minus_lo: Array, hi: Array) -> Intervals:
    return Intervals(np.asarray(-minus_lo), np.asarray(hi))


def _scaled(up: Upward, a: Intervals, by: Array) -> tuple[Array, Array]:
    if a.lo is a.hi:
        return up.multiply(a.lo, -by), up.multiply(a.hi, by)
    return (
        np.fmax(up.multiply(a.lo, -by), up.multiply(a.hi, -by)),
        np.fmax(up.multiply(a.lo, by), up.multiply(a.hi, by)),
    )


def _times_nonnegative(up: Upward, a: Intervals, b: Intervals) -> tuple[Array, Array]:
    minus_lo = -a.lo
    return (
        np.fmax(up.multiply(minus_lo, b.lo), up.multiply(minus_lo, b.hi)),
        np.fmax(up.multiply(a.hi, b.lo), up.multiply(a.hi, b.hi)),
    )


def _product(up: Upward, a: Intervals, b: Intervals) -> tuple[Array, Array]:
    minus_lo, minus_hi, times = -a.lo, -a.hi, up.multiply
    return (
        np.fmax(np.fmax(times(minus_lo, b.lo), times(minus_lo, b.hi)), np.fmax(times(minus_hi, b.lo), times(minus_hi, b.hi))),
        np.fmax(np.fmax(times(a.lo, b.lo), times(a.lo, b.hi)), np.fmax(times(a.hi, b.lo), times(a.hi, b.hi))),
    )
