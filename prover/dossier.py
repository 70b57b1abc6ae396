"""What has been proved so far about one case, and the one way to a certificate: through the kernel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from suffice.proofs.certificate import Certificate, canonical_bytes, formats_to_json, parse
from suffice.proofs.jsondata import number_text
from suffice.proofs.kernel import check
from suffice.proofs.kernel.checking import BOUNDS, Claim, assumptions_of, canonical, decide, derive, scripts
from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.tape import Budget
from suffice.proofs.problemdata import problem_to_json
from suffice.prover.case import Case, round_down, round_up
from suffice.prover.multipliers import with_multipliers

_VALUE_BITS = 53

_LARGEST = Fraction(1 << 13_200)
"""Claims stay between 1 / _LARGEST and _LARGEST, which fit in the digits of a certificate."""

LOWER = ("floor", "witness_error")
"""Bounds from below."""


@dataclass(slots=True)
class Dossier:
    """The best accepted claim of every bound."""

    case: Case
    claims: dict[str, Claim] = field(default_factory=dict)
    derivations: dict[str, Derivation] = field(default_factory=dict)

    @property
    def threshold(self) -> Fraction:
        """The largest measure within tolerance."""
        return self.case.question.threshold

    def value(self, bound: str) -> Fraction | str | None:
        """The claimed value of a bound, None where nothing was proved."""
        claim = self.claims.get(bound)
        return claim.value if claim else None

    def exceeds(self, bound: str) -> bool:
        """Whether a lower bound is proved to lie beyond the threshold."""
        value = self.value(bound)
        return value is not None and (isinstance(value, str) or value > self.threshold)

    def meets(self, bound: str) -> bool:
        """Whether an upper bound is proved to lie within the threshold."""
        value = self.value(bound)
        return isinstance(value, Fraction) and value <= self.threshold

    def offer(self, bound: str, evidence: dict[str, Any]) -> Derivation | None:
        """Let the kernel derive what the evidence proves; keep it if it is better than what is there. None if it proves nothing."""
        try:
            derived = derive(self.case.question, Claim(bound, Fraction(0), "", evidence), Budget())
        except (LeafFailure, Rejection):
            return None
        return self.accept(bound, evidence, derived)

    def accept(self, bound: str, evidence: dict[str, Any], derived: Derivation) -> Derivation:
        """Keep a derivation of the kernel's as a claim, its value shortened in the safe direction, if it is better than what is there."""
        value = derived.value
        if isinstance(value, Fraction):
            value = self._shortened(bound, value)
            if bound not in LOWER and value > _LARGEST:
                return derived
        claim = Claim(bound, value, derived.label, evidence)
        if evidence["kind"] == "pair":
            derived = derive(self.case.question, claim, Budget())
            claim = replace(claim, statement=derived.label)
        if self._is_better(bound, value):
            self.claims[bound], self.derivations[bound] = claim, derived
        return derived

    def _shortened(self, bound: str, value: Fraction) -> Fraction:
        if value <= 0 or (value.numerator.bit_length() <= _VALUE_BITS and value.denominator.bit_length() <= _VALUE_BITS):
            return value
        if bound in LOWER:
            short = Fraction(0) if value < 1 / _LARGEST else round_down(min(value, _LARGEST), _VALUE_BITS)
        else:
            short = round_up(max(value, 1 / _LARGEST), _VALUE_BITS)
        return value if (short > self.threshold) != (value > self.threshold) else short

    def _is_better(self, bound: str, value: Fraction | str) -> bool:
        old = self.value(bound)
        if old is None or isinstance(value, str):
            return True
        if isinstance(old, str):
            return False
        return value > old if bound in LOWER else value < old

    def certificate(self) -> Certificate:
        """The certificate of all claims; it has passed the kernel."""
        question = self.case.question
        ordered = [self.claims[bound] for bound in BOUNDS if bound in self.claims]
        verdict, statement, possible = decide(question, ordered)
        document = {
            "version": 1,
            "problem": problem_to_json(self.case.problem),
            "formats": formats_to_json(self.case.formats),
            "claims": [
                {
                    "bound": claim.bound,
                    "value": number_text(claim.value) if isinstance(claim.value, Fraction) else claim.value,
                    "statement": claim.statement,
                    "evidence": claim.evidence,
                }
                for claim in ordered
            ],
            "verdict": verdict,
            "statement": statement,
            "possible": possible,
            "assumptions": list(assumptions_of(question, ordered)),
            "smt": with_multipliers(scripts(question, ordered, self.derivations)),
        }
        data = canonical(document)
        report = check(data)
        assert report.status == "accepted", f"the kernel rejects its own derivations: {report.reason}"
        certificate = parse(data)
        assert canonical_bytes(certificate) == data, "a certificate does not survive reading and writing"
        return certificate
