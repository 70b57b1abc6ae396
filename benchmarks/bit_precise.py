"""Random small programs: bit-precise SMT against enumeration in exact rationals, with every solver's time.

    python -m benchmarks.bit_precise [FIRST LAST] [--timeout S] [--seconds S] [--solvers z3,cvc5]

By default seeds 0 to 240, 10 s a question; after `--seconds` no further program is drawn.

Each program is asked about twice: with a tolerance just below its worst error (there is a failing input, and the solver's must fail) and
with the worst error itself (there is none). The last lines time single questions whose inputs are too many to enumerate here.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from statistics import median

from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.encodings.readers.text import read_expression
from suffice.encodings.writers.smtlib_fp import Question
from suffice.encodings.writers.smtlib_sorts import NotExpressible
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.bit_precise import bits_of, question_of, script_for, solvers_for
from suffice.prover.case import Asked, Case, make_case
from suffice.prover.portfolio import prove
from suffice.prover.results import SolverRun
from suffice.prover.solvers import ask
from tests.prover.bit_precise_truth import Known, error_at, random_case

_SOLVERS = ("z3", "cvc5", "bitwuzla")

_LARGE = (
    ("x*x + x", "fp16", "0", "2", "1/256"),
    ("x*x + x", "bf16", "0", "2", "1/16"),
    ("x*y + z", "fp8_e5m2", "-2", "2", "2"),
    ("(x + y) + z", "fp8_e4m3", "-2", "2", "2"),
    ("x*y/(1 + z*z)", "fp8_e5m2", "-2", "2", "2"),
    ("x*y", "fp16", "1", "2", "1/256"),
    ("if x + y <= z then 1 else -1", "fp16", "1/2", "2", "1"),
    ("if x*y*z == 3 and x + y + z == 4.5 then 100 else x", "fp16", "1", "4", "1"),
    ("if x/y == z/x and x/z == y*y/2 and x != y then 9 else x", "fp16", "1", "4", "1"),
)
"""Formula, format, box of every input, tolerance; inputs are numbers of the format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One question, the answer that enumeration gives, and what enumeration took for all answers about this program."""

    case: Case
    question: Question
    wanted: str
    enumeration: float


def main() -> int:
    """Print the table; status 1 if a solver contradicts enumeration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("last", type=int, nargs="?", default=240)
    parser.add_argument("--timeout", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=inf)
    parser.add_argument("--solvers", default=",".join(_SOLVERS))
    options = parser.parse_args()
    solvers = options.solvers.split(",")
    runs: dict[str, list[tuple[Asking, SolverRun]]] = {solver: [] for solver in solvers}
    seconds: list[float] = []
    cases, refused, deadline = 0, 0, time.monotonic() + options.seconds
    for seed in range(options.first, options.last):
        start = time.monotonic()
        if start > deadline:
            break
        truth = random_case(seed)
        seconds.append(time.monotonic() - start)
        try:
            askings = questions(truth, seconds[-1])
        except NotExpressible as refusal:
            print(f"seed {seed}: not asked: {refusal}")
            refused += 1
            continue
        cases += 1
        for asking in askings:
            for solver in (name for name in solvers if name in solvers_for(asking.question)):
                run = ask(solver, "model", [script_for(solver, asking.question)], options.timeout)[0]
                runs[solver].append((asking, run))
                if line := contradiction(asking, run):
                    print(f"seed {seed}: {solver} CONTRADICTS enumeration: {line}", flush=True)
    print(f"\n{cases} programs, {refused} not asked; enumeration of a program: median {median(seconds):.3f} s, max {max(seconds):.2f} s")
    contradictions = sum(report(solver, found) for solver, found in runs.items())
    large(solvers, options.timeout)
    return 1 if contradictions else 0


def questions(truth: Known, seconds: float) -> list[Asking]:
    """Both questions about a program. Raises NotExpressible."""
    sides = (("sat", truth.below()), ("unsat", truth.above()))
    changed = [(wanted, truth.asking(eps)) for wanted, eps in sides if eps is not None]
    return [Asking(case=case, question=question_of(case), wanted=wanted, enumeration=seconds) for wanted, case in changed]


def contradiction(asking: Asking, run: SolverRun) -> str:
    """What is wrong with an answer, empty if nothing is."""
    if run.answer == "unknown":
        return ""
    if run.answer != asking.wanted:
        return f"{run.answer}, not {asking.wanted}"
    if run.answer == "unsat":
        return ""
    point, tolerance = asking.question.point(bits_of(run)), asking.case.problem.tolerance
    error = error_at(asking.case, point)
    assert tolerance is not None
    return "" if error is not None and error > tolerance.threshold else f"its input {point} does not fail"


def report(solver: str, found: Sequence[tuple[Asking, SolverRun]]) -> int:
    """A solver's lines of the table; how often it is wrong."""
    wrong = sum(bool(contradiction(*pair)) for pair in found)
    for answer in ("sat", "unsat"):
        times = [run.seconds for asking, run in found if asking.wanted == answer and run.answer == answer]
        unknown = sum(run.answer == "unknown" for asking, run in found if asking.wanted == answer)
        spread = f"median {median(times):.2f} s, max {max(times):.2f} s" if times else "-"
        print(f"{solver:9} {answer:6} agrees {len(times):4}  unknown {unknown:3}  {spread}")
    quicker = sum(run.answer == asking.wanted and run.seconds < asking.enumeration for asking, run in found)
    print(f"{solver:9} questions {len(found)}, contradictions {wrong}, quicker than enumeration {quicker}")
    return wrong


def large(solvers: Sequence[str], timeout: float) -> None:
    """Single questions: each solver's answer, and the portfolio's verdict."""
    print("\nquestion, then answer and seconds of each solver, and of the portfolio")
    for expr, name, lo, hi, eps in _LARGE:
        problem, asked = _question(expr, name, (Fraction(lo), Fraction(hi)), Fraction(eps))
        question = question_of(make_case(problem, asked, []))
        asked_of = [solver for solver in solvers if solver in solvers_for(question)]
        answers = [ask(solver, "model", [script_for(solver, question)], timeout)[0] for solver in asked_of]
        (result,) = prove(problem, [asked], timeout=20).results
        words = "  ".join(f"{run.solver} {run.answer} {run.seconds:.2f}" for run in answers)
        print(f"{expr} in {name} on [{lo}, {hi}], {eps}:  {words}  portfolio {result.verdict} {result.seconds:.1f}", flush=True)


def _question(expr: str, name: str, side: tuple[Fraction, Fraction], eps: Fraction) -> tuple[Problem, Asked]:
    expression = read_expression(expr, ["x", "y", "z"])
    problem = Problem(
        expression=expression,
        box={variable: Interval(*side) for variable in expression.variables},
        tolerance=Tolerance(absolute=eps),
        inputs=InputModel.REPRESENTABLE,
        name=expr,
    )
    fmt = parse_format(name)
    return problem, Asked(name=name, input=fmt, compute=fmt, output=fmt)


if __name__ == "__main__":
    sys.exit(main())
