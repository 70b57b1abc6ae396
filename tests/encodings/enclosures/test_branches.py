"""Branches and preconditions: against exact arithmetic at random points, and by cases of both kinds on every side of a border."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.encodings.enclosures.arb import enclose_at, node_enclosures
from suffice.encodings.enclosures.bounds import curvature_bounds, range_bounds, slope_bounds
from suffice.encodings.enclosures.crosscheck import Claims, crosscheck_bounds
from suffice.encodings.enclosures.domain import check_domain
from suffice.encodings.enclosures.kinks import decide_branches, has_choice
from suffice.encodings.enclosures.requirements import UndefinedPointError
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval
from suffice.encodings.readers.text import read_condition, read_expression
from suffice.encodings.writers.text import to_text
from suffice.errors import DisagreementError, DomainError
from tests.encodings.dags import branching_dags
from tests.encodings.formula import box
from tests.encodings.values import chosen_value

SQUARE = box(x=(-2, 3), y=(-3, 2))


def formula(text: str) -> Expression:
    return read_expression(text, ["x", "y"])


def conditions(*texts: str) -> list[Expression]:
    return [read_condition(text, ["x", "y"]) for text in texts]


def sides(expression: Expression, *others: Expression) -> Box:
    return {name: SQUARE[name] for name in sorted({name for part in (expression, *others) for name in part.variables})}


def points(seed: int, count: int = 40) -> list[dict[str, Fraction]]:
    random = Random(seed)
    grids = [Fraction(1), Fraction(1, 64), Fraction(1, 999)]
    result = []
    for _ in range(count):
        grid = random.choice(grids)
        result.append({name: random.randint(int(side.lo / grid), int(side.hi / grid)) * grid for name, side in SQUARE.items()})
    return result


@given(branching_dags(), st.integers(0, 10**6))
@settings(deadline=None, max_examples=150)
def test_enclosures_hold_every_value(expression: Expression, seed: int) -> None:
    region = sides(expression)
    try:
        check_domain(expression, region)
        bounds = range_bounds(expression, region, budget=60)
    except UndefinedPointError as error:
        point = {"x": Fraction(0), "y": Fraction(0)} | error.point
        with pytest.raises(ZeroDivisionError):
            chosen_value(expression, point)
        return
    except DomainError:
        return
    for point in points(seed):
        value = chosen_value(expression, point)
        assert bounds.outside.lo <= value <= bounds.outside.hi
        assert enclose_at(expression, point).lo <= value <= enclose_at(expression, point).hi
    for attained in (bounds.lowest, bounds.highest):
        assert attained.value.lo <= chosen_value(expression, {**points(0)[0], **attained.point}) <= attained.value.hi
    crosscheck_bounds(expression, region, Claims(values=bounds), samples=3)


@given(branching_dags(largest=6), branching_dags(largest=4), st.integers(0, 10**6))
@settings(deadline=None, max_examples=100)
def test_preconditions_leave_only_what_satisfies_them(expression: Expression, other: Expression, seed: int) -> None:
    limit = conditions("x < y + 1")[0] if seed % 2 else conditions("x*x + y*y <= 4 or x == y")[0]
    region = sides(expression, limit, other)
    try:
        bounds = range_bounds(expression, region, budget=60, preconditions=[limit])
    except UndefinedPointError as error:
        point = {"x": Fraction(0), "y": Fraction(0)} | error.point
        assert chosen_value(limit, point)
        with pytest.raises(ZeroDivisionError):
            chosen_value(expression, point)
        return
    except DomainError:
        return
    for point in points(seed):
        if chosen_value(limit, point):
            assert bounds.outside.lo <= chosen_value(expression, point) <= bounds.outside.hi
    for attained in (bounds.lowest, bounds.highest):
        assert chosen_value(limit, attained.point) is True
    crosscheck_bounds(expression, region, Claims(values=bounds, preconditions=(limit,)), samples=3)


DEFINED = [
    ("if x > 0 then log(x) else x", []),
    ("if x >= 0 then sqrt(x) else sqrt(-x)", []),
    ("if x == 0 then 1 else (exp(x) - 1)/x", []),
    ("if x != 0 then 1/x else 0", []),
    ("if x < y then 1/(y - x) else 1", []),
    ("if x != 0 and 1/x > 2 then 1/x else 0", []),
    ("if x <= 0 or log(x) < y then x else sqrt(x)", []),
    ("if x > 1 and y > 1 then log(x*y - 7/8) else 0", []),
    ("if not (x <= 1 or y <= 1) then sqrt(x - 1) + log(y) else 0", []),
    ("if x > 0 then if x < 1 then asin(x) else log(x) else x", []),
    ("log(x)", ["x > 0"]),
    ("1/x", ["x*x > 1"]),
    ("1/(x - y)", ["y < x"]),
    ("sqrt(x - y)", ["x >= y"]),
    ("log(y - x)", ["x < y", "x + y < 1"]),
    ("sqrt(1 - x*x - y*y)", ["x*x + y*y <= 1/2"]),
    ("log(x + y)", ["x + y >= 1/8"]),
    ("1/x", ["x == 1 or x == 2"]),
    ("x/(x - y)", ["not (y == x)"]),
]


@pytest.mark.parametrize(("text", "limits"), DEFINED)
def test_defined_where_it_is_needed(text: str, limits: list[str]) -> None:
    expression, where = formula(text), conditions(*limits)
    check_domain(expression, sides(expression, *where), where)


UNDEFINED = [
    ("if x > -1 then log(x) else x", [], "log is not defined: its operand x is 0 at x = 0;"),
    ("if x >= 0 then 1/x else x", [], "the divisor x is zero at x = 0;"),
    ("if x < 1 then 1 else 1/(x - 2)", [], "is zero at x = 2;"),
    ("if x < 0 then x else sqrt(x - 1)", [], "sqrt is not defined: its operand x - 1 is -1 at x = 0;"),
    ("if x > -1 and log(x) < y then 1 else 0", [], "log is not defined"),
    ("1/x", ["x > -1"], "the divisor x is zero at x = 0;"),
    ("1/(x - y)", ["y <= x"], "the divisor x - y is zero at x = 0, y = 0;"),
    ("if y > 0 then 1/x else x", ["x*x < 1"], "the divisor x is zero at x = 0, y = "),
    ("sqrt(x)", ["y < x + 1"], "sqrt is not defined"),
    ("log(x*x - 2)", ["x > 0"], "log is not defined: its operand x*x - 2 is"),
]


@pytest.mark.parametrize(("text", "limits", "message"), UNDEFINED)
def test_undefined_at_a_point_that_counts(text: str, limits: list[str], message: str) -> None:
    expression, where = formula(text), conditions(*limits)
    with pytest.raises(UndefinedPointError) as caught:
        check_domain(expression, sides(expression, *where), where)
    assert message in str(caught.value)
    assert all(chosen_value(condition, {**points(0)[0], **caught.value.point}) for condition in where)


def test_a_branch_that_is_never_taken_need_not_be_defined_but_a_needed_operation_must_be() -> None:
    shared = formula("(if x < 4 then 1 else 1/x) + (if y < 5 then 1 else 1/x)")
    check_domain(shared, SQUARE)
    with pytest.raises(DomainError):
        check_domain(formula("(if x < 4 then 1/x else 1) + 1/x"), SQUARE)


def test_a_point_inside_the_box_is_named_before_one_on_its_border() -> None:
    with pytest.raises(UndefinedPointError, match=r"the divisor log\(1 \+ x\) is zero at x = 0;"):
        check_domain(formula("log(1 - x)/log(1 + x)"), box(x=(-1, 1)))
    with pytest.raises(UndefinedPointError, match="its operand 1 - x is 0 at x = 1"):
        check_domain(formula("log(1 - x)/log(3 + x)"), box(x=(-1, 1)))


def test_preconditions_that_hold_nowhere() -> None:
    with pytest.raises(DomainError, match="no point of the box"):
        range_bounds(formula("x"), box(x=(0, 1)), preconditions=conditions("x > 2"))
    with pytest.raises(DomainError, match="no point of the box satisfies the preconditions"):
        node_enclosures(formula("x"), box(x=(0, 1)), preconditions=conditions("x > 2"))


def test_ranges_see_preconditions_and_branches() -> None:
    disc = range_bounds(formula("x + y"), SQUARE, preconditions=conditions("x*x + y*y <= 1"))
    assert 1.41 < disc.highest.value.lo <= disc.outside.hi < 1.6 and disc.inside is None
    steps = range_bounds(formula("if x < 1 then 0 else 10"), box(x=(0, 2)))
    assert steps.outside == Interval(Fraction(0), Fraction(10)) and steps.inside is None
    smooth = range_bounds(formula("if x < 5 then x*x else 1/(x - 1)"), box(x=(0, 2)))
    assert smooth.outside == Interval(Fraction(0), Fraction(4)) and smooth.inside is not None


def test_slopes_of_a_branch_that_is_decided_and_none_of_one_that_is_not() -> None:
    decided = slope_bounds(formula("if x < 5 then x*x else 1/(x - 1)"), box(x=(0, 2)))["x"]
    assert decided.signed == Interval(Fraction(0), Fraction(4))
    for bounds in (slope_bounds, curvature_bounds):
        unknown = bounds(formula("if x < 1 then 1 else 2"), box(x=(0, 2)))["x"]
        assert unknown.signed is None and unknown.peak.upper is None and unknown.floor.lower == 0 and not unknown.smooth
    limited = slope_bounds(formula("x*x"), box(x=(0, 2), y=(0, 1)), preconditions=conditions("x < 1/2"))["x"]
    assert limited.peak.upper is not None and Fraction(15, 16) < limited.peak.lower <= 1 <= limited.peak.upper <= 4


def test_deciding_branches() -> None:
    assert to_text(decide_branches(formula("if x < 5 then abs(x) else y"), box(x=(0, 2), y=(0, 1)))) == "x"
    assert to_text(decide_branches(formula("if x < 1 then x else y"), box(x=(0, 2), y=(0, 1)), conditions("x >= 1"))) == "y"
    assert has_choice(decide_branches(formula("if x < 1 then x else y"), box(x=(0, 2), y=(0, 1))))


def test_enclosures_of_nodes_that_are_not_needed_may_be_missing() -> None:
    expression = formula("if x < 5 then x else 1/y")
    enclosures = node_enclosures(expression, box(x=(0, 2), y=(-1, 1)))
    assert [k for k, enclosure in enumerate(enclosures) if enclosure is None] == [
        k for k, node in enumerate(expression.nodes) if node.op.value == "div"
    ]


def test_nodes_that_differ_only_in_format_keep_their_places() -> None:
    expression = formula("fp16(x)*2 - fp32(x)*3 + 5")
    enclosures = node_enclosures(expression, box(x=(1, 2)))
    assert len(enclosures) == len(expression.nodes)
    values = [
        (node.payload, enclosure)
        for node, enclosure in zip(expression.nodes, enclosures, strict=True)
        if isinstance(node.payload, Fraction)
    ]
    assert all(enclosure is not None and enclosure.lo == enclosure.hi == payload for payload, enclosure in values)


def test_mpmath_contradicts_a_wrong_range_and_says_nothing_at_a_tie() -> None:
    step = formula("if x < 1 then 0 else 10")
    true, false = range_bounds(step, box(x=(0, 2))), range_bounds(formula("0*x"), box(x=(0, 2)))
    crosscheck_bounds(step, box(x=(0, 2)), Claims(values=true))
    with pytest.raises(DisagreementError):
        crosscheck_bounds(step, box(x=(0, 2)), Claims(values=false))
    tie = formula("if x/3 < 1/3 then 0 else 10")
    crosscheck_bounds(tie, box(x=(1, 1)), Claims(values=range_bounds(tie, box(x=(1, 1)))))
