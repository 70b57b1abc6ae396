"""From a certificate to the reasons for its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from suffice.proofs.certificate import Bound, Certificate, Claim, Verdict, digest, formats_to_json
from suffice.proofs.evidence import evidence_to_json
from suffice.proofs.kernel import checking
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.formats import Exact
from suffice.proofs.kernel.question import Question
from suffice.proofs.kernel.reading import read_question
from suffice.proofs.problemdata import problem_to_json
from suffice.prover.multipliers import find_multipliers
from suffice.prover.why.cores import MAX_CORES, MAX_MINIMISED, Cores, all_cores, minimal_core
from suffice.prover.why.facts import script_of_facts
from suffice.prover.why.neighbours import Neighbour, neighbours
from suffice.prover.why.relaxations import Relaxation, Site, relax, sites
from suffice.prover.why.scripts import Script, TooHard, read_script
from suffice.prover.why.sentences import Subject, because, relaxed

DECIDING = {Verdict.IMPOSSIBLE: Bound.FLOOR, Verdict.INSUFFICIENT: Bound.WITNESS_ERROR, Verdict.SUFFICIENT: Bound.ERROR_BOUND}

MAX_RELAXED = 24
"""Numbers of a core that are relaxed: those of the largest roundings first."""

SECONDS_FOR_NEIGHBOUR = 15.0

_CONDITIONS = ("hardware_significand", "hardware_bits", "hardware_codes")
"""Assertions on which the others depend, and which have no multipliers of their own."""

_FORMAT_FACTS = (*_CONDITIONS, "cell", "format", "program")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A member of a core: its name in the script, what it says, and the least relaxations of its numbers with what they mean."""

    name: str
    because: str
    relaxations: tuple[tuple[Relaxation, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The reasons for a verdict, one tuple for each core.

    `source` says where the script comes from: the certificate, or its evidence. `are_minimal`: no member can be left out, by exact
    arithmetic; `are_confirmed`: both solvers agree with that. `are_all`: there are no other minimal cores.
    """

    digest: str
    verdict: Verdict
    statement: str
    source: Literal["certificate", "evidence", ""]
    script: str = ""
    cores: tuple[tuple[Reason, ...], ...] = ()
    are_minimal: bool = False
    are_confirmed: bool = False
    are_all: bool = False
    neighbours: tuple[Neighbour, ...] = ()
    notes: tuple[str, ...] = ()


def why(certificate: Certificate, *, every_core: bool = False, ask_neighbours: bool = True) -> Why:
    """The reasons for the verdict of a certificate, which the kernel has accepted."""
    bound = DECIDING.get(certificate.verdict)
    claim = certificate.claim(bound) if bound else None
    if claim is None:
        return _without(certificate, _undecided(certificate))
    question = read_question(problem_to_json(certificate.problem), formats_to_json(certificate.formats))
    derivation = _derive(question, claim)
    text = next((member.script for member in certificate.smt if certificate.claims[member.claim] == claim), "")
    script = read_script(text) if text else script_of_facts(question, claim)
    if script is None:
        return _without(certificate, "the program's run at that input ends in NaN or an infinity, which no tolerance allows")
    notes = _notes(claim, derivation) if text and claim.bound is Bound.ERROR_BOUND else []
    is_whole = not notes or "T0" not in claim.statement
    subject = Subject(
        certificate=certificate, claim=claim, script=script, facts=derivation.facts, is_whole=is_whole,
        are_inputs_fewest=_are_inputs_fewest(question, derivation),
    )  # fmt: skip
    try:
        cores, are_minimal, more = _cores(script, every_core=every_core)
    except TooHard as failure:
        return _without(certificate, str(failure))
    reasons = tuple(_reasons(subject, core) for core in cores.cores)
    names = {name for core in cores.cores for name in core}
    near = neighbours(certificate, _missing_bits(certificate, reasons), SECONDS_FOR_NEIGHBOUR) if ask_neighbours else []
    return Why(
        digest=digest(certificate),
        verdict=certificate.verdict,
        statement=certificate.statement,
        source="certificate" if text else "evidence",
        script=script.text(),
        cores=reasons,
        are_minimal=are_minimal,
        are_confirmed=cores.are_confirmed,
        are_all=cores.are_all,
        neighbours=tuple(near) if names & {*_FORMAT_FACTS} else (),
        notes=(*notes, *more),
    )


def _without(certificate: Certificate, note: str) -> Why:
    return Why(
        digest=digest(certificate), verdict=certificate.verdict, statement=certificate.statement, source="", are_all=True, notes=(note,)
    )


def _undecided(certificate: Certificate) -> str:
    known = ", ".join(f"{claim.bound.value} = {claim.value}" for claim in certificate.claims)
    return f"nothing decides: no claim lies on the side of the tolerance that would{f' ({known})' if known else ''}"


def _derive(question: Question, claim: Claim) -> Derivation:
    evidence = evidence_to_json(claim.evidence)
    return checking.derive(question, checking.Claim(claim.bound.value, claim.value, claim.statement, evidence), Budget())


def _are_inputs_fewest(question: Question, derivation: Derivation) -> bool:
    codes, output = derivation.facts.get("codes"), question.output
    return codes is not None and not isinstance(output, Exact) and codes < output.code_count()


def _notes(claim: Claim, derivation: Derivation) -> list[str]:
    """A script about roundings is about one leaf of the cover."""
    if "T0" in claim.statement:
        return [f"the reasons are those of the leaf, one of {derivation.leaves}, with the largest bound by S1; others are answered by T0"]
    if derivation.leaves > 1:
        return [f"what is said of roundings and slopes is about the leaf with the largest bound, one of {derivation.leaves}"]
    return []


def _cores(script: Script, *, every_core: bool) -> tuple[Cores, bool, list[str]]:
    """The cores, whether they are known to be minimal, and what is to be said about that."""
    if len(script.assertions) > MAX_MINIMISED:
        used = find_multipliers(script.text())
        core = tuple(name for name in script.assertions if used is None or name in used or name in _CONDITIONS)
        return Cores((core,), False, False), False, [f"the core has {len(core)} members and was not minimised one by one"]
    found = all_cores(script) if every_core else minimal_core(script)
    capped = every_core and not found.are_all
    return found, True, [f"there may be more than these {len(found.cores)} cores (at most {MAX_CORES} are listed)"] if capped else []


def _reasons(subject: Subject, core: tuple[str, ...]) -> tuple[Reason, ...]:
    """The members of a core in words, each with the relaxations of its numbers."""
    script = subject.script.only(core)
    wanted = _weightiest(subject, [site for name in core for site in sites(name, script.assertions[name])])
    found: dict[str, list[Relaxation]] = {}
    for relaxation in relax(script, wanted):
        found.setdefault(relaxation.site.assertion, []).append(relaxation)
    return tuple(
        Reason(
            name=name,
            because=because(subject, name),
            relaxations=tuple((each, tuple(relaxed(subject, each))) for each in found.get(name, ())),
        )
        for name in core
    )


def _weightiest(subject: Subject, found: list[Site]) -> list[Site]:
    """Of many numbers those that weigh most: of roundings by rounding times slope."""
    if len(found) <= MAX_RELAXED:
        return found

    def weight(site: Site) -> Fraction:
        kind, _, share = site.assertion.partition("_")
        pair = (f"hardware_{share}", f"slope_{share}")
        if kind not in ("hardware", "slope") or not all(name in subject.script.assertions for name in pair):
            return Fraction(1 << 100)
        return subject.number(pair[0]) * subject.number(pair[1])

    return sorted(found, key=weight, reverse=True)[:MAX_RELAXED]


def _missing_bits(certificate: Certificate, cores: tuple[tuple[Reason, ...], ...]) -> int:
    """By how many bits the tolerance is missed, or could be tightened, as the first core has it."""
    for reason in cores[0] if cores else ():
        for relaxation, _ in reason.relaxations:
            if reason.name == "tolerance" and relaxation.site.value > 0 and relaxation.limit > 0:
                ratio = relaxation.limit / relaxation.site.value
                ratio = 1 / ratio if certificate.verdict is Verdict.SUFFICIENT else ratio
                size = ratio.numerator // ratio.denominator
                return size.bit_length() - 1 if certificate.verdict is Verdict.SUFFICIENT else size.bit_length()
    return 1
