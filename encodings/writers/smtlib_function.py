"""The real function of an expression as an exact quotient (docs/semantics.md, The function)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op, is_logical
from suffice.encodings.writers.smtlib_exact import Arithmetic, Quotient, Scaled
from suffice.encodings.writers.smtlib_sorts import NotExpressible


@dataclass(frozen=True, slots=True)
class Truth:
    """When a condition is true and when it is false; where neither, it is undefined."""

    true: str
    false: str


def conjunction(*terms: str) -> str:
    """The terms joined by `and`."""
    kept = [term for term in dict.fromkeys(terms) if term != "true"]
    return kept[0] if len(kept) == 1 else f"(and {' '.join(kept)})" if kept else "true"


@dataclass(slots=True)
class Reals:
    """Expressions over given inputs, all exact."""

    arithmetic: Arithmetic
    inputs: Mapping[str, Scaled]

    def value(self, expression: Expression, root: int) -> Quotient:
        """The number at a position."""
        found = self._values(expression, root)[root]
        assert isinstance(found, Quotient)
        return found

    def truth(self, expression: Expression) -> Truth:
        """A condition."""
        root = len(expression.nodes) - 1
        found = self._values(expression, root)[root]
        assert isinstance(found, Truth)
        return found

    def _values(self, expression: Expression, root: int) -> list[Quotient | Truth]:
        values: list[Quotient | Truth] = []
        for node in expression.nodes[: root + 1]:
            values.append(self._step(node, [values[a] for a in node.args]))
        return values

    def _step(self, node: Node, args: list[Quotient | Truth]) -> Quotient | Truth:
        truths = [a for a in args if isinstance(a, Truth)]
        numbers = [a for a in args if isinstance(a, Quotient)]
        if node.op is Op.IF:
            return self._branch(truths[0], *numbers)
        return self._condition(node.op, truths, numbers) if is_logical(node.op) else self._number(node, numbers)

    def _condition(self, op: Op, truths: list[Truth], numbers: list[Quotient]) -> Truth:
        match op:
            case Op.NOT:
                return Truth(truths[0].false, truths[0].true)
            case Op.AND:
                return Truth(*self._joined("and", "or", *truths))
            case Op.OR:
                return Truth(*self._joined("or", "and", *truths))
        a, b = numbers
        relation = {Op.LT: "bvslt", Op.LE: "bvsle", Op.EQ: "="}[op]
        holds, defined = self._compare(relation, a, b), conjunction(a.defined, b.defined)
        return Truth(self._bool(conjunction(defined, holds)), self._bool(conjunction(defined, f"(not {holds})")))

    def _joined(self, for_true: str, for_false: str, a: Truth, b: Truth) -> tuple[str, str]:
        return self._bool(f"({for_true} {a.true} {b.true})"), self._bool(f"({for_false} {a.false} {b.false})")

    def _bool(self, term: str) -> str:
        return self.arithmetic.commands.define("Bool", term)

    def _compare(self, relation: str, a: Quotient, b: Quotient) -> str:
        left, right = self._crossed(a, b)
        return self.arithmetic.compare(relation, left, right)

    def _crossed(self, a: Quotient, b: Quotient) -> tuple[Scaled, Scaled]:
        """Numerators over the common denominator, which is positive."""
        if a.denominator == b.denominator:
            return a.numerator, b.numerator
        return self._times(a.numerator, b.denominator), self._times(b.numerator, a.denominator)

    def _times(self, x: Scaled, y: Scaled | None) -> Scaled:
        return x if y is None else self.arithmetic.multiply(x, y)

    def _common(self, a: Quotient, b: Quotient) -> Scaled | None:
        if a.denominator == b.denominator or b.denominator is None:
            return a.denominator
        return self._times(b.denominator, a.denominator)

    def _branch(self, condition: Truth, then: Quotient, otherwise: Quotient) -> Quotient:
        taken = f"(or {conjunction(condition.true, then.defined)} {conjunction(condition.false, otherwise.defined)})"
        return replace(self._chosen(condition.true, then, otherwise), defined=self._bool(taken))

    def _chosen(self, condition: str, a: Quotient, b: Quotient) -> Quotient:
        numerator = self.arithmetic.choose(condition, a.numerator, b.numerator)
        denominator = a.denominator
        if a.denominator != b.denominator:
            one = self.arithmetic.constant(Fraction(1))
            denominator = self.arithmetic.choose(condition, a.denominator or one, b.denominator or one)
        return Quotient(numerator, denominator, conjunction(a.defined, b.defined))

    def _number(self, node: Node, args: list[Quotient]) -> Quotient:
        if node.op is Op.CONST:
            assert isinstance(node.payload, Fraction)
            return self.arithmetic.rational(node.payload)
        if node.op is Op.VAR:
            return Quotient(self.inputs[str(node.payload)])
        if node.op is Op.POW:
            assert isinstance(node.payload, int)
            return self._power(args[0], node.payload)
        match node.op:
            case Op.CAST:
                return args[0]
            case Op.NEG:
                return replace(args[0], numerator=self.arithmetic.negate(args[0].numerator))
            case Op.ABS:
                return replace(args[0], numerator=self.arithmetic.absolute(args[0].numerator))
            case Op.ADD:
                return self._sum(*args)
            case Op.SUB:
                return self._sum(args[0], replace(args[1], numerator=self.arithmetic.negate(args[1].numerator)))
            case Op.MUL:
                return self._product(*args)
            case Op.FMA:
                return self._sum(self._product(args[0], args[1]), args[2])
            case Op.DIV:
                return self._product(args[0], self._reciprocal(args[1]))
            case Op.MIN | Op.MAX:
                return self._chosen(self._compare("bvsle", *(args if node.op is Op.MIN else reversed(args))), *args)
        raise NotExpressible(f"{node.op} is not a rational operation")

    def _sum(self, a: Quotient, b: Quotient) -> Quotient:
        left, right = self._crossed(a, b)
        return Quotient(self.arithmetic.add(left, right), self._common(a, b), conjunction(a.defined, b.defined))

    def _product(self, a: Quotient, b: Quotient) -> Quotient:
        numerator = self.arithmetic.multiply(a.numerator, b.numerator)
        denominator = b.denominator if a.denominator is None else self._times(a.denominator, b.denominator)
        return Quotient(numerator, denominator, conjunction(a.defined, b.defined))

    def _reciprocal(self, a: Quotient) -> Quotient:
        arithmetic = self.arithmetic
        above = a.denominator or arithmetic.constant(Fraction(1))
        is_not_zero = f"(not {arithmetic.is_zero(a.numerator)})"
        numerator = arithmetic.signed_like(above, a.numerator)
        return Quotient(numerator, arithmetic.absolute(a.numerator), conjunction(a.defined, is_not_zero))

    def _power(self, base: Quotient, exponent: int) -> Quotient:
        result = replace(self.arithmetic.rational(Fraction(1)), defined=base.defined)
        for _ in range(abs(exponent)):
            result = self._product(result, base)
        return self._reciprocal(result) if exponent < 0 else result
