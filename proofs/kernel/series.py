"""Constants and power series in integer arithmetic: a number r is held as about r 2^p, and every result comes with a bound of its error.

A *unit* is 2^-p. A floor division or shift loses less than one unit; the bounds below add these losses and the remainder of the series.
"""

from __future__ import annotations

from functools import lru_cache

MAX_MAGNITUDE_BITS = 1 << 16
"""Numbers beyond about 2^MAX_MAGNITUDE_BITS are refused."""

MAX_INTERNAL_BITS = 1 << 16
"""Fractional bits beyond which no function is computed."""

Bounds = tuple[int, int]
"""The ends of an interval, in units."""

_BLOCK = 256
_CONSTANT_GUARD = 32


class DomainFailure(Exception):
    """The function is not defined at the point, or somewhere on the interval."""


class TooLarge(Exception):
    """The result is too large to be held, or needs more bits than the kernel computes with."""


def outward(low: int, high: int, shift: int) -> Bounds:
    """[low, high] / 2^shift with the ends rounded outward; exact where they are multiples of 2^shift."""
    if shift <= 0:
        return low << -shift, high << -shift
    return low >> shift, -(-high >> shift)


def pi_below(p: int) -> int:
    """P with P <= pi 2^p < P + 2."""
    block = -(-p // _BLOCK) * _BLOCK
    return _pi_block(block) >> block - p


def ln2_below(p: int) -> int:
    """L with L <= ln(2) 2^p < L + 2."""
    block = -(-p // _BLOCK) * _BLOCK
    return _ln2_block(block) >> block - p


@lru_cache(maxsize=64)
def _pi_block(p: int) -> int:
    """Machin: pi = 16 atan(1/5) - 4 atan(1/239)."""
    return _constant(p, ((16, 5), (-4, 239)), -1)


@lru_cache(maxsize=64)
def _ln2_block(p: int) -> int:
    """ln 2 = 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749)."""
    return _constant(p, ((18, 26), (-2, 4801), (8, 8749)), 1)


def _constant(p: int, terms: tuple[tuple[int, int], ...], sign: int) -> int:
    """The sum of c f(1/n), f = atan (sign -1) or atanh (sign 1), from below by less than 2 units.

    The error of each f(1/n) is at most w + 2 units of 2^-w, and the |c| add up to at most 28: less than 2^31 while w < 2^26.
    """
    w = p + _CONSTANT_GUARD
    if w > 3 * MAX_INTERNAL_BITS:
        raise TooLarge("a constant is needed to too many bits")
    total = sum(c * _inverse_series(n, w, sign) for c, n in terms)
    return total - (1 << _CONSTANT_GUARD - 1) >> _CONSTANT_GUARD


def _inverse_series(n: int, p: int, sign: int) -> int:
    """The sum over j of sign^j / ((2j+1) n^(2j+1)), n >= 5, with an error of at most p + 2 units.

    Nested floor divisions by integers equal one: each of the at most p / 2 + 1 terms is the floor of the true one. The tail starts below
    one unit and is less than 2.
    """
    power, total, odd, factor = (1 << p) // n, 0, 1, 1
    while power:
        total += factor * (power // odd)
        power //= n * n
        odd += 2
        factor *= sign
    return total


def exp_series(y: int, p: int) -> Bounds:
    """exp(y / 2^p) for |y| <= 2^(p-1): (value, error).

    Each term is T_k = T_(k-1) y / k. Its computed value errs by |y| / k <= 1/4 of the error before and one floor: less than 2 units. The
    term n that is computed as 0 is itself at most 2, and those after it add up to less than 2: the error is at most 2 (n - 1) + 2.
    """
    total = (1 << p) + y
    term, n = y, 1
    while term:
        n += 1
        term = (term * y >> p) // n
        total += term
    return total, 2 * n


def sin_series(y: int, p: int) -> Bounds:
    """sin(y / 2^p) for 0 <= y < 2^p: (value, error).

    Each term is -y^2 / ((n-1) n) times the one before. Its computed value errs by at most 1/6 of the error before, 1/6 for the floor of
    y^2, and one floor: less than 2 units for each of the (n - 1) / 2 terms. The terms alternate and fall: after the one that is computed as
    0, and so is at most 2, they add up to less than 1.
    """
    square = y * y >> p
    total = term = y
    n = 1
    while term:
        n += 2
        term = -((term * square >> p) // (n * n - n))
        total += term
    return total, n


def odd_series(z: int, p: int, sign: int) -> Bounds:
    """atan (sign -1) or atanh (sign 1) of z / 2^p, |z| <= 2^(p-1), by the sum over j of sign^j z^(2j+1) / (2j+1): (value, error).

    A computed power errs by at most 1/4 of the error before, 1/2 for the floor of z^2, and one floor: at most 2 units. So each of the
    (odd - 1) / 2 terms after the first errs by at most 2/3 + 1 < 2. When a power is computed as 0 it is at most 2, and the terms after it
    add up to less than 1.
    """
    if z < 0:
        value, error = odd_series(-z, p, sign)
        return -value, error
    square = z * z >> p
    total = power = z
    odd, factor = 1, 1
    while power:
        power = power * square >> p
        odd += 2
        factor *= sign
        total += factor * (power // odd)
    return total, odd
