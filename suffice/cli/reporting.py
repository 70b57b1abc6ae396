"""How the answers of prove and minimum are printed, and their certificates kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from suffice.cli.keeping import Keeping, Kept, keep

if TYPE_CHECKING:
    from suffice.answers import MinimumAnswer, ProofAnswer
    from suffice.prover.results import Result


def report(
    answer: ProofAnswer | MinimumAnswer,
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
    proofs = _proofs(traced)
    if as_json:
        return _object(answer, kept, proofs, extra or {})
    for text in ("\n".join(kept.lines()), *proofs.values()):
        if text:
            print(f"\n{text}".rstrip())
    return {}


def _proofs(traced: Sequence[Result]) -> dict[str, str]:
    if not traced:
        return {}
    from suffice.proofs.trace import render, trace

    return {result.format: render(trace(result.certificate)) for result in traced}


def _print_tables(answer: ProofAnswer | MinimumAnswer, *, findings: bool) -> None:
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


def _object(answer: ProofAnswer | MinimumAnswer, kept: Kept, proofs: dict[str, str], extra: dict[str, Any]) -> dict[str, Any]:
    from suffice.cli.json_output import problem_object, result_object

    results = []
    for result in answer.results:
        entry = result_object(result)
        if result.format in kept.files:
            entry["file"] = str(kept.files[result.format])
        if result.format in proofs:
            entry["trace"] = proofs[result.format]
        results.append(entry)
    archived = {"archive": {"place": kept.archive, "head": kept.head}} if kept.receipts else {}
    return {"problem": problem_object(answer.problem), "results": results, **extra, **archived}
