"""Derivatives of elementary functions over intervals, by the rules of calculus. Values that are known are passed on, not computed again."""

from __future__ import annotations

from fractions import Fraction

from .fixed import FixedPoint, Interval

Jet = tuple[Interval, Interval, Interval]
"""Value, first and second derivative along one input."""


def derivative(fixed: FixedPoint, op: str, a: Interval, value: Interval) -> Interval:
    """f'(a) with f(a) in `value`."""
    one = fixed.from_fraction(Fraction(1))
    match op:
        case "sqrt":
            return fixed.div(one, fixed.add(value, value))
        case "cbrt":
            square = fixed.power(value, 2)
            return fixed.div(one, fixed.add(fixed.add(square, square), square))
        case "exp":
            return value
        case "expm1":
            return fixed.exp(a)
        case "exp2":
            return fixed.mul(value, fixed.ln2())
        case "log":
            return fixed.div(one, a)
        case "log1p":
            return fixed.div(one, fixed.add(one, a))
        case "log2" | "log10":
            return fixed.div(one, fixed.mul(a, fixed.ln2() if op == "log2" else fixed.ln10()))
        case "sin":
            return fixed.cos(a)
        case "cos":
            return fixed.neg(fixed.sin(a))
        case "tan":
            return fixed.add(one, fixed.power(value, 2))
        case "asin":
            return fixed.div(one, fixed.sqrt(fixed.sub(one, fixed.power(a, 2))))
        case "acos":
            return fixed.neg(derivative(fixed, "asin", a, value))
        case "atan":
            return fixed.div(one, fixed.add(one, fixed.power(a, 2)))
        case "sinh":
            return fixed.cosh(a)
        case "cosh":
            return fixed.sinh(a)
        case "tanh":
            return fixed.sub(one, fixed.power(value, 2))
        case "asinh":
            return fixed.div(one, fixed.sqrt(fixed.add(fixed.power(a, 2), one)))
        case "acosh":
            return fixed.div(one, fixed.sqrt(fixed.sub(fixed.power(a, 2), one)))
        case "atanh":
            return fixed.div(one, fixed.sub(one, fixed.power(a, 2)))
    raise AssertionError(op)


def second_derivative(fixed: FixedPoint, op: str, a: Interval, value: Interval, first: Interval) -> Interval:
    """f''(a) with f(a) in `value` and f'(a) in `first`."""
    match op:
        case "sqrt":
            return fixed.neg(fixed.div(first, fixed.add(a, a)))
        case "cbrt":
            twice = fixed.add(first, first)
            return fixed.neg(fixed.div(twice, fixed.add(fixed.add(a, a), a)))
        case "exp" | "expm1":
            return first
        case "exp2":
            return fixed.mul(first, fixed.ln2())
        case "log" | "log1p":
            return fixed.neg(fixed.power(first, 2))
        case "log2" | "log10":
            return fixed.neg(fixed.div(first, a))
        case "sin" | "cos":
            return fixed.neg(value)
        case "tan":
            return _twice(fixed, fixed.mul(value, first))
        case "asin" | "acos":
            return fixed.mul(a, fixed.power(first, 3))
        case "atan":
            return fixed.neg(_twice(fixed, fixed.mul(a, fixed.power(first, 2))))
        case "sinh" | "cosh":
            return value
        case "tanh":
            return fixed.neg(_twice(fixed, fixed.mul(value, first)))
        case "asinh" | "acosh":
            return fixed.neg(fixed.mul(a, fixed.power(first, 3)))
        case "atanh":
            return _twice(fixed, fixed.mul(a, fixed.power(first, 2)))
    raise AssertionError(op)


def _twice(fixed: FixedPoint, a: Interval) -> Interval:
    return fixed.add(a, a)


def partials(fixed: FixedPoint, op: str, a: Interval, b: Interval, value: Interval) -> list[Interval]:
    """The partial derivatives of f(a, b), in `value`; those of hypot, which has a kink at the origin, within [-1, 1]."""
    match op:
        case "hypot":
            return [_share(fixed, a, value), _share(fixed, b, value)]
        case "atan2":
            square = fixed.add(fixed.power(a, 2), fixed.power(b, 2))
            return [fixed.div(b, square), fixed.neg(fixed.div(a, square))]
        case "powr":
            one = fixed.from_fraction(Fraction(1))
            return [fixed.mul(b, fixed.powr(a, fixed.sub(b, one))), fixed.mul(value, fixed.log(a))]
    raise AssertionError(op)


def _share(fixed: FixedPoint, a: Interval, length: Interval) -> Interval:
    """a / hypot(a, b): of magnitude at most 1, and of the sign of a."""
    one = 1 << fixed.bits
    lo, hi = fixed.div(a, length) if length[0] > 0 else (-one, one)
    least = 0 if a[0] >= 0 else -one
    largest = 0 if a[1] <= 0 else one
    return min(max(lo, least), largest), max(min(hi, largest), least)


def pair_jet(fixed: FixedPoint, op: str, u: Jet, v: Jet, value: Interval) -> Jet:
    """f(u, v) in `value`, and its derivatives along the input of u and v; DomainFailure at the kink of hypot.

    h = hypot: h h' = u u' + v v', h h'' = u'^2 + u u'' + v'^2 + v v'' - h'^2. With r = u^2 + v^2 and n = v u' - u v' (u above v):
    atan2' = n / r, atan2'' = (n' - atan2' r') / r. p = u^v = e^g, g = v ln u: p' = p g', p'' = p (g'^2 + g'').
    """
    add, sub, mul, div, power = fixed.add, fixed.sub, fixed.mul, fixed.div, fixed.power
    inner = add(mul(u[0], u[1]), mul(v[0], v[1]))
    match op:
        case "hypot":
            first = div(inner, value)
            bend = add(add(power(u[1], 2), mul(u[0], u[2])), add(power(v[1], 2), mul(v[0], v[2])))
            return value, first, div(sub(bend, power(first, 2)), value)
        case "atan2":
            square = add(power(u[0], 2), power(v[0], 2))
            first = div(sub(mul(v[0], u[1]), mul(u[0], v[1])), square)
            turn = sub(mul(v[0], u[2]), mul(u[0], v[2]))
            return value, first, div(sub(turn, mul(first, _twice(fixed, inner))), square)
        case "powr":
            log = fixed.log(u[0])
            rate = div(u[1], u[0])
            bend = sub(div(u[2], u[0]), power(rate, 2))
            slope = add(mul(v[1], log), mul(v[0], rate))
            turn = add(add(mul(v[2], log), _twice(fixed, mul(v[1], rate))), mul(v[0], bend))
            return value, mul(value, slope), mul(value, add(power(slope, 2), turn))
    raise AssertionError(op)
