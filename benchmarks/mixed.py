"""Mixed formats on the problems here: what is saved against one format throughout, and what is proved of it.

    python -m benchmarks.mixed [PLACE ...] [--formats fp16,fp32,fp64] [--between F,G] [--at T] [--costs bits] [--timeout S] [--most N]
    python -m benchmarks.mixed --large

PLACE is a folder or a file (.toml, .fpcore); benchmarks/problems where none is named. The tolerance lies half way (or at T), on a
logarithmic scale, between the error bounds of the last two formats, or of F and G. --large: programs of 60 operations and more, six
formats. Prints a table, and writes it as JSON (--out FILE).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from math import exp, log
from pathlib import Path
from statistics import median

from benchmarks.cases import PROBLEMS, SUFFIXES
from benchmarks.programs import dot_product, horner, rational
from suffice.encodings.problem import Problem, Tolerance
from suffice.errors import SufficeError
from suffice.hardware_specs.catalogue import parse_format, split_formats
from suffice.hardware_specs.format import Format
from suffice.proofs.allocation import canonical_bytes
from suffice.proofs.certificate import canonical_bytes as bytes_of
from suffice.proofs.kernel import check
from suffice.prover.engine import Effort
from suffice.prover.mixed.choose import choose
from suffice.prover.mixed.chooser import Chooser
from suffice.prover.mixed.grouping import costs_by, groups_of
from suffice.prover.mixed.results import Mixed
from suffice.questions import read_file
from suffice.rendering import show
from suffice.tables import NOTHING, Cell, Table

SIX = "fp8_e4m3,bf16,fp16,tf32,fp32,fp64"


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedRow:
    """One problem: nodes that are rounded, tolerance, cost by program, the error proved and shown, and what is proved minimal."""

    name: str
    nodes: int
    tolerance: float | None = None
    costs: Mapping[str, float | None]
    cost: float | None = None
    error_bound: float | None = None
    witness_error: float | None = None
    model_cost: float | None = None
    is_least: bool = False
    is_accepted: bool = False
    z3: str = ""
    entries: int = 0
    seconds: float = 0.0
    note: str = ""


def between(problem: Problem, pair: Sequence[Format], at: float, costs: Mapping[Format, Fraction]) -> Fraction | None:
    """The tolerance at a part of the way between the error bounds of two formats, two decimal digits of it; None where one has no bound."""
    problem = replace(problem, tolerance=Tolerance(absolute=Fraction(0)))
    chooser = Chooser(problem, groups_of(problem, pair, {}), costs, {}, time.monotonic() + 30)
    bounds = [chooser.found(chooser.uniform(fmt), Effort(gap=0.05, leaves=2000, seconds=2.0))[1].bound for fmt in pair]
    if not all(0 < bound < float("inf") for bound in bounds):
        return None
    return Fraction(f"{exp(log(bounds[0]) * (1 - at) + log(bounds[1]) * at):.1e}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is chosen from, the pair of formats that the tolerance lies between and where, costs, and seconds."""

    formats: Mapping[str, Format]
    pair: Sequence[str]
    at: float
    costs: str
    timeout: float


def measure(problem: Problem, name: str, settings: Settings) -> MixedRow:
    """The row of one problem."""
    formats, pair = settings.formats, settings.pair
    priced = costs_by(settings.costs, formats)
    nodes = sum(len(group.members) for group in groups_of(problem, list(formats.values()), {}))
    tolerance = between(problem, [formats[fmt] for fmt in pair], settings.at, priced)
    if tolerance is None:
        return MixedRow(name=name, nodes=nodes, costs={}, note=f"no error bound in {' or '.join(pair)}")
    found = choose(replace(problem, tolerance=Tolerance(absolute=tolerance)), formats, priced, timeout=settings.timeout)
    return _row(name, nodes, tolerance, formats, found)


def _row(name: str, nodes: int, tolerance: Fraction, formats: Mapping[str, Format], found: Mixed) -> MixedRow:
    whole = {fmt: float(uniform.cost) if uniform.is_enough else None for fmt, uniform in zip(formats, found.uniforms, strict=True)}
    if found.result is None:
        return MixedRow(name=name, nodes=nodes, tolerance=float(tolerance), costs=whole, seconds=found.seconds, note=found.note)
    model = found.minimality
    certificate = None if model is None else model.certificate
    reports = [check(bytes_of(found.result.certificate)), *([check(canonical_bytes(certificate))] if certificate is not None else [])]
    witness = found.result.witness_error
    return MixedRow(
        name=name,
        nodes=nodes,
        tolerance=float(tolerance),
        costs=whole,
        cost=float(found.cost),
        error_bound=float(found.result.error_bound or 0),
        witness_error=float(witness) if isinstance(witness, Fraction) else None,
        model_cost=None if model is None else float(model.cost),
        is_least=certificate is not None,
        is_accepted=all(report.status == "accepted" for report in reports),
        z3=", ".join(run.answer for run in model.solvers) if model is not None else "",
        entries=len(certificate.tree) if certificate is not None else 0,
        seconds=found.seconds,
        note=found.note,
    )


def problems(places: Sequence[Path], most: int) -> Iterator[tuple[str, Problem]]:
    """Problems of one output, in the order of their paths, from folders evenly."""
    paths = [path for place in places for path in (sorted(place.rglob("*")) if place.is_dir() else [place]) if path.suffix in SUFFIXES]
    step = max(len(paths) // most, 1)
    for path in paths[::step][:most]:
        try:
            yield path.stem, read_file(path, "fp64").problem
        except SufficeError as error:
            print(f"{path.name}: {error}", file=sys.stderr)


def large() -> Iterator[tuple[str, Problem]]:
    """Programs of 60 operations and more."""
    yield "Horner, 60 operations", horner(60).problem
    yield "dot product, 59 operations", dot_product(59).problem
    yield "rational, 65 operations", rational(16).problem


def table(rows: Sequence[MixedRow], formats: Sequence[str]) -> Table:
    """A line for every problem."""
    headings = (
        "problem", "values", "tolerance", *(f"all in {fmt}" for fmt in formats), "mixed", "saved", "error proved", "error shown",
        "model", "least", "entries", "z3", "kernel", "seconds", "",
    )  # fmt: skip
    lines = tuple(tuple(Cell(text) for text in _texts(row, formats)) for row in rows)
    done = [row for row in rows if row.cost is not None]
    saved = [part for row in done if (part := _saved(row)) is not None]
    notes = [
        f"{len(done)} of {len(rows)} mixed; least under the model proved for {sum(row.is_least for row in done)}, "
        f"z3 agrees on {sum(row.z3 == 'unsat' for row in done)}; all certificates accepted: {all(row.is_accepted for row in done)}"
    ]
    if saved:
        notes.append(f"saved against the cheapest uniform format that is enough: median {median(saved):.1%}, most {max(saved):.1%}")
    return Table(title="Mixed formats", headings=headings, rows=lines, notes=tuple(notes))


def _saved(row: MixedRow) -> float | None:
    enough = [cost for cost in row.costs.values() if cost]
    return None if row.cost is None or not enough else 1 - row.cost / min(enough)


def _texts(row: MixedRow, formats: Sequence[str]) -> list[str]:
    saved = _saved(row)
    return [
        row.name, str(row.nodes), _show(row.tolerance), *(_show(row.costs.get(fmt)) for fmt in formats), _show(row.cost),
        NOTHING if saved is None else f"{saved:.1%}", _show(row.error_bound), _show(row.witness_error), _show(row.model_cost),
        "yes" if row.is_least else "no", str(row.entries), row.z3 or NOTHING, "yes" if row.is_accepted else "no", f"{row.seconds:.1f}",
        row.note[:60],
    ]  # fmt: skip


def _show(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4g}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write; status 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", type=Path, nargs="*", metavar="PLACE")
    parser.add_argument("--formats")
    parser.add_argument("--between", metavar="F,G")
    parser.add_argument("--at", type=float, default=0.5, metavar="T", help="0: the first format's error bound, 1: the second's")
    parser.add_argument("--costs", default="bits")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="seconds for each problem")
    parser.add_argument("--most", type=int, default=30, metavar="N", help="problems at most, spread over all")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("out/mixed.json"), metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        names = split_formats(options.formats or (SIX if options.large else "fp16,fp32,fp64"))
        formats = {name: parse_format(name) for name in names}
        pair = split_formats(options.between) if options.between else ["fp16", "fp32"] if options.large else names[-2:]
        settings = Settings(formats=formats, pair=pair, at=options.at, costs=options.costs, timeout=options.timeout)
        rows = []
        for name, problem in large() if options.large else problems(options.places or [PROBLEMS], options.most):
            try:
                rows.append(measure(problem, name, settings))
            except SufficeError as error:
                rows.append(MixedRow(name=name, nodes=0, costs={}, note=str(error)))
    except SufficeError as error:
        print(error, file=sys.stderr)
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    show([table(rows, names)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
