"""A condition on the inputs as a box, and what is left of it.

Bounds of one input by numbers make the box. All else stays a precondition: true or false at a point of the box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box
from suffice.encodings.readers.numbers import make_interval
from suffice.errors import DomainError, InputError

STRICT_NOTE = "strict comparisons of :pre are read as closed"


@dataclass(frozen=True, slots=True)
class Bound:
    """The input is at least (or at most) `value`. `exact`: that is all that the condition says, but for strictness."""

    name: str
    value: Fraction
    is_lower: bool
    strict: bool
    exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The points of the box at which all `preconditions` hold. `open_ends`: the strict bounds that the box reads as closed."""

    box: Box
    preconditions: tuple[Expression, ...] = ()
    open_ends: tuple[Expression, ...] = ()


def region(build: ExpressionBuilder, condition: int | None, inputs: Sequence[str], given: Box | None = None) -> Region:
    """Where the condition at this position holds, within the box that is given. Raises InputError for an input without two bounds."""
    sides: dict[str, tuple[list[Fraction], list[Fraction]]] = {name: ([], []) for name in inputs}
    for name, interval in (given or {}).items():
        sides[name] = ([interval.lo], [interval.hi])
    preconditions, open_ends = [], []
    for part in [] if condition is None else _conjuncts(build, condition):
        bounds = list(_bounds(build, part))
        for bound in bounds:
            sides[bound.name][0 if bound.is_lower else 1].append(bound.value)
        if not bounds or not all(bound.exact for bound in bounds):
            preconditions.append(build.build(part))
        elif any(bound.strict for bound in bounds):
            open_ends.append(build.build(part))
    for name, (lower, upper) in sides.items():
        if not lower or not upper:
            side = "an upper" if lower else "a lower" if upper else "an interval, that is, a lower and an upper"
            raise InputError(f"the input {name} lacks {side} bound", where=":pre", mend=f"add (<= LO {name} HI)")
    box = {name: make_interval(max(lower), min(upper), where=f":pre of {name}") for name, (lower, upper) in sides.items()}
    return Region(box=box, preconditions=tuple(preconditions), open_ends=tuple(open_ends))


def _conjuncts(build: ExpressionBuilder, root: int) -> Iterator[int]:
    pending = [root]
    while pending:
        position = pending.pop()
        node = build.node(position)
        if node.op is Op.AND:
            pending.extend(reversed(node.args))
        else:
            yield position


def _bounds(build: ExpressionBuilder, position: int) -> Iterator[Bound]:
    """What a condition says of single inputs."""
    node = build.node(position)
    match node.op:
        case Op.LT | Op.LE:
            yield from _ordered(build, *node.args, strict=node.op is Op.LT)
        case Op.EQ:
            yield from _ordered(build, *node.args, strict=False)
            yield from _ordered(build, *reversed(node.args), strict=False)
        case Op.NOT if build.node(node.args[0]).op in (Op.LT, Op.LE):
            denied = build.node(node.args[0])
            yield from _ordered(build, *reversed(denied.args), strict=denied.op is Op.LE)
        case Op.OR:
            yield from _either(build, position)


def _ordered(build: ExpressionBuilder, below: int, above: int, *, strict: bool) -> Iterator[Bound]:
    """below <= above, where one is an input or its absolute value, and the other a number."""
    left, right = build.node(below), build.node(above)
    if right.op is Op.VAR and (least := _number(build, below)) is not None:
        yield Bound(str(right.payload), least[0], is_lower=True, strict=strict, exact=least[0] == least[1])
    elif left.op is Op.VAR and (greatest := _number(build, above)) is not None:
        yield Bound(str(left.payload), greatest[1], is_lower=False, strict=strict, exact=greatest[0] == greatest[1])
    elif left.op is Op.ABS and build.node(left.args[0]).op is Op.VAR and (greatest := _number(build, above)) is not None:
        name, exact = str(build.node(left.args[0]).payload), greatest[0] == greatest[1]
        yield Bound(name, -greatest[1], is_lower=True, strict=strict, exact=exact)
        yield Bound(name, greatest[1], is_lower=False, strict=strict, exact=exact)


def _either(build: ExpressionBuilder, root: int) -> Iterator[Bound]:
    """The hull of what the parts of a disjunction say, which is less than the disjunction says."""
    parts, pending = [], [root]
    while pending:
        node = build.node(position := pending.pop())
        if node.op is Op.OR:
            pending.extend(node.args)
        else:
            parts.append([bound for conjunct in _conjuncts(build, position) for bound in _bounds(build, conjunct)])
    for name in {bound.name for bounds in parts for bound in bounds}:
        for is_lower in (True, False):
            sides = [[bound.value for bound in bounds if bound.name == name and bound.is_lower is is_lower] for bounds in parts]
            if all(sides):
                value = min(map(max, sides)) if is_lower else max(map(min, sides))
                yield Bound(name, value, is_lower=is_lower, strict=False, exact=False)


def _number(build: ExpressionBuilder, position: int) -> tuple[Fraction, Fraction] | None:
    """An enclosure of a term without inputs, a single number where it is rational; None for other terms."""
    payload = build.node(position).payload
    if isinstance(payload, Fraction):
        return payload, payload
    expression = build.build(position)
    if expression.variables:
        return None
    from suffice.encodings.enclosures.arb import enclose_at

    try:
        value = enclose_at(expression, {})
    except DomainError:
        return None
    return value.lo, value.hi
