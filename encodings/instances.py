"""Members of a family as ordinary problems: parameters are constants of the program, and a fold is unrolled."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from suffice.encodings.expression import Expression, ExpressionBuilder, Node
from suffice.encodings.family import Family, Fold
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box, Interval, Problem, Tolerance
from suffice.errors import InputError
from suffice.hardware_specs.format import Format

Values = Mapping[str, Fraction]

MAX_UNROLLED = 512
"""Steps of a fold that are written out one by one."""


def instance(family: Family, parameters: Values, size: int | None = None, accumulate: Format | None = None) -> Problem:
    """The member for these parameters, and this size of the fold: the elements of step k are the inputs x_1, x_2, ... of x.

    `accumulate` is the format of the fold's state; None: that of the other operations. Raises InputError for what no problem file holds.
    """
    outer = _constants(family, parameters)
    box = {name: Interval(low.at(parameters), high.at(parameters)) for name, (low, high) in family.box.items()}
    builder = ExpressionBuilder()
    if family.fold is None:
        expression = builder.build(graft(builder, family.expression, dict(outer)))
    else:
        if size is None or not 1 <= size <= MAX_UNROLLED:
            raise InputError(f"a fold of {size} steps is not written out", mend=f"choose a size from 1 to {MAX_UNROLLED}")
        box = _unrolled_box(family.fold, box, size)
        expression = _unrolled(family, family.fold, outer, size, accumulate)
    return Problem(
        expression=expression,
        box={name: side for name, side in box.items() if family.fold is None or name in expression.variables},
        tolerance=Tolerance(absolute=family.absolute.at(parameters), relative=family.relative.at(parameters)),
        inputs=family.inputs,
        preconditions=tuple(substituted(condition, outer) for condition in family.preconditions),
        name=family.name,
        description=family.description,
    )


def equal_steps(family: Family, parameters: Box, size: int) -> Problem:
    """f where every step has the same elements, as a function of these: expression(start + size * term); another program with the same
    values. The box is what all parameters have in common, the tolerance the greatest; preconditions hold at both ends of the parameters,
    which stand in the middle elsewhere.
    """
    outer = _constants(family, {name: (side.lo + side.hi) / 2 for name, side in parameters.items()})
    corners = [{name: side.lo for name, side in parameters.items()}, {name: side.hi for name, side in parameters.items()}]
    builder = ExpressionBuilder()
    places = dict(outer)
    if family.fold is not None:
        fold = family.fold
        assert not fold.is_step, "equal steps join only where they are sums"
        steps = builder.apply(Op.MUL, builder.constant(size), graft(builder, fold.term, outer))
        start = graft(builder, fold.start, outer)
        is_zero = builder.node(start).payload == 0
        state = steps if is_zero else builder.apply(Op.ADD, start, steps)
        places = {**outer, fold.size: Fraction(size)}
        root = graft(builder, family.expression, places, {fold.state: state})
    else:
        root = graft(builder, family.expression, places)
    return Problem(
        expression=builder.build(root),
        box=common_box(family, parameters),
        tolerance=Tolerance(absolute=family.absolute.over(parameters).hi, relative=family.relative.over(parameters).hi),
        inputs=family.inputs,
        preconditions=tuple(dict.fromkeys(substituted(condition, corner) for condition in family.preconditions for corner in corners)),
        name=family.name,
    )


def common_box(family: Family, parameters: Box) -> Box:
    """The points that lie in the box of every parameter. Raises InputError where there is none."""
    return {name: Interval(low.over(parameters).hi, high.over(parameters).lo) for name, (low, high) in family.box.items()}


def hull_box(family: Family, parameters: Box) -> Box:
    """The points that lie in the box of some parameter, and what lies between."""
    return {name: Interval(low.over(parameters).lo, high.over(parameters).hi) for name, (low, high) in family.box.items()}


def covering_problem(family: Family, parameters: Box) -> Problem:
    """A problem whose error bound holds for all these parameters: those that formulas use are inputs, the box is the hull of all, and the
    tolerance the least (a family without a fold).
    """
    used = {name for expression in (family.expression, *family.preconditions) for name in expression.variables}
    return Problem(
        expression=family.expression,
        box=hull_box(family, parameters) | {name: side for name, side in parameters.items() if name in used},
        tolerance=Tolerance(absolute=family.absolute.over(parameters).lo, relative=family.relative.over(parameters).lo),
        inputs=family.inputs,
        preconditions=family.preconditions,
        name=family.name,
    )


def graft(builder: ExpressionBuilder, expression: Expression, constants: Values, places: Mapping[str, int] | None = None) -> int:
    """Add an expression's nodes: variables of `constants` are constants, those of `places` earlier nodes; the position of the value."""
    known = dict(places or {})
    positions: list[int] = []
    for node in expression.nodes:
        name = str(node.payload) if node.op is Op.VAR else ""
        if name in known:
            positions.append(known[name])
            continue
        with_format = _at_format(builder, node.format)
        if name in constants:
            positions.append(with_format.constant(constants[name]))
        else:
            positions.append(_copied(with_format, node, positions))
    return positions[-1]


def substituted(expression: Expression, constants: Values) -> Expression:
    """The expression with these variables as constants."""
    builder = ExpressionBuilder()
    return builder.build(graft(builder, expression, constants))


def _constants(family: Family, parameters: Values) -> dict[str, Fraction]:
    return {name: Fraction(parameters[name]) for name in family.parameters}


def _at_format(builder: ExpressionBuilder, fmt: Format | None) -> ExpressionBuilder:
    builder.format = fmt
    return builder


def _copied(builder: ExpressionBuilder, node: Node, positions: list[int]) -> int:
    args = [positions[k] for k in node.args]
    if node.op is Op.VAR:
        return builder.variable(str(node.payload))
    if isinstance(node.payload, Fraction):
        return builder.constant(node.payload)
    if isinstance(node.payload, int):
        return builder.power(args[0], node.payload)
    return builder.apply(node.op, *args) if args else builder.named(node.op)


def _unrolled_box(fold: Fold, box: Box, size: int) -> Box:
    steps = {f"{name}_{k}": box[name] for name in fold.elements for k in range(1, size + 1)}
    others = {name: side for name, side in box.items() if name not in fold.elements}
    clash = next((name for name in others if name in steps), None)
    if clash is not None:
        raise InputError(f"{clash} is an input and a step's element", mend="rename the input")
    return others | steps


def _unrolled(family: Family, fold: Fold, outer: Values, size: int, accumulate: Format | None) -> Expression:
    """s = start in the format of the state, one addition (or one rounding of the whole step) in that format for every step, and what the
    expression makes of s.

    Where the expression or a step names the state, it is rounded to the format of that place, as inputs are.
    """
    builder = ExpressionBuilder()
    state = _start(builder, fold, outer, accumulate)
    for k in range(1, size + 1):
        elements = {name: _at_format(builder, None).variable(f"{name}_{k}") for name in fold.elements}
        if fold.is_step:
            held = _where_named(builder, fold.term, fold.state, state, accumulate)
            step = graft(builder, fold.term, outer, {**elements, fold.state: held})
            state = step if accumulate is None else _at_format(builder, accumulate).apply(Op.CAST, step)
        else:
            term = graft(builder, fold.term, outer, elements)
            state = _at_format(builder, accumulate).apply(Op.ADD, state, term)
    state = _where_named(builder, family.expression, fold.state, state, accumulate)
    places = {**outer, fold.size: Fraction(size)}
    root = graft(builder, family.expression, places, {fold.state: state})
    return builder.build(root)


def _where_named(builder: ExpressionBuilder, expression: Expression, name: str, state: int, accumulate: Format | None) -> int:
    """The state, rounded from its own format to that of the place where the expression names it."""
    named = next((node for node in expression.nodes if node.op is Op.VAR and node.payload == name), None)
    if accumulate is None or named is None:
        return state
    return _at_format(builder, named.format).apply(Op.CAST, state)


def _start(builder: ExpressionBuilder, fold: Fold, outer: Values, accumulate: Format | None) -> int:
    start = graft(builder, fold.start, outer)
    if accumulate is None or builder.node(start) == Node(Op.CONST, (), Fraction(0), None):
        return _at_format(builder, accumulate).constant(0) if builder.node(start).payload == 0 else start
    return _at_format(builder, accumulate).apply(Op.CAST, start)
