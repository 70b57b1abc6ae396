"""The proof of one program: S1's bound through the kernel, a run that comes near it, and the certificate of both."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

from suffice.encodings.enclosures.arb import enclose_at
from suffice.encodings.enclosures.crosscheck import crosscheck_value
from suffice.encodings.operations import Op
from suffice.errors import DisagreementError
from suffice.hardware_specs.format import FloatFormat
from suffice.proofs.kernel.limits import MAX_PRECISION
from suffice.prover.attempts import read_point
from suffice.prover.case import Case
from suffice.prover.dossier import Dossier
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import Bounded, evidence_of, kernel_seconds, search_bound
from suffice.prover.laws import write_point
from suffice.prover.mixed.program import Program, asked_of, case_of
from suffice.prover.portfolio import result_of
from suffice.prover.results import Result, SolverRun
from suffice.prover.runs import search_runs
from suffice.prover.solvers import SOLVERS, confirm
from suffice.prover.unrolled import runs_on

_PARTS = (1 - 2.0**-40, 0.5, 0.25, 0.0)
"""Parts of the tolerance that the search aims at, one after the other."""

_GAP = 0.002

_TIGHTER = Effort(gap=0.01, leaves=2000, seconds=2.0)
"""How near the bound comes to the truth beyond what the tolerance asks."""

_KERNEL_SECONDS = 2.0
"""The kernel derives a tighter bound where that takes about so long at most."""

_RUN_SECONDS = 1.0
_SOLVER_SECONDS = 3.0


def proved(program: Program, accuracy: Mapping[Op, Fraction], *, seconds: float) -> Result | None:
    """The result with its certificate; None where the kernel derives no bound within tolerance."""
    start = time.monotonic()
    asked = asked_of(program, accuracy)
    case = case_of(program, asked)
    dossier, precision = Dossier(case), _precision(case)
    bounded = _first_bound(case, dossier, precision, seconds)
    if bounded is None:
        return None
    tighter = search_bound(case, _TIGHTER, precision)
    if kernel_seconds(tighter, case) <= _KERNEL_SECONDS and tighter.value is not None:
        dossier.offer("error_bound", evidence_of(tighter, case, precision))
    _find_run(case, dossier, bounded, precision)
    result = result_of(asked.name, dossier, start)
    return replace(result, solvers=_confirmed([script.script for script in result.certificate.smt]))


def _first_bound(case: Case, dossier: Dossier, precision: int, seconds: float) -> Bounded | None:
    """A bound within tolerance that the kernel derives too: where its enclosures are wider than the search's, from a finer cover."""
    for part in _PARTS:
        target = float(dossier.threshold) * part
        bounded = search_bound(case, Effort(target=target, gap=_GAP, seconds=seconds), precision)
        if bounded.value is None or bounded.value > dossier.threshold:
            return None
        dossier.offer("error_bound", evidence_of(bounded, case, precision))
        if dossier.meets("error_bound"):
            return bounded
    return None


def _precision(case: Case) -> int:
    """Fixed-point bits that resolve the threshold and the last places of inputs and output."""
    threshold = case.question.threshold or Fraction(1)
    bits = max(0, threshold.denominator.bit_length() - threshold.numerator.bit_length())
    formats = (*case.inputs.values(), case.output)
    significand = max((fmt.p for fmt in formats if isinstance(fmt, FloatFormat)), default=0)
    return min(MAX_PRECISION, 64 * -(-(128 + bits + 2 * significand) // 64))


def _find_run(case: Case, dossier: Dossier, bounded: Bounded, precision: int) -> None:
    """The largest error of a run that the kernel confirms; mpmath checks what Arb says of f there."""
    upper = dossier.value("error_bound")
    found = search_runs(case, upper=float(upper) if isinstance(upper, Fraction) else None, hints=bounded.hints(), seconds=_RUN_SECONDS)
    for candidate in found.candidates:
        if not runs_on(case, candidate.points[0]):
            dossier.offer("witness_error", {"kind": "run", "point": write_point(candidate.points[0]), "precision": precision})
    run = dossier.claims.get("witness_error")
    if run is not None:
        point, expression = read_point(run.evidence["point"]), case.problem.expression
        crosscheck_value(expression, point, enclose_at(expression, point))
        if isinstance(run.value, str) or (isinstance(upper, Fraction) and run.value > upper):
            raise DisagreementError(f"witness_error {run.value} lies above error_bound {upper}", where=case.problem.name)


def _confirmed(scripts: Sequence[str]) -> tuple[SolverRun, ...]:
    """What the solvers, side by side, say of the scripts. Raises DisagreementError."""
    with ThreadPoolExecutor(max_workers=len(SOLVERS)) as workers:
        asked = [workers.submit(confirm, scripts, solvers=(solver,), timeout=_SOLVER_SECONDS) for solver in SOLVERS]
        answers = [future.result() for future in asked]
    return tuple(run for runs in zip(*answers, strict=True) for answer in runs for run in answer)
