"""Verdicts for whole regions of parameters and sizes: every region is derived by the kernel, and found by subdivision."""

from __future__ import annotations

from suffice.prover.families.proving import prove_family as prove_family
from suffice.prover.families.results import AskedFamily as AskedFamily
from suffice.prover.families.results import FamilyProof as FamilyProof
from suffice.prover.families.results import FamilyResult as FamilyResult
from suffice.prover.families.results import ProvedRegion as ProvedRegion
