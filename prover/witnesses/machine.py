"""A program over whole arrays of runs, each value with its distance from the exact one.

Every node holds z, what the program computes, and d = z - r, where r is the node's exact value at the run's real point. Errors are
propagated, not subtracted: d is known to many more bits than z - r computed in float64 would be, in every format up to fp64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.hardware_specs.format import EXACT, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.witnesses.residuals import operate, operate_exactly
from suffice.prover.witnesses.slopes import FUNCTION_SLOPES, partials

Array = NDArray[np.float64]
Arrays = Mapping[str, Array]

_NARROW = 24
"""Precision up to which float64 stands for exact arithmetic."""

_CONSTANTS = {
    Op.PI: Fraction("3.14159265358979323846264338327950288419716939937"),
    Op.E: Fraction("2.71828182845904523536028747135266249775724709370"),
}


@dataclass(frozen=True, slots=True)
class Trace:
    """A batch of runs: the output, its distance from f, and of every node the value, and the error committed there."""

    output: Array
    distance: Array
    values: list[Any]
    errors: list[Any]


@dataclass(frozen=True)
class Machine:
    """An expression with a format at every node. `precise`: float64 is too narrow to be the measure of the formats' errors."""

    expression: Expression
    formats: tuple[Format, ...]
    output: Format
    precise: bool
    _roundings: tuple[Callable[[Array], Array] | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_roundings", tuple(map(_rounding, (*self.formats, self.output))))

    def run(self, codes: Arrays, offsets: Arrays) -> Trace:
        """The program on input codes that stand for the real numbers `codes - offsets`."""
        with np.errstate(all="ignore"):
            values, distances, errors = self._forward(codes, offsets)
            output, error = self._rounded(len(values), values[-1], 0.0)
            errors[-1] = errors[-1] + error
            shape = np.broadcast_shapes(*(np.shape(code) for code in codes.values()))
            return Trace(np.broadcast_to(output, shape), np.broadcast_to(distances[-1] + error, shape), values, errors)

    def holds(self, codes: Arrays, offsets: Arrays) -> Any:
        """Whether a condition is true of the real numbers `codes - offsets`."""
        with np.errstate(all="ignore"):
            return self._forward(codes, offsets)[1][-1]

    def _forward(self, codes: Arrays, offsets: Arrays) -> tuple[list[Any], list[Any], list[Any]]:
        values: list[Any] = []
        distances: list[Any] = []
        errors: list[Any] = []
        for position, node in enumerate(self.expression.nodes):
            value, distance, error = self._step(position, node, values, distances, codes, offsets)
            values.append(value)
            distances.append(distance)
            errors.append(error)
        return values, distances, errors

    def _step(
        self, position: int, node: Node, values: list[Any], distances: list[Any], codes: Arrays, offsets: Arrays
    ) -> tuple[Any, Any, Any]:
        if node.op is Op.VAR:
            value, error = self._rounded(position, codes[str(node.payload)], 0.0)
            return value, offsets[str(node.payload)] + error, error
        if not node.args:
            exact = node.payload if isinstance(node.payload, Fraction) else _CONSTANTS[node.op]
            near = _nearest(exact)
            value, error = self._rounded(position, np.float64(near), float(exact - Fraction(near)) if np.isfinite(near) else 0.0)
            return value, error, error
        args, apart = [values[a] for a in node.args], [distances[a] for a in node.args]
        if OPERATIONS[node.op].logical:
            return (*_decide(node.op, args, apart), 0.0)
        residual: Any = 0.0
        if node.op is Op.IF:
            value = np.where(args[0], args[1], args[2])
        elif self.precise:
            value, residual = operate_exactly(node.op, args, _exponent(node))
        else:
            value = operate(node.op, args, _exponent(node))
        moved = self._propagated(node, value, args, apart)
        value, error = self._rounded(position, value, residual)
        return value, moved + error, error

    def _rounded(self, position: int, value: Any, residual: Any) -> tuple[Any, Any]:
        """The exact `value + residual` rounded to a node's format, and the error of that."""
        rounding = self._roundings[position]
        if rounding is None:
            return value, -residual
        if isinstance(rounding, _Directed):
            rounded = rounding.adjust(value, residual)
        else:
            rounded = rounding(np.atleast_1d(value)).reshape(np.shape(value))
        return rounded, (rounded - value) - residual

    def _propagated(self, node: Node, value: Any, args: list[Any], apart: list[Any]) -> Any:
        """op(args) - op(args - apart), where `value` is op(args)."""
        match node.op:
            case Op.ADD:
                return apart[0] + apart[1]
            case Op.SUB:
                return apart[0] - apart[1]
            case Op.NEG:
                return -apart[0]
            case Op.CAST:
                return apart[0]
            case Op.MUL:
                return args[0] * apart[1] + (args[1] - apart[1]) * apart[0]
            case Op.FMA:
                return args[0] * apart[1] + (args[1] - apart[1]) * apart[0] + apart[2]
            case Op.DIV:
                return (apart[0] - value * apart[1]) / (args[1] - apart[1])
            case Op.SQRT:
                return _ratio(apart[0], value + np.sqrt(np.maximum(args[0] - apart[0], 0)))
            case Op.ABS:
                exact = args[0] - apart[0]
                return np.where((args[0] < 0) == (exact < 0), np.sign(args[0]) * apart[0], np.abs(args[0]) - np.abs(exact))
            case Op.MIN | Op.MAX:
                pair = (args, apart) if node.op is Op.MIN else (args[::-1], apart[::-1])
                return _chosen(*_decide(Op.LT, *pair), args, apart)
            case Op.IF:
                return _chosen(args[0], apart[0], args[1:], apart[1:])
            case Op.HYPOT | Op.ATAN2 | Op.POWR:
                return self._propagated_by_pair(node.op, value, args, apart)
            case _:
                return self._propagated_by_function(node, value, args[0], apart[0])

    def _propagated_by_pair(self, op: Op, value: Any, args: list[Any], apart: list[Any]) -> Any:
        moved = (apart[0] != 0) | (apart[1] != 0)
        if not self.precise:
            return np.where(moved, value - operate(op, [a - d for a, d in zip(args, apart, strict=True)]), 0.0)
        middle = [a - d / 2 for a, d in zip(args, apart, strict=True)]
        first, second = partials(op, middle, operate(op, middle))
        return np.where(moved, np.where(apart[0] == 0, 0.0, first * apart[0]) + np.where(apart[1] == 0, 0.0, second * apart[1]), 0.0)

    def _propagated_by_function(self, node: Node, value: Any, argument: Any, apart: Any) -> Any:
        if not self.precise:
            exact = argument - apart
            if node.op in (Op.ASIN, Op.ACOS):
                exact = np.clip(exact, -1, 1)
            elif node.op is Op.ACOSH:
                exact = np.maximum(exact, 1)
            return np.where(apart == 0, 0.0, value - operate(node.op, [exact], _exponent(node)))
        middle = argument - apart / 2
        if node.op is Op.POW:
            exponent = _exponent(node)
            return exponent * np.power(middle, float(exponent - 1)) * apart
        return np.where(apart == 0, 0.0, FUNCTION_SLOPES[node.op](middle) * apart)

    def adjoints(self, trace: Trace) -> list[Any]:
        """The derivative of the value by every node, None where it does not depend on it."""
        nodes = self.expression.nodes
        result: list[Any] = [None] * len(nodes)
        result[-1] = 1.0
        with np.errstate(all="ignore"):
            for position in range(len(nodes) - 1, -1, -1):
                node, outer = nodes[position], result[position]
                if outer is None or not node.args or OPERATIONS[node.op].logical:
                    continue
                slopes = partials(node.op, [trace.values[a] for a in node.args], trace.values[position], _exponent(node))
                for argument, slope in zip(node.args, slopes, strict=True):
                    term = outer * slope
                    result[argument] = term if result[argument] is None else result[argument] + term
        return result

    def half_ulps(self, trace: Trace) -> list[Any]:
        """How large the error of each node can be near each run: half an ulp, but never more than was seen anywhere."""
        result: list[Any] = []
        for fmt, value, error in zip(self.formats, trace.values, trace.errors, strict=True):
            seen = np.max(np.abs(error), initial=0.0, where=np.isfinite(error))
            result.append(np.minimum(ulp(fmt, value) * (0.5 if is_nearest(fmt) else 1.0), seen) if seen > 0 else 0.0)
        return result


def make_machine(expression: Expression, formats: Sequence[Format], output: Format) -> Machine:
    """The program, measured as precisely as its formats need."""
    precise = any(isinstance(fmt, FloatFormat) and fmt.p > _NARROW for fmt in (*formats, output))
    return Machine(expression, tuple(formats), output, precise)


def make_function(expression: Expression) -> Machine:
    """The function itself: `values - distances` is exact to about 100 bits where it does not leave the range of float64."""
    return Machine(expression, (EXACT,) * len(expression.nodes), EXACT, True)


def _exponent(node: Node) -> int:
    return node.payload if isinstance(node.payload, int) else 0


def _nearest(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


def _ratio(a: Any, b: Any) -> Any:
    return np.where(b > 0, a / b, 0.0)


def _decide(op: Op, args: list[Any], apart: list[Any]) -> tuple[Any, Any]:
    """A comparison or connective of the computed values, and of the exact ones."""
    match op:
        case Op.LT:
            return args[0] < args[1], args[0] - args[1] < apart[0] - apart[1]
        case Op.LE:
            return args[0] <= args[1], args[0] - args[1] <= apart[0] - apart[1]
        case Op.EQ:
            return args[0] == args[1], args[0] - args[1] == apart[0] - apart[1]
        case Op.AND:
            return args[0] & args[1], apart[0] & apart[1]
        case Op.OR:
            return args[0] | args[1], apart[0] | apart[1]
        case _:
            return ~np.asarray(args[0]), ~np.asarray(apart[0])


def _chosen(computed: Any, exact: Any, args: Sequence[Any], apart: Sequence[Any]) -> Any:
    """The distance of the value that the program chooses from the one that f chooses."""
    gap = args[0] - args[1]
    return np.where(computed, np.where(exact, apart[0], gap + apart[1]), np.where(exact, apart[0] - gap, apart[1]))


@dataclass(frozen=True, slots=True)
class _Directed:
    """A directed rounding at float64's own precision, which the residual decides."""

    mode: Rounding

    def adjust(self, value: Any, residual: Any) -> Any:
        """The neighbour of the nearest number that the mode wants."""
        inward = self.mode is Rounding.TOWARD_ZERO
        down = (value > 0) if inward else np.full(np.shape(value), self.mode is Rounding.DOWN)
        lower = np.where(residual < 0, np.nextafter(value, -np.inf), value)
        upper = np.where(residual > 0, np.nextafter(value, np.inf), value)
        return np.where(down, lower, upper)


def _rounding(fmt: Format) -> Callable[[Array], Array] | _Directed | None:
    """How arrays are rounded to a format; None where float64 rounds nothing away."""
    if not isinstance(fmt, FloatFormat):
        return (lambda x: round_array(fmt, x)) if isinstance(fmt, IntFormat) else None
    ieee = fmt.subnormals is Subnormals.KEPT and fmt.overflow is Overflow.INFINITY and fmt.negative_zero
    full = fmt.max_finite == (2 - Fraction(2) ** (1 - fmt.p)) * Fraction(2) ** fmt.emax
    nearest = fmt.rounding is Rounding.NEAREST_EVEN
    match (fmt.p, fmt.emin, fmt.emax):
        case (53, -1022, 1023) if ieee and full:
            return None if nearest else _directed(fmt)
        case (24, -126, 127) if ieee and full and nearest:
            return lambda x: x.astype(np.float32).astype(np.float64)
        case (11, -14, 15) if ieee and full and nearest:
            return lambda x: x.astype(np.float16).astype(np.float64)
    return lambda x: round_array(fmt, x)


def _directed(fmt: FloatFormat) -> _Directed | None:
    return None if fmt.rounding is Rounding.NEAREST_AWAY else _Directed(fmt.rounding)


def ulp(fmt: Format, value: Any) -> Any:
    """The distance between numbers of a format around a value; 0 where it rounds nothing."""
    if isinstance(fmt, IntFormat):
        return float(fmt.scale or 0)
    if not isinstance(fmt, FloatFormat):
        return 0.0
    return np.ldexp(1.0, binade(fmt, value) - (fmt.p - 1))


def is_nearest(fmt: Format) -> bool:
    """Whether an error is half an ulp at most, and not a whole one."""
    return not isinstance(fmt, FloatFormat) or fmt.rounding in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)


def binade(fmt: FloatFormat, value: Any) -> Any:
    """The e of 2^e <= |value| < 2^(e+1), at least emin."""
    return np.where(value == 0, fmt.emin, np.maximum(np.frexp(value)[1] - 1, fmt.emin))
