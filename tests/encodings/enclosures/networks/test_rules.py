"""Ranges, changes and adjoints of every operation, against mpmath at points of boxes; and faults that the comparison must see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.intervals import Intervals, add, centre, hull, multiply, point, subtract, total
from suffice.encodings.enclosures.arrays.pieces import Function
from suffice.encodings.enclosures.networks import adjoints, changes, elementwise, images
from suffice.encodings.enclosures.networks.adjoints import pulled, unbounded_slopes
from suffice.encodings.enclosures.networks.changes import pushed
from suffice.encodings.enclosures.networks.images import image
from suffice.encodings.enclosures.networks.ranges import exact_ranges
from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import BINARY, NORMALISING, REDUCTIONS, UNARY, Array, Network, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox
from suffice.errors import DomainError
from tests.proofs.kernel.networks import oracle

SHAPE = (2, 3)
POSITIVE = frozenset({TensorOp.SQRT, TensorOp.RSQRT, TensorOp.LOG})
ROWS = 2
"""Adjoints that are pulled at once."""

VISIBLE = mpmath.mpf(10) ** -45
"""What cannot be an error of mpmath at 60 digits."""


@dataclass(frozen=True, slots=True)
class Case:
    """An operation as the last node of a network, whose input holds its operands laid end to end."""

    name: str
    network: Network
    shapes: tuple[tuple[int, ...], ...]

    @property
    def node(self) -> TensorNode:
        """The operation."""
        return self.network.output

    def parts(self, x: Intervals) -> list[Intervals]:
        """The operands that an input holds."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        starts = np.cumsum([0, *sizes])
        return [x[start : start + size].reshape(*shape) for start, size, shape in zip(starts, sizes, self.shapes, strict=False)]


def case(name: str, last: Callable[[NetworkBuilder, list[Tensor]], Tensor], *shapes: tuple[int, ...]) -> Case:
    """The operation `last` of operands of these shapes."""
    build = NetworkBuilder(name)
    whole = build.input((sum(int(np.prod(shape)) for shape in shapes),))
    operands, start = [], 0
    for shape in shapes:
        places = start + np.arange(int(np.prod(shape))).reshape(shape)
        operands.append(build.unary(TensorOp.NEGATE, build.unary(TensorOp.NEGATE, build.gather((whole,), places))))
        start += places.size
    return Case(name, build.finish(last(build, operands)), shapes)


def cases() -> Iterator[Case]:
    """Every operation of operands."""
    rng = np.random.default_rng(5)
    for op in sorted(UNARY - {TensorOp.LEAKY_RELU}):
        yield case(op, lambda b, x, op=op: b.unary(op, x[0]), SHAPE)
    for slope in (Fraction(1, 10), Fraction(5, 4), Fraction(0), Fraction(-1, 3)):
        yield case(f"leaky_relu {slope}", lambda b, x, slope=slope: b.unary(TensorOp.LEAKY_RELU, x[0], slope), SHAPE)
    for op in sorted(NORMALISING):
        yield case(op, lambda b, x, op=op: b.unary(op, x[0], Fraction(1, 8)), SHAPE)
    for op in sorted(REDUCTIONS):
        yield case(op, lambda b, x, op=op: b.reduce(op, x[0]), SHAPE)
    for op in sorted(BINARY):
        yield case(op, lambda b, x, op=op: b.binary(op, *x), SHAPE, SHAPE)
    yield case("multiply by itself", lambda b, x: b.binary(TensorOp.MULTIPLY, x[0], x[0]), SHAPE)
    yield case("matmul", lambda b, x: b.matmul(*x), SHAPE, SHAPE[::-1])
    yield case("linear", lambda b, x: b.linear(x[0], rng.normal(size=(4, 3)), rng.normal(size=4)), SHAPE)
    yield case("linear by groups", lambda b, x: b.linear(x[0], rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))), SHAPE)
    yield case("gather of some", lambda b, x: b.gather((x[0],), np.array([4, -1, 0, 2])), SHAPE)
    copies = np.array([[0, 0, 1, 7], [0, -1, 1, 11], [0, 3, 3, 3]])
    yield case("gather of copies", lambda b, x: b.gather(tuple(x), copies), SHAPE, SHAPE)


CASES = {one.name: one for one in cases()}
IDS = list(CASES)


def box_of(one: Case, rng: np.random.Generator) -> Intervals:
    """Points, thin and wide intervals; zero inside and as an end where the operation is defined there."""
    size = one.network.input.size
    middle = rng.normal(size=size) * rng.choice([0.1, 1.0, 4.0])
    reach = rng.choice([0.0, 1e-9, 1e-3, 0.3, 2.0]) * rng.uniform(size=size)
    lo, hi = middle - reach, middle + reach
    if one.node.op in POSITIVE:
        lo, hi = np.abs(middle) + 0.01, np.abs(middle) + 0.01 + reach
    elif one.node.op is TensorOp.DIVIDE:
        half = size // 2
        lo[half:], hi[half:] = np.abs(middle[half:]) + 0.1, np.abs(middle[half:]) + 0.1 + reach[half:]
    else:
        lo[0] = min(lo[0], 0.0)
        hi[0] = max(lo[0], 0.0) if rng.uniform() < 0.5 else max(hi[0], 0.0)
    return Intervals(lo, hi)


def inside(x: Intervals, rng: np.random.Generator) -> Array:
    """A corner, or a point of the box."""
    shares = rng.uniform(size=x.shape)
    shares = np.round(shares) if rng.uniform() < 0.5 else shares
    return np.clip(x.lo + shares * (x.hi - x.lo), x.lo, x.hi)


def escapes(found: Intervals, exact: np.ndarray) -> bool:
    """Whether some number is visibly outside."""
    ends = zip(found.lo.reshape(-1), found.hi.reshape(-1), exact.reshape(-1), strict=True)
    return any(not (mpmath.mpf(lo) - VISIBLE <= value <= mpmath.mpf(hi) + VISIBLE) for lo, hi, value in ends)


def faults(one: Case, seeds: range) -> set[str]:
    """Which rules are seen to be wrong: for x and y in a box and adjoints a, f(x), f(y) - f(x) and a (f(y) - f(x)) must be held."""
    found = set()
    for seed in seeds:
        rng = np.random.default_rng(seed)
        box = box_of(one, rng)
        order = range(len(one.shapes)) if len(one.shapes) > 1 else [0] * len(one.node.operands)
        operands = [one.parts(box)[place] for place in order]
        x, y = inside(box, rng), inside(box, rng)
        at_x = oracle.function(one.network, x)
        moved = oracle.function(one.network, y) - at_x
        difference = subtract(point(y), point(x))
        moves = [one.parts(difference)[place] for place in order]
        if escapes(image(one.node, operands), at_x):
            found.add("image")
        if escapes(pushed(one.node, operands, [hull(move, 0.0) for move in moves]), moved):
            found.add("change")
        rows = rng.normal(size=(ROWS, one.node.size))
        adjoint = Intervals(rows, rows + rng.choice([0.0, 0.1]))
        chosen = np.array([[mpmath.mpf(float(value)) for value in row] for row in inside(adjoint, rng)], dtype=object)
        sums = point(np.zeros(ROWS))
        back = pulled(one.node, operands, adjoint.reshape(ROWS, *one.node.shape))
        for part, move in zip(back, moves, strict=True):
            sums = add(sums, total(multiply(part, move).reshape(ROWS, -1)))
        if escapes(sums, chosen @ moved):
            found.add("adjoint")
    return found


@pytest.mark.parametrize("name", IDS)
def test_every_rule_holds_what_happens(name: str) -> None:
    assert faults(CASES[name], range(12)) == set()


def _slopes_at_centres(node: TensorNode, slope: Array | None = None) -> Function:
    function = elementwise.function_of(node, slope)
    return Function(lambda x: function.range(point(centre(x))), lambda x: function.slope(point(centre(x))), function.curvature)


def _heaviest(x: Intervals) -> Intervals:
    weights = (x.hi == x.hi.max(axis=-1, keepdims=True)).astype(np.float64)
    return point(weights)


def _unchanged(_node: TensorNode, _x: Intervals, moved: Intervals, _image: Intervals | None = None) -> Intervals:
    return moved


def _last_copy(flat: Intervals, index: np.ndarray, size: int) -> Intervals:
    lo, hi = np.zeros((len(flat.lo), size)), np.zeros((len(flat.lo), size))
    lo[:, index], hi[:, index] = flat.lo, flat.hi
    return Intervals(lo, hi)


@pytest.mark.parametrize(
    ("module", "name", "wrong", "operation", "seen"),
    [
        (images, "function_of", _slopes_at_centres, "gelu", "image"),
        (changes, "function_of", _slopes_at_centres, "tanh", "change"),
        (adjoints, "function_of", _slopes_at_centres, "silu", "adjoint"),
        (adjoints, "function_of", _slopes_at_centres, "leaky_relu -1/3", "adjoint"),
        (adjoints, "maximum_weights", _heaviest, "max", "adjoint"),
        (changes, "candidates", lambda x: x.hi == x.hi.max(axis=-1, keepdims=True), "max", "change"),
        (adjoints, "_scatter_add", _last_copy, "gather of copies", "adjoint"),
        (adjoints, "row_adjoint", _unchanged, "softmax", "adjoint"),
        (changes, "row_change", _unchanged, "log_softmax", "change"),
    ],
)
def test_wrong_rules_are_seen(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: Callable[..., object], operation: str, seen: str
) -> None:
    monkeypatch.setattr(module, name, wrong)
    assert faults(CASES[operation], range(40)) == {seen}


def test_images_of_kinks_and_squares_are_exact() -> None:
    x = Intervals(np.array([[-2.0, -3.0, 1.0], [0.5, -1.0, -4.0]]), np.array([[1.0, -1.0, 2.0], [0.5, 0.0, 8.0]]))
    downward = image(CASES["leaky_relu -1/3"].node, [x], weight=np.array(-0.5))
    assert downward.lo.tolist() == [[0, 0.5, 1], [0.5, 0, 0]] and downward.hi.tolist() == [[1, 1.5, 2], [0.5, 0.5, 8]]
    squared = image(CASES["multiply by itself"].node, [x, x])
    assert squared.lo.tolist() == [[0, 1, 1], [0.25, 0, 0]] and squared.hi.tolist() == [[4, 9, 4], [0.25, 1, 64]]


def test_constants_may_stand_in_for_those_of_the_node() -> None:
    one = CASES["linear"]
    x = point(np.ones(SHAPE))
    found = image(one.node, [x], weight=np.full((4, 3), 0.5), bias=np.arange(4.0))
    assert found.lo.max() <= 4.5 <= found.hi.max() and np.abs(found.hi - (1.5 + np.arange(4.0))).max() < 1e-12


def test_sums_of_copies_are_those_of_rationals() -> None:
    rng = np.random.default_rng(2)
    index = rng.integers(-1, 5, size=400)
    index[0] = 6
    build = NetworkBuilder("copies")
    node = build.finish(build.gather((build.input((7,)),), index)).output
    rows = rng.normal(size=(2, 400)) * 10.0 ** rng.integers(-12, 12, size=400)
    (found,) = pulled(node, [point(np.zeros(7))], point(rows))
    for row in range(2):
        for element in range(7):
            exact = sum((Fraction(value) for value in rows[row, index == element]), Fraction(0))
            assert Fraction(found.lo[row, element]) <= exact <= Fraction(found.hi[row, element])
    alone = index == 6
    assert found.lo[:, 6].tolist() == found.hi[:, 6].tolist() == rows[:, alone][:, 0].tolist()
    assert not found.lo[:, 5].any() and not found.hi[:, 5].any()
    assert (found.hi - found.lo)[:, :5].max() < 1e-12 * np.abs(rows).max()


def test_adjoints_stop_where_a_root_has_no_slope() -> None:
    node = CASES["sqrt"].node
    x = Intervals(np.array([[0.0, 1.0, 4.0]] * 2), np.array([[1.0, 4.0, 9.0]] * 2))
    stopped = unbounded_slopes(node, [x])
    assert stopped is not None and stopped.tolist() == [[True, False, False]] * 2
    rows = point(np.ones((1, *SHAPE)))
    assert pulled(node, [x], rows)[0].hi[0, 0].tolist() == [0.0, 0.5, 0.25]
    assert pulled(node, [x], rows, stop=False)[0].hi[0, 0].tolist() == [np.inf, 0.5, 0.25]
    assert unbounded_slopes(CASES["exp"].node, [x]) is None


def test_ranges_lie_within_what_else_is_known() -> None:
    network = CASES["multiply"].network
    box = InputBox(lo=np.full(12, -1.0), hi=np.full(12, 2.0))
    plain = exact_ranges(network, box)
    assert plain[-1].lo.min() == -2.0 and plain[-1].hi.max() == 4.0
    known = {len(network.nodes) - 1: Intervals(np.full(SHAPE, -1.0), np.full(SHAPE, 5.0))}
    within = exact_ranges(network, box, known)[-1]
    assert within.lo.min() == -1.0 and within.hi.max() == 4.0
    with pytest.raises(DomainError, match="divisor"):
        exact_ranges(CASES["divide"].network, box)
