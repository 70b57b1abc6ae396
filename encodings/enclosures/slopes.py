"""The partial derivatives of every operation, in forms that enclose tightly: quotients shared with the operation, no cancellation."""

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


def _one(algebra: Algebra, operands: Sequence[int]) -> int:  # noqa: ARG001 - every slope takes the operands
    return algebra.constant(1)


def _minus_one(algebra: Algebra, operands: Sequence[int]) -> int:  # noqa: ARG001
    return algebra.constant(-1)


def _operand(position: int) -> Slope:
    return lambda algebra, operands: operands[position]  # noqa: ARG005


def _of_dividend(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.divide(algebra.constant(1), operands[1])


def _of_divisor(algebra: Algebra, operands: Sequence[int]) -> int:
    """-(u / v) / v."""
    return algebra.divide(algebra.divide(algebra.negate(operands[0]), operands[1]), operands[1])


def _of_abs(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.sign(operands[0])


def _where_larger(side: int) -> Slope:
    """1 where the operand on this side is the larger one, else 0."""

    def build(algebra: Algebra, operands: Sequence[int]) -> int:
        sign = algebra.sign(algebra.subtract(operands[side], operands[1 - side]))
        return algebra.divide(algebra.add(algebra.constant(1), sign), algebra.constant(2))

    return build


def _of_sqrt(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.divide(algebra.constant(1), algebra.multiply(algebra.constant(2), algebra.apply(Op.SQRT, operands[0])))


def _same(op: Op) -> Slope:
    """Another function of the same operand."""
    return lambda algebra, operands: algebra.apply(op, operands[0])


def _of_log(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.divide(algebra.constant(1), operands[0])


def _of_log1p(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.divide(algebra.constant(1), algebra.add(operands[0], algebra.constant(1)))


def _of_cos(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.negate(algebra.apply(Op.SIN, operands[0]))


def _of_tan(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.add(algebra.power(algebra.apply(Op.TAN, operands[0]), 2), algebra.constant(1))


def _of_tanh(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.subtract(algebra.constant(1), algebra.power(algebra.apply(Op.TANH, operands[0]), 2))


def _of_asin(algebra: Algebra, operands: Sequence[int]) -> int:
    one = algebra.constant(1)
    return algebra.divide(one, algebra.apply(Op.SQRT, algebra.subtract(one, algebra.power(operands[0], 2))))


def _of_acos(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.negate(_of_asin(algebra, operands))


def _of_atan(algebra: Algebra, operands: Sequence[int]) -> int:
    return algebra.divide(algebra.constant(1), algebra.add(algebra.power(operands[0], 2), algebra.constant(1)))


def of_power(exponent: int) -> Slope:
    """n u^(n - 1)."""

    def build(algebra: Algebra, operands: Sequence[int]) -> int:
        if exponent == 0:
            return algebra.constant(0)
        if exponent > 0:
            return algebra.multiply(algebra.constant(exponent), algebra.power(operands[0], exponent - 1))
        return algebra.divide(algebra.constant(exponent), algebra.power(operands[0], 1 - exponent))

    return build


SLOPES: dict[Op, tuple[Slope, ...]] = {
    Op.ADD: (_one, _one),
    Op.SUB: (_one, _minus_one),
    Op.MUL: (_operand(1), _operand(0)),
    Op.DIV: (_of_dividend, _of_divisor),
    Op.FMA: (_operand(1), _operand(0), _one),
    Op.NEG: (_minus_one,),
    Op.CAST: (_one,),
    Op.ABS: (_of_abs,),
    Op.MIN: (_where_larger(1), _where_larger(0)),
    Op.MAX: (_where_larger(0), _where_larger(1)),
    Op.SQRT: (_of_sqrt,),
    Op.EXP: (_same(Op.EXP),),
    Op.EXPM1: (_same(Op.EXP),),
    Op.LOG: (_of_log,),
    Op.LOG1P: (_of_log1p,),
    Op.SIN: (_same(Op.COS),),
    Op.COS: (_of_cos,),
    Op.TAN: (_of_tan,),
    Op.ASIN: (_of_asin,),
    Op.ACOS: (_of_acos,),
    Op.ATAN: (_of_atan,),
    Op.SINH: (_same(Op.COSH),),
    Op.COSH: (_same(Op.SINH),),
    Op.TANH: (_of_tanh,),
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
