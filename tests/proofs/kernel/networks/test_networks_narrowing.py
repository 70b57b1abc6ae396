"""Lines and back-substitution of the kernel, against mpmath, corners and planted faults."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from suffice.encodings.enclosures.relaxations.tighten import tighten
from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import box
from suffice.proofs.kernel.fixed import FixedPoint
from suffice.proofs.kernel.networks import lines as lines_module
from suffice.proofs.kernel.networks import substituting
from suffice.proofs.kernel.networks.bounds import exact_constants
from suffice.proofs.kernel.networks.graph import Node
from suffice.proofs.kernel.networks.lines import CURVED, KINKED, Choice, Line, Pair, largest_of, lines
from suffice.proofs.kernel.networks.ranges import evaluate
from suffice.proofs.kernel.networks.spans import Spans
from suffice.proofs.kernel.networks.substituting import Substitution
from suffice.proofs.networks import LayersEvidence, certify, question_of
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.narrowing import narrowed_nodes
from suffice.prover.networks.placing import uniform

from .networks import Builder, chain, constant, place
from .oracle import FUNCTIONS, function

BITS = 80
FIXED = FixedPoint(BITS)
SLOPE = Fraction(1, 100)


def value(op: str, x: mpmath.mpf) -> mpmath.mpf:
    return (x if x >= 0 else x / 100) if op == "leaky_relu" else FUNCTIONS[op](x)


def holds(pair: Pair, f: Callable[[mpmath.mpf], mpmath.mpf], lo: int, hi: int, count: int = 9) -> bool:
    """Whether a function lies between two lines at some points, the ends and zero among them."""
    unit = mpmath.mpf(2) ** BITS
    points = {lo + (hi - lo) * k // (count - 1) for k in range(count)} | ({0} if lo <= 0 <= hi else set())
    tiny = mpmath.mpf(2) ** -(BITS + 20)
    for x in points:
        below, above = (mpmath.mpf(line.slope * x + (line.offset << BITS)) / unit / unit for line in pair)
        if not below - tiny <= f(mpmath.mpf(x) / unit) <= above + tiny:
            return False
    return True


@pytest.mark.parametrize("op", [*KINKED, *CURVED])
def test_functions_lie_between_their_lines(op: str) -> None:
    rng = np.random.default_rng(len(op))
    node = Node("f", "", op, (0,), (1,), parameter=SLOPE)
    moved = 0
    for _ in range(12):
        ends = sorted(int(Fraction(float(x)) * 2**BITS) for x in rng.normal(size=2) * rng.choice([0.01, 1, 6]))
        choice = lines(node, FIXED, *ends)
        for pair in choice:
            assert holds(pair, lambda x: value(op, x), *ends)
            gap = 1 << BITS - 6
            nearer = Pair(pair.below._replace(offset=pair.below.offset + gap), pair.above)
            moved += not holds(nearer, lambda x: value(op, x), *ends)
        assert choice.band.below.slope == choice.band.above.slope
    assert moved >= 8, "lines touch the function, or nearly"


def test_lines_of_a_maximum() -> None:
    for lo, hi, rest in ((-3, 5, 1), (-3, 5, -4), (-3, 5, 6), (2, 2, 1), (-1, 0, 0)):
        low, high, level = (x << BITS - 1 for x in (lo, hi, rest))
        for pair in largest_of(low, high, level, BITS):
            assert holds(pair, lambda x, level=rest: max(x, mpmath.mpf(level) / 2), low, high)


def ranges_of(network: Network, lo: float, hi: float) -> tuple[list[Spans], list[Spans]]:
    """By intervals, and narrowed everywhere."""
    question = question_of(place(network, "fp32"), box(lo, hi, network.input.shape), None)
    constants = [exact_constants(node, BITS) for node in question.nodes]
    size = question.nodes[0].size
    plain = [Spans([int(lo * 2**BITS)] * size, [int(hi * 2**BITS)] * size)]
    narrowed = list(plain)
    substitution = Substitution(question.nodes, constants, FIXED)
    substitution.visit(plain[0])
    for node, known in zip(question.nodes[1:], constants[1:], strict=True):
        plain.append(evaluate(node, [plain[o] for o in node.operands], known, FIXED))
        found = evaluate(node, [narrowed[o] for o in node.operands], known, FIXED)
        narrowed.append(substitution.visited(found, is_narrowed=True))
    return plain, narrowed


CHAINS = [
    ["relu", "none"], ["leaky_relu", "absolute", "none"], ["tanh", "gelu", "none"], ["sigmoid", "softplus", "mean"], ["silu", "erf", "sum"],
    ["gelu_tanh", "max", "none"], ["square", "exp", "none"], ["subtract", "negate", "none"], ["softmax", "multiply", "matmul"],
    ["relu", "layer_norm", "divide"],
]  # fmt: skip


def misses(network: Network, found: Spans, rng: np.random.Generator, count: int = 12) -> int:
    """At how many corners and other points of the box from -1 to 1 some output leaves its range."""
    wrong = 0
    for k in range(count):
        x = rng.uniform(-1, 1, network.input.shape) if k % 2 else rng.choice([-1.0, 1.0], network.input.shape)
        outputs = function(network, x)
        unit, tiny = mpmath.mpf(2) ** BITS, mpmath.mpf(10) ** -20
        wrong += any(not lo / unit - tiny <= y <= hi / unit + tiny for y, lo, hi in zip(outputs, found.lo, found.hi, strict=True))
    return wrong


@pytest.mark.parametrize("operations", CHAINS, ids="-".join)
def test_narrowed_ranges_hold_the_function(operations: list[str]) -> None:
    rng = np.random.default_rng(len("".join(operations)))
    for _ in range(3):
        network = chain(rng, operations, [3, 4, 4, 3][: len(operations) + 1])
        plain, narrowed = ranges_of(network, -1.0, 1.0)
        assert misses(network, narrowed[-1], rng) == 0
        assert all(p <= q for p, q in zip(plain[-1].lo, narrowed[-1].lo, strict=True))
        assert all(p >= q for p, q in zip(plain[-1].hi, narrowed[-1].hi, strict=True))


def test_affine_networks_have_their_exact_range() -> None:
    rng = np.random.default_rng(3)
    b = Builder()
    x = b.add("input", (), (3,))
    y = b.linear(x, rng.integers(-4, 5, (3, 3)) / 4.0, rng.integers(-4, 5, 3) / 4.0)
    z = b.like("subtract", y, b.add("gather", (x,), (3,), index=np.array([2, -1, 0])))
    w = b.like("multiply", b.like("negate", z), constant(b, z, -0.75))
    b.linear(b.like("add", w, y), rng.integers(-4, 5, (2, 3)) / 4.0, None)
    plain, narrowed = ranges_of(b.network(), -1.0, 1.0)
    corners = [function(b.network(), np.array(c)) for c in np.ndindex(2, 2, 2) for c in (2.0 * np.array(c) - 1,)]
    for k in range(2):
        assert 0 <= min(c[k] for c in corners) * 2**BITS - narrowed[-1].lo[k] < 64
        assert 0 <= narrowed[-1].hi[k] - max(c[k] for c in corners) * 2**BITS < 64
    assert plain[-1].hi != narrowed[-1].hi


def wrong_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line above a relu without its offset."""

    def planted(node: Any, fixed: FixedPoint, lo: int, hi: int) -> Choice:
        return Choice(*(Pair(pair.below, Line(pair.above.slope, 0)) for pair in lines_module.lines(node, fixed, lo, hi)))

    monkeypatch.setattr(substituting, "lines", planted)


def wrong_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines taken from the wrong side."""

    def planted(node: Any, fixed: FixedPoint, lo: int, hi: int) -> Choice:
        return Choice(*(Pair(pair.above, pair.below) for pair in lines_module.lines(node, fixed, lo, hi)))

    monkeypatch.setattr(substituting, "lines", planted)


def wrong_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The input taken at the wrong ends."""


    def planted(_: Any, row: list[int], x: Spans) -> int:
        return sum(a * (hi if a > 0 else lo) for a, lo, hi in zip(row, *x, strict=True))

    monkeypatch.setattr(Substitution, "_at_ends", planted)


@pytest.mark.parametrize("plant", [wrong_lines, wrong_sides, wrong_ends])
def test_planted_faults_are_seen(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    rng, wrong = np.random.default_rng(0), 0
    plant(monkeypatch)
    for _ in range(6):
        network = chain(rng, ["relu", "none"], [3, 4, 2])
        wrong += misses(network, ranges_of(network, -1.0, 1.0)[1][-1], rng) > 0
    assert wrong >= 3


def test_what_rounding_takes_from_coefficients_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of 1, three times, is a little less than 1 in fixed point: without the losses the range would miss the end."""
    b = Builder()
    x = b.add("input", (), (3,))
    scaled = b.linear(x, np.array([[1.0 / 3.0, 0.0, 0.0], [0.0, 2.0**-90, 0.0], [0.0, 0.0, 1.0]]), None)
    b.linear(scaled, np.array([[1.0 / 3.0, 2.0**40, -1.0 / 3.0]]), None)
    network = b.network()
    exact = [Fraction(1.0 / 3.0) ** 2 + Fraction(1, 2**50) + Fraction(1.0 / 3.0)]

    def reaches() -> bool:
        found = ranges_of(network, -1.0, 1.0)[1][-1]
        return found.lo[0] <= -exact[0] * 2**BITS and exact[0] * 2**BITS <= found.hi[0]

    assert reaches()
    monkeypatch.setattr(Substitution, "_linear", _without_losses(Substitution._linear))
    assert not reaches()


def _without_losses(method: Any) -> Any:
    def planted(self: Any, k: int, row: list[int], waiting: Any) -> int:
        return method(self, k, row, waiting) - self._losses[self._nodes[k].operands[0]]

    return planted


def test_the_prover_names_sums_of_sums_on_boxes_alone() -> None:
    network = chain(np.random.default_rng(0), ["relu", "tanh", "none"], [3, 4, 4, 2])
    program = place(network, "fp16")
    sums = tuple(k for k, node in enumerate(network.nodes) if node.op.value == "linear")
    assert narrowed_nodes(question_of(program, box(0.0, 1.0, (3,)), None)) == sums[1:]
    assert narrowed_nodes(question_of(program, box(0.5, 0.5, (3,)), None)) == ()


def test_codes_chosen_from_tight_ranges_cost_no_more_than_the_engine_says() -> None:
    rng, gained = np.random.default_rng(1), []
    for _ in range(3):
        network, inputs = _cancelling(rng), box(0.0, 1.0, (6,))
        ranges = tighten(network, inputs.boxes[0])
        program = uniform(network, "int8", ranges=ranges)
        narrowed = narrowed_nodes(question_of(program, inputs, None))
        found, by_intervals = (certify(program, inputs, None, [LayersEvidence(narrowed=k)]).claims[0].value for k in (narrowed, ()))
        assert found < Fraction(21, 20) * Fraction(analyse(program, inputs, [ranges]).bound)
        gained.append(by_intervals / found)
    assert max(gained) > Fraction(5, 4)


def _cancelling(rng: np.random.Generator) -> Network:
    """Differences of relus that are nearly equal: far smaller than intervals see."""
    b = Builder()
    x = b.like("relu", b.linear(b.add("input", (), (6,)), rng.normal(size=6) + rng.normal(size=(8, 6)) / 10, np.ones(8)))
    y = b.like("relu", b.linear(x, rng.uniform(0.5, 1, (8, 8)) * np.array([1.0, -1.0] * 4), None))
    b.linear(y, rng.normal(size=(3, 8)), None)
    return b.network()
