"""What Arb (python-flint) and exact rationals say about the kernel's enclosures. Each check raises AssertionError."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from random import Random

from flint import arb, ctx, fmpq

from suffice.proofs.kernel import composed, elementary
from suffice.proofs.kernel.fixed import FixedPoint

NAMES = ("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
COMPOSED = ("exp2", "log2", "log10", "cbrt", "asinh", "acosh", "atanh")
PRECISIONS = (64, 128, 300, 1200)

Bounds = tuple[Fraction, Fraction]
RANGES: dict[str, tuple[Fraction | None, Fraction | None]] = {
    **{name: (Fraction(-1), Fraction(1)) for name in ("sin", "cos", "tanh")},
    "exp": (Fraction(0), None),
    "exp2": (Fraction(0), None),
    "expm1": (Fraction(-1), None),
    "cosh": (Fraction(1), None),
}

PointFunction = Callable[[int, int], tuple[int, int]]


def point_function(name: str) -> PointFunction:
    """The kernel's function on an integer and its fractional bits."""
    found: PointFunction = getattr(composed if name in COMPOSED else elementary, name)
    return found


def arb_ends(name: str, x: Fraction, precision: int) -> Bounds:
    """Arb's own enclosure of f(x), clipped to the range of the function (where it is closer to the end than any precision tells)."""
    with ctx.workprec(precision):
        ball = arb_value(name, arb(fmpq(x.numerator, x.denominator)))
        assert ball.is_finite(), (name, x)
        low, high = RANGES.get(name, (None, None))
        lower, upper = rational_of(ball.lower()), rational_of(ball.upper())
        return (lower if low is None else max(lower, low)), (upper if high is None else min(upper, high))


def arb_value(name: str, x: arb) -> arb:
    """f(x), by formulas where Arb lacks the function."""
    match name:
        case "exp2":
            return (x * arb.const_log2()).exp()
        case "log2":
            return x.log() / arb.const_log2()
        case "log10":
            return x.log() / arb.const_log10()
        case "cbrt":
            return -((-x).root(3)) if x < 0 else x.root(3) if x != 0 else x
    return getattr(x, name)()


def rational_of(end: arb) -> Fraction:
    mantissa, exponent = (int(part) for part in end.man_exp())
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def check_encloses(name: str, x: Fraction, ends: Bounds, units: int) -> None:
    """`ends` enclose f(x) in the eyes of Arb: its ball, narrow enough to tell, lies inside, or around `ends` if they are one number."""
    numerator, denominator = x.numerator.bit_length(), x.denominator.bit_length()
    precision = units + 64 + 2 * abs(numerator - denominator) + min(numerator, denominator)
    lo, hi = ends
    assert lo <= hi, (name, x, units)
    for _ in range(6):
        low, high = arb_ends(name, x, precision)
        assert low <= hi and lo <= high, (name, x, units)
        narrow = (high - low) * 2**40 <= Fraction(1, 2**units) * max(Fraction(1), abs(low))
        if narrow and (lo == hi or (lo <= low and high <= hi)):
            return
        precision *= 2
    raise AssertionError((name, x, units))


def check_point(name: str, x: int, bits: int, widest: int = 4) -> None:
    """The point function encloses f(x / 2^bits), and is at most `widest` units wide, or that far in relative terms above 1."""
    lo, hi = point_function(name)(x, bits)
    unit = 1 << bits
    check_encloses(name, Fraction(x, unit), (Fraction(lo, unit), Fraction(hi, unit)), bits)
    assert hi - lo <= widest + (widest * abs(lo) >> bits), (name, x, bits, hi - lo)


def arguments(name: str, bits: int, count: int, seed: int) -> list[int]:
    """Special arguments of a function and `count` random ones, in units of 2^-bits."""
    rng, one = Random(f"{name} {bits} {seed}"), 1 << bits
    with ctx.workprec(2 * bits + 64):
        half_pi = int((arb.pi() * arb(one) / 2).floor().unique_fmpz())
    special = [0, 1, 2, 3, one, one - 1, one + 1, one // 2, 2 * one, 3 * one, 10 * one, 700 * one, 745 * one, 12345 * one + 1, one // 3]
    special += [one + step * (1 << j) for j in range(0, bits, 7) for step in (1, -1)]
    special += [1 << j for j in range(0, bits + 13, 5)] + [(1 << j) - 1 for j in range(1, bits + 13, 5)]
    special += [k * half_pi + step for k in (1, 2, 3, 4, 5, 7, 1000, 10**6 + 1) for step in (-2, -1, 0, 1, 2, k, k + 1)]
    special += [isqrt(one * one // 2) + step for step in (-1, 0, 1)]
    found = [x for x in [*special, *(-x for x in special)] if _inside(name, x, one)]
    count += len(found)
    while len(found) < count:
        kind = rng.randrange(5)
        if kind == 0:
            x = rng.getrandbits(rng.randint(1, bits + 9))
        elif kind == 1:
            x = rng.randint(0, 2 * one)
        elif kind == 2:
            x = one + rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, bits))
        elif kind == 3:
            x = rng.randint(1, 10**6) * half_pi + rng.getrandbits(rng.randint(1, bits // 2))
        else:
            x = rng.randint(0, 40 * one)
        x *= rng.choice((-1, 1))
        if _inside(name, x, one):
            found.append(x)
    return found


def _inside(name: str, x: int, one: int) -> bool:
    if name in ("exp", "expm1", "sinh", "cosh"):
        return abs(x) <= 20_000 * one
    if name in ("exp2", "acosh"):
        return x >= one if name == "acosh" else abs(x) <= 30_000 * one
    if name in ("log2", "log10", "atanh"):
        return abs(x) < one if name == "atanh" else x > 0
    return {"sqrt": x >= 0, "log": x > 0, "log1p": x > -one, "asin": abs(x) <= one, "acos": abs(x) <= one}.get(name, True)


def interval_function(name: str, arithmetic: FixedPoint) -> Callable[[tuple[int, int]], tuple[int, int]]:
    """The kernel's function on intervals."""
    found: Callable[[tuple[int, int]], tuple[int, int]] = getattr(arithmetic, name)
    return found
