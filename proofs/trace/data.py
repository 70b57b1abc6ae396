"""What a trace is made of: plain data that the templates set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number put in: its name, its exact text, and a decimal for reading that says on which side it lies."""

    name: str
    exact: str
    decimal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: the label of its statement and what that says, the text, the numbers put in, the SMT-LIB script, what follows."""

    label: str = ""
    meaning: str = ""
    text: str = ""
    quantities: tuple[Quantity, ...] = ()
    script: str = ""
    follows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Steps under one heading."""

    heading: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The derivation of one certificate, named by its digest; `answer` is the verdict in one sentence.

    `formula_latex` is empty where the formula is to be set from its text, `formula_text` where there is none.
    """

    digest: str
    title: str
    answer: str
    formula_text: str
    formula_latex: str
    sections: tuple[Section, ...]
