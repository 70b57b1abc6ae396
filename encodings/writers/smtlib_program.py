"""A program in binary floats, bit by bit, as SMT-LIB terms of floating-point sorts (docs/semantics.md, Programs).

Where an operation's operands and result are held alike, the sort's own operation is the program's (if the field of the exponent is not
wider than the significand: Z3 refuses to add there). Else the operands go, exactly, into a wider sort, and its result into the sort of
the result. The wide sort reaches so far that no result is subnormal or infinite there. Products, powers, fused products, and sums in
other formats are exact there. A quotient x/y of significands of a and b bits, a root of one of a bits and a sum in one format are
not, but rounding them to w bits before the p bits of the result changes nothing. In a directed mode, since both roundings go the same
way and every number of the narrow sort is one of the wide sort. To nearest, since between the exact result and what it is first
rounded to (that included) lies no number m of p + 1 bits, where rounding to p bits may change, unless it is the exact result:

* x/y - m is a multiple of the unit of x over y or of that of m y over y: at least 2^-a |x/y| or 2^-(p + b + 1) |m|; w >= max(a, p + b) + 3
* x - m^2 is at least 2^-a x or 2^-(2p + 2) m^2, hence sqrt x - m about half as much of sqrt x; w >= max(a, 2p) + 5.
* x + y of p bits each, 2^e <= |x| < 2^(e + 1), |y| <= |x|; w = 2p + 2. Exact if |y| >= 2^(e - p - 1). Else the numbers m next to x are at
  least 2^(e - p) away, and the first result is within 2^(e - p - 1) of x; but for |x| = 2^e one m is 2^(e - p - 1) below it: for
  |y| >= 2^(e - p - 2) that sum has 2p + 1 bits, and is exact, and for smaller |y| its first result is at least 2^e - 2^(e - p - 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.encodings.writers.smtlib_sorts import WIDEST, Commands, Holding, NotExpressible, Sort, holding_of, limited
from suffice.hardware_specs.format import Format, Rounding, power_of_two
from suffice.hardware_specs.rounding import Special, round_exact

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)
_ARITHMETIC = {Op.ADD: "fp.add", Op.SUB: "fp.sub", Op.MUL: "fp.mul", Op.DIV: "fp.div", Op.FMA: "fp.fma", Op.SQRT: "fp.sqrt"}
_COMPARISONS = {Op.LT: "fp.lt", Op.LE: "fp.leq", Op.EQ: "fp.eq"}
_LOGIC = {Op.AND: "and", Op.OR: "or", Op.NOT: "not"}
_SCALING = (Op.ADD, Op.SUB)
"""Operations that commute with a power of two."""

MOST_POWER = 16
"""The largest |n| of x^n."""


@dataclass(frozen=True, slots=True)
class Held:
    """A value of the program: a term of its holding's sort."""

    term: str
    holding: Holding


@dataclass(frozen=True, slots=True)
class Reach:
    """A set of nonzero numbers: multiples of 2^unit below 2^top in size, of at most so many significant bits."""

    unit: int
    top: int
    bits: int


def reach_of(holding: Holding) -> Reach:
    """The numbers of a format."""
    return Reach(holding.least_unit, holding.format.emax + 1, holding.format.p)


@dataclass(slots=True)
class Runs:
    """Programs whose inputs are given as held values."""

    commands: Commands
    inputs: Mapping[str, Held]

    def output(self, nodes: Sequence[Node], formats: Sequence[Format], output: Format) -> Held:
        """What the program gives."""
        values: list[Held | str] = []
        for node, fmt in zip(nodes, formats, strict=True):
            values.append(self._step(node, fmt, [values[a] for a in node.args]))
        last = values[-1]
        assert isinstance(last, Held)
        return last if output == last.holding.format else self._rounded(Op.CAST, [last], holding_of(output))

    def _step(self, node: Node, fmt: Format, args: Sequence[Held | str]) -> Held | str:
        held = [a for a in args if isinstance(a, Held)]
        if node.op in _LOGIC:
            return self.commands.define("Bool", f"({_LOGIC[node.op]} {' '.join(str(a) for a in args)})")
        if node.op in _COMPARISONS:
            return self._comparison(_COMPARISONS[node.op], held)
        holding = holding_of(fmt)
        match node.op:
            case Op.CONST:
                assert isinstance(node.payload, Fraction)
                return Held(self.commands.define(holding.sort.text, holding.literal(round_exact(fmt, node.payload))), holding)
            case Op.VAR:
                return self._rounded(Op.CAST, [self.inputs[str(node.payload)]], holding)
            case Op.IF:
                branches = [self._rounded(Op.CAST, [branch], holding) for branch in held]
                term = f"(ite {args[0]} {branches[0].term} {branches[1].term})"
                return Held(self.commands.define(holding.sort.text, term), holding)
            case Op.POW:
                assert isinstance(node.payload, int)
                return self._power(held[0], node.payload, holding)
            case Op.ADD | Op.SUB | Op.MUL | Op.DIV | Op.FMA | Op.SQRT | Op.NEG | Op.ABS | Op.MIN | Op.MAX | Op.CAST:
                return self._rounded(node.op, held, holding)
        raise NotExpressible(f"{node.op} has no bit-precise meaning in SMT-LIB")

    def _comparison(self, relation: str, held: Sequence[Held]) -> str:
        a, b = held
        if a.holding != b.holding:
            reaches = [reach_of(x.holding) for x in held]
            wide = self._wide(max(r.bits for r in reaches), reaches, [x.holding for x in held])
            return self.commands.define("Bool", f"({relation} {self._widened(a, wide)} {self._widened(b, wide)})")
        return self.commands.define("Bool", f"({relation} {a.term} {b.term})")

    def _rounded(self, op: Op, held: Sequence[Held], holding: Holding) -> Held:
        """An operation with its rounding."""
        is_uniform = all(x.holding == holding for x in held)
        if is_uniform and op is Op.CAST:
            return held[0]
        if is_uniform and (op not in _ARITHMETIC or _is_native(op, holding)):
            return self._limited(self._operation(op, [x.term for x in held], holding.sort, holding.mode), holding)
        result = _wide_reach(op, [reach_of(x.holding) for x in held], holding.format.p)
        if is_uniform and op in (Op.ADD, Op.SUB):
            result = replace(result, bits=2 * holding.format.p + 2)
        wide = self._wide(result.bits, [result], [*(x.holding for x in held), holding])
        terms = [self._widened(x, wide) for x in held]
        return self._narrowed(self._operation(op, terms, wide, _wide_mode(holding)), wide, holding)

    def _operation(self, op: Op, terms: Sequence[str], sort: Sort, mode: str) -> str:
        match op:
            case Op.CAST:
                term = terms[0]
            case Op.NEG | Op.ABS:
                term = f"(fp.{op.value} {terms[0]})"
            case Op.MIN | Op.MAX:
                term = _extreme(op, terms[0], terms[1], sort)
            case _:
                term = f"({_ARITHMETIC[op]} {mode} {' '.join(terms)})"
        return self.commands.define(sort.text, term)

    def _power(self, base: Held, exponent: int, holding: Holding) -> Held:
        """x^n: a product of n factors, exact in a wide sort; for negative n its reciprocal there."""
        if exponent == 0:
            return Held(self.commands.define(holding.sort.text, holding.literal(round_exact(holding.format, Fraction(1)))), holding)
        if exponent == 2:
            return self._rounded(Op.MUL, [base, base], holding)
        if abs(exponent) > MOST_POWER:
            raise NotExpressible(f"the power {exponent} is beyond {MOST_POWER}")
        one, size = reach_of(base.holding), abs(exponent)
        product = Reach(size * one.unit, size * one.top, size * one.bits)
        result = product if exponent > 0 else _wide_reach(Op.DIV, [Reach(0, 1, 1), product], holding.format.p)
        wide = self._wide(max(result.bits, product.bits), [product, result], [base.holding, holding])
        factor = term = self._widened(base, wide)
        for _ in range(size - 1):
            term = self._operation(Op.MUL, [term, factor], wide, "RNE")
        if exponent < 0:
            term = self._operation(Op.DIV, [wide.literal(Fraction(1)), term], wide, _wide_mode(holding))
        return self._narrowed(term, wide, holding)

    def _wide(self, bits: int, reaches: Sequence[Reach], holdings: Sequence[Holding]) -> Sort:
        """A sort that holds all of these numbers, scaled and unscaled, as normal ones."""
        reaches = [*reaches, *map(reach_of, holdings)]
        bits = max([bits, *(h.sort.significand for h in holdings)])
        if bits > WIDEST:
            raise NotExpressible(f"an exact result of an operation would take {bits} bits (at most {WIDEST})")
        shifts = max(abs(h.shift) for h in holdings)
        farthest = max(max(abs(r.unit), abs(r.top)) for r in reaches) + shifts + max(h.sort.significand + h.sort.emax for h in holdings)
        width = (farthest + 2).bit_length() + 1
        return Sort(width, max(bits, width))

    def _widened(self, x: Held, wide: Sort) -> str:
        """The number itself in the wide sort."""
        term = f"((_ to_fp {wide.exponent} {wide.significand}) RNE {x.term})"
        return self._scaled(self.commands.define(wide.text, term), wide, -x.holding.shift)

    def _scaled(self, term: str, wide: Sort, shift: int) -> str:
        if shift == 0:
            return term
        return self.commands.define(wide.text, f"(fp.mul RNE {term} {wide.literal(power_of_two(shift))})")

    def _narrowed(self, term: str, wide: Sort, holding: Holding) -> Held:
        """A number of the wide sort rounded to a format."""
        scaled, sort = self._scaled(term, wide, holding.shift), holding.sort
        narrow = self.commands.define(sort.text, f"((_ to_fp {sort.exponent} {sort.significand}) {holding.mode} {scaled})")
        return self._limited(narrow, holding)

    def _limited(self, term: str, holding: Holding) -> Held:
        return Held(limited(self.commands, holding, term), holding)


def _is_native(op: Op, holding: Holding) -> bool:
    """Whether the sort's own operation is the format's."""
    return holding.sort.exponent <= holding.sort.significand and (holding.shift == 0 or op in _SCALING)


def _wide_mode(holding: Holding) -> str:
    """The mode of an operation whose result is rounded again."""
    return "RNE" if holding.format.rounding in _NEAREST else holding.mode


def _extreme(op: Op, a: str, b: str, sort: Sort) -> str:
    """IEEE 754-2019 `minimum` or `maximum`: NaN propagates, and -0 < +0, which SMT-LIB's own leave open."""
    first, second = (a, b) if op is Op.MIN else (b, a)
    equal = f"(ite (fp.isNegative {a}) {first} {second})"
    ordered = f"(ite (fp.lt {a} {b}) {first} (ite (fp.lt {b} {a}) {second} {equal}))"
    return f"(ite (or (fp.isNaN {a}) (fp.isNaN {b})) {sort.literal(Special.NAN)} {ordered})"


def _wide_reach(op: Op, held: Sequence[Reach], p: int) -> Reach:
    """The results of an operation, with the bits that the wide sort needs before they are rounded to p bits."""
    first, last = held[0], held[-1]
    match op:
        case Op.ADD | Op.SUB:
            unit, top = min(first.unit, last.unit), max(first.top, last.top) + 1
            return Reach(unit, top, top - unit)
        case Op.MUL:
            return Reach(first.unit + last.unit, first.top + last.top, first.bits + last.bits)
        case Op.FMA:
            product = _wide_reach(Op.MUL, held[:2], p)
            unit, top = min(product.unit, last.unit), max(product.top, last.top) + 1
            return Reach(unit, top, top - unit)
        case Op.DIV:
            return Reach(first.unit - last.top, first.top - last.unit, max(first.bits, p + last.bits) + 3)
        case Op.SQRT:
            return Reach(min(first.unit, 0), max(first.top, 0), max(first.bits, 2 * p) + 5)
        case _:
            return Reach(min(r.unit for r in held), max(r.top for r in held), max(r.bits for r in held))
