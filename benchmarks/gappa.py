"""Gappa (https://gappa.gitlabpages.inria.fr) on our problems: scripts for it, its answer, and the seconds that it took.

A script says that the inputs are reals of the box, rounded to the format; that every operation is rounded to nearest in a format
without largest number (Gappa knows no overflow); and asks in which interval the difference of program and function lies. Several hints
to cut the inputs into parts are tried within the time limit, and the least bound counts. Preconditions beyond the box are left out: the
bound then holds for more inputs than were asked about.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from suffice.encodings.expression import Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Problem
from suffice.hardware_specs.format import FloatFormat, Format, Rounding, Subnormals
from suffice.hardware_specs.rounding import round_exact

MODES = {
    Rounding.NEAREST_EVEN: "ne", Rounding.NEAREST_AWAY: "na", Rounding.TOWARD_ZERO: "zr", Rounding.UP: "up", Rounding.DOWN: "dn",
}  # fmt: skip
_TERMS: dict[Op, str] = {
    Op.ADD: "({} + {})", Op.SUB: "({} - {})", Op.MUL: "({} * {})", Op.DIV: "({} / {})", Op.NEG: "(-{})", Op.ABS: "|{}|",
    Op.SQRT: "sqrt({})", Op.FMA: "({} * {} + {})", Op.CAST: "({})",
}  # fmt: skip
_PARTS = (16, 128, 1024)
"""Parts that the box is cut into, all inputs together: one hint for each."""

_PARTS_ALONE = 64
"""Parts that one input is cut into alone."""

_END_BITS = 64
"""Significant bits of the box's ends, rounded outward where they have more."""

_ANSWER = re.compile(r" in \[([^\]]*)\]")
_NUMBER = re.compile(r"([-+]?\d+)(?:b([-+]?\d+))?")


class Untranslatable(Exception):
    """The problem has something that Gappa has no word for."""


@dataclass(frozen=True, slots=True)
class GappaRun:
    """Gappa's best bound, None where it has none, and the seconds of all its runs; `note` says why there is none."""

    bound: float | None
    seconds: float
    note: str = ""


def is_installed() -> bool:
    """Whether the program is on the path."""
    return shutil.which("gappa") is not None


def run_gappa(problem: Problem, fmt: Format, timeout: float) -> GappaRun:
    """The least bound that some hints give within the time limit."""
    start = time.perf_counter()
    try:
        scripts = [script(problem, fmt, hint) for hint in hints(problem)]
    except Untranslatable as error:
        return GappaRun(None, 0.0, f"unsupported: {error}")
    bounds = []
    for text in scripts:
        left = timeout - (time.perf_counter() - start)
        if left <= 0:
            break
        try:
            done = subprocess.run(["gappa"], input=text, capture_output=True, text=True, timeout=left, check=False)
        except subprocess.TimeoutExpired:
            break
        bound = read_answer(done.stdout + done.stderr)
        if bound is not None:
            bounds.append(bound)
    return GappaRun(min(bounds, default=None), time.perf_counter() - start, "" if bounds else "no bound")


def hints(problem: Problem) -> list[str]:
    """No cut, every input cut alike, and each one cut alone; cheap ones first."""
    names = [f"X{k}" for k, _ in enumerate(problem.box)]
    each = sorted({round(parts ** (1 / max(len(names), 1))) for parts in _PARTS} - {1})
    together = [f"$ {', '.join(f'{name} in {count}' for name in names)};" for count in each if names]
    alone = [f"$ {name} in {_PARTS_ALONE};" for name in names] if len(names) > 1 else []
    return ["", *together[:1], *alone, *together[1:]]


def read_answer(text: str) -> float | None:
    """The larger end, in magnitude, of the interval that Gappa prints; None where it prints none."""
    for line in text.splitlines():
        found = _ANSWER.search(line)
        if found is not None:
            ends = [_read_end(end) for end in re.sub(r"\{[^}]*\}", "", found[1]).split(",")]
            return max(map(abs, ends)) if len(ends) == 2 and None not in ends else None  # type: ignore[arg-type]
    return None


def _read_end(text: str) -> float | None:
    number = _NUMBER.fullmatch(text.strip())
    return None if number is None else math.ldexp(int(number[1]), int(number[2] or 0))


def script(problem: Problem, fmt: Format, hint: str = "") -> str:
    """The question in Gappa's language. Raises Untranslatable."""
    writer = _Writer(fmt, problem)
    for position, node in enumerate(problem.expression.nodes):
        writer.node(position, node)
    last = len(problem.expression.nodes) - 1
    sides = " /\\ ".join(
        f"X{k} in [{_end(side.lo, math.floor)}, {_end(side.hi, math.ceil)}]" for k, side in enumerate(problem.box.values())
    )
    premise = f"{sides} -> " if sides else ""
    lines = [*(f"@{name} = {rounding};" for rounding, name in writer.roundings.items()), *writer.lines]
    return "\n".join([*lines, f"{{ {premise}P{last} - E{last} in ? }}", hint, ""])


@dataclass(slots=True)
class _Writer:
    """E7 is node 7 over the reals, P7 the value that the program computes for it."""

    fmt: Format
    problem: Problem
    roundings: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def node(self, position: int, node: Node) -> None:
        fmt = node.format or self.fmt
        rounding = self._rounding(fmt)
        match node.op:
            case Op.VAR:
                name = f"X{list(self.problem.box).index(str(node.payload))}"
                self._line(f"P{position} = {rounding}({name});")
                self._line(f"E{position} = {name if self.problem.inputs is InputModel.REAL else f'P{position}'};")
            case Op.CONST:
                assert isinstance(node.payload, Fraction)
                is_exact = round_exact(fmt, node.payload) == node.payload
                self._line(f"E{position} = {constant(node.payload)};")
                self._line(f"P{position} = {f'E{position}' if is_exact else f'{rounding}(E{position})'};")
            case _:
                self._line(f"P{position} = {rounding}({_term(node, 'P')});")
                self._line(f"E{position} = {_term(node, 'E')};")

    def _line(self, text: str) -> None:
        self.lines.append(text)

    def _rounding(self, fmt: Format) -> str:
        if not isinstance(fmt, FloatFormat) or fmt.subnormals is not Subnormals.KEPT:
            raise Untranslatable("a format that is no float with subnormals")
        rounding = f"float<{fmt.p}, {fmt.emin - fmt.p + 1}, {MODES[fmt.rounding]}>"
        return self.roundings.setdefault(rounding, f"rnd{len(self.roundings)}")


def _term(node: Node, letter: str) -> str:
    args = [f"{letter}{position}" for position in node.args]
    if node.op is Op.POW and isinstance(node.payload, int) and node.payload != 0:
        product = " * ".join(args * abs(node.payload))
        return f"({product})" if node.payload > 0 else f"(1 / ({product}))"
    if node.op not in _TERMS:
        raise Untranslatable(node.op.value)
    return _TERMS[node.op].format(*args)


def constant(value: Fraction) -> str:
    """A number as Gappa reads it, exactly: binary where it can be, else decimal, else a quotient."""
    bits = value.denominator.bit_length() - 1
    if value.denominator == 1 << bits:
        return f"{value.numerator}b-{bits}"
    digits = _decimal_digits(value.denominator)
    if digits is not None:
        return f"{value.numerator * 10**digits // value.denominator}e-{digits}"
    return f"({value.numerator} / {value.denominator})"


def _decimal_digits(denominator: int) -> int | None:
    """The least k for which the denominator divides 10^k, None where there is none."""
    powers = {2: 0, 5: 0}
    for prime in powers:
        while denominator % prime == 0:
            denominator //= prime
            powers[prime] += 1
    return max(powers.values()) if denominator == 1 else None


def _end(value: Fraction, rounded: Callable[[Fraction], int]) -> str:
    """An end of an interval, which Gappa wants as a plain number."""
    is_binary = value.denominator & (value.denominator - 1) == 0
    if is_binary and abs(value.numerator) < 1 << _END_BITS:
        return constant(value)
    shift = _END_BITS - value.numerator.bit_length() + value.denominator.bit_length()
    return f"{rounded(value * Fraction(2) ** shift)}b{-shift}"
