"""`python -m suffice.proofs.kernel FILE...`: check certificates where nothing is installed."""

from __future__ import annotations

import sys
from pathlib import Path

from . import limits
from .checking import Report, check


def read_and_check(path: Path) -> Report:
    """Check a file; one that is larger than the limit is not even read."""
    try:
        if path.stat().st_size > limits.MAX_NETWORK_BYTES:
            return Report("rejected", f"the file has more than {limits.MAX_NETWORK_BYTES} bytes")
        with path.open("rb") as file:
            return check(file.read(limits.MAX_NETWORK_BYTES + 1))
    except OSError as error:
        return Report("rejected", f"cannot be read: {error.strerror}")


def main(arguments: list[str]) -> int:
    """Print one line for each file; 0 if all are accepted, 1 if not, 2 if no file was named."""
    if not arguments:
        print("usage: python -m suffice.proofs.kernel FILE...", file=sys.stderr)
        return 2
    accepted = True
    for argument in arguments:
        report = read_and_check(Path(argument))
        detail = report.reason or ", ".join([report.summary, *report.assumptions])
        print(f"{argument}: {report.status}: {detail}")
        accepted &= report.status == "accepted"
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
