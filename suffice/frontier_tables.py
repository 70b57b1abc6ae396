"""Where verdicts turn, as tables: significands, exponents, staircases, tolerances, boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from suffice.encodings.problem import Box, Problem
from suffice.proofs.certificate import Verdict
from suffice.prover.boxes import LargestBox, ScaledBox
from suffice.prover.results import Result
from suffice.prover.significand import ExponentRange, Scan
from suffice.prover.staircase import Staircase
from suffice.prover.tolerances import Reached, SmallestTolerances, Tolerances
from suffice.tables import COLOURS, NOTHING, Cell, Table, bracket, headline, measure_text, number_text, verdict_table

HIDDEN_BIT = "p counts the significand's bits with the hidden one"


def scan_table(scan: Scan) -> Table:
    """A row for each candidate, and what they say together."""
    table = verdict_table(scan.problem, scan.results)
    rows = tuple((Cell(str(value)), *row[1:]) for value, row in zip(scan.values, table.rows, strict=True))
    notes = (*scan_sentences(scan), *_assumptions(scan.results), *([HIDDEN_BIT] if scan.quantity == "p" else []))
    return Table(title=table.title, headings=(scan.quantity, *table.headings[1:]), rows=rows, notes=notes)


def scan_sentences(scan: Scan) -> list[str]:
    """The three answers in words, and what was left open."""
    return [_impossible(scan), _possible(scan), _sufficient(scan)]


def _impossible(scan: Scan) -> str:
    impossible = [value for value, result in scan if result.verdict is Verdict.IMPOSSIBLE]
    if not impossible:
        return f"No {scan.quantity} is proved impossible."
    whole = scan.impossible_up_to == scan.last_impossible
    every = f"every {scan.quantity} tried before it is proved impossible too" if whole else f"others before it are not: {_others(scan)}"
    return f"The last {scan.quantity} proved impossible is {scan.last_impossible}; {every}."


def _others(scan: Scan) -> str:
    last = scan.last_impossible
    before = scan.values[: scan.values.index(last)] if last is not None else ()
    verdicts = dict(scan)
    return _ranges(scan, [value for value in before if verdicts[value].verdict is not Verdict.IMPOSSIBLE])


def _possible(scan: Scan) -> str:
    if scan.ideal is None:
        return f"No {scan.quantity} is proved possible."
    if scan.tight:
        rest = "every one before it is proved impossible" if scan.values[0] != scan.ideal else ""
    else:
        rest = f"neither is proved of {_ranges(scan, [v for v in scan.open if scan.values.index(v) < scan.values.index(scan.ideal)])}"
    return f"The first {scan.quantity} proved possible, by some algorithm, is {scan.ideal}{'; ' if rest else ''}{rest}."


def _sufficient(scan: Scan) -> str:
    if scan.sufficient_from is None:
        return f"No {scan.quantity} tried, {_ranges(scan, scan.values)}, is proved sufficient for this program."
    rest = f"undecided is {_ranges(scan, scan.undecided)}" if scan.undecided else "every one before it is proved to fail"
    return f"The first {scan.quantity} proved sufficient for this program is {scan.sufficient_from}; {rest}."


def _ranges(scan: Scan, values: Sequence[int]) -> str:
    """Values with runs of neighbours drawn together, such as "3, 5 to 9"."""
    runs: list[list[int]] = []
    for value in values:
        if runs and abs(value - runs[-1][-1]) == 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return f"{scan.quantity} = " + ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _assumptions(results: Iterable[Result]) -> list[str]:
    return [f"assumed: {text}" for text in dict.fromkeys(text for result in results for text in result.certificate.assumptions)]


_SHOWN_BEFORE = 2
"""So many impossible exponents are shown before the first that is not."""


def exponent_tables(found: ExponentRange) -> tuple[Table, ...]:
    """Each end of the range alone, and the two together."""
    ends = tuple(_shortened(scan) for scan in (found.emax, found.emin))
    joint = verdict_table(found.problem, found.joint)
    smallest = found.format
    note = f"Proved sufficient with both ends together: {smallest}." if smallest else _no_range(found)
    return (*ends, replace(joint, notes=(note, *_assumptions(found.joint))))


def _no_range(found: ExponentRange) -> str:
    missing = [scan.quantity for scan in (found.emax, found.emin) if scan.sufficient_from is None]
    return f"No {' and no '.join(missing)} is proved sufficient." if missing else "No range with both ends together is proved sufficient."


def _shortened(scan: Scan) -> Table:
    """The table without most of the impossible rows at its beginning, which are many."""
    table = scan_table(scan)
    first = 0 if scan.impossible_up_to is None else scan.values.index(scan.impossible_up_to) + 1 - _SHOWN_BEFORE
    return replace(table, rows=table.rows[max(first, 0) :])


def staircase_table(found: Staircase) -> Table:
    """A row for each tolerance."""
    rows = tuple(
        (
            Cell(number_text(threshold)),
            _bits(scan.impossible_up_to),
            _bits(scan.ideal),
            _bits(scan.sufficient_from),
            Cell("yes" if scan.tight else "no"),
            Cell(_ranges(scan, scan.undecided) if scan.undecided else NOTHING),
            Cell(f"{sum(result.seconds for result in scan.results):.2f}"),
        )
        for threshold, scan in zip(found.thresholds, found.scans, strict=True)
    )
    tolerance = "relative tolerance" if found.is_relative else "tolerance"
    headings = (tolerance, "impossible up to", "possible from", "sufficient at", "tight", "undecided", "seconds")
    results = [result for scan in found.scans for result in scan.results]
    title = headline(replace(found.problem, tolerance=None))
    return Table(title=title, headings=headings, rows=rows, notes=(HIDDEN_BIT, *_assumptions(results)))


def _bits(p: int | None) -> Cell:
    return Cell(NOTHING if p is None else str(p))


def tolerance_table(found: SmallestTolerances) -> Table:
    """A row for each format."""
    measured = measure_text(found.problem)
    rows = tuple(
        (
            Cell(result.format),
            _reached(result.sufficient, Verdict.SUFFICIENT),
            _failing(result),
            _reached(result.possible, None),
            _reached(result.impossible, Verdict.IMPOSSIBLE),
            Cell(f"{result.seconds:.2f}"),
        )
        for result in found.results
    )
    headings = ("format", "sufficient from", "program fails up to", "possible from", "impossible up to", "seconds")
    notes = [f"{result.format}: {result.note}" for result in found.results if result.note]
    assumed = [f"assumed: {text}" for text in dict.fromkeys(text for result in found.results for text in _assumed(result))]
    title = f"Tolerances of the {measured}: {headline(replace(found.problem, tolerance=None))}"
    return Table(title=title, headings=headings, rows=rows, notes=(*notes, *assumed))


def _failing(result: Tolerances) -> Cell:
    colour = Verdict.INSUFFICIENT
    return Cell("every tolerance", COLOURS[colour]) if result.always_fails else _reached(result.insufficient, colour)


def _assumed(result: Tolerances) -> Iterable[str]:
    return (text for certificate in result.certificates.values() for text in certificate.assumptions)


def _reached(reached: Reached | None, verdict: Verdict | None) -> Cell:
    return Cell(NOTHING) if reached is None else Cell(number_text(reached.threshold), "" if verdict is None else COLOURS[verdict])


def box_table(problem: Problem, found: LargestBox) -> Table:
    """A row for each box tried."""
    measured = measure_text(problem)
    rows = tuple((Cell(number_text(box.scale)), Cell(box_text(box.box)), *_verdict_cells(box)) for box in found.tried)
    headings = ("scale", "box", "verdict", "by", f"this program's {measured}", "seconds")
    return Table(title=f"{found.format}: {headline(problem)}", headings=headings, rows=rows, notes=tuple(box_sentences(found)))


def _verdict_cells(box: ScaledBox) -> tuple[Cell, ...]:
    result = box.result
    if result is None:
        return (Cell("no answer"), Cell(NOTHING), Cell(NOTHING), Cell(NOTHING))
    return (
        Cell(result.verdict, COLOURS[result.verdict]),
        Cell(result.statement or NOTHING),
        Cell(bracket(result.witness_error, result.error_bound)),
        Cell(f"{result.seconds:.2f}"),
    )


def box_sentences(found: LargestBox) -> list[str]:
    """The two ends in words."""
    largest, failing, unanswered = found.largest, found.smallest_failing, found.unanswered
    lines = [
        f"The largest box proved enough, and with it every smaller one: {box_text(largest.box)}, scale {number_text(largest.scale)}."
        if largest
        else "No box tried is proved enough."
    ]
    if failing:
        where = f"{box_text(failing.box)}, scale {number_text(failing.scale)}"
        lines.append(f"The smallest box proved too large, and with it every larger one: {where}.")
    elif not unanswered:
        lines.append("No box tried is proved too large.")
    if unanswered:
        lines.append(f"No answer at scale {number_text(unanswered.scale)}: {unanswered.note}")
    return lines


def box_text(box: Box) -> str:
    """The sides of a box."""
    return ", ".join(f"{name} in [{number_text(side.lo)}, {number_text(side.hi)}]" for name, side in box.items())
