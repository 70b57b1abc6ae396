"""Why every rule has its conditions: without one, the kernel would derive what the oracle shows to be false."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.families import asking, derive_region, fold_points, fold_run, read_family, read_region

from .documents import Json, floating, formats, law, pair
from .family_members import fold_truth, measured, run_member, truth_of
from .family_samples import D, S, X, asked, family, fold, points, side, steps

N = ["var", "n"]
SMALL = floating(3, -3, 3)
ALL = formats(SMALL) | {"accumulate": SMALL}
FINE = ALL | {"output": floating(5, -1, 2)}
CELL = law("cell_slope", {"x": "9/8"}, {"x": "11/8"}, pieces=1)
ONE_TO_TWO = {"x": side("1", "2")}


def summed(nodes: Json, box: Json = None) -> Json:
    """A family of sums of x."""
    return family(nodes, box or ONE_TO_TWO, absolute={"": "1"}, fold=fold([X], "x"))


RECIPROCAL = summed([["const", "1"], S, ["div", 0, 1]])
STEPPING = family([S], {"x": side("1/16", "1/16")}, absolute={"": "1"}, fold=fold([X], "x", start=[["const", "1/2"]]))
AT_ONE = {"by": "zero", "at": 1, "point": {"x": "1"}}

FOLDS: dict[str, tuple[Any, dict[str, Any], Json, Json, Json]] = {
    "F6 where the value depends on the size": (
        fold_points, {"uses_size": lambda _: False}, summed([S, N, ["div", 0, 1], ["div", 2, 1]], {"x": side("0", "2")}), FINE,
        points(CELL, {"by": "zero", "at": 1, "point": {"x": "0"}}),
    ),
    "F6 where the term is not 0": (fold_points, {"_check_zero": lambda *_: None}, RECIPROCAL, FINE, points(CELL, AT_ONE)),
    "F7 for an output gap": (
        fold_points, {"SHIFTED": {"T1"}, "replace": lambda question, **_: question}, STEPPING, ALL,
        points(pair({"x": "1/16"}), {"by": "shift", "at": 1}),
    ),
    "F7 for another expression": (fold_points, {"is_sum": lambda _: True}, RECIPROCAL, FINE, points(CELL, {"by": "shift", "at": 1})),
    "F9 where the state moves": (fold_run.FoldRun, {"_next": lambda *given: given[1]}, summed([S]), ALL, steps(2, x="1")),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDS)
def test_folds(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    holder, faults, about, fmts, evidence = FOLDS[name]
    known = read_family(about, fmts)
    bound = "witness_error" if evidence["kind"] == "fold_run" else "floor"
    region = read_region(asked({}, bound, evidence, [2, 2]), known)[0]
    with pytest.raises(Rejection):
        derive_region(known, region)
    for attribute, fault in faults.items():
        monkeypatch.setattr(holder, attribute, fault)
    value = derive_region(known, region).value
    truth = fold_truth(about, fmts, {}, 2, [], [])
    assert isinstance(value, Fraction)
    assert value > (truth.floor if bound == "floor" else truth.program)  # type: ignore[operator]


MOVING = family([X], {"x": [{"": "0", "D": "1"}, {"": "1", "D": "1"}]}, absolute={"": "1"}, parameters={"D": ["0", "3"]})
SCALED = family([X, D, ["mul", 0, 1]], ONE_TO_TWO, absolute={"": "1"}, parameters={"D": ["0", "3"]})


def test_points_must_be_common_to_all_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of x on [D, D + 1] the cell of 3 is as wide as 1/2; for D = 0 there is no such cell."""
    evidence = law("cell_slope", {"x": "9/4"}, {"x": "5/2"})
    known = read_family(MOVING, formats(SMALL))
    region = read_region(asked({"D": ["0", "3"]}, "floor", evidence), known)[0]
    with pytest.raises(Rejection, match="no point in common"):
        derive_region(known, region)
    monkeypatch.setattr(asking, "_common", lambda *_: (Fraction(0), Fraction(4)))
    value = derive_region(known, region).value
    assert value > truth_of(MOVING, formats(SMALL), {"D": Fraction(0)}, None).floor.hi  # type: ignore[operator]


def test_a_parameter_must_round_to_one_number() -> None:
    """D x for D in [0, 3] is no program that returns 0."""
    known = read_family(SCALED, formats(SMALL))
    region = read_region(asked({"D": ["0", "1/8"]}, "witness_error", {"kind": "run", "point": {"x": "5/4"}, "precision": 64}), known)[0]
    with pytest.raises(Rejection, match="does not round to one number"):
        derive_region(known, region)


def test_enclosures_are_taken_over_all_parameters() -> None:
    """The slope D of D x is at least 2 on [2, 3], and nothing on [0, 3]."""
    known = read_family(SCALED, formats(SMALL))
    found = derive_region(known, read_region(asked({"D": ["2", "3"]}, "floor", CELL), known)[0])
    assert found.value == Fraction(2) * Fraction(1, 4) / 2
    assert found.value <= truth_of(SCALED, formats(SMALL), {"D": Fraction(2)}, None).floor.hi  # type: ignore[operator]
    assert found.value > truth_of(SCALED, formats(SMALL), {"D": Fraction(1)}, None).floor.hi  # type: ignore[operator]


def test_first_steps_count_in_means() -> None:
    """30 zeros, then ones, in a state that stands at 8: at n = 40 the mean is 1/4, and the answer 3/16; later it is nearer to 1."""
    wide = floating(3, -6, 8)
    fmts = formats(wide) | {"accumulate": wide}
    about = family([S, N, ["div", 0, 1]], {"x": side("0", "1")}, absolute={"": "1/32"}, fold=fold([X], "x"))
    first = {"steps": 30, "point": {"x": "0"}}
    known = read_family(about, fmts)
    found = derive_region(known, read_region(asked({}, "witness_error", steps(40, first, x="1"), [40, None]), known)[0])
    assert isinstance(found.value, Fraction)
    assert Fraction(1, 16) * (1 - Fraction(1, 2**60)) < found.value <= Fraction(1, 16)
    for size in (40, 41, 60, 200):
        elements = [{"x": Fraction(k >= 30)} for k in range(size)]
        error = measured(about, *run_member(about, fmts, {}, size, elements))
        assert error is not None
        assert error >= found.value
        assert (error == Fraction(1, 16)) == (size == 40)
