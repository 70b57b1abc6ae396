"""Error bounds of a random program against the largest error that a long search finds, each error evaluated by the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, product
from math import inf, prod
from random import Random

from suffice.encodings.expression import Expression
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval
from suffice.errors import SufficeError
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.checking import Claim, derive
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.prover.brackets import bounds
from suffice.prover.engine import Effort
from suffice.prover.error_bounds import Bounded, evidence_of, search_bound
from suffice.prover.results import Point
from suffice.prover.runs import search_runs
from tests.oracle.branching import FALSE, TRUE, branching_truth, enclose, run
from tests.oracle.enclosures import Bound, ball, to_range
from tests.oracle.measures import measure_of
from tests.oracle.rounding import neighbours, round_real, span, to_fraction
from tests.soundness.random_programs import Drawn

EFFORT = Effort(gap=0.05, leaves=48, seconds=0.3)
PRECISION = 192
NEAR = Fraction(1, 1 << 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was claimed and found for one program; `wrong` names the claims below an error that was found."""

    seed: int
    operations: int
    branches: bool
    engine: Bound
    refined: Bound
    kernel: Bound
    bracket: Bound | None
    error: Bound
    point: Point | None
    wrong: tuple[str, ...]
    failure: str = ""


def judge(given: Drawn, *, points: int = 120, seconds: float = 0.1, bracket: bool = False) -> Judged:
    """Bound the error by the engine, by the kernel on the engine's cover and (`bracket`) by `bounds`, and look for larger errors."""
    bounded = search_bound(given.case, EFFORT, PRECISION)
    engine = Fraction(bounded.found.bound) if bounded.found.bound < inf else inf
    kernel, failure = _derived(given, bounded)
    claimed = _bracket(given) if bracket else None
    claims = {"engine": engine, "refined": inf if bounded.value is None else bounded.value, "kernel": kernel}
    if claimed is not None:
        claims["bounds"] = claimed
    error, at = (Fraction(0), None) if min(claims.values()) == inf else worst_error(given, bounded, points=points, seconds=seconds)
    return Judged(
        seed=given.seed, operations=sum(bool(node.args) for node in given.problem.expression.nodes),
        branches=any(node.op is Op.IF for node in given.problem.expression.nodes), engine=engine, refined=claims["refined"], kernel=kernel,
        bracket=claimed, error=error, point=at, failure=failure, wrong=tuple(name for name, claim in claims.items() if claim < error),
    )  # fmt: skip


def judge_exhaustively(given: Drawn, *, most: int = 120) -> Judged | None:
    """The same against the exact worst error, where the box has few enough cells."""
    sides = [(given.case.inputs[name], side) for name, side in given.problem.box.items()]
    if prod(span(fmt, side.lo, side.hi) if isinstance(fmt, FloatFormat | IntFormat) else most + 1 for fmt, side in sides) > most:
        return None
    judged = judge(given, points=0, seconds=0.0)
    if min(judged.engine, judged.refined, judged.kernel) == inf:
        return judged
    truth = branching_truth(given.problem, given.program, given.program.output)
    claims = {"engine": judged.engine, "refined": judged.refined, "kernel": judged.kernel}
    wrong = tuple(name for name, claim in claims.items() if claim < truth.program.lo)
    return replace(judged, error=truth.program.lo, wrong=wrong)


def _derived(given: Drawn, bounded: Bounded) -> tuple[Bound, str]:
    if bounded.value is None:
        return inf, ""
    try:
        evidence = evidence_of(bounded, given.case, PRECISION)
        return Fraction(derive(given.case.question, Claim("error_bound", Fraction(0), "", evidence), Budget()).value), ""
    except (LeafFailure, Rejection) as failure:
        return inf, str(failure)


def _bracket(given: Drawn) -> Bound:
    """What `bounds` says; infinite where it has no bound."""
    try:
        found = bounds(given.problem, [given.asked], timeout=5.0).results[0].error_bound
    except SufficeError:
        return inf
    return inf if found is None else found


# The search


def worst_error(given: Drawn, bounded: Bounded, *, points: int, seconds: float) -> tuple[Bound, Point | None]:
    """The largest error found, from below, and where."""
    worst: tuple[Bound, Point | None] = (Fraction(0), None)
    for point in candidates(given, bounded, points=points, seconds=seconds):
        error = error_at(given, point)
        if error is not None and error > worst[0]:
            worst = (error, point)
    return worst


def error_at(given: Drawn, point: Point) -> Bound | None:
    """The program's error at a point from below, None where f is not defined, a precondition not surely true, or a comparison open."""
    problem, program = given.problem, given.program
    if problem.inputs is InputModel.REPRESENTABLE:
        point = {name: _representable(x, program.inputs[name], problem.box[name]) for name, x in point.items()}  # type: ignore[misc]
        if None in point.values():
            return None
    place = {name: ball(x) for name, x in point.items()}
    if any(enclose(condition, place) != TRUE for condition in problem.preconditions):
        return None
    value = enclose(problem.expression, place)
    if value is None or isinstance(value, tuple):
        return None
    assert problem.tolerance is not None
    measure, f = measure_of(problem.tolerance), to_range(value)
    codes = {name: round_real(x, program.inputs[name]) for name, x in point.items()}
    errors: list[Bound] = []
    for shift in (0, 1, -1) if program.accuracy else (0,):
        answer = to_fraction(run(problem.expression, program, codes, shift))
        errors.append(inf if answer is None else measure.least(answer, f))
    return max(errors)


def _representable(x: Fraction, fmt: Format, side: Interval) -> Fraction | None:
    code = to_fraction(round_real(x, fmt))
    near = [code] if code is not None and side.lo <= code <= side.hi else []
    if not near and isinstance(fmt, FloatFormat | IntFormat):
        near = [v for v in neighbours(fmt, x) if side.lo <= v <= side.hi]
    return near[0] if near else None


def candidates(given: Drawn, bounded: Bounded, *, points: int, seconds: float) -> Iterator[Point]:
    """Corners, ends of cells and binades, both sides of branches, random points, and what the search for runs proposes."""
    rng = Random(given.seed)
    box = given.problem.box
    yield from (dict(zip(box, corner, strict=True)) for corner in islice(product(*((s.lo, s.hi) for s in box.values())), 16))
    hints = [_clamped(given, hint) for hint in bounded.hints()] if bounded.found.bound < inf else []
    if seconds > 0:
        found = search_runs(given.case, upper=None, hints=hints, seconds=seconds, seed=given.seed)
        yield from (point for candidate in found.candidates for point in candidate.points)
    for k in range(points):
        anchor = hints[k % len(hints)] if hints and rng.random() < 0.3 else _random_point(given, rng)
        yield anchor
        yield {name: _near_an_end(rng, x, given.program.inputs[name], box[name]) for name, x in anchor.items()}
    tests = [k for k, node in enumerate(given.problem.expression.nodes) if node.op in (Op.LT, Op.LE, Op.EQ)] if points else []
    for k in tests:
        for _ in range(6):
            yield from _beside_branch(given, k, rng)


def _clamped(given: Drawn, point: Point) -> Point:
    """The point inside the box; the engine's ends are rounded outward."""
    return {name: min(max(point[name], side.lo), side.hi) for name, side in given.problem.box.items()}


def _random_point(given: Drawn, rng: Random) -> Point:
    return {name: _random_place(rng, side) for name, side in given.problem.box.items()}


def _random_place(rng: Random, side: Interval) -> Fraction:
    """Uniform, or uniform in the exponent."""
    lo, hi = side.lo, side.hi
    if rng.random() < 0.3 and lo > 0 and hi > 4 * lo:
        e = rng.randint(
            lo.numerator.bit_length() - lo.denominator.bit_length(), hi.numerator.bit_length() - hi.denominator.bit_length() + 1
        )
        x = Fraction(2) ** e * (1 + Fraction(rng.getrandbits(60), 1 << 60) * rng.choice([0, 1, 1]))
        return min(max(x, lo), hi)
    return lo + (hi - lo) * Fraction(rng.getrandbits(70), 1 << 70)


def _near_an_end(rng: Random, x: Fraction, fmt: Format, side: Interval) -> Fraction:
    """A number of the format near x, the middle between it and the next, or a place just beside that."""
    if not isinstance(fmt, FloatFormat | IntFormat):
        return x
    around = neighbours(fmt, x)
    lo, hi = around[0], around[-1]
    place = rng.choice([lo, hi, (lo + hi) / 2]) + rng.choice([Fraction(0), NEAR, -NEAR]) * (hi - lo)
    return min(max(place, side.lo), side.hi)


def _beside_branch(given: Drawn, test: int, rng: Random) -> Iterator[Point]:
    """Points on both sides of where a comparison turns, by bisection between two random points where it differs."""
    comparison = Expression(given.problem.expression.nodes[: test + 1])
    first, second = _random_point(given, rng), _random_point(given, rng)
    outcomes = [_outcome(comparison, point) for point in (first, second)]
    if None in outcomes or outcomes[0] == outcomes[1]:
        return
    for step in range(70):
        middle = {name: (first[name] + second[name]) / 2 for name in first}
        outcome = _outcome(comparison, middle)
        if outcome is None:
            break
        first, second = (middle, second) if outcome == outcomes[0] else (first, middle)
        if step % 10 == 9:
            yield first
            yield second
    yield first
    yield second
    for point in (first, second):
        for _ in range(4):
            yield {name: _near_an_end(rng, x, given.program.inputs[name], given.problem.box[name]) for name, x in point.items()}


def _outcome(comparison: Expression, point: Point) -> object:
    value = enclose(comparison, {name: ball(x) for name, x in point.items()})
    return value if value in (TRUE, FALSE) else None
