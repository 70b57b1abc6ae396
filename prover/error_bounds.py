"""S1 for one case: the vectorised search for a bound, and its cover as evidence for the kernel."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.checking import Claim, derive
from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.prover.case import Case
from suffice.prover.engine import Effort, bound_error, splits_of
from suffice.prover.engine.branching import Found
from suffice.prover.results import Point

_SECONDS_A_NODE = 2e-5
"""About what the kernel takes for one node on one leaf."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """What the search found, and the seconds it took."""

    found: Found
    seconds: float

    @property
    def value(self) -> Fraction | None:
        """The bound, None where a part of the box has none."""
        return Fraction(self.found.bound) if self.found.bound < float("inf") else None

    def hints(self) -> list[Point]:
        """Points near which the error may be large."""
        middle = {name: Fraction((low + high) / 2) for name, (low, high) in self.found.hardest.items()}
        return [{name: Fraction(x) for name, x in self.found.at.items()}, middle]


def search_bound(case: Case, effort: Effort) -> Bounded:
    """A bound of the program's error over the box."""
    start = time.monotonic()
    found = bound_error(case, effort)
    return Bounded(found, time.monotonic() - start)


def evidence_of(bounded: Bounded, case: Case, precision: int) -> dict[str, Any]:
    """The cover as evidence (docs/certificate.md)."""
    splits = splits_of(bounded.found.tree, sorted(case.problem.box))
    return {"kind": "cover", "splits": splits, "pieces": 1, "precision": precision}


def kernel_seconds(bounded: Bounded, case: Case) -> float:
    """About how long the kernel takes to derive the bound again."""
    return bounded.found.leaves * len(case.problem.expression.nodes) * _SECONDS_A_NODE


def derive_again(case: Case, evidence: dict[str, Any]) -> Derivation | None:
    """What the kernel derives from a cover, None where it proves nothing."""
    try:
        return derive(case.question, Claim("error_bound", Fraction(0), "", evidence), Budget())
    except (LeafFailure, Rejection):
        return None
