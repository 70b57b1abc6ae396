"""One point that every step of a fold takes, at which the program fails for every size (THEORY W; docs/theory.md, Families: F9, F10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .. import limits
from ..budget import Budget, rational_work
from ..checking import read_precision
from ..derivation import INFINITE, Derivation
from ..failures import Rejection
from ..formats import Exact, Float, Format, Value, finite, is_finite, size_of
from ..jsonvalues import fields, integer
from ..measure import Measure, Span
from ..preconditions import Preconditions
from ..question import Box, Node, Point, Program
from ..reading import read_point
from ..run import round_inputs, round_value, run
from ..tape import Interval, Tape
from ..values import add
from ..witnesses import at_point, check_counts
from .asking import common_question, definite_program, settled
from .regions import Family, Region
from .steps import after, check_sums, fold_of, is_mean, is_sum, joined, joined_mean, uses_size

Error = Fraction | str
"""A lower bound of the measure, or INFINITE."""


def fold_run(family: Family, region: Region, budget: Budget) -> Derivation:
    """The least error over all sizes of the region, run in exact arithmetic on one point, or on one first and another then."""
    check_sums(family)
    _, point, prefix, tail, precision = fields(region.claim.evidence, "evidence", "kind", "point", "prefix", "tail", "precision")
    where = read_point(point, "point", tuple(family.box))
    last = _last(region, tail)
    work = FoldRun(family, region, where, _read_prefix(prefix, family, region, where), read_precision(precision), budget)
    errors: list[Error] = []
    for size, state in work.states(region.least, last):
        errors.append(work.error(size, state) if tail is None or size < last else work.error_from(size, state))
    numbers = [error for error in errors if isinstance(error, Fraction)]
    return Derivation(min(numbers) if numbers else INFINITE, "W")


def _last(region: Region, tail: Any) -> int:
    """The last size that is looked at by itself: the tail's first, or the region's greatest."""
    if tail is None:
        if region.greatest is None:
            raise Rejection("a run follows all sizes only with a tail")
        last = region.greatest
    else:
        most = limits.MAX_SIZE if region.greatest is None else region.greatest
        last = integer(tail, "evidence.tail", region.least, most)
    if last - region.least > limits.MAX_STEPS:
        raise Rejection(f"a fold_run looks at no more than {limits.MAX_STEPS} sizes one by one")
    return last


@dataclass(frozen=True, slots=True)
class Prefix:
    """How many first steps take another point, and that point with the other inputs."""

    count: int
    point: Point


def _read_prefix(value: Any, family: Family, region: Region, where: Point) -> Prefix:
    if value is None:
        return Prefix(0, where)
    steps, point = fields(value, "evidence.prefix", "steps", "point")
    elements = read_point(point, "evidence.prefix.point", fold_of(family).elements)
    return Prefix(integer(steps, "evidence.prefix.steps", 1, region.least), where | elements)


@dataclass(frozen=True, slots=True)
class Steps:
    """What a run adds at the first steps and at all others, where it begins, and the expression that it ends with."""

    start: Value
    first: Value
    term: Value
    nodes: tuple[Node, ...]
    program: Program


class FoldRun:
    """The run of a fold at its points, and the real values there for all parameters of the region."""

    def __init__(self, family: Family, region: Region, point: Point, prefix: Prefix, precision: int, budget: Budget) -> None:
        self._family, self._fold, self._region, self._budget = family, fold_of(family), region, budget
        self._point, self._prefix, self._precision = point, prefix, precision
        question = common_question(family, region, joined(family), {self._fold.size: (Fraction(1), Fraction(1))})
        for place in (point, prefix.point):
            check_counts(question, Preconditions(question, precision, budget), place)
            if question.representable and any(definite_program(family).inputs[name].round(x) != x for name, x in place.items()):
                raise Rejection("the point is not representable in the input format")
        self._parameters: Box = {name: ends for name, ends in question.parameters.items() if name != self._fold.size}
        self._measure = Measure(question.is_relative, question.relative)
        self._steps = self._compiled()
        elements = {name: prefix.point[name] for name in self._fold.elements}
        self._shifted = replace(family, fold=after(self._fold, prefix.count, elements)) if prefix.count else family
        self._tape = self._tape_of(joined(self._shifted))
        self._uses_size = uses_size(family)
        self._answers: dict[Value, Value] = {}

    def _compiled(self) -> Steps:
        program, fold, count = definite_program(self._family), self._fold, len(self._family.nodes)
        bounds = (0, count, count + len(fold.start), count + len(fold.start) + len(fold.term))
        parts = (self._family.nodes, fold.start, fold.term)
        formats = [program.nodes[low:high] for low, high in pairwise(bounds)]
        nodes, start, term = (settled(part, of, self._region.parameters) for part, of in zip(parts, formats, strict=True))
        first, last = (round_inputs(program, place) for place in (self._prefix.point, self._point))
        of_term = Program(program.inputs, formats[2], Exact())
        own: dict[str, Format] = {fold.state: Exact(), fold.size: Exact()}
        return Steps(
            start=run(start, Program(program.inputs, formats[1], fold.accumulate), last, self._budget),
            first=run(term, of_term, first, self._budget),
            term=run(term, of_term, last, self._budget),
            nodes=nodes,
            program=Program(program.inputs | own, formats[0], program.output),
        )

    def _tape_of(self, nodes: tuple[Node, ...]) -> Tape:
        return Tape(nodes, self._precision, self._budget, self._parameters)

    def _span(self, tape: Tape, size: tuple[Fraction, Fraction]) -> Span:
        return tape.fixed.to_fractions(tape.ranges(tape.box(at_point(self._point) | {self._fold.size: size}))[-1])

    def states(self, least: int, last: int) -> Iterator[tuple[int, Value]]:
        """The state, as the program holds it, at sizes from `least` to `last`, followed step by step until it no longer moves."""
        state, size = self._steps.start, 0
        while size < last:
            if size == limits.MAX_STEPS:
                raise Rejection(f"a fold_run follows at most {limits.MAX_STEPS} steps")
            after_step = self._next(state, self._steps.first if size < self._prefix.count else self._steps.term)
            is_fixed = after_step == state and size >= self._prefix.count
            state, size = after_step, size + 1
            if size >= least:
                yield size, state
            if is_fixed:
                break
        for later in range(max(size + 1, least), last + 1):
            yield later, state

    def _next(self, state: Value, term: Value) -> Value:
        accumulate = self._fold.accumulate
        sizes = [size_of(value) for value in (state, term) if isinstance(value, Fraction)]
        self._budget.spend(2 * rational_work(max(sizes, default=0)))
        return round_value(accumulate, add(state, term, down=isinstance(accumulate, Float) and accumulate.rounding == "down"))

    def error(self, size: int, state: Value) -> Error:
        """W at one size."""
        answer = self._answer(size, state)
        f = self._span(self._tape, (Fraction(size), Fraction(size)))
        return self._measure.at_least(finite(answer), f) if is_finite(answer) else INFINITE

    def _answer(self, size: int, state: Value) -> Value:
        if not self._uses_size and state in self._answers:
            return self._answers[state]
        codes: dict[str, Value] = {
            **round_inputs(definite_program(self._family), self._point),
            self._fold.state: state,
            self._fold.size: Fraction(size),
        }
        self._answers[state] = answer = run(self._steps.nodes, self._steps.program, codes, self._budget)
        return answer

    def error_from(self, size: int, state: Value) -> Error:
        """W at this size and all larger ones, at which the state is the same."""
        if self._next(state, self._steps.term) != state:
            raise Rejection("the state still moves where the tail begins")
        if is_sum(self._family):
            return self._error_of_sums(size, state)
        if is_mean(self._family):
            return self._error_of_means(size, state)
        if not self._uses_size and self._term() == (0, 0):
            return self.error(size, state)
        raise Rejection("a tail needs an expression that is the state, or the state divided by the size, or a term that is 0")

    def _term(self) -> Interval:
        """What a step after the prefix adds to the real state."""
        tape = self._tape_of(self._fold.term)
        return tape.ranges(tape.box({name: (self._point[name],) * 2 for name in self._fold.elements}))[-1]

    def _error_of_sums(self, size: int, state: Value) -> Error:
        """F9: one answer z, while f = start + n term moves away from it or stands still."""
        answer = self._answer(size, state)
        lo, hi = self._span(self._tape, (Fraction(size), Fraction(size)))
        if not is_finite(answer):
            return INFINITE
        z = finite(answer)
        down, up = self._term()
        if up <= 0 <= down:
            return self._measure.at_least(z, (lo, hi))
        if up <= 0:
            z, lo = -z, -hi
        elif down < 0:
            raise Rejection("the sign of the term was not shown")
        return self._beyond(z, lo)

    def _beyond(self, z: Fraction, least: Fraction) -> Fraction:
        """The least measure of answer z over all f >= least.

        |z - f| / |f| is 1 - z / f where f > z and f > 0: least at the least f for z >= 0, and above 1 for z < 0.
        """
        if z >= least:
            return Fraction(0)
        if not self._measure.is_relative:
            return least - z
        return 1 - max(z, Fraction(0)) / least if least > 0 else Fraction(0)

    def _error_of_means(self, size: int, state: Value) -> Error:
        """F10: larger sizes round to no smaller numbers, so the quotient lies between 0 and that at this size, and rounding keeps that."""
        nodes, formats = self._steps.nodes, self._steps.program.nodes
        of_state, of_size = (formats[a] for a in nodes[-1].args)
        dividend, divisor = round_value(of_state, state), of_size.round(Fraction(size))
        answer = self._answer(size, state)
        f = self._span(self._tape_of(joined_mean(self._shifted)), (Fraction(0), Fraction(1, size)))
        if not is_finite(divisor) or finite(divisor) <= 0:
            raise Rejection("the size does not round to a positive number where the tail begins")
        if not is_finite(answer):
            if is_finite(dividend):
                raise Rejection("the mean overflows where the tail begins, and need not later")
            return INFINITE
        zero = round_value(self._steps.program.output, formats[-1].round(Fraction(0)))
        if not is_finite(dividend) or not is_finite(zero):
            raise Rejection("the answers beyond the tail were not bounded")
        ends = sorted((finite(answer), finite(zero)))
        if ends[1] >= f[0] and ends[0] <= f[1]:
            return Fraction(0)
        return min(self._measure.at_least(end, f) for end in ends)
