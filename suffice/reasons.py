"""The reasons for a verdict as a reader sees them: on the terminal, in a trace, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from suffice.proofs.trace.data import Section, Step
from suffice.proofs.trace.statements import described

if TYPE_CHECKING:
    from suffice.prover.why.explain import Reason, Why
    from suffice.prover.why.neighbours import Neighbour

_MOST_PLAIN = 24
"""Members of a core without a relaxation that are still shown one by one."""


def why_text(why: Why) -> str:
    """Lines for the terminal."""
    return "\n".join(_lines(why))


def why_section(why: Why) -> Section:
    """A section of a trace."""
    steps = [Step(text=_opening(why))] if why.cores else []
    for k, core in enumerate(why.cores, 1):
        if len(why.cores) > 1:
            steps.append(Step(text=f"Core {k} of {len(why.cores)}:"))
        shown, left = _shown(core)
        steps += [Step(text=_sentence(reason.because), follows=" ".join(map(_sentence, _relaxed(reason)))) for reason in shown]
        steps += [Step(text=_sentence(left))] if left else []
    steps += [Step(text=_sentence(_neighbour(near))) for near in why.neighbours]
    steps += [Step(text=_sentence(note)) for note in why.notes]
    return Section(heading="Why", steps=tuple(steps))


def why_object(why: Why) -> dict[str, Any]:
    """For JSON; numbers are exact."""
    return {
        "certificate": why.digest,
        "verdict": why.verdict.value,
        "statement": why.statement,
        "source": why.source,
        "script": why.script,
        "minimal": why.are_minimal,
        "confirmed": why.are_confirmed,
        "all": why.are_all,
        "cores": [[_reason_object(reason) for reason in core] for core in why.cores],
        "neighbours": [_neighbour_object(near) for near in why.neighbours],
        "notes": list(why.notes),
    }


def _reason_object(reason: Reason) -> dict[str, Any]:
    relaxations = [
        {
            "from": str(relaxation.site.value),
            "to": str(relaxation.limit),
            "reached": relaxation.is_reached,
            "endless": relaxation.is_endless,
            "proved": relaxation.is_proved,
            "sentences": list(sentences),
        }
        for relaxation, sentences in reason.relaxations
    ]
    return {"name": reason.name, "because": reason.because, "relaxations": relaxations}


def _neighbour_object(near: Neighbour) -> dict[str, Any]:
    return {
        "format": near.format, "in_place_of": near.of, "bits": near.bits, "verdict": near.verdict.value, "statement": near.statement,
        "certificate": near.digest,
    }  # fmt: skip


def _lines(why: Why) -> Iterator[str]:
    label = described(why.statement)[0]
    by = f", by {why.statement}{f' ({label})' if label else ''}" if why.statement else ""
    yield f"Why {why.verdict.value}{by}:"
    if why.cores:
        yield f"  {_opening(why)}"
    for k, core in enumerate(why.cores, 1):
        if len(why.cores) > 1:
            yield f"  core {k} of {len(why.cores)}"
        shown, left = _shown(core)
        for reason in shown:
            yield f"  {reason.because}"
            yield from (f"      {sentence}" for sentence in _relaxed(reason))
        if left:
            yield f"  {left}"
    yield from (f"  {_neighbour(near)}" for near in why.neighbours)
    yield from (f"  note: {note}" for note in why.notes)


def _opening(why: Why) -> str:
    """What the reasons are, and who says so."""
    source = "the certificate's script" if why.source == "certificate" else "a script of the certificate's evidence"
    if not why.are_minimal:
        return f"Together these, from {source}, leave no other verdict:"
    count = "Every minimal core" if why.are_all else "A minimal core"
    agreed = "z3 and cvc5 agree" if why.are_confirmed else "not every answer of z3 and cvc5 agrees"
    return f"{count} of {source} ({agreed}): from these together the verdict follows, without any one of them it would not."


def _shown(core: tuple[Reason, ...]) -> tuple[list[Reason], str]:
    """The members that are shown one by one, and what to say of the others."""
    if len(core) <= _MOST_PLAIN:
        return list(core), ""
    shown = [reason for reason in core if reason.relaxations or not reason.name.startswith(("hardware_node", "slope_", "hardware_input"))]
    left = len(core) - len(shown)
    return shown, f"and because of {left} more bounds on roundings and slopes, of less weight" if left else ""


def _relaxed(reason: Reason) -> list[str]:
    return [sentence for _, sentences in reason.relaxations for sentence in sentences]


def _neighbour(near: Neighbour) -> str:
    by = f" by {near.statement}" if near.statement else ""
    return f"{near.format} in the place of {near.of}: {near.verdict.value}{by}, {near.digest}"


def _sentence(text: str) -> str:
    start = text[:1].upper() if text.partition(" ")[0].isalpha() else text[:1]
    return f"{start}{text[1:]}."
