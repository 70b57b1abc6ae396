"""Bounds of other tools: recorded in a CSV file, or measured here.

The CSV has a column `case`, columns like `fptaylor_fp64` with an absolute error bound for real inputs (whatever is no number means that
the tool has none), and `fptaylor_cpu_seconds` with the seconds it took in fp64.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PEERS = ("fptaylor", "gappa")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerBound:
    """A tool's bound for one case in one format; `run_here`: in this run, not as recorded."""

    peer: str
    bound: float | None
    seconds: float | None = None
    run_here: bool = False
    note: str = ""


def read_peers(path: Path | None) -> dict[str, dict[str, str]]:
    """The rows of the CSV by case; none without a file. Raises OSError, and KeyError for a file without the column `case`."""
    if path is None:
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def recorded(row: Mapping[str, str], peer: str, fmt: str) -> PeerBound | None:
    """A peer's recorded bound; None where the table says nothing of it in this format."""
    text = row.get(f"{peer}_{fmt}") or ""
    bound = _number(text)
    if not text:
        return None
    seconds = _number(row.get(f"{peer}_cpu_seconds") or "") if fmt == "fp64" else None
    return PeerBound(peer=peer, bound=bound, seconds=seconds, note="" if bound is not None else text)


def best(bounds: Mapping[str, PeerBound]) -> PeerBound | None:
    """The least bound of all peers; None where none has one."""
    known = [peer for peer in bounds.values() if peer.bound is not None]
    return min(known, key=lambda peer: peer.bound or 0.0, default=None)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
