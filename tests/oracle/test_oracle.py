"""The oracle's truth: cases done by hand, brute force by sampling, planted false claims, and the random questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import inf, prod
from random import Random

import pytest

from suffice.encodings.expression import Expression, ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.hardware_specs.format import EXACT, FloatFormat, Format, IntFormat, Overflow

from .enclosures import SMOOTH, Range
from .measures import Image, Measure
from .random_problems import VERDICTS, Case, cases, verdict_of
from .reading import value_at
from .rounding import Piece, Value, cells, numbers, to_fraction
from .runs import run_codes
from .truth import Truth, contradictions, truth


def _float(p: int, emin: int, emax: int, max_finite: Fraction | None = None, overflow: Overflow = Overflow.INFINITY) -> FloatFormat:
    top = (2 - Fraction(2) ** (1 - p)) * Fraction(2) ** emax if max_finite is None else max_finite
    return FloatFormat(p=p, emin=emin, emax=emax, max_finite=top, infinities=overflow is Overflow.INFINITY, overflow=overflow)


FP16 = _float(11, -14, 15)
E4M3 = _float(4, -6, 8, Fraction(448), Overflow.NAN)

ABSOLUTE = Tolerance(absolute=Fraction(1, 100))
RELATIVE = Tolerance(absolute=Fraction(0), relative=Fraction(1, 100))


def _expression(build: Callable[[ExpressionBuilder], int]) -> Expression:
    builder = ExpressionBuilder()
    return builder.build(build(builder))


def _square_around_three_halves(b: ExpressionBuilder) -> int:
    difference = b.apply(Op.SUB, b.variable("x"), b.constant(Fraction(3, 2)))
    return b.apply(Op.MUL, difference, difference)


def _softmax(b: ExpressionBuilder) -> int:
    first, second = b.apply(Op.EXP, b.variable("x")), b.apply(Op.EXP, b.variable("y"))
    return b.apply(Op.DIV, first, b.apply(Op.ADD, first, second))


def _identity(b: ExpressionBuilder) -> int:
    return b.variable("x")


def _square(b: ExpressionBuilder) -> int:
    return b.apply(Op.MUL, b.variable("x"), b.variable("x"))


def _truth(
    build: Callable[[ExpressionBuilder], int],
    box: dict[str, tuple[Fraction | int, Fraction | int]],
    fmt: FloatFormat,
    output: Format | None = None,
    tolerance: Tolerance = ABSOLUTE,
    inputs: InputModel = InputModel.REAL,
) -> Truth:
    intervals = {name: Interval(Fraction(lo), Fraction(hi)) for name, (lo, hi) in box.items()}
    problem = Problem(expression=_expression(build), box=intervals, tolerance=tolerance, inputs=inputs)
    return truth(problem, fmt, fmt, fmt if output is None else output)


def _is(bracket: Range, value: Fraction) -> bool:
    return bracket.lo <= value <= bracket.hi and bracket.hi - bracket.lo <= abs(value) / 10**12


@pytest.mark.parametrize(("p", "floor"), [(5, Fraction("0.02734375")), (7, Fraction("0.007568359375"))])
def test_the_floor_of_a_square(p: int, floor: Fraction) -> None:
    """The cell with the widest image begins at the first boundary above 1, or ends at the last below 2."""
    assert _is(_truth(_square_around_three_halves, {"x": (1, 2)}, _float(p, -126, 127), EXACT).floor, floor)


def test_the_identity_in_eight_bits() -> None:
    """Spacing 1/16 below 1: half of it is the error of rounding, and no algorithm does better; relative to x, nothing helps near 0."""
    known = _truth(_identity, {"x": (0, 1)}, E4M3)
    assert _is(known.floor, Fraction(1, 32)) and _is(known.program, Fraction(1, 32))
    known = _truth(_identity, {"x": (0, 1)}, E4M3, tolerance=RELATIVE)
    assert known.floor == known.program == Range(Fraction(1), Fraction(1))
    known = _truth(_identity, {"x": (Fraction(1, 2), 1)}, E4M3, tolerance=RELATIVE)
    assert _is(known.floor, Fraction(1, 17))


def test_the_identity_on_representable_inputs_is_exact_and_beyond_the_range_is_not() -> None:
    known = _truth(_identity, {"x": (0, 1)}, E4M3, inputs=InputModel.REPRESENTABLE)
    assert known.floor == known.program == Range(Fraction(0), Fraction(0))
    known = _truth(_identity, {"x": (0, 500)}, E4M3)
    assert _is(known.floor, Fraction(500 - 448)) and known.program.lo == inf


def test_the_relative_floor_of_a_cell() -> None:
    """On [a, b] the best answer is the harmonic mean, with error (b - a) / (b + a): largest on [5/4, 7/4] where p = 2."""
    known = _truth(_identity, {"x": (1, 2)}, _float(2, -4, 4), EXACT, tolerance=RELATIVE)
    assert _is(known.floor, Fraction(1, 6)) and _is(known.program, Fraction(1, 5))


def test_the_excess_floor_of_a_cell() -> None:
    """|z - y| - y / 4 is at most e on [5/4, 7/4] for the z with 7/4 - z - 7/16 = z - 5/4 - 5/16."""
    tolerance = Tolerance(absolute=Fraction(1), relative=Fraction(1, 4))
    known = _truth(_identity, {"x": (Fraction(5, 4), Fraction(7, 4))}, _float(2, -4, 4), EXACT, tolerance=tolerance)
    assert known.floor == known.program == Range(Fraction(0), Fraction(0))
    tolerance = Tolerance(absolute=Fraction(1), relative=Fraction(1, 16))
    known = _truth(_identity, {"x": (Fraction(5, 4), Fraction(7, 4))}, _float(2, -4, 4), EXACT, tolerance=tolerance)
    assert _is(known.floor, Fraction(1, 4) - Fraction(3, 32)) and _is(known.program, Fraction(1, 4) - Fraction(5, 64))


def test_the_square_in_sixteen_bits() -> None:
    """On the cell [2 - 3 2^-11, 2 - 2^-11] the best answer is 4 - 4 2^-10: outputs are 2^-9 apart there."""
    known = _truth(_square, {"x": (0, 2)}, FP16)
    a, b = Fraction(2) - Fraction(3, 2048), Fraction(2) - Fraction(1, 2048)
    z = Fraction(4) - Fraction(4, 1024)
    assert known.floor.lo >= max(z - a * a, b * b - z)
    assert _is(known.program, Fraction("0.0028994083404541015625"))
    assert known.floor.hi <= known.program.hi


def test_a_two_input_softmax() -> None:
    known = _truth(_softmax, {"x": (-1, 1), "y": (-1, 1)}, E4M3)
    assert Fraction(1, 64) < known.floor.lo <= known.floor.hi < known.program.hi < Fraction(1, 8)
    assert known.floor.hi - known.floor.lo < Fraction(1, 10**9)


@dataclass(frozen=True)
class Claims:
    """A result that claims nothing unless told."""

    verdict: str = "undecided"
    possible: bool = False
    floor: Fraction | str | None = None
    floor_upper: Fraction | str | None = None
    error_bound: Fraction | str | None = None
    witness_error: Fraction | str | None = None


TRUTH = Truth(Range(Fraction(1), Fraction(2)), Range(Fraction(5), Fraction(6)), Fraction(3))
TIGHT = Truth(Range(Fraction(1), Fraction(2)), Range(Fraction(5), Fraction(6)), Fraction(1, 2))
LOOSE = Truth(Range(Fraction(1), Fraction(2)), Range(Fraction(5), Fraction(6)), Fraction(6))
FAILING = Truth(Range(Fraction(1), Fraction(2)), Range(inf, inf), Fraction(6))


@pytest.mark.parametrize(
    ("known", "claims"),
    [
        (TRUTH, Claims(verdict="impossible")),
        (TRUTH, Claims(verdict="sufficient")),
        (LOOSE, Claims(verdict="insufficient")),
        (TIGHT, Claims(possible=True)),
        (TRUTH, Claims(floor=Fraction(21, 10))),
        (TRUTH, Claims(floor_upper=Fraction(9, 10))),
        (TRUTH, Claims(error_bound=Fraction(49, 10))),
        (TRUTH, Claims(witness_error=Fraction(61, 10))),
        (TRUTH, Claims(witness_error="infinite")),
        (FAILING, Claims(error_bound=Fraction(10**9))),
    ],
)
def test_a_false_claim_is_reported(known: Truth, claims: Claims) -> None:
    assert len(contradictions(known, claims)) == 1


OPEN_FLOOR = Truth(Range(Fraction(1), Fraction(2)), Range(Fraction(5), Fraction(6)), Fraction(3, 2))
OPEN_PROGRAM = Truth(Range(Fraction(1), Fraction(2)), Range(Fraction(5), Fraction(6)), Fraction(11, 2))


@pytest.mark.parametrize(
    ("known", "claims"),
    [
        (OPEN_FLOOR, Claims(verdict="impossible")),
        (OPEN_FLOOR, Claims(possible=True)),
        (OPEN_PROGRAM, Claims(verdict="sufficient")),
        (OPEN_PROGRAM, Claims(verdict="insufficient")),
    ],
)
def test_what_the_brackets_leave_open_is_not_reported(known: Truth, claims: Claims) -> None:
    assert contradictions(known, claims) == []


def test_true_and_empty_claims_are_not_reported() -> None:
    ends = Claims("insufficient", True, floor=Fraction(2), floor_upper=Fraction(1), error_bound=Fraction(5), witness_error=Fraction(6))
    assert contradictions(TRUTH, ends) == []
    assert contradictions(TIGHT, Claims(verdict="impossible")) == []
    assert contradictions(LOOSE, Claims(verdict="sufficient", possible=True)) == []
    assert contradictions(FAILING, Claims(verdict="insufficient", witness_error="infinite")) == []
    assert contradictions(TRUTH, Claims()) == []


def test_a_false_claim_about_a_real_problem_is_reported() -> None:
    known = _truth(_square_around_three_halves, {"x": (1, 2)}, _float(5, -126, 127), EXACT)
    assert contradictions(known, Claims(verdict="impossible", floor=Fraction("0.02734375"))) == []
    assert len(contradictions(known, Claims(verdict="sufficient", floor=Fraction("0.02734376")))) == 2


def _error(tolerance: Tolerance, z: Fraction, y: Fraction) -> Fraction | float:
    if not tolerance.is_relative:
        return max(Fraction(0), abs(z - y) - tolerance.relative * abs(y))
    if y == 0:
        return Fraction(0) if z == 0 else inf
    return abs(z - y) / abs(y)


def _parts(case: Case, name: str) -> dict[Value, list[Piece]]:
    """The cells of one input; for representable inputs its numbers."""
    side = case.problem.box[name]
    if case.problem.inputs is InputModel.REPRESENTABLE:
        return {v: [Piece(v, v)] for v in numbers(case.source, side.lo, side.hi)}
    return cells(case.source, side.lo, side.hi)


def _points(rng: Random, boxes: list[tuple[Piece, ...]], count: int) -> list[list[Fraction]]:
    """Points close to every corner of the boxes, and as many random ones."""
    near = Fraction(1, 10**9)
    shares = list(product([near, 1 - near], repeat=len(boxes[0])))
    shares += [tuple(Fraction(rng.randint(1, 10**6 - 1), 10**6) for _ in boxes[0]) for _ in range(count)]
    return [[p.lo + (p.hi - p.lo) * t for p, t in zip(box, share, strict=True)] for box in boxes for share in shares]


def _sampled(case: Case) -> tuple[Fraction | float, Fraction | float]:
    """Lower bounds of E* and E(P): every answer tried on sampled points of every cell."""
    rng, problem, tolerance = Random(0), case.problem, case.problem.tolerance
    assert tolerance is not None
    names = list(problem.box)
    parts = [_parts(case, name) for name in names]
    answers = numbers(case.output, Fraction(-(2**14)), Fraction(2**14)) if isinstance(case.output, FloatFormat | IntFormat) else []
    floor: Fraction | float = Fraction(0)
    program: Fraction | float = Fraction(0)
    for codes in product(*parts):
        boxes = list(product(*(found[code] for found, code in zip(parts, codes, strict=True))))
        images = [value_at(problem.expression, dict(zip(names, x, strict=True))) for x in _points(rng, boxes, 12)]
        span = [min(images), max(images)]
        if answers:
            floor = max(floor, min(max(_error(tolerance, z, y) for y in span) for z in answers))
        answer = to_fraction(run_codes(problem.expression, dict(zip(names, codes, strict=True)), case.compute, case.output))
        program = max(program, inf if answer is None else max(_error(tolerance, answer, y) for y in images))
    return floor, program


def _is_small(case: Case) -> bool:
    few = case.output == EXACT or getattr(case.output, "bits", 0) <= 8
    return few and prod(len(_parts(case, name)) for name in case.problem.box) <= 120


def test_brute_force_stays_within_the_brackets_and_comes_near() -> None:
    """Sampling only sees part of each cell, so it may fall short of the truth, but never beyond it; nearly always it comes close."""
    variables: Counter[int] = Counter()
    close = 0
    for case in filter(_is_small, cases(0, 90)):
        floor, program = _sampled(case)
        slack = Fraction(1, 10**30)
        assert floor <= case.truth.floor.hi + slack and program <= case.truth.program.hi + slack, case.seed
        variables[len(case.problem.box)] += 1
        near = program >= case.truth.program.lo * Fraction(97, 100) - slack if case.truth.program.lo < inf else program == inf
        near &= case.output == EXACT or case.truth.floor.lo == inf or floor >= case.truth.floor.lo * Fraction(97, 100) - slack
        close += near
    assert variables[1] >= 20 and variables[2] >= 5 and close >= 0.9 * variables.total()


def test_random_questions_have_every_verdict_and_every_operation() -> None:
    drawn = list(cases(100, 190))
    verdicts = Counter(verdict_of(case.truth) for case in drawn)
    assert all(verdicts[v] >= len(drawn) / 5 for v in VERDICTS)
    assert {node.op for case in drawn for node in case.problem.expression.nodes} == {Op.CONST, Op.VAR, Op.PI, Op.E, *SMOOTH}
    assert {len(case.problem.box) for case in drawn} == {1, 2}
    assert {case.problem.inputs for case in drawn} == set(InputModel)
    for case in drawn:
        assert verdict_of(case.truth) == case.verdict
        assert case.truth.threshold == case.problem.tolerance.threshold  # type: ignore[union-attr]
        assert case.truth.floor.lo <= case.truth.program.hi


def test_random_questions_are_reproducible() -> None:
    assert list(cases(0, 5)) == list(cases(0, 5))


def test_the_floor_of_a_constant_that_is_only_enclosed_is_zero() -> None:
    """x - x on a cell where one end of its image is known exactly, the other within a range around it."""
    tiny = Fraction(1, 2**160)
    image = Image(Range(Fraction(0), Fraction(0)), Range(-tiny, tiny))
    assert image.floor(Measure(False, Fraction(0)), EXACT).lo == 0
