"""The smallest significands of the problems here: proved impossible, ideal, and enough for the program.

    python -m benchmarks.significands [PLACE ...] [--part 1e-3] [--timeout S] [--max-bits P] [--json FILE]

PLACE is a folder or a file (.toml, .fpcore); benchmarks/problems where none is named. The tolerance is absolute: the part of the
function's range that --part says, in two digits. Exponents are those of fp32. For each problem: the largest p proved impossible with every
smaller one, the smallest p proved possible, the smallest p proved sufficient for the program. `gap` counts the p between the first two;
without one, the ideal p is tight. p counts the hidden bit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

from benchmarks.cases import PROBLEMS, BenchCase, find_cases
from suffice.cli.progress import progress_bar
from suffice.encodings.enclosures.bounds import range_bounds
from suffice.encodings.problem import Problem, Tolerance
from suffice.encodings.readers.numbers import read_number
from suffice.errors import SufficeError
from suffice.frontiers import base_format
from suffice.proofs.certificate import Verdict
from suffice.proofs.decimals import decimal_nearest
from suffice.prover.significand import Scan, scan_significands, significands
from suffice.questions import ask, read_outputs
from suffice.rendering import show
from suffice.tables import NOTHING, Cell, Table

_BASE = "fp32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One problem. `open` are the p of which neither impossible nor possible is proved; `undecided` those without any verdict."""

    name: str
    eps: str = ""
    impossible: int | None = None
    ideal: int | None = None
    sufficient: int | None = None
    open: tuple[int, ...] = ()
    undecided: tuple[int, ...] = ()
    descends: bool = False
    """Whether some p above the ideal one is proved impossible."""
    seconds: float = 0.0
    note: str = ""

    @property
    def gap(self) -> int | None:
        """The p below the ideal one that are not proved impossible."""
        return None if self.ideal is None else self.ideal - 1 - (self.impossible or 0)


def measure(case: BenchCase, part: Fraction, timeout: float, max_bits: int) -> list[Line]:
    """A line for each output of a problem."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{Path(case.name).name}{case.suffix}"
        path.write_text(case.text, encoding="utf-8")
        try:
            askings = read_outputs(path, _BASE)
        except SufficeError as error:
            return [Line(name=case.name, note=str(error))]
    return [_line(f"{case.name}{asking.output}", asking.problem, part, timeout, max_bits) for asking in askings]


def _line(name: str, problem: Problem, part: Fraction, timeout: float, max_bits: int) -> Line:
    start = time.monotonic()
    try:
        values = range_bounds(problem.expression, problem.box, preconditions=problem.preconditions)
        spread = values.highest.value.hi - values.lowest.value.lo
        eps = decimal_nearest(part * spread, 2)
        asked = replace(problem, tolerance=Tolerance(absolute=read_number(eps)))
        scan = scan_significands(asked, ask(significands(base_format(_BASE, None, None), max_bits)), timeout=timeout)
    except SufficeError as error:
        return Line(name=name, note=str(error), seconds=time.monotonic() - start)
    return Line(
        name=name,
        eps=eps,
        impossible=scan.impossible_up_to,
        ideal=scan.ideal,
        sufficient=scan.sufficient_from,
        open=scan.open,
        undecided=scan.undecided,
        descends=_descends(scan),
        seconds=time.monotonic() - start,
        note=next((result.note for result in scan.results if result.note), ""),
    )


def _descends(scan: Scan) -> bool:
    return any(scan.ideal is not None and value > scan.ideal and result.verdict is Verdict.IMPOSSIBLE for value, result in scan)


def table(lines: Sequence[Line]) -> Table:
    """A row for each problem, and the figures of all."""
    rows = tuple(
        (
            Cell(line.name),
            Cell(line.eps),
            _bits(line.impossible),
            _bits(line.ideal),
            _bits(line.sufficient),
            _bits(line.gap),
            Cell(", ".join(map(str, line.undecided)) or NOTHING),
            Cell(f"{line.seconds:.1f}"),
            Cell(line.note[:80]),
        )
        for line in lines
    )
    headings = ("problem", "eps", "impossible up to", "ideal", "program", "gap", "undecided", "seconds", "note")
    return Table(title="The smallest significands", headings=headings, rows=rows, notes=tuple(summary(lines)))


def _bits(p: int | None) -> Cell:
    return Cell(NOTHING if p is None else str(p))


def summary(lines: Sequence[Line]) -> list[str]:
    """How often the first two meet, the largest gap, and the program's distance."""
    known = [line for line in lines if line.gap is not None]
    gaps = [line.gap for line in known if line.gap]
    extra = [line.sufficient - line.ideal for line in known if line.sufficient is not None and line.ideal is not None]
    seconds = sorted(line.seconds for line in lines)
    middle = seconds[len(seconds) // 2] if seconds else 0.0
    return [
        f"{len(lines)} problems; ideal p proved in {len(known)}; tight in {len(known) - len(gaps)}; largest gap {max(gaps, default=0)}",
        f"program proved sufficient in {sum(line.sufficient is not None for line in lines)}; "
        f"with the ideal p in {sum(bits == 0 for bits in extra)}; most bits beyond it {max(extra, default=0)}",
        f"a larger p impossible above the ideal one in {sum(line.descends for line in lines)}; some p undecided in "
        f"{sum(bool(line.undecided) for line in lines)}",
        f"seconds: median {middle:.1f}, largest {max(seconds, default=0.0):.1f}, all {sum(seconds):.0f}",
    ]


def main(arguments: list[str]) -> int:
    """Print the table and the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path, default=[PROBLEMS])
    parser.add_argument("--part", default="1e-3")
    parser.add_argument("--timeout", type=float, default=10.0)
    parser.add_argument("--max-bits", type=int, default=64)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    lines: list[Line] = []
    cases = find_cases(given.places)
    with progress_bar() as progress:
        for k, case in enumerate(cases):
            if progress:
                progress(case.name, k / len(cases))
            lines += measure(case, read_number(given.part), given.timeout, given.max_bits)
            if given.json:
                given.json.write_text(json.dumps([asdict(line) for line in lines], indent=1), encoding="utf-8")
    show([table(lines)])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
