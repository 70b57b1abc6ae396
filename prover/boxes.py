"""The largest box, scaled about its centre, on which a format is proved enough, and the smallest on which it is proved not to be.

What is sufficient on a box is so on every smaller one inside it, and what is impossible or insufficient on a box is so on every larger one:
worst errors and E* are suprema over the box (THEORY, section 0), for real inputs and for representable ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.problem import Box, Interval, Problem
from suffice.errors import DisagreementError, DomainError, InputError
from suffice.proofs.certificate import Verdict
from suffice.prover.case import Asked, is_free
from suffice.prover.portfolio import Progress, prove
from suffice.prover.results import Result

FINEST = Fraction(1, 64)
"""The two ends are brought together until they differ by so small a part, unless told otherwise."""

LARGEST = Fraction(1 << 20)
"""Scales between 1 / LARGEST and LARGEST are tried."""

_FAILS = (Verdict.IMPOSSIBLE, Verdict.INSUFFICIENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledBox:
    """The verdict on the box scaled by `scale`; `result` is None where f was not shown to be defined, and then `note` says why."""

    scale: Fraction
    box: Box
    result: Result | None
    note: str = ""

    @property
    def is_enough(self) -> bool:
        """Whether the format is proved sufficient here."""
        return self.result is not None and self.result.verdict is Verdict.SUFFICIENT

    @property
    def fails(self) -> bool:
        """Whether it is proved that the program, or every algorithm, fails here."""
        return self.result is not None and self.result.verdict in _FAILS


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestBox:
    """The search in one format: every box tried, the smallest first."""

    format: str
    tried: tuple[ScaledBox, ...]

    @property
    def largest(self) -> ScaledBox | None:
        """The largest box that is proved enough, None if none is."""
        return max((box for box in self.tried if box.is_enough), key=lambda box: box.scale, default=None)

    @property
    def smallest_failing(self) -> ScaledBox | None:
        """The smallest box on which failure is proved, None if there is none."""
        return min((box for box in self.tried if box.fails), key=lambda box: box.scale, default=None)

    @property
    def unanswered(self) -> ScaledBox | None:
        """The smallest box without an answer beyond all that have one. f need not be undefined there; `note` says what is known."""
        last = max((box.scale for box in self.tried if box.result is not None), default=Fraction(0))
        return min((box for box in self.tried if box.result is None and box.scale > last), key=lambda box: box.scale, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestBoxes:
    """The answer for several formats."""

    problem: Problem
    finest: Fraction
    results: tuple[LargestBox, ...]


def largest_boxes(
    problem: Problem, formats: Sequence[Asked], *, finest: Fraction = FINEST, timeout: float | None = None, progress: Progress | None = None
) -> LargestBoxes:
    """Double or halve the box about its centre until the verdict turns, then bisect towards both ends. Raises SufficeError."""
    if problem.tolerance is None:
        raise InputError("the problem has no tolerance", mend="add --eps, or eps in the problem file")
    if all(side.lo == side.hi for side in problem.box.values()):
        raise InputError("the box is a single point", mend="give an input an interval")
    if not 0 < finest < 1:
        raise InputError(f"the ends cannot be brought together to a part of {finest}", mend="give a part between 0 and 1, such as 1/64")
    results = []
    for k, asked in enumerate(formats):
        if any(is_free(fmt) for fmt in (asked.input, asked.compute, asked.output)):
            raise InputError(
                f"the scales of {asked.name} follow the box, so that boxes cannot be compared", mend="give a scale: int8(scale=1/64,zero=0)"
            )
        told = None if progress is None else _within(progress, asked.name, k, len(formats))
        results.append(_Search(problem, asked, timeout, told).run(finest))
    return LargestBoxes(problem=problem, finest=finest, results=tuple(results))


def scaled(box: Box, scale: Fraction) -> Box:
    """The box with every side times `scale` about its middle."""
    return {name: _scaled_side(side, scale) for name, side in box.items()}


def _scaled_side(side: Interval, scale: Fraction) -> Interval:
    middle, half = (side.lo + side.hi) / 2, (side.hi - side.lo) / 2 * scale
    return Interval(middle - half, middle + half)


class _Search:
    """Boxes of one format, each tried once."""

    def __init__(self, problem: Problem, asked: Asked, timeout: float | None, tell: Callable[[int], None] | None) -> None:
        self._problem, self._asked, self._timeout, self._tell = problem, asked, timeout, tell
        self._tried: dict[Fraction, ScaledBox] = {}

    def run(self, finest: Fraction) -> LargestBox:
        """The search. Raises DisagreementError where verdicts contradict each other."""
        self._walk(Fraction(1, 2), lambda box: box.is_enough)
        self._walk(Fraction(2), lambda box: box.fails or box.result is None)
        self._bisect(lambda box: box.is_enough, finest)
        self._bisect(lambda box: not box.fails and box.result is not None, finest)
        found = LargestBox(format=self._asked.name, tried=tuple(self._tried[s] for s in sorted(self._tried)))
        if found.largest and found.smallest_failing and found.largest.scale >= found.smallest_failing.scale:
            raise DisagreementError("a box is proved enough that holds one proved not to be", where=self._problem.name)
        return found

    def _walk(self, step: Fraction, is_there: Callable[[ScaledBox], bool]) -> None:
        """From the box as it is, by factors of `step`, to the first box with the property, or to the end."""
        scale = Fraction(1)
        while 1 / LARGEST <= scale <= LARGEST and not is_there(self._at(scale)):
            scale *= step

    def _bisect(self, is_below: Callable[[ScaledBox], bool], finest: Fraction) -> None:
        """Bring together the largest scale that is below and the smallest beyond it that is not."""
        while True:
            below = max((s for s, box in self._tried.items() if is_below(box)), default=None)
            if below is None:
                return
            above = min((s for s, box in self._tried.items() if s > below), default=None)
            if above is None or above - below <= finest * above:
                return
            self._at(_between(below, above))

    def _at(self, scale: Fraction) -> ScaledBox:
        if scale not in self._tried:
            self._tried[scale] = self._prove(scale)
            if self._tell:
                self._tell(len(self._tried))
        return self._tried[scale]

    def _prove(self, scale: Fraction) -> ScaledBox:
        box = scaled(self._problem.box, scale)
        try:
            (result,) = prove(replace(self._problem, box=box), [self._asked], timeout=self._timeout).results
        except DomainError as error:
            return ScaledBox(scale=scale, box=box, result=None, note=str(error))
        return ScaledBox(scale=scale, box=box, result=result, note=result.note)


def _between(below: Fraction, above: Fraction) -> Fraction:
    """The number of few digits near the middle: the middle rounded to eight significant bits, where that lies between."""
    middle = (below + above) / 2
    unit = Fraction(2) ** (middle.numerator.bit_length() - middle.denominator.bit_length() - 8)
    rounded = round(middle / unit) * unit
    return rounded if below < rounded < above else middle


_EXPECTED = 24
"""About so many boxes are tried."""


def _within(progress: Progress, name: str, done: int, count: int) -> Callable[[int], None]:
    """What a search tells of the boxes it has tried, as a part of the whole."""

    def tell(boxes: int) -> None:
        progress(name, (done + min(boxes / _EXPECTED, 1.0)) / count)

    return tell
