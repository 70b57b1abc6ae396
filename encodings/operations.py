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
    EXP2 = "exp2"
    LOG = "log"
    LOG1P = "log1p"
    LOG2 = "log2"
    LOG10 = "log10"
    SIN = "sin"
    COS = "cos"
    TAN = "tan"
    ASIN = "asin"
    ACOS = "acos"
    ATAN = "atan"
    SINH = "sinh"
    COSH = "cosh"
    TANH = "tanh"
    ASINH = "asinh"
    ACOSH = "acosh"
    ATANH = "atanh"
    CBRT = "cbrt"
    HYPOT = "hypot"
    ATAN2 = "atan2"
    POWR = "powr"
    CAST = "cast"
    LT = "lt"
    LE = "le"
    EQ = "eq"
    AND = "and"
    OR = "or"
    NOT = "not"
    IF = "if"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is known of an operation: its arity, its FPCore name, and whether a library computes it (not the arithmetic unit).

    A logical operation is true or false, and nothing rounds it. `cast` is the identity, rounded; `if` takes a condition and two values.
    `atan2` takes the ordinate first, `powr` a positive base and any real exponent (`pow` any base, and an integer as payload).
    """

    arity: int
    fpcore: str
    elementary: bool = False
    logical: bool = False


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
    Op.HYPOT: Operation(arity=2, fpcore="hypot", elementary=True),
    Op.ATAN2: Operation(arity=2, fpcore="atan2", elementary=True),
    Op.POWR: Operation(arity=2, fpcore="pow", elementary=True),
    Op.CAST: Operation(arity=1, fpcore="cast"),
    Op.LT: Operation(arity=2, fpcore="<", logical=True),
    Op.LE: Operation(arity=2, fpcore="<=", logical=True),
    Op.EQ: Operation(arity=2, fpcore="==", logical=True),
    Op.AND: Operation(arity=2, fpcore="and", logical=True),
    Op.OR: Operation(arity=2, fpcore="or", logical=True),
    Op.NOT: Operation(arity=1, fpcore="not", logical=True),
    Op.IF: Operation(arity=3, fpcore="if"),
} | {
    op: Operation(arity=1, fpcore=op.value, elementary=True)
    for op in (
        Op.EXP, Op.EXPM1, Op.EXP2, Op.LOG, Op.LOG1P, Op.LOG2, Op.LOG10, Op.SIN, Op.COS, Op.TAN, Op.ASIN, Op.ACOS, Op.ATAN, Op.SINH,
        Op.COSH, Op.TANH, Op.ASINH, Op.ACOSH, Op.ATANH, Op.CBRT,
    )
}  # fmt: skip


def is_logical(op: Op) -> bool:
    """Whether the operation gives a truth, not a number."""
    return op in OPERATIONS and OPERATIONS[op].logical
