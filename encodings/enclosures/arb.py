"""Enclosures of an expression's value through Arb: over a box, and at a point to any accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from flint import ctx

from suffice.encodings.enclosures.conditions import EmptyError
from suffice.encodings.enclosures.exact import point_values, written
from suffice.encodings.enclosures.spans import Span, UndefinedError, interval_of, span_of
from suffice.encodings.enclosures.tape import Tape, UndefinedAtError, join
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval
from suffice.errors import DomainError

WORKING_BITS = 96
"""The precision of enclosures over boxes, whose width comes from the box."""

LARGEST_BITS = 1 << 16
"""Points are not evaluated beyond this precision."""


def node_enclosures(
    expression: Expression, box: Box, precision: int = WORKING_BITS, preconditions: Sequence[Expression] = ()
) -> list[Interval | None]:
    """An enclosure of every node over those points of the box that count, None for a node that could not be shown to be defined.

    Raises DomainError where the value itself could not be, or where no point counts. The truth of a condition lies in [0, 1].
    """
    tape = join([expression], assuming=preconditions)
    with ctx.workprec(precision):
        try:
            spans = tape.evaluate(spans_of_box(box))
            return [None if (span := spans[place]) is None else interval_of(span) for place in tape.places[0]]
        except UndefinedError as undefined:
            raise _no_enclosure(tape, undefined, "on the box") from None
        except EmptyError:
            raise no_point() from None


def no_point() -> DomainError:
    """The error of preconditions that hold nowhere."""
    return DomainError("no point of the box satisfies the preconditions", mend="correct them")


def enclose(expression: Expression, box: Box, precision: int = WORKING_BITS) -> Interval:
    """An enclosure of the value over the box in one evaluation, without subdivision; raises DomainError."""
    value = node_enclosures(expression, box, precision)[-1]
    assert value is not None
    return value


def enclose_at(expression: Expression, point: Mapping[str, Fraction], bits: int = 64) -> Interval:
    """The value at a point: exact where every step is rational, else no wider than 2^-bits times its magnitude.

    A value that no precision up to LARGEST_BITS tells from zero is enclosed to an absolute width of 2^(-8 bits) or less. Raises
    DomainError where the value is not defined.
    """
    return enclose_tape_at(join([expression]), point, bits)[0]


def enclose_tape_at(tape: Tape, point: Mapping[str, Fraction], bits: int) -> list[Interval]:
    """`enclose_at` for every expression on the tape."""
    precision = bits + 32
    while True:
        with ctx.workprec(precision):
            try:
                values = point_values(tape, point)
                intervals = [_interval(values[root]) for root in tape.roots]
            except UndefinedError as undefined:
                if precision > 8 * bits:
                    raise _no_enclosure(tape, undefined, f"at {written(point)}") from None
                intervals = []
        if intervals and all(_is_narrow(interval, bits) for interval in intervals):
            return intervals
        if precision >= LARGEST_BITS:
            raise DomainError("a value could not be computed to the accuracy asked for", mend="move the box away from this point")
        precision *= 2


def spans_of_box(box: Mapping[str, Interval]) -> dict[str, Span]:
    """The box at the current precision, rounded outward."""
    return {name: span_of(side.lo, side.hi) for name, side in box.items()}


def _interval(value: Fraction | Span | None) -> Interval:
    assert value is not None
    return Interval(value, value) if isinstance(value, Fraction) else interval_of(value)


def _is_narrow(interval: Interval, bits: int) -> bool:
    width = interval.hi - interval.lo
    if interval.lo <= 0 <= interval.hi:
        return width <= Fraction(1, 1 << 8 * bits)
    return width * (1 << bits) <= min(abs(interval.lo), abs(interval.hi))


def _no_enclosure(expression: Tape, undefined: UndefinedError, where: str) -> DomainError:
    if isinstance(undefined, UndefinedAtError):
        what = f"{expression.nodes[undefined.position].op} could not be shown to be defined {where}"
    else:
        what = f"a value is too large to be written down {where}"
    return DomainError(what, mend="shrink the box")
