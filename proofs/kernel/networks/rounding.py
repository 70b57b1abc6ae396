"""Rounding of dyadic numbers n / 2^places, and bounds of rounding errors, in integers (docs/networks.md, "Local errors")."""

from __future__ import annotations

from fractions import Fraction

from ..failures import LeafFailure
from ..fixed import FixedPoint
from ..formats import Exact, Float, Format, Int, round_integer
from .arrays import Exact as Dyadic
from .arrays import demand_bits
from .graph import Node


def places_for(fmt: Format, places: int) -> int:
    """A scale at which every number that n / 2^places rounds to is whole."""
    if isinstance(fmt, Float):
        return max(places, fmt.p - 1 - fmt.emax)
    if isinstance(fmt, Int) and fmt.scale is not None:
        return max(places, fmt.scale.denominator.bit_length() - 1)
    return places


def round_dyadic(fmt: Format, n: int, places: int) -> int | None:
    """n / 2^places rounded, in units of 2^-places (`places_for` says which are enough); None: not finite. Negative zero is 0."""
    if isinstance(fmt, Float):
        return _round_float(fmt, n, places)
    if isinstance(fmt, Exact):
        return n
    assert fmt.scale is not None
    assert fmt.zero is not None
    q = round_integer(n * fmt.scale.denominator, fmt.scale.numerator << places, fmt.rounding) + fmt.zero
    code = min(max(q, fmt.qmin), fmt.qmax) - fmt.zero
    return (code * fmt.scale.numerator << places) // fmt.scale.denominator


def _round_float(fmt: Float, n: int, places: int) -> int | None:
    """At places >= p - 1 - emax; a spacing below one unit leaves n as it is."""
    if n == 0:
        return 0
    size = n.bit_length() if n > 0 else (-n).bit_length()
    exponent = size - 1 - places
    shift = max(exponent, fmt.emin) - fmt.p + 1 + places
    if shift > 0:
        n = round_integer(n, 1 << shift, fmt.rounding) << shift
    magnitude = abs(n)
    if fmt.subnormals == "flushed" and magnitude and magnitude.bit_length() - 1 - places < fmt.emin:
        return 0
    if exponent + 1 >= fmt.emax and magnitude > 0:
        largest = _scaled(fmt.max_finite, places)
        if magnitude > largest:
            rounding = fmt.rounding
            inward = rounding == "toward_zero" or rounding == ("down" if n > 0 else "up")
            if not inward and fmt.overflow != "saturate":
                return None
            return largest if n > 0 else -largest
    return n


def _scaled(number: Fraction, places: int) -> int:
    return (number.numerator << places) // number.denominator


def is_plain(fmt: Format) -> bool:
    """Whether `round_plainly` may round to the format."""
    return isinstance(fmt, Float) and fmt.rounding == "nearest_even" and fmt.subnormals == "kept"


def round_plainly(fmt: Float, n: int, places: int) -> int:
    """n / 2^places rounded as if exponents had no upper end: a carry out of the half unit, or of just less where the kept part is even."""
    shift = max((n.bit_length() if n >= 0 else (-n).bit_length()) - 1 - places, fmt.emin) - fmt.p + 1 + places
    return n if shift <= 0 else n + (1 << shift - 1) - 1 + (n >> shift & 1) >> shift << shift


def _round_plain_array(fmt: Float, array: Dyadic, places: int) -> Dyadic | None:
    """None where a number may overflow."""
    rounded = [round_plainly(fmt, n, places) for n in array.at(places)]
    return None if max(max(rounded), -min(rounded)) > _scaled(fmt.max_finite, places) else Dyadic(rounded, places)


def round_array(fmt: Format, array: Dyadic, where: str) -> Dyadic:
    """Every number of an array rounded. Raises LeafFailure where one is not finite."""
    places = places_for(fmt, array.places)
    demand_bits(len(array.numbers), places, where)
    if isinstance(fmt, Float) and is_plain(fmt):
        plain = _round_plain_array(fmt, array, places)
        if plain is not None:
            return plain
    rounded = []
    for n in array.at(places):
        result = round_dyadic(fmt, n, places)
        if result is None:
            raise LeafFailure(f"a constant of {where} overflows")
        rounded.append(result)
    return Dyadic(rounded, places)


def half(fmt: Format, lo: int, hi: int, places: int) -> int | None:
    """A bound of |fl(r) - r| over lo / 2^places <= r <= hi / 2^places, in the same units, rounded up; None where it may overflow."""
    m = max(hi, -lo)
    if m <= 0 and not isinstance(fmt, Int):
        return 0
    if isinstance(fmt, Exact):
        return 0
    if isinstance(fmt, Float):
        return _half_float(fmt, m, places)
    assert fmt.scale is not None
    assert fmt.zero is not None
    step = _up(fmt.scale, places)
    if fmt.rounding in ("nearest_even", "nearest_away"):
        step = min(_up(fmt.scale / 2, places), m)
    top = _scaled(fmt.scale * (fmt.qmax - fmt.zero), places)
    bottom = _up(fmt.scale * (fmt.qmin - fmt.zero), places)
    return max(step, hi - top, bottom - lo, 0)


def _half_float(fmt: Float, m: int, places: int) -> int | None:
    exponent = (m - 1).bit_length() - places - 1
    spacing = max(exponent, fmt.emin) - fmt.p + 1
    nearest = fmt.is_nearest
    if not nearest:
        spacing = max(m.bit_length() - 1 - places, fmt.emin) - fmt.p + 1
    bound = power_up(spacing - nearest, places)
    if nearest:
        bound = min(bound, m)
    if fmt.subnormals == "flushed":
        bound = max(bound, min(m, power_up(fmt.emin, places)))
    if m << 0 > _scaled(fmt.max_finite, places):
        return max(bound, m - _scaled(fmt.max_finite, places)) if fmt.overflow == "saturate" else None
    return bound


def power_up(exponent: int, places: int) -> int:
    """2^exponent, rounded up."""
    return 1 << exponent + places if exponent + places >= 0 else 1


def _up(number: Fraction, places: int) -> int:
    return -((-number.numerator << places) // number.denominator)


def round_span(fmt: Format, lo: int, hi: int, places: int) -> tuple[int, int] | None:
    """An interval that holds what the numbers of [lo, hi] / 2^places round to; None where one may not be finite."""
    if isinstance(fmt, Exact):
        return lo, hi
    fine = places_for(fmt, places)
    shift = fine - places
    low, high = round_dyadic(fmt, lo << shift, fine), round_dyadic(fmt, hi << shift, fine)
    if low is None or high is None:
        return None
    return low >> shift, -(-high >> shift)


def exceeds(fmt: Format, m: int, places: int) -> bool:
    """Whether m is beyond the largest number, whatever the format does there."""
    return isinstance(fmt, Float) and m > _scaled(fmt.max_finite, places)


def demand_within(fmt: Format, m: int, fixed: FixedPoint, node: Node) -> None:
    """Numbers up to m neither overflow nor saturate: the error of each is at most u |r| + eta."""
    if exceeds(fmt, m, fixed.bits):
        raise LeafFailure(f"{node.op} {node.name!a} may overflow")


def rounding_error(fmt: Format, lo: int, hi: int, fixed: FixedPoint, node: Node) -> int:
    """`half`, where overflow is a failure."""
    error = half(fmt, lo, hi, fixed.bits)
    if error is None:
        raise LeafFailure(f"{node.op} {node.name!a} may overflow")
    return error


def function_error(fmt: Format, lo: int, hi: int, ulps: int, fixed: FixedPoint, node: Node) -> int:
    """Of a function within `ulps` units in the last place of its correctly rounded value, which is at most m + half(m)."""
    error = rounding_error(fmt, lo, hi, fixed, node)
    if not ulps or not isinstance(fmt, Float):
        return error
    exponent = (max(hi, -lo) + error).bit_length() - 1 - fixed.bits
    return error + ulps * power_up(max(exponent, fmt.emin) - fmt.p + 1, fixed.bits)


def units(fmt: Format, places: int) -> tuple[int, int]:
    """u and eta of |fl(r) - r| <= u |r| + eta, rounded up."""
    if not isinstance(fmt, Float):
        return 0, 0
    directed = 0 if fmt.is_nearest else 1
    eta = fmt.emin if fmt.subnormals == "flushed" else fmt.emin - fmt.p + directed
    return power_up(directed - fmt.p, places), power_up(eta, places)
