"""The smallest significand and the smallest exponent range: every candidate gets a verdict and a certificate of its own.

Nothing is inferred from one candidate for another: laws that use cells exclude only the p whose cells they used (THEORY, "Which p is
excluded"), and a program may be within tolerance at p and beyond it at p + 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from suffice.encodings.problem import Problem
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import FloatFormat, Format, scale_by_power
from suffice.proofs.certificate import Verdict
from suffice.prover.case import Asked
from suffice.prover.portfolio import Progress, prove
from suffice.prover.results import Result

MAX_BITS = 64
"""The p up to which a search goes unless told otherwise."""

MAX_EXPONENTS = 4096
"""The most exponents that are tried one by one."""

_WIDENED = 4
"""By so many exponents at both ends the narrowest range is widened where the two ends together are not yet enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Candidates in order, the smallest format first, up to the first that is proved sufficient, each with its own result.

    `quantity` is what `values` are values of: "p", "emax", or "emin" (which falls as formats grow).
    """

    problem: Problem
    quantity: str
    values: tuple[int, ...]
    results: tuple[Result, ...]

    def __iter__(self) -> Iterator[tuple[int, Result]]:
        return iter(zip(self.values, self.results, strict=True))

    @property
    def impossible_up_to(self) -> int | None:
        """The last candidate that is proved impossible together with every smaller one; None where the first is not."""
        found = None
        for value, result in self:
            if result.verdict is not Verdict.IMPOSSIBLE:
                break
            found = value
        return found

    @property
    def last_impossible(self) -> int | None:
        """The largest candidate proved impossible; smaller ones may be possible."""
        return self._last(lambda result: result.verdict is Verdict.IMPOSSIBLE)

    @property
    def ideal(self) -> int | None:
        """The smallest candidate that is proved possible: some algorithm is within tolerance (S2, T0, or the program by S1)."""
        return self._first(lambda result: result.possible)

    @property
    def sufficient_from(self) -> int | None:
        """The smallest candidate that is proved sufficient for this program. Of larger ones it says nothing."""
        return self._first(lambda result: result.verdict is Verdict.SUFFICIENT)

    @property
    def open(self) -> tuple[int, ...]:
        """Candidates of which neither `impossible` nor `possible` is proved."""
        return tuple(value for value, result in self if result.verdict is not Verdict.IMPOSSIBLE and not result.possible)

    @property
    def undecided(self) -> tuple[int, ...]:
        """Candidates of which nothing is proved about this program."""
        return tuple(value for value, result in self if result.verdict is Verdict.UNDECIDED)

    @property
    def tight(self) -> bool:
        """Whether every candidate below the ideal one is proved impossible."""
        below = [result for value, result in self if self.ideal is not None and self._precedes(value, self.ideal)]
        return self.ideal is not None and all(result.verdict is Verdict.IMPOSSIBLE for result in below)

    @property
    def is_smallest(self) -> bool:
        """Whether every candidate below the sufficient one is proved to fail, for this program or for all."""
        return self.sufficient_from is not None and not self.undecided

    def _precedes(self, value: int, other: int) -> bool:
        return self.values.index(value) < self.values.index(other)

    def _first(self, wanted: Callable[[Result], bool]) -> int | None:
        return next((value for value, result in self if wanted(result)), None)

    def _last(self, wanted: Callable[[Result], bool]) -> int | None:
        return next((value for value, result in reversed(list(self)) if wanted(result)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentRange:
    """Each end of the exponent range alone, the other held at `base`'s, and the two together: `joint` are the ranges tried, each
    within the next, up to the first that is proved sufficient. Of ranges that were not tried it says nothing.
    """

    base: FloatFormat
    emax: Scan
    emin: Scan
    joint: tuple[Result, ...]

    @property
    def problem(self) -> Problem:
        """The question."""
        return self.emax.problem

    @property
    def results(self) -> tuple[Result, ...]:
        """All of them, each format once."""
        every = (*self.emax.results, *self.emin.results, *self.joint)
        return tuple({result.format: result for result in every}.values())

    @property
    def format(self) -> str | None:
        """The first of the ranges tried that is proved sufficient with both ends as they are."""
        return next((result.format for result in self.joint if result.verdict is Verdict.SUFFICIENT), None)


def with_numbers(base: FloatFormat, *, p: int, emin: int, emax: int) -> FloatFormat:
    """A format with the rules of `base` whose every significand and exponent is a number. Raises FormatError."""
    return replace(base, p=p, emin=emin, emax=emax, max_finite=scale_by_power((1 << p) - 1, emax - p + 1), bits=0)


def float_base(fmt: Format) -> FloatFormat:
    """The format whose rules and exponents stand. Raises InputError for one without a significand."""
    if not isinstance(fmt, FloatFormat):
        raise InputError(f"{format_name(fmt)} has no significand and no exponents", mend="name a floating-point format, such as fp32")
    return fmt


def significands(base: FloatFormat, max_bits: int = MAX_BITS) -> list[FloatFormat]:
    """p = 1, 2, ..., max_bits with the exponents and rules of `base`. Raises InputError."""
    if max_bits < 1:
        raise InputError(f"no significand has {max_bits} bits", mend="ask for 1 at least")
    return [with_numbers(base, p=p, emin=base.emin, emax=base.emax) for p in range(1, max_bits + 1)]


def check_placed(asked: Asked, fmt: FloatFormat) -> None:
    """Raises InputError where the format that is looked for stands nowhere: all places have formats of their own."""
    if fmt not in (asked.input, asked.compute, asked.output):
        raise InputError("inputs, operations and output all have formats of their own", mend="leave out the one that is looked for")


def scan_significands(
    problem: Problem, formats: Sequence[Asked], *, timeout: float | None = None, run_all: bool = False, progress: Progress | None = None
) -> Scan:
    """A verdict for p = 1, 2, ..., formats[p - 1] being the one of p, up to the first that is proved sufficient."""
    return _scan(problem, "p", range(1, len(formats) + 1), formats, timeout=timeout, run_all=run_all, progress=progress)


Ask = Callable[[Sequence[FloatFormat]], Sequence[Asked]]
"""The question about each format, with the places that have formats of their own."""


def scan_exponents(
    problem: Problem, base: FloatFormat, ask: Ask, *, timeout: float | None = None, run_all: bool = False, progress: Progress | None = None
) -> ExponentRange:
    """The smallest emax with base's emin, the largest emin with base's emax, and the two together.

    Raises InputError where `base` has more than MAX_EXPONENTS exponents.
    """
    if base.emax - base.emin >= MAX_EXPONENTS:
        count = base.emax - base.emin + 1
        raise InputError(f"{count} exponents are too many to try one by one", mend=f"narrow them to {MAX_EXPONENTS} by --emin and --emax")
    every = range(base.emin, base.emax + 1)

    def scan(quantity: str, values: Sequence[int], first: float) -> Scan:
        formats = [with_numbers(base, **{"p": base.p, "emin": base.emin, "emax": base.emax, quantity: value}) for value in values]
        return _scan(problem, quantity, values, ask(formats), timeout=timeout, run_all=run_all, progress=_halved(progress, first))

    emax, emin = scan("emax", every, 0.0), scan("emin", every[::-1], 0.5)
    if emax.sufficient_from is None or emin.sufficient_from is None:
        return ExponentRange(base=base, emax=emax, emin=emin, joint=())
    low, high = min(emin.sufficient_from, emax.sufficient_from), emax.sufficient_from
    ranges = [
        with_numbers(base, p=base.p, emin=max(low - wider, base.emin), emax=min(high + wider, base.emax)) for wider in range(_WIDENED + 1)
    ]
    joint = prove(problem, ask(ranges), timeout=timeout, run_all=run_all, until=Verdict.SUFFICIENT).results
    return ExponentRange(base=base, emax=emax, emin=emin, joint=joint)


def _scan(
    problem: Problem, quantity: str, values: Sequence[int], formats: Sequence[Asked], *, timeout: float | None, run_all: bool,
    progress: Progress | None,
) -> Scan:  # fmt: skip
    proof = prove(problem, formats, timeout=timeout, run_all=run_all, progress=progress, until=Verdict.SUFFICIENT)
    return Scan(problem=problem, quantity=quantity, values=tuple(values[: len(proof.results)]), results=proof.results)


def _halved(progress: Progress | None, first: float) -> Progress | None:
    """A half of the work that tells of itself as a part of the whole."""
    if progress is None:
        return None

    def tell(stage: str, fraction: float) -> None:
        progress(stage, first + fraction / 2)

    return tell
