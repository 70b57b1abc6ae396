"""The prover against the oracle on one random problem: every verdict and every bound of every strategy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from suffice.hardware_specs.format import IntFormat
from suffice.proofs.certificate import canonical_bytes
from suffice.proofs.kernel import check
from suffice.prover.case import Asked
from suffice.prover.portfolio import prove
from suffice.prover.results import Finding, Result
from tests.oracle.random_problems import case
from tests.oracle.truth import Truth, contradictions, truth

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the prover said of a problem, and what is wrong with it."""

    seed: int
    inputs: int
    expected: str
    verdict: str
    statement: str
    strategies: tuple[str, ...]
    wrong: tuple[str, ...]
    seconds: float
    note: str


@dataclass(frozen=True, slots=True)
class _Alone:
    """One strategy's bound, in the shape that the oracle judges."""

    verdict: str = ""
    possible: bool = False
    floor: object = None
    floor_upper: object = None
    error_bound: object = None
    witness_error: object = None


def judge(seed: int) -> Judgement:
    """Prove the problem of a seed with every strategy, and compare with the truth."""
    given = case(seed)
    asked = Asked(name=f"seed {seed}", input=given.source, compute=given.compute, output=given.output)
    result = prove(given.problem, [asked], timeout=TIMEOUT, run_all=True).results[0]
    strategies = tuple(f"{finding.strategy.split(' of ')[0]} {finding.statement}" for finding in result.findings if finding.bound)
    return Judgement(
        seed=seed,
        inputs=len(given.problem.box),
        expected=given.verdict,
        verdict=result.verdict.value,
        statement=result.statement,
        strategies=strategies,
        wrong=(*wrongs(given.truth, result), *_rejected(result)),
        seconds=result.seconds,
        note=result.note,
    )


def judge_free_codes(seed: int) -> list[str]:
    """The same problem in 8-bit codes of free scale: what is said of the program that the prover chose must be true of that program."""
    given = case(seed)
    free = IntFormat(qmin=-128, qmax=127, bits=8)
    problem = replace(given.problem, tolerance=given.problem.tolerance)
    result = prove(problem, [Asked(name="int8", input=free, compute=free, output=free)], timeout=TIMEOUT).results[0]
    instances = result.formats.instances
    if instances is None or len(set(instances.nodes)) != 1 or len(set(instances.inputs.values())) != 1:
        return list(_rejected(result))
    source, compute = next(iter(instances.inputs.values())), instances.nodes[0]
    return [*wrongs(truth(problem, source, compute, instances.output), result), *_rejected(result)]


def wrongs(known: Truth, result: Result) -> tuple[str, ...]:
    """What the truth refutes, of the result and of each finding."""
    lines = contradictions(known, result)
    for finding in result.findings:
        lines += [f"{finding.strategy}: {line}" for line in contradictions(known, _alone(finding))]
    return tuple(lines)


def _alone(finding: Finding) -> _Alone:
    return _Alone(**{finding.bound: finding.value}) if finding.bound else _Alone()


def _rejected(result: Result) -> tuple[str, ...]:
    report = check(canonical_bytes(result.certificate))
    agrees = (report.status, report.verdict) == ("accepted", result.verdict)
    return () if agrees else (f"the kernel says {report.status} {report.verdict}: {report.reason}",)
