"""Two-sided error bounds of every problem here, and of any folder of FPCore files, beside other tools: `make bench`.

    python -m benchmarks.bounds [PLACE ...] [--formats fp64,fp32] [--peers CSV] [--gappa] [--upper] [--timeout S] [--out FOLDER]

PLACE is a folder or a file (.toml, .fpcore); benchmarks/problems where none is named. Errors are absolute. Each problem and format has a
process of its own. A peer's figures count as recorded, except those of Gappa under --gappa, which runs it here. Prints a table, and writes
bounds.csv, bounds.json and pictures into FOLDER.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import PROBLEMS, BenchCase, find_cases
from benchmarks.gappa import is_installed, run_gappa
from benchmarks.measuring import measure
from benchmarks.peers import PEERS, PeerBound, read_peers, recorded
from benchmarks.rows import COLUMNS, Row, record, summary
from suffice.cli.progress import progress_bar
from suffice.encodings.readers.toml import read_problem_file
from suffice.errors import SufficeError
from suffice.hardware_specs.catalogue import parse_format, split_formats
from suffice.rendering import show
from suffice.tables import NOTHING, Cell, Table

GAPPA_SECONDS = 20.0
"""Time limit of Gappa for one row, all hints together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is run."""

    formats: tuple[str, ...]
    timeout: float
    peers: Mapping[str, Mapping[str, str]]
    with_gappa: bool
    sides: str = "both"


def run_row(case: BenchCase, fmt: str, settings: Settings) -> Row:
    """Ours, and the peers' that are known."""
    known = {peer: found for peer in PEERS if (found := recorded(settings.peers.get(case.name, {}), peer, fmt)) is not None}
    if settings.with_gappa:
        known["gappa"] = gappa_bound(case, fmt)
    return Row(case=case.name, format=fmt, measured=measure(case, fmt, settings.timeout, settings.sides), peers=known)


def gappa_bound(case: BenchCase, fmt: str) -> PeerBound:
    """Gappa's, run now."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"case{case.suffix}"
        path.write_text(case.text, encoding="utf-8")
        try:
            problem = read_problem_file(path).problem
        except SufficeError as error:
            return PeerBound(peer="gappa", bound=None, run_here=True, note=f"not read: {error.what}")
    run = run_gappa(problem, parse_format(fmt), GAPPA_SECONDS)
    return PeerBound(peer="gappa", bound=run.bound, seconds=run.seconds, run_here=True, note=run.note)


def run_all(cases: Sequence[BenchCase], settings: Settings) -> Iterator[Row]:
    """Row after row, with a bar for people who wait."""
    asked = [(case, fmt) for case in cases for fmt in settings.formats]
    with progress_bar() as progress:
        for k, (case, fmt) in enumerate(asked):
            if progress:
                progress(f"{case.name} in {fmt}", k / len(asked))
            yield run_row(case, fmt, settings)


def table(rows: Sequence[Row], settings: Settings) -> Table:
    """A line for every row; a column for each peer that any row knows of."""
    peers = [peer for peer in PEERS if any(peer in row.peers for row in rows)]
    headings = (
        "problem", "ops", "inputs", "format", "upper", "witness", "ratio", "leaves", "kernel", "upper s", "both s", "whole s", "MB",
        *(_peer_heading(peer, settings) for peer in peers), *(["vs best"] if peers else []), "",
    )  # fmt: skip
    lines = tuple(tuple(_cells(row, peers)) for row in rows)
    notes = tuple(line for fmt in settings.formats for line in summary(rows, fmt))
    return Table(title="Error bounds: proved upper bound, and the error of a run that is shown", headings=headings, rows=lines, notes=notes)


def _peer_heading(peer: str, settings: Settings) -> str:
    return f"{peer} ({'run here' if peer == 'gappa' and settings.with_gappa else 'recorded'})"


def _cells(row: Row, peers: Sequence[str]) -> Iterator[Cell]:
    measured = row.measured
    yield Cell(row.case)
    yield from (Cell(str(size)) for size in (measured.operations, measured.inputs))
    yield Cell(row.format)
    yield from (Cell(_show(value)) for value in (measured.upper, measured.witness, measured.ratio))
    yield Cell(str(measured.leaves))
    yield Cell("yes" if measured.checked else NOTHING)
    seconds = (measured.upper_seconds, measured.seconds, measured.whole_seconds)
    yield from (Cell(_show(value, "{:.3f}")) for value in seconds)
    yield Cell(_show(measured.megabytes, "{:.0f}"))
    yield from (Cell(_show(row.peers[peer].bound if peer in row.peers else None)) for peer in peers)
    if peers:
        yield Cell(_show(row.against, "{:.3f}"), "red" if row.is_behind else "")
    yield Cell(measured.note[:100], "yellow")


def _show(value: float | None, form: str = "{:.4g}") -> str:
    return NOTHING if value is None else form.format(value)


def write_results(rows: Sequence[Row], settings: Settings, folder: Path) -> None:
    """bounds.csv and bounds.json."""
    records = [record(row) for row in rows]
    with (folder / "bounds.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(records)
    machine = {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    lines = {fmt: summary(rows, fmt) for fmt in settings.formats}
    whole = {"machine": machine, "timeout": settings.timeout, "summary": lines, "rows": records}
    (folder / "bounds.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write; status 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", type=Path, nargs="*", metavar="PLACE")
    parser.add_argument("--formats", default="fp64,fp32")
    parser.add_argument("--peers", type=Path, metavar="CSV")
    parser.add_argument("--gappa", action="store_true", help="run gappa on every row that it has words for")
    parser.add_argument("--upper", action="store_true", help="the branch and bound alone, without certificate and witness: fast")
    parser.add_argument("--timeout", type=float, default=20.0, metavar="S", help="seconds for each row")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    if options.gappa and not is_installed():
        print("--gappa: the program gappa is not installed; install the Debian package gappa, or leave --gappa out", file=sys.stderr)
        return 2
    try:
        cases = find_cases(options.places or [PROBLEMS])
        peers = read_peers(options.peers)
        formats = tuple(split_formats(options.formats))
        for fmt in formats:
            parse_format(fmt)
        options.out.mkdir(parents=True, exist_ok=True)
    except (OSError, SufficeError) as error:
        print(error, file=sys.stderr)
        return 2
    settings = Settings(
        formats=formats, timeout=options.timeout, peers=peers, with_gappa=options.gappa, sides="upper" if options.upper else "both"
    )
    rows: list[Row] = []
    for row in run_all(cases, settings):
        rows.append(row)
        write_results(rows, settings, options.out)
    show([table(rows, settings)])
    from benchmarks.pictures import draw

    for path in draw(rows, formats, options.out):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
