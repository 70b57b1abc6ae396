"""The rows of the comparison, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, exp, inf, isfinite, log
from statistics import median
from typing import Any

from benchmarks.measuring import Measured
from benchmarks.peers import PEERS, PeerBound, best

SAME = 1.01
"""Bounds within 1 % are as tight: peers print few digits."""

UPPER_PART = (("75th percentile", 0.75), ("90th", 0.9), ("largest", 1.0))
"""The quantiles that show how a list of ratios ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case in one format, ours beside the peers'."""

    case: str
    format: str
    measured: Measured
    peers: Mapping[str, PeerBound] = field(default_factory=dict)

    @property
    def against(self) -> float | None:
        """Our upper bound over the better peer's; None where either has none."""
        peer = best(self.peers)
        if peer is None or not peer.bound or self.measured.upper is None:
            return None
        return self.measured.upper / peer.bound

    @property
    def is_behind(self) -> bool:
        """Whether a peer has a bound and ours is missing or larger by more than 1 %."""
        peer = best(self.peers)
        if peer is None or peer.bound is None:
            return False
        return self.measured.upper is None or self.measured.upper > SAME * peer.bound


_OURS = (
    "operations", "inputs", "upper", "witness", "ratio", "leaves", "checked", "upper_seconds", "seconds", "whole_seconds", "megabytes",
)  # fmt: skip
_THEIRS = tuple(f"{peer}{part}" for peer in PEERS for part in ("", "_seconds", "_source", "_note"))
COLUMNS = ("case", "format", *_OURS, *_THEIRS, "against_best_peer", "note")


def record(row: Row) -> dict[str, Any]:
    """The row as a line of the CSV and an object of the JSON."""
    measured = row.measured
    values: dict[str, Any] = {"case": row.case, "format": row.format, "against_best_peer": row.against}
    values |= {name: getattr(measured, name) for name in COLUMNS if hasattr(measured, name)}
    for name, peer in row.peers.items():
        values |= {name: peer.bound, f"{name}_seconds": peer.seconds, f"{name}_note": peer.note}
        values[f"{name}_source"] = "this run" if peer.run_here else "recorded"
    return {name: "infinite" if values.get(name) == inf else values.get(name) for name in COLUMNS}


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least so large a share of them does not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive values."""
    logs = [log(value) for value in values]
    return exp(sum(logs) / len(logs))


def summary(rows: Sequence[Row], fmt: str) -> list[str]:
    """Lines on one format."""
    here = [row for row in rows if row.format == fmt]
    bounded = [row for row in here if row.measured.upper is not None]
    checked = sum(row.measured.checked for row in bounded)
    lines = [f"{fmt}: {len(here)} rows, {len(bounded)} with an upper bound, {checked} of them derived by the kernel too"]
    overflowing = [row.case for row in here if row.measured.witness is not None and not isfinite(row.measured.witness)]
    if overflowing:
        lines.append(f"  a run that overflows or ends in NaN is shown in {len(overflowing)}: {', '.join(overflowing)}")
    unbounded = [row.case for row in here if row.measured.upper is None and row.case not in overflowing]
    if unbounded:
        lines.append(f"  neither: {', '.join(unbounded)}")
    ratios = [row.measured.ratio for row in here if row.measured.ratio is not None]
    if ratios:
        upper_part = ", ".join(f"{name} {quantile(ratios, share):.4g}" for name, share in UPPER_PART)
        lines.append(f"  upper / witness: median {median(ratios):.4g}, {upper_part}")
    for title, name in (("upper bound", "upper_seconds"), ("both sides", "seconds"), ("whole command", "whole_seconds")):
        seconds = [value for row in here if (value := getattr(row.measured, name))]
        if seconds:
            mean, middle, largest = geometric_mean(seconds), median(seconds), max(seconds)
            lines.append(f"  seconds, {title}: geometric mean {mean:.3g}, median {middle:.3g}, largest {largest:.3g}")
    return lines + _against_peers(here)


def _against_peers(rows: Sequence[Row]) -> list[str]:
    """How ours compare with the better peer's, and with each one's seconds on the cases where it has a bound."""
    compared = [row for row in rows if row.against is not None or row.is_behind]
    lines = []
    if compared:
        behind = [row for row in compared if row.is_behind]
        lines.append(f"  at or below the better peer, within 1 %: {len(compared) - len(behind)} of {len(compared)} rows")
        ratios = [row.against for row in compared if row.against is not None]
        if ratios:
            lines.append(f"  upper / the better peer's: median {median(ratios):.4g}, largest {max(ratios):.4g}")
        names = [f"{row.case} ({'no bound' if row.against is None else f'{row.against:.3f}'})" for row in behind]
        if names:
            lines.append(f"  not: {', '.join(names)}")
    for peer in PEERS:
        pairs = [
            (row.measured.upper_seconds or row.measured.seconds, row.peers[peer].seconds)
            for row in rows
            if peer in row.peers and row.peers[peer].bound is not None and row.peers[peer].seconds
        ]
        timed = [(ours, theirs) for ours, theirs in pairs if ours and theirs]
        if timed:
            ours, theirs = (geometric_mean(column) for column in zip(*timed, strict=True))
            means = f"geometric means over {len(timed)} rows: ours {ours:.3g}, {peer} {theirs:.3g}"
            lines.append(f"  seconds where {peer} has a bound, {means}")
    return lines
