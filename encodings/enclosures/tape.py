"""Several expressions over shared nodes, evaluated together on spans.

Where a tape has conditions, what is not needed may be undefined: the branch that is not taken. A value is then None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from flint import ctx

from suffice.encodings.enclosures import spans as on_spans
from suffice.encodings.enclosures.conditions import Cut, EmptyError, cut, cuts_of, is_branching, is_false, is_true
from suffice.encodings.enclosures.spans import UNIT, Span, UndefinedError
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op

LONGEST_SUM = 64
"""Sums of more terms are not looked through."""

Step = Callable[[list[Span]], Span]


class UndefinedAtError(UndefinedError):
    """The position of the first node that could not be shown to be defined."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(position)


@dataclass(frozen=True, slots=True)
class Tape:
    """Nodes in topological order, the positions of the expressions asked for, and how each node that is no variable is computed.

    `places` says where the nodes of each expression stand; `assumed` are the positions of conditions: values are meant for those points of
    a box at which all of them are true, and `cuts` are what that says of single nodes.
    """

    nodes: tuple[Node, ...]
    roots: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]
    assumed: tuple[int, ...]
    steps: tuple[Step | str, ...] = field(compare=False, repr=False)
    cuts: Mapping[int, tuple[Cut, ...]] = field(compare=False, repr=False)
    branching: bool

    def evaluate(self, box: Mapping[str, Span]) -> list[Span | None]:
        """A span for every node, at the current Arb precision, None (on tapes with conditions) where one is not defined.

        Raises UndefinedAtError where an expression asked for is not, and EmptyError where no point satisfies what is assumed.
        """
        if self.branching:
            return self._evaluate_lazily(box)
        values: list[Span] = []
        try:
            for step in self.steps:
                values.append(box[step] if isinstance(step, str) else step(values))
        except UndefinedError:
            raise UndefinedAtError(len(values)) from None
        return list(values)

    def evaluate_roots(self, box: Mapping[str, Span]) -> list[Span]:
        """A span for every expression asked for."""
        values = self.evaluate(box)
        return [value for value in (values[root] for root in self.roots) if value is not None]

    def _evaluate_lazily(self, box: Mapping[str, Span]) -> list[Span | None]:
        values: list[Span | None] = []
        for position, node in enumerate(self.nodes):
            step = self.steps[position]
            value = box[step] if isinstance(step, str) else lazy_value(node, step, values)
            if value is not None and position in self.cuts:
                value = cut(value, self.cuts[position])
            values.append(value)
        if any(is_false(values[condition]) for condition in self.assumed):
            raise EmptyError
        for root in self.roots:
            if values[root] is None:
                raise UndefinedAtError(culprit(self.nodes, values, root))
        return values


def lazy_value(node: Node, step: Step, values: Sequence[Span | None]) -> Span | None:
    """The value of an operation some of whose operands may be undefined; None if it needs one of those, or is not defined on them."""
    args = [values[argument] for argument in node.args]
    if node.op is Op.IF:
        return _choice(*args)
    if node.op is Op.AND and any(is_false(arg) for arg in args):
        return on_spans.ZERO, on_spans.ZERO
    if node.op is Op.OR and any(is_true(arg) for arg in args):
        return on_spans.ONE, on_spans.ONE
    if None in args:
        return None
    try:
        return step(values)  # type: ignore[arg-type] # a step looks at operands only, which are all defined
    except UndefinedError:
        return None


def _choice(condition: Span | None, yes: Span | None, no: Span | None) -> Span | None:
    """The branch that the condition takes, the hull of both where it is not decided."""
    if condition is None or is_true(condition):
        return None if condition is None else yes
    if is_false(condition):
        return no
    return None if yes is None or no is None else on_spans.hull(yes, no)


def culprit(nodes: Sequence[Node], values: Sequence[Span | None], root: int) -> int:
    """The operation for want of which the value at `root` is not defined, though its operands are."""
    position = root
    while True:
        args = nodes[position].args
        if nodes[position].op is Op.IF and (condition := values[args[0]]) is not None:
            args = args[1:2] if is_true(condition) else args[2:] if is_false(condition) else args[1:]
        missing = [argument for argument in args if values[argument] is None]
        if not missing:
            return position
        position = missing[0]


def join(expressions: Sequence[Expression], *, defined: bool = False, kinks: bool = False, assuming: Sequence[Expression] = ()) -> Tape:
    """All expressions on one tape, equal subterms once.

    `defined`: the caller has shown that every operation is defined on the boxes to come, so what rounding pushed outside a closed
    domain (sqrt, asin, acos, acosh) is cut off. `kinks`: |u|/u, the derivative of |u|, is taken as [-1, 1] where u may be zero
    (the generalised derivative); else it is undefined there. `assuming`: conditions without which a point does not count.
    """
    nodes: list[Node] = []
    positions: dict[Node, int] = {}
    places: list[tuple[int, ...]] = []
    for expression in (*expressions, *assuming):
        here: list[int] = []
        for node in expression.nodes:
            moved = Node(node.op, tuple(here[a] for a in node.args), node.payload)
            if moved not in positions:
                positions[moved] = len(nodes)
                nodes.append(moved)
            here.append(positions[moved])
        places.append(tuple(here))
    steps = tuple(step_of(nodes, node, defined=defined, kinks=kinks) for node in nodes)
    roots = tuple(here[-1] for here in places)
    asked, assumed = roots[: len(expressions)], roots[len(expressions) :]
    branching = any(map(is_branching, nodes))
    return Tape(tuple(nodes), asked, tuple(places), assumed, steps, cuts_of(nodes, assumed), branching)


def is_sign(nodes: Sequence[Node], node: Node) -> bool:
    """Whether the node is |u|/u, which stands for the sign of u."""
    return node.op is Op.DIV and nodes[node.args[0]] == Node(Op.ABS, (node.args[1],))


def step_of(nodes: Sequence[Node], node: Node, *, defined: bool = False, kinks: bool = False) -> Step | str:
    """How a node is computed from the values before it; the name of a variable."""
    if node.op is Op.VAR:
        return str(node.payload)
    if node.op is Op.CONST:
        assert isinstance(node.payload, Fraction)
        return partial(_constant, node.payload)
    if node.op in (Op.PI, Op.E):
        return partial(_named, node.op)
    if is_sign(nodes, node):
        return partial(_sign, node.args[1], kinks)
    if node.op is Op.POW:
        assert isinstance(node.payload, int)
        return partial(_power, node.args[0], node.payload)
    if node.op is Op.FMA:
        a, b, c = node.args
        return partial(_fma, a, b, c)
    if node.op is Op.IF:
        return partial(_if, node.args)
    if len(node.args) == 1:
        unary = on_spans.UNARY[node.op]
        return partial(_unary, on_spans.CLIPPED.get(node.op, unary) if defined else unary, node.args[0])
    if node.op is Op.MUL and node.args[0] == node.args[1]:
        return partial(_unary, on_spans.square, node.args[0])
    if node.op is Op.MUL and (share := _share_and_rest(nodes, node)) is not None:
        return partial(_unary, _share_times_rest, share)
    first, second = node.args
    if node.op is Op.DIV and first in (terms := _terms(nodes, second)):
        terms.remove(first)
        if terms:
            return partial(_share, first, second, terms)
    return partial(_binary, on_spans.BINARY[node.op], first, second)


def _share_and_rest(nodes: Sequence[Node], node: Node) -> int | None:
    """The a of a * (1 - a) or (1 - a) * a."""
    for a, rest in (node.args, node.args[::-1]):
        if nodes[rest].op is Op.SUB and nodes[rest].args[1] == a and nodes[nodes[rest].args[0]] == Node(Op.CONST, (), Fraction(1)):
            return a
    return None


def _share_times_rest(a: Span) -> Span:
    """a (1 - a) = 1/4 - (a - 1/2)^2, which mentions a once."""
    half, quarter = on_spans.span_of(Fraction(1, 2), Fraction(1, 2)), on_spans.span_of(Fraction(1, 4), Fraction(1, 4))
    return on_spans.subtract(quarter, on_spans.square(on_spans.subtract(a, half)))


def _terms(nodes: Sequence[Node], position: int) -> list[int]:
    """The terms of a sum, in a list of one if it is none."""
    if nodes[position].op is not Op.ADD:
        return [position]
    pending = list(nodes[position].args)
    terms: list[int] = []
    while pending and len(pending) + len(terms) <= LONGEST_SUM:
        term = pending.pop()
        if nodes[term].op is Op.ADD:
            pending.extend(nodes[term].args)
        else:
            terms.append(term)
    return terms + pending


def _share(part: int, whole: int, others: Sequence[int], values: list[Span]) -> Span:
    """x/(x + y) for x > 0 and y >= 0 increases in x and falls in y, whatever correlates them in the span of x + y."""
    x = values[part]
    y = values[others[0]]
    for other in others[1:]:
        y = on_spans.add(y, values[other])
    if x[0] <= 0 or y[0] < 0:
        return on_spans.divide(x, values[whole])
    low, high = (x[0], x[0]), (x[1], x[1])
    return on_spans.divide(low, on_spans.add(low, (y[1], y[1])))[0], on_spans.divide(high, on_spans.add(high, (y[0], y[0])))[1]


def _constant(value: Fraction, values: list[Span]) -> Span:  # noqa: ARG001 - every step takes the values before it
    return on_spans.span_of_constant(value, ctx.prec)


def _named(op: Op, values: list[Span]) -> Span:  # noqa: ARG001
    return on_spans.named_constant(op)


def _sign(a: int, kinks: bool, values: list[Span]) -> Span:
    sign = on_spans.sign(values[a])
    if sign is not None:
        return sign
    if not kinks:
        raise UndefinedError
    return UNIT


def _power(a: int, exponent: int, values: list[Span]) -> Span:
    return on_spans.power(values[a], exponent)


def _unary(function: Callable[[Span], Span], a: int, values: list[Span]) -> Span:
    return function(values[a])


def _binary(function: Callable[[Span, Span], Span], a: int, b: int, values: list[Span]) -> Span:
    return function(values[a], values[b])


def _if(args: tuple[int, ...], values: list[Span]) -> Span:
    result = _choice(*(values[argument] for argument in args))
    assert result is not None
    return result


def _fma(a: int, b: int, c: int, values: list[Span]) -> Span:
    return on_spans.fused_multiply_add(values[a], values[b], values[c])
