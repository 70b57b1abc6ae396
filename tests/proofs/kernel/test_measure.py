"""The measures, by brute force over grids of answers and of values of f."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from suffice.proofs.kernel.failures import LeafFailure
from suffice.proofs.kernel.formats import Exact
from suffice.proofs.kernel.measure import Measure, Span, neighbours

from .asking import both
from .documents import E2M1

MEASURES = {
    "absolute": Measure(False, Fraction(0)),
    "mixed": Measure(False, Fraction(1, 8)),
    "R = 1": Measure(False, Fraction(1)),
    "R = 3": Measure(False, Fraction(3)),
    "relative": Measure(True, Fraction(1, 8)),
}
every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())
GRID = [Fraction(k, 12) for k in range(-60, 61)]


def true_measure(measure: Measure, z: Fraction, f: Fraction) -> Fraction | None:
    """Of one answer at one value of f; None stands for infinity."""
    if not measure.is_relative:
        return max(Fraction(0), abs(z - f) - measure.relative * abs(f))
    if f == 0:
        return Fraction(0) if z == 0 else None
    return abs(z - f) / abs(f)


def _spans(rng: Random, count: int) -> list[Span]:
    spans = []
    for _ in range(count):
        a, b = rng.choice(GRID), rng.choice(GRID)
        spans.append((min(a, b), max(a, b)) if rng.random() < 0.7 else (a, a))
    return spans


@every_measure
def test_bounds_over_a_span_hold_and_are_reached(measure: Measure) -> None:
    rng = Random(1)
    for span in _spans(rng, 60):
        inside = [f for f in GRID if span[0] <= f <= span[1]]
        for z in rng.sample(GRID, 20):
            values = [true_measure(measure, z, f) for f in inside]
            known = [value for value in values if value is not None]
            assert all(measure.at_least(z, span) <= value for value in known)
            try:
                most = measure.at_most(z, span)
            except LeafFailure:
                assert measure.is_relative
                assert span[0] <= 0 <= span[1]
                continue
            assert None not in values
            assert most == max(known)


@every_measure
def test_an_error_and_a_size_bound_the_measure(measure: Measure) -> None:
    for z in GRID[::5]:
        for f in GRID[::7]:
            value = true_measure(measure, z, f)
            if value is None:
                with pytest.raises(LeafFailure, match="bounded away"):
                    measure.of_error(abs(z - f), abs(f))
            else:
                assert measure.of_error(abs(z - f), abs(f)) == value
                assert measure.of_error(abs(z - f) + 1, abs(f) / 2 or Fraction(1, 9)) >= value


@every_measure
def test_no_answer_is_better_than_the_best(measure: Measure) -> None:
    rng = Random(2)
    for first, second in zip(_spans(rng, 150), _spans(rng, 150), strict=True):
        low, high = sorted((first, second), key=sum)
        best = measure.best_pair(low, high)
        least = max(measure.at_least(best, low), measure.at_least(best, high))
        for z in (*GRID, best + Fraction(1, 1000), best - Fraction(1, 1000)):
            assert least <= max(measure.at_least(z, low), measure.at_least(z, high)), (low, high, z)


@every_measure
def test_only_neighbours_of_the_best_matter(measure: Measure) -> None:
    fmt, _ = both(E2M1)
    numbers = [sign * n for n in map(Fraction, ("0", "1/2", "1", "3/2", "2", "3", "4", "6")) for sign in (1, -1)]
    rng = Random(3)
    for a, b in zip(_spans(rng, 150), _spans(rng, 150), strict=True):
        low, high = sorted((a, b), key=sum)
        near = neighbours(fmt, measure.best_pair(low, high))
        worst = [max(measure.at_least(z, low), measure.at_least(z, high)) for z in near]
        assert min(worst) == min(max(measure.at_least(z, low), measure.at_least(z, high)) for z in numbers), (low, high)


def test_answers_of_open_formats() -> None:
    assert neighbours(Exact(), Fraction(1, 3)) == [Fraction(1, 3)] * 2
    assert neighbours(both(E2M1)[0], Fraction(100)) == [6]
