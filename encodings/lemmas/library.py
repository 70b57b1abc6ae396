"""The lemmas (*.smt2) and their wrong variants (refuted/*.smt2), read from the headers of their files.

A lemma's script asserts its hypotheses by name and the negation of its conclusion: unsatisfiable, it is proved. A wrong variant's script
asserts what its claim presupposes and the negation of the claim: satisfiable, it is refuted, and the model is a counterexample.

The header says on what ground each hypothesis stands: `premise` (the statement presupposes it), `meaning` (what a symbol stands for),
`lemma NAME`, `by hand SECTION` (of docs/lemmas.md) or `by Arb NAME` (a fact that a test proves on boxes). Nothing is assumed beside these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

from suffice.errors import InputError

NEGATED_CONCLUSION = "negated_conclusion"
"""The name of the assertion that denies what a lemma says."""

NEGATED_CLAIM = "negated_claim"
"""The name of the assertion that denies what a wrong variant says."""

_FIELD = re.compile(r"; (?P<key>[a-z]+)(?: (?P<name>\w+), (?P<ground>[^:]+))?: (?P<text>.+)")
_GROUND = re.compile(r"premise|meaning|lemma \w+|by hand [a-z-]+|by Arb \w+")
_NAMED = re.compile(r" :named (\w+)\)\)$", re.MULTILINE)
_SHARE = "(define-fun share () Real 1.0)"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """An assertion of a script: its name, the ground on which it stands, and what it says."""

    name: str
    ground: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lemma:
    """One proved implication. `label` is that of THEORY; `beside` names the wrong variants that it replaces.

    `sharp` is a share of the conclusion's constant (below 1 for an upper bound, above 1 for a lower one) at which the lemma is false
    already; None where no sharpness is claimed.
    """

    name: str
    label: str
    statement: str
    reading: str
    hypotheses: tuple[Hypothesis, ...]
    sharp: Fraction | None
    beside: tuple[str, ...]
    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongVariant:
    """A claim that is often made, and false. `instead` names the lemmas that hold.

    `counterexample` is a sentence with the model's symbols in braces.
    """

    name: str
    label: str
    claim: str
    flaw: str
    hypotheses: tuple[Hypothesis, ...]
    instead: tuple[str, ...]
    counterexample: str
    script: str


@cache
def lemmas() -> tuple[Lemma, ...]:
    """Every lemma, by name."""
    return tuple(read_lemma(name, script) for name, script in _scripts(""))


@cache
def wrong_variants() -> tuple[WrongVariant, ...]:
    """Every wrong variant, by name."""
    return tuple(read_wrong_variant(name, script) for name, script in _scripts("refuted"))


def find(names: Iterable[str]) -> tuple[tuple[Lemma, ...], tuple[WrongVariant, ...]]:
    """The lemmas and wrong variants of these names (all if there are none), a lemma's wrong variants included."""
    wanted = set(names)
    unknown = wanted - {lemma.name for lemma in lemmas()} - {variant.name for variant in wrong_variants()}
    if unknown:
        raise InputError(f"no lemma is called {min(unknown)}", mend="`suffice lemmas` lists them")
    chosen = tuple(lemma for lemma in lemmas() if not wanted or lemma.name in wanted)
    beside = wanted | {name for lemma in chosen for name in lemma.beside}
    return chosen, tuple(variant for variant in wrong_variants() if not wanted or variant.name in beside)


def read_lemma(name: str, script: str) -> Lemma:
    """A lemma from its file; `name` is the file's. Raises InputError where header and assertions disagree."""
    fields, hypotheses = _header(name, script, NEGATED_CONCLUSION)
    _demand(fields.get("lemma") == name, name, "the header names another lemma")
    sharp = fields.get("sharp")
    _demand((sharp is not None) <= (_SHARE in script), name, "a sharp lemma defines its share")
    return Lemma(
        name=name, label=_field(fields, "label", name), statement=_field(fields, "statement", name), reading=fields.get("reading", ""),
        hypotheses=hypotheses, sharp=None if sharp is None else Fraction(sharp.removeprefix("share = ")),
        beside=_names(fields.get("beside", "")), script=script,
    )  # fmt: skip


def read_wrong_variant(name: str, script: str) -> WrongVariant:
    """A wrong variant from its file; `name` is the file's. Raises InputError where header and assertions disagree."""
    fields, hypotheses = _header(name, script, NEGATED_CLAIM)
    _demand(fields.get("wrong") == name, name, "the header names another wrong variant")
    return WrongVariant(
        name=name, label=_field(fields, "label", name), claim=_field(fields, "claim", name), flaw=_field(fields, "flaw", name),
        hypotheses=hypotheses, instead=_names(_field(fields, "instead", name)), counterexample=_field(fields, "counterexample", name),
        script=script,
    )  # fmt: skip


def without(script: str, name: str) -> str:
    """The script without one of its named assertions."""
    kept = [line for line in script.splitlines() if not line.endswith(f" :named {name}))")]
    _demand(len(kept) + 1 == len(script.splitlines()), name, "no assertion has this name")
    return "\n".join(kept) + "\n"


def sharpened(lemma: Lemma) -> str:
    """The script of a sharp lemma with its conclusion a little stronger: false, if the constant is the best."""
    assert lemma.sharp is not None
    share = f"(/ {lemma.sharp.numerator}.0 {lemma.sharp.denominator}.0)"
    return lemma.script.replace(_SHARE, _SHARE.replace("1.0", share))


def told(variant: WrongVariant, model: Mapping[str, Fraction]) -> str:
    """The counterexample as a sentence with the model's numbers, in parentheses where a sign or a quotient meets a power or a division."""

    def number(match: re.Match[str]) -> str:
        text = str(model[match["name"]])
        inside = match["over"] + match["power"] and not text.isdecimal()
        return f"{match['over']}{f'({text})' if inside else text}{match['power']}"

    return re.sub(r"(?P<over>/?)\{(?P<name>\w+)\}(?P<power>\^?)", number, variant.counterexample)


def _scripts(folder: str) -> list[tuple[str, str]]:
    place = files("suffice.encodings.lemmas").joinpath(folder)
    found = [entry for entry in place.iterdir() if entry.name.endswith(".smt2")]
    return [(entry.name.removesuffix(".smt2"), entry.read_text(encoding="utf-8")) for entry in sorted(found, key=lambda entry: entry.name)]


def _header(name: str, script: str, negated: str) -> tuple[dict[str, str], tuple[Hypothesis, ...]]:
    fields: dict[str, str] = {}
    hypotheses = []
    for line in script.splitlines():
        if not line.startswith(";"):
            continue
        match = _FIELD.fullmatch(line)
        _demand(match is not None, name, f"cannot read the header line {line!r}")
        assert match is not None
        if match["key"] == "hypothesis":
            _demand(_GROUND.fullmatch(match["ground"] or "") is not None, name, f"{match['name']} stands on no ground")
            hypotheses.append(Hypothesis(match["name"], match["ground"], match["text"]))
        else:
            _demand(match["key"] not in fields, name, f"two lines {match['key']}")
            fields[match["key"]] = match["text"]
    named = _NAMED.findall(script)
    _demand(named == [*(hypothesis.name for hypothesis in hypotheses), negated], name, "header and assertions name different hypotheses")
    _demand(len(named) == script.count("(assert"), name, "an assertion has no name")
    declared = re.findall(r"^\((?:declare-const|define-fun) (\w+) ", script, re.MULTILINE)
    _demand(len({*named, *declared}) == len(named) + len(declared), name, "a name stands for two things")
    return fields, tuple(hypotheses)


def _field(fields: Mapping[str, str], key: str, name: str) -> str:
    _demand(key in fields, name, f"the header has no line {key}")
    return fields[key]


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _demand(holds: bool, name: str, what: str) -> None:
    if not holds:
        raise InputError(what, where=f"lemma file {name}", mend="mend the file")
