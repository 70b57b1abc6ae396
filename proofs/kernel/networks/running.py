"""One run of a program in exact arithmetic (THEORY W; docs/networks.md, "What a program does").

Numbers of a tensor are integers in units of one power of two. Sums go in the order of the index, the bias last; functions are rounded
correctly. A result that is not finite ends the run: NotFinite.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ..budget import Budget, interval_work
from ..cells import code_between
from ..failures import LeafFailure
from ..fixed import FixedPoint
from ..formats import Exact as Reals
from ..formats import Float, Format, Value, finite, is_finite, power_of_two
from ..functions import exact_value
from ..limits import MAX_NETWORK_BITS
from ..series import MAX_MAGNITUDE_BITS, DomainFailure, TooLarge
from .accumulating import NotFinite, accumulate, round_or_stop, rounded_number
from .arrays import Exact, reduced
from .bounds import rounded_weight
from .codes import demand_held, held_formats, unit_of
from .graph import Node
from .machine import rounded_slope
from .program import Step
from .rounding import places_for, round_array
from .smooth import POINTS

Row = list[int]


@dataclass(slots=True, eq=False)
class Run:
    """The program, ready for runs."""

    nodes: tuple[Node, ...]
    program: tuple[Step, ...]
    budget: Budget
    held: list[Format | None] = field(init=False)

    def __post_init__(self) -> None:
        self.held = held_formats(self.nodes, self.program)

    def output(self, point: Exact) -> Exact:
        """What the program answers at an input. Raises NotFinite, LeafFailure."""
        first = self.program[0].stored
        tensors = [point if first is None else _rounded(first, point)]
        for node, step in zip(self.nodes[1:], self.program[1:], strict=True):
            result = self._step(node, step, [tensors[o] for o in node.operands])
            tensors.append(_rounded(step.stored, result) if step.stored is not None else result)
        return tensors[-1]

    def _step(self, node: Node, step: Step, operands: list[Exact]) -> Exact:
        self.budget.spend(500 * node.size)
        match node.op:
            case "constant":
                assert node.value is not None
                assert step.weights is not None
                return round_array(step.weights, node.value, node.name)
            case "gather":
                return _gather(node, operands)
            case "negate":
                return Exact([-n for n in operands[0].numbers], operands[0].places)
            case "absolute":
                return Exact([abs(n) for n in operands[0].numbers], operands[0].places)
            case "relu":
                return Exact([max(n, 0) for n in operands[0].numbers], operands[0].places)
            case "max":
                length = len(operands[0].numbers) // node.size
                return Exact([max(row) for row in _rows(operands[0], length)], operands[0].places)
            case "linear":
                return self._linear(node, step, operands[0])
            case "matmul":
                return self._matmul(node, step, operands[0], operands[1])
            case "add" | "subtract" | "multiply" | "divide":
                return _binary(node, step, operands[0], operands[1])
            case "sum" | "mean" | "softmax" | "log_softmax" | "layer_norm" | "rms_norm":
                return self._of_rows(node, step, operands[0])
            case "square":
                return _rounded(step.compute, Exact([n * n for n in operands[0].numbers], 2 * operands[0].places))
            case "leaky_relu":
                return self._leaky(node, step, operands[0])
        return collected([self.function(node.op, step.compute, operands[0].fraction(i)) for i in range(node.size)])

    def _linear(self, node: Node, step: Step, x: Exact) -> Exact:
        weight = rounded_weight(node, step)
        bias = None if node.bias is None or step.bias is None else round_array(step.bias, node.bias, node.name)
        groups, out, into = node.weight_shape
        units = self.units(node, step)
        self.budget.spend(1_500 * into * node.size)
        found = []
        for chunk, row in enumerate(_rows(x, into)):
            for o in range(out):
                start = ((chunk % groups) * out + o) * into
                last = None if bias is None else bias.fraction(((chunk % groups) * out + o) % len(bias.numbers))
                weights = weight.numbers[start : start + into]
                unit = units[((chunk % groups) * out + o) % len(units)]
                found.append(self._dot(step, (weights, weight.places), (row, x.places), last, unit))
        return collected(found)

    def _matmul(self, node: Node, step: Step, a: Exact, b: Exact) -> Exact:
        m, n = node.shape[-2:]
        k = len(a.numbers) * n // node.size
        unit = self.units(node, step)[0]
        self.budget.spend(1_500 * k * node.size)
        found = []
        for batch in range(node.size // (m * n)):
            columns = [b.numbers[batch * k * n + j : (batch + 1) * k * n : n] for j in range(n)]
            for i in range(m):
                row = a.numbers[(batch * m + i) * k : (batch * m + i + 1) * k]
                found += [self._dot(step, (row, a.places), (column, b.places), None, unit) for column in columns]
        return collected(found)

    def units(self, node: Node, step: Step) -> list[Fraction]:
        """What one unit of an exact sum stands for, channel by channel where these have scales of their own."""
        assert step.accumulation is not None
        if step.accumulation.kind != "exact":
            return [Fraction(1)]
        unit = unit_of(node, step, [self.held[operand] for operand in node.operands])
        return [unit] if step.scales is None else [unit * step.scales.fraction(k) for k in range(len(step.scales.numbers))]

    def _dot(self, step: Step, a: tuple[Row, int], b: tuple[Row, int], bias: Fraction | None, unit: Fraction) -> Fraction:
        """A sum of products as the accumulation adds it."""
        acc = step.accumulation
        assert acc is not None
        if acc.kind != "exact":
            return accumulate(acc, a, b, bias)
        total = Fraction(sum(p * q for p, q in zip(a[0], b[0], strict=True)), 1 << a[1] + b[1])
        demand_held(step, total, unit)
        result = round_or_stop(step.compute, total)
        return result if bias is None else round_or_stop(step.compute, result + bias)

    def _sum(self, step: Step, row: Row, places: int, unit: Fraction) -> Fraction:
        return self._dot(step, ([1] * len(row), 0), (row, places), None, unit)

    def _of_rows(self, node: Node, step: Step, x: Exact) -> Exact:
        reduces = node.op in ("sum", "mean")
        length = len(x.numbers) // node.size if reduces else node.shape[-1]
        unit = self.units(node, step)[0]
        self.budget.spend(3_000 * len(x.numbers))
        found: list[Fraction] = []
        for row in _rows(x, length):
            if reduces:
                total = self._sum(step, row, x.places, unit)
                found.append(total if node.op == "sum" else round_or_stop(step.compute, total / length))
            elif node.op.endswith("norm"):
                found += self._norm(node, step, row, x.places)
            else:
                found += self._softmax(node, step, row, x.places)
        return collected(found)

    def _softmax(self, node: Node, step: Step, row: Row, places: int) -> list[Fraction]:
        """d = fl(x - max), e = fl(exp d), S; fl(e / S), or fl(d - fl(log S))."""
        fmt, top = step.compute, max(row)
        d = [round_or_stop(fmt, Fraction(n - top, 1 << places)) for n in row]
        e = [self.function("exp", fmt, part) for part in d]
        held = collected(e)
        total = self._sum(step, held.numbers, held.places, Fraction(1))
        if node.op == "log_softmax":
            log = self.function("log", fmt, total)
            return [round_or_stop(fmt, part - log) for part in d]
        if total == 0:
            raise NotFinite
        return [round_or_stop(fmt, part / total) for part in e]

    def _norm(self, node: Node, step: Step, row: Row, places: int) -> list[Fraction]:
        """a, c, q, v, t and r; fl(c r)."""
        fmt, n = step.compute, len(row)
        c = [Fraction(x, 1 << places) for x in row]
        if node.op == "layer_norm":
            a = round_or_stop(fmt, self._sum(step, row, places, Fraction(1)) / n)
            c = [round_or_stop(fmt, x - a) for x in c]
        q = collected([round_or_stop(fmt, x * x) for x in c])
        v = round_or_stop(fmt, self._sum(step, q.numbers, q.places, Fraction(1)) / n)
        t = round_or_stop(fmt, v + round_or_stop(fmt, node.parameter))
        if t <= 0:
            raise NotFinite
        r = self.function("rsqrt", fmt, t)
        return [round_or_stop(fmt, x * r) for x in c]

    def _leaky(self, node: Node, step: Step, x: Exact) -> Exact:
        slope = rounded_slope(node, step)
        values = (x.fraction(i) for i in range(node.size))
        return collected([value if value >= 0 else round_or_stop(step.compute, slope * value) for value in values])

    def function(self, name: str, fmt: Format, x: Fraction) -> Fraction:
        """f(x) correctly rounded; negative zero is 0. Raises NotFinite."""
        value = self.function_value(name, fmt, x)
        if not is_finite(value):
            raise NotFinite
        return finite(value)

    def function_value(self, name: str, fmt: Format, x: Fraction) -> Value:
        """f(x) correctly rounded, by Ziv's strategy. Raises NotFinite outside the domain of f."""
        if isinstance(fmt, Reals):
            raise LeafFailure("a run through a function needs a format that rounds it")
        known = _known(name, x)
        if known is not None:
            return fmt.round(known)
        bits = 64 + (fmt.p if isinstance(fmt, Float) else 64) + x.denominator.bit_length()
        while bits <= MAX_NETWORK_BITS:
            self.budget.spend(8 * interval_work("exp", bits))
            try:
                low, high = FixedPoint(bits).to_fractions(POINTS[name](FixedPoint(bits), x.numerator * (1 << bits) // x.denominator))
                code = code_between(fmt, low, high)
                if code is not None:
                    return code
            except DomainFailure:
                pass
            except TooLarge:
                if name == "exp" and x > 0:
                    return fmt.round(power_of_two(MAX_MAGNITUDE_BITS))
                break
            bits *= 2
        raise LeafFailure(f"a rounding of {name} could not be decided")


_AT_ZERO: dict[str, Fraction | int] = {
    "erf": 0, "tanh": 0, "gelu": 0, "gelu_tanh": 0, "silu": 0, "exp": 1, "sqrt": 0, "sigmoid": Fraction(1, 2),
}  # fmt: skip


def _known(name: str, x: Fraction) -> Fraction | None:
    """f(x) where it is known to be rational; elsewhere it is irrational or is not known."""
    if x == 0 and name in _AT_ZERO:
        return Fraction(_AT_ZERO[name])
    if name in ("sqrt", "rsqrt", "log") and (x < 0 or (x == 0 and name != "sqrt")):
        raise NotFinite
    if name in ("sqrt", "rsqrt"):
        root: Fraction | None = exact_value("sqrt", x)
        return root if name == "sqrt" or root is None else 1 / root
    return Fraction(0) if name == "log" and x == 1 else None


def collected(values: list[Fraction]) -> Exact:
    """Dyadic rationals in one unit."""
    places = max(value.denominator.bit_length() for value in values) - 1
    if places > MAX_NETWORK_BITS:
        raise LeafFailure("a number of the run has too many digits")
    return Exact([value.numerator << places - value.denominator.bit_length() + 1 for value in values], places)


def _rows(x: Exact, length: int) -> list[Row]:
    return [x.numbers[i : i + length] for i in range(0, len(x.numbers), length)]


def _gather(node: Node, operands: list[Exact]) -> Exact:
    places = max(operand.places for operand in operands)
    numbers = [n for operand in operands for n in operand.at(places)] + [0]
    return Exact([numbers[i] for i in node.index], places)


def _rounded(fmt: Format, x: Exact) -> Exact:
    """Every number of a tensor rounded. Raises NotFinite."""
    places = places_for(fmt, x.places)
    return reduced([rounded_number(fmt, n, places) for n in x.at(places)], places)


def _binary(node: Node, step: Step, a: Exact, b: Exact) -> Exact:
    """fl of the exact result."""
    if node.op == "divide":
        return collected([_quotient(step.compute, a.fraction(i), b.fraction(i)) for i in range(node.size)])
    if node.op == "multiply":
        products = [p * q for p, q in zip(a.numbers, b.numbers, strict=True)]
        return _rounded(step.compute, Exact(products, a.places + b.places))
    places = max(a.places, b.places)
    sign = 1 if node.op == "add" else -1
    return _rounded(step.compute, Exact([p + sign * q for p, q in zip(a.at(places), b.at(places), strict=True)], places))


def _quotient(fmt: Format, a: Fraction, b: Fraction) -> Fraction:
    if b == 0:
        raise NotFinite
    return round_or_stop(fmt, a / b)

