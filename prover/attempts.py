"""The strategies at work on one case: each proposes, the kernel derives, the dossier keeps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf
from typing import Any

from suffice.encodings.enclosures.arb import enclose_at, node_enclosures
from suffice.encodings.enclosures.bounds import RangeBounds
from suffice.encodings.enclosures.crosscheck import crosscheck_value
from suffice.encodings.problem import Box, Interval, Problem
from suffice.errors import DisagreementError, DomainError
from suffice.hardware_specs.format import EXACT, CodeFormat, FloatFormat, IntFormat
from suffice.proofs.decimals import decimal_above, decimal_nearest
from suffice.proofs.kernel.derivation import Derivation
from suffice.proofs.kernel.limits import MAX_PRECISION
from suffice.prover.case import Asked, Case, is_free, make_case
from suffice.prover.covers import MAX_LEAVES, CoverFailed, build_cover
from suffice.prover.dossier import Dossier
from suffice.prover.emulation import can_emulate
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import Bounded, evidence_of, kernel_seconds, search_bound, search_ideal
from suffice.prover.laws import along_segments, counting, inside_cell, write_point
from suffice.prover.leading import cell_corners, leading_points
from suffice.prover.results import Amount, Finding, Point
from suffice.prover.runs import search_runs
from suffice.prover.search import Candidate, Search, search
from suffice.prover.unrolled import runs_on

DEFAULT_TIMEOUT = 60.0
"""Seconds for one format."""


@dataclass(slots=True)
class Attempt:
    """The work on one case: what was found by whom, and what is left to know about the problem."""

    case: Case
    dossier: Dossier
    bounds: RangeBounds
    deadline: float
    run_all: bool
    findings: list[Finding] = field(default_factory=list)
    enumerated: bool = False
    """Whether every cell was visited, so that the exact errors are known."""

    def record(self, strategy: str, start: float, bound: str, derived: Sequence[Derivation | None], note: str = "") -> None:
        """Note the best of what a strategy derived."""
        seconds = time.monotonic() - start
        known = [derivation for derivation in derived if derivation is not None]
        if not known:
            self.findings.append(Finding(strategy=strategy, seconds=seconds, note=note))
            return
        best = max(known, key=lambda derivation: inf if isinstance(derivation.value, str) else derivation.value)
        self.findings.append(
            Finding(strategy=strategy, bound=bound, statement=best.label, value=amount(best.value), seconds=seconds, note=note)
        )


def open_case(problem: Problem, asked: Asked, bounds: RangeBounds) -> Case:
    """The case of one choice of formats, with scales for free integer codes."""
    if isinstance(asked.output, CodeFormat):
        asked = replace(asked, input=EXACT if isinstance(asked.input, CodeFormat) else asked.input, compute=EXACT)
    ranges: list[Interval | None] = [None] * len(problem.expression.nodes)
    if any(is_free(fmt) for fmt in (asked.input, asked.compute, asked.output)):
        with suppress(DomainError):
            ranges = [*_node_ranges(problem)[:-1], bounds.outside]
    return make_case(problem, asked, ranges)


_PIECES_OF_BOX = 64


def _node_ranges(problem: Problem) -> list[Interval]:
    """Enclosures of all nodes over the box, from a grid of pieces: tight enough to choose scales by."""
    wide = [name for name, side in problem.box.items() if side.lo < side.hi]
    parts = int(_PIECES_OF_BOX ** (1 / max(len(wide), 1)))
    pieces = [problem.box]
    for name in wide:
        lo, hi = problem.box[name].lo, problem.box[name].hi
        sides = [Interval(lo + (hi - lo) * k / parts, lo + (hi - lo) * (k + 1) / parts) for k in range(parts)]
        pieces = [piece | {name: side} for piece in pieces for side in sides]
    enclosures = [known for piece in pieces if (known := _enclosed(problem, piece)) is not None]
    return [Interval(min(i.lo for i in node), max(i.hi for i in node)) for node in zip(*enclosures, strict=True)]


def _enclosed(problem: Problem, piece: Box) -> list[Interval] | None:
    """The enclosures of all nodes on a piece of the box, None where no point of it counts; a node that may be undefined raises."""
    try:
        found = node_enclosures(problem.expression, piece, preconditions=problem.preconditions)
    except DomainError:
        if piece is problem.box or not problem.preconditions:
            raise
        return None
    known = [interval for interval in found if interval is not None]
    if len(known) < len(found):
        raise DomainError("an operation in a branch is not defined on the whole box", mend="give the integer codes a scale")
    return known


def try_range(attempt: Attempt) -> None:
    """T7 and T1 at the extremes of f."""
    start = time.monotonic()
    extremes = (attempt.bounds.lowest.point, attempt.bounds.highest.point)
    attempt.record("range", start, "floor", confirm_candidates(attempt, "floor", [Candidate((point,), 0.0) for point in extremes]))


def try_counting(attempt: Attempt) -> None:
    """T3, which needs no more than two points."""
    start = time.monotonic()
    for law in counting(attempt.case, attempt.bounds, precision_for(attempt)):
        derived = attempt.dossier.offer("floor", law.evidence)
        if derived is not None:
            attempt.record("counting", start, "floor", [derived])
            return


def try_laws(attempt: Attempt, found: Search) -> None:
    """T4 and T5 along segments, T2 and T6 inside the worst cell found."""
    precision = precision_for(attempt)
    laws = along_segments(attempt.case, precision)
    if found.pairs:
        laws += inside_cell(attempt.case, found.pairs[0].points[0], precision)
    for law in laws:
        start = time.monotonic()
        attempt.record(f"{law.name} law", start, "floor", [attempt.dossier.offer("floor", law.evidence)])


def search_and_confirm(attempt: Attempt) -> Search:
    """Enumeration or sampling, then confirmation of the best pairs and runs."""
    start = time.monotonic()
    case = attempt.case
    found = Search((), (), False, 0)
    formats = (*case.inputs.values(), *case.nodes, case.output)
    if not any(is_free(fmt) for fmt in case.inputs.values()) and can_emulate(formats, case.problem.box):
        found = search(case)
    attempt.enumerated = found.complete
    leading = leading_points(case, attempt.bounds)
    pairs = (*found.pairs, *(Candidate(points, 0.0) for points in leading))
    strategy = f"enumeration of {found.sites} codes" if found.complete else "witness search"
    attempt.record(strategy, start, "floor", confirm_candidates(attempt, "floor", pairs))
    if case.has_program and (attempt.run_all or not attempt.dossier.exceeds("floor")):
        start = time.monotonic()
        corners = [corner for candidate in found.runs for corner in cell_corners(case, candidate.points[0])]
        others = [*corners, *(point for points in leading for point in points)]
        runs = (*found.runs, *(Candidate((point,), 0.0) for point in others))
        attempt.record("runs", start, "witness_error", confirm_candidates(attempt, "witness_error", runs))
    return found


def confirm_candidates(attempt: Attempt, bound: str, candidates: Sequence[Candidate]) -> list[Derivation | None]:
    """Offer candidates to the kernel, best first."""
    precision = precision_for(attempt)
    derived = []
    for candidate in candidates:
        if bound == "witness_error" and runs_on(attempt.case, candidate.points[0]):
            continue
        points = [write_point(point) for point in candidate.points]
        evidence: dict[str, Any] = {"kind": "pair", "points": points, "precision": precision}
        if bound == "witness_error":
            evidence = {"kind": "run", "point": points[0], "precision": precision}
        derived.append(attempt.dossier.offer(bound, evidence))
    return derived


def precision_for(attempt: Attempt) -> int:
    """Fixed-point bits that resolve the threshold, the inputs' last places and the smallest values of f."""
    smallest = [attempt.case.question.threshold or Fraction(1)]
    values = (attempt.bounds.lowest.value, attempt.bounds.highest.value, attempt.bounds.outside)
    smallest += [abs(end) for value in values for end in (value.lo, value.hi) if end]
    if attempt.case.question.is_relative:
        smallest.append(attempt.case.question.threshold * min(smallest))
    bits = max(0, -min(value.numerator.bit_length() - value.denominator.bit_length() for value in smallest))
    significand = max((getattr(fmt, "p", 0) for fmt in (*attempt.case.inputs.values(), attempt.case.output)), default=0)
    return min(MAX_PRECISION, 64 * -(-(64 + bits + 2 * significand) // 64))


def find_cover(attempt: Attempt, *, ideal: bool) -> str:
    """A cover whose leaves all meet the threshold, then a tighter one if that is cheap; the reason if there is none."""
    if not ideal and not attempt.enumerated:
        return _find_program_cover(attempt)
    if ideal and _find_ideal_cover(attempt):
        return ""
    reason = _cover_leaf_by_leaf(attempt, ideal=ideal)
    if not reason:
        tightest_cover(attempt, THOROUGH if attempt.run_all else CHEAP, ideal=ideal)
    return reason


def _cover_leaf_by_leaf(attempt: Attempt, *, ideal: bool) -> str:
    """Cut the box with the kernel's own rule; the reason if that fails."""
    reason = ""
    for pieces in _PIECES_OF_CELL if ideal else _PIECES_OF_LEAF:
        failed = _build(attempt, attempt.dossier.threshold, ideal=ideal, pieces=pieces)
        if failed is None:
            return ""
        reason = describe(failed)
        if failed.is_exhausted:
            break
    return reason


_JUST_BELOW = 1 - 2.0**-40

_COARSE_BITS = 11
"""Inputs of such a precision at most have cells that a cover can visit one by one where S1 does not reach."""

_TIGHTER = Effort(gap=0.01, leaves=2000, seconds=2.0)


def _find_program_cover(attempt: Attempt) -> str:
    """S1 by branch and bound, then runs that refute what it could not prove, then leaf by leaf where cells can be visited."""
    threshold, case = attempt.dossier.threshold, attempt.case
    seconds = max(attempt.deadline - time.monotonic(), 0.0)
    effort = Effort(target=float(threshold) * _JUST_BELOW, seconds=min(seconds, _LONGEST_SEARCH))
    bounded = search_bound(case, effort, precision_for(attempt))
    if bounded.value is not None and bounded.value <= threshold:
        _offer_bounded(attempt, bounded)
        if attempt.dossier.meets("error_bound"):
            _tighten(attempt)
            return ""
    if attempt.run_all or not attempt.dossier.exceeds("witness_error"):
        find_runs(attempt, bounded, seconds=min(max(attempt.deadline - time.monotonic(), 0.0), _LONGEST_SEARCH))
    if attempt.dossier.exceeds("witness_error"):
        return ""
    if all(isinstance(fmt, IntFormat) or (isinstance(fmt, FloatFormat) and fmt.p <= _COARSE_BITS) for fmt in case.inputs.values()):
        return _cover_leaf_by_leaf(attempt, ideal=False)
    if bounded.value is not None and bounded.value > threshold:
        if _is_derivable(attempt, bounded):
            _offer_bounded(attempt, bounded)
        return f"the error bound {decimal_above(bounded.value, 6)} exceeds the tolerance"
    return f"no bound was found at {bounded.where()}"


def _find_ideal_cover(attempt: Attempt) -> bool:
    """S2 by branch and bound; whether it proves what is asked. Cutting leaf by leaf may yet reach farther, where cells can be visited."""
    threshold, case, start = attempt.dossier.threshold, attempt.case, time.monotonic()
    if start > attempt.deadline:
        return False
    effort = Effort(target=float(threshold) * _JUST_BELOW, leaves=_IDEAL_LEAVES, seconds=min(attempt.deadline - start, _LONGEST_SEARCH))
    bounded = search_ideal(case, effort, precision_for(attempt))
    if bounded.value is None or bounded.value > threshold or not _is_derivable(attempt, bounded):
        return False
    derived = attempt.dossier.offer("floor_upper", evidence_of(bounded, case, precision_for(attempt)))
    attempt.record("ideal algorithm", start, "floor_upper", [derived], "" if derived else "the kernel derives no bound")
    return attempt.dossier.meets("floor_upper")


def _is_derivable(attempt: Attempt, bounded: Bounded) -> bool:
    """Whether the kernel derives the bound again in about the time that is left."""
    return kernel_seconds(bounded, attempt.case) <= max(attempt.deadline - time.monotonic(), CONFIRMED_SECONDS)


_IDEAL_LEAVES = 10_000

_LONGEST_SEARCH = 10.0
"""Seconds for one search."""


def _offer_bounded(attempt: Attempt, bounded: Bounded) -> None:
    start = time.monotonic()
    derived = attempt.dossier.offer("error_bound", evidence_of(bounded, attempt.case, precision_for(attempt)))
    attempt.record("error bound", start - bounded.seconds, "error_bound", [derived], "" if derived else "the kernel derives no bound")


def _tighten(attempt: Attempt) -> None:
    """A bound closer to the truth than the tolerance asks for."""
    bounded = search_bound(attempt.case, ENGINE if attempt.run_all else _TIGHTER, precision_for(attempt))
    if kernel_seconds(bounded, attempt.case) <= CONFIRMED_SECONDS or attempt.run_all:
        _offer_bounded(attempt, bounded)


ENGINE = Effort(gap=0.002, leaves=40_000, seconds=5.0)
"""How tight a bound is made where it is asked for."""

CONFIRMED_SECONDS = 1.0
"""The kernel derives a bound again where that takes about so long at most."""


def find_runs(attempt: Attempt, bounded: Bounded, *, seconds: float) -> None:
    """Runs whose error comes near the bound: all of them where they can be listed, else by search."""
    if attempt.enumerated:
        return
    start = time.monotonic()
    upper = None if bounded.value is None else float(bounded.value)
    found = search_runs(attempt.case, upper=upper, hints=bounded.hints(), seconds=seconds)
    attempt.record("runs", start, "witness_error", confirm_candidates(attempt, "witness_error", found.candidates))


_PIECES_OF_CELL = (4, 32, 256)
"""Into how many parts a whole cell is cut to find its image: from cheap to thorough."""

_PIECES_OF_LEAF = (1, 16)
"""The same for leaves that the cover itself may cut further."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How tight covers are made beyond the verdict: down to so many times the lower bound, by so many leaves, in so many seconds."""

    factors: tuple[Fraction, ...]
    leaves: int
    seconds: float


_ROUGH = tuple(map(Fraction, ("1048576", "64", "4", "3/2")))
_EXACT = 1 + Fraction(1, 1 << 30)

CHEAP = Patience((*_ROUGH, Fraction(17, 16)), 128, 5.0)
"""A bracket that costs next to nothing: so few leaves that time hardly ever decides, and the same question gives the same certificate."""

THOROUGH = Patience((*_ROUGH, Fraction(9, 8), Fraction(33, 32), _EXACT), 10_000, 10.0)
"""A bracket that is asked for; exact where the cells can be visited."""


def tightest_cover(attempt: Attempt, effort: Patience, *, ideal: bool) -> str:
    """Covers with ever smaller targets, as far as the effort reaches; the reason why the first failed, if it did."""
    bound, lower = ("floor_upper", "floor") if ideal else ("error_bound", "witness_error")
    reached = attempt.dossier.value(lower)
    if not isinstance(reached, Fraction) or reached == 0:
        reached = Fraction(1, 1 << 1074)
    reason = ""
    deadline = time.monotonic() + effort.seconds
    for factor in effort.factors:
        target, known = reached * factor, attempt.dossier.value(bound)
        if (isinstance(known, Fraction) and known <= target) or (factor == _EXACT and not attempt.enumerated):
            continue
        seconds = deadline - time.monotonic()
        if seconds <= 0 and bound in attempt.dossier.claims:
            return ""
        failed = _build(attempt, target, ideal=ideal, leaves=effort.leaves, seconds=max(seconds, 0.5), pieces=_PIECES_OF_CELL[0])
        if failed is not None and bound in attempt.dossier.claims:
            return ""
        reason = describe(failed) if failed else ""
    return reason


def describe(failed: CoverFailed) -> str:
    """Why there is no cover, and where."""
    where = ", ".join(f"{name} in [{decimal_nearest(lo, 6)}, {decimal_nearest(hi, 6)}]" for name, (lo, hi) in failed.leaf.items())
    return f"{failed.reason} at {where}"


def _build(
    attempt: Attempt, target: Fraction, *, ideal: bool, leaves: int = MAX_LEAVES, seconds: float = inf, pieces: int = 1
) -> CoverFailed | None:
    start = time.monotonic()
    strategy, bound = ("ideal algorithm", "floor_upper") if ideal else ("error bound", "error_bound")
    built = build_cover(
        attempt.case, ideal=ideal, target=target, precision=precision_for(attempt),
        deadline=min(attempt.deadline, start + seconds), max_leaves=leaves, pieces=pieces,
    )  # fmt: skip
    if isinstance(built, CoverFailed):
        attempt.record(strategy, start, bound, [], describe(built))
        return built
    attempt.record(strategy, start, bound, [attempt.dossier.accept(bound, built.evidence, built.derivation)])
    return None


def amount(value: Fraction | str) -> Amount:
    """A value of the kernel's as the prover reports it."""
    return value if isinstance(value, Fraction) else "infinite"


def read_point(point: dict[str, str]) -> Point:
    """A point as it stands in a certificate."""
    return {name: Fraction(x) for name, x in point.items()}


def cross_check(attempt: Attempt) -> None:
    """mpmath against Arb at every point that the claims rest on, and the two sides of each bracket against each other."""
    problem, dossier = attempt.case.problem, attempt.dossier
    for claim in dossier.claims.values():
        points = claim.evidence.get("points", [claim.evidence["point"]] if "point" in claim.evidence else [])
        for point in points:
            where = read_point(point)
            crosscheck_value(problem.expression, where, enclose_at(problem.expression, where))
    for lower, upper in (("floor", "floor_upper"), ("floor", "error_bound"), ("witness_error", "error_bound")):
        low, high = dossier.value(lower), dossier.value(upper)
        if low is not None and isinstance(high, Fraction) and (isinstance(low, str) or low > high):
            raise DisagreementError(f"{lower} {low} lies above {upper} {high}", where=problem.name)
