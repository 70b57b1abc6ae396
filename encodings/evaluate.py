"""Floating-point evaluation of the real function over arrays: for searching and drawing, never for proving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op, is_logical

if TYPE_CHECKING:
    import numpy as np

_PI = "3.141592653589793238462643383279502884197"
_E = "2.718281828459045235360287471352662497757"
_UFUNCS = {
    Op.ADD: "add", Op.SUB: "subtract", Op.MUL: "multiply", Op.DIV: "divide", Op.NEG: "negative", Op.ABS: "absolute", Op.MIN: "minimum",
    Op.MAX: "maximum", Op.ASIN: "arcsin", Op.ACOS: "arccos", Op.ATAN: "arctan", Op.LT: "less", Op.LE: "less_equal", Op.EQ: "equal",
    Op.ASINH: "arcsinh", Op.ACOSH: "arccosh", Op.ATANH: "arctanh", Op.ATAN2: "arctan2", Op.POWR: "float_power",
    Op.AND: "logical_and", Op.OR: "logical_or", Op.NOT: "logical_not",
}  # fmt: skip
"""Functions that NumPy names otherwise."""


def evaluate_float(
    expression: Expression, arrays: Mapping[str, np.ndarray[Any, Any]], after: Callable[[int, Any], Any] | None = None
) -> np.ndarray[Any, Any]:
    """The function at every point of the inputs' arrays, which are broadcast together, in the widest of their types.

    Arrays of float64 or longdouble; others count as float64. Undefined points give NaN or infinities, without warnings. `after` maps the
    position of a number and its values to what takes their place: a program's rounding. Truths are arrays of bool, and no NaN is
    smaller than, as large as, or equal to anything.
    """
    import numpy as np

    given = {name: np.asarray(arrays[name]) for name in {*arrays, *expression.variables}}
    scalar = np.result_type(np.float64, *given.values()).type
    shape = np.broadcast_shapes(*(array.shape for array in given.values()))
    last_use = {argument: position for position, node in enumerate(expression.nodes) for argument in node.args}
    values: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for position, node in enumerate(expression.nodes):
            if node.op is Op.VAR:
                values[position] = given[str(node.payload)].astype(scalar)
            else:
                values[position] = _apply(np, node, scalar, [values[argument] for argument in node.args])
            if after is not None and not is_logical(node.op):
                values[position] = after(position, values[position])
            for argument in set(node.args):
                if last_use[argument] == position:
                    del values[argument]
    return np.array(np.broadcast_to(values[len(expression.nodes) - 1], shape))


def _apply(np: Any, node: Node, scalar: Any, args: list[Any]) -> Any:
    match node.op:
        case Op.CONST:
            assert isinstance(node.payload, Fraction)
            return _nearly(scalar, node.payload)
        case Op.PI:
            return scalar(_PI)
        case Op.E:
            return scalar(_E)
        case Op.FMA:
            return args[0] * args[1] + args[2]
        case Op.POW:
            return np.power(args[0], scalar(node.payload))
        case Op.CAST:
            return args[0]
        case Op.IF:
            return np.where(*args)
        case _:
            return getattr(np, _UFUNCS.get(node.op, node.op.value))(*args)


def _nearly(scalar: Any, value: Fraction) -> Any:
    """A constant as the sum of two doubles, infinite beyond their range."""
    try:
        high = float(value)
    except OverflowError:
        return scalar("inf" if value > 0 else "-inf")
    return scalar(high) + scalar(float(value - Fraction(high)))
