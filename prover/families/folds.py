"""Evidence to offer for regions of folds: covers of one step and of the value (S1), points that all steps share (T1-T8), runs (W)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

from suffice.encodings.enclosures.bounds import range_bounds
from suffice.encodings.expression import Expression
from suffice.encodings.family import Fold
from suffice.encodings.instances import common_box, hull_box
from suffice.encodings.problem import Box, Interval, Problem, Tolerance
from suffice.errors import SufficeError
from suffice.hardware_specs.format import EXACT, FloatFormat, Format, IntFormat
from suffice.proofs.certificate import Verdict
from suffice.prover.attempts import precision_for
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import evidence_of, search_bound
from suffice.prover.families.desk import LARGEST_FOLD, Desk
from suffice.prover.families.extents import Extent
from suffice.prover.families.fold_runs import propose_runs, zero_point
from suffice.prover.families.proposals import Evidence, found_at
from suffice.prover.families.question import attempt_of

_PRECISION = 192
"""Fixed-point bits of fold covers."""

_RATIO = Fraction(9, 8)
"""About the ratio of the ends of a block of sizes."""

_WIDE_RATIO = Fraction(2)
"""The same where every block needs a search of its own."""

_REMEMBERED = 2
"""So many pieces of evidence for other sizes are offered again."""

_NEAR = 4
"""More leaves for one step are tried where the bound is within this factor of the tolerance."""

_BLOCK_SECONDS = 2.0
"""For the cover of the value on one block."""


def propose(desk: Desk, extent: Extent, verdict: Verdict) -> Iterator[Evidence]:
    """Evidence that may prove the verdict on the extent: what proved it elsewhere, fitted to the sizes, then what a search finds."""
    assert extent.sizes is not None
    known = [_fitted(evidence, extent.sizes) for evidence in desk.remembered.get(verdict, [])[:_REMEMBERED]]
    if verdict is Verdict.IMPOSSIBLE:
        yield from (evidence for evidence in known if evidence is not None)
    try:
        if verdict is Verdict.IMPOSSIBLE:
            yield from shared_points(desk, extent)
        elif not desk.case.has_program:
            return
        elif verdict is Verdict.SUFFICIENT:
            yield from covers(desk, extent)
        else:
            yield from propose_runs(desk, extent)
    except SufficeError:
        return
    if verdict is Verdict.INSUFFICIENT:
        yield from (evidence for evidence in known if evidence is not None)


def _fitted(evidence: Evidence, sizes: tuple[int, int | None]) -> Evidence | None:
    """Evidence of other sizes, made to reach to the last one of these."""
    low, high = sizes
    if evidence["kind"] == "fold_points":
        how = evidence["sizes"]
        if how["by"] != "blocks":
            return evidence
        return None if high is None else {**evidence, "sizes": {"by": "blocks", "ends": _ends(how["ends"], low, high)}}
    if evidence["kind"] == "fold_run":
        tail, prefix = evidence["tail"], evidence["prefix"]
        return None if prefix and prefix["steps"] > low else {**evidence, "tail": None if tail is None else max(tail, low)}
    return None


def _ends(ends: list[int], low: int, high: int) -> list[int]:
    return [*(end for end in ends if low <= end < high), high]


def shared_points(desk: Desk, extent: Extent) -> Iterator[Evidence]:
    """Floors of f where all steps are equal, at the first and the last size, and every way to say that they hold for all sizes."""
    assert extent.sizes is not None
    low, high = extent.sizes
    for size in (low, *((high,) if high is not None and high != low else ())):
        for evidence in _floors(desk, extent, size):
            for how in _ways(desk, extent, size):
                yield {"kind": "fold_points", "of": evidence, "sizes": how}


def _floors(desk: Desk, extent: Extent, size: int) -> Iterator[Evidence]:
    with suppress(SufficeError):
        yield from found_at(desk, extent, size, Verdict.IMPOSSIBLE)


def _ways(desk: Desk, extent: Extent, size: int) -> Iterator[dict[str, Any]]:
    fold = _fold(desk)
    assert extent.sizes is not None
    low, high = extent.sizes
    if high == low:
        yield {"by": "blocks", "ends": [low]}
        return
    if size == low:
        yield {"by": "shift", "at": low}
        zero = zero_point(fold, common_box(desk.case.family, extent.parameters))
        if zero is not None:
            yield {"by": "zero", "at": low, "point": {name: str(value) for name, value in sorted(zero.items())}}
    yield {"by": "mean"}
    if high is not None:
        yield {"by": "blocks", "ends": [high]}
        yield {"by": "blocks", "ends": list(_blocks(low, high, Fraction(5, 4)))}


def _blocks(low: int, high: int, ratio: Fraction | None) -> Iterator[int]:
    """The last sizes of blocks whose ends have about this ratio; single sizes where that is less."""
    first = low
    while ratio is not None and first < high:
        last = min(max(int(first * ratio), first), high)
        if last == high:
            break
        yield last
        first = last + 1
    yield high


def covers(desk: Desk, extent: Extent) -> Iterator[Evidence]:
    """Covers of one step and of the value on blocks of sizes: one leaf each, then the leaves that a search finds."""
    assert extent.sizes is not None
    low, high = extent.sizes
    if high is None or high > LARGEST_FOLD:
        return
    is_sum = len(desk.case.family.expression.nodes) == 1
    ratio = None if is_sum else _RATIO
    yield _cover([0], [[end, [0]] for end in _blocks(low, high, ratio)])
    if is_sum and _is_hopeless(desk, extent):
        return
    term = _term_splits(desk, extent)
    if term != [0]:
        yield _cover(term, [[end, [0]] for end in _blocks(low, high, ratio)])
    if is_sum:
        return
    first, blocks = low, []
    for end in _blocks(low, high, _WIDE_RATIO):
        cuts = _value_splits(desk, extent, first, end)
        if cuts is None:
            return
        blocks.append([end, cuts])
        first = end + 1
    yield _cover(term, blocks)


def _is_hopeless(desk: Desk, extent: Extent) -> bool:
    """Whether the bound of one leaf for all elements is so far above the tolerance that more leaves will not do."""
    return isinstance(desk.derived, Fraction) and desk.derived > _NEAR * desk.case.threshold(extent, greatest=False)


def _cover(term: list[Any], blocks: list[list[Any]]) -> Evidence:
    return {"kind": "fold_cover", "start": [0], "term": term, "blocks": blocks, "pieces": 1, "precision": _PRECISION}


def _term_splits(desk: Desk, extent: Extent) -> list[Any]:
    """Cuts for which the error of one term is near its least bound."""
    fold = _fold(desk)
    box = hull_box(desk.case.family, extent.parameters)
    problem = _part(desk, fold.term, {name: box[name] for name in fold.term.variables if name in box}, extent.parameters)
    attempt = attempt_of(desk.case, problem, [name for name in problem.box if name in extent.parameters], desk.deadline)
    bounded = search_bound(attempt.case, Effort(gap=0.05, leaves=500, seconds=_BLOCK_SECONDS), precision_for(attempt))
    if bounded.value is None:
        return [0]
    return list(evidence_of(bounded, attempt.case, _PRECISION)["splits"])


def _value_splits(desk: Desk, extent: Extent, first: int, last: int) -> list[Any] | None:
    """Cuts for which the error of the expression meets the tolerance on sizes from `first` to `last`.

    The state arrives rounded to multiples of about twice its error.
    """
    family, fold = desk.case.family, _fold(desk)
    box = hull_box(family, extent.parameters)
    start = _range(fold.start, box, extent.parameters)
    term = _range(fold.term, box, extent.parameters)
    sums = [end + size * step for size in (first, last) for end, step in ((start.lo, term.lo), (start.hi, term.hi))]
    sides = {**box, fold.state: Interval(min(sums), max(sums)), fold.size: Interval(Fraction(first), Fraction(last))}
    used = {name: sides[name] for name in family.expression.variables if name in sides}
    problem = _part(desk, family.expression, used, extent.parameters)
    exact = [name for name in problem.box if name in extent.parameters or name == fold.size]
    attempt = attempt_of(desk.case, problem, exact, desk.deadline, {fold.state: _state_grid(desk, last, term, sides[fold.state])})
    target = float(desk.case.threshold(extent, greatest=False))
    effort = Effort(gap=-1.0, target=target * 0.98, leaves=4000, seconds=_BLOCK_SECONDS)
    bounded = search_bound(attempt.case, effort, precision_for(attempt))
    if bounded.value is None or bounded.value > Fraction(target):
        return None
    return list(evidence_of(bounded, attempt.case, _PRECISION)["splits"])


def _state_grid(desk: Desk, size: int, term: Interval, state: Interval) -> Format:
    """Multiples of twice the error that `size` steps bring: of every term a few roundings, and one of every sum."""
    formats = desk.case.formats
    precisions = [fmt.p for fmt in (formats.formats.compute, formats.accumulate) if isinstance(fmt, FloatFormat)]
    if len(precisions) < _BOTH:
        return EXACT
    of_term, of_state = (max(abs(side.lo), abs(side.hi)) * Fraction(2) ** -p for side, p in zip((term, state), precisions, strict=True))
    scale = 2 * size * (_ROUNDINGS * of_term + of_state)
    top = 1 << 62
    return IntFormat(qmin=-top, qmax=top, bits=63, scale=scale, zero=0) if scale else EXACT


_BOTH = 2
_ROUNDINGS = 3


def _range(expression: Expression, box: Box, parameters: Box) -> Interval:
    sides = {name: {**box, **parameters}[name] for name in expression.variables}
    return range_bounds(expression, sides).outside


def _part(desk: Desk, expression: Expression, box: Box, parameters: Box) -> Problem:
    """A formula of the family as a question of its own."""
    used = {name: side for name, side in parameters.items() if name in expression.variables}
    family = desk.case.family
    tolerance = Tolerance(absolute=family.absolute.over(parameters).lo, relative=family.relative.over(parameters).lo)
    return Problem(expression=expression, box={**box, **used}, tolerance=tolerance, inputs=family.inputs)


def _fold(desk: Desk) -> Fold:
    fold = desk.case.family.fold
    assert fold is not None
    return fold
