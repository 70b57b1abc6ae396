"""Elementary functions at exact rationals, as closely as a correct rounding needs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from .composed import integer_root
from .elementary import MAX_EXP_ARGUMENT
from .fixed import FixedPoint, Interval
from .formats import power_of_two
from .series import MAX_INTERNAL_BITS, MAX_MAGNITUDE_BITS
from .series import DomainFailure as DomainFailure
from .series import TooLarge as TooLarge
from .values import DOMAINS

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
    "exp2": FixedPoint.exp2,
    "log2": FixedPoint.log2,
    "log10": FixedPoint.log10,
    "cbrt": FixedPoint.cbrt,
    "asinh": FixedPoint.asinh,
    "acosh": FixedPoint.acosh,
    "atanh": FixedPoint.atanh,
}
"""The functions of one argument, by the names that certificates use."""

_AT_ZERO = {
    "exp": 1, "expm1": 0, "log1p": 0, "sin": 0, "cos": 1, "tan": 0, "asin": 0, "atan": 0, "sinh": 0, "cosh": 1, "tanh": 0, "asinh": 0,
    "atanh": 0,
}  # fmt: skip
_AT_ONE = {"log": 0, "acos": 0, "acosh": 0}


def exact_value(name: str, x: Fraction) -> Fraction | None:
    """f(x) where it is rational, else None (or 2^x > 2^MAX_MAGNITUDE_BITS, see `beyond`). Raises DomainFailure where f is not defined.

    By Lindemann and Weierstrass all but five functions have a single such x: a logarithm, an angle or an area that is algebraic and not 0
    has a transcendental exp, and so algebraic functions of it are transcendental too. Roots are rational at powers of rationals. If
    2^(n/k) = x or 10^(n/k) = x in lowest terms, then k divides n times the exponent 1 of the prime 2 in the base, so k = 1: exp2 is
    rational at integers, log2 and log10 at whole powers of their bases.
    """
    _demand_domain(name, x)
    if name in _ROOTS:
        k = _ROOTS[name]
        n, d = integer_root(abs(x.numerator), k), integer_root(x.denominator, k)
        found = n**k == abs(x.numerator) and d**k == x.denominator
        return Fraction(n if x >= 0 else -n, d) if found else None
    if name == "exp2":
        return power_of_two(x.numerator) if x.denominator == 1 and abs(x) <= MAX_MAGNITUDE_BITS else None
    if name in _BASES:
        return _whole_log(_BASES[name], x)
    if x == 0 and name in _AT_ZERO:
        return Fraction(_AT_ZERO[name])
    if x == 1 and name in _AT_ONE:
        return Fraction(_AT_ONE[name])
    return None


_ROOTS = {"sqrt": 2, "cbrt": 3}
_BASES = {"log2": 2, "log10": 10}


def _whole_log(base: int, x: Fraction) -> Fraction | None:
    """The integer k with base^k = x, if there is one: the number of bits tells which."""
    if min(x.numerator, x.denominator) != 1:
        return None
    bits = max(x.numerator, x.denominator).bit_length() - 1
    k = bits if base == 2 else round(bits * 0.30103)
    if max(x.numerator, x.denominator) != base**k:
        return None
    return Fraction(k if x >= 1 else -k)


def enclose_function(name: str, x: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """lo <= f(x) <= hi with hi - lo <= about 2^-bits |f(x)|; lo = hi exactly if f(x) is rational, else lo < f(x) < hi.

    So a rounding that maps all numbers *strictly* between lo and hi to one code is decided, even if lo or hi itself is a tie or a code.
    Raises DomainFailure where f(x) is not defined, TooLarge if that takes more than MAX_INTERNAL_BITS fractional bits (see also `beyond`).
    """
    exact = exact_value(name, x)
    if exact is not None:
        return exact, exact
    if name in ("exp", "exp2") and x < 0:
        lo, hi = enclose_function(name, -x, bits)
        return 1 / hi, 1 / lo

    def enclose(arithmetic: FixedPoint) -> Interval:
        return FUNCTIONS[name](arithmetic, arithmetic.from_fraction(x))

    return refine(name, enclose, bits, x.denominator.bit_length() - x.numerator.bit_length())


def refine(name: str, enclose: Callable[[FixedPoint], Interval], bits: int, zeros: int) -> tuple[Fraction, Fraction]:
    """An enclosure by fixed point that is narrow relative to an irrational result; `zeros` are the zeros before the argument's first bit.

    Raises TooLarge if that takes more than MAX_INTERNAL_BITS fractional bits.
    """
    work = bits + 16 + max(0, zeros)
    while work <= MAX_INTERNAL_BITS:
        arithmetic = FixedPoint(work)
        try:
            lower, upper = enclose(arithmetic)
        except DomainFailure:  # of a neighbour of the argument, which itself is inside
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
    if name == "exp2":
        return 0 if abs(x) <= MAX_MAGNITUDE_BITS else 1 if x > 0 else -1
    if abs(x) <= MAX_EXP_ARGUMENT or name not in ("exp", "expm1", "sinh", "cosh"):
        return 0
    if name in ("sinh", "cosh") or x > 0:
        return 1
    return -1 if name == "exp" else 0


def _demand_domain(name: str, x: Fraction) -> None:
    if name in DOMAINS and not DOMAINS[name](x):
        raise DomainFailure(f"{name} is not defined at this point")
