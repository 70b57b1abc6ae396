"""Error brackets of a folder of FPCore files beside a peer's recorded bounds.

    python -m benchmarks.compare FOLDER [PEERS.csv] [--formats fp64,fp32] [--timeout S]

The CSV has a column `case` and columns like `fptaylor_fp64`. Peers' figures are taken as recorded, never measured here.
"""

from __future__ import annotations

import argparse
import csv
import sys
from fractions import Fraction
from pathlib import Path
from statistics import median

from suffice.encodings.problem import Problem
from suffice.encodings.readers.toml import read_problem_file
from suffice.errors import SufficeError
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.brackets import bounds
from suffice.prover.case import Asked
from suffice.prover.results import FormatBounds

PEERS = ("fptaylor", "gappa")


def bracket(problem: Problem, name: str, timeout: float) -> FormatBounds:
    """The error bracket in one format."""
    fmt = parse_format(name)
    return bounds(problem, [Asked(name=name, input=fmt, compute=fmt, output=fmt)], timeout=timeout).results[0]


def recorded(row: dict[str, str], peer: str, fmt: str) -> float | None:
    """A peer's bound, None where it has none."""
    try:
        return float(row.get(f"{peer}_{fmt}", ""))
    except ValueError:
        return None


def main() -> int:
    """Print a line for each case and format, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("peers", type=Path, nargs="?")
    parser.add_argument("--formats", default="fp64,fp32")
    parser.add_argument("--timeout", type=float, default=20.0)
    options = parser.parse_args()
    rows: dict[str, dict[str, str]] = {}
    if options.peers:
        with options.peers.open(newline="") as file:
            rows = {row["case"]: row for row in csv.DictReader(file)}
    ratios: dict[str, list[float]] = {}
    against: dict[str, list[float]] = {}
    print(f"{'case':24}{'format':8}{'upper':>12}{'witness':>12}{'ratio':>8}{'best peer':>12}{'vs peer':>9}{'leaves':>8}{'seconds':>9}")
    for path in sorted(options.folder.glob("*.fpcore")):
        for fmt in options.formats.split(","):
            try:
                result = bracket(read_problem_file(path).problem, fmt, options.timeout)
            except SufficeError as error:
                print(f"{path.stem:24}{fmt:8}refused: {error}")
                continue
            peers = [bound for peer in PEERS if (bound := recorded(rows.get(path.stem, {}), peer, fmt)) is not None]
            best = min(peers, default=None)
            upper, witness = result.error_bound, result.witness_error
            ratio = float(upper / witness) if upper is not None and isinstance(witness, Fraction) and witness else None
            versus = float(upper) / best if upper is not None and best else None
            if ratio is not None:
                ratios.setdefault(fmt, []).append(ratio)
            if versus is not None:
                against.setdefault(fmt, []).append(versus)
            cells = [_show(upper, 12), _show(witness, 12), _show(ratio, 8, "{:.3f}"), _show(best, 12), _show(versus, 9, "{:.3f}")]
            print(f"{path.stem:24}{fmt:8}{''.join(cells)}{result.leaves:8}{result.seconds:9.2f}  {result.note[:60]}", flush=True)
    for fmt, values in ratios.items():
        print(f"{fmt}: upper/witness median {median(values):.3f}, largest {max(values):.3f} over {len(values)} cases")
    for fmt, values in against.items():
        tighter = sum(value <= 1.01 for value in values)
        print(f"{fmt}: bound / best peer's median {median(values):.3f}; as tight or tighter in {tighter} of {len(values)} cases")
    return 0


def _show(value: object, width: int, form: str = "{:.4g}") -> str:
    if value is None:
        return "-".rjust(width)
    return (value if isinstance(value, str) else form.format(float(value))).rjust(width)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
