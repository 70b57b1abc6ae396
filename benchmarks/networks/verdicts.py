"""Every verdict on trained models: powers of ten as tolerances, each certificate read again by the kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from benchmarks.networks.measured import EVER
from benchmarks.networks.models import RADIUS, conditions, digits, table
from suffice.proofs.certificate import Verdict
from suffice.proofs.kernel import check
from suffice.proofs.networks import canonical_bytes
from suffice.prover.networks.certifying import AskedNetwork, prove_network
from suffice.prover.networks.results import NetworkResult
from suffice.prover.networks.searching import SearchBudget

FORMATS = ("fp8_e4m3", "int8", "bf16", "fp16", "fp32")
TOLERANCES = tuple(Fraction(10) ** power for power in range(-4, 1))


def main(seconds: float, names: Sequence[str], formats: Sequence[str] = (), tolerances: Sequence[Fraction] = TOLERANCES) -> int:
    """Print the verdicts; 1 unless the kernel accepts every certificate."""
    print(conditions("Verdicts", f"{seconds:g} s of search a result; the ball of radius {RADIUS} around one test image"), flush=True)
    counted: Counter[Verdict] = Counter()
    first: dict[Verdict, str] = {}
    rejected = 0
    rows: list[tuple[object, ...]] = []
    asked = [AskedNetwork(format=name) for name in formats or FORMATS]
    for name in names:
        model = digits(name)
        for tolerance in tolerances:
            budget = SearchBudget(runs=EVER, seconds=seconds)
            results = prove_network(model.network, model.at("ball 0"), tolerance, asked, budget=budget).results
            for result in results:
                counted[result.verdict] += 1
                accepted = read_again(result)
                rejected += not accepted
                first.setdefault(result.verdict, described(name, tolerance, result))
            rows.append((name, f"{float(tolerance):g}", *(f"{result.verdict} {result.statement}".strip() for result in results)))
    print(table(("model", "tolerance", *(one.format for one in asked if isinstance(one.format, str))), rows))
    print()
    for verdict in Verdict:
        print(f"{verdict}: {counted[verdict]}; {first.get(verdict, 'none')}")
    print(f"{len(first)} of {len(Verdict)} verdicts; {rejected} certificates that the kernel does not accept again with the same verdict")
    return 1 if rejected else 0


def read_again(result: NetworkResult) -> bool:
    """Whether the kernel, given the certificate's bytes alone, accepts it with the result's verdict; without one nothing is claimed."""
    if result.certificate is None:
        return result.verdict is Verdict.UNDECIDED
    report = check(canonical_bytes(result.certificate))
    return report.status == "accepted" and report.verdict == result.verdict


def described(name: str, tolerance: Fraction, result: NetworkResult) -> str:
    """An example with its bounds."""
    amounts = {"floor": result.floor, "error bound": result.error_bound, "error of a run": result.witness_error}
    known = ", ".join(f"{what} {float(value):.3g}" for what, value in amounts.items() if value is not None)
    return f"{name} in {result.format} at {float(tolerance):g}: {known}; {result.digest[:19]}"
