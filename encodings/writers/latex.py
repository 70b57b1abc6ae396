"""Formulas in LaTeX's mathematics mode, for people."""

from __future__ import annotations

from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.writers.rendering import Hole, Layout, Piece, render, short_decimal

_LOOSEST, _OR, _AND, _NOT, _RELATION, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_RELATIONS = {Op.LT: " < ", Op.LE: r" \le ", Op.EQ: " = "}

_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma",
    "tau", "phi", "chi", "psi", "omega",
})  # fmt: skip
_COMMANDS = {
    Op.EXP: r"\exp", Op.LOG: r"\log", Op.SIN: r"\sin", Op.COS: r"\cos", Op.TAN: r"\tan", Op.ASIN: r"\arcsin", Op.ACOS: r"\arccos",
    Op.ATAN: r"\arctan", Op.SINH: r"\sinh", Op.COSH: r"\cosh", Op.TANH: r"\tanh", Op.LOG2: r"\log_2",
    Op.LOG10: r"\log_{10}", Op.ASINH: r"\operatorname{arsinh}", Op.ACOSH: r"\operatorname{arcosh}",
    Op.ATANH: r"\operatorname{artanh}", Op.MIN: r"\min", Op.MAX: r"\max",
}  # fmt: skip


def to_latex(expression: Expression) -> str:
    """The formula. Raises InputError for one that is too long with its shared terms written out."""
    nodes = expression.nodes
    return render(len(nodes) - 1, lambda position: _layout(nodes[position]), r"\left(", r"\right)")


def _layout(node: Node) -> Layout:
    args = node.args
    match node.op:
        case Op.CONST:
            assert isinstance(node.payload, Fraction)
            return _constant(node.payload)
        case Op.VAR:
            return Layout([latex_name(str(node.payload))], _ATOM)
        case Op.PI:
            return Layout([r"\pi"], _ATOM)
        case Op.E:
            return Layout([r"\mathrm{e}"], _ATOM)
        case Op.ADD | Op.SUB:
            return Layout([Hole(args[0], _SUM), " + " if node.op is Op.ADD else " - ", Hole(args[1], _PRODUCT)], _SUM)
        case Op.MUL:
            return Layout([Hole(args[0], _PRODUCT), r" \cdot ", Hole(args[1], _POWER)], _PRODUCT)
        case Op.DIV:
            return Layout([r"\frac{", Hole(args[0]), "}{", Hole(args[1]), "}"], _POWER)
        case Op.NEG:
            return Layout(["-", Hole(args[0], _POWER)], _SIGN)
        case Op.ABS:
            return Layout([r"\left|", Hole(args[0]), r"\right|"], _ATOM)
        case Op.SQRT:
            return Layout([r"\sqrt{", Hole(args[0]), "}"], _ATOM)
        case Op.POW:
            return Layout(["{", Hole(args[0], _ATOM), f"}}^{{{node.payload}}}"], _POWER)
        case Op.POWR:
            return Layout(["{", Hole(args[0], _ATOM), "}^{", Hole(args[1]), "}"], _POWER)
        case Op.EXP2:
            return Layout(["2^{", Hole(args[0]), "}"], _POWER)
        case Op.CBRT:
            return Layout([r"\sqrt[3]{", Hole(args[0]), "}"], _ATOM)
        case Op.HYPOT:
            return Layout([r"\sqrt{{", Hole(args[0], _ATOM), "}^2 + {", Hole(args[1], _ATOM), "}^2}"], _ATOM)
        case Op.CAST:
            return Layout([Hole(args[0], _ATOM)], _ATOM)
        case Op.LT | Op.LE | Op.EQ:
            return Layout([Hole(args[0], _SUM), _RELATIONS[node.op], Hole(args[1], _SUM)], _RELATION)
        case Op.AND | Op.OR:
            level = _AND if node.op is Op.AND else _OR
            return Layout([Hole(args[0], level), r" \land " if node.op is Op.AND else r" \lor ", Hole(args[1], level + 1)], level)
        case Op.NOT:
            return Layout([r"\lnot ", Hole(args[0], _ATOM)], _NOT)
        case Op.IF:
            pieces: list[Piece] = [r"\begin{cases} ", Hole(args[1]), r" & \text{if } ", Hole(args[0]), r" \\ ", Hole(args[2])]
            return Layout([*pieces, r" & \text{otherwise} \end{cases}"], _SUM)
        case _:
            return _call(node)


def _call(node: Node) -> Layout:
    command = _COMMANDS.get(node.op, rf"\operatorname{{{node.op}}}")
    holes: list[Piece] = [piece for argument in node.args for piece in (", ", Hole(argument))]
    return Layout([command, r"\left(", *holes[1:], r"\right)"], _ATOM)


def _constant(value: Fraction) -> Layout:
    decimal = short_decimal(value)
    if decimal is not None:
        return Layout([decimal], _ATOM if value >= 0 else _LOOSEST)
    sign = "-" if value < 0 else ""
    return Layout([rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"], _LOOSEST if sign else _POWER)


def latex_name(name: str) -> str:
    """A name of an input: x1 and x_1 as x with an index, Greek letters by name, longer words upright."""
    stem = name.rstrip("0123456789")
    index = name[len(stem) :]
    stem = stem[:-1] if index and len(stem) > 1 and stem.endswith("_") else stem
    if stem in _GREEK:
        letter = "\\" + stem
    elif len(stem) == 1 and stem != "_":
        letter = stem
    else:
        letter = rf"\mathrm{{{stem.replace('_', chr(92) + '_')}}}"
    return f"{letter}_{{{index}}}" if index else letter
