"""SymPy expressions as DAGs.

SymPy keeps sums and products flat and sorted: they are folded from the left in its order, a term with a negative coefficient as a
subtraction, factors with a negative exponent as one division. Numbers stay exact, a `Float` at its binary value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, reduce
from typing import Any

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.limits import MAX_DIGITS
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.readers.functions import INSTEAD
from suffice.encodings.readers.numbers import check_digits, read_name
from suffice.encodings.readers.places import shown
from suffice.encodings.readers.powers import apply_power
from suffice.encodings.readers.text import check_size
from suffice.errors import InputError

_SAME_NAME = (
    Op.EXP, Op.LOG, Op.SIN, Op.COS, Op.TAN, Op.ASIN, Op.ACOS, Op.ATAN, Op.SINH, Op.COSH, Op.TANH, Op.ASINH, Op.ACOSH, Op.ATANH, Op.ATAN2,
)  # fmt: skip

Make = Callable[[Sequence[int]], int]
"""Builds a term from the positions of its parts."""


def from_sympy(expression: Any) -> Expression:
    """The DAG of a `sympy.Expr`. Raises InputError for what is not an operation of real numbers that is known here."""
    import sympy

    if not isinstance(expression, sympy.Expr):
        raise InputError(f"{shown(str(type(expression).__name__))} is not a SymPy expression", mend="build it from sympy.symbols")
    reader = _Reader()
    result = reader.builder.build(reader.read(expression))
    check_size(result)
    return result


@cache
def _functions() -> dict[type, Op]:
    """Operations by SymPy's class; a function that a user named `sin` is of another class."""
    import sympy
    from sympy.codegen import cfunctions

    return {getattr(sympy, op.value): op for op in _SAME_NAME} | {
        sympy.Abs: Op.ABS,
        sympy.Min: Op.MIN,
        sympy.Max: Op.MAX,
        cfunctions.expm1: Op.EXPM1,
        cfunctions.log1p: Op.LOG1P,
        cfunctions.fma: Op.FMA,
        cfunctions.Sqrt: Op.SQRT,
        cfunctions.Cbrt: Op.CBRT,
        cfunctions.exp2: Op.EXP2,
        cfunctions.log2: Op.LOG2,
        cfunctions.log10: Op.LOG10,
        cfunctions.hypot: Op.HYPOT,
    }


@dataclass(frozen=True, slots=True)
class _Reader:
    builder: ExpressionBuilder = field(default_factory=ExpressionBuilder)
    symbols: dict[str, Any] = field(default_factory=dict)

    def read(self, root: Any) -> int:
        """Parts first, each once, without recursion."""
        done: dict[Any, int] = {}
        pending: list[tuple[Any, Sequence[Any] | None, Make | None]] = [(root, None, None)]
        while pending:
            term, parts, make = pending.pop()
            if term in done:
                continue
            if parts is None or make is None:
                parts, make = self._split(term)
                pending.append((term, parts, make))
                pending.extend((part, None, None) for part in reversed(parts) if part not in done)
            else:
                done[term] = make([done[part] for part in parts])
        return done[root]

    def _split(self, term: Any) -> tuple[Sequence[Any], Make]:
        """The parts of a term and how to build it from them."""
        import sympy

        if isinstance(term, sympy.Rational | sympy.Float):
            value = _exact(term)
            return (), lambda _: self.builder.constant(value)
        if isinstance(term, sympy.Symbol) and term.is_commutative and term.is_real is not False:
            return self._symbol(term)
        if term is sympy.pi or term is sympy.E:
            op = Op.PI if term is sympy.pi else Op.E
            return (), lambda _: self.builder.named(op)
        if isinstance(term, sympy.Add):
            return self._sum(term.args)
        if isinstance(term, sympy.Mul):
            return self._product(term.args)
        if isinstance(term, sympy.Pow):
            return self._power(*term.args)
        return self._function(term)

    def _symbol(self, symbol: Any) -> tuple[Sequence[Any], Make]:
        name = read_name(symbol.name, where="symbol")
        if self.symbols.setdefault(name, symbol) != symbol:
            mend = "make every symbol by one call of symbols"
            raise InputError(f"two different symbols are called {name}", where="SymPy expression", mend=mend)
        return (), lambda _: self.builder.variable(name)

    def _sum(self, terms: Sequence[Any]) -> tuple[Sequence[Any], Make]:
        first, *others = terms
        signed = [_negated(term) for term in others]
        ops = [Op.ADD if positive is None else Op.SUB for positive in signed]
        parts = [first, *(term if positive is None else positive for term, positive in zip(others, signed, strict=True))]

        def make(positions: Sequence[int]) -> int:
            total = positions[0]
            for op, position in zip(ops, positions[1:], strict=True):
                total = self.builder.apply(op, total, position)
            return total

        return parts, make

    def _product(self, factors: Sequence[Any]) -> tuple[Sequence[Any], Make]:
        above, below, negative = _fraction(factors)
        count = len(above)

        def make(positions: Sequence[int]) -> int:
            value = self._fold(Op.MUL, positions[:count]) if count else self.builder.constant(1)
            value = self.builder.apply(Op.NEG, value) if negative else value
            return self.builder.apply(Op.DIV, value, self._fold(Op.MUL, positions[count:])) if below else value

        return [*above, *below], make

    def _power(self, base: Any, exponent: Any) -> tuple[Sequence[Any], Make]:
        if not exponent.is_Rational and not exponent.is_Float:
            return (base, exponent), lambda positions: self.builder.apply(Op.POWR, *positions)
        power = _exact(exponent)

        def make(positions: Sequence[int]) -> int:
            value = positions[0]
            if abs(power) != 1:
                value = apply_power(self.builder, value, self.builder.constant(abs(power)), where="SymPy expression")
            return self.builder.apply(Op.DIV, self.builder.constant(1), value) if power < 0 else value

        return [base], make

    def _function(self, term: Any) -> tuple[Sequence[Any], Make]:
        name = type(term).__name__
        op = _functions().get(type(term))
        if op is None:
            mend = f"write {INSTEAD[name]}" if name in INSTEAD else "rewrite the formula without it"
            raise InputError(f"SymPy's {shown(name)} is not an operation of real numbers here", mend=mend)
        if op in (Op.MIN, Op.MAX):
            from sympy import default_sort_key

            return sorted(term.args, key=default_sort_key), lambda positions: self._fold(op, positions)
        if len(term.args) != OPERATIONS[op].arity:
            raise InputError(f"SymPy's {shown(name)} is given {len(term.args)} arguments", mend="write log(a, b) as log(a)/log(b)")
        return term.args, lambda positions: self.builder.apply(op, *positions)

    def _fold(self, op: Op, positions: Sequence[int]) -> int:
        return reduce(lambda left, right: self.builder.apply(op, left, right), positions)


def _exact(number: Any) -> Fraction:
    import sympy

    if not number.is_finite:
        raise InputError(f"{shown(str(number))} is not a real number", where="SymPy expression", mend="give a finite number")
    if number.is_Float and abs(number._mpf_[2]) > 4 * MAX_DIGITS:
        raise InputError(f"a number has more than {MAX_DIGITS} digits", where="SymPy expression", mend="use a shorter one")
    exact = sympy.Rational(number)
    return check_digits(Fraction(int(exact.p), int(exact.q)), where="SymPy expression")


def _negated(term: Any) -> Any | None:
    """The term t of -t, where a product has a negative coefficient; else None."""
    import sympy

    if not isinstance(term, sympy.Mul) or not term.args[0].is_Rational or not term.args[0] < 0:
        return None
    coefficient, *rest = term.args
    positive = rest if coefficient == -1 else [-coefficient, *rest]
    return positive[0] if len(positive) == 1 else sympy.Mul(*positive, evaluate=False)


def _fraction(factors: Sequence[Any]) -> tuple[list[Any], list[Any], bool]:
    """Factors above and below the line, and whether a minus sign stands before it (for a coefficient -1/q)."""
    import sympy

    above: list[Any] = []
    below: list[Any] = []
    negative = False
    for position, factor in enumerate(factors):
        if position == 0 and factor.is_Rational:
            negative = factor.p == -1
            above += [sympy.Integer(factor.p)] if abs(factor.p) != 1 else []
            below += [sympy.Integer(factor.q)] if factor.q != 1 else []
        elif isinstance(factor, sympy.Pow) and factor.args[1].is_Rational and factor.args[1] < 0:
            base, exponent = factor.args
            below.append(base if exponent == -1 else sympy.Pow(base, -exponent, evaluate=False))
        else:
            above.append(factor)
    return above, below, negative
