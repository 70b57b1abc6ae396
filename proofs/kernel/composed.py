"""Enclosures at a point, as those of elementary.py, of functions that come down to exp, log, atan and roots.

Arguments are in units of 2^-bits and a result is [lo, hi] in the same units. `w` is a working precision with guard bits, to which an
argument is shifted exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isqrt

from .elementary import atan, exp, log, power
from .series import MAX_MAGNITUDE_BITS, Bounds, DomainFailure, TooLarge, ln2_below, outward, pi_below

_GUARD = 12

_MAX_INTEGER = 1_000
"""Integer exponents beyond go through exp and log."""


@lru_cache(maxsize=64)
def ln2(bits: int) -> Bounds:
    """ln 2."""
    below = ln2_below(bits + _GUARD)
    return outward(below, below + 2, _GUARD)


@lru_cache(maxsize=64)
def ln10(bits: int) -> Bounds:
    """ln 10."""
    return log(10 << bits, bits)


def exp2(x: int, bits: int) -> Bounds:
    """2^x = e^(r ln 2) 2^k with x = k + r and |r| <= 1/2, where the derivative of exp is below 2."""
    one = 1 << bits
    k = x + (one >> 1) >> bits
    if k < -bits - 1:  # 2^x <= 2^(k + 1/2) < 2^-bits
        return 0, 1
    if k > MAX_MAGNITUDE_BITS:
        raise TooLarge("the result of exp2 is too large")
    r = x - (k << bits)
    w = bits + _GUARD
    if r == 0:
        return outward(one, one, -k)
    below = ln2_below(w)
    first, second = r * below, r * (below + 2)
    low, high = outward(min(first, second), max(first, second), bits)
    value, above = exp(low, w)
    return outward(value, above + 2 * (high - low), _GUARD - k)


def log2(x: int, bits: int) -> Bounds:
    """ln x / ln 2; exact at powers of two."""
    if x <= 0:
        raise DomainFailure("log2 of a number that is not positive")
    if x & (x - 1) == 0:
        k = x.bit_length() - 1 - bits << bits
        return k, k
    return _scaled_log(x, bits, ln2)


def log10(x: int, bits: int) -> Bounds:
    """ln x / ln 10; exact at 1, 10, 100, ..."""
    if x <= 0:
        raise DomainFailure("log10 of a number that is not positive")
    k = round(max(0, x.bit_length() - bits - 1) * 0.30103)
    if x == 10**k << bits:
        return k << bits, k << bits
    return _scaled_log(x, bits, ln10)


def _scaled_log(x: int, bits: int, base: Callable[[int], Bounds]) -> Bounds:
    """ln x / b for a constant b > 1/2: guard bits make up for the size of ln x, which an error of b multiplies."""
    w = bits + _GUARD + max(x.bit_length(), bits).bit_length()
    low, high = log(x << w - bits, w)
    least, largest = base(w)
    low = (low << w) // (largest if low >= 0 else least)
    high = -((-high << w) // (least if high >= 0 else largest))
    return outward(low, high, w - bits)


def cbrt(x: int, bits: int) -> Bounds:
    """The cube root; exact where it fits."""
    if x < 0:
        low, high = cbrt(-x, bits)
        return -high, -low
    cube = x << 2 * bits
    root = integer_root(cube, 3)
    return root, root + (root**3 != cube)


def integer_root(n: int, k: int) -> int:
    """The floor of the k-th root of n >= 0: bit by bit where it is short, else Newton's iteration, which falls to it from above."""
    if k == 2:
        return isqrt(n)
    length = -(-n.bit_length() // k)
    if length <= 2 * k.bit_length() + 4:
        root = 0
        for bit in range(length - 1, -1, -1):
            if (root | 1 << bit) ** k <= n:
                root |= 1 << bit
        return root
    half = length // 2
    root = integer_root(n >> k * half, k) + 1 << half
    while (smaller := ((k - 1) * root + n // root ** (k - 1)) // k) < root:
        root = smaller
    return root


def asinh(x: int, bits: int) -> Bounds:
    """log(x + sqrt(x^2 + 1)) for x > 0, where the derivative of log is below 1 and the root's floor loses less than a unit."""
    if x < 0:
        low, high = asinh(-x, bits)
        return -high, -low
    if x == 0:
        return 0, 0
    w = bits + _GUARD
    x <<= _GUARD
    low, high = log(x + isqrt(x * x + (1 << 2 * w)), w)
    return outward(low, high + 1, _GUARD)


def acosh(x: int, bits: int) -> Bounds:
    """log(x + sqrt(x^2 - 1)) for x > 1, of a number above 1 too."""
    one = 1 << bits
    if x < one:
        raise DomainFailure("acosh of a number below 1")
    if x == one:
        return 0, 0
    w = bits + _GUARD
    x <<= _GUARD
    low, high = log(x + isqrt(x * x - (1 << 2 * w)), w)
    return outward(low, high + 1, _GUARD)


def atanh(x: int, bits: int) -> Bounds:
    """log((1 + x) / (1 - x)) / 2 for x > 0: the quotient is above 1, where the derivative of log is below 1."""
    if x < 0:
        low, high = atanh(-x, bits)
        return -high, -low
    one = 1 << bits
    if x >= one:
        raise DomainFailure("atanh of a number not between -1 and 1")
    if x == 0:
        return 0, 0
    w = bits + _GUARD
    low, high = log((one + x << w) // (one - x), w)
    return outward(low, high + 1, _GUARD + 1)


def hypot(x: int, y: int) -> Bounds:
    """sqrt(x^2 + y^2), in the units of x and y; exact where it fits."""
    square = x * x + y * y
    root = isqrt(square)
    return root, root + (root * root != square)


def atan2(y: int, x: int, bits: int) -> Bounds:
    """The angle of the point (x, y), which is not on the cut y = 0 >= x: by symmetries from atan of a quotient in [0, 1]."""
    if y < 0:
        low, high = atan2(-y, x, bits)
        return -high, -low
    if y == 0:
        if x <= 0:
            raise DomainFailure("atan2 on its cut, y = 0 and x <= 0")
        return 0, 0
    size = abs(x)
    w = bits + _GUARD
    if size >= y:
        low, high = atan((y << w) // size, w)  # the floor loses less than a unit, and the derivative of atan is at most 1
        high += 1
        if x < 0:
            pi = pi_below(w)
            low, high = pi - high, pi + 2 - low
        return outward(low, high, _GUARD)
    low, high = atan((size << w) // y, w)
    high += 1
    if x >= 0:
        low, high = -high, -low
    half_pi = pi_below(w - 1)
    return outward(half_pi + low, half_pi + 2 + high, _GUARD)


def powr(x: int, y: int, bits: int) -> Bounds:
    """x^y = e^(y ln x) for x > 0, an integer power where roots of x and doublings of y lead to one: exact where that is.

    Its relative error is that of y ln x, so |y| adds guard bits.
    """
    if x <= 0:
        raise DomainFailure("a real power of a number that is not positive")
    one = 1 << bits
    if x == one or y == 0:
        return one, one
    base, exponent = x, y
    while exponent & one - 1 and (root := isqrt(base << bits)) ** 2 == base << bits:
        base, exponent = root, 2 * exponent
    if exponent & one - 1 == 0 and abs(exponent) <= _MAX_INTEGER << bits:
        return power(base, exponent >> bits, bits)
    length = max(0, y.bit_length() - bits)
    if length > bits + 20:  # |ln x| > 2^-(bits + 1), so |y ln x| > 2^17 > MAX_EXP_ARGUMENT
        if (x > one) == (y > 0):
            raise TooLarge("the result of a power is too large")
        return 0, 1
    w = bits + _GUARD + length
    low, high = log(x << w - bits, w)
    first, second = low * y, high * y
    low, high = outward(min(first, second), max(first, second), bits)
    return outward(exp(low, w)[0], exp(high, w)[1], w - bits)
