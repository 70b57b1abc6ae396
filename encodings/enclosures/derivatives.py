"""Derivatives as expressions: each operation's own partial derivatives come from SymPy (or `slopes`), and are chained over the DAG.

The formula of one operation (u / v, tanh u, ...) is differentiated by `sympy.diff` once and kept; reverse accumulation then adds
one product per edge of the DAG, and equal subterms share a node. The derivative therefore grows with the number of
operations, not with the length of the written-out formula.

|u| has the derivative |u|/u, the sign of u, which is undefined at the kink; min and max are written through it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from functools import partial as partial_function
from typing import Any

from suffice.encodings.enclosures.algebra import Algebra
from suffice.encodings.enclosures.kinks import NotSmoothError, smooth_on
from suffice.encodings.enclosures.slopes import SLOPES, Slope
from suffice.encodings.enclosures.tape import is_sign
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Box


def gradient(expression: Expression) -> dict[str, Expression]:
    """The partial derivatives by all inputs, in one reverse pass.

    Where a formula is defined the function is differentiable, except at kinks: |u|/u must be evaluated strictly (see tape.join), and is
    itself given the derivative 0, which holds between kinks only.
    """
    algebra = Algebra()
    positions = algebra.include(expression)
    adjoints = _adjoints(algebra, expression.nodes, positions)
    zero = algebra.constant(0)
    return {str(node.payload): algebra.build(adjoints.get(index, zero)) for index, node in enumerate(expression.nodes) if node.op is Op.VAR}


def partial(expression: Expression, variable: str, box: Box | None = None) -> Expression:
    """The partial derivative by one input; twice for a second derivative.

    The branches of abs, min and max are decided on the box; raises NotSmoothError where one is not constant, or no box is given.
    """
    return gradient(smooth_on(expression, box)).get(variable) or zero_expression()


def zero_expression() -> Expression:
    """The constant 0."""
    algebra = Algebra()
    return algebra.build(algebra.constant(0))


def _adjoints(algebra: Algebra, nodes: Sequence[Node], positions: Sequence[int]) -> dict[int, int]:
    """For each node index that the value depends on, the position of d value / d node."""
    varies = [False] * len(nodes)
    for index, node in enumerate(nodes):
        varies[index] = node.op is Op.VAR or any(varies[a] for a in node.args)
    adjoints = {len(nodes) - 1: algebra.constant(1)}
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        if index not in adjoints or not node.args or is_sign(nodes, node):
            continue
        if node.op is Op.IF:
            raise NotSmoothError("the branch of if is not constant on the box", mend="split the box where it changes")
        operands = [positions[a] for a in node.args]
        for argument, slope in zip(node.args, _slopes(node), strict=True):
            if varies[argument]:
                local = slope(algebra, operands)
                term = algebra.multiply(adjoints[index], local)
                adjoints[argument] = algebra.add(adjoints[argument], term) if argument in adjoints else term
    return adjoints


def _slopes(node: Node) -> tuple[Slope, ...]:
    """How the partial derivatives of one operation by its operands are built."""
    if node.op in SLOPES:
        return SLOPES[node.op]
    formulas = _local_partials(node.op, node.payload)
    return tuple(partial_function(_of_formula, formula) for formula in formulas)


def _of_formula(formula: Any, algebra: Algebra, operands: Sequence[int]) -> int:
    return _from_sympy(algebra, formula, operands)


@lru_cache(maxsize=1024)
def _local_partials(op: Op, exponent: Any) -> tuple[Any, ...]:
    """SymPy's partial derivatives of one operation by its operands, in the symbols of `_operands`."""
    import sympy

    symbols = _operands()
    u, v, w = symbols
    formulas = {
        Op.ADD: u + v,
        Op.SUB: u - v,
        Op.MUL: u * v,
        Op.DIV: u / v,
        Op.NEG: -u,
        Op.CAST: u,
        Op.ABS: sympy.Abs(u),
        Op.MIN: sympy.Min(u, v),
        Op.MAX: sympy.Max(u, v),
        Op.SQRT: sympy.sqrt(u),
        Op.FMA: u * v + w,
        Op.EXPM1: sympy.exp(u) - 1,
        Op.LOG1P: sympy.log(1 + u),
    }
    if op is Op.POW:
        return (sympy.diff(u**exponent, u),)
    formula = formulas[op] if op in formulas else getattr(sympy, op.value)(u)
    return tuple(sympy.diff(formula, symbol) for symbol in symbols if symbol in formula.free_symbols)


@lru_cache(maxsize=1)
def _operands() -> tuple[Any, ...]:
    import sympy

    return tuple(sympy.symbols("u v w", real=True))


def _from_sympy(algebra: Algebra, formula: Any, operands: Sequence[int]) -> int:
    """The formula of a local derivative, built on the operands' positions."""
    import sympy

    def build(term: Any) -> int:
        return _from_sympy(algebra, term, operands)

    if formula.is_Symbol:
        return operands[_operands().index(formula)]
    if formula.is_Rational:
        return algebra.constant(_fraction(formula))
    if formula.is_Add:
        return reduce(algebra.add, [build(term) for term in formula.args])
    if formula.is_Mul:
        numerator, denominator = formula.as_numer_denom()
        if denominator != 1:
            return _divided(algebra, build(numerator), denominator, build)
        return reduce(algebra.multiply, [build(term) for term in formula.args])
    if formula.is_Pow:
        return _power(algebra, build(formula.base), formula.exp)
    if isinstance(formula, sympy.sign):
        return algebra.sign(build(formula.args[0]))
    if isinstance(formula, sympy.Heaviside):
        step = algebra.add(algebra.constant(1), algebra.sign(build(formula.args[0])))
        return algebra.divide(step, algebra.constant(2))
    return algebra.apply(_FUNCTIONS[formula.func.__name__], build(formula.args[0]))


def _divided(algebra: Algebra, numerator: int, denominator: Any, build: Callable[[Any], int]) -> int:
    """u/v^2 as (u/v)/v, which shares u/v with the quotient that it is the derivative of."""
    if denominator.is_Pow and denominator.exp.is_Integer:
        for _ in range(int(denominator.exp)):
            numerator = algebra.divide(numerator, build(denominator.base))
        return numerator
    return algebra.divide(numerator, build(denominator))


_FUNCTIONS = {op.value: op for op in (Op.EXP, Op.SIN, Op.COS, Op.TAN, Op.SINH, Op.COSH, Op.TANH)}


def _power(algebra: Algebra, base: int, exponent: Any) -> int:
    if exponent.is_Integer:
        if exponent < 0:
            return algebra.divide(algebra.constant(1), algebra.power(base, int(-exponent)))
        return algebra.power(base, int(exponent))
    assert abs(exponent.p) == 1 and exponent.q == 2, exponent
    root = algebra.apply(Op.SQRT, base)
    return root if exponent > 0 else algebra.divide(algebra.constant(1), root)


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))
