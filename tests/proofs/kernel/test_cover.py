"""Covers: all cells of small formats against the exhaustive oracle, and both sides of each rule about leaves."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import pytest

from suffice.proofs.certificate import parse
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.reading import read_question
from suffice.proofs.kernel.splits import leaves

from .asking import both
from .documents import E2M1, E4M3, EXACT, FP16, Json, canonical, certificate, cover, derived, floating, formats, integers, problem
from .judging import truth_about
from .samples import SMALL, SQUARE

from oracle.rounding import cells  # isort: skip

EXPRESSIONS: dict[str, tuple[Json, tuple[str, str]]] = {
    "square": (SQUARE, ("-3", "2")),
    "exp": ([["var", "x"], ["exp", 0]], ("-2", "3/2")),
    "sine": ([["var", "x"], ["sin", 0]], ("0", "6")),
    "kink": ([["var", "x"], ["const", "1/3"], ["sub", 0, 1], ["abs", 2]], ("-1", "1")),
    "one of two": ([["var", "x"], ["const", "1"], ["max", 0, 1], ["sqrt", 2]], ("0", "4")),
}
SMALL_FORMATS: dict[str, Json] = {
    "p = 3": floating(3, -2, 3),
    "p = 1": floating(1, -3, 3),
    "up": floating(3, -2, 3, rounding="up"),
    "down, flushed": floating(3, -2, 3, rounding="down", subnormals="flushed"),
    "toward zero, without -0": floating(3, -2, 3, rounding="toward_zero", negative_zero=False),
    "e2m1": E2M1,
    "codes": integers("1/12", 17),
    "wide codes": integers("1/2", 130),
}


def every_cell(fmt: Json, lo: str, hi: str) -> list[Json]:
    """Splits with one leaf for each cell."""
    _, theirs = both(fmt)
    ends = sorted({end for parts in cells(theirs, Fraction(lo), Fraction(hi)).values() for p in parts for end in (p.lo, p.hi)})
    return [token for end in ends[1:-1] for token in ([1, str(end)], 0)] + [0]


@pytest.mark.parametrize("inputs", ["real", "representable"])
@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("shape", SMALL_FORMATS)
def test_one_leaf_for_each_cell_gives_the_truth(shape: str, name: str, inputs: str) -> None:
    nodes, ends = EXPRESSIONS[name]
    fmt = SMALL_FORMATS[shape]
    splits = every_cell(fmt, *ends)
    question = problem(nodes, {"x": list(ends)}, absolute="1/100", inputs=inputs)
    evidence = cover(*splits, pieces=64)
    for bound in ("floor_upper", "error_bound"):
        try:
            document = certificate(question, formats(fmt), **{bound: evidence})
        except LeafFailure as failure:
            assert bound == "error_bound"
            assert re.search("overflow|ends in", str(failure))
            continue
        known, value = truth_about(parse(canonical(document))), Fraction(document["claims"][0]["value"])
        if known is None:  # no number of the format lies in the box
            assert (shape, inputs) == ("wide codes", "representable")
            assert value == 0
            continue
        bracket = known.floor if bound == "floor_upper" else known.program
        assert isinstance(bracket.hi, Fraction)
        assert bracket.lo <= value
        if document["claims"][0]["statement"] == "T0":
            assert value <= bracket.hi * Fraction(21, 20) + Fraction(1, 10**12)


def test_leaves_cover_the_box_whatever_the_cuts() -> None:
    question = read_question(problem(SQUARE, {"x": ["0", "1"], "y": ["0", "2"]}, absolute="1"), formats(E4M3))
    splits: list[Json] = [1, 0, [2, "1/3"], 2, 0, 0, [1, "1"], 0, 0]
    found = list(leaves(question, splits, Budget()))
    assert len(found) == 5
    area = sum((box["x"][1] - box["x"][0]) * (box["y"][1] - box["y"][0]) for box in found)
    assert area == 2
    for x in (Fraction(k, 12) for k in range(13)):
        for y in (Fraction(k, 12) for k in range(25)):
            assert any(box["x"][0] <= x <= box["x"][1] and box["y"][0] <= y <= box["y"][1] for box in found)
    for bad in ([1, 0], [0, 0], [1, 0, 0, 0], [[1, "-1/100"], 0, 0], [[2, "201/100"], 0, 0]):
        with pytest.raises(Rejection):
            list(leaves(question, bad, Budget()))


CELL = ("21/16", "23/16")
"""The cell of 11/8 in SMALL; its odd significand leaves both ends to the neighbours."""


@pytest.mark.parametrize(
    ("lo", "hi", "bound", "label"),
    [
        (*CELL, "error_bound", "S1+T0"),
        (*CELL, "floor_upper", "S2+T0"),
        ("21/16", "11/8", "error_bound", "S1+T0"),
        ("21/16", "11/8", "floor_upper", "S2"),
        ("5/4", "23/16", "error_bound", "S1"),
        ("2099/1600", "23/16", "error_bound", "S1"),
        ("2101/1600", "2299/1600", "error_bound", "S1+T0"),
        ("2101/1600", "2299/1600", "floor_upper", "S2"),
        ("11/8", "11/8", "error_bound", "S1+T0"),
        ("11/8", "11/8", "floor_upper", "S2"),
    ],
)
def test_a_leaf_in_a_cell_and_one_that_reaches_beyond(lo: str, hi: str, bound: str, label: str) -> None:
    """T0 holds for parts of a cell; for the best algorithm for the whole cell only."""
    question = problem(SQUARE, {"x": ["1", "2"]}, absolute="1")
    assert derived(question, formats(SMALL), bound, cover([1, lo], 0, [1, hi], 0, 0)).label == label


def test_the_whole_cell_within_the_box_is_enough() -> None:
    """A cell that the box cuts off has one answer for what is left of it."""
    question = problem(SQUARE, {"x": ["11/8", "45/32"]}, absolute="1")
    assert derived(question, formats(SMALL), "floor_upper", cover(0)).label == "T0"
    whole = problem(SQUARE, {"x": ["11/8", "2"]}, absolute="1")
    assert derived(whole, formats(SMALL), "floor_upper", cover([1, "45/32"], 0, 0)).label == "S2"


def test_a_border_that_rounds_to_a_neighbour_is_a_cell_of_its_own() -> None:
    """21/16 is a tie and rounds to 10/8 or 11/8, whichever is even: here to 10/8, whose answer is judged there too."""
    fmts = formats(SMALL, compute=EXACT, output=EXACT)
    question = problem([["var", "x"], ["neg", 0]], {"x": ["21/16", "23/16"]}, absolute="1")
    found = derived(question, fmts, "error_bound", cover(0))
    assert (found.value, found.label) == (Fraction(1, 16), "T0")
    outside = problem([["var", "x"], ["const", "11/8"], ["sub", 0, 1]], {"x": ["21/16", "45/32"]}, absolute="1")
    assert derived(outside, fmts, "error_bound", cover(0)).value == Fraction(1, 16)


def test_nan_on_both_sides_is_not_one_cell() -> None:
    question = problem(SQUARE, {"x": ["-600", "600"]}, absolute="1000000")
    for splits in ([0], [[1, "-500"], 0, [1, "500"], 0, 0]):
        for bound in ("floor_upper", "error_bound"):
            with pytest.raises(LeafFailure):
                derived(question, formats(E4M3), bound, cover(*splits))


def test_negative_zero_is_a_cell_of_its_own() -> None:
    fmt = floating(3, -2, 3)
    tiny = Fraction(1, 32)
    question = problem([["var", "x"], ["const", "100"], ["mul", 0, 1]], {"x": [str(-tiny), str(tiny)]}, absolute="1")
    one, two = cover(0), cover([1, "0"], 0, 0)
    with_sign, without = formats(fmt, output=EXACT), formats(fmt | {"negative_zero": False}, output=EXACT)
    assert derived(question, with_sign, "floor_upper", two).value == 100 * tiny / 2
    assert derived(question, without, "floor_upper", one).value == 100 * tiny
    assert derived(question, without, "floor_upper", one).label == "T0"
    assert derived(question, with_sign, "floor_upper", one).label == "S2"


def test_inputs_that_f_does_not_use_do_not_matter() -> None:
    question = problem(SQUARE, {"x": ["1", "2"]}, absolute="1")
    more = problem(SQUARE, {"a": ["0", "1"], "x": ["1", "2"]}, absolute="1")
    for bound in ("floor_upper", "error_bound"):
        plain = derived(question, formats(SMALL), bound, cover(0)).value
        assert derived(more, formats(SMALL), bound, cover(1, 0, 0)).value == plain


def test_smaller_leaves_give_smaller_bounds() -> None:
    question = problem(SQUARE, {"x": ["1", "2"]}, absolute="1")
    splits: list[list[Json]] = [[0], [1, 0, 0], [1, 1, 0, 0, 1, 0, 0]]
    for bound in ("floor_upper", "error_bound"):
        values = [derived(question, formats(SMALL), bound, cover(*some)).value for some in splits]
        assert all(isinstance(a, Fraction) and isinstance(b, Fraction) and a >= b for a, b in pairwise(values))


def test_exact_inputs_are_never_in_a_cell() -> None:
    question = problem(SQUARE, {"x": ["1", "1"]}, absolute="1")
    assert derived(question, formats(SMALL, input=EXACT), "error_bound", cover(0)).label == "S1"


def test_overflow_is_excluded_up_to_the_last_number() -> None:
    """448 is E4M3's largest number; 464 rounds to NaN's place, a tie that goes to the even 448."""
    for top, fits in [("448", True), ("463", True), ("464", True), ("465", False)]:
        question = problem([["var", "x"]], {"x": ["400", top]}, absolute="100")
        if fits:
            assert derived(question, formats(E4M3), "error_bound", cover(0)).label == "S1"
        else:
            with pytest.raises(LeafFailure, match="may overflow"):
                derived(question, formats(E4M3), "error_bound", cover(0))


def test_a_slope_that_no_error_meets_may_be_infinite() -> None:
    """sqrt is infinitely steep at 0, but a representable input arrives without an error; a real one does not."""
    question = problem([["var", "x"], ["sqrt", 0]], {"x": ["0", "1"]}, absolute="1")
    with pytest.raises(LeafFailure, match="the slope of sqrt"):
        derived(question, formats(FP16), "error_bound", cover(0))
    representable = question | {"inputs": "representable"}
    assert derived(representable, formats(FP16), "error_bound", cover(0)).value == Fraction(1, 1 << 12)
