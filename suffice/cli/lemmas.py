"""The command lemmas: what the statements rest on, proved again by two solvers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from suffice.cli.options import AsJson
from suffice.cli.statuses import DONE, UNDECIDED

if TYPE_CHECKING:
    from suffice.prover.lemmas import LemmaProof, Refutation
    from suffice.prover.results import SolverRun

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Lemmas or wrong variants; all, if none is named.")]
BatchTimeout = Annotated[float, typer.Option("--timeout", metavar="S", help="Seconds for each solver.", min=0.001)]


def lemmas(names: Names = None, timeout: BatchTimeout = 60.0, as_json: AsJson = False) -> None:
    """Prove the lemmas behind the statements again with z3 and cvc5, and refute the wrong variants that stand beside them.

    \b
    suffice lemmas
    suffice lemmas c2_curvature_composition t5_range --json

    docs/lemmas.md holds the proofs of what solvers cannot show. Exit status 3: some lemma was not proved by both, or some wrong
    variant not refuted by both with a counterexample that exact arithmetic confirms.
    """
    from suffice.cli.json_output import print_object
    from suffice.prover.lemmas import prove_lemmas
    from suffice.rendering import show
    from suffice.tables import Cell, Table

    proofs, refutations = prove_lemmas(names or (), timeout=timeout)
    if as_json:
        print_object({"lemmas": [_proof_object(proof) for proof in proofs], "wrong": [_wrong_object(entry) for entry in refutations]})
    else:
        headings = ("name", "label", "statement", "z3 s", "cvc5 s", "outcome")
        proved = Table(title="Lemmas", headings=headings, rows=tuple(tuple(map(Cell, _proof_row(proof))) for proof in proofs))
        wrong = Table(
            title="Wrong variants",
            headings=("name", "label", "claim", "z3 s", "cvc5 s", "outcome", "counterexample"),
            rows=tuple(tuple(map(Cell, _wrong_row(entry))) for entry in refutations),
        )
        show([table for table in (proved, wrong) if table.rows])
    done = all(proof.proved for proof in proofs) and all(entry.refuted for entry in refutations)
    raise typer.Exit(DONE if done else UNDECIDED)


def _proof_row(proof: LemmaProof) -> tuple[str, ...]:
    return (proof.lemma.name, proof.lemma.label, proof.lemma.statement, *map(_seconds, proof.runs), _outcome(proof))


def _wrong_row(entry: Refutation) -> tuple[str, ...]:
    variant = entry.variant
    return (variant.name, variant.label, variant.claim, *map(_seconds, entry.runs), _wrong_outcome(entry), entry.counterexample or "-")


def _seconds(run: SolverRun) -> str:
    return f"{run.seconds:.3f}"


def _outcome(proof: LemmaProof) -> str:
    return "proved" if proof.proved else "undecided"


def _wrong_outcome(entry: Refutation) -> str:
    return "refuted" if entry.refuted else "undecided"


def _proof_object(proof: LemmaProof) -> dict[str, Any]:
    lemma = proof.lemma
    hypotheses = [{"name": given.name, "ground": given.ground, "text": given.text} for given in lemma.hypotheses]
    described = {"name": lemma.name, "label": lemma.label, "statement": lemma.statement, "reading": lemma.reading, "hypotheses": hypotheses}
    beside = {"sharp": lemma.sharp is not None, "beside": list(lemma.beside)}
    return {**described, **beside, "outcome": _outcome(proof), "runs": list(map(_run_object, proof.runs))}


def _wrong_object(entry: Refutation) -> dict[str, Any]:
    variant = entry.variant
    described = {"name": variant.name, "label": variant.label, "claim": variant.claim, "flaw": variant.flaw}
    model = {name: str(value) for name, value in entry.model.items()}
    found = {"instead": list(variant.instead), "model": model, "counterexample": entry.counterexample}
    return {**described, **found, "outcome": _wrong_outcome(entry), "runs": list(map(_run_object, entry.runs))}


def _run_object(run: SolverRun) -> dict[str, Any]:
    return {"solver": run.solver, "version": run.version, "answer": run.answer, "seconds": run.seconds}
