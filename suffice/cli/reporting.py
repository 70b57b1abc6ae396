"""How the answers of prove and minimum are printed, and their certificates kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from suffice.cli.keeping import Keeping, Kept, keep

if TYPE_CHECKING:
    from suffice.encodings.problem import Problem
    from suffice.proofs.certificate import Certificate
    from suffice.prover.results import Result
    from suffice.tables import Table


class Answer(Protocol):
    """A problem with a result for each of several formats, as prove and minimum give it."""

    @property
    def problem(self) -> Problem: ...
    @property
    def results(self) -> tuple[Result, ...]: ...
    def tables(self) -> tuple[Table, ...]: ...


def report(
    answer: Answer,
    extra: dict[str, Any] | None = None,
    *,
    keeping: Keeping,
    traced: Sequence[Result],
    findings: bool,
    as_json: bool,
) -> dict[str, Any]:
    """Print the answer with the proofs of `traced`, or give the JSON object, with the members `extra`. Raises InputError and ArchiveError.

    Tables come first: where a certificate cannot be kept, the answer was still seen.
    """
    if not as_json:
        _print_tables(answer, findings=findings)
    kept = keep(answer.problem, answer.results, keeping)
    proofs = proofs_of({result.format: result.certificate for result in traced})
    if as_json:
        return _object(answer, kept, proofs, extra or {})
    print_kept(kept, proofs)
    return {}


def print_kept(kept: Kept, proofs: Mapping[str, str]) -> None:
    """Where the certificates are, and the proofs."""
    for text in ("\n".join(kept.lines()), *proofs.values()):
        if text:
            print(f"\n{text}".rstrip())


def proofs_of(certificates: Mapping[str, Certificate]) -> dict[str, str]:
    """Each certificate as a readable proof."""
    if not certificates:
        return {}
    from suffice.proofs.trace import render, trace

    return {name: render(trace(certificate)) for name, certificate in certificates.items()}


def _print_tables(answer: Answer, *, findings: bool) -> None:
    from suffice.rendering import show
    from suffice.tables import finding_table

    show([*answer.tables(), *([finding_table(answer.results)] if findings else [])])


def print_answers(answers: Mapping[str, dict[str, Any]]) -> None:
    """The one JSON object of a command: the answer itself, or of several outputs the answer for each, under its name."""
    from suffice.cli.json_output import print_object

    if len(answers) == 1:
        print_object(next(iter(answers.values())))
    else:
        print_object({"outputs": [{"output": name, **answer} for name, answer in answers.items()]})


def _object(answer: Answer, kept: Kept, proofs: dict[str, str], extra: dict[str, Any]) -> dict[str, Any]:
    from suffice.cli.json_output import problem_object, result_object

    results = [kept.noted(result.format, result_object(result), proofs) for result in answer.results]
    return {"problem": problem_object(answer.problem), "results": results, **extra, **kept.archived()}
