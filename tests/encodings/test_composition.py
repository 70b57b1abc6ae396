"""C1 to C4 on random chains against oracles that know no derivative; and bounds that are not quite the lemmas', each refuted."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, assume, example, find, given, settings
from hypothesis import strategies as st

from suffice.encodings.enclosures.composition import ChainBounds, Layer, chain_bounds, composed, layer_bounds
from suffice.encodings.enclosures.error_budgets import ErrorBudget, error_budget
from suffice.encodings.expression import ExpressionBuilder
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval
from suffice.encodings.writers.text import to_text
from suffice.errors import DomainError, InputError, SufficeError
from suffice.hardware_specs.catalogue import parse_format
from tests.encodings.chain_oracle import (
    TINY,
    contradicts,
    cornered,
    distance,
    gradient_moves,
    least_sizes,
    series,
    sizes_between,
    sizes_found,
    sizes_on,
    value,
)
from tests.encodings.chains import Chain, Run, Vector, chains, directions, read_layer, runs, scalar, steps
from tests.encodings.wrong_lemmas import LARGEST, PIECES, WRONG, WRONG_BUDGETS, claim_of, is_huge, right

ZERO, ONE, NEARLY_NOTHING = Fraction(0), Fraction(1), Fraction(1, 10**6)

SEARCH = settings(database=None, deadline=None, max_examples=300, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])

REFUTING = {
    "over the first box": scalar("1/8", "9/64", "sin(x)", "sin(x)"),
    "from samples": scalar("0", "2", "sin(x)", "x"),
    "with flat kinks": scalar("0", "2", "cos(x)", "abs(x)"),
    "with powers swapped": scalar("0", "1/64", "sin(2*x)", "sin(x)"),
    "without the second term": scalar("0", "1/64", "sin(x)", "sin(x)"),
    "without the first term": scalar("0", "1/64", "sin(x)", "sin(x)"),
}
"""Chains on which the wrong bounds of these names are too small, as a search found them (coefficients 1 and 0 left out)."""

FORWARD, BACK = (Fraction(1),), (Fraction(-1),)
REFUTING_RUNS = {
    "unwidened": Run(scalar("0", "1/64", "sin(x)", "sin(x+1)"), (ZERO, ONE, ZERO), (ZERO,), (BACK, BACK, BACK)),
    "without amplification": Run(scalar("0", "1/64", "sin(x)", "sin(x)", "2*x"), (ZERO, ZERO, ONE, ZERO), (ZERO,), (FORWARD,) * 4),
}
"""Likewise for error budgets."""


def deterministic(examples: int) -> settings:
    """The same examples in every run, however slow the machine."""
    return settings(derandomize=True, database=None, deadline=None, max_examples=examples, suppress_health_check=[HealthCheck.too_slow])


def budget_of(run: Run) -> ErrorBudget:
    """The budget under test."""
    try:
        budget = error_budget(run.chain.parsed, run.chain.box, run.errors[1:], run.errors[0], PIECES)
    except DomainError as error:
        assert "large" in error.what or "bounded" in error.what
        assume(False)
        raise
    if budget.error > LARGEST:
        assume(False)
    return budget


def bounds_of(chain: Chain) -> ChainBounds:
    """The bounds under test; chains with values of absurd size are no examples."""
    try:
        bounds = right(chain)
    except DomainError as error:
        assert "bounded" in error.what or "large" in error.what
        assume(False)
        raise
    if is_huge(bounds):
        assume(False)
    return bounds


@deterministic(25)
@given(chain=chains(), place=steps(1))
@example(chain=REFUTING["over the first box"], place=(Fraction(1),))
@example(chain=REFUTING["from samples"], place=(Fraction(1, 3),))
@example(chain=REFUTING["without the second term"], place=(Fraction(1, 2),))
@example(chain=REFUTING["without the first term"], place=(Fraction(1, 2),))
def test_no_derivative_exceeds_the_composed_bounds(chain: Chain, place: Vector) -> None:
    bounds = bounds_of(chain)
    assert not contradicts(sizes_found(chain), claim_of(bounds))
    point = [Interval(x, x) for x in chain.at(place)]
    assert not contradicts(sizes_on(chain, point, (ONE,)), claim_of(bounds))


@deterministic(25)
@given(chain=chains(kinks=True), ends=st.tuples(steps(1), steps(1)).filter(lambda pair: pair[0] != pair[1]))
@example(chain=REFUTING["with flat kinks"], ends=((Fraction(0),), (Fraction(1),)))
@example(chain=REFUTING["with powers swapped"], ends=((Fraction(0),), (Fraction(1),)))
def test_no_divided_difference_exceeds_the_composed_bounds(chain: Chain, ends: tuple[Vector, Vector]) -> None:
    bounds = bounds_of(chain)
    assert not contradicts(sizes_between(chain, chain.at(ends[0]), chain.at(ends[1])), claim_of(bounds))


@pytest.mark.parametrize("name", REFUTING)
def test_the_bounds_hold_where_wrong_ones_fail(name: str) -> None:
    chain = REFUTING[name]
    sizes = sizes_found(chain)
    assert contradicts(sizes, WRONG[name](chain))
    assert not contradicts(sizes, claim_of(bounds_of(chain)))


@pytest.mark.parametrize("name", WRONG)
def test_search_refutes_every_wrong_bound(name: str) -> None:
    def fails(chain: Chain) -> bool:
        try:
            return not is_huge(right(chain)) and contradicts(sizes_found(chain), WRONG[name](chain))
        except SufficeError:
            return False

    found = find(chains(shortest=2, longest=3, kinks=name == "with flat kinks"), fails, settings=SEARCH, random=Random(0))
    assert not contradicts(sizes_found(found), claim_of(bounds_of(found)))


@deterministic(10)
@given(chain=chains(longest=3, widest=2), draw=st.data())
def test_vectors_stay_within_the_composed_bounds(chain: Chain, draw: st.DataObject) -> None:
    bounds, width = bounds_of(chain), len(chain.sides)
    point = [Interval(x, x) for x in chain.at(draw.draw(steps(width)))]
    direction = draw.draw(directions(width))
    assert not contradicts(sizes_on(chain, point, direction), claim_of(bounds))
    assert bounds.lipschitz_max is not None
    _, steepest = least_sizes(series(chain.parsed, point, direction), 1)
    assert steepest <= bounds.lipschitz_max * max(map(abs, direction))


@deterministic(15)
@given(chain=chains(longest=4), ends=st.tuples(steps(1), steps(1)).filter(lambda pair: pair[0] != pair[1]))
def test_no_gradient_moves_faster_than_c4_says(chain: Chain, ends: tuple[Vector, Vector]) -> None:
    bounds = bounds_of(chain)
    assert bounds.gradient_lipschitz is not None
    assert gradient_moves(chain, chain.at(ends[0]), chain.at(ends[1])) <= bounds.gradient_lipschitz**2


def test_backward_curvature_is_not_the_forward_one_times_the_slope_squared() -> None:
    """THEORY C4: "kappa_bwd = kappa_fwd L^2" is false for x^2, and C4 is exact there."""
    chain = scalar("0", "1/4", "x^2")
    bounds = bounds_of(chain)
    fastest = gradient_moves(chain, (Fraction(0),), (Fraction(1, 4),))
    assert bounds.curvature is not None and bounds.lipschitz is not None and bounds.gradient_lipschitz is not None
    assert fastest == 4 > (bounds.curvature * bounds.lipschitz**2) ** 2
    assert fastest <= bounds.gradient_lipschitz**2 < 4 + NEARLY_NOTHING


@deterministic(25)
@given(run=runs())
@example(run=REFUTING_RUNS["unwidened"])
@example(run=REFUTING_RUNS["without amplification"])
def test_no_run_leaves_its_error_budget(run: Run) -> None:
    error = budget_of(run).error
    assert distance(run) <= error


@deterministic(8)
@given(run=runs(longest=3, widest=2))
def test_no_run_of_vectors_leaves_its_error_budget(run: Run) -> None:
    error = budget_of(run).error
    assert distance(run) <= error


@pytest.mark.parametrize("name", REFUTING_RUNS)
def test_the_budget_holds_where_a_wrong_one_fails(name: str) -> None:
    run = REFUTING_RUNS[name]
    assert WRONG_BUDGETS[name](run) < distance(run) <= budget_of(run).error


@pytest.mark.parametrize("name", WRONG_BUDGETS)
def test_search_refutes_every_wrong_budget(name: str) -> None:
    def fails(run: Run) -> bool:
        try:
            return max(map(distance, cornered(run))) > WRONG_BUDGETS[name](run)
        except SufficeError:
            return False

    found = find(runs(longest=3), fails, settings=SEARCH, random=Random(0))
    assert max(map(distance, cornered(found))) <= budget_of(found).error


def test_budgets_of_affine_layers_are_attained() -> None:
    chain = scalar("-1", "2", "3*x", "1-2*x", "x/4")
    errors = tuple(Fraction(1, n) for n in (7, 5, 3, 2))
    run = Run(chain, errors, (Fraction(0),), tuple((Fraction(sign),) for sign in (-1, -1, 1, 1)))
    found = budget_of(run)
    assert (
        found.error
        == distance(run).limit_denominator(10**6)
        == Fraction(3, 2) / 7 + Fraction(1, 2) / 5 + Fraction(1, 4) / 3 + Fraction(1, 2)
    )
    assert found.amplifications == (Fraction(1, 2), Fraction(1, 4), Fraction(1))


def test_errors_of_components_add_up() -> None:
    """In the max norm x + y amplifies by 2, not by the length sqrt 2 of its gradient."""
    run = Run(Chain((("x", "2*x"), ("x+y",)), (("0", "1"),)), (ONE, ZERO, ZERO), (ZERO,), (FORWARD, (ZERO, ZERO), FORWARD))
    assert budget_of(run).error == 4 >= distance(run) == 3
    assert budget_of(run).steps[1].lipschitz == bounds_of(run.chain).layers[1].lipschitz_max == 2


def test_a_budget_is_refused_where_errors_lead_out_of_the_domain() -> None:
    """sqrt after x on [1/100, 1]: an error of 1/200 arrives within the domain, one of 1/50 does not, and a run then has no value."""
    chain = scalar("1/100", "1", "x", "sqrt(x)")
    inside, outside = (tuple(map(Fraction, (0, e, 0))) for e in ("1/200", "1/50"))
    worst = ((Fraction(-1),),) * 3
    run = Run(chain, inside, (Fraction(0),), worst)
    assert distance(run) <= budget_of(run).error
    with pytest.raises(DomainError, match=r"^layer 2: sqrt is not defined: its operand x is about -0\.01 at"):
        error_budget(chain.parsed, chain.box, outside[1:])
    with pytest.raises(ValueError, match="j"):
        distance(Run(chain, outside, (Fraction(0),), worst))


def test_a_budget_is_refused_where_no_slope_bounds_the_error() -> None:
    chain = scalar("1/64", "1", "x", "sqrt(x)")
    with pytest.raises(DomainError, match=r"^layer 2: no Lipschitz bound was found on the inputs and 1/64 around them"):
        error_budget(chain.parsed, chain.box, [Fraction(1, 64), Fraction(0)])
    jump = scalar("-1", "1", "if x < 0 then 0 else 1")
    with pytest.raises(DomainError, match=r"^layer 1: no Lipschitz bound"):
        error_budget(jump.parsed, jump.box, [Fraction(0)])


def test_the_image_decides_what_a_layer_may_be() -> None:
    """log is defined on the image of 1 + x^2, though not on the box; 1/x not on the image of x^3."""
    bounds = bounds_of(scalar("-1", "1", "1+x^2", "log(x)"))
    assert bounds.lipschitz is not None and 2 <= bounds.lipschitz < 2 + NEARLY_NOTHING
    with pytest.raises(DomainError, match=r"^layer 2: "):
        chain_bounds(scalar("-1", "1", "x^3", "1/x").parsed, {"x": Interval(Fraction(-1), Fraction(1))})


def test_affine_and_square_chains_are_bounded_exactly() -> None:
    bounds = bounds_of(scalar("-1", "2", "3*x+1", "x^2"))
    assert bounds.lipschitz == bounds.lipschitz_max == 42
    assert bounds.curvature == 9
    assert bounds.image == (Interval(Fraction(0), Fraction(49)),)


def test_sups_that_no_rational_point_attains_are_not_undercut() -> None:
    """cos on [0, 3] is steepest at pi/2, sin bends most there; cos(x + y) likewise on a line."""
    steep, bent = bounds_of(scalar("0", "3", "cos(x)")), bounds_of(scalar("0", "3", "sin(x)"))
    both = bounds_of(Chain((("cos(x+y)",),), (("0", "1"), ("0", "1"))))
    assert steep.lipschitz is not None and bent.curvature is not None
    assert both.lipschitz is not None and both.lipschitz_max is not None and both.curvature is not None
    assert 1 <= steep.lipschitz < 1 + NEARLY_NOTHING
    assert Fraction(1, 2) <= bent.curvature < Fraction(1, 2) + NEARLY_NOTHING
    assert 2 <= both.lipschitz**2 < 2 + NEARLY_NOTHING
    assert 2 <= both.lipschitz_max < 2 + NEARLY_NOTHING
    assert 1 <= both.curvature < 1 + NEARLY_NOTHING


def test_a_kink_within_reach_leaves_the_curvature_unknown() -> None:
    crossed, passed = (bounds_of(scalar(lo, "2", "x", "abs(x)", "x^2")) for lo in ("-1", "1"))
    assert crossed.curvature is None and crossed.lipschitz == 4
    assert passed.curvature == 1


def test_slopes_over_the_image_set_do_not_compose_curvature() -> None:
    """C2's caveat: f(t) = (t, t^2/10), g(x, y) = y. Lip of g over the curve f([-1, 1]) is below 1/5, and kappa(g.f) = 1/10."""
    chain = Chain((("x", "x^2/10"), ("y",)), (("-1", "1"),))
    bounds = bounds_of(chain)
    inner = bounds.layers[0].curvature
    grid = [Fraction(k, 10) for k in range(-10, 11)]
    on_curve = max((b * b - a * a) ** 2 / 100 / ((b - a) ** 2 + (b * b - a * a) ** 2 / 100) for a in grid for b in grid if a < b)
    assert inner is not None and bounds.curvature is not None
    assert Fraction(1, 10) <= bounds.curvature < Fraction(1, 10) + NEARLY_NOTHING
    assert on_curve < Fraction(1, 25)
    sizes = sizes_between(chain, (-ONE,), (ONE,))
    assert contradicts(sizes, (None, inner * Fraction(1, 5)))
    assert not contradicts(sizes, claim_of(bounds))


def test_composed_expressions_have_the_value_of_their_chain() -> None:
    chain = Chain((("x*y", "sin(x)"), ("x/(1+y^2)", "y", "x"), ("x+y*z",)), (("0", "1"), ("1", "2")))
    whole = Chain(((to_text(composed(chain.parsed).outputs[0]),),), chain.sides)
    point = (Fraction(1, 3), Fraction(5, 4))
    assert value(whole, point) == value(chain, point)


def test_an_input_that_stands_in_two_formats_is_one_input() -> None:
    """-x in fp16 times 3 x in no format: the slope of -3 x^2 on [1, 2] reaches 12, from either factor alone 6."""
    builder = ExpressionBuilder(parse_format("fp16"))
    narrow = builder.build(builder.apply(Op.NEG, builder.variable("x")))
    wide = read_layer(("x",), ("3*x",)).outputs[0]
    whole = composed([Layer(("x",), (narrow, wide)), read_layer(("x", "y"), ("x*y",))])
    assert [node.format is None for node in whole.outputs[0].nodes if node.op is Op.VAR] == [False, True]
    assert whole.outputs[0].variables == ("x",)
    bounds = layer_bounds(whole, {"x": Interval(ONE, Fraction(2))})
    assert (bounds.lipschitz, bounds.lipschitz_max, bounds.curvature) == (Fraction(12), Fraction(12), Fraction(3))


def test_tiny_values_are_not_written_out() -> None:
    """exp(-10^6) is no longer than 0 +- TINY, and still no value of a chain that stays above."""
    chain = scalar("0", "1", "x/2", "exp(-4*(10^6)*x)")
    assert value(chain, (Fraction(1, 2),)) == (Interval(-TINY, TINY),)
    assert value(chain, (ZERO,)) == (Interval(ONE, ONE),)
    assert not contradicts(sizes_found(chain), claim_of(bounds_of(chain)))
    assert contradicts(sizes_found(chain), (ONE / 2, ONE / 2))


@pytest.mark.parametrize(
    ("formulas", "message"),
    [
        ((), "the chain has no layer"),
        ((("x", "x"), ("y",), ("x+y",)), "layer 3: 2 inputs, but 1 outputs before; give as many as arrive"),
    ],
)
def test_chains_that_do_not_fit_are_refused(formulas: tuple[tuple[str, ...], ...], message: str) -> None:
    layers = [read_layer(("x", "y")[: 2 if "y" in "".join(outputs) else 1], outputs) for outputs in formulas]
    with pytest.raises(InputError, match=message):
        chain_bounds(layers, {"x": Interval(Fraction(0), Fraction(1))})


def test_numbers_that_do_not_fit_are_refused() -> None:
    chain = scalar("0", "1", "x", "x")
    with pytest.raises(InputError, match="1 rounding errors for 2 layers; give one for each layer"):
        error_budget(chain.parsed, chain.box, [Fraction(0)])
    with pytest.raises(InputError, match="layer 2: an error bound is negative"):
        error_budget(chain.parsed, chain.box, [Fraction(0), Fraction(-1)])
    with pytest.raises(InputError, match="layer 1: the input x has no interval"):
        chain_bounds(chain.parsed, {})
    with pytest.raises(InputError, match="a chain with 2 outputs has no gradient"):
        _ = bounds_of(Chain((("x", "x^2"),), (("0", "1"),))).gradient_lipschitz
    with pytest.raises(InputError, match="an output of a layer uses y, which is none of its inputs"):
        Layer(("x",), read_layer(("y",), ("y",)).outputs)
