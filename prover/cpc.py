"""cvc5's own proofs of scripts, in CPC, kept where no step asks for trust. Nothing here rests on them: a checker of CPC can check them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from suffice.proofs.certificate import Certificate, digest
from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.refutations import check_cpc
from suffice.prover.results import Result
from suffice.prover.solvers import Task, ask

SECONDS = 30.0
"""For all scripts of a certificate."""


@dataclass(frozen=True, slots=True)
class CpcProof:
    """The text of a proof, or why there is none."""

    text: str = ""
    refused: str = ""


def prove_scripts(scripts: Sequence[str], *, task: Task = "prove", timeout: float = SECONDS) -> list[CpcProof]:
    """cvc5's proof of each script; refused are answers other than unsat, and proofs that the kernel would not let stand."""
    if not scripts:
        return []
    found = []
    for run in ask("cvc5", task, scripts, timeout):
        if run.answer != "unsat":
            found.append(CpcProof(refused=f"cvc5 says {run.reason or run.answer}"))
            continue
        try:
            check_cpc(run.proof)
        except Rejection as rejection:
            found.append(CpcProof(refused=str(rejection)))
        else:
            found.append(CpcProof(text=run.proof))
    return found


def with_cpc(certificate: Certificate) -> tuple[Certificate, list[str]]:
    """The certificate with a proof of each script that has one, and why others have none."""
    proofs = prove_scripts([member.script for member in certificate.smt])
    members = tuple(replace(member, cpc=proof.text) for member, proof in zip(certificate.smt, proofs, strict=True))
    return replace(certificate, smt=members), [proof.refused for proof in proofs if proof.refused]


def result_with_cpc(result: Result) -> tuple[Result, list[str]]:
    """The result whose certificate has the proofs, under the name that it then has."""
    certificate, refused = with_cpc(result.certificate)
    return replace(result, certificate=certificate, digest=digest(certificate)), refused
