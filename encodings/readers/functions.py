"""The functions that a formula may call, and what to write instead of those that it may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce

from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op, is_logical
from suffice.encodings.readers.places import nearest, shown
from suffice.errors import InputError

_OTHERWISE_WRITTEN = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.NEG, Op.POW, Op.CAST, Op.IF})

FUNCTIONS: dict[str, Op] = {op.value: op for op in OPERATIONS if op not in _OTHERWISE_WRITTEN and not is_logical(op)} | {
    "ln": Op.LOG, "arcsin": Op.ASIN, "arccos": Op.ACOS, "arctan": Op.ATAN, "arctan2": Op.ATAN2,
    "arcsinh": Op.ASINH, "arccosh": Op.ACOSH, "arctanh": Op.ATANH, "fabs": Op.ABS, "fmin": Op.MIN, "fmax": Op.MAX,
}  # fmt: skip
"""Functions that are one operation, `min` and `max` of more than two arguments taken from the left."""


def _relu(build: ExpressionBuilder, x: int) -> int:
    return build.apply(Op.MAX, x, build.constant(0))


def _sigmoid(build: ExpressionBuilder, x: int) -> int:
    one = build.constant(1)
    return build.apply(Op.DIV, one, build.apply(Op.ADD, one, build.apply(Op.EXP, build.apply(Op.NEG, x))))


ABBREVIATIONS: dict[str, Callable[[ExpressionBuilder, int], int]] = {"relu": _relu, "sigmoid": _sigmoid, "logistic": _sigmoid}
"""Functions of one argument that stand for several operations: relu(x) is max(x, 0), sigmoid(x) is 1/(1 + exp(-x))."""

INSTEAD: dict[str, str] = {
    "exp10": "pow(10, x)",
    "square": "x^2",
    "silu": "x/(1 + exp(-x))",
    "softplus": "log1p(exp(x))",
    "sec": "1/cos(x)",
    "csc": "1/sin(x)",
    "cot": "1/tan(x)",
    "fdim": "max(x - y, 0)",
}
"""What to write for functions that are not operations."""


def call(build: ExpressionBuilder, name: str, args: list[int], *, where: str = "") -> int:
    """The position of `name(args)`. Raises InputError, at `where`, for an unknown function or a wrong number of arguments."""
    if name in ABBREVIATIONS:
        _check_count(name, 1, args, where)
        return ABBREVIATIONS[name](build, args[0])
    if name not in FUNCTIONS:
        mend = f"write {INSTEAD[name]}" if name in INSTEAD else nearest(name, [*FUNCTIONS, *ABBREVIATIONS, "pow"], "use a known function")
        raise InputError(f"unknown function {shown(name)}", where=where, mend=mend)
    op = FUNCTIONS[name]
    if op in (Op.MIN, Op.MAX) and len(args) >= 2:
        return reduce(lambda left, right: build.apply(op, left, right), args)
    _check_count(name, OPERATIONS[op].arity, args, where)
    return build.apply(op, *args)


def _check_count(name: str, count: int, args: list[int], where: str) -> None:
    if len(args) != count:
        raise InputError(f"{name} takes {count} argument{'s' * (count > 1)}, not {len(args)}", where=where)


def read_accuracy(ulps: Mapping[str, Fraction], *, where: str) -> dict[Op, Fraction]:
    """The accuracies of elementary functions by name, that of `pow` also for real powers unless they have their own.

    Raises InputError, at `where`.
    """
    known = {name: op for name, op in FUNCTIONS.items() if OPERATIONS[op].elementary} | {"pow": Op.POW}
    for name, value in ulps.items():
        if name not in known:
            raise InputError(
                f"{shown(name)} is no elementary function", where=where, mend=nearest(name, known, f"choose among {', '.join(known)}")
            )
        if value < Fraction(1, 2):
            raise InputError(f"{name} is off by {value} ulps at most", where=where, mend="give 1/2 or more: no result is nearer in general")
    if "pow" in ulps:
        ulps = {"powr": ulps["pow"], **ulps}
    return {known[name]: value for name, value in ulps.items()}
