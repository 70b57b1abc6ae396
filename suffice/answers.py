"""Answers as a user of the Python interface holds them: the prover's results, printed as tables in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.prover.results import Bounds, FormatBounds, Minimum, Proof, Result
from suffice.rendering import to_html, to_text
from suffice.tables import Table, bounds_table, function_table, measure_text, run_table, share_table, verdict_table

_Named = TypeVar("_Named", Result, FormatBounds)


@dataclass(frozen=True, slots=True)
class ProofAnswer:
    """The answer of `prove`: one result for each format, in the order asked; `answer["fp16"]` is that of one."""

    proof: Proof

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.proof.problem

    @property
    def results(self) -> tuple[Result, ...]:
        """One for each format."""
        return self.proof.results

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __getitem__(self, name: str) -> Result:
        return _named(name, self.results)

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return (verdict_table(self.problem, self.results),)

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


@dataclass(frozen=True, slots=True)
class MinimumAnswer:
    """The answer of `minimum`: the smallest format proved sufficient (None if none is), and a result for it and each smaller one.

    `tight`: every smaller format that was asked about is proved impossible.
    """

    answer: Minimum

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.answer.problem

    @property
    def results(self) -> tuple[Result, ...]:
        """One for each format up to the smallest that is enough."""
        return self.answer.results

    @property
    def minimum(self) -> str | None:
        """The name of the smallest format proved sufficient."""
        return self.answer.minimum

    @property
    def tight(self) -> bool:
        """Whether every smaller format is proved impossible."""
        return self.answer.tight

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __getitem__(self, name: str) -> Result:
        return _named(name, self.results)

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return (verdict_table(self.problem, self.results, ["", self.sentence()]),)

    def sentence(self) -> str:
        """The smallest format in words."""
        if self.minimum is None:
            return "No format asked about is proved sufficient."
        smaller = "every smaller one asked about is proved impossible" if self.tight else "not every smaller one is proved impossible"
        return f"The smallest format proved sufficient is {self.minimum}; {smaller}."

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


@dataclass(frozen=True, slots=True)
class BoundsAnswer:
    """The answer of `bounds`: range, slopes and curvatures of the function, and the error bracket in each format."""

    bounds: Bounds

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.bounds.problem

    @property
    def results(self) -> tuple[FormatBounds, ...]:
        """One for each format, in the order asked."""
        return self.bounds.results

    def __iter__(self) -> Iterator[FormatBounds]:
        return iter(self.results)

    def __getitem__(self, name: str) -> FormatBounds:
        return _named(name, self.results)

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        measured = measure_text(self.problem)
        explained = [share_table(result, measured) for result in self.results if result.shares]
        runs = [run_table(result) for result in self.results if result.run]
        return (bounds_table(self.bounds), *explained, *runs, function_table(self.bounds))

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


def _named(name: str, results: tuple[_Named, ...]) -> _Named:
    for result in results:
        if result.format == name:
            return result
    raise InputError(f"{name!r} was not asked about", mend=f"asked were {', '.join(result.format for result in results)}")
