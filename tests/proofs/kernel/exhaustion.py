"""Every run of a program from a leaf, by the oracle, beside what the kernel's rounding analysis says of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import isqrt
from pathlib import Path

from suffice.encodings.expression import Node as OracleNode
from suffice.encodings.operations import Op
from suffice.proofs.formatdata import format_from_json
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.formats import Exact
from suffice.proofs.kernel.held import UNDEFINED, UNKNOWN, Held
from suffice.proofs.kernel.question import LOGICAL, Box, Node, Program, Question
from suffice.proofs.kernel.reading import read_format, read_nodes, read_question
from suffice.proofs.kernel.roundoff import Roundoff
from suffice.proofs.kernel.tape import Tape

from .documents import EXACT, Json, formats, problem

sys.path.insert(0, str(Path(__file__).parents[2]))
from oracle.rounding import Value, convert, round_real, to_fraction
from oracle.runs import apply

PRECISION = 64
_ROOT_BITS = 400


@dataclass(frozen=True, slots=True)
class Programmed:
    """Nodes with a format each, inputs with a format each, and a leaf."""

    nodes: Json
    formats: list[Json]
    inputs: dict[str, Json]
    leaf: Box
    representable: bool = False
    accuracy: dict[str, Fraction] | None = None

    def question(self) -> Question:
        """The kernel's question. The output is not rounded."""
        ends = {name: [str(lo), str(hi)] for name, (lo, hi) in self.leaf.items()}
        plain = read_question(problem(self.nodes, ends, absolute="1"), formats(EXACT))
        steps = tuple(
            Exact() if node.op in LOGICAL else read_format(fmt, "format") for node, fmt in zip(plain.nodes, self.formats, strict=True)
        )
        program = Program({name: read_format(fmt, "format") for name, fmt in self.inputs.items()}, steps, Exact())  # type: ignore[misc, arg-type]
        return replace(plain, program=program, representable=self.representable, accuracy=self.accuracy or {})

    def analysis(self) -> tuple[list[Held], list[Fraction | None]]:
        """What the kernel says: what is held at every node, and the largest error."""
        question = self.question()
        assert question.program is not None
        tape = Tape(question.nodes, PRECISION, Budget())
        roundoff = Roundoff(question, question.program, tape, Budget())
        held, errors, _ = roundoff.analyse(self.leaf)
        return held, [None if error is None else Fraction(error, 1 << roundoff.unit_bits) for error in errors]

    def runs(self) -> Iterator[list[tuple[Value, Fraction | None, Fraction | None]]]:
        """For every choice of input codes: of every node the value, and the least and largest exact result before its rounding."""
        nodes = read_nodes(self.nodes)
        theirs = [format_from_json(fmt, "format") for fmt in self.formats]
        for choice in product(*(self._codes(name) for name in self.inputs)):
            codes = dict(zip(self.inputs, choice, strict=True))
            trace: list[tuple[Value, Fraction | None, Fraction | None]] = []
            for node, fmt in zip(nodes, theirs, strict=True):
                if node.op == "var":
                    code, lo, hi = codes[str(node.payload)]
                    trace.append((convert(code, fmt), lo, hi))
                    continue
                args = [trace[a][0] for a in node.args]
                value = _value(node, args, fmt)
                exact = _exact(node, args)
                trace.append((value, exact, exact))
            yield trace

    def _codes(self, name: str) -> list[tuple[Value, Fraction, Fraction]]:
        """The codes of an input that the leaf reaches, with the least and the largest real found there that has this code."""
        fmt = format_from_json(self.inputs[name], "format")
        lo, hi = self.leaf[name]
        step = Fraction(1, 64)  # of a tie of the finest formats, at magnitudes above 1/8
        found: dict[Value, list[Fraction]] = {}
        count = int((hi - lo) / step) + 1
        tiny = Fraction(1, 10**6)
        for k in range(count + 1):
            near = (lo + k * step) // step * step
            for x in (near - tiny, near, near + tiny, lo, hi):
                if lo <= x <= hi and (not self.representable or round_real(x, fmt) == x):
                    found.setdefault(round_real(x, fmt), []).append(x)
        return [(code, min(reals), max(reals)) for code, reals in found.items()]


def _value(node: Node, args: list[Value], fmt: Json) -> Value:
    """One operation on machine values."""
    match node.op:
        case "cast":
            return convert(args[0], fmt)
        case "if":
            return convert(args[1] if args[0] == 1 else args[2], fmt)
        case "lt" | "le" | "eq":
            a, b = map(to_fraction, args)
            if a is None or b is None:
                return Fraction(0)
            return Fraction({"lt": a < b, "le": a <= b, "eq": a == b}[node.op])
        case "and":
            return args[0] * args[1]  # type: ignore[operator]
        case "or":
            return max(args)  # type: ignore[type-var]
        case "not":
            return 1 - args[0]  # type: ignore[operator]
    payload = node.payload
    return apply(OracleNode(Op(node.op), tuple(range(len(args))), payload), args, fmt)


def _exact(node: Node, args: list[Value]) -> Fraction | None:
    """The exact result on finite operands, None where it is not a rational or not defined; a square root to 400 bits."""
    if node.op == "const":
        assert isinstance(node.payload, Fraction)
        return node.payload
    numbers = [to_fraction(a) for a in args]
    if any(x is None for x in numbers):
        return None
    a, b, c = ([x for x in numbers if x is not None] + [Fraction(0)] * 2)[:3]
    match node.op:
        case "add":
            return a + b
        case "sub":
            return a - b
        case "mul":
            return a * b
        case "div":
            return a / b if b else None
        case "fma":
            return a * b + c
        case "neg":
            return -a
        case "abs":
            return abs(a)
        case "min":
            return min(a, b)
        case "max":
            return max(a, b)
        case "cast":
            return a
        case "if":
            return b if a else c
        case "pow":
            assert isinstance(node.payload, int)
            return a**node.payload if a or node.payload >= 0 else None
        case "sqrt":
            return Fraction(isqrt(int(a * (1 << 2 * _ROOT_BITS))), 1 << _ROOT_BITS) if a >= 0 else None
    return None


def faults(case: Programmed) -> list[str]:
    """What the analysis says that is false of some run."""
    held, errors = case.analysis()
    nodes = read_nodes(case.nodes)
    found = []
    for trace in case.runs():
        for k, ((value, lo, hi), claim, error) in enumerate(zip(trace, held, errors, strict=True)):
            if claim is UNDEFINED:
                continue
            number = to_fraction(value)
            if number is None or not Fraction(claim.lo) <= (number if nodes[k].op in LOGICAL else number * (1 << PRECISION)) <= claim.hi:
                found.append(f"node {k} holds {value}, not within {claim}")
            elif nodes[k].op in LOGICAL:
                continue
            elif not _is_multiple(number, claim.granule) or not _has_digits(number, claim.digits):
                found.append(f"node {k} holds {value}, no multiple of 2^{claim.granule} with {claim.digits} digits")
            elif error is None or any(x is not None and abs(number - x) > error + Fraction(1, 1 << _ROOT_BITS - 8) for x in (lo, hi)):
                found.append(f"node {k} holds {value} for {lo} to {hi}: further than {error}")
    return found


def worst(case: Programmed) -> list[Fraction]:
    """The largest rounding error found at every node."""
    errors = [Fraction(0)] * len(case.formats)
    for trace in case.runs():
        for k, (value, lo, hi) in enumerate(trace):
            number = to_fraction(value)
            for x in (lo, hi):
                if number is not None and x is not None:
                    errors[k] = max(errors[k], abs(number - x))
    return errors


def _is_multiple(x: Fraction, granule: int) -> bool:
    if granule <= -UNKNOWN // 2 or x == 0:
        return True
    return granule < UNKNOWN // 2 and (x / Fraction(2) ** granule).denominator == 1


def _has_digits(x: Fraction, digits: int) -> bool:
    if digits >= UNKNOWN // 2 or x == 0:
        return True
    m = abs(x.numerator) // (x.numerator & -x.numerator)
    return x.denominator & (x.denominator - 1) == 0 and m <= 1 << digits
