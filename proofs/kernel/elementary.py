"""Enclosures of elementary functions at a point: f(x, bits) holds f(x / 2^bits) between its two ends, which are units of 2^-bits.

Each function reduces its argument until a short series is enough, works with guard bits and rounds outward at the end. Results are a few
units wide, or have a relative error of a few units where they are large. `w` and `p` are working precisions; `slack` bounds the error of
a computed value.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

from .series import (
    MAX_MAGNITUDE_BITS,
    Bounds,
    DomainFailure,
    TooLarge,
    exp_series,
    ln2_below,
    odd_series,
    outward,
    pi_below,
    sin_series,
)

MAX_EXP_ARGUMENT = MAX_MAGNITUDE_BITS * 7 // 10
"""exp of more is larger than 2^MAX_MAGNITUDE_BITS, because ln 2 < 7/10."""

_GUARD = 8
"""Guard bits of functions that are composed of a few others."""


def pi(bits: int) -> Bounds:
    """pi."""
    below = pi_below(bits + _GUARD)
    return outward(below, below + 2, _GUARD)


@lru_cache(maxsize=64)
def e(bits: int) -> Bounds:
    """e."""
    return exp(1 << bits, bits)


def exp(x: int, bits: int) -> Bounds:
    """e^x = 2^k (e^(r / 2^s))^(2^s) with x = k ln 2 + r and |r| <= ln(2) / 2."""
    if x == 0:
        return 1 << bits, 1 << bits
    if x <= -bits << bits:  # e^-bits < 2^-bits
        return 0, 1
    if x > MAX_EXP_ARGUMENT << bits:
        raise TooLarge("the result of exp is too large")
    guard = 16 + bits.bit_length() + max(0, x.bit_length() - bits)
    w = bits + guard
    ln2 = ln2_below(w)
    k = ((x << guard + 1) + ln2) // (2 * ln2)
    r = (x << guard) - k * ln2  # true within 2 |k| units
    s = _halvings(bits, w - r.bit_length())
    p = w + s  # r / 2^w halved s times is r / 2^p
    value, error = exp_series(r, p)
    slack = error + 4 * abs(k)  # the derivative of exp is below 2 here
    low, high = value - slack, value + slack
    for _ in range(s):
        low, high = low * low >> p, -(-high * high >> p)
    return outward(low, high, p - bits - k)


def expm1(x: int, bits: int) -> Bounds:
    """e^x - 1."""
    low, high = exp(x, bits)
    one = 1 << bits
    return low - one, high - one


def log(x: int, bits: int) -> Bounds:
    """ln x = 2^s ln(u) + k ln 2 with x = m 2^k, 3/4 <= m < 3/2, u the 2^s-th root of m; and ln u = 2 atanh((u - 1) / (u + 1))."""
    if x <= 0:
        raise DomainFailure("log of a number that is not positive")
    if x == 1 << bits:
        return 0, 0
    size = x.bit_length()
    exponent = size if 4 * x >= 3 << size else size - 1  # m = x / 2^exponent
    k = exponent - bits
    guard = 16 + bits.bit_length() + k.bit_length()
    w = bits + guard
    s = _halvings(bits, exponent - (x - (1 << exponent)).bit_length())
    p = w + s
    u = outward(x, x, exponent - p)[0]
    for _ in range(s):  # u <= true < u + 4, for then the root's error is below 4 / (2 sqrt(1/2)) + 1 < 4
        u = isqrt(u << p)
    z = (u - (1 << p) << p) // (u + (1 << p))
    value, error = odd_series(z, p, 1)
    # 4 units in u are below 4 / (3/4) < 6 in ln u; 1 in z is below 2 in atanh; ln u in units of 2^-p is ln m in units of 2^-w
    slack = 6 + 2 * (2 + error) + 2 * abs(k)
    total = 2 * value + k * ln2_below(w)
    return outward(total - slack, total + slack, guard)


def log1p(x: int, bits: int) -> Bounds:
    """ln(1 + x)."""
    return log(x + (1 << bits), bits)


def sinh(x: int, bits: int) -> Bounds:
    """(e^x - e^-x) / 2."""
    if x < 0:
        return _negated(sinh(-x, bits))
    (low, high), (inverse_low, inverse_high) = _exp_pair(x, bits + _GUARD)
    return outward(low - inverse_high, high - inverse_low, _GUARD + 1)


def cosh(x: int, bits: int) -> Bounds:
    """(e^x + e^-x) / 2."""
    (low, high), (inverse_low, inverse_high) = _exp_pair(abs(x), bits + _GUARD)
    low, high = outward(low + inverse_low, high + inverse_high, _GUARD + 1)
    return max(low, 1 << bits), high


def _exp_pair(x: int, w: int) -> tuple[Bounds, Bounds]:
    """e^x and e^-x in units of 2^-w, for x >= 0 in units of 2^-(w - _GUARD)."""
    low, high = exp(x << _GUARD, w)
    square = 1 << 2 * w
    return (low, high), (square // high, -(-square // low))


def tanh(x: int, bits: int) -> Bounds:
    """-t / (2 + t) with t = e^(-2x) - 1 for x >= 0: falling in t, with a derivative of magnitude at most 2."""
    if x < 0:
        return _negated(tanh(-x, bits))
    w = bits + _GUARD
    low, high = expm1(-x << _GUARD + 1, w)
    two = 2 << w
    return outward((-high << w) // (two + high), -((low << w) // (two + low)), _GUARD)


def atan(x: int, bits: int) -> Bounds:
    """atan x = pi/2 - atan(1/x) for x > 1, and atan t = 2 atan(t / (1 + sqrt(1 + t^2)))."""
    if x < 0:
        return _negated(atan(-x, bits))
    if x == 0:
        return 0, 0
    inverted = x > 1 << bits
    size = x.bit_length() - bits
    s = _halvings(bits, size - 1 if inverted else -size)
    guard = 16 + bits.bit_length()
    w = bits + guard
    p = w + s
    one = 1 << p
    t = (one << bits) // x if inverted else x << p - bits
    # |t - true| <= 2: a halving halves the error (its derivative is at most 1/2); the root's floor raises the quotient by less than 1, its
    # own floor lowers it by less than 1
    for _ in range(s):
        t = (t << p) // (one + isqrt((one << p) + t * t))
    value, error = odd_series(t, p, -1)  # in units of 2^-p that of t, in units of 2^-w that of the start
    slack = error + 2
    if inverted:
        value = pi_below(w - 1) - value  # pi/2 in units of 2^-w
        slack += 2
    return outward(value - slack, value + slack, guard)


def asin(x: int, bits: int) -> Bounds:
    """atan(x / sqrt(1 - x^2)), or pi/2 - acos x where x^2 > 1/2."""
    if x < 0:
        return _negated(asin(-x, bits))
    one = 1 << bits
    if x > one:
        raise DomainFailure("asin of a number beyond 1")
    if 2 * x * x > one * one:
        w = bits + _GUARD
        low, high = acos(x << _GUARD, w)
        half_pi = pi_below(w - 1)
        return outward(half_pi - high, half_pi + 2 - low, _GUARD)
    return _atan_of_root(x * x, one * one - x * x, bits)


def acos(x: int, bits: int) -> Bounds:
    """atan(sqrt(1 - x^2) / x) where x > 0 and x^2 > 1/2, or pi/2 - asin x."""
    one = 1 << bits
    if abs(x) > one:
        raise DomainFailure("acos of a number beyond 1")
    if x > 0 and 2 * x * x > one * one:
        return _atan_of_root(one * one - x * x, x * x, bits)
    w = bits + _GUARD
    low, high = asin(x << _GUARD, w)
    half_pi = pi_below(w - 1)
    return outward(half_pi - high, half_pi + 2 - low, _GUARD)


def _atan_of_root(n: int, d: int, bits: int) -> Bounds:
    """atan(sqrt(n / d)) for 0 <= n <= d: the root of the floor has the floor of the root, and atan's derivative is at most 1."""
    if n == 0:
        return 0, 0
    w = bits + _GUARD
    low, high = atan(isqrt((n << 2 * w) // d), w)
    return outward(low, high + 1, _GUARD)


def sin(x: int, bits: int) -> Bounds:
    """sin x."""
    return sin_cos(x, bits)[0]


def cos(x: int, bits: int) -> Bounds:
    """cos x."""
    return sin_cos(x, bits)[1]


def sin_cos(x: int, bits: int) -> tuple[Bounds, Bounds]:
    """sin x and cos x: x = q pi/2 + r with |r| <= pi/4, and the angle r / 2^s doubled s times."""
    one = 1 << bits
    if x == 0:
        return (0, 0), (one, one)
    s = _halvings(bits, max(0, bits - x.bit_length())) // 2
    w = bits + 16 + bits.bit_length() + max(0, x.bit_length() - bits) + s
    half_pi = pi_below(w - 1)
    q = ((x << w - bits + 1) + half_pi) // (2 * half_pi)
    r = (x << w - bits) - q * half_pi  # true within 2 |q| units
    p = w + s  # r / 2^w halved s times is r / 2^p
    sine, error = sin_series(abs(r), p)
    cosine = isqrt((1 << 2 * p) - sine * sine)
    slack = 2 * (error + 2 * abs(q)) + 1  # the derivative of sqrt(1 - t^2) is below 2 for t < 3/4, then a floor
    for _ in range(s):  # sin 2a = 2 sin a cos a, cos 2a = 1 - 2 sin^2 a, where |sin a| < 3/4: errors grow below fourfold, then a floor
        sine, cosine = sine * cosine >> p - 1, (1 << p) - (sine * sine >> p - 1)
        slack = 4 * slack + 2
    if r < 0:
        sine = -sine
    for _ in range(q & 3):  # a quarter turn
        sine, cosine = cosine, -sine
    return _clamped(outward(sine - slack, sine + slack, p - bits), one), _clamped(outward(cosine - slack, cosine + slack, p - bits), one)


def tan(x: int, bits: int) -> Bounds:
    """sin x / cos x, with more bits where cos x is small."""
    if x == 0:
        return 0, 0
    w = bits + _GUARD
    while True:
        (sin_low, sin_high), (low, high) = sin_cos(x << w - bits, w)
        if low <= 0 <= high:
            w += bits
        elif w < bits + _GUARD + (lost := w - max(abs(low), abs(high)).bit_length()):
            w = bits + _GUARD + lost + 2
        else:
            break
    if low < 0:
        sin_low, sin_high, low, high = -sin_high, -sin_low, -high, -low
    smallest = (sin_low << w) // (high if sin_low >= 0 else low)
    largest = -((-sin_high << w) // (low if sin_high >= 0 else high))
    return outward(smallest, largest, w - bits)


def quarter_turns(x: int, bits: int) -> int:
    """The floor of x / (pi/2), exactly: irrational for x != 0, so that enough bits of pi decide."""
    extra = 16 + max(0, x.bit_length() - bits)
    while x:
        half_pi = pi_below(bits + extra - 1)
        first, second = (x << extra) // half_pi, (x << extra) // (half_pi + 2)
        if first == second:
            return first
        extra *= 2
    return 0


def sqrt(x: int, bits: int) -> Bounds:
    """The square root."""
    if x < 0:
        raise DomainFailure("sqrt of a negative number")
    root = isqrt(x << bits)
    return root, root + (root * root != x << bits)


def power(x: int, n: int, bits: int) -> Bounds:
    """x^n for x >= 0 and n > 0, or x > 0 and n < 0, by squaring; exact where the result and all before it are short enough.

    Every step rounds outward at w bits: n such errors of a result below 1 add up to less than n units of 2^-w; above 1 they are relative.
    """
    if abs(n) > MAX_MAGNITUDE_BITS:
        raise TooLarge("the exponent of a power is too large")
    w = bits + n.bit_length() + _GUARD
    if n < 0:
        high = -(-(1 << bits + w) // x)
        return outward(power((1 << bits + w) // x, -n, w)[0], power(high, -n, w)[1], w - bits)
    if x == 0:
        return 0, 0
    zeros = (x & -x).bit_length() - 1
    x >>= zeros
    scale = places = bits - zeros
    low = high = x
    for digit in bin(n)[3:]:
        low, high, places = low * low, high * high, 2 * places
        if digit == "1":
            low, high, places = low * x, high * x, places + scale
        if places > w:
            (low, high), places = outward(low, high, places - w), w
        if high.bit_length() - places > MAX_MAGNITUDE_BITS:
            raise TooLarge("the result of a power is too large")
    return outward(low, high, places - bits)


def _halvings(bits: int, zeros: int) -> int:
    """How often to halve an argument below 2^-zeros: halvings cost little, and each shortens the series."""
    return max(0, 1 + isqrt(bits) * 2 // 5 - zeros)


def _negated(bounds: Bounds) -> Bounds:
    return -bounds[1], -bounds[0]


def _clamped(bounds: Bounds, one: int) -> Bounds:
    return max(bounds[0], -one), min(bounds[1], one)
