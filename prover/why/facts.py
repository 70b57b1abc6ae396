"""Scripts for evidence that needs none in its certificate: points, runs, and covers whose leaves are answered cell by cell.

Each number that the argument rests on stands in a named assertion, as in the scripts of the kernel.
"""

from __future__ import annotations

from fractions import Fraction

from suffice.proofs.certificate import Claim
from suffice.proofs.evidence import PairEvidence, RunEvidence
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.formats import Code, finite, is_finite, is_free
from suffice.proofs.kernel.measure import Measure, Span
from suffice.proofs.kernel.question import Question
from suffice.proofs.kernel.run import round_inputs, run
from suffice.proofs.kernel.script import term
from suffice.proofs.kernel.smtlib import Term, read_terms
from suffice.proofs.kernel.tape import Tape
from suffice.proofs.kernel.witnesses import enclose_at
from suffice.prover.why.scripts import Script

POINTS = ("a", "b")
"""The names of the points of a pair; a run has the first."""


def script_of_facts(question: Question, claim: Claim) -> Script | None:
    """The script of a claim without one; None for a run that fails, which no number can mend."""
    match claim.evidence:
        case PairEvidence() as pair:
            return _pair(question, pair)
        case RunEvidence() as run_evidence:
            return _run(question, run_evidence)
    assert isinstance(claim.value, Fraction)
    assertions: dict[str, Term] = {
        "enclosure_error": ("<=", "error", _number(claim.value)),
        "tolerance": (">", "error", _number(question.threshold)),
    }
    return Script({"error": "Real"}, assertions)


def _pair(question: Question, pair: PairEvidence) -> Script:
    """T1, T2, T7, T8: an answer in the output format, the same at both points, within tolerance at both."""
    tape = Tape(question.nodes, pair.precision, Budget())
    spans = [enclose_at(tape, point) for point in pair.points]
    script = _deviations(question, spans)
    if len(spans) == 2:
        script = script.having("cell", ("=", "answer_a", "answer_b"))
    low, high = sorted(spans, key=sum)[0], sorted(spans, key=sum)[-1]
    z = Measure(question.is_relative, question.relative).best_pair(low, high)
    return _with_format(script, question, z)


def _with_format(script: Script, question: Question, z: Fraction) -> Script:
    """The numbers of the output format on either side of z; no more where z is one of them, or they are left open."""
    output = question.output
    if is_free(output) or isinstance(output, Code):
        return script
    below, above = output.below(z), output.above(z)
    if below is not None and below == above:
        return script
    sides: list[Term] = []
    if below is not None:
        sides.append(("<=", "answer_a", _number(below)))
    if above is not None:
        sides.append((">=", "answer_a", _number(above)))
    return script.having("format", ("or", *sides) if len(sides) == 2 else sides[0])


def _run(question: Question, evidence: RunEvidence) -> Script | None:
    """W: the program's answer at a point, within tolerance there."""
    program = question.program
    assert program is not None
    answer = run(question.nodes, program, round_inputs(program, evidence.point), Budget())
    if not is_finite(answer):
        return None
    f = enclose_at(Tape(question.nodes, evidence.precision, Budget()), evidence.point)
    return _deviations(question, [f]).having("program", ("=", "answer_a", _number(finite(answer))))


def _deviations(question: Question, spans: list[Span]) -> Script:
    """f at each point, how far the answer is from it, and the tolerance, for the measure in question (docs/semantics.md).

    `error` is the largest measure: absolute, relative, or what is left of the absolute one beyond `relative` |f|.
    """
    is_absolute = not question.relative
    sorts = {"error": "Real"}
    assertions: dict[str, Term] = {}
    for name, (lo, hi) in zip(POINTS, spans, strict=False):
        f, answer, error = f"f_{name}", f"answer_{name}", "error" if is_absolute else f"error_{name}"
        sorts |= dict.fromkeys((f, answer, error), "Real")
        assertions[f"enclosure_f_{name}_from"] = (">=", f, _number(lo))
        assertions[f"enclosure_f_{name}_to"] = ("<=", f, _number(hi))
        assertions[f"distance_{name}"] = ("and", (">=", error, ("-", answer, f)), (">=", error, ("-", f, answer)))
        if not is_absolute:
            part: Term = ("*", _number(max(abs(lo), abs(hi))), "error" if question.is_relative else "relative")
            assertions[f"enclosure_size_{name}"] = ("<=", error, part if question.is_relative else ("+", "error", part))
    assertions["tolerance"] = ("<=", "error", _number(question.threshold))
    if not is_absolute and not question.is_relative:
        sorts["relative"] = "Real"
        assertions["tolerance_relative"] = ("<=", "relative", _number(question.relative))
    return Script(sorts, assertions)


def _number(q: Fraction) -> Term:
    return read_terms(term(q))[0]
