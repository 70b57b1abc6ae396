"""What is known of a chain without any of the code under test: no derivative, no enclosure and no substitution of ours takes part.

Arb's power series carry x + t v through the layers, for points and for small boxes; mpmath takes divided differences of values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import mpmath
from flint import arb, arb_series, ctx, fmpq

from suffice.encodings.enclosures.composition import Layer
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval
from tests.encodings.chains import Chain, Run, Vector

BITS = 256
"""Of Arb's power series."""

DIGITS = (90, 180)
"""Of mpmath's values."""

SMALLEST_EXPONENT = -(1 << 13)
"""Of numbers that are written out: exp(-x^2) after x^3 after x^3 is a power of 2 with an exponent of eleven digits."""

TINY = Fraction(1, 1 << -SMALLEST_EXPONENT)
"""What is smaller counts as 0, give or take so much."""

Sizes = tuple[Fraction, Fraction]
"""Lower bounds of L and of kappa in 2-norms, both squared."""

Claim = tuple[Fraction | None, Fraction | None]
"""An alleged upper bound of L and one of kappa; None claims nothing."""


class NoSeriesError(Exception):
    """A kink, or a value out of Arb's reach."""


def series(layers: Sequence[Layer], point: Sequence[Interval], direction: Vector) -> list[Any]:
    """F(x + t v) to second order in t for all x of a box, one power series for every output; raises NoSeriesError."""
    ctx.prec, ctx.cap = BITS, 3
    values = [arb_series([ball(side), ball(Interval(v, v))], prec=3) for side, v in zip(point, direction, strict=True)]
    for layer in layers:
        values = [_series_of(output, dict(zip(layer.inputs, values, strict=True))) for output in layer.outputs]
    return values


def ball(side: Interval) -> Any:
    """A ball that holds the interval."""
    lo, hi = (arb(fmpq(end.numerator, end.denominator)) for end in (side.lo, side.hi))
    return lo if side.lo == side.hi else lo.union(hi)


def _series_of(expression: Expression, inputs: dict[str, Any]) -> Any:
    values: list[Any] = []
    for node in expression.nodes:
        values.append(_series_step(node, [values[a] for a in node.args], inputs))
    return values[-1]


def _series_step(node: Node, args: list[Any], inputs: dict[str, Any]) -> Any:
    match node.op, args:
        case Op.VAR, _:
            return inputs[str(node.payload)]
        case Op.CONST, _:
            assert isinstance(node.payload, Fraction)
            return arb_series([ball(Interval(node.payload, node.payload))], prec=3)
        case Op.ADD, [a, b]:
            return a + b
        case Op.SUB, [a, b]:
            return a - b
        case Op.MUL, [a, b]:
            return a * b
        case Op.DIV, [a, b]:
            return _defined(a * b.inv())
        case Op.NEG, [a]:
            return -a
        case Op.POW, [a]:
            assert isinstance(node.payload, int)
            result = a
            for _ in range(node.payload - 1):
                result = result * a
            return result
        case Op.TANH, [a]:
            return 1 - 2 * _defined(((a * 2).exp() + 1).inv())
        case Op.ABS, [a]:
            return a if _sign(a) > 0 else -a
        case ((Op.MAX | Op.MIN), [a, b]):
            return a if (_sign(a - b) > 0) is (node.op is Op.MAX) else b
        case _, [a]:
            return _defined(getattr(a, node.op.value)())
    raise AssertionError(node.op)


def _sign(value: Any) -> int:
    first = value[0]
    if not (first > 0 or first < 0):
        raise NoSeriesError
    return 1 if first > 0 else -1


def _defined(value: Any) -> Any:
    if not all(value[k].is_finite() for k in range(3)):
        raise NoSeriesError
    return value


def least_sizes(found: Sequence[Any], order: int) -> tuple[Fraction, Fraction]:
    """Lower bounds of the 2-norm, squared, and of the max norm of the vector of coefficients of t^order."""
    sizes = [_exact(value[order].abs_lower()) for value in found]
    return sum((size * size for size in sizes), Fraction(0)), max(sizes)


def greatest_size(found: Any, order: int) -> Fraction:
    """An upper bound of the size of the coefficient of t^order."""
    return _exact(found[order].abs_upper()) + TINY


def _exact(number: Any) -> Fraction:
    """The number, which is not negative, or 0 where it is tiny: never more."""
    return _dyadic(*(int(part) for part in number.man_exp()))


def _dyadic(significand: int, exponent: int) -> Fraction:
    if significand.bit_length() + exponent <= SMALLEST_EXPONENT:
        return Fraction(0)
    return Fraction(significand << exponent) if exponent >= 0 else Fraction(significand, 1 << -exponent)


def value(chain: Chain, point: Vector, moves: Sequence[Vector] | None = None) -> tuple[Interval, ...]:
    """Where mpmath believes the chain's value at the point to be; `moves` are added to the outputs of the layers.

    The allowance is twice the difference of two precisions, and TINY where less is not written out. Raises ValueError where the value is
    not real.
    """
    rough, fine = (_value(chain, point, moves, digits) for digits in DIGITS)
    return tuple(_around(u, v) for u, v in zip(rough, fine, strict=True))


def _around(rough: Any, fine: Any) -> Interval:
    u, v = to_fraction(rough), to_fraction(fine)
    allowance = 2 * abs(u - v) + (TINY if fine and not v else 0)
    return Interval(v - allowance, v + allowance)


def _value(chain: Chain, point: Vector, moves: Sequence[Vector] | None, digits: int) -> list[Any]:
    with mpmath.workdps(digits):
        values = [from_fraction(x) for x in point]
        for number, layer in enumerate(chain.parsed):
            inputs = dict(zip(layer.inputs, values, strict=True))
            values = [_value_of(output, inputs) for output in layer.outputs]
            if moves is not None:
                values = [output + from_fraction(move) for output, move in zip(values, moves[number], strict=True)]
        return values


def _value_of(expression: Expression, inputs: dict[str, Any]) -> Any:
    values: list[Any] = []
    for node in expression.nodes:
        values.append(_value_step(node, [values[a] for a in node.args], inputs))
    return values[-1]


def _value_step(node: Node, args: list[Any], inputs: dict[str, Any]) -> Any:
    arithmetic: dict[Op, Callable[..., Any]] = {
        Op.ADD: lambda a, b: a + b, Op.SUB: lambda a, b: a - b, Op.MUL: lambda a, b: a * b, Op.DIV: lambda a, b: a / b,
        Op.NEG: lambda a: -a, Op.ABS: abs, Op.MAX: max, Op.MIN: min,
    }  # fmt: skip
    match node.op:
        case Op.VAR:
            return inputs[str(node.payload)]
        case Op.CONST:
            assert isinstance(node.payload, Fraction)
            return from_fraction(node.payload)
        case Op.POW:
            return args[0] ** node.payload
    return arithmetic[node.op](*args) if node.op in arithmetic else getattr(mpmath, node.op.value)(*args)


def from_fraction(number: Fraction) -> Any:
    """The nearest number of mpmath's precision."""
    return mpmath.mpf(number.numerator) / number.denominator


def to_fraction(number: Any) -> Fraction:
    """Exactly, but 0 for what is tiny; raises ValueError for what is not real and finite."""
    if not isinstance(number, mpmath.mpf) or not mpmath.isfinite(number):
        raise ValueError(number)
    sign, significand, exponent, _ = number._mpf_
    return _dyadic(-int(significand) if sign else int(significand), exponent)


def sizes_between(chain: Chain, a: Vector, b: Vector) -> Sizes:
    """Lower bounds from |F(b) - F(a)| <= L |b - a| and |F(a) + F(b) - 2 F((a + b)/2)| <= kappa |b - a|^2 / 2.

    The latter holds whether F is twice differentiable or its gradient only Lipschitz.
    """
    middle = tuple((p + q) / 2 for p, q in zip(a, b, strict=True))
    low, centre, high = (value(chain, point) for point in (a, middle, b))
    length = sum(((q - p) ** 2 for p, q in zip(a, b, strict=True)), Fraction(0))
    first = sum((_least(v.lo - u.hi, v.hi - u.lo) ** 2 for u, v in zip(low, high, strict=True)), Fraction(0))
    second = sum(
        (_least(u.lo + v.lo - 2 * w.hi, u.hi + v.hi - 2 * w.lo) ** 2 for u, w, v in zip(low, centre, high, strict=True)), Fraction(0)
    )
    return first / length, 4 * second / length**2


def _least(lo: Fraction, hi: Fraction) -> Fraction:
    """The least size of a number between."""
    return max(lo, -hi, Fraction(0))


def sizes_on(chain: Chain, box: Sequence[Interval], direction: Vector) -> Sizes:
    """Lower bounds from the first and half the second derivative in this direction, on the whole of a box; 0 where there are none."""
    try:
        found = series(chain.parsed, box, direction)
    except NoSeriesError:
        return Fraction(0), Fraction(0)
    length = sum((v * v for v in direction), Fraction(0))
    return least_sizes(found, 1)[0] / length, least_sizes(found, 2)[0] / length**2


@lru_cache
def sizes_found(chain: Chain) -> Sizes:
    """The largest lower bounds found at points and on small boxes, along the axes and the diagonal, and on segments of the diagonal."""
    width, pieces = len(chain.sides), 16
    axes = [tuple(Fraction(i == k) for i in range(width)) for k in range(width)]
    directions = dict.fromkeys([*axes, tuple([Fraction(1)] * width)])
    found: list[Sizes] = []
    for k in range(pieces + 1):
        low, high = (chain.at([Fraction(min(max(end, 0), 4 * pieces), 4 * pieces)] * width) for end in (4 * k - 1, 4 * k + 1))
        point = [Interval(x, x) for x in chain.at([Fraction(k, pieces)] * width)]
        small = [Interval(a, b) for a, b in zip(low, high, strict=True)]
        found += [sizes_on(chain, box, direction) for direction in directions for box in (point, small)]
    places = [chain.at([Fraction(k, 4)] * width) for k in range(5)]
    found += [sizes_between(chain, a, b) for a, b in combinations(places, 2)]
    return max(slope for slope, _ in found), max(bend for _, bend in found)


def contradicts(sizes: Sizes, claim: Claim) -> bool:
    """Whether a lower bound is larger than an alleged upper bound."""
    return any(bound is not None and square > bound * bound for square, bound in zip(sizes, claim, strict=True))


def distance(run: Run) -> Fraction:
    """At least how far the moved run ends from the exact one, in the max norm; raises ValueError where it leaves a layer's domain."""
    moves = [tuple(shift * error for shift in part) for part, error in zip(run.shifts, run.errors, strict=True)]
    start = run.chain.at(run.start)
    exact = value(run.chain, start)
    computed = value(run.chain, tuple(x + move for x, move in zip(start, moves[0], strict=True)), moves[1:])
    return max(_least(v.lo - u.hi, v.hi - u.lo) for u, v in zip(exact, computed, strict=True))


def cornered(run: Run) -> Iterator[Run]:
    """All runs of a chain of functions of x that start at an end of the box and move by the whole of every error."""
    for end, *signs in product((0, 1), *[(-1, 1)] * len(run.shifts)):
        yield replace(run, start=(Fraction(end),), shifts=tuple((Fraction(sign),) for sign in signs))


def gradient_moves(chain: Chain, a: Vector, b: Vector) -> Fraction:
    """A lower bound of |grad F(b) - grad F(a)|^2 / |b - a|^2 for one output, by series along the axes."""
    axes = [tuple(Fraction(i == k) for i in range(len(a))) for k in range(len(a))]
    low, high = ([series(chain.parsed, [Interval(x, x) for x in point], axis)[0][1] for axis in axes] for point in (a, b))
    change = sum((_exact((v - u).abs_lower()) ** 2 for u, v in zip(low, high, strict=True)), Fraction(0))
    return change / sum(((q - p) ** 2 for p, q in zip(a, b, strict=True)), Fraction(0))
