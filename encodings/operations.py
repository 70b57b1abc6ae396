"""The operations of an Expression: one table, read by every reader, writer and evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Op(StrEnum):
    """Names of nodes, as they stand in certificates."""

    CONST = "const"
    VAR = "var"
    PI = "pi"
    E = "e"
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    NEG = "neg"
    ABS = "abs"
    MIN = "min"
    MAX = "max"
    SQRT = "sqrt"
    FMA = "fma"
    POW = "pow"
    EXP = "exp"
    EXPM1 = "expm1"
    LOG = "log"
    LOG1P = "log1p"
    SIN = "sin"
    COS = "cos"
    TAN = "tan"
    ASIN = "asin"
    ACOS = "acos"
    ATAN = "atan"
    SINH = "sinh"
    COSH = "cosh"
    TANH = "tanh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is known of an operation: its arity, its FPCore name, and whether a library computes it (not the arithmetic unit)."""

    arity: int
    fpcore: str
    elementary: bool = False


OPERATIONS: dict[Op, Operation] = {
    Op.ADD: Operation(arity=2, fpcore="+"),
    Op.SUB: Operation(arity=2, fpcore="-"),
    Op.MUL: Operation(arity=2, fpcore="*"),
    Op.DIV: Operation(arity=2, fpcore="/"),
    Op.NEG: Operation(arity=1, fpcore="-"),
    Op.ABS: Operation(arity=1, fpcore="fabs"),
    Op.MIN: Operation(arity=2, fpcore="fmin"),
    Op.MAX: Operation(arity=2, fpcore="fmax"),
    Op.SQRT: Operation(arity=1, fpcore="sqrt"),
    Op.FMA: Operation(arity=3, fpcore="fma"),
    Op.POW: Operation(arity=1, fpcore="pow", elementary=True),
} | {
    op: Operation(arity=1, fpcore=op.value, elementary=True)
    for op in (
        Op.EXP, Op.EXPM1, Op.LOG, Op.LOG1P, Op.SIN, Op.COS, Op.TAN, Op.ASIN, Op.ACOS, Op.ATAN, Op.SINH, Op.COSH, Op.TANH,
    )
}  # fmt: skip
