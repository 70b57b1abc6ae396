"""Certificates as the JSON values that the kernel reads, put together by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from suffice.proofs.kernel import Report, check
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.checking import BOUNDS, Claim, assumptions_of, decide, derive, scripts
from suffice.proofs.kernel.checking import canonical as canonical
from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.reading import read_question

Json = Any
EXACT: Json = {"kind": "exact"}


def floating(p: int, emin: int, emax: int, **changes: Json) -> Json:
    """A float format; the largest number fills the top binade unless told."""
    top = (2 - Fraction(1, 2 ** (p - 1))) * Fraction(2) ** emax
    return {
        "kind": "float", "p": p, "emin": emin, "emax": emax, "max_finite": str(top), "infinities": True, "nan": True,
        "negative_zero": True, "subnormals": "kept", "rounding": "nearest_even", "overflow": "infinity",
    } | changes  # fmt: skip


FP16 = floating(11, -14, 15)
FP32 = floating(24, -126, 127)
E4M3 = floating(4, -6, 8, max_finite="448", infinities=False, overflow="nan")
E2M1 = floating(2, 0, 2, infinities=False, nan=False, overflow="saturate")


def integers(scale: str | None = None, zero: int | None = None, **changes: Json) -> Json:
    """Eight-bit codes."""
    return {"kind": "int", "qmin": -128, "qmax": 127, "scale": scale, "zero": zero, "rounding": "nearest_even"} | changes


def problem(
    expression: Json, box: dict[str, list[str]], *, absolute: str = "0", relative: str = "0", inputs: str = "real"
) -> Json:  # fmt: skip
    """PROBLEM."""
    return {"expression": expression, "box": box, "tolerance": {"absolute": absolute, "relative": relative}, "inputs": inputs}


def formats(everywhere: Json | None = None, **changes: Json) -> Json:
    """FORMATS: one format everywhere, but for the changes."""
    return dict.fromkeys(("input", "compute", "output"), everywhere) | changes


def pair(*points: dict[str, str], precision: int = 128) -> Json:
    """Evidence of one or two points."""
    return {"kind": "pair", "points": list(points), "precision": precision}


def law(kind: str, *points: dict[str, str], pieces: int = 4, precision: int = 128) -> Json:
    """Evidence of a law."""
    return {"kind": kind, "points": list(points), "pieces": pieces, "precision": precision}


def cover(*splits: Json, pieces: int = 1, precision: int = 128) -> Json:
    """Evidence of a cover."""
    return {"kind": "cover", "splits": list(splits), "pieces": pieces, "precision": precision}


def a_run(precision: int = 128, **point: str) -> Json:
    """Evidence of a run."""
    return {"kind": "run", "point": point, "precision": precision}


def derived(question: Json, fmts: Json, bound: str, evidence: Json) -> Derivation:
    """What the evidence proves."""
    return derive(read_question(question, fmts), Claim(bound, Fraction(0), "", evidence), Budget())


def certificate(question: Json, fmts: Json, **evidence: Json) -> Json:
    """The document whose claims are what the kernel derives from the evidence, one for each bound named."""
    read = read_question(question, fmts)
    derivations = {bound: derive(read, Claim(bound, Fraction(0), "", evidence[bound]), Budget()) for bound in BOUNDS if bound in evidence}
    claims = [Claim(bound, found.value, found.label, evidence[bound]) for bound, found in derivations.items()]
    for k, claim in enumerate(claims):
        if claim.evidence["kind"] == "pair":
            derivations["floor"] = derive(read, claim, Budget())
            claims[k] = Claim(claim.bound, claim.value, derivations["floor"].label, claim.evidence)
    verdict, statement, possible = decide(read, claims)
    return {
        "version": 1,
        "problem": question,
        "formats": fmts,
        "claims": [
            {"bound": claim.bound, "value": str(claim.value), "statement": claim.statement, "evidence": claim.evidence} for claim in claims
        ],
        "verdict": verdict,
        "statement": statement,
        "possible": possible,
        "assumptions": list(assumptions_of(read, claims)),
        "smt": scripts(read, claims, derivations),
    }


def report(document: Json) -> Report:
    """The kernel's answer, whatever the order of keys."""
    return check(canonical(document))
