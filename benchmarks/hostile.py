"""Check files made to exhaust the kernel, each in a process of its own with 500 MB of memory.

    python benchmarks/hostile.py [NAME ...]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "proofs"))
from kernel.hostility import MEGABYTES, MINUTE, SECONDS, check_file, costly_files, files


def show(name: str, write: Callable[[Path], None], allowed: float) -> bool:
    """Check one file and print a line; whether it was refused within its limits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.json"
        write(path)
        outcome = check_file(path)
    held = outcome.line.startswith("rejected: ") and outcome.seconds < allowed and outcome.megabytes < MEGABYTES
    print(f"{'' if held else 'FAILED '}{name:42} {outcome.seconds:6.2f} s {outcome.megabytes:5.0f} MB  {outcome.line[:90]}", flush=True)
    return held


def main(names: list[str]) -> int:
    """Print a table; 1 if a file was accepted or took too much."""
    rows = [(name, write, SECONDS) for name, write in files().items()]
    rows += [(name, write, MINUTE) for name, write in costly_files().items()]
    failures = sum(not show(*row) for row in rows if not names or row[0] in names)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
