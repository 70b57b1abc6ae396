"""Interval evaluation of an expression: values, slopes by one reverse pass, and first and second derivatives along one input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from . import limits
from .budget import Budget as Budget
from .budget import interval_work, oversize_work, slope_work
from .calculus import Jet, derivative, pair_jet, partials, second_derivative
from .failures import LeafFailure, Rejection
from .fixed import DomainFailure, FixedPoint, TooLarge
from .question import LOGICAL, Box, Node
from .truths import UNDEFINED, decide, distance, union, used_operands
from .truths import Interval as Interval

NOTHING: Mapping[int, Interval] = MappingProxyType({})

NO_PARAMETERS: Box = {}

_Join = Callable[[int, Interval, Interval], Interval]

_ROOM = 128
"""Bits before the point of numbers of the usual size; larger ones cost extra."""


class Tape:
    """An expression with its constants enclosed once, evaluated over boxes in fixed-point interval arithmetic.

    `parameters` are the intervals of names that no box speaks of.
    """

    def __init__(self, nodes: tuple[Node, ...], precision: int, budget: Budget, parameters: Box = NO_PARAMETERS) -> None:
        if len(nodes) * precision > limits.MAX_HELD_BITS // 8:
            raise Rejection("the precision is too large for so many nodes")
        self.nodes = nodes
        self._held = 0
        self._has_branches = any(node.op in LOGICAL for node in nodes)
        self.fixed = fixed = FixedPoint(precision)
        self._parameters = {name: fixed.from_ends(lo, hi) for name, (lo, hi) in parameters.items()}
        self.budget = budget
        self.zero: Interval = fixed.from_fraction(Fraction(0))
        self.one: Interval = fixed.from_fraction(Fraction(1))
        self.work = sum(interval_work(node.op, precision + _ROOM) for node in nodes)
        """The work of one pass over the nodes, on numbers of the usual size."""
        self.slope_work = sum(slope_work(node.op, precision + _ROOM) for node in nodes)
        self._largest, self._least = 1 << precision + _ROOM, -(1 << precision + _ROOM)
        self._leaves = {
            k: fixed.from_fraction(node.payload) if isinstance(node.payload, Fraction) else fixed.pi() if node.op == "pi" else fixed.e()
            for k, node in enumerate(nodes)
            if node.op in ("const", "pi", "e")
        }

    def _charge_large(self, op: str, intervals: Iterable[Interval]) -> None:
        """Spend what an operation costs more on numbers beyond the usual size."""
        for lo, hi in intervals:
            if hi > self._largest or lo < self._least:
                bits = max(hi, -lo).bit_length()
                self.budget.spend(oversize_work(op, bits))
                self._held += 2 * bits
                if self._held > limits.MAX_HELD_BITS:
                    raise Rejection("the numbers that checking holds at once are too large")

    def box(self, box: Box) -> dict[str, Interval]:
        """The box in fixed point, rounded outward, with the parameters."""
        return self._parameters | {name: self.fixed.from_ends(lo, hi) for name, (lo, hi) in box.items()}

    def apply(self, node: Node, args: list[Interval]) -> Interval:
        """One operation on numbers; LeafFailure outside its domain."""
        self._charge_large(node.op, args)
        try:
            value = self._operate(node, args)
        except (DomainFailure, TooLarge) as failure:
            raise LeafFailure(f"{node.op}: {failure}") from None
        self._charge_large("mul", (value,))
        return value

    def _operate(self, node: Node, args: list[Interval]) -> Interval:
        fixed = self.fixed
        match node.op:
            case "cast":
                return args[0]
            case "pow":
                assert isinstance(node.payload, int)
                return fixed.power(args[0], node.payload)
            case "mul" if node.args[0] == node.args[1]:
                return self._square(args[0])
            case "fma" if node.args[0] == node.args[1]:
                return fixed.add(self._square(args[0]), args[2])
        function: Callable[..., Interval] = getattr(fixed, node.op)
        return function(*args)

    def _square(self, a: Interval) -> Interval:
        size = self.fixed.abs(a)
        return self.fixed.mul(size, size)

    def values(self, inputs: Mapping[str, Interval]) -> list[Interval]:
        """The enclosure of every node, UNDEFINED where its operation may not be; a decided `if` uses one branch only.

        LeafFailure where the last node may be undefined, or may jump because an `if` that counts is not decided. So the last node is a
        continuous function on the box.
        """
        return self._defined(inputs, None)

    def ranges(self, inputs: Mapping[str, Interval]) -> list[Interval]:
        """The same, with the hull of both branches of an `if` that is not decided: the last node is defined, but may jump."""
        return self._defined(inputs, lambda _, a, b: union(a, b))

    def widened(
        self, inputs: Mapping[str, Interval], held: Sequence[Interval], errors: Sequence[int | None]
    ) -> tuple[list[Interval], dict[int, int]]:
        """THEORY S1: the enclosures with an absolute error added at each node, and the jump added at each `if` that is not decided.

        `held` is what a run holds at each node; inputs and constants lie between it and the real numbers, and a condition is decided where
        both decide it alike. An error is None where the program's values may not be finite: the node is undefined.
        """
        real = self._evaluate(inputs, lambda _, a, b: union(a, b)) if self._has_branches else []
        jumps: dict[int, int] = {}

        def jump(k: int, a: Interval, b: Interval) -> Interval:
            _, first, second = (real[operand] for operand in self.nodes[k].args)
            if UNDEFINED in (first, second):
                return UNDEFINED
            jumps[k] = size = distance(first, second)
            lo, hi = union(a, b)
            value = lo - size, hi + size
            self._charge_large("mul", (value,))
            return value

        moved: dict[int, Interval] = {}
        for k, node in enumerate(self.nodes):
            if node.op in LOGICAL:
                moved[k] = UNDEFINED if UNDEFINED in (real[k], held[k]) else union(real[k], held[k])
            elif not node.args:
                start = inputs[str(node.payload)] if node.op == "var" else self._leaves[k]
                moved[k] = UNDEFINED if errors[k] is None else union(start, held[k])
        return self._defined(inputs, jump, errors, moved), jumps

    def _defined(
        self, inputs: Mapping[str, Interval], join: _Join | None, errors: Sequence[int | None] = (), moved: Mapping[int, Interval] = NOTHING
    ) -> list[Interval]:
        """One pass whose last node is defined; LeafFailure where it may not be."""
        reasons: dict[int, str] = {}
        values = self._evaluate(inputs, join, errors, moved, reasons)
        if values[-1] == UNDEFINED:
            raise LeafFailure(reasons[len(values) - 1])
        return values

    def _evaluate(
        self,
        inputs: Mapping[str, Interval],
        join: _Join | None,
        errors: Sequence[int | None] = (),
        moved: Mapping[int, Interval] = NOTHING,
        reasons: dict[int, str] | None = None,
    ) -> list[Interval]:
        """One pass; `join` gives the value of an `if` that is not decided, which is undefined without it; nodes in `moved` are given."""
        self.budget.spend(self.work)
        self._held = 0
        result: list[Interval] = []
        reasons = {} if reasons is None else reasons
        for k, node in enumerate(self.nodes):
            if k in moved:
                value = moved[k]
                if value == UNDEFINED:
                    reasons[k] = f"node {k} ({node.op}) may not be finite in the program"
                result.append(value)
                continue
            if node.op == "var":
                value = inputs[str(node.payload)]
            elif k in self._leaves:
                value = self._leaves[k]
            else:
                value = self._evaluate_node(k, result, join, reasons)
            if errors and value != UNDEFINED:
                error = errors[k]
                if error is None:
                    value, reasons[k] = UNDEFINED, f"node {k} ({node.op}) may not be finite in the program"
                elif error:
                    value = value[0] - error, value[1] + error
            result.append(value)
        return result

    def _evaluate_node(self, k: int, values: list[Interval], join: _Join | None, reasons: dict[int, str]) -> Interval:
        """One node with operands; what is undefined has its first reason in `reasons`."""
        node = self.nodes[k]
        used = used_operands(node, values)
        args = [values[a] for a in used]
        if node.op in LOGICAL:
            value = decide(node.op, args)
        elif UNDEFINED in args:
            value = UNDEFINED
        elif node.op != "if":
            try:
                return self.apply(node, args)
            except LeafFailure as failure:
                reasons[k] = str(failure)
                return UNDEFINED
        elif len(used) == 2:
            return args[1]
        elif join is not None:
            return join(k, args[1], args[2])
        else:
            reasons[k] = f"node {k} (if) may take either branch"
            return UNDEFINED
        if value == UNDEFINED:
            reasons[k] = reasons[used[args.index(UNDEFINED)]]
        return value

    def slopes(self, values: list[Interval], moved: Sequence[bool] | None = None) -> list[Interval]:
        """d(last node)/d(node) for every node, over the enclosures `values`; generalised derivatives at kinks.

        Where `moved` is given, slopes by nodes that no error moves are left out (0). LeafFailure at an `if` that is not decided.
        """
        self.budget.spend(self.slope_work)
        self._held = 0
        slopes = [self.zero] * len(self.nodes)
        slopes[-1] = self.one
        fixed = self.fixed
        for k in range(len(self.nodes) - 1, -1, -1):
            node = self.nodes[k]
            if not node.args or slopes[k] == self.zero:
                continue
            if node.op == "if":
                self._pass_through(k, values, slopes)
                continue
            if moved is not None and not any(moved[a] for a in node.args):
                continue
            args = [values[a] for a in node.args]
            self._charge_large(node.op, (*args, values[k], slopes[k]))
            try:
                for argument, partial in zip(node.args, self._partials(node, args, values[k]), strict=True):
                    slopes[argument] = fixed.add(slopes[argument], fixed.mul(slopes[k], partial))
            except (DomainFailure, TooLarge) as failure:
                raise LeafFailure(f"the slope of {node.op}: {failure}") from None
        return slopes

    def _pass_through(self, k: int, values: list[Interval], slopes: list[Interval]) -> None:
        """An `if` is the branch that it takes."""
        _, *branches = used_operands(self.nodes[k], values)
        if len(branches) != 1:
            raise LeafFailure(f"the slope of node {k} (if), which may take either branch")
        slopes[branches[0]] = self.fixed.add(slopes[branches[0]], slopes[k])

    def _partials(self, node: Node, args: list[Interval], value: Interval) -> list[Interval]:
        """The partial derivatives of one operation, by the rules of calculus; at kinks the hull of both sides."""
        fixed, one = self.fixed, self.one
        a = args[0]
        match node.op:
            case "add":
                return [one, one]
            case "sub":
                return [one, fixed.neg(one)]
            case "mul":
                return [args[1], a]
            case "fma":
                return [args[1], a, one]
            case "div":
                return [fixed.div(one, args[1]), fixed.neg(fixed.div(value, args[1]))]
            case "min":
                first = self._share(args[1], a)
                return [first, fixed.sub(one, first)]
            case "max":
                first = self._share(a, args[1])
                return [first, fixed.sub(one, first)]
            case "hypot" | "atan2" | "powr":
                return partials(fixed, node.op, a, args[1], value)
            case _:
                return [self._derivative(node, a, value)]

    def _share(self, larger: Interval, smaller: Interval) -> Interval:
        """The derivative of max(larger, smaller) by its first argument: 1, 0 or anything between."""
        if larger[0] > smaller[1]:
            return self.one
        return self.zero if larger[1] < smaller[0] else (self.zero[0], self.one[1])

    def _derivative(self, node: Node, a: Interval, value: Interval) -> Interval:
        """f'(a) for a unary operation with f(a) in `value`."""
        fixed, one = self.fixed, self.one
        match node.op:
            case "neg":
                return fixed.neg(one)
            case "cast":
                return one
            case "abs":
                low = one if a[0] > 0 else fixed.neg(one)
                high = fixed.neg(one) if a[1] < 0 else one
                return low[0], high[1]
            case "pow":
                n = node.payload
                assert isinstance(n, int)
                return self.zero if n == 0 else fixed.mul(fixed.from_fraction(Fraction(n)), fixed.power(a, n - 1))
            case _:
                return derivative(fixed, node.op, a, value)

    def _second_derivative(self, node: Node, a: Interval, value: Interval, first: Interval) -> Interval:
        """f''(a) for a smooth unary operation with f(a) in `value` and f'(a) in `first`."""
        fixed = self.fixed
        match node.op:
            case "neg" | "cast":
                return self.zero
            case "pow":
                n = node.payload
                assert isinstance(n, int)
                if n in (0, 1):
                    return self.zero
                return fixed.mul(fixed.from_fraction(Fraction(n * (n - 1))), fixed.power(a, n - 2))
            case _:
                return second_derivative(fixed, node.op, a, value, first)

    def jet(self, inputs: Mapping[str, Interval], along: str) -> Jet:
        """Value, first and second derivative of the last node along one input; LeafFailure where a kink may lie in the box."""
        values = self.values(inputs)
        self.budget.spend(2 * (self.work + 2 * self.slope_work))
        jets: dict[int, Jet] = {}
        for k in self._live(values):
            node = self.nodes[k]
            if node.op == "var":
                jets[k] = (inputs[str(node.payload)], self.one if node.payload == along else self.zero, self.zero)
            elif k in self._leaves:
                jets[k] = (self._leaves[k], self.zero, self.zero)
            elif node.op == "if":
                jets[k] = jets[used_operands(node, values)[1]]
            else:
                try:
                    jets[k] = self._apply_jet(node, [jets[a] for a in node.args])
                except (DomainFailure, TooLarge) as failure:
                    raise LeafFailure(f"the curvature of {node.op}: {failure}") from None
        return jets[len(self.nodes) - 1]

    def _live(self, values: list[Interval]) -> list[int]:
        """The numbers that the last node is made of, in order: no conditions, and no branches that are not taken."""
        live = {len(self.nodes) - 1}
        for k in range(len(self.nodes) - 1, -1, -1):
            if k in live:
                used = used_operands(self.nodes[k], values)
                live.update(used[1:] if self.nodes[k].op == "if" else used)
        return sorted(live)

    def _apply_jet(self, node: Node, args: list[Jet]) -> Jet:
        """The chain rule to second order."""
        fixed = self.fixed
        for jet in args:
            self._charge_large(node.op, jet)
        match node.op:
            case "add":
                return self._combine(fixed.add, *args)
            case "sub":
                return self._combine(fixed.sub, *args)
            case "mul" if node.args[0] == node.args[1]:
                return self._unary(Node("pow", (0,), 2), args[0])
            case "mul":
                return self._multiply(*args)
            case "fma":
                return self._combine(fixed.add, self._multiply(args[0], args[1]), args[2])
            case "div":
                return self._multiply(args[0], self._unary(Node("pow", (0,), -1), args[1]))
            case "abs":
                if args[0][0][0] > 0:
                    return args[0]
                if args[0][0][1] < 0:
                    return self._unary(Node("neg", (0,)), args[0])
            case "min":
                if args[0][0][1] < args[1][0][0]:
                    return args[0]
                if args[1][0][1] < args[0][0][0]:
                    return args[1]
            case "max":
                if args[0][0][0] > args[1][0][1]:
                    return args[0]
                if args[1][0][0] > args[0][0][1]:
                    return args[1]
            case "hypot" | "atan2" | "powr":
                value = self.apply(node, [args[0][0], args[1][0]])
                return pair_jet(fixed, node.op, args[0], args[1], value)
            case _:
                return self._unary(node, args[0])
        raise LeafFailure(f"{node.op} may have its kink inside the box")

    def _combine(self, rule: Callable[[Interval, Interval], Interval], u: Jet, v: Jet) -> Jet:
        return rule(u[0], v[0]), rule(u[1], v[1]), rule(u[2], v[2])

    def _multiply(self, u: Jet, v: Jet) -> Jet:
        """(uv)'' = u''v + 2u'v' + uv''."""
        add, mul = self.fixed.add, self.fixed.mul
        cross = mul(u[1], v[1])
        return (
            mul(u[0], v[0]),
            add(mul(u[1], v[0]), mul(u[0], v[1])),
            add(add(mul(u[2], v[0]), mul(u[0], v[2])), add(cross, cross)),
        )

    def _unary(self, node: Node, u: Jet) -> Jet:
        """f(u)'' = f''(u) u'^2 + f'(u) u''."""
        add, mul = self.fixed.add, self.fixed.mul
        value = self.apply(node, [u[0]])
        first = self._derivative(node, u[0], value)
        second = self._second_derivative(node, u[0], value, first)
        return value, mul(first, u[1]), add(mul(second, self.fixed.power(u[1], 2)), mul(first, u[2]))
