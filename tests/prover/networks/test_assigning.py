"""Assignments: their claims against runs, the table against every assignment, the cheapest against all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import product
from math import inf, prod

import numpy as np
import pytest

from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.encodings.networks.builder import NetworkBuilder
from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Array, Network, TensorNode, TensorOp
from suffice.encodings.networks.inputs import InputBox, InputSet, box
from suffice.encodings.problem import InputModel
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import Format
from suffice.proofs.allocation import Row, canonical_bytes
from suffice.proofs.certificate import Verdict
from suffice.proofs.kernel import check
from suffice.proofs.networks import canonical_bytes as network_bytes
from suffice.prover.mixed.choose import cheapest_of
from suffice.prover.networks import assigning_parts, assigning_rows, assigning_table
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.assigning import AssignedModel, assign
from suffice.prover.networks.assigning_groups import Kind, Layout, layout
from suffice.prover.networks.assigning_rows import Tables, rows_of
from suffice.prover.networks.assigning_table import BoxTable, Choices, box_table
from suffice.prover.networks.certifying import Surroundings
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.emulation import emulate
from suffice.prover.networks.searching import SearchBudget
from tests.prover.networks.triples import random_box, random_network

BUDGET = SearchBudget(runs=64, seconds=0.05)
FORMATS = ("fp32", "fp16", "bf16", "fp8_e4m3", "int8")


def tiny_network(rng: np.random.Generator) -> Network:
    """2 - 3 - 2 with ReLU: four groups."""
    builder = NetworkBuilder("tiny")
    x = builder.input((2,))
    for layer, (outputs, inputs) in (("first", (3, 2)), ("last", (2, 3))):
        builder.layer = layer
        weight = rng.normal(size=(outputs, inputs)).astype(np.float32).astype(np.float64)
        x = builder.linear(x, weight, weight[:, 0] / 4, parameter=f"{layer}.weight")
        builder.store(x)
        if layer == "first":
            builder.layer = "act"
            x = builder.unary(TensorOp.RELU, x)
            builder.store(x)
    return builder.finish(x)


def tables_of(network: Network, inputs: InputSet, formats: Sequence[str]) -> tuple[Layout, Tables]:
    known = Surroundings(network, inputs)
    groups = layout(network, formats, ranges=known.hulls)
    return groups, Tables(groups, inputs, known.ranges)


def errors_of(groups: Layout, assignment: Sequence[Format], x: Array) -> Array:
    """Signed errors of the program's runs; float64's own are far smaller."""
    machine = emulate(groups.program(assignment), x).reshape(len(x), -1)
    return np.asarray(machine - run_float64(groups.network, x).reshape(len(x), -1))


def samples(inside: InputBox, rng: np.random.Generator, count: int) -> Array:
    lo, hi = inside.lo, inside.hi
    corners = np.where(rng.random((count, *lo.shape)) < 0.5, lo, hi)
    return np.where(rng.random((count, *lo.shape)) < 0.5, corners, rng.uniform(lo, hi, (count, *lo.shape)))


def modelled(table: BoxTable, choice: Sequence[int]) -> tuple[Array, Array]:
    """The sums of the table for one choice: lower and upper ends of the error of every output."""
    lo, hi = table.constant.lo.copy(), table.constant.hi.copy()
    for options, o in zip(table.parts, choice, strict=True):
        part = options[o]
        lo, hi = (lo - inf, hi + inf) if part is None else (lo + part.lo, hi + part.hi)
    return lo, hi


def exceeding(groups: Layout, table: BoxTable, x: Array, choices: Sequence[Sequence[int]]) -> int:
    """How many choices have a run whose error leaves the sums of the table."""
    found = 0
    for choice in choices:
        lo, hi = modelled(table, choice)
        errors = errors_of(groups, [group.formats[o] for group, o in zip(groups.groups, choice, strict=True)], x)
        found += bool(((errors < lo - 1e-12) | (errors > hi + 1e-12)).any())
    return found


def all_choices(groups: Layout) -> list[tuple[int, ...]]:
    return list(product(*(range(len(group.formats)) for group in groups.groups)))


def whole_table(groups: Layout, tables: Tables) -> BoxTable:
    everything = tuple(group.formats for group in groups.groups)
    return tables.made(Choices(everything, everything))[0]


@pytest.mark.parametrize("seed", range(3))
def test_no_run_of_any_assignment_leaves_the_table(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, tables = tables_of(tiny_network(rng), box(-1.0, 1.0, (2,)), ("fp16", "fp8_e4m3", "int8"))
    x = samples(tables.inputs.boxes[0], rng, 100)
    choices = all_choices(groups)
    assert len(choices) == 3 ** len(groups.groups) == 3**5
    table = whole_table(groups, tables)
    assert exceeding(groups, table, x, choices[:: 1 if seed == 0 else 5]) == 0
    assert exceeding(groups, scaled(table, 1 / 16), x, choices[::5]) > 20


def scaled(table: BoxTable, factor: float) -> BoxTable:
    """Every part made smaller."""
    return BoxTable(
        table.constant,
        tuple(tuple(part and Intervals(part.lo * factor, part.hi * factor) for part in options) for options in table.parts),
    )


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_keep_to_their_tables(seed: int) -> None:
    """Residual connections, norms, products of tensors, softmax: assignments drawn at random."""
    rng = np.random.default_rng(100 + seed)
    network = random_network(rng, int(rng.integers(1, 4)))
    inside = random_box(rng, network)
    groups, tables = tables_of(network, InputSet(boxes=(inside,)), ("fp32", "fp16", "bf16", "int8"))
    x = samples(inside, rng, 40)
    chosen = [tuple(int(rng.integers(0, len(group.formats))) for group in groups.groups) for _ in range(12)]
    assert exceeding(groups, whole_table(groups, tables), x, chosen) == 0


def test_biases_are_held_in_what_the_operands_are_added_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a TPU the formats of the operands decide the accumulator, and that the format of a bias; one of them alone is not enough."""
    rng = np.random.default_rng(3)
    network = tiny_network(rng)
    inside = InputBox(lo=np.array([0.3, -0.7]), hi=np.array([0.3, -0.7]))
    known = Surroundings(network, InputSet(boxes=(inside,)))
    groups = layout(network, ("fp32", "bf16", "int8"), device="tpu", ranges=known.hulls)
    tables = Tables(groups, known.inputs, known.ranges)
    x, choices = inside.lo[None], all_choices(groups)[::5]
    assert exceeding(groups, whole_table(groups, tables), x, choices) == 0
    seen = []
    for which in (0, -1):
        alone = partial(first_or_last, which)
        monkeypatch.setattr(assigning_table, "joined_part", alone)
        seen.append(exceeding(groups, whole_table(groups, tables), x, choices))
    assert max(seen) > 0


def first_or_last(
    which: int, found: Sequence[tuple[Constants, Intervals | None]], _: TensorNode, error: Intervals | None
) -> assigning_parts.Part:
    """What a table would say that looks at one of the formats alone, in the order of what they add."""
    ordered = sorted(found, key=lambda item: 0.0 if item[1] is None else float(item[1].hi.sum()))
    return assigning_parts.Part(*ordered[which], error)


def test_the_table_is_at_least_the_bound_of_each_program_alone_on_linear_layers() -> None:
    """A wider sweep bounds no less; and not absurdly more."""
    rng = np.random.default_rng(7)
    groups, tables = tables_of(tiny_network(rng), box(-1.0, 1.0, (2,)), ("fp32", "fp16"))
    table = whole_table(groups, tables)
    for choice in all_choices(groups):
        lo, hi = modelled(table, choice)
        whole = analyse(groups.program([group.formats[o] for group, o in zip(groups.groups, choice, strict=True)]), tables.inputs).bound
        size = float(np.maximum(-lo, hi).max())
        assert 0.99 * whole <= size <= 10 * whole


@pytest.mark.parametrize("seed", range(6))
def test_the_cheapest_of_the_model_is_the_least_of_all_assignments(seed: int) -> None:
    rng = np.random.default_rng(40 + seed)
    groups, tables = tables_of(tiny_network(rng), box(-1.0, 1.0, (2,)), ("fp32", "fp16", "fp8_e4m3"))
    tolerance = Fraction(str(10.0 ** rng.uniform(-3, -0.5)))
    model = tables.model([group.formats for group in groups.groups], tolerance)
    assert model is not None
    finest = tuple(parse_format("fp32") for _ in groups.groups)
    cheapest = cheapest_of(model, finest, inf)
    assert cheapest is not None and cheapest.solved.tree is not None
    table = whole_table(groups, tables)
    rows = [row for row in rows_of(table, tolerance) if row is not None]
    costs = {choice: cost_by_hand(groups, choice) for choice in all_choices(groups) if all(keeps(row, choice) for row in rows)}
    assert costs
    assert cheapest.cost == min(costs.values())
    for choice in costs:
        lo, hi = modelled(table, choice)
        assert max(float(np.maximum(-lo, hi).max()), 0.0) <= float(tolerance) * (1 + 1e-9)
    beyond = [choice for choice in all_choices(groups) if choice not in costs]
    assert all(float(np.maximum(-modelled(table, c)[0], modelled(table, c)[1]).max()) > float(tolerance) * (1 - 1e-6) for c in beyond)


def keeps(row: Row, choice: Sequence[int]) -> bool:
    return sum(uses[o] for uses, o in zip(row.uses, choice, strict=True)) <= row.limit


def cost_by_hand(groups: Layout, choice: Sequence[int]) -> Fraction:
    """Bits of weights, biases (in fp32 beside fp8 weights) and stored tensors, counted from the network."""
    bits = {parse_format(name): count for name, count in (("fp32", 32), ("fp16", 16), ("fp8_e4m3", 8))}
    total = 0
    for group, o in zip(groups.groups, choice, strict=True):
        own = bits[group.formats[o]]
        for node in (groups.network.nodes[k] for k in group.members):
            if group.kind is Kind.WEIGHTS:
                assert node.weight is not None and node.bias is not None
                total += own * node.weight.size + (32 if own == 8 else own) * node.bias.size
            else:
                total += own * prod(node.shape)
    return Fraction(total)


@pytest.mark.parametrize("seed", range(4))
def test_assignments_are_proved_and_hold_in_runs(seed: int) -> None:
    rng = np.random.default_rng(60 + seed)
    network = tiny_network(rng) if seed % 2 else random_network(rng, 2)
    inside = InputBox(lo=np.full(network.input.shape, -0.25), hi=np.full(network.input.shape, 0.5))
    inputs = InputSet(boxes=(inside,))
    groups, _ = tables_of(network, inputs, FORMATS)
    fine = analyse(groups.program([parse_format("fp16")] * len(groups.groups)), inputs).bound
    assert np.isfinite(fine)
    tolerance = Fraction(1.5 * fine)
    found = assign(network, inputs, tolerance, FORMATS, budget=BUDGET)
    assert found.result is not None and found.result.error_bound is not None and found.result.certificate is not None
    assert found.result.verdict is Verdict.SUFFICIENT and found.result.error_bound <= tolerance
    assert check(network_bytes(found.result.certificate)).status == "accepted"
    assignment = [choice.format for choice in found.choices]
    errors = np.abs(errors_of(groups, assignment, samples(inside, rng, 300)))
    assert errors.max() <= float(found.result.error_bound)
    assert found.cost == groups.cost(assignment)
    assert found.cheapest_uniform is not None and found.cost <= found.cheapest_uniform.cost
    assert_minimal(found)


def assert_minimal(found: AssignedModel) -> None:
    """The allocation's certificate is accepted, and says what the answer says."""
    assert found.minimality is not None and found.minimality.certificate is not None
    report = check(canonical_bytes(found.minimality.certificate))
    assert report.status == "accepted"
    assert found.cost <= found.minimality.cost == found.minimality.certificate.cost * found.minimality.certificate.table.unit
    assert found.statement.startswith("least under the model")


def test_no_assignment_that_is_proved_as_a_whole_is_much_cheaper() -> None:
    """The greedy steps reach the least of all 3^5 assignments here, and never less than it."""
    rng = np.random.default_rng(5)
    network, inputs = tiny_network(rng), box(-1.0, 1.0, (2,))
    groups, _ = tables_of(network, inputs, ("fp32", "fp16", "fp8_e4m3"))
    tolerance = Fraction(1, 8)
    found = assign(network, inputs, tolerance, ("fp32", "fp16", "fp8_e4m3"), budget=BUDGET)
    assert found.result is not None and found.result.verdict is Verdict.SUFFICIENT
    enough = [
        groups.cost(formats)
        for choice in all_choices(groups)
        for formats in [[group.formats[o] for group, o in zip(groups.groups, choice, strict=True)]]
        if groups.cost(formats) <= found.cost and analyse(groups.program(formats), inputs).bound <= float(tolerance)
    ]
    assert min(enough) <= found.cost <= min(enough) * Fraction(5, 4)


def test_the_proof_of_the_whole_notices_a_table_that_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Halved, it calls fp16 throughout enough for three quarters of its error; what is proved and said in the end stays right."""
    rng = np.random.default_rng(11)
    network, inputs = tiny_network(rng), box(-1.0, 1.0, (2,))
    groups, _ = tables_of(network, inputs, ("fp32", "fp16"))
    fp16 = groups.uniform(parse_format("fp16"))
    assert fp16 is not None
    tolerance = Fraction(analyse(groups.program(fp16), inputs).bound * 0.75)
    honest = assign(network, inputs, tolerance, ("fp32", "fp16"), budget=BUDGET)
    monkeypatch.setattr(assigning_rows, "box_table", lambda *given: scaled(box_table(*given), 1 / 2))
    misled = assign(network, inputs, tolerance, ("fp32", "fp16"), budget=BUDGET)
    assert_minimal(honest)
    assert honest.cost > groups.cost(fp16)
    assert misled.result is not None and misled.result.verdict is Verdict.SUFFICIENT
    assert misled.result.error_bound is not None and misled.result.error_bound <= tolerance
    assert misled.cost > groups.cost(fp16)
    assert misled.minimality is None and misled.statement == "no choice is proved to be the least"
    assert misled.note.startswith("the proof of the program contradicts the table")


def test_rows_say_what_the_table_says() -> None:
    table = BoxTable(
        Intervals(np.array([-0.125]), np.array([0.25])),
        ((Intervals(np.array([-0.5]), np.array([0.5])), Intervals(np.array([0.0]), np.array([0.125])), None),),
    )
    upper, lower = rows_of(table, Fraction(1))
    assert upper is not None and lower is not None
    assert [use / upper.limit for use in upper.uses[0]] == [0.6, 0.0, 2.0] or upper.uses[0][0] == -(-(upper.limit * 3) // 5)
    assert [use / lower.limit for use in lower.uses[0]][1:] == [0.0, 2.0]
    assert rows_of(table, Fraction(1, 8)) == [None, None] or rows_of(table, Fraction(1, 8))[0] is None


def test_movements_and_relu_share_a_format_with_what_they_move() -> None:
    network = tiny_network(np.random.default_rng(0))
    groups = layout(network, ("fp32", "int8"), ranges=Surroundings(network, box(0.0, 1.0, (2,))).hulls)
    assert [group.name for group in groups.groups] == [
        "weights of first", "weights of last", "activations of the input", "activations of first to act", "activations of last",
    ]  # fmt: skip
    int8 = parse_format("int8")
    assert groups.groups[0].costs[groups.groups[0].formats.index(int8)] == 6 * 8 + 3 * 32 + 3 * 32


def test_ends_may_be_fixed() -> None:
    network, inputs = tiny_network(np.random.default_rng(1)), box(-1.0, 1.0, (2,))
    known = replace_model(inputs, InputModel.REPRESENTABLE)
    found = assign(network, known, Fraction(1, 10), ("fp32", "fp16"), input="bf16", output="fp32", budget=BUDGET)
    assert found.result is not None and found.result.verdict is Verdict.SUFFICIENT
    steps = found.result.program.steps
    assert steps[0].stored == parse_format("bf16") and steps[-1].stored == parse_format("fp32")
    assert [choice.format for choice in found.choices if choice.group.has_input] == [parse_format("bf16")]


def test_an_output_that_may_overflow_in_its_fixed_format_is_no_model() -> None:
    builder = NetworkBuilder("large")
    x = builder.linear(builder.input((2,)), np.full((1, 2), 40000.0), parameter="weight")
    builder.store(x)
    network, inputs = builder.finish(x), box(-1.0, 1.0, (2,))
    found = assign(network, inputs, Fraction(10**9), ("fp32", "bf16"), output="fp16", budget=BUDGET)
    assert found.result is None and found.minimality is None
    assert assign(network, inputs, Fraction(10**9), ("fp32", "bf16"), output="fp32", budget=BUDGET).result is not None
    assert assign(network, box(-0.5, 0.5, (2,)), Fraction(10**9), ("fp32", "bf16"), output="fp16", budget=BUDGET).result is not None


def replace_model(inputs: InputSet, model: InputModel) -> InputSet:
    return replace(inputs, model=model)


def test_places_in_the_order_of_costs_may_be_counted() -> None:
    network, inputs = tiny_network(np.random.default_rng(1)), box(-1.0, 1.0, (2,))
    found = assign(network, inputs, Fraction(1, 10), ("fp32", "fp16"), costs="device", device="h100", budget=BUDGET)
    assert found.result is not None and found.result.verdict is Verdict.SUFFICIENT
    assert found.result.device == "h100"
    assert_minimal(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tolerance": Fraction(0)}, "tolerance 0 is not positive"),
        ({"formats": ("mxfp8_e4m3", "fp64")}, "no format that layers can be held in"),
        ({"costs": "time"}, "costs 'time' are unknown"),
        ({"inputs": replace(box(-1.0, 1.0, (2,)), model=InputModel.REPRESENTABLE)}, "representable inputs have a format"),
    ],
)
def test_what_cannot_be_asked_is_refused(change: dict[str, object], message: str) -> None:
    fields: dict[str, object] = {"inputs": box(-1.0, 1.0, (2,)), "tolerance": Fraction(1, 10), "formats": ("fp32",), "budget": BUDGET}
    given = {**fields, **change}
    with pytest.raises((InputError, FormatError), match=message) as failure:
        assign(tiny_network(np.random.default_rng(1)), given.pop("inputs"), given.pop("tolerance"), given.pop("formats"), **given)  # type: ignore[arg-type]  # by name
    assert "\n" not in str(failure.value)


def test_nothing_is_enough_for_a_tolerance_too_small() -> None:
    found = assign(tiny_network(np.random.default_rng(1)), box(-1.0, 1.0, (2,)), Fraction(1, 10**9), ("fp32", "fp16"), budget=BUDGET)
    assert found.result is None and found.choices == ()
    assert found.note.startswith("nothing is proved to be enough: all in fp32 has the error bound")
