"""Rules by points and by segments: values that can be had by hand, and what each rule must refuse."""

from __future__ import annotations

from fractions import Fraction

import pytest

from suffice.proofs.kernel.failures import LeafFailure, Rejection

from .documents import E4M3, EXACT, FP16, Json, a_run, derived, floating, formats, integers, law, pair, problem
from .samples import CELL, EXP, PRODUCT, SMALL, SQUARE

X: Json = ["var", "x"]
CODE = formats(EXACT, output={"kind": "code", "bits": 3})
ONE = {"x": ["1", "2"]}


def value(nodes: Json, box: dict[str, list[str]], fmts: Json, evidence: Json, **tolerance: str) -> tuple[Fraction | str, str]:
    """What evidence for a floor, or a run, proves."""
    bound = "witness_error" if evidence["kind"] == "run" else "floor"
    found = derived(problem(nodes, box, **(tolerance or {"absolute": "1"})), fmts, bound, evidence)
    return found.value, found.label


@pytest.mark.parametrize(
    ("kind", "nodes", "ends", "expected", "label"),
    [
        ("count", [X], ("1", "2"), Fraction(1, 16), "T3"),
        ("count", SQUARE, ("1", "2"), Fraction(3, 16), "T3"),
        ("count", SQUARE, ("-1", "1"), Fraction(0), "T3"),
        ("slope", [X], ("1", "2"), Fraction(1, 16), "T4"),
        ("slope", SQUARE, ("1", "2"), Fraction(2, 16), "T4"),
        ("slope", SQUARE, ("-2", "-1"), Fraction(2, 16), "T4"),
        ("curvature", SQUARE, ("-1", "1"), Fraction(4, 64), "T5"),
        ("curvature", [X, ["pow", 0, 2], ["neg", 1]], ("-1", "1"), Fraction(4, 64), "T5"),
    ],
)
def test_floors_by_counting(kind: str, nodes: Json, ends: tuple[str, str], expected: Fraction, label: str) -> None:
    """R / (2N), l D / (2N) and k D^2 / (8N) with N = 8."""
    points = [{"x": end} for end in ends]
    for ordered in (points, points[::-1]):
        assert value(nodes, {"x": ["-9", "9"]}, CODE, law(kind, *ordered, pieces=1)) == (expected, label)


@pytest.mark.parametrize(
    ("output", "count"),
    [
        ({"kind": "code", "bits": 1}, 2),
        (integers(), 256),
        (integers("1/3", 5, qmin=0, qmax=2), 3),
        (floating(1, 0, 0), 2 * 1 + 4),
    ],
)
def test_how_many_codes(output: Json, count: int) -> None:
    """A float format has at most its numbers, both zeros and two infinities."""
    found, _ = value([X], ONE, formats(EXACT, output=output), law("count", {"x": "1"}, {"x": "2"}))
    assert found == Fraction(1, 2 * count)


def test_input_codes_count_too() -> None:
    five = formats(EXACT, input=integers("1", 0, qmin=0, qmax=4))
    assert value([X], ONE, five, law("count", {"x": "1"}, {"x": "2"}))[0] == Fraction(1, 10)
    two = {"x": ["1", "2"], "y": ["1", "2"]}
    points = ({"x": "1", "y": "1"}, {"x": "2", "y": "1"})
    assert value(PRODUCT, two, five, law("count", *points))[0] == Fraction(1, 2 * 25)


@pytest.mark.parametrize(
    ("kind", "nodes", "ends"),
    [
        ("slope", SQUARE, ("-1", "1")),
        ("slope", SQUARE, ("0", "1")),
        ("slope", [X, ["abs", 0]], ("0", "1")),
        ("curvature", [X, ["pow", 0, 3]], ("-1", "1")),
        ("curvature", [X, ["abs", 0]], ("1", "2")),
        ("count", [X, ["pow", 0, -1]], ("-1", "1")),
        ("slope", [X, ["pow", 0, -1]], ("-1", "1")),
        ("count", [X, ["tan", 0]], ("1", "2")),
    ],
)
def test_derivatives_that_vanish_or_do_not_exist(kind: str, nodes: Json, ends: tuple[str, str]) -> None:
    """Also where f is not continuous between the ends: there a range proves nothing."""
    with pytest.raises(LeafFailure):
        value(nodes, {"x": ["-9", "9"]}, CODE, law(kind, *({"x": end} for end in ends), pieces=64))


def test_laws_in_one_cell() -> None:
    """The cell of 11/8 has the width 1/8: |f'| >= 21/8, |f''| = 2."""
    assert value(SQUARE, ONE, formats(SMALL), law("cell_slope", *CELL, pieces=1)) == (Fraction(21, 8) / 16, "T2")
    assert value(SQUARE, ONE, formats(SMALL), law("cell_curvature", *CELL)) == (Fraction(1, 64) / 8, "T6")
    wide = ({"x": "21/16"}, {"x": "1439/1000"})
    for kind in ("cell_slope", "cell_curvature"):
        with pytest.raises(Rejection, match="do not lie in one cell"):
            value(SQUARE, ONE, formats(SMALL), law(kind, *wide))
        with pytest.raises(Rejection, match="do not lie in one cell"):
            value(SQUARE, ONE, formats(SMALL, input=EXACT), law(kind, *CELL))
        with pytest.raises(Rejection, match="do not lie in one cell"):
            value(SQUARE, ONE, formats(SMALL, input=integers()), law(kind, *CELL))


def test_laws_speak_of_points_of_the_box() -> None:
    """A cell of [1, 2) is wider than any of [0, 1/64]: outside the box it would prove what is false."""
    for kind in ("pair", "count", "slope", "curvature", "cell_slope", "cell_curvature"):
        evidence = pair(*CELL) if kind == "pair" else law(kind, *CELL)
        assert value(SQUARE, ONE, formats(SMALL), evidence)[0] != 0
        with pytest.raises(Rejection, match="a point lies outside the box in x"):
            value(SQUARE, {"x": ["0", "1/64"]}, formats(SMALL), evidence)


def test_slopes_of_two_inputs_add_up() -> None:
    box = {"x": ["1", "2"], "y": ["-1", "1"]}
    corners = ({"x": "21/16", "y": "21/32"}, {"x": "23/16", "y": "23/32"})
    slopes = Fraction(21, 32) * Fraction(1, 8) + Fraction(21, 16) * Fraction(1, 16)
    assert value(PRODUCT, box, formats(SMALL), law("cell_slope", *corners, pieces=1))[0] == slopes / 2
    across = ({"x": "21/16", "y": "-1/1024"}, {"x": "23/16", "y": "1/1024"})
    fmt = floating(4, -6, 7, negative_zero=False)
    found, _ = value(PRODUCT, box, formats(fmt), law("cell_slope", *across, pieces=1))
    assert found == Fraction(21, 16) * Fraction(2, 1024) / 2, "x counts for nothing where its slope changes sign"


def test_pairs_in_the_closure_of_a_cell() -> None:
    """T2: half of what f varies; T1+T2: to the next number of the output."""
    half = (Fraction(23, 16) ** 2 - Fraction(21, 16) ** 2) / 2
    exact = formats(SMALL, output=EXACT)
    assert value(SQUARE, ONE, exact, pair(*CELL)) == (half, "T2")
    for beyond in ("1439/1000", "3/2"):
        with pytest.raises(Rejection, match="closure of one cell"):
            value(SQUARE, ONE, exact, pair(CELL[0], {"x": beyond}))
    for open_input in (EXACT, integers()):
        with pytest.raises(Rejection, match="closure of one cell"):
            value(SQUARE, ONE, formats(SMALL, input=open_input), pair(*CELL))


def test_zeros_of_two_signs_are_two_codes() -> None:
    points = ({"x": "-1/1024"}, {"x": "1/1024"})
    box = {"x": ["-1", "1"]}
    steep: Json = [X, ["const", "1000"], ["mul", 0, 1]]
    with pytest.raises(Rejection, match="closure of one cell"):
        value(steep, box, formats(SMALL, output=EXACT), pair(*points))
    unsigned = SMALL | {"negative_zero": False}
    assert value(steep, box, formats(unsigned, output=EXACT), pair(*points))[0] == Fraction(1000, 1024)


def test_nan_is_one_code_on_both_sides_and_infinities_are_two() -> None:
    points = ({"x": "-1000"}, {"x": "1000"})
    box = {"x": ["-1000", "1000"]}
    assert value([X], box, formats(E4M3, output=EXACT), pair(*points))[0] == 1000
    with pytest.raises(Rejection, match="closure of one cell"):
        value([X], box, formats(floating(4, -6, 7), output=EXACT), pair(*points))


def test_one_point() -> None:
    """T1: the distance of f to the output format; T7 beyond its range; T8 relative to |f|."""
    assert value([X], {"x": ["1", "999"]}, formats(E4M3), pair({"x": "17/16"})) == (Fraction(1, 16), "T1")
    assert value([X], {"x": ["1", "999"]}, formats(E4M3), pair({"x": "500"})) == (Fraction(52), "T7")
    assert value([X], {"x": ["1", "999"]}, formats(E4M3), pair({"x": "500"}), relative="1") == (Fraction(52, 500), "T8")
    assert value([X], {"x": ["1", "999"]}, formats(E4M3), pair({"x": "500"}), absolute="1", relative="1/100") == (Fraction(47), "T7")
    assert value([X], {"x": ["1", "999"]}, formats(E4M3, output=EXACT), pair({"x": "500"}))[0] == 0
    assert value([X], {"x": ["-9", "999"]}, formats(integers("1", -200)), pair({"x": "0"})) == (Fraction(72), "T7")


def test_a_function_that_touches_zero_has_no_relative_accuracy() -> None:
    box = {"x": ["-1", "1"]}
    assert value([X], box, formats(SMALL, output=EXACT), pair({"x": "0"}, {"x": "1/1024"}), relative="1/9") == (Fraction(1), "T8")
    assert value([X], box, formats(integers("2", 0, qmin=1, qmax=9)), pair({"x": "0"}), relative="1/9") == (Fraction(1), "T8")
    assert value([X], box, formats(SMALL), pair({"x": "0"}), relative="1/9") == (Fraction(0), "T8")


def test_representable_inputs_are_judged_at_numbers_only() -> None:
    asked = {"absolute": "1", "inputs": "representable"}
    assert value([X, ["pow", 0, 2]], ONE, formats(SMALL), pair({"x": "11/8"}), **asked) == (Fraction(1, 64), "T1")
    with pytest.raises(Rejection, match="is not representable"):
        value(SQUARE, ONE, formats(SMALL), pair({"x": "21/16"}), **asked)
    with pytest.raises(Rejection, match="never share"):
        value(SQUARE, ONE, formats(SMALL), pair(*CELL), **asked)
    for kind in ("count", "slope", "curvature", "cell_slope", "cell_curvature"):
        with pytest.raises(Rejection, match="representable inputs"):
            value(SQUARE, ONE, formats(SMALL), law(kind, *CELL), **asked)
    flushed = floating(4, -6, 7, subnormals="flushed")
    with pytest.raises(Rejection, match="is not representable"):
        value([X], {"x": ["0", "1"]}, formats(flushed), pair({"x": "1/128"}), **asked)


def test_laws_speak_of_absolute_errors() -> None:
    for kind in ("count", "slope", "curvature", "cell_slope", "cell_curvature"):
        for tolerance in ({"relative": "1"}, {"absolute": "1", "relative": "1"}):
            with pytest.raises(Rejection, match="absolute tolerances"):
                value(SQUARE, ONE, formats(SMALL), law(kind, *CELL), **tolerance)


def test_runs() -> None:
    """W: 83/64 rounds to 5/4, its square 25/16 to 3/2, and f is 6889/4096."""
    assert value(SQUARE, ONE, formats(SMALL), a_run(x="83/64")) == (Fraction(745, 4096), "W")
    assert value(SQUARE, ONE, formats(SMALL), a_run(x="83/64"), relative="1") == (Fraction(745, 6889), "W")
    assert value(EXP, {"x": ["0", "20"]}, formats(FP16), a_run(x="12")) == ("infinite", "W")
    with pytest.raises(LeafFailure, match="log"):
        value([X, ["log", 0]], {"x": ["0", "1"]}, formats(FP16), a_run(x="0"))
