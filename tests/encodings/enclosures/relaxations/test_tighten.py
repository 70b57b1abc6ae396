"""Ranges of networks over boxes: sound against sampling and exact rationals, and as tight as each method promises."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from time import perf_counter

import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.enclosures.relaxations import backward, lines, rounding, zonotopes
from suffice.encodings.enclosures.relaxations.linearise import quotient
from suffice.encodings.enclosures.relaxations.lines import Lines
from suffice.encodings.enclosures.relaxations.tighten import Method, tighten, tightened
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.evaluate import run_all_float64
from suffice.encodings.networks.graph import Array, Network, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.errors import DomainError, InputError
from tests.encodings.enclosures.relaxations.random_networks import (
    KINKED,
    SMOOTH,
    exact_values,
    perceptron,
    points_of,
    random_case,
)

ROUNDING = 1e-9
"""More than float64 evaluation of these networks loses, in relation to the largest value that took part."""


def escapes(network: Network, box: InputBox, ranges: dict[int, Intervals], rng: np.random.Generator, count: int = 150) -> list[int]:
    """The nodes with a sampled value visibly outside their range."""
    values = run_all_float64(network, points_of(box, count, rng))
    allowed = ROUNDING * max(1.0, max(float(np.abs(value).max()) for value in values))
    inside = [
        bool(((value >= ranges[position].lo - allowed) & (value <= ranges[position].hi + allowed)).all())
        for position, value in enumerate(values)
    ]
    return [position for position, held in enumerate(inside) if not held]


def plain(network: Network, box: InputBox) -> dict[int, Intervals]:
    return tighten(network, box, work=0)


def widths(ranges: dict[int, Intervals], position: int) -> Array:
    return np.asarray(ranges[position].hi - ranges[position].lo)


@pytest.mark.parametrize("seed", range(10))
def test_ranges_hold_all_values_and_are_never_wider_than_intervals(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(12):
        network, box = random_case(rng)
        ranges, crude = tighten(network, box), plain(network, box)
        assert escapes(network, box, ranges, rng) == []
        for position, found in ranges.items():
            assert bool((found.lo >= crude[position].lo).all()) and bool((found.hi <= crude[position].hi).all())


def test_the_harness_sees_a_range_that_is_too_narrow() -> None:
    rng = np.random.default_rng(5)
    network = perceptron([3, 4, 2], TensorOp.TANH, rng)
    box = InputBox(lo=np.full(3, -0.5), hi=np.full(3, 0.5))
    ranges = dict(tighten(network, box))
    found = ranges[1]
    ranges[1] = Intervals(found.lo + 1e-2, found.hi)
    assert escapes(network, box, ranges, rng) == [1]


def linear_extremes(network: Network, box: InputBox) -> list[tuple[Fraction, Fraction]]:
    """The exact range of the output of a network without bends: it is affine, so signs of its coefficients tell the corners."""
    low, high = ([Fraction(end) for end in ends] for ends in (box.lo.ravel(), box.hi.ravel()))
    start = exact_values(network, low)[-1]
    steps = []
    for element, end in enumerate(high):
        moved = [*low[:element], end, *low[element + 1 :]]
        steps.append([a - b for a, b in zip(exact_values(network, moved)[-1], start, strict=True)])
    columns = list(zip(*steps, strict=True))
    return [
        (first + sum(min(step, Fraction(0)) for step in column), first + sum(max(step, Fraction(0)) for step in column))
        for first, column in zip(start, columns, strict=True)
    ]


def residual_linear(rng: np.random.Generator, size: float) -> Network:
    """x + B (A x + a) + b - and once more, with copies: affine, and intervals alone are far off."""
    build = NetworkBuilder("linear")
    x = build.input((4,))
    for _ in range(2):
        y = build.linear(build.linear(x, size * rng.normal(size=(5, 4)), size * rng.normal(size=5)), rng.normal(size=(4, 5)))
        x = build.binary(TensorOp.ADD, build.rearrange(x, lambda index: index[[1, 1, 3, 0]]), y)
    return build.finish(build.linear(x, rng.normal(size=(3, 4)), rng.normal(size=3)))


@pytest.mark.parametrize("size", [1.0, 1e12, 1e-120])
def test_linear_networks_are_bounded_to_rounding(size: float) -> None:
    rng = np.random.default_rng(7)
    for _ in range(5):
        network = residual_linear(rng, size)
        middle = rng.normal(size=4)
        box = InputBox(lo=middle - 0.25, hi=middle + 0.5)
        found = tighten(network, box)[len(network.nodes) - 1]
        truth = linear_extremes(network, box)
        scale = max(max(abs(low), abs(high)) for low, high in truth)
        for lo, hi, (low, high) in zip(found.lo, found.hi, truth, strict=True):
            assert Fraction(lo) <= low <= high <= Fraction(hi)
            assert low - Fraction(lo) < scale * Fraction(1, 10**12) and Fraction(hi) - high < scale * Fraction(1, 10**12)
        if size >= 1.0:
            assert float(widths(plain(network, box), len(network.nodes) - 1).max()) > 1.2 * float((found.hi - found.lo).max())


def cancelling(rng: np.random.Generator) -> tuple[Network, InputBox]:
    """Large numbers that cancel, so that rounding shows in the last result: the value is exact only where all rounding is accounted for."""
    build = NetworkBuilder("cancelling")
    x = build.input((6,))
    big = rng.normal(size=(6, 6)) * 10.0 ** rng.integers(0, 9, size=(6, 6))
    y = build.linear(x, big, rng.normal(size=6) * 1e8)
    back = rng.normal(size=(2, 6))
    z = build.linear(y, back)
    minus = build.linear(x, -(back @ big))
    middle = rng.normal(size=6)
    return build.finish(build.binary(TensorOp.ADD, z, minus)), InputBox(lo=middle, hi=middle + 1e-12)


def misses(case: tuple[Network, InputBox], found: Intervals) -> bool:
    """Whether the output's exact range reaches out of the one found."""
    return any(
        low < Fraction(lo) or high > Fraction(hi) for lo, hi, (low, high) in zip(found.lo, found.hi, linear_extremes(*case), strict=True)
    )


def by_back_substitution(case: tuple[Network, InputBox]) -> Intervals:
    network, box = case
    ranges = plain(network, box)
    return backward.range_of(network, _maps(network, ranges), ranges, len(network.nodes) - 1, rows_at_once=1)


def by_all(case: tuple[Network, InputBox]) -> Intervals:
    return tighten(*case)[len(case[0].nodes) - 1]


@pytest.mark.parametrize(("module", "bounds"), [(backward, by_back_substitution), (zonotopes, by_all)])
def test_rounding_of_large_numbers_is_accounted_for(
    module: object, bounds: Callable[[tuple[Network, InputBox]], Intervals], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    cases = [cancelling(rng) for _ in range(20)]
    assert not any(misses(case, bounds(case)) for case in cases)
    monkeypatch.setattr(module, "slack", lambda _: 0.0)
    assert any(misses(case, bounds(case)) for case in cases)


def test_lost_subnormal_numbers_are_accounted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product of two weights underflows to zero, and so does the coefficient of the input; the result lies above zero."""
    build = NetworkBuilder("underflow")
    x = build.linear(build.linear(build.input((1,)), np.array([[1e-200]])), np.array([[1e-200]]))
    case = build.finish(x), InputBox(lo=np.array([1e100]), hi=np.array([1e200]))
    assert not misses(case, by_back_substitution(case))
    for module in (backward, rounding):
        monkeypatch.setattr(module, "underflow", lambda *_: 0.0)
    assert misses(case, by_back_substitution(case))


def exact_back_substitution(network: Network, rules: dict[int, Lines], box: InputBox, row: list[Fraction]) -> Fraction:
    """CROWN's lower bound in exact rationals, for alternating linear and relu nodes with the lines given."""
    constant = Fraction(0)
    for position in range(len(network.nodes) - 1, 0, -1):
        node = network.nodes[position]
        if node.op is TensorOp.LINEAR:
            assert node.weight is not None and node.bias is not None
            constant += sum((a * Fraction(b) for a, b in zip(row, node.bias, strict=True)), Fraction(0))
            row = [sum((a * Fraction(w) for a, w in zip(row, column, strict=True)), Fraction(0)) for column in node.weight.T]
            continue
        chosen = rules[position]
        sides = [
            (chosen.lower_slope[k], chosen.lower_offset[k]) if a > 0 else (chosen.upper_slope[k], chosen.upper_offset[k])
            for k, a in enumerate(row)
        ]
        constant += sum((a * Fraction(offset) for a, (_, offset) in zip(row, sides, strict=True)), Fraction(0))
        row = [a * Fraction(slope) for a, (slope, _) in zip(row, sides, strict=True)]
    ends = zip(row, box.lo, box.hi, strict=True)
    return constant + sum((min(a * Fraction(lo), a * Fraction(hi)) for a, lo, hi in ends), Fraction(0))


def test_back_substitution_agrees_with_exact_rationals() -> None:
    rng = np.random.default_rng(11)
    for _ in range(40):
        scale = float(rng.choice([1e-3, 1.0, 1e4]))
        network = perceptron([3, 4, 3, 2], TensorOp.RELU, rng, scale=scale)
        box = InputBox(lo=np.full(3, -0.4), hi=rng.uniform(size=3))
        ranges = tighten(network, box)
        rules = {
            p: lines.bounding_lines(node, ranges[node.operands[0]]) for p, node in enumerate(network.nodes) if node.op is TensorOp.RELU
        }
        last = len(network.nodes) - 1
        everything: dict[int, backward.Rule] = {**_maps(network, ranges), **rules}
        found = backward.lower_bounds(network, everything, ranges, last, np.eye(2))
        corners = [
            exact_values(network, [Fraction(v) for v in corner])[-1] for corner in itertools.product(*zip(box.lo, box.hi, strict=True))
        ]
        for element in range(2):
            unit = [Fraction(int(element == k)) for k in range(2)]
            truth = exact_back_substitution(network, rules, box, unit)
            assert Fraction(found[element]) <= truth <= min(corner[element] for corner in corners)
            assert truth - Fraction(found[element]) <= Fraction(max(scale, scale**3)) * Fraction(1, 10**12)


def _maps(network: Network, ranges: dict[int, Intervals]) -> dict[int, backward.Rule]:
    from suffice.encodings.enclosures.relaxations.linearise import linearise

    return {
        p: linearise(node, [ranges[operand] for operand in node.operands], ranges[p])
        for p, node in enumerate(network.nodes)
        if node.operands
    }


def test_relaxation_beats_intervals_where_a_relu_is_undecided() -> None:
    """relu(x) - relu(x) by two nodes, relu(x) + relu(-x) = |x|, and relu(x) - relu(-x) = x. By the lines z <= relu(z) <= (z + 1)/2 or
    0 <= relu(z), the first is at least -1/2, and the second at most 1."""
    build = NetworkBuilder("difference")
    x = build.input((1,))
    y = build.unary(TensorOp.RELU, build.linear(x, np.array([[1.0], [-1.0], [1.0]])))
    network = build.finish(build.linear(y, np.array([[1.0, 0.0, -1.0], [1.0, 1.0, 0.0], [1.0, -1.0, 0.0]])))
    box = InputBox(lo=np.array([-1.0]), hi=np.array([1.0]))
    result = tightened(network, box)
    last = len(network.nodes) - 1
    assert plain(network, box)[last].lo.tolist() == pytest.approx([-1.0, 0.0, -1.0])
    np.testing.assert_allclose(result.ranges[last].lo, [-0.5, 0.0, -1.0], atol=1e-12)
    np.testing.assert_allclose(result.ranges[last].hi, [0.5, 1.0, 1.0], atol=1e-12)
    assert result.methods[last] is not Method.INTERVAL
    assert plain(network, box)[last].hi[1] == pytest.approx(2.0)


def test_each_method_wins_somewhere_and_says_so() -> None:
    rng = np.random.default_rng(2)
    won = set()
    for _ in range(10):
        for act in (TensorOp.RELU, TensorOp.TANH):
            network = perceptron([8, 8, 8, 4], act, rng)
            middle = rng.normal(size=8)
            won |= set(tightened(network, InputBox(lo=middle - 0.05, hi=middle + 0.05)).methods.values())
    assert won >= {Method.INTERVAL, Method.BACKWARD}
    affine = residual_linear(rng, 1.0)
    assert Method.ZONOTOPE in tightened(affine, InputBox(lo=np.zeros(4), hi=np.ones(4))).methods.values()


@pytest.mark.parametrize("act", [*SMOOTH, *KINKED])
def test_a_small_ball_is_bounded_far_better_than_by_intervals(act: TensorOp) -> None:
    rng = np.random.default_rng(4)
    network = perceptron([16, 16, 16, 16, 4], act, rng)
    middle = rng.normal(size=16)
    box = InputBox(lo=middle - 1e-4, hi=middle + 1e-4)
    last = len(network.nodes) - 1
    found, crude = widths(tighten(network, box), last), widths(plain(network, box), last)
    values = run_all_float64(network, points_of(box, 3000, rng))[last]
    seen = values.max(axis=0) - values.min(axis=0)
    assert float(found.max()) < 2.6 * float(seen.max())
    assert float(crude.max()) > 4 * float(found.max())


def test_a_wrong_chord_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets from the ends alone are right for no curved function."""
    rng = np.random.default_rng(6)
    cases = [(perceptron([3, 4, 4, 2], act, rng), InputBox(lo=np.full(3, -1.0), hi=np.full(3, 1.0))) for act in SMOOTH[:5]]
    right = lines.offsets

    def from_ends(samples: lines.Samples, slope: Array) -> tuple[Array, Array]:
        ends = [0, -1]
        kept = lines.Samples(samples.points[ends], samples.values[ends], samples.slopes[[0]], 0.0 * samples.lengths[[0]])
        return right(kept, slope)

    assert all(escapes(network, box, tighten(network, box), rng) == [] for network, box in cases)
    monkeypatch.setattr(lines, "offsets", from_ends)
    caught = 0
    for network, box in cases:
        try:
            caught += escapes(network, box, tighten(network, box), rng) != []
        except DomainError:
            caught += 1
    assert caught == len(cases)


def test_a_dropped_error_of_linearisation_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    network = perceptron([3, 4, 4, 2], TensorOp.TANH, rng)
    box = InputBox(lo=np.full(3, -1.0), hi=np.full(3, 1.0))
    right = zonotopes.freshened

    def forgetting(form: zonotopes.AffineForm, errors: Array, fresh_from: int, most: int) -> zonotopes.AffineForm:
        return right(form, 0.0 * errors, fresh_from, most)

    monkeypatch.setattr(zonotopes, "freshened", forgetting)
    assert escapes(network, box, tighten(network, box), rng)


def test_work_is_limited_and_an_ordinary_perceptron_takes_seconds() -> None:
    rng = np.random.default_rng(9)
    network = perceptron([784, 256, 128, 10], TensorOp.RELU, rng)
    middle = rng.uniform(size=784)
    box = InputBox(lo=middle - 0.01, hi=middle + 0.01)
    start = perf_counter()
    ranges = tighten(network, box)
    assert perf_counter() - start < 3.0
    last = len(network.nodes) - 1
    some = tighten(network, box, work=300_000_000)
    crude = plain(network, box)
    assert float(widths(ranges, last).max()) < float(widths(crude, last).max())
    assert bool((widths(some, last) <= widths(crude, last)).all())
    assert escapes(network, box, ranges, rng) == []


@pytest.mark.parametrize(
    ("mend", "error"),
    [
        (lambda build, x: build.unary(TensorOp.LOG, x), DomainError),
        (lambda build, x: build.unary(TensorOp.RSQRT, x), DomainError),
        (lambda build, x: build.binary(TensorOp.DIVIDE, x, x), DomainError),
    ],
)
def test_a_network_that_is_not_defined_on_the_box_is_refused(mend: Callable[..., object], error: type[Exception]) -> None:
    build = NetworkBuilder("undefined")
    network = build.finish(mend(build, build.input((2,))))  # type: ignore[arg-type]
    with pytest.raises(error):
        tighten(network, InputBox(lo=np.array([-1.0, 1.0]), hi=np.array([1.0, 2.0])))
    assert tighten(network, InputBox(lo=np.array([0.5, 1.0]), hi=np.array([1.0, 2.0])))


def test_a_box_of_another_shape_is_refused() -> None:
    network = perceptron([3, 2, 1], TensorOp.RELU, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"shape \(2,\)"):
        tighten(network, InputBox(lo=np.zeros(2), hi=np.ones(2)))


def test_bands_of_quotients_of_narrow_operands_hold_their_ends() -> None:
    """The middle of two neighbouring numbers is one of them: the other is on one side of it only."""
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(1500):
        a = float(rng.choice([0.0, 1.0, -0.5]))
        b = float(rng.choice([1.0, 0.5]))
        first = Intervals(np.array([a]), np.array([a + float(rng.integers(1, 4)) * 2.0**-1074 if a == 0 else np.nextafter(a, np.inf)]))
        second = Intervals(np.array([b]), np.array([float(np.nextafter(b, np.inf)) if rng.integers(2) else 1.5 * b]))
        band = quotient(first, second, Intervals(np.array([-9.0]), np.array([9.0])))
        assert band.map is not None
        slopes = [Fraction(float(rows[0, 0])) for rows in band.map.pull(np.ones((1, 1)))]
        for x, y in itertools.product((first.lo[0], first.hi[0]), (second.lo[0], second.hi[0])):
            rest = Fraction(float(x)) / Fraction(float(y)) - slopes[0] * Fraction(float(x)) - slopes[1] * Fraction(float(y))
            off = abs(rest - Fraction(float(band.offset[0])))
            assert off <= Fraction(float(band.radius[0]))
            missed += off > Fraction(float(band.radius[0])) / 2
    assert missed
