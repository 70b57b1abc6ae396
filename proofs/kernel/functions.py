"""Elementary functions at exact rationals, as closely as a correct rounding needs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from .elementary import MAX_EXP_ARGUMENT
from .fixed import FixedPoint, Interval
from .series import MAX_INTERNAL_BITS
from .series import DomainFailure as DomainFailure
from .series import TooLarge as TooLarge

FUNCTIONS: dict[str, Callable[[FixedPoint, Interval], Interval]] = {
    "sqrt": FixedPoint.sqrt,
    "exp": FixedPoint.exp,
    "expm1": FixedPoint.expm1,
    "log": FixedPoint.log,
    "log1p": FixedPoint.log1p,
    "sin": FixedPoint.sin,
    "cos": FixedPoint.cos,
    "tan": FixedPoint.tan,
    "asin": FixedPoint.asin,
    "acos": FixedPoint.acos,
    "atan": FixedPoint.atan,
    "sinh": FixedPoint.sinh,
    "cosh": FixedPoint.cosh,
    "tanh": FixedPoint.tanh,
}
"""The functions of one argument, by the names that certificates use."""

_AT_ZERO = {"exp": 1, "expm1": 0, "log1p": 0, "sin": 0, "cos": 1, "tan": 0, "asin": 0, "atan": 0, "sinh": 0, "cosh": 1, "tanh": 0}
_AT_ONE = {"log": 0, "acos": 0}


def exact_value(name: str, x: Fraction) -> Fraction | None:
    """f(x) where it is rational, else None: by Lindemann and Weierstrass sqrt is the only one of these functions with more than one such x.

    Raises DomainFailure where f(x) is not defined.
    """
    _demand_domain(name, x)
    if name == "sqrt":
        n, d = isqrt(x.numerator), isqrt(x.denominator)
        return Fraction(n, d) if n * n == x.numerator and d * d == x.denominator else None
    if x == 0 and name in _AT_ZERO:
        return Fraction(_AT_ZERO[name])
    if x == 1 and name in _AT_ONE:
        return Fraction(_AT_ONE[name])
    return None


def enclose_function(name: str, x: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """lo <= f(x) <= hi with hi - lo <= about 2^-bits |f(x)|; lo = hi exactly if f(x) is rational, else lo < f(x) < hi.

    So a rounding that maps all numbers *strictly* between lo and hi to one code is decided, even if lo or hi itself is a tie or a code.
    Raises DomainFailure where f(x) is not defined, TooLarge if that takes more than MAX_INTERNAL_BITS fractional bits (see also `beyond`).
    """
    exact = exact_value(name, x)
    if exact is not None:
        return exact, exact
    if name == "exp" and x < 0:
        lo, hi = enclose_function(name, -x, bits)
        return 1 / hi, 1 / lo
    zeros = x.denominator.bit_length() - x.numerator.bit_length()
    work = bits + 16 + max(0, zeros)
    while work <= MAX_INTERNAL_BITS:
        arithmetic = FixedPoint(work)
        try:
            lower, upper = FUNCTIONS[name](arithmetic, arithmetic.from_fraction(x))
        except DomainFailure:  # of a neighbour of x, which itself is inside
            work *= 2
            continue
        gap, size = upper - lower, min(abs(lower), abs(upper))
        if lower <= 0 <= upper:
            work *= 2
        elif gap << bits > size:
            work += bits + gap.bit_length() - size.bit_length() + 8
        else:
            return arithmetic.to_fractions((lower, upper))
    raise TooLarge(f"{name} needs more than {MAX_INTERNAL_BITS} bits")


def beyond(name: str, x: Fraction) -> int:
    """1 if |f(x)| > 2^MAX_MAGNITUDE_BITS is known, -1 if 0 < |f(x)| < 2^-MAX_MAGNITUDE_BITS is known, else 0.

    It knows this for exp and its kin at the arguments that are too large for `enclose_function`: e^x > 2^(x / 0.7) for x > 0, and
    |sinh x| > e^|x| / 2 - 1.
    """
    if abs(x) <= MAX_EXP_ARGUMENT or name not in ("exp", "expm1", "sinh", "cosh"):
        return 0
    if name in ("sinh", "cosh") or x > 0:
        return 1
    return -1 if name == "exp" else 0


def _demand_domain(name: str, x: Fraction) -> None:
    inside = {"sqrt": x >= 0, "log": x > 0, "log1p": x > -1, "asin": -1 <= x <= 1, "acos": -1 <= x <= 1}
    if not inside.get(name, True):
        raise DomainFailure(f"{name} is not defined at this point")
