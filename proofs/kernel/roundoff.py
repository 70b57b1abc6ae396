"""The rounding analysis of S1: how large every rounding error of a run from a leaf can be (THEORY S1).

One forward pass keeps for every node what a run from the leaf may hold there: an interval C, a granule g (every value is an integer
multiple of 2^g) and digits s (every value is m 2^j with |m| <= 2^s), and a bound r of the rounding error. F is the node's format with
precision p, least spacing 2^q, q = emin - p + 1. I, g0, s0 are those of the exact result on what the operands hold; "near" means rounding
to nearest with subnormals kept.

1. Exact results. I is the interval operation on the C of the operands. add, sub: g0 = min; mul: sums of g and of s; fma: min(ga + gb, gc);
   neg, abs, cast: of the operand; min, max, if: min of g, max of s (if with a decided condition: that branch alone); pow, n >= 0: n g, n s;
   a / b with b one power of two 2^v: g - v, s. On one operand twice: a a is a square, a + a has g + 1 and s, a - a = 0, a / a = 1.
   In any case |v| <= 2^(g0 + s) gives an s. One number known exactly has its own g and s. Else g and s are unknown.
2. Exact rounding. s0 <= p and g0 >= q, and with flushed subnormals also g0 >= emin or min|I| >= 2^emin: r = 0, C = I. So where F holds
   the formats of the operands of neg, abs, min, max, cast, if, and that of an input.
3. Rounding. C = [rnd lo, rnd hi] of I = [lo, hi], which must not overflow; s = p; r is half a spacing (a whole one in directed modes) at
   M = max|I|, the spacing of the binade below where M is a power of two; flushed, where min|I| < 2^emin: at least min(M, 2^emin).
   Where all of I rounds to one number c: r = max|I - c|.
   After rules 2 and 3: g = max(g0, spacing of F at min|C|) (at 0: q).
4. A held operand. a + b, a - b, a b + c, near, where F holds the format of one summand: r <= max|C| of the other, since the summand
   itself is as near (the product of an fma counts as other summand).
5. Power of two. max|C| = 2^k <= M < 2^(k+1), in every mode: r is the larger of that for 2^k and M - 2^k.
6. Inputs. real: rules 3 and 5 for the input's format with I the leaf's side, then rule 2 or 3 for the node's. representable: r = 0,
   g and s those of the input's format. Rounding errors of the two add up. Worked out before: C, g, s and r are given, and of an interval
   of reals C is no more than the part of it widened by r.
7. Constants: the code held, the error known.
8. Accuracy of k ulps: r = k spacings at M (at a power of two: of the binade above it), or that of rules 3 and 5 where this is larger;
   C = I widened by r; g from min|C|; s = p.
9. Integer codes: C = [rnd lo, rnd hi], r from the scale and the saturated part, g the power of two in the scale. Exact: r = 0.
10. A quotient by one number c = +-d 2^v, d odd, d >= 3, in a float format with subnormals kept: where g of the dividend is at least
   v + s, 2^s the spacing that rule 3 takes at M (and M is not rounded down to a power of two), the exact results are multiples of
   2^s / d, none of them nearer than 2^s / (2d) to the middle between two numbers: r is (d - 1)/d of that of rule 3.
"""

from __future__ import annotations

from fractions import Fraction

from .budget import Budget
from .failures import LeafFailure
from .formats import Exact, Float, Format, Int, finite, is_finite
from .grid import Grid, Overflow, Rounded, grid
from .held import UNDEFINED, UNKNOWN, Held, exact_result, hull, magnitude, number
from .question import LOGICAL, Arrival, Box, Node, Program, Question
from .run import enclose_constant, run
from .tape import Interval, Tape
from .truths import decide

CONSTANTS = ("const", "pi", "e")
"""Nodes without operands that are not inputs."""

_KEPT_BY_FLOATS = ("neg", "abs", "cast", "min", "max", "if")
_KEPT_BY_CODES = ("cast", "min", "max", "if")
"""Operations that give back one of their operands (up to sign: integer codes may lack the other sign)."""


class Roundoff:
    """Bounds the rounding errors of a program over leaves of the box. Errors are integers in units of 2^-`unit_bits`."""

    def __init__(self, question: Question, program: Program, tape: Tape, budget: Budget) -> None:
        self._question, self._program, self._tape, self._budget = question, program, tape, budget
        formats = {*program.inputs.values(), *program.nodes, program.output}
        bits = tape.fixed.bits
        guard = 64 + max((fmt.p for fmt in formats if isinstance(fmt, Float)), default=0)
        self.unit_bits, self._guard = bits + guard, guard
        grids = {fmt: grid(fmt, bits, guard) for fmt in formats}
        self._input_grids = {name: grids[fmt] for name, fmt in program.inputs.items()}
        self._grids = [grids[fmt] for fmt in program.nodes]
        self._output_grid = None if program.output.holds(program.nodes[-1]) else grids[program.output]
        self._constants: dict[int, Rounded] = {}
        self._keeps = [self._keeps_operands(node, fmt) for node, fmt in zip(question.nodes, program.nodes, strict=True)]
        self._anchors = [self._anchors_of(node, fmt) for node, fmt in zip(question.nodes, program.nodes, strict=True)]

    def _keeps_operands(self, node: Node, fmt: Format) -> bool:
        """Rule 2, by formats alone: whether the format holds every operand that the operation may give back."""
        if node.op == "var":
            return fmt.holds(self._program.inputs[str(node.payload)])
        kept = _KEPT_BY_CODES if isinstance(fmt, Int) else _KEPT_BY_FLOATS
        return node.op in kept and all(fmt.holds(self._program.nodes[a]) for a in node.args[node.op == "if" :])

    def _anchors_of(self, node: Node, fmt: Format) -> tuple[int, ...]:
        """Rule 4: the summands that the format holds, as positions among the operands."""
        if node.op not in ("add", "sub", "fma") or not isinstance(fmt, Float) or not fmt.is_nearest or fmt.subnormals != "kept":
            return ()
        summands = (2,) if node.op == "fma" else (0, 1)
        return tuple(i for i in summands if fmt.holds(self._program.nodes[node.args[i]]))

    def errors(self, leaf: Box) -> tuple[list[Held], list[int | None]]:
        """What a run from the leaf may hold at every node, and a bound of the rounding error there and, last, at the output.

        UNDEFINED and None where the values may not be finite; LeafFailure where the result may not.
        """
        held, errors, reasons = self.analyse(leaf)
        if held[-1] is UNDEFINED:
            raise LeafFailure(reasons[len(held) - 1])
        return held, [*errors, self._output_error(held[-1])]

    def analyse(self, leaf: Box) -> tuple[list[Held], list[int | None], dict[int, str]]:
        """What every node may hold (UNDEFINED where it may not be finite, with the reason), and how large its rounding error can be."""
        held: list[Held] = []
        errors: list[int | None] = []
        reasons: dict[int, str] = {}
        for k, node in enumerate(self._question.nodes):
            value, error = UNDEFINED, None
            try:
                if not reasons or not self._is_undefined(k, held, reasons):
                    value, error = self._visit(k, node, held, leaf)
            except Overflow:
                reasons[k] = (f"the input {node.payload}" if node.op == "var" else f"node {k} ({node.op})") + " may overflow"
            except LeafFailure as failure:
                reasons[k] = str(failure)
            held.append(value)
            errors.append(error)
        return held, errors, reasons

    def _is_undefined(self, k: int, held: list[Held], reasons: dict[int, str]) -> bool:
        """Whether a node uses an operand that may not be finite, whose reason becomes its own."""
        node = self._question.nodes[k]
        undefined = next((a for a in _used(node, held) if held[a] is UNDEFINED), None)
        if undefined is None or (node.op in LOGICAL and _truth(node, [held[a] for a in node.args]) != UNDEFINED):
            return False
        reasons[k] = reasons[undefined]
        return True

    def _output_error(self, result: Held) -> int:
        if self._output_grid is None:
            return 0
        try:
            return self._output_grid.round(result)[1]
        except Overflow:
            raise LeafFailure("the output may overflow") from None

    def _visit(self, k: int, node: Node, held: list[Held], leaf: Box) -> Rounded:
        if node.op == "var":
            return self._read(k, str(node.payload), leaf)
        if not node.args:
            return self._constant(k)
        args = [held[a] for a in node.args]
        if node.op in LOGICAL:
            return _truth(node, args), 0
        exact = _chosen(*args) if node.op == "if" else exact_result(node, args, self._tape)
        if self._keeps[k]:
            return exact, 0
        if node.op in self._question.accuracy:
            return self._grids[k].approximate(exact, self._question.accuracy[node.op])
        value, error = self._grids[k].round(exact)
        if node.op == "div" and error:
            error = self._of_quotients(k, args, exact, value, error)
        for anchor in self._anchors[k] if error else ():
            error = min(error, self._other_summand(args, anchor))
        return value, error

    def _of_quotients(self, k: int, args: list[Held], exact: Held, value: Held, error: int) -> int:
        """Rule 10, where the divisor is one number with an odd part."""
        rules, (dividend, divisor) = self._grids[k], args
        if not isinstance(rules, Grid) or divisor.lo != divisor.hi or dividend.granule == -UNKNOWN:
            return error
        size = abs(divisor.lo)
        zeros = (size & -size).bit_length() - 1
        odd = size >> zeros
        if odd < 3:
            return error
        return rules.of_quotients(exact, value, error, dividend.granule - (zeros - self._tape.fixed.bits), odd)

    def _other_summand(self, args: list[Held], anchor: int) -> int:
        """Rule 4: the largest magnitude of what is added to the operand at `anchor`."""
        if len(args) == 2:
            other = args[1 - anchor]
            return (other.hi if other.hi > -other.lo else -other.lo) << self._guard
        a, b, _ = args
        return -((-magnitude(a.lo, a.hi) * magnitude(b.lo, b.hi) << self._guard) >> self._tape.fixed.bits)

    def _read(self, k: int, name: str, leaf: Box) -> Rounded:
        """Rule 6."""
        value, error = self._read_input(name, leaf)
        if self._keeps[k]:
            return value, error
        value, added = self._grids[k].round(value)
        return value, error + added

    def _read_input(self, name: str, leaf: Box) -> Rounded:
        ends = self._tape.fixed.from_ends(*leaf[name])
        if name in self._question.arrivals:
            return self._arriving(self._question.arrivals[name], ends)
        if self._question.representable:
            return self._input_grids[name].numbers(*ends), 0
        return self._input_grids[name].round(Held(*ends))

    def _arriving(self, arrival: Arrival, ends: Interval) -> Rounded:
        """Rule 6, of an input that a run has worked out before."""
        error = -((-arrival.error.numerator << self.unit_bits) // arrival.error.denominator)
        reach = -(-error >> self._guard)
        held = self._tape.fixed.from_ends(arrival.lo, arrival.hi)
        lo, hi = max(ends[0] - reach, held[0]), min(ends[1] + reach, held[1])
        if lo > hi:
            lo, hi = ends[0] - reach, ends[1] + reach
        return Held(lo, hi, arrival.granule, arrival.digits), error

    def input_error(self, name: str, leaf: Box) -> Fraction:
        """How far the codes of a leaf lie from the real input."""
        try:
            return Fraction(self._read_input(name, leaf)[1], 1 << self.unit_bits)
        except Overflow:
            raise LeafFailure(f"the input {name} may overflow") from None

    def _constant(self, k: int) -> Rounded:
        """Rule 7."""
        if k not in self._constants:
            self._constants[k] = self._make_constant(k)
        return self._constants[k]

    def _make_constant(self, k: int) -> Rounded:
        node, fmt, fixed = self._question.nodes[k], self._program.nodes[k], self._tape.fixed
        ends = (node.payload,) * 2 if isinstance(node.payload, Fraction) else enclose_constant(node.op, fixed.bits)
        if isinstance(fmt, Exact):
            interval = fixed.from_ends(*ends)
            return (number(ends[0], interval) if ends[0] == ends[1] else Held(*interval)), 0
        code = run((node,), Program({}, (fmt,), Exact()), {}, self._budget)
        if not is_finite(code):
            raise LeafFailure(f"the constant of node {k} overflows")
        code = finite(code)
        error = max(abs(code - end) for end in ends) * (1 << self.unit_bits)
        return number(code, fixed.from_fraction(code)), -(-error.numerator // error.denominator)


def _truth(node: Node, args: list[Held]) -> Held:
    """A comparison, or a logical operation on truths."""
    return Held(*decide(node.op, [(arg.lo, arg.hi) for arg in args]))


def _used(node: Node, held: list[Held]) -> tuple[int, ...]:
    """The operands that the value depends on: of an `if` with a decided condition, only one branch."""
    if node.op != "if" or held[node.args[0]] is UNDEFINED:
        return node.args
    lo, hi, *_ = held[node.args[0]]
    return node.args if lo < hi else (node.args[1 if lo else 2],)


def _chosen(condition: Held, first: Held, second: Held) -> Held:
    """What an `if` gives back: of the branch taken, or of either where the condition is not decided."""
    if condition.lo < condition.hi:
        return hull(first, second)
    return first if condition.lo else second
