"""Where rounding passes from one code to the next: codes beside a real, and the one code of an interval."""

from __future__ import annotations

from fractions import Fraction

from .formats import NAN, Exact, Float, Format, Int, Value


def boundary_denominator(fmt: Float | Int) -> int:
    """A D such that every real where rounding passes from one code to the next is a multiple of 1/D."""
    if isinstance(fmt, Float):
        return 1 << max(0, fmt.p + 1 - fmt.emin)
    assert fmt.scale is not None
    return 2 * fmt.scale.denominator


def just_above(fmt: Format, r: Fraction) -> Value:
    """The code of the reals immediately above r: no boundary lies in (r, r + step]."""
    return r if isinstance(fmt, Exact) else _beside(fmt, r, 1)


def just_below(fmt: Format, r: Fraction) -> Value:
    """The code of the reals immediately below r."""
    return r if isinstance(fmt, Exact) else _beside(fmt, r, -1)


def _beside(fmt: Float | Int, r: Fraction, side: int) -> Value:
    """The code of r + side / (2 d D) with r = n / d and the D of `boundary_denominator`."""
    twice = 2 * boundary_denominator(fmt)
    return fmt.round_ratio(r.numerator * twice + side, r.denominator * twice)


def code_between(fmt: Format, lo: Fraction, hi: Fraction) -> Value | None:
    """The one code of all reals strictly between lo and hi (of lo itself where lo = hi); None if there are several.

    Rounding is monotone, so equal codes at both ends are the code of everything between, except for NaN, which stands on both sides.
    """
    if lo == hi:
        return fmt.round(lo)
    code = just_above(fmt, lo)
    if code != just_below(fmt, hi) or (code == NAN and lo < 0 < hi):
        return None
    return code
