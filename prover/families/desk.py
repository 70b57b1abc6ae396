"""Where regions are proved: proposals go to the kernel, and what it derives is kept (one way in, as the dossier is for single problems)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from suffice.proofs.certificate import Verdict
from suffice.proofs.jsondata import Json, number_text
from suffice.proofs.kernel import limits
from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.families import derive_region, read_region
from suffice.prover.attempts import Attempt
from suffice.prover.case import round_down, round_up
from suffice.prover.families.extents import Extent
from suffice.prover.families.question import FamilyCase
from suffice.prover.families.results import ProvedRegion

BOUNDS = {Verdict.SUFFICIENT: "error_bound", Verdict.IMPOSSIBLE: "floor", Verdict.INSUFFICIENT: "witness_error"}
"""The bound that each verdict rests on."""

LARGEST_FOLD = limits.MAX_STEPS
"""Steps that the kernel follows one by one."""

_VALUE_BITS = 53
_REMEMBERED = 4
"""So many pieces of evidence are offered again on other extents."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A single member after a search, and the evidence for floors beyond the tolerance that was found, the strongest first."""

    attempt: Attempt
    floors: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Desk:
    """Takes proposals for the regions of one family in one choice of formats; `deadline` is a time of time.monotonic."""

    case: FamilyCase
    deadline: float
    remembered: dict[Verdict, list[dict[str, Any]]] = field(default_factory=dict)
    derived: Fraction | str | None = None
    """What the last offer proves, whether or not it decides; None if it proves nothing."""

    searched: dict[str, Searched] = field(default_factory=dict)
    """Single members that were searched, by what they are."""

    @property
    def is_late(self) -> bool:
        """Whether the time is spent."""
        return time.monotonic() > self.deadline

    def first_proved(self, extent: Extent, verdict: Verdict, proposals: Iterable[dict[str, Any]]) -> ProvedRegion | None:
        """The region by the first evidence that proves the verdict on the whole extent; None if none does."""
        start = time.monotonic()
        for evidence in proposals:
            found = self.offer(extent, verdict, evidence, start)
            if found is not None:
                return found
            if self.is_late:
                return None
        return None

    def offer(self, extent: Extent, verdict: Verdict, evidence: dict[str, Any], start: float) -> ProvedRegion | None:
        """Let the kernel derive what the evidence proves on the extent."""
        bound = BOUNDS[verdict]
        threshold = self.case.threshold(extent, greatest=verdict is not Verdict.SUFFICIENT)
        self.derived = None
        try:
            derived = self._derive(extent, verdict, evidence, "0", "")
            self.derived = derived.value
            if not _decides(verdict, derived.value, threshold):
                return None
            value = _shortened(verdict, derived.value, threshold)
            if verdict is Verdict.IMPOSSIBLE:
                derived = self._derive(extent, verdict, evidence, _text(value), derived.label)
        except (LeafFailure, Rejection):
            return None
        self._remember(verdict, evidence)
        return ProvedRegion(
            extent=extent, verdict=verdict, bound=bound, value="infinite" if isinstance(value, str) else value, statement=derived.label,
            evidence=evidence, seconds=time.monotonic() - start,
        )  # fmt: skip

    def _derive(self, extent: Extent, verdict: Verdict, evidence: dict[str, Any], value: str, label: str) -> Derivation:
        region = region_json(extent, verdict, {"bound": BOUNDS[verdict], "value": value, "statement": label, "evidence": evidence})
        read, _ = read_region(region, self.case.question)
        return derive_region(self.case.question, read)

    def _remember(self, verdict: Verdict, evidence: dict[str, Any]) -> None:
        known = self.remembered.setdefault(verdict, [])
        if evidence in known:
            known.remove(evidence)
        known.insert(0, evidence)
        del known[_REMEMBERED:]


def region_json(extent: Extent, verdict: Verdict, claim: dict[str, Any]) -> dict[str, Json]:
    """REGION of docs/certificate.md."""
    sides: dict[str, Json] = {name: [number_text(side.lo), number_text(side.hi)] for name, side in extent.parameters.items()}
    region: dict[str, Json] = {"parameters": sides, "verdict": verdict.value, "claim": claim}
    return region if extent.sizes is None else {**region, "size": list(extent.sizes)}


def claim_json(region: ProvedRegion) -> dict[str, Any]:
    """The claim of a region."""
    return {"bound": region.bound, "value": _text(region.value), "statement": region.statement, "evidence": region.evidence}


def _text(value: Fraction | str) -> str:
    return value if isinstance(value, str) else number_text(value)


def _decides(verdict: Verdict, value: Fraction | str, threshold: Fraction) -> bool:
    if isinstance(value, str):
        return verdict is not Verdict.SUFFICIENT
    return value <= threshold if verdict is Verdict.SUFFICIENT else value > threshold


def _shortened(verdict: Verdict, value: Fraction | str, threshold: Fraction) -> Fraction | str:
    """The value with few digits, rounded in the direction that claims less, where that still decides."""
    if isinstance(value, str) or value == 0 or max(value.numerator.bit_length(), value.denominator.bit_length()) <= _VALUE_BITS:
        return value
    short = round_up(value, _VALUE_BITS) if verdict is Verdict.SUFFICIENT else round_down(value, _VALUE_BITS)
    return short if _decides(verdict, short, threshold) else value
