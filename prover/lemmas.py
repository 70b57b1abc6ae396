"""The lemmas proved and their wrong variants refuted, by two solvers; a counterexample counts after exact evaluation only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.lemmas.evaluation import all_hold, declared
from suffice.encodings.lemmas.library import Lemma, WrongVariant, find, told
from suffice.errors import DisagreementError
from suffice.prover.results import SolverRun
from suffice.prover.solvers import SOLVERS, ask


@dataclass(frozen=True, slots=True)
class LemmaProof:
    """A lemma with one run per solver."""

    lemma: Lemma
    runs: tuple[SolverRun, ...]

    @property
    def proved(self) -> bool:
        """Whether every solver of SOLVERS finds the denial unsatisfiable."""
        return _all_say(self.runs, "unsat")


@dataclass(frozen=True, slots=True)
class Refutation:
    """A wrong variant with one run per solver, and a model at which exact arithmetic finds its claim false; empty if there is none."""

    variant: WrongVariant
    runs: tuple[SolverRun, ...]
    model: Mapping[str, Fraction]

    @property
    def refuted(self) -> bool:
        """Whether every solver of SOLVERS finds a model, and one is confirmed."""
        return _all_say(self.runs, "sat") and bool(self.model)

    @property
    def counterexample(self) -> str:
        """The model as a sentence."""
        return told(self.variant, self.model) if self.model else ""


def prove_lemmas(names: Iterable[str] = (), *, timeout: float = 60.0) -> tuple[tuple[LemmaProof, ...], tuple[Refutation, ...]]:
    """Put lemmas and wrong variants to both solvers, `timeout` seconds for each solver's batch; no names: all of them.

    Raises InputError for an unknown name, DisagreementError where a solver contradicts the library.
    """
    lemmas, variants = find(names)
    scripts = [*(lemma.script for lemma in lemmas), *(variant.script for variant in variants)]
    answers = find_models(scripts, timeout)
    proofs = tuple(LemmaProof(lemma, runs) for lemma, runs in zip(lemmas, answers, strict=False))
    refutations = tuple(
        Refutation(variant, runs, rational_model(variant.script, runs))
        for variant, runs in zip(variants, answers[len(lemmas) :], strict=True)
    )
    for proof in proofs:
        _demand_none(proof.lemma.name, proof.runs, "sat")
    for refutation in refutations:
        _demand_none(refutation.variant.name, refutation.runs, "unsat")
    return proofs, refutations


def find_models(scripts: Sequence[str], timeout: float) -> list[tuple[SolverRun, ...]]:
    """For each script one run per solver, with a model where it is satisfiable; `timeout` is in seconds for each solver's batch."""
    return list(zip(*(ask(solver, "model", scripts, timeout) for solver in SOLVERS), strict=True))


def rational_model(script: str, runs: Sequence[SolverRun]) -> dict[str, Fraction]:
    """The first model of the runs at which exact arithmetic finds every assertion true; empty if there is none.

    A constant that a solver leaves out may have any value, and gets 0.
    """
    names = declared(script)
    for run in runs:
        if run.answer == "sat":
            texts = dict(run.model)
            values = {name: _rational(texts.get(name, "0")) for name in names}
            model = {name: value for name, value in values.items() if value is not None}
            if all_hold(script, model):
                return model
    return {}


def _rational(text: str) -> Fraction | None:
    """A value of a model; None for what is not written as a quotient."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def _all_say(runs: Sequence[SolverRun], answer: str) -> bool:
    return [(run.solver, run.answer) for run in runs] == [(solver, answer) for solver in SOLVERS]


def _demand_none(name: str, runs: Sequence[SolverRun], answer: str) -> None:
    for run in runs:
        if run.answer == answer:
            raise DisagreementError(f"{run.solver} answers {answer}", where=name, mend="the lemma library is wrong: report it")
