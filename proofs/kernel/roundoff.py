"""The rounding analysis of S1: how large every rounding error of a run from a leaf can be (THEORY S1)."""

from __future__ import annotations

from fractions import Fraction

from .budget import Budget
from .failures import LeafFailure
from .formats import Exact, Float, Format, finite, is_finite
from .question import Box, Program, Question
from .run import enclose_constant, run
from .tape import Interval, Tape

CONSTANTS = ("const", "pi", "e")
"""Nodes without operands that are not inputs."""

SYMMETRIC = ("neg", "abs", "min", "max")
"""Operations that give back one of their operands, up to sign."""


class Roundoff:
    """Bounds the rounding errors of a program over leaves of the box."""

    def __init__(self, question: Question, program: Program, tape: Tape, budget: Budget) -> None:
        self.question, self.program, self.tape, self.budget = question, program, tape, budget
        self._constants: dict[int, tuple[Interval, Fraction]] = {}

    def errors(self, leaf: Box) -> list[Fraction]:
        """A bound of the rounding error at every node and at the output, over all values that a run from the leaf computes."""
        tape, program = self.tape, self.program
        computed: list[Interval] = []
        errors: list[Fraction] = []
        for k, node in enumerate(self.question.nodes):
            fmt = program.nodes[k]
            if node.op in CONSTANTS:
                interval, error = self._constant(k)
                is_exact = True
            elif node.op == "var":
                interval, error = self.read_input(str(node.payload), leaf)
                is_exact = fmt.holds(program.inputs[str(node.payload)])
            else:
                interval, error = tape.apply(node, [computed[a] for a in node.args]), Fraction(0)
                is_exact = node.op in SYMMETRIC and isinstance(fmt, Float) and all(fmt.holds(program.nodes[a]) for a in node.args)
            if is_exact:
                computed.append(interval)
                errors.append(error)
                continue
            rounded, added = self._round_interval(fmt, interval, f"node {k} ({node.op})")
            computed.append(rounded)
            errors.append(error + added)
        if program.output.holds(program.nodes[-1]):
            return [*errors, Fraction(0)]
        return [*errors, self._round_interval(program.output, computed[-1], "the output")[1]]

    def read_input(self, name: str, leaf: Box) -> tuple[Interval, Fraction]:
        """The input codes that a leaf reaches, and how far they lie from the real input."""
        lo, hi = leaf[name]
        if self.question.representable:
            return self.tape.fixed.from_ends(lo, hi), Fraction(0)
        return self._round_range(self.program.inputs[name], lo, hi, f"the input {name}")

    def _round_range(self, fmt: Format, lo: Fraction, hi: Fraction, what: str) -> tuple[Interval, Fraction]:
        """What rounding makes of the reals in [lo, hi], and the largest rounding error; LeafFailure where one may overflow."""
        if not fmt.stays_finite(lo, hi):
            raise LeafFailure(f"{what} may overflow")
        return self.tape.fixed.from_ends(finite(fmt.round(lo)), finite(fmt.round(hi))), fmt.error(lo, hi)

    def _round_interval(self, fmt: Format, interval: Interval, what: str) -> tuple[Interval, Fraction]:
        """The same for an interval in fixed point, in integers where the format is binary."""
        if not isinstance(fmt, Float):
            scale = 1 << self.tape.fixed.bits
            return self._round_range(fmt, Fraction(interval[0], scale), Fraction(interval[1], scale), what)
        bits = self.tape.fixed.bits
        lo, hi = (fmt.round_fixed(end, bits) for end in interval)
        if lo is None or hi is None:
            raise LeafFailure(f"{what} may overflow")
        return (lo, hi), fmt.error_ratio(*interval, 1 << bits)

    def _constant(self, k: int) -> tuple[Interval, Fraction]:
        """The code that a constant node holds, and its known error."""
        if k not in self._constants:
            node, fmt, fixed = self.question.nodes[k], self.program.nodes[k], self.tape.fixed
            ends = (node.payload,) * 2 if isinstance(node.payload, Fraction) else enclose_constant(node.op, fixed.bits)
            if isinstance(fmt, Exact):
                self._constants[k] = fixed.from_ends(*ends), Fraction(0)
            else:
                code = run((node,), Program({}, (fmt,), Exact()), {}, self.budget)
                if not is_finite(code):
                    raise LeafFailure(f"the constant of node {k} overflows")
                held = finite(code)
                self._constants[k] = fixed.from_fraction(held), max(abs(held - end) for end in ends)
        return self._constants[k]
