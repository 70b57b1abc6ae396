"""Answers as tables: plain data that a terminal, a text file and a notebook show alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import log10

from suffice.encodings.problem import Problem
from suffice.proofs.certificate import Verdict
from suffice.proofs.decimals import decimal_above, decimal_below, decimal_nearest, is_decimal
from suffice.prover.results import Amount, Bounds, Finding, FormatBounds, Point, Result, RunStep

COLOURS = {
    Verdict.SUFFICIENT: "green",
    Verdict.IMPOSSIBLE: "red",
    Verdict.INSUFFICIENT: "yellow",
    Verdict.UNDECIDED: "magenta",
}
"""Names that both a terminal and CSS know."""

_LONGEST_FORMULA = 200

NOTHING = "-"
"""What stands where nothing is known."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, in colour where one is named."""

    text: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `notes` are lines below."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def verdict_table(problem: Problem, results: Sequence[Result], notes: Iterable[str] = ()) -> Table:
    """A row for each format: the verdict, the statement that proves it, and the brackets that are known."""
    measured = measure_text(problem)
    headings = ("format", "verdict", "by", "possible", f"best algorithm's {measured}", f"this program's {measured}", "seconds")
    rows = tuple(
        (
            Cell(result.format),
            Cell(result.verdict, COLOURS[result.verdict]),
            Cell(result.statement or NOTHING),
            Cell(possibility(result)),
            Cell(bracket(result.floor, result.floor_upper)),
            Cell(bracket(result.witness_error, result.error_bound)),
            Cell(f"{result.seconds:.2f}"),
        )
        for result in results
    )
    remarks = [f"{result.format}: {remark}" for result in results for remark in _remarks(result)]
    return Table(title=headline(problem), headings=headings, rows=rows, notes=(*remarks, *notes))


def finding_table(results: Sequence[Result]) -> Table:
    """A row for everything that a strategy established or failed to."""
    headings = ("format", "strategy", "bound", "by", "value", "seconds", "note")
    rows = tuple((Cell(result.format), *_finding_cells(finding)) for result in results for finding in result.findings)
    return Table(title="What each strategy established", headings=headings, rows=rows)


def bounds_table(bounds: Bounds) -> Table:
    """A row for each format: the error bracket."""
    rows = tuple(
        (
            Cell(result.format),
            Cell(bracket(result.witness_error, result.error_bound)),
            Cell(str(result.leaves)),
            Cell(f"{result.seconds:.2f}"),
        )
        for result in bounds.results
    )
    remarks = [f"{result.format}: {remark}" for result in bounds.results for remark in _bounds_remarks(result)]
    headings = ("format", f"this program's {measure_text(bounds.problem)}", "leaves", "seconds")
    return Table(title=headline(replace(bounds.problem, tolerance=None)), headings=headings, rows=rows, notes=tuple(remarks))


def share_table(result: FormatBounds, measured: str) -> Table:
    """The roundings that the error bound comes from, on the leaf where it is largest."""
    total = sum((share.rounding * share.slope for share in result.shares), Fraction(0))
    rows = tuple(
        (
            Cell(share.what),
            Cell(share.format),
            Cell(f"<= {decimal_above(share.rounding)}"),
            Cell(f"<= {decimal_above(share.slope)}"),
            Cell(f"{float(share.part):.1%}"),
            Cell(decimal_above(total - share.rounding * share.slope)),
        )
        for share in result.shares[:_MOST_SHARES]
    )
    notes = [f"{len(result.shares) - _MOST_SHARES} smaller shares are left out"] if len(result.shares) > _MOST_SHARES else []
    if result.floor and result.error_bound:
        gain = result.error_bound / result.floor
        notes.append(
            f"no algorithm whatever has a worst {measured} below {decimal_below(result.floor)}: rewriting gains a factor of "
            f"{decimal_above(gain)} at most"
        )
    headings = ("rounding of", "format", "error there", "amplified", "share", "bound if it were exact")
    return Table(title=f"{result.format}: where the error comes from", headings=headings, rows=rows, notes=tuple(notes))


_MOST_SHARES = 20


def run_table(result: FormatBounds) -> Table:
    """The witness's run, operation by operation."""
    rows = tuple(
        (
            Cell(step.what),
            Cell(step.format),
            Cell(_value(step.computed)),
            Cell(_decimal(step.rounding)),
            Cell(_decimal(step.error)),
            Cell(_digits(step)),
        )
        for step in result.run
    )
    headings = ("operation", "format", "computed", "this rounding", "whole error", "correct digits")
    assert result.witness is not None
    return Table(title=f"{result.format}: the run at {point_text(result.witness)}", headings=headings, rows=rows)


def _value(computed: Fraction | str) -> str:
    return computed if isinstance(computed, str) else decimal_nearest(computed, 9)


def _decimal(value: Fraction | None) -> str:
    return NOTHING if value is None else decimal_nearest(value, 3)


def _digits(step: RunStep) -> str:
    """How many decimal digits of the real value are right."""
    if step.error is None or not step.real:
        return NOTHING
    return "all" if step.error == 0 else f"{max(0.0, log10(abs(step.real)) - log10(abs(step.error))):.1f}"


def function_table(bounds: Bounds) -> Table:
    """Range, slopes and curvatures of the function on the box."""
    lo, hi = bounds.range
    rows = [(Cell("values"), Cell(f"in [{decimal_below(lo, 6)}, {decimal_above(hi, 6)}]"))]
    for name in sorted(bounds.problem.box):
        rows += [
            (Cell(f"|df/d{name}|"), Cell(_at_most(bounds.lipschitz.get(name)))),
            (Cell(f"|d2f/d{name}2| / 2"), Cell(_between(bounds.curvature_floor.get(name), bounds.curvature_peak.get(name)))),
        ]
    return Table(title="The function on the box", headings=("quantity", "is"), rows=tuple(rows))


def headline(problem: Problem) -> str:
    """The question in one line."""
    sides = ", ".join(f"{name} in [{number_text(side.lo)}, {number_text(side.hi)}]" for name, side in problem.box.items())
    parts = [f"{problem.name or 'f'} = {formula_text(problem)}", sides, conditions_text(problem), tolerance_text(problem)]
    return printable("; ".join(part for part in parts if part))


def printable(text: str) -> str:
    """One line that a terminal shows as it is: names come from files."""
    return "".join(character if character.isprintable() else " " for character in text)


def formula_text(problem: Problem) -> str:
    """The formula, cut where it is long."""
    from suffice.encodings.writers.text import to_short_text

    return to_short_text(problem.expression, _LONGEST_FORMULA)


def conditions_text(problem: Problem) -> str:
    """The preconditions."""
    from suffice.encodings.writers.text import to_short_text

    conditions = [to_short_text(condition, _LONGEST_FORMULA) for condition in problem.preconditions]
    return f"where {' and '.join(conditions)}" if conditions else ""


def tolerance_text(problem: Problem) -> str:
    """What error is allowed."""
    tolerance = problem.tolerance
    if tolerance is None:
        return ""
    relative = f"{number_text(tolerance.relative)} |f|" if tolerance.relative else ""
    absolute = number_text(tolerance.absolute) if tolerance.absolute or not relative else ""
    return f"|error| <= {' + '.join(part for part in (absolute, relative) if part)}"


def measure_text(problem: Problem) -> str:
    """What the numbers of an answer measure (docs/semantics.md)."""
    tolerance = problem.tolerance
    if tolerance is None or not tolerance.relative:
        return "error"
    return "relative error" if tolerance.is_relative else f"error - {number_text(tolerance.relative)} |f|"


def possibility(result: Result) -> str:
    """Whether some algorithm can do it in these formats, as far as that is proved."""
    if result.verdict is Verdict.IMPOSSIBLE:
        return "no"
    return "yes" if result.possible else NOTHING


def bracket(low: Amount | None, high: Amount | None) -> str:
    """A quantity between two proved ends, the decimals rounded outwards; that it is not negative says nothing."""
    if isinstance(low, str) or isinstance(high, str):
        return "infinite"
    if not low or high is None:
        return f">= {decimal_below(low)}" if low else f"<= {decimal_above(high)}" if high is not None else NOTHING
    return f"in [{decimal_below(low)}, {decimal_above(high)}]"


def point_text(point: Point) -> str:
    """An input, by nearest decimals where the exact numbers are long."""
    return ", ".join(f"{name} = {number_text(value)}" for name, value in sorted(point.items()))


def number_text(q: Fraction) -> str:
    """A decimal where one of few digits is exact, else a short quotient, else about what it is."""
    return decimal_nearest(q, 12) if is_decimal(q, 12) else str(q) if len(str(q)) <= 12 else f"about {decimal_nearest(q, 9)}"


def _at_most(q: Fraction | None) -> str:
    return NOTHING if q is None else f"<= {decimal_above(q, 6)}"


def _between(low: Fraction | None, high: Fraction | None) -> str:
    if low is None or high is None:
        return _at_most(high)
    return f"in [{decimal_below(low, 6)}, {decimal_above(high, 6)}]"


def _remarks(result: Result) -> list[str]:
    remarks = []
    if result.verdict is Verdict.IMPOSSIBLE and result.witness_pair:
        first, second = (point_text(point) for point in result.witness_pair)
        remarks.append(f"no output number serves the whole input cell from {first} to {second}")
    elif result.verdict is Verdict.IMPOSSIBLE and result.witness:
        remarks.append(f"no output number is near enough at {point_text(result.witness)}")
    elif result.verdict is Verdict.INSUFFICIENT and result.witness:
        remarks.append(f"this program fails at {point_text(result.witness)}")
    remarks += [f"assumed: {assumption}" for assumption in result.certificate.assumptions]
    return remarks + ([result.note] if result.note else [])


def _bounds_remarks(result: FormatBounds) -> list[str]:
    remarks = [f"the largest error found is at {point_text(result.witness)}"] if result.witness else []
    if result.error_bound is not None and not result.checked:
        remarks.append("the bound rests on interval arithmetic alone; with --save the kernel derives it again")
    return remarks + ([result.note] if result.note else [])


def _finding_cells(finding: Finding) -> tuple[Cell, ...]:
    texts = (
        finding.strategy,
        finding.bound or NOTHING,
        finding.statement or NOTHING,
        _finding_value(finding),
        f"{finding.seconds:.2f}",
        finding.note,
    )
    return tuple(Cell(text) for text in texts)


def _finding_value(finding: Finding) -> str:
    if finding.value is None or isinstance(finding.value, str):
        return finding.value or NOTHING
    return decimal_above(finding.value) if finding.bound in ("floor_upper", "error_bound") else decimal_below(finding.value)
