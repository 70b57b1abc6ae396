"""Lipschitz and curvature constants of layers that hold on all of their domain, where a box gives nothing better. 2-norms unless said.

`curvature` is half the sup of the second derivative's norm (THEORY section 5). All are upper bounds; decimals are rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from suffice.errors import InputError

THEORY = "THEORY section 5"
TURNING = "value at the turning point (functions.py)"


@dataclass(frozen=True, slots=True)
class Sharp:
    """`curvature` is None for a function with a kink: nothing bounds it there."""

    lipschitz: Fraction
    curvature: Fraction | None
    source: str


ELEMENTWISE = {
    "relu": Sharp(Fraction(1), None, "slopes 0 and 1"),
    "sigmoid": Sharp(Fraction(1, 4), Fraction("0.0481125225"), THEORY),
    "tanh": Sharp(Fraction(1), Fraction("0.3849001795"), THEORY),
    "erf": Sharp(Fraction("1.128379168"), Fraction("0.4839414491"), TURNING),
    "softplus": Sharp(Fraction(1), Fraction(1, 8), "its derivative is the sigmoid"),
    "silu": Sharp(Fraction("1.0998393202"), Fraction(1, 4), THEORY),
    "gelu": Sharp(Fraction("1.1289041452"), Fraction("0.3989422805"), THEORY),
    "gelu_tanh": Sharp(Fraction("1.1289930687"), Fraction("0.3989422805"), TURNING),
}
"""Activation functions on the whole line."""

SOFTMAX_NORMS = {
    ("2", "2"): Fraction(1, 2),
    ("inf", "inf"): Fraction(1, 2),
    ("inf", "1"): Fraction(1),
    ("inf", "2"): Fraction("0.7071067812"),
}
"""The largest norm of softmax's Jacobian, from one norm to another, for any length."""


def softmax() -> Sharp:
    """For any length. The curvature is the proved bound sqrt(2)/4, not the sup 1/(3 sqrt 6) that was found numerically."""
    return Sharp(SOFTMAX_NORMS["2", "2"], Fraction("0.3535533906"), THEORY)


def log_softmax(length: int) -> Sharp:
    """sqrt(n) and sqrt(n)/4: n copies of the log-sum-exp, whose constants are 1 and 1/4."""
    root = root_above(Fraction(_positive(length)))
    return Sharp(root, root / 4, THEORY)


def layer_norm(length: int, eps: Fraction, least_variance: Fraction = Fraction(0)) -> Sharp:
    """1 / sqrt(v + eps), and the lesser of 24 / (25 sqrt5 sqrt(n) eps) and 1 / (sqrt3 sqrt(n) v), where the variance is at least v.

    Raises InputError unless v + eps > 0. It holds for rms_norm with the mean square in place of the variance: layer_norm is rms_norm of
    x - mean(x), whose second derivative depends on |x| alone from two dimensions on.
    """
    if eps < 0 or least_variance < 0 or eps + least_variance == 0:
        raise InputError("a normalisation needs eps >= 0 and a variance >= 0, not both 0", mend="give a positive eps")
    bounds = []
    if eps > 0:
        bounds.append(Fraction(24, 25) / (root_below(Fraction(5 * _positive(length))) * eps))
    if least_variance > 0:
        bounds.append(1 / (root_below(Fraction(3 * _positive(length))) * least_variance))
    return Sharp(1 / root_below(least_variance + eps), min(bounds), "THEORY section 5; HARDWARE, sharp facts")


def softmax_shift(largest: Fraction) -> Fraction:
    """|softmax(x + d) - softmax(x)|_1 <= 2 tanh(|d|_inf / 2), which is at most min(|d|_inf, 2) and less than either."""
    return 2 * tanh_above(largest / 2)


def attention_shift(spread: Fraction, largest: Fraction) -> Fraction:
    """An attention output moves by at most (max v - min v) tanh(|d|_inf / 2) when its scores move by d."""
    return spread * tanh_above(largest / 2)


def tanh_above(x: Fraction) -> Fraction:
    """An upper bound of tanh(x), x >= 0: tanh(x) = x / (1 + x^2 / (3 + x^2 / (5 + ...))), cut where that can only make it larger, and 1."""
    tail = Fraction(2 * DEPTH + 1)
    for odd in range(2 * DEPTH - 1, 0, -2):
        tail = odd + x * x / tail
    return min(x / tail, Fraction(1))


DEPTH = 10
"""Steps of the continued fraction, an even number: it ends in a denominator that is too small."""


def root_below(value: Fraction) -> Fraction:
    """A rational not above the square root, within 2^-60 of it in relation."""
    shift = max(0, 66 + (value.denominator.bit_length() - value.numerator.bit_length()) // 2)
    scale = 1 << (2 * shift)
    return Fraction(isqrt(value.numerator * scale // value.denominator), 1 << shift)


def root_above(value: Fraction) -> Fraction:
    """A rational not below the square root, within 2^-60 of it in relation."""
    return value / root_below(value)


def _positive(length: int) -> int:
    if length < 1:
        raise InputError(f"a layer of length {length}", mend="give at least 1")
    return length
