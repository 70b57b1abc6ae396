"""Answers about where verdicts turn, as a user of the Python interface holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.frontier_tables import box_table, exponent_tables, scan_table, staircase_table, tolerance_table
from suffice.prover.boxes import LargestBox, LargestBoxes
from suffice.prover.results import Result
from suffice.prover.significand import ExponentRange, Scan
from suffice.prover.staircase import Staircase
from suffice.prover.tolerances import SmallestTolerances, Tolerances
from suffice.rendering import to_html, to_text
from suffice.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class SignificandAnswer:
    """The answer of `smallest_significand`: `answer[p]` is the result for p; what they say together stands in `scan`."""

    scan: Scan

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.scan.problem

    @property
    def results(self) -> tuple[Result, ...]:
        """One for p = 1, 2, ... up to the first that is proved sufficient."""
        return self.scan.results

    @property
    def impossible_up_to(self) -> int | None:
        """The largest p that is proved impossible together with every smaller one."""
        return self.scan.impossible_up_to

    @property
    def ideal(self) -> int | None:
        """The smallest p proved possible: some algorithm is within tolerance, though not always the one that rounds correctly."""
        return self.scan.ideal

    @property
    def sufficient_from(self) -> int | None:
        """The smallest p proved sufficient for this program. Nothing is said of larger ones."""
        return self.scan.sufficient_from

    @property
    def tight(self) -> bool:
        """Whether every p below `ideal` is proved impossible."""
        return self.scan.tight

    def __getitem__(self, p: int) -> Result:
        for value, result in self.scan:
            if value == p:
                return result
        raise InputError(f"p = {p} was not tried", mend=f"tried were 1 to {len(self.results)}")

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return (scan_table(self.scan),)

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


@dataclass(frozen=True, slots=True)
class ExponentAnswer:
    """The answer of `smallest_exponents`: scans of emax and emin, and the first `format` tried that is proved sufficient with both."""

    found: ExponentRange

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.found.problem

    @property
    def results(self) -> tuple[Result, ...]:
        """One for each format tried."""
        return self.found.results

    @property
    def format(self) -> str | None:
        """The first of the ranges tried that is proved sufficient with both ends, None if none is."""
        return self.found.format

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return exponent_tables(self.found)

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


@dataclass(frozen=True, slots=True)
class StaircaseAnswer:
    """The answer of `significand_staircase`: one scan for each tolerance, the largest tolerance first."""

    found: Staircase

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.found.problem

    def __iter__(self) -> Iterator[SignificandAnswer]:
        return (SignificandAnswer(scan) for scan in self.found.scans)

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return (staircase_table(self.found),)

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


@dataclass(frozen=True, slots=True)
class ToleranceAnswer:
    """The answer of `smallest_tolerance`; `answer["fp16"]` is that of one format."""

    found: SmallestTolerances

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.found.problem

    def __getitem__(self, name: str) -> Tolerances:
        for result in self.found.results:
            if result.format == name:
                return result
        raise InputError(f"{name!r} was not asked about", mend=f"asked were {', '.join(r.format for r in self.found.results)}")

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return (tolerance_table(self.found),)

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """The answer of `largest_box`; `answer["fp16"]` is that of one format."""

    found: LargestBoxes

    @property
    def problem(self) -> Problem:
        """The question, with the box as it was given."""
        return self.found.problem

    def __getitem__(self, name: str) -> LargestBox:
        for result in self.found.results:
            if result.format == name:
                return result
        raise InputError(f"{name!r} was not asked about", mend=f"asked were {', '.join(r.format for r in self.found.results)}")

    def tables(self) -> tuple[Table, ...]:
        """What is shown."""
        return tuple(box_table(self.problem, result) for result in self.found.results)

    def __str__(self) -> str:
        return to_text(self.tables())

    def _repr_html_(self) -> str:
        return to_html(self.tables())
