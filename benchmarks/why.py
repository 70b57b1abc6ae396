"""What stands beside the scripts of the gallery's certificates, and what --why says of them.

    python -m benchmarks.why                one line for each certificate, and the sums

Columns: assertions of the deciding script, Farkas multipliers and the time to check them, cvc5's proof (steps, refused or not), then for
--why: members of the core, numbers relaxed, how many of them are proved on both sides by both solvers, and the time.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from suffice.proofs.certificate import Certificate, parse
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.farkas import check_farkas
from suffice.prover.cpc import prove_scripts
from suffice.prover.multipliers import find_multipliers
from suffice.prover.why.explain import why

GALLERY = Path(__file__).parent.parent / "proofs" / "gallery"


def main() -> None:
    """Print the table."""
    print(f"{'certificate':34} {'verdict':12} {'by':6} {'asserted':>8} {'farkas':>6} {'check ms':>8} {'cpc':>10}", end=" ")
    print(f"{'core':>5} {'relaxed':>8} {'s':>6}")
    relaxed = proved = confirmed = count = 0
    for path in sorted(GALLERY.glob("*.json")):
        data = path.read_bytes()
        if "family" in json.loads(data):
            continue
        certificate = parse(data)
        start = time.perf_counter()
        found = why(certificate, ask_neighbours=False)
        seconds = time.perf_counter() - start
        numbers = [relaxation for core in found.cores for reason in core for relaxation, _ in reason.relaxations]
        good = sum(number.is_proved for number in numbers)
        members = len(found.cores[0]) if found.cores else 0
        print(
            f"{path.stem:34} {certificate.verdict.value:12} {certificate.statement:6} {_scripts(certificate)} {members:5} "
            f"{good:4}/{len(numbers):3} {seconds:6.2f}",
            flush=True,
        )
        relaxed, proved = relaxed + len(numbers), proved + good
        confirmed, count = confirmed + found.are_confirmed, count + bool(found.cores)
    print(f"{confirmed} of {count} cores confirmed by both solvers, {proved} of {relaxed} relaxations proved on both sides")


def _scripts(certificate: Certificate) -> str:
    """The columns about the scripts."""
    scripts = [member.script for member in certificate.smt]
    if not scripts:
        return f"{'-':>8} {'-':>6} {'-':>8} {'-':>10}"
    multipliers = [find_multipliers(script) or {} for script in scripts]
    start = time.perf_counter()
    for script, found in zip(scripts, multipliers, strict=True):
        check_farkas(script, {name: str(value) for name, value in found.items()}, Budget())
    spent = 1000 * (time.perf_counter() - start)
    proofs = prove_scripts(scripts)
    steps = "refused" if any(proof.refused for proof in proofs) else str(sum(proof.text.count("(step ") for proof in proofs))
    asserted = sum(script.count("(assert ") for script in scripts)
    return f"{asserted:8} {sum(map(len, multipliers)):6} {spent:8.2f} {steps:>10}"


if __name__ == "__main__":
    main()
