"""Bit-precise SMT: solvers look through every bit of the inputs of a small program (DESIGN, strategy 6).

A model is an input, run and judged by the kernel like any other (THEORY W). That there is none is noted if two different solvers
say so, and decides nothing: no certificate rests on it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf

from suffice.encodings.problem import InputModel
from suffice.encodings.writers.smtlib_fp import Question, bit_precise_script
from suffice.encodings.writers.smtlib_sorts import NotExpressible
from suffice.errors import DisagreementError
from suffice.hardware_specs.format import FloatFormat, Format
from suffice.hardware_specs.rounding import is_representable
from suffice.prover.attempts import Attempt, confirm_candidates, read_point
from suffice.prover.case import Case
from suffice.prover.results import Point, SolverRun
from suffice.prover.search import Candidate
from suffice.prover.solvers import Answer, ask

WITNESSES = 2
"""So many solvers must find no failing input."""

MOST_FORMAT_BITS = 16
"""Wider formats are beyond the solvers."""

_PATIENCE = 5.0
"""Seconds for one solver within a portfolio."""

_SHARE = 0.25
"""The part of the time left that is kept for them at most."""

_LEAST = 1.0
"""With less time left than this no solver is started."""

_IEEE_754 = frozenset({(5, 11), (8, 24), (11, 53), (15, 113)})
"""The sorts that bitwuzla takes."""

_PREFIX = {"cvc5": "(set-option :fp-exp true)\n"}
"""cvc5 asks to be told that it may use sorts other than those of IEEE 754."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BitPrecise:
    """The solvers' answer together: `sat` with a failing input that one of them found, `unsat` if two agree on it, else `unknown`."""

    answer: Answer
    runs: tuple[SolverRun, ...] = ()
    point: Point | None = None
    reason: str = ""

    @property
    def solvers(self) -> str:
        """Who says so."""
        return ", ".join(run.solver for run in self.runs if run.answer == self.answer)


def solvers_for(question: Question) -> tuple[str, ...]:
    """The solvers at hand that take the sorts of a script, those that are needed first."""
    sorts = {(int(e), int(p)) for e, p in re.findall(r"FloatingPoint (\d+) (\d+)", question.script)}
    return ("z3", "cvc5") + (("bitwuzla",) if sorts <= _IEEE_754 and find_spec("bitwuzla") else ())


def look_through(case: Case, *, timeout: float, seconds: float = inf, solvers: Sequence[str] = ()) -> BitPrecise:
    """Ask one solver after the other until a failing input is found or two agree that there is none.

    Each has `timeout` seconds, and all together about `seconds`. No answer in time is `unknown`.
    """
    try:
        question = question_of(case)
    except NotExpressible as refusal:
        return BitPrecise(answer="unknown", reason=str(refusal))
    runs: list[SolverRun] = []
    for run in _runs(question, solvers or solvers_for(question), timeout, time.monotonic() + seconds):
        runs.append(run)
        if run.answer == "sat":
            return BitPrecise(answer="sat", runs=tuple(runs), point=question.point(bits_of(run)))
        if sum(r.answer == "unsat" for r in runs) == WITNESSES:
            return BitPrecise(answer="unsat", runs=tuple(runs))
    return BitPrecise(answer="unknown", runs=tuple(runs), reason="; ".join(f"{r.solver}: {r.reason or r.answer}" for r in runs))


def question_of(case: Case) -> Question:
    """The script of a case. Raises NotExpressible, with the reason, where it is out of reach."""
    formats: tuple[Format, ...] = (*case.inputs.values(), *case.nodes, case.output)
    if not case.has_program or case.formats.accuracy:
        raise NotExpressible("the program is not one concrete program")
    if any(isinstance(fmt, FloatFormat) and fmt.bits > MOST_FORMAT_BITS for fmt in formats):
        raise NotExpressible(f"a format is wider than {MOST_FORMAT_BITS} bits")
    return bit_precise_script(case.problem, case.inputs, case.nodes, case.output)


def seconds_of_solvers(attempt: Attempt) -> float:
    """How much of the time left to keep for the solvers: none where they cannot be asked."""
    try:
        question_of(attempt.case)
    except NotExpressible:
        return 0.0
    return min(WITNESSES * _PATIENCE, _SHARE * max(attempt.deadline - time.monotonic(), 0.0))


def try_bit_precise(attempt: Attempt) -> None:
    """Look for a failing input, and let the kernel judge it; note where solvers agree that there is none."""
    start = time.monotonic()
    found = look_through(attempt.case, timeout=_PATIENCE, seconds=attempt.deadline - start)
    if found.point is not None:
        derived = confirm_candidates(attempt, "witness_error", [Candidate((found.point,), 0.0)])
        attempt.record("bit-precise", start, "witness_error", derived, _note_of_model(attempt, found))
    elif found.answer == "unsat":
        _check_agreement(attempt)
        attempt.record("bit-precise", start, "", [], f"no failing input{_among(attempt.case)} ({found.solvers})")
    elif found.runs or attempt.run_all:
        attempt.record("bit-precise", start, "", [], found.reason)


def _among(case: Case) -> str:
    return "" if case.problem.inputs is InputModel.REPRESENTABLE else " that is a number of the input format"


def _note_of_model(attempt: Attempt, found: BitPrecise) -> str:
    """Who found the input, and who is contradicted by it."""
    against = [run.solver for run in found.runs if run.answer == "unsat"]
    confirmed = "" if attempt.dossier.exceeds("witness_error") else ", not confirmed"
    return f"found by {found.solvers}{confirmed}" + (f", against {', '.join(against)}" if against else "")


def _check_agreement(attempt: Attempt) -> None:
    """Where two solvers find no failing input, the kernel has accepted none that they have looked at."""
    case, claim = attempt.case, attempt.dossier.claims.get("witness_error")
    if claim is None or not attempt.dossier.exceeds("witness_error"):
        return
    point = read_point(claim.evidence["point"])
    if all(is_representable(fmt, point[name]) for name, fmt in case.inputs.items()):
        raise DisagreementError("two solvers find no failing input where the kernel has accepted one", where=case.problem.name)


def _runs(question: Question, solvers: Sequence[str], timeout: float, deadline: float) -> Iterator[SolverRun]:
    for solver in solvers:
        left = deadline - time.monotonic()
        if left < _LEAST:
            return
        yield ask(solver, "model", [script_for(solver, question)], min(timeout, left))[0]


def script_for(solver: str, question: Question) -> str:
    """The script as a solver wants it."""
    return _PREFIX.get(solver, "") + question.script


def bits_of(run: SolverRun) -> dict[str, int]:
    """The bit-vectors of a model, as any of the solvers writes them; what is none is left out."""
    return {name: int(match[2], _BASES[match[1]]) for name, text in run.model if (match := _BIT_VECTOR.fullmatch(text))}


_BASES = {"#b": 2, "#x": 16, "": 10}
_BIT_VECTOR = re.compile(r"(#b(?=[01]+$)|#x(?=[0-9a-f]+$)|(?=[0-9]+$))([0-9a-f]+)")
