"""A run that meets infinities or NaN, number by number, by the rules of docs/semantics.md. Slow; `running` is for all other runs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from ..budget import Budget
from ..failures import LeafFailure
from ..formats import INFINITY, NAN, NEGATIVE_INFINITY, NEGATIVE_ZERO, Float, Format, Value, finite, is_finite
from ..run import round_value
from ..values import absolute, add, compare, divide, larger, multiply, negate
from .arrays import Exact
from .bounds import rounded_weight
from .codes import demand_held
from .graph import FUNCTIONS, Node
from .program import Accumulation, Step
from .running import Run

ZERO, ONE = Fraction(0), Fraction(1)

_AT_INFINITY: dict[str, tuple[Value | None, Value]] = {
    "sqrt": (NAN, INFINITY), "rsqrt": (NAN, ZERO), "exp": (ZERO, INFINITY), "log": (NAN, INFINITY), "erf": (Fraction(-1), ONE),
    "tanh": (Fraction(-1), ONE), "sigmoid": (ZERO, ONE), "softplus": (ZERO, INFINITY), "gelu": (None, INFINITY), "silu": (None, INFINITY),
    "gelu_tanh": (None, INFINITY),
}  # fmt: skip
"""Functions at minus and plus infinity; None: libraries differ between 0 and NaN."""

_THROUGH_ZERO = ("sqrt", "erf", "tanh", "gelu", "silu", "gelu_tanh")
"""Functions that keep the sign of zero."""


@dataclass(frozen=True, slots=True)
class OverflowingRun:
    """The program, with a finite run's functions."""

    run: Run
    budget: Budget

    def output(self, point: Exact) -> list[Value]:
        """What the program answers at an input."""
        first = self.run.program[0].stored
        tensors: list[list[Value]] = [[v if first is None else first.round(v) for v in _fractions(point)]]
        for node, step in zip(self.run.nodes[1:], self.run.program[1:], strict=True):
            self.budget.spend(20_000 * node.size)
            result = self._step(node, step, [tensors[o] for o in node.operands])
            tensors.append(result if step.stored is None else [round_value(step.stored, v) for v in result])
        return tensors[-1]

    def _step(self, node: Node, step: Step, operands: list[list[Value]]) -> list[Value]:
        x = operands[0] if operands else []
        match node.op:
            case "constant":
                assert node.value is not None
                assert step.weights is not None
                return _rounded(step.weights, _fractions(node.value), node)
            case "gather":
                laid = [*(v for operand in operands for v in operand), ZERO]
                return [laid[k] for k in node.index]
            case "negate" | "absolute" | "relu":
                return [{"negate": negate, "absolute": absolute, "relu": _relu}[node.op](v) for v in x]
            case "leaky_relu":
                slope = _rounded(step.compute, [node.parameter], node)[0]
                return [self._of(step, multiply(slope, v)) if compare("lt", v, ZERO) else v for v in x]
            case "add" | "subtract" | "multiply" | "divide" | "square":
                return [self._of(step, self._binary(node.op, step.compute, a, b)) for a, b in zip(x, operands[-1], strict=True)]
            case "linear":
                return self._linear(node, step, x)
            case "matmul":
                return self._matmul(node, step, x, operands[1])
        if node.op in FUNCTIONS:
            return [self._function(node.op, step.compute, v) for v in x]
        length = len(x) // node.size if node.op in ("sum", "mean", "max") else node.shape[-1]
        return [v for k in range(0, len(x), length) for v in self._row(node, step, x[k : k + length])]

    def _of(self, step: Step, value: Value) -> Value:
        return round_value(step.compute, value)

    def _binary(self, op: str, fmt: Format, a: Value, b: Value) -> Value:
        if op in ("add", "subtract"):
            return add(a, b if op == "add" else negate(b), down=_is_down(fmt))
        return divide(a, b) if op == "divide" else multiply(a, b)

    def _linear(self, node: Node, step: Step, x: list[Value]) -> list[Value]:
        weight = rounded_weight(node, step)
        bias = None if node.bias is None or step.bias is None else _rounded(step.bias, _fractions(node.bias), node)
        units = self.run.units(node, step)
        groups, out, into = node.weight_shape
        result = []
        for chunk in range(len(x) // into):
            for o in range(out):
                row = (chunk % groups) * out + o
                weights: list[Value] = [weight.fraction(row * into + k) for k in range(into)]
                last = None if bias is None else bias[row % len(bias)]
                result.append(self._dot(step, weights, x[chunk * into : (chunk + 1) * into], last, units[row % len(units)]))
        return result

    def _matmul(self, node: Node, step: Step, a: list[Value], b: list[Value]) -> list[Value]:
        m, n = node.shape[-2:]
        k = len(a) * n // node.size
        unit = self.run.units(node, step)[0]
        return [
            self._dot(step, a[(t * m + i) * k : (t * m + i + 1) * k], b[t * k * n + j : (t + 1) * k * n : n], None, unit)
            for t in range(node.size // (m * n)) for i in range(m) for j in range(n)
        ]  # fmt: skip

    def _dot(self, step: Step, a: list[Value], b: list[Value], bias: Value | None, unit: Fraction) -> Value:
        """Products rounded (unless fused) and added by index, the bias last."""
        acc = step.accumulation
        assert acc is not None
        self.budget.spend(20_000 * len(a))
        if acc.kind == "exact":
            if NAN in a or NAN in b:
                return NAN
            total = sum((finite(p) * finite(q) for p, q in zip(a, b, strict=True)), start=ZERO)
            demand_held(step, total, unit)
            exact = step.compute.round(total)
            return exact if bias is None else self._of(step, add(exact, bias, down=_is_down(step.compute)))
        fmt = acc.accumulator
        if acc.kind != "additions" or acc.order not in ("any", "sequential") or not isinstance(fmt, Float) or _flushes(acc, fmt):
            raise LeafFailure("a run that is not finite is followed through plain additions by index only")
        products = [multiply(p, q) for p, q in zip(a, b, strict=True)]
        terms = products if acc.products == "fused" else [round_value(fmt, p) for p in products]
        partial: Value = ZERO
        for term in terms if bias is None else [*terms, bias]:
            partial = round_value(fmt, add(partial, term, down=_is_down(fmt)))
        return partial

    def _row(self, node: Node, step: Step, row: list[Value]) -> list[Value]:
        if node.op == "max":
            return [reduce(larger, row)]
        if node.op in ("sum", "mean"):
            total = self._sum(step, row, self.run.units(node, step)[0])
            return [total if node.op == "sum" else self._of(step, divide(total, Fraction(len(row))))]
        self.run.units(node, step)
        return self._norm(node, step, row) if node.op.endswith("norm") else self._softmax(node, step, row)

    def _sum(self, step: Step, row: list[Value], unit: Fraction) -> Value:
        return self._dot(step, [ONE] * len(row), row, None, unit)

    def _softmax(self, node: Node, step: Step, row: list[Value]) -> list[Value]:
        top = reduce(larger, row)
        d = [self._of(step, self._binary("subtract", step.compute, v, top)) for v in row]
        e = [self._function("exp", step.compute, v) for v in d]
        total = self._sum(step, e, ONE)
        if node.op == "softmax":
            return [self._of(step, divide(v, total)) for v in e]
        log = self._function("log", step.compute, total)
        return [self._of(step, self._binary("subtract", step.compute, v, log)) for v in d]

    def _norm(self, node: Node, step: Step, row: list[Value]) -> list[Value]:
        n = Fraction(len(row))
        if node.op == "layer_norm":
            mean = self._of(step, divide(self._sum(step, row, ONE), n))
            row = [self._of(step, self._binary("subtract", step.compute, v, mean)) for v in row]
        moment = self._of(step, divide(self._sum(step, [self._of(step, multiply(v, v)) for v in row], ONE), n))
        eps = self._of(step, node.parameter)
        root = self._function("rsqrt", step.compute, self._of(step, add(moment, eps, down=_is_down(step.compute))))
        return [self._of(step, multiply(v, root)) for v in row]

    def _function(self, name: str, fmt: Format, x: Value) -> Value:
        """f(x), at zeros by the sign of zero and at infinities by the table."""
        if x == NAN:
            return NAN
        if x in (INFINITY, NEGATIVE_INFINITY):
            limit = _AT_INFINITY[name][x == INFINITY]
            if limit is None:
                raise LeafFailure(f"what {name} is at minus infinity depends on the library")
            return round_value(fmt, limit)
        if x == NEGATIVE_ZERO and name in _THROUGH_ZERO:
            return round_value(fmt, x)
        value = finite(x)
        if value == 0 and name in ("rsqrt", "log"):
            return round_value(fmt, NEGATIVE_INFINITY if name == "log" or x == NEGATIVE_ZERO else INFINITY)
        if value < 0 and name in ("sqrt", "rsqrt", "log"):
            return NAN
        return self.run.function_value(name, fmt, value)


def _fractions(array: Exact) -> list[Fraction]:
    return [array.fraction(k) for k in range(len(array.numbers))]


def _rounded(fmt: Format, constants: list[Fraction], node: Node) -> list[Value]:
    """Constants as the program holds them, with the signs of zeros. Raises LeafFailure where one overflows."""
    values = [fmt.round(constant) for constant in constants]
    if not all(map(is_finite, values)):
        raise LeafFailure(f"a constant of {node.name!a} overflows")
    return values


def _relu(x: Value) -> Value:
    return larger(x, ZERO)


def _flushes(acc: Accumulation, fmt: Float) -> bool:
    return acc.flushes_inputs or fmt.subnormals == "flushed"


def _is_down(fmt: Format) -> bool:
    return isinstance(fmt, Float) and fmt.rounding == "down"
