"""Random DAGs over every operation, with branches and formats where asked for; for Hypothesis."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import OPERATIONS, Op
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT, Format

NAMES = ("x", "y", "t1", "e", "sin")
NUMERIC = tuple(op for op, operation in OPERATIONS.items() if not operation.logical and op not in (Op.IF, Op.CAST))
FORMATS = (
    None,
    parse_format("fp32"),
    parse_format("bf16(rounding=up)"),
    parse_format("fp8_e4m3"),
    parse_format("float(p=12,emin=-30,emax=31)"),
    EXACT,
)
RATIONAL = (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.FMA, Op.POW)

constants = st.one_of(
    st.integers(-12, 12).map(Fraction),
    st.fractions(-4, 4, max_denominator=40),
    st.floats(-100, 100).map(Fraction),
    st.decimals(-10, 10, places=3).map(Fraction),
)


@st.composite
def dags(draw: st.DrawFn, ops: tuple[Op, ...] = NUMERIC, named: bool = True, largest: int = 14) -> Expression:
    """An expression with shared terms."""
    builder = ExpressionBuilder()
    positions = [builder.variable(draw(st.sampled_from(NAMES)))]
    for _ in range(draw(st.integers(0, largest))):
        kind = draw(st.sampled_from(("operation", "operation", "operation", "constant", "variable", "named")))
        if kind == "constant":
            positions.append(builder.constant(draw(constants)))
        elif kind == "variable":
            positions.append(builder.variable(draw(st.sampled_from(NAMES))))
        elif kind == "named" and named:
            positions.append(builder.named(draw(st.sampled_from((Op.PI, Op.E)))))
        else:
            op = draw(st.sampled_from(ops))
            args = [draw(st.sampled_from(positions)) for _ in range(OPERATIONS[op].arity)]
            positions.append(builder.power(args[0], draw(st.integers(-3, 4))) if op is Op.POW else builder.apply(op, *args))
    return builder.build(positions[-1])


@st.composite
def conditions(draw: st.DrawFn, builder: ExpressionBuilder, positions: list[int]) -> int:
    """A truth about some of the positions."""
    kind = draw(st.sampled_from(("lt", "le", "eq", "lt", "le", "and", "or", "not")))
    if kind in ("lt", "le", "eq"):
        return builder.apply(Op(kind), draw(st.sampled_from(positions)), draw(st.sampled_from(positions)))
    parts = [draw(conditions(builder, positions)) for _ in range(OPERATIONS[Op(kind)].arity)]
    return builder.apply(Op(kind), *parts)


@st.composite
def branching_dags(draw: st.DrawFn, formats: tuple[Format | None, ...] = (None,), largest: int = 12) -> Expression:
    """An expression with `if`, and with operations in several formats; an `if` is exact unless its branches are in its format.

    No constant is an integer: FPCore's reader compares integers by itself.
    """
    builder = ExpressionBuilder()
    positions = [builder.variable("x"), builder.variable("y")]
    for _ in range(draw(st.integers(1, largest))):
        builder.format = draw(st.sampled_from(formats))
        kind = draw(st.sampled_from(("operation", "if", "cast", "constant")))
        if kind == "constant":
            positions.append(builder.constant(draw(constants) + Fraction(1, 1009)))
        elif kind == "cast":
            positions.append(builder.apply(Op.CAST, draw(st.sampled_from(positions))))
        elif kind == "operation":
            op = draw(st.sampled_from([op for op in RATIONAL if op is not Op.POW]))
            positions.append(builder.apply(op, *(draw(st.sampled_from(positions)) for _ in range(OPERATIONS[op].arity))))
        else:
            condition = draw(conditions(builder, positions))
            yes, no = (draw(st.sampled_from(positions)) for _ in range(2))
            if yes != no:
                alike = builder.node(yes).format == builder.node(no).format
                builder.format = builder.node(yes).format if alike else EXACT
                positions.append(builder.apply(Op.IF, condition, yes, no))
    return builder.build(positions[-1])


def ordered(expression: Expression) -> Expression:
    """The same DAG with every node after its arguments, these from the left: equal for DAGs that differ only in order."""
    builder = ExpressionBuilder()
    done: dict[int, int] = {}
    pending = [len(expression.nodes) - 1]
    while pending:
        node = expression.nodes[pending[-1]]
        missing = [argument for argument in node.args if argument not in done]
        if missing:
            pending.append(missing[0])
            continue
        position = pending.pop()
        args = [done[argument] for argument in node.args]
        builder.format = node.format
        match node.op:
            case Op.CONST:
                assert isinstance(node.payload, Fraction)
                done[position] = builder.constant(node.payload)
            case Op.VAR:
                done[position] = builder.variable(str(node.payload))
            case Op.PI | Op.E:
                done[position] = builder.named(node.op)
            case Op.POW:
                assert isinstance(node.payload, int)
                done[position] = builder.power(args[0], node.payload)
            case _:
                done[position] = builder.apply(node.op, *args)
    return builder.build(done[len(expression.nodes) - 1])
