"""What the prover answers about families. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from suffice.encodings.family import Family
from suffice.hardware_specs.format import Format
from suffice.proofs.certificate import Verdict
from suffice.proofs.families import FamilyCertificate
from suffice.prover.case import Asked
from suffice.prover.families.extents import Extent
from suffice.prover.results import Amount, SolverRun


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFamily:
    """The formats asked about; `accumulate` is that of the fold's state (without a fold it says nothing)."""

    asked: Asked
    accumulate: Format


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedRegion:
    """A verdict that holds for every parameter and size of an extent, as the kernel derived it: the bound it rests on, that bound's
    value in the measure of docs/semantics.md, the statement, and the evidence as it stands in the certificate.
    """

    extent: Extent
    verdict: Verdict
    bound: str
    value: Amount
    statement: str
    evidence: dict[str, Any] = field(hash=False)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyResult:
    """The answer for one choice of formats: the regions proved, and the `gaps` between them that are not.

    `verdict` is that of the whole declared range: the one verdict of all regions if they leave no gap, else undecided. `flip_exact`:
    regions of different verdicts touch: neighbouring sizes, or parameters within `resolution` of each other.
    """

    format: str
    regions: tuple[ProvedRegion, ...]
    gaps: tuple[Extent, ...]
    verdict: Verdict
    flip_exact: bool
    resolution: Fraction
    certificate: FamilyCertificate | None
    digest: str | None
    seconds: float
    assumptions: tuple[str, ...] = ()
    solvers: tuple[SolverRun, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyProof:
    """The answer of `prove_family`: one result for each choice of formats, in the order asked."""

    family: Family
    results: tuple[FamilyResult, ...]
