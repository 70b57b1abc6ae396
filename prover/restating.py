"""What is proved of one tolerance, said again of another: the same evidence, derived anew by the kernel."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction

from suffice.encodings.problem import Problem, Tolerance
from suffice.errors import InputError
from suffice.proofs.certificate import Certificate
from suffice.proofs.evidence import evidence_to_json
from suffice.proofs.jsondata import as_object
from suffice.prover.case import Case
from suffice.prover.dossier import Dossier
from suffice.prover.portfolio import result_of
from suffice.prover.results import Result


def at_threshold(problem: Problem, threshold: Fraction) -> Problem:
    """The same question with another tolerance in the same measure: relative where it was, else absolute.

    Raises InputError for a tolerance that has both parts.
    """
    given = problem.tolerance
    if given is not None and given.absolute and given.relative:
        raise InputError("a tolerance with an absolute and a relative part has no one number to change", mend="give --eps alone")
    if given is not None and given.is_relative:
        return replace(problem, tolerance=Tolerance(absolute=Fraction(0), relative=threshold))
    return replace(problem, tolerance=Tolerance(absolute=threshold))


def settles(result: Result, threshold: Fraction) -> bool:
    """Whether the bounds of a result decide another threshold as far as they ever could: the verdict, and what is possible."""
    floor, error, witness, upper = result.floor, result.error_bound, result.witness_error, result.floor_upper
    if (floor is not None and floor > threshold) or (error is not None and error <= threshold):
        return True
    fails = isinstance(witness, str) or (witness is not None and witness > threshold)
    return fails and upper is not None and upper <= threshold


def restated(result: Result, problem: Problem) -> Result | None:
    """The result for a problem that differs from its own in the tolerance's number only; None where its bounds do not decide there."""
    start = time.monotonic()
    assert problem.tolerance is not None
    if not settles(result, problem.tolerance.threshold):
        return None
    return result_of(result.format, restated_claims(result.certificate, problem), start)


def restated_claims(certificate: Certificate, problem: Problem) -> Dossier:
    """The claims of a certificate as claims about a problem that differs from its own in the tolerance's number only."""
    dossier = Dossier(Case(problem=problem, formats=certificate.formats))
    for claim in certificate.claims:
        dossier.offer(claim.bound.value, as_object(evidence_to_json(claim.evidence), "evidence"))
    return dossier
