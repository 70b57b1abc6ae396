"""What --why and --cpc add to the answers of prove and explain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from suffice.errors import InputError

if TYPE_CHECKING:
    from suffice.answers import ProofAnswer
    from suffice.proofs.documents import Document
    from suffice.proofs.trace.data import Trace
    from suffice.prover.results import Result


def check_wishes(*, why: bool, all_cores: bool) -> None:
    """Raises InputError where --all-cores stands alone."""
    if all_cores and not why:
        raise InputError("--all-cores says how --why is to be answered", mend="add --why")


def with_proofs(answer: ProofAnswer) -> ProofAnswer:
    """The answer with cvc5's proofs in its certificates; a script without one is named on stderr."""
    from dataclasses import replace

    from suffice.answers import ProofAnswer
    from suffice.prover.cpc import result_with_cpc

    results = []
    for result in answer.results:
        proved, refused = result_with_cpc(result)
        results.append(proved)
        for reason in refused:
            print(f"suffice: {result.format}: a script has no proof in CPC: {reason}", file=sys.stderr)
    return ProofAnswer(replace(answer.proof, results=tuple(results)))


def add_reasons(results: Sequence[Result], printed: dict[str, Any], *, all_cores: bool, as_json: bool) -> None:
    """Print the reasons of each result, or put them into its JSON object."""
    from suffice.prover.why.explain import why
    from suffice.reasons import why_object, why_text

    for k, result in enumerate(results):
        found = why(result.certificate, every_core=all_cores)
        if as_json:
            printed["results"][k]["why"] = why_object(found)
        else:
            print(f"\n{result.format}: {why_text(found)}")


def trace_with_reasons(shown: Trace, certificate: Document, *, all_cores: bool) -> tuple[Trace, dict[str, Any]]:
    """The trace with a section of reasons, and the reasons as JSON. Raises InputError for what is not about one problem."""
    from dataclasses import replace

    from suffice.proofs.certificate import Certificate
    from suffice.prover.why.explain import why
    from suffice.reasons import why_object, why_section

    if not isinstance(certificate, Certificate):
        raise InputError(
            "--why is about one problem, and this certificate is not", mend="prove one problem, a member of a family say, and ask why"
        )
    found = why(certificate, every_core=all_cores)
    return replace(shown, sections=(*shown.sections, why_section(found))), why_object(found)
