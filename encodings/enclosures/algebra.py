"""A builder of derivatives that leaves out what changes nothing, and shares quotients.

Every rule is an identity of real numbers wherever both sides are defined. No rule drops a division by a quantity that may be zero, except
products with the constant 0 and differences of equal terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from suffice.encodings.enclosures.tape import is_sign
from suffice.encodings.expression import Expression, ExpressionBuilder, Node
from suffice.encodings.operations import Op


class Algebra:
    """Sums, products and quotients with 0, 1 and -1 simplified, rational constants folded exactly, and signs moved outward."""

    __slots__ = ("_builder", "_included", "_positive_part", "_products", "_quotient_positions", "_quotients", "_rationals", "_sums")

    def __init__(self) -> None:
        self._builder = ExpressionBuilder()
        self._rationals: dict[int, Fraction] = {}
        self._positive_part: dict[int, int] = {}
        self._quotients: dict[int, tuple[int, int]] = {}
        self._included: set[int] = set()
        self._products: dict[int, tuple[int, int]] = {}
        self._sums: dict[int, tuple[int, int]] = {}
        self._quotient_positions: dict[tuple[int, int], int] = {}

    def build(self, root: int) -> Expression:
        """The expression at a position."""
        return self._builder.build(root)

    def rational(self, position: int) -> Fraction | None:
        """The value of a position that holds a rational constant."""
        return self._rationals.get(position)

    def constant(self, value: Fraction | int) -> int:
        """An exact rational constant."""
        position = self._builder.constant(value)
        self._rationals[position] = Fraction(value)
        return position

    def variable(self, name: str) -> int:
        """An input."""
        return self._builder.variable(name)

    def include(self, expression: Expression) -> list[int]:
        """The positions of the expression's nodes, copied as they stand."""
        positions: list[int] = []
        for node in expression.nodes:
            is_kink = is_sign(expression.nodes, node)
            positions.append(self.sign(positions[node.args[1]]) if is_kink else self.copy(node, positions))
        return positions

    def copy(self, node: Node, positions: Sequence[int]) -> int:
        """The node as it stands, its operands found through `positions`."""
        args = [positions[a] for a in node.args]
        match node.op, node.payload:
            case Op.CONST, Fraction() as value:
                return self.constant(value)
            case Op.VAR, str() as name:
                return self.variable(name)
            case ((Op.PI | Op.E), _):
                return self._builder.named(node.op)
            case Op.POW, int() as exponent:
                return self._builder.power(args[0], exponent)
            case Op.DIV, _:
                position = self._record(self._builder.apply(Op.DIV, *args), *args)
                self._included.add(position)
                return position
            case Op.ADD, _:
                return self._sum(*args)
        return self._builder.apply(node.op, *args)

    def apply(self, op: Op, *args: int) -> int:
        """An operation without a rule here."""
        return self._builder.apply(op, *args)

    def negate(self, a: int) -> int:
        """-a."""
        value = self.rational(a)
        if value is not None:
            return self.constant(-value)
        if a in self._positive_part:
            return self._positive_part[a]
        position = self._builder.apply(Op.NEG, a)
        self._positive_part[position] = a
        return position

    def add(self, a: int, b: int) -> int:
        """a + b; -a + b = b - a; x/d + y/d = (x + y)/d."""
        left, right = self.rational(a), self.rational(b)
        if left is not None and right is not None:
            return self.constant(left + right)
        if left == 0:
            return b
        if right == 0:
            return a
        if a in self._positive_part:
            return self.subtract(b, self._positive_part[a])
        if b in self._positive_part:
            return self.subtract(a, self._positive_part[b])
        if self._same_denominator(a, b):
            return self.divide(self.add(self._quotients[a][0], self._quotients[b][0]), self._quotients[a][1])
        return self._sum(a, b)

    def subtract(self, a: int, b: int) -> int:
        """a - b; a - a = 0; x/d - y/d = (x - y)/d; a - q a = a (1 - q)."""
        left, right = self.rational(a), self.rational(b)
        if right is not None:
            return self.add(a, self.constant(-right))
        if a == b:
            return self.constant(0)
        if left == 0:
            return self.negate(b)
        if b in self._positive_part:
            return self.add(a, self._positive_part[b])
        if self._same_denominator(a, b):
            return self.divide(self.subtract(self._quotients[a][0], self._quotients[b][0]), self._quotients[a][1])
        first, second = self._products.get(b, (b, b))
        if a != b and a in (first, second):
            return self.multiply(a, self.subtract(self.constant(1), first if a == second else second))
        return self._builder.apply(Op.SUB, a, b)

    def multiply(self, a: int, b: int) -> int:
        """a * b; signs move outward; (x/d) b = x (b/d) where b/d is a share (see _share), else (x b)/d."""
        left, right = self.rational(a), self.rational(b)
        if left is not None and right is not None:
            return self.constant(left * right)
        for factor, other in ((left, b), (right, a)):
            if factor is not None and factor in (-1, 0, 1):
                return {-1: self.negate(other), 0: self.constant(0), 1: other}[int(factor)]
        for signed, other in ((a, b), (b, a)):
            if signed in self._positive_part:
                return self.negate(self.multiply(self._positive_part[signed], other))
        for quotient, other in ((a, b), (b, a)):
            if quotient in self._quotients and quotient not in self._included:
                x, denominator = self._quotients[quotient]
                share = self._share(other, denominator)
                if share is None:
                    return self.divide(self.multiply(x, other), denominator)
                return self._product(x, share)
        return self._product(a, b)

    def divide(self, a: int, b: int) -> int:
        """a / b for a nonzero b; signs move outward."""
        left, right = self.rational(a), self.rational(b)
        if right:
            return self.multiply(a, self.constant(1 / right))
        if left == 0:
            return self.constant(0)
        if a in self._positive_part:
            return self.negate(self.divide(self._positive_part[a], b))
        return self._record(self._builder.apply(Op.DIV, a, b), a, b)

    def power(self, base: int, exponent: int) -> int:
        """base^n."""
        if exponent == 0:
            return self.constant(1)
        return base if exponent == 1 else self._builder.power(base, exponent)

    def sign(self, a: int) -> int:
        """|a|/a, the sign of a nonzero a (see tape.is_sign), which takes part in no rule for quotients."""
        return self._builder.apply(Op.DIV, self._builder.apply(Op.ABS, a), a)

    def _record(self, position: int, numerator: int, denominator: int) -> int:
        self._quotients[position] = (numerator, denominator)
        self._quotient_positions[numerator, denominator] = position
        return position

    def _share(self, part: int, whole: int) -> int | None:
        """part / whole by quotients of the included expression, so that enclosures see one quantity and not two."""
        x, y = self._sums.get(whole, (whole, whole))
        direct = self._quotient_positions.get((part, whole))
        rest = self._quotient_positions.get((y if part == x else x, whole))
        if direct in self._included:
            return direct
        if rest is None or rest not in self._included or part not in (x, y):
            return None
        return self._builder.apply(Op.SUB, self.constant(1), rest)

    def _product(self, a: int, b: int) -> int:
        position = self._builder.apply(Op.MUL, a, b)
        self._products[position] = (a, b)
        return position

    def _sum(self, a: int, b: int) -> int:
        position = self._builder.apply(Op.ADD, a, b)
        self._sums[position] = (a, b)
        return position

    def _same_denominator(self, a: int, b: int) -> bool:
        return a in self._quotients and b in self._quotients and self._quotients[a][1] == self._quotients[b][1]
