"""Rigorous enclosures of f and its gradient on boxes (Arb), and of its extrema on a box by branch and bound."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, product
from math import inf

from flint import arb, ctx, fmpq

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op

PRECISION = 160
"""Bits of Arb's arithmetic."""

ELSEWHERE = (
    Op.EXP2, Op.LOG2, Op.LOG10, Op.CBRT, Op.ASINH, Op.ACOSH, Op.ATANH, Op.HYPOT, Op.ATAN2, Op.POWR,
)  # fmt: skip
"""Operations that are tested one by one against Arb, NumPy and mpmath, and not drawn for random problems."""

SMOOTH = [op for op, known in OPERATIONS.items() if not known.logical and op not in (Op.CAST, Op.IF, *ELSEWHERE)]
"""The operations that the oracle of continuous functions knows; `branching` has the others."""

Bound = Fraction | float
"""A number, or (as a float) an infinity."""

Box = tuple[tuple[Fraction, Fraction], ...]
"""A closed interval per variable, in the order of `Function.names`."""


def ball(lo: Fraction, hi: Fraction | None = None) -> arb:
    """A ball that holds [lo, hi]."""
    ctx.prec = PRECISION
    point = arb(fmpq(lo.numerator, lo.denominator))
    return point if hi is None or hi == lo else point.union(arb(fmpq(hi.numerator, hi.denominator)))


def exact(number: arb) -> Fraction:
    """The value of a ball of radius zero."""
    significand, exponent = number.man_exp()
    significand, exponent = int(significand), int(exponent)
    return Fraction(significand << exponent) if exponent >= 0 else Fraction(significand, 1 << -exponent)


@dataclass(frozen=True, slots=True)
class Range:
    """A number known to lie in [lo, hi]."""

    lo: Bound
    hi: Bound


def to_range(number: arb) -> Range:
    """The ends of a ball."""
    if not number.is_finite():
        return Range(-inf, inf)
    return Range(exact(number.lower()), exact(number.upper()))


def _within(x: arb, lo: int | None, hi: int | None) -> tuple[arb, arb] | None:
    """The ends of a ball cut to [lo, hi], None if the ball does not stick out: f is defined, so its operands do not either."""
    below, above = lo is not None and not x >= lo, hi is not None and not x <= hi
    if not x.is_finite() or not (below or above):
        return None
    return (arb(lo) if below else x.lower()), (arb(hi) if above else x.upper())


def _clipped(name: str, lo: int | None, hi: int | None) -> Callable[[arb], arb]:
    """A monotone function whose operand is known to lie in [lo, hi]."""

    def evaluate(x: arb) -> arb:
        ends = _within(x, lo, hi)
        if ends is None:
            return getattr(x, name)()
        return getattr(ends[0], name)().union(getattr(ends[1], name)())

    return evaluate


def _method(name: str) -> Callable[[arb], arb]:
    return lambda a: getattr(a, name)()


VALUES: dict[Op, Callable[..., arb]] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b,
    Op.MUL: lambda a, b: a * b,
    Op.DIV: lambda a, b: a / b,
    Op.NEG: lambda a: -a,
    Op.ABS: abs,
    Op.MIN: lambda a, b: a.min(b),
    Op.MAX: lambda a, b: a.max(b),
    Op.SQRT: _clipped("sqrt", 0, None),
    Op.FMA: lambda a, b, c: a * b + c,
    Op.ASIN: _clipped("asin", -1, 1),
    Op.ACOS: _clipped("acos", -1, 1),
}
VALUES |= {op: _method(op.value) for op in (Op.EXP, Op.EXPM1, Op.LOG, Op.LOG1P, Op.SIN, Op.COS, Op.TAN, Op.ATAN, Op.SINH, Op.COSH, Op.TANH)}

DERIVATIVES: dict[Op, Callable[[arb], arb]] = {
    Op.NEG: lambda _: arb(-1),
    Op.SQRT: lambda x: 1 / (2 * VALUES[Op.SQRT](x)),
    Op.EXP: lambda x: x.exp(),
    Op.EXPM1: lambda x: x.exp(),
    Op.LOG: lambda x: 1 / x,
    Op.LOG1P: lambda x: 1 / (1 + x),
    Op.SIN: lambda x: x.cos(),
    Op.COS: lambda x: -x.sin(),
    Op.TAN: lambda x: 1 + x.tan() ** 2,
    Op.ASIN: lambda x: 1 / (1 - x * x).sqrt(),
    Op.ACOS: lambda x: -1 / (1 - x * x).sqrt(),
    Op.ATAN: lambda x: 1 / (1 + x * x),
    Op.SINH: lambda x: x.cosh(),
    Op.COSH: lambda x: x.sinh(),
    Op.TANH: lambda x: 1 / x.cosh() ** 2,
    Op.ABS: lambda x: arb(1) if x >= 0 else arb(-1) if x <= 0 else arb(0, 1),
}
"""d op(x) / dx; at the kink of abs the generalised derivative."""

Gradient = list[arb | None]
"""One partial derivative per variable; None stands for an exact zero."""


class Function:
    """f, ready for evaluation in ball arithmetic."""

    def __init__(self, expression: Expression) -> None:
        self.names = tuple(sorted(expression.variables))
        self.nodes = expression.nodes
        ctx.prec = PRECISION
        self._constants = {i: _constant(node) for i, node in enumerate(self.nodes) if node.op in (Op.CONST, Op.PI, Op.E)}

    def intermediate(self, point: Sequence[arb]) -> list[arb]:
        """Enclosures of every node."""
        values: list[arb] = []
        for i, node in enumerate(self.nodes):
            if i in self._constants:
                values.append(self._constants[i])
            elif node.op is Op.VAR:
                values.append(point[self.names.index(str(node.payload))])
            elif node.op is Op.POW:
                values.append(values[node.args[0]] ** node.payload)
            else:
                values.append(VALUES[node.op](*(values[a] for a in node.args)))
        return values

    def value(self, point: Sequence[arb]) -> arb:
        """An enclosure of f on a box."""
        return self.intermediate(point)[-1]

    def value_and_gradient(self, point: Sequence[arb]) -> tuple[arb, Gradient]:
        """Enclosures of f and of its (generalised) partial derivatives on a box."""
        values = self.intermediate(point)
        gradients: list[Gradient] = []
        for i, node in enumerate(self.nodes):
            if i in self._constants:
                gradients.append([None] * len(self.names))
            elif node.op is Op.VAR:
                gradients.append([arb(1) if name == node.payload else None for name in self.names])
            else:
                operands, slopes = [values[a] for a in node.args], [gradients[a] for a in node.args]
                gradients.append([_partial(node, operands, values[i], list(d)) for d in zip(*slopes, strict=True)])
        return values[-1], gradients[-1]


def _constant(node: Node) -> arb:
    if node.op is Op.PI:
        return arb.pi()
    if node.op is Op.E:
        return arb.const_e()
    assert isinstance(node.payload, Fraction)
    return ball(node.payload)


def _sum(*terms: arb | None) -> arb | None:
    present = [t for t in terms if t is not None]
    return sum(present[1:], present[0]) if present else None


def _times(factor: arb, slope: arb | None) -> arb | None:
    return None if slope is None else factor * slope


def _partial(node: Node, x: list[arb], y: arb, d: list[arb | None]) -> arb | None:
    """The chain rule for one node and one variable; x operands, y the result, d derivatives of the operands."""
    op = node.op
    if all(slope is None for slope in d):
        return None
    if op is Op.ADD:
        return _sum(*d)
    if op is Op.SUB:
        return _sum(d[0], _times(arb(-1), d[1]))
    if op is Op.MUL:
        return _sum(_times(x[1], d[0]), _times(x[0], d[1]))
    if op is Op.FMA:
        return _sum(_times(x[1], d[0]), _times(x[0], d[1]), d[2])
    if op is Op.DIV:
        return _sum(_times(1 / x[1], d[0]), _times(-y / x[1], d[1]))
    if op in (Op.MIN, Op.MAX):
        return _choice(op, x, d)
    if op is Op.POW:
        assert isinstance(node.payload, int)
        return None if node.payload == 0 else _times(node.payload * x[0] ** (node.payload - 1), d[0])
    return _times(DERIVATIVES[op](x[0]), d[0])


def _choice(op: Op, x: list[arb], d: list[arb | None]) -> arb | None:
    """Of minimum and maximum: the derivative of the operand chosen, or the hull of both where either may be."""
    first = x[0] <= x[1] if op is Op.MIN else x[0] >= x[1]
    second = x[1] <= x[0] if op is Op.MIN else x[1] >= x[0]
    if first or second:
        return d[0] if first else d[1]
    return (arb(0) if d[0] is None else d[0]).union(arb(0) if d[1] is None else d[1])


def direction(slope: arb | None) -> int:
    """+1 if f does not fall along the variable, -1 if it does not rise, 0 if neither is certain."""
    if slope is None or slope >= 0:
        return 1
    return -1 if slope <= 0 else 0


def extremum(f: Function, box: Box, *, sense: int, relative: float = 2.0**-44, steps: int = 400) -> Range:
    """Branch and bound for the maximum (sense 1) or minimum (sense -1) of f on a closed box.

    Boxes are bounded by natural and mean value forms and lose every variable along which f is monotone. The bracket is always
    right; it is as wide as `relative` times the size of f, unless `steps` end first.
    """
    ticket = count()
    best, size, queue = _search(f, box, sense, ticket)
    for _ in range(steps):
        if not queue or -queue[0][0] <= best + size * Fraction(relative):
            break
        for half in halves(heapq.heappop(queue)[2]):
            found, larger, left = _search(f, half, sense, ticket)
            best, size = max(best, found), max(size, larger)
            for entry in left:
                heapq.heappush(queue, entry)
    top = max([best, *(-entry[0] for entry in queue[:1])])
    return Range(best, top) if sense > 0 else Range(-top, -best)


def _search(f: Function, box: Box, sense: int, ticket: count[int]) -> tuple[Bound, Bound, list[tuple[Bound, int, Box]]]:
    """A value that sense * f reaches on the box, the size of f there, and what is left to search, keyed by minus its upper bound."""
    value, gradient = f.value_and_gradient([ball(*side) for side in box])
    ways = [sense * direction(slope) for slope in gradient]
    reduced = tuple(
        side if way == 0 else (side[1], side[1]) if way > 0 else (side[0], side[0]) for side, way in zip(box, ways, strict=True)
    )
    corners = set(product(*reduced))
    samples = [to_range(sense * f.value([ball(r) for r in corner])) for corner in corners]
    best: Bound = max([s.lo for s in samples])
    size: Bound = max([max(s.lo, -s.lo) for s in samples])
    if len(corners) == 1:
        top = samples[0].hi
    else:
        outer = outer_range(f, value, gradient, reduced)
        top = outer.hi if sense > 0 else -outer.lo
    return best, size, [(-top, next(ticket), reduced)] if top > best else []


def outer_range(f: Function, value: arb, gradient: Gradient, box: Box) -> Range:
    """An enclosure of the values of f on the box, by the natural and the mean value form, given enclosures of f and its gradient."""
    natural = to_range(value)
    middle = f.value([ball((lo + hi) / 2) for lo, hi in box])
    terms = [_times(ball((lo - hi) / 2, (hi - lo) / 2), slope) for (lo, hi), slope in zip(box, gradient, strict=True) if lo < hi]
    mean_value = to_range(_sum(middle, *terms))
    return Range(max(natural.lo, mean_value.lo), min(natural.hi, mean_value.hi))


def halves(box: Box) -> list[Box]:
    """The box cut across its widest side."""
    widest = max(range(len(box)), key=lambda i: box[i][1] - box[i][0])
    lo, hi = box[widest]
    middle = (lo + hi) / 2
    return [(*box[:widest], side, *box[widest + 1 :]) for side in ((lo, middle), (middle, hi))]
