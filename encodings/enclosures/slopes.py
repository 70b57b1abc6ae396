"""Partial derivatives of operations that SymPy does not have as such, built directly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.operations import Op

Slope = Callable[[Algebra, Sequence[int]], int]
"""Builds a partial derivative from the positions of the operands."""


def _of_logarithm(base: int) -> Slope:
    """1 / (u ln b)."""

    def build(algebra: Algebra, operands: Sequence[int]) -> int:
        scale = algebra.apply(Op.LOG, algebra.constant(base))
        return algebra.divide(algebra.constant(1), algebra.multiply(operands[0], scale))

    return build


def _of_exp2(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.multiply(algebra.apply(Op.EXP2, operands[0]), algebra.apply(Op.LOG, algebra.constant(2)))


def _of_cbrt(algebra: Algebra, operands: Sequence[int]) -> int:
    square = algebra.power(algebra.apply(Op.CBRT, operands[0]), 2)
    return algebra.divide(algebra.constant(1), algebra.multiply(algebra.constant(3), square))


def _of_asinh(algebra: Algebra, operands: Sequence[int]) -> int:
    square = algebra.power(operands[0], 2)
    return algebra.divide(algebra.constant(1), algebra.apply(Op.SQRT, algebra.add(square, algebra.constant(1))))


def _of_acosh(algebra: Algebra, operands: Sequence[int]) -> int:
    """1 / sqrt((u - 1) (u + 1)): the factors have no cancellation."""
    one = algebra.constant(1)
    product = algebra.multiply(algebra.subtract(operands[0], one), algebra.add(operands[0], one))
    return algebra.divide(one, algebra.apply(Op.SQRT, product))


def _of_atanh(algebra: Algebra, operands: Sequence[int]) -> int:
    one = algebra.constant(1)
    return algebra.divide(one, algebra.subtract(one, algebra.power(operands[0], 2)))


def _of_hypot(side: int) -> Slope:
    """u / hypot(u, v), undefined at the origin."""
    return lambda algebra, operands: algebra.divide(operands[side], algebra.apply(Op.HYPOT, *operands))


def _of_atan2(side: int) -> Slope:
    """x / (x^2 + y^2) by the ordinate y, which comes first; -y / (x^2 + y^2) by x."""

    def build(algebra: Algebra, operands: Sequence[int]) -> int:
        y, x = operands
        square = algebra.add(algebra.power(x, 2), algebra.power(y, 2))
        return algebra.divide(x if side == 0 else algebra.negate(y), square)

    return build


def _by_base(algebra: Algebra, operands: Sequence[int]) -> int:
    """v u^(v - 1)."""
    u, v = operands
    return algebra.multiply(v, algebra.apply(Op.POWR, u, algebra.subtract(v, algebra.constant(1))))


def _by_exponent(algebra: Algebra, operands: Sequence[int]) -> int:
    """u^v ln u."""
    return algebra.multiply(algebra.apply(Op.POWR, *operands), algebra.apply(Op.LOG, operands[0]))


SLOPES: dict[Op, tuple[Slope, ...]] = {
    Op.EXP2: (_of_exp2,),
    Op.LOG2: (_of_logarithm(2),),
    Op.LOG10: (_of_logarithm(10),),
    Op.CBRT: (_of_cbrt,),
    Op.ASINH: (_of_asinh,),
    Op.ACOSH: (_of_acosh,),
    Op.ATANH: (_of_atanh,),
    Op.HYPOT: (_of_hypot(0), _of_hypot(1)),
    Op.ATAN2: (_of_atan2(0), _of_atan2(1)),
    Op.POWR: (_by_base, _by_exponent),
}
"""For each operation the partial derivatives by its operands."""
