"""The lemma tables of docs/lemmas.md: every lemma proved and every wrong variant refuted by both solvers, with seconds."""

from __future__ import annotations

import sys

from suffice.prover.lemmas import LemmaProof, Refutation, prove_lemmas

LEMMA_HEADINGS = "| lemma | label | statement | z3 s | cvc5 s |"
WRONG_HEADINGS = "| wrong variant | label | claim | counterexample found |"


def lemma_row(proof: LemmaProof) -> str:
    """One line of Markdown."""
    seconds = " | ".join(f"{run.seconds:.2f}" if run.answer == "unsat" else run.answer for run in proof.runs)
    return f"| {proof.lemma.name} | {proof.lemma.label} | {plain(proof.lemma.statement)} | {seconds} |"


def wrong_row(refutation: Refutation) -> str:
    """One line of Markdown."""
    variant = refutation.variant
    return f"| {variant.name} | {variant.label} | {plain(variant.claim)} | {plain(refutation.counterexample or 'none')} |"


def plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return "".join(f"\\{sign}" if sign in "|*" else sign for sign in text)


def main() -> int:
    """Print both tables; 1 if anything is not proved or not refuted."""
    proofs, refutations = prove_lemmas(timeout=300)
    print("\n".join([LEMMA_HEADINGS, "|---|---|---|---|---|", *map(lemma_row, proofs), ""]))
    print("\n".join([WRONG_HEADINGS, "|---|---|---|---|", *map(wrong_row, refutations)]))
    done = all(proof.proved for proof in proofs) and all(refutation.refuted for refutation in refutations)
    print(f"\n{len(proofs)} lemmas, {len(refutations)} wrong variants: {'all decided' if done else 'NOT all decided'}", file=sys.stderr)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
